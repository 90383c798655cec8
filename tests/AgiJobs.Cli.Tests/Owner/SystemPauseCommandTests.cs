using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Owner;

public sealed class SystemPauseCommandTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private const string NothingSent = "NOTHING WAS SENT - add --execute";

    private static readonly string[] Status = ["owner", "system-pause", "--action", "status"];
    private static readonly string[] Pause = ["owner", "system-pause", "--action", "pause"];
    private static readonly string[] Resume = ["owner", "system-pause", "--action", "unpause"];

    private TestNetwork Devnet => fixture.Devnet;

    private int Pausable => Devnet.Protocol.Modules.Count(module => module.Paused is not null);

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Every_preview_begins_and_ends_by_saying_that_nothing_was_sent_names_network_and_chain_and_sends_nothing()
    {
        var nonce = await Devnet.PendingNonceAsync("guardian");
        var pause = (string)(await Devnet.RunAsync([.. Pause, "--json"])).Json["change"]!;
        await AssertPreviewsAsync(Pause, [.. Pause, "--dry-run"], ["change", "show", pause], ["change", "execute", pause], ["change", "execute", pause, "--signer", "guardian", "--dry-run"]);
        Assert.Equal(nonce, await Devnet.PendingNonceAsync("guardian"));
        Assert.False(await Devnet.IsPausedAsync());

        await Devnet.CallAsAsync(Devnet.Accounts["guardian"].Address, "SystemPause", "pauseAll");
        var resume = (string)(await Devnet.RunAsync([.. Resume, "--json"])).Json["change"]!;
        await AssertPreviewsAsync(Resume, ["change", "show", resume], ["change", "execute", resume, "--signer", "relayer"]);
        Assert.True(await Devnet.IsPausedAsync());
    }

    [Fact]
    public async Task A_preview_that_would_change_nothing_is_clean()
    {
        var resume = await Devnet.RunAsync(Resume);
        Assert.Equal(0, resume.Exit);
        Assert.Contains("network local, chain 31337, block", resume.Output, StringComparison.Ordinal);
        Assert.Contains($"RUNNING: all {Pausable} modules", resume.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await Devnet.RunAsync([.. Resume, "--execute"])).Exit);
        Assert.False(Directory.Exists(Path.Combine(Devnet.Folder, "storage", "changes")));
    }

    [Fact]
    public async Task The_guardian_pauses_and_two_owners_and_a_relayer_resume()
    {
        var pause = await Devnet.RunAsync([.. Pause, "--signer", "guardian", "--instance", "INC-1", "--execute"]);
        Assert.True(pause.Exit == 0, pause.ToString());
        Assert.Contains("done and verified", pause.Output, StringComparison.Ordinal);
        Assert.Contains("network local, chain 31337", pause.Output, StringComparison.Ordinal);
        Assert.True(await Devnet.IsPausedAsync());
        Assert.Contains($"PAUSED: all {Pausable} modules", (await Devnet.RunAsync(Status)).Output, StringComparison.Ordinal);

        var change = (string)(await Devnet.RunAsync([.. Resume, "--instance", "INC-1", "--json"])).Json["change"]!;
        await Refused("approvals-missing", "change", "execute", change, "--signer", "relayer", "--execute");
        Assert.Single((await Devnet.RunAsync("change", "approve", change, "--signer", "safe-owner-2", "--json")).Json["safe"]!["signedBy"]!.AsArray());
        await Refused("approvals-missing", "change", "execute", change, "--signer", "relayer", "--execute");
        Assert.Equal(2, (await Devnet.RunAsync("change", "approve", change, "--signer", "safe-owner-1", "--json")).Json["safe"]!["signedBy"]!.AsArray().Count);
        Assert.True(await Devnet.IsPausedAsync());
        await Refused("approvals-missing", "change", "execute", change, "--signer", "relayer", "--execute");
        await Devnet.SignOffAsync(change);
        var resume = await Devnet.RunAsync("change", "execute", change, "--signer", "relayer", "--execute", "--json");
        Assert.True(resume.Exit == 0, resume.ToString());
        Assert.Equal("verified", (string?)resume.Json["end"]);
        Assert.True(await Devnet.IsPausedAsync(false));

        var nonce = await Devnet.PendingNonceAsync("relayer");
        Assert.Equal("already-executed", (string?)(await Devnet.RunAsync("change", "execute", change, "--signer", "relayer", "--execute", "--json")).Json["end"]);
        Assert.Equal(nonce, await Devnet.PendingNonceAsync("relayer"));
        Assert.Equal(0, (await Devnet.RunAsync("change", "show", change)).Exit);
    }

    [Fact]
    public async Task A_pause_that_was_sent_and_is_not_mined_is_gone_on_with_though_a_module_paused_meanwhile()
    {
        var before = await Devnet.NonceAsync("guardian");
        var (sent, hash) = await SentAndDroppedAsync();
        await Devnet.CallAsAsync(Devnet.Protocol["SystemPause"].Address, "StakeManager", "pause");
        var again = await Devnet.RunAsync([.. Pause, "--signer", "guardian", "--execute"]);
        Assert.True(again.Exit == 0, again.ToString());
        Assert.Contains($"going on with {sent}", again.Error, StringComparison.Ordinal);
        Assert.True(await Devnet.IsPausedAsync());
        Assert.Equal(before + 1, await Devnet.NonceAsync("guardian"));
        var change = Assert.Single((await Devnet.RunAsync("change", "list", "--json")).Json["changes"]!.AsArray());
        Assert.Equal("verified", (string?)change!["state"]);
        Assert.Equal(hash, Path.GetFileNameWithoutExtension(Assert.Single(Directory.EnumerateFiles(Path.Combine(Devnet.Folder, "storage", "receipts", "local")))));
    }

    [Fact]
    public async Task A_pause_that_was_sent_and_no_longer_fits_is_planned_anew()
    {
        var guardian = Devnet.Accounts["guardian"].Address;
        var before = await Devnet.NonceAsync("guardian");
        var (sent, _) = await SentAndDroppedAsync();
        _ = await Devnet.SendAsync(guardian, guardian, default, before);
        string[] pause = [.. Pause, "--signer", "guardian", "--execute"];
        var taken = await Devnet.RunAsync(pause);
        Assert.True(taken.Exit == 1 && taken.Error.Contains("nonce-taken", StringComparison.Ordinal), taken.ToString());

        // The module was replaced meanwhile, so what was sent before was planned on a state that is gone.
        var module = Devnet.Protocol["StakeManager"].Address;
        var code = await Devnet.Client.CodeAsync(module, BlockReference.Latest);
        _ = await Devnet.Client.RequestAsync("anvil_setCode", writer =>
        {
            writer.WriteStringValue(module.ToString());
            writer.WriteStringValue($"0x{Convert.ToHexStringLower(code)}00");
        });
        var again = await Devnet.RunAsync(pause);
        Assert.True(again.Exit == 0, again.ToString());
        Assert.Contains($"going on with {sent}", again.Error, StringComparison.Ordinal);
        Assert.Contains("It is planned anew.", again.Error, StringComparison.Ordinal);
        Assert.True(await Devnet.IsPausedAsync());
        Assert.Equal(before + 2, await Devnet.NonceAsync("guardian"));
    }

    // The guardian's pause is signed, sent, and gone from the pool with the process that sent it.
    private async Task<(string Change, string Hash)> SentAndDroppedAsync()
    {
        var before = await Devnet.NonceAsync("guardian");
        await Devnet.AutomineAsync(false);
        using (var first = Agijobs.Start(Devnet.Folder, [.. Pause, "--signer", "guardian", "--execute"]))
        {
            await Wait.UntilAsync("the pause is sent", async () => await Devnet.PendingNonceAsync("guardian") > before);
            first.Kill();
            await first.WaitForExitAsync();
        }

        var sent = (string)(await Devnet.RunAsync("change", "list", "--json")).Json["changes"]![0]!["change"]!;
        var hash = (string)Journal.Read(Path.Combine(Devnet.Folder, "storage", "changes", sent, "journal.jsonl"))[0]["hash"]!;
        _ = await Devnet.Client.RequestAsync("anvil_dropTransaction", writer => writer.WriteStringValue(hash));
        await Devnet.AutomineAsync(true);
        return (sent, hash);
    }

    [Fact]
    public async Task Where_approvals_are_not_managed_two_owners_at_hand_resume_with_one_command_and_are_told()
    {
        Devnet.Unmanage();
        await Devnet.RunAsync([.. Pause, "--signer", "guardian", "--execute"]);
        var resume = await Devnet.RunAsync([.. Resume, "--signer", "safe-owner-1", "--signer", "safe-owner-3", "--execute"]);
        Assert.True(resume.Exit == 0, resume.ToString());
        Assert.Contains("approvals are not managed", resume.Error, StringComparison.Ordinal);
        Assert.True(await Devnet.IsPausedAsync(false));
    }

    [Fact]
    public async Task From_a_mixed_state_a_pause_leads_to_all_paused_and_a_resume_to_all_running()
    {
        Devnet.Unmanage();
        await Devnet.CallAsAsync(Devnet.Safe, "FeePool", "pause");
        Assert.Contains($"MIXED: 1 paused, {Pausable - 1} running", (await Devnet.RunAsync(Status)).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await Devnet.RunAsync([.. Pause, "--signer", "guardian", "--execute"])).Exit);
        Assert.True(await Devnet.IsPausedAsync());
        await Devnet.CallAsAsync(Devnet.Safe, "SystemPause", "unpauseModule", Devnet.Protocol["JobRegistry"].Address);
        Assert.Equal(0, (await Devnet.RunAsync([.. Resume, "--signer", "safe-owner-1", "--signer", "safe-owner-2", "--execute"])).Exit);
        Assert.True(await Devnet.IsPausedAsync(false));
    }

    [Fact]
    public async Task An_executed_change_whose_effect_is_gone_says_so_and_sends_nothing()
    {
        var change = (string)(await Devnet.RunAsync([.. Pause, "--signer", "guardian", "--execute", "--json"])).Json["change"]!;
        await Devnet.CallAsAsync(Devnet.Safe, "SystemPause", "unpauseAll");
        var nonce = await Devnet.PendingNonceAsync("guardian");
        var again = await Devnet.RunAsync("change", "execute", change, "--signer", "guardian", "--execute");
        Assert.Equal(3, again.Exit);
        Assert.Contains("NO MORE  StakeManager.paused() = true", again.Output, StringComparison.Ordinal);
        Assert.Contains("--instance", again.Output, StringComparison.Ordinal);
        Assert.Equal(nonce, await Devnet.PendingNonceAsync("guardian"));
    }

    [Fact]
    public async Task An_executed_change_takes_no_more_signatures()
    {
        Devnet.Unmanage();
        await Devnet.RunAsync([.. Pause, "--signer", "guardian", "--execute"]);
        var change = (string)(await Devnet.RunAsync([.. Resume, "--signer", "safe-owner-1", "--signer", "safe-owner-2", "--execute", "--json"])).Json["change"]!;
        var refusal = await Devnet.RunAsync("change", "approve", change, "--signer", "safe-owner-3", "--json");
        Assert.Equal((4, "change-executed"), (refusal.Exit, (string?)refusal.Json["error"]!["code"]));
        Assert.Equal(2, Directory.GetFiles(Path.Combine(Devnet.Folder, "storage", "changes", change, "approvals")).Length);
    }

    [Fact]
    public async Task The_same_pause_next_month_is_a_new_change()
    {
        var first = (await Devnet.RunAsync([.. Pause, "--signer", "guardian", "--execute", "--json"])).Json;
        await Devnet.CallAsAsync(Devnet.Safe, "SystemPause", "unpauseAll");
        var second = (await Devnet.RunAsync([.. Pause, "--signer", "guardian", "--execute", "--json"])).Json;
        Assert.Equal(("manual-1", "manual-2"), ((string?)first["instance"], (string?)second["instance"]));
        Assert.Equal("verified", (string?)second["end"]);
        Assert.True(await Devnet.IsPausedAsync());
    }

    [Fact]
    public async Task A_pause_that_is_run_again_while_its_transaction_waits_goes_on_with_it()
    {
        var nonce = await Devnet.NonceAsync("guardian");
        await Devnet.AutomineAsync(false);
        string[] pause = [.. Pause, "--signer", "guardian", "--execute", "--json"];
        for (var attempt = 0; attempt < 3; attempt++)
        {
            var undecided = await Agijobs.RunAsync(Devnet.Folder, pause, patience: TimeSpan.Zero);
            Assert.Equal((5, "change-undecided"), (undecided.Exit, (string?)undecided.Json["error"]!["code"]));
            Assert.Equal(nonce + 1, await Devnet.PendingNonceAsync("guardian"));
        }

        Assert.Equal("executing", await StateAsync());
        await Devnet.AutomineAsync(true);
        await Devnet.MineAsync();

        // Paused by now, and the record lacks its proof.
        var unfinished = await Devnet.RunAsync(Pause);
        Assert.Equal(3, unfinished.Exit);
        Assert.Contains("UNFINISHED", unfinished.Output, StringComparison.Ordinal);
        Assert.Equal("executing", await StateAsync());
        var finished = await Agijobs.RunAsync(Devnet.Folder, pause);
        Assert.Equal((0, "verified"), (finished.Exit, (string?)finished.Json["end"]));
        Assert.Equal(0, (await Devnet.RunAsync(Pause)).Exit);
        Assert.Equal("verified", await StateAsync());
        Assert.Equal(nonce + 1, await Devnet.PendingNonceAsync("guardian"));
        Assert.True(await Devnet.IsPausedAsync());
    }

    [Fact]
    public async Task The_list_tells_how_far_each_change_has_come()
    {
        Assert.Contains("No change is on file", (await Devnet.RunAsync("change", "list")).Output, StringComparison.Ordinal);
        await Devnet.CallAsAsync(Devnet.Accounts["guardian"].Address, "SystemPause", "pauseAll");
        var change = (string)(await Devnet.RunAsync([.. Resume, "--json"])).Json["change"]!;
        Assert.Equal("simulated", await StateAsync());
        await Devnet.RunAsync("change", "approve", change, "--signer", "safe-owner-1");
        Assert.Equal("simulated", await StateAsync());
        Assert.Equal(2, (int)(await Devnet.RunAsync("change", "list", "--json")).Json["changes"]![0]!["signatures"]!);
        var journal = Path.Combine(Devnet.Folder, "storage", "changes", change, "journal.jsonl");
        foreach (var (entry, state) in ((string, string)[])
        [
            ("""{"event":"mined","unit":"0","succeeded":true}""", "executed"),
            ("""{"event":"mined","unit":"0","succeeded":false}""", "failed"),
            ("""{"event":"replaced","unit":"0"}""", "failed"),
            ("""{"event":"mismatch"}""", "failed"),
        ])
        {
            await File.WriteAllTextAsync(journal, entry + "\n");
            Assert.Equal(state, await StateAsync());
        }
    }

    [Fact]
    public async Task The_Safe_file_is_written_where_it_was_asked_for_and_beside_the_change()
    {
        await Devnet.CallAsAsync(Devnet.Accounts["guardian"].Address, "SystemPause", "pauseAll");
        var outcome = await Devnet.RunAsync([.. Resume, "--safe", "batch.json", "--json"]);
        Assert.True(outcome.Exit == 3, outcome.ToString());
        var path = Path.Combine(Devnet.Folder, "batch.json");
        var batch = JsonNode.Parse(await File.ReadAllTextAsync(path))!;
        Assert.Equal(("31337", Devnet.Safe.ToString()), ((string?)batch["chainId"], (string?)batch["meta"]!["createdFromSafeAddress"]));
        Assert.Equal(await File.ReadAllBytesAsync(path), await File.ReadAllBytesAsync(Path.Combine(Devnet.Folder, "storage", "changes", (string)outcome.Json["change"]!, "safe-batch.json")));
    }

    [Fact]
    public async Task The_same_state_gives_the_same_bytes_in_either_form()
    {
        await Devnet.CallAsAsync(Devnet.Accounts["guardian"].Address, "SystemPause", "pauseAll");
        var change = (string)(await Devnet.RunAsync([.. Resume, "--json"])).Json["change"]!;
        foreach (var arguments in (string[][])[Status, Pause, Resume, ["change", "list"], ["change", "show", change], ["change", "brief", change], ["drill", "list"], ["devnet", "status"]])
        {
            foreach (var form in (string[][])[arguments, [.. arguments, "--json"]])
            {
                var (first, second) = (await Devnet.RunAsync(form), await Devnet.RunAsync(form));
                Assert.Equal(first, second);
            }
        }
    }

    [Fact]
    public async Task Every_JSON_output_is_one_document_with_a_schema_its_exit_code_and_the_network_and_chain()
    {
        await Devnet.CallAsAsync(Devnet.Accounts["guardian"].Address, "SystemPause", "pauseAll");
        var change = (string)(await Devnet.RunAsync([.. Resume, "--json"])).Json["change"]!;
        await Devnet.SignOffAsync(change);
        foreach (var (schema, arguments) in ((string, string[])[])
        [
            ("agijobs.system-pause-status/1", Status),
            ("agijobs.system-pause-status/1", Pause),
            ("agijobs.change-preview/1", Resume),
            ("agijobs.change-preview/1", ["change", "show", change]),
            ("agijobs.change-brief/1", ["change", "brief", change]),
            ("agijobs.change-approve/1", ["change", "approve", change, "--signer", "safe-owner-1"]),
            ("agijobs.change-approve/1", ["change", "approve", change, "--signer", "safe-owner-2"]),
            ("agijobs.change-execute/1", ["change", "execute", change, "--signer", "relayer", "--execute"]),
            ("agijobs.change-verify/1", ["change", "verify", change]),
            ("agijobs.approval-standing-list/1", ["approval", "standing", "list"]),
            ("agijobs.signer-list/1", ["signer", "list"]),
            ("agijobs.signer-test/1", ["signer", "test", "guardian"]),
        ])
        {
            var outcome = await Devnet.RunAsync([.. arguments, "--json"]);
            var json = outcome.Json;
            Assert.Equal((schema, outcome.Exit, "local", 31337), ((string?)json["schema"], (int)json["exit"]!, (string?)json["network"], (int)json["chainId"]!));
        }

        var list = (await Devnet.RunAsync("change", "list", "--json")).Json;
        Assert.Equal(("agijobs.change-list/1", "local", 31337, "verified"), ((string?)list["schema"], (string?)list["changes"]![0]!["network"], (int)list["changes"]![0]!["chainId"]!, (string?)list["changes"]![0]!["state"]));
        Assert.Equal("agijobs.drill-list/1", (string?)(await Devnet.RunAsync("drill", "list", "--json")).Json["schema"]);
    }

    [Fact]
    public async Task Every_output_for_people_names_network_and_chain()
    {
        await Devnet.CallAsAsync(Devnet.Accounts["guardian"].Address, "SystemPause", "pauseAll");
        var change = (string)(await Devnet.RunAsync([.. Resume, "--json"])).Json["change"]!;
        foreach (var arguments in (string[][])[Status, Resume, Pause, ["change", "list"], ["change", "show", change], ["change", "brief", change], ["change", "approve", change, "--signer", "safe-owner-1"], ["devnet", "status"]])
        {
            var outcome = await Devnet.RunAsync(arguments);
            Assert.Contains("local", outcome.Output, StringComparison.Ordinal);
            Assert.Contains("31337", outcome.Output, StringComparison.Ordinal);
        }
    }

    private async Task AssertPreviewsAsync(params string[][] previews)
    {
        foreach (var arguments in previews)
        {
            var outcome = await Devnet.RunAsync(arguments);
            Assert.True(outcome.Exit == 3, outcome.ToString());
            Assert.Equal((NothingSent, NothingSent), (outcome.Lines[0], outcome.Lines[^1]));
            Assert.Equal("network local, chain 31337", outcome.Lines[1]);
            Assert.Contains("succeeds, ", outcome.Output, StringComparison.Ordinal);
            Assert.False((bool)(await Devnet.RunAsync([.. arguments, "--json"])).Json["sent"]!);
        }
    }

    private async Task<string> StateAsync() => (string)(await Devnet.RunAsync("change", "list", "--json")).Json["changes"]![0]!["state"]!;

    private async Task Refused(string code, params string[] arguments) =>
        Assert.Contains($"[{code}, exit 4]", (await Devnet.RunAsync(arguments)).Error, StringComparison.Ordinal);
}
