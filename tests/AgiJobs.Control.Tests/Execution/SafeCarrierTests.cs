using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Execution;
using AgiJobs.Control.Pausing;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Control.Tests.Execution;

public sealed class SafeCarrierTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private FiledChange _change = null!;

    private TestNetwork Devnet => fixture.Devnet;

    public async ValueTask InitializeAsync()
    {
        await Devnet.FreshAsync();
        await Devnet.CallAsAsync(Devnet.Safe, "SystemPause", "pauseAll");
        _change = await PlanAsync("INC-1");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Two_owners_in_any_order_are_enough()
    {
        await SignAsync("safe-owner-3");
        Assert.False((await StandingAsync()).IsComplete);
        await SignAsync("safe-owner-1");
        Assert.True((await StandingAsync()).IsComplete);
    }

    [Fact]
    public async Task An_account_that_is_no_owner_is_refused_and_nothing_is_filed()
    {
        var refusal = await Assert.ThrowsAsync<ControlException>(() => SignAsync("agent-1"));
        Assert.Equal(("safe-not-owner", ExitCode.Refused), (refusal.Code, refusal.Exit));
        Assert.Contains(Devnet.Accounts["agent-1"].Address.ToString(), refusal.Message, StringComparison.Ordinal);
        Assert.Contains(Devnet.Accounts["safe-owner-1"].Address.ToString(), refusal.Message, StringComparison.Ordinal);
        Assert.Empty(_change.SafeApprovals());
    }

    [Fact]
    public async Task One_owners_signature_in_two_files_counts_once()
    {
        await SignAsync("safe-owner-1");
        var file = Directory.GetFiles(Path.Combine(_change.Folder, "approvals")).Single();
        File.Copy(file, file.Replace(".json", "-again.json", StringComparison.Ordinal));
        var standing = await StandingAsync();
        Assert.Single(standing.Approvals);
        Assert.Contains("counts once", Assert.Single(standing.Stale), StringComparison.Ordinal);
        Assert.False(standing.IsComplete);
    }

    [Fact]
    public async Task One_owners_signature_under_another_owners_name_does_not_count()
    {
        var good = await SignAsync("safe-owner-1");
        _change.File(good with { Owner = Devnet.Accounts["safe-owner-2"].Address });
        var standing = await StandingAsync();
        Assert.Single(standing.Approvals);
        Assert.Contains($"signed by {Devnet.Accounts["safe-owner-1"].Address}", Assert.Single(standing.Stale), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_signatures_in_one_file_do_not_count_as_one()
    {
        var first = await SignAsync("safe-owner-1");
        var second = await SignAsync("safe-owner-2");
        File.Delete(Path.Combine(_change.Folder, "approvals", $"safe-{second.Safe}-{second.Owner}.json"));
        _change.File(first with { Signature = SafeSignatures.Encode(first.SafeTxHash, [.. SafeSignatures.Decode(first.Signature), .. SafeSignatures.Decode(second.Signature)]) });
        Assert.Contains("2 signatures", Assert.Single((await StandingAsync()).Stale), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_signature_over_something_else_is_stale_with_the_reason()
    {
        var good = await SignAsync("safe-owner-1");
        var elsewhere = await PlanAsync("INC-2");
        var other = await new SafeCarrier(Devnet.Client, elsewhere).StandingAsync(CancellationToken.None);
        foreach (var (wrong, reason) in ((SafeApproval, string)[])
        [
            (good with { SafeTxHash = Bytes32.FromUnsigned(1) }, "not over this change's"),
            (good with { Nonce = "77", SafeTxHash = Bytes32.FromUnsigned(1) }, "nonce 77"),
            (good with { Change = elsewhere.Document.Digest() }, "approves the change"),
            (good with { ChainId = new ChainId(1) }, "chain 1"),
            (good with { Safe = Devnet.Accounts["treasury"].Address }, "for the Safe"),
            (good with { Signature = [.. good.Signature[..^1], (byte)(good.Signature[^1] ^ 7)] }, ""),
            (good with { Signature = [] }, ""),
            (good with { Signature = new byte[64] }, ""),
            (good with { Signature = [(byte)(good.Signature[0] ^ 1), .. good.Signature[1..]] }, ""),
        ])
        {
            Directory.Delete(Path.Combine(_change.Folder, "approvals"), recursive: true);
            _change.File(wrong);
            var standing = await StandingAsync();
            Assert.Empty(standing.Approvals);
            Assert.Contains(reason, Assert.Single(standing.Stale), StringComparison.Ordinal);
        }

        Assert.NotNull(other);
    }

    [Fact]
    public async Task A_signature_of_a_nonce_that_the_Safe_has_passed_is_stale()
    {
        await SignAsync("safe-owner-1");
        var pause = new SafeCarrier(Devnet.Client, await PlanAsync("INC-2"));
        var signatures = new List<SafeSignature>();
        var standing = await pause.StandingAsync(CancellationToken.None);
        foreach (var owner in (string[])["safe-owner-1", "safe-owner-2"])
        {
            signatures.Add(SafeSignature.OfHash(await Devnet.Accounts[owner].SignTypedDataAsync(standing.Hash.Document, CancellationToken.None)));
        }

        var prepared = await new SafeAccount(Devnet.Client, Devnet.Safe).PrepareAsync(standing.Hash.Transaction, signatures, Devnet.Accounts["relayer"].Address, Ethereum.Rpc.BlockReference.Latest);
        await Devnet.SendMinedAsync(Devnet.Accounts["relayer"].Address, Devnet.Safe, prepared.Calldata);
        Assert.Contains("the Safe is at", Assert.Single((await StandingAsync()).Stale), StringComparison.Ordinal);
    }

    private async Task<FiledChange> PlanAsync(string instance) =>
        new ChangeStore(Devnet.Workspace, TimeProvider.System).File(new PausePlanner(await Devnet.ObserveAsync(), TestNetwork.Network, Devnet.Signers.All).Plan(LeverAction.Resume, instance).Change!, "brief");

    private Task<SafeStanding> StandingAsync() => new SafeCarrier(Devnet.Client, _change).StandingAsync(CancellationToken.None);

    private async Task<SafeApproval> SignAsync(string owner) => Assert.Single(
        await new SafeCarrier(Devnet.Client, _change).ApproveAsync(await StandingAsync(), Devnet.Signers.Named([owner])[0], Devnet.Accounts[owner], TimeProvider.System, CancellationToken.None));
}
