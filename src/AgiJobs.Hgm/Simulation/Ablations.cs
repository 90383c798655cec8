using AgiJobs.Hgm.Policies;

namespace AgiJobs.Hgm.Simulation;

/// <summary>What each part of the algorithm is worth in the calibrated world: the same runs with one part changed.</summary>
public static class Ablations
{
    /// <summary>One row for each change, with the difference to the paper's setting paired by seed.</summary>
    public static ReportTable Compute(Study study, CancellationToken cancellation = default)
    {
        var run = PaperTables.Run;
        var world = PaperTables.Verified;
        Variant[] variants =
        [
            new("paper's setting", run, world),
            new("no clade: own counts choose the parent", run with { Policy = PolicyNames.HgmOwn }, world),
            new("parent uniformly at random", run with { Policy = PolicyNames.HgmUniform }, world),
            new("no cooling: τ = 1", run with { Cooling = false }, world),
            new("no initial burst", run with { InitialBurst = 0 }, world),
            new("widening of the authors' code", run with { Widening = WideningRule.ReferenceCode }, world),
            new("root not evaluated beforehand", run with { FreeRootEvaluation = false }, world),
            new("aliased records of the authors' code", run, world) { Slip = () => new AliasedRecords() },
            new("final choice: 5 % quantile", run with { Epsilon = 0.05m }, world),
            new("final choice: 25 % quantile", run with { Epsilon = 0.25m }, world),
            new("final choice: median", run with { Epsilon = 0.50m }, world),
            new("final choice: posterior mean", run with { Final = FinalRule.PosteriorMean }, world),
            new("final choice: empirical mean", run with { Final = FinalRule.EmpiricalMean }, world),
        ];
        var baseline = study.Play(variants[0], cancellation);
        var rows = new List<IReadOnlyList<ReportCell>>();
        foreach (var variant in variants)
        {
            var replicates = ReferenceEquals(variant, variants[0]) ? baseline : study.Play(variant, cancellation);
            var (difference, _) = PaperTables.Paired(replicates, baseline);
            rows.Add(
            [
                new ReportCell(variant.Name),
                ReportCell.Of(Estimate.Of(replicates.Select(replicate => replicate.Chosen)), 2, 100),
                ReferenceEquals(variant, variants[0]) ? new ReportCell("-") : ReportCell.Of(difference, 2, 100),
                ReferenceEquals(variant, variants[0]) ? new ReportCell("-") : ReportCell.Of(difference.Z, 1),
            ]);
        }

        return new ReportTable("Ablations in the calibrated world (SWE-Verified-60)", ["change", "ours %", "difference, points", "z"], rows, [PaperTables.Replicates(study)]);
    }
}
