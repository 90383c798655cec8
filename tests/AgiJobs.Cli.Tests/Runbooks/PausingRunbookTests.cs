using System.Text.Json.Nodes;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Ethereum.Safes.Batches;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Runbooks;

/// <summary>
/// The pausing sections of the operators' runbooks, followed line by line with this program's commands: emergency operations v1 §1, v2 §1 and v3 §1, the incident playbook's "Pausing &amp; Circuit Breakers" and the
/// emergency toolbox of the owner-control handbook.
/// </summary>
public sealed class PausingRunbookTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private const int Clean = 0;
    private const int WouldChange = 3;
    private const int Refused = 4;
    private const int Pausable = 12;

    // Paused(address) of OpenZeppelin's Pausable.
    private static readonly Bytes32 PausedEvent = Bytes32.Parse("0x62e78cea01bee320cd4e420270b5ea74000d11b0c9f74754ebdbfc544b05a258");

    private TestNetwork Devnet => fixture.Devnet;

    private string[] Targets => ["--arena", At("SelfPlayArena"), "--stake-manager", At("StakeManager"), "--system-pause", At("SystemPause")];

    public async ValueTask InitializeAsync() => await Devnet.FreshAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Emergency_operations_v1_section_1_immediate_pause_procedures()
    {
        // 2. "Pause on-chain contracts [...] Add --dry-run to preview changes."
        await PreviewAsync("owner", "pause", [.. Targets, "--pause"]);
        await PreviewAsync("owner", "pause", [.. Targets, "--pause", "--dry-run"]);
        var pause = await ExecuteAsync("owner", "pause", [.. Targets, "--pause", "--execute"]);
        await AssertPausedAsync(Pausable);
        AssertProof(pause, standing: true);

        // "To resume, replace --pause with --unpause once remediation is complete": the flags alone do not resume, with whatever keys.
        await PreviewAsync("owner", "pause", [.. Targets, "--unpause"]);
        foreach (string[] signers in (string[][])[["--signer", "guardian"], ["--signer", "relayer", "--signer", "safe-owner-1", "--signer", "safe-owner-2"]])
        {
            var refused = await RunAsync("owner", "pause", [.. Targets, "--unpause", "--execute", .. signers]);
            Assert.True(refused.Exit == Refused, refused.ToString());
            Assert.Equal(signers.Length == 2 ? "no-route" : "approvals-missing", (string?)refused.Json["error"]!["code"]);
        }

        await AssertPausedAsync(Pausable);
        await AssertEvidenceAsync();
    }

    [Fact]
    public async Task Emergency_operations_v1_section_1_an_address_of_another_deployment_is_refused_before_anything_is_filed()
    {
        var outcome = await RunAsync("owner", "pause", "--arena", At("StakeManager"), "--stake-manager", At("StakeManager"), "--system-pause", At("SystemPause"), "--pause", "--execute");
        Assert.Equal((2, "address-other"), (outcome.Exit, (string?)outcome.Json["error"]!["code"]));
        Assert.False(Directory.Exists(Devnet.Workspace.Locate("storage", "changes")));
        await AssertPausedAsync(0);
    }

    [Fact]
    public async Task Emergency_operations_v2_section_1_pause_and_once_remediation_is_complete_unpause()
    {
        // 1. "Determine whether the issue is isolated to the arena contracts or involves system-wide concerns." System-wide:
        await PreviewAsync("owner", "pause", [.. Targets, "--pause", "--dry-run"]);
        await ExecuteAsync("owner", "pause", [.. Targets, "--pause", "--execute", "--signer", "guardian"]);
        await AssertPausedAsync(Pausable);

        // "To resume, replace --pause with --unpause once remediation is complete."
        var plan = await PreviewAsync("owner", "pause", [.. Targets, "--unpause"]);
        var change = (string)plan.Json["change"]!;
        await SucceedAsync("change", "approve", change, "--signer", "safe-owner-1");
        await SucceedAsync("change", "approve", change, "--signer", "safe-owner-2");
        Assert.Equal(Refused, (await RunAsync("change", "execute", change, "--signer", "relayer", "--execute")).Exit);
        await Devnet.SignOffAsync(change);
        var resume = await ExecuteAsync("change", "execute", change, "--signer", "relayer", "--execute");
        await AssertPausedAsync(0);
        AssertProof(resume, standing: false);
        Assert.NotEmpty(Directory.EnumerateFiles(Devnet.Workspace.Locate("storage", "approvals", change)));
        await AssertEvidenceAsync();
    }

    [Fact]
    public async Task Emergency_operations_v2_section_1_an_issue_of_the_arena_alone_is_paused_alone()
    {
        string[] isolated = ["--arena", At("SelfPlayArena"), "--stake-manager", At("StakeManager"), "--pause"];
        await PreviewAsync("owner", "pause", isolated);
        AssertProof(await ExecuteAsync("owner", "pause", [.. isolated, "--execute"]), standing: true);
        await AssertPausedAsync("StakeManager", "SelfPlayArena");
        await AssertEvidenceAsync();
    }

    [Fact]
    public async Task Emergency_operations_v3_section_1_the_deterministic_pause()
    {
        // 2. "owner:system-pause -- --network <network> --action pause --dry-run. Verify the preview, then re-run without --dry-run once approved."
        string[] pause = ["owner", "system-pause", "--network", TestNetwork.Network, "--action", "pause"];
        await PreviewAsync([.. pause, "--dry-run"]);
        await PreviewAsync(pause);
        AssertProof(await ExecuteAsync([.. pause, "--execute"]), standing: true);

        // "so no contract is left running accidentally"
        var status = await SucceedAsync("owner", "system-pause", "--network", TestNetwork.Network, "--action", "status");
        Assert.Equal($"PAUSED: all {Pausable} modules", (string?)status.Json["summary"]);
        await AssertPausedAsync(Pausable);
        await AssertEvidenceAsync();
    }

    [Fact]
    public async Task Incident_playbook_pausing_the_bundle_is_loaded_into_the_Safe_and_signed_by_the_quorum()
    {
        // 2. "Operator runs owner:emergency to generate the pause transaction bundle [...] outputs JSON instructions and Safe payloads."
        var before = await NoncesAsync();
        var bundle = await RunAsync("owner", "emergency");
        Assert.True(bundle.Exit == WouldChange, bundle.ToString());
        Assert.Equal(before, await NoncesAsync());
        var written = bundle.Json["written"]!.AsArray().Select(path => (string)path!).ToList();
        Assert.Equal(["emergency.json", "brief.md", "safe-batch.json", "safe-batch-modules.json"], written.Select(Path.GetFileName));
        Assert.All(written, path => Assert.StartsWith(Devnet.Workspace.Locate("reports", "owner-control", "emergency"), path, StringComparison.Ordinal));
        Assert.All((string[])["StakeManager", "JobRegistry", "FeePool", "Thermostat", "JobRouter"], module => Assert.Contains(module, bundle.Json["single"]!.AsArray().Select(call => (string?)call!["module"])));

        // 3. "If the Gnosis Safe is used, load the bundle and ensure at least the required quorum signs."
        var payload = Assert.Single(TransactionBatch.Parse(await File.ReadAllBytesAsync(written[2], TestContext.Current.CancellationToken)).Transactions);
        var account = new SafeAccount(Devnet.Client, Devnet.Safe);
        var state = await account.ReadAsync(BlockReference.Latest, TestContext.Current.CancellationToken);
        var transaction = new SafeTransaction { To = payload.To, Data = payload.Calldata, Nonce = state.Nonce };
        var hash = state.HashOf(transaction);
        Assert.Equal((string?)bundle.Json["safe"]!["safeTxHash"], hash.Value.ToString());
        var signatures = new List<SafeSignature>();
        foreach (var owner in (string[])["safe-owner-3", "safe-owner-1"])
        {
            signatures.Add(SafeSignature.OfHash(await Devnet.Accounts[owner].SignTypedDataAsync(hash.Document, TestContext.Current.CancellationToken)));
        }

        await Devnet.SendMinedAsync(Devnet.Accounts["relayer"].Address, Devnet.Safe, SafeExecution.Encode(transaction, SafeSignatures.Encode(hash.Value, signatures)));

        // 4. "Confirm pause events [...] by checking emitted Paused logs."
        await AssertPausedAsync(Pausable);
        Assert.Equal(Clean, (await RunAsync("owner", "emergency", "--out", "again")).Exit);
    }

    [Fact]
    public async Task Incident_playbook_pausing_otherwise_by_the_owner_account_the_rehearsal_then_the_reward_engine()
    {
        // 3. "Otherwise, execute via the owner EOA in order: scripts/v2/pauseTest.ts --network <network>"
        var before = await NoncesAsync();
        var rehearsal = await SucceedAsync("owner", "pause-test", "--network", TestNetwork.Network);
        Assert.True((bool)rehearsal.Json["held"]!);
        Assert.StartsWith(Devnet.Workspace.Locate("reports", "drills"), (string?)rehearsal.Json["report"], StringComparison.Ordinal);
        Assert.True(File.Exists((string)rehearsal.Json["report"]!));
        Assert.Equal(before, await NoncesAsync());
        await AssertPausedAsync(0);

        // "scripts/v2/updateRewardEngine.ts --pause"
        await PreviewAsync("owner", "pause", "--module", "RewardEngine", "--pause");
        AssertProof(await ExecuteAsync("owner", "pause", "--module", "RewardEngine", "--pause", "--execute"), standing: true);

        // 4. "Confirm pause events [...] by checking emitted Paused logs."
        await AssertPausedAsync("RewardEngine");
        await AssertEvidenceAsync();
    }

    [Fact]
    public async Task Owner_control_toolbox_pause_job_intake_requires_the_pauser()
    {
        // "Requires PAUSER_ROLE."
        var stranger = await RunAsync("owner", "pause", "--module", "JobRegistry", "--pause", "--signer", "employer", "--execute");
        Assert.Equal((Refused, "no-route"), (stranger.Exit, (string?)stranger.Json["error"]!["code"]));
        var preview = await PreviewAsync("owner", "pause", "--module", "JobRegistry", "--pause", "--signer", "pauser");
        Assert.Equal("JobRegistry.pauser", (string?)preview.Json["steps"]![0]!["role"]);
        AssertProof(await ExecuteAsync("owner", "pause", "--module", "JobRegistry", "--pause", "--signer", "pauser", "--execute"), standing: true);
        await AssertPausedAsync("JobRegistry");
        await AssertEvidenceAsync();
    }

    [Fact]
    public async Task Owner_control_toolbox_freeze_payouts_requires_the_multisig_quorum()
    {
        // "Multisig quorum."
        var plan = await PreviewAsync("owner", "pause", "--module", "FeePool", "--pause", "--safe", "fee-pool.json");
        var change = (string)plan.Json["change"]!;
        Assert.True(File.Exists(Path.Combine(Devnet.Folder, "fee-pool.json")));
        await SucceedAsync("change", "approve", change, "--signer", "safe-owner-2");
        var early = await RunAsync("change", "execute", change, "--signer", "relayer", "--execute");
        Assert.Equal((Refused, "approvals-missing"), (early.Exit, (string?)early.Json["error"]!["code"]));
        await SucceedAsync("change", "approve", change, "--signer", "safe-owner-3");
        var frozen = await ExecuteAsync("change", "execute", change, "--signer", "relayer", "--execute");
        AssertProof(frozen, standing: false);
        Assert.Equal(2, Directory.EnumerateFiles(Devnet.Workspace.Locate("storage", "approvals", change), "duty-approver-*.json").Count());
        await AssertPausedAsync("FeePool");
        await AssertEvidenceAsync();
    }

    private string At(string module) => Devnet.Protocol[module].Address.ToString();

    private Task<Outcome> RunAsync(params string[] arguments) => Devnet.RunAsync([.. arguments, "--json"]);

    private Task<Outcome> RunAsync(string group, string command, string[] rest) => RunAsync([group, command, .. rest]);

    private Task<Outcome> PreviewAsync(string group, string command, string[] rest) => PreviewAsync([group, command, .. rest]);

    private Task<Outcome> ExecuteAsync(string group, string command, string[] rest) => ExecuteAsync([group, command, .. rest]);

    // Sends nothing, says so, and leaves the dry run where the runbooks look for it.
    private async Task<Outcome> PreviewAsync(params string[] arguments)
    {
        var nonces = await NoncesAsync();
        var outcome = await RunAsync(arguments);
        Assert.True(outcome.Exit == WouldChange, outcome.ToString());
        Assert.False((bool)outcome.Json["sent"]!);
        Assert.Equal(nonces, await NoncesAsync());
        var dryRun = Devnet.Workspace.Locate("monitoring", "runbooks", (string)outcome.Json["change"]! + ".md");
        Assert.Equal(dryRun, (string?)outcome.Json["dryRun"]);
        Assert.Contains("## Simulation", await File.ReadAllTextAsync(dryRun, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        return outcome;
    }

    private async Task<Outcome> SucceedAsync(params string[] arguments)
    {
        var outcome = await RunAsync(arguments);
        Assert.True(outcome.Exit == Clean, outcome.ToString());
        return outcome;
    }

    private async Task<Outcome> ExecuteAsync(params string[] arguments)
    {
        var outcome = await SucceedAsync(arguments);
        Assert.Equal("verified", (string?)outcome.Json["end"]);
        return outcome;
    }

    // Status and logs tell the same: as many modules as this, each with its event.
    private async Task AssertPausedAsync(int count)
    {
        var paused = (await ObservedAsync()).ToList();
        Assert.Equal(count, paused.Count);
    }

    private async Task AssertPausedAsync(params string[] modules) => Assert.Equal(modules, await ObservedAsync());

    private async Task<IEnumerable<string>> ObservedAsync()
    {
        var status = await SucceedAsync("owner", "system-pause", "--action", "status");
        var paused = status.Json["modules"]!.AsArray().Where(module => (string?)module!["state"] is "paused").Select(module => (string)module!["name"]!).ToList();
        var logs = await Devnet.Client.LogsAsync(new LogFilter { From = BlockReference.Earliest, To = BlockReference.Latest, Topics = [[PausedEvent]] }, TestContext.Current.CancellationToken);
        Assert.Subset(logs.Select(log => log.Address.ToString()).ToHashSet(StringComparer.Ordinal), paused.Select(At).ToHashSet(StringComparer.Ordinal));
        return paused;
    }

    // What the runbooks keep: receipt, ledger, dry run, approvals.
    private void AssertProof(Outcome executed, bool standing)
    {
        var change = (string)executed.Json["change"]!;
        var hash = (string)Assert.Single(executed.Json["transactions"]!.AsArray())!["hash"]!;
        var receipt = JsonNode.Parse(File.ReadAllText(Devnet.Workspace.Locate("storage", "receipts", TestNetwork.Network, hash + ".json")))!;
        Assert.Contains(hash, receipt.ToJsonString(), StringComparison.OrdinalIgnoreCase);
        Assert.True(File.Exists(Devnet.Workspace.Locate("monitoring", "runbooks", change + ".md")));
        var ledger = File.ReadAllText(Devnet.Workspace.Locate("storage", "owner-ledger.json"));
        Assert.Contains((string)executed.Json["digest"]!, ledger, StringComparison.Ordinal);
        Assert.Contains(hash, ledger, StringComparison.Ordinal);
        Assert.Equal(standing, Directory.EnumerateFiles(Devnet.Workspace.Locate("storage", "changes", change, "approvals"), "standing-*.json").Any());
        Assert.True(File.Exists(Devnet.Workspace.Locate("storage", "changes", change, "verification.json")));
    }

    // The log verifies, and a bundle that two owners vouch for proves each receipt, dry run and approval.
    private async Task AssertEvidenceAsync()
    {
        var log = await SucceedAsync("evidence", "log", "--verify");
        Assert.True((int)log.Json["filesVerified"]! > 0);
        await SucceedAsync("evidence", "checkpoint", "--signer", "safe-owner-1", "--signer", "safe-owner-2");
        await SucceedAsync("evidence", "export", "--all", "--out", "evidence.tar");
        var verified = await SucceedAsync("evidence", "verify", "evidence.tar", "--owner", Devnet.Accounts["safe-owner-1"].Address.ToString(), "--owner", Devnet.Accounts["safe-owner-2"].Address.ToString());
        Assert.Contains(verified.Json["provenFiles"]!.AsArray(), file => ((string)file!).StartsWith("storage/receipts/", StringComparison.Ordinal));
        Assert.DoesNotContain(verified.Json["unprovenFiles"]!.AsArray().Select(file => (string)file!), file => !file.StartsWith("storage/approvals/standing/", StringComparison.Ordinal) && Path.GetFileName(file) is not ("README.txt" or "journal.jsonl" or "owner-ledger.json"));
    }

    private async Task<IReadOnlyList<ulong>> NoncesAsync()
    {
        var nonces = new List<ulong>();
        foreach (var signer in Devnet.Signers.All)
        {
            nonces.Add(await Devnet.PendingNonceAsync(signer.Name));
        }

        return nonces;
    }
}
