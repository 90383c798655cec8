using AgiJobs.Ethereum;

namespace AgiJobs.Control.Simulation;

/// <summary>What changes would do one after another, tried as one stack on the state of one block.</summary>
/// <param name="Block">The height of the block.</param>
/// <param name="BlockHash">Its hash.</param>
/// <param name="Changes">The changes in their order, each judged on top of the ones before.</param>
/// <param name="Pairs">The pairs that touch a contract in common, each tried in both orders.</param>
public sealed record StackResult(ulong Block, Bytes32 BlockHash, IReadOnlyList<StackedChange> Changes, IReadOnlyList<StackPair> Pairs)
{
    /// <summary>4 when a change is blocked, 5 when not all is known, 3 when a pair does not commute, a precondition would be gone or anything would change, 0 when nothing would.</summary>
    public ExitCode Exit =>
        Changes.Any(change => change.Result.Exit == ExitCode.Refused) ? ExitCode.Refused
        : Changes.Any(change => change.Result.Exit == ExitCode.Unknown || change.Preconditions.Any(precondition => precondition.Holds is null)) || Pairs.Any(pair => pair.Commutes is null) ? ExitCode.Unknown
        : Changes.Any(change => change.Result.Exit != ExitCode.Clean || change.Preconditions.Any(precondition => precondition.Holds == false)) || Pairs.Any(pair => pair.Commutes == false) ? ExitCode.Findings
        : ExitCode.Clean;
}

/// <summary>One change of a stack.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Result">What it would do on top of the ones before.</param>
/// <param name="Preconditions">The views that it was planned on, as they would be when its turn comes: one that does not hold keeps it from being executed.</param>
public sealed record StackedChange(string Id, SimulationResult Result, IReadOnlyList<SimulatedExpectation> Preconditions);

/// <summary>Two changes that touch a contract in common.</summary>
/// <param name="First">The one that comes first in the stack.</param>
/// <param name="Second">The other.</param>
/// <param name="Commutes">True when both orders end in the same watched state with the same outcomes; null when that is not known.</param>
/// <param name="Why">Why that is not known; null when it is.</param>
/// <param name="Differs">What is different.</param>
public sealed record StackPair(string First, string Second, bool? Commutes, string? Why, IReadOnlyList<StackDifference> Differs);

/// <summary>What the order of two changes decides.</summary>
/// <param name="Subject">A view, or a change's outcome.</param>
/// <param name="InOrder">How it ends with the first first: the view's answer as hex, or what happens.</param>
/// <param name="Reversed">How it ends with the second first.</param>
public sealed record StackDifference(string Subject, string InOrder, string Reversed);
