using AgiJobs.Arena.Rounds;
using AgiJobs.Storage;

namespace AgiJobs.Arena.Orchestration;

/// <summary>What ended rounds change besides themselves: ratings, difficulty, archive, scoreboard, alerts.</summary>
public interface IStandings
{
    /// <summary>Reads everything again: somebody else may have kept the books in the meantime. Writes the files that a death may have left unwritten.</summary>
    Task RestoreAsync(CancellationToken cancellation);

    /// <summary>Takes what happened on chain besides the ends of the orchestrator's own rounds, up to a block: slashes, and rounds that others started. Doing it again changes nothing.</summary>
    /// <param name="fence">The orchestrator's lease.</param>
    /// <param name="arena">The arena at the block.</param>
    /// <param name="own">Rounds of runs that are not ended: they are booked with their runs.</param>
    /// <param name="cancellation">Stops it.</param>
    Task FollowAsync(Lease fence, ArenaState arena, IReadOnlySet<long> own, CancellationToken cancellation);

    /// <summary>The difficulty of the next round, within the contract's step.</summary>
    Task<int> NextDifficultyAsync(ArenaState arena, CancellationToken cancellation);

    /// <summary>What has to be committed together with the end of a run, so that each counts once.</summary>
    /// <param name="run">The run, not yet ended.</param>
    /// <param name="round">Its round; null when none was ever mined.</param>
    /// <param name="ended">How it ends.</param>
    /// <param name="arena">The arena at the block that it is ended on.</param>
    /// <param name="cancellation">Stops it; nothing is changed then.</param>
    Task<StateCommit> AfterAsync(RunRecord run, RoundChronicle? round, RunEnded ended, ArenaState arena, CancellationToken cancellation);

    /// <summary>Writes the files that show the state to people and other programs. Called after the commit, and at the start for what a death left unwritten; doing it again changes nothing.</summary>
    Task PublishAsync(RunRecord run, CancellationToken cancellation);
}
