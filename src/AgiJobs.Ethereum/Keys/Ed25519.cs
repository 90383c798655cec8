using System.Runtime.InteropServices;

namespace AgiJobs.Ethereum.Keys;

/// <summary>
/// Ed25519 (RFC 8032, pure, without context) through OpenSSL. Signatures are deterministic. Safe for use by several threads. The private key is
/// the 32-byte seed; the caller zeroes its own copy, and OpenSSL zeroes the one it makes before a call returns. The first use throws
/// <c>openssl-missing</c> when the library is not installed.
/// </summary>
public static partial class Ed25519
{
    /// <summary>Length of a seed, which is the private key.</summary>
    public const int SeedSize = 32;

    /// <summary>Length of a public key.</summary>
    public const int PublicKeySize = 32;

    /// <summary>Length of a signature.</summary>
    public const int SignatureSize = 64;

    // EVP_PKEY_ED25519 of openssl/evp.h: the NID of id-Ed25519.
    private const int KeyType = 1087;

    /// <summary>The public key (32 bytes) of a seed.</summary>
    /// <exception cref="EthereumException"><c>ed25519-seed</c> when the seed has not 32 bytes.</exception>
    public static byte[] PublicKey(ReadOnlySpan<byte> seed)
    {
        using var key = OpenPrivate(seed);
        var publicKey = new byte[PublicKeySize];
        var length = (nuint)publicKey.Length;
        return GetRawPublicKey(key, publicKey, ref length) == 1 && length == PublicKeySize ? publicKey : throw Failed();
    }

    /// <summary>Signs a message; the signature has 64 bytes.</summary>
    /// <exception cref="EthereumException"><c>ed25519-seed</c> when the seed has not 32 bytes.</exception>
    public static byte[] Sign(ReadOnlySpan<byte> message, ReadOnlySpan<byte> seed)
    {
        using var key = OpenPrivate(seed);
        using var context = DigestContext.Create();
        var signature = new byte[SignatureSize];
        var length = (nuint)signature.Length;
        return DigestSignInit(context, 0, 0, 0, key) == 1
            && DigestSign(context, signature, ref length, message, (nuint)message.Length) == 1
            && length == SignatureSize
            ? signature
            : throw Failed();
    }

    /// <summary>
    /// True when the signature of the message was made by the private key of a public key. A signature or key of another length, or a key that
    /// is no point of the curve, is false and no error.
    /// </summary>
    public static bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature, ReadOnlySpan<byte> publicKey)
    {
        if (signature.Length != SignatureSize || publicKey.Length != PublicKeySize)
        {
            return false;
        }

        NativeLibraries.RequireCrypto();
        using var key = NewRawPublicKey(KeyType, 0, publicKey, (nuint)publicKey.Length);
        using var context = DigestContext.Create();
        var holds = !key.IsInvalid
            && DigestVerifyInit(context, 0, 0, 0, key) == 1
            && DigestVerify(context, signature, (nuint)signature.Length, message, (nuint)message.Length) == 1;
        if (!holds)
        {
            // Otherwise the next OpenSSL caller on this thread would find our error in its queue.
            ClearErrors();
        }

        return holds;
    }

    private static PrivateOrPublicKey OpenPrivate(ReadOnlySpan<byte> seed)
    {
        if (seed.Length != SeedSize)
        {
            throw EthereumException.BadInput("ed25519-seed", $"An Ed25519 seed has {SeedSize} bytes; this one has {seed.Length}.");
        }

        NativeLibraries.RequireCrypto();
        var key = NewRawPrivateKey(KeyType, 0, seed, (nuint)seed.Length);
        if (key.IsInvalid)
        {
            key.Dispose();
            throw Failed();
        }

        return key;
    }

    private static EthereumException Failed()
    {
        ClearErrors();
        return new EthereumException("ed25519-failed", Fault.Failed, "OpenSSL could not work with an Ed25519 key: version 1.1.1 or later is "
            + "needed, without a policy that forbids Ed25519.");
    }

    [LibraryImport(NativeLibraries.Crypto, EntryPoint = "EVP_PKEY_new_raw_private_key")]
    private static partial PrivateOrPublicKey NewRawPrivateKey(int type, nint engine, ReadOnlySpan<byte> key, nuint length);

    [LibraryImport(NativeLibraries.Crypto, EntryPoint = "EVP_PKEY_new_raw_public_key")]
    private static partial PrivateOrPublicKey NewRawPublicKey(int type, nint engine, ReadOnlySpan<byte> key, nuint length);

    [LibraryImport(NativeLibraries.Crypto, EntryPoint = "EVP_PKEY_get_raw_public_key")]
    private static partial int GetRawPublicKey(PrivateOrPublicKey key, Span<byte> publicKey, ref nuint length);

    [LibraryImport(NativeLibraries.Crypto, EntryPoint = "EVP_PKEY_free")]
    private static partial void FreeKey(nint key);

    [LibraryImport(NativeLibraries.Crypto, EntryPoint = "EVP_MD_CTX_new")]
    private static partial DigestContext NewContext();

    [LibraryImport(NativeLibraries.Crypto, EntryPoint = "EVP_MD_CTX_free")]
    private static partial void FreeContext(nint context);

    [LibraryImport(NativeLibraries.Crypto, EntryPoint = "EVP_DigestSignInit")]
    private static partial int DigestSignInit(DigestContext context, nint keyContext, nint digest, nint engine, PrivateOrPublicKey key);

    [LibraryImport(NativeLibraries.Crypto, EntryPoint = "EVP_DigestSign")]
    private static partial int DigestSign(
        DigestContext context, Span<byte> signature, ref nuint signatureLength, ReadOnlySpan<byte> message, nuint messageLength);

    [LibraryImport(NativeLibraries.Crypto, EntryPoint = "EVP_DigestVerifyInit")]
    private static partial int DigestVerifyInit(DigestContext context, nint keyContext, nint digest, nint engine, PrivateOrPublicKey key);

    [LibraryImport(NativeLibraries.Crypto, EntryPoint = "EVP_DigestVerify")]
    private static partial int DigestVerify(
        DigestContext context, ReadOnlySpan<byte> signature, nuint signatureLength, ReadOnlySpan<byte> message, nuint messageLength);

    [LibraryImport(NativeLibraries.Crypto, EntryPoint = "ERR_clear_error")]
    private static partial void ClearErrors();

    // EVP_PKEY_free zeroes the private key that the object holds.
    private sealed class PrivateOrPublicKey() : SafeHandle(0, ownsHandle: true)
    {
        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle()
        {
            FreeKey(handle);
            return true;
        }
    }

    private sealed class DigestContext() : SafeHandle(0, ownsHandle: true)
    {
        public override bool IsInvalid => handle == 0;

        public static DigestContext Create()
        {
            var context = NewContext();
            return context.IsInvalid ? throw Failed() : context;
        }

        protected override bool ReleaseHandle()
        {
            FreeContext(handle);
            return true;
        }
    }
}
