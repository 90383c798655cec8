using AgiJobs.Cli.Alerts;
using AgiJobs.Hgm.Laws;
using AgiJobs.Hgm.Runs;
using AgiJobs.Response.Findings;
using AgiJobs.Steering.Runs;
using AgiJobs.Storage;
using AgiJobs.Testing;

namespace AgiJobs.Cli.Tests.Alerts;

public sealed class SentinelFindingsTests : IAsyncLifetime
{
    private static readonly RunStarted Start = new(new RunSettings(), null);
    private static readonly SentinelSet Guard = new(new SentinelSettings(), "test");

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agijobs-test-");
    private readonly ManualTime _time = new();
    private IStateStore _store = null!;
    private DurableRunStore _runs = null!;

    public async ValueTask InitializeAsync()
    {
        _store = await StateStore.OpenAsync(StateLocation.File(Path.Combine(_folder.FullName, "state.db")), _time);
        _runs = new DurableRunStore(_store, "main");
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task What_a_sentinel_does_is_found_with_the_same_names_by_every_reader_and_ends_when_it_says_so()
    {
        await _runs.AppendAsync("run", 0, [Start, Guard, new SentinelHeld(SentinelRules.RoiFloor, "low"), new SentinelPruned(4, 3)], default);
        var reader = new SentinelFindings(_runs, _time);
        var found = await reader.ReadAsync(default);
        Assert.Equal([("sentinel-held", FindingKind.Firing, Severity.Sev2), ("sentinel-pruned", FindingKind.Firing, Severity.Sev3)], found.Select(one => (one.Rule, one.Kind, one.Severity)));
        Assert.Equal(found.Select(one => one.Id), (await new SentinelFindings(_runs, _time).ReadAsync(default)).Select(one => one.Id));

        // What failed to be taken is given again; what is long past is not.
        Assert.Equal(2, (await reader.ReadAsync(default)).Count);
        _time.Advance(ArenaFindings.Window + TimeSpan.FromSeconds(1));
        Assert.Empty(await reader.ReadAsync(default));
        await _runs.AppendAsync("run", 4, [new SentinelReleased(SentinelRules.RoiFloor, "well"), new SentinelStopped(SentinelRules.BudgetCap, "spent"), new RunFinished(RunEnd.Stopped, 0)], default);
        found = await reader.ReadAsync(default);
        Assert.Equal(
            [("sentinel-held", FindingKind.Resolved), ("sentinel-stopped", FindingKind.Firing), ("sentinel-pruned", FindingKind.Resolved)],
            found.Select(one => (one.Rule, one.Kind)));
        Assert.Equal("main/sentinel/run/held/roi_floor", found[0].Fingerprint);
    }

    [Fact]
    public async Task A_run_that_cannot_be_read_is_told_of_and_keeps_no_other_from_being_told_of()
    {
        await _runs.AppendAsync("a-bad", 0, [Start, Guard], default);
        await _store.CommitAsync(new StateCommit { Events = [new StreamAppend(_runs.StreamOf("a-bad"), 2, [new NewEvent("hgm.odd", "{}")])] });
        await _runs.AppendAsync("b-good", 0, [Start, Guard, new SentinelHeld(SentinelRules.RoiFloor, "low")], default);
        Assert.Equal([("a-bad", "sentinel-unread"), ("b-good", "sentinel-held")], (await new SentinelFindings(_runs, _time).ReadAsync(default)).Select(one => (one.Subject, one.Rule)).Order());
    }
}
