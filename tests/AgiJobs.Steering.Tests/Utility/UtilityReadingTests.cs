using AgiJobs.Hgm;
using AgiJobs.Steering.Utility;

namespace AgiJobs.Steering.Tests.Utility;

public class UtilityReadingTests
{
    private static UtilityJob Job(decimal value, decimal cost, decimal latency, string id = "one") => new(id, value, cost, latency);

    [Fact]
    public void Where_nothing_was_earned_before_the_uplift_is_a_sign()
    {
        Assert.Equal(1m, UtilityReading.Of([Job(1, 1, 1)], [Job(2, 1, 1)], 0m).Uplift);
        Assert.Equal(0m, UtilityReading.Of([Job(1, 1, 1)], [Job(1, 1, 1)], 0m).Uplift);
        Assert.Equal(-1m, UtilityReading.Of([Job(1, 1, 1)], [Job(0, 1, 1)], 0m).Uplift);
    }

    [Fact]
    public void A_loss_that_becomes_smaller_is_an_uplift() => Assert.Equal(0.5m, UtilityReading.Of([Job(0, 2, 1)], [Job(0, 1, 1)], 0m).Uplift);

    [Fact]
    public void The_fee_is_taken_of_the_value_and_is_what_the_treasury_earns()
    {
        var reading = UtilityReading.Of([Job(10, 1, 1)], [Job(10, 1, 1)], 0.05m);

        Assert.Equal((8.5m, 0.5m, 0m), (reading.Utility, reading.Treasury, reading.Bonus));
    }

    [Fact]
    public void Latencies_of_zero_have_no_entropy_and_no_change()
    {
        var reading = UtilityReading.Of([Job(1, 0, 0)], [Job(1, 0, 0)], 0m);

        Assert.Equal((0.0, 0m, 0m), (reading.Entropy, reading.LatencyDelta, reading.Latency95));
    }

    [Fact]
    public void No_jobs_other_jobs_and_negative_figures_are_refused()
    {
        Assert.Equal("no-jobs", Assert.Throws<HgmException>(() => UtilityReading.Of([], [], 0m)).Code);
        Assert.Equal("other-jobs", Assert.Throws<HgmException>(() => UtilityReading.Of([Job(1, 1, 1)], [Job(1, 1, 1, "two")], 0m)).Code);
        Assert.Equal("bad-job", Assert.Throws<HgmException>(() => UtilityReading.Of([Job(1, 1, 1)], [Job(1, -1, 1)], 0m)).Code);
    }
}
