using System.Numerics;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Safes;
using FsCheck;
using FsCheck.Fluent;
using static AgiJobs.Ethereum.Tests.Safes.SafeSamples;

namespace AgiJobs.Ethereum.Tests.Safes;

public sealed class MultiSendTests
{
    private static readonly AbiFunction Function = AbiFunction.Parse("function multiSend(bytes transactions) payable");

    [Fact]
    public void A_step_is_packed_without_padding()
    {
        var packed = MultiSend.Pack([new MultiSendCall(Safe, new Wei(1), Hex.Decode("0x8456cb59"))]);
        Assert.Equal(
            "0x00" + "111ceeee040739fd91d29c34c33e6b3e112f2177" + new string('0', 63) + "1" + new string('0', 63) + "4" + "8456cb59", Hex.Encode(packed));
    }

    [Fact]
    public void Unpacking_what_was_packed_is_the_identity_and_the_call_is_the_ABIs()
    {
        var random = new Random(11);
        for (var i = 0; i < 500; i++)
        {
            var callOnly = random.Next(2) == 0;
            var calls = Enumerable.Range(0, random.Next(1, 6)).Select(_ => new MultiSendCall(
                RandomAddress(random), new Wei(RandomNumber(random)), RandomBytes(random, 150), callOnly ? SafeOperation.Call : (SafeOperation)random.Next(2))).ToArray();
            var packed = MultiSend.Pack(calls, callOnly);
            Assert.Equal(calls, MultiSend.Unpack(packed, callOnly));
            Assert.Equal(Hex.Encode(Function.Encode(packed)), Hex.Encode(MultiSend.EncodeCall(calls, callOnly)));
            Assert.Equal(calls, MultiSend.DecodeCall(MultiSend.EncodeCall(calls, callOnly), callOnly));
        }
    }

    [Fact]
    public void The_call_only_contract_takes_no_delegate_call()
    {
        MultiSendCall[] calls = [new(Safe, Wei.Zero, default), new(Safe, Wei.Zero, default, SafeOperation.DelegateCall)];
        var refusal = Assert.Throws<EthereumException>(() => MultiSend.Pack(calls));
        Assert.Equal("multisend-delegate-call", refusal.Code);
        Assert.Contains("Step 2", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("multisend-delegate-call", Assert.Throws<EthereumException>(() => MultiSend.Unpack(MultiSend.Pack(calls, callOnly: false))).Code);
    }

    [Fact]
    public void An_empty_batch_and_the_zero_address_are_refused()
    {
        Assert.Equal("multisend-empty", Assert.Throws<EthereumException>(() => MultiSend.Pack([])).Code);
        Assert.Equal("multisend-empty", Assert.Throws<EthereumException>(() => MultiSend.Unpack([])).Code);
        Assert.Equal("multisend-target", Assert.Throws<EthereumException>(() => MultiSend.Pack([new(Address.Zero, Wei.Zero, default)])).Code);
    }

    [Fact]
    public void Cut_and_altered_batches_are_refused()
    {
        var packed = MultiSend.Pack([new(Safe, Wei.Zero, new byte[3]), new(Owner(1), new Wei(5), default)]);
        for (var length = 1; length < packed.Length; length++)
        {
            // A cut exactly between the steps leaves a whole batch; every other one must be refused.
            if (length != 88)
            {
                Assert.Equal("multisend-format", Assert.Throws<EthereumException>(() => MultiSend.Unpack(packed.AsSpan(..length))).Code);
            }
        }

        foreach (var change in new[] { 0, 53, 83, 84 })
        {
            var altered = packed.ToArray();
            altered[change] = 0x7f;
            Assert.Equal("multisend-format", Assert.Throws<EthereumException>(() => MultiSend.Unpack(altered)).Code);
        }
    }

    [Fact]
    public void Noise_of_any_length_is_refused_and_never_crashes() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2_000),
        Prop.ForAll<byte[]>(noise =>
        {
            foreach (var bytes in new[] { noise, [.. new byte[70], .. noise], [0x8d, 0x80, 0xff, 0x0a, .. noise] })
            {
                foreach (var read in new Func<IReadOnlyList<MultiSendCall>>[] { () => MultiSend.Unpack(bytes, false), () => MultiSend.DecodeCall(bytes, false) })
                {
                    try
                    {
                        Assert.NotEmpty(read());
                    }
                    catch (EthereumException refusal)
                    {
                        Assert.Equal(Fault.BadInput, refusal.Fault);
                    }
                }
            }
        }));

    [Fact]
    public void A_batch_becomes_a_delegate_call_of_the_published_contract()
    {
        var transaction = MultiSend.ToTransaction([new(Owner(1), Wei.Zero, Hex.Decode("0x8456cb59"))], SafeContracts.MultiSendCallOnly.Address, BigInteger.Zero);
        Assert.Equal(SafeOperation.DelegateCall, transaction.Operation);
        Assert.Equal("0x9641d764fc13c8B624c04430C7356C1C7C8102e2", transaction.To.ToString());
        Assert.Equal(Owner(1), MultiSend.DecodeCall(transaction.Data.Span)[0].To);
    }
}
