using AgiJobs.Control;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Response.Index;
using AgiJobs.Response.Watching;

namespace AgiJobs.Response.Tests.Watching;

public sealed class MonitorProblemTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_monitor_without_a_key_proves_nothing_and_the_index_is_no_watch()
    {
        var problems = MonitorProblem.Of([Report("main", "a"), Report(EventIndex.Monitor, "b")], Now);

        Assert.Equal((ExitCode.Findings, "main depth-0: the blocks 1 to 4 are not proven to be examined"), Assert.Single(problems) is var problem ? (problem.Exit, problem.Text) : default);
    }

    [Theory]
    [InlineData(true, "a", "b")]
    [InlineData(true, null, "a", "b")]
    [InlineData(false, "a", "a")]
    [InlineData(false, null, "a")]
    public void Monitors_that_watch_by_different_rules_are_a_problem_and_the_index_has_its_own(bool areDifferent, params string?[] rules)
    {
        var reports = rules.Select((rule, place) => Report($"m{place}", rule)).Append(Report(EventIndex.Monitor, "index")).ToList();
        var turned = Enumerable.Reverse(reports).ToList();

        Assert.Equal(areDifferent, MonitorProblem.Of(reports, Now).Any(problem => problem.Text.Contains("same rules", StringComparison.Ordinal)));
        Assert.Equal(areDifferent, MonitorProblem.Of(turned, Now).Any(problem => problem.Text.Contains("same rules", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_bad_signature_is_a_mismatch_and_blindness_is_unknown()
    {
        var range = new CoverageRange("test", ChainId.Local, "main", "depth-0", Keccak256.Hash([1]), 1, 4, default, default);
        var report = Report("main", "a");
        var bad = report with
        {
            Standing = report.Standing with { Blind = new Blindness(Now, "no node", IsTold: false), Key = "key" },
            Tracks = [report.Tracks[0] with { Ranges = [new ProvenRange(range, "bad")] }],
            IsOwnKey = false,
        };

        Assert.Equal([ExitCode.Unknown, ExitCode.Mismatch, ExitCode.Mismatch, ExitCode.Findings], MonitorProblem.Of([bad], Now).Select(problem => problem.Exit));
    }

    private static CoverageReport Report(string monitor, string? rules)
    {
        var track = new TrackStanding { Name = "depth-0", Confirmations = 0, RuleSet = rules ?? "", From = 1, LiveFrom = 1, Next = 5 };
        return new CoverageReport(
            new MonitorStanding { Version = 1, Network = "test", ChainId = 31337, Monitor = monitor, Node = "node", At = Now, RuleSet = rules, Tracks = [track] },
            [new TrackCoverage(track, [], [(1, 4)])],
            null);
    }
}
