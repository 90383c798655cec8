using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace AgiJobs.Ethereum.Keys;

/// <summary>
/// A key with a chain code, from which child keys are derived; with its private half or without. The private half is kept as
/// <see cref="LocalSigner"/> keeps one. Source: BIP-32.
/// </summary>
public sealed class ExtendedKey : IDisposable
{
    /// <summary>The first hardened index: 0' of a path.</summary>
    public const uint Hardened = 0x8000_0000;

    private const uint PrivateVersion = 0x0488_ADE4;
    private const uint PublicVersion = 0x0488_B21E;
    private const int SerializedSize = 78;

    private readonly SecretMemory? _private;
    private readonly byte[] _public;
    private readonly uint _parentFingerprint;

    // Takes the private key if there is one, else the public key.
    private ExtendedKey(ReadOnlySpan<byte> key, Bytes32 chainCode, byte depth, uint index, uint parentFingerprint)
    {
        if (key.Length == Secp256k1.PrivateKeySize)
        {
            _private = SecretMemory.OfPrivateKey(key);
            _public = Secp256k1.CompressedPublicKey(key);
        }
        else
        {
            _public = key.ToArray();
        }

        ChainCode = chainCode;
        Depth = depth;
        Index = index;
        _parentFingerprint = parentFingerprint;
    }

    /// <summary>0 for the master key, one more for each derivation.</summary>
    public byte Depth { get; }

    /// <summary>The index by which it was derived, with <see cref="Hardened"/> set when it was hardened; 0 for the master key.</summary>
    public uint Index { get; }

    /// <summary>True when it can sign and derive hardened children.</summary>
    public bool HasPrivateKey => _private is not null;

    /// <summary>The compressed public key (33 bytes).</summary>
    public ReadOnlyMemory<byte> PublicKey => _public;

    /// <summary>The account of this key.</summary>
    public Address Address => Secp256k1.AddressOfPublicKey(_public);

    /// <summary>The first four bytes of HASH160 of the public key, by which children name their parent.</summary>
    public uint Fingerprint
    {
        get
        {
            Span<byte> sha = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(_public, sha);
            Span<byte> identifier = stackalloc byte[Ripemd160.Size];
            Ripemd160.Hash(sha, identifier);
            return BinaryPrimitives.ReadUInt32BigEndian(identifier);
        }
    }

    internal Bytes32 ChainCode { get; }

    internal uint ParentFingerprint => _parentFingerprint;

    /// <summary>The master key of a seed of 16 to 64 bytes.</summary>
    /// <exception cref="EthereumException"><c>seed-length</c>; <c>private-key</c> for the one seed in 2^127 that has none.</exception>
    public static ExtendedKey FromSeed(ReadOnlySpan<byte> seed)
    {
        if (seed.Length is < 16 or > 64)
        {
            throw EthereumException.BadInput("seed-length", $"A BIP-32 seed has 16 to 64 bytes, not {seed.Length}.");
        }

        Span<byte> output = stackalloc byte[HMACSHA512.HashSizeInBytes];
        try
        {
            HMACSHA512.HashData("Bitcoin seed"u8, seed, output);
            return new ExtendedKey(output[..32], new Bytes32(output[32..]), 0, 0, 0);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(output);
        }
    }

    /// <summary>Reads the text form: <c>xprv...</c> or <c>xpub...</c>.</summary>
    /// <exception cref="EthereumException">
    /// <c>extended-key-format</c>; the message never repeats the text, which may be a secret.
    /// </exception>
    public static ExtendedKey Parse(ReadOnlySpan<char> text)
    {
        Span<byte> data = stackalloc byte[SerializedSize];
        try
        {
            if (!Base58Check.TryDecode(text, data))
            {
                throw BadFormat("its length, characters or checksum are wrong");
            }

            var version = BinaryPrimitives.ReadUInt32BigEndian(data);
            var depth = data[4];
            var parent = BinaryPrimitives.ReadUInt32BigEndian(data[5..]);
            var index = BinaryPrimitives.ReadUInt32BigEndian(data[9..]);
            var key = data[45..];
            if (depth == 0 && (parent != 0 || index != 0))
            {
                throw BadFormat("a master key has neither a parent nor an index");
            }

            var isPrivate = version == PrivateVersion;
            if (!isPrivate && version != PublicVersion)
            {
                throw BadFormat("its version is neither that of xprv nor that of xpub");
            }

            if (isPrivate ? key[0] != 0 || !Secp256k1.IsPrivateKey(key[1..]) : !Secp256k1.IsPublicKey(key))
            {
                throw BadFormat("the key in it is none");
            }

            return new ExtendedKey(isPrivate ? key[1..] : key, new Bytes32(data[13..45]), depth, index, parent);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(data);
        }
    }

    /// <summary>Derives one child.</summary>
    /// <param name="index">Below <see cref="Hardened"/> for a normal child, from there on for a hardened one.</param>
    /// <exception cref="EthereumException">
    /// <c>derivation-hardened</c> for a hardened child without the private key; <c>derivation-depth</c> below 255 levels;
    /// <c>derivation-child</c> for the one index in 2^127 that has no key.
    /// </exception>
    public ExtendedKey Derive(uint index)
    {
        if (Depth == byte.MaxValue)
        {
            throw EthereumException.BadInput("derivation-depth", "This key is 255 levels below its master key; BIP-32 has no deeper ones.");
        }

        var hardened = index >= Hardened;
        if (hardened && _private is null)
        {
            throw EthereumException.BadInput(
                "derivation-hardened", $"{Step(index)} is a hardened step, which needs the private key; this key has only the public one.");
        }

        Span<byte> data = stackalloc byte[Secp256k1.CompressedKeySize + sizeof(uint)];
        Span<byte> output = stackalloc byte[HMACSHA512.HashSizeInBytes];
        Span<byte> chainCode = stackalloc byte[Bytes32.Size];
        Span<byte> child = stackalloc byte[Secp256k1.PrivateKeySize];
        try
        {
            ChainCode.CopyTo(chainCode);
            BinaryPrimitives.WriteUInt32BigEndian(data[Secp256k1.CompressedKeySize..], index);
            if (hardened)
            {
                data[0] = 0;
                Private.CopyTo(data[1..]);
            }
            else
            {
                _public.CopyTo(data);
            }

            HMACSHA512.HashData(chainCode, data, output);
            var childChainCode = new Bytes32(output[32..]);
            var depth = (byte)(Depth + 1);
            if (_private is not null)
            {
                Private.CopyTo(child);
                return Secp256k1.TryAddToPrivateKey(child, output[..32])
                    ? new ExtendedKey(child, childChainCode, depth, index, Fingerprint)
                    : throw NoChild(index);
            }

            var childKey = Secp256k1.TryAddToPublicKey(_public, output[..32]) ?? throw NoChild(index);
            return new ExtendedKey(childKey, childChainCode, depth, index, Fingerprint);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(data);
            CryptographicOperations.ZeroMemory(output);
            CryptographicOperations.ZeroMemory(child);
        }
    }

    /// <summary>
    /// Derives along a path: <c>m/44'/60'/0'/0/0</c> from the master key, or <c>0/5</c> from any key. <c>'</c> or <c>h</c> marks a
    /// hardened step.
    /// </summary>
    /// <exception cref="EthereumException"><c>derivation-path</c>, and as <see cref="Derive(uint)"/>.</exception>
    public ExtendedKey Derive(string path)
    {
        var steps = ParsePath(path, out var fromMaster);
        if (fromMaster && Depth != 0)
        {
            throw EthereumException.BadInput(
                "derivation-path", $"'{Hex.Shorten(path)}' begins at the master key, but this key is {Depth} levels below it: "
                    + "leave out 'm/'.");
        }

        var key = Copy();
        foreach (var step in steps)
        {
            using var parent = key;
            key = parent.Derive(step);
        }

        return key;
    }

    /// <summary>A signer of its own of this key.</summary>
    /// <exception cref="EthereumException"><c>extended-key-public</c> when the private key is not there.</exception>
    /// <exception cref="ObjectDisposedException">The key was zeroed.</exception>
    public LocalSigner ToSigner() => Private.Read(0, static (_, key) => new LocalSigner(key));

    /// <summary>The same key without its private half.</summary>
    public ExtendedKey ToPublic() => new(_public, ChainCode, Depth, Index, _parentFingerprint);

    /// <summary>The text form without the private key. It reveals all normal children's addresses.</summary>
    public string ToXpub() => Serialize(PublicVersion, _public);

    /// <summary>The text form with the private key. Whoever reads it owns every account below it.</summary>
    /// <exception cref="EthereumException"><c>extended-key-public</c> when the private key is not there.</exception>
    /// <exception cref="ObjectDisposedException">The key was zeroed.</exception>
    public string RevealXprv()
    {
        Span<byte> key = stackalloc byte[Secp256k1.CompressedKeySize];
        key[0] = 0;
        Private.CopyTo(key[1..]);
        var text = Serialize(PrivateVersion, key);
        CryptographicOperations.ZeroMemory(key);
        return text;
    }

    /// <summary>Zeroes the private key.</summary>
    public void Dispose() => _private?.Dispose();

    /// <summary>The fingerprint and depth only.</summary>
    public override string ToString() => $"extended key {Fingerprint:x8} at depth {Depth}";

    private SecretMemory Private => _private ?? throw EthereumException.BadInput(
        "extended-key-public", $"The {this} has only its public half; signing needs the private one (xprv).");

    private ExtendedKey Copy() => _private is null
        ? ToPublic()
        : _private.Read(this, static (self, key) => new ExtendedKey(key, self.ChainCode, self.Depth, self.Index, self._parentFingerprint));

    private string Serialize(uint version, ReadOnlySpan<byte> key)
    {
        Span<byte> data = stackalloc byte[SerializedSize];
        BinaryPrimitives.WriteUInt32BigEndian(data, version);
        data[4] = Depth;
        BinaryPrimitives.WriteUInt32BigEndian(data[5..], _parentFingerprint);
        BinaryPrimitives.WriteUInt32BigEndian(data[9..], Index);
        ChainCode.CopyTo(data[13..]);
        key.CopyTo(data[45..]);
        var text = Base58Check.Encode(data);
        CryptographicOperations.ZeroMemory(data);
        return text;
    }

    private static List<uint> ParsePath(string path, out bool fromMaster)
    {
        ArgumentNullException.ThrowIfNull(path);
        var rest = path.AsSpan();
        fromMaster = rest is "m" || rest.StartsWith("m/");
        rest = rest is "m" ? [] : fromMaster ? rest[2..] : rest;
        var steps = new List<uint>();
        if (rest.IsEmpty && path is "m" or "")
        {
            return steps;
        }

        foreach (var range in rest.Split('/'))
        {
            var step = rest[range];
            var hardened = step is [.., '\'' or 'h' or 'H'];
            var digits = hardened ? step[..^1] : step;
            if (!uint.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
                || index >= Hardened
                || steps.Count == byte.MaxValue)
            {
                throw EthereumException.BadInput(
                    "derivation-path", $"'{Hex.Shorten(path)}' is not a derivation path: write numbers below 2^31, ' after hardened ones, "
                        + "as in m/44'/60'/0'/0/0.");
            }

            steps.Add(hardened ? index + Hardened : index);
        }

        return steps;
    }

    private static string Step(uint index) => index >= Hardened ? $"{index - Hardened}'" : $"{index}";

    private static EthereumException NoChild(uint index) =>
        EthereumException.BadInput("derivation-child", $"There is no key at {Step(index)} (one index in 2^127 has none): use the "
            + "next index.");

    private static EthereumException BadFormat(string why) =>
        EthereumException.BadInput("extended-key-format", $"This is not an extended key (xprv or xpub): {why}. Copy it again from "
            + "its source.");
}
