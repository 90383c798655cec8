using AgiJobs.Control.Evidence.Ledger;
using AgiJobs.Ethereum;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Runs;

namespace AgiJobs.Steering.Steerage;

/// <summary>What somebody wants of a run.</summary>
/// <param name="Run">The run's name.</param>
/// <param name="Action">What, as the ledger has it: <c>parameters</c>, <c>gate</c>, <c>prune</c>, <c>stop</c>, <c>revoke</c>, <c>reinstate</c>.</param>
/// <param name="Happened">The event that does it to a run that stands so.</param>
/// <param name="ExpectedVersion">The version that the decision was taken on; null for what holds whatever happened meanwhile.</param>
/// <param name="Who">Who wants it.</param>
/// <param name="Reason">Why.</param>
/// <param name="Request">The digest of the signed request.</param>
public sealed record SteeringRequest(string Run, string Action, Func<RunFigures, RunEvent> Happened, long? ExpectedVersion, LedgerParty Who, string Reason, Bytes32 Request);

/// <summary>What became of it.</summary>
/// <param name="Version">The run's version then.</param>
/// <param name="From">What was before, in words.</param>
/// <param name="To">What is from here on, in words.</param>
/// <param name="IsRecorded">Whether the owner's ledger has it already; where it has not, it gets it as soon as it can be written.</param>
public sealed record Steered(long Version, string From, string To, bool IsRecorded);
