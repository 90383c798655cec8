using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AgiJobs.Ethereum.Files;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Ethereum.Keys;

/// <summary>
/// A private key encrypted with a password, in the format that geth, Clef, cast and wallets share. Holds no secret. Reads scrypt and
/// pbkdf2-hmac-sha256 files; writes scrypt. Source: Web3 Secret Storage Definition, version 3.
/// </summary>
/// <remarks>The password is used as UTF-8 without normalisation, as geth does.</remarks>
public sealed class Keystore
{
    /// <summary>The usual cost of new files: 256 MiB and most of a second.</summary>
    public const int StandardScryptN = 262_144;

    /// <summary>The longest file that is read, in bytes; usual ones have about 500.</summary>
    public const int MaxFileSize = 64 * 1024;

    private const int ScryptR = 8;
    private const int ScryptP = 1;
    private const int BlockSize = 16;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly KeyDerivation _derivation;
    private readonly byte[] _initialCounter;
    private readonly byte[] _cipherText;
    private readonly byte[] _mac;
    private readonly string? _id;

    private Keystore(Address? address, KeyDerivation derivation, byte[] initialCounter, byte[] cipherText, byte[] mac, string? id)
    {
        Address = address;
        _derivation = derivation;
        _initialCounter = initialCounter;
        _cipherText = cipherText;
        _mac = mac;
        _id = id;
    }

    /// <summary>The account that the file names; null when it names none. Only <see cref="Unlock"/> proves it.</summary>
    public Address? Address { get; }

    /// <summary>Reads a file. Both <c>crypto</c> and <c>Crypto</c> are understood; other members than the format's are ignored.</summary>
    /// <exception cref="EthereumException">
    /// <c>keystore-file</c> when it cannot be read, <c>keystore-size</c>, <c>keystore-format</c>, <c>keystore-version</c>,
    /// <c>keystore-cost</c>.
    /// </exception>
    public static Keystore Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var buffer = new byte[MaxFileSize + 1];
        try
        {
            using var file = File.OpenRead(path);
            return Parse(buffer.AsSpan(0, file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new EthereumException("keystore-file", Fault.BadInput, $"The keystore file '{path}' cannot be read: "
                + $"{error.Message}", error);
        }
    }

    /// <summary>Reads the JSON of a file, in UTF-8.</summary>
    /// <exception cref="EthereumException">
    /// <c>keystore-size</c>, <c>keystore-format</c>, <c>keystore-version</c> or <c>keystore-cost</c>.
    /// </exception>
    public static Keystore Parse(ReadOnlySpan<byte> json)
    {
        if (json.Length > MaxFileSize)
        {
            throw EthereumException.BadInput("keystore-size", $"A keystore file has at most {MaxFileSize} bytes; this is another file.");
        }

        try
        {
            using var document = JsonDocument.Parse(json.ToArray(), new JsonDocumentOptions { MaxDepth = 16 });
            return Read(document.RootElement);
        }
        catch (JsonException error)
        {
            throw BadFormat($"it is not JSON (line {error.LineNumber + 1})", error);
        }
        catch (InvalidOperationException error)
        {
            throw BadFormat("it has text that is not Unicode", error);
        }
    }

    /// <summary>Encrypts the key of a signer. Takes most of a second at the standard cost.</summary>
    /// <param name="signer">Whose key is stored; stays as it is.</param>
    /// <param name="password">Not empty.</param>
    /// <param name="random">The source of salt, counter and id, such as <see cref="RandomNumberGenerator.Create()"/>.</param>
    /// <param name="scryptN">The cost, a power of two; lower ones are for tests.</param>
    /// <exception cref="EthereumException"><c>keystore-password-empty</c>, <c>keystore-cost</c>, <c>openssl-missing</c>.</exception>
    public static Keystore Create(
        LocalSigner signer, ReadOnlySpan<char> password, RandomNumberGenerator random, int scryptN = StandardScryptN)
    {
        ArgumentNullException.ThrowIfNull(signer);
        ArgumentNullException.ThrowIfNull(random);
        if (password.IsEmpty)
        {
            throw EthereumException.BadInput("keystore-password-empty", "A keystore file needs a password: with an empty one, whoever "
                + "reads the file owns the account.");
        }

        var salt = Draw(random, KeyDerivation.KeySize);
        var counter = Draw(random, BlockSize);
        var id = Draw(random, 16);
        id[6] = (byte)((id[6] & 0x0f) | 0x40);
        id[8] = (byte)((id[8] & 0x3f) | 0x80);
        var derivation = new KeyDerivation.Scrypt(salt, scryptN, ScryptR, ScryptP);

        Span<byte> derived = stackalloc byte[KeyDerivation.KeySize];
        Span<byte> content = stackalloc byte[Secp256k1.PrivateKeySize];
        try
        {
            Stretch(derivation, password, derived);
            signer.CopyKeyTo(content);
            Crypt(derived[..BlockSize], counter, content);
            var cipherText = content.ToArray();
            var mac = Mac(derived, cipherText);
            return new Keystore(signer.Address, derivation, counter, cipherText, mac, new Guid(id, bigEndian: true).ToString("D"));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(derived);
            CryptographicOperations.ZeroMemory(content);
        }
    }

    /// <summary>Decrypts the key. Takes as long as the file's cost says, at most some seconds.</summary>
    /// <exception cref="EthereumException">
    /// <c>keystore-password</c> when the password is not the file's; <c>keystore-address</c> (<see cref="Fault.Mismatch"/>) when the key is
    /// not that of the address that the file names; <c>private-key</c> when the file holds no key; <c>openssl-missing</c>.
    /// </exception>
    public LocalSigner Unlock(ReadOnlySpan<char> password)
    {
        Span<byte> derived = stackalloc byte[KeyDerivation.KeySize];
        Span<byte> content = stackalloc byte[Secp256k1.PrivateKeySize];
        try
        {
            Stretch(_derivation, password, derived);
            if (!CryptographicOperations.FixedTimeEquals(Mac(derived, _cipherText), _mac))
            {
                throw EthereumException.BadInput("keystore-password", "The password is not the one of this keystore file (or the file was "
                    + "damaged). Type it again.");
            }

            _cipherText.CopyTo(content);
            Crypt(derived[..BlockSize], _initialCounter, content);
            var signer = new LocalSigner(content);
            if (Address is { } address && signer.Address != address)
            {
                signer.Dispose();
                throw new EthereumException(
                    "keystore-address", Fault.Mismatch, $"The keystore file says that it holds {address}, but its key is that of "
                        + $"{signer.Address}: the file was altered. Do not use it.");
            }

            return signer;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(derived);
            CryptographicOperations.ZeroMemory(content);
        }
    }

    /// <summary>
    /// Writes a new file that its owner alone can read (mode 0600), whole or not at all: a temporary file is written, flushed to the
    /// disk and then given the name.
    /// </summary>
    /// <exception cref="EthereumException">
    /// <c>keystore-exists</c> (<see cref="Fault.Refused"/>) when there is a file of that name, which stays; <c>keystore-file</c> when it
    /// cannot be written, and then nothing is left behind.
    /// </exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var target = Path.GetFullPath(path);
        var temporary = $"{target}.{Path.GetRandomFileName()}.tmp";
        if (Path.Exists(target))
        {
            throw Exists(target);
        }

        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using (var file = new FileStream(temporary, options))
            {
                file.Write(ToJson());
                file.Flush(flushToDisk: true);
            }

            // Without overwriting, the name is taken by a hard link, so of two writers one gets it and the other an error.
            File.Move(temporary, target, overwrite: false);
            DirectorySync.Flush(Path.GetDirectoryName(target)!);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw File.Exists(target) && error is IOException
                ? Exists(target)
                : new EthereumException("keystore-file", Fault.Failed, $"The keystore file '{target}' could not be written: "
                    + $"{error.Message}", error);
        }
        finally
        {
            if (File.Exists(temporary))
            {
                File.Delete(temporary);
            }
        }
    }

    /// <summary>The file's content: JSON in UTF-8, members in the order that geth writes.</summary>
    public byte[] ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>(640);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (Address is { } address)
            {
                json.WriteString("address", Convert.ToHexStringLower(address.ToBytes()));
            }

            json.WriteStartObject("crypto");
            json.WriteString("cipher", "aes-128-ctr");
            json.WriteString("ciphertext", Convert.ToHexStringLower(_cipherText));
            json.WriteStartObject("cipherparams");
            json.WriteString("iv", Convert.ToHexStringLower(_initialCounter));
            json.WriteEndObject();
            WriteDerivation(json);
            json.WriteString("mac", Convert.ToHexStringLower(_mac));
            json.WriteEndObject();
            if (_id is not null)
            {
                json.WriteString("id", _id);
            }

            json.WriteNumber("version", 3);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The address that the file names.</summary>
    public override string ToString() => Address?.ToString() ?? "a keystore file that names no address";

    private void WriteDerivation(Utf8JsonWriter json)
    {
        switch (_derivation)
        {
            case KeyDerivation.Scrypt scrypt:
                json.WriteString("kdf", "scrypt");
                json.WriteStartObject("kdfparams");
                json.WriteNumber("dklen", KeyDerivation.KeySize);
                json.WriteNumber("n", scrypt.N);
                json.WriteNumber("p", scrypt.P);
                json.WriteNumber("r", scrypt.R);
                break;
            case KeyDerivation.Pbkdf2 pbkdf2:
                json.WriteString("kdf", "pbkdf2");
                json.WriteStartObject("kdfparams");
                json.WriteNumber("c", pbkdf2.Iterations);
                json.WriteNumber("dklen", KeyDerivation.KeySize);
                json.WriteString("prf", "hmac-sha256");
                break;
        }

        json.WriteString("salt", Convert.ToHexStringLower(_derivation.Salt));
        json.WriteEndObject();
    }

    private static EthereumException Exists(string path) => new(
        "keystore-exists", Fault.Refused, $"'{path}' exists already and may hold the only copy of a key, so it is never overwritten. "
            + "Choose another name.");

    private static byte[] Draw(RandomNumberGenerator random, int length)
    {
        var bytes = new byte[length];
        random.GetBytes(bytes);
        return bytes;
    }

    private static void Stretch(KeyDerivation derivation, ReadOnlySpan<char> password, Span<byte> derived)
    {
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(password.Length)];
        try
        {
            var length = StrictUtf8.GetBytes(password, bytes);
            derivation.Derive(bytes.AsSpan(0, length), derived);
        }
        catch (EncoderFallbackException)
        {
            throw EthereumException.BadInput("keystore-password-characters", "The password holds half of a Unicode character: it was "
                + "damaged on its way here. Type it again.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static byte[] Mac(ReadOnlySpan<byte> derived, ReadOnlySpan<byte> cipherText)
    {
        Span<byte> input = stackalloc byte[BlockSize + cipherText.Length];
        derived[BlockSize..].CopyTo(input);
        cipherText.CopyTo(input[BlockSize..]);
        var mac = Keccak256.Hash(input).ToBytes();
        CryptographicOperations.ZeroMemory(input);
        return mac;
    }

    // AES-128 in counter mode, in place: the base library has the block cipher only. Encryption and decryption are the same.
    private static void Crypt(ReadOnlySpan<byte> key, ReadOnlySpan<byte> initialCounter, Span<byte> content)
    {
        using var aes = Aes.Create();
        aes.SetKey(key);
        Span<byte> counter = stackalloc byte[BlockSize];
        Span<byte> stream = stackalloc byte[BlockSize];
        var block = BinaryPrimitives.ReadUInt128BigEndian(initialCounter);
        for (; !content.IsEmpty; content = content[BlockSize..], block++)
        {
            BinaryPrimitives.WriteUInt128BigEndian(counter, block);
            aes.EncryptEcb(counter, stream, PaddingMode.None);
            for (var i = 0; i < BlockSize; i++)
            {
                content[i] ^= stream[i];
            }
        }

        CryptographicOperations.ZeroMemory(stream);
    }

    private static Keystore Read(JsonElement root)
    {
        var version = Member(root, "version", JsonValueKind.Number);
        if (!version.TryGetInt32(out var number) || number != 3)
        {
            throw EthereumException.BadInput("keystore-version", $"The keystore file has version {Hex.Shorten(version.GetRawText())}; "
                + "only version 3 is read. Import the key again with a current wallet.");
        }

        var crypto = Member(root, "crypto", JsonValueKind.Object);
        if (Text(crypto, "cipher") is var cipher && cipher != "aes-128-ctr")
        {
            throw BadFormat($"its cipher is '{Hex.Shorten(cipher)}'; only aes-128-ctr is in use");
        }

        return new Keystore(
            ReadAddress(root),
            ReadDerivation(crypto),
            Bytes(Member(crypto, "cipherparams", JsonValueKind.Object), "iv", BlockSize),
            Bytes(crypto, "ciphertext", Secp256k1.PrivateKeySize),
            Bytes(crypto, "mac", 32),
            Find(root, "id") is { ValueKind: JsonValueKind.String } id ? id.GetString() : null);
    }

    private static KeyDerivation ReadDerivation(JsonElement crypto)
    {
        var kind = Text(crypto, "kdf");
        var parameters = Member(crypto, "kdfparams", JsonValueKind.Object);
        if (kind is not ("scrypt" or "pbkdf2"))
        {
            throw BadFormat($"its key derivation is '{Hex.Shorten(kind)}'; only scrypt and pbkdf2 are in use");
        }

        var salt = Bytes(parameters, "salt", null);
        if (Number(parameters, "dklen") is var length && length != KeyDerivation.KeySize)
        {
            throw BadFormat($"its derived key has {length} bytes (dklen); it must have {KeyDerivation.KeySize}");
        }

        if (kind == "scrypt")
        {
            return new KeyDerivation.Scrypt(salt, Number(parameters, "n"), Number(parameters, "r"), Number(parameters, "p"));
        }

        return Text(parameters, "prf") is var prf && prf != "hmac-sha256"
            ? throw BadFormat($"its pbkdf2 function is '{Hex.Shorten(prf)}'; only hmac-sha256 is in use")
            : new KeyDerivation.Pbkdf2(salt, Number(parameters, "c"));
    }

    // Some wallets leave the address out, or empty, for privacy.
    private static Address? ReadAddress(JsonElement root)
    {
        if (Find(root, "address") is not { ValueKind: not JsonValueKind.Null } member
            || (member.ValueKind == JsonValueKind.String && member.GetString() is ""))
        {
            return null;
        }

        return new Address(Bytes(root, "address", Ethereum.Address.Size));
    }

    private static byte[] Bytes(JsonElement parent, string name, int? length)
    {
        var text = Text(parent, name);
        if (!Hex.TryDecode(text.StartsWith("0x", StringComparison.Ordinal) ? text : "0x" + text, out var bytes)
            || bytes.Length != (length ?? bytes.Length))
        {
            throw BadFormat($"its {name} is not {(length is { } count ? $"{count} bytes in hex" : "hex")}");
        }

        return bytes;
    }

    private static string Text(JsonElement parent, string name) => Member(parent, name, JsonValueKind.String).GetString()!;

    private static int Number(JsonElement parent, string name) => Member(parent, name, JsonValueKind.Number).TryGetInt32(out var number)
        ? number
        : throw BadFormat($"its {name} is not a whole number below 2^31");

    private static JsonElement Member(JsonElement parent, string name, JsonValueKind kind) => Find(parent, name) is not { } member
        ? throw BadFormat($"it has no {name}")
        : member.ValueKind == kind ? member : throw BadFormat($"its {name} is of kind {member.ValueKind}; it must be of kind {kind}");

    // Members are written in both letter cases; one that is there twice could be read in two ways.
    private static JsonElement? Find(JsonElement parent, string name)
    {
        if (parent.ValueKind != JsonValueKind.Object)
        {
            throw BadFormat("it is not a JSON object");
        }

        JsonElement? found = null;
        foreach (var member in parent.EnumerateObject())
        {
            if (string.Equals(member.Name, name, StringComparison.OrdinalIgnoreCase))
            {
                found = found is null ? member.Value : throw BadFormat($"it has {name} twice");
            }
        }

        return found;
    }

    private static EthereumException BadFormat(string why, Exception? inner = null) =>
        EthereumException.BadInput("keystore-format", $"This is not a keystore file of version 3: {why}.", inner);
}
