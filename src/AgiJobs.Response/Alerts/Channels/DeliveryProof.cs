using System.Text.Json;
using AgiJobs.Storage;

namespace AgiJobs.Response.Alerts.Channels;

/// <summary>An attempt to deliver a message.</summary>
/// <param name="At">When it ended.</param>
/// <param name="Words">What came back.</param>
/// <param name="Status">The status; null when there was none.</param>
public sealed record DeliveryAttempt(DateTimeOffset At, string Words, int? Status = null);

/// <summary>The proof of a message's delivery, or of its failure: one document for each message.</summary>
public sealed record DeliveryProof
{
    /// <summary>How many attempts are listed; <see cref="Tries"/> counts all.</summary>
    public const int MostListed = 10;

    /// <summary>How many of <see cref="Unsure"/> are remembered.</summary>
    public const int MostUnsure = 5;

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The message's key.</summary>
    public required string Key { get; init; }

    /// <summary>The channel.</summary>
    public required string Channel { get; init; }

    /// <summary>Its kind.</summary>
    public required string ChannelKind { get; init; }

    /// <summary>Where it went, without secrets.</summary>
    public required string To { get; init; }

    /// <summary>The page.</summary>
    public required string Page { get; init; }

    /// <summary>What was told.</summary>
    public required NoticeKind Kind { get; init; }

    /// <summary>How often it was tried.</summary>
    public int Tries { get; init; }

    /// <summary>The last attempts, oldest first.</summary>
    public IReadOnlyList<DeliveryAttempt> Attempts { get => field ?? []; init; }

    /// <summary>When the receiver took it; null while it has not.</summary>
    public DateTimeOffset? DeliveredAt { get; init; }

    /// <summary>When it was given up, or left out because nothing before it had arrived; null otherwise.</summary>
    public DateTimeOffset? GivenUpAt { get; init; }

    /// <summary>The newer message about the page that is delivered in its place; null when there is none.</summary>
    public string? SupersededBy { get; init; }

    /// <summary>The message of this channel before it about the same page; null for the first.</summary>
    public string? Behind { get; init; }

    /// <summary>By which message the receiver has the page: the last that began or renewed it there and that it took, this one or one before. Null while it has none.</summary>
    public string? Standing { get; init; }

    /// <summary>Messages that perhaps began or renewed the page there as well, oldest first, the last <see cref="MostUnsure"/>: they were tried, did not count as taken, and newer ones took their place.</summary>
    public IReadOnlyList<string> Unsure { get => field ?? []; init; }

    /// <summary>Until when it may be that it is just being sent; null when it is not.</summary>
    public DateTimeOffset? TryingUntil { get; init; }

    /// <summary>True when nothing will become of it any more.</summary>
    public bool IsSettled() => DeliveredAt is not null || GivenUpAt is not null || SupersededBy is not null;

    /// <summary>Reads a document.</summary>
    /// <exception cref="StorageException"><see cref="StorageException.Damaged"/>.</exception>
    public static DeliveryProof Read(StoredDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return document.Read(AlertJson.Default.DeliveryProof, read => read.Version != 1 ? $"it has version {read.Version}" : null);
    }

    /// <summary>The document.</summary>
    public string Encode() => JsonSerializer.Serialize(this, AlertJson.Default.DeliveryProof);
}
