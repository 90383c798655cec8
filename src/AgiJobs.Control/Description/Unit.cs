using System.Globalization;
using System.Numerics;
using System.Text;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Control.Description;

/// <summary>
/// What a parameter's value counts, and how it is written: a value with a unit always carries it. <see cref="Format"/> writes what <see cref="Parse"/> reads. Immutable.
/// </summary>
public sealed class Unit
{
    private static readonly (string Name, int Seconds)[] Spans = [("week", 604_800), ("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)];

    private readonly Func<string, AbiValue?> _parse;
    private readonly Func<AbiValue, string> _format;

    private Unit(string name, string form, Func<string, AbiValue?> parse, Func<AbiValue, string> format)
    {
        Name = name;
        Form = form;
        _parse = parse;
        _format = format;
    }

    /// <summary>The unit's name in descriptions.</summary>
    public string Name { get; }

    /// <summary>How a value is written, for people.</summary>
    public string Form { get; }

    /// <summary>True when values are numbers that can be compared.</summary>
    public bool IsNumber => Name is not ("address" or "bytes32" or "namehash" or "text" or "flag");

    /// <summary>The unit of a name; <paramref name="tokens"/> gives the decimals of the protocol's tokens by symbol.</summary>
    /// <exception cref="ControlException"><c>unit-unknown</c>.</exception>
    public static Unit Of(string name, IReadOnlyDictionary<string, int> tokens) => name switch
    {
        "bps" => new(name, "400 bps or 4%", text => Number(text, 0, "bps") ?? Number(text, 2, "%"), value => $"{Digits(value)} bps"),
        "percent" => new(name, "4%", text => Number(text, 0, "%") ?? Number(text, 0, "percent"), value => $"{Digits(value)}%"),
        "wei" => new(name, "5 wei, 2 gwei or 0.1 ether", text => Number(text, 0, "wei") ?? Number(text, 9, "gwei") ?? Number(text, 18, "ether"), Coin),
        "wad" => new(name, "1.5 wad (18 decimals)", text => Number(text, 18, "wad"), value => $"{Short(value.AsInteger(), 18)} wad"),
        "seconds" => new(name, "3600 seconds, 1 hour or 7 days", Time, Time),
        "count" => new(name, "5", text => Number(text, 0, ""), Digits),
        "points" => new(name, "100 points", text => Number(text, 0, "points"), value => $"{Digits(value)} points"),
        "address" => new(name, "an EIP-55 address", Account, value => value.AsAddress().ToString()),
        "bytes32" => new(name, "32 bytes in hex", Word, value => value.AsBytes32().ToString()),
        "namehash" => new(name, "an ENS name of a-z, 0-9, - and _, or its namehash in hex", text => Word(text) ?? NameHash(text), value => value.AsBytes32().ToString()),
        "text" => new(name, "text", text => text, value => value.AsText()),
        "flag" => new(name, "true or false", text => text switch { "true" => true, "false" => false, _ => null }, value => value.AsBoolean() ? "true" : "false"),
        _ when tokens.TryGetValue(name, out var decimals) => new(name, $"150 {name}, or 150000000000000000000 wei", text => Number(text, decimals, name) ?? Number(text, 0, "wei"), value => $"{Short(value.AsInteger(), decimals)} {name}"),
        _ => throw new ControlException("unit-unknown", ExitCode.BadInput, $"The unit '{name}' is unknown. Known are bps, percent, wei, wad, seconds, count, points, address, bytes32, namehash, text, flag{string.Concat(tokens.Keys.Select(token => $", {token}"))}.", "Correct the protocol description; a token stands under tokens with its decimals."),
    };

    /// <summary>Reads a value with its unit.</summary>
    /// <exception cref="ControlException"><c>value-unit</c> when it is not written in this unit's form, a bare number included; <c>value-format</c> for a wrong checksum or precision.</exception>
    public AbiValue Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        try
        {
            return _parse(text) ?? throw new ControlException("value-unit", ExitCode.BadInput, $"'{text}' is not written in {Name}.", $"Write it as {Form}: a value carries its unit.");
        }
        catch (EthereumException problem)
        {
            throw new ControlException("value-format", ExitCode.BadInput, $"'{text}': {problem.Message}", $"Write it as {Form}.", problem);
        }
    }

    /// <summary>Writes a value of this unit.</summary>
    /// <exception cref="EthereumException"><c>abi-value</c> when the value is of another sort.</exception>
    public string Format(AbiValue value) => _format(value);

    /// <summary>The EIP-137 hash of a name.</summary>
    /// <exception cref="ControlException"><c>name-format</c> for labels that would need ENSIP-15 normalisation: only lower-case ASCII is taken.</exception>
    public static Bytes32 NameHash(string name)
    {
        var node = Bytes32.Zero;
        foreach (var label in name.Split('.').Reverse())
        {
            if (label.Length == 0 || label.Any(letter => !(char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '-' or '_')))
            {
                throw new ControlException("name-format", ExitCode.BadInput, $"'{name}' is not an ENS name in normal form of a-z, 0-9, - and _.", "Write the name so, or its namehash in hex.");
            }

            node = Keccak256.Hash([.. node.ToBytes(), .. Keccak256.Hash(Encoding.ASCII.GetBytes(label)).ToBytes()]);
        }

        return node;
    }

    private static AbiValue? Number(string text, int decimals, string unit)
    {
        if (!text.EndsWith(unit, StringComparison.Ordinal))
        {
            return null;
        }

        var digits = text[..^unit.Length];
        digits = unit.Length > 0 && digits.EndsWith(' ') ? digits[..^1] : digits;
        return digits.Length == 0 || digits.Any(letter => !char.IsAsciiDigit(letter) && letter is not ('.' or '-')) || (unit.Length > 0 && unit[0] is not '%' && !text[..^unit.Length].EndsWith(' '))
            ? null
            : FixedPoint.Parse(digits, decimals);
    }

    private static string Digits(AbiValue value) => value.AsInteger().ToString(CultureInfo.InvariantCulture);

    private static string Short(BigInteger value, int decimals) => FixedPoint.Format(value, decimals) is var text && text.EndsWith(".0", StringComparison.Ordinal) ? text[..^2] : text;

    // Below a millionth of an ether the number of wei says more.
    private static string Coin(AbiValue value) => value.AsInteger() is { IsZero: false } amount && BigInteger.Abs(amount) < BigInteger.Pow(10, 12)
        ? $"{amount.ToString(CultureInfo.InvariantCulture)} wei"
        : $"{Short(value.AsInteger(), 18)} ether";

    private static AbiValue? Time(string text)
    {
        foreach (var (name, seconds) in Spans)
        {
            if ((Number(text, 0, name) ?? Number(text, 0, name + "s")) is { } count)
            {
                return count.AsInteger() * seconds;
            }
        }

        return null;
    }

    private static string Time(AbiValue value)
    {
        var total = value.AsInteger();
        var (name, seconds) = Spans.First(span => span.Seconds == 1 || (!total.IsZero && (total % span.Seconds).IsZero));
        var count = total / seconds;
        return string.Create(CultureInfo.InvariantCulture, $"{count} {name}{(count.IsOne ? "" : "s")}");
    }

    private static AbiValue? Account(string text) => text.StartsWith("0x", StringComparison.Ordinal) ? Address.Parse(text) : null;

    private static AbiValue? Word(string text) => text.StartsWith("0x", StringComparison.Ordinal) ? Bytes32.Parse(text) : null;
}
