using AgiJobs.Steering.Worlds;

namespace AgiJobs.Steering.Work;

/// <summary>The worlds that a worker knows.</summary>
public interface IWorkerWorlds
{
    /// <summary>Their names, each with the digest of its definition where it has one.</summary>
    IReadOnlyList<(string World, string? Digest)> Served { get; }

    /// <summary>One of them, with the tasks of a run.</summary>
    /// <param name="world">Its name.</param>
    /// <param name="runSeed">The run's seed.</param>
    /// <param name="tasks">How many tasks the run has.</param>
    IPortableWorld Open(string world, ulong runSeed, int tasks);
}
