using System.Text.Json.Serialization;
using AgiJobs.Arena.Rounds;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Orchestration;

/// <summary>Which of a round's transactions the orchestrator sends.</summary>
public enum RunStep
{
    /// <summary><c>startRound</c>.</summary>
    Start,

    /// <summary><c>closeRound</c>, which ends the registration.</summary>
    Close,

    /// <summary><c>advanceRound</c> out of answering.</summary>
    EndAnswering,

    /// <summary><c>advanceRound</c> out of revealing.</summary>
    EndRevealing,

    /// <summary><c>advanceRound</c> out of voting.</summary>
    EndVoting,

    /// <summary><c>finaliseRound</c>.</summary>
    Finalise,
}

/// <summary>What happened to a run: the orchestrator's attempt at one round. Runs are these events and nothing else.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(RunPlanned), "planned")]
[JsonDerivedType(typeof(TransactionSigned), "signed")]
[JsonDerivedType(typeof(TransactionMined), "mined")]
[JsonDerivedType(typeof(TransactionLost), "lost")]
[JsonDerivedType(typeof(TransactionReturned), "returned")]
[JsonDerivedType(typeof(PhaseSeen), "phase")]
[JsonDerivedType(typeof(RunFrozen), "frozen")]
[JsonDerivedType(typeof(RunThawed), "thawed")]
[JsonDerivedType(typeof(RunFailed), "failed")]
[JsonDerivedType(typeof(RunEnded), "ended")]
public abstract record RunEvent
{
    /// <summary>The name that the event is kept under.</summary>
    [JsonIgnore]
    public abstract string Name { get; }
}

/// <summary>It was decided who plays and how hard. Nothing was sent yet.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Block">The block that the decision was made on.</param>
/// <param name="Seed">What the drawing of lots came from: the block's hash.</param>
/// <param name="Difficulty">For the round.</param>
/// <param name="Teacher">Sets the task.</param>
/// <param name="Students">Invited.</param>
/// <param name="Validators">Invited.</param>
public sealed record RunPlanned(string RunId, ulong Block, Bytes32 Seed, int Difficulty, Address Teacher, IReadOnlyList<Address> Students, IReadOnlyList<Address> Validators) : RunEvent
{
    /// <inheritdoc/>
    public override string Name => "planned";
}

/// <summary>A transaction was signed. It is written before it is sent, so that these bytes and no others can be sent again.</summary>
/// <param name="Step">What for.</param>
/// <param name="Block">The newest block then.</param>
/// <param name="Hash">Its hash.</param>
/// <param name="Nonce">The sender's nonce.</param>
/// <param name="Raw">The signed bytes.</param>
public sealed record TransactionSigned(RunStep Step, ulong Block, Bytes32 Hash, ulong Nonce, byte[] Raw) : RunEvent
{
    /// <inheritdoc/>
    public override string Name => "signed";
}

/// <summary>A transaction was mined.</summary>
/// <param name="Step">What for.</param>
/// <param name="Hash">Its hash.</param>
/// <param name="Block">Where.</param>
/// <param name="GasUsed">Gas that it used.</param>
/// <param name="HasSucceeded">False when it reverted, and then it had no effect.</param>
/// <param name="RoundId">The round that a start made.</param>
public sealed record TransactionMined(RunStep Step, Bytes32 Hash, ulong Block, ulong GasUsed, bool HasSucceeded, long? RoundId = null) : RunEvent
{
    /// <inheritdoc/>
    public override string Name => "mined";
}

/// <summary>A transaction can never be mined: its nonce was used by another.</summary>
/// <param name="Step">What for.</param>
/// <param name="Hash">Its hash.</param>
/// <param name="Why">In words.</param>
public sealed record TransactionLost(RunStep Step, Bytes32 Hash, string Why) : RunEvent
{
    /// <inheritdoc/>
    public override string Name => "lost";
}

/// <summary>A transaction that was mined is not any more: its block was reorganised away. The same bytes wait again.</summary>
/// <param name="Step">What for.</param>
/// <param name="Hash">Its hash.</param>
public sealed record TransactionReturned(RunStep Step, Bytes32 Hash) : RunEvent
{
    /// <inheritdoc/>
    public override string Name => "returned";
}

/// <summary>The round was seen in a phase for the first time.</summary>
/// <param name="Phase">Which.</param>
/// <param name="Block">Where.</param>
/// <param name="EndsAt">When it ends, in seconds of protocol time.</param>
public sealed record PhaseSeen(RoundPhase Phase, ulong Block, long EndsAt) : RunEvent
{
    /// <inheritdoc/>
    public override string Name => "phase";
}

/// <summary>The arena was found paused; nothing is done for the round until it is not.</summary>
/// <param name="Block">Where it was seen.</param>
public sealed record RunFrozen(ulong Block) : RunEvent
{
    /// <inheritdoc/>
    public override string Name => "frozen";
}

/// <summary>The arena was found resumed.</summary>
/// <param name="Block">Where it was seen.</param>
public sealed record RunThawed(ulong Block) : RunEvent
{
    /// <inheritdoc/>
    public override string Name => "thawed";
}

/// <summary>Something did not work; the run goes on unless it says that it ended.</summary>
/// <param name="Code">Stable.</param>
/// <param name="Message">In words.</param>
/// <param name="Block">The newest block then.</param>
public sealed record RunFailed(string Code, string Message, ulong Block) : RunEvent
{
    /// <inheritdoc/>
    public override string Name => "failed";
}

/// <summary>The run is over. Standings were changed in the same commit, so that each run counts once.</summary>
/// <param name="Outcome"><c>finalised</c>, <c>voided</c> or <c>abandoned</c>.</param>
/// <param name="Block">The block that it was found in.</param>
/// <param name="Code">Why, for those that did not finalise: <c>teacher-vanished</c>, <c>committee-too-small</c> and so on.</param>
public sealed record RunEnded(string Outcome, ulong Block, string? Code = null) : RunEvent
{
    /// <inheritdoc/>
    public override string Name => "ended";
}

/// <summary>Names of steps in JSON.</summary>
internal sealed class RunStepConverter() : JsonStringEnumConverter<RunStep>(System.Text.Json.JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false);

/// <summary>Names of phases in JSON.</summary>
internal sealed class RoundPhaseConverter() : JsonStringEnumConverter<RoundPhase>(System.Text.Json.JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    Converters = [typeof(AddressConverter), typeof(Bytes32Converter), typeof(HexDataConverter), typeof(RunStepConverter), typeof(RoundPhaseConverter)])]
[JsonSerializable(typeof(RunEvent))]
internal sealed partial class RunJson : JsonSerializerContext;
