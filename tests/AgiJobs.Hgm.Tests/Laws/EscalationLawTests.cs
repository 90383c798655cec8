using AgiJobs.Hgm.Laws;

namespace AgiJobs.Hgm.Tests.Laws;

public sealed class EscalationLawTests
{
    [Fact]
    public void Two_control_cycles_without_recovery_escalate_when_the_second_ends()
    {
        // Moves at 12, 17 and 22; the first cycle ends at 17, the second at 22.
        Assert.Equal(22, First(Enumerable.Repeat(1.0m, 40)));
        Assert.Equal(22, First(Enumerable.Repeat(9.0m, 40)));
    }

    [Fact]
    public void A_recovery_in_time_does_not_escalate() => Assert.Null(First(Enumerable.Repeat(1.0m, 12).Concat(Enumerable.Repeat(2.0m, 40)).Concat(Enumerable.Repeat(1.0m, 3)).Concat(Enumerable.Repeat(2.0m, 40))));

    [Fact]
    public void At_the_bounds_it_escalates_as_well()
    {
        var settings = new ThermostatSettings { MinWideningAlpha = 0.5m, MaxWideningAlpha = 0.5m, MinThompsonPrior = 1m, MaxThompsonPrior = 1m };
        Assert.Equal(22, First(Enumerable.Repeat(1.0m, 40), settings));
    }

    [Theory]
    [InlineData("2.2", false)]
    [InlineData("2.2001", true)]
    [InlineData("1.8", false)]
    [InlineData("1.7999", true)]
    [InlineData("2", false)]
    public void More_than_ten_per_cent_off_the_baseline_is_for_finance(string roi, bool escalates)
    {
        var baseline = Of(Enumerable.Repeat(2.0m, 12));
        var current = Of(Enumerable.Repeat(decimal.Parse(roi, System.Globalization.CultureInfo.InvariantCulture), 7));
        Assert.Equal(escalates, baseline.Escalates(current));
        Assert.Equal(current.Mean / 2m - 1m, baseline.Deviation(current));
    }

    [Fact]
    public void Nothing_is_a_baseline_without_samples_or_without_a_return()
    {
        Assert.Equal("no-samples", Assert.Throws<HgmException>(() => Of([])).Code);
        Assert.Equal("no-return", Assert.Throws<HgmException>(() => Of([0m, 0m])).Code);
    }

    private static RoiBaseline Of(IEnumerable<decimal> samples) => RoiBaseline.Of([.. samples.Select(roi => new RoiSample(null, roi))]);

    private static int? First(IEnumerable<decimal> samples, ThermostatSettings? settings = null)
    {
        var state = new ThermostatState(0.5m, 1m);
        var (moves, number) = (0, 0);
        foreach (var roi in samples)
        {
            number++;
            var reading = ThermostatLaw.Observe(settings ?? new ThermostatSettings(), state, new RoiSample(null, roi));
            state = reading.State;
            (moves, var escalates) = EscalationLaw.Observe(moves, reading);
            if (escalates)
                return number;
        }

        return null;
    }
}
