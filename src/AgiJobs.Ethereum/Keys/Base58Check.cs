using System.Security.Cryptography;

namespace AgiJobs.Ethereum.Keys;

/// <summary>The text form of extended keys: base 58 with four bytes of double SHA-256 at the end (Bitcoin's Base58Check).</summary>
internal static class Base58Check
{
    private const string Digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    private const int ChecksumSize = 4;

    public static string Encode(ReadOnlySpan<byte> payload)
    {
        Span<byte> data = stackalloc byte[payload.Length + ChecksumSize];
        Span<char> text = stackalloc char[data.Length * 2];
        payload.CopyTo(data);
        Checksum(payload, data[payload.Length..]);
        var position = text.Length;
        var leadingZeros = data.IndexOfAnyExcept((byte)0);
        leadingZeros = leadingZeros < 0 ? data.Length : leadingZeros;
        for (var start = leadingZeros; start < data.Length;)
        {
            text[--position] = Digits[DivideBy58(data[start..])];
            while (start < data.Length && data[start] == 0)
            {
                start++;
            }
        }

        position -= leadingZeros;
        text.Slice(position, leadingZeros).Fill(Digits[0]);
        var result = new string(text[position..]);
        CryptographicOperations.ZeroMemory(data);
        text.Clear();
        return result;
    }

    /// <summary>Fills the payload; false when the text is of another length, has another digit or a wrong checksum.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> payload)
    {
        Span<byte> data = stackalloc byte[payload.Length + ChecksumSize];
        data.Clear();
        if (text.Length > data.Length * 2)
        {
            return false;
        }

        foreach (var c in text)
        {
            var digit = Digits.IndexOf(c, StringComparison.Ordinal);
            if (digit < 0 || !MultiplyBy58AndAdd(data, digit))
            {
                return false;
            }
        }

        var zeros = data.IndexOfAnyExcept((byte)0);
        var ones = text.IndexOfAnyExcept(Digits[0]);
        Span<byte> checksum = stackalloc byte[ChecksumSize];
        Checksum(data[..payload.Length], checksum);
        var ok = zeros == ones && CryptographicOperations.FixedTimeEquals(checksum, data[payload.Length..]);
        if (ok)
        {
            data[..payload.Length].CopyTo(payload);
        }

        CryptographicOperations.ZeroMemory(data);
        return ok;
    }

    private static int DivideBy58(Span<byte> number)
    {
        var remainder = 0;
        for (var i = 0; i < number.Length; i++)
        {
            var value = (remainder << 8) | number[i];
            number[i] = (byte)(value / 58);
            remainder = value % 58;
        }

        return remainder;
    }

    private static bool MultiplyBy58AndAdd(Span<byte> number, int digit)
    {
        var carry = digit;
        for (var i = number.Length - 1; i >= 0; i--)
        {
            carry += number[i] * 58;
            number[i] = (byte)carry;
            carry >>= 8;
        }

        return carry == 0;
    }

    private static void Checksum(ReadOnlySpan<byte> payload, Span<byte> checksum)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(payload, digest);
        SHA256.HashData(digest, digest);
        digest[..ChecksumSize].CopyTo(checksum);
    }
}
