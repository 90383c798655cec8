using System.Globalization;
using System.Text;
using AgiJobs.Control.Evidence.Log;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Evidence.Bundles;

/// <summary>The proof that an entry stands in a log, with the checkpoint that it is proven against. Source: C2SP tlog-proof, version 1.</summary>
/// <param name="Index">The entry's index.</param>
/// <param name="Hashes">The inclusion proof, from the leaf's sibling up.</param>
/// <param name="Note">The checkpoint.</param>
/// <param name="Extra">Opaque data that nothing vouches for; null when there is none.</param>
public sealed record LogProof(long Index, IReadOnlyList<Bytes32> Hashes, SignedNote Note, ReadOnlyMemory<byte>? Extra = null)
{
    private const string Header = "c2sp.org/tlog-proof@v1";
    private const string ExtraWord = "extra ";
    private const string IndexWord = "index ";
    private const int MaxHashes = 63;

    /// <summary>The text form.</summary>
    public byte[] ToBytes()
    {
        var text = new StringBuilder(Header).Append('\n');
        if (Extra is { } extra)
        {
            text.Append(ExtraWord).Append(Convert.ToBase64String(extra.Span)).Append('\n');
        }

        text.Append(IndexWord).Append(Index.ToString(CultureInfo.InvariantCulture)).Append('\n');
        foreach (var hash in Hashes)
        {
            text.Append(Convert.ToBase64String(hash.ToBytes())).Append('\n');
        }

        return [.. Encoding.UTF8.GetBytes(text.Append('\n').ToString()), .. Note.ToBytes()];
    }

    /// <summary>Reads a proof; only its one spelling is accepted.</summary>
    /// <exception cref="ControlException"><c>proof-format</c>, <c>note-format</c> (exit 6).</exception>
    public static LogProof Parse(ReadOnlySpan<byte> bytes)
    {
        var split = bytes.IndexOf("\n\n"u8);
        if (split < 0)
        {
            throw Malformed();
        }

        var lines = new Queue<string>(Encoding.UTF8.GetString(bytes[..split]).Split('\n'));
        if (!lines.TryDequeue(out var header) || !string.Equals(header, Header, StringComparison.Ordinal))
        {
            throw Malformed();
        }

        byte[]? extra = null;
        if (lines.TryPeek(out var second) && second.StartsWith(ExtraWord, StringComparison.Ordinal))
        {
            extra = Decode(lines.Dequeue()[ExtraWord.Length..]) ?? throw Malformed();
        }

        if (!lines.TryDequeue(out var index)
            || !index.StartsWith(IndexWord, StringComparison.Ordinal)
            || !long.TryParse(index.AsSpan(IndexWord.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || lines.Count > MaxHashes)
        {
            throw Malformed();
        }

        var proof = new LogProof(
            number,
            [.. lines.Select(line => Decode(line) is { Length: Merkle.Size } hash ? new Bytes32(hash) : throw Malformed())],
            SignedNote.Parse(bytes[(split + 2)..]),
            // A plain null would become an empty memory.
            extra is null ? default(ReadOnlyMemory<byte>?) : extra);
        return proof.ToBytes().AsSpan().SequenceEqual(bytes) ? proof : throw Malformed();
    }

    private static byte[]? Decode(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : null;
    }

    private static ControlException Malformed() => new("proof-format", ExitCode.Mismatch, "A proof is not of the form c2sp.org/tlog-proof@v1.");
}
