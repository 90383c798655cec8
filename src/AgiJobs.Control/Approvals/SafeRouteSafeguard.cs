using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Approvals;

/// <summary>What the description reserves for a Safe (<c>bySafe</c>) is set through one on every network but a local one, where anybody has the keys. A pause sets nothing and is not asked.</summary>
/// <param name="protocol">The protocol.</param>
public sealed class SafeRouteSafeguard(Protocol protocol) : ISafeguard
{
    /// <inheritdoc/>
    public Task<GateRefusal?> AskAsync(FiledChange change, ApprovalPolicy? policy, bool isPause, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(change);
        return Task.FromResult(isPause ? null : Refusal(change.Document));
    }

    /// <summary>Refuses a plan that takes another path.</summary>
    /// <exception cref="ControlException">Exit 4: <c>safe-required</c>.</exception>
    public void Require(ChangeDocument plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (Refusal(plan) is { } refusal)
        {
            throw new ControlException(refusal.Code, ExitCode.Refused, $"The rules of {protocol.Title} forbid it: {refusal.Why}.", refusal.Command ?? "");
        }
    }

    private GateRefusal? Refusal(ChangeDocument change)
    {
        if (change.ChainId == ChainId.Local)
        {
            return null;
        }

        var bare = change.Steps.Where(step => step.Route.Base.Kind != RouteKind.Safe).SelectMany(Reserved).Distinct(StringComparer.Ordinal).ToList();
        return bare.Count == 0 ? null : new GateRefusal("safe-required", $"only a Safe may set {string.Join(", ", bare)} on a public network, and it would not be one that does", "Give the office to a Safe ('agijobs owner rotate'), or leave out --signer so that the path through the Safe is taken.");
    }

    // By the function alone: a call that cannot be read sets it all the same.
    private IEnumerable<string> Reserved(ChangeStep step) => protocol.At(step.Target) is not { } module || step.Calldata.Length < 4 ? []
        : module.Parameters.Where(parameter => parameter.IsBySafe && step.Calldata.AsSpan(0, 4).SequenceEqual(parameter.Setter.Selector.ToBytes())).Select(parameter => parameter.FullName)
            .Concat(module.Actions.Where(action => action.BySafe && step.Calldata.AsSpan(0, 4).SequenceEqual(module.Abi.Function(action.Function).Selector.ToBytes())).Select(action => $"{module.Name}.{action.Function}"));
}
