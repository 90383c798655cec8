using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace AgiJobs.Server.Runs;

/// <summary>A run as it is shown.</summary>
/// <param name="Run">Its name.</param>
/// <param name="State"><c>running</c>, <c>waiting</c> when nobody drives it, <c>held</c>, <c>stopping</c> or <c>finished</c>.</param>
/// <param name="DrivenBy">The process that drives it; null when none does.</param>
/// <param name="Version">How many events it has.</param>
/// <param name="SteeredVersion">The newest event that somebody steered by, or 1; a decision taken at this version or later is not stale.</param>
/// <param name="Begun">When it began.</param>
/// <param name="At">When its newest event was kept.</param>
/// <param name="Policy">Who decides.</param>
/// <param name="Seed">From which all its chance comes.</param>
/// <param name="Tasks">How many tasks there are.</param>
/// <param name="Budget">How many evaluations may be charged.</param>
/// <param name="Concurrency">How many operations may be in flight.</param>
/// <param name="Alpha">α in force.</param>
/// <param name="Prior">The prior in force.</param>
/// <param name="AllowAlphaAboveOne">Whether the run takes an α above 1.</param>
/// <param name="Evaluations">Charged evaluations with a verdict.</param>
/// <param name="InFlight">Operations in flight.</param>
/// <param name="Agents">Agents, the root among them.</param>
/// <param name="Expansions">Expansions started.</param>
/// <param name="ExpansionsFailed">Expansions that made no agent.</param>
/// <param name="Revoked">Results that are revoked now.</param>
/// <param name="Cost">What was spent, an exact decimal.</param>
/// <param name="Value">What accepted outcomes are worth, an exact decimal.</param>
/// <param name="Roi">Value over cost; null while nothing was spent, which is not zero.</param>
/// <param name="RecentRoi">The same of the last 100 results.</param>
/// <param name="CostRatio">What an expansion costs in evaluations; null until there are five of each.</param>
/// <param name="Gate">Whether people let expansions start.</param>
/// <param name="Holds">What its sentinel holds, rule and detail: while there is one that holds expansions, none starts.</param>
/// <param name="Stop">Why it ends; null while nobody stopped it.</param>
/// <param name="End">How it ended; null while it has not.</param>
internal sealed record RunView(
    string Run,
    string State,
    string? DrivenBy,
    long Version,
    long SteeredVersion,
    DateTimeOffset Begun,
    DateTimeOffset At,
    string Policy,
    ulong Seed,
    int Tasks,
    int Budget,
    int Concurrency,
    decimal Alpha,
    decimal Prior,
    bool AllowAlphaAboveOne,
    int Evaluations,
    int InFlight,
    int Agents,
    int Expansions,
    int ExpansionsFailed,
    int Revoked,
    string Cost,
    string Value,
    decimal? Roi,
    decimal? RecentRoi,
    decimal? CostRatio,
    RunGateView Gate,
    IReadOnlyList<string> Holds,
    string? Stop,
    RunEndView? End);

/// <summary>The gate of a run's expansions.</summary>
/// <param name="Open">Whether people let expansions start.</param>
/// <param name="Reason">Why it was set last; null when it never was.</param>
internal sealed record RunGateView(bool Open, string? Reason);

/// <summary>How a run ended.</summary>
/// <param name="Reason"><c>evaluations-spent</c>, <c>nothing-left</c>, <c>cost-cap</c> or <c>stopped</c>.</param>
/// <param name="Best">The chosen agent; -1 when all are set aside.</param>
internal sealed record RunEndView(string Reason, int Best);

/// <summary>Events of a run.</summary>
/// <param name="Run">Its name.</param>
/// <param name="Events">In their order.</param>
/// <param name="Next">What to ask for after; null when there is no more now.</param>
internal sealed record RunEventsView(string Run, IReadOnlyList<RunEventView> Events, long? Next);

/// <summary>One event.</summary>
/// <param name="Version">Its place in the run, from 1.</param>
/// <param name="At">When it was kept.</param>
/// <param name="Event">What happened, as it is kept.</param>
internal sealed record RunEventView(long Version, DateTimeOffset At, JsonNode Event);

/// <summary>New parameters.</summary>
/// <param name="ExpectedVersion">The version that the decision was taken on.</param>
/// <param name="Reason">Why.</param>
/// <param name="Alpha">α; as it is when absent.</param>
/// <param name="Prior">The prior; as it is when absent.</param>
internal sealed record ParametersRequest(long ExpectedVersion, string Reason, decimal? Alpha = null, decimal? Prior = null);

/// <summary>The gate, opened or shut.</summary>
/// <param name="ExpectedVersion">The version that the decision was taken on.</param>
/// <param name="Reason">Why.</param>
/// <param name="Open">Whether expansions may start.</param>
internal sealed record GateRequest(long ExpectedVersion, string Reason, bool Open);

/// <summary>An agent to set aside.</summary>
/// <param name="ExpectedVersion">The version that the decision was taken on.</param>
/// <param name="Reason">Why.</param>
/// <param name="Agent">Its number.</param>
internal sealed record PruneRequest(long ExpectedVersion, string Reason, int Agent);

/// <summary>The end of a run.</summary>
/// <param name="Reason">Why.</param>
/// <param name="ExpectedVersion">The version that the decision was taken on; it holds whatever happened since when absent.</param>
internal sealed record StopRequest(string Reason, long? ExpectedVersion = null);

/// <summary>A result to revoke, or to reinstate.</summary>
/// <param name="Reason">Why, with the ticket or transaction that proves it.</param>
/// <param name="Operation">The evaluation that gave the result.</param>
/// <param name="ExpectedVersion">The version that the decision was taken on; it holds whatever happened since when absent.</param>
internal sealed record ResultRequest(string Reason, int Operation, long? ExpectedVersion = null);

/// <summary>What became of a request.</summary>
/// <param name="Run">The run.</param>
/// <param name="Version">Its version then.</param>
/// <param name="Action">What was done.</param>
/// <param name="From">What was before.</param>
/// <param name="To">What is from here on.</param>
/// <param name="By">The person.</param>
/// <param name="Reason">Why.</param>
/// <param name="Request">The digest of the request, under which the owner's ledger has it.</param>
/// <param name="Recorded">Whether the ledger has it already; otherwise it gets it as soon as it can be written.</param>
internal sealed record SteeredView(string Run, long Version, string Action, string From, string To, string By, string Reason, string Request, bool Recorded);

/// <summary>How requests about runs are read and written: keys in camel case; unknown, missing and duplicate keys are refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(RunView))]
[JsonSerializable(typeof(IReadOnlyList<RunView>))]
[JsonSerializable(typeof(RunEventsView))]
[JsonSerializable(typeof(ParametersRequest))]
[JsonSerializable(typeof(GateRequest))]
[JsonSerializable(typeof(PruneRequest))]
[JsonSerializable(typeof(StopRequest))]
[JsonSerializable(typeof(ResultRequest))]
[JsonSerializable(typeof(SteeredView))]
internal sealed partial class RunJson : JsonSerializerContext;
