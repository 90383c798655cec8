using AgiJobs.Control.Changes;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Execution;

/// <summary>
/// What a change must pass before its execution signs anything: approvals, duties, policy. It is asked once in a run, before the first new signature, and not when bytes that were signed
/// before are only sent again: those passed it then.
/// </summary>
public interface IExecutionGate
{
    /// <summary>Returns when the change may be executed.</summary>
    /// <param name="change">The change.</param>
    /// <param name="sender">The account that will sign the transaction.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <exception cref="ControlException">With exit 4 when the change may not be executed; nothing was signed then.</exception>
    Task RequireAsync(FiledChange change, Address sender, CancellationToken cancellation);
}
