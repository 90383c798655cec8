using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace AgiJobs.Control.Sealing;

/// <summary>
/// Encrypts this program's own secrets at rest: AES-256-GCM under a key that HKDF-SHA-256 derives for each purpose from one 32-byte seal key. What is
/// sealed is bound to its purpose and name, so that sealed files cannot be put in each other's place. The seal key is fetched on first use, and made then when there is none.
/// Safe for use by several threads.
/// </summary>
public sealed class Seal : IDisposable
{
    private const int KeySize = 32;
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private const int MarkSize = 8;
    private const string KeyFile = "seal.key";

    // Magic, mark of the seal key, mark of purpose and name, length of the plaintext, nonce; then the tag and the ciphertext. All of the header is authenticated.
    private const int HeaderSize = 4 + MarkSize + MarkSize + sizeof(int) + NonceSize;

    private readonly Lock _lock = new();
    private readonly SealKeySource _source;
    private readonly Action<Span<byte>> _random;
    private byte[]? _key;

    /// <summary>A seal whose key is not fetched yet.</summary>
    /// <param name="user">The user's configuration folder.</param>
    /// <param name="source">Where the key comes from.</param>
    /// <param name="random">Fills with random bytes; by default the system's cryptographic source.</param>
    public Seal(UserFolder user, SealKeySource? source = null, Action<Span<byte>>? random = null)
    {
        User = user;
        _source = source ?? new SealKeySource();
        _random = random ?? RandomNumberGenerator.Fill;
    }

    private static ReadOnlySpan<byte> Magic => "AJS1"u8;

    /// <summary>The user's configuration folder.</summary>
    public UserFolder User { get; }

    /// <summary>Where the seal key comes from; nothing of the key.</summary>
    public string KeyPlace => _source.ToString();

    /// <summary>Seals a secret.</summary>
    /// <param name="purpose">What it is for; each purpose has a key of its own.</param>
    /// <param name="name">Which one it is: its file's name.</param>
    /// <param name="plaintext">The secret; the caller zeroes it.</param>
    /// <exception cref="ControlException">Those of fetching the seal key: <c>seal-key-format</c>, <c>seal-key-missing</c>, <c>user-folder-open</c>, <c>file-write</c>.</exception>
    public byte[] Apply(string purpose, string name, ReadOnlySpan<byte> plaintext)
    {
        var sealedBytes = new byte[HeaderSize + TagSize + plaintext.Length];
        var header = sealedBytes.AsSpan(0, HeaderSize);
        Magic.CopyTo(header);
        MarkOfKey().CopyTo(header[4..]);
        MarkOf(purpose, name).CopyTo(header[(4 + MarkSize)..]);
        BinaryPrimitives.WriteInt32BigEndian(header[(4 + (2 * MarkSize))..], plaintext.Length);
        _random(header[^NonceSize..]);
        using var cipher = Cipher(purpose);
        cipher.Encrypt(header[^NonceSize..], plaintext, sealedBytes.AsSpan(HeaderSize + TagSize), sealedBytes.AsSpan(HeaderSize, TagSize), Associated(header, purpose, name));
        return sealedBytes;
    }

    /// <summary>Opens what <see cref="Apply"/> made for the same purpose and name. The caller zeroes the answer when it is a key.</summary>
    /// <exception cref="ControlException">
    /// <c>seal-format</c> when it was never sealed; <c>seal-other-key</c> (exit 4) when another seal key did it; <c>seal-cut</c>, <c>seal-swapped</c> and <c>seal-tampered</c> (exit 6)
    /// when the file was cut, belongs in another's place, or was altered; and those of fetching the seal key.
    /// </exception>
    public byte[] Open(string purpose, string name, ReadOnlySpan<byte> sealedBytes)
    {
        if (!sealedBytes.StartsWith(Magic))
        {
            throw sealedBytes.Length < Magic.Length && Magic.StartsWith(sealedBytes)
                ? Cut(name)
                : new ControlException("seal-format", ExitCode.BadInput, $"'{name}' is no sealed file.", "Restore it from a backup of the configuration folder.");
        }

        if (sealedBytes.Length < HeaderSize + TagSize)
        {
            throw Cut(name);
        }

        var header = sealedBytes[..HeaderSize];
        if (!header.Slice(4, MarkSize).SequenceEqual(MarkOfKey()))
        {
            throw new ControlException("seal-other-key", ExitCode.Refused, $"'{name}' was sealed with another key than that of {_source}.", "Give the key that sealed it, in AGIJOBS_SEAL_KEY, AGIJOBS_SEAL_KEY_FILE or seal.key.");
        }

        if (!header.Slice(4 + MarkSize, MarkSize).SequenceEqual(MarkOf(purpose, name)))
        {
            throw new ControlException("seal-swapped", ExitCode.Mismatch, $"'{name}' holds what was sealed under another name or for another purpose: files were swapped or renamed.", "Restore it from a backup of the configuration folder.");
        }

        var length = BinaryPrimitives.ReadInt32BigEndian(header[(4 + (2 * MarkSize))..]);
        var body = sealedBytes[(HeaderSize + TagSize)..];
        if (body.Length < length)
        {
            throw Cut(name);
        }

        var plaintext = new byte[body.Length];
        try
        {
            using var cipher = Cipher(purpose);
            cipher.Decrypt(header[^NonceSize..], body, sealedBytes.Slice(HeaderSize, TagSize), plaintext, Associated(header, purpose, name));
            return plaintext;
        }
        catch (AuthenticationTagMismatchException problem)
        {
            throw new ControlException("seal-tampered", ExitCode.Mismatch, $"'{name}' was altered after it was sealed.", "Restore it from a backup of the configuration folder.", problem);
        }
    }

    /// <summary>The sealed files of a folder in the user's configuration folder, all for one purpose.</summary>
    /// <param name="purpose">What they are for.</param>
    /// <param name="folder">The folder, part by part.</param>
    public SealedFolder Folder(string purpose, params ReadOnlySpan<string> folder) => new(this, purpose, folder.ToArray());

    /// <summary>Zeroes the key.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            CryptographicOperations.ZeroMemory(_key);
            _key = null;
        }
    }

    private static ControlException Cut(string name) =>
        new("seal-cut", ExitCode.Mismatch, $"'{name}' is cut off: the end of the sealed file is missing.", "Restore it from a backup of the configuration folder.");

    private static byte[] Associated(ReadOnlySpan<byte> header, string purpose, string name) =>
        [.. header, .. Encoding.UTF8.GetBytes(purpose), 0, .. Encoding.UTF8.GetBytes(name)];

    private static byte[] MarkOf(string purpose, string name) =>
        SHA256.HashData([.. "agijobs seal name\0"u8, .. Encoding.UTF8.GetBytes(purpose), 0, .. Encoding.UTF8.GetBytes(name)])[..MarkSize];

    private byte[] MarkOfKey()
    {
        var mark = new byte[MarkSize];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, Key(), mark, "agijobs seal v1"u8, "mark of the key"u8);
        return mark;
    }

    private AesGcm Cipher(string purpose)
    {
        Span<byte> key = stackalloc byte[KeySize];
        try
        {
            HKDF.DeriveKey(HashAlgorithmName.SHA256, Key(), key, "agijobs seal v1"u8, Encoding.UTF8.GetBytes("purpose " + purpose));
            return new AesGcm(key, TagSize);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private byte[] Key()
    {
        lock (_lock)
        {
            return _key ??= Fetch();
        }
    }

    private byte[] Fetch()
    {
        if (_source.Key is { Length: > 0 } text)
        {
            return Decode(text, "AGIJOBS_SEAL_KEY");
        }

        if (_source.File is { Length: > 0 } path)
        {
            try
            {
                UserFolder.RequireOwn(path, isFolder: false);
                return Decode(File.ReadAllText(path), path);
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                throw new ControlException("seal-key-missing", ExitCode.BadInput, $"The seal key file {path}, which AGIJOBS_SEAL_KEY_FILE names, could not be read: {problem.Message}", "Correct AGIJOBS_SEAL_KEY_FILE or restore the file.", problem);
            }
        }

        if (User.Read(KeyFile) is not { } content)
        {
            Span<byte> made = stackalloc byte[KeySize];
            _random(made);
            // Of two processes that make it at once, one wins and both use that key.
            _ = User.TryCreate(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(made) + "\n"), KeyFile);
            CryptographicOperations.ZeroMemory(made);
            content = User.Read(KeyFile) ?? throw new ControlException("seal-key-missing", ExitCode.Failed, $"{User.Locate(KeyFile)} vanished as soon as it was made.");
        }

        var key = Decode(Encoding.ASCII.GetString(content), User.Locate(KeyFile));
        CryptographicOperations.ZeroMemory(content);
        return key;
    }

    // Pinned, so that the collector leaves no copies of it behind.
    private static byte[] Decode(string text, string place)
    {
        var key = GC.AllocateUninitializedArray<byte>(KeySize, pinned: true);
        var digits = text.AsSpan().Trim();
        digits = digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? digits[2..] : digits;
        return digits.Length == 2 * KeySize && Convert.FromHexString(digits, key, out _, out _) == System.Buffers.OperationStatus.Done
            ? key
            : throw new ControlException("seal-key-format", ExitCode.BadInput, $"{place} is no seal key: it must hold 64 hex digits.", "Make one with: openssl rand -hex 32");
    }
}
