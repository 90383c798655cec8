using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Evolution;

namespace AgiJobs.Steering.Worlds;

/// <summary>Carries work out in this process. The mate of an expansion is drawn among the agents that were there when it started. Safe for use by several threads.</summary>
/// <param name="world">Who does the work.</param>
/// <param name="store">Where the run's events are, by which an expansion knows the others.</param>
public sealed class NearWorld(IPortableWorld world, IRunStore store) : IAgentWorld
{
    private readonly RunArchive _archive = new(store);

    /// <inheritdoc/>
    public async Task<ExpansionOutcome> ExpandAsync(ExpansionWork work, CancellationToken cancellation) =>
        await world.ExpandAsync(work, await _archive.MateAsync(work, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);

    /// <inheritdoc/>
    public Task<EvaluationOutcome> EvaluateAsync(EvaluationWork work, CancellationToken cancellation) => world.EvaluateAsync(work, cancellation);
}
