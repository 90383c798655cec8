using System.Globalization;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Runs;

namespace AgiJobs.Hgm.Laws;

/// <summary>
/// The sentinel: a pure function of a run's state that says which intervention is due. <see cref="RunStep"/> asks it before anything else, so that it intervenes between two events of the
/// run and the run stays the same to the byte for any number of workers and after any kill. It never opens a person's gate, and a person's gate never ends one of its holds.
/// </summary>
public static class SentinelLaw
{
    /// <summary>The intervention that is due; nothing when none is, when the run has no sentinel, or when it is stopped or over.</summary>
    public static RunEvent? Next(RunState state)
    {
        var sentinel = state.Sentinel;
        if (sentinel.Settings is not { } settings || state.StopReason is not null || state.Finished is not null)
            return null;
        if (state.SentinelCap is { } cap && state.Budget.Spent >= cap)
            return Stopped(state, cap);
        return Roi(state, sentinel, settings) ?? Soft(state, sentinel, settings) ?? Streak(state, sentinel, settings);
    }

    /// <summary>The stop that is due when nothing is in flight and the next operation may cost more than the sentinel's cap leaves; nothing when another cap is the lower one.</summary>
    internal static SentinelStopped? Exhausted(RunState state) =>
        state.SentinelCap is { } cap && state.Budget.Cap == cap && state.Pending.Count == 0 ? Stopped(state, cap) : null;

    private static SentinelStopped Stopped(RunState state, Amount cap) =>
        new(SentinelRules.BudgetCap, $"{state.Budget.Spent} of the cap of {cap} are spent, {state.Budget.Reserved} are promised to work in flight");

    private static RunEvent? Roi(RunState state, SentinelState sentinel, SentinelSettings settings)
    {
        var held = sentinel.HoldOf(SentinelRules.RoiFloor) is not null;
        if (held && sentinel.Breaches == 0)
            return new SentinelReleased(SentinelRules.RoiFloor, settings.RoiFloor is { } floor ? $"{Return(state, sentinel)}, the floor is {Text(floor)}" : "there is no floor any more");
        return !held && settings.RoiFloor is { } least && sentinel.Breaches >= settings.RoiGrace
            ? new SentinelHeld(SentinelRules.RoiFloor, string.Create(CultureInfo.InvariantCulture, $"{Return(state, sentinel)}, below the floor of {Text(least)} at {sentinel.Breaches} judgements"))
            : null;
    }

    private static RunEvent? Soft(RunState state, SentinelState sentinel, SentinelSettings settings)
    {
        var held = sentinel.HoldOf(SentinelRules.BudgetSoft) is not null;
        var reached = state.Budget.Cap is { } cap && state.Budget.Spent >= SoftCap(cap, settings);
        if (reached == held)
            return null;
        var detail = state.Budget.Cap is { } limit ? $"{state.Budget.Spent} of the cap of {limit} are spent, the soft share is {Text(settings.SoftRatio)}" : "there is no cap any more";
        return reached ? new SentinelHeld(SentinelRules.BudgetSoft, detail) : new SentinelReleased(SentinelRules.BudgetSoft, detail);
    }

    /// <summary>What of a cap may be spent before expansions are held.</summary>
    public static Amount SoftCap(Amount cap, SentinelSettings settings) => Amount.OfAtoms((cap.Atoms * (long)(settings.SoftRatio * 10_000m) + 9_999) / 10_000);

    private static RunEvent? Streak(RunState state, SentinelState sentinel, SentinelSettings settings)
    {
        if (sentinel.AtStreak.Count == 0 || sentinel.IsOverridden(SentinelRules.FailureStreak))
            return null;
        foreach (var agent in sentinel.AtStreak)
        {
            if (state.IsPruned(agent) || Succeeds(state, agent, settings))
                continue;
            if (OtherEvaluable(state, agent))
                return new SentinelPruned(agent, sentinel.StreakOf(agent));
            if (!sentinel.IsSpared(agent))
                return new SentinelSpared(agent, sentinel.StreakOf(agent));
        }

        return null;
    }

    private static bool Succeeds(RunState state, int agent, SentinelSettings settings)
    {
        var (successes, failures) = (state.Tree.Successes[agent], state.Tree.Failures[agent]);
        return successes > 0 && successes >= settings.SuccessThreshold * (successes + failures);
    }

    private static bool OtherEvaluable(RunState state, int agent)
    {
        for (var other = 0; other < state.Tree.Count; other++)
        {
            if (other != agent && state.IsEvaluable(other))
                return true;
        }

        return false;
    }

    private static string Return(RunState state, SentinelState sentinel)
    {
        var judged = sentinel.Judged(state.Ledger.Run);
        var over = judged == sentinel.Rolling && sentinel.Rolled > 0 && sentinel.Rolled == sentinel.Settings!.RollingWindow ? string.Create(CultureInfo.InvariantCulture, $"of the last {sentinel.Rolled} operations") : "of the run";
        return $"the return {over} is {(judged.Roi is { } roi ? Text(decimal.Round(roi, 4)) : "not known")}";
    }

    private static string Text(decimal value) => value.ToString("0.####", CultureInfo.InvariantCulture);
}
