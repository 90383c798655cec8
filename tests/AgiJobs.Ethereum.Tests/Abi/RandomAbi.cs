using System.Numerics;
using System.Text;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Ethereum.Tests.Abi;

/// <summary>Random types and values from a seed. What a rival library cannot read is left out on request.</summary>
internal sealed class RandomAbi(int seed, bool emptyFixed = true, bool functions = true, bool plainText = false)
{
    private static readonly string[] Runes = ["a", "B", "7", " ", "é", "ß", "漢", "🚀", "\n", "\"", "\\", "\0", "\u202e"];
    private readonly Random _random = new(seed);

    public Random Random => _random;

    public AbiParameter[] Parameters(int most, int depth) =>
        [.. Enumerable.Range(0, _random.Next(most + 1)).Select(index => new AbiParameter(_random.Next(3) == 0 ? "" : $"p{index}", Type(depth)))];

    public AbiType Type(int depth) => _random.Next(depth > 0 ? 14 : 9) switch
    {
        0 or 1 => AbiType.Unsigned(8 * _random.Next(1, 33)),
        2 => AbiType.Signed(8 * _random.Next(1, 33)),
        3 => AbiType.Boolean,
        4 => AbiType.Address,
        5 => AbiType.FixedBytes(_random.Next(1, 33)),
        6 => functions && _random.Next(4) == 0 ? AbiType.Function : AbiType.UInt256,
        7 => AbiType.Bytes,
        8 => AbiType.String,
        9 or 10 => AbiType.ArrayOf(Type(depth - 1)),
        11 => AbiType.ArrayOf(Type(depth - 1), _random.Next(emptyFixed ? 0 : 1, 4)),
        _ => AbiType.TupleOf(Enumerable.Range(0, _random.Next(emptyFixed ? 0 : 1, 5)).Select(index => new AbiParameter($"m{index}", Type(depth - 1))).ToArray()),
    };

    public AbiValue[] Values(IEnumerable<AbiParameter> parameters) => [.. parameters.Select(parameter => Value(parameter.Type))];

    public AbiValue Value(AbiType type)
    {
        switch (type.Kind)
        {
            case AbiTypeKind.UnsignedInteger:
                return Integer(type.Size);
            case AbiTypeKind.SignedInteger:
                var magnitude = Integer(type.Size - 1);
                return _random.Next(2) == 0 ? magnitude : -1 - magnitude;
            case AbiTypeKind.Boolean:
                return _random.Next(2) == 0;
            case AbiTypeKind.Address:
                return new Address(Bytes(20));
            case AbiTypeKind.FixedBytes or AbiTypeKind.Function:
                return Bytes(type.Size);
            case AbiTypeKind.Bytes:
                return Bytes(_random.Next(80));
            case AbiTypeKind.String:
                var text = new StringBuilder();
                for (var i = _random.Next(40); i > 0; i--)
                {
                    text.Append(plainText ? ((char)_random.Next('a', 'z' + 1)).ToString() : Runes[_random.Next(Runes.Length)]);
                }

                return text.ToString();
            case AbiTypeKind.DynamicArray or AbiTypeKind.FixedArray:
                var count = type.Kind == AbiTypeKind.FixedArray ? type.Size : _random.Next(4);
                return AbiValue.List([.. Enumerable.Range(0, count).Select(_ => Value(type.Element!))]);
            default:
                return AbiValue.List(Values(type.Components));
        }
    }

    // The edges are as likely as everything between them.
    private BigInteger Integer(int bits) => _random.Next(4) switch
    {
        0 => BigInteger.Zero,
        1 => (BigInteger.One << bits) - 1,
        _ => new BigInteger(Bytes(32), isUnsigned: true) & ((BigInteger.One << _random.Next(bits + 1)) - 1),
    };

    private byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        _random.NextBytes(bytes);
        return bytes;
    }
}
