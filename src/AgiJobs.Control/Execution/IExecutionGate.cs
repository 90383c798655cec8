using AgiJobs.Control.Changes;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Execution;

/// <summary>What stands between a change and its first signed transaction.</summary>
public interface IExecutionGate
{
    /// <summary>Returns when the change may be sent by <paramref name="sender"/> now; called before anything of it is signed.</summary>
    /// <exception cref="ControlException">Exit 4, with everything that is missing and the command that mends each.</exception>
    Task RequireAsync(FiledChange change, Address sender, CancellationToken cancellation);
}
