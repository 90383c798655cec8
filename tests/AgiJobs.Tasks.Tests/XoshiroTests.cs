namespace AgiJobs.Tasks.Tests;

public sealed class XoshiroTests
{
    [Fact]
    public void It_draws_what_the_reference_implementation_draws()
    {
        // xoshiro256starstar.c of Blackman and Vigna with the state 1, 2, 3, 4, as in the tests of the Rust crate rand_xoshiro.
        var random = new Xoshiro(1, 2, 3, 4);
        ulong[] expected =
        [
            11520, 0, 1509978240, 1215971899390074240, 1216172134540287360, 607988272756665600, 16172922978634559625, 8476171486693032832, 10595114339597558777, 2904607092377533576,
        ];
        Assert.Equal(expected, expected.Select(_ => random.Next()));
    }

    [Fact]
    public void A_stream_begins_with_the_SHA_256_of_its_label()
    {
        // SHA-256 of "abc", FIPS 180-2 appendix B.1, in little-endian words.
        var expected = new Xoshiro(0xeacf018fbf1678ba, 0x2322ae5dde404141, 0x9c7a1796a36103b0, 0xad1500f261ff10b4);
        var random = Xoshiro.Of("abc");
        Assert.Equal(expected.Next(), random.Next());
        Assert.Equal(expected.Next(), random.Next());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1000)]
    [InlineData(int.MaxValue)]
    public void Draws_below_a_bound_are_below_it(int bound)
    {
        var random = Xoshiro.Of("bounds");
        for (var i = 0; i < 1000; i++)
            Assert.InRange(random.Below(bound), 0, bound - 1);
    }

    [Fact]
    public void Every_value_is_drawn_about_equally_often()
    {
        var random = Xoshiro.Of("uniform");
        var counts = new int[6];
        for (var i = 0; i < 60_000; i++)
            counts[random.Below(6)]++;
        // Five standard deviations of a binomial around 10 000.
        Assert.All(counts, count => Assert.InRange(count, 9_543, 10_457));
    }

    [Fact]
    public void An_order_has_every_number_once() => Assert.Equal(Enumerable.Range(0, 100), Xoshiro.Of("order").Order(100).Order());
}
