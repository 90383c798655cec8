using AgiJobs.Hgm.Policies;

namespace AgiJobs.Hgm.Simulation;

/// <summary>What one simulated run came to.</summary>
public sealed record Replicate
{
    /// <summary>True accuracy of the chosen agent, from 0 to 1.</summary>
    public required double Chosen { get; init; }

    /// <summary>True accuracy of the best agent there is.</summary>
    public required double BestInArchive { get; init; }

    /// <summary>Correlation of the own mean with the empirical CMP, weighted.</summary>
    public required double OwnWeighted { get; init; }

    /// <summary>The same, unweighted.</summary>
    public required double OwnUnweighted { get; init; }

    /// <summary>Correlation of the clade metric with the empirical CMP, weighted.</summary>
    public required double CladeWeighted { get; init; }

    /// <summary>The same, unweighted.</summary>
    public required double CladeUnweighted { get; init; }

    /// <summary>Hours that operations took.</summary>
    public required double BusyHours { get; init; }

    /// <summary>Hours for which workers were held.</summary>
    public required double AllocatedHours { get; init; }

    /// <summary>Agents, the root too.</summary>
    public required int Agents { get; init; }

    /// <summary>Charged evaluations.</summary>
    public required int Evaluations { get; init; }

    /// <summary>Plays one run and measures it.</summary>
    public static Replicate Of(Variant variant, ulong seed)
    {
        var settings = variant.Run with { Seed = seed };
        return Of(SimulatedRun.Play(settings, variant.World, variant.Slip?.Invoke() ?? PolicyNames.Find(settings.Policy), null));
    }

    internal static Replicate Of(SimulatedRun run)
    {
        var tree = run.State.Tree;
        var (ownWeighted, ownUnweighted) = Metaproductivity.Correlation(tree, clade: false);
        var (cladeWeighted, cladeUnweighted) = Metaproductivity.Correlation(tree, clade: true);
        return new Replicate
        {
            Chosen = run.Agents[BestBelief.Choose(run.State)].Accuracy,
            BestInArchive = run.Agents.Max(agent => agent.Accuracy),
            OwnWeighted = ownWeighted,
            OwnUnweighted = ownUnweighted,
            CladeWeighted = cladeWeighted,
            CladeUnweighted = cladeUnweighted,
            BusyHours = run.BusyHours,
            AllocatedHours = run.AllocatedHours,
            Agents = tree.Count,
            Evaluations = run.State.Evaluations,
        };
    }
}
