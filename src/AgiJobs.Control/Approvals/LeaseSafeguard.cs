using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;

namespace AgiJobs.Control.Approvals;

/// <summary>What is granted for a time is not granted before its revocation is on file and approved by those whom the policy names, so that nobody has to be asked again when the time is over.</summary>
/// <param name="protocol">The protocol.</param>
/// <param name="store">The changes on file.</param>
public sealed class LeaseSafeguard(Protocol protocol, ChangeStore store) : ISafeguard
{
    /// <inheritdoc/>
    public Task<GateRefusal?> AskAsync(FiledChange change, ApprovalPolicy? policy, bool isPause, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(change);
        return Task.FromResult(change.Document.LeaseUntil is null ? null : Refusal(change, policy));
    }

    private GateRefusal? Refusal(FiledChange change, ApprovalPolicy? policy)
    {
        if (change.Document.LeaseEnd()?.Digest() is not { } digest || store.Find(digest.ToString()) is not { } end)
        {
            return new GateRefusal("lease-unsigned", "it grants for a time, and the change that revokes it is not on file", "Plan it again with --lease.");
        }

        return policy is not null && !policy.IsApproved(end, protocol)
            ? new GateRefusal("lease-unsigned", $"it grants for a time, and its revocation {end.Id} is not approved", $"agijobs change approve {end.Id} --signer NAME")
            : null;
    }
}
