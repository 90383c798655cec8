using System.Globalization;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Response.Detectors;

/// <summary>Values of the chain in words. What strangers put into texts of events comes without control characters and not without end.</summary>
internal static class ValueText
{
    private const int Longest = 200;

    public static string Of(AbiValue? value, Unit? unit, Func<Address, string?> nameOf) => value switch
    {
        null => "unknown",
        AbiInteger integer when unit is { IsNumber: true } => unit.Format(integer),
        AbiInteger integer => integer.Value.ToString(CultureInfo.InvariantCulture),
        AbiBoolean flag => flag.Value ? "true" : "false",
        AbiAddress address => nameOf(address.Value) is { } name ? $"{address.Value} ({name})" : address.Value.ToString(),
        AbiText text => Clean(text.Value),
        AbiBytes bytes => Clean(Hex.Encode(bytes.Span)),
        AbiHash hash => $"hash {hash.Value}",
        AbiList list => Clean($"[{string.Join(", ", list.Take(20).Select(item => Of(item, unit, nameOf)))}{(list.Count > 20 ? ", ..." : "")}]"),
        _ => Clean(value.ToString()),
    };

    /// <summary>The same value has the same text, whatever it is called here.</summary>
    public static string Key(AbiValue? value) => value is AbiText text ? Clean(text.Value) : Of(value, null, static _ => null);

    public static string Clean(string text)
    {
        var cut = text.Length > Longest ? string.Concat(text.AsSpan(0, Longest), "...") : text;
        return cut.Any(letter => char.IsControl(letter) || char.IsSurrogate(letter)) ? string.Concat(cut.Select(letter => char.IsControl(letter) || char.IsSurrogate(letter) ? '?' : letter)) : cut;
    }
}
