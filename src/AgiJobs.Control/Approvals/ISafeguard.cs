using AgiJobs.Control.Changes;

namespace AgiJobs.Control.Approvals;

/// <summary>Something of the workspace that must be in order before a change is sent. Of a pause what is not in order is a finding, and asking must not hold it up.</summary>
public interface ISafeguard
{
    /// <summary>Why the change is held back; null when it is not.</summary>
    /// <param name="change">The change.</param>
    /// <param name="policy">The network's policy; null when approvals are not managed.</param>
    /// <param name="isPause">True when nothing may take long.</param>
    /// <param name="cancellation">Gives up.</param>
    Task<GateRefusal?> AskAsync(FiledChange change, ApprovalPolicy? policy, bool isPause, CancellationToken cancellation);
}
