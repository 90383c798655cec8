using System.Globalization;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Policies;
using AgiJobs.Hgm.Runs;
using AgiJobs.Hgm.Simulation;
using AgiJobs.Steering.Evolution;

namespace AgiJobs.Steering.Guardrails;

/// <summary>What one run came to.</summary>
/// <param name="Seed">Its seed.</param>
/// <param name="RootSolves">The share of jobs that the root solves; nobody was chosen by these jobs.</param>
/// <param name="BestSolves">The share that the chosen agent solves.</param>
/// <param name="Roi">Value over cost of the whole run; null when nothing was spent.</param>
/// <param name="Spent">What it spent.</param>
public sealed record EconomySample(ulong Seed, double RootSolves, double BestSolves, decimal? Roi, Amount Spent);

/// <summary>Whether growing agents pays, over many seeds and with its statistical error.</summary>
public static class EconomyStudy
{
    /// <summary>What the chosen agent must solve more than the root, as a share of all jobs.</summary>
    public const double LeastGain = 0.03;

    /// <summary>On how many jobs root and chosen agent are compared.</summary>
    public const int Jobs = 400;

    /// <summary>How many seeds tell the gain from chance.</summary>
    public const int DefaultSeeds = 24;

    /// <summary>The money that each run has: less than its evaluations would cost, so that the cap is met.</summary>
    public static Amount Cap { get; } = Amount.Parse("60");

    /// <summary>What each run follows, but for its seed.</summary>
    public static RunSettings Run { get; } = new() { FreeRootEvaluation = true, CostCap = Cap };

    /// <summary>Grows one run for each seed.</summary>
    public static async Task<IReadOnlyList<EconomySample>> SampleAsync(Study study, CancellationToken cancellation)
    {
        var samples = new EconomySample[study.Seeds];
        await Parallel.ForAsync(0, study.Seeds, new ParallelOptions { MaxDegreeOfParallelism = study.Threads, CancellationToken = cancellation }, async (replicate, stop) =>
        {
            var seed = study.SeedOf(replicate);
            var (store, settings, heldOut) = (new MemoryRunStore(), Run with { Seed = seed }, TaskSet.HeldOut(seed, Jobs));
            var state = await new RunDriver(store, EvolutionWorld.For(settings, store), workers: 1).DriveAsync("economy", EvolutionWorld.Begin(settings), stop).ConfigureAwait(false);
            samples[replicate] = new EconomySample(
                seed,
                EvolutionWorld.Accuracy(EvolutionWorld.RootArtifact, heldOut, stop),
                EvolutionWorld.Accuracy(state.Artifact(BestBelief.Choose(state))!, heldOut, stop),
                state.Ledger.Run.Roi,
                state.Budget.Spent);
        }).ConfigureAwait(false);
        return samples;
    }

    /// <summary>How the samples stand to the demands: a gain and a return that are above theirs by more than chance, and no run above its money.</summary>
    /// <param name="samples">The runs.</param>
    /// <param name="leastRoi">The least return, such as the sentinel's floor; null when it is not known.</param>
    public static IReadOnlyList<Guardrail> GuardrailsOf(IReadOnlyList<EconomySample> samples, decimal? leastRoi)
    {
        var gain = Estimate.Of(samples.Select(sample => sample.BestSolves - sample.RootSolves));
        var roi = Estimate.Of(samples.Select(sample => sample.Roi is { } known ? (double)known : double.NaN));
        var over = samples.Where(sample => sample.Spent > Cap).ToList();
        return
        [
            Of("economics-gain", GuardrailVerdicts.IsAtLeast(gain.Mean, gain.Error, LeastGain), FormattableString.Invariant($"the chosen agent solves {100 * gain.Mean:0.0} ±{100 * gain.Error:0.0} points more than the root over {gain.Count} seeds"), FormattableString.Invariant($"at least {100 * LeastGain:0.0} points")),
            Of("economics-return", leastRoi is not { } least || roi.Count < samples.Count ? null : GuardrailVerdicts.IsAtLeast(roi.Mean, roi.Error, (double)least), FormattableString.Invariant($"a return of {roi.Mean:0.00} ±{roi.Error:0.00} over {roi.Count} of {samples.Count} seeds"), leastRoi is { } floor ? FormattableString.Invariant($"at least {floor:0.00}") : "unknown: the sentinel's floor cannot be read"),
            new Guardrail(
                "economics-cap",
                samples.Count == 0 ? GuardrailVerdict.Unknown : Guardrail.Of(over.Count == 0),
                over.Count == 0 ? string.Create(CultureInfo.InvariantCulture, $"none of {samples.Count} runs spent more than {Cap}") : string.Create(CultureInfo.InvariantCulture, $"the run of seed {over[0].Seed} spent {over[0].Spent}"),
                $"at most {Cap} each",
                "A cap was overrun: do not start runs with money until this is mended."),
        ];

        static Guardrail Of(string name, bool? isHeld, string found, string demand) =>
            new(name, Guardrail.Of(isHeld), found, string.Create(CultureInfo.InvariantCulture, $"{demand}, by {GuardrailVerdicts.Margin:0} standard errors"), isHeld is null ? "Chance can have done it: take more seeds, --seeds N." : "Growing agents does not pay as it did: compare with 'agijobs hgm compare' of the version before.");
    }
}
