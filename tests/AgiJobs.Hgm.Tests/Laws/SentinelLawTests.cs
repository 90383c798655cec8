using AgiJobs.Hgm.Laws;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Policies;
using AgiJobs.Hgm.Runs;

namespace AgiJobs.Hgm.Tests.Laws;

public sealed class SentinelLawTests
{
    // What the law needs to reproduce the upstream sentinel: no evidence asked for, lifetime return, nobody spared.
    private static readonly SentinelSettings Upstream = new() { MinimumEvidence = 0, RollingWindow = 0, FailureStreak = null, SuccessThreshold = 1m };

    [Fact]
    public void Golden_three_expansions_of_cost_one_hold_and_the_fifth_evaluation_lets_go()
    {
        var run = new Played(Upstream with { RoiFloor = 1.2m, RoiGrace = 3 });
        for (var breach = 1; breach <= 3; breach++)
        {
            Assert.True(run.State.ExpansionsOpen);
            run.Expand("1");
            Assert.Equal(breach, run.State.Sentinel.Breaches);
        }

        Assert.Equal(SentinelRules.RoiFloor, Assert.Single(run.State.Sentinel.Holds).Rule);
        Assert.False(run.State.ExpansionsOpen);
        foreach (var (roi, breaches) in ((string, int)[])[("1", 4), ("1.6", 3), ("2", 2), ("2.2857142857142", 1), ("2.5", 0), ("2.6666666666666", 0)])
        {
            run.Evaluate(0, true, "1", "4");
            Assert.StartsWith(run.State.Ledger.Run.Roi!.Value.ToString("0.############", System.Globalization.CultureInfo.InvariantCulture), roi, StringComparison.Ordinal);
            Assert.Equal((breaches, breaches == 0), (run.State.Sentinel.Breaches, run.State.ExpansionsOpen));
        }

        Assert.Equal(["SentinelHeld", "SentinelReleased"], run.Interventions);
    }

    [Fact]
    public void Golden_the_soft_share_holds_at_80_and_the_cap_stops_at_100()
    {
        var run = new Played(Upstream with { RoiFloor = null, BudgetCap = Money("100"), SoftRatio = 0.8m });
        run.Evaluate(0, true, "79", "200");
        Assert.Empty(run.State.Sentinel.Holds);
        run.Evaluate(0, true, "1", "0");
        Assert.Equal(SentinelRules.BudgetSoft, Assert.Single(run.State.Sentinel.Holds).Rule);
        Assert.Null(run.State.StopReason);
        run.Evaluate(0, true, "19", "0");
        Assert.Null(run.State.StopReason);
        run.Evaluate(0, true, "1", "0");
        Assert.Equal(SentinelRules.BudgetCap, run.State.Sentinel.Stop!.Rule);
        Assert.Equal(["SentinelHeld", "SentinelStopped"], run.Interventions);

        // Upstream counts 105: here the operation never starts.
        Assert.Equal("cap-reached", Assert.Throws<HgmException>(() => run.Evaluate(0, true, "5", "0")).Code);
        Assert.Equal(RunEnd.Stopped, Assert.IsType<RunFinished>(RunStep.Next(run.State, PolicyNames.Find("hgm"))).Reason);
    }

    [Fact]
    public void Nothing_is_judged_before_there_is_evidence()
    {
        var run = new Played(Upstream with { RoiFloor = 1.2m, RoiGrace = 1, MinimumEvidence = 3 });
        for (var i = 0; i < 8; i++)
            run.Expand("1");
        run.Evaluate(0, false, "1", "0");
        run.Void(0, "1");
        Assert.Equal((0, 0), (run.State.Sentinel.Breaches, run.State.Sentinel.Holds.Count));
        run.Evaluate(0, false, "1", "0");
        Assert.Single(run.State.Sentinel.Holds);
    }

    [Fact]
    public void A_return_that_is_not_known_is_no_low_one_and_no_good_one()
    {
        var run = new Played(Upstream with { RoiFloor = 1.2m, RoiGrace = 1, RollingWindow = 2 });
        run.Evaluate(0, false, "0", "0");
        run.Evaluate(0, true, "0", "5");
        run.Evaluate(0, false, "0", "0");
        Assert.Equal(0, run.State.Sentinel.Breaches);
        run.Evaluate(0, false, "1", "0");
        Assert.Equal(1, run.State.Sentinel.Breaches);
        run.Evaluate(0, false, "0", "0");
        Assert.Equal(2, run.State.Sentinel.Breaches);

        // The window costs nothing now: the hold stays as it is.
        run.Evaluate(0, true, "0", "9");
        Assert.Equal((2, false), (run.State.Sentinel.Breaches, run.State.ExpansionsOpen));
    }

    [Fact]
    public void A_return_on_the_floor_is_not_below_it_and_decimals_decide()
    {
        // Twelve times 2.3 is more than 27.6 in binary.
        var run = new Played(Upstream with { RoiFloor = 2.3m, RoiGrace = 1 });
        for (var i = 0; i < 12; i++)
            run.Evaluate(0, true, "0.1", "0.23");
        Assert.Equal(0, run.State.Sentinel.Breaches);
        run.Evaluate(0, true, "0.1", "0.229999999999999999");
        Assert.Equal(1, run.State.Sentinel.Breaches);
    }

    [Fact]
    public void A_full_window_sees_the_collapse_that_old_gains_hide_and_forgives_what_is_long_past()
    {
        var run = new Played(Upstream with { RoiFloor = 1m, RoiGrace = 2, RollingWindow = 3 });
        run.Evaluate(0, true, "1", "100");
        for (var i = 0; i < 3; i++)
            run.Evaluate(0, false, "1", "0");
        Assert.True(run.State.Ledger.Run.Roi > 20m);
        run.Evaluate(0, false, "1", "0");
        Assert.Equal((0m, 2), (run.State.Sentinel.Rolling.Roi, run.State.Sentinel.Breaches));
        Assert.False(run.State.ExpansionsOpen);
        Assert.Contains("of the last 3 operations is 0,", run.State.Sentinel.Holds[0].Detail, StringComparison.Ordinal);

        var other = new Played(Upstream with { RoiFloor = 1m, RoiGrace = 2, RollingWindow = 3 });
        other.Evaluate(0, false, "100", "0");
        for (var i = 0; i < 8; i++)
            other.Evaluate(0, true, "1", "2");
        Assert.True(other.State.Ledger.Run.Roi < 1m);
        Assert.Equal((0, true), (other.State.Sentinel.Breaches, other.State.ExpansionsOpen));
    }

    [Fact]
    public void A_revoked_result_is_taken_out_of_the_window_and_judged_and_comes_back()
    {
        var run = new Played(Upstream with { RoiFloor = 1m, RoiGrace = 1, RollingWindow = 2 });
        run.Evaluate(0, true, "1", "2");
        run.Evaluate(0, true, "1", "2");
        run.Apply(new ResultRevoked(1, "slashed"));
        Assert.Equal((Money("2"), 0), (run.State.Sentinel.Rolling.Value, run.State.Sentinel.Breaches));
        run.Apply(new ResultRevoked(0, "slashed"));
        Assert.Equal((Amount.Zero, false), (run.State.Sentinel.Rolling.Value, run.State.ExpansionsOpen));
        run.Apply(new ResultReinstated(1, "appeal"));
        Assert.Equal((Money("2"), true), (run.State.Sentinel.Rolling.Value, run.State.ExpansionsOpen));
    }

    [Fact]
    public void However_long_it_lasts_recovery_takes_no_more_than_twice_the_grace()
    {
        var run = new Played(Upstream with { RoiFloor = 1m, RoiGrace = 3, RollingWindow = 1 });
        for (var i = 0; i < 50; i++)
            run.Evaluate(0, false, "1", "0");
        Assert.Equal(6, run.State.Sentinel.Breaches);
        for (var i = 0; i < 6; i++)
        {
            Assert.False(run.State.ExpansionsOpen);
            run.Evaluate(0, true, "1", "2");
        }

        Assert.True(run.State.ExpansionsOpen);
    }

    [Fact]
    public void A_top_up_clears_the_soft_cap_and_a_stop_is_for_good()
    {
        var run = new Played(Upstream with { RoiFloor = null, BudgetCap = Money("10"), SoftRatio = 0.5m });
        run.Evaluate(0, true, "5", "5");
        Assert.False(run.State.ExpansionsOpen);
        run.Apply(new BudgetToppedUp(Money("10"), "finance and commander"));
        Assert.True(run.State.ExpansionsOpen);
        Assert.Equal((Money("20"), Money("20")), (run.State.SentinelCap, run.State.Budget.Cap));
        run.Evaluate(0, true, "15", "5");
        Assert.Equal(SentinelRules.BudgetCap, run.State.Sentinel.Stop!.Rule);
        Assert.Equal("already-stopped", run.Refused(new BudgetToppedUp(Money("10"), "late")));
        Assert.Equal("already-stopped", run.Refused(new SentinelStopped(SentinelRules.BudgetCap, "twice")));
    }

    [Fact]
    public void The_lower_of_the_caps_holds_and_a_top_up_raises_both()
    {
        var state = RunState.Fold([new RunStarted(Settings with { CostCap = Money("7") }, null), new SentinelSet(Upstream with { BudgetCap = Money("9") }, "test")]);
        Assert.Equal(Money("7"), state.Budget.Cap);
        state.Apply(new SentinelSet(Upstream with { BudgetCap = Money("4") }, "test"));
        Assert.Equal(Money("4"), state.Budget.Cap);
        state.Apply(new BudgetToppedUp(Money("1"), "test"));
        Assert.Equal((Money("5"), Money("5")), (state.Budget.Cap, state.SentinelCap));
        state.Apply(new SentinelSet(Upstream, "test"));
        Assert.Equal((Money("8"), null), (state.Budget.Cap, state.SentinelCap));
        var without = RunState.Fold([new RunStarted(Settings, null)]);
        Assert.Equal("no-cap", Assert.Throws<HgmException>(() => without.Apply(new BudgetToppedUp(Money("1"), "test"))).Code);
        Assert.Equal("amount-out-of-range", Assert.Throws<HgmException>(() => state.Apply(new BudgetToppedUp(Amount.Zero, "test"))).Code);
        Assert.Equal("amount-out-of-range", Assert.Throws<HgmException>(() => state.Apply(new BudgetToppedUp(Amount.Most, "test"))).Code);
        Assert.Equal("bad-setting", Assert.Throws<HgmException>(() => RunState.Fold([new RunStarted(new RunSettings(), null), new SentinelSet(Upstream with { BudgetCap = Money("9") }, "test")])).Code);
    }

    [Fact]
    public void When_the_next_operation_could_overrun_the_cap_the_sentinel_stops_once_nothing_is_in_flight()
    {
        var state = RunState.Fold(
        [
            new RunStarted(Settings with { Concurrency = 3 }, null), new SentinelSet(Upstream with { RoiFloor = null, BudgetCap = Money("3"), SoftRatio = 1m }, "test"),
            new ExpansionStarted(0, 0, Money("1")), new ExpansionStarted(1, 0, Money("1.5")),
        ]);
        Assert.Null(RunStep.Next(state, PolicyNames.Find("hgm")));
        state.Apply(new AgentAdded(0, null, Money("1")));
        state.Apply(new AgentAdded(1, null, Money("1.5")));
        var stop = Assert.IsType<SentinelStopped>(RunStep.Next(state, PolicyNames.Find("hgm")));
        Assert.Contains("2.5 of the cap of 3", stop.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_streak_sets_an_agent_aside_and_a_pass_ends_it()
    {
        var run = new Played(Upstream with { RoiFloor = null, FailureStreak = 3 });
        run.Expand("0");
        run.Evaluate(1, false, "0", "0");
        run.Evaluate(1, false, "0", "0");
        run.Evaluate(1, true, "0", "0");
        run.Void(1, "0");
        Assert.Equal(0, run.State.Sentinel.StreakOf(1));
        run.Evaluate(1, false, "0", "0");
        run.Evaluate(1, false, "0", "0");
        Assert.False(run.State.IsPruned(1));
        run.Evaluate(1, false, "0", "0");
        Assert.True(run.State.IsPruned(1));
        Assert.Equal([1], run.State.Sentinel.Pruned);
        Assert.False(run.State.IsPruned(0));
    }

    [Fact]
    public void Without_the_reset_a_pass_takes_one_failure_off()
    {
        var run = new Played(Upstream with { RoiFloor = null, FailureStreak = 3, SuccessReset = false });
        run.Expand("0");
        foreach (var passed in (bool[])[false, false, true, false])
            run.Evaluate(1, passed, "0", "0");
        Assert.False(run.State.IsPruned(1));
        run.Evaluate(1, false, "0", "0");
        Assert.True(run.State.IsPruned(1));
    }

    [Fact]
    public void An_agent_that_succeeds_on_the_whole_is_not_set_aside_until_it_no_longer_does()
    {
        var run = new Played(Upstream with { RoiFloor = null, FailureStreak = 2, SuccessThreshold = 0.5m });
        run.Expand("0");
        foreach (var passed in (bool[])[true, true, true, false, false, false])
            run.Evaluate(1, passed, "0", "0");
        Assert.False(run.State.IsPruned(1));
        run.Evaluate(1, false, "0", "0");
        Assert.True(run.State.IsPruned(1));
    }

    [Fact]
    public void The_last_that_can_be_evaluated_is_spared_aloud_and_once_and_goes_when_there_is_another()
    {
        var run = new Played(Upstream with { RoiFloor = null, FailureStreak = 2 });
        for (var i = 0; i < 5; i++)
            run.Evaluate(0, false, "0", "0");
        Assert.Equal(["SentinelSpared"], run.Interventions);
        Assert.True(run.State.Sentinel.IsSpared(0));
        Assert.False(run.State.IsPruned(0));
        run.Expand("0");
        Assert.Equal(["SentinelSpared", "SentinelPruned"], run.Interventions);
        Assert.True(run.State.IsPruned(0));
    }

    [Fact]
    public void A_sentinel_that_comes_late_knows_the_streaks_and_the_evidence()
    {
        var run = new Played(null);
        run.Expand("1");
        for (var i = 0; i < 4; i++)
            run.Evaluate(1, false, "1", "0");
        run.Apply(new SentinelSet(Upstream with { RoiFloor = 1m, RoiGrace = 1, MinimumEvidence = 5, FailureStreak = 3 }, "late"));
        Assert.True(run.State.IsPruned(1));
        Assert.Equal((4, 0), (run.State.Sentinel.Evidence, run.State.Sentinel.Breaches));
        run.Evaluate(0, false, "1", "0");
        Assert.False(run.State.ExpansionsOpen);
    }

    [Fact]
    public void A_persons_gate_and_the_sentinels_hold_do_not_open_each_other()
    {
        var run = new Played(Upstream with { RoiFloor = 1m, RoiGrace = 1, RollingWindow = 1 });
        run.Evaluate(0, false, "1", "0");
        run.Apply(new ExpansionGateSet(false, "a person"));
        run.Apply(new ExpansionGateSet(true, "a person"));
        Assert.False(run.State.ExpansionsOpen);
        run.Apply(new ExpansionGateSet(false, "a person"));
        run.Evaluate(0, true, "1", "5");
        Assert.Empty(run.State.Sentinel.Holds);
        Assert.Equal((false, false), (run.State.GateOpen, run.State.ExpansionsOpen));
        run.Apply(new ExpansionGateSet(true, "a person"));
        Assert.True(run.State.ExpansionsOpen);
    }

    [Fact]
    public void An_override_opens_its_own_rule_alone_and_ends()
    {
        var run = new Played(Upstream with { RoiFloor = 1m, RoiGrace = 1, BudgetCap = Money("10"), SoftRatio = 0.1m, FailureStreak = 2 });
        run.Expand("0");
        run.Apply(new SentinelOverridden(SentinelRules.FailureStreak, Noon, "two people"));
        run.Evaluate(1, false, "1", "0");
        run.Evaluate(1, false, "0.1", "0");
        Assert.Equal(2, run.State.Sentinel.Holds.Count);
        Assert.False(run.State.IsPruned(1));
        run.Apply(new SentinelOverridden(SentinelRules.RoiFloor, Noon, "two people"));
        Assert.False(run.State.ExpansionsOpen);
        run.Apply(new SentinelOverridden(SentinelRules.BudgetSoft, Noon, "two people"));
        Assert.True(run.State.ExpansionsOpen);
        Assert.Equal("already-overridden", run.Refused(new SentinelOverridden(SentinelRules.BudgetSoft, Noon, "again")));
        Assert.Equal("not-overridable", run.Refused(new SentinelOverridden(SentinelRules.BudgetCap, Noon, "no")));
        Assert.Equal("unknown-rule", run.Refused(new SentinelOverridden("roi", Noon, "no")));
        run.Apply(new SentinelOverrideEnded(SentinelRules.RoiFloor, "expired"));
        Assert.False(run.State.ExpansionsOpen);
        Assert.Equal("not-overridden", run.Refused(new SentinelOverrideEnded(SentinelRules.RoiFloor, "expired")));
        run.Apply(new SentinelOverrideEnded(SentinelRules.FailureStreak, "expired"));
        Assert.True(run.State.IsPruned(1));
    }

    [Fact]
    public void An_acknowledgement_is_for_what_stands_and_a_new_hold_is_not_acknowledged()
    {
        var run = new Played(Upstream with { RoiFloor = 1m, RoiGrace = 1, RollingWindow = 1 });
        Assert.Equal("nothing-to-acknowledge", run.Refused(new SentinelAcknowledged(SentinelRules.RoiFloor, "ada")));
        run.Evaluate(0, false, "1", "0");
        run.Apply(new SentinelAcknowledged(SentinelRules.RoiFloor, "ada"));
        Assert.Equal("ada", run.State.Sentinel.HoldOf(SentinelRules.RoiFloor)!.Acknowledged);
        Assert.False(run.State.ExpansionsOpen);
        run.Evaluate(0, true, "1", "5");
        run.Evaluate(0, false, "1", "0");
        Assert.Null(run.State.Sentinel.HoldOf(SentinelRules.RoiFloor)!.Acknowledged);
    }

    [Fact]
    public void A_lower_floor_lets_a_run_go_that_would_never_be_judged_again()
    {
        var run = new Played(Upstream with { RoiFloor = 1m, RoiGrace = 1 });
        run.Evaluate(0, true, "1", "0.7");
        Assert.False(run.State.ExpansionsOpen);
        run.Apply(new SentinelSet(Upstream with { RoiFloor = 0.8m, RoiGrace = 1 }, "still too high"));
        Assert.False(run.State.ExpansionsOpen);
        run.Apply(new SentinelSet(Upstream with { RoiFloor = 0.6m, RoiGrace = 1 }, "lower"));
        Assert.True(run.State.ExpansionsOpen);
    }

    [Fact]
    public void Nothing_can_be_told_a_sentinel_that_is_not_there()
    {
        var run = new Played(null);
        foreach (var happened in (RunEvent[])[new SentinelHeld(SentinelRules.RoiFloor, ""), new SentinelPruned(0, 1), new SentinelSpared(0, 1), new SentinelStopped(SentinelRules.BudgetCap, ""), new SentinelOverridden(SentinelRules.RoiFloor, Noon, "")])
            Assert.Equal("no-sentinel", run.Refused(happened));
        Assert.Equal("not-held", run.Refused(new SentinelReleased(SentinelRules.RoiFloor, "")));
        Assert.Null(SentinelLaw.Next(run.State));
    }

    [Fact]
    public void Settings_out_of_bounds_are_refused_by_name()
    {
        foreach (var (bad, name) in ((SentinelSettings, string)[])
        [
            (Upstream with { RoiFloor = 0m }, "RoiFloor"), (Upstream with { RoiFloor = 1.00001m }, "RoiFloor"), (Upstream with { RoiGrace = 0 }, "RoiGrace"),
            (Upstream with { MinimumEvidence = -1 }, "MinimumEvidence"), (Upstream with { RollingWindow = -1 }, "RollingWindow"), (Upstream with { BudgetCap = Amount.Zero }, "BudgetCap"),
            (Upstream with { SoftRatio = 0m }, "SoftRatio"), (Upstream with { SoftRatio = 1.1m }, "SoftRatio"), (Upstream with { FailureStreak = 0 }, "FailureStreak"), (Upstream with { SuccessThreshold = 1.5m }, "SuccessThreshold"),
        ])
        {
            var problem = Assert.Throws<HgmException>(() => bad.Checked());
            Assert.Equal("bad-setting", problem.Code);
            Assert.StartsWith(name, problem.Message, StringComparison.Ordinal);
        }

        Assert.Same(Upstream, Upstream.Checked());
    }

    private static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly RunSettings Settings = new() { Tasks = 100, EvaluationReserve = Amount.Parse("1"), ExpansionReserve = Amount.Parse("1") };

    private static Amount Money(string text) => Amount.Parse(text);

    // A run that is played by hand, with the sentinel's interventions taken in as they fall due.
    private sealed class Played
    {
        private int _task;

        public Played(SentinelSettings? sentinel)
        {
            State = RunState.Fold([new RunStarted(Settings, null)]);
            if (sentinel is not null)
                Apply(new SentinelSet(sentinel, "test"));
        }

        public RunState State { get; }

        public List<string> Interventions { get; } = [];

        public void Apply(RunEvent happened)
        {
            State.Apply(happened);
            while (SentinelLaw.Next(State) is { } due)
            {
                State.Apply(due);
                Interventions.Add(due.GetType().Name);
            }
        }

        public string Refused(RunEvent happened)
        {
            var version = State.Version;
            var code = Assert.Throws<HgmException>(() => State.Apply(happened)).Code;
            Assert.Equal(version, State.Version);
            return code;
        }

        public void Expand(string cost)
        {
            var operation = State.OperationsStarted;
            Apply(new ExpansionStarted(operation, 0, Money(cost)));
            Apply(new AgentAdded(operation, null, Money(cost)));
        }

        public void Evaluate(int agent, bool passed, string cost, string value)
        {
            var operation = State.OperationsStarted;
            Apply(new EvaluationStarted(operation, agent, _task++, Charged: true, Money(cost)));
            Apply(new EvaluationRecorded(operation, passed, Money(cost), Money(value)));
        }

        public void Void(int agent, string cost)
        {
            var operation = State.OperationsStarted;
            Apply(new EvaluationStarted(operation, agent, _task++, Charged: true, Money(cost)));
            Apply(new EvaluationVoided(operation, "hangs", Money(cost)));
        }
    }
}
