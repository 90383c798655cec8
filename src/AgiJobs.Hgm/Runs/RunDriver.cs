using AgiJobs.Hgm.Policies;
using AgiJobs.Hgm.Sampling;

namespace AgiJobs.Hgm.Runs;

/// <summary>
/// Drives a run to its end. Operations start while the logical concurrency allows; their results are committed in the order of their start, whichever comes back first, so that the events
/// are the same for any number of workers and after any kill. The price is that a slow operation holds back those behind it, at most as many as the concurrency. Every start is kept before
/// the work begins: after a kill the same work, and no other, is done again. What others append meanwhile (parameters, gate, revocations, stop) is taken in at the next event.
/// One driver for a run at a time; the store's version refuses a second one's events.
/// </summary>
/// <param name="store">Where the events are kept.</param>
/// <param name="world">Who does the work.</param>
/// <param name="workers">How many operations are carried out at once; without influence on the result.</param>
/// <param name="clock">Ends overrides of the sentinel whose time has come, before the next step; without influence on a run that has none. The system's when it is not given.</param>
public sealed class RunDriver(IRunStore store, IAgentWorld world, int workers, TimeProvider? clock = null)
{
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;

    /// <summary>Starts the run, or resumes it where its events end, and goes on until it is finished or held.</summary>
    /// <param name="run">Its name.</param>
    /// <param name="start">The first event of a new run; of an existing one it must be the first.</param>
    /// <param name="cancellation">Stops driving; the run can be resumed.</param>
    /// <exception cref="HgmException"><c>other-run</c> when a run of this name began otherwise; those of <see cref="RunState.Apply"/>.</exception>
    public async Task<RunState> DriveAsync(string run, RunStarted start, CancellationToken cancellation)
    {
        var state = new RunState();
        await CatchUpAsync(run, state, cancellation).ConfigureAwait(false);
        if (state.Version == 0)
        {
            if (!await CommitAsync(run, state, start, cancellation).ConfigureAwait(false))
                await CatchUpAsync(run, state, cancellation).ConfigureAwait(false);
        }

        if (state.Settings != start.Settings || state.Artifact(0) != start.Artifact)
            throw new HgmException("other-run", $"A run '{run}' began with other settings.", "Resume it with its own settings, or choose another name.");

        using var slots = new SemaphoreSlim(workers);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var policy = PolicyNames.Find(state.Settings.Policy);
        var work = new Dictionary<int, Task<RunEvent>>();
        try
        {
            while (true)
            {
                foreach (var operation in state.Pending)
                {
                    if (!work.ContainsKey(operation.Number))
                        work[operation.Number] = CarryOutAsync(run, state, operation, slots, stop.Token);
                }

                var next = Expired(state) ?? RunStep.Next(state, policy);
                var ended = -1;
                if (next is null)
                {
                    if (state.Pending.Count == 0)
                        return state;
                    ended = state.Pending[0].Number;
                    next = await work[ended].ConfigureAwait(false);
                }

                if (!await CommitAsync(run, state, next, cancellation).ConfigureAwait(false))
                    await CatchUpAsync(run, state, cancellation).ConfigureAwait(false);
                else if (ended >= 0)
                    work.Remove(ended);
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(work.Values).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);
        }
    }

    private SentinelOverrideEnded? Expired(RunState state)
    {
        if (state.Finished is not null || state.Sentinel.Overrides.Count == 0)
            return null;
        var now = _clock.GetUtcNow();
        return state.Sentinel.Overrides.FirstOrDefault(one => one.Until <= now) is { } over ? new SentinelOverrideEnded(over.Rule, "expired") : null;
    }

    private async Task CatchUpAsync(string run, RunState state, CancellationToken cancellation)
    {
        foreach (var happened in await store.ReadAsync(run, state.Version, cancellation).ConfigureAwait(false))
            state.Apply(happened);
    }

    private async Task<bool> CommitAsync(string run, RunState state, RunEvent happened, CancellationToken cancellation)
    {
        if (!await store.AppendAsync(run, state.Version, [happened], cancellation).ConfigureAwait(false))
            return false;
        state.Apply(happened);
        return true;
    }

    private Task<RunEvent> CarryOutAsync(string run, RunState state, Operation operation, SemaphoreSlim slots, CancellationToken cancellation)
    {
        // What the work needs is read here, before another thread runs.
        var seed = Xoshiro256.SeedOf(state.Settings.Seed, RandomPurpose.Work, (ulong)operation.Number);
        var artifact = state.Artifact(operation.Agent);
        var settings = state.Settings;
        return Task.Run(
            async () =>
            {
                await slots.WaitAsync(cancellation).ConfigureAwait(false);
                try
                {
                    if (operation.IsExpansion)
                    {
                        var expansion = new ExpansionWork(run, operation.Number, seed, operation.Agent, artifact, settings.ExpansionReserve);
                        return (await world.ExpandAsync(expansion, cancellation).ConfigureAwait(false)).Of(operation.Number);
                    }

                    var evaluation = new EvaluationWork(run, operation.Number, seed, operation.Agent, artifact, operation.Task, settings.EvaluationReserve);
                    return (await world.EvaluateAsync(evaluation, cancellation).ConfigureAwait(false)).Of(operation.Number);
                }
                finally
                {
                    slots.Release();
                }
            },
            cancellation);
    }
}
