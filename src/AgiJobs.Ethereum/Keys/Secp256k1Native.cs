using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace AgiJobs.Ethereum.Keys;

/// <summary>The functions of libsecp256k1 that are used, from secp256k1.h and secp256k1_recovery.h.</summary>
internal static partial class Secp256k1Native
{
    public const int PublicKeySize = 64;
    public const int RecoverableSignatureSize = 65;

    // Sign and verify: libraries older than 0.2 need the flags, newer ones ignore them.
    private const uint ContextFlags = 0x0301;

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_context_create")]
    private static partial nint ContextCreate(uint flags);

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_context_destroy")]
    private static partial void ContextDestroy(nint context);

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_context_randomize")]
    private static partial int ContextRandomize(Context context, ReadOnlySpan<byte> seed32);

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_ec_seckey_verify")]
    public static partial int VerifySecretKey(Context context, ReadOnlySpan<byte> key32);

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_ec_seckey_tweak_add")]
    public static partial int AddToSecretKey(Context context, Span<byte> key32, ReadOnlySpan<byte> tweak32);

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_ec_pubkey_tweak_add")]
    public static partial int AddToPublicKey(Context context, Span<byte> publicKey64, ReadOnlySpan<byte> tweak32);

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_ec_pubkey_create")]
    public static partial int CreatePublicKey(Context context, Span<byte> publicKey64, ReadOnlySpan<byte> key32);

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_ec_pubkey_parse")]
    public static partial int ParsePublicKey(Context context, Span<byte> publicKey64, ReadOnlySpan<byte> input, nuint length);

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_ec_pubkey_serialize")]
    public static partial int SerializePublicKey(
        Context context, Span<byte> output, ref nuint length, ReadOnlySpan<byte> publicKey64, uint flags);

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_ecdsa_sign_recoverable")]
    public static partial int SignRecoverable(
        Context context, Span<byte> signature65, ReadOnlySpan<byte> hash32, ReadOnlySpan<byte> key32, nint nonceFunction, nint nonceData);

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_ecdsa_recoverable_signature_serialize_compact")]
    public static partial int SerializeRecoverable(
        Context context, Span<byte> output64, out int recoveryId, ReadOnlySpan<byte> signature65);

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_ecdsa_recoverable_signature_parse_compact")]
    public static partial int ParseRecoverable(Context context, Span<byte> signature65, ReadOnlySpan<byte> input64, int recoveryId);

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_ecdsa_recover")]
    public static partial int Recover(Context context, Span<byte> publicKey64, ReadOnlySpan<byte> signature65, ReadOnlySpan<byte> hash32);

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_ecdsa_signature_parse_compact")]
    public static partial int ParseSignature(Context context, Span<byte> signature64, ReadOnlySpan<byte> input64);

    [LibraryImport(NativeLibraries.Secp256k1, EntryPoint = "secp256k1_ecdsa_verify")]
    public static partial int Verify(
        Context context, ReadOnlySpan<byte> signature64, ReadOnlySpan<byte> hash32, ReadOnlySpan<byte> publicKey64);

    /// <summary>
    /// A context of the library. It is randomised once, before anybody else sees it, and only read afterwards, which makes it safe to
    /// use from several threads (secp256k1.h, "context").
    /// </summary>
    internal sealed class Context : SafeHandle
    {
        public Context()
            : base(0, ownsHandle: true)
        {
        }

        public override bool IsInvalid => handle == 0;

        public static Context Create()
        {
            NativeLibraries.RequireSecp256k1();
            var context = new Context();
            context.SetHandle(ContextCreate(ContextFlags));
            Span<byte> seed = stackalloc byte[32];
            RandomNumberGenerator.Fill(seed);
            try
            {
                return !context.IsInvalid && ContextRandomize(context, seed) == 1
                    ? context
                    : throw new EthereumException("secp256k1-context", Fault.Failed, "libsecp256k1 could not make a context: the machine "
                        + "may be out of memory.");
            }
            finally
            {
                CryptographicOperations.ZeroMemory(seed);
            }
        }

        protected override bool ReleaseHandle()
        {
            ContextDestroy(handle);
            return true;
        }
    }
}
