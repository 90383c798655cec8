using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Work;

namespace AgiJobs.Steering.Worlds;

/// <summary>The world of one run while it is driven: where its work is done, and what has to be closed after.</summary>
/// <param name="world">Who does the work.</param>
/// <param name="parallel">How many operations are best carried out at once; null where that is for the driver's machine to say.</param>
public sealed class OpenWorld(IAgentWorld world, int? parallel) : IAgentWorld, IAsyncDisposable
{
    /// <summary>How many operations are best carried out at once; null where that is for the driver's machine to say.</summary>
    public int? Parallel { get; } = parallel;

    /// <inheritdoc/>
    public Task<ExpansionOutcome> ExpandAsync(ExpansionWork work, CancellationToken cancellation) => world.ExpandAsync(work, cancellation);

    /// <inheritdoc/>
    public Task<EvaluationOutcome> EvaluateAsync(EvaluationWork work, CancellationToken cancellation) => world.EvaluateAsync(work, cancellation);

    /// <summary>Says how far the run is when it is no more driven: what is kept elsewhere for one that is finished is removed.</summary>
    public Task EndAsync(RunState state, CancellationToken cancellation) =>
        state.Finished is not null && world is BrokerWorld broker ? broker.ForgetAsync(cancellation) : Task.CompletedTask;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => world is IAsyncDisposable closing ? closing.DisposeAsync() : ValueTask.CompletedTask;
}
