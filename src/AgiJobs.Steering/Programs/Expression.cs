using System.Globalization;
using System.Text;

namespace AgiJobs.Steering.Programs;

/// <summary>
/// A tree of whole-number arithmetic over named features: how much a state of a search is liked. Written in prefix form, <c>(+ depth (* 3 saturation))</c>. Every value is cut to
/// <see cref="Limit"/>, so that nothing overflows; division by zero is zero; <c>(if a b c)</c> is b where a is above zero, else c. Immutable.
/// </summary>
internal sealed record Expression
{
    /// <summary>Greatest magnitude of any value.</summary>
    public const long Limit = 1L << 31;

    /// <summary>Most nodes of a tree.</summary>
    public const int MaxNodes = 40;

    private const int MaxDepth = 16;

    private static readonly (string Name, int Arity)[] Operators = [("+", 2), ("-", 2), ("*", 2), ("/", 2), ("min", 2), ("max", 2), ("if", 3)];

    private Expression(int kind, long value, Expression[] parts)
    {
        Kind = kind;
        Value = value;
        Parts = parts;
        Nodes = 1;
        foreach (var part in parts)
        {
            Nodes += part.Nodes;
            Depth = Math.Max(Depth, part.Depth);
        }

        Depth++;
    }

    /// <summary>An index of the operators; -1 for a number, -2 for a feature.</summary>
    public int Kind { get; }

    /// <summary>The number, or the feature's index.</summary>
    public long Value { get; }

    /// <summary>The operands.</summary>
    public Expression[] Parts { get; }

    /// <summary>How many nodes it has.</summary>
    public int Nodes { get; }

    private int Depth { get; }

    /// <summary>Whether it is small enough to be kept.</summary>
    public bool IsKept => Nodes <= MaxNodes && Depth <= MaxDepth;

    /// <summary>How many operators there are.</summary>
    public static int OperatorCount => Operators.Length;

    /// <summary>How many operands an operator takes.</summary>
    public static int ArityOf(int operation) => Operators[operation].Arity;

    public static Expression Number(long value) => new(-1, Math.Clamp(value, -Limit, Limit), []);

    public static Expression Feature(int index) => new(-2, index, []);

    public static Expression Of(int operation, params Expression[] parts) => new(operation, 0, parts);

    /// <summary>The value for a state's features.</summary>
    public long Evaluate(ReadOnlySpan<long> features)
    {
        switch (Kind)
        {
            case -1: return Value;
            case -2: return Math.Clamp(features[(int)Value], -Limit, Limit);
            case 6: return Parts[0].Evaluate(features) > 0 ? Parts[1].Evaluate(features) : Parts[2].Evaluate(features);
        }

        var (left, right) = (Parts[0].Evaluate(features), Parts[1].Evaluate(features));
        var value = Kind switch
        {
            0 => left + right,
            1 => left - right,
            2 => left * right,
            3 => right == 0 ? 0 : left / right,
            4 => Math.Min(left, right),
            _ => Math.Max(left, right),
        };
        return Math.Clamp(value, -Limit, Limit);
    }

    /// <summary>The node with this number, the tree itself being 0.</summary>
    public Expression At(int node)
    {
        if (node == 0)
        {
            return this;
        }

        node--;
        foreach (var part in Parts)
        {
            if (node < part.Nodes)
            {
                return part.At(node);
            }

            node -= part.Nodes;
        }

        throw new ArgumentOutOfRangeException(nameof(node));
    }

    /// <summary>The tree with another one in a node's place.</summary>
    public Expression With(int node, Expression other)
    {
        if (node == 0)
        {
            return other;
        }

        node--;
        var parts = (Expression[])Parts.Clone();
        for (var i = 0; i < parts.Length; i++)
        {
            if (node >= 0 && node < parts[i].Nodes)
            {
                parts[i] = parts[i].With(node, other);
                break;
            }

            node -= parts[i].Nodes;
        }

        return new Expression(Kind, Value, parts);
    }

    /// <summary>The prefix form.</summary>
    public string Text(IReadOnlyList<string> features)
    {
        var text = new StringBuilder();
        Write(text, features);
        return text.ToString();
    }

    /// <summary>Reads the prefix form; null when it is none, or too large.</summary>
    public static Expression? Parse(string text, IReadOnlyList<string> features)
    {
        if (text.Length > 32 * MaxNodes)
        {
            return null;
        }

        var words = text.Replace("(", " ( ", StringComparison.Ordinal).Replace(")", " ) ", StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var at = 0;
        var expression = Read(words, ref at, features, 1);
        return at == words.Length && expression is { IsKept: true } ? expression : null;
    }

    private static Expression? Read(string[] words, ref int at, IReadOnlyList<string> features, int depth)
    {
        if (at >= words.Length || depth > MaxDepth)
        {
            return null;
        }

        var word = words[at++];
        if (word is not "(")
        {
            for (var index = 0; index < features.Count; index++)
            {
                if (string.Equals(features[index], word, StringComparison.Ordinal))
                {
                    return Feature(index);
                }
            }

            return long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number is >= -Limit and <= Limit ? Number(number) : null;
        }

        var name = at < words.Length ? words[at++] : "";
        var operation = Array.FindIndex(Operators, known => string.Equals(known.Name, name, StringComparison.Ordinal));
        if (operation < 0)
        {
            return null;
        }

        var parts = new Expression[Operators[operation].Arity];
        for (var i = 0; i < parts.Length; i++)
        {
            if (Read(words, ref at, features, depth + 1) is not { } part)
            {
                return null;
            }

            parts[i] = part;
        }

        return at < words.Length && words[at++] is ")" ? Of(operation, parts) : null;
    }

    private void Write(StringBuilder text, IReadOnlyList<string> features)
    {
        if (Kind < 0)
        {
            text.Append(Kind == -1 ? Value.ToString(CultureInfo.InvariantCulture) : features[(int)Value]);
            return;
        }

        text.Append('(').Append(Operators[Kind].Name);
        foreach (var part in Parts)
        {
            text.Append(' ');
            part.Write(text, features);
        }

        text.Append(')');
    }
}
