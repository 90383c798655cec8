using System.Buffers.Text;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;

namespace AgiJobs.Control.Signing;

/// <summary>
/// Bytes as texts that each fit into one QR code: <c>agijobs:sign/1:INDEX/TOTAL:CHECKSUM:DATA</c>. DATA is a part of the base64url (without padding) of the content, compressed by raw deflate; CHECKSUM is the first 8
/// bytes of the SHA-256 of the compressed content as hex and the same in all frames of a set. Frames may be read in any order, and twice.
/// </summary>
public static class SigningFrames
{
    /// <summary>What each frame begins with.</summary>
    public const string Header = "agijobs:sign/1:";

    // With the header a code of version 13, which a terminal of 80 columns shows.
    private const int DataLength = 270;
    private const int MaxTotal = 999;
    private const int MaxContent = 1 << 20;

    /// <summary>The frames of a content, in order.</summary>
    /// <exception cref="ControlException"><c>frame-too-large</c> (exit 2).</exception>
    public static IReadOnlyList<string> Write(ReadOnlySpan<byte> content)
    {
        using var buffer = new MemoryStream();
        using (var deflate = new DeflateStream(buffer, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            deflate.Write(content);
        }

        var compressed = buffer.ToArray();
        var checksum = Checksum(compressed);
        var data = Base64Url.EncodeToString(compressed);
        var total = (data.Length + DataLength - 1) / DataLength;
        return content.Length <= MaxContent && total <= MaxTotal
            ? [.. Enumerable.Range(0, total).Select(i => string.Create(CultureInfo.InvariantCulture, $"{Header}{i + 1}/{total}:{checksum}:{data.AsSpan(i * DataLength, Math.Min(DataLength, data.Length - (i * DataLength)))}"))]
            : throw new ControlException("frame-too-large", ExitCode.BadInput, $"{content.Length} bytes do not fit into {MaxTotal} QR codes.", "Carry the file over by another medium: --export FILE.");
    }

    /// <summary>True when a text begins as a frame does.</summary>
    public static bool IsFrames(string text) => text.TrimStart().StartsWith(Header, StringComparison.Ordinal);

    /// <summary>The content of frames that are separated by blanks or line ends.</summary>
    /// <exception cref="ControlException">
    /// <c>frame-format</c>, <c>frame-mixed</c> when they are of several sets, <c>frame-missing</c> with the numbers (exit 2); <c>frame-checksum</c> (exit 6) when a part was altered.
    /// </exception>
    public static byte[] Read(string text)
    {
        var parts = new SortedDictionary<int, string>();
        (int Total, string Checksum)? set = null;
        foreach (var token in text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            var pieces = token.Split(':');
            if (!token.StartsWith(Header, StringComparison.Ordinal) || pieces.Length != 5 || pieces[2].Split('/') is not [var first, var second]
                || !int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var index) || !int.TryParse(second, NumberStyles.None, CultureInfo.InvariantCulture, out var total)
                || total is < 1 or > MaxTotal || index < 1 || index > total || pieces[4].Length == 0)
            {
                throw new ControlException("frame-format", ExitCode.BadInput, $"'{(token.Length > 40 ? token[..40] + "..." : token)}' is no frame: {Header}INDEX/TOTAL:CHECKSUM:DATA was expected.", "Scan that code again, whole.");
            }

            set ??= (total, pieces[3]);
            if (set != (total, pieces[3]) || (parts.TryGetValue(index, out var known) && !string.Equals(known, pieces[4], StringComparison.Ordinal)))
            {
                throw new ControlException("frame-mixed", ExitCode.BadInput, "These frames are of several sets.", "Scan the codes of one request or answer only.");
            }

            parts[index] = pieces[4];
        }

        if (set is not { } whole)
        {
            throw new ControlException("frame-format", ExitCode.BadInput, "There is no frame in this text.", $"Give what the scanner read; it begins with {Header}");
        }

        if (parts.Count < whole.Total)
        {
            throw new ControlException("frame-missing", ExitCode.BadInput, $"Of {whole.Total} codes these are missing: {string.Join(", ", Enumerable.Range(1, whole.Total).Where(index => !parts.ContainsKey(index)))}.", "Scan them too, and give all texts together.");
        }

        try
        {
            var compressed = Base64Url.DecodeFromChars(string.Concat(parts.Values));
            return string.Equals(Checksum(compressed), whole.Checksum, StringComparison.Ordinal) ? Inflate(compressed) : throw Altered(null);
        }
        catch (Exception problem) when (problem is FormatException or InvalidDataException)
        {
            throw Altered(problem);
        }

        static ControlException Altered(Exception? inner) => new("frame-checksum", ExitCode.Mismatch, "The codes do not add up to their checksum: one was misread or altered. Nothing of it is used.", "Scan them again.", inner);
    }

    private static byte[] Inflate(byte[] compressed)
    {
        using var inflate = new DeflateStream(new MemoryStream(compressed), CompressionMode.Decompress);
        using var content = new MemoryStream();
        var buffer = new byte[8192];
        for (var count = inflate.Read(buffer); count > 0; count = inflate.Read(buffer))
        {
            content.Write(buffer, 0, count);
            if (content.Length > MaxContent)
            {
                throw new ControlException("frame-too-large", ExitCode.BadInput, $"What these codes hold is larger than {MaxContent} bytes.", "Nothing of this program is; do not use it.");
            }
        }

        return content.ToArray();
    }

    private static string Checksum(byte[] compressed) => Convert.ToHexStringLower(SHA256.HashData(compressed).AsSpan(0, 8));
}
