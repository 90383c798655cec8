using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Snapshots;

/// <summary>The configuration is whole: no restore was interrupted that could not be finished.</summary>
public sealed class RestoreSafeguard(Workspace workspace) : ISafeguard
{
    /// <inheritdoc/>
    public Task<GateRefusal?> AskAsync(FiledChange change, ApprovalPolicy? policy, bool isPause, CancellationToken cancellation) => Task.FromResult(ConfigurationRestore.IsPending(workspace)
        ? new GateRefusal("restore-unfinished", "a restore of the configuration was interrupted, and the files are between two states", "agijobs config lint")
        : null);
}
