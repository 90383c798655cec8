using AgiJobs.Ethereum.Hashing;
using static AgiJobs.Ethereum.Keys.Secp256k1Native;

namespace AgiJobs.Ethereum.Keys;

/// <summary>
/// ECDSA on the curve secp256k1 through libsecp256k1, which works in constant time on secrets. Safe for use by several threads.
/// The first use throws <c>secp256k1-missing</c> when the library is not installed.
/// </summary>
public static class Secp256k1
{
    /// <summary>Length of a private key.</summary>
    public const int PrivateKeySize = 32;

    /// <summary>Length of a compressed public key: 02 or 03 and x.</summary>
    public const int CompressedKeySize = 33;

    /// <summary>Length of an uncompressed public key: 04, x and y.</summary>
    public const int UncompressedKeySize = 65;

    private const uint Compressed = 0x0102;
    private const uint Uncompressed = 0x0002;

    private static readonly Lazy<Context> SharedContext = new(Context.Create);

    private static Context Shared => SharedContext.Value;

    /// <summary>True for 32 bytes that are a number from 1 up to below the order of the curve.</summary>
    public static bool IsPrivateKey(ReadOnlySpan<byte> key) => key.Length == PrivateKeySize && VerifySecretKey(Shared, key) == 1;

    /// <summary>The uncompressed public key (65 bytes) of a private key.</summary>
    /// <exception cref="EthereumException"><c>private-key</c> when it is not one.</exception>
    public static byte[] PublicKey(ReadOnlySpan<byte> privateKey) => Serialize(PublicPoint(privateKey), Uncompressed);

    /// <summary>The compressed public key (33 bytes) of a private key.</summary>
    /// <exception cref="EthereumException"><c>private-key</c> when it is not one.</exception>
    public static byte[] CompressedPublicKey(ReadOnlySpan<byte> privateKey) => Serialize(PublicPoint(privateKey), Compressed);

    /// <summary>The account of a private key.</summary>
    /// <exception cref="EthereumException"><c>private-key</c> when it is not one.</exception>
    public static Address AddressOf(ReadOnlySpan<byte> privateKey) => ToAddress(PublicPoint(privateKey));

    /// <summary>The account of a public key in its compressed (33 bytes) or uncompressed (65 bytes) form.</summary>
    /// <exception cref="EthereumException"><c>public-key</c> when it is no point of the curve in one of these forms.</exception>
    public static Address AddressOfPublicKey(ReadOnlySpan<byte> publicKey) => ToAddress(ParsePoint(publicKey));

    /// <summary>
    /// Signs a hash: deterministic (RFC 6979 with SHA-256), low s, with the parity that recovers the key. The same key and hash
    /// always give the same signature.
    /// </summary>
    /// <exception cref="EthereumException"><c>private-key</c> when the key is not one.</exception>
    public static Signature Sign(Bytes32 hash, ReadOnlySpan<byte> privateKey)
    {
        RequirePrivateKey(privateKey);
        Span<byte> message = stackalloc byte[Bytes32.Size];
        hash.CopyTo(message);
        Span<byte> signature = stackalloc byte[RecoverableSignatureSize];
        Span<byte> compact = stackalloc byte[2 * Bytes32.Size];
        if (SignRecoverable(Shared, signature, message, privateKey, 0, 0) != 1)
        {
            throw InvalidPrivateKey();
        }

        _ = SerializeRecoverable(Shared, compact, out var recoveryId, signature);

        // A recovery id of 2 or 3 means that the x coordinate was above the order, which has a chance of 2^-127; Ethereum has no such v.
        return recoveryId > 1
            ? throw new EthereumException("signature-unrecoverable", Fault.Failed, $"The hash {hash} has no Ethereum signature with this "
                + "key; change the transaction (its nonce or gas) and sign again.")
            : new Signature(new Bytes32(compact[..Bytes32.Size]), new Bytes32(compact[Bytes32.Size..]), (byte)recoveryId);
    }

    /// <summary>The account whose key made a signature of a hash.</summary>
    /// <param name="hash">What was signed.</param>
    /// <param name="signature">The signature.</param>
    /// <param name="allowHighS">
    /// Accept the other of the two equivalent signatures too, as the ECRECOVER precompile does (EIP-2 forbids it in transactions only).
    /// </param>
    /// <exception cref="EthereumException">
    /// <c>signature-high-s</c>, or <c>signature-unrecoverable</c> when no key can have made it.
    /// </exception>
    public static Address Recover(Bytes32 hash, Signature signature, bool allowHighS = false)
    {
        Span<byte> point = stackalloc byte[PublicKeySize];
        RecoverPoint(hash, signature, allowHighS, point);
        return ToAddress(point);
    }

    /// <summary>The uncompressed public key (65 bytes) whose private key made a signature of a hash.</summary>
    /// <inheritdoc cref="Recover" path="/param|/exception"/>
    public static byte[] RecoverPublicKey(Bytes32 hash, Signature signature, bool allowHighS = false)
    {
        Span<byte> point = stackalloc byte[PublicKeySize];
        RecoverPoint(hash, signature, allowHighS, point);
        return Serialize(point, Uncompressed);
    }

    /// <summary>
    /// True when the signature of the hash was made by the private key of a public key. High s is not a valid signature here.
    /// </summary>
    /// <exception cref="EthereumException"><c>public-key</c> when it is no point of the curve.</exception>
    public static bool Verify(Bytes32 hash, Signature signature, ReadOnlySpan<byte> publicKey)
    {
        var point = ParsePoint(publicKey);
        Span<byte> message = stackalloc byte[Bytes32.Size];
        hash.CopyTo(message);
        Span<byte> compact = stackalloc byte[2 * Bytes32.Size];
        signature.R.CopyTo(compact);
        signature.S.CopyTo(compact[Bytes32.Size..]);
        Span<byte> parsed = stackalloc byte[2 * Bytes32.Size];
        return ParseSignature(Shared, parsed, compact) == 1 && Secp256k1Native.Verify(Shared, parsed, message, point) == 1;
    }

    /// <summary>Adds a number to a private key in place, modulo the order (BIP-32); false when the result is no key.</summary>
    internal static bool TryAddToPrivateKey(Span<byte> privateKey, ReadOnlySpan<byte> tweak) =>
        AddToSecretKey(Shared, privateKey, tweak) == 1;

    /// <summary>The compressed public key of a public key plus the point of a number (BIP-32); null when the result is no key.</summary>
    internal static byte[]? TryAddToPublicKey(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> tweak)
    {
        var point = ParsePoint(publicKey);
        return AddToPublicKey(Shared, point, tweak) == 1 ? Serialize(point, Compressed) : null;
    }

    internal static bool IsPublicKey(ReadOnlySpan<byte> publicKey) => TryParsePoint(publicKey, new byte[PublicKeySize]);

    internal static EthereumException InvalidPrivateKey() => EthereumException.BadInput(
        "private-key", "This is not a private key: it must have 32 bytes and be a number from 1 up to below the order of secp256k1.");

    private static void RequirePrivateKey(ReadOnlySpan<byte> key)
    {
        if (!IsPrivateKey(key))
        {
            throw InvalidPrivateKey();
        }
    }

    private static byte[] PublicPoint(ReadOnlySpan<byte> privateKey)
    {
        RequirePrivateKey(privateKey);
        var point = new byte[PublicKeySize];
        return CreatePublicKey(Shared, point, privateKey) == 1 ? point : throw InvalidPrivateKey();
    }

    private static byte[] ParsePoint(ReadOnlySpan<byte> publicKey)
    {
        var point = new byte[PublicKeySize];
        return TryParsePoint(publicKey, point)
            ? point
            : throw EthereumException.BadInput("public-key", $"'{Hex.Shorten(Hex.Encode(publicKey))}' is not a public key of secp256k1: "
                + "it must be a point of the curve in 33 or 65 bytes.");
    }

    // The hybrid form (06, 07) that the library also reads is not a form of Ethereum's.
    private static bool TryParsePoint(ReadOnlySpan<byte> publicKey, Span<byte> point) =>
        publicKey is { Length: CompressedKeySize } and [2 or 3, ..] or { Length: UncompressedKeySize } and [4, ..]
        && ParsePublicKey(Shared, point, publicKey, (nuint)publicKey.Length) == 1;

    private static void RecoverPoint(Bytes32 hash, Signature signature, bool allowHighS, Span<byte> point)
    {
        if (!allowHighS && !signature.IsLowS)
        {
            throw EthereumException.BadInput(
                "signature-high-s", $"The signature's s ({signature.S}) is in the upper half of the curve's order, which EIP-2 forbids: "
                    + "it was altered, or its maker is broken. Ask for a new one.");
        }

        Span<byte> message = stackalloc byte[Bytes32.Size];
        hash.CopyTo(message);
        Span<byte> compact = stackalloc byte[2 * Bytes32.Size];
        signature.R.CopyTo(compact);
        signature.S.CopyTo(compact[Bytes32.Size..]);
        Span<byte> parsed = stackalloc byte[RecoverableSignatureSize];
        if (ParseRecoverable(Shared, parsed, compact, signature.YParity) != 1
            || Secp256k1Native.Recover(Shared, point, parsed, message) != 1)
        {
            throw EthereumException.BadInput("signature-unrecoverable", $"No key can have made this signature of {hash}: part of it was "
                + "lost or altered.");
        }
    }

    private static Address ToAddress(ReadOnlySpan<byte> point)
    {
        Span<byte> key = stackalloc byte[UncompressedKeySize];
        Serialize(point, key, Uncompressed);
        Span<byte> digest = stackalloc byte[32];
        Keccak256.Hash(key[1..], digest);
        return new Address(digest[12..]);
    }

    private static byte[] Serialize(ReadOnlySpan<byte> point, uint form)
    {
        var key = new byte[form == Compressed ? CompressedKeySize : UncompressedKeySize];
        Serialize(point, key, form);
        return key;
    }

    private static void Serialize(ReadOnlySpan<byte> point, Span<byte> key, uint form)
    {
        var length = (nuint)key.Length;
        _ = SerializePublicKey(Shared, key, ref length, point, form);
    }
}
