using AgiJobs.Hgm;
using AgiJobs.Storage;

namespace AgiJobs.Steering.Runs;

/// <summary>The runs of a network in numbers. A run is followed from where it was when it was last asked about, so that asking again costs what happened since. Safe for use by several threads.</summary>
/// <param name="runs">The network's runs.</param>
public sealed class RunBook(DurableRunStore runs)
{
    private const int Page = 500;

    // A follower holds a run's whole state; of those that nobody asks about the longest, the oldest go.
    private const int MostFollowed = 64;

    private readonly Dictionary<string, Followed> _followed = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private long _asked;

    /// <summary>One run; null when there is none of this name.</summary>
    /// <exception cref="HgmException"><c>run-name</c>, and what an event says that cannot follow.</exception>
    /// <exception cref="StorageException">The store did not answer, or is damaged.</exception>
    public async Task<RunFigures?> ReadAsync(string run, CancellationToken cancellation)
    {
        _ = runs.StreamOf(run);
        var followed = Follow(run);
        await followed.Turn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            while (true)
            {
                var page = await runs.KeptAsync(run, followed.Follower.Version, Page, cancellation).ConfigureAwait(false);
                foreach (var kept in page)
                {
                    followed.Follower.Apply(kept);
                }

                if (page.Count < Page)
                {
                    break;
                }
            }

            if (followed.Follower.Version > 0)
            {
                return followed.Follower.Figures();
            }

            Forget(run);
            return null;
        }
        catch (HgmException)
        {
            // Half of a page was taken in; the next who asks begins anew.
            Forget(run);
            throw;
        }
        finally
        {
            followed.Turn.Release();
        }
    }

    /// <summary>All runs of the list that are wanted, in the order of their names.</summary>
    /// <param name="isWanted">By their entries.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="StorageException">The store did not answer, or is damaged.</exception>
    public async Task<IReadOnlyList<RunFigures>> ListAsync(Func<RunEntry, bool> isWanted, CancellationToken cancellation)
    {
        var found = new List<RunFigures>();
        foreach (var entry in (await runs.ListAsync(cancellation).ConfigureAwait(false)).Where(isWanted))
        {
            if (await ReadAsync(entry.Name, cancellation).ConfigureAwait(false) is { } figures)
            {
                found.Add(figures);
            }
        }

        return found;
    }

    private Followed Follow(string run)
    {
        lock (_lock)
        {
            if (!_followed.TryGetValue(run, out var followed))
            {
                if (_followed.Count >= MostFollowed)
                {
                    _followed.Remove(_followed.MinBy(entry => entry.Value.Asked).Key);
                }

                _followed.Add(run, followed = new Followed(new RunFollower(run)));
            }

            followed.Asked = ++_asked;
            return followed;
        }
    }

    private void Forget(string run)
    {
        lock (_lock)
        {
            _followed.Remove(run);
        }
    }

    private sealed class Followed(RunFollower follower)
    {
        public RunFollower Follower { get; } = follower;

        // Never disposed: it has no handle as long as nobody asks for one.
        public SemaphoreSlim Turn { get; } = new(1);

        public long Asked { get; set; }
    }
}
