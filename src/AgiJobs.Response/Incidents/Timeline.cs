using System.Text;
using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Evidence;
using AgiJobs.Ethereum;
using AgiJobs.Response.Runbooks;

namespace AgiJobs.Response.Incidents;

/// <summary>What happened, with where it is known from.</summary>
/// <param name="At">When.</param>
/// <param name="Source">From where: <c>person</c>, <c>alert</c>, <c>audit log</c>, <c>journal</c>, <c>page</c>, <c>runbook</c>.</param>
/// <param name="Key">What names it, so that people can annotate it; unique within the incident and the same at every reading.</param>
/// <param name="Text">What, in one line.</param>
public sealed record TimelineEntry(DateTimeOffset At, string Source, string Key, string Text)
{
    /// <summary>Who; null when it was a machine.</summary>
    public string? By { get; init; }

    /// <summary>The block; null when it is in none.</summary>
    public BlockNumber? Block { get; init; }

    /// <summary>The transaction; null when it is none.</summary>
    public Bytes32? Transaction { get; init; }

    /// <summary>The change; null when it is of none.</summary>
    public Bytes32? Change { get; init; }

    /// <summary>What people said of it.</summary>
    public IReadOnlyList<string> Notes { get => field ?? []; init; } = [];
}

/// <summary>What the timeline of an incident is written from besides its own acts.</summary>
public sealed record TimelineSources
{
    /// <summary>The changes on file.</summary>
    public IReadOnlyList<FiledChange> Changes { get => field ?? []; init; } = [];

    /// <summary>The audit log.</summary>
    public IReadOnlyList<LoggedEntry> Audit { get => field ?? []; init; } = [];

    /// <summary>What alerts and pages of the incident there were, each with a key of its own.</summary>
    public IReadOnlyList<TimelineEntry> Alerts { get => field ?? []; init; } = [];

    /// <summary>What runs of runbooks wrote, of every incident.</summary>
    public IReadOnlyList<RunbookMoment> Runbooks { get => field ?? []; init; } = [];

    /// <summary>What could not be read, in words: a timeline with gaps says so.</summary>
    public IReadOnlyList<string> Unknown { get => field ?? []; init; } = [];
}

/// <summary>The timeline of an incident: acts of people, alerts and pages, changes and transactions, merged by time. Deterministic for the same sources. Immutable.</summary>
/// <param name="Entries">What happened, in order.</param>
/// <param name="Unknown">What could not be read.</param>
public sealed record Timeline(IReadOnlyList<TimelineEntry> Entries, IReadOnlyList<string> Unknown)
{
    /// <summary>Writes it.</summary>
    /// <param name="state">The incident.</param>
    /// <param name="sources">What else is known.</param>
    public static Timeline Of(IncidentState state, TimelineSources sources)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(sources);
        var unknown = new List<string>(sources.Unknown);
        var changes = ChangesOf(state, sources.Changes).ToDictionary(change => change.Document.Digest());
        var audit = sources.Audit.Where(entry => Concerns(entry.Entry, state, changes)).Select(entry => Of(entry, changes)).ToList();
        var logged = audit.Where(entry => entry.Change is not null).Select(entry => (entry.Change!.Value, entry.Text.Split(' ', ':')[0], entry.Transaction)).ToHashSet();
        var journals = changes.Values.SelectMany(change => Journals(change, unknown)).Where(entry => !logged.Contains((entry.Change!.Value, entry.Text.Split(' ', ':')[0], entry.Transaction)));
        var notes = state.Acts.Where(act => act.Signed.Act.Kind == IncidentActs.Annotate)
            .ToLookup(act => act.Signed.Act.Subject!, act => $"{act.Signed.By}: {Plain.Line(act.Signed.Act.Text!)}", StringComparer.Ordinal);
        var entries = state.Acts.Where(act => act.Signed.Act.Kind != IncidentActs.Annotate).Select(Of).Concat(audit).Concat(journals).Concat(sources.Alerts)
            .Concat(sources.Runbooks.Where(moment => string.Equals(moment.Incident, state.Id, StringComparison.Ordinal)).Select(Of))
            .OrderBy(entry => entry.At).ThenBy(entry => entry.Source, StringComparer.Ordinal).ThenBy(entry => entry.Key, StringComparer.Ordinal)
            .Select(entry => entry with { Text = Plain.Line(entry.Text), Notes = [.. notes[entry.Key]] }).ToList();
        var known = entries.Select(entry => entry.Key).ToHashSet(StringComparer.Ordinal);
        // A note on something that is not there any more must not be lost with it.
        unknown.AddRange(notes.Where(group => !known.Contains(group.Key)).Select(group => $"the entry {Plain.Line(group.Key)}, on which was said: {string.Join("; ", group)}"));
        return new Timeline(entries, unknown);
    }

    /// <summary>The changes of an incident: whose instance names it, or that an act names.</summary>
    public static IReadOnlyList<FiledChange> ChangesOf(IncidentState state, IEnumerable<FiledChange> changes)
    {
        ArgumentNullException.ThrowIfNull(state);
        return [.. changes.Where(change => change.Document.Network == state.Network && (IncidentName.OfInstance(change.Document.Instance) == state.Id || state.Changes.Contains(change.Document.Digest()))).OrderBy(change => change.Id, StringComparer.Ordinal)];
    }

    /// <summary>The first moment at which a change of the incident that pauses was verified, with its block; null when none was.</summary>
    public TimelineEntry? Paused => Entries.FirstOrDefault(entry => entry.Text.StartsWith("change.mined", StringComparison.Ordinal) && entry.Text.Contains(" pause-", StringComparison.Ordinal));

    /// <summary>The page, as Markdown.</summary>
    public string Markdown(IncidentState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var text = new StringBuilder($"# Timeline of {state.Id}\n\nnetwork {Plain.Markdown(state.Network)}, chain {state.ChainId}: {Plain.Markdown(state.Title)}\n\nWritten by the machine from what was signed, logged and mined. Times are UTC.\n\n| time | source | who | what | key |\n| --- | --- | --- | --- | --- |\n");
        foreach (var entry in Entries)
        {
            text.Append("| ").Append(Time(entry.At)).Append(" | ").Append(entry.Source).Append(" | ").Append(Plain.Markdown(entry.By ?? "")).Append(" | ").Append(Plain.Markdown(entry.Text));
            foreach (var note in entry.Notes)
            {
                text.Append("<br>note: ").Append(Plain.Markdown(note));
            }

            text.Append(" | ").Append(Plain.Markdown(entry.Key)).Append(" |\n");
        }

        foreach (var gap in Unknown)
        {
            text.Append("\nUNKNOWN: ").Append(Plain.Markdown(gap)).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>A time as timelines write it.</summary>
    public static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fff", System.Globalization.CultureInfo.InvariantCulture);

    private static TimelineEntry Of(RecordedAct act) => new(act.At, "person", FormattableString.Invariant($"act-{act.Version}"), act.Signed.Act.Says())
    {
        By = $"{Plain.Line(act.Signed.By)} ({Control.Workspaces.Duties.Name(act.Signed.Duty)})",
        Transaction = act.Signed.Act.Transactions is [var only] ? only : null,
    };

    private static TimelineEntry Of(RunbookMoment moment) => new(moment.At, "runbook", FormattableString.Invariant($"{moment.Run}-{moment.Version}"), $"{moment.Run}: {moment.Text}")
    {
        By = moment.By is { } by ? Plain.Line(by) : null,
        Transaction = moment.Transactions is [var only] && Hex.TryDecode(only, out var hash) && hash.Length == Bytes32.Size ? new Bytes32(hash) : null,
    };

    private static bool Concerns(AuditEntry entry, IncidentState state, Dictionary<Bytes32, FiledChange> changes) =>
        entry.Network == state.Network && !entry.Kind.StartsWith("incident.", StringComparison.Ordinal)
        && ((entry.Change is { } change && changes.ContainsKey(change)) || (entry.Data["incident"] is JsonValue named && named.TryGetValue<string>(out var id) && id == state.Id));

    private static TimelineEntry Of(LoggedEntry logged, Dictionary<Bytes32, FiledChange> changes)
    {
        var entry = logged.Entry;
        var change = entry.Change is { } digest ? changes.GetValueOrDefault(digest) : null;
        return new TimelineEntry(entry.At!.Value, "audit log", $"{logged.Log.Writer}#{logged.Index}", $"{entry.Kind}{(change is null ? "" : $" {change.Document.Kind} ({change.Document.Title})")}{Details(entry.Data)}")
        {
            Change = entry.Change,
            Transaction = Hash(entry.Data),
            Block = BlockOf(entry.Data),
        };
    }

    private static IEnumerable<TimelineEntry> Journals(FiledChange change, List<string> unknown)
    {
        IReadOnlyList<JsonObject> entries;
        try
        {
            entries = Journal.Read(change.JournalPath);
        }
        catch (Control.ControlException problem)
        {
            unknown.Add($"the journal of {change.Id}: {problem.Message}");
            yield break;
        }

        foreach (var (entry, index) in entries.Select((entry, index) => (entry, index)))
        {
            if ((string?)entry["event"] is { } happened && DateTimeOffset.TryParse((string?)entry["at"], System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal, out var at))
            {
                yield return new TimelineEntry(at, "journal", FormattableString.Invariant($"{change.Document.Digest().ToString()[2..10]}-{index}"), $"change.{happened} {change.Document.Kind} ({change.Document.Title}){Details(entry)}")
                {
                    Change = change.Document.Digest(),
                    Transaction = Hash(entry),
                    Block = BlockOf(entry),
                };
            }
        }
    }

    private static string Details(JsonObject data)
    {
        var said = data.Where(member => member.Key is not ("event" or "at" or "raw" or "incident") && member.Value is JsonValue).Select(member => $"{member.Key} {member.Value}").ToList();
        return said.Count == 0 ? "" : ": " + string.Join(", ", said);
    }

    private static Bytes32? Hash(JsonObject data) => (data["hash"] ?? data["transaction"]) is JsonValue value && value.TryGetValue<string>(out var text) && text.Length == 66 && text.StartsWith("0x", StringComparison.Ordinal) && text[2..].All(char.IsAsciiHexDigit) ? Bytes32.Parse(text) : null;

    private static BlockNumber? BlockOf(JsonObject data) => data["block"] is JsonValue value && ulong.TryParse(value.ToString(), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number) ? new BlockNumber(number) : null;
}
