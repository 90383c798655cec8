using System.Buffers;
using System.Text.Json;
using AgiJobs.Hgm.Laws;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Hgm.Tests.Laws;

public sealed class ThermostatLawTests
{
    private static readonly ThermostatSettings Defaults = new ThermostatSettings().Checked();

    // The golden vectors of the upstream controller that are sound: defaults, α 0.5 and prior 1 at the start.
    [Fact]
    public void Forty_samples_of_one_adjust_at_12_and_every_fifth_from_there() =>
        Assert.Equal(
            [(12, 0.55m, 1.1m), (17, 0.60m, 1.2m), (22, 0.65m, 1.3m), (27, 0.70m, 1.4m), (32, 0.75m, 1.5m), (37, 0.80m, 1.6m)],
            Adjustments(Defaults, Enumerable.Repeat(1.0m, 40), ThermostatAdjustment.Dip));

    [Fact]
    public void Forty_samples_of_three_lower_alpha_to_its_bound_and_then_the_prior_alone() =>
        Assert.Equal(
            [(12, 0.45m, 0.9m), (17, 0.40m, 0.8m), (22, 0.35m, 0.7m), (27, 0.30m, 0.6m), (32, 0.25m, 0.5m), (37, 0.25m, 0.4m)],
            Adjustments(Defaults, Enumerable.Repeat(3.0m, 40), ThermostatAdjustment.Surge));

    [Fact]
    public void A_dip_that_is_over_is_answered_twice_unless_the_window_is_emptied()
    {
        var samples = Enumerable.Repeat(1.0m, 12).Concat(Enumerable.Repeat(2.0m, 20)).ToArray();
        Assert.Equal([12, 17], Adjustments(Defaults, samples, ThermostatAdjustment.Dip).Select(adjustment => adjustment.Sample));
        Assert.Equal([12], Adjustments(Defaults with { ResetWindow = true }, samples, ThermostatAdjustment.Dip).Select(adjustment => adjustment.Sample));
    }

    [Theory]
    [InlineData("1.8", ThermostatOutcome.Inside)]
    [InlineData("1.7999", ThermostatOutcome.Adjusted)]
    [InlineData("2.3", ThermostatOutcome.Inside)]
    [InlineData("2.3001", ThermostatOutcome.Adjusted)]
    public void The_edges_of_the_band_are_inside(string roi, ThermostatOutcome expected)
    {
        // Upstream adds twelve 2.3 to 27.6 and a little in binary, and calls it a surge.
        var (_, last) = Feed(Defaults, Enumerable.Repeat(decimal.Parse(roi, System.Globalization.CultureInfo.InvariantCulture), 12));
        Assert.Equal(expected, last.Outcome);
    }

    [Fact]
    public void An_average_that_does_not_end_is_compared_without_rounding()
    {
        // Three samples that sum to 5.4 are at the edge of 1.8 exactly, one 10^-12 below is not.
        var settings = Defaults with { Window = 3 };
        Assert.Equal(ThermostatOutcome.Inside, Feed(settings, [1.7m, 1.8m, 1.9m]).Last.Outcome);
        Assert.Equal(ThermostatOutcome.Adjusted, Feed(settings, [1.7m, 1.8m, 1.899999999999m]).Last.Outcome);
    }

    [Fact]
    public void The_file_of_the_golden_vector_dips_at_its_twelfth_sample()
    {
        string[] lines = ["{\"roi\": 1.0}", "{\"gmv\": 150, \"cost\": 100}", "{\"roi\": NaN, \"revenue\": 120, \"spend\": 60}", .. Enumerable.Repeat("{\"roi\": 1.0}", 9)];
        var samples = lines.Select(RoiSample.Read).ToArray();
        Assert.Equal([1.0m, 1.5m, 2.0m], samples.Take(3).Select(sample => sample.Roi));
        var (_, last) = Feed(Defaults, samples.Select(sample => sample.Roi));
        Assert.Equal((ThermostatAdjustment.Dip, 1.125m), (last.Adjustment!.Reason, last.Adjustment.Average));
    }

    [Theory]
    [InlineData(3, 1, new[] { 3, 5, 7 })]
    [InlineData(1, 0, new[] { 1, 2, 3, 4, 5, 6, 7 })]
    public void Window_and_cooldown_set_the_rhythm(int window, int cooldown, int[] expected) =>
        Assert.Equal(expected, Adjustments(Defaults with { Window = window, Cooldown = cooldown }, Enumerable.Repeat(1.0m, 7), ThermostatAdjustment.Dip).Select(adjustment => adjustment.Sample));

    [Fact]
    public void What_is_applied_stops_at_one_and_says_why_unless_it_is_allowed_by_name()
    {
        var settings = (Defaults with { WideningStep = 0.08m, MaxWideningAlpha = 1.8m, Window = 1, Cooldown = 0 }).Checked();
        var state = new ThermostatState(0.96m, 1m);
        var reading = ThermostatLaw.Observe(settings, state, new RoiSample(null, 1m));
        Assert.Equal(1m, reading.Adjustment!.Alpha);
        Assert.Contains("1.04", reading.Adjustment.Note, StringComparison.Ordinal);
        Assert.Equal(1.04m, ThermostatLaw.Observe(settings with { AllowAlphaAboveOne = true }, state, new RoiSample(null, 1m)).Adjustment!.Alpha);
        var again = ThermostatLaw.Observe(settings, reading.State with { Prior = 3m }, new RoiSample(null, 1m));
        Assert.Equal(ThermostatOutcome.AtBounds, again.Outcome);
        Assert.NotNull(again.Note);
    }

    [Fact]
    public void At_both_bounds_nothing_changes_and_the_cooldown_begins()
    {
        var reading = ThermostatLaw.Observe(Defaults with { Window = 1 }, new ThermostatState(0.25m, 0.25m), new RoiSample(null, 9m));
        Assert.Equal((ThermostatOutcome.AtBounds, 4), (reading.Outcome, reading.State.Cooldown));
        Assert.Null(reading.Adjustment);
    }

    [Fact]
    public void Samples_that_come_twice_late_stale_or_without_sense_are_refused_and_change_nothing()
    {
        var settings = Defaults with { MaxAge = TimeSpan.FromMinutes(1) };
        var noon = new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
        var state = ThermostatLaw.Observe(settings, new ThermostatState(0.5m, 1m), new RoiSample(noon, 2m), noon).State;
        foreach (var (code, sample, now) in ((string, RoiSample, DateTimeOffset)[])
        [
            ("duplicate", new RoiSample(noon, 1m), noon),
            ("out-of-order", new RoiSample(noon.AddSeconds(-1), 1m), noon),
            ("stale", new RoiSample(noon.AddSeconds(5), 1m), noon.AddSeconds(66)),
            ("roi-out-of-range", new RoiSample(noon.AddSeconds(5), -0.1m), noon),
            ("roi-out-of-range", new RoiSample(null, decimal.MaxValue), noon),
        ])
        {
            var reading = ThermostatLaw.Observe(settings, state, sample, now);
            Assert.Equal((ThermostatOutcome.Refused, code), (reading.Outcome, reading.Note));
            Assert.Same(state, reading.State);
        }

        Assert.Equal(2, ThermostatLaw.Observe(settings, state, new RoiSample(noon.AddSeconds(5), 2m), noon.AddSeconds(65)).State.Accepted);
    }

    [Fact]
    public void A_restart_at_any_sample_changes_nothing() => Check.One(Config.QuickThrowOnFailure, Prop.ForAll(
        (from samples in Gen.Choose(0, 4000).ArrayOf(60) from restart in Gen.Choose(0, 59) from reset in Gen.Elements(true, false) select (samples, restart, reset)).ToArbitrary(),
        drawn =>
        {
            var settings = Defaults with { ResetWindow = drawn.reset };
            var through = new ThermostatState(0.5m, 1m);
            var restarted = through;
            for (var i = 0; i < drawn.samples.Length; i++)
            {
                var sample = new RoiSample(DateTimeOffset.UnixEpoch.AddSeconds(i), drawn.samples[i] / 1000m);
                if (i == drawn.restart)
                    restarted = Reread(restarted);
                var (one, other) = (ThermostatLaw.Observe(settings, through, sample), ThermostatLaw.Observe(settings, restarted, sample));
                Assert.Equal((one.Outcome, one.Adjustment), (other.Outcome, other.Adjustment));
                (through, restarted) = (one.State, other.State);
                Assert.InRange(through.Alpha, 0.25m, 1m);
                Assert.InRange(through.Prior, 0.25m, 3m);
            }

            Assert.Equal(through.Window, restarted.Window);
        }));

    [Theory]
    [InlineData("{\"gmv\": 0, \"cost\": 0}", "no-roi")]
    [InlineData("{}", "no-roi")]
    [InlineData("{\"roi\": Infinity}", "no-roi")]
    [InlineData("{\"roi\": -Infinity, \"gmv\": 1}", "no-roi")]
    [InlineData("{\"roi\": \"nan\"}", "no-roi")]
    [InlineData("{\"roi\": \"two\"}", "bad-sample")]
    [InlineData("{\"roi\": true}", "bad-sample")]
    [InlineData("{\"roi\": 1e400}", "no-roi")]
    [InlineData("{\"roi\": 1e40}", "bad-sample")]
    [InlineData("[1]", "bad-sample")]
    [InlineData("{\"roi\": 1", "bad-sample")]
    [InlineData("{\"roi\": 1, \"timestamp\": \"yesterday\"}", "bad-sample")]
    [InlineData("{\"roi\": 1, \"timestamp\": 1e25}", "bad-sample")]
    public void A_line_without_a_return_is_refused_and_is_never_zero(string line, string code) => Assert.Equal(code, Assert.Throws<HgmException>(() => RoiSample.Read(line)).Code);

    [Theory]
    [InlineData("1795262400.5")]
    [InlineData("\"1795262400.5\"")]
    [InlineData("\"2026-11-21T12:00:00.5Z\"")]
    [InlineData("\"2026-11-21T13:00:00.5+01:00\"")]
    public void A_time_is_unix_seconds_or_iso(string timestamp) =>
        Assert.Equal(new DateTimeOffset(2026, 11, 21, 12, 0, 0, 500, TimeSpan.Zero), RoiSample.Read($"{{\"roi\": 2, \"note\": \"NaN \\\" Infinity\", \"timestamp\": {timestamp}}}").At);

    [Fact]
    public void Settings_out_of_bounds_are_refused()
    {
        foreach (var bad in (ThermostatSettings[])
        [
            Defaults with { TargetRoi = 0m }, Defaults with { LowerMargin = 0m }, Defaults with { LowerMargin = 1m }, Defaults with { UpperMargin = 1m }, Defaults with { Window = 0 },
            Defaults with { WideningStep = 0m }, Defaults with { WideningStep = 0.00001m }, Defaults with { MinWideningAlpha = 0m }, Defaults with { MaxWideningAlpha = 0.2m },
            Defaults with { ThompsonStep = 0m }, Defaults with { MinThompsonPrior = 0m }, Defaults with { MaxThompsonPrior = 0.2m }, Defaults with { Cooldown = -1 }, Defaults with { MaxAge = TimeSpan.Zero },
        ])
            Assert.Equal("bad-setting", Assert.Throws<HgmException>(bad.Checked).Code);
    }

    private static (ThermostatState State, ThermostatReading Last) Feed(ThermostatSettings settings, IEnumerable<decimal> samples)
    {
        var state = new ThermostatState(0.5m, 1m);
        ThermostatReading? last = null;
        foreach (var roi in samples)
        {
            last = ThermostatLaw.Observe(settings, state, new RoiSample(null, roi));
            state = last.State;
        }

        return (state, last!);
    }

    private static List<(int Sample, decimal Alpha, decimal Prior)> Adjustments(ThermostatSettings settings, IEnumerable<decimal> samples, string reason)
    {
        var state = new ThermostatState(0.5m, 1m);
        var adjustments = new List<(int, decimal, decimal)>();
        var number = 0;
        foreach (var roi in samples)
        {
            number++;
            var reading = ThermostatLaw.Observe(settings, state, new RoiSample(null, roi));
            state = reading.State;
            if (reading.Adjustment is not { } adjustment)
                continue;
            Assert.Equal(reason, adjustment.Reason);
            adjustments.Add((number, adjustment.Alpha, adjustment.Prior));
        }

        return adjustments;
    }

    private static ThermostatState Reread(ThermostatState state)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
            state.WriteTo(writer);
        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        return ThermostatState.Read(document.RootElement);
    }
}
