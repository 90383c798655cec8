using System.Globalization;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Policies;
using AgiJobs.Hgm.Runs;
using AgiJobs.Hgm.Simulation;
using AgiJobs.Steering.Evolution;
using AgiJobs.Steering.Guardrails;

namespace AgiJobs.Steering.Utility;

/// <summary>
/// What a run's chosen agent is worth on jobs that nobody chose it by: the same jobs are done by the root and by the chosen agent, and every answer is checked. Recorded outcomes are no measure of it: the agent was
/// chosen because of them.
/// </summary>
public sealed record RunUtility
{
    /// <summary>How many jobs are done when nobody says otherwise: enough to tell five per cent.</summary>
    public const int DefaultJobs = 400;

    private RunUtility()
    {
    }

    /// <summary>The chosen agent's number.</summary>
    public required int Agent { get; init; }

    /// <summary>Root and chosen agent compared; latency is counted in steps of the search.</summary>
    public required UtilityReading Reading { get; init; }

    /// <summary>Jobs solved by the root and by the chosen agent.</summary>
    public required (int Before, int Now) Solved { get; init; }

    /// <summary>How many jobs.</summary>
    public required int Jobs { get; init; }

    /// <summary>The standard error of the uplift: jobs are compared in pairs.</summary>
    public required double UpliftError { get; init; }

    /// <summary>What the run has spent to find the agent.</summary>
    public required decimal Spent { get; init; }

    /// <summary>After how many jobs the run has paid for itself; null when the agent is worth no more than the root.</summary>
    public long? PaysBackAfter => Reading.Utility > Reading.BaselineUtility ? (long)Math.Ceiling(Spent / ((Reading.Utility - Reading.BaselineUtility) / Jobs)) : null;

    /// <summary>Measures a run.</summary>
    /// <param name="state">The run, as far as it is.</param>
    /// <param name="jobs">How many jobs.</param>
    /// <param name="fee">The platform's fee as a share of the value.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="HgmException"><c>no-agent</c> when all agents are set aside; <c>no-program</c> when agents are not programs of this system; <c>jobs-range</c>.</exception>
    public static RunUtility Of(RunState state, int jobs, decimal fee, CancellationToken cancellation)
    {
        if (jobs is < 50 or > 100_000)
        {
            throw new HgmException("jobs-range", $"{jobs} jobs are not from 50 to 100000.", $"Take {DefaultJobs}.");
        }

        var best = BestBelief.Choose(state);
        if (best < 0)
        {
            throw new HgmException("no-agent", "All agents of the run are set aside; there is none to measure.", "Measure another run.");
        }

        var tasks = TaskSet.HeldOut(state.Settings.Seed, jobs);
        // The root would have paid the fee as well.
        var (before, now) = (Done(state.Artifact(0)).ConvertAll(job => job with { Cost = job.Cost + job.Value * fee }), Done(state.Artifact(best)));
        var reading = UtilityReading.Of(before, now, fee);
        var differences = Estimate.Of(before.Zip(now, (root, chosen) => (double)(chosen.Value * (1m - fee) - chosen.Cost - (root.Value - root.Cost))));
        return new RunUtility
        {
            Agent = best,
            Reading = reading,
            Solved = (before.Count(job => job.Value > 0m), now.Count(job => job.Value > 0m)),
            Jobs = jobs,
            UpliftError = reading.BaselineUtility == 0m ? double.NaN : differences.Error * jobs / (double)Math.Abs(reading.BaselineUtility),
            Spent = decimal.Parse(state.Ledger.Run.Cost.ToString(), CultureInfo.InvariantCulture),
        };

        List<UtilityJob> Done(string? artifact)
        {
            try
            {
                return [.. EvolutionWorld.Trials(artifact ?? "", tasks, cancellation).Select((trial, job) => new UtilityJob(job.ToString(CultureInfo.InvariantCulture), trial.Passed ? 1m : 0m, 0.001m * trial.Steps, trial.Steps))];
            }
            catch (ArgumentException problem)
            {
                throw new HgmException("no-program", $"An agent of the run is no program that this system can try again: {problem.Message}", "Measure a run of the world 'programs'.");
            }
        }
    }

    /// <summary>How the measured run stands to the demands of the benchmark. An uplift that is above the demand by less than <see cref="GuardrailVerdicts.Margin"/> standard errors cannot be told from chance and is unknown.</summary>
    public IReadOnlyList<Guardrail> GuardrailsOf(string run)
    {
        var (least, most) = (MicroSet.LeastUplift, MicroSet.MostLatencyDelta);
        var isHeld = GuardrailVerdicts.IsAtLeast((double)Reading.Uplift, UpliftError, (double)least);
        return
        [
            new Guardrail(
                "utility-uplift",
                Guardrail.Of(isHeld),
                string.Create(CultureInfo.InvariantCulture, $"{Guardrail.Percent(Reading.Uplift)} ±{100 * UpliftError:0.0} by agent {Agent} of run '{run}' on {Jobs} jobs that it was not chosen by"),
                string.Create(CultureInfo.InvariantCulture, $"at least {Guardrail.Percent(least)}, by {GuardrailVerdicts.Margin:0} standard errors"),
                isHeld is null ? "Measure on more jobs: --jobs N." : "Let the run go on, or begin another with a larger budget: agijobs hgm run NAME --budget N"),
            new Guardrail(
                "job-latency",
                Guardrail.Of(Reading.LatencyDelta <= most),
                string.Create(CultureInfo.InvariantCulture, $"{Guardrail.Percent(Reading.LatencyDelta)}: {Reading.MeanLatency:0.0} steps a job"),
                $"at most {Guardrail.Percent(most)}",
                "Choose another agent: this one searches longer than the root."),
        ];
    }
}
