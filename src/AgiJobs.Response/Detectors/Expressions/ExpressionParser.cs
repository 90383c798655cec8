using System.Globalization;
using System.Numerics;
using AgiJobs.Control;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Response.Detectors.Expressions;

/// <summary>
/// Reads the expressions of rules. Grammar: <c>or := and ("OR" and)*; and := not ("AND" not)*; not := "NOT" not | "(" or ")" | operand [comparison operand]</c>. An operand is a name with steps <c>[i]</c> and
/// <c>.key</c>, a number with or without a unit, a text in quotes, hex data, true, false, or @NAME for an address of the network.
/// </summary>
internal sealed class ExpressionParser(string text, ExpressionScope scope)
{
    // Deeper nesting is no rule that a person wrote, and would end the process.
    private const int Deepest = 64;
    private const int Longest = 10_000;

    private int _at;
    private int _depth;

    public Expression Parse()
    {
        if (text.Length > Longest)
        {
            throw Wrong("where-syntax", string.Create(CultureInfo.InvariantCulture, $"it has {text.Length} characters; at most {Longest} are read"), "Write several rules.");
        }

        var expression = Or();
        Space();
        if (_at < text.Length)
        {
            throw Syntax("the end, AND or OR");
        }

        return expression;
    }

    private Expression Or() => Junction("OR", all: false, () => Junction("AND", all: true, Not));

    private Expression Junction(string word, bool all, Func<Expression> part)
    {
        var parts = new List<Expression> { part() };
        while (TryWord(word))
        {
            parts.Add(part());
        }

        if (parts is [var only])
        {
            return only;
        }

        var junction = new JunctionExpression(all, parts);
        if (all)
        {
            RequirePossible(junction);
        }

        return junction;
    }

    private Expression Not()
    {
        if (++_depth > Deepest)
        {
            throw Wrong("where-too-deep", $"it nests deeper than {Deepest} levels", "Write several rules.");
        }

        try
        {
            if (TryWord("NOT"))
            {
                return new NotExpression(Not());
            }

            if (Take('('))
            {
                var inner = Or();
                return Take(')') ? inner : throw Syntax("')'");
            }

            return Condition();
        }
        finally
        {
            _depth--;
        }
    }

    private Expression Condition()
    {
        var (left, leftName) = ReadOperand();
        if (ReadComparison() is not { } comparison)
        {
            return left switch
            {
                { IsLiteral: true, Value: AbiBoolean constant } => new ConstantExpression(constant.Value),
                { IsLiteral: false, Type.Kind: AbiTypeKind.Boolean } => new FlagExpression(left),
                _ => throw Syntax($"a comparison after '{left.Text}'"),
            };
        }

        var (right, rightName) = ReadOperand();
        if (left.IsLiteral && right.IsLiteral)
        {
            throw Wrong("where-type", $"'{left.Text} {ComparisonExpression.WordOf(comparison)} {right.Text}' compares two values that are known", "Compare an argument with a value.");
        }

        if (left.IsLiteral)
        {
            if (comparison is Comparison.StartsWith or Comparison.EndsWith or Comparison.Contains)
            {
                throw Wrong("where-type", $"'{left.Text} {ComparisonExpression.WordOf(comparison)} ...' looks into a value that is known", "Put the argument on the left.");
            }

            (left, leftName, right, rightName, comparison) = (right, rightName, left, leftName, Mirror(comparison));
        }

        var hashed = (leftName is { IsHashed: true } && left.Steps.Count == 0) || (rightName is { IsHashed: true } && right.Steps.Count == 0);
        if (hashed && comparison is not (Comparison.Equal or Comparison.NotEqual))
        {
            throw Wrong("where-hashed", $"'{left.Text}' is indexed, so that the chain has its hash alone; '{ComparisonExpression.WordOf(comparison)}' cannot be said of a hash", "Compare it with == or !=.");
        }

        // Contains looks for an item of a list.
        var wanted = comparison == Comparison.Contains && left.Type is { Kind: AbiTypeKind.DynamicArray or AbiTypeKind.FixedArray } list ? list.Element! : left.Type!;
        RequireComparable(left, comparison, wanted);
        if (right.IsLiteral)
        {
            right = Typed(right, wanted, left, leftName is { } known && left.Steps.Count == 0 ? known.Unit : null, comparison);
        }
        else if (Family(wanted) != Family(right.Type!))
        {
            throw Wrong("where-type", $"'{left.Text}' is {left.Type} and '{right.Text}' is {right.Type}", "Compare values of one type.");
        }

        var result = new ComparisonExpression(left, comparison, right);
        RequirePossible(new JunctionExpression(true, [result]));
        return result;
    }

    private void RequireComparable(Operand left, Comparison comparison, AbiType wanted)
    {
        var allowed = comparison switch
        {
            Comparison.Equal or Comparison.NotEqual => wanted.Kind is not (AbiTypeKind.DynamicArray or AbiTypeKind.FixedArray or AbiTypeKind.Tuple),
            Comparison.Contains when !ReferenceEquals(wanted, left.Type) => true,
            Comparison.StartsWith or Comparison.EndsWith or Comparison.Contains => Family(wanted) is 's' or 'b',
            _ => Family(wanted) == 'i',
        };
        if (!allowed)
        {
            throw Wrong("where-type", $"'{left.Text}' is {left.Type}, and '{ComparisonExpression.WordOf(comparison)}' cannot be said of that", Family(wanted) switch
            {
                'i' => "Write >, >=, <, <=, == or !=.",
                's' or 'b' => "Write ==, !=, starts_with, ends_with or contains.",
                'l' => "Take an item with [0] or .key, or write contains.",
                _ => "Write == or !=.",
            });
        }
    }

    private Operand Typed(Operand literal, AbiType type, Operand left, Unit? unit, Comparison comparison)
    {
        var raw = (literal.Value as AbiText)?.Value ?? "";
        AbiValue? value = null;
        try
        {
            var isHex = literal.Digits is { } written && written.StartsWith("0x", StringComparison.Ordinal);
            value = (Family(type), literal.Value) switch
            {
                ('i', null) when !isHex => Number(literal, left, unit),
                ('f', AbiBoolean flag) => flag,
                ('a', null) when isHex => Address.Parse(literal.Digits!),
                ('a', AbiAddress address) => address,
                ('a', AbiText) => Address.Parse(raw),
                ('b', null) when isHex => Hex.Decode(literal.Digits!),
                ('b', AbiText) when raw.StartsWith("0x", StringComparison.Ordinal) => Hex.Decode(raw),
                ('s', AbiText) => raw,
                ('s', null) when isHex => literal.Digits!,
                ('i', AbiText) when BigInteger.TryParse(raw, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && unit is null => number,
                _ => null,
            };
        }
        catch (EthereumException problem)
        {
            throw Wrong("where-value", $"'{literal.Text}' is no {type}: {problem.Message}", "Correct the value.", problem);
        }

        if (value is null)
        {
            throw Wrong("where-type", $"'{left.Text}' is {type}, and '{literal.Text}' is none", Family(type) switch
            {
                'i' => "Write a whole number, or one with a unit, such as 150 AGIALPHA.",
                'f' => "Write true or false.",
                'a' => "Write an address, or @NAME for one of the network.",
                'b' => "Write hex data: 0x...",
                's' => "Write a text in quotes.",
                _ => "Take an item with [0] or .key.",
            });
        }

        if (type.Kind == AbiTypeKind.FixedBytes && value is AbiBytes bytes && bytes.Span.Length != type.Size && comparison is Comparison.Equal or Comparison.NotEqual)
        {
            throw Wrong("where-value", string.Create(CultureInfo.InvariantCulture, $"'{left.Text}' is {type}, and '{literal.Text}' has {((AbiBytes)value).Span.Length} bytes"), "Write all of them.");
        }

        return literal with { Type = type, Value = value };
    }

    private AbiValue Number(Operand number, Operand left, Unit? unit)
    {
        var plain = number.Unit.Length == 0;
        if (unit is not null)
        {
            try
            {
                return unit.Parse(number.Text);
            }
            catch (ControlException problem)
            {
                throw Wrong("where-unit", $"'{left.Text}' is in {unit.Name}: {problem.Message}", problem.Mend ?? $"Write it as {unit.Form}.", problem);
            }
        }

        if (plain)
        {
            return BigInteger.TryParse(number.Digits!, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)
                ? whole
                : throw Wrong("where-unit", $"'{number.Digits}' is no whole number, and nothing says what '{left.Text}' counts", "Write a whole number of base units, or give the unit: 1.5 AGIALPHA.");
        }

        // A share in percent is 400 in one contract and 4 in another: nothing but a unit of the argument can tell.
        if (number.Unit is "%" or "percent")
        {
            throw Wrong("where-unit", $"'{number.Text}' may be {number.Digits} or a hundred times that, and nothing says what '{left.Text}' counts", "Say it in the rule: \"units\": { \"" + left.Text + "\": \"bps\" }, or percent.");
        }

        foreach (var known in (Unit?[])[scope.Units(number.Unit), .. number.Unit is "wei" or "gwei" or "ether" ? (Unit?[])[scope.Units("wei")] : [], scope.Units("seconds")])
        {
            try
            {
                if (known is not null)
                {
                    return known.Parse(number.Text);
                }
            }
            catch (ControlException)
            {
                // The next unit may read it.
            }
        }

        throw Wrong("where-unit", $"the unit of '{number.Text}' is unknown", "Write a token of the protocol, wei, gwei, ether, bps, wad, or a time such as 2 days.");
    }

    private (Operand Operand, ExpressionName? Name) ReadOperand()
    {
        Space();
        var start = _at;
        if (_at >= text.Length)
        {
            throw Syntax("an argument or a value");
        }

        var first = text[_at];
        if (first is '\'' or '"')
        {
            var end = text.IndexOf(first, _at + 1);
            if (end < 0)
            {
                throw Wrong("where-syntax", string.Create(CultureInfo.InvariantCulture, $"the text that begins at character {start + 1} does not end"), $"Close it with {first}.");
            }

            _at = end + 1;
            return (new Operand(null, text[(start + 1)..end], -1, [], text[start.._at]), null);
        }

        if (first == '@')
        {
            _at++;
            var name = Word(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_');
            return scope.AddressOf(name) is { } address
                ? (new Operand(null, address, -1, [], "@" + name), null)
                : throw Wrong("where-value", $"'@{name}' is no address of the network", "Write the name of a module, @safe or @backup-safe, or the address itself.");
        }

        if (first == '0' && _at + 1 < text.Length && text[_at + 1] is 'x' or 'X')
        {
            _at += 2;
            _ = Word(char.IsAsciiHexDigit);
            return _at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] == '_')
                ? throw Syntax("hex digits")
                : (new Operand(null, null, -1, [], text[start.._at]) { Digits = "0x" + text[(start + 2).._at] }, null);
        }

        if (char.IsAsciiDigit(first) || (first == '-' && _at + 1 < text.Length && char.IsAsciiDigit(text[_at + 1])))
        {
            _at++;
            _ = Word(letter => char.IsAsciiDigit(letter) || letter == '.');
            var digits = text[start.._at];
            var unit = ReadUnit();
            return (new Operand(null, null, -1, [], unit switch { "" => digits, "%" => digits + unit, _ => $"{digits} {unit}" }) { Digits = digits, Unit = unit }, null);
        }

        if (!char.IsAsciiLetter(first) && first is not '_' and not '$')
        {
            throw Syntax("an argument or a value");
        }

        var word = Word(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '$');
        if (word is "true" or "false" && scope.Names.All(known => !string.Equals(known.Name, word, StringComparison.Ordinal)))
        {
            return (new Operand(AbiType.Boolean, word == "true", -1, [], word), null);
        }

        return Named(word);
    }

    private (Operand Operand, ExpressionName? Name) Named(string word)
    {
        var places = scope.Names.Select((known, index) => (known, index)).Where(entry => string.Equals(entry.known.Name, word, StringComparison.Ordinal)).ToList();
        if (places is not [var (name, place)])
        {
            var there = scope.Names.Where(known => known.Name.Length > 0).Select(known => known.Name).Distinct(StringComparer.Ordinal).ToList();
            throw Wrong("where-argument-unknown", places.Count == 0 ? $"'{word}' is no argument of {scope.Owner}" : $"'{word}' stands for several arguments of {scope.Owner}", there.Count == 0 ? "It has none that has a name." : $"It has {string.Join(", ", there)}.");
        }

        var (type, steps, spelling) = (name.Type, new List<int>(), word);
        while (_at < text.Length && text[_at] is '[' or '.')
        {
            if (name.IsHashed)
            {
                throw Wrong("where-hashed", $"'{word}' is indexed, so that the chain has its hash alone: nothing in it can be looked at", "Compare it as a whole, or watch the call instead.");
            }

            var isIndex = text[_at++] == '[';
            var key = Word(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '$');
            if (isIndex && (_at >= text.Length || text[_at++] != ']'))
            {
                throw Syntax("']'");
            }

            var number = int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed : -1;
            var (index, next) = (isIndex, type.Kind) switch
            {
                (_, AbiTypeKind.DynamicArray) when number >= 0 => (number, type.Element),
                (_, AbiTypeKind.FixedArray) when number >= 0 && number < type.Size => (number, type.Element),
                (_, AbiTypeKind.Tuple) when number >= 0 && number < type.Components.Count => (number, type.Components[number].Type),
                (false, AbiTypeKind.Tuple) => type.Components.ToList().FindIndex(component => component.Name.Length > 0 && string.Equals(component.Name, key, StringComparison.Ordinal)) is >= 0 and var found ? (found, type.Components[found].Type) : (-1, null),
                _ => (-1, null),
            };
            type = next ?? throw Wrong("where-index", $"'{spelling}' is {type} and has nothing under '{key}'", type.Kind switch
            {
                AbiTypeKind.Tuple => $"It has {string.Join(", ", type.Components.Select(component => component.Name))}.",
                AbiTypeKind.FixedArray => string.Create(CultureInfo.InvariantCulture, $"It has the items 0 to {type.Size - 1}."),
                AbiTypeKind.DynamicArray => "Write the item's number: [0].",
                _ => "Leave the steps out.",
            });
            steps.Add(index);
            spelling += isIndex ? $"[{key}]" : $".{key}";
        }

        return (new Operand(type, null, place, steps, spelling), name);
    }

    private string ReadUnit()
    {
        if (_at < text.Length && text[_at] == '%')
        {
            _at++;
            return "%";
        }

        var before = _at;
        Space();
        if (_at == before || _at >= text.Length || !char.IsAsciiLetter(text[_at]))
        {
            return _at < text.Length && char.IsAsciiLetter(text[_at]) ? throw Syntax("a space before the unit") : "";
        }

        var word = Word(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-');
        if (word.ToUpperInvariant() is "AND" or "OR" or "NOT" || word is "starts_with" or "ends_with" or "contains")
        {
            _at = before;
            return "";
        }

        return word;
    }

    private Comparison? ReadComparison()
    {
        Space();
        foreach (var (sign, comparison) in ((string, Comparison)[])[("==", Comparison.Equal), ("!=", Comparison.NotEqual), (">=", Comparison.GreaterOrEqual), ("<=", Comparison.LessOrEqual), (">", Comparison.Greater), ("<", Comparison.Less)])
        {
            if (string.CompareOrdinal(text, _at, sign, 0, sign.Length) == 0)
            {
                _at += sign.Length;
                return comparison;
            }
        }

        return TryWord("starts_with") ? Comparison.StartsWith : TryWord("ends_with") ? Comparison.EndsWith : TryWord("contains") ? Comparison.Contains : null;
    }

    // What must hold together and never can is a mistake of its author, who would take its silence for peace.
    private void RequirePossible(JunctionExpression all)
    {
        var parts = Flat(all).ToList();
        if (parts.Exists(part => part is ConstantExpression { Value: false }))
        {
            throw Wrong("where-contradiction", "it holds never: it says 'false'", "Remove the rule, or set \"disabled\": true.");
        }

        foreach (var group in parts.OfType<ComparisonExpression>().Where(part => part.Right.IsLiteral).GroupBy(part => part.Left.Text, StringComparer.Ordinal))
        {
            var type = group.First().Left.Type!;
            if (type.Kind is AbiTypeKind.UnsignedInteger or AbiTypeKind.SignedInteger)
            {
                var range = new IntegerRange(type);
                foreach (var part in group.Where(part => part.Right.Value is AbiInteger))
                {
                    range.Narrow(part.Comparison, part.Right.Value!.AsInteger());
                }

                if (range.IsEmpty)
                {
                    throw Never(group);
                }
            }
            else if (type.Kind is not (AbiTypeKind.DynamicArray or AbiTypeKind.FixedArray))
            {
                var equal = group.Where(part => part.Comparison == Comparison.Equal).Select(part => part.Right.Value!).Distinct().ToList();
                if (equal.Count > 1 || group.Any(part => part.Comparison == Comparison.NotEqual && equal.Contains(part.Right.Value!)))
                {
                    throw Never(group);
                }
            }
        }
    }

    private ControlException Never(IEnumerable<ComparisonExpression> parts) =>
        Wrong("where-contradiction", $"it holds never: {string.Join(" AND ", parts.Select(part => part.ToString()))}", "Correct the thresholds.");

    private static IEnumerable<Expression> Flat(Expression expression) =>
        expression is JunctionExpression { All: true } junction ? junction.Parts.SelectMany(Flat) : [expression];

    private static Comparison Mirror(Comparison comparison) => comparison switch
    {
        Comparison.Less => Comparison.Greater,
        Comparison.LessOrEqual => Comparison.GreaterOrEqual,
        Comparison.Greater => Comparison.Less,
        Comparison.GreaterOrEqual => Comparison.LessOrEqual,
        _ => comparison,
    };

    private static char Family(AbiType type) => type.Kind switch
    {
        AbiTypeKind.UnsignedInteger or AbiTypeKind.SignedInteger => 'i',
        AbiTypeKind.Boolean => 'f',
        AbiTypeKind.Address => 'a',
        AbiTypeKind.FixedBytes or AbiTypeKind.Bytes or AbiTypeKind.Function => 'b',
        AbiTypeKind.String => 's',
        _ => 'l',
    };

    private bool TryWord(string word)
    {
        Space();
        var end = _at + word.Length;
        if (end > text.Length || (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] == '_')) || !(text.AsSpan(_at, word.Length).SequenceEqual(word) || text.AsSpan(_at, word.Length).SequenceEqual(word.ToLowerInvariant())))
        {
            return false;
        }

        _at = end;
        return true;
    }

    private bool Take(char letter)
    {
        Space();
        if (_at >= text.Length || text[_at] != letter)
        {
            return false;
        }

        _at++;
        return true;
    }

    private string Word(Func<char, bool> belongs)
    {
        var start = _at;
        while (_at < text.Length && belongs(text[_at]))
        {
            _at++;
        }

        return text[start.._at];
    }

    private void Space()
    {
        while (_at < text.Length && char.IsWhiteSpace(text[_at]))
        {
            _at++;
        }
    }

    private ControlException Syntax(string wanted) =>
        Wrong("where-syntax", string.Create(CultureInfo.InvariantCulture, $"at character {_at + 1}, {(_at < text.Length ? $"before '{text.AsSpan(_at, Math.Min(12, text.Length - _at))}'" : "its end")}, {wanted} was expected"), "Write it as in: amount > 150 AGIALPHA AND (account == 0x... OR NOT reason starts_with 'auto').");

    private ControlException Wrong(string code, string why, string mend, Exception? inner = null) =>
        new(code, ExitCode.BadInput, $"'{(text.Length > 120 ? text[..120] + "..." : text)}': {why}.", mend, inner);
}
