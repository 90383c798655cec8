using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Safes;
using static AgiJobs.Ethereum.Tests.Safes.SafeSamples;

namespace AgiJobs.Ethereum.Tests.Safes;

public sealed class SafeTransactionReviewTests
{
    [Fact]
    public void A_plain_call_and_a_cancellation_give_no_finding()
    {
        Assert.Empty(Review(Pause));
        Assert.Empty(Review(new SafeTransaction { To = Domain.Safe, Nonce = 0 }));
        Assert.Empty(Review(MultiSend.ToTransaction([new(Owner(1), new Wei(1), default)], SafeContracts.MultiSendCallOnly.Address, 0)));
    }

    [Fact]
    public void A_delegate_call_to_unknown_code_is_found_and_so_is_one_inside_a_batch()
    {
        Assert.Equal("safe-delegate-call", Assert.Single(Review(Pause with { Operation = SafeOperation.DelegateCall })).Code);
        var multiSend = SafeContracts.All.First(contract => contract.Role == SafeContractRole.MultiSend).Address;
        var batch = new SafeTransaction
        {
            To = multiSend,
            Operation = SafeOperation.DelegateCall,
            Data = MultiSend.EncodeCall([new(Owner(1), Wei.Zero, default), new(Owner(2), Wei.Zero, default, SafeOperation.DelegateCall)], callOnly: false),
            Nonce = 0,
        };
        var finding = Assert.Single(Review(batch));
        Assert.Equal("safe-delegate-call", finding.Code);
        Assert.StartsWith("Step 2", finding.Message, StringComparison.Ordinal);
        Assert.Equal("safe-batch-unreadable", Assert.Single(Review(batch with { Data = Hex.Decode("0x8d80ff0a00") })).Code);
    }

    [Fact]
    public void A_refund_is_found_whichever_of_its_fields_is_set()
    {
        Assert.Equal("safe-refund", Assert.Single(Review(Pause with { GasPrice = 1 })).Code);
        Assert.Equal("safe-refund", Assert.Single(Review(Pause with { GasToken = Owner(1) })).Code);
        Assert.Equal("safe-refund", Assert.Single(Review(Pause with { RefundReceiver = Owner(1) })).Code);
    }

    [Theory]
    [InlineData("addOwnerWithThreshold")]
    [InlineData("removeOwner")]
    [InlineData("swapOwner")]
    [InlineData("changeThreshold")]
    [InlineData("enableModule")]
    [InlineData("setGuard")]
    [InlineData("setFallbackHandler")]
    public void A_change_of_the_Safe_itself_is_found_by_name_alone_or_in_a_batch(string name)
    {
        var function = SafeAbi.Safe.Function(name);
        var data = function.Encode([.. function.Inputs.Select(input => input.Type.CanonicalName == "address" ? (AbiValue)Owner(4) : 1)]);
        foreach (var transaction in new[]
        {
            new SafeTransaction { To = Domain.Safe, Data = data, Nonce = 0 },
            MultiSend.ToTransaction([new(Domain.Safe, Wei.Zero, data)], SafeContracts.MultiSendCallOnly.Address, 0),
        })
        {
            var finding = Assert.Single(Review(transaction));
            Assert.Equal("safe-self-change", finding.Code);
            Assert.Contains(name, finding.Message, StringComparison.Ordinal);
        }

        // The same call to another Safe is that Safe's affair.
        Assert.Empty(Review(new SafeTransaction { To = Owner(1), Data = data, Nonce = 0 }));
    }

    [Fact]
    public void Unknown_or_malformed_self_calls_and_the_zero_address_are_found()
    {
        Assert.Equal("safe-self-call", Assert.Single(Review(new SafeTransaction { To = Domain.Safe, Data = Hex.Decode("0x12345678"), Nonce = 0 })).Code);
        Assert.Equal("safe-self-call", Assert.Single(Review(new SafeTransaction { To = Domain.Safe, Data = Hex.Decode("0x694e80c300"), Nonce = 0 })).Code);
        Assert.Equal("safe-empty-target", Assert.Single(Review(new SafeTransaction { To = Address.Zero, Value = new Wei(1), Nonce = 0 })).Code);
    }

    private static IReadOnlyList<SafeFinding> Review(SafeTransaction transaction) => SafeTransactionReview.Of(SafeTransactionHash.Compute(Domain, transaction));
}
