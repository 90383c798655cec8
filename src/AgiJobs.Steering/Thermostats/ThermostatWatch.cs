using System.Globalization;
using System.Security.Cryptography;
using AgiJobs.Control;
using AgiJobs.Hgm.Laws;

namespace AgiJobs.Steering.Thermostats;

/// <summary>By which rule a run is steered.</summary>
public enum ThermostatRule
{
    /// <summary>By ROI: <see cref="ThermostatLaw"/>, the runbooks' rule.</summary>
    Simple = 1,

    /// <summary>By what an expansion costs in evaluations: <see cref="CostRatioLaw"/>. The band is watched and decides nothing.</summary>
    CostRatio = 2,
}

/// <summary>What became of one look.</summary>
/// <param name="Sample">The sample; null when there was none.</param>
/// <param name="Run">The run as it was decided on; null without one.</param>
/// <param name="Reading">What the law made of the sample; null without one, or when nothing has happened since the last.</param>
/// <param name="AppliedAt">The run's version after a change that was made; null when none was.</param>
/// <param name="Escalates">Whether two control cycles have passed without recovery.</param>
/// <param name="Note">What else there is to say.</param>
/// <param name="IsEnd">Whether nothing comes after this.</param>
public sealed record WatchStep(RoiSample? Sample, WatchedRun? Run, ThermostatReading? Reading, long? AppliedAt, bool Escalates, string? Note, bool IsEnd);

/// <summary>
/// The thermostat at work: takes a sample, decides, and sets the run's parameters from outside. What it is about to do is written down before it is asked for, so that after a death at any moment no move is made
/// twice and none is forgotten: the run's own events tell whether it was made. Without a store nothing is kept and nothing is set: a dry run, whose recommendations add up. One call of
/// <see cref="LookAsync"/> at a time.
/// </summary>
/// <param name="settings">Of the law, checked.</param>
/// <param name="rule">By which rule.</param>
/// <param name="source">Where samples come from.</param>
/// <param name="hand">The hand on the run; null for samples of none.</param>
/// <param name="store">Where its memory is kept; null for a dry run.</param>
/// <param name="start">The parameters at the start of a dry run without a run.</param>
/// <param name="time">The clock.</param>
public sealed class ThermostatWatch(ThermostatSettings settings, ThermostatRule rule, ISampleSource source, IRunHand? hand, IThermostatStore? store, ThermostatState start, TimeProvider time)
{
    private const int Attempts = 8;

    private ThermostatMemory? _memory;

    /// <summary>What it remembers now.</summary>
    public ThermostatMemory Memory => _memory ?? new ThermostatMemory(null, start, 0, null, null);

    /// <summary>Takes one sample and does what is due.</summary>
    /// <exception cref="ControlException">
    /// The source or the run could not be read, or the run refuses the change; nothing was changed. With <see cref="ExitCode.Unknown"/> after a change was asked for it may have been made, and the next look, also of
    /// another process, finds out.
    /// </exception>
    public async Task<WatchStep> LookAsync(CancellationToken cancellation)
    {
        var run = hand is null ? null : await hand.ReadAsync(cancellation).ConfigureAwait(false);
        // Another run may have had the name before, on a local network that is gone.
        _memory ??= store?.Load() is { } loaded && loaded.Begun == run?.Begun ? loaded : new ThermostatMemory(run?.Begun, run is null ? start : start with { Alpha = run.Alpha, Prior = run.Prior }, 0, null, null);
        if (_memory.Intent is { } open && run is not null)
        {
            await SettleAsync(open, cancellation).ConfigureAwait(false);
        }

        var reading = await source.ReadAsync(cancellation).ConfigureAwait(false);
        if (reading.Sample is not { } sample)
        {
            return new WatchStep(null, run, null, null, false, reading.Note, reading.IsEnd || run is { IsFinished: true });
        }

        var isSame = (reading.Version is { } version && version == _memory.LastVersion) || (sample.At is { } at && at == _memory.State.LastAt);
        return isSame
            ? new WatchStep(sample, run, null, null, false, "nothing has happened since the last sample", reading.IsEnd || run is { IsFinished: true })
            : await DecideAsync(sample, reading, cancellation).ConfigureAwait(false);
    }

    private async Task<WatchStep> DecideAsync(RoiSample sample, SourceReading reading, CancellationToken cancellation)
    {
        var before = Memory;
        for (var attempt = 1; ; attempt++)
        {
            var run = hand is null ? null : await hand.ReadAsync(cancellation).ConfigureAwait(false);

            // The run is the truth about its parameters; a dry run goes on from what it would have set.
            var state = run is null || store is null ? before.State : before.State with { Alpha = run.Alpha, Prior = run.Prior };
            var found = rule == ThermostatRule.CostRatio ? ByCostRatio(state, sample, run) : ThermostatLaw.Observe(settings, state, sample, time.GetUtcNow());
            var (moves, escalates) = rule == ThermostatRule.CostRatio ? (0, false) : EscalationLaw.Observe(before.Moves, found);
            var isEnd = reading.IsEnd || run is { IsFinished: true };
            if (found.Outcome == ThermostatOutcome.Refused)
            {
                return new WatchStep(sample, run, found, null, escalates, null, isEnd);
            }

            var kept = before with { State = found.State, Moves = moves, LastVersion = reading.Version ?? before.LastVersion, Intent = null };
            if (found.Adjustment is not { } move || store is null)
            {
                Keep(kept);
                return new WatchStep(sample, run, found, null, escalates, null, isEnd);
            }

            // Where moves have failed twice people decide, and a run that is over takes none.
            if (escalates || run is null or { IsFinished: true })
            {
                Keep(kept with { State = found.State with { Alpha = state.Alpha, Prior = state.Prior } });
                return new WatchStep(sample, run, found, null, escalates, escalates ? "not applied: two moves have not helped" : "not applied: the run is over", isEnd);
            }

            var mark = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
            var intent = new ThermostatIntent(mark, run.Version, move.Alpha, move.Prior, Reason(move, mark), before.State, before.Moves);
            Keep(kept with { Intent = intent });
            var applied = await AskAsync(intent, cancellation).ConfigureAwait(false);
            if (applied is not null)
            {
                Keep(kept);
                return new WatchStep(sample, run, found, applied, false, null, isEnd);
            }

            Keep(before);
            if (attempt == Attempts)
            {
                throw new ControlException("stale-version", ExitCode.Failed, $"The run '{run.Run}' was steered by others {Attempts} times while it was decided about.", "Find out who steers it besides: 'agijobs ledger show' names them.");
            }
        }
    }

    // What a process that died left open: made, to be made, or overtaken by somebody.
    private async Task SettleAsync(ThermostatIntent intent, CancellationToken cancellation)
    {
        var kept = Memory with { Intent = null };
        if (await hand!.HasMarkAsync(intent.ExpectedVersion, intent.Mark, cancellation).ConfigureAwait(false))
        {
            Keep(kept);
            return;
        }

        var run = await hand.ReadAsync(cancellation).ConfigureAwait(false);
        if (!run.IsFinished && run.SteeredVersion <= intent.ExpectedVersion && await AskAsync(intent, cancellation).ConfigureAwait(false) is not null)
        {
            Keep(kept);
            return;
        }

        // What was asked for may have arrived in between, as the steering that made it stale.
        Keep(await hand.HasMarkAsync(intent.ExpectedVersion, intent.Mark, cancellation).ConfigureAwait(false) ? kept : Memory with { State = intent.Before, Moves = intent.MovesBefore, LastVersion = null, Intent = null });
    }

    private async Task<long?> AskAsync(ThermostatIntent intent, CancellationToken cancellation)
    {
        try
        {
            return await hand!.SetAsync(intent.ExpectedVersion, intent.Alpha, intent.Prior, intent.Reason, cancellation).ConfigureAwait(false);
        }
        catch (ControlException problem) when (problem.Exit != ExitCode.Unknown)
        {
            // Refused: nothing is open any more, and the sample is as if it had not been taken.
            Keep(Memory with { State = intent.Before, Moves = intent.MovesBefore, LastVersion = null, Intent = null });
            throw;
        }
    }

    private ThermostatReading ByCostRatio(ThermostatState state, RoiSample sample, WatchedRun? run)
    {
        var cooldown = state.Cooldown;
        var found = ThermostatLaw.Observe(settings, state, sample, time.GetUtcNow());
        if (found.Outcome == ThermostatOutcome.Refused)
        {
            return found;
        }

        var left = Math.Max(0, cooldown - 1);
        var calm = found with { State = found.State with { Alpha = state.Alpha, Prior = state.Prior, Cooldown = left, Window = found.State.Window }, Adjustment = null, Note = null, Outcome = found.Outcome is ThermostatOutcome.Filling ? ThermostatOutcome.Filling : ThermostatOutcome.Inside };
        if (run?.CostRatio is not { } ratio || cooldown > 0)
        {
            return calm with { Outcome = cooldown > 0 ? ThermostatOutcome.CoolingDown : calm.Outcome, Note = run?.CostRatio is null ? "the cost ratio is not known yet" : null };
        }

        var alpha = Math.Clamp(CostRatioLaw.Alpha(ratio), settings.MinWideningAlpha, Math.Max(settings.MinWideningAlpha, settings.MaxWideningAlpha));
        if (Math.Abs(alpha - state.Alpha) < CostRatioLaw.Hysteresis)
        {
            return calm;
        }

        var move = new ThermostatAdjustment("cost_ratio", ratio, state.Alpha, alpha, state.Prior, state.Prior, string.Create(CultureInfo.InvariantCulture, $"an expansion costs {ratio} evaluations"));
        return calm with { State = calm.State with { Alpha = alpha, Cooldown = settings.Cooldown }, Outcome = ThermostatOutcome.Adjusted, Adjustment = move, Note = move.Note };
    }

    private static string Reason(ThermostatAdjustment move, string mark) =>
        string.Create(CultureInfo.InvariantCulture, $"thermostat {move.Reason}: {(move.Reason is "cost_ratio" ? "cost ratio" : "average ROI")} {move.Average:0.####}{(move.Note is null ? "" : $"; {move.Note}")} [{mark}]");

    private void Keep(ThermostatMemory memory)
    {
        store?.Save(memory);
        _memory = memory;
    }
}
