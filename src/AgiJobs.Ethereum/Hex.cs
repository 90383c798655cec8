using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;

namespace AgiJobs.Ethereum;

/// <summary>
/// The two hexadecimal encodings of Ethereum JSON-RPC: data (<c>0x</c> and whole bytes) and quantity (<c>0x</c> and a number without
/// leading zeros). Source: the execution-apis specification, "Hex value encoding".
/// </summary>
public static class Hex
{
    /// <summary>Bytes as <c>0x</c> followed by two lower-case digits a byte; no bytes give <c>0x</c>.</summary>
    public static string Encode(ReadOnlySpan<byte> bytes) =>
        string.Create(2 + (bytes.Length * 2), bytes, static (chars, source) =>
        {
            chars[0] = '0';
            chars[1] = 'x';
            Convert.TryToHexStringLower(source, chars[2..], out _);
        });

    /// <summary>Reads data: <c>0x</c> and an even number of digits in either case.</summary>
    /// <exception cref="EthereumException"><c>hex-data</c> when the prefix is missing, a digit is wrong or the count is odd.</exception>
    public static byte[] Decode(string text) =>
        TryDecode(text, out var bytes)
            ? bytes
            : throw EthereumException.BadInput("hex-data", $"'{Shorten(text)}' is not hex data: it must be 0x and an even number of hex digits.");

    /// <summary>Reads data as <see cref="Decode"/> does, without throwing.</summary>
    public static bool TryDecode([NotNullWhen(true)] string? text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        if (text is null || text.Length % 2 != 0 || !text.StartsWith("0x", StringComparison.Ordinal))
        {
            return false;
        }

        var result = new byte[(text.Length - 2) / 2];
        if (Convert.FromHexString(text.AsSpan(2), result, out _, out var written) != System.Buffers.OperationStatus.Done || written != result.Length)
        {
            return false;
        }

        bytes = result;
        return true;
    }

    /// <summary>A number as a JSON-RPC quantity: <c>0x0</c> for zero, else no leading zero.</summary>
    /// <exception cref="EthereumException"><c>hex-quantity</c> when the number is negative.</exception>
    public static string EncodeQuantity(BigInteger value)
    {
        if (value.Sign < 0)
        {
            throw EthereumException.BadInput("hex-quantity", $"{value} is negative: a JSON-RPC quantity is zero or more.");
        }

        var digits = value.ToString("x", CultureInfo.InvariantCulture).TrimStart('0');
        return digits.Length == 0 ? "0x0" : "0x" + digits;
    }

    /// <summary>
    /// Reads a quantity of at most 256 bits. Leading zeros are accepted, since nodes are known to send them; an empty number
    /// (<c>0x</c>) is not.
    /// </summary>
    /// <exception cref="EthereumException"><c>hex-quantity</c> when it is not one.</exception>
    public static BigInteger DecodeQuantity(string text)
    {
        if (text is not null && text.StartsWith("0x", StringComparison.Ordinal) && text.Length is > 2 and <= 66)
        {
            foreach (var c in text.AsSpan(2))
            {
                if (!char.IsAsciiHexDigit(c))
                {
                    throw NotQuantity(text);
                }
            }

            return BigInteger.Parse("0" + text[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        }

        throw NotQuantity(text);
    }

    private static EthereumException NotQuantity(string? text) =>
        EthereumException.BadInput("hex-quantity", $"'{Shorten(text)}' is not a hex quantity: it must be 0x and 1 to 64 hex digits.");

    internal static string Shorten(string? text) => text is null ? "(nothing)" : text.Length <= 80 ? text : $"{text[..60]}... ({text.Length} characters)";
}
