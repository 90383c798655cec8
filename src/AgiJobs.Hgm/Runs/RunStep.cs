using AgiJobs.Hgm.Laws;
using AgiJobs.Hgm.Policies;
using AgiJobs.Hgm.Sampling;

namespace AgiJobs.Hgm.Runs;

/// <summary>What a run does next: a pure function of its state.</summary>
public static class RunStep
{
    /// <summary>
    /// The event to append next: an intervention of the sentinel, the start of an operation, or the end of the run; nothing when an operation in flight must end first. Nothing without an
    /// operation in flight means that the run is held (its expansions are) and goes on when somebody lets it.
    /// </summary>
    public static RunEvent? Next(RunState state, IPolicy policy)
    {
        if (state.Finished is not null)
            return null;
        if (SentinelLaw.Next(state) is { } intervention)
            return intervention;
        var settings = state.Settings;
        if (state.StopReason is not null)
            return Ended(state, RunEnd.Stopped);
        if (state.VoidsInARow >= MostVoids(settings))
            return Ended(state, RunEnd.NoVerdicts);
        if (state.Pending.Count >= settings.Concurrency)
            return null;
        if (settings.FreeRootEvaluation && state is { ExpansionsStarted: 0, EvaluationsStarted: 0 })
        {
            if (state.IsEvaluable(0))
            {
                return state.Budget.CanReserve(settings.EvaluationReserve)
                    ? new EvaluationStarted(state.OperationsStarted, 0, state.Allocation.FreeTask(0, 0), Charged: false, settings.EvaluationReserve)
                    : Broke(state);
            }

            if (state.Pending.Count > 0)
                return null;
        }

        if (state.EvaluationsStarted >= settings.Evaluations)
            return Ended(state, RunEnd.EvaluationsSpent);

        var random = Xoshiro256.Of(settings.Seed, RandomPurpose.Decision, (ulong)state.OperationsStarted);
        var decision = policy.Decide(state, ref random);
        if (decision.IsWait)
            return state.ExpansionsOpen ? Ended(state, RunEnd.NothingLeft) : null;
        var reserve = decision.IsExpansion ? settings.ExpansionReserve : settings.EvaluationReserve;
        if (!state.Budget.CanReserve(reserve))
            return Broke(state);
        return decision.IsExpansion
            ? new ExpansionStarted(state.OperationsStarted, decision.Agent, reserve)
            : new EvaluationStarted(state.OperationsStarted, decision.Agent, decision.Task, Charged: true, reserve);
    }

    // The money that is left does not reach for the next operation. Work in flight may still give some back.
    private static RunEvent? Broke(RunState state) => SentinelLaw.Exhausted(state) ?? (RunEvent?)Ended(state, RunEnd.CostCap);

    /// <summary>After how many evaluations in a row without a verdict a run ends: ten agents' worth, and what may have been in flight when it began.</summary>
    public static int MostVoids(RunSettings settings) => 10 * settings.VoidCap + settings.Concurrency;

    private static RunFinished? Ended(RunState state, RunEnd end) => state.Pending.Count > 0 ? null : new RunFinished(end, BestBelief.Choose(state));
}
