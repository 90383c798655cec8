using System.Text.Json.Nodes;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Incidents;

/// <summary>The guardian commands, the pauser works the console: two people with different keys.</summary>
public sealed class IncidentCommandsTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<JsonObject> DoneAsync(params string[] arguments)
    {
        var outcome = await Devnet.RunAsync([.. arguments, "--json"]);
        Assert.True(outcome.Exit == 0, outcome.ToString());
        return outcome.Json;
    }

    private async Task RefusedAsync(int exit, string code, params string[] arguments)
    {
        var outcome = await Devnet.RunAsync([.. arguments, "--json"]);
        Assert.Equal((exit, code), (outcome.Exit, (string?)outcome.Json["error"]?["code"]));
        Assert.NotNull((string?)outcome.Json["error"]!["mend"]);
    }

    private async Task<string> OpenAsync(params string[] more) => (string)(await DoneAsync(["incident", "open", "Rewards drain", "--severity", "sev1", "--commander", "guardian", "--operator", "pauser", "--signer", "guardian", .. more]))["id"]!;

    [Fact]
    public async Task Two_people_lead_an_incident_from_the_opening_over_pause_and_review_to_the_close()
    {
        var id = await OpenAsync("--category", "funds-at-risk");
        Assert.EndsWith("-rewards-drain", id, StringComparison.Ordinal);

        // The pause is sent by the commander herself, and is told of, not held up.
        var paused = await Devnet.RunAsync("owner", "system-pause", "--action", "pause", "--instance", id, "--signer", "guardian", "--execute");
        Assert.True(paused.Exit == 0, paused.ToString());
        Assert.Contains("incident-dual-control", paused.Error, StringComparison.Ordinal);

        await RefusedAsync(4, "incident-dual-control", "incident", "step", id, "stabilize", "--signer", "guardian", "--duty", "commander");
        await DoneAsync("incident", "step", id, "confirm", "--note", "it is real", "--signer", "guardian");
        await DoneAsync("incident", "step", id, "stabilize", "--note", "paused", "--signer", "pauser");
        await DoneAsync("incident", "update", id, "--public", "--template", "paused", "--module", "FeePool", "--signer", "platform");
        Assert.Contains("FeePool on local is paused", await File.ReadAllTextAsync(Path.Combine(Devnet.Folder, "reports", "status", "local", "index.html")), StringComparison.Ordinal);
        await DoneAsync("incident", "step", id, "communicate", "--note", "told", "--signer", "platform");
        await DoneAsync("incident", "step", id, "remediate", "--note", "mended", "--signer", "pauser");
        await RefusedAsync(4, "incident-sign-offs-missing", "incident", "step", id, "recover", "--signer", "guardian");
        await DoneAsync("incident", "step", id, "sign-off", "--signer", "guardian");
        await DoneAsync("incident", "step", id, "sign-off", "--signer", "pauser");
        await DoneAsync("incident", "step", id, "recover", "--signer", "guardian");

        await RefusedAsync(4, "review-owner", "incident", "review", id);
        await RefusedAsync(2, "person-unknown", "incident", "review", id, "--owner", "nobody", "--signer", "pauser");
        await DoneAsync("incident", "follow-up", "add", id, "a detector for this", "--owner", "moderator", "--due", TimeProvider.System.GetUtcNow().AddYears(1).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture), "--signer", "pauser");
        Assert.Equal(3, (await Devnet.RunAsync("incident", "review", id, "--owner", "pauser", "--signer", "pauser")).Exit);
        await RefusedAsync(4, "review-incomplete", "incident", "review", id, "--complete", "--signer", "guardian");
        var path = Path.Combine(Devnet.Folder, "reports", "incidents", id, "review.md");
        var text = await File.ReadAllTextAsync(path);
        Assert.Contains("change.mined pause-system", text.Replace("\\", "", StringComparison.Ordinal), StringComparison.Ordinal);
        await File.WriteAllTextAsync(path, string.Join('\n', text.Split('\n').Select(line => line.StartsWith("[TO BE WRITTEN", StringComparison.Ordinal) ? "written" : line)));
        await RefusedAsync(4, "incident-review-missing", "incident", "close", id, "--signer", "guardian");
        await DoneAsync("incident", "review", id, "--complete", "--signer", "guardian");
        await DoneAsync("incident", "close", id, "--signer", "guardian");

        var archived = await Devnet.RunAsync("incident", "archive", id, "--json");
        Assert.True(archived.Exit == 0, archived.ToString());
        var folder = Path.Combine(Devnet.Folder, "reports", "incidents", id);
        Assert.Single(Directory.GetFiles(Path.Combine(folder, "traces")));
        Assert.Single(Directory.GetFiles(Path.Combine(folder, "receipts")));
        Assert.Contains("change.mined pause-system", (await File.ReadAllTextAsync(Path.Combine(folder, "timeline.md"))).Replace("\\", "", StringComparison.Ordinal), StringComparison.Ordinal);
        var verified = await Devnet.RunAsync("incident", "archive", id, "--verify");
        Assert.True(verified.Exit == 0, verified.ToString());
        await File.AppendAllTextAsync(Path.Combine(folder, "events.jsonl"), " ");
        Assert.Equal(6, (await Devnet.RunAsync("incident", "archive", id, "--verify")).Exit);

        var log = await File.ReadAllTextAsync(Path.Combine(Devnet.Folder, "reports", "incident-log.md"));
        Assert.Contains($"| {id} | SEV-1 | closed |", log, StringComparison.Ordinal);
        var metrics = await DoneAsync("incident", "metrics");
        Assert.Equal((1, 0, 1), ((int)metrics["rows"]![4]!["count"]!, (int)metrics["rows"]![4]!["open"]!, (int)metrics["rows"]![4]!["openFollowUps"]!));
        Assert.NotNull(metrics["rows"]![1]!["secondsToPause"]);
    }

    [Fact]
    public async Task A_change_that_names_an_incident_is_not_sent_by_its_commander()
    {
        var path = Devnet.Workspace.NetworkOperatorsPath(TestNetwork.Network);
        var people = JsonNode.Parse(await File.ReadAllTextAsync(path))!;
        foreach (var (name, duty) in ((string, string)[])[("safe-owner-1", "commander"), ("safe-owner-2", "operator")])
        {
            people["people"]!.AsArray().Single(person => (string?)person!["name"] == name)!["duties"]!.AsArray().Add((JsonNode)duty);
        }

        await File.WriteAllTextAsync(path, people.ToJsonString());
        Devnet.Unmanage();
        var id = (string)(await DoneAsync("incident", "open", "x", "--severity", "1", "--commander", "safe-owner-1", "--operator", "safe-owner-2", "--signer", "safe-owner-1"))["id"]!;
        // Of several signers the first of the workspace's list sends.
        Assert.Equal((4, "incident-dual-control"), await SetAsync(id, "safe-owner-1", "safe-owner-2"));
        Assert.Equal((4, "incident-unknown"), await SetAsync("2020-01-01-nothing", "safe-owner-1", "safe-owner-2"));
        Assert.Equal((0, null), await SetAsync(id + "/2", "safe-owner-2", "safe-owner-3"));

        async Task<(int, string?)> SetAsync(string instance, params string[] signers)
        {
            var outcome = await Devnet.RunAsync(["owner", "set", "FeePool.burnPct=3%", "--instance", instance, .. signers.SelectMany(signer => (string[])["--signer", signer]), "--execute", "--json"]);
            return (outcome.Exit, (string?)outcome.Json["error"]?["code"]);
        }
    }

    [Fact]
    public async Task What_is_overdue_comes_first_with_the_command_that_settles_it()
    {
        var time = new Testing.ManualTime(TimeProvider.System.GetUtcNow());
        var opened = await Agijobs.RunAsync(Devnet.Folder, ["incident", "open", "slow", "--severity", "0", "--signer", "moderator", "--json"], time: time);
        Assert.True(opened.Exit == 0, opened.ToString());
        time.Advance(TimeSpan.FromMinutes(16));
        var list = await Agijobs.RunAsync(Devnet.Folder, ["incident", "list"], time: time);
        Assert.Equal(3, list.Exit);
        Assert.StartsWith("OVERDUE by 1 min 00 s: an update every 15 minutes", list.Lines[0], StringComparison.Ordinal);
        Assert.Contains("agijobs incident update", list.Lines[1], StringComparison.Ordinal);
        var id = (string)opened.Json["id"]!;
        Assert.Equal(3, (await Agijobs.RunAsync(Devnet.Folder, ["incident", "show", id], time: time)).Exit);
        Assert.Equal(0, (await Agijobs.RunAsync(Devnet.Folder, ["incident", "update", id, "we look", "--signer", "moderator"], time: time)).Exit);
        Assert.Equal(0, (await Agijobs.RunAsync(Devnet.Folder, ["incident", "show", id], time: time)).Exit);
    }

    [Fact]
    public async Task Triage_says_what_is_concerned_and_on_what_evidence()
    {
        var confined = await Devnet.RunAsync("incident", "triage", "--module", "FeePool", "--json");
        Assert.Equal((0, "one-surface"), (confined.Exit, (string?)confined.Json["verdict"]));
        var governance = await Devnet.RunAsync("incident", "triage", "--module", "SystemPause", "--json");
        Assert.Equal((3, "governance"), (governance.Exit, (string?)governance.Json["verdict"]));
        var unknown = await Devnet.RunAsync("incident", "triage", "--module", "FeePool", "--alert", "some", "--tx", "0x" + new string('1', 64), "--json");
        Assert.Equal((5, "unknown"), (unknown.Exit, (string?)unknown.Json["verdict"]));
        Assert.Equal(5, (await Devnet.RunAsync("incident", "triage")).Exit);
        await RefusedAsync(2, "module-unknown", "incident", "triage", "--module", "Nothing");
    }

    [Fact]
    public async Task A_duty_is_overdue_until_somebody_signs_that_it_was_done()
    {
        var before = await Devnet.RunAsync("duty", "list", "--json");
        Assert.Equal(3, before.Exit);
        Assert.All(before.Json["duties"]!.AsArray(), duty => Assert.True((bool)duty!["overdue"]!));
        foreach (var duty in before.Json["duties"]!.AsArray().Select(duty => (string)duty!["name"]!))
        {
            await DoneAsync("duty", "done", duty, "--note", "held", "--signer", "moderator");
        }

        Assert.Equal(0, (await Devnet.RunAsync("duty", "list")).Exit);
        await RefusedAsync(2, "duty-unknown", "duty", "done", "sleep", "--note", "n", "--signer", "moderator");
    }

    [Fact]
    public async Task An_attached_file_is_hashed_and_a_note_on_the_timeline_stands_with_its_entry()
    {
        var id = await OpenAsync();
        var file = Path.Combine(Devnet.Folder, "log.txt");
        await File.WriteAllTextAsync(file, "what the node said");
        await DoneAsync("incident", "attach", id, file, "--signer", "pauser");
        Assert.Equal("what the node said", await File.ReadAllTextAsync(Path.Combine(Devnet.Folder, "reports", "incidents", id, "attachments", "log.txt")));
        await RefusedAsync(2, "attachment-exists", "incident", "attach", id, file, "--signer", "pauser");
        await RefusedAsync(2, "attachment-name", "incident", "attach", id, file, "--as", "../out", "--signer", "pauser");
        await RefusedAsync(2, "file-read", "incident", "attach", id, "nothing.txt", "--signer", "pauser");
        var shown = await Devnet.RunAsync("incident", "show", id, "--timeline", "--json");
        var key = (string)shown.Json["timeline"]![0]!["key"]!;
        await DoneAsync("incident", "note", id, "that was late", "--on", key, "--signer", "moderator");
        shown = await Devnet.RunAsync("incident", "show", id, "--timeline", "--json");
        Assert.Equal("moderator: that was late", (string?)shown.Json["timeline"]![0]!["notes"]![0]);
    }

    [Fact]
    public async Task Settings_that_are_laxer_than_the_playbooks_are_refused_and_linted()
    {
        await File.WriteAllTextAsync(Path.Combine(Devnet.Folder, "config", "incidents.json"), """{ "version": 1, "updateMinutes": 60 }""");
        await RefusedAsync(2, "incidents-value", "duty", "list");
        var lint = await Devnet.RunAsync("config", "lint", "--json");
        Assert.Contains(lint.Json["findings"]!.AsArray(), finding => (string?)finding!["code"] == "incidents-value");
    }

    [Theory]
    [InlineData(2, "severity-needed", "open", "x", "--signer", "moderator")]
    [InlineData(2, "severity-needed", "open", "x", "--severity", "5", "--signer", "moderator")]
    [InlineData(2, "signer-needed", "open", "x", "--severity", "1")]
    [InlineData(2, "incident-name", "open", "报酬", "--severity", "1", "--signer", "moderator")]
    [InlineData(2, "incident-name", "open", "x", "--name", "../x", "--severity", "1", "--signer", "moderator")]
    [InlineData(4, "person-duty", "open", "x", "--severity", "1", "--commander", "treasury", "--signer", "moderator")]
    [InlineData(4, "act-nobody", "open", "x", "--severity", "1", "--signer", "agent-1")]
    [InlineData(2, "incident-unknown", "note", "2020-01-01-none", "x", "--signer", "moderator")]
    [InlineData(2, "incident-name", "show", "none")]
    [InlineData(2, "role-unknown", "assign", "ID", "boss", "guardian", "--signer", "guardian")]
    [InlineData(4, "person-duty", "assign", "ID", "operator", "treasury", "--signer", "guardian")]
    [InlineData(2, "reason-needed", "severity", "ID", "SEV-0", "--signer", "guardian")]
    [InlineData(2, "update-text", "update", "ID", "--signer", "guardian")]
    [InlineData(2, "wording-unknown", "update", "ID", "--template", "fine", "--public", "--signer", "guardian")]
    [InlineData(4, "act-duty", "update", "ID", "words", "--public", "--signer", "treasury")]
    [InlineData(4, "act-duty", "close", "ID", "--signer", "treasury")]
    [InlineData(4, "incident-not-resolved", "close", "ID", "--signer", "guardian")]
    [InlineData(2, "archive-missing", "archive", "ID", "--verify")]
    public async Task What_may_not_be_is_refused_with_its_code(int exit, string code, params string[] arguments)
    {
        var id = arguments.Contains("ID", StringComparer.Ordinal) ? await OpenAsync() : "";
        await RefusedAsync(exit, code, ["incident", .. arguments.Select(argument => argument == "ID" ? id : argument)]);
    }
}
