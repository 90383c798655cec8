using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace AgiJobs.Ethereum.Keys;

/// <summary>
/// scrypt (RFC 7914) in managed code, for the one shape that OpenSSL refuses: r = 1 with n from 65,536 up. The RFC excludes it too, but
/// geth writes and reads it, and it is in the published keystore tests.
/// </summary>
internal static unsafe class ScryptMix
{
    private const int SalsaWords = 16;

    public static void Derive(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, int n, int r, int p, Span<byte> key)
    {
        var blockWords = 2 * SalsaWords * r;
        var blockBytes = blockWords * sizeof(uint);
        var blocks = new byte[blockBytes * p];
        var table = (uint*)NativeMemory.Alloc((nuint)blockBytes, (nuint)n + 2);
        try
        {
            Rfc2898DeriveBytes.Pbkdf2(password, salt, blocks, 1, HashAlgorithmName.SHA256);
            uint* block = table + ((nint)n * blockWords), scratch = block + blockWords;
            for (var i = 0; i < p; i++)
            {
                var bytes = blocks.AsSpan(i * blockBytes, blockBytes);
                for (var w = 0; w < blockWords; w++)
                {
                    block[w] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(w * sizeof(uint))..]);
                }

                Mix(block, scratch, table, n, blockWords);
                for (var w = 0; w < blockWords; w++)
                {
                    BinaryPrimitives.WriteUInt32LittleEndian(bytes[(w * sizeof(uint))..], block[w]);
                }
            }

            Rfc2898DeriveBytes.Pbkdf2(password, blocks, key, 1, HashAlgorithmName.SHA256);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(blocks);
            NativeMemory.Clear(table, (nuint)blockBytes * ((nuint)n + 2));
            NativeMemory.Free(table);
        }
    }

    // scryptROMix: n copies of the running block, then n additions of a copy that the block itself chooses.
    private static void Mix(uint* block, uint* scratch, uint* table, int n, int words)
    {
        var bytes = (nuint)words * sizeof(uint);
        for (var i = 0; i < n; i++)
        {
            NativeMemory.Copy(block, table + ((nint)i * words), bytes);
            BlockMix(block, scratch, words);
        }

        for (var i = 0; i < n; i++)
        {
            var chosen = (nint)(block[words - SalsaWords] & (uint)(n - 1));
            Add(block, table + (chosen * words), words);
            BlockMix(block, scratch, words);
        }
    }

    // scryptBlockMix: even results to the first half, odd ones to the second.
    private static void BlockMix(uint* block, uint* result, int words)
    {
        var x = stackalloc uint[SalsaWords];
        NativeMemory.Copy(block + words - SalsaWords, x, SalsaWords * sizeof(uint));
        var count = words / SalsaWords;
        for (var i = 0; i < count; i++)
        {
            Add(x, block + (i * SalsaWords), SalsaWords);
            Salsa(x);
            NativeMemory.Copy(x, result + (((i / 2) + (i % 2 * (count / 2))) * SalsaWords), SalsaWords * sizeof(uint));
        }

        NativeMemory.Copy(result, block, (nuint)words * sizeof(uint));
    }

    private static void Add(uint* target, uint* other, int words)
    {
        for (var w = 0; w < words; w += Vector128<uint>.Count)
        {
            (Vector128.Load(target + w) ^ Vector128.Load(other + w)).Store(target + w);
        }
    }

    // Salsa20/8 core, in locals: indexing costs more than the arithmetic.
    private static void Salsa(uint* block)
    {
        uint x0 = block[0], x1 = block[1], x2 = block[2], x3 = block[3], x4 = block[4], x5 = block[5], x6 = block[6], x7 = block[7];
        uint x8 = block[8], x9 = block[9], x10 = block[10], x11 = block[11];
        uint x12 = block[12], x13 = block[13], x14 = block[14], x15 = block[15];
        for (var round = 0; round < 4; round++)
        {
            x4 ^= BitOperations.RotateLeft(x0 + x12, 7);
            x8 ^= BitOperations.RotateLeft(x4 + x0, 9);
            x12 ^= BitOperations.RotateLeft(x8 + x4, 13);
            x0 ^= BitOperations.RotateLeft(x12 + x8, 18);
            x9 ^= BitOperations.RotateLeft(x5 + x1, 7);
            x13 ^= BitOperations.RotateLeft(x9 + x5, 9);
            x1 ^= BitOperations.RotateLeft(x13 + x9, 13);
            x5 ^= BitOperations.RotateLeft(x1 + x13, 18);
            x14 ^= BitOperations.RotateLeft(x10 + x6, 7);
            x2 ^= BitOperations.RotateLeft(x14 + x10, 9);
            x6 ^= BitOperations.RotateLeft(x2 + x14, 13);
            x10 ^= BitOperations.RotateLeft(x6 + x2, 18);
            x3 ^= BitOperations.RotateLeft(x15 + x11, 7);
            x7 ^= BitOperations.RotateLeft(x3 + x15, 9);
            x11 ^= BitOperations.RotateLeft(x7 + x3, 13);
            x15 ^= BitOperations.RotateLeft(x11 + x7, 18);
            x1 ^= BitOperations.RotateLeft(x0 + x3, 7);
            x2 ^= BitOperations.RotateLeft(x1 + x0, 9);
            x3 ^= BitOperations.RotateLeft(x2 + x1, 13);
            x0 ^= BitOperations.RotateLeft(x3 + x2, 18);
            x6 ^= BitOperations.RotateLeft(x5 + x4, 7);
            x7 ^= BitOperations.RotateLeft(x6 + x5, 9);
            x4 ^= BitOperations.RotateLeft(x7 + x6, 13);
            x5 ^= BitOperations.RotateLeft(x4 + x7, 18);
            x11 ^= BitOperations.RotateLeft(x10 + x9, 7);
            x8 ^= BitOperations.RotateLeft(x11 + x10, 9);
            x9 ^= BitOperations.RotateLeft(x8 + x11, 13);
            x10 ^= BitOperations.RotateLeft(x9 + x8, 18);
            x12 ^= BitOperations.RotateLeft(x15 + x14, 7);
            x13 ^= BitOperations.RotateLeft(x12 + x15, 9);
            x14 ^= BitOperations.RotateLeft(x13 + x12, 13);
            x15 ^= BitOperations.RotateLeft(x14 + x13, 18);
        }

        block[0] += x0;
        block[1] += x1;
        block[2] += x2;
        block[3] += x3;
        block[4] += x4;
        block[5] += x5;
        block[6] += x6;
        block[7] += x7;
        block[8] += x8;
        block[9] += x9;
        block[10] += x10;
        block[11] += x11;
        block[12] += x12;
        block[13] += x13;
        block[14] += x14;
        block[15] += x15;
    }
}
