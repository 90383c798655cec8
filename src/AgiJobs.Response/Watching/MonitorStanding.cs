using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using AgiJobs.Storage;

namespace AgiJobs.Response.Watching;

/// <summary>A block by height and hash.</summary>
/// <param name="Number">Its height.</param>
/// <param name="Hash">Its hash, as 0x and hex digits.</param>
public sealed record BlockMark(ulong Number, string Hash);

/// <summary>Since when a monitor cannot read its node.</summary>
/// <param name="Since">Since when.</param>
/// <param name="Why">What the last attempt came to.</param>
/// <param name="IsTold">Whether it was told as a finding.</param>
public sealed record Blindness(DateTimeOffset Since, string Why, bool IsTold);

/// <summary>A hole in what was examined, that is being filled.</summary>
/// <param name="From">Its first block.</param>
/// <param name="To">Its last block.</param>
/// <param name="Next">The next block to be examined.</param>
/// <param name="Hash">The hash of the block before that; null at the beginning.</param>
public sealed record CoverageFill(ulong From, ulong To, ulong Next, string? Hash);

/// <summary>How one set of a monitor stands: the document of which the cursor is a part.</summary>
public sealed record TrackStanding
{
    /// <summary>Its name: <c>depth-12</c>, <c>index</c>.</summary>
    public required string Name { get; init; }

    /// <summary>How many blocks must stand on one before it is examined.</summary>
    public required int Confirmations { get; init; }

    /// <summary>The digest of the rules.</summary>
    public required string RuleSet { get; init; }

    /// <summary>The first block that was to be examined.</summary>
    public required ulong From { get; init; }

    /// <summary>The block at which live watching began, above <see cref="From"/> after a loss.</summary>
    public required ulong LiveFrom { get; init; }

    /// <summary>The next block to be examined: all from <see cref="LiveFrom"/> up to the one before it were.</summary>
    public required ulong Next { get; init; }

    /// <summary>The hash of the block before <see cref="Next"/>; null when none was examined.</summary>
    public string? Hash { get; init; }

    /// <summary>The hashes of the latest examined blocks, oldest first, the last one being <see cref="Hash"/>.</summary>
    public IReadOnlyList<string> Recent { get => field ?? []; init; }

    /// <summary>The blocks after which there is a memory to go back to, oldest first.</summary>
    public IReadOnlyList<BlockMark> Checkpoints { get => field ?? []; init; }

    /// <summary>The hole that is being filled; null when there is none.</summary>
    public CoverageFill? Fill { get; init; }

    /// <summary>The keys of its detectors; none where it is one whole, null where nobody wrote them down.</summary>
    public IReadOnlyList<string>? Detectors { get; init; }
}

/// <summary>
/// How a monitor stands: the document <c>response/NETWORK/monitors</c> by the monitor's name, written with every commit of it, and every few seconds when there is nothing to commit.
/// </summary>
public sealed record MonitorStanding
{
    /// <summary>A monitor that has not written for so long is not at work: one that lives writes every few seconds.</summary>
    public static TimeSpan SilentAfter { get; } = TimeSpan.FromSeconds(60);

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The network's name.</summary>
    public required string Network { get; init; }

    /// <summary>Its chain.</summary>
    public required ulong ChainId { get; init; }

    /// <summary>The monitor's name.</summary>
    public required string Monitor { get; init; }

    /// <summary>The node that it follows, without secrets.</summary>
    public required string Node { get; init; }

    /// <summary>When this was written.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The newest block that it saw; null before it saw one.</summary>
    public BlockMark? Head { get; init; }

    /// <summary>The time that the newest block's proposer claims.</summary>
    public DateTimeOffset? HeadTime { get; init; }

    /// <summary>The digest of the rules, of all sets together; null where no rules are applied.</summary>
    public string? RuleSet { get; init; }

    /// <summary>Since when it cannot read its node; null while it can.</summary>
    public Blindness? Blind { get; init; }

    /// <summary>Whether the newest block's time was ahead of the machine's clock, and told.</summary>
    public bool IsSkewed { get; init; }

    /// <summary>Whether the newest block was too old, and told.</summary>
    public bool IsStale { get; init; }

    /// <summary>Findings told so far, retractions too.</summary>
    public long Findings { get; init; }

    /// <summary>How often it went back because blocks were withdrawn.</summary>
    public long Reorganisations { get; init; }

    /// <summary>The public key of its coverage; null when it is not signed.</summary>
    public string? Key { get; init; }

    /// <summary>How its sets stand.</summary>
    public IReadOnlyList<TrackStanding> Tracks { get => field ?? []; init; }

    /// <summary>How the sets stood when other rules were taken up, until all of these have begun; none otherwise. Without hashes.</summary>
    public IReadOnlyList<TrackStanding> Before { get => field ?? []; init; }

    /// <summary>Why what it wrote last says nothing of now; null when it was written lately. What is dated ahead of this machine's clock may be of any age.</summary>
    /// <param name="now">The time.</param>
    public string? WhySilent(DateTimeOffset now) =>
        now - At > SilentAfter ? string.Create(CultureInfo.InvariantCulture, $"has not written since {At.ToUniversalTime():yyyy-MM-dd HH:mm:ss} UTC")
        : At - now > SilentAfter ? string.Create(CultureInfo.InvariantCulture, $"wrote last at {At.ToUniversalTime():yyyy-MM-dd HH:mm:ss} UTC, which is ahead of this machine's clock")
        : null;

    /// <summary>Why it does not see, by the rules in force, what happens now; null when it does, as far as it has come.</summary>
    /// <param name="ruleSet">The digest of the rules in force; null when it is not known, and then any rules do.</param>
    /// <param name="now">The time.</param>
    public string? WhyUnable(string? ruleSet, DateTimeOffset now) =>
        WhySilent(now) is { } silent ? silent
        : Blind is { } blind ? $"is blind: {blind.Why}"
        : IsStale ? string.Create(CultureInfo.InvariantCulture, $"sees no block after that of {HeadTime?.ToUniversalTime():yyyy-MM-dd HH:mm:ss} UTC")
        : RuleSet is null || (ruleSet is not null && !string.Equals(RuleSet, ruleSet, StringComparison.Ordinal)) ? "does not watch by the rules in force"
        : null;

    /// <summary>The first block up to a head that is due and was not examined; null when there is none.</summary>
    /// <param name="head">The newest block.</param>
    public ulong? FirstUnexamined(ulong head) => Tracks
        .SelectMany(track => (ulong?[])[track.Fill?.Next, head >= (ulong)track.Confirmations && track.Next <= head - (ulong)track.Confirmations ? track.Next : null])
        .Min();

    /// <summary>The monitors of a network, by name.</summary>
    /// <exception cref="StorageException">Also <see cref="StorageException.Damaged"/>.</exception>
    public static async Task<IReadOnlyList<MonitorStanding>> ReadAllAsync(IStateStore store, string network, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(store);
        var documents = await store.ListAsync(new MonitorPlaces(network, "").Monitors, cancellationToken: cancellation).ConfigureAwait(false);
        return [.. documents.Select(Read)];
    }

    /// <summary>Reads one.</summary>
    /// <exception cref="StorageException"><see cref="StorageException.Damaged"/>.</exception>
    public static MonitorStanding Read(StoredDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return document.Read(WatchJson.Default.MonitorStanding, read => read.Version == 1 ? null : $"it has version {read.Version}");
    }

    internal string Encode() => JsonSerializer.Serialize(this, WatchJson.Default.MonitorStanding);
}

/// <summary>What was told of one block.</summary>
/// <param name="Hash">Its hash.</param>
/// <param name="Findings">The findings.</param>
internal sealed record ToldBlock(string Hash, IReadOnlyList<ToldFinding> Findings);

/// <summary>A finding as it is kept for its retraction.</summary>
internal sealed record ToldFinding
{
    public required string Id { get; init; }

    public required string Told { get; init; }

    public required string Fingerprint { get; init; }

    public required string Rule { get; init; }

    public string? RuleSet { get; init; }

    public required int Severity { get; init; }

    public required string Title { get; init; }

    public required string Subject { get; init; }

    public ulong? Block { get; init; }

    public string? Hash { get; init; }

    public DateTimeOffset? Time { get; init; }

    public string? Transaction { get; init; }

    public int? LogIndex { get; init; }

    public IReadOnlyDictionary<string, string>? Facts { get; init; }
}

/// <summary>A signed range as it is kept.</summary>
/// <param name="Note">The signed note; the bare text without a key.</param>
internal sealed record CoverageDocument(string Note);

/// <summary>How often a finding was taken back.</summary>
internal sealed record RetractedCount(int Times);

/// <summary>The documents of a monitor as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(MonitorStanding))]
[JsonSerializable(typeof(ToldBlock))]
[JsonSerializable(typeof(CoverageDocument))]
[JsonSerializable(typeof(RetractedCount))]
internal sealed partial class WatchJson : JsonSerializerContext;
