using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AgiJobs.Ethereum.Keys;

namespace AgiJobs.Control.Evidence.Log;

/// <summary>
/// The public key of a log, with the name that its notes bear: <c>name+keyid+base64(0x01 ‖ key)</c>. Source: C2SP signed-note, Ed25519 (type 0x01).
/// </summary>
public sealed class VerifierKey
{
    private const byte Ed25519Type = 0x01;

    /// <summary>A key by its name and its 32 bytes.</summary>
    public VerifierKey(string name, ReadOnlySpan<byte> publicKey)
    {
        Name = name;
        PublicKey = publicKey.ToArray();
        KeyId = BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData([.. Encoding.UTF8.GetBytes(name), (byte)'\n', Ed25519Type, .. publicKey]));
    }

    /// <summary>The name that stands in the signature lines; for a log its origin.</summary>
    public string Name { get; }

    /// <summary>The first four bytes of the key's hash, which tell keys of one name apart.</summary>
    public uint KeyId { get; }

    /// <summary>The Ed25519 public key.</summary>
    public ReadOnlyMemory<byte> PublicKey { get; }

    /// <summary>Reads a verifier key.</summary>
    /// <exception cref="ControlException"><c>verifier-key</c> (exit 6) when it is none or its id is not that of its key.</exception>
    public static VerifierKey Parse(string text)
    {
        // The name may hold no plus sign, base64 may.
        var parts = text.TrimEnd('\n').Split('+', 3);
        var bytes = new byte[1 + Ed25519.PublicKeySize];
        if (parts.Length == 3
            && SignedNote.IsName(parts[0])
            && Convert.TryFromBase64String(parts[2], bytes, out var written)
            && written == bytes.Length
            && bytes[0] == Ed25519Type
            && new VerifierKey(parts[0], bytes.AsSpan(1)) is var key
            && string.Equals(key.ToString(), text.TrimEnd('\n'), StringComparison.Ordinal))
        {
            return key;
        }

        throw new ControlException("verifier-key", ExitCode.Mismatch, "A verifier key is not one: it must be NAME+KEYID+KEY with an Ed25519 key, and the id must be that of name and key.", "Restore it from git, a backup or a bundle.");
    }

    /// <summary>The text form.</summary>
    public override string ToString() => $"{Name}+{KeyId.ToString("x8", CultureInfo.InvariantCulture)}+{Convert.ToBase64String([Ed25519Type, .. PublicKey.Span])}";

    /// <summary>True when a note bears a good signature of this key, and no bad one.</summary>
    public bool HasSigned(SignedNote note)
    {
        var own = note.Signatures.Where(signature => signature.KeyId == KeyId && string.Equals(signature.Name, Name, StringComparison.Ordinal)).ToList();
        return own.Count > 0 && own.TrueForAll(signature => Ed25519.Verify(Encoding.UTF8.GetBytes(note.Text), signature.Bytes.Span, PublicKey.Span));
    }

    /// <summary>Signs a text with the private key of this one.</summary>
    internal SignedNote Sign(string text, ReadOnlySpan<byte> seed) => new(text, [new NoteSignature(Name, KeyId, Ed25519.Sign(Encoding.UTF8.GetBytes(text), seed))]);
}
