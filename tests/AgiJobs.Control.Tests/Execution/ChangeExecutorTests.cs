using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Execution;
using AgiJobs.Control.Pausing;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Control.Tests.Execution;

public sealed class ChangeExecutorTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task An_execution_is_journaled_before_it_is_sent_and_verified_after()
    {
        var change = await PlanAsync();
        var result = await ExecuteAsync(change, "guardian");
        Assert.Equal(ExecutionEnd.Verified, result.End);
        Assert.Equal(["signed", "broadcast", "mined", "verified"], Events(change));
        Assert.All(result.Checks, check => Assert.True(check.Holds));
        Assert.True(File.Exists(Path.Combine(change.Folder, "verification.json")));
        Assert.True(File.Exists(Devnet.Workspace.Locate("storage", "receipts", TestNetwork.Network, result.Transactions[0].Hash + ".json")));
        Assert.True(await Devnet.IsPausedAsync());
    }

    [Fact]
    public async Task Killed_at_any_point_and_run_again_it_ends_verified_with_exactly_one_transaction()
    {
        var points = 0;
        for (var struck = true; struck; points++)
        {
            await Devnet.FreshAsync();
            var before = await Devnet.NonceAsync("guardian");
            var change = await PlanAsync();
            struck = await KillAsync(change, "guardian", points);
            var again = await ExecuteAsync(change, "guardian");
            Assert.Equal(struck ? ExecutionEnd.Verified : ExecutionEnd.AlreadyExecuted, again.End);
            await AssertExecutedOnceAsync(change, "guardian", before, points);
        }

        Assert.True(points > 15, $"only {points} points were reached");
    }

    [Fact]
    public async Task Killed_at_any_point_while_its_transaction_waits_and_run_again_it_sends_no_second_one()
    {
        var points = 0;
        for (var struck = true; struck; points++)
        {
            await Devnet.FreshAsync();
            var before = await Devnet.NonceAsync("guardian");
            var change = await PlanAsync();
            await Devnet.AutomineAsync(false);
            struck = await KillAsync(change, "guardian", points, TimeSpan.Zero);

            // Once more while it waits, then with the block that takes it in.
            Assert.Equal("change-undecided", (await Assert.ThrowsAsync<ControlException>(() => ExecuteAsync(change, "guardian", TimeSpan.Zero))).Code);
            Assert.Equal(before + 1, await Devnet.PendingNonceAsync("guardian"));
            await Devnet.MineAsync();
            Assert.Equal(ExecutionEnd.Verified, (await ExecuteAsync(change, "guardian")).End);
            await AssertExecutedOnceAsync(change, "guardian", before, points);
        }

        Assert.True(points > 10, $"only {points} points were reached");
    }

    [Fact]
    public async Task Killed_at_any_point_of_a_Safe_execution_and_run_again_the_Safe_executes_exactly_once()
    {
        var points = 0;
        for (var struck = true; struck; points++)
        {
            await Devnet.FreshAsync();
            await Devnet.CallAsAsync(Devnet.Accounts["guardian"].Address, "SystemPause", "pauseAll");
            var change = await PlanAsync(LeverAction.Resume);
            await ApproveAsync(change, "safe-owner-1", "safe-owner-3");
            var before = await Devnet.NonceAsync("relayer");
            struck = await KillAsync(change, "relayer", points);
            var again = await ExecuteAsync(change, "relayer");
            Assert.Equal(struck ? ExecutionEnd.Verified : ExecutionEnd.AlreadyExecuted, again.End);
            Assert.True(await Devnet.IsPausedAsync(false));
            Assert.Equal(before + 1, await Devnet.NonceAsync("relayer"));
            Assert.Single(Events(change), name => name == "verified");
        }

        Assert.True(points > 20, $"only {points} points were reached");
    }

    [Fact]
    public async Task With_its_journal_cut_at_any_place_it_sends_nothing_more_once_it_was_mined()
    {
        var before = await Devnet.NonceAsync("guardian");
        var change = await PlanAsync();
        await ExecuteAsync(change, "guardian");
        var whole = await File.ReadAllBytesAsync(change.JournalPath);
        var ends = Enumerable.Range(0, whole.Length).Where(at => whole[at] == '\n').SelectMany(at => new[] { at - 1, at, at + 1 });
        foreach (var length in Enumerable.Range(0, whole.Length / 97).Select(step => step * 97).Concat(ends).Append(whole.Length).Distinct())
        {
            await File.WriteAllBytesAsync(change.JournalPath, whole[..length]);
            var result = await ExecuteAsync(change, "guardian");
            Assert.Contains(result.End, (ExecutionEnd[])[ExecutionEnd.NothingToDo, ExecutionEnd.Verified, ExecutionEnd.AlreadyExecuted]);
            Assert.Equal(before + 1, await Devnet.NonceAsync("guardian"));
            Assert.Equal(before + 1, await Devnet.PendingNonceAsync("guardian"));
        }
    }

    [Fact]
    public async Task A_state_that_is_there_already_sends_nothing_and_writes_no_entry()
    {
        var change = await PlanAsync();
        await Devnet.CallAsAsync(Devnet.Safe, "SystemPause", "pauseAll");
        var before = await Devnet.NonceAsync("guardian");
        Assert.Equal(ExecutionEnd.NothingToDo, (await ExecuteAsync(change, "guardian")).End);
        Assert.Empty(Events(change));
        Assert.Equal(before, await Devnet.NonceAsync("guardian"));
    }

    [Fact]
    public async Task A_contract_whose_code_changed_since_the_plan_makes_it_stale_and_nothing_is_sent()
    {
        var change = await PlanAsync();
        _ = await Devnet.Client.RequestAsync("anvil_setCode", writer =>
        {
            writer.WriteStringValue(Devnet.Protocol["StakeManager"].Address.ToString());
            writer.WriteStringValue("0x60016000f3");
        });
        await RefusedUnsentAsync(change, "guardian", "change-stale", ExitCode.Refused, "code of StakeManager");
    }

    [Fact]
    public async Task A_module_that_somebody_resumed_since_the_plan_makes_a_resume_stale()
    {
        await Devnet.CallAsAsync(Devnet.Safe, "SystemPause", "pauseAll");
        var change = await PlanAsync(LeverAction.Resume);
        await ApproveAsync(change, "safe-owner-1", "safe-owner-2");
        await Devnet.CallAsAsync(Devnet.Safe, "SystemPause", "unpauseModule", Devnet.Protocol["FeePool"].Address);
        await RefusedUnsentAsync(change, "relayer", "change-stale", ExitCode.Refused, "FeePool.paused()");
    }

    [Fact]
    public async Task A_precondition_that_cannot_be_read_is_unknown_and_nothing_is_sent()
    {
        var change = await PlanAsync();
        await using var node = FaultyRpc.InFrontOf(Devnet.Url);
        node.On("eth_getCode").When(parameters => (string?)parameters[0] is { } address && Address.ParseAnyCase(address) == Devnet.Protocol["StakeManager"].Address).Error(-32603, "disk on fire");
        await RefusedUnsentAsync(change, "guardian", "reading-unknown", ExitCode.Unknown, "disk on fire", node.Url);
    }

    [Fact]
    public async Task Another_account_than_the_route_demands_is_refused()
    {
        var change = await PlanAsync();
        await RefusedUnsentAsync(change, "relayer", "sender-wrong", ExitCode.Refused, Devnet.Accounts["guardian"].Address.ToString());
    }

    [Fact]
    public async Task A_transaction_that_reverts_in_its_block_is_reported_with_the_contracts_own_reason_again_and_again()
    {
        var change = await PlanAsync();
        await Devnet.AutomineAsync(false);
        await Assert.ThrowsAsync<ControlException>(() => ExecuteAsync(change, "guardian", TimeSpan.Zero));

        // The Safe dismisses the guardian in the same block, before it.
        _ = await Devnet.Client.RequestAsync("anvil_impersonateAccount", writer => writer.WriteStringValue(Devnet.Safe.ToString()));
        _ = await Devnet.Client.RequestAsync("anvil_setBalance", writer =>
        {
            writer.WriteStringValue(Devnet.Safe.ToString());
            writer.WriteStringValue("0xde0b6b3a7640000");
        });
        var pause = Devnet.Protocol["SystemPause"];
        await Devnet.SendAsync(Devnet.Safe, pause.Address, pause.Abi.Function("setGuardian").Encode(Devnet.Accounts["guardian"].Address, false), tip: Wei.FromGwei("50"));
        await Devnet.MineAsync();
        var nonce = await Devnet.PendingNonceAsync("guardian");
        for (var attempt = 0; attempt < 2; attempt++)
        {
            var failure = await Assert.ThrowsAsync<ControlException>(() => ExecuteAsync(change, "guardian"));
            Assert.Equal(("change-reverted", ExitCode.Failed), (failure.Code, failure.Exit));
            Assert.Contains("Unauthorized", failure.Message, StringComparison.OrdinalIgnoreCase);
            Assert.Equal(nonce, await Devnet.PendingNonceAsync("guardian"));
        }

        Assert.Equal(["signed", "broadcast", "mined"], Events(change).Distinct());
        Assert.True(Journal.HasEnded(Journal.Read(change.JournalPath)));
    }

    [Fact]
    public async Task A_nonce_that_another_transaction_took_is_told_and_the_next_run_decides_anew()
    {
        var change = await PlanAsync();
        var guardian = Devnet.Accounts["guardian"].Address;
        var before = await Devnet.NonceAsync("guardian");
        await Devnet.AutomineAsync(false);
        await Assert.ThrowsAsync<ControlException>(() => ExecuteAsync(change, "guardian", TimeSpan.Zero));
        var ours = (string)Journal.Read(change.JournalPath)[0]["hash"]!;
        _ = await Devnet.Client.RequestAsync("anvil_dropTransaction", writer => writer.WriteStringValue(ours));
        var other = await Devnet.SendAsync(guardian, guardian, default, before);
        await Devnet.MineAsync();
        await Devnet.AutomineAsync(true);

        var failure = await Assert.ThrowsAsync<ControlException>(() => ExecuteAsync(change, "guardian"));
        Assert.Equal(("nonce-taken", ExitCode.Failed), (failure.Code, failure.Exit));
        Assert.Contains(other.ToString(), failure.Message, StringComparison.Ordinal);
        Assert.False(await Devnet.IsPausedAsync());

        Assert.Equal(ExecutionEnd.Verified, (await ExecuteAsync(change, "guardian")).End);
        Assert.True(await Devnet.IsPausedAsync());
        Assert.Equal(before + 2, await Devnet.NonceAsync("guardian"));
    }

    [Fact]
    public async Task A_nonce_that_another_machine_took_for_the_same_call_is_the_change_executed_elsewhere()
    {
        var change = await PlanAsync();
        var guardian = Devnet.Accounts["guardian"].Address;
        var before = await Devnet.NonceAsync("guardian");
        await Devnet.AutomineAsync(false);
        await Assert.ThrowsAsync<ControlException>(() => ExecuteAsync(change, "guardian", TimeSpan.Zero));
        _ = await Devnet.Client.RequestAsync("anvil_dropTransaction", writer => writer.WriteStringValue((string)Journal.Read(change.JournalPath)[0]["hash"]!));
        var theirs = await Devnet.SendAsync(guardian, Devnet.Protocol["SystemPause"].Address, change.Document.Steps[0].Calldata, before);
        await Devnet.MineAsync();
        await Devnet.AutomineAsync(true);
        var result = await ExecuteAsync(change, "guardian");
        Assert.Equal((ExecutionEnd.ExecutedElsewhere, ExitCode.Clean), (result.End, result.Exit));
        Assert.Equal(theirs, Assert.Single(result.Transactions).Hash);
        Assert.Equal(["signed", "broadcast", "broadcast", "replaced", "elsewhere", "verified"], Events(change));
        Assert.Equal(ExecutionEnd.AlreadyExecuted, (await ExecuteAsync(change, "guardian")).End);
        Assert.Equal(before + 1, await Devnet.NonceAsync("guardian"));
    }

    [Fact]
    public async Task Of_two_that_execute_one_change_at_once_one_sends_and_the_other_is_told()
    {
        var change = await PlanAsync();
        var before = await Devnet.NonceAsync("guardian");
        await Devnet.AutomineAsync(false);
        var first = ExecuteAsync(change, "guardian");
        await Wait.UntilAsync("the first executor has sent", () => File.Exists(change.JournalPath) && Events(change).Contains("broadcast"));
        var refusal = await Assert.ThrowsAsync<ControlException>(() => ExecuteAsync(change, "guardian"));
        Assert.Equal(("journal-locked", ExitCode.Refused), (refusal.Code, refusal.Exit));
        await Devnet.MineAsync();
        Assert.Equal(ExecutionEnd.Verified, (await first).End);
        Assert.Equal(ExecutionEnd.AlreadyExecuted, (await ExecuteAsync(change, "guardian")).End);
        Assert.Equal(before + 1, await Devnet.PendingNonceAsync("guardian"));
    }

    [Fact]
    public async Task A_journal_that_cannot_be_written_stops_it_before_anything_is_sent()
    {
        var change = await PlanAsync();
        Directory.CreateDirectory(change.JournalPath);
        var before = await Devnet.PendingNonceAsync("guardian");
        var failure = await Assert.ThrowsAsync<ControlException>(() => ExecuteAsync(change, "guardian"));
        Assert.Equal(("file-write", ExitCode.Failed), (failure.Code, failure.Exit));
        Assert.Equal(before, await Devnet.PendingNonceAsync("guardian"));
    }

    [Theory]
    [InlineData("0x")]
    [InlineData("0x02")]
    [InlineData("nonsense")]
    public async Task A_signed_transaction_in_the_journal_that_cannot_be_read_stops_it(string raw)
    {
        var change = await PlanAsync();
        await File.WriteAllTextAsync(change.JournalPath, $$"""{"event":"signed","unit":"0","hash":"0x00","raw":"{{raw}}"}{{"\n"}}""");
        await RefusedUnsentAsync(change, "guardian", "journal-corrupt", ExitCode.Mismatch, "journal.jsonl");
    }

    [Fact]
    public async Task A_signed_transaction_in_the_journal_that_is_not_of_this_change_is_not_sent()
    {
        var change = await PlanAsync();
        var guardian = Devnet.Accounts["guardian"];
        var foreign = await guardian.SignTransactionAsync(Ethereum.Transactions.UnsignedTransaction.DynamicFee(ChainId.Local, await Devnet.NonceAsync("guardian"), Wei.FromGwei("1"), Wei.FromGwei("10"), new Gas(21_000), Devnet.Accounts["treasury"].Address, Wei.FromEther("9"), default), CancellationToken.None);
        await File.WriteAllTextAsync(change.JournalPath, $$"""{"event":"signed","unit":"0","hash":"{{foreign.Hash}}","raw":"{{Hex.Encode(foreign.Raw.Span)}}"}{{"\n"}}""");
        await RefusedUnsentAsync(change, "guardian", "journal-corrupt", ExitCode.Mismatch, foreign.Hash.ToString());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(3)]
    public async Task A_node_that_lies_about_the_nonce_never_makes_it_send_twice(int lie)
    {
        // So that there is a used nonce to lie about.
        await Devnet.SendMinedAsync(Devnet.Accounts["guardian"].Address, Devnet.Accounts["guardian"].Address, default);
        var before = await Devnet.NonceAsync("guardian");
        var change = await PlanAsync();
        await using (var liar = FaultyRpc.InFrontOf(Devnet.Url))
        {
            liar.On("eth_getTransactionCount").Change((_, count) => Hex.EncodeQuantity(Hex.DecodeQuantity((string)count!) + lie));
            var failure = await Assert.ThrowsAsync<ControlException>(() => ExecuteAsync(change, "guardian", TimeSpan.Zero, liar.Url));
            Assert.Equal("change-undecided", failure.Code);
        }

        Assert.Equal(before, await Devnet.NonceAsync("guardian"));
        if (lie < 0)
        {
            Assert.Equal("nonce-taken", (await Assert.ThrowsAsync<ControlException>(() => ExecuteAsync(change, "guardian"))).Code);
            Assert.Equal(ExecutionEnd.Verified, (await ExecuteAsync(change, "guardian")).End);
            Assert.Equal(before + 1, await Devnet.NonceAsync("guardian"));
        }
        else
        {
            // It waits for the nonces before its own, so to sign another now could make two.
            Assert.Contains("gap", (await Assert.ThrowsAsync<ControlException>(() => ExecuteAsync(change, "guardian", TimeSpan.Zero))).Message, StringComparison.Ordinal);
            Assert.Single(Events(change), name => name == "signed");
        }
    }

    [Fact]
    public async Task A_change_of_another_chain_is_a_mismatch()
    {
        var change = await PlanAsync();
        var foreign = new FiledChange(change.Folder, change.Document with { ChainId = new ChainId(1) });
        await RefusedUnsentAsync(foreign, "guardian", "change-chain", ExitCode.Mismatch, "chain 1");
    }

    private async Task<FiledChange> PlanAsync(LeverAction action = LeverAction.Pause)
    {
        var plan = new PausePlanner(await Devnet.ObserveAsync(), TestNetwork.Network, Devnet.Signers.All).Plan(action, "INC-1");
        return new ChangeStore(Devnet.Workspace, TimeProvider.System).File(plan.Change!, "brief");
    }

    private async Task ApproveAsync(FiledChange change, params string[] owners)
    {
        var carrier = new SafeCarrier(Devnet.Client, change);
        foreach (var owner in owners)
        {
            await carrier.ApproveAsync(await carrier.StandingAsync(CancellationToken.None), Devnet.Signers.Named([owner])[0], Devnet.Accounts[owner], TimeProvider.System, CancellationToken.None);
        }
    }

    private async Task<ExecutionResult> ExecuteAsync(FiledChange change, string signer, TimeSpan? patience = null, string? url = null, TimeProvider? time = null)
    {
        var clock = time ?? TimeProvider.System;
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(url ?? Devnet.Url) with { Rounds = 1 }, ChainId.Local, clock);
        return await new ChangeExecutor(client, Devnet.Protocol, Devnet.Workspace, clock) { Patience = patience ?? TimeSpan.FromSeconds(20) }.ExecuteAsync(change, Devnet.Accounts[signer], CancellationToken.None);
    }

    // False when the run came to its end before it was to be killed.
    private async Task<bool> KillAsync(FiledChange change, string signer, int readings, TimeSpan? patience = null)
    {
        var clock = new FatalClock(readings);
        try
        {
            await ExecuteAsync(change, signer, patience, time: clock);
        }
        catch (KilledException)
        {
            return true;
        }
        catch (ControlException undecided) when (undecided.Code is "change-undecided")
        {
            return false;
        }

        Assert.False(clock.HasStruck, "the kill was swallowed");
        return false;
    }

    private async Task RefusedUnsentAsync(FiledChange change, string signer, string code, ExitCode exit, string part, string? url = null)
    {
        var before = await Devnet.PendingNonceAsync(signer);
        var refusal = await Assert.ThrowsAsync<ControlException>(() => ExecuteAsync(change, signer, url: url));
        Assert.Equal((code, exit), (refusal.Code, refusal.Exit));
        Assert.Contains(part, refusal.Message, StringComparison.Ordinal);
        Assert.Equal(before, await Devnet.PendingNonceAsync(signer));
    }

    private async Task AssertExecutedOnceAsync(FiledChange change, string sender, ulong before, int point)
    {
        Assert.True(await Devnet.IsPausedAsync(), $"not paused after a kill at {point}");
        Assert.Equal(before + 1, await Devnet.NonceAsync(sender));
        Assert.Equal(before + 1, await Devnet.PendingNonceAsync(sender));
        var events = Events(change);
        Assert.Equal("verified", events[^1]);
        Assert.All((string[])["signed", "mined", "verified"], name => Assert.Single(events, entry => entry == name));
    }

    private static List<string> Events(FiledChange change) => [.. Journal.Read(change.JournalPath).Select(entry => (string)entry["event"]!)];
}
