using System.Globalization;
using AgiJobs.Control.OnCall;

namespace AgiJobs.Control.Tests.OnCall;

public sealed class RotaTests
{
    [Theory]
    [InlineData("2026-11-23T07:59:59Z", "Cid")]
    [InlineData("2026-11-23T08:00:00Z", "Ann")]
    [InlineData("2026-11-30T07:59:59Z", "Ann")]
    [InlineData("2026-11-30T08:00:00Z", "Ben")]
    [InlineData("2026-12-14T08:00:00Z", "Ann")]
    // Summer time in Zurich: nine o'clock is an hour earlier in UTC.
    [InlineData("2027-03-29T06:59:59Z", "Cid")]
    [InlineData("2027-03-29T07:00:00Z", "Ann")]
    public void Weekly_shifts_change_at_the_hand_over_by_the_wall_clock(string at, string person) =>
        Assert.Equal(person, Of(Weekly).PersonAt(Time(at)));

    [Fact]
    public void Nobody_takes_over_twice_in_the_hour_that_comes_twice()
    {
        var rota = Of(new RotationFile { Name = "first", TimeZone = "Europe/Zurich", Start = "2026-10-24", Shift = "daily", HandOver = "02:30", People = ["Ann", "Ben"] });
        var people = Enumerable.Range(0, 240).Select(minute => rota.PersonAt(Time("2026-10-24T23:00:00Z").AddMinutes(minute))).ToList();
        Assert.Equal(["Ann", "Ben"], people.Where((person, at) => at == 0 || person != people[at - 1]));
    }

    [Fact]
    public void An_override_goes_before_the_turn_and_ends_where_it_says()
    {
        var rota = Of(Weekly with { Overrides = [new RotationOverride { Person = "Dora", From = Time("2026-11-24T00:00:00Z"), To = Time("2026-11-25T00:00:00Z") }] });
        Assert.Equal(new OnDuty("Dora", Time("2026-11-25T00:00:00Z"), true), rota.At(Time("2026-11-24T12:00:10Z")));
        Assert.Equal(new OnDuty("Ann", Time("2026-11-30T08:00:00Z"), false), rota.At(Time("2026-11-25T00:00:00Z")));
    }

    [Fact]
    public void Watches_share_the_day_and_each_has_turns_of_its_own()
    {
        var rota = Of(new RotationFile { Name = "sun", TimeZone = "UTC", Start = "2026-11-23", HandOver = "08:00", Watches = [new RotationWatch { From = "08:00", To = "20:00", People = ["Ann", "Ben"] }, new RotationWatch { From = "20:00", To = "08:00", People = ["Cid"] }] });
        Assert.Equal(["Ann", "Cid", "Ben"], ((string[])["2026-11-23T12:00:00Z", "2026-11-23T23:00:00Z", "2026-11-30T12:00:00Z"]).Select(at => rota.PersonAt(Time(at))));
    }

    [Theory]
    [InlineData("30s", 30)]
    [InlineData("5m", 300)]
    [InlineData("2h", 7200)]
    [InlineData("1d", 86400)]
    [InlineData("5", null)]
    [InlineData("-5m", null)]
    [InlineData("m", null)]
    [InlineData("367d", null)]
    public void Lengths_of_time_are_read_strictly(string text, int? seconds)
    {
        Assert.Equal(seconds, (int?)Spans.Parse(text)?.TotalSeconds);
        Assert.True(seconds is null || Spans.Format(TimeSpan.FromSeconds(seconds.Value)) == text);
    }

    private static RotationFile Weekly { get; } = new() { Name = "first", TimeZone = "Europe/Zurich", Start = "2026-11-23", People = ["Ann", "Ben", "Cid"] };

    private static Rota Of(RotationFile file)
    {
        var (rota, problems) = Rota.Read(file);
        Assert.Empty(problems);
        return rota!;
    }

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
