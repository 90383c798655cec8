using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Response.Incidents;
using AgiJobs.Response.Runbooks;
using AgiJobs.Storage;

namespace AgiJobs.Response.Tests.Incidents;

public sealed class RecordsTests : IDisposable
{
    private const string Hostile = "</li><script>alert(1)</script> \u202e\u001b[31m | `x` [a](javascript:b) & \"q\"\nnext";

    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-records-").FullName;
    private readonly Team _team = new();
    private readonly IncidentState _state = new();

    private Workspace Place => Workspace.At(_folder, _folder);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static DateTimeOffset At(int minutes) => Team.Start.AddMinutes(minutes);

    private static Timeline Line(IncidentState state) => Timeline.Of(state, new TimelineSources());

    [Fact]
    public async Task The_status_page_shows_approved_words_alone_as_text_and_runs_nothing()
    {
        await _team.DoAsync(_state, "cy", Team.Open(At(0)) with { Title = "secret " + Hostile });
        await _team.DoAsync(_state, "dee", Team.Act(IncidentActs.Update, At(1)) with { Text = "internal words" });
        var own = await _team.DoAsync(_state, "dee", Team.Act(IncidentActs.Update, At(2)) with { Text = Hostile, IsPublic = true });
        Assert.DoesNotContain("alert(1)", StatusPage.Html("local", "31337", "Status", [_state], At(3)), StringComparison.Ordinal);
        await _team.DoAsync(_state, "ada", Team.Act(IncidentActs.ApproveUpdate, At(3)) with { Subject = own.Act.Id() });
        var html = StatusPage.Html("<local>", "31337", "Status </title>", [_state], At(4));
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;", html, StringComparison.Ordinal);
        Assert.Contains("default-src &#39;none&#39;".Replace("&#39;", "'", StringComparison.Ordinal), html, StringComparison.Ordinal);
        foreach (var banned in (string[])["<script", "\u202e", "\u001b", "internal words", "secret", "<local>", "</title></title>", "javascript:b)</a>", _state.Id])
        {
            Assert.DoesNotContain(banned, html, StringComparison.Ordinal);
        }

        var json = System.Text.Encoding.UTF8.GetString(StatusPage.Json("local", "31337", [_state], At(4)));
        Assert.DoesNotContain("<", json, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", json, StringComparison.Ordinal);
        Assert.Equal(1, (int)System.Text.Json.Nodes.JsonNode.Parse(json)!["open"]!);
    }

    [Fact]
    public async Task An_approved_wording_takes_no_words_of_anybody()
    {
        await _team.DoAsync(_state, "cy", Team.Open(At(0)));
        var settings = new IncidentsFile { Version = 1 };
        Assert.Equal("As a precaution, StakeManager on local is paused while we investigate. Funds that are held stay where they are. The next update follows by 2026-03-01 12:20 UTC.", Wording.Fill(settings, "paused", _state, ["StakeManager"], ["StakeManager"], At(5)));
        Assert.Equal("wording-module", Assert.Throws<ControlException>(() => Wording.Fill(settings, "paused", _state, ["<b>us</b>"], ["StakeManager"], At(5))).Code);
        Assert.Equal("wording-unknown", Assert.Throws<ControlException>(() => Wording.Fill(settings, "fine", _state, [], [], At(5))).Code);
        Assert.Equal("wording-placeholder", Assert.Throws<ControlException>(() => Wording.Fill(settings with { Wordings = [new WordingEntry { Name = "x", Text = "{title}" }] }, "x", _state, [], [], At(5))).Code);
    }

    [Fact]
    public async Task The_log_is_the_same_for_the_same_streams_keeps_other_networks_and_holds_no_markup_of_anybody()
    {
        await _team.DoAsync(_state, "cy", Team.Open(At(0)) with { Title = Hostile, Reason = "a | b\n# c" });
        IncidentLog.Write(Place, "main", "1", []);
        IncidentLog.Write(Place, "local", "31337", [_state]);
        var text = await File.ReadAllTextAsync(IncidentLog.PathOf(Place));
        IncidentLog.Write(Place, "local", "31337", [_state]);
        Assert.Equal(text, await File.ReadAllTextAsync(IncidentLog.PathOf(Place)));
        Assert.Contains("## Network main, chain 1", text, StringComparison.Ordinal);
        Assert.Contains($"| {Team.Id} | SEV-1 | open |", text, StringComparison.Ordinal);
        Assert.Contains("a \\| b \\# c", text, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\u202e", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_timeline_is_in_order_carries_the_notes_on_its_entries_and_says_what_it_lacks()
    {
        await _team.DoAsync(_state, "cy", Team.Open(At(0)));
        await _team.DoAsync(_state, "ada", Team.Act(IncidentActs.Annotate, At(2)) with { Subject = "act-1", Text = "false at first" });
        await _team.DoAsync(_state, "ada", Team.Act(IncidentActs.Annotate, At(3)) with { Subject = "gone", Text = "kept" });
        var timeline = Timeline.Of(_state, new TimelineSources { Alerts = [new TimelineEntry(At(-1), "alert", "alert-1", "FeePool drained " + Hostile)], Unknown = ["the journal of x"] });
        Assert.Equal(["alert", "person"], timeline.Entries.Select(entry => entry.Source));
        Assert.Equal(["ada: false at first"], timeline.Entries[1].Notes);
        Assert.Equal(2, timeline.Unknown.Count);
        Assert.Contains("kept", timeline.Unknown[1], StringComparison.Ordinal);
        Assert.DoesNotContain("<script", timeline.Markdown(_state), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_runs_of_runbooks_of_the_incident_wrote_is_in_its_timeline_and_can_be_annotated()
    {
        await _team.DoAsync(_state, "cy", Team.Open(At(0)));
        await _team.DoAsync(_state, "ada", Team.Act(IncidentActs.Annotate, At(3)) with { Subject = "pause-1-2", Text = "by the second key" });
        var hash = "0x" + new string('7', 64);
        var timeline = Timeline.Of(_state, new TimelineSources
        {
            Runbooks =
            [
                new RunbookMoment(At(1), "pause-1", Team.Id, "ben", "pause sent: " + Hostile, null, [hash], 2),
                new RunbookMoment(At(1), "pause-2", "another", "ben", "pause sent", null, [], 2),
            ],
        });
        var moment = Assert.Single(timeline.Entries, entry => entry.Source == "runbook");
        Assert.Equal(("pause-1-2", "ben", hash), (moment.Key, moment.By, moment.Transaction?.ToString()));
        Assert.Equal(["ada: by the second key"], moment.Notes);
        Assert.DoesNotContain("<script", timeline.Markdown(_state), StringComparison.Ordinal);
        Assert.Empty(timeline.Unknown);
    }

    [Fact]
    public async Task What_caused_it_is_what_people_signed_last_also_after_it_was_closed()
    {
        await _team.DoAsync(_state, "cy", Team.Open(At(0)));
        var (one, two) = (new Bytes32(Enumerable.Repeat((byte)1, 32).ToArray()), new Bytes32(Enumerable.Repeat((byte)2, 32).ToArray()));
        await _team.DoAsync(_state, "ada", Team.Act(IncidentActs.Cause, At(1)) with { Changes = [one, two], Reason = "both" });
        Assert.Equal([one, two], _state.Causes);
        await _team.DoAsync(_state, "cy", Team.Act(IncidentActs.Cause, At(2)) with { Changes = [one], Reason = "it was the other", IsSkipped = true });
        Assert.Equal([two], _state.Causes);
        Assert.Contains(one, _state.Changes);
        await Assert.ThrowsAsync<ControlException>(() => _team.DoAsync(_state, "ada", Team.Act(IncidentActs.Cause, At(3)) with { Reason = "which?" }));
        await Assert.ThrowsAsync<ControlException>(() => _team.DoAsync(_state, "ada", Team.Act(IncidentActs.Cause, At(4)) with { Changes = [one] }));
    }

    [Theory]
    [InlineData("events.jsonl", "changed")]
    [InlineData("timeline.md", "changed")]
    [InlineData("attachments/log.txt", "changed")]
    [InlineData("manifest.json", "changed")]
    [InlineData("log.md", "removed")]
    [InlineData("extra.txt", "added")]
    [InlineData("link.txt", "linked")]
    public async Task Any_later_change_of_an_archive_is_found(string path, string how)
    {
        await using var store = await StateStore.OpenAsync(StateLocation.File(Path.Combine(_folder, "state.db")), TimeProvider.System);
        var incidents = new IncidentStore(store, "local", ChainId.Local);
        var state = await incidents.AppendAsync(await _team.Signing.SignAsync(Team.Open(At(0)) with { Transactions = [Bytes32.Zero] }, null, _team.KeyOf("cy"), null, default), _team.Signing);
        var archive = new IncidentArchive(Place, Team.Id);
        var digest = archive.Attach("log.txt", "a log"u8);
        state = await incidents.AppendAsync(await _team.Signing.SignAsync(Team.Act(IncidentActs.Attach, At(1)) with { File = "log.txt", Sha256 = digest, Size = 5 }, state, _team.KeyOf("cy"), null, default), _team.Signing);
        var events = await incidents.EventsAsync(Team.Id);
        var manifest = await archive.WriteAsync(state, events, Line(state), [], (_, _) => Task.FromResult(new TransactionTrace(null, "the node does not trace")), new Dictionary<string, byte[]>(StringComparer.Ordinal) { ["../evil name.json"] = [1] }, default);
        Assert.Contains(manifest.Unknown, gap => gap.Contains("the node does not trace", StringComparison.Ordinal));
        Assert.All(manifest.Files.Keys, name => Assert.DoesNotContain("..", name, StringComparison.Ordinal));
        var vouched = new Bytes32(System.Security.Cryptography.SHA256.HashData(await File.ReadAllBytesAsync(archive.ManifestPath)));
        Assert.Empty(archive.Verify(state, events, vouched).Mismatches);

        var full = Path.Combine(archive.Folder, path);
        switch (how)
        {
            case "removed":
                File.Delete(full);
                break;
            case "linked":
                File.CreateSymbolicLink(full, "/etc/hostname");
                break;
            default:
                await File.AppendAllTextAsync(full, " ");
                break;
        }

        Assert.Equal(ExitCode.Mismatch, archive.Verify(state, events, vouched).Exit);
    }

    [Fact]
    public async Task An_incident_that_went_on_since_is_a_finding_and_another_past_is_a_mismatch()
    {
        await using var store = await StateStore.OpenAsync(StateLocation.File(Path.Combine(_folder, "state.db")), TimeProvider.System);
        var incidents = new IncidentStore(store, "local", ChainId.Local);
        var state = await incidents.AppendAsync(await _team.Signing.SignAsync(Team.Open(At(0)), null, _team.KeyOf("cy"), null, default), _team.Signing);
        var archive = new IncidentArchive(Place, Team.Id);
        Assert.Equal("archive-missing", Assert.Throws<ControlException>(() => archive.Verify(state, [], null)).Code);
        await archive.WriteAsync(state, await incidents.EventsAsync(Team.Id), Line(state), [], (_, _) => Task.FromResult(new TransactionTrace("{}", null)), new Dictionary<string, byte[]>(StringComparer.Ordinal), default);
        state = await incidents.AppendAsync(await _team.Signing.SignAsync(Team.Act(IncidentActs.Note, At(1)) with { Text = "more" }, state, _team.KeyOf("cy"), null, default), _team.Signing);
        var events = await incidents.EventsAsync(Team.Id);
        var report = archive.Verify(state, events, null);
        Assert.Equal(ExitCode.Findings, report.Exit);
        Assert.Contains(report.Findings, finding => finding.Contains("gone on since", StringComparison.Ordinal));
        Assert.Equal(ExitCode.Mismatch, archive.Verify(state, [events[0] with { Data = events[0].Data + " " }, events[1]], null).Exit);
    }

    [Fact]
    public async Task A_review_is_drafted_with_facts_keeps_what_people_wrote_and_is_not_complete_over_a_blank()
    {
        var settings = new IncidentsFile { Version = 1 };
        await _team.DoAsync(_state, "cy", Team.Open(At(0)) with { DetectedAt = At(-3).ToUnixTimeMilliseconds() });
        Assert.Equal("review-owner", Assert.Throws<ControlException>(() => ReviewDraft.Write(_state, Line(_state), settings, At(1), null)).Code);
        await _team.DoAsync(_state, "cy", Team.Act(IncidentActs.BeginReview, At(1)) with { Person = "bob", Addresses = [_team.Of("bob")] });
        var draft = ReviewDraft.Write(_state, Line(_state), settings, At(2), null);
        Assert.Contains("- Time to detect: 3 min 00 s (180 s)", draft, StringComparison.Ordinal);
        Assert.Equal(7, ReviewDraft.Check(_state, draft, draft).Count);

        var written = string.Join('\n', draft.Split('\n').Select(line => line.StartsWith(ReviewDraft.Blank, StringComparison.Ordinal) ? "People wrote this." : line));
        await _team.DoAsync(_state, "bob", Team.Act(IncidentActs.AddFollowUp, At(3)) with { Text = "watch it", Person = "bob", Due = "2026-04-01" });
        var again = ReviewDraft.Write(_state, Line(_state), settings, At(4), written);
        Assert.Equal(6, again.Split("People wrote this.").Length - 1);
        Assert.Contains("- F1: watch it; owner bob, due 2026-04-01", again, StringComparison.Ordinal);
        Assert.Equal(["the incident has not recovered"], ReviewDraft.Check(_state, again, again));
        Assert.Equal(again, ReviewDraft.Write(_state, Line(_state), settings, At(5), again));
        var lied = again.Replace("(180 s)", "(18 s)", StringComparison.Ordinal);
        Assert.NotEqual(lied, ReviewDraft.Write(_state, Line(_state), settings, At(5), lied));
    }

    [Fact]
    public async Task Alerts_and_pages_of_the_incident_stand_in_its_timeline_and_one_that_is_not_there_is_unknown()
    {
        var hash = "0x" + new string('a', 64);
        await using var store = await StateStore.OpenAsync(StateLocation.File(Path.Combine(_folder, "state.db")), TimeProvider.System);
        await store.CommitAsync(new StateCommit
        {
            Documents = [new DocumentWrite("response/local/alerts", "0011aabb", $$$"""{"fingerprint":"drain/FeePool","rule":"reward","source":"monitor a","severity":"SEV-1","title":"rewards drain","subject":"FeePool","page":"p1","place":{"block":7,"transaction":"{{{hash}}}"}}""")],
            Events =
            [
                new StreamAppend("response/local/alerts/0011aabb", 0, [new NewEvent("alert.fired", $$$"""{"at":"2026-03-01T11:59:00Z","title":"rewards drain","block":7,"transaction":"{{{hash}}}"}""")]),
                new StreamAppend("response/local/pages/p1", 0, [new NewEvent("page.acknowledged", """{"at":"2026-03-01T12:00:30Z","title":"rewards drain","by":"cy","why":"seen"}""")]),
            ],
        });
        await _team.DoAsync(_state, "cy", Team.Open(At(0)) with { Alerts = ["drain/FeePool", "gone"] });
        var alerts = new IncidentAlerts(store, "local");
        var (entries, unknown) = await alerts.EntriesAsync(_state);
        Assert.Equal(["alert", "page"], entries.Select(entry => entry.Source));
        Assert.Equal(("alert.fired: rewards drain", hash, 7UL), (entries[0].Text, entries[0].Transaction.ToString(), entries[0].Block!.Value.Value));
        Assert.Equal(("page.acknowledged: rewards drain, because seen", "cy"), (entries[1].Text, entries[1].By));
        Assert.Contains("gone", Assert.Single(unknown), StringComparison.Ordinal);
        var (findings, _) = await alerts.FindingsAsync(["0011"]);
        Assert.Equal(("FeePool", Response.Findings.Severity.Sev1), (Assert.Single(findings).Subject, findings[0].Severity));
        Assert.Equal([hash], (await alerts.TransactionsAsync(["0011"])).Select(found => found.ToString()));
    }

    [Theory]
    [InlineData("log.txt", true)]
    [InlineData("../log.txt", false)]
    [InlineData(".hidden", false)]
    [InlineData("a b", false)]
    [InlineData("", false)]
    [InlineData("a\u202eb", false)]
    public void A_file_of_the_archive_has_a_plain_name(string name, bool isName) => Assert.Equal(isName, AttachmentName.IsName(name));
}
