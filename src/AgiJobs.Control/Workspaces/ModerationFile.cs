using System.Text.Json;
using System.Text.Json.Serialization;

namespace AgiJobs.Control.Workspaces;

/// <summary>What becomes of content.</summary>
public enum ModerationOutcome
{
    /// <summary>It goes on.</summary>
    Allow,

    /// <summary>It goes on, and people look at it.</summary>
    Flag,

    /// <summary>It does not go on.</summary>
    Block,
}

/// <summary>Outcomes by their lower-case names.</summary>
public sealed class ModerationOutcomeConverter() : JsonStringEnumConverter<ModerationOutcome>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);

/// <summary>What content of the arena is held against: <c>config/moderation.json</c> for every network, <c>config/moderation.NAME.json</c> in its place for one. Where neither is, the program's own rules count.</summary>
public sealed record ModerationFile
{
    /// <summary>The JSON Schema that an editor holds the file against; nothing is read from it.</summary>
    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>Words that must not occur; the program's own when absent, none for an empty list.</summary>
    public IReadOnlyList<TermRuleFile>? Terms { get; init; }

    /// <summary>The most bytes (UTF-8) of content; 65536 when absent. More is blocked.</summary>
    public int? MaxBytes { get; init; }

    /// <summary>How content is held against earlier content; the program's own limits when absent.</summary>
    public SimilarityFile? Similarity { get; init; }

    /// <summary>A moderator elsewhere that is asked as well; none when absent.</summary>
    public RemoteModeratorFile? Remote { get; init; }

    /// <summary>For how many days an override counts at most; 30 when absent.</summary>
    public int? MaxOverrideDays { get; init; }
}

/// <summary>Words that must not occur.</summary>
public sealed record TermRuleFile
{
    /// <summary>The rule's name: reasons are <c>moderation:NAME</c>.</summary>
    public required string Rule { get; init; }

    /// <summary>Words or phrases, in any case; one that ends with <c>*</c> stands for every ending.</summary>
    public required IReadOnlyList<string> Terms { get; init; }

    /// <summary>What becomes of content that has them.</summary>
    public required ModerationOutcome Outcome { get; init; }

    /// <summary>How many must occur; 1 when absent.</summary>
    public int? Count { get; init; }

    /// <summary>Within how many words of each other; anywhere when absent.</summary>
    public int? Within { get; init; }
}

/// <summary>How content is held against earlier content. Percentages are of the smaller of the two texts that is found in the larger.</summary>
public sealed record SimilarityFile
{
    /// <summary>From which percentage on it is flagged; 50 when absent.</summary>
    public int? FlagPercent { get; init; }

    /// <summary>From which percentage on it is blocked; 80 when absent.</summary>
    public int? BlockPercent { get; init; }

    /// <summary>What becomes at most of content that is the author's own again; flag when absent.</summary>
    public ModerationOutcome? Own { get; init; }
}

/// <summary>A moderator elsewhere: it takes <c>{"input": TEXT}</c> by POST and answers <c>{"flagged": BOOL, "reason": TEXT}</c>.</summary>
public sealed record RemoteModeratorFile
{
    /// <summary>Its URL, or where that is to be found.</summary>
    public required EndpointReference Endpoint { get; init; }

    /// <summary>The bearer token that it wants; none when absent.</summary>
    public Secret? Token { get; init; }

    /// <summary>For how many milliseconds it is waited for; 3000 when absent.</summary>
    public int? TimeoutMilliseconds { get; init; }

    /// <summary>What becomes of content that it flags; block when absent.</summary>
    public ModerationOutcome? Flagged { get; init; }

    /// <summary>What becomes of content when it does not answer, or not as it should: flag or block; block when absent.</summary>
    public ModerationOutcome? Silent { get; init; }
}
