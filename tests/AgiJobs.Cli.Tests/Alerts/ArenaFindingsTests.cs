using AgiJobs.Arena.Alerts;
using AgiJobs.Cli.Alerts;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;
using AgiJobs.Testing;

namespace AgiJobs.Cli.Tests.Alerts;

public sealed class ArenaFindingsTests
{
    [Fact]
    public async Task The_arenas_alerts_are_findings_with_the_same_names_at_every_look()
    {
        var folder = Directory.CreateTempSubdirectory("agijobs-test-");
        try
        {
            var time = new ManualTime();
            await using var store = await StateStore.OpenAsync(StateLocation.File(Path.Combine(folder.FullName, "state.db")), time);
            await PutAsync(store, new AlertRecord { Version = 1, Id = "rounds-failing", Rule = "rounds-failing", IsFiring = true, Since = time.GetUtcNow(), Firings = 2, Failures = 3, Reason = "no-students", Round = 44 });
            await PutAsync(store, new AlertRecord { Version = 1, Id = "agent-failing-x", Rule = "agent-failing", IsFiring = false, Since = time.GetUtcNow() });
            time.Advance(TimeSpan.FromDays(1));
            var reader = new ArenaFindings(store, "main", time);
            var finding = Assert.Single(await reader.ReadAsync(CancellationToken.None));
            Assert.Equal(("main/arena/rounds-failing/2", "arena-rounds-failing", FindingKind.Firing, Severity.Sev2, "44"), (finding.Id, finding.Rule, finding.Kind, finding.Severity, finding.Facts["round"]));
            // It goes on.
            Assert.Equal((finding.Id, finding.Id), (await reader.ReadAsync(CancellationToken.None)).Select(one => (one.Id, one.Condition)).Single());
            await PutAsync(store, new AlertRecord { Version = 1, Id = "rounds-failing", Rule = "rounds-failing", IsFiring = false, Since = time.GetUtcNow(), Firings = 2 });
            Assert.Equal([(finding.Id, FindingKind.Firing), (finding.Id + "/over", FindingKind.Resolved)], (await reader.ReadAsync(CancellationToken.None)).Select(one => (one.Id, one.Kind)));
            time.Advance(ArenaFindings.Window + TimeSpan.FromSeconds(1));
            Assert.Empty(await reader.ReadAsync(CancellationToken.None));
            Assert.Equal(2, (await new ArenaFindings(store, "main", time).ReadAsync(CancellationToken.None)).Count);
            // What is over and may be forgotten by now is not told as if it were new.
            time.Advance(ArenaFindings.Recent);
            Assert.Empty(await new ArenaFindings(store, "main", time).ReadAsync(CancellationToken.None));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static Task<long> PutAsync(IStateStore store, AlertRecord record) => store.CommitAsync(new StateCommit { Documents = [new DocumentWrite(AlertBook.Channel("main"), record.Id, record.Encode())] });
}
