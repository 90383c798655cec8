using System.Globalization;
using AgiJobs.Arena.Alerts;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Alerts;

/// <summary>
/// What the arena's own alerts say, as findings, so that people have one list. Those that fire are read, and those that were written within the last <see cref="Window"/>, at first within the last <see cref="Recent"/>:
/// what was taken before counts once, for as long as it is remembered (<see cref="AgiJobs.Response.Alerts.AlertSweep.Kept"/>). Called by one at a time.
/// </summary>
internal sealed class ArenaFindings(IStateStore store, string network, TimeProvider time)
{
    /// <summary>For how long what was written is read again: as long as a commit may fail without being missed.</summary>
    public static TimeSpan Window { get; } = TimeSpan.FromMinutes(10);

    /// <summary>How old what is over may be at the first reading: half of the time for which findings are remembered.</summary>
    public static TimeSpan Recent { get; } = Response.Alerts.AlertSweep.Kept / 2;

    private bool _isBegun;

    /// <summary>Reads them.</summary>
    /// <exception cref="StorageException">Also <see cref="StorageException.Damaged"/>.</exception>
    public async Task<IReadOnlyList<Finding>> ReadAsync(CancellationToken cancellation)
    {
        var documents = await store.ListAsync(AlertBook.Channel(network), cancellationToken: cancellation).ConfigureAwait(false);
        var since = time.GetUtcNow() - (_isBegun ? Window : Recent);
        List<Finding> findings = [.. documents.Select(document => (document.At, Record: AlertRecord.Read(document))).Where(one => one.Record.Firings > 0 && (one.At >= since || one.Record.IsFiring)).SelectMany(one => Of(one.Record, network))];
        _isBegun = true;
        return findings;
    }

    /// <summary>What one says: that it fires, and, when it is over, that it is.</summary>
    internal static IEnumerable<Finding> Of(AlertRecord record, string network)
    {
        var facts = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["failures"] = record.Failures.ToString(CultureInfo.InvariantCulture) };
        if (record.Round is { } round)
        {
            facts["round"] = round.ToString(CultureInfo.InvariantCulture);
        }

        if (record.Reason is { } reason)
        {
            facts["reason"] = reason;
        }

        var fired = new Finding
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"{network}/arena/{record.Id}/{record.Firings}"),
            Fingerprint = $"{network}/arena/{record.Id}",
            Kind = FindingKind.Firing,
            Rule = $"arena-{record.Rule}",
            Source = "arena",
            Network = network,
            // Nobody loses anything but by a slash.
            Severity = record.Rule switch { "validator-slashed" or "orchestrator-failing" or "rounds-failing" or "slashes-held" => Severity.Sev2, _ => Severity.Sev3 },
            Title = $"arena: {record.Rule}{(record.Agent is { } agent ? $" {agent}" : "")}{(record.Reason is null ? "" : $": {record.Reason}")}",
            Subject = record.Agent?.ToString() ?? "arena",
            Facts = facts,
        };
        return record.IsFiring ? [fired with { Condition = fired.Id }] : [fired, fired with { Id = fired.Id + "/over", Kind = FindingKind.Resolved, Title = $"arena: {record.Rule} is over" }];
    }
}
