using AgiJobs.Storage;

namespace AgiJobs.Arena.Slashing;

/// <summary>A case as it is kept.</summary>
/// <param name="Case">The case.</param>
/// <param name="Version">Its document's version.</param>
public sealed record QueuedSlash(SlashCase Case, long Version);

/// <summary>The findings of a network and what became of them: documents of <c>arena/NETWORK/slashes</c>, one for each finding, by <c>ROUND-VALIDATOR-REASON</c>.</summary>
public sealed class SlashDocket(IStateStore store, string network, TimeProvider time)
{
    /// <summary>Where the documents are.</summary>
    public string Collection { get; } = $"arena/{network}/slashes";

    /// <summary>
    /// What puts findings into the queue, for the commit that ends a run. Those that are there already are left out, so that a repeated step adds nothing; each write expects that there is none, so that of two writers
    /// one fails whole (<see cref="StorageException.DocumentConflict"/>) and asks again.
    /// </summary>
    /// <exception cref="StorageException">The queue could not be read.</exception>
    public async Task<IReadOnlyList<DocumentWrite>> WritesAsync(IReadOnlyList<SlashFinding> findings, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(findings);
        var writes = new List<DocumentWrite>();
        foreach (var finding in findings.DistinctBy(finding => finding.Key, StringComparer.Ordinal))
        {
            if (await store.GetAsync(Collection, finding.Key, cancellation).ConfigureAwait(false) is null)
            {
                writes.Add(new DocumentWrite(Collection, finding.Key, SlashCase.Of(finding, time.GetUtcNow()).Encode(), ExpectedVersion: 0));
            }
        }

        return writes;
    }

    /// <summary>Every case, by round, validator and reason.</summary>
    /// <exception cref="StorageException">Also <see cref="StorageException.Damaged"/> when one cannot be read.</exception>
    public async Task<IReadOnlyList<QueuedSlash>> ListAsync(CancellationToken cancellation) =>
        [.. (await store.ListAsync(Collection, cancellationToken: cancellation).ConfigureAwait(false)).Select(document => new QueuedSlash(SlashCase.Read(document), document.Version))
            .OrderBy(queued => queued.Case.Round).ThenBy(queued => queued.Case.Validator).ThenBy(queued => queued.Case.Reason, StringComparer.Ordinal)];

    /// <summary>One case; null when there is none.</summary>
    /// <exception cref="StorageException">Also <see cref="StorageException.Damaged"/>.</exception>
    public async Task<QueuedSlash?> FindAsync(string key, CancellationToken cancellation) =>
        await store.GetAsync(Collection, key, cancellation).ConfigureAwait(false) is { } document ? new QueuedSlash(SlashCase.Read(document), document.Version) : null;

    /// <summary>What takes a case a step on; of two that do so at once one fails.</summary>
    public DocumentWrite Write(QueuedSlash before, SlashCase after)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        return new DocumentWrite(Collection, before.Case.Key, after.Encode(), before.Version);
    }
}
