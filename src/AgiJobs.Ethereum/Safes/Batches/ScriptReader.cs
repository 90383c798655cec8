using System.Globalization;
using System.Text;

namespace AgiJobs.Ethereum.Safes.Batches;

/// <summary>
/// Reads JSON as <c>JSON.parse</c> does, lone surrogates included, and refuses what would make two readers disagree: a key that occurs
/// twice, and a number that JavaScript cannot hold exactly.
/// </summary>
internal ref struct ScriptReader
{
    private readonly ReadOnlySpan<char> _text;
    private int _position;

    private ScriptReader(ReadOnlySpan<char> text) => _text = text;

    /// <summary>Reads one value and nothing after it.</summary>
    /// <exception cref="EthereumException"><c>safe-batch-json</c>, <c>safe-batch-number</c>, <c>safe-batch-duplicate-key</c>.</exception>
    public static ScriptValue Read(ReadOnlySpan<char> text)
    {
        var reader = new ScriptReader(text);
        var value = reader.ReadValue(0);
        reader.SkipSpace();
        return reader._position == text.Length ? value : throw reader.Malformed("something follows the end");
    }

    private ScriptValue ReadValue(int depth)
    {
        if (depth > ScriptValue.MaxDepth)
        {
            throw Malformed($"it is nested deeper than {ScriptValue.MaxDepth} levels");
        }

        SkipSpace();
        switch (Peek())
        {
            case '{':
                return ReadObject(depth);
            case '[':
                return ReadArray(depth);
            case '"':
                return new ScriptText(ReadText());
            case 't':
                Expect("true");
                return new ScriptFlag(true);
            case 'f':
                Expect("false");
                return new ScriptFlag(false);
            case 'n':
                Expect("null");
                return ScriptNull.Instance;
            case '-' or (>= '0' and <= '9'):
                return ReadNumber();
            default:
                throw Malformed("a value was expected");
        }
    }

    private ScriptObject ReadObject(int depth)
    {
        _position++;
        var entries = new List<KeyValuePair<string, ScriptValue>>();
        var keys = new HashSet<string>(StringComparer.Ordinal);
        SkipSpace();
        if (Peek() == '}')
        {
            _position++;
            return new ScriptObject(entries);
        }

        while (true)
        {
            SkipSpace();
            var key = Peek() == '"' ? ReadText() : throw Malformed("a key in quotes was expected");
            if (!keys.Add(key))
            {
                throw EthereumException.BadInput("safe-batch-duplicate-key", $"The key '{Hex.Shorten(key)}' occurs twice in one object; two programs may read it differently. Remove one.");
            }

            SkipSpace();
            Expect(":");
            entries.Add(new(key, ReadValue(depth + 1)));
            SkipSpace();
            if (Next("',' or '}' was expected") is var c && c == '}')
            {
                return new ScriptObject(entries);
            }

            if (c != ',')
            {
                _position--;
                throw Malformed("',' or '}' was expected");
            }
        }
    }

    private ScriptArray ReadArray(int depth)
    {
        _position++;
        var items = new List<ScriptValue>();
        SkipSpace();
        if (Peek() == ']')
        {
            _position++;
            return new ScriptArray(items);
        }

        while (true)
        {
            items.Add(ReadValue(depth + 1));
            SkipSpace();
            if (Next("',' or ']' was expected") is var c && c == ']')
            {
                return new ScriptArray(items);
            }

            if (c != ',')
            {
                _position--;
                throw Malformed("',' or ']' was expected");
            }
        }
    }

    private string ReadText()
    {
        _position++;
        var text = new StringBuilder();
        while (true)
        {
            var c = Next("the text has no closing quote");
            switch (c)
            {
                case '"':
                    return text.ToString();
                case < ' ':
                    _position--;
                    throw Malformed("a control character in text must be escaped");
                case '\\':
                    text.Append(ReadEscape());
                    break;
                default:
                    text.Append(c);
                    break;
            }
        }
    }

    private char ReadEscape()
    {
        var c = Next("an escape is cut off");
        switch (c)
        {
            case '"' or '\\' or '/':
                return c;
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'u':
                if (_text.Length - _position < 4
                    || !ushort.TryParse(_text.Slice(_position, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit))
                {
                    throw Malformed("\\u needs four hex digits");
                }

                _position += 4;
                return (char)unit;
            default:
                throw Malformed($"'\\{c}' is not an escape");
        }
    }

    private ScriptNumber ReadNumber()
    {
        var start = _position;
        while (_position < _text.Length && _text[_position] is (>= '0' and <= '9') or '-' or '+' or '.' or 'e' or 'E')
        {
            _position++;
        }

        var digits = _text[start.._position];
        var body = digits.StartsWith("-") ? digits[1..] : digits;
        var plain = body.Length > 0 && !body.ContainsAnyExceptInRange('0', '9') && (body.Length == 1 || body[0] != '0') && !digits.SequenceEqual("-0");
        return plain && long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && Math.Abs(value) <= ScriptNumber.Max
            ? new ScriptNumber(value)
            : throw EthereumException.BadInput(
                "safe-batch-number",
                $"The number {Hex.Shorten(digits.ToString())} cannot be kept exactly: only whole numbers up to {ScriptNumber.Max} can stand without quotes. Put it in quotes.");
    }

    private readonly char Peek() => _position < _text.Length ? _text[_position] : throw Malformed("it ends too early");

    private char Next(string orElse) => _position < _text.Length ? _text[_position++] : throw Malformed(orElse);

    private void Expect(string word)
    {
        if (!_text[_position..].StartsWith(word, StringComparison.Ordinal))
        {
            throw Malformed($"'{word}' was expected");
        }

        _position += word.Length;
    }

    private void SkipSpace()
    {
        while (_position < _text.Length && _text[_position] is ' ' or '\t' or '\n' or '\r')
        {
            _position++;
        }
    }

    private readonly EthereumException Malformed(string what) =>
        EthereumException.BadInput("safe-batch-json", $"This is not JSON at character {_position + 1}: {what}.");
}
