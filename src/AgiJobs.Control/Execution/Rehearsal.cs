using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Control.Execution;

/// <summary>What one step did when it was tried.</summary>
/// <param name="Step">The step.</param>
/// <param name="Succeeds">True, false, or null when the node could not try it.</param>
/// <param name="Detail">Why not; null when it succeeds.</param>
public sealed record RehearsedStep(ChangeStep Step, bool? Succeeds, string? Detail);

/// <summary>Tries the calls of a change on the newest state from the accounts that will make them. Sends nothing.</summary>
public static class Rehearsal
{
    /// <summary>Tries each step on its own.</summary>
    /// <exception cref="EthereumException"><c>rpc-wrong-chain</c>.</exception>
    public static async Task<IReadOnlyList<RehearsedStep>> TryAsync(EthereumClient client, Protocol protocol, ChangeDocument change, CancellationToken cancellation)
    {
        var batch = client.NewBatch();
        var tried = change.Steps.Select(step => (Step: step, Slot: batch.Add(EthRequests.Call(new CallRequest { From = step.Route.Caller, To = step.Target, Data = step.Calldata }, BlockReference.Latest)))).ToList();
        await batch.SendAsync(cancellation).ConfigureAwait(false);
        return [.. tried.Select(entry => entry.Slot.Error switch
        {
            _ when entry.Step.Route.Kind == RouteKind.Authorization => new RehearsedStep(entry.Step, null, "a statement can be tried only with its signature"),
            null => new RehearsedStep(entry.Step, true, null),
            RevertException refused => new RehearsedStep(entry.Step, false, refused.DecodedBy(protocol.Abi).Message),
            var problem => new RehearsedStep(entry.Step, null, problem.Message),
        })];
    }
}
