namespace AgiJobs.Hgm.Runs;

/// <summary>How a live run is steered from outside: by an event appended at the version that the decision was taken on.</summary>
public static class RunSteering
{
    /// <summary>Begins a run, with its sentinel from the first moment on, in one piece.</summary>
    /// <param name="store">Where the run is kept.</param>
    /// <param name="run">Its name.</param>
    /// <param name="start">Its first event.</param>
    /// <param name="sentinel">What guards it; nothing for none.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>False, and nothing written, when there is a run of this name.</returns>
    /// <exception cref="HgmException">Those of <see cref="RunState.Apply"/>.</exception>
    public static async Task<bool> BeginAsync(IRunStore store, string run, RunStarted start, SentinelSet? sentinel, CancellationToken cancellation) =>
        await store.AppendAsync(run, 0, Beginning(start, sentinel), cancellation).ConfigureAwait(false);

    /// <summary>The events that a run begins with.</summary>
    /// <exception cref="HgmException">Those of <see cref="RunState.Apply"/>: a sentinel whose cap does not fit the run, for one.</exception>
    public static IReadOnlyList<RunEvent> Beginning(RunStarted start, SentinelSet? sentinel)
    {
        RunEvent[] events = sentinel is null ? [start] : [start, sentinel];
        _ = RunState.Fold(events);
        return events;
    }

    /// <summary>Whether an event is one of the outside, and not the driver's.</summary>
    public static bool IsFromOutside(RunEvent happened) => happened is ParametersChanged or ExpansionGateSet or AgentPruned or StopRequested or ResultRevoked or ResultReinstated
        or SentinelSet or SentinelAcknowledged or SentinelOverridden or SentinelOverrideEnded or BudgetToppedUp;

    /// <summary>Appends one event of the outside: parameters, gate, pruning, stop, revocation, reinstatement, or what people tell the sentinel.</summary>
    /// <param name="store">Where the run is kept.</param>
    /// <param name="run">Its name.</param>
    /// <param name="expectedVersion">The version that the decision was taken on; nothing takes the newest, for what holds whatever happened meanwhile (a stop, a revocation).</param>
    /// <param name="happened">What to append.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The run's version then.</returns>
    /// <exception cref="HgmException">
    /// <c>stale-version</c> when the run went on meanwhile; <c>not-from-outside</c> for an event that only the driver writes; those of <see cref="RunState.Apply"/>. Nothing is appended then.
    /// </exception>
    public static async Task<long> AppendAsync(IRunStore store, string run, long? expectedVersion, RunEvent happened, CancellationToken cancellation)
    {
        if (!IsFromOutside(happened))
            throw new HgmException("not-from-outside", $"{happened.GetType().Name} is written by the run's driver alone.", "Steer by parameters, gate, pruning, stop, revocation, reinstatement, settings of the sentinel, acknowledgement, override or top-up.");
        var state = new RunState();
        while (true)
        {
            foreach (var earlier in await store.ReadAsync(run, state.Version, cancellation).ConfigureAwait(false))
                state.Apply(earlier);
            var version = state.Version;
            if (expectedVersion is { } expected && expected != version)
                throw new HgmException("stale-version", $"The run is at version {version}, the decision was taken at {expected}.", "Read the run again and decide anew.");

            // Refused here, it never reaches the log.
            state.Apply(happened);
            if (await store.AppendAsync(run, version, [happened], cancellation).ConfigureAwait(false))
                return state.Version;
            state = new RunState();
        }
    }
}
