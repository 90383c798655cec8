using System.Text.Json.Nodes;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Owner;

/// <summary>The chain is brought to what files want: the manifest by update-all, a domain of the catalogue by apply.</summary>
public sealed class DesiredCommandsTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private const string Newcomer = "0x14dC79964da2C08b23698B3D3cc7Ca32193d9955";

    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_changed_manifest_is_brought_about_in_one_wave_and_then_nothing_is_left_to_do()
    {
        Assert.Equal(0, (await Devnet.RunAsync("owner", "update-all")).Exit);
        await WantAsync("FeePool", "burnPct", "250 bps");
        await WantAsync("RewardEngine", "agentWeight", "60%");
        await WantAsync("RewardEngine", "validatorWeight", "20%");
        var plan = await Devnet.RunAsync("owner", "update-all", "--json");
        Assert.True(plan.Exit == 3, plan.ToString());
        Assert.Equal(["RewardEngine.setRoleWeights(uint8[4])", "FeePool.setBurnPct(uint256)"], plan.Json["steps"]!.AsArray().Select(step => $"{step!["module"]}.{step["function"]}").OrderDescending(StringComparer.Ordinal));
        await CarryAsync((string)plan.Json["change"]!);
        Assert.Equal(0, (await Devnet.RunAsync("owner", "update-all")).Exit);
        Assert.Equal(0, (await Devnet.RunAsync("owner", "surface")).Exit);
    }

    [Theory]
    [InlineData("FeePool", "burnPct", "250", "value-unit", 2)]
    [InlineData("FeePool", "burnPct", "5001 bps", "value-bounds", 2)]
    [InlineData("FeePool", "burnPct", "4 AGIALPHA", "value-unit", 2)]
    [InlineData("FeePool", "nothing", "4%", "manifest-parameter", 2)]
    [InlineData("RewardEngine", "agentWeight", "64%", "rule-broken", 4)]
    [InlineData("HamiltonianMonitor", "window", "-1", "value-bounds", 2)]
    [InlineData("FeePool", "treasury", Newcomer, "rule-broken", 4)]
    public async Task A_manifest_that_wants_what_may_not_be_is_refused_with_nothing_filed(string module, string parameter, string value, string code, int exit)
    {
        await WantAsync(module, parameter, value);
        var refused = await Devnet.RunAsync("owner", "update-all", "--json");
        Assert.Equal((exit, code), (refused.Exit, (string?)refused.Json["error"]?["code"] ?? (string?)refused.Json["code"]));
        Assert.False(Directory.Exists(Devnet.Workspace.Locate("storage", "changes")) && Directory.EnumerateDirectories(Devnet.Workspace.Locate("storage", "changes")).Any());
    }

    [Fact]
    public async Task The_treasury_may_not_be_the_owner_even_when_the_owner_is_on_the_allowlist()
    {
        await WantAsync("FeePool", "treasury", Devnet.Safe.ToString());
        await File.WriteAllTextAsync(Devnet.Workspace.Locate("config", "treasury.local.json"), $$"""{"retainUnknown": true, "feePool": {"allowlist": ["{{Devnet.Safe}}"] } }""");
        await ForgetAsync("FeePool", "allowedTreasury");
        var refused = await Devnet.RunAsync("owner", "update-all", "--json");
        Assert.True(refused.Exit == 4, refused.ToString());
        Assert.Contains("FeePool.owner", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_null_unsets_an_address_and_no_number()
    {
        await WantAsync("FeePool", "treasury", null);
        Assert.Equal(3, (await Devnet.RunAsync("owner", "update-all")).Exit);
        await WantAsync("FeePool", "burnPct", null);
        Assert.Equal(2, (await Devnet.RunAsync("owner", "update-all")).Exit);
    }

    [Fact]
    public async Task A_domain_is_drafted_as_the_chain_has_it_and_its_file_adds_and_prunes_signers()
    {
        await ForgetAsync("EnergyOracle", "signer");
        Assert.Equal(0, (await Devnet.RunAsync("owner", "apply", "energy-oracle", "--draft")).Exit);
        Assert.Equal(2, (await Devnet.RunAsync("owner", "apply", "energy-oracle", "--draft")).Exit);
        Assert.Equal(0, (await Devnet.RunAsync("owner", "apply", "energy-oracle")).Exit);
        await File.WriteAllTextAsync(Devnet.Workspace.Locate("config", "energy-oracle.json"), $$"""{"signers": ["{{Newcomer}}"], "retainUnknown": true}""");
        var kept = await Devnet.RunAsync("owner", "apply", "energy-oracle", "--json");
        Assert.Single(kept.Json["steps"]!.AsArray());
        var pruned = await Devnet.RunAsync("owner", "apply", "energy-oracle", "--retainUnknown", "false", "--json");
        Assert.Equal(4, pruned.Json["steps"]!.AsArray().Count);
        await CarryAsync((string)pruned.Json["change"]!);
        Assert.Equal(0, (await Devnet.RunAsync("owner", "apply", "energy-oracle", "--retainUnknown", "false")).Exit);
    }

    [Fact]
    public async Task What_two_files_want_differently_is_refused()
    {
        await File.WriteAllTextAsync(Devnet.Workspace.Locate("config", "fees.local.json"), """{"burnPct": "4%"}""");
        var refused = await Devnet.RunAsync("owner", "apply", "fees", "--json");
        Assert.Equal(2, refused.Exit);
        Assert.Contains("desired-twice", refused.ToString(), StringComparison.Ordinal);
        await File.WriteAllTextAsync(Devnet.Workspace.Locate("config", "fees.local.json"), """{"burn": "4%"}""");
        Assert.Contains("catalogue-key", (await Devnet.RunAsync("owner", "apply", "fees", "--json")).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slash_and_a_forced_refund_go_through_while_the_arena_is_stopped()
    {
        var slash = await Devnet.RunAsync("owner", "slash", "--address", Devnet.Accounts["validator-1"].Address.ToString(), "--memo", "INC-7", "--json");
        Assert.True(slash.Exit == 3, slash.ToString());
        await CarryAsync((string)slash.Json["change"]!);
        var refund = await Devnet.RunAsync("owner", "refund", "--job", "1", "--force-refund", "--json");
        Assert.True(refund.Exit == 3, refund.ToString());
        await CarryAsync((string)refund.Json["change"]!);
        Assert.Contains("Cancelled", (await Devnet.RunAsync("owner", "refund", "--job", "1", "--force-refund")).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ownership_is_offered_then_taken_over_and_only_then_the_old_owner_has_nothing_left()
    {
        var next = Devnet.Accounts["relayer"].Address.ToString();
        string[] rotate = ["owner", "rotate", "--owner", next, "--governance", next];
        var offer = await Devnet.RunAsync([.. rotate, "--json"]);
        Assert.True(offer.Exit == 3, offer.ToString());
        await CarryAsync((string)offer.Json["change"]!);
        var accept = await Devnet.RunAsync([.. rotate, "--instance", "R-2", "--json"]);
        Assert.True(accept.Exit == 3, accept.ToString());
        Assert.All(accept.Json["steps"]!.AsArray(), step => Assert.Equal("acceptOwnership()", (string?)step!["function"]));
        Devnet.Unmanage();
        var done = await Devnet.RunAsync("change", "execute", (string)accept.Json["change"]!, "--signer", "relayer", "--execute");
        Assert.True(done.Exit == 0, done.ToString());
        var end = await Devnet.RunAsync([.. rotate, "--lost", Devnet.Safe.ToString(), "--json"]);
        Assert.True(end.Exit == 0, end.ToString());
        Assert.Empty(end.Json["residual"]!.AsArray());
    }

    [Fact]
    public async Task A_lost_owner_of_the_Safe_loses_the_place_and_then_has_nothing_left()
    {
        string[] rotate = ["owner", "rotate", "--lost", Devnet.Accounts["safe-owner-3"].Address.ToString(), "--replacement", Newcomer];
        var plan = await Devnet.RunAsync([.. rotate, "--instance", "SEC-1", "--json"]);
        Assert.Equal((3, "swapOwner(address,address,address)"), (plan.Exit, (string?)plan.Json["steps"]![0]!["function"]));
        Assert.DoesNotContain("NOT DESCRIBED", (await Devnet.RunAsync("change", "simulate", (string)plan.Json["change"]!)).Output, StringComparison.Ordinal);
        await CarryAsync((string)plan.Json["change"]!);
        var end = await Devnet.RunAsync([.. rotate, "--json"]);
        Assert.True(end.Exit == 0, end.ToString());
        Assert.Empty(end.Json["residual"]!.AsArray());
    }

    [Fact]
    public async Task The_mission_is_clean_without_drift_and_with_it_a_plan_on_file_that_sends_nothing()
    {
        var folder = Path.Combine(Devnet.Folder, "mission");
        Assert.Equal(0, (await Devnet.RunAsync("owner", "mission-control", "--out", folder)).Exit);
        await WantAsync("FeePool", "burnPct", "250 bps");
        var nonce = await Devnet.NonceAsync("relayer");
        var mission = await Devnet.RunAsync("owner", "mission-control", "--out", folder);
        Assert.True(mission.Exit == 3, mission.ToString());
        var plan = await File.ReadAllTextAsync(Path.Combine(folder, "plan.md"));
        Assert.Contains("FeePool.burnPct: 0 bps -> 250 bps", plan, StringComparison.Ordinal);
        Assert.Contains("unknown: not connected", plan, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(folder, "safe-batch.json")));
        Assert.Equal(nonce, await Devnet.NonceAsync("relayer"));
    }

    [Fact]
    public async Task The_mission_of_the_same_state_is_the_same_bytes_at_another_block_but_for_the_block_itself()
    {
        await WantAsync("FeePool", "burnPct", "250 bps");
        await WantAsync("StakeManager", "feePct", "4%");
        var (first, then) = (Path.Combine(Devnet.Folder, "mission-1"), Path.Combine(Devnet.Folder, "mission-2"));
        var one = await Devnet.RunAsync("owner", "mission-control", "--out", first, "--json");
        await Devnet.MineAsync();
        await Devnet.MineAsync();
        var two = await Devnet.RunAsync("owner", "mission-control", "--out", then, "--json");
        Assert.True(one.Exit == 3 && two.Exit == 3, $"{one}{two}");
        var (block, later) = ((ulong)one.Json["block"]!, (ulong)two.Json["block"]!);
        Assert.Equal(block + 2, later);
        Assert.Equal(["brief.md", "plan.json", "plan.md", "safe-batch.json"], Directory.GetFiles(first).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (var name in Directory.GetFiles(first).Select(path => Path.GetFileName(path)))
        {
            var (was, is_) = (await File.ReadAllTextAsync(Path.Combine(first, name)), await File.ReadAllTextAsync(Path.Combine(then, name)));
            Assert.Equal(name.StartsWith("plan.", StringComparison.Ordinal), was != is_);
            Assert.Equal(was, is_.Replace($"block {later}\n", $"block {block}\n", StringComparison.Ordinal).Replace($"\"block\": {later},", $"\"block\": {block},", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_grant_for_a_time_waits_for_its_revocation_to_be_approved_and_is_taken_back_when_the_time_is_over()
    {
        string[] lease = ["owner", "set-roles", "--allow-orchestrator", Newcomer, "--lease", "30d", "--instance", "L-1"];
        Assert.Equal(2, (await Devnet.RunAsync("owner", "set-roles", "--allow-orchestrator", Newcomer, "--lease", "soon")).Exit);
        var grant = (string)(await Devnet.RunAsync([.. lease, "--json"])).Json["change"]!;
        var listed = await Devnet.RunAsync("owner", "leases", "--json");
        var end = (string)listed.Json["leases"]![0]!["revocation"]!;
        Assert.Equal("waiting: its revocation is not approved", (string?)listed.Json["leases"]![0]!["state"]);
        await Devnet.SignOffAsync(grant);
        await Devnet.RunAsync("change", "approve", grant, "--signer", "safe-owner-1", "--signer", "safe-owner-2");
        var held = await Devnet.RunAsync("change", "execute", grant, "--signer", "relayer", "--execute", "--json");
        Assert.Equal(4, held.Exit);
        Assert.Contains("lease-unsigned", held.ToString(), StringComparison.Ordinal);
        await Devnet.SignOffAsync(end);
        await Devnet.RunAsync("change", "approve", end, "--signer", "safe-owner-1", "--signer", "safe-owner-2");
        var done = await Devnet.RunAsync("change", "execute", grant, "--signer", "relayer", "--execute");
        Assert.True(done.Exit == 0, done.ToString());
        var unsigned = await Devnet.RunAsync("owner", "leases");
        Assert.Equal(3, unsigned.Exit);
        Assert.Contains("not signed for the Safe's next nonce", unsigned.Output, StringComparison.Ordinal);
        await Devnet.RunAsync("change", "approve", end, "--signer", "safe-owner-1", "--signer", "safe-owner-2");
        Assert.Equal((0, "active"), ((await Devnet.RunAsync("owner", "leases")).Exit, (string?)(await Devnet.RunAsync("owner", "leases", "--json")).Json["leases"]![0]!["state"]));
        var early = await Devnet.RunAsync("change", "execute", end, "--signer", "relayer", "--execute", "--json");
        Assert.Equal(4, early.Exit);
        Assert.Contains("window", early.ToString(), StringComparison.Ordinal);

        // A month later.
        Task<Outcome> LaterAsync(params string[] arguments) => Agijobs.RunAsync(Devnet.Folder, arguments, time: new Later(TimeSpan.FromDays(31)));
        var overdue = await LaterAsync("owner", "leases");
        Assert.Equal(3, overdue.Exit);
        Assert.Contains("OVERDUE", overdue.Output, StringComparison.Ordinal);
        Assert.Equal((3, "does-not-hold"), ((await LaterAsync("controls", "check", "leases")).Exit, (string?)(await LaterAsync("controls", "check", "leases", "--json")).Json["controls"]![0]!["state"]));
        Assert.Equal(0, (await LaterAsync("backup", "create")).Exit);
        var revoked = await LaterAsync("change", "execute", end, "--signer", "relayer", "--execute");
        Assert.True(revoked.Exit == 0, revoked.ToString());
        Assert.Equal("ended", (string?)(await LaterAsync("owner", "leases", "--json")).Json["leases"]![0]!["state"]);
        Assert.DoesNotContain(Newcomer, (await Devnet.ObserveAsync()).Roles["SelfPlayArena.orchestrator"].Value.Select(holder => holder.ToString()));
    }

    private async Task CarryAsync(string change)
    {
        await Devnet.SignOffAsync(change);
        Assert.Equal(0, (await Devnet.RunAsync("change", "approve", change, "--signer", "safe-owner-1", "--signer", "safe-owner-2")).Exit);
        var done = await Devnet.RunAsync("change", "execute", change, "--signer", "relayer", "--execute");
        Assert.True(done.Exit == 0, done.ToString());
    }

    private Task WantAsync(string module, string parameter, string? value) => EditAsync(root => root["modules"]![module]!["parameters"]![parameter] = value);

    private Task ForgetAsync(string module, string role) => EditAsync(root => root["modules"]![module]!["roles"]!.AsObject().Remove(role));

    private async Task EditAsync(Action<JsonNode> edit)
    {
        var path = Devnet.Workspace.ManifestPath(TestNetwork.Network);
        var root = JsonNode.Parse(await File.ReadAllTextAsync(path))!;
        edit(root);
        await File.WriteAllTextAsync(path, root.ToJsonString());
    }

    private sealed class Later(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
    }
}
