using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace AgiJobs.Ethereum.Hashing;

/// <summary>
/// Keccak-256 as Ethereum uses it: the original Keccak padding (0x01), not the one of FIPS 202 (0x06).
/// Source: the Keccak reference, version 3.0; rate 1088, capacity 512.
/// </summary>
public static class Keccak256
{
    private const int Rate = 136;

    private static readonly ulong[] RoundConstants =
    [
        0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b, 0x0000000080000001,
        0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
        0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
        0x000000000000800a, 0x800000008000000a, 0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
    ];

    /// <summary>The hash of <paramref name="data"/>.</summary>
    public static Bytes32 Hash(ReadOnlySpan<byte> data)
    {
        Span<byte> digest = stackalloc byte[32];
        Hash(data, digest);
        return new Bytes32(digest);
    }

    /// <summary>The hash of the UTF-8 bytes of <paramref name="text"/>.</summary>
    public static Bytes32 Hash(string text) => Hash(Encoding.UTF8.GetBytes(text));

    /// <summary>Writes the hash to the first 32 bytes of <paramref name="digest"/>. Allocates nothing.</summary>
    public static void Hash(ReadOnlySpan<byte> data, Span<byte> digest)
    {
        Span<ulong> state = stackalloc ulong[25];
        state.Clear();
        while (data.Length >= Rate)
        {
            Absorb(state, data[..Rate]);
            data = data[Rate..];
        }

        Span<byte> last = stackalloc byte[Rate];
        last.Clear();
        data.CopyTo(last);
        last[data.Length] ^= 0x01;
        last[Rate - 1] ^= 0x80;
        Absorb(state, last);

        for (var i = 3; i >= 0; i--)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(digest[(i * 8)..], state[i]);
        }
    }

    private static void Absorb(Span<ulong> state, ReadOnlySpan<byte> block)
    {
        for (var i = 0; i < Rate / 8; i++)
        {
            state[i] ^= BinaryPrimitives.ReadUInt64LittleEndian(block[(i * 8)..]);
        }

        Permute(state);
    }

    // Keccak-f[1600], one round unrolled: the 25 lanes live in locals, since indexing them costs more than the arithmetic.
    private static void Permute(Span<ulong> state)
    {
        ulong s0 = state[0], s1 = state[1], s2 = state[2], s3 = state[3], s4 = state[4];
        ulong s5 = state[5], s6 = state[6], s7 = state[7], s8 = state[8], s9 = state[9];
        ulong s10 = state[10], s11 = state[11], s12 = state[12], s13 = state[13], s14 = state[14];
        ulong s15 = state[15], s16 = state[16], s17 = state[17], s18 = state[18], s19 = state[19];
        ulong s20 = state[20], s21 = state[21], s22 = state[22], s23 = state[23], s24 = state[24];

        foreach (var constant in RoundConstants)
        {
            var c0 = s0 ^ s5 ^ s10 ^ s15 ^ s20;
            var c1 = s1 ^ s6 ^ s11 ^ s16 ^ s21;
            var c2 = s2 ^ s7 ^ s12 ^ s17 ^ s22;
            var c3 = s3 ^ s8 ^ s13 ^ s18 ^ s23;
            var c4 = s4 ^ s9 ^ s14 ^ s19 ^ s24;
            var d0 = c4 ^ BitOperations.RotateLeft(c1, 1);
            var d1 = c0 ^ BitOperations.RotateLeft(c2, 1);
            var d2 = c1 ^ BitOperations.RotateLeft(c3, 1);
            var d3 = c2 ^ BitOperations.RotateLeft(c4, 1);
            var d4 = c3 ^ BitOperations.RotateLeft(c0, 1);

            var b0 = s0 ^ d0;
            var b1 = BitOperations.RotateLeft(s6 ^ d1, 44);
            var b2 = BitOperations.RotateLeft(s12 ^ d2, 43);
            var b3 = BitOperations.RotateLeft(s18 ^ d3, 21);
            var b4 = BitOperations.RotateLeft(s24 ^ d4, 14);
            var b5 = BitOperations.RotateLeft(s3 ^ d3, 28);
            var b6 = BitOperations.RotateLeft(s9 ^ d4, 20);
            var b7 = BitOperations.RotateLeft(s10 ^ d0, 3);
            var b8 = BitOperations.RotateLeft(s16 ^ d1, 45);
            var b9 = BitOperations.RotateLeft(s22 ^ d2, 61);
            var b10 = BitOperations.RotateLeft(s1 ^ d1, 1);
            var b11 = BitOperations.RotateLeft(s7 ^ d2, 6);
            var b12 = BitOperations.RotateLeft(s13 ^ d3, 25);
            var b13 = BitOperations.RotateLeft(s19 ^ d4, 8);
            var b14 = BitOperations.RotateLeft(s20 ^ d0, 18);
            var b15 = BitOperations.RotateLeft(s4 ^ d4, 27);
            var b16 = BitOperations.RotateLeft(s5 ^ d0, 36);
            var b17 = BitOperations.RotateLeft(s11 ^ d1, 10);
            var b18 = BitOperations.RotateLeft(s17 ^ d2, 15);
            var b19 = BitOperations.RotateLeft(s23 ^ d3, 56);
            var b20 = BitOperations.RotateLeft(s2 ^ d2, 62);
            var b21 = BitOperations.RotateLeft(s8 ^ d3, 55);
            var b22 = BitOperations.RotateLeft(s14 ^ d4, 39);
            var b23 = BitOperations.RotateLeft(s15 ^ d0, 41);
            var b24 = BitOperations.RotateLeft(s21 ^ d1, 2);

            s0 = b0 ^ (~b1 & b2) ^ constant;
            s1 = b1 ^ (~b2 & b3);
            s2 = b2 ^ (~b3 & b4);
            s3 = b3 ^ (~b4 & b0);
            s4 = b4 ^ (~b0 & b1);
            s5 = b5 ^ (~b6 & b7);
            s6 = b6 ^ (~b7 & b8);
            s7 = b7 ^ (~b8 & b9);
            s8 = b8 ^ (~b9 & b5);
            s9 = b9 ^ (~b5 & b6);
            s10 = b10 ^ (~b11 & b12);
            s11 = b11 ^ (~b12 & b13);
            s12 = b12 ^ (~b13 & b14);
            s13 = b13 ^ (~b14 & b10);
            s14 = b14 ^ (~b10 & b11);
            s15 = b15 ^ (~b16 & b17);
            s16 = b16 ^ (~b17 & b18);
            s17 = b17 ^ (~b18 & b19);
            s18 = b18 ^ (~b19 & b15);
            s19 = b19 ^ (~b15 & b16);
            s20 = b20 ^ (~b21 & b22);
            s21 = b21 ^ (~b22 & b23);
            s22 = b22 ^ (~b23 & b24);
            s23 = b23 ^ (~b24 & b20);
            s24 = b24 ^ (~b20 & b21);
        }

        state[0] = s0;
        state[1] = s1;
        state[2] = s2;
        state[3] = s3;
        state[4] = s4;
        state[5] = s5;
        state[6] = s6;
        state[7] = s7;
        state[8] = s8;
        state[9] = s9;
        state[10] = s10;
        state[11] = s11;
        state[12] = s12;
        state[13] = s13;
        state[14] = s14;
        state[15] = s15;
        state[16] = s16;
        state[17] = s17;
        state[18] = s18;
        state[19] = s19;
        state[20] = s20;
        state[21] = s21;
        state[22] = s22;
        state[23] = s23;
        state[24] = s24;
    }
}
