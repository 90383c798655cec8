using System.Globalization;
using System.Numerics;
using System.Text;

namespace AgiJobs.Ethereum.Safes.Batches;

/// <summary>The texts inside a Transaction Builder file.</summary>
internal static class BatchText
{
    /// <summary>An address: with the right checksum, or in one case throughout, as upstream takes it.</summary>
    public static Address ReadAddress(string text, string where)
    {
        var digits = text.AsSpan(Math.Min(2, text.Length));
        var mixed = digits.ContainsAnyInRange('a', 'f') && digits.ContainsAnyInRange('A', 'F');
        try
        {
            return mixed ? Address.Parse(text) : Address.ParseAnyCase(text);
        }
        catch (EthereumException refusal)
        {
            throw EthereumException.BadInput(refusal.Code, $"{where}: {refusal.Message}", refusal);
        }
    }

    /// <summary>A decimal number of at most 256 bits.</summary>
    public static BigInteger ReadDecimal(string text, string where) =>
        text.Length is > 0 and <= 78
        && !text.AsSpan().ContainsAnyExceptInRange('0', '9')
        && BigInteger.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) is var value
        && value.GetByteCount(isUnsigned: true) <= 32
            ? value
            : throw EthereumException.BadInput("safe-batch-decimal", $"{where} is '{Hex.Shorten(text)}'; it must be a decimal number in quotes, at most 2^256 - 1.");

    /// <summary>The text of UTF-8 bytes without a byte order mark.</summary>
    public static string ReadUtf8(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith(Encoding.UTF8.Preamble))
        {
            throw EthereumException.BadInput("safe-batch-json", "The file begins with a byte order mark; save it as UTF-8 without one.");
        }

        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw EthereumException.BadInput("safe-batch-json", $"The file is not UTF-8 at byte {e.Index}.", e);
        }
    }
}
