using System.Runtime.InteropServices;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Runs;

namespace AgiJobs.Hgm.Laws;

/// <summary>
/// What the sentinel knows of a run, folded from its events as a part of <see cref="RunState"/>: it cannot be forgotten and cannot lag behind. Counts of agents are kept before there are
/// settings too, so that a sentinel that comes late knows them; the window begins with the settings.
/// </summary>
public sealed class SentinelState
{
    private readonly List<Streak> _streaks = [];
    private readonly List<int> _atStreak = [];
    private readonly List<int> _pruned = [];
    private readonly List<SentinelHold> _holds = [];
    private readonly List<SentinelOverride> _overrides = [];
    private readonly Queue<Settled> _window = [];
    private bool _holdsExpansions;

    /// <summary>What the law follows; nothing while the run has no sentinel.</summary>
    public SentinelSettings? Settings { get; private set; }

    /// <summary>Why and by whom the settings were set.</summary>
    public string? SettingsReason { get; private set; }

    /// <summary>Judgements of the return below the floor, less those above it: from 0 to <see cref="SentinelSettings.MostBreaches"/>.</summary>
    public int Breaches { get; private set; }

    /// <summary>Evaluations that ended, those without a verdict too.</summary>
    public int Evidence { get; private set; }

    /// <summary>Cost and value of the operations in the window.</summary>
    public Account Rolling { get; private set; }

    /// <summary>How many operations are in the window.</summary>
    public int Rolled => _window.Count;

    /// <summary>By how much the budget was raised.</summary>
    public Amount ToppedUp { get; private set; }

    /// <summary>Rules that hold expansions, in the order in which they began to, whether overridden or not.</summary>
    public IReadOnlyList<SentinelHold> Holds => _holds;

    /// <summary>Overrides in force, one for a rule at most.</summary>
    public IReadOnlyList<SentinelOverride> Overrides => _overrides;

    /// <summary>Agents that the sentinel has set aside, in that order.</summary>
    public IReadOnlyList<int> Pruned => _pruned;

    /// <summary>The last time that an agent was set aside, or spared for being the last: what there is to acknowledge of <see cref="SentinelRules.FailureStreak"/>.</summary>
    public SentinelHold? LastPrune { get; private set; }

    /// <summary>Why the sentinel stopped the run; nothing while it has not.</summary>
    public SentinelHold? Stop { get; private set; }

    /// <summary>Whether a rule that nobody overrides holds expansions.</summary>
    public bool HoldsExpansions => _holdsExpansions;

    /// <summary>How many evaluations in a row the agent has failed, as the settings count.</summary>
    public int StreakOf(int agent) => Settings is { SuccessReset: false } ? _streaks[agent].Balance : _streaks[agent].Row;

    /// <summary>Whether the agent was spared in its streak for being the last that can be evaluated.</summary>
    public bool IsSpared(int agent) => _streaks[agent].Spared;

    /// <summary>Whether an override of the rule is in force.</summary>
    public bool IsOverridden(string rule)
    {
        foreach (var one in _overrides)
        {
            if (string.Equals(one.Rule, rule, StringComparison.Ordinal))
                return true;
        }

        return false;
    }

    /// <summary>The hold of a rule; nothing when it holds none.</summary>
    public SentinelHold? HoldOf(string rule)
    {
        foreach (var one in _holds)
        {
            if (string.Equals(one.Rule, rule, StringComparison.Ordinal))
                return one;
        }

        return null;
    }

    /// <summary>Agents at or above the streak's length, in the order of their numbers.</summary>
    internal IReadOnlyList<int> AtStreak => _atStreak;

    internal void Open() => _streaks.Add(default);

    internal void Settle(int operation, Amount cost, Amount value, bool isEvaluation, Account run)
    {
        Evidence += isEvaluation ? 1 : 0;
        if (Settings is not { } settings)
            return;
        if (settings.RollingWindow > 0)
        {
            _window.Enqueue(new Settled(operation, cost, value));
            Rolling = Rolling.Plus(cost, value);
            Shorten(settings.RollingWindow);
        }

        Judge(settings, run);
    }

    // A revocation takes the value back, a reinstatement brings it again; of what has left the window, only the whole run knows.
    internal void Revalue(int operation, Amount value, Account run)
    {
        if (Settings is not { } settings)
            return;
        for (var rest = _window.Count; rest > 0; rest--)
        {
            var one = _window.Dequeue();
            if (one.Operation == operation)
            {
                Rolling = Rolling.Plus(Amount.Zero, value - one.Value);
                one = one with { Value = value };
            }

            _window.Enqueue(one);
        }

        Judge(settings, run);
    }

    internal void Count(int agent, bool passed)
    {
        ref var streak = ref CollectionsMarshal.AsSpan(_streaks)[agent];
        if (passed)
            streak = new Streak(0, Math.Max(0, streak.Balance - 1), false);
        else
            streak = streak with { Row = streak.Row + 1, Balance = streak.Balance + 1 };
        MarkStreak(agent);
    }

    // A floor that the return is not below any more ends what was counted under the one before: a run that is held and has nothing to do would never be judged again.
    internal void Set(SentinelSet set, Account run)
    {
        Settings = set.Settings;
        SettingsReason = set.Reason;
        Shorten(Settings.RollingWindow);
        Breaches = IsBelow(Settings, run) == false || Settings.RoiFloor is null ? 0 : Math.Min(Breaches, Settings.MostBreaches);
        _atStreak.Clear();
        for (var agent = 0; agent < _streaks.Count; agent++)
            MarkStreak(agent);
    }

    internal void Hold(SentinelHeld held, long version)
    {
        Require();
        if (held.Rule is not (SentinelRules.RoiFloor or SentinelRules.BudgetSoft))
            throw new HgmException("unknown-rule", $"No rule '{held.Rule}' holds expansions.", $"Hold by {SentinelRules.RoiFloor} or {SentinelRules.BudgetSoft}.");
        if (HoldOf(held.Rule) is not null)
            throw new HgmException("already-held", $"{held.Rule} holds expansions already.", "Hold once, until it is released.");
        _holds.Add(new SentinelHold(held.Rule, held.Detail, version, null));
        Weigh();
    }

    internal void Release(SentinelReleased released)
    {
        if (HoldOf(released.Rule) is not { } hold)
            throw new HgmException("not-held", $"{released.Rule} holds nothing.", "Release what is held.");
        _holds.Remove(hold);
        Weigh();
    }

    internal void Prune(SentinelPruned pruned, long version)
    {
        Require();
        _atStreak.Remove(pruned.Agent);
        _pruned.Add(pruned.Agent);
        LastPrune = new SentinelHold(SentinelRules.FailureStreak, $"agent {pruned.Agent} set aside after {pruned.Failures} failures in a row", version, null);
    }

    internal void Spare(SentinelSpared spared, long version)
    {
        Require();
        ref var streak = ref CollectionsMarshal.AsSpan(_streaks)[spared.Agent];
        streak = streak with { Spared = true };
        LastPrune = new SentinelHold(SentinelRules.FailureStreak, $"agent {spared.Agent} failed {spared.Failures} in a row and is the last that can be evaluated", version, null);
    }

    internal void StopRun(SentinelStopped stopped, long version)
    {
        Require();
        if (Stop is not null)
            throw new HgmException("already-stopped", "The sentinel has stopped the run already.", "Stop once.");
        Stop = new SentinelHold(SentinelRules.Known(stopped.Rule), stopped.Detail, version, null);
    }

    internal void Acknowledge(SentinelAcknowledged acknowledged)
    {
        var rule = SentinelRules.Known(acknowledged.Rule);
        var target = rule switch
        {
            SentinelRules.FailureStreak => LastPrune,
            SentinelRules.BudgetCap => Stop,
            _ => HoldOf(rule),
        };
        if (target is null)
            throw new HgmException("nothing-to-acknowledge", $"{rule} has done nothing that stands.", "Acknowledge what the snapshot lists.");
        var seen = target with { Acknowledged = acknowledged.Reason };
        switch (rule)
        {
            case SentinelRules.FailureStreak: LastPrune = seen; break;
            case SentinelRules.BudgetCap: Stop = seen; break;
            default: _holds[_holds.IndexOf(target)] = seen; break;
        }
    }

    internal void Override(SentinelOverridden overridden, long version)
    {
        Require();
        if (!SentinelRules.Overridable.Contains(SentinelRules.Known(overridden.Rule), StringComparer.Ordinal))
            throw new HgmException("not-overridable", $"{overridden.Rule} cannot be overridden.", $"Raise the budget before it is spent; override one of {string.Join(", ", SentinelRules.Overridable)}.");
        if (IsOverridden(overridden.Rule))
            throw new HgmException("already-overridden", $"An override of {overridden.Rule} is in force.", "End it first (sentinel end-override), or wait for its end.");
        _overrides.Add(new SentinelOverride(overridden.Rule, overridden.Until, overridden.Reason, version));
        Weigh();
    }

    internal void EndOverride(SentinelOverrideEnded ended)
    {
        if (_overrides.RemoveAll(one => string.Equals(one.Rule, ended.Rule, StringComparison.Ordinal)) == 0)
            throw new HgmException("not-overridden", $"No override of {ended.Rule} is in force.", "End one that the snapshot lists.");
        Weigh();
    }

    internal void TopUp(Amount amount) => ToppedUp += amount;

    private void Require()
    {
        if (Settings is null)
            throw new HgmException("no-sentinel", "The run has no sentinel.", "Bring its settings into the run first.");
    }

    private void Shorten(int window)
    {
        while (_window.Count > window)
        {
            var gone = _window.Dequeue();
            Rolling = Rolling.Plus(Amount.Zero - gone.Cost, Amount.Zero - gone.Value);
        }
    }

    private void Judge(SentinelSettings settings, Account run)
    {
        if (Evidence >= settings.MinimumEvidence && IsBelow(settings, run) is { } below)
            Breaches = below ? Math.Min(Breaches + 1, settings.MostBreaches) : Math.Max(0, Breaches - 1);
    }

    // A return that is not known neither breaks the floor nor mends it. One beyond a decimal is no low one.
    private bool? IsBelow(SentinelSettings settings, Account run)
    {
        var judged = Judged(run);
        return settings.RoiFloor is { } floor && judged.Cost > Amount.Zero ? judged.Roi is { } roi && roi < floor : null;
    }

    /// <summary>What is held against the floor: the window when it is full, otherwise the whole run.</summary>
    /// <param name="run">The whole run.</param>
    public Account Judged(Account run) => Settings is { RollingWindow: > 0 and var size } && _window.Count >= size ? Rolling : run;

    private void MarkStreak(int agent)
    {
        if (Settings?.FailureStreak is not { } most)
            return;
        var at = _atStreak.BinarySearch(agent);
        var due = StreakOf(agent) >= most && !_pruned.Contains(agent);
        if (due && at < 0)
            _atStreak.Insert(~at, agent);
        else if (!due && at >= 0)
            _atStreak.RemoveAt(at);
    }

    private void Weigh() => _holdsExpansions = _holds.Exists(hold => !IsOverridden(hold.Rule));

    private readonly record struct Streak(int Row, int Balance, bool Spared);

    private readonly record struct Settled(int Operation, Amount Cost, Amount Value);
}

/// <summary>What a rule has done, and still stands.</summary>
/// <param name="Rule">Which rule.</param>
/// <param name="Detail">With which numbers.</param>
/// <param name="Version">Which event of the run it is, counted from 1.</param>
/// <param name="Acknowledged">Who has seen it; nothing while nobody has.</param>
public sealed record SentinelHold(string Rule, string Detail, long Version, string? Acknowledged);

/// <summary>A rule that people have set aside for a time.</summary>
/// <param name="Rule">Which rule.</param>
/// <param name="Until">Until when; from then on the driver ends it.</param>
/// <param name="Reason">Why and by whom.</param>
/// <param name="Version">Which event of the run it is, counted from 1.</param>
public sealed record SentinelOverride(string Rule, DateTimeOffset Until, string Reason, long Version);
