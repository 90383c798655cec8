using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Ethereum;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Incidents;
using AgiJobs.Response.Index;
using AgiJobs.Response.Runbooks;
using AgiJobs.Response.Watching;
using AgiJobs.Storage;

namespace AgiJobs.Response.Alerts;

/// <summary>
/// A point of the resume gate: alerts are back to normal. An alert of SEV-2 or worse that fires and that no signed silence covers closes it, whenever it began: what was found before the pause may be why there was one. Three kinds do
/// not count: an alert of which the rule and the description say that it tells of something that was stopped (<see cref="CompiledRules.Standstill"/>), since a resume is what ends it; and an alert whose only finding is a
/// transaction of this very change, so that a resume that was begun can be ended; and overdue duties of people, which are about the response.
/// <para>That nothing fires is believed only where enough monitors watch by the rules in force, have written within <see cref="MonitorStanding.SilentAfter"/>, follow the branch that is asked about and have examined every block up to
/// its head. Otherwise people sign. Where the network has breakers, the monitors that these name count, and it takes as many as have to agree; elsewhere every monitor that ever ran has to see.</para>
/// </summary>
/// <param name="network">The network's name.</param>
/// <param name="look">Reads what fires and who watches.</param>
/// <param name="connect">Reads the chain, by another way than the monitors do.</param>
/// <param name="time">The clock.</param>
public sealed class AlertsPoint(string network, Func<CancellationToken, Task<AlertsSight>> look, Func<CancellationToken, Task<IWatchedChain>> connect, TimeProvider time) : IGatePoint
{
    /// <summary>The code of a refusal because something fires.</summary>
    public const string Code = "alerts-firing";

    private const int MostNamed = 5;

    // A monitor that is at work has a new block within a poll or two; who resumes has so much time.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(250);

    /// <inheritdoc/>
    public string Name => "alerts back to normal";

    /// <inheritdoc/>
    public async Task<GateAnswer> AskAsync(FiledChange change, ChangeDemands demands, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(change);
        ArgumentNullException.ThrowIfNull(demands);
        var began = time.GetTimestamp();
        try
        {
            var chain = await connect(cancellation).ConfigureAwait(false);
            var head = (await chain.HeadAsync(cancellation).ConfigureAwait(false)).Number.Value;
            var own = SentTransactions.Of(change).Select(transaction => transaction.ToString()).ToHashSet(StringComparer.OrdinalIgnoreCase);
            while (true)
            {
                var sight = await look(cancellation).ConfigureAwait(false);
                bool IsExcused(AlertRecord alert) => IsStandstill(alert, sight.Rules) || IsOwn(alert, own) || IsDuty(alert);
                var firing = sight.Book.Alerts.Where(alert => alert.State == AlertState.Firing).ToList();
                var counting = firing.Where(alert => alert.Severity <= Severity.Sev2 && !IsExcused(alert) && sight.Book.SilenceOf(alert, time.GetUtcNow()) is null).ToList();
                if (counting.Count > 0)
                {
                    return new GateNotPassed(Named(counting), $"agijobs alert list --network {network}   (end each with 'agijobs alert close', or silence it for the incident)") { Code = Code };
                }

                var (gaps, isCatchingUp) = await GapsAsync(sight, chain, head, cancellation).ConfigureAwait(false);
                if (gaps.Count == 0)
                {
                    return new GatePassed(How(sight, firing, own, head));
                }

                if (!isCatchingUp || time.GetElapsedTime(began) >= Patience)
                {
                    return Unknown(demands, string.Join("; ", gaps));
                }

                await Task.Delay(Pace, time, cancellation).ConfigureAwait(false);
            }
        }
        catch (Exception problem) when (problem is ControlException or StorageException or EthereumException)
        {
            return Unknown(demands, $"whether alerts fire could not be read: {problem.Message.TrimEnd('.')}");
        }
    }

    private static GateNotConnected Unknown(ChangeDemands demands, string why) => new([demands.Alerts], $"unknown: {why}");

    private static bool IsStandstill(AlertRecord alert, RulesInForce? rules) => rules?.Compiled is { } compiled && compiled.Standstill.Contains(alert.Fingerprint);

    private static bool IsOwn(AlertRecord alert, HashSet<string> own) => alert.Count == 1 && alert.Place?.Transaction is { } transaction && own.Contains(transaction);

    // What comes in from outside has another source.
    private static bool IsDuty(AlertRecord alert) => string.Equals(alert.Source, DutyFindings.Source, StringComparison.Ordinal) && alert.Rule is (DutyFindings.Rule or DutyFindings.CalendarRule or RunbookFindings.Rule);

    private static string Named(List<AlertRecord> alerts) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(alerts.Count == 1 ? "an alert fires" : $"{alerts.Count} alerts fire")}: {string.Join("; ", alerts.Take(MostNamed).Select(alert => $"{alert.Id} {alert.Severity.Name()} {alert.Title}"))}{(alerts.Count > MostNamed ? $"; and {alerts.Count - MostNamed} more" : "")}");

    // Why nobody can say that nothing fires; and whether a moment may change it, because all that is wrong is blocks that came just now.
    private async Task<(List<string> Gaps, bool IsCatchingUp)> GapsAsync(AlertsSight sight, IWatchedChain chain, ulong head, CancellationToken cancellation)
    {
        var watching = sight.Monitors.Where(standing => !string.Equals(standing.Monitor, EventIndex.Monitor, StringComparison.Ordinal)).ToList();
        List<(string Name, string? Key)> wanted = sight.Breakers is { } breakers ? [.. breakers.Monitors.Select(monitor => (monitor.Name, (string?)monitor.Key))] : [.. watching.Select(standing => (standing.Monitor, (string?)null))];
        if (watching.Count == 0)
        {
            return (["no monitor ever ran here"], false);
        }

        if (sight.Rules is not { } rules)
        {
            return ([$"the rules in force could not be read: {sight.WhyNoRules!.TrimEnd('.')}"], false);
        }

        if (rules.Applied is null || rules.Digest is not { } digest)
        {
            return ([rules.Applied is null ? "no rules were ever put in force: 'agijobs monitoring apply --execute' does" : "the rules in force watch nothing"], false);
        }

        var now = time.GetUtcNow();
        var (able, isCatchingUp) = (0, true);
        var gaps = new List<string>();
        foreach (var (name, key) in wanted)
        {
            var standing = watching.Find(one => string.Equals(one.Monitor, name, StringComparison.Ordinal));
            var why = standing is null ? "has never run here"
                : standing.WhyUnable(digest.ToString(), now)
                ?? (key is null || string.Equals(standing.Key, key, StringComparison.Ordinal) ? null : "signs with another key than the breakers' file names")
                ?? await ElsewhereAsync(standing, chain, head, cancellation).ConfigureAwait(false);
            if (why is not null)
            {
                isCatchingUp = false;
                gaps.Add($"the monitor {name} {why}");
            }
            else if (standing!.FirstUnexamined(head) is { } next || standing.Tracks.Count == 0)
            {
                gaps.Add(string.Create(CultureInfo.InvariantCulture, $"the monitor {name} has not examined block {standing.FirstUnexamined(head) ?? head} of {head} yet"));
            }
            else
            {
                able++;
            }
        }

        var needed = sight.Breakers?.Agree ?? wanted.Count;
        return able >= needed ? ([], false) : (sight.Breakers is null ? gaps : [string.Create(CultureInfo.InvariantCulture, $"{able} of the {needed} monitors that have to agree see"), .. gaps], isCatchingUp);
    }

    // A monitor on another branch, or on another chain, has examined other blocks.
    private static async Task<string?> ElsewhereAsync(MonitorStanding standing, IWatchedChain chain, ulong head, CancellationToken cancellation)
    {
        if (standing.Head is not { } seen)
        {
            return "has not seen a block yet";
        }

        return seen.Number <= head
            && await chain.HeadersAsync(seen.Number, seen.Number, cancellation).ConfigureAwait(false) is [var here]
            && !string.Equals(here.Hash?.ToString(), seen.Hash, StringComparison.OrdinalIgnoreCase)
            ? string.Create(CultureInfo.InvariantCulture, $"follows another branch of the chain than the node that was asked: block {seen.Number} is {seen.Hash} there and {here.Hash} here")
            : null;
    }

    private string How(AlertsSight sight, List<AlertRecord> firing, HashSet<string> own, ulong head)
    {
        var names = sight.Monitors.Where(standing => !string.Equals(standing.Monitor, EventIndex.Monitor, StringComparison.Ordinal) && standing.WhyUnable(sight.Rules!.Digest.ToString(), time.GetUtcNow()) is null && standing.FirstUnexamined(head) is null).Select(standing => standing.Monitor).Order(StringComparer.Ordinal).ToList();
        var rest = new List<string>();
        var left = firing;
        Count(alert => IsStandstill(alert, sight.Rules), "say that something stands still, which the resume ends");
        Count(alert => IsOwn(alert, own), "are about transactions of this change");
        Count(IsDuty, "are overdue duties of people");
        Count(alert => alert.Severity == Severity.Sev3, "are SEV-3");
        rest.AddRange(left.Select(alert => sight.Book.SilenceOf(alert, time.GetUtcNow()) is { } silence ? $"{alert.Id} {alert.Severity.Name()} {alert.Title} is silenced by {silence.By}: {silence.Signed.Act.Reason}" : null).OfType<string>());
        return string.Create(CultureInfo.InvariantCulture, $"{string.Join(", ", names)} examined every block up to {head} by the rules in force, and no alert of SEV-2 or worse fires{(rest.Count == 0 ? "" : $"; of those that fire {string.Join("; ", rest)}")}");

        void Count(Func<AlertRecord, bool> which, string words)
        {
            if (left.Where(which).Select(alert => alert.Id).ToList() is { Count: > 0 } ids)
            {
                rest.Add($"{string.Join(", ", ids)} {words}");
                left = [.. left.Where(alert => !which(alert))];
            }
        }
    }
}
