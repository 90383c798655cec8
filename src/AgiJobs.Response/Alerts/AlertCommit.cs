using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Alerts;

/// <summary>Commits what changes about alerts, also while others do.</summary>
public static class AlertCommit
{
    private const int MostTries = 50;

    /// <summary>Takes findings that belong to no other commit.</summary>
    /// <exception cref="StorageException">Also when others were faster fifty times in a row.</exception>
    public static Task TakeAsync(IStateStore store, AlertSettings settings, IReadOnlyList<Finding> findings, TimeProvider time, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(time);
        return AsNeededAsync(store, async token => await AlertBook.TakeAsync(store, settings, findings, time.GetUtcNow(), token).ConfigureAwait(false), cancellation);
    }

    /// <summary>Works out what to write and commits it; when another was faster it is worked out anew.</summary>
    /// <exception cref="StorageException">Also when others were faster fifty times in a row.</exception>
    public static async Task AsNeededAsync(IStateStore store, Func<CancellationToken, Task<FindingWrites>> work, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(work);
        for (var tries = 1; ; tries++)
        {
            var writes = await work(cancellation).ConfigureAwait(false);
            if (writes.IsEmpty)
            {
                return;
            }

            try
            {
                _ = await store.CommitAsync(writes.Commit, cancellation).ConfigureAwait(false);
                return;
            }
            catch (StorageException problem) when (problem.Code is StorageException.DocumentConflict or StorageException.StreamConflict && tries < MostTries)
            {
                // Another was faster.
            }
        }
    }
}
