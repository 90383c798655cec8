using AgiJobs.Arena.Gateway;
using AgiJobs.Testing;

namespace AgiJobs.Arena.Tests.Gateway;

public sealed class TokenBucketsTests
{
    [Fact]
    public void A_bucket_gives_its_burst_at_once_and_then_one_for_each_that_comes_back()
    {
        var time = new ManualTime();
        var buckets = new TokenBuckets<string>(new RateLimit(2, 3), time);
        for (var i = 0; i < 3; i++)
        {
            Assert.Null(buckets.Take("a"));
        }

        Assert.Equal(TimeSpan.FromSeconds(0.5), buckets.Take("a"));
        Assert.Null(buckets.Take("b"));
        time.Advance(TimeSpan.FromSeconds(0.25));
        Assert.Equal(TimeSpan.FromSeconds(0.25), buckets.Take("a"));
        time.Advance(TimeSpan.FromSeconds(0.25));
        Assert.Null(buckets.Take("a"));
        Assert.NotNull(buckets.Take("a"));
        time.Advance(TimeSpan.FromHours(1));
        for (var i = 0; i < 3; i++)
        {
            Assert.Null(buckets.Take("a"));
        }

        Assert.NotNull(buckets.Take("a"));
    }

    [Fact]
    public void Keys_that_do_not_come_back_are_forgotten_and_those_that_are_empty_are_not()
    {
        var time = new ManualTime();
        var buckets = new TokenBuckets<int>(new RateLimit(0.001, 1), time);
        Assert.Null(buckets.Take(-1));
        var other = new TokenBuckets<int>(new RateLimit(1000, 1), time);
        for (var i = 0; i < 5000; i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(10));
            Assert.Null(other.Take(i));
            Assert.Null(buckets.Take(i));
        }

        Assert.True(other.Count <= 1024, $"{other.Count} keys are remembered.");
        Assert.NotNull(buckets.Take(-1));
    }
}
