using System.Numerics;
using System.Text.Json;
using AgiJobs.Arena.Culture;
using AgiJobs.Arena.Scoreboard;
using AgiJobs.Arena.Tests.Scoreboard;
using AgiJobs.Control;
using AgiJobs.Ethereum;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Arena.Tests.Culture;

public sealed class CultureRewardsTests
{
    private static readonly CulturePeriod Week = CulturePeriod.WeekOf(Ended.Monday);
    private static readonly Wei Total = Wei.FromEther("1500");

    private static readonly Gen<List<CultureEntry>> Entries =
        from scores in Gen.Zip(Gen.Choose(0, 40), Gen.Choose(0, 5)).ListOf()
        select scores.Select((one, index) => new CultureEntry(Ended.Agent(index + 1), one.Item1, one.Item2)).ToList();

    [Fact]
    public void The_golden_allocation_comes_out_and_slashes_count_by_policy()
    {
        CultureEntry[] entries = [new(Ended.Agent(1), 2, 0), new(Ended.Agent(2), 1, 2)];
        var ignoring = Derive(entries, Total, 8, new CulturePolicy(0));
        Assert.Equal(["1000.0", "500.0"], ignoring.Allocations.Select(one => one.Amount.ToEther()));
        Assert.Equal([Ended.Agent(1)], Derive(entries, Total, 8, new CulturePolicy()).Allocations.Select(one => one.Account));
        Assert.Equal([Ended.Agent(1)], Derive(entries, Total, 8, new CulturePolicy(0, ExcludesSlashed: true)).Allocations.Select(one => one.Account));
    }

    [Fact]
    public void Amounts_add_up_to_the_total_to_the_last_unit() => Check.One(Config.QuickThrowOnFailure, Prop.ForAll(Entries.ToArbitrary(), Gen.Choose(1, int.MaxValue).ToArbitrary(), Gen.Choose(1, 12).ToArbitrary(), (entries, total, top) =>
    {
        var wei = new Wei(new BigInteger(total) * 1_000_000_007);
        var rewards = Derive(entries, wei, top, new CulturePolicy());
        Assert.Equal(entries.Exists(entry => entry.Wins > entry.Slashes), rewards.HasWinners);
        Assert.Equal(rewards.HasWinners ? wei.Value : BigInteger.Zero, rewards.Allocations.Aggregate(BigInteger.Zero, (sum, one) => sum + one.Amount.Value));
        Assert.True(rewards.Allocations.Count <= top);
        Assert.Equal(rewards.HasWinners ? wei.Value : BigInteger.Zero, PayoutPlan.Of(rewards).Total);
    }));

    [Fact]
    public void Who_scores_more_never_gets_less_and_equals_differ_by_one_unit_at_most() => Check.One(Config.QuickThrowOnFailure, Prop.ForAll(Entries.ToArbitrary(), Gen.Choose(1, 1000).ToArbitrary(), (entries, total) =>
    {
        var rewards = Derive(entries, new Wei(total), 100, new CulturePolicy());
        foreach (var (better, worse) in rewards.Allocations.Zip(rewards.Allocations.Skip(1)))
        {
            Assert.True(better.Score >= worse.Score);
            Assert.True(better.Amount >= worse.Amount);
            Assert.True(better.Score > worse.Score || better.Amount.Value - worse.Amount.Value <= 1);
        }
    }));

    [Fact]
    public void The_order_of_entries_does_not_matter() => Check.One(Config.QuickThrowOnFailure, Prop.ForAll(Entries.ToArbitrary(), Gen.Choose(0, 1_000_000).ToArbitrary(), (entries, seed) =>
    {
        var random = new Random(seed);
        Assert.Equal(
            Derive(entries, Total, 4, new CulturePolicy()).Encode(),
            Derive([.. entries.OrderBy(_ => random.Next())], Total, 4, new CulturePolicy()).Encode());
    }));

    [Fact]
    public void The_file_keeps_its_keys_and_its_amounts_add_up_as_they_stand_there()
    {
        var rewards = Derive([new(Ended.Agent(1), 1, 0), new(Ended.Agent(2), 1, 0), new(Ended.Agent(3), 1, 0)], Wei.FromEther("100"), 8, new CulturePolicy());
        using var file = JsonDocument.Parse(rewards.Encode());
        var root = file.RootElement;
        Assert.Equal("100.0", root.GetProperty("totalReward").GetRawText());
        Assert.Equal("2026-11-23T00:00:00Z", root.GetProperty("generatedAt").GetString());
        var allocations = root.GetProperty("allocations").EnumerateArray().ToList();
        Assert.Equal("33.333333333333333334", allocations[0].GetProperty("amount").GetRawText());
        Assert.Equal("33.333333333333333333", allocations[2].GetProperty("amount").GetRawText());
        Assert.Equal("33333333333333333334", allocations[0].GetProperty("amountWei").GetString());
        Assert.Equal(Ended.Agent(1).ToString(), allocations[0].GetProperty("address").GetString());
        Assert.Equal(1, allocations[0].GetProperty("wins").GetInt64());
        Assert.Equal(100m, allocations.Sum(one => one.GetProperty("amount").GetDecimal()));
        Assert.Equal("2026-W47", root.GetProperty("period").GetProperty("name").GetString());
    }

    [Fact]
    public void That_nobody_won_is_said()
    {
        var rewards = Derive([new(Ended.Agent(1), 1, 3)], Total, 8, new CulturePolicy());
        Assert.False(rewards.HasWinners);
        using var file = JsonDocument.Parse(rewards.Encode());
        Assert.Equal("no-winners", file.RootElement.GetProperty("outcome").GetString());
        Assert.Empty(PayoutPlan.Of(rewards).Payouts);
    }

    [Fact]
    public void A_week_is_a_week()
    {
        Assert.Equal("2026-W47", Week.Name);
        Assert.Equal(Ended.Monday, Week.From);
        Assert.False(Week.Contains(Ended.Monday.AddTicks(-1)));
        Assert.True(Week.Contains(Ended.Monday));
        Assert.True(Week.Contains(Ended.Monday.AddDays(7).AddTicks(-1)));
        Assert.False(Week.Contains(Ended.Monday.AddDays(7)));
        Assert.Equal("2026-W46", CulturePeriod.LastWeek(Ended.Monday).Name);
        Assert.Equal("2020-W53", CulturePeriod.WeekOf(new DateTimeOffset(2021, 1, 3, 23, 0, 0, TimeSpan.Zero)).Name);
        // A Monday that has begun east of Greenwich is still Sunday in UTC.
        Assert.Equal("2026-W46", CulturePeriod.WeekOf(new DateTimeOffset(2026, 11, 16, 1, 0, 0, TimeSpan.FromHours(2))).Name);
        Assert.Equal(Week, CulturePeriod.Parse("2026-W47", Ended.Monday));
        Assert.Equal(Ended.Monday, CulturePeriod.Parse("2026-11-16", Ended.Monday.AddDays(2)).From);
    }

    [Theory]
    [InlineData("2026-W54", "period-format")]
    [InlineData("2026-W00", "period-format")]
    [InlineData("last week", "period-format")]
    [InlineData("2026-11-16T08:00", "period-format")]
    [InlineData("2027-01-01", "period-empty")]
    public void A_period_that_is_none_is_refused(string text, string code) => Assert.Equal(code, Assert.Throws<ControlException>(() => CulturePeriod.Parse(text, Ended.Monday)).Code);

    [Fact]
    public void Only_what_happened_in_the_period_counts_and_reversed_slashes_do_not()
    {
        var old = Ended.Round(1, "1") with { EndedAt = Ended.Monday.AddSeconds(-1) };
        var entries = CultureEntry.Of(
            [old, Ended.Round(2, "10"), Ended.Round(2, "10")],
            [new SlashRecord("a", Ended.Monday.AddDays(1), Ended.Agent(1), "x"), new SlashRecord("b", Ended.Monday.AddDays(1), Ended.Agent(2), "x"), new SlashRecord("c", Ended.Monday.AddDays(-1), Ended.Agent(2), "x")],
            [new SlashReversal("a", Ended.Monday.AddDays(20), "appeal")],
            Week);
        Assert.Equal(new CultureEntry(Ended.Agent(1), 1, 0), Assert.Single(entries, entry => entry.Account == Ended.Agent(1)));
        Assert.Equal(new CultureEntry(Ended.Agent(2), 0, 1), Assert.Single(entries, entry => entry.Account == Ended.Agent(2)));
    }

    [Fact]
    public void Input_that_rewards_nobody_is_refused()
    {
        Assert.Equal("culture-total", Assert.Throws<ControlException>(() => Derive([], Wei.Zero, 8, new CulturePolicy())).Code);
        Assert.Equal("culture-top", Assert.Throws<ControlException>(() => Derive([], Total, 0, new CulturePolicy())).Code);
        Assert.Equal("culture-policy", Assert.Throws<ControlException>(() => Derive([], Total, 8, new CulturePolicy(-1))).Code);
        Assert.Equal("culture-twice", Assert.Throws<ControlException>(() => Derive([new(Ended.Agent(1), 1, 0), new(Ended.Agent(1), 2, 0)], Total, 8, new CulturePolicy())).Code);
    }

    private static CultureRewards Derive(IReadOnlyList<CultureEntry> entries, Wei total, int top, CulturePolicy policy) => CultureRewards.Derive(entries, total, top, Week, policy, Week.To);
}
