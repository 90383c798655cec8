using System.Collections.Immutable;
using System.Numerics;
using AgiJobs.Ethereum.Transactions;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Ethereum.Tests.Transactions;

/// <summary>Random transactions of every type, with small and large numbers, empty and long data.</summary>
internal static class GeneratedTransactions
{
    private static readonly Gen<UnsignedTransaction> Legacy = Chosen(TransactionType.Legacy);

    /// <summary>All three types, legacy with and without chain id.</summary>
    public static readonly Gen<UnsignedTransaction> All =
        Gen.OneOf(Legacy, Legacy.Select(WithoutChain), Chosen(TransactionType.AccessList), Chosen(TransactionType.DynamicFee));

    /// <summary>All three types, each with a chain id, as a seeded sequence.</summary>
    public static IEnumerable<UnsignedTransaction> Sequence(int seed, int count)
    {
        var random = new Random(seed);
        for (var i = 0; i < count; i++)
        {
            yield return Make((TransactionType)(i % 3), random);
        }
    }

    private static Gen<UnsignedTransaction> Chosen(TransactionType type) =>
        Gen.Choose(0, int.MaxValue).Select(seed => Make(type, new Random(seed)));

    private static UnsignedTransaction WithoutChain(UnsignedTransaction t) =>
        UnsignedTransaction.Legacy(null, t.Nonce, t.MaxFeePerGas, t.Gas, t.To, t.Value, t.Data);

    private static UnsignedTransaction Make(TransactionType type, Random random)
    {
        var chain = new ChainId(Math.Max(1, Word(random)));
        var nonce = Math.Min(ulong.MaxValue - 1, Word(random));
        var fees = new[] { Number(random, 12), Number(random, 12) }.Order().ToArray();
        var gas = new Gas(Word(random));
        Address? to = random.Next(5) == 0 ? null : new Address(Bytes(random, Address.Size));
        var value = new Wei(Number(random, 12));
        var data = Bytes(random, random.Next(4) == 0 ? 0 : random.Next(300));
        ImmutableArray<AccessListEntry> list = random.Next(2) == 0
            ? []
            : [.. Enumerable.Range(0, random.Next(4)).Select(_ => new AccessListEntry(
                new Address(Bytes(random, 20)), [.. Enumerable.Range(0, random.Next(4)).Select(_ => new Bytes32(Bytes(random, 32)))]))];
        return type switch
        {
            TransactionType.Legacy => UnsignedTransaction.Legacy(chain, nonce, new Wei(fees[0]), gas, to, value, data),
            TransactionType.AccessList => UnsignedTransaction.AccessListed(chain, nonce, new Wei(fees[0]), gas, to, value, data, list),
            _ => UnsignedTransaction.DynamicFee(chain, nonce, new Wei(fees[0]), new Wei(fees[1]), gas, to, value, data, list),
        };
    }

    // Every size from nothing to 8 bytes is as likely as the others.
    private static ulong Word(Random random) => (ulong)Number(random, 8);

    private static BigInteger Number(Random random, int maxBytes) => new(Bytes(random, random.Next(maxBytes + 1)), isUnsigned: true);

    private static byte[] Bytes(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
