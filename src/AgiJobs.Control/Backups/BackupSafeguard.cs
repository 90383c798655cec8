using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

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
        // A pause does not wait while an archive is read.
        var (newest, damaged) = Newest(new BackupStore(workspace, time), document.Network, document.ChainId, isPause ? null : TimeSpan.FromHours(hours), now, cancellation);
        return newest is null ? Refused("backup-missing", $"there is no verified backup of {document.Network} with the state of chain {document.ChainId}{(damaged is null ? "" : $" ({damaged})")}, and the policy demands one that is at most {hours} hours old", document.Network)
            : now - newest.CreatedAt > TimeSpan.FromHours(hours) ? Refused("backup-stale", $"the newest verified backup of {document.Network}, {newest.Id()}, is {(now - newest.CreatedAt).TotalHours:0} hours old, and the policy allows {hours}", document.Network)
            : Task.FromResult<GateRefusal?>(null);
    }

    /// <summary>The newest backup that holds all of a network's state and verifies; one that is too old is given as it is, since nothing hangs on its bytes.</summary>
    /// <param name="store">The backups.</param>
    /// <param name="network">The network.</param>
    /// <param name="chain">Its chain.</param>
    /// <param name="verify">Up to which age every byte is verified; null to trust the manifest.</param>
    /// <param name="now">The time.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>The backup, null when there is none; and one that is damaged, in words.</returns>
    public static (BackupManifest? Newest, string? Damaged) Newest(BackupStore store, string network, ChainId chain, TimeSpan? verify, DateTimeOffset now, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(store);
        string? damaged = null;
        foreach (var entry in store.List().Reverse())
        {
            cancellation.ThrowIfCancellationRequested();
            if (entry.Manifest is not { IsFull: true } manifest || !string.Equals(manifest.Network, network, StringComparison.Ordinal) || manifest.ChainId != chain || manifest.CreatedAt > now + Skew)
            {
                damaged ??= entry.Problem is null ? null : $"{entry.Id} is damaged";
                continue;
            }

            if (verify is not { } age || now - manifest.CreatedAt > age || store.Find(entry.Id, BackupCheck.Bytes) is { Problem: null })
            {
                return (manifest, damaged);
            }

            damaged ??= $"{entry.Id} is damaged";
        }

        return (null, damaged);
    }

    private static Task<GateRefusal?> Refused(string code, string why, string network) => Task.FromResult<GateRefusal?>(new GateRefusal(code, why, $"agijobs backup create --network {network}"));
}
