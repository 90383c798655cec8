using System.Text.Json;
using System.Text.Json.Serialization;
using AgiJobs.Arena.Rounds;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Agents;

/// <summary>An agent's state file. Whoever reads it knows the agent's answers and votes before they are revealed.</summary>
public sealed record NotebookFile
{
    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The chain.</summary>
    public required ChainId ChainId { get; init; }

    /// <summary>The arena.</summary>
    public required Address Arena { get; init; }

    /// <summary>The hash of the chain's first block, which tells two local chains of one number apart; absent in files of before, which are those of the chain that they are first opened on.</summary>
    public Bytes32? Genesis { get; init; }

    /// <summary>Whose notes these are.</summary>
    public required Address Account { get; init; }

    /// <summary>Rounds up to this number were looked at.</summary>
    public long SeenRounds { get; init; }

    /// <summary>When it last asked for its reward.</summary>
    public DateTimeOffset? ClaimedAt { get; init; }

    /// <summary>The transaction that was signed and whose end is not known.</summary>
    public NotedTransaction? Pending { get; init; }

    /// <summary>The rounds that the agent is in, by number.</summary>
    public IReadOnlyList<NotedRound> Rounds { get => field ?? []; init; }

    /// <summary>Answers of others, the newest last; for the copying behaviour.</summary>
    public IReadOnlyList<NotedAnswer> Answers { get => field ?? []; init; }
}

/// <summary>What the agent must not forget of a round.</summary>
public sealed record NotedRound
{
    /// <summary>Its number.</summary>
    public required long Id { get; init; }

    /// <summary>The agent's seat.</summary>
    public required Seat Seat { get; init; }

    /// <summary>The task that the notes are about, by its digest; zero before it is known.</summary>
    public Bytes32 TaskHash { get; init; }

    /// <summary>The task statement.</summary>
    public string? Task { get; init; }

    /// <summary>A teacher's answer to its own task.</summary>
    public string? Witness { get; init; }

    /// <summary>A student's answer.</summary>
    public string? Answer { get; init; }

    /// <summary>A validator's vote, decimal.</summary>
    public string? Vote { get; init; }

    /// <summary>What answer or vote is committed with.</summary>
    public Bytes32? Salt { get; init; }

    /// <summary>What the agent decided never to do in this round, with the reason.</summary>
    public string? Withheld { get; init; }

    /// <summary>Whether others' answers were noted.</summary>
    public bool Watched { get; init; }
}

/// <summary>A transaction between its signature and its end.</summary>
public sealed record NotedTransaction
{
    /// <summary>The act, such as <c>7/commit-answer</c>.</summary>
    public required string Act { get; init; }

    /// <summary>The transaction.</summary>
    public required Bytes32 Hash { get; init; }

    /// <summary>Its bytes.</summary>
    public required byte[] Raw { get; init; }
}

/// <summary>An answer of another student.</summary>
public sealed record NotedAnswer
{
    /// <summary>The round.</summary>
    public required long Round { get; init; }

    /// <summary>Whose it is.</summary>
    public required Address Student { get; init; }

    /// <summary>The task's family.</summary>
    public required string Family { get; init; }

    /// <summary>The answer.</summary>
    public required string Answer { get; init; }
}

/// <summary>How the state file is read and written: strictly.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    WriteIndented = true,
    Converters = [typeof(AddressConverter), typeof(Bytes32Converter), typeof(ChainIdConverter), typeof(HexDataConverter), typeof(SeatConverter)])]
[JsonSerializable(typeof(NotebookFile))]
internal sealed partial class NotebookJson : JsonSerializerContext;

/// <summary>Seats by their lower-case names.</summary>
internal sealed class SeatConverter() : JsonStringEnumConverter<Seat>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);
