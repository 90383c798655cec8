using AgiJobs.Steering.Guardrails;

namespace AgiJobs.Steering.Tests.Guardrails;

public class KnownAnswersTests
{
    [Fact]
    public async Task The_answers_of_this_version_are_the_recorded_ones()
    {
        Assert.Equal(GuardrailVerdict.Held, KnownAnswers.Recorded.AskThermostat().Verdict);
        var engine = await KnownAnswers.Recorded.AskEngineAsync(TestContext.Current.CancellationToken);
        Assert.True(engine.Verdict == GuardrailVerdict.Held, engine.Is);
    }

    [Fact]
    public void A_law_that_moves_otherwise_is_missed_with_both_series_of_moves()
    {
        var known = KnownAnswers.Recorded.Thermostat[0];
        var changed = KnownAnswers.Recorded with { Thermostat = [known with { Moves = [.. known.Moves.Skip(1)] }] };

        var told = changed.AskThermostat();

        Assert.Equal(GuardrailVerdict.Missed, told.Verdict);
        Assert.Contains("12: 0.55, 1.1", told.Is, StringComparison.Ordinal);
        Assert.DoesNotContain("12: 0.55, 1.1", told.Demand, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_engine_that_decides_otherwise_is_missed_with_both_digests()
    {
        var other = new string('0', 64);

        var told = await (KnownAnswers.Recorded with { Run = other }).AskEngineAsync(TestContext.Current.CancellationToken);

        Assert.Equal((GuardrailVerdict.Missed, other), (told.Verdict, told.Demand));
        Assert.Contains(KnownAnswers.Recorded.Run, told.Is, StringComparison.Ordinal);
    }
}
