using System.Text.Json;
using System.Text.Json.Serialization;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Alerts;

/// <summary>How an alert stands.</summary>
public enum AlertState
{
    /// <summary>It goes on.</summary>
    Firing,

    /// <summary>What found it says that it is over.</summary>
    Resolved,

    /// <summary>It was never so: everything that it stood on was withdrawn.</summary>
    Retracted,

    /// <summary>A person has closed it.</summary>
    Closed,
}

/// <summary>Where on the chain it was found last.</summary>
/// <param name="Block">The block.</param>
/// <param name="Hash">Its hash.</param>
/// <param name="Transaction">The transaction; null when there is none.</param>
/// <param name="LogIndex">The log; null when there is none.</param>
public sealed record AlertPlace(ulong Block, string Hash, string? Transaction = null, int? LogIndex = null);

/// <summary>An alert: what all findings of one fingerprint come to. One document.</summary>
public sealed record AlertRecord
{
    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>How people name it: <see cref="AlertPlaces.IdOf"/> its fingerprint.</summary>
    public required string Id { get; init; }

    /// <summary>The fingerprint.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The network.</summary>
    public required string Network { get; init; }

    /// <summary>The rule.</summary>
    public required string Rule { get; init; }

    /// <summary>Who found it last.</summary>
    public required string Source { get; init; }

    /// <summary>The worst of the findings that it stands on.</summary>
    public required Severity Severity { get; init; }

    /// <summary>One line for people.</summary>
    public required string Title { get; init; }

    /// <summary>What it is about; empty when it is about the whole.</summary>
    public string Subject { get; init; } = "";

    /// <summary>How it stands.</summary>
    public required AlertState State { get; init; }

    /// <summary>Since when it stands so.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>When it began to fire last.</summary>
    public required DateTimeOffset FiredAt { get; init; }

    /// <summary>When something was last found.</summary>
    public required DateTimeOffset LastAt { get; init; }

    /// <summary>How often it has begun to fire.</summary>
    public int Firings { get; init; }

    /// <summary>On how many findings of its last firing it stands, from SEV-0 to SEV-3.</summary>
    public IReadOnlyList<long> Findings { get => field ?? [0, 0, 0, 0]; init; }

    /// <summary>The page by which people were told of its last firing.</summary>
    public string? Page { get; init; }

    /// <summary>Where it was found last.</summary>
    public AlertPlace? Place { get; init; }

    /// <summary>The facts of the last finding.</summary>
    public IReadOnlyDictionary<string, string> Facts { get => field ?? new SortedDictionary<string, string>(StringComparer.Ordinal); init; }

    /// <summary>What goes on, by <see cref="Finding.Condition"/> of the finding that counted last; null when that had none.</summary>
    public string? Condition { get; init; }

    /// <summary>Why it stands as it does, when it was retracted or closed.</summary>
    public string? Why { get; init; }

    /// <summary>How many transitions its stream has.</summary>
    public long Events { get; init; }

    /// <summary>On how many findings it stands.</summary>
    [JsonIgnore]
    public long Count => Findings.Sum();

    /// <summary>Reads a document.</summary>
    /// <exception cref="StorageException"><see cref="StorageException.Damaged"/>.</exception>
    public static AlertRecord Read(StoredDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return document.Read(AlertJson.Default.AlertRecord, read => read.Version != 1 ? $"it has version {read.Version}" : read.Findings.Count != 4 ? "its counts are not four" : string.Equals(read.Id, document.Key, StringComparison.Ordinal) ? null : $"it is of {read.Id}");
    }

    /// <summary>The document.</summary>
    public string Encode() => JsonSerializer.Serialize(this, AlertJson.Default.AlertRecord);
}

/// <summary>A finding that was taken: whether it counts, and for what.</summary>
internal sealed record TakenFinding
{
    public required string Id { get; init; }

    public required string Alert { get; init; }

    // Of which of the alert's firings; 0 for none.
    public int Firing { get; init; }

    public Severity Severity { get; init; }

    // It says that it is so, and nobody has withdrawn that.
    public bool Counts { get; init; }

    // It says that it is over, and nobody has withdrawn that.
    public bool Ends { get; init; }
}
