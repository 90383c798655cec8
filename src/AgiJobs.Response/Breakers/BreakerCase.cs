using System.Text.Json;
using System.Text.Json.Serialization;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Storage;

namespace AgiJobs.Response.Breakers;

/// <summary>How far a breaker has come with a finding.</summary>
public enum BreakerState
{
    /// <summary>Monitors agree, and people are to decide.</summary>
    Offered,

    /// <summary>Monitors agree, and the pause is being sent.</summary>
    Firing,

    /// <summary>The protocol stands, by this breaker's pause.</summary>
    Fired,

    /// <summary>The protocol stands, by somebody else's doing.</summary>
    Stopped,

    /// <summary>The block was reorganised away, or monitors took it back, before anything was done.</summary>
    Withdrawn,
}

/// <summary>States by their lower-case names.</summary>
internal sealed class BreakerStateConverter() : JsonStringEnumConverter<BreakerState>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);

/// <summary>One step of a case.</summary>
/// <param name="At">When.</param>
/// <param name="State">What it became.</param>
/// <param name="Detail">Why, or by what.</param>
public sealed record BreakerStep(DateTimeOffset At, BreakerState State, string? Detail = null);

/// <summary>How long it took, in seconds and in blocks, from the block in which it happened. Null is unknown, or has not come.</summary>
/// <param name="DetectSeconds">Until enough monitors agreed.</param>
/// <param name="DetectBlocks">The same in blocks.</param>
/// <param name="DecideSeconds">From then until somebody, or the policy, had decided.</param>
/// <param name="PauseSeconds">Until the block that stopped the protocol.</param>
/// <param name="PauseBlocks">The same in blocks.</param>
public sealed record BreakerAccount(double? DetectSeconds, long? DetectBlocks, double? DecideSeconds, double? PauseSeconds, long? PauseBlocks);

/// <summary>A finding on which monitors agreed, and what became of it: one document.</summary>
public sealed record BreakerCase
{
    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>What happened: see <see cref="Testimony.OccurrenceOf"/>.</summary>
    public required string Occurrence { get; init; }

    /// <summary>The alert that it belongs to.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The rule.</summary>
    public required string Rule { get; init; }

    /// <summary>One line for people.</summary>
    public required string Title { get; init; }

    /// <summary>What the policy said.</summary>
    public required BreakerAction Action { get; init; }

    /// <summary>The block in which it happened.</summary>
    public required long Block { get; init; }

    /// <summary>Its hash.</summary>
    public required Bytes32 Hash { get; init; }

    /// <summary>Its time.</summary>
    public required DateTimeOffset BlockTime { get; init; }

    /// <summary>The transaction; null when the state said it.</summary>
    public Bytes32? Transaction { get; init; }

    /// <summary>The monitors that agreed.</summary>
    public required IReadOnlyList<string> Monitors { get; init; }

    /// <summary>The newest block when they did; null when unknown.</summary>
    public long? HeadWhenAgreed { get; init; }

    /// <summary>How it stands.</summary>
    public required BreakerState State { get; init; }

    /// <summary>The change that stopped the protocol, where this program sent it.</summary>
    public string? Change { get; init; }

    /// <summary>The block that stopped it; null when unknown or not yet.</summary>
    public long? StoppedBlock { get; init; }

    /// <summary>That block's time.</summary>
    public DateTimeOffset? StoppedTime { get; init; }

    /// <summary>How often sending failed.</summary>
    public int Failures { get; init; }

    /// <summary>Everything that happened, oldest first.</summary>
    public required IReadOnlyList<BreakerStep> History { get; init; }

    /// <summary>Whether something is still to be done or decided.</summary>
    [JsonIgnore]
    public bool IsOpen => State is BreakerState.Offered or BreakerState.Firing;

    /// <summary>Where cases are kept.</summary>
    public static string Collection(string network) => $"response/{network}/breakers";

    /// <summary>How long it took.</summary>
    public BreakerAccount Account()
    {
        var agreed = History.Count == 0 ? (DateTimeOffset?)null : History[0].At;
        var decided = History.FirstOrDefault(step => step.State is BreakerState.Firing or BreakerState.Fired or BreakerState.Stopped)?.At;
        return new BreakerAccount(
            (agreed - BlockTime)?.TotalSeconds,
            HeadWhenAgreed - Block,
            (decided - agreed)?.TotalSeconds,
            (StoppedTime - BlockTime)?.TotalSeconds,
            StoppedBlock - Block);
    }

    /// <summary>Reads a document.</summary>
    /// <exception cref="StorageException"><see cref="StorageException.Damaged"/>.</exception>
    public static BreakerCase Read(StoredDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return document.Read(BreakerJson.Default.BreakerCase, read => read.Version != 1 ? $"it has version {read.Version}" : null);
    }

    /// <summary>The document.</summary>
    public string Encode() => JsonSerializer.Serialize(this, BreakerJson.Default.BreakerCase);

    internal BreakerCase To(BreakerState state, DateTimeOffset now, string? detail) => this with { State = state, History = [.. History, new BreakerStep(now, state, detail)] };
}
