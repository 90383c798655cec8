using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace AgiJobs.Tasks;

/// <summary>
/// xoshiro256** 1.0 of Blackman and Vigna (prng.di.unimi.it), the only source of chance in this project, so that a task is the same on every machine and in every language.
/// Its four words are SHA-256 of a label in ASCII, read as little-endian 64-bit words.
/// </summary>
internal sealed class Xoshiro(ulong s0, ulong s1, ulong s2, ulong s3)
{
    private ulong _s0 = s0;
    private ulong _s1 = s1;
    private ulong _s2 = s2;
    private ulong _s3 = s3;

    /// <summary>The stream of a label such as <c>agijobs.tasks/1 sorting-networks 300 7</c>.</summary>
    public static Xoshiro Of(string label)
    {
        Span<byte> state = stackalloc byte[32];
        SHA256.HashData(Encoding.ASCII.GetBytes(label), state);
        return new Xoshiro(
            BinaryPrimitives.ReadUInt64LittleEndian(state),
            BinaryPrimitives.ReadUInt64LittleEndian(state[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(state[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(state[24..]));
    }

    /// <summary>The next 64 bits.</summary>
    public ulong Next()
    {
        var result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        var shifted = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= shifted;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>Uniform from 0 to <paramref name="bound"/> - 1: the remainder of the first draw that is at least 2^64 mod bound.</summary>
    public int Below(int bound)
    {
        var range = (ulong)bound;
        var least = unchecked(0 - range) % range;
        ulong draw;
        do
            draw = Next();
        while (draw < least);
        return (int)(draw % range);
    }

    /// <summary>Uniform, both ends included.</summary>
    public int Between(int least, int most) => least + Below(most - least + 1);

    /// <summary>Fisher-Yates from the last to the second.</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = Below(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary>The numbers below <paramref name="count"/> in some order.</summary>
    public int[] Order(int count)
    {
        var order = new int[count];
        for (var i = 0; i < count; i++)
            order[i] = i;
        Shuffle(order.AsSpan());
        return order;
    }
}
