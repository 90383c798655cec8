using System.Numerics;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Response.Detectors.Expressions;

/// <summary>
/// A condition over decoded values: what a rule's <c>where</c> says, typed when it was parsed. Immutable. What a value that could not be read leaves open is null, never true or false:
/// <c>AND</c>, <c>OR</c> and <c>NOT</c> are those of Kleene's three-valued logic.
/// </summary>
public abstract class Expression
{
    private protected Expression()
    {
    }

    /// <summary>Whether it holds for the values; null when that is unknown. Never throws.</summary>
    /// <param name="values">In the order of the scope's names; null for one that could not be read.</param>
    public abstract bool? Holds(IReadOnlyList<AbiValue?> values);

    /// <summary>The expression in a spelling that is read back as the same.</summary>
    public abstract override string ToString();

    /// <summary>Reads and types an expression.</summary>
    /// <param name="text">Its text.</param>
    /// <param name="scope">What it may use.</param>
    /// <exception cref="AgiJobs.Control.ControlException">
    /// <c>where-syntax</c>, <c>where-argument-unknown</c>, <c>where-type</c>, <c>where-unit</c>, <c>where-index</c>, <c>where-hashed</c>, <c>where-value</c>, <c>where-too-deep</c>, or <c>where-contradiction</c> when it
    /// can never hold.
    /// </exception>
    public static Expression Parse(string text, ExpressionScope scope) => new ExpressionParser(text, scope).Parse();
}

/// <summary>How two values are compared.</summary>
internal enum Comparison
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    StartsWith,
    EndsWith,
    Contains,
}

/// <summary>True or false itself.</summary>
internal sealed class ConstantExpression(bool value) : Expression
{
    public bool Value => value;

    public override bool? Holds(IReadOnlyList<AbiValue?> values) => value;

    public override string ToString() => value ? "true" : "false";
}

/// <summary>Not what stands in it.</summary>
internal sealed class NotExpression(Expression inner) : Expression
{
    public override bool? Holds(IReadOnlyList<AbiValue?> values) => !inner.Holds(values);

    public override string ToString() => $"NOT ({inner})";
}

/// <summary>All, or any, of what stands in it.</summary>
internal sealed class JunctionExpression(bool all, IReadOnlyList<Expression> parts) : Expression
{
    public bool All => all;

    public IReadOnlyList<Expression> Parts => parts;

    public override bool? Holds(IReadOnlyList<AbiValue?> values)
    {
        var isOpen = false;
        foreach (var part in parts)
        {
            var holds = part.Holds(values);
            if (holds == !all)
            {
                return !all;
            }

            isOpen |= holds is null;
        }

        return isOpen ? null : all;
    }

    public override string ToString() => string.Join(all ? " AND " : " OR ", parts.Select(part => $"({part})"));
}

/// <summary>A value that is given, or found by its name and the steps into it.</summary>
/// <param name="Type">Its type; null for a literal text or number, which takes the type of what it is compared with.</param>
/// <param name="Value">The value of a literal; null otherwise.</param>
/// <param name="Place">The place among the scope's names; -1 for a literal.</param>
/// <param name="Steps">Items of arrays and tuples, one inside the other.</param>
/// <param name="Text">Its spelling.</param>
internal sealed record Operand(AbiType? Type, AbiValue? Value, int Place, IReadOnlyList<int> Steps, string Text)
{
    /// <summary>The digits of a number, or hex data, until it is typed; null otherwise.</summary>
    public string? Digits { get; init; }

    /// <summary>The unit of a number; empty for none.</summary>
    public string Unit { get; init; } = "";

    /// <summary>True when it stands in the expression itself.</summary>
    public bool IsLiteral => Place < 0;

    /// <summary>The value; null when it could not be read or is not there.</summary>
    public AbiValue? Find(IReadOnlyList<AbiValue?> values)
    {
        if (IsLiteral)
        {
            return Value;
        }

        var found = Place < values.Count ? values[Place] : null;
        foreach (var step in Steps)
        {
            found = found is AbiList list && step < list.Count ? list[step] : null;
        }

        return found;
    }
}

/// <summary>A flag by itself.</summary>
internal sealed class FlagExpression(Operand flag) : Expression
{
    public override bool? Holds(IReadOnlyList<AbiValue?> values) => flag.Find(values) is AbiBoolean found ? found.Value : null;

    public override string ToString() => flag.Text;
}

/// <summary>Two values compared.</summary>
internal sealed class ComparisonExpression(Operand left, Comparison comparison, Operand right) : Expression
{
    public Operand Left => left;

    public Comparison Comparison => comparison;

    public Operand Right => right;

    public override bool? Holds(IReadOnlyList<AbiValue?> values) => Compare(left.Find(values), right.Find(values));

    public override string ToString() => $"{left.Text} {WordOf(comparison)} {right.Text}";

    public static string WordOf(Comparison comparison) => comparison switch
    {
        Comparison.Equal => "==",
        Comparison.NotEqual => "!=",
        Comparison.Less => "<",
        Comparison.LessOrEqual => "<=",
        Comparison.Greater => ">",
        Comparison.GreaterOrEqual => ">=",
        Comparison.StartsWith => "starts_with",
        Comparison.EndsWith => "ends_with",
        _ => "contains",
    };

    private bool? Compare(AbiValue? one, AbiValue? other)
    {
        switch (comparison)
        {
            case Comparison.Equal:
                return Same(one, other);
            case Comparison.NotEqual:
                return !Same(one, other);
            case Comparison.Contains when one is AbiList list:
                var open = false;
                foreach (var item in list)
                {
                    switch (Same(item, other))
                    {
                        case true:
                            return true;
                        case null:
                            open = true;
                            break;
                        default:
                            break;
                    }
                }

                return open ? null : false;
            case Comparison.StartsWith or Comparison.EndsWith or Comparison.Contains:
                return (one, other) switch
                {
                    (AbiText text, AbiText part) => comparison switch
                    {
                        Comparison.StartsWith => text.Value.StartsWith(part.Value, StringComparison.Ordinal),
                        Comparison.EndsWith => text.Value.EndsWith(part.Value, StringComparison.Ordinal),
                        _ => text.Value.Contains(part.Value, StringComparison.Ordinal),
                    },
                    (AbiBytes bytes, AbiBytes part) => comparison switch
                    {
                        Comparison.StartsWith => bytes.Span.StartsWith(part.Span),
                        Comparison.EndsWith => bytes.Span.EndsWith(part.Span),
                        _ => bytes.Span.IndexOf(part.Span) >= 0,
                    },
                    _ => null,
                };
            default:
                return (one, other) is (AbiInteger a, AbiInteger b) ? Ordered(a.Value.CompareTo(b.Value)) : null;
        }
    }

    private bool Ordered(int order) => comparison switch
    {
        Comparison.Less => order < 0,
        Comparison.LessOrEqual => order <= 0,
        Comparison.Greater => order > 0,
        _ => order >= 0,
    };

    // Of an indexed text or bytes the chain has the hash alone, which is enough to say whether it is the one that is meant.
    private static bool? Same(AbiValue? one, AbiValue? other) => (one, other) switch
    {
        (null, _) or (_, null) => null,
        (AbiHash hash, AbiHash same) => hash.Value == same.Value,
        (AbiHash hash, _) => HashOf(other) is { } known ? hash.Value == known : null,
        (_, AbiHash hash) => HashOf(one) is { } known ? hash.Value == known : null,
        _ => one.Equals(other),
    };

    private static Bytes32? HashOf(AbiValue value) => value switch
    {
        AbiText text => Keccak256.Hash(text.Value),
        AbiBytes bytes => Keccak256.Hash(bytes.Span),
        _ => null,
    };
}

/// <summary>The values that an integer may have under conditions that must all hold.</summary>
internal sealed class IntegerRange
{
    private readonly HashSet<BigInteger> _not = [];

    private BigInteger? _least;
    private BigInteger? _most;

    public IntegerRange(AbiType type)
    {
        if (type.Kind == AbiTypeKind.UnsignedInteger)
        {
            (_least, _most) = (BigInteger.Zero, BigInteger.Pow(2, type.Size) - 1);
        }
        else
        {
            (_least, _most) = (-BigInteger.Pow(2, type.Size - 1), BigInteger.Pow(2, type.Size - 1) - 1);
        }
    }

    public bool IsEmpty => _least > _most || (_least == _most && _least is { } only && _not.Contains(only));

    public void Narrow(Comparison comparison, BigInteger value)
    {
        switch (comparison)
        {
            case Comparison.Equal:
                (_least, _most) = (Higher(_least, value), Lower(_most, value));
                break;
            case Comparison.NotEqual:
                _not.Add(value);
                break;
            case Comparison.Less:
                _most = Lower(_most, value - 1);
                break;
            case Comparison.LessOrEqual:
                _most = Lower(_most, value);
                break;
            case Comparison.Greater:
                _least = Higher(_least, value + 1);
                break;
            default:
                _least = Higher(_least, value);
                break;
        }
    }

    private static BigInteger Higher(BigInteger? one, BigInteger other) => one is { } known ? BigInteger.Max(known, other) : other;

    private static BigInteger Lower(BigInteger? one, BigInteger other) => one is { } known ? BigInteger.Min(known, other) : other;
}
