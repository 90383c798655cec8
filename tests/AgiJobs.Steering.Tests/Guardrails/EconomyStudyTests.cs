using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Simulation;
using AgiJobs.Steering.Guardrails;

namespace AgiJobs.Steering.Tests.Guardrails;

public class EconomyStudyTests
{
    private static IReadOnlyList<EconomySample> Samples(double gain, decimal? roi, string spent = "30", double spread = 0.01) =>
        [.. Enumerable.Range(0, 20).Select(seed => new EconomySample((ulong)seed, 0.3, 0.3 + gain + (seed % 2 == 0 ? spread : -spread), roi + (seed % 2 == 0 ? 0.05m : -0.05m), Amount.Parse(spent)))];

    private static GuardrailVerdict Of(IReadOnlyList<EconomySample> samples, string name) => Assert.Single(EconomyStudy.GuardrailsOf(samples, 1.35m), guardrail => guardrail.Name == name).Verdict;

    [Fact]
    public void Agents_that_grow_and_pay_hold_every_guardrail() => Assert.Equal(GuardrailVerdict.Held, EconomyStudy.GuardrailsOf(Samples(0.15, 3m), 1.35m).Verdict());

    [Fact]
    public void Agents_that_do_not_grow_are_missed() => Assert.Equal(GuardrailVerdict.Missed, Of(Samples(0.0, 3m), "economics-gain"));

    [Fact]
    public void A_gain_that_chance_can_have_made_is_unknown() => Assert.Equal(GuardrailVerdict.Unknown, Of(Samples(0.04, 3m, spread: 0.2), "economics-gain"));

    [Fact]
    public void A_return_below_the_floor_is_missed_and_one_that_is_not_known_is_unknown()
    {
        Assert.Equal(GuardrailVerdict.Missed, Of(Samples(0.15, 1.2m), "economics-return"));
        Assert.Equal(GuardrailVerdict.Unknown, Of(Samples(0.15, null), "economics-return"));
    }

    [Fact]
    public void A_run_above_its_money_is_missed_however_well_it_did() => Assert.Equal(GuardrailVerdict.Missed, Of([.. Samples(0.15, 3m), Samples(0.15, 3m, "60.001")[0]], "economics-cap"));

    [Fact]
    public void No_runs_are_unknown_and_not_held() => Assert.All(EconomyStudy.GuardrailsOf([], 1.35m), guardrail => Assert.Equal(GuardrailVerdict.Unknown, guardrail.Verdict));

    [Fact]
    public async Task Runs_are_the_same_for_any_number_of_threads_and_stay_within_their_money()
    {
        var (one, two) = (await EconomyStudy.SampleAsync(new Study(2, 1, 1), TestContext.Current.CancellationToken), await EconomyStudy.SampleAsync(new Study(2, 1, 2), TestContext.Current.CancellationToken));

        Assert.Equal(one, two);
        Assert.All(one, sample => Assert.True(sample.Spent > Amount.Parse("59") && sample.Spent <= EconomyStudy.Cap, sample.Spent.ToString()));
    }
}
