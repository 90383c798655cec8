using System.Globalization;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Watching;

namespace AgiJobs.Response.Breakers;

/// <summary>Why a breaker would not stop what it is there to stop. A pure function; what is not known is a gap.</summary>
public static class BreakerGaps
{
    /// <summary>The gaps, in words, in a stable order; none when enough monitors are at work and there is something to fire.</summary>
    /// <param name="file">The network's breakers.</param>
    /// <param name="standings">How the network's monitors stand.</param>
    /// <param name="rules">The names of the rules in force; null when they are not known.</param>
    /// <param name="ruleSet">Their digest; null when it is not known.</param>
    /// <param name="armed">How many armed pauses could be fired now; null when it is not known.</param>
    /// <param name="now">The time.</param>
    public static IReadOnlyList<string> Of(BreakersFile file, IReadOnlyList<MonitorStanding> standings, IReadOnlyCollection<string>? rules, string? ruleSet, int? armed, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(standings);
        var gaps = new List<string>();
        if (rules is null)
        {
            gaps.Add("which rules are in force is unknown");
        }
        else
        {
            gaps.AddRange(file.Breakers.Where(breaker => !rules.Contains(breaker.Rule, StringComparer.Ordinal)).Select(breaker => $"no rule '{breaker.Rule}' is in force: it stops nothing"));
        }

        var unable = file.Monitors.Select(monitor => (monitor.Name, Why: WhyUnable(monitor, standings.FirstOrDefault(standing => string.Equals(standing.Monitor, monitor.Name, StringComparison.Ordinal)), ruleSet, now))).Where(entry => entry.Why is not null).ToList();
        gaps.AddRange(unable.Select(entry => $"{entry.Name} {entry.Why}"));
        if (file.Monitors.Count - unable.Count < file.Agree)
        {
            gaps.Add(string.Create(CultureInfo.InvariantCulture, $"{file.Monitors.Count - unable.Count} monitors can testify and {file.Agree} must agree: NOTHING IS STOPPED"));
        }

        if (armed is null or 0 && file.Breakers.Any(breaker => breaker.Action == BreakerAction.Fire))
        {
            gaps.Add(armed is null ? "whether a pause is armed on this machine is unknown" : "no pause is armed on this machine: NOTHING CAN BE FIRED");
        }

        return gaps;
    }

    private static string? WhyUnable(BreakerMonitor monitor, MonitorStanding? standing, string? ruleSet, DateTimeOffset now) =>
        standing is null ? "has never run here"
        : standing.WhyUnable(ruleSet, now)
        ?? (string.Equals(standing.Key, monitor.Key, StringComparison.Ordinal) ? null : "signs with another key than config/breakers.json names");
}
