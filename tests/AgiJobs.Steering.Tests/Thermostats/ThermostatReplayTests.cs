using AgiJobs.Hgm;
using AgiJobs.Hgm.Laws;
using AgiJobs.Steering.Thermostats;

namespace AgiJobs.Steering.Tests.Thermostats;

public sealed class ThermostatReplayTests
{
    [Fact]
    public void A_dip_that_lasts_is_answered_at_12_and_17_and_escalates_at_22()
    {
        var replay = Replay(string.Join('\n', Enumerable.Repeat("""{"roi": 1.0}""", 40)));
        Assert.Equal([12, 17, 22, 27, 32, 37], replay.Readings.Where(one => one.Reading.Adjustment is not null).Select(one => one.Place));
        Assert.Equal((0.80m, 1.6m, 22), (replay.End.Alpha, replay.End.Prior, replay.EscalatedAt));
    }

    [Fact]
    public void A_recovery_does_not_escalate() =>
        Assert.Null(Replay(string.Join('\n', Enumerable.Repeat("""{"roi": 1.0}""", 12).Concat(Enumerable.Repeat("""{"roi": 2.0}""", 20)))).EscalatedAt);

    [Fact]
    public void Garbage_is_told_with_its_place_and_is_no_return_of_zero()
    {
        var file = SampleFile.Read("{\"roi\": 1.5}\n\nnonsense\n{\"cost\": 0, \"gmv\": 5}\n{\"roi\": NaN, \"revenue\": 120, \"spend\": 60}\n");
        Assert.Equal([(1, 1.5m), (5, 2.0m)], file.Samples.Select(one => (one.Place, one.Sample.Roi)));
        Assert.Equal([(3, "bad-sample"), (4, "no-roi")], file.Refused.Select(one => (one.Place, one.Code)));
    }

    [Fact]
    public void A_list_is_read_as_lines_are_and_half_of_one_is_refused()
    {
        Assert.Equal([1m, 2m], SampleFile.Read("""[{"roi": 1}, {"roi": 2}]""").Samples.Select(one => one.Sample.Roi));
        Assert.Equal("bad-samples", Assert.Throws<HgmException>(() => SampleFile.Read("""[{"roi": 1}, {"ro""")).Code);
    }

    private static ThermostatReplay Replay(string text) => ThermostatReplay.Of(new ThermostatSettings(), new ThermostatState(0.5m, 1.0m), SampleFile.Read(text).Samples);
}
