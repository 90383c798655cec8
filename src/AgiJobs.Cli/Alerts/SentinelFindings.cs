using System.Globalization;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Runs;
using AgiJobs.Response.Findings;
using AgiJobs.Steering.Runs;
using AgiJobs.Steering.Sentinels;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Alerts;

/// <summary>
/// What the sentinels of HGM runs do, as findings, so that people have one list: it ends when the sentinel, or a person, says so in the run. All of a run is read at first, then what is new; what was written within the last
/// <see cref="ArenaFindings.Window"/> is given again, since what was taken counts once. A run that was over for a day is not read. Called by one at a time.
/// </summary>
internal sealed class SentinelFindings(DurableRunStore runs, TimeProvider time)
{
    private static readonly TimeSpan Past = TimeSpan.FromDays(1);

    private readonly Dictionary<string, long> _read = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<string, Finding>> _firing = new(StringComparer.Ordinal);
    private readonly HashSet<string> _over = new(StringComparer.Ordinal);
    private List<(DateTimeOffset At, Finding Finding)> _recent = [];

    /// <summary>Reads them.</summary>
    /// <exception cref="StorageException">The store does not answer.</exception>
    public async Task<IReadOnlyList<Finding>> ReadAsync(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        foreach (var run in (await runs.ListAsync(cancellation).ConfigureAwait(false)).Where(run => !_over.Contains(run.Name)))
        {
            if (run.IsFinished && now - run.At > Past && !_read.ContainsKey(run.Name))
            {
                _over.Add(run.Name);
                continue;
            }

            try
            {
                var begins = !_read.ContainsKey(run.Name);
                foreach (var kept in await runs.KeptAsync(run.Name, _read.GetValueOrDefault(run.Name), int.MaxValue, cancellation).ConfigureAwait(false))
                {
                    var found = Of(run.Name, kept).ToList();
                    // What is long past and over may not be remembered any more, and would count anew.
                    _recent.AddRange(now - kept.At > ArenaFindings.Recent ? [] : found.Select(finding => (now, finding)));
                    _read[run.Name] = kept.Version;
                }

                if (begins && _firing.TryGetValue(run.Name, out var firing))
                {
                    _recent.AddRange(firing.Values.Select(finding => (now, finding)));
                }

                if (run.IsFinished)
                {
                    _over.Add(run.Name);
                }
            }
            catch (Exception problem) when (problem is HgmException or StorageException { Code: StorageException.Damaged })
            {
                // One run that cannot be read keeps no other from being told of, and is told of itself.
                _recent.Add((now, Make(run.Name, "unread", "sentinel-unread", FindingKind.Firing, Severity.Sev2, $"what the sentinel of the run {run.Name} did cannot be read: {problem.Message}", "")));
                _over.Add(run.Name);
            }
        }

        _recent = [.. _recent.Where(entry => now - entry.At <= ArenaFindings.Window)];
        return [.. _recent.Select(entry => entry.Finding).DistinctBy(finding => finding.Id)];
    }

    private IEnumerable<Finding> Of(string run, KeptEvent kept)
    {
        var firing = _firing.TryGetValue(run, out var known) ? known : _firing[run] = new Dictionary<string, Finding>(StringComparer.Ordinal);
        var version = kept.Version.ToString(CultureInfo.InvariantCulture);
        switch (kept.Happened)
        {
            case SentinelHeld or SentinelSpared or SentinelStopped or SentinelPruned or SentinelOverridden:
                var intervention = SentinelIntervention.Of(kept.Happened)!;
                var key = KeyOf(intervention.Kind, intervention.Rule, intervention.Agent);
                var rule = $"sentinel-{intervention.Kind}";
                // What a sentinel does to an agent, and what people do to it, is its daily work; that a run stands still is not.
                var severity = kept.Happened is SentinelPruned or SentinelOverridden ? Severity.Sev3 : Severity.Sev2;
                yield return firing[key] = Make(run, key, rule, FindingKind.Firing, severity, $"run {run}: {intervention.Message}{(intervention.Detail.Length == 0 ? "" : $", {intervention.Detail}")}", version);
                break;
            case SentinelReleased released:
                foreach (var over in Over(run, firing, KeyOf("held", released.Rule, null), version, $"run {run}: the sentinel lets it go on ({released.Rule})"))
                {
                    yield return over;
                }

                break;
            case SentinelOverrideEnded ended:
                foreach (var over in Over(run, firing, KeyOf("overridden", ended.Rule, null), version, $"run {run}: the override of {ended.Rule} is over"))
                {
                    yield return over;
                }

                break;
            case SentinelAcknowledged seen:
                foreach (var over in firing.Keys.Where(one => one.Split('/') is [not ("held" or "overridden"), var about, ..] && string.Equals(about, seen.Rule, StringComparison.Ordinal)).ToList().SelectMany(one => Over(run, firing, one, version, $"run {run}: {seen.Rule} was acknowledged: {seen.Reason}")))
                {
                    yield return over;
                }

                break;
            case RunFinished:
                // That the sentinel stopped it is not over with the run: somebody has to see it.
                foreach (var over in firing.Keys.Where(one => !one.StartsWith("stopped/", StringComparison.Ordinal)).ToList().SelectMany(one => Over(run, firing, one, version, $"run {run} is over")))
                {
                    yield return over;
                }

                break;
        }
    }

    private IEnumerable<Finding> Over(string run, Dictionary<string, Finding> firing, string key, string version, string title)
    {
        if (firing.Remove(key, out var before))
        {
            yield return Make(run, key, before.Rule, FindingKind.Resolved, before.Severity, title, version);
        }
    }

    private static string KeyOf(string kind, string? rule, int? agent) => string.Create(CultureInfo.InvariantCulture, $"{kind}/{rule}{(agent is { } one ? $"/{one}" : "")}");

    private Finding Make(string run, string key, string rule, FindingKind kind, Severity severity, string title, string version) => new()
    {
        Id = $"{runs.Network}/sentinel/{run}/{key}/{version}",
        Fingerprint = $"{runs.Network}/sentinel/{run}/{key}",
        Kind = kind,
        Rule = rule,
        Source = "sentinel",
        Network = runs.Network,
        Severity = severity,
        Title = title,
        Subject = run,
        Facts = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["run"] = run },
    };
}
