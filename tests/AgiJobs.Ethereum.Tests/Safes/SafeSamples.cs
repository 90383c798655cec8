using System.Numerics;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Safes;

namespace AgiJobs.Ethereum.Tests.Safes;

/// <summary>Keys, Safes and transactions for tests; random ones come from a seed.</summary>
internal static class SafeSamples
{
    public static Address Safe { get; } = Address.Parse("0x111CEEee040739fD91D29C34C33E6B3E112F2177");

    public static SafeDomain Domain { get; } = new(SafeVersion.V141, ChainId.Local, Safe);

    public static SafeTransaction Pause { get; } = new() { To = Address.Parse("0x49d4450977E2c95362C13D3a31a09311E0Ea26A6"), Data = Hex.Decode("0x8456cb59"), Nonce = 7 };

    public static SafeTransactionHash PauseHash { get; } = SafeTransactionHash.Compute(Domain, Pause);

    /// <summary>Private keys 1, 2, 3...: their addresses are not in ascending order.</summary>
    public static byte[] Key(int number) => Bytes32.FromUnsigned(number).ToBytes();

    public static Address Owner(int number) => Secp256k1.AddressOf(Key(number));

    public static Signature Sign(int number, Bytes32 hash) => Secp256k1.Sign(hash, Key(number));

    public static Signature SignPersonally(int number, Bytes32 hash) =>
        Secp256k1.Sign(AgiJobs.Ethereum.Hashing.Keccak256.Hash([.. "\u0019Ethereum Signed Message:\n32"u8, .. hash.ToBytes()]), Key(number));

    public static Address RandomAddress(Random random)
    {
        var bytes = new byte[Address.Size];
        random.NextBytes(bytes);
        return new Address(bytes);
    }

    public static byte[] RandomBytes(Random random, int maxLength)
    {
        var bytes = new byte[random.Next(maxLength + 1)];
        random.NextBytes(bytes);
        return bytes;
    }

    public static BigInteger RandomNumber(Random random) => random.Next(5) switch
    {
        0 => BigInteger.Zero,
        1 => (BigInteger.One << 256) - 1,
        2 => (BigInteger.One << 53) + 1,
        _ => new BigInteger(RandomBytes(random, 32), isUnsigned: true),
    };

    public static SafeTransaction RandomTransaction(Random random) => new()
    {
        To = RandomAddress(random),
        Value = new Wei(RandomNumber(random)),
        Data = RandomBytes(random, 200),
        Operation = (SafeOperation)random.Next(2),
        SafeTxGas = RandomNumber(random),
        BaseGas = RandomNumber(random),
        GasPrice = RandomNumber(random),
        GasToken = RandomAddress(random),
        RefundReceiver = RandomAddress(random),
        Nonce = RandomNumber(random),
    };
}
