using AgiJobs.Hgm.Runs;

namespace AgiJobs.Steering.Worlds;

/// <summary>
/// A world whose work needs nothing but what is handed to it, so that it can be carried out on any machine. What holds for <see cref="IAgentWorld"/> holds here: outcomes are part of the world, an exception
/// means that nothing is known. Safe for use by several threads.
/// </summary>
public interface IPortableWorld
{
    /// <summary>Lets an agent modify itself.</summary>
    /// <param name="work">The expansion.</param>
    /// <param name="mate">Another agent of the run, of which parts may be taken; null when there is none.</param>
    /// <param name="cancellation">Gives up; nothing is known then.</param>
    Task<ExpansionOutcome> ExpandAsync(ExpansionWork work, string? mate, CancellationToken cancellation);

    /// <summary>Tries an agent on a task.</summary>
    /// <param name="work">The evaluation.</param>
    /// <param name="cancellation">Gives up; nothing is known then.</param>
    Task<EvaluationOutcome> EvaluateAsync(EvaluationWork work, CancellationToken cancellation);
}
