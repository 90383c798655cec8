using System.Reflection;
using System.Runtime.InteropServices;

namespace AgiJobs.Ethereum.Keys;

/// <summary>
/// Finds the native libraries of the system by the names that distributions give them, and says what to install when one is missing.
/// </summary>
internal static class NativeLibraries
{
    public const string Secp256k1 = "agijobs-secp256k1";
    public const string Crypto = "agijobs-crypto";

    public const string Secp256k1Missing =
        "The library libsecp256k1, which makes and checks signatures, is not installed: run 'apt-get install libsecp256k1-1' (macOS: "
            + "'brew install secp256k1').";

    // The functions used here are the same in all these versions of the library.
    private static readonly string[] Secp256k1Names =
    [
        "libsecp256k1.so.1", "libsecp256k1.so.2", "libsecp256k1.so.5", "libsecp256k1.so.6", "libsecp256k1.so.0", "libsecp256k1.so",
        "libsecp256k1.dylib", "secp256k1.dll", "libsecp256k1.dll",
    ];

    private static readonly string[] CryptoNames =
    [
        "libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.3.dylib", "libcrypto.dylib", "libcrypto-3-x64.dll",
    ];

    private static readonly Lazy<nint> Secp256k1Handle = new(() => Load(Secp256k1Names, "secp256k1-missing", Secp256k1Missing));

    private static readonly Lazy<nint> CryptoHandle = new(() => Load(
        CryptoNames, "openssl-missing", "OpenSSL's libcrypto, which derives the keys of keystore files and signs the audit log, is not installed: "
            + "run 'apt-get install libssl3'."));

    // The resolver is set before the first native call, since every one of them is made through a Require method below.
    static NativeLibraries() => NativeLibrary.SetDllImportResolver(typeof(NativeLibraries).Assembly, Resolve);

    /// <summary>Throws the message with the mend when libsecp256k1 is not there.</summary>
    public static void RequireSecp256k1() => _ = Secp256k1Handle.Value;

    /// <summary>Throws the message with the mend when OpenSSL's libcrypto is not there.</summary>
    public static void RequireCrypto() => _ = CryptoHandle.Value;

    internal static nint Load(IEnumerable<string> names, string code, string message)
    {
        foreach (var name in names)
        {
            if (NativeLibrary.TryLoad(name, typeof(NativeLibraries).Assembly, DllImportSearchPath.SafeDirectories, out var handle))
            {
                return handle;
            }
        }

        throw new EthereumException(code, Fault.Failed, message);
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) => name switch
    {
        Secp256k1 => Secp256k1Handle.Value,
        Crypto => CryptoHandle.Value,
        _ => 0,
    };
}
