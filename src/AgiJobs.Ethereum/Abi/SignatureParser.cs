using System.Globalization;

namespace AgiJobs.Ethereum.Abi;

/// <summary>
/// Reads types and parameter lists in the human-readable form of ethers and of Solidity sources. Depth is bounded, so that no text can
/// exhaust the stack.
/// </summary>
internal sealed class SignatureParser
{
    private const int MaxLength = 65_536;

    private readonly string _text;
    private int _at;
    private int _depth;

    public SignatureParser(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > MaxLength)
        {
            throw EthereumException.BadInput("abi-syntax", $"A signature has at most {MaxLength} characters, not {text.Length}.");
        }

        _text = text;
    }

    public bool AtEnd
    {
        get
        {
            SkipSpaces();
            return _at == _text.Length;
        }
    }

    public void ExpectEnd()
    {
        if (!AtEnd)
        {
            throw Error("nothing more");
        }
    }

    /// <summary>Takes the next word if it is this one.</summary>
    public bool TryWord(string word)
    {
        SkipSpaces();
        var end = EndOfWord(_at);
        if (!_text.AsSpan(_at, end - _at).SequenceEqual(word))
        {
            return false;
        }

        _at = end;
        return true;
    }

    /// <summary>Takes the next word, empty when there is none.</summary>
    public string ReadWord()
    {
        SkipSpaces();
        var start = _at;
        _at = EndOfWord(_at);
        return _text[start.._at];
    }

    public string ReadName(string what)
    {
        var name = ReadWord();
        return name.Length > 0 && !char.IsAsciiDigit(name[0]) ? name : throw Error(what);
    }

    public bool TryTake(char c)
    {
        SkipSpaces();
        if (_at == _text.Length || _text[_at] != c)
        {
            return false;
        }

        _at++;
        return true;
    }

    public AbiType ReadType()
    {
        SkipSpaces();
        AbiType type;
        if (_at < _text.Length && _text[_at] == '(')
        {
            type = ReadTuple();
        }
        else
        {
            var start = _at;
            var word = ReadWord();
            if (word == "tuple")
            {
                type = ReadTuple();
            }
            else if (AbiType.TryElementary(word, out var elementary))
            {
                type = elementary;
                if (word == "address")
                {
                    TryWord("payable");
                }
            }
            else
            {
                _at = start;
                throw word.Length == 0 ? Error("a type") : NoType(word);
            }
        }

        return ReadSuffixes(type);
    }

    /// <summary>Reads <c>(type [indexed] [location] [name], ...)</c>.</summary>
    public AbiParameter[] ReadParameters(bool indexedAllowed = false)
    {
        if (!TryTake('('))
        {
            throw Error("'('");
        }

        if (++_depth > AbiType.MaxDepth)
        {
            throw EthereumException.BadInput(
                "abi-type",
                $"A type nests deeper than {AbiType.MaxDepth} levels; no compiler writes such a type.");
        }

        var parameters = new List<AbiParameter>();
        if (!TryTake(')'))
        {
            do
            {
                parameters.Add(ReadParameter(indexedAllowed));
            }
            while (TryTake(','));
            if (!TryTake(')'))
            {
                throw Error("',' or ')'");
            }
        }

        _depth--;
        return [.. parameters];
    }

    public EthereumException Error(string wanted) => EthereumException.BadInput(
        "abi-syntax", $"'{Hex.Shorten(_text)}': {wanted} was expected at position {_at + 1}.");

    /// <summary>Reads the suffixes of an array type from JSON: <c>[]</c>, <c>[3]</c>.</summary>
    internal AbiType ReadSuffixes(AbiType type)
    {
        while (TryTake('['))
        {
            var digits = ReadWord();
            if (!TryTake(']'))
            {
                throw Error("']'");
            }

            if (digits.Length == 0)
            {
                type = AbiType.ArrayOf(type);
            }
            else if (int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var length)
                && (digits[0] != '0' || digits.Length == 1))
            {
                type = AbiType.ArrayOf(type, length);
            }
            else
            {
                throw EthereumException.BadInput(
                    "abi-type",
                    $"'{Hex.Shorten(digits)}' in '{Hex.Shorten(_text)}' is not the length of an array.");
            }
        }

        return type;
    }

    private static EthereumException NoType(string word) => EthereumException.BadInput(
        "abi-type",
        word.StartsWith("fixed", StringComparison.Ordinal) || word.StartsWith("ufixed", StringComparison.Ordinal)
            ? $"'{Hex.Shorten(word)}': fixed-point numbers are not supported, no compiler emits them."
            : $"'{Hex.Shorten(word)}' is not an ABI type. Write structs as tuple(...), enums as uint8, contracts as address.");

    private AbiType ReadTuple() => AbiType.TupleOf(ReadParameters());

    private AbiParameter ReadParameter(bool indexedAllowed)
    {
        var type = ReadType();
        var indexed = false;
        while (true)
        {
            var word = ReadWord();
            switch (word)
            {
                case "indexed" when indexedAllowed && !indexed:
                    indexed = true;
                    break;
                case "indexed":
                    throw EthereumException.BadInput(
                        "abi-syntax",
                        $"'{Hex.Shorten(_text)}': only the parameters of an event are indexed, and once.");
                case "memory" or "calldata" or "storage":
                    break;
                default:
                    if (word.Length > 0 && char.IsAsciiDigit(word[0]))
                    {
                        throw Error("a name");
                    }

                    return new AbiParameter(word, type, indexed);
            }
        }
    }

    private int EndOfWord(int at)
    {
        while (at < _text.Length && (char.IsAsciiLetterOrDigit(_text[at]) || _text[at] is '_' or '$'))
        {
            at++;
        }

        return at;
    }

    private void SkipSpaces()
    {
        while (_at < _text.Length && _text[_at] is ' ' or '\t' or '\n' or '\r')
        {
            _at++;
        }
    }
}
