using System.Globalization;
using AgiJobs.Control.Workspaces;
using AgiJobs.Storage;

namespace AgiJobs.Response.Runbooks;

/// <summary>A line of an incident's timeline that a run wrote.</summary>
/// <param name="At">When it was committed.</param>
/// <param name="Run">The run.</param>
/// <param name="Incident">The incident that the run is bound to; null without one.</param>
/// <param name="By">Who; null when nobody in particular.</param>
/// <param name="Text">What happened, in one line.</param>
/// <param name="Change">The change that it was about; null without one.</param>
/// <param name="Transactions">The transactions that were sent.</param>
/// <param name="Version">Its place among the events of the run.</param>
public sealed record RunbookMoment(DateTimeOffset At, string Run, string? Incident, string? By, string Text, string? Change, IReadOnlyList<string> Transactions, long Version);

/// <summary>The runs of a network as moments of the timelines of their incidents.</summary>
public static class RunbookTimeline
{
    /// <summary>The moments of events as <see cref="IStateStore.ReadAllAsync"/> gives them for <see cref="RunbookRun.StreamsOf"/>, from the first event of each run on, in their order.</summary>
    /// <exception cref="StorageException"><see cref="StorageException.Damaged"/>.</exception>
    public static IEnumerable<RunbookMoment> Moments(string network, IEnumerable<StoredEvent> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        var begun = new Dictionary<string, RunBegun>(StringComparer.Ordinal);
        foreach (var stored in events)
        {
            var id = stored.Stream[RunbookRun.StreamsOf(network).Length..];
            var happened = RunbookEvent.Read(stored);
            if (happened is RunBegun beginning)
            {
                begun[id] = beginning;
            }

            var title = begun.TryGetValue(id, out var run) ? run.Runbook.Steps : [];
            if (Text(happened, step => title.FirstOrDefault(known => string.Equals(known.Id, step, StringComparison.Ordinal))?.Text ?? step) is var (by, text))
            {
                yield return new RunbookMoment(stored.At, id, run?.Incident, by, text, (happened as CommandEnded)?.Change, (happened as CommandEnded)?.Transactions ?? [], stored.Version);
            }
        }
    }

    private static (string? By, string Text)? Text(RunbookEvent happened, Func<string, string> title) => happened switch
    {
        RunBegun begun => (begun.By, $"runbook {begun.Runbook.Name} begun ({begun.Runbook.Title}), {begun.Severity}"),
        SeverityChanged changed => (changed.By, $"now {changed.Severity}"),
        CommandBegun { Sends: true } begun => (begun.By, $"{begun.Step} sent: agijobs {RunbookLine.Show(begun.Words)}{(begun.Breach is { } breach ? $"; AGAINST THE RULES: {breach}" : "")}"),
        CommandEnded { Outcome: not "previewed" } ended => (null, string.Create(CultureInfo.InvariantCulture, $"{ended.Step} {ended.Outcome}: {title(ended.Step)} {ended.Seen}")),
        StepDecided decided => (decided.By, $"{decided.Step} {decided.Decision} by {decided.By} ({decided.Duty.Name()}): {decided.Text}"),
        RunEnded ended => (ended.By, $"runbook given up: {ended.Reason}"),
        _ => null,
    };
}
