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

    /// <summary>Whether this channel has received this message or one before it about the same page.</summary>
    public bool HasReached { get; init; }

    /// <summary>True when nothing will become of it any more.</summary>
    public bool IsSettled() => DeliveredAt is not null || GivenUpAt is not null;

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
