using System.Text.Json.Nodes;
using AgiJobs.Control;
using AgiJobs.Control.Evidence;
using AgiJobs.Response.Detectors;
using AgiJobs.Storage;

namespace AgiJobs.Response.Tests.Detectors;

public sealed class AppliedRulesTests : IAsyncLifetime
{
    private readonly RuleWorld _world = new();
    private readonly KeptTrail _trail = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-applied-").FullName;
    private IStateStore _store = null!;

    public async ValueTask InitializeAsync() => _store = await StateStore.OpenAsync(StateLocation.File(Path.Combine(_folder, "state.db")), TimeProvider.System);

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        _world.Dispose();
    }

    [Fact]
    public async Task What_was_applied_is_in_force_with_who_and_when_and_differs_in_nothing_from_itself()
    {
        var (sources, applied) = await ApplyAsync("""{ "name": "paused", "event": { "events": ["Paused"] } }""");
        var read = await Rules.ReadAsync(CancellationToken.None);

        Assert.Equal((applied.Digest, "alice@here", "because"), (read!.Digest, read.By, read.Reason));
        Assert.Empty(AppliedRulesStore.Compare(read, sources));
        Assert.Empty(Find(read, sources));
        Assert.Equal(applied.Digest, new RuleCompiler(_world.Ground).Compile(read.Sources).Digest);
    }

    [Fact]
    public async Task What_differs_is_said_by_name()
    {
        var (_, applied) = await ApplyAsync("""{ "name": "kept", "event": { "events": ["Paused"] } }""", """{ "name": "gone", "event": { "events": ["Paused"] } }""", """{ "name": "changed", "event": { "events": ["Paused"] } }""");
        var wanted = RuleWorld.Sources("""{ "name": "kept", "event": { "events": ["Paused"] } }""", """{ "name": "new", "event": { "events": ["Paused"] } }""", """{ "name": "changed", "severity": "SEV-3", "event": { "events": ["Paused"] } }""");

        Assert.Equal([("change", "changed"), ("remove", "gone"), ("add", "new")], AppliedRulesStore.Compare(applied, wanted).Select(difference => (difference.Action, difference.Name)));
    }

    [Fact]
    public async Task Rules_on_the_disk_that_were_not_applied_are_a_finding_that_names_them()
    {
        var (_, applied) = await ApplyAsync("""{ "name": "paused", "event": { "events": ["Paused"] } }""");
        var finding = Assert.Single(Find(applied, RuleWorld.Sources("""{ "name": "paused", "disabled": true, "event": { "events": ["Paused"] } }""")));

        Assert.Equal(("rules-changed", "on disk"), (finding.Rule, finding.Subject));
        Assert.Contains("change paused", finding.Title, StringComparison.Ordinal);
        Assert.Equal(finding.Id, Assert.Single(Find(applied, RuleWorld.Sources("""{ "name": "paused", "disabled": true, "event": { "events": ["Paused"] } }"""))).Id);
    }

    [Fact]
    public async Task Rules_in_the_store_that_were_altered_or_that_the_log_does_not_know_are_a_finding()
    {
        var (sources, applied) = await ApplyAsync("""{ "name": "paused", "event": { "events": ["Paused"] } }""");
        var altered = applied with { Rules = [.. applied.Rules.Select(rule => rule with { Rule = rule.Rule with { Disabled = true } })] };
        _trail.Entries.Clear();

        Assert.Contains("altered", Assert.Single(Find(altered, sources)).Title, StringComparison.Ordinal);
        Assert.Contains("without an entry in the audit log", Assert.Single(Find(applied, sources)).Title, StringComparison.Ordinal);
        Assert.Contains("ever put in force", Assert.Single(Find(null, sources)).Title, StringComparison.Ordinal);
        Assert.Contains(RuleTampering.Find("test", "m", applied, null, "no rights", RuleTampering.Newest(_trail.Entries)), finding => finding.Title.Contains("no rights", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Older_rules_that_somebody_put_back_are_a_finding_although_the_log_knows_them()
    {
        var (sources, older) = await ApplyAsync("""{ "name": "paused", "disabled": true, "event": { "events": ["Paused"] } }""");
        Assert.Empty(Find(older, sources));
        await ApplyAsync("""{ "name": "paused", "event": { "events": ["Paused"] } }""");

        var finding = Assert.Single(Find(older, sources));
        Assert.Equal(("in force", AgiJobs.Response.Findings.Severity.Sev1), (finding.Subject, finding.Severity));
        Assert.Contains("put back", finding.Title, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_over_is_resolved_and_what_happens_again_is_told_under_an_identity_of_its_own()
    {
        var (sources, applied) = await ApplyAsync("""{ "name": "paused", "event": { "events": ["Paused"] } }""");
        var altered = applied with { Rules = [.. applied.Rules.Select(rule => rule with { Rule = rule.Rule with { Disabled = true } })] };
        var told = new List<AgiJobs.Response.Findings.Finding>();
        foreach (var now in (AppliedRules[])[applied, altered, altered, applied, applied, altered, applied])
        {
            // Each look by a process of its own.
            var (findings, writes) = await new RuleTamperingRecord(_store, "test", "here").AfterAsync(Find(now, sources), "monitor a", CancellationToken.None);
            Assert.Equal(findings.Count == 0, writes.Count == 0);
            told.AddRange(findings);
            await _store.CommitAsync(new StateCommit { Documents = writes });
        }

        Assert.Equal(["Firing", "Resolved", "Firing", "Resolved"], told.Where(finding => finding.Subject == "in force").Select(finding => finding.Kind.ToString()));
        Assert.Equal(told.Count, told.Select(finding => finding.Id).Distinct().Count());
        Assert.Single(told.Select(finding => finding.Fingerprint).Distinct());
    }

    [Fact]
    public async Task What_the_audit_log_does_not_take_is_not_put_in_force()
    {
        _trail.Refuses = true;

        Assert.Equal("audit-refused", (await Assert.ThrowsAsync<ControlException>(() => ApplyAsync("""{ "event": { "events": ["Paused"] } }"""))).Code);
        Assert.Null(await Rules.ReadAsync(CancellationToken.None));
    }

    private AppliedRulesStore Rules => new(_store, "test");

    private async Task<(IReadOnlyList<RuleSource> Sources, AppliedRules Applied)> ApplyAsync(params string[] rules)
    {
        var sources = RuleWorld.Sources(rules);
        return (sources, await Rules.ApplyAsync(new RuleCompiler(_world.Ground).Compile(sources), sources, "alice@here", "because", _trail, TimeProvider.System, CancellationToken.None));
    }

    private IReadOnlyList<AgiJobs.Response.Findings.Finding> Find(AppliedRules? applied, IReadOnlyList<RuleSource> disk) => RuleTampering.Find("test", "monitor a", applied, disk, null, RuleTampering.Newest(_trail.Entries));

    private sealed class KeptTrail : IAuditTrail
    {
        public List<AuditEntry> Entries { get; } = [];

        public bool Refuses { get; set; }

        public ValueTask<AuditRecord> RecordAsync(AuditEntry entry, CancellationToken cancellation)
        {
            if (Refuses)
            {
                return new(new AuditRecord(null, new ControlException("file-write", ExitCode.Failed, "the disk is full")));
            }

            Entries.Add(entry with { Data = (JsonObject)entry.Data.DeepClone() });
            return new(new AuditRecord(new LogPosition("here", Entries.Count - 1), null));
        }
    }
}
