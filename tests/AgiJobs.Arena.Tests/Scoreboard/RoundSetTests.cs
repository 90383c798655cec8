using AgiJobs.Arena.Scoreboard;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Arena.Tests.Scoreboard;

public sealed class RoundSetTests
{
    [Fact]
    public void It_holds_what_was_added_in_the_fewest_ranges() => Check.One(Config.QuickThrowOnFailure, Prop.ForAll(Gen.Choose(0, 30).ListOf().ToArbitrary(), numbers =>
    {
        var set = numbers.Aggregate(RoundSet.Empty, (before, number) => before.With(number));
        var expected = numbers.Distinct().Order().ToList();
        Assert.Equal(expected.Count, set.Count);
        Assert.All(Enumerable.Range(-1, 33), number => Assert.Equal(expected.Contains(number), set.Contains(number)));
        Assert.Equal(expected.Count(number => !expected.Contains(number - 1)), set.Ranges.Count);
    }));
}
