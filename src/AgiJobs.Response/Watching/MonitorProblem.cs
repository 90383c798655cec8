using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Response.Index;

namespace AgiJobs.Response.Watching;

/// <summary>Why a network is not watched as it should be.</summary>
/// <param name="Exit">How a command ends that finds it: 3 for what is left out, silent, old or not proven, 5 for what is unknown, 6 for what is not what it says.</param>
/// <param name="Text">In words, with the monitor's name.</param>
public sealed record MonitorProblem(ExitCode Exit, string Text)
{
    /// <summary>What is wrong with the monitors of a network; empty when all is well.</summary>
    /// <param name="reports">The monitors with what they prove.</param>
    /// <param name="now">The time.</param>
    public static IReadOnlyList<MonitorProblem> Of(IReadOnlyList<CoverageReport> reports, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(reports);
        var problems = reports.SelectMany(report => Of(report, now)).ToList();
        if (reports.Where(report => !IsIndex(report)).Select(report => report.Standing.RuleSet).OfType<string>().Distinct(StringComparer.Ordinal).Count() > 1)
        {
            problems.Add(new MonitorProblem(ExitCode.Findings, "the monitors do not watch by the same rules: apply the same ones to all"));
        }

        return problems;
    }

    private static IEnumerable<MonitorProblem> Of(CoverageReport report, DateTimeOffset now)
    {
        var standing = report.Standing;
        if (standing.Blind is { } blind)
        {
            yield return new MonitorProblem(ExitCode.Unknown, $"{standing.Monitor} has been blind since {Moment(blind.Since)}: {blind.Why}");
        }

        if (standing is { IsStale: true, Head: { } head, HeadTime: { } time })
        {
            yield return new MonitorProblem(ExitCode.Findings, string.Create(CultureInfo.InvariantCulture, $"{standing.Monitor} sees no new block: the newest that {standing.Node} shows, {head.Number}, is of {Moment(time)}, {(standing.At - time).TotalSeconds:0} s before it looked last"));
        }

        if (standing.RuleSet is null)
        {
            yield return new MonitorProblem(ExitCode.Findings, $"{standing.Monitor} applies no rules, so it finds nothing: write some and apply them with agijobs monitoring apply");
        }

        if (standing.WhySilent(now) is { } silent)
        {
            yield return new MonitorProblem(ExitCode.Findings, $"{standing.Monitor} {silent}: {(standing.At > now ? "whether it runs cannot be told; set the clocks" : "it does not run, or cannot write")}");
        }

        if (report.IsOwnKey == false)
        {
            yield return new MonitorProblem(ExitCode.Mismatch, $"{standing.Monitor} says that its key is another than the one in the configuration folder");
        }

        foreach (var track in report.Tracks)
        {
            foreach (var bad in track.Ranges.Where(range => range.Signature == "bad"))
            {
                yield return new MonitorProblem(ExitCode.Mismatch, $"{standing.Monitor} {track.Standing.Name}: the signature of the blocks {bad.Range.From} to {bad.Range.To} is not the monitor's");
            }

            foreach (var unread in track.Ranges.Where(range => range.Range.IsUnread))
            {
                yield return new MonitorProblem(ExitCode.Findings, $"{standing.Monitor} {track.Standing.Name}: the views of the blocks {unread.Range.From} to {unread.Range.To} are unknown, because the node refused them; what is logged there was examined");
            }

            // The index is no watch, and signs nothing. Whoever else has no key proves nothing.
            foreach (var (from, to) in IsIndex(report) ? [] : track.Holes)
            {
                yield return new MonitorProblem(ExitCode.Findings, $"{standing.Monitor} {track.Standing.Name}: the blocks {from} to {to} are not proven to be examined{(track.Standing.Fill is { } fill ? $"; being filled, at {fill.Next}" : "")}");
            }
        }
    }

    private static bool IsIndex(CoverageReport report) => string.Equals(report.Standing.Monitor, EventIndex.Monitor, StringComparison.Ordinal);

    private static string Moment(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
