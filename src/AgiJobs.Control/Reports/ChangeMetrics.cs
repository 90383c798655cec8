using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Evidence;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Reports;

/// <summary>How changes of one kind and month went.</summary>
/// <param name="Kind">The kind of change.</param>
/// <param name="Month">The month (UTC) in which the change was planned, as <c>2026-01</c>.</param>
/// <param name="Planned">How many were planned.</param>
/// <param name="Verified">How many of them were executed and verified.</param>
/// <param name="RolledBack">How many of the verified were undone by another change.</param>
/// <param name="Failed">How many were mined and reverted, or were found otherwise than expected.</param>
/// <param name="Timed">Of how many the time from plan to verification is on record.</param>
/// <param name="TotalSeconds">The sum of these times.</param>
public sealed record MetricsRow(string Kind, string Month, int Planned, int Verified, int RolledBack, int Failed, int Timed, double TotalSeconds)
{
    /// <summary>The mean time from plan to verification in seconds; null when it is of no change on record.</summary>
    public double? MeanSeconds => Timed == 0 ? null : TotalSeconds / Timed;

    /// <summary>The incidents that people signed were caused by these changes; null when it is not known.</summary>
    public IReadOnlySet<string>? Incidents { get; init; }

    /// <summary>The part of the verified that was rolled back, 0 to 1; null when none was verified.</summary>
    public double? RollbackRate => Verified == 0 ? null : (double)RolledBack / Verified;
}

/// <summary>
/// Metrics of the changes on file, from their journals, the audit log and what people signed about the causes of incidents. Immutable.
/// </summary>
/// <param name="Rows">By month, then kind.</param>
/// <param name="Total">All together.</param>
/// <param name="Problems">Records that could not be read, which the numbers leave out.</param>
public sealed record ChangeMetrics(IReadOnlyList<MetricsRow> Rows, MetricsRow Total, IReadOnlyList<string> Problems)
{
    /// <summary>Why it is unknown which incidents they caused; null when it is known.</summary>
    public string? WhyNoIncidents { get; init; }

    /// <summary>Computes them.</summary>
    /// <param name="survey">The changes on file.</param>
    /// <param name="entries">The audit log, of which the times of planning are taken.</param>
    /// <param name="network">Only this network.</param>
    /// <param name="causes">The incidents by the change that caused them, as people signed it; null when they cannot be read.</param>
    public static ChangeMetrics Of(IReadOnlyList<SurveyedChange> survey, IEnumerable<AuditEntry> entries, string network, ILookup<Bytes32, string>? causes)
    {
        var changes = survey.Select(entry => entry.Change).OfType<FiledChange>().Where(change => string.Equals(change.Document.Network, network, StringComparison.Ordinal)).ToList();
        var undone = ChangeState.RolledBack(changes);
        var planned = entries.Where(entry => entry is { Kind: "change.planned", Change: not null, At: not null } && string.Equals(entry.Network, network, StringComparison.Ordinal))
            .GroupBy(entry => entry.Change!.Value).ToDictionary(group => group.Key, group => group.Min(entry => entry.At!.Value));
        var rows = changes.Select(change => Row(change, undone, planned, causes))
            .GroupBy(row => (row.Month, row.Kind)).OrderBy(group => group.Key.Month, StringComparer.Ordinal).ThenBy(group => group.Key.Kind, StringComparer.Ordinal)
            .Select(group => Sum(group.Key.Kind, group.Key.Month, group)).ToList();
        return new ChangeMetrics(rows, Sum("all", "all", rows), [.. survey.Where(entry => entry.Problem is not null).Select(entry => $"the record {entry.Id} is damaged and counts nowhere: {entry.Problem!.Message}")]);
    }

    /// <summary>The page.</summary>
    public ReportPage Page(string network, ChainId chain) => new("Change metrics", [
        new ReportLine($"network {network}, chain {chain}"),
        new ReportTable(["month", "kind", "planned", "verified", "rolled back", "failed", "mean time to execute", "rollback rate", "incidents caused"], [.. Rows.Append(Total).Select(row => (IReadOnlyList<string>)[row.Month, row.Kind, Number(row.Planned), Number(row.Verified), Number(row.RolledBack), Number(row.Failed), Time(row), row.RollbackRate is { } rate ? rate.ToString("P1", CultureInfo.InvariantCulture) : "-", row.Incidents is { } incidents ? Number(incidents.Count) : "unknown"])]),
        new ReportLine("The mean time to execute is from plan to verification, as the audit log and the journals have them."),
        new ReportLine("Incidents caused are those of which somebody signed that a change caused them: agijobs incident cause."),
        .. WhyNoIncidents is { } why ? [new ReportLine($"UNKNOWN which incidents changes caused: {why}")] : Array.Empty<ReportPart>(),
        .. Problems.Select(problem => new ReportLine($"UNKNOWN {problem}")),
    ]);

    /// <summary>Writes the members.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartArray("rows");
        foreach (var row in Rows)
        {
            Write(writer, row);
        }

        writer.WriteEndArray();
        writer.WritePropertyName("total");
        Write(writer, Total);
        writer.WriteString("incidentsUnknown", WhyNoIncidents);
        writer.WriteStartArray("problems");
        foreach (var problem in Problems)
        {
            writer.WriteStringValue(problem);
        }

        writer.WriteEndArray();
    }

    private static MetricsRow Row(FiledChange change, IReadOnlySet<Bytes32> undone, Dictionary<Bytes32, DateTimeOffset> planned, ILookup<Bytes32, string>? causes)
    {
        var entries = Journal.Read(change.JournalPath);
        var digest = change.Document.Digest();
        var start = planned.TryGetValue(digest, out var at) ? at : (DateTimeOffset?)null;
        var verified = ChangeState.IsVerified(entries) ? entries.Where(entry => (string?)entry["event"] is "verified").Select(At).FirstOrDefault() : null;
        var isVerified = ChangeState.IsVerified(entries);
        var timed = start is not null && verified >= start;
        return new MetricsRow(
            change.Document.Kind,
            start?.ToString("yyyy-MM", CultureInfo.InvariantCulture) ?? change.Id[..Math.Min(7, change.Id.Length)],
            1,
            isVerified ? 1 : 0,
            isVerified && undone.Contains(digest) ? 1 : 0,
            !isVerified && entries.Any(entry => (string?)entry["event"] is "mismatch" || Journal.HasReverted(entry)) ? 1 : 0,
            timed ? 1 : 0,
            timed ? (verified!.Value - start!.Value).TotalSeconds : 0)
        { Incidents = causes?[digest].ToHashSet(StringComparer.Ordinal) };
    }

    private static DateTimeOffset? At(JsonObject entry) => entry["at"] is JsonValue value && value.TryGetValue<string>(out var text) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;

    private static MetricsRow Sum(string kind, string month, IEnumerable<MetricsRow> rows) =>
        rows.Aggregate(new MetricsRow(kind, month, 0, 0, 0, 0, 0, 0) { Incidents = new HashSet<string>(StringComparer.Ordinal) }, (sum, row) => sum with { Planned = sum.Planned + row.Planned, Verified = sum.Verified + row.Verified, RolledBack = sum.RolledBack + row.RolledBack, Failed = sum.Failed + row.Failed, Timed = sum.Timed + row.Timed, TotalSeconds = sum.TotalSeconds + row.TotalSeconds, Incidents = sum.Incidents is null || row.Incidents is null ? null : sum.Incidents.Union(row.Incidents).ToHashSet(StringComparer.Ordinal) });

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Time(MetricsRow row) => row.MeanSeconds is { } mean ? string.Create(CultureInfo.InvariantCulture, $"{TimeSpan.FromSeconds(Math.Round(mean)):c}{(row.Timed < row.Verified ? $" (of {row.Timed} of {row.Verified})" : "")}") : row.Verified == 0 ? "-" : "unknown: no time of planning is on record";

    private static void Write(Utf8JsonWriter writer, MetricsRow row)
    {
        writer.WriteStartObject();
        writer.WriteString("month", row.Month);
        writer.WriteString("kind", row.Kind);
        writer.WriteNumber("planned", row.Planned);
        writer.WriteNumber("verified", row.Verified);
        writer.WriteNumber("rolledBack", row.RolledBack);
        writer.WriteNumber("failed", row.Failed);
        writer.WriteNumber("timed", row.Timed);
        if (row.MeanSeconds is { } mean)
        {
            writer.WriteNumber("meanSecondsToExecute", Math.Round(mean, 3));
        }
        else
        {
            writer.WriteNull("meanSecondsToExecute");
        }

        if (row.RollbackRate is { } rate)
        {
            writer.WriteNumber("rollbackRate", Math.Round(rate, 6));
        }
        else
        {
            writer.WriteNull("rollbackRate");
        }

        if (row.Incidents is { } incidents)
        {
            writer.WriteNumber("incidentsCaused", incidents.Count);
        }
        else
        {
            writer.WriteNull("incidentsCaused");
        }

        writer.WriteEndObject();
    }
}
