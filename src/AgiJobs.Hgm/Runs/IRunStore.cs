namespace AgiJobs.Hgm.Runs;

/// <summary>Where a run's events are kept: an append-only list for each run. What <see cref="AppendAsync"/> has accepted must survive a kill.</summary>
public interface IRunStore
{
    /// <summary>The run's events from a version on; none for a run that does not exist.</summary>
    /// <param name="run">Its name.</param>
    /// <param name="after">How many events to leave out.</param>
    /// <param name="cancellation">Gives up.</param>
    ValueTask<IReadOnlyList<RunEvent>> ReadAsync(string run, long after, CancellationToken cancellation);

    /// <summary>Appends events in one piece, if the run has exactly this many already.</summary>
    /// <param name="run">Its name.</param>
    /// <param name="expectedVersion">How many events the writer has seen.</param>
    /// <param name="events">What follows them.</param>
    /// <param name="cancellation">Gives up; whether the events were kept is then unknown.</param>
    /// <returns>False, and nothing kept, when somebody else appended meanwhile.</returns>
    ValueTask<bool> AppendAsync(string run, long expectedVersion, IReadOnlyList<RunEvent> events, CancellationToken cancellation);
}
