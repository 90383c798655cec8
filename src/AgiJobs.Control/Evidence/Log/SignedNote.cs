using System.Buffers.Binary;
using System.Text;

namespace AgiJobs.Control.Evidence.Log;

/// <summary>One signature line of a note.</summary>
/// <param name="Name">The key's name.</param>
/// <param name="KeyId">The key's id.</param>
/// <param name="Bytes">What the signature's type makes of the text.</param>
public sealed record NoteSignature(string Name, uint KeyId, ReadOnlyMemory<byte> Bytes);

/// <summary>A text with signatures below it. Says nothing of whether they are good. Source: C2SP signed-note.</summary>
/// <param name="Text">The text, which ends with a line feed.</param>
/// <param name="Signatures">The signatures, in order; at least one.</param>
public sealed record SignedNote(string Text, IReadOnlyList<NoteSignature> Signatures)
{
    private const int MaxSize = 1 << 20;
    private const string Mark = "— ";
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>Reads a note.</summary>
    /// <exception cref="ControlException"><c>note-format</c> (exit 6).</exception>
    public static SignedNote Parse(ReadOnlySpan<byte> bytes)
    {
        string all;
        try
        {
            all = bytes.Length <= MaxSize ? Strict.GetString(bytes) : throw Malformed("it is larger than a note may be");
        }
        catch (DecoderFallbackException problem)
        {
            throw Malformed("it is not UTF-8", problem);
        }

        if (all.Any(c => c < ' ' && c != '\n'))
        {
            throw Malformed("it holds control characters");
        }

        var split = all.LastIndexOf("\n\n", StringComparison.Ordinal);
        if (split < 0 || !all.EndsWith('\n'))
        {
            throw Malformed("it has no signatures");
        }

        var lines = all[(split + 2)..^(all.Length > split + 2 ? 1 : 0)].Split('\n');
        return new SignedNote(all[..(split + 1)], [.. lines.Select(Line)]);
    }

    /// <summary>True for what may be a key's name: no space, no plus sign, not empty.</summary>
    public static bool IsName(string name) => name.Length is > 0 and <= 512 && !name.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || c == '+');

    /// <summary>The note as it is written.</summary>
    public byte[] ToBytes()
    {
        var text = new StringBuilder(Text).Append('\n');
        foreach (var signature in Signatures)
        {
            var payload = new byte[sizeof(uint) + signature.Bytes.Length];
            BinaryPrimitives.WriteUInt32BigEndian(payload, signature.KeyId);
            signature.Bytes.CopyTo(payload.AsMemory(sizeof(uint)));
            text.Append(Mark).Append(signature.Name).Append(' ').Append(Convert.ToBase64String(payload)).Append('\n');
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static NoteSignature Line(string line)
    {
        var parts = line.StartsWith(Mark, StringComparison.Ordinal) ? line[Mark.Length..].Split(' ') : [];
        var payload = new byte[parts.Length == 2 ? parts[1].Length : 0];
        return parts.Length == 2
            && IsName(parts[0])
            && Convert.TryFromBase64String(parts[1], payload, out var length)
            && length > sizeof(uint)
            // One spelling only: base64 leaves bits over that a lenient reader ignores.
            && string.Equals(Convert.ToBase64String(payload.AsSpan(0, length)), parts[1], StringComparison.Ordinal)
            ? new NoteSignature(parts[0], BinaryPrimitives.ReadUInt32BigEndian(payload), payload.AsMemory(sizeof(uint), length - sizeof(uint)))
            : throw Malformed("a signature line is not '— NAME BASE64'");
    }

    private static ControlException Malformed(string why, Exception? inner = null) =>
        new("note-format", ExitCode.Mismatch, $"A signed note (checkpoint) cannot be read: {why}.", "Restore it from git, a backup or a bundle.", inner);
}
