using AgiJobs.Hgm.Laws;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Runs;

namespace AgiJobs.Hgm.Simulation;

/// <summary>What the two ways to steer α are worth: the thermostat's rule by ROI and the rule by the cost ratio, against an α that nobody touches, at the same total cost.</summary>
public static class Steering
{
    /// <summary>One row for each κ. Solved tasks are worth 5 evaluations, so that a run begins near the thermostat's target of 2; it takes a sample every ten results.</summary>
    public static ReportTable Compute(Study study, CancellationToken cancellation = default)
    {
        var rows = new List<IReadOnlyList<ReportCell>>();
        foreach (var ratio in (int[])[1, 3, 10])
        {
            var one = Amount.Parse("1");
            var dear = Amount.OfAtoms(ratio * one.Atoms);
            var world = PaperTables.Verified with { EvaluationCost = one, ExpansionCost = dear, TaskValue = Amount.Parse("5") };

            // The cap holds the root's 60 free evaluations too; so many evaluations that the cap ends the run and not they.
            var run = PaperTables.Run with
            {
                Evaluations = 800 + 20 * ratio,
                CostCap = Amount.OfAtoms((60 + 800 + 55 * ratio) * one.Atoms),
                EvaluationReserve = one,
                ExpansionReserve = dear,
            };
            var untouched = Play(study, run, world, () => _ => null, cancellation);
            var thermostat = Play(study, run, world, () => Thermostat(new ThermostatSettings()), cancellation);
            var costs = Play(study, run, world, () => CostRatioLaw.Observe, cancellation);
            rows.Add(
            [
                ReportCell.Of(ratio, 0),
                Accuracy(untouched),
                Accuracy(thermostat),
                ReportCell.Of(PaperTables.Paired(thermostat, untouched).Difference, 2, 100),
                Accuracy(costs),
                ReportCell.Of(PaperTables.Paired(costs, untouched).Difference, 2, 100),
            ]);
        }

        return new ReportTable(
            "Steering α: by nobody, by the thermostat's rule on ROI, by the cost ratio κ",
            ["κ", "α = 0.6 %", "thermostat %", "difference", "cost ratio %", "difference"],
            rows,
            [PaperTables.Replicates(study), "All runs start at α = 0.6 and may spend 800 + 55 κ. Differences in points, paired by seed, to the run that nobody steers."]);
    }

    internal static Func<RunState, ParametersChanged?> Thermostat(ThermostatSettings settings)
    {
        ThermostatState? remembered = null;
        var results = 0;
        return state =>
        {
            if (++results % 10 != 0 || state.Ledger.Run.Roi is not { } roi)
                return null;
            var reading = ThermostatLaw.Observe(settings, remembered ?? new ThermostatState(state.Alpha, state.Prior), new RoiSample(null, roi));
            remembered = reading.State;
            return reading.Adjustment is { } adjustment ? new ParametersChanged(adjustment.Alpha, adjustment.Prior, $"thermostat: {adjustment.Reason}") : null;
        };
    }

    private static Replicate[] Play(Study study, RunSettings run, WorldSettings world, Func<Func<RunState, ParametersChanged?>> steer, CancellationToken cancellation)
    {
        var replicates = new Replicate[study.Seeds];
        Parallel.For(0, study.Seeds, new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, study.Threads), CancellationToken = cancellation }, i => replicates[i] = Replicate.Of(SimulatedRun.Play(run with { Seed = study.SeedOf(i) }, world, steer())));
        return replicates;
    }

    private static ReportCell Accuracy(Replicate[] replicates) => ReportCell.Of(Estimate.Of(replicates.Select(replicate => replicate.Chosen)), 2, 100);
}
