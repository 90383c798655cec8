using AgiJobs.Hgm;
using AgiJobs.Steering.Guardrails;
using AgiJobs.Steering.Utility;

namespace AgiJobs.Steering.Tests.Utility;

public class RoundReadingTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private static IEnumerable<RoundOutcome> Rounds(int first, int count, double seconds, int failed = 0) =>
        Enumerable.Range(first, count).Select(id => new RoundOutcome(id, Noon.AddMinutes(id), id - first < failed ? "task-missing" : null, TimeSpan.FromSeconds(seconds + id % 2 * 0.1)));

    private static GuardrailVerdict Of(RoundReading reading, string name) => Assert.Single(reading.GuardrailsOf(), guardrail => guardrail.Name == name).Verdict;

    [Fact]
    public void Nine_rounds_say_nothing_and_that_is_not_fine()
    {
        var reading = RoundReading.Of(Rounds(1, 9, 10), 10);

        Assert.Null(reading.Reliability);
        Assert.Equal(GuardrailVerdict.Unknown, Of(reading, "reliability"));
        Assert.Equal(GuardrailVerdict.Unknown, reading.GuardrailsOf().Verdict());
    }

    [Fact]
    public void No_rounds_are_unknown_and_not_held()
    {
        var reading = RoundReading.Of([], 10);

        Assert.Null(reading.NewestAt);
        Assert.Equal(GuardrailVerdict.Unknown, reading.GuardrailsOf().Verdict());
    }

    [Theory]
    [InlineData(2, GuardrailVerdict.Held)]
    [InlineData(3, GuardrailVerdict.Missed)]
    public void Of_twenty_five_rounds_two_may_come_to_nothing(int failed, GuardrailVerdict verdict) => Assert.Equal(verdict, Of(RoundReading.Of(Rounds(1, 25, 10, failed), 25), "reliability"));

    [Theory]
    [InlineData(10.0, GuardrailVerdict.Held)]
    [InlineData(10.4, GuardrailVerdict.Held)]
    [InlineData(12.0, GuardrailVerdict.Missed)]
    public void The_newest_rounds_are_held_against_those_before(double seconds, GuardrailVerdict verdict) =>
        Assert.Equal(verdict, Of(RoundReading.Of([.. Rounds(21, 20, seconds), .. Rounds(1, 20, 10)], 20), "round-latency"));

    [Fact]
    public void A_longer_time_that_may_be_chance_is_unknown()
    {
        var before = Rounds(1, 10, 10);
        var now = Rounds(11, 10, 10).Select((round, place) => round with { Took = TimeSpan.FromSeconds(place == 0 ? 20 : 10) });

        Assert.Equal(GuardrailVerdict.Unknown, Of(RoundReading.Of([.. before, .. now], 10), "round-latency"));
    }

    [Fact]
    public void Rounds_of_others_count_for_reliability_and_have_no_time()
    {
        var reading = RoundReading.Of(Rounds(1, 20, 10).Select(round => round with { Took = null }), 10);

        Assert.Equal(1m, reading.Reliability);
        Assert.Equal(GuardrailVerdict.Unknown, Of(reading, "round-latency"));
    }

    [Fact]
    public void Fewer_rounds_than_say_something_are_refused() => Assert.Equal("rounds-range", Assert.Throws<HgmException>(() => RoundReading.Of([], 9)).Code);
}
