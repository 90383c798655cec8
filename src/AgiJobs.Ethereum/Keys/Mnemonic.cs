using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;

namespace AgiJobs.Ethereum.Keys;

/// <summary>
/// A recovery phrase of 12 to 24 English words. Holds its entropy in memory that is never moved and zeroes it on disposal; prints
/// nothing of it. Source: BIP-39.
/// </summary>
public sealed class Mnemonic : IDisposable
{
    private const int SeedSize = 64;
    private const int SeedIterations = 2048;
    private const int BitsPerWord = 11;
    private const int LongestWord = 8;

    private static readonly Lazy<string[]> Words = new(ReadWords);
    private static readonly Lazy<FrozenDictionary<string, int>> WordIndexes = new(
        () => Words.Value.Select((word, index) => KeyValuePair.Create(word, index)).ToFrozenDictionary(StringComparer.OrdinalIgnoreCase));

    private readonly SecretMemory _entropy;

    private Mnemonic(ReadOnlySpan<byte> entropy)
    {
        _entropy = new SecretMemory(entropy);
    }

    /// <summary>12, 15, 18, 21 or 24.</summary>
    public int WordCount => _entropy.Length / 4 * 3;

    /// <summary>The phrase of 16, 20, 24, 28 or 32 bytes of entropy, which are copied.</summary>
    /// <exception cref="EthereumException"><c>mnemonic-entropy</c> for another length.</exception>
    public static Mnemonic FromEntropy(ReadOnlySpan<byte> entropy) => entropy.Length is 16 or 20 or 24 or 28 or 32
        ? new Mnemonic(entropy)
        : throw EthereumException.BadInput("mnemonic-entropy", "A recovery phrase is made of 16, 20, 24, 28 or 32 bytes, not "
            + $"{entropy.Length}.");

    /// <summary>Reads a phrase: English words in any letter case with any white space between them, and a correct checksum.</summary>
    /// <exception cref="EthereumException">
    /// <c>mnemonic-length</c>, <c>mnemonic-word</c> or <c>mnemonic-checksum</c>. The message names positions, never words.
    /// </exception>
    public static Mnemonic Parse(ReadOnlySpan<char> phrase)
    {
        // 33 bytes hold 24 words of 11 bits: up to 32 bytes of entropy and 8 bits of checksum.
        Span<byte> bits = stackalloc byte[33];
        bits.Clear();
        try
        {
            return Parse(phrase, bits);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bits);
        }
    }

    /// <summary>The 64 bytes from which <see cref="ExtendedKey.FromSeed"/> makes the master key. The caller zeroes them.</summary>
    /// <param name="passphrase">The optional second factor; any text makes a valid, different wallet. Normalised to NFKD.</param>
    /// <exception cref="ObjectDisposedException">The phrase was zeroed.</exception>
    public byte[] ToSeed(ReadOnlySpan<char> passphrase = default)
    {
        Span<byte> phrase = stackalloc byte[24 * (LongestWord + 1)];
        var salt = Encoding.UTF8.GetBytes(string.Concat("mnemonic", CompatibilityDecomposition.Of(passphrase)));
        try
        {
            var length = WriteWords(phrase);
            return Rfc2898DeriveBytes.Pbkdf2(phrase[..length], salt, SeedIterations, HashAlgorithmName.SHA512, SeedSize);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(phrase);
            CryptographicOperations.ZeroMemory(salt);
        }
    }

    /// <summary>The words, to be shown to their owner once. Whoever reads them owns the accounts.</summary>
    /// <exception cref="ObjectDisposedException">The phrase was zeroed.</exception>
    public string RevealPhrase()
    {
        Span<byte> phrase = stackalloc byte[24 * (LongestWord + 1)];
        var text = Encoding.ASCII.GetString(phrase[..WriteWords(phrase)]);
        CryptographicOperations.ZeroMemory(phrase);
        return text;
    }

    /// <summary>Zeroes the entropy.</summary>
    public void Dispose() => _entropy.Dispose();

    /// <summary>Says how many words it has, nothing more.</summary>
    public override string ToString() => $"a recovery phrase of {WordCount} words";

    internal byte[] CopyEntropy() => _entropy.Read(0, static (_, entropy) => entropy.ToArray());

    private static Mnemonic Parse(ReadOnlySpan<char> phrase, Span<byte> bits)
    {
        var lookup = WordIndexes.Value.GetAlternateLookup<ReadOnlySpan<char>>();
        var count = 0;
        while (!(phrase = phrase.TrimStart()).IsEmpty)
        {
            var end = 0;
            while (end < phrase.Length && !char.IsWhiteSpace(phrase[end]))
            {
                end++;
            }

            if (count == 24)
            {
                throw WrongLength("more than 24");
            }

            if (!lookup.TryGetValue(phrase[..end], out var index))
            {
                throw EthereumException.BadInput(
                    "mnemonic-word", $"Word {count + 1} of the recovery phrase is not in the English list of BIP-39: check its spelling.");
            }

            for (var bit = 0; bit < BitsPerWord; bit++)
            {
                var position = (count * BitsPerWord) + bit;
                bits[position / 8] |= (byte)(((index >> (BitsPerWord - 1 - bit)) & 1) << (7 - (position % 8)));
            }

            count++;
            phrase = phrase[end..];
        }

        if (count is not (12 or 15 or 18 or 21 or 24))
        {
            throw WrongLength($"{count}");
        }

        var entropy = bits[..(count / 3 * 4)];
        var checksumBits = count / 3;
        return (bits[entropy.Length] ^ Checksum(entropy)) >> (8 - checksumBits) == 0
            ? new Mnemonic(entropy)
            : throw EthereumException.BadInput(
                "mnemonic-checksum", "The recovery phrase has a wrong checksum: one of its words is not the one that was written down, or "
                    + "two are swapped.");
    }

    private static EthereumException WrongLength(string count) =>
        EthereumException.BadInput("mnemonic-length", $"A recovery phrase has 12, 15, 18, 21 or 24 words, not {count}.");

    private static byte Checksum(ReadOnlySpan<byte> entropy)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(entropy, digest);
        var first = digest[0];
        CryptographicOperations.ZeroMemory(digest);
        return first;
    }

    private int WriteWords(Span<byte> phrase) => _entropy.Read(phrase, static (ascii, entropy) => WriteWords(ascii, entropy));

    private static int WriteWords(Span<byte> ascii, ReadOnlySpan<byte> entropy)
    {
        var checksum = Checksum(entropy);
        var length = 0;
        for (var word = 0; word < entropy.Length / 4 * 3; word++)
        {
            var index = 0;
            for (var bit = 0; bit < BitsPerWord; bit++)
            {
                var position = (word * BitsPerWord) + bit;
                var source = position / 8 < entropy.Length ? entropy[position / 8] : checksum;
                index = (index << 1) | ((source >> (7 - (position % 8))) & 1);
            }

            if (word > 0)
            {
                ascii[length++] = (byte)' ';
            }

            length += Encoding.ASCII.GetBytes(Words.Value[index], ascii[length..]);
        }

        return length;
    }

    private static string[] ReadWords()
    {
        using var stream = typeof(Mnemonic).Assembly.GetManifestResourceStream("bip39-english.txt")!;
        using var reader = new StreamReader(stream, Encoding.ASCII);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
