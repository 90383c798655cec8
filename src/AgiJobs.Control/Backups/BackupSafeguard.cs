using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Backups;

/// <summary>A fresh verified backup with the state of the chain is there, where the policy demands one. A damaged backup counts for nothing, nor does one from the future.</summary>
public sealed class BackupSafeguard(Workspace workspace, TimeProvider time) : ISafeguard
{
    // Clocks of two machines that share a workspace differ by this much.
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    /// <inheritdoc/>
    public Task<GateRefusal?> AskAsync(FiledChange change, ApprovalPolicy? policy, bool isPause, CancellationToken cancellation)
    {
        if (policy?.File.Backup?.MaxAgeHours is not { } hours)
        {
            return Task.FromResult<GateRefusal?>(null);
        }

        var document = change.Document;
        var now = time.GetUtcNow();
        var store = new BackupStore(workspace, time);
        string? damaged = null;
        foreach (var entry in store.List().Reverse())
        {
            cancellation.ThrowIfCancellationRequested();
            if (entry.Manifest is not { IsFull: true } manifest || !string.Equals(manifest.Network, document.Network, StringComparison.Ordinal) || manifest.ChainId != document.ChainId || manifest.CreatedAt > now + Skew)
            {
                damaged ??= entry.Problem is null ? null : $"{entry.Id} is damaged";
                continue;
            }

            if (now - manifest.CreatedAt > TimeSpan.FromHours(hours))
            {
                return Refused("backup-stale", $"the newest verified backup of {document.Network}, {manifest.Id()}, is {(now - manifest.CreatedAt).TotalHours:0} hours old, and the policy allows {hours}", document.Network);
            }

            // A pause does not wait while an archive is read.
            if (isPause || store.Find(entry.Id, BackupCheck.Bytes) is { Problem: null })
            {
                return Task.FromResult<GateRefusal?>(null);
            }

            damaged ??= $"{entry.Id} is damaged";
        }

        return Refused("backup-missing", $"there is no verified backup of {document.Network} with the state of chain {document.ChainId}{(damaged is null ? "" : $" ({damaged})")}, and the policy demands one that is at most {hours} hours old", document.Network);
    }

    private static Task<GateRefusal?> Refused(string code, string why, string network) => Task.FromResult<GateRefusal?>(new GateRefusal(code, why, $"agijobs backup create --network {network}"));
}
