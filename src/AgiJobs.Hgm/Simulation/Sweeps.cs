using System.Globalization;
using AgiJobs.Hgm.Policies;
using AgiJobs.Hgm.Sampling;

namespace AgiJobs.Hgm.Simulation;

/// <summary>How the findings depend on what was chosen: the world, α, and what an expansion costs.</summary>
public static class Sweeps
{
    /// <summary>
    /// HGM and its rivals in 54 worlds (σ_s, σ_m and μ varied). The calibrated world was picked from such a sweep, so that what holds in one cell is weak and what holds in all is not.
    /// </summary>
    public static ReportTable Worlds(Study study, CancellationToken cancellation = default)
    {
        var rows = new List<IReadOnlyList<ReportCell>>();
        foreach (var skillNoise in (double[])[0.10, 0.20, 0.30])
        {
            foreach (var giftNoise in (double[])[0.00, 0.03, 0.06, 0.10, 0.14, 0.18])
            {
                foreach (var drift in (double[])[-0.10, -0.05, 0.00])
                {
                    var world = PaperTables.Verified with { SkillNoise = skillNoise, GiftNoise = giftNoise, Drift = drift };
                    Replicate[] Of(string policy) => study.Play(new Variant(policy, PaperTables.Run with { Policy = policy }, world), cancellation);
                    var hgm = Of(PolicyNames.Hgm);
                    rows.Add(
                    [
                        ReportCell.Of(skillNoise, 2),
                        ReportCell.Of(giftNoise, 2),
                        ReportCell.Of(drift, 2),
                        ReportCell.Of(Estimate.Of(hgm.Select(replicate => replicate.Chosen)), 1, 100),
                        ReportCell.Of(PaperTables.Paired(hgm, Of(PolicyNames.HgmOwn)).Difference, 1, 100),
                        ReportCell.Of(PaperTables.Paired(hgm, Of(PolicyNames.Dgm)).Difference, 1, 100),
                        ReportCell.Of(PaperTables.Paired(hgm, Of(PolicyNames.Sica)).Difference, 1, 100),
                    ]);
                }
            }
        }

        return new ReportTable(
            "54 worlds: HGM, and by how many points it is ahead",
            ["σ_s", "σ_m", "μ", "hgm %", "ahead of hgm-own", "ahead of dgm", "ahead of sica"],
            rows,
            [PaperTables.Replicates(study), Count(rows, 4, "hgm-own"), Count(rows, 5, "dgm"), Count(rows, 6, "sica")]);
    }

    /// <summary>
    /// α against κ, the cost of an expansion over that of an evaluation, at the fixed total cost evaluations + κ expansions = 800 + 55 κ: what a thermostat may steer by.
    /// </summary>
    public static ReportTable Alphas(Study study, CancellationToken cancellation = default)
    {
        decimal[] alphas = [0.5m, 0.6m, 0.7m, 0.8m, 0.9m, 1.0m];
        var rows = new List<IReadOnlyList<ReportCell>>();
        foreach (var ratio in (int[])[1, 3, 10])
        {
            var row = new List<ReportCell> { ReportCell.Of(ratio, 0) };
            foreach (var alpha in alphas)
            {
                var run = PaperTables.Run with { Alpha = alpha, Evaluations = EvaluationsFor(alpha, ratio) };
                row.Add(ReportCell.Of(Estimate.Of(study.Play(new Variant("hgm", run, PaperTables.Verified), cancellation).Select(replicate => replicate.Chosen)), 1, 100));
            }

            rows.Add(row);
        }

        return new ReportTable(
            "True accuracy of the chosen agent by α and by κ, the cost of an expansion over an evaluation",
            ["κ", .. alphas.Select(alpha => "α = " + alpha.ToString(CultureInfo.InvariantCulture))],
            rows,
            [PaperTables.Replicates(study), "All runs of a row cost the same; the dearer an expansion, the lower the best α."]);
    }

    /// <summary>The most evaluations that a total cost of 800 + 55 κ carries together with the expansions that α admits to them.</summary>
    internal static int EvaluationsFor(decimal alpha, int ratio)
    {
        var evaluations = 800 + 55 * ratio;
        while (evaluations + ratio * Math.Floor(Elementary.Pow(evaluations, (double)alpha) + 1e-9) > 800 + 55 * ratio)
            evaluations--;
        return evaluations;
    }

    private static string Count(List<IReadOnlyList<ReportCell>> rows, int column, string rival)
    {
        var ahead = rows.Count(row => row[column].Mean > 0);
        var clear = rows.Count(row => row[column].Mean > 2 * row[column].Error);
        var mean = rows.Average(row => row[column].Mean ?? 0);
        return string.Create(CultureInfo.InvariantCulture, $"Ahead of {rival} in {ahead} of {rows.Count} worlds, by more than two standard errors in {clear}; {mean:F1} points on average.");
    }
}
