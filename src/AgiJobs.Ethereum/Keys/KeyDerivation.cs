using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace AgiJobs.Ethereum.Keys;

/// <summary>
/// How a keystore file stretches its password, with bounds on what a file can make this machine spend.
/// </summary>
internal abstract partial record KeyDerivation(byte[] Salt)
{
    public const int KeySize = 32;

    /// <summary>Longest derived key and salt that are accepted; files in use have 32 bytes of each.</summary>
    private const int MaxSize = 256;

    /// <summary>Fills 32 bytes, of which the first 16 encrypt and the others authenticate.</summary>
    public abstract void Derive(ReadOnlySpan<byte> password, Span<byte> key);

    /// <summary>Checks the salt's length; the derived kinds check their costs.</summary>
    private static void RequireSalt(byte[] salt)
    {
        if (salt.Length > MaxSize)
        {
            throw TooCostly($"its salt has {salt.Length} bytes; the limit is {MaxSize}");
        }
    }

    private static EthereumException TooCostly(string why) => EthereumException.BadInput(
        "keystore-cost", $"The keystore file was not opened: {why}. If the file is yours, write it again with the usual cost (scrypt n "
            + "262144, r 8, p 1).");

    internal sealed partial record Scrypt : KeyDerivation
    {
        private const int MaxMemory = 1 << 30;
        private const int MaxWork = 1 << 24;

        public Scrypt(byte[] salt, int n, int r, int p)
            : base(salt)
        {
            RequireSalt(salt);
            if (n < 2 || !BitOperations.IsPow2(n) || r < 1 || p < 1)
            {
                throw EthereumException.BadInput("keystore-format", $"The keystore file's scrypt parameters are none: n {n} must be a "
                    + $"power of two above 1, r {r} and p {p} at least 1.");
            }

            // 128 * n * r bytes of memory, n * r * p steps; both as 128-bit numbers, since a hostile file may hold any int.
            if ((Int128)128 * n * r > MaxMemory || (Int128)n * r * p > MaxWork || (Int128)r * p > 1 << 20)
            {
                throw TooCostly($"its scrypt cost (n {n}, r {r}, p {p}) is above the limits, 1 GiB of memory (128 * n * r) and n * r * p "
                    + $"of {MaxWork}");
            }

            N = n;
            R = r;
            P = p;
        }

        public int N { get; }

        public int R { get; }

        public int P { get; }

        public override void Derive(ReadOnlySpan<byte> password, Span<byte> key)
        {
            if (R == 1 && N >= 1 << 16)
            {
                ScryptMix.Derive(password, Salt, N, R, P, key);
                return;
            }

            NativeLibraries.RequireCrypto();
            var memory = (ulong)128 * (ulong)R * ((ulong)N + (ulong)P + 2) + (1 << 20);
            var done = Compute(
                password, (nuint)password.Length, Salt, (nuint)Salt.Length, (ulong)N, (ulong)R, (ulong)P, memory, key, (nuint)key.Length);
            if (done != 1)
            {
                throw new EthereumException("keystore-scrypt", Fault.Failed, $"OpenSSL could not compute scrypt (n {N}, r {R}, p {P}): it "
                    + $"needs {memory >> 20} MiB of memory.");
            }
        }

        [LibraryImport(NativeLibraries.Crypto, EntryPoint = "EVP_PBE_scrypt")]
        private static partial int Compute(
            ReadOnlySpan<byte> password,
            nuint passwordLength,
            ReadOnlySpan<byte> salt,
            nuint saltLength,
            ulong n,
            ulong r,
            ulong p,
            ulong maxMemory,
            Span<byte> key,
            nuint keyLength);
    }

    internal sealed record Pbkdf2 : KeyDerivation
    {
        private const int MaxIterations = 10_000_000;

        public Pbkdf2(byte[] salt, int iterations)
            : base(salt)
        {
            RequireSalt(salt);
            if (iterations < 1)
            {
                throw EthereumException.BadInput("keystore-format", $"The keystore file's pbkdf2 count c is {iterations}; it must be "
                    + "at least 1.");
            }

            if (iterations > MaxIterations)
            {
                throw TooCostly($"its pbkdf2 count c {iterations} is above the limit of {MaxIterations}");
            }

            Iterations = iterations;
        }

        public int Iterations { get; }

        public override void Derive(ReadOnlySpan<byte> password, Span<byte> key) =>
            Rfc2898DeriveBytes.Pbkdf2(password, Salt, key, Iterations, HashAlgorithmName.SHA256);
    }
}
