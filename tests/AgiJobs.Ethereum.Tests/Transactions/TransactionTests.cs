using System.Collections.Immutable;
using System.Numerics;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rlp;
using AgiJobs.Ethereum.Transactions;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Ethereum.Tests.Transactions;

public sealed class TransactionTests
{
    private static readonly Address Somebody = Address.ParseAnyCase("0x3535353535353535353535353535353535353535");

    // EIP-155, "Example".
    [Fact]
    public void The_example_of_EIP_155_is_reproduced()
    {
        var key = Convert.FromHexString("4646464646464646464646464646464646464646464646464646464646464646");
        var transaction = UnsignedTransaction.Legacy(
            new ChainId(1), 9, Wei.FromGwei("20"), new Gas(21000), Somebody, Wei.FromEther("1"), default);
        Assert.Equal(
            "0xec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080",
            Hex.Encode(transaction.SigningPayload.Span));
        Assert.Equal("0xdaf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53", transaction.SigningHash.ToString());
        using var signer = new LocalSigner(key);
        var signed = signer.Sign(transaction);
        Assert.Equal(
            "0xf86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83",
            Hex.Encode(signed.Raw.Span));
    }

    // go-ethereum, core/types/transaction_test.go: the EIP-2718 and homestead cases.
    [Fact]
    public void The_access_list_case_of_go_ethereum_is_reproduced()
    {
        var transaction = UnsignedTransaction.AccessListed(
            new ChainId(1),
            3,
            new Wei(1),
            new Gas(25000),
            Address.ParseAnyCase("0xb94f5374fce5edbc8e2a8697c15331677e6ebf0b"),
            new Wei(10),
            Convert.FromHexString("5544"),
            []);
        Assert.Equal("0x49b486f0ec0a60dfbbca2d30cb07c9e8ffb2a2ff41f29a1ab6737475f6ff69f3", transaction.SigningHash.ToString());
        var signature = Signature.FromBytes(Convert.FromHexString("c9519f4f2b30335884581971573fadf60c6204f59a911df35ee8a540456b266032f1e8e2c5dd761f9e4f88f41c8310aeaba26a8bfcdacfedfa12ec3862d3752101"));
        Assert.Equal(
            "0x01f8630103018261a894b94f5374fce5edbc8e2a8697c15331677e6ebf0b0a825544c001a0c9519f4f2b30335884581971573fadf60c6204f59a911df35ee8a540456b2660a032f1e8e2c5dd761f9e4f88f41c8310aeaba26a8bfcdacfedfa12ec3862d37521",
            Hex.Encode(new SignedTransaction(transaction, signature).Raw.Span));
    }

    [Fact]
    public void The_unprotected_case_of_go_ethereum_is_read()
    {
        var raw = Convert.FromHexString("f86103018207d094b94f5374fce5edbc8e2a8697c15331677e6ebf0b0a8255441ca098ff921201554726367d2be8c804a7ff89ccf285ebc57dff8ae4c44b9c19ac4aa08887321be575c8095f789dd4c743dfe42c1820f9231f98a962b210e3ac2452a3");

        // Its s is in the upper half, which EIP-2 forbids since Homestead.
        Assert.Equal("signature-high-s", Assert.Throws<EthereumException>(() => SignedTransaction.Parse(raw)).Code);
        var outer = new RlpReader(raw);
        var list = outer.ReadList();
        var unsigned = UnsignedTransaction.ReadFields(TransactionType.Legacy, null, ref list);
        Assert.Null(unsigned.ChainId);
        Assert.Equal("0xfe7a79529ed5f7c3375d06b26b186a8644e0e16c373d7a12be41c62d6042b77a", unsigned.SigningHash.ToString());
    }

    [Fact]
    public void The_dynamic_fee_case_of_go_ethereum_is_read()
    {
        var raw = Convert.FromHexString("02f864010180820fa08284d09411111111111111111111111111111111111111118080c001a0b7dfab36232379bb3d1497a4f91c1966b1f932eae3ade107bf5d723b9cb474e0a06261c359a10f2132f126d250485b90cf20f30340801244a08ef6142ab33d1904");
        var signed = SignedTransaction.Parse(raw);
        Assert.Equal(TransactionType.DynamicFee, signed.Unsigned.Type);
        Assert.Equal(new ChainId(1), signed.Unsigned.ChainId);
        Assert.Equal(1UL, signed.Unsigned.Nonce);
        Assert.Equal(Wei.Zero, signed.Unsigned.MaxPriorityFeePerGas);
        Assert.Equal(new Wei(0x0fa0), signed.Unsigned.MaxFeePerGas);
        Assert.Equal(new Gas(0x84d0), signed.Unsigned.Gas);
        Assert.Equal(raw, new SignedTransaction(signed.Unsigned, signed.Signature).Raw.ToArray());
    }

    [Fact]
    public void Every_transaction_that_is_signed_parses_to_the_same_and_to_the_signer() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(GeneratedTransactions.All.ToArbitrary(), transaction =>
        {
            using var signer = new LocalSigner(transaction.SigningHash.ToBytes());
            var signed = new SignedTransaction(transaction, Secp256k1.Sign(transaction.SigningHash, transaction.SigningHash.ToBytes()));
            var parsed = SignedTransaction.Parse(signed.Raw.Span);
            Assert.Equal(signer.Address, parsed.From);
            Assert.Equal(transaction, parsed.Unsigned);
            Assert.Equal(transaction.ToString(), parsed.Unsigned.ToString());
            Assert.Equal(signed.Hash, parsed.Hash);
            Assert.Equal(signed.Signature, parsed.Signature);
            Assert.Equal(transaction, UnsignedTransaction.Parse(transaction.SigningPayload.Span));
        }));

    [Fact]
    public void Any_cut_or_change_of_a_transaction_is_another_canonical_one_or_an_error() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(500),
        Prop.ForAll(
            Gen.Zip(GeneratedTransactions.All, ArbMap.Default.GeneratorFor<(NonNegativeInt At, byte Byte)>()).ToArbitrary(), input =>
        {
            var raw = new SignedTransaction(
                input.Item1, Secp256k1.Sign(input.Item1.SigningHash, input.Item1.SigningHash.ToBytes())).Raw.ToArray();
            var at = input.Item2.At.Get % raw.Length;
            Assert.Throws<EthereumException>(() => SignedTransaction.Parse(raw.AsSpan(0, at)));
            Assert.Throws<EthereumException>(() => SignedTransaction.Parse([.. raw, input.Item2.Byte]));
            raw[at] = input.Item2.Byte;
            try
            {
                var parsed = SignedTransaction.Parse(raw);
                Assert.Equal(raw, new SignedTransaction(parsed.Unsigned, parsed.Signature).Raw.ToArray());
            }
            catch (EthereumException)
            {
            }
        }));

    [Fact]
    public void Any_bytes_are_an_error() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes =>
        {
            foreach (var prefix in new byte[][] { [], [1], [2], [3], [0xf8], [1, 0xf8, 0x80], [0xc0] })
            {
                Assert.Throws<EthereumException>(() => SignedTransaction.Parse([.. prefix, .. bytes]));
                Assert.Throws<EthereumException>(() => UnsignedTransaction.Parse([.. prefix, .. bytes]));
            }
        }));

    [Theory]
    [InlineData("03c0", "EIP-4844")]
    [InlineData("04c0", "EIP-7702")]
    [InlineData("05c0", "0x05")]
    [InlineData("7fc0", "0x7f")]
    [InlineData("00c0", "0x00")]
    [InlineData("b80100", "0xb8")]
    public void Other_types_are_refused_by_name(string raw, string name)
    {
        foreach (var parse in new Action<byte[]>[] { bytes => SignedTransaction.Parse(bytes), bytes => UnsignedTransaction.Parse(bytes) })
        {
            var refusal = Assert.Throws<EthereumException>(() => parse(Convert.FromHexString(raw)));
            Assert.Equal("transaction-type", refusal.Code);
            Assert.Contains(name, refusal.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(26)]
    [InlineData(29)]
    [InlineData(35)]
    [InlineData(36)]
    public void A_legacy_transaction_with_another_v_is_refused(int v) =>
        Assert.Equal("signature-v", Assert.Throws<EthereumException>(() => SignedTransaction.Parse(LegacyWith(v))).Code);

    [Fact]
    public void A_chain_id_above_64_bits_is_refused_and_the_largest_below_is_read()
    {
        Assert.Equal("signature-v", Assert.Throws<EthereumException>(() =>
            SignedTransaction.Parse(LegacyWith((BigInteger.One << 65) + 35))).Code);
        Assert.Equal("rlp-integer", Assert.Throws<EthereumException>(() => SignedTransaction.Parse(LegacyWith(BigInteger.One << 72))).Code);
        Assert.Equal(
            new ChainId(ulong.MaxValue), SignedTransaction.Parse(LegacyWith((new BigInteger(ulong.MaxValue) * 2) + 36)).Unsigned.ChainId);
    }

    [Fact]
    public void Fields_that_break_a_rule_are_refused()
    {
        Assert.Equal("transaction-nonce", Code(() =>
            UnsignedTransaction.Legacy(new ChainId(1), ulong.MaxValue, Wei.Zero, new Gas(1), Somebody, Wei.Zero, default)));
        Assert.Equal("transaction-chain", Code(() =>
            UnsignedTransaction.Legacy(new ChainId(0), 0, Wei.Zero, new Gas(1), Somebody, Wei.Zero, default)));
        Assert.Equal("transaction-fee", Code(() =>
            UnsignedTransaction.DynamicFee(new ChainId(1), 0, new Wei(2), new Wei(1), new Gas(1), Somebody, Wei.Zero, default)));
        var legacy = UnsignedTransaction.Legacy(new ChainId(1), 0, Wei.Zero, new Gas(1), Somebody, Wei.Zero, default);
        Assert.Equal("transaction-fee", Code(() => legacy.WithFees(new Wei(1), new Wei(2))));
    }

    [Fact]
    public void A_recipient_of_another_length_is_refused()
    {
        var writer = new RlpWriter();
        writer.BeginList();
        foreach (var field in new byte[][] { [], [1], [1], new byte[19], [], [] })
        {
            writer.WriteBytes(field);
        }

        writer.EndList();
        Assert.Equal("transaction-to", Code(() => UnsignedTransaction.Parse(writer.ToArray())));
    }

    [Fact]
    public void A_signed_transaction_is_not_read_as_an_unsigned_one_nor_the_other_way_round()
    {
        foreach (var transaction in new[]
        {
            UnsignedTransaction.Legacy(new ChainId(1), 1, new Wei(1), new Gas(1), Somebody, Wei.Zero, default),
            UnsignedTransaction.DynamicFee(new ChainId(1), 1, new Wei(1), new Wei(1), new Gas(1), Somebody, Wei.Zero, default),
        })
        {
            Assert.Throws<EthereumException>(() => SignedTransaction.Parse(transaction.SigningPayload.Span));
            var signed = new SignedTransaction(transaction, Secp256k1.Sign(transaction.SigningHash, transaction.SigningHash.ToBytes()));
            Assert.Throws<EthereumException>(() => UnsignedTransaction.Parse(signed.Raw.Span));
        }
    }

    [Fact]
    public void Changed_copies_differ_in_what_was_changed_alone()
    {
        var entry = new AccessListEntry(Somebody, [Bytes32.Zero]);
        var original = UnsignedTransaction.DynamicFee(
            new ChainId(5), 7, new Wei(1), new Wei(2), new Gas(3), null, new Wei(4), new byte[] { 1, 2 }, [entry]);
        var changed = original.WithNonce(8).WithGas(new Gas(9)).WithFees(new Wei(10), new Wei(11));
        Assert.Equal(8UL, changed.Nonce);
        Assert.Equal(new Gas(9), changed.Gas);
        Assert.Equal((new Wei(10), new Wei(11)), (changed.MaxPriorityFeePerGas, changed.MaxFeePerGas));
        Assert.NotEqual(original, changed);
        Assert.Equal(original, changed.WithNonce(7).WithGas(new Gas(3)).WithFees(new Wei(1), new Wei(2)));
        Assert.Equal(original.GetHashCode(), changed.WithNonce(7).WithGas(new Gas(3)).WithFees(new Wei(1), new Wei(2)).GetHashCode());
        Assert.Equal(entry, new AccessListEntry(Somebody, ImmutableArray.Create(Bytes32.Zero)));
    }

    [Fact]
    public void The_given_data_may_be_changed_afterwards()
    {
        var data = new byte[] { 1, 2, 3 };
        var transaction = UnsignedTransaction.Legacy(new ChainId(1), 0, Wei.Zero, new Gas(1), Somebody, Wei.Zero, data);
        var hash = transaction.SigningHash;
        data[0] = 9;
        Assert.Equal(1, transaction.Data.Span[0]);
        Assert.Equal(hash, UnsignedTransaction.Parse(transaction.SigningPayload.Span).SigningHash);
    }

    [Fact]
    public void A_transaction_prints_its_fields_with_their_units() => Assert.Equal(
        "type 2, chain 31337, nonce 7, to 0x3535353535353535353535353535353535353535, 1.5 ether, 5 bytes of data from 0x8456cb59, gas "
            + "50000, fee cap 30.0 gwei, priority fee cap 1.5 gwei",
        UnsignedTransaction.DynamicFee(
            ChainId.Local,
            7,
            Wei.FromGwei("1.5"),
            Wei.FromGwei("30"),
            new Gas(50000),
            Somebody,
            Wei.FromEther("1.5"),
            Convert.FromHexString("8456cb5900")).ToString());

    private static string Code(Action action) => Assert.Throws<EthereumException>(action).Code;

    private static byte[] LegacyWith(BigInteger v)
    {
        var writer = new RlpWriter();
        writer.BeginList();
        foreach (var field in new byte[][] { [], [1], [1], Somebody.ToBytes(), [], [] })
        {
            writer.WriteBytes(field);
        }

        // A signature of some hash, so that it recovers to some key whatever the fields are.
        var signature = Secp256k1.Sign(
            AgiJobs.Ethereum.Hashing.Keccak256.Hash("any"), AgiJobs.Ethereum.Hashing.Keccak256.Hash("key").ToBytes());
        writer.WriteUnsigned(v);
        writer.WriteUnsigned(signature.R.ToUnsigned());
        writer.WriteUnsigned(signature.S.ToUnsigned());
        writer.EndList();
        return writer.ToArray();
    }
}
