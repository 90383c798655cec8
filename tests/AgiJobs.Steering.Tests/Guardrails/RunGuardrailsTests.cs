using AgiJobs.Hgm.Laws;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Guardrails;

namespace AgiJobs.Steering.Tests.Guardrails;

public class RunGuardrailsTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly SentinelSet Guard = new(new SentinelSettings(), "test");

    private static Guardrail Sentinel(params RunEvent[] events) => RunGuardrails.Sentinel(RunState.Fold([new RunStarted(new RunSettings(), "root"), .. events]), "one");

    [Fact]
    public void A_sentinel_that_holds_nothing_is_held_and_no_sentinel_and_no_run_are_unknown()
    {
        Assert.Equal(GuardrailVerdict.Held, Sentinel(Guard).Verdict);
        Assert.Equal(GuardrailVerdict.Unknown, Sentinel().Verdict);
        Assert.Equal(GuardrailVerdict.Unknown, RunGuardrails.Sentinel(null, null).Verdict);
    }

    [Fact]
    public void A_hold_a_stop_and_a_rule_that_is_overridden_are_missed_each_in_its_words()
    {
        Told("roi_floor holds expansions: low", Sentinel(Guard, new SentinelHeld(SentinelRules.RoiFloor, "low")));
        Told("stopped: spent", Sentinel(Guard, new SentinelStopped(SentinelRules.BudgetCap, "spent")));
        Told("roi_floor is overridden until 2026-01-01T12:00:00Z", Sentinel(Guard, new SentinelOverridden(SentinelRules.RoiFloor, Noon, "by two")));
        Assert.Equal("agijobs sentinel snapshot one", Sentinel(Guard, new SentinelHeld(SentinelRules.RoiFloor, "low")).Mend);

        static void Told(string words, Guardrail guardrail) => Assert.Equal((GuardrailVerdict.Missed, words), (guardrail.Verdict, guardrail.Is));
    }

    [Fact]
    public void A_record_is_fresh_to_the_very_hour_and_nothing_recorded_is_unknown()
    {
        Assert.Equal(GuardrailVerdict.Held, Fresh(Noon.AddHours(-24)));
        Assert.Equal(GuardrailVerdict.Missed, Fresh(Noon.AddHours(-24).AddTicks(-1)));
        Assert.Equal(GuardrailVerdict.Unknown, Fresh(null));

        static GuardrailVerdict Fresh(DateTimeOffset? newest) => RunGuardrails.Fresh("fresh", newest, Noon, TimeSpan.FromHours(24), "make one").Verdict;
    }

    [Fact]
    public void Of_several_guardrails_the_worst_is_the_verdict_and_none_is_unknown()
    {
        Assert.Equal(GuardrailVerdict.Unknown, Array.Empty<Guardrail>().Verdict());
        Assert.Equal(GuardrailVerdict.Missed, Of(GuardrailVerdict.Held, GuardrailVerdict.Unknown, GuardrailVerdict.Missed));
        Assert.Equal(GuardrailVerdict.Unknown, Of(GuardrailVerdict.Held, GuardrailVerdict.Unknown));
        Assert.Equal(GuardrailVerdict.Held, Of(GuardrailVerdict.Held, GuardrailVerdict.Held));

        static GuardrailVerdict Of(params GuardrailVerdict[] verdicts) => verdicts.Select(verdict => new Guardrail("one", verdict, "", "", "")).ToList().Verdict();
    }
}
