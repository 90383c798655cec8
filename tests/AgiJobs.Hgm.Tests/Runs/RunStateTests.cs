using System.Text;
using AgiJobs.Hgm.Laws;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Policies;
using AgiJobs.Hgm.Runs;
using AgiJobs.Hgm.Sampling;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Hgm.Tests.Runs;

public sealed class RunStateTests
{
    private static readonly Amount One = Amount.Parse("1");

    [Fact]
    public void Any_history_with_revocations_counts_as_if_the_revoked_had_not_been() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(60), Prop.ForAll(Gen.Choose(0, 1_000_000).ToArbitrary(), seed =>
        {
            var random = new Xoshiro256((ulong)seed + 1, 2, 3, 4);
            var state = RunState.Fold([new RunStarted(new RunSettings { Seed = (ulong)seed, Tasks = 8, Evaluations = 60, Concurrency = 5 }, null)]);
            var results = new Dictionary<int, (int Agent, bool Passed, Amount Value)>();
            var revoked = new HashSet<int>();
            while (state.Finished is null)
            {
                var next = RunStep.Next(state, PolicyNames.Find("hgm"));
                if (next is null)
                {
                    var operation = state.Pending[random.Below(state.Pending.Count)];
                    var passed = random.Below(2) == 0;
                    var value = passed ? Amount.OfAtoms(random.Below(1000)) : Amount.Zero;
                    next = random.Below(12) == 0
                        ? operation.IsExpansion ? new ExpansionFailed(operation.Number, "fault", One) : new EvaluationVoided(operation.Number, "fault", One)
                        : operation.IsExpansion ? new AgentAdded(operation.Number, null, One) : new EvaluationRecorded(operation.Number, passed, One, value);
                    if (next is EvaluationRecorded)
                        results[operation.Number] = (operation.Agent, passed, value);
                }

                state.Apply(next);
                if (results.Count == 0 || random.Below(4) != 0)
                    continue;
                var chosen = results.Keys.ElementAt(random.Below(results.Count));
                state.Apply(revoked.Add(chosen) ? new ResultRevoked(chosen, "slashed") : revoked.Remove(chosen) ? new ResultReinstated(chosen, "appeal") : null!);
            }

            var tree = new AgiJobs.Hgm.Trees.AgentTree();
            foreach (var parent in state.Tree.Parents)
                tree.Add(parent);
            var values = new Int128[state.Tree.Count];
            foreach (var (agent, passed, value) in results.Where(result => !revoked.Contains(result.Key)).Select(result => result.Value))
            {
                tree.Record(agent, passed);
                values[agent] += value.Atoms;
            }

            Assert.Equal(tree.Successes.ToArray(), state.Tree.Successes.ToArray());
            Assert.Equal(tree.Failures.ToArray(), state.Tree.Failures.ToArray());
            Assert.Equal(tree.CladeSuccesses.ToArray(), state.Tree.CladeSuccesses.ToArray());
            Assert.Equal(tree.CladeFailures.ToArray(), state.Tree.CladeFailures.ToArray());
            Assert.Equal(revoked.Count, state.Revoked);

            // Money: a recount too. Every operation cost one; a revoked outcome keeps its cost and loses its value.
            Assert.Equal(Amount.OfAtoms(One.Atoms * state.OperationsStarted), state.Ledger.Run.Cost);
            Assert.Equal(state.Budget.Spent, state.Ledger.Run.Cost);
            for (var agent = state.Tree.Count - 1; agent >= 0; agent--)
            {
                Assert.Equal(values[agent], state.Ledger.Clade(agent).Value.Atoms);
                if (agent > 0)
                    values[state.Tree.Parents[agent]] += values[agent];
            }
        }));

    [Fact]
    public void A_slashed_win_leaves_all_ancestors_and_comes_back_with_a_won_appeal()
    {
        var state = RunState.Fold(
        [
            new RunStarted(new RunSettings(), null),
            new ExpansionStarted(0, 0, default), new AgentAdded(0, null, default),
            new ExpansionStarted(1, 1, default), new AgentAdded(1, null, default),
            new EvaluationStarted(2, 2, 5, Charged: true, default), new EvaluationRecorded(2, Passed: true, One, Amount.Parse("7")),
        ]);
        Assert.Equal([1, 1, 1], state.Tree.CladeSuccesses);
        state.Apply(new ResultRevoked(2, "slashed in round 4"));
        Assert.Equal([0, 0, 0], state.Tree.CladeSuccesses);
        Assert.Equal((One, Amount.Zero), (state.Ledger.Run.Cost, state.Ledger.Run.Value));
        Assert.Equal((1, true), (state.Evaluations, state.Allocation.IsTaken(2, 5)));
        Assert.Equal("nothing-to-revoke", Refused(state, new ResultRevoked(2, "again")));
        state.Apply(new ResultReinstated(2, "appeal won"));
        Assert.Equal([1, 1, 1], state.Tree.CladeSuccesses);
        Assert.Equal(7m, state.Ledger.Agent(2).Roi);
        Assert.Equal("nothing-to-reinstate", Refused(state, new ResultReinstated(2, "again")));
    }

    [Fact]
    public void A_result_can_be_revoked_after_the_run_and_nothing_else_can_happen_then()
    {
        var state = RunState.Fold(
        [
            new RunStarted(new RunSettings(), null), new EvaluationStarted(0, 0, 0, Charged: true, default), new EvaluationRecorded(0, Passed: true, default, default),
            new RunFinished(RunEnd.Stopped, 0), new ResultRevoked(0, "slashed"),
        ]);
        Assert.Equal([0], state.Tree.Successes);
        Assert.Equal("already-finished", Refused(state, new ExpansionStarted(1, 0, default)));
        Assert.Equal("already-finished", Refused(state, new ParametersChanged(0.5m, 1m, "late")));
    }

    [Fact]
    public void An_event_that_cannot_follow_is_refused_and_changes_nothing()
    {
        var events = new RunEvent[]
        {
            new RunStarted(new RunSettings { Tasks = 4, CostCap = Amount.Parse("3"), EvaluationReserve = One, ExpansionReserve = One }, null),
            new EvaluationStarted(0, 0, 0, Charged: true, One),
            new ExpansionStarted(1, 0, One),
        };
        var state = RunState.Fold(events);
        (string Code, RunEvent Event)[] cases =
        [
            ("already-started", events[0]),
            ("wrong-operation", new ExpansionStarted(1, 0, One)),
            ("wrong-operation", new EvaluationStarted(5, 0, 1, Charged: true, One)),
            ("no-such-agent", new ExpansionStarted(2, 1, One)),
            ("no-such-agent", new EvaluationStarted(2, 1, 1, Charged: true, One)),
            ("no-such-agent", new AgentPruned(-1, "x")),
            ("no-such-task", new EvaluationStarted(2, 0, 4, Charged: true, One)),
            ("no-such-task", new EvaluationStarted(2, 0, -1, Charged: true, One)),
            ("pair-used", new EvaluationStarted(2, 0, 0, Charged: true, One)),
            ("cap-reached", new EvaluationStarted(2, 0, 1, Charged: true, Amount.Parse("1.01"))),
            ("amount-out-of-range", new EvaluationStarted(2, 0, 1, Charged: true, Amount.Parse("-1"))),
            ("not-in-flight", new AgentAdded(0, null, One)),
            ("not-in-flight", new EvaluationRecorded(1, true, One, One)),
            ("not-in-flight", new EvaluationVoided(7, "x", One)),
            ("amount-out-of-range", new EvaluationRecorded(0, true, Amount.Parse("-1"), One)),
            ("amount-out-of-range", new EvaluationRecorded(0, true, One, Amount.Parse("-1"))),
            ("amount-out-of-range", new EvaluationRecorded(0, true, Amount.OfAtoms(Int128.MaxValue), One)),
            ("amount-out-of-range", new EvaluationRecorded(0, true, One, Amount.Most + Amount.OfAtoms(1))),
            ("value-without-acceptance", new EvaluationRecorded(0, false, One, One)),
            ("nothing-to-revoke", new ResultRevoked(0, "x")),
            ("nothing-to-revoke", new ResultRevoked(9, "x")),
            ("nothing-to-reinstate", new ResultReinstated(0, "x")),
            ("bad-setting", new ParametersChanged(0m, 1m, "x")),
            ("bad-setting", new ParametersChanged(0.5m, 0m, "x")),
            ("alpha-above-one", new ParametersChanged(1.0001m, 1m, "x")),
            ("operations-in-flight", new RunFinished(RunEnd.Stopped, 0)),
        ];
        foreach (var (code, happened) in cases)
        {
            Assert.Equal(code, Refused(state, happened));
            Assert.Equal((3L, 2, 2, 1, Amount.Parse("2"), 3), (state.Version, state.OperationsStarted, state.Pending.Count, state.EvaluationsStarted, state.Budget.Reserved, state.Allocation.Left[0]));
        }

        Assert.Equal("not-started", Refused(new RunState(), events[1]));
    }

    [Fact]
    public void Settings_out_of_bounds_are_refused_by_name()
    {
        var good = new RunSettings();
        foreach (var bad in (RunSettings[])
        [
            good with { Tasks = 0 }, good with { Evaluations = -1 }, good with { Concurrency = 0 }, good with { InitialBurst = -1 }, good with { ExpansionFailureCap = 0 }, good with { VoidCap = 0 },
            good with { WorkersPerChild = 0 }, good with { Alpha = 0m }, good with { Alpha = 0.12345m }, good with { Prior = 0m }, good with { Epsilon = 0m }, good with { Epsilon = 1m },
            good with { Widening = (WideningRule)9 }, good with { EvaluationReserve = Amount.Parse("-1") }, good with { CostCap = One },
        ])
            Assert.Equal("bad-setting", Assert.Throws<HgmException>(bad.Checked).Code);
        Assert.Equal("alpha-above-one", Assert.Throws<HgmException>(() => (good with { Alpha = 1.25m }).Checked()).Code);
        (good with { Alpha = 1.25m, AllowAlphaAboveOne = true }).Checked();
        Assert.Equal("unknown-policy", Assert.Throws<HgmException>(() => (good with { Policy = "HGM" }).Checked()).Code);
    }

    [Fact]
    public void A_budget_of_no_evaluations_ends_at_once()
    {
        var state = RunState.Fold([new RunStarted(new RunSettings { Evaluations = 0 }, null)]);
        Assert.Equal(new RunFinished(RunEnd.EvaluationsSpent, 0), RunStep.Next(state, PolicyNames.Find("hgm")));
    }

    [Fact]
    public void Every_event_reads_back_from_its_json()
    {
        var amount = Amount.Parse("0.000000000000000001");
        RunEvent[] events =
        [
            new RunStarted(new RunSettings { Seed = ulong.MaxValue, Alpha = 0.60m, Widening = WideningRule.ReferenceCode, Final = FinalRule.PosteriorMean, CostCap = Amount.Parse("1"), ExpansionReserve = amount }, "a \"root\"\n"),
            new RunStarted(new RunSettings(), null),
            new ExpansionStarted(1, 2, amount), new AgentAdded(1, "x", amount), new AgentAdded(1, null, amount), new ExpansionFailed(1, "why", amount),
            new EvaluationStarted(1, 2, 3, true, amount), new EvaluationRecorded(1, true, amount, amount), new EvaluationVoided(1, "why", amount),
            new ResultRevoked(1, "why"), new ResultReinstated(1, "why"), new ParametersChanged(0.55m, 1.1m, "why"), new ExpansionGateSet(true, "why"), new AgentPruned(1, "why"),
            new StopRequested("why"), new RunFinished(RunEnd.CostCap, -1),
            new SentinelSet(new SentinelSettings { BudgetCap = amount, SoftRatio = 0.85m }, "why"), new SentinelSet(new SentinelSettings { RoiFloor = null, FailureStreak = null, SuccessReset = false }, "why"),
            new SentinelHeld(SentinelRules.RoiFloor, "why"), new SentinelReleased(SentinelRules.RoiFloor, "why"), new SentinelPruned(1, 2), new SentinelSpared(1, 2),
            new SentinelStopped(SentinelRules.BudgetCap, "why"), new SentinelAcknowledged(SentinelRules.BudgetSoft, "who"),
            new SentinelOverridden(SentinelRules.BudgetSoft, new DateTimeOffset(2030, 1, 2, 3, 4, 5, 678, TimeSpan.Zero), "who"), new SentinelOverrideEnded(SentinelRules.BudgetSoft, "expired"), new BudgetToppedUp(amount, "who"),
        ];
        foreach (var happened in events)
        {
            var json = RunEventJson.Write(happened);
            Assert.DoesNotContain((byte)'\n', json);
            Assert.Equal(happened, RunEventJson.Read(json));
        }

        Assert.Equal(events.Select(happened => happened.GetType()).Distinct().Count(), typeof(RunEvent).Assembly.GetTypes().Count(type => type.BaseType == typeof(RunEvent)));
        Assert.Equal("{\"event\":\"parameters-changed\",\"alpha\":\"0.6\",\"prior\":\"1\",\"reason\":\"r\"}", Encoding.UTF8.GetString(RunEventJson.Write(new ParametersChanged(0.600m, 1.0m, "r"))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"event\":\"agent-eaten\"}")]
    [InlineData("{\"event\":\"agent-pruned\",\"agent\":1}")]
    [InlineData("{\"event\":\"sentinel-set\",\"settings\":{\"roiFloor\":\"1\"},\"reason\":\"r\"}")]
    [InlineData("{\"event\":\"sentinel-overridden\",\"rule\":\"roi_floor\",\"until\":\"tomorrow\",\"reason\":\"r\"}")]
    [InlineData("{\"event\":\"agent-pruned\",\"agent\":1,\"reason\":\"r\",\"more\":1}")]
    [InlineData("{\"event\":\"agent-pruned\",\"agent\":1.5,\"reason\":\"r\"}")]
    [InlineData("{\"event\":\"agent-pruned\",\"agent\":1,\"reason\":null}")]
    [InlineData("{\"event\":\"parameters-changed\",\"alpha\":\"1e-1\",\"prior\":\"1\",\"reason\":\"r\"}")]
    public void Damaged_json_is_refused(string json) => Assert.Equal("bad-event", Assert.Throws<HgmException>(() => RunEventJson.Read(Encoding.UTF8.GetBytes(json))).Code);

    private static string Refused(RunState state, RunEvent happened) => Assert.Throws<HgmException>(() => state.Apply(happened)).Code;
}
