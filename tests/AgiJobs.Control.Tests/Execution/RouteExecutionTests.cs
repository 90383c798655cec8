using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Execution;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Pausing;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Control.Tests.Execution;

/// <summary>Every sort of route, executed on a chain: as planned, killed at every point, with every exchange lost once, and by two machines at once.</summary>
public sealed class RouteExecutionTests(DevnetFixture fixture, ITestOutputHelper output) : IClassFixture<DevnetFixture>
{
    private const ulong Delay = 3600;

    private TestNetwork Devnet => fixture.Devnet;

    private Protocol? _protocol;

    /// <summary>The sorts, each with the transactions that it takes.</summary>
    public static TheoryData<string, int> Routes => new()
    {
        { "direct", 1 },
        { "safe", 1 },
        { "nested", 3 },
        { "authorization", 1 },
        { "forwarder", 1 },
        { "timelock", 2 },
        { "forwarder-timelock-safe", 2 },
        { "chunks", 2 },
    };

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task A_route_is_found_on_the_chain_and_leads_to_the_end_asked_for(string route, int transactions)
    {
        var scene = await ArrangeAsync(route);
        var change = await PlanAsync(scene, Devnet.Workspace);
        Assert.Equal(scene.Kind, change.Document.Steps[0].Route.Kind);
        await ApproveAsync(scene, change);
        var result = await DriveAsync(scene, change, scene.Sender);
        Assert.Equal((ExecutionEnd.Verified, ExitCode.Clean), (result.End, result.Exit));
        Assert.Equal(transactions, result.Transactions.Count);
        await AssertDoneOnceAsync(scene);
        Assert.Equal(ExecutionEnd.AlreadyExecuted, (await DriveAsync(scene, change, scene.Sender)).End);
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task Killed_at_any_point_and_run_again_it_takes_effect_exactly_once(string route, int transactions)
    {
        var scene = await ArrangeAsync(route);
        var start = await Devnet.SnapshotAsync();
        var points = 0;
        for (var struck = true; struck; points++)
        {
            start = await BackAsync(start);
            var change = await PlanAsync(scene, Devnet.Workspace);
            await ApproveAsync(scene, change);
            var before = await Devnet.NonceAsync(scene.Sender);
            struck = await KillAsync(scene, change, points);
            var again = await DriveAsync(scene, change, scene.Sender);
            Assert.Equal(struck ? ExecutionEnd.Verified : ExecutionEnd.AlreadyExecuted, again.End);
            Assert.Equal(before + (ulong)transactions, await Devnet.PendingNonceAsync(scene.Sender));
            await AssertDoneOnceAsync(scene);
        }

        output.WriteLine($"{route}: killed at {points - 1} points, effects doubled 0");
        Assert.True(points > 15, $"only {points} points were reached");
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task With_any_exchange_lost_before_or_after_the_node_acted_it_takes_effect_exactly_once(string route, int transactions)
    {
        var scene = await ArrangeAsync(route);
        var start = await Devnet.SnapshotAsync();
        var faults = 0;
        foreach (var after in (bool[])[false, true])
        {
            for (var exchange = 1; ; exchange++)
            {
                start = await BackAsync(start);
                var change = await PlanAsync(scene, Devnet.Workspace);
                await ApproveAsync(scene, change);
                var before = await Devnet.NonceAsync(scene.Sender);
                int reached;
                await using (var node = FaultyRpc.InFrontOf(Devnet.Url))
                {
                    node.CutAtExchange = exchange;
                    node.CutAfterForwarding = after;
                    try
                    {
                        await DriveAsync(scene, change, scene.Sender, url: node.Url);
                    }
                    catch (Exception failure) when (failure is EthereumException or ControlException)
                    {
                        // A lost exchange may end the command; the next one goes on.
                    }

                    reached = node.Exchanges;
                }

                if (reached < exchange)
                {
                    break;
                }

                faults++;
                Assert.Contains((await DriveAsync(scene, change, scene.Sender)).End, (ExecutionEnd[])[ExecutionEnd.Verified, ExecutionEnd.AlreadyExecuted]);
                Assert.Equal(before + (ulong)transactions, await Devnet.PendingNonceAsync(scene.Sender));
                await AssertDoneOnceAsync(scene);
            }
        }

        output.WriteLine($"{route}: {faults} exchanges lost, effects doubled 0");
        Assert.True(faults > 10, $"only {faults} exchanges were reached");
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task Of_two_machines_that_race_the_same_change_one_has_effect_and_the_other_says_so(string route, int transactions)
    {
        var scene = await ArrangeAsync(route);
        var start = await Devnet.SnapshotAsync();
        var told = 0;
        foreach (var mines in (bool[])[true, false])
        {
            start = await BackAsync(start);
            var change = await PlanAsync(scene, Devnet.Workspace);
            await ApproveAsync(scene, change);
            using var second = new TemporaryFolder();
            foreach (var file in Directory.EnumerateFiles(change.Folder, "*", SearchOption.AllDirectories))
            {
                second.Write(Path.Combine("storage", "changes", change.Id, Path.GetRelativePath(change.Folder, file)), await File.ReadAllTextAsync(file));
            }

            var other = Workspace.At(second.Path, TestNetwork.ShippedConfig);
            var copy = new ChangeStore(other, TimeProvider.System).Get(change.Id);
            Assert.Equal(change.Document.Digest(), copy.Document.Digest());
            await Devnet.AutomineAsync(mines);
            using var stop = new CancellationTokenSource();
            var mining = mines ? Task.CompletedTask : MineUntilAsync(stop.Token);

            // Apart from a direct call, which only one account may make, everybody sends for himself.
            var results = await Task.WhenAll(DriveAsync(scene, change, scene.Sender), DriveAsync(scene, copy, scene.Kind == RouteKind.Direct || scene.IsSentByRole ? scene.Sender : "treasury", other));
            await stop.CancelAsync();
            await mining;
            await Devnet.AutomineAsync(true);
            Assert.All(results, result => Assert.Equal(ExitCode.Clean, result.Exit));
            Assert.All(results, result => Assert.Contains(result.End, (ExecutionEnd[])[ExecutionEnd.Verified, ExecutionEnd.ExecutedElsewhere, ExecutionEnd.NothingToDo]));
            var ours = results.SelectMany(result => result.End == ExecutionEnd.Verified ? result.Transactions.Select(transaction => transaction.Hash) : []).Distinct().Count();
            Assert.True(ours <= transactions, $"{ours} transactions were claimed for {transactions}");
            told += results.Count(result => result.End is ExecutionEnd.ExecutedElsewhere or ExecutionEnd.NothingToDo);
            await AssertDoneOnceAsync(scene);
        }

        output.WriteLine($"{route}: 2 races, told to have been executed elsewhere {told} times, effects doubled 0");
    }

    [Fact]
    public async Task Chunks_are_signed_together_with_consecutive_nonces_and_none_is_sent_before_each_has_its_signatures()
    {
        var scene = await ArrangeAsync("chunks");
        var change = await PlanAsync(scene, Devnet.Workspace);
        await ApproveAsync(scene, change);
        var standings = new List<SafeStanding>();
        foreach (var carrier in await SafeCarrier.QueueAsync(Devnet.Client, change, CancellationToken.None))
        {
            standings.Add(await carrier.StandingAsync(CancellationToken.None));
        }

        Assert.Equal([(0, 2, true), (1, 2, true)], standings.ConvertAll(standing => (standing.Chunk, standing.Chunks, standing.IsComplete)));
        Assert.Equal(standings[0].Hash.Transaction.Nonce + 1, standings[1].Hash.Transaction.Nonce);
        Assert.All(standings, standing => Assert.Empty(standing.Stale));

        // A signature of the first chunk under the second one's name says nothing of the second.
        var first = change.SafeApprovals().First(approval => approval.Chunk is null);
        foreach (var approval in change.SafeApprovals().Where(approval => approval.Chunk == 1))
        {
            File.Delete(change.PathOf(approval));
        }

        change.File(first with { Chunk = 1 });
        var before = await Devnet.PendingNonceAsync(scene.Sender);
        var refusal = await Assert.ThrowsAsync<ControlException>(() => DriveAsync(scene, change, scene.Sender));
        Assert.Equal("approvals-missing", refusal.Code);
        Assert.Contains("transaction 2 of 2", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(before, await Devnet.PendingNonceAsync(scene.Sender));
        Assert.Empty(Journal.Read(change.JournalPath));
        File.Delete(change.PathOf(first with { Chunk = 1 }));
        await ApproveAsync(scene, change);
        Assert.Equal(ExecutionEnd.Verified, (await DriveAsync(scene, change, scene.Sender)).End);
        await AssertDoneOnceAsync(scene);
    }

    [Fact]
    public async Task A_chunk_that_was_executed_elsewhere_does_not_stand_for_the_next_one()
    {
        var scene = await ArrangeAsync("chunks");
        var change = await PlanAsync(scene, Devnet.Workspace);
        await ApproveAsync(scene, change);
        var carrier = (await SafeCarrier.CurrentAsync(Devnet.Client, change, CancellationToken.None))!;
        var prepared = await carrier.PrepareAsync(await carrier.StandingAsync(CancellationToken.None), Devnet.Accounts["treasury"].Address, CancellationToken.None);
        await Devnet.SendMinedAsync(Devnet.Accounts["treasury"].Address, Devnet.Safe, prepared.Calldata);
        foreach (var approval in change.SafeApprovals().Where(approval => approval.Chunk is null).ToList())
        {
            // What a file says of itself is no proof.
            change.File(approval with { Chunk = 1, Owner = Devnet.Accounts["safe-owner-3"].Address });
        }

        var result = await DriveAsync(scene, change, scene.Sender);
        Assert.Equal(ExecutionEnd.ExecutedElsewhere, result.End);
        Assert.Equal(2, result.Transactions.Count);
        await AssertDoneOnceAsync(scene);
    }

    private async Task MineUntilAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await Devnet.MineAsync();
            await Task.Delay(TimeSpan.FromMilliseconds(20), CancellationToken.None);
        }
    }

    private async Task<string> BackAsync(string snapshot)
    {
        await Devnet.RevertAsync(snapshot);
        foreach (var folder in (string[])["changes", "receipts"])
        {
            if (Directory.Exists(Devnet.Workspace.Locate("storage", folder)))
            {
                Directory.Delete(Devnet.Workspace.Locate("storage", folder), recursive: true);
            }
        }

        return await Devnet.SnapshotAsync();
    }

    private async Task<Scene> ArrangeAsync(string route)
    {
        await Devnet.FreshAsync();
        var guardian = Devnet.Accounts["guardian"].Address;
        var zero = Address.Zero;
        switch (route)
        {
            case "direct":
                return new Scene(RouteKind.Direct, LeverAction.Pause, null, [], "guardian", ["guardian"]);
            case "safe":
                await Devnet.CallAsAsync(guardian, "SystemPause", "pauseAll");
                return new Scene(RouteKind.Safe, LeverAction.Resume, null, ["safe-owner-1", "safe-owner-3"], "relayer", []);
            case "nested":
                var inner = await Devnet.NewSafeAsync(1, Devnet.Accounts["validator-1"].Address);
                var middle = await Devnet.NewSafeAsync(2, Devnet.Accounts["agent-1"].Address, inner);
                await Devnet.AddSafeOwnerAsync(middle);
                await Devnet.CallAsAsync(guardian, "SystemPause", "pauseAll");
                return new Scene(RouteKind.Safe, LeverAction.Resume, null, ["safe-owner-2", "agent-1", "validator-1"], "relayer", ["safe-owner-2", "agent-1", "validator-1"]);
            case "authorization":
                return new Scene(RouteKind.Authorization, LeverAction.Pause, null, ["guardian"], "relayer", ["guardian"]);
            case "forwarder":
                return new Scene(RouteKind.Forwarder, LeverAction.Pause, ["StakeManager", "FeePool"], ["safe-owner-1", "safe-owner-2"], "relayer", ["safe-owner-1", "safe-owner-2"]);
            case "chunks":
                return new Scene(RouteKind.Forwarder, LeverAction.Pause, ["StakeManager", "FeePool"], ["safe-owner-1", "safe-owner-2"], "relayer", ["safe-owner-1", "safe-owner-2"]) { IsChunked = true };
            case "timelock":
                var proposer = Devnet.Accounts["employer"].Address;
                var timelock = await Devnet.NewTimelockAsync(Delay, proposer, zero);
                await Devnet.HandSystemPauseToAsync(timelock);
                await Devnet.CallAsAsync(guardian, "SystemPause", "pauseAll");
                return new Scene(RouteKind.Timelock, LeverAction.Resume, null, [], "employer", ["employer"]) { IsSentByRole = true };
            default:
                var slow = await Devnet.NewTimelockAsync(Delay, Devnet.Safe, zero);
                await Devnet.HandSystemPauseToAsync(slow);
                await Devnet.CallAsAsync(guardian, "SystemPause", "pauseAll");
                return new Scene(RouteKind.Forwarder, LeverAction.Resume, ["StakeManager", "FeePool"], ["safe-owner-1", "safe-owner-2"], "relayer", ["safe-owner-1", "safe-owner-2"]);
        }
    }

    private async Task<FiledChange> PlanAsync(Scene scene, Workspace workspace)
    {
        // From the chain as it is, on which nothing is known but the manifest of the first government.
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(Devnet.Url), ChainId.Local, TimeProvider.System);
        _protocol ??= Devnet.Protocol;
        var signers = scene.AtHand.Count == 0 ? Devnet.Signers.All : Devnet.Signers.Named(scene.AtHand);
        var state = await new ProtocolObserver(client) { Hints = [.. signers.Select(signer => signer.Address)] }.ObserveAsync(_protocol, PinnedBlock.AtConnect(client), CancellationToken.None);
        var planner = new PausePlanner(state, TestNetwork.Network, signers) { Prefer = scene.Kind };
        var plan = await planner.PlanAsync(client, scene.Action, "INC-1", scene.Modules, CancellationToken.None);
        var document = scene.IsChunked ? plan.Change! with { Steps = [.. plan.Change!.Steps.Select((step, index) => step with { Chunk = index })] } : plan.Change!;
        return new ChangeStore(workspace, TimeProvider.System).File(document, "brief");
    }

    private async Task ApproveAsync(Scene scene, FiledChange change)
    {
        if (scene.Kind == RouteKind.Authorization)
        {
            var carrier = new AuthorizationCarrier(Devnet.Client, _protocol!, change, change.Document.Steps[0]);
            await carrier.SignAsync(await carrier.StandingAsync(CancellationToken.None), Devnet.Accounts[scene.Owners[0]], TimeProvider.System, CancellationToken.None);
            return;
        }

        foreach (var owner in scene.Owners)
        {
            foreach (var carrier in await SafeCarrier.QueueAsync(Devnet.Client, change, CancellationToken.None))
            {
                await carrier.ApproveAsync(await carrier.StandingAsync(CancellationToken.None), Devnet.Signers.Named([owner])[0], Devnet.Accounts[owner], TimeProvider.System, CancellationToken.None);
            }
        }
    }

    // To the end, with the time of a timelock passing in between.
    private async Task<ExecutionResult> DriveAsync(Scene scene, FiledChange change, string sender, Workspace? workspace = null, TimeProvider? time = null, string? url = null)
    {
        var clock = time ?? TimeProvider.System;
        for (var waits = 0; ; waits++)
        {
            await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(url ?? Devnet.Url) with { Rounds = 1 }, ChainId.Local, clock);
            try
            {
                return await new ChangeExecutor(client, _protocol!, workspace ?? Devnet.Workspace, clock) { Patience = TimeSpan.FromSeconds(20) }.ExecuteAsync(change, Devnet.Accounts[sender], CancellationToken.None);
            }
            catch (ControlException waiting) when (waiting.Code == "timelock-waiting" && waits < 3)
            {
                Assert.Equal(ExitCode.Findings, waiting.Exit);
                await Devnet.PassAsync(Delay);
            }
        }
    }

    private async Task<bool> KillAsync(Scene scene, FiledChange change, int readings)
    {
        var clock = new FatalClock(readings);
        try
        {
            await DriveAsync(scene, change, scene.Sender, time: clock);
        }
        catch (KilledException)
        {
            return true;
        }

        Assert.False(clock.HasStruck, "the kill was swallowed");
        return false;
    }

    private async Task AssertDoneOnceAsync(Scene scene)
    {
        var paused = scene.Action == LeverAction.Pause;
        var state = await Devnet.ObserveAsync();
        var targets = state.Pausable.Where(module => scene.Modules is null || scene.Modules.Contains(module.Module.Name)).ToList();
        Assert.All(targets, module => Assert.Equal(paused, module.Paused!.Value));
        foreach (var module in targets)
        {
            Assert.Equal(1, await Devnet.CountAsync(module.Module.Address, module.Module.Abi.Event(paused ? "Paused(address)" : "Unpaused(address)")));
        }
    }

    private sealed record Scene(RouteKind Kind, LeverAction Action, IReadOnlyList<string>? Modules, IReadOnlyList<string> Owners, string Sender, IReadOnlyList<string> AtHand)
    {
        public bool IsSentByRole { get; init; }

        public bool IsChunked { get; init; }
    }
}
