using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Execution;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Pausing;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Control.Tests.Execution;

/// <summary>What an execution asks before it signs, what it leaves behind, and what it does when the chain takes back what it did.</summary>
public sealed class ExecutionRulesTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    // Two of these codes are also a carrier's, for signatures that went stale, which are looked at again.
    [Theory]
    [InlineData("policy-said-no")]
    [InlineData("approvals-missing")]
    [InlineData("authorization-spent")]
    public async Task The_gate_is_asked_before_anything_is_signed_and_whatever_it_refuses_with_nothing_is_signed(string code)
    {
        var change = await PlanAsync();
        var gate = new Gate { Refuses = true, Code = code };
        var refusal = await Assert.ThrowsAsync<ControlException>(() => ExecuteAsync(change, gate: gate));
        Assert.Equal(code, refusal.Code);
        Assert.Empty(Journal.Read(change.JournalPath));
        Assert.Equal([Devnet.Accounts["guardian"].Address], gate.Asked.Distinct());
        Assert.True(await Devnet.IsPausedAsync(false));
    }

    [Fact]
    public async Task The_gate_is_not_asked_when_recorded_bytes_are_only_sent_again()
    {
        var change = await PlanAsync();
        var gate = new Gate();
        await Devnet.AutomineAsync(false);
        await Assert.ThrowsAsync<ControlException>(() => ExecuteAsync(change, gate: gate, patience: TimeSpan.Zero));
        await Assert.ThrowsAsync<ControlException>(() => ExecuteAsync(change, gate: gate, patience: TimeSpan.Zero));
        Assert.Single(gate.Asked);
        gate.Refuses = true;
        await Devnet.MineAsync();
        Assert.Equal(ExecutionEnd.Verified, (await ExecuteAsync(change, gate: gate)).End);
    }

    [Fact]
    public async Task Each_event_reaches_the_audit_trail_and_a_trail_that_fails_stops_nothing()
    {
        var change = await PlanAsync();
        var heard = new List<string>();
        var said = new List<string>();
        var result = await ExecuteAsync(change, said: said, evidence: (kind, _) =>
        {
            heard.Add(kind);
            return kind == "change.sent" ? throw new IOException("no space left") : Task.CompletedTask;
        });
        Assert.Equal(ExecutionEnd.Verified, result.End);
        Assert.Equal(["change.signed", "change.sent", "change.mined", "change.verified"], heard);
        Assert.Contains(said, line => line.Contains("EVIDENCE MISSING change.sent", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(-2, -1)]
    public async Task Outside_its_window_nothing_is_signed(int fromHours, int untilHours)
    {
        var now = DateTimeOffset.UnixEpoch.AddYears(57);
        var change = await PlanAsync(window: new ExecutionWindow { NotBefore = now.AddHours(fromHours), NotAfter = now.AddHours(untilHours) });
        var refusal = await Assert.ThrowsAsync<ControlException>(() => ExecuteAsync(change, time: new ManualTime(now)));
        Assert.Equal(("outside-window", ExitCode.Refused), (refusal.Code, refusal.Exit));
        Assert.Empty(Journal.Read(change.JournalPath));
    }

    [Fact]
    public async Task A_change_that_was_refused_is_not_executed_any_more()
    {
        var change = await PlanAsync();
        using (var journal = Journal.Open(change.JournalPath, TimeProvider.System))
        {
            journal.Append("refused", []);
        }

        var refusal = await Assert.ThrowsAsync<ControlException>(() => ExecuteAsync(change));
        Assert.Equal(("change-refused", ExitCode.Refused), (refusal.Code, refusal.Exit));
        Assert.True(Journal.HasEnded(Journal.Read(change.JournalPath)));
    }

    [Fact]
    public async Task An_event_that_the_plan_did_not_declare_is_a_mismatch()
    {
        var planned = await PlanAsync();
        var document = planned.Document with { Effects = [.. planned.Document.Effects.Select(effect => effect.Contract == "FeePool" ? effect with { Emits = [] } : effect)] };
        var change = new ChangeStore(Devnet.Workspace, TimeProvider.System).File(document, "brief");
        var failure = await Assert.ThrowsAsync<ControlException>(() => ExecuteAsync(change));
        Assert.Equal(("verification-mismatch", ExitCode.Mismatch), (failure.Code, failure.Exit));
        Assert.Contains("FeePool.Paused", failure.Message, StringComparison.Ordinal);
        Assert.Equal("mismatch", Events(change)[^1]);
    }

    [Fact]
    public async Task A_reorganisation_after_the_verification_is_noticed_and_the_same_bytes_go_onto_the_new_chain()
    {
        var change = await PlanAsync();
        var first = await ExecuteAsync(change);
        var hash = Assert.Single(first.Transactions).Hash;
        var before = await Devnet.NonceAsync("guardian");
        await ReorgAsync();
        Assert.False(await Devnet.IsPausedAsync());
        var again = await ExecuteAsync(change);
        Assert.Equal((ExecutionEnd.Verified, ExitCode.Findings, true), (again.End, again.Exit, again.WasReorganised));
        Assert.Equal(hash, Assert.Single(again.Transactions).Hash);
        Assert.Contains("reorganised", Assert.Single(again.Remarks), StringComparison.Ordinal);
        Assert.True(await Devnet.IsPausedAsync());
        Assert.Equal(before, await Devnet.NonceAsync("guardian"));
        Assert.Equal(["signed", "broadcast", "mined", "verified", "reorganised", "broadcast", "mined", "verified"], Events(change));
        Assert.Equal((ExecutionEnd.AlreadyExecuted, ExitCode.Clean), (await ExecuteAsync(change) is var third ? (third.End, third.Exit) : default));
    }

    [Fact]
    public async Task A_node_that_hides_the_receipt_after_the_verification_never_makes_it_send_another_transaction()
    {
        var change = await PlanAsync();
        await ExecuteAsync(change);
        var before = await Devnet.PendingNonceAsync("guardian");
        await using var liar = FaultyRpc.InFrontOf(Devnet.Url);
        liar.On("eth_getTransactionReceipt").Result(null);
        var failure = await Assert.ThrowsAsync<ControlException>(() => ExecuteAsync(change, patience: TimeSpan.Zero, url: liar.Url));
        Assert.Equal(("change-undecided", ExitCode.Unknown), (failure.Code, failure.Exit));
        Assert.Equal(before, await Devnet.PendingNonceAsync("guardian"));
        Assert.Single(Events(change), name => name == "signed");
        Assert.Equal(ExecutionEnd.Verified, (await ExecuteAsync(change)).End);
        Assert.Equal(before, await Devnet.PendingNonceAsync("guardian"));
    }

    [Fact]
    public async Task A_route_that_would_revert_is_not_offered_and_the_reason_is_said()
    {
        // The module no longer obeys the contract that pauses everything, which every role still seems to allow.
        var module = Devnet.Protocol["StakeManager"];
        await Devnet.CallAsAsync(Devnet.Safe, "StakeManager", "setSystemPause", Devnet.Protocol["FeePool"].Address);
        var guardian = new PausePlanner(await Devnet.ObserveAsync(), TestNetwork.Network, Devnet.Signers.Named(["guardian"])) { Named = true };
        var refusal = await Assert.ThrowsAsync<ControlException>(() => guardian.PlanAsync(Devnet.Client, LeverAction.Pause, "T-1", ["StakeManager"], CancellationToken.None));
        Assert.Equal(("no-route", ExitCode.Refused), (refusal.Code, refusal.Exit));
        Assert.Contains("pauseModule(address) would revert", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("ModuleCallFailed", refusal.Message, StringComparison.Ordinal);
        Assert.NotNull(module.Paused);
    }

    [Fact]
    public async Task A_trial_that_the_node_does_not_make_leaves_a_pause_with_a_finding_and_a_resume_without_a_path()
    {
        await using var node = FaultyRpc.InFrontOf(Devnet.Url);
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(node.Url) with { Rounds = 1 }, ChainId.Local, TimeProvider.System);
        node.On("eth_call").Error(-32603, "disk on fire");
        var pause = await new PausePlanner(await Devnet.ObserveAsync(), TestNetwork.Network, Devnet.Signers.All).PlanAsync(client, LeverAction.Pause, "T-1", null, CancellationToken.None);
        Assert.Equal("pauseAll()", Assert.Single(pause.Change!.Steps).Function);
        Assert.Contains("disk on fire", Assert.Single(pause.Findings), StringComparison.Ordinal);
        await Devnet.CallAsAsync(Devnet.Accounts["guardian"].Address, "SystemPause", "pauseAll");
        var resume = new PausePlanner(await Devnet.ObserveAsync(), TestNetwork.Network, Devnet.Signers.All);
        var refusal = await Assert.ThrowsAsync<ControlException>(() => resume.PlanAsync(client, LeverAction.Resume, "T-1", null, CancellationToken.None));
        Assert.Equal(("reading-unknown", ExitCode.Unknown), (refusal.Code, refusal.Exit));
        Assert.Contains("disk on fire", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("JobRegistry", "pauser", "JobRegistry.pause()", RouteKind.Direct)]
    [InlineData("FeePool", "guardian", "SystemPause.pauseModule(address)", RouteKind.Direct)]
    [InlineData("FeePool", "safe-owner-1", "SystemPause.pauseModule(address)", RouteKind.Safe)]
    public async Task A_single_module_is_paused_by_whoever_may(string module, string signer, string call, RouteKind kind)
    {
        var planner = new PausePlanner(await Devnet.ObserveAsync(), TestNetwork.Network, Devnet.Signers.Named([signer])) { Named = true };
        var plan = await planner.PlanAsync(Devnet.Client, LeverAction.Pause, "T-1", [module], CancellationToken.None);
        var step = Assert.Single(plan.Change!.Steps);
        Assert.Equal((call, kind), ($"{step.Module}.{step.Function}", step.Route.Kind));
        Assert.Equal("pause-modules", plan.Change.Kind);
    }

    [Fact]
    public async Task FeePool_alone_is_out_of_reach_of_the_key_that_pauses_job_intake()
    {
        var planner = new PausePlanner(await Devnet.ObserveAsync(), TestNetwork.Network, Devnet.Signers.Named(["pauser"])) { Named = true };
        Assert.Equal("no-route", (await Assert.ThrowsAsync<ControlException>(() => planner.PlanAsync(Devnet.Client, LeverAction.Pause, "T-1", ["FeePool"], CancellationToken.None))).Code);
    }

    [Fact]
    public async Task The_salt_of_a_statement_follows_the_change_and_its_instance()
    {
        var planner = new PausePlanner(await Devnet.ObserveAsync(), TestNetwork.Network, Devnet.Signers.Named(["guardian"])) { Prefer = RouteKind.Authorization };
        var first = (await planner.PlanAsync(Devnet.Client, LeverAction.Pause, "T-1", null, CancellationToken.None)).Change!;
        var second = (await planner.PlanAsync(Devnet.Client, LeverAction.Pause, "T-1", null, CancellationToken.None)).Change!;
        var other = first.For("T-2");
        Assert.Equal(first.Digest(), second.Digest());
        Assert.NotEqual(first.Steps[0].Route.Statement!.Salt, other.Steps[0].Route.Statement!.Salt);
        Assert.Equal(first.Fingerprint(), other.Fingerprint());
        Assert.Equal(first.Digest(), other.For("T-1").Digest());
        Assert.Contains(Convert.ToHexStringLower(other.Steps[0].Route.Statement!.Salt.ToBytes()), Convert.ToHexStringLower(other.Steps[0].Calldata), StringComparison.Ordinal);
        Assert.Equal(other.Steps[0].Route.Statement!.Salt.ToString(), other.Steps[0].Arguments[^1]);
    }

    [Fact]
    public async Task A_contract_under_the_lever_that_the_manifest_does_not_name_is_a_finding_and_a_declared_effect()
    {
        // The manifest forgets a module that the chain has registered.
        var manifest = Devnet.Workspace.Manifest(TestNetwork.Network);
        var bare = manifest with { Modules = manifest.Modules.Where(module => module.Key != "EnergyOracle").ToDictionary(StringComparer.Ordinal) };
        var forgotten = manifest.Modules["EnergyOracle"].Address;
        var protocol = Protocol.Load(Devnet.Workspace, bare);
        var state = await new ProtocolObserver(Devnet.Client).ObserveAsync(protocol, await PinnedBlock.AtAsync(Devnet.Client, BlockReference.Latest), CancellationToken.None);
        var plan = await new PausePlanner(state, TestNetwork.Network, Devnet.Signers.All).PlanAsync(Devnet.Client, LeverAction.Pause, "T-1", null, CancellationToken.None);
        Assert.Contains(forgotten.ToString(), Assert.Single(plan.Findings), StringComparison.Ordinal);
        Assert.Equal(["Paused(address)"], plan.Change!.Effects.Single(effect => effect.Target == forgotten).Emits);
    }

    private async Task ReorgAsync()
    {
        _ = await Devnet.Client.RequestAsync("anvil_reorg", writer =>
        {
            writer.WriteNumberValue(1);
            writer.WriteStartArray();
            writer.WriteEndArray();
        });
    }

    private async Task<FiledChange> PlanAsync(ExecutionWindow? window = null)
    {
        var plan = new PausePlanner(await Devnet.ObserveAsync(), TestNetwork.Network, Devnet.Signers.All) { Window = window }.Plan(LeverAction.Pause, "INC-1");
        return new ChangeStore(Devnet.Workspace, TimeProvider.System).File(plan.Change!, "brief");
    }

    private async Task<ExecutionResult> ExecuteAsync(FiledChange change, IExecutionGate? gate = null, TimeSpan? patience = null, string? url = null, TimeProvider? time = null, Func<string, JsonObject, Task>? evidence = null, List<string>? said = null)
    {
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(url ?? Devnet.Url) with { Rounds = 1 }, ChainId.Local, TimeProvider.System);
        return await new ChangeExecutor(client, Devnet.Protocol, Devnet.Workspace, time ?? TimeProvider.System)
        {
            Patience = patience ?? TimeSpan.FromSeconds(20),
            Gate = gate,
            OnEvidence = evidence ?? ((_, _) => Task.CompletedTask),
            OnProgress = line => said?.Add(line),
        }.ExecuteAsync(change, Devnet.Accounts["guardian"], CancellationToken.None);
    }

    private static List<string> Events(FiledChange change) => [.. Journal.Read(change.JournalPath).Select(entry => (string)entry["event"]!)];

    private sealed class Gate : IExecutionGate
    {
        public bool Refuses { get; set; }

        public string Code { get; init; } = "policy-said-no";

        public List<Address> Asked { get; } = [];

        public Task RequireAsync(FiledChange change, Address sender, CancellationToken cancellation)
        {
            Asked.Add(sender);
            return Refuses ? throw new ControlException(Code, ExitCode.Refused, "No.") : Task.CompletedTask;
        }
    }
}
