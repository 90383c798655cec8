using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Changes;

public sealed class ChangeCommandsTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private static readonly string[] Pause = ["owner", "system-pause", "--action", "pause"];
    private static readonly string[] Resume = ["owner", "system-pause", "--action", "unpause"];

    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task What_is_signed_is_shown_before_it_is_signed_the_duty_and_the_Safe_transaction()
    {
        var change = await PausedAndPlannedAsync();
        var signed = await Devnet.RunAsync("change", "approve", change, "--signer", "safe-owner-1");
        Assert.Equal(0, signed.Exit);
        var lines = signed.Error.Split('\n').ToList();
        Assert.True(lines.FindIndex(line => line.Contains("as approver: Approval(change 0x", StringComparison.Ordinal)) < lines.FindIndex(line => line.Contains("signed as approver", StringComparison.Ordinal)));
        Assert.True(lines.FindIndex(line => line.Contains("as owner: the transaction of the Safe", StringComparison.Ordinal)) < lines.FindIndex(line => line.Contains("safe-owner-1 signed 0x", StringComparison.Ordinal)));
        var folder = Devnet.Workspace.Locate("storage", "changes", change, "approvals");
        Assert.Equal(2, Directory.GetFiles(folder).Length);
        Assert.Equal(2, Directory.GetFiles(Devnet.Workspace.Locate("storage", "approvals", change)).Length);
    }

    [Fact]
    public async Task Signatures_come_by_file_from_a_wallet_and_by_a_remote_signer_in_any_order_and_the_Safe_executes()
    {
        var change = await PausedAndPlannedAsync();
        var plan = (await Devnet.RunAsync("change", "show", change, "--json")).Json;
        var hash = Bytes32.Parse((string)plan["safe"]!["safeTxHash"]!);

        // The third owner's wallet signed it as a personal message, elsewhere; only the bytes come here.
        var file = Path.Combine(Devnet.Folder, "signature.txt");
        var elsewhere = await Devnet.Accounts["safe-owner-3"].SignMessageAsync(hash.ToBytes(), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(file, Hex.Encode(elsewhere.ToBytes()) + "\n", TestContext.Current.CancellationToken);
        var imported = await Devnet.RunAsync("change", "approve", change, "--signature", file, "--json");
        Assert.True(imported.Exit == 0, imported.ToString());
        Assert.Equal([Devnet.Accounts["safe-owner-3"].Address.ToString()], imported.Json["safe"]!["signedBy"]!.AsArray().Select(owner => (string?)owner));

        // The first owner's key is in a web3signer.
        var owner = Devnet.Accounts["safe-owner-1"];
        await using var remote = SignerServer.WithResult(request => (string?)request.GetProperty("method").GetString() switch
        {
            "eth_accounts" => $"[\"{owner.Address}\"]",
            _ => $"\"{Hex.Encode(owner.SignTypedDataAsync(Ethereum.TypedData.TypedDocument.FromJson(request.GetProperty("params")[1].GetString()!), CancellationToken.None).AsTask().GetAwaiter().GetResult().ToBytes())}\"",
        });
        var signers = Devnet.Workspace.Signers(TestNetwork.Network);
        JsonFile.Write(
            Devnet.Workspace.NetworkSignersPath(TestNetwork.Network),
            signers with { Signers = [.. signers.Signers.Select(known => known.Name == "safe-owner-1" ? new SignerReference { Name = known.Name, Address = known.Address, Kind = SignerKind.Web3signer, Url = remote.Url.ToString() } : known)] },
            WorkspaceJson.Default.SignersFile);
        var signed = await Devnet.RunAsync("change", "approve", change, "--signer", "safe-owner-1", "--json");
        Assert.True(signed.Exit == 0, signed.ToString());
        Assert.True(remote.Requests > 0);
        Assert.Equal(2, signed.Json["safe"]!["signedBy"]!.AsArray().Count);

        Assert.Equal(0, (await Devnet.RunAsync("change", "approve", change, "--signer", "safe-owner-2")).Exit);
        await Devnet.SignOffAsync(change);
        var executed = await Devnet.RunAsync("change", "execute", change, "--signer", "relayer", "--execute");
        Assert.True(executed.Exit == 0, executed.ToString());
        Assert.True(await Devnet.IsPausedAsync(false));
        Assert.NotEmpty(Directory.GetFiles(Devnet.Workspace.Locate("storage", "approvals", change), "safe-*"));
    }

    [Theory]
    [InlineData("", "signature-format", 2)]
    [InlineData("0x1234", "signature-format", 2)]
    [InlineData("{\"signature\":7}", "signature-format", 2)]
    [InlineData("stranger", "signature-nobodys", 4)]
    public async Task A_file_that_holds_no_owners_signature_over_this_transaction_is_refused(string content, string code, int exit)
    {
        var change = await PausedAndPlannedAsync();
        var hash = Bytes32.Parse((string)(await Devnet.RunAsync("change", "show", change, "--json")).Json["safe"]!["safeTxHash"]!);
        var file = Path.Combine(Devnet.Folder, "signature.txt");
        await File.WriteAllTextAsync(file, content == "stranger" ? Hex.Encode((await Devnet.Accounts["agent-1"].SignMessageAsync(hash.ToBytes(), TestContext.Current.CancellationToken)).ToBytes()) : content, TestContext.Current.CancellationToken);
        await RefusedAsync(code, exit, "change", "approve", change, "--signature", file);
        await RefusedAsync("signature-alone", 2, "change", "approve", change, "--signature", file, "--signer", "safe-owner-1");
        await RefusedAsync("file-read", 2, "change", "approve", change, "--signature", file + ".none");
        Assert.False(Directory.Exists(Devnet.Workspace.Locate("storage", "changes", change, "approvals")));
    }

    [Fact]
    public async Task A_duty_that_the_signer_does_not_have_and_one_that_there_is_not_are_refused_and_nothing_is_filed()
    {
        var change = await PausedAndPlannedAsync();
        await RefusedAsync("approval-duty", 4, "change", "approve", change, "--duty", "security", "--signer", "safe-owner-1");
        await RefusedAsync("approval-duty", 4, "change", "approve", change, "--duty", "author", "--signer", "agent-1");
        await RefusedAsync("duty-unknown", 2, "change", "approve", change, "--duty", "boss", "--signer", "safe-owner-1");
        await RefusedAsync("safe-not-owner", 4, "change", "approve", change, "--signer", "safe-owner-1", "--signer", "agent-1");
        Assert.False(Directory.Exists(Devnet.Workspace.Locate("storage", "changes", change, "approvals")));
    }

    [Fact]
    public async Task A_refusal_is_signed_puts_the_change_in_its_state_and_the_next_plan_is_another_change()
    {
        var change = await PausedAndPlannedAsync();
        await RefusedAsync("reason-needed", 2, "change", "approve", change, "--refuse", " ", "--signer", "safe-owner-1");
        var refused = await Devnet.RunAsync("change", "approve", change, "--refuse", "The alert still fires.", "--signer", "moderator", "--json");
        Assert.Equal((0, "refused"), (refused.Exit, (string?)refused.Json["state"]));
        Assert.Equal("refused", await StateAsync(change));
        await RefusedAsync("change-refused", 4, "change", "approve", change, "--signer", "safe-owner-1");
        await RefusedAsync("change-refused", 4, "change", "execute", change, "--signer", "relayer", "--execute");
        Assert.NotEqual(change, (string?)(await Devnet.RunAsync([.. Resume, "--json"])).Json["change"]);
        Assert.Contains(change, (await Devnet.RunAsync("change", "list", "--state", "refused")).Output, StringComparison.Ordinal);
        Assert.Contains("No change on file is of this network and state", (await Devnet.RunAsync("change", "list", "--state", "verified", "--network", "local")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_that_was_approved_shows_it_and_goes_stale_when_what_it_was_planned_on_is_gone()
    {
        var change = await PausedAndPlannedAsync();
        await Devnet.SignOffAsync(change);
        await Devnet.RunAsync("change", "approve", change, "--signer", "safe-owner-1");
        Assert.Equal("simulated", await StateAsync(change));
        var approved = await Devnet.RunAsync("change", "approve", change, "--signer", "safe-owner-2", "--json");
        Assert.Equal("approved", (string?)approved.Json["state"]);
        Assert.True((bool)approved.Json["approvals"]!["open"]!);
        Assert.Equal("approved", await StateAsync(change));
        await Devnet.CallAsAsync(Devnet.Safe, "SystemPause", "unpauseModule", Devnet.Protocol["FeePool"].Address);
        var shown = await Devnet.RunAsync("change", "show", change, "--json");
        Assert.Equal("stale", (string?)shown.Json["state"]);
        Assert.Contains("FeePool.paused()", (string?)shown.Json["why"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_owners_pause_with_one_command_one_sends_and_the_other_consents()
    {
        File.Delete(Devnet.Workspace.Locate("storage", "approvals", "standing", "local-guardian-pause.json"));
        var alone = await Devnet.RunAsync([.. Pause, "--signer", "guardian", "--execute", "--json"]);
        Assert.Equal((4, "approvals-missing"), (alone.Exit, (string?)alone.Json["error"]!["code"]));
        var mend = (string)alone.Json["error"]!["mend"]!;
        Assert.StartsWith("agijobs change execute ", mend, StringComparison.Ordinal);
        Assert.False(await Devnet.IsPausedAsync());
        Assert.Equal(0, (await Devnet.RunAsync(mend.Split(' ')[1..])).Exit);
        Assert.True(await Devnet.IsPausedAsync());
        await Devnet.CallAsAsync(Devnet.Safe, "SystemPause", "unpauseAll");
        Assert.Equal(0, (await Devnet.RunAsync([.. Pause, "--signer", "safe-owner-1", "--signer", "safe-owner-2", "--execute"])).Exit);
        Assert.True(await Devnet.IsPausedAsync());
    }

    [Fact]
    public async Task A_pause_under_the_standing_approval_records_its_use_and_its_dry_run()
    {
        var pause = await Devnet.RunAsync([.. Pause, "--signer", "guardian", "--execute", "--json"]);
        var change = (string)pause.Json["change"]!;
        Assert.True(File.Exists(Devnet.Workspace.Locate("storage", "changes", change, "approvals", "standing-local-guardian-pause.json")));
        Assert.Contains("succeeds", await File.ReadAllTextAsync(Devnet.Workspace.Locate("monitoring", "runbooks", change + ".md")), StringComparison.Ordinal);
        var list = (await Devnet.RunAsync("approval", "standing", "list", "--json")).Json["standing"]!.AsArray();
        Assert.Equal(1, (int)list.Single(entry => (string?)entry!["id"] is "local-guardian-pause")!["uses"]!);
        Assert.Equal(0, (await Devnet.RunAsync("approval", "standing", "revoke", "local-guardian-pause", "--reason", "key rotated", "--signer", "safe-owner-3")).Exit);
        await Devnet.CallAsAsync(Devnet.Safe, "SystemPause", "unpauseAll");
        await RefusedAsync("approvals-missing", 4, [.. Pause, "--signer", "guardian", "--execute"]);
    }

    [Fact]
    public async Task An_execution_that_was_never_begun_is_not_gone_on_with_and_an_interrupted_one_is()
    {
        var change = (string)(await Devnet.RunAsync([.. Pause, "--json"])).Json["change"]!;
        await RefusedAsync("change-not-begun", 4, "change", "resume", change, "--signer", "guardian", "--execute");
        await Devnet.AutomineAsync(false);
        string[] execute = ["change", "execute", change, "--signer", "guardian", "--execute"];
        Assert.Equal(5, (await Agijobs.RunAsync(Devnet.Folder, execute, patience: TimeSpan.Zero)).Exit);
        var preview = await Devnet.RunAsync("change", "resume", change, "--signer", "guardian");
        Assert.Equal(("NOTHING WAS SENT - add --execute", 3), (preview.Lines[0], preview.Exit));
        await Devnet.MineAsync();
        await Devnet.AutomineAsync(true);
        var resumed = await Devnet.RunAsync("change", "resume", change, "--signer", "guardian", "--execute", "--json");
        Assert.Equal((0, "verified"), (resumed.Exit, (string?)resumed.Json["end"]));
        Assert.Equal(1UL, await Devnet.NonceAsync("guardian"));
    }

    [Fact]
    public async Task Verifying_again_holds_the_record_against_the_chain()
    {
        var change = (string)(await Devnet.RunAsync([.. Pause, "--json"])).Json["change"]!;
        await RefusedAsync("change-not-executed", 4, "change", "verify", change);
        await Devnet.RunAsync("change", "execute", change, "--signer", "guardian", "--execute");
        var before = Devnet.Tree();
        Assert.Equal(0, (await Devnet.RunAsync("change", "verify", change)).Exit);
        Assert.Equal(before, Devnet.Tree());
        await Devnet.CallAsAsync(Devnet.Safe, "SystemPause", "unpauseAll");
        var drifted = await Devnet.RunAsync("change", "verify", change);
        Assert.Equal(3, drifted.Exit);
        Assert.Contains("NO MORE StakeManager.paused() = true", drifted.Output, StringComparison.Ordinal);
        var receipt = Directory.GetFiles(Devnet.Workspace.Locate("storage", "receipts", "local")).Single();
        var whole = await File.ReadAllTextAsync(receipt);
        await File.WriteAllTextAsync(receipt, whole.Replace("\"status\": \"0x1\"", "\"status\": \"0x0\"", StringComparison.Ordinal));
        Assert.Equal(6, (await Devnet.RunAsync("change", "verify", change)).Exit);
        File.Delete(receipt);
        Assert.Equal(6, (await Devnet.RunAsync("change", "verify", change)).Exit);
    }

    [Fact]
    public async Task What_undoes_a_change_is_a_change_of_its_own_and_once_it_is_verified_the_first_is_rolled_back()
    {
        var pause = (string)(await Devnet.RunAsync([.. Pause, "--instance", "INC-9", "--json"])).Json["change"]!;
        await RefusedAsync("rollback-not-executed", 4, "change", "rollback", pause);
        await Devnet.RunAsync("change", "execute", pause, "--signer", "guardian", "--execute");
        var plan = await Devnet.RunAsync("change", "rollback", pause, "--json");
        Assert.Equal((3, false), (plan.Exit, (bool)plan.Json["sent"]!));
        var undo = (string)plan.Json["change"]!;
        var document = JsonNode.Parse(await File.ReadAllTextAsync(Devnet.Workspace.Locate("storage", "changes", undo, "change.json")))!;
        Assert.Equal((string?)JsonNode.Parse((await Devnet.RunAsync("change", "show", pause, "--json")).Output)!["digest"], (string?)document["undoes"]);
        Assert.Equal("INC-9", (string?)document["instance"]);
        await Devnet.SignOffAsync(undo);
        await Devnet.RunAsync("change", "approve", undo, "--signer", "safe-owner-1", "--signer", "safe-owner-2");
        Assert.Equal("verified", await StateAsync(pause));
        var done = await Devnet.RunAsync("change", "execute", undo, "--signer", "relayer", "--execute");
        Assert.True(done.Exit == 0, done.ToString());
        Assert.Equal("rolled-back", await StateAsync(pause));
        Assert.Equal(0, (await Devnet.RunAsync("change", "rollback", pause)).Exit);
    }

    [Fact]
    public async Task What_undoes_a_pause_of_one_module_resumes_that_module_alone()
    {
        var pause = (string)(await Devnet.RunAsync("owner", "pause", "--module", "JobRegistry", "--pause", "--signer", "pauser", "--execute", "--json")).Json["change"]!;
        var undo = (string)(await Devnet.RunAsync("change", "rollback", pause, "--json")).Json["change"]!;
        await Devnet.SignOffAsync(undo);
        await Devnet.RunAsync("change", "approve", undo, "--signer", "safe-owner-1", "--signer", "safe-owner-2");
        var done = await Devnet.RunAsync("change", "execute", undo, "--signer", "relayer", "--execute");
        Assert.True(done.Exit == 0, done.ToString());
        Assert.Equal("rolled-back", await StateAsync(pause));
        Assert.True(await Devnet.IsPausedAsync(false));
    }

    [Fact]
    public async Task Taken_back_before_it_was_sent_it_is_refused_by_a_signed_record()
    {
        var change = (string)(await Devnet.RunAsync([.. Pause, "--json"])).Json["change"]!;
        await RefusedAsync("approval-duty", 4, "change", "cancel", change, "--reason", "false alarm", "--signer", "agent-1");
        var cancelled = await Devnet.RunAsync("change", "cancel", change, "--reason", "false alarm", "--signer", "guardian", "--json");
        Assert.Equal((0, "refused"), (cancelled.Exit, (string?)cancelled.Json["state"]));
        Assert.Equal("refused", await StateAsync(change));
        await RefusedAsync("change-refused", 4, "change", "execute", change, "--signer", "guardian", "--execute");
        Assert.Equal(0, (await Devnet.RunAsync([.. Pause, "--signer", "guardian", "--execute"])).Exit);
    }

    [Fact]
    public async Task Taken_back_in_flight_its_nonce_is_spent_on_nothing_and_nothing_is_paused()
    {
        await Devnet.AutomineAsync(false);
        string[] pause = [.. Pause, "--signer", "guardian", "--instance", "INC-3", "--execute", "--json"];
        Assert.Equal(5, (await Agijobs.RunAsync(Devnet.Folder, pause, patience: TimeSpan.Zero)).Exit);
        var change = (string)(await Devnet.RunAsync("change", "list", "--json")).Json["changes"]![0]!["change"]!;
        await RefusedAsync("change-begun", 4, "change", "approve", change, "--refuse", "no", "--signer", "safe-owner-1");
        var preview = await Devnet.RunAsync("change", "cancel", change, "--reason", "false alarm", "--signer", "guardian");
        Assert.Equal((3, "NOTHING WAS SENT - add --execute"), (preview.Exit, preview.Lines[0]));
        await RefusedAsync("sender-wrong", 4, "change", "cancel", change, "--reason", "false alarm", "--signer", "relayer", "--execute");
        string[] cancel = ["change", "cancel", change, "--reason", "false alarm", "--signer", "guardian", "--execute"];
        for (var attempt = 0; attempt < 2; attempt++)
        {
            Assert.Equal(5, (await Agijobs.RunAsync(Devnet.Folder, cancel, patience: TimeSpan.Zero)).Exit);
        }

        Assert.Single(Journal.Read(Devnet.Workspace.Locate("storage", "changes", change, "journal.jsonl")), entry => (string?)entry["event"] is "cancellation");
        await Devnet.MineAsync();
        await Devnet.AutomineAsync(true);
        var done = await Devnet.RunAsync(cancel);
        Assert.True(done.Exit == 0, done.ToString());
        Assert.Equal("refused", await StateAsync(change));
        Assert.Equal(1UL, await Devnet.NonceAsync("guardian"));
        Assert.False(await Devnet.IsPausedAsync());
        await RefusedAsync("change-refused", 4, "change", "execute", change, "--signer", "guardian", "--execute");
        Assert.Equal(0, (await Devnet.RunAsync([.. Pause, "--signer", "guardian", "--execute"])).Exit);
        Assert.True(await Devnet.IsPausedAsync());
    }

    [Fact]
    public async Task Too_late_to_take_back_it_says_so_and_how_to_undo()
    {
        await Devnet.AutomineAsync(false);
        Assert.Equal(5, (await Agijobs.RunAsync(Devnet.Folder, [.. Pause, "--signer", "guardian", "--execute"], patience: TimeSpan.Zero)).Exit);
        var change = (string)(await Devnet.RunAsync("change", "list", "--json")).Json["changes"]![0]!["change"]!;
        await Devnet.MineAsync();
        await Devnet.AutomineAsync(true);
        var late = await Devnet.RunAsync("change", "cancel", change, "--reason", "false alarm", "--signer", "guardian", "--execute", "--json");
        Assert.Equal((4, "cancel-too-late"), (late.Exit, (string?)late.Json["error"]!["code"]));
        Assert.Equal(0, (await Devnet.RunAsync("change", "resume", change, "--signer", "guardian", "--execute")).Exit);
        Assert.Equal("verified", await StateAsync(change));
        await RefusedAsync("change-executed", 4, "change", "cancel", change, "--reason", "false alarm", "--signer", "guardian", "--execute");
    }

    [Fact]
    public async Task The_brief_says_what_it_means_who_is_missing_what_to_compare_and_what_is_next()
    {
        var change = await PausedAndPlannedAsync();
        await Devnet.RunAsync("change", "approve", change, "--signer", "safe-owner-1");
        var brief = (string)(await Devnet.RunAsync("change", "brief", change, "--json")).Json["markdown"]!;
        foreach (var part in (string[])["Deadlines of users run on", "- safe-owner-1 signed as approver", "MISSING the author's signature", "--duty security --signer moderator", "Digest `0x", "Safe transaction hash `0x", "## How it is undone", "## The next step", "Red: security"])
        {
            Assert.Contains(part, brief, StringComparison.Ordinal);
        }

        Assert.True(brief.Split('\n').Length < 80, brief);
        Devnet.Unmanage();
        Assert.Contains("approvals are not managed", (await Devnet.RunAsync("change", "brief", change)).Output, StringComparison.Ordinal);
        Assert.Contains("approvals are not managed", (await Devnet.RunAsync("change", "show", change)).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task People_that_are_missing_or_a_policy_that_is_damaged_stop_it_with_the_mend()
    {
        var change = await PausedAndPlannedAsync();
        File.Delete(Devnet.Workspace.NetworkOperatorsPath("local"));
        await RefusedAsync("operators-missing", 2, "change", "execute", change, "--signer", "relayer", "--execute");
        await File.WriteAllTextAsync(Devnet.Workspace.NetworkPolicyPath("local"), "{");
        await RefusedAsync("file-format", 2, "change", "execute", change, "--signer", "relayer", "--execute");
    }

    private async Task<string> PausedAndPlannedAsync()
    {
        await Devnet.CallAsAsync(Devnet.Accounts["guardian"].Address, "SystemPause", "pauseAll");
        return (string)(await Devnet.RunAsync([.. Resume, "--json"])).Json["change"]!;
    }

    private async Task<string> StateAsync(string change) =>
        (string)(await Devnet.RunAsync("change", "list", "--json")).Json["changes"]!.AsArray().Single(entry => (string?)entry!["change"] == change)!["state"]!;

    private async Task RefusedAsync(string code, int exit, params string[] arguments)
    {
        var outcome = await Devnet.RunAsync([.. arguments, "--json"]);
        Assert.True(outcome.Exit == exit && (string?)outcome.Json["error"]?["code"] == code, outcome.ToString());
    }
}
