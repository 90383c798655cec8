using AgiJobs.Hgm.Trees;

namespace AgiJobs.Hgm.Simulation;

/// <summary>
/// What the paper's Table 1 measures (appendix D): how well a guidance metric predicts the empirical clade metaproductivity of an agent, that is the highest empirical mean among its strict
/// descendants. Own mean: the metric of DGM and SICA. Clade: HGM's, without the agent's own results and without the child's subtree that holds that highest mean, so that nothing is
/// predicted by itself.
/// </summary>
public static class Metaproductivity
{
    /// <summary>Correlations over the agents of one tree; not a number where fewer than three agents have both values or one of them never varies.</summary>
    /// <param name="tree">The tree after a run.</param>
    /// <param name="clade">By HGM's metric, or by the own mean.</param>
    public static (double Weighted, double Unweighted) Correlation(AgentTree tree, bool clade)
    {
        var count = tree.Count;
        var best = new double[count];
        var bestBelow = new double[count];
        var bestChild = new int[count];
        Array.Fill(bestBelow, -1.0);
        Array.Fill(bestChild, -1);
        for (var agent = count - 1; agent >= 0; agent--)
        {
            best[agent] = Math.Max(Mean(tree.Successes[agent], tree.Failures[agent]), bestBelow[agent]);
            var parent = tree.Parents[agent];
            if (parent >= 0 && best[agent] >= bestBelow[parent] && best[agent] >= 0.0)
                (bestBelow[parent], bestChild[parent]) = (best[agent], agent);
        }

        var (metric, outcome, weight) = (new List<double>(count), new List<double>(count), new List<double>(count));
        for (var agent = 0; agent < count; agent++)
        {
            if (bestChild[agent] < 0)
                continue;
            var (successes, failures) = (tree.Successes[agent], tree.Failures[agent]);
            if (clade)
            {
                successes = tree.CladeSuccesses[agent] - successes - tree.CladeSuccesses[bestChild[agent]];
                failures = tree.CladeFailures[agent] - failures - tree.CladeFailures[bestChild[agent]];
            }

            if (successes + failures == 0)
                continue;
            metric.Add(Mean(successes, failures));
            outcome.Add(bestBelow[agent]);
            weight.Add(successes + failures);
        }

        return (Pearson(metric, outcome, weight), Pearson(metric, outcome, null));
    }

    /// <summary>Pearson's correlation, with weights or without; not a number below three points or without variation.</summary>
    public static double Pearson(IReadOnlyList<double> x, IReadOnlyList<double> y, IReadOnlyList<double>? weights)
    {
        if (x.Count < 3)
            return double.NaN;
        double total = 0, meanX = 0, meanY = 0;
        for (var i = 0; i < x.Count; i++)
        {
            var weight = weights?[i] ?? 1.0;
            total += weight;
            meanX += weight * x[i];
            meanY += weight * y[i];
        }

        meanX /= total;
        meanY /= total;
        double xx = 0, yy = 0, xy = 0;
        for (var i = 0; i < x.Count; i++)
        {
            var weight = weights?[i] ?? 1.0;
            xx += weight * (x[i] - meanX) * (x[i] - meanX);
            yy += weight * (y[i] - meanY) * (y[i] - meanY);
            xy += weight * (x[i] - meanX) * (y[i] - meanY);
        }

        return xx <= 1e-15 || yy <= 1e-15 ? double.NaN : xy / Math.Sqrt(xx * yy);
    }

    private static double Mean(int successes, int failures) => successes + failures == 0 ? -1.0 : successes / (double)(successes + failures);
}
