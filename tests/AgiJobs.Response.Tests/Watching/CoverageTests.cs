using System.Text;
using AgiJobs.Control;
using AgiJobs.Control.Evidence.Log;
using AgiJobs.Control.Sealing;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Response.Watching;
using AgiJobs.Storage;

namespace AgiJobs.Response.Tests.Watching;

public sealed class CoverageTests : IDisposable
{
    private readonly string _user = Directory.CreateTempSubdirectory("agijobs-user-").FullName;

    [Fact]
    public async Task What_was_examined_is_signed_and_verifies_and_joins_into_one_range()
    {
        await using var ground = await WatchGround.StartAsync();
        ground.Options = ground.Options with { Key = Key() };
        using var monitor = ground.Monitor();
        for (var block = 0; block < 5; block++)
        {
            ground.Chain.Mine(1);
            await ground.CatchUpAsync(monitor);
        }

        var report = await CoverageReport.ReadAsync(ground.Store, await ground.StandingAsync(), Key().Verifier, CancellationToken.None);
        var proven = Assert.Single(report.Tracks.Single().Ranges);
        Assert.Equal(("good", 1UL, 5UL, ground.Chain.HashOf(5)), (proven.Signature, proven.Range.From, proven.Range.To, proven.Range.Hash));
        Assert.True(report.IsWhole);
    }

    [Fact]
    public async Task A_range_that_somebody_stretched_is_proven_by_nothing()
    {
        await using var ground = await WatchGround.StartAsync();
        ground.Options = ground.Options with { Key = Key() };
        using var monitor = ground.Monitor();
        ground.Chain.Mine([1, 1, 1]);
        await ground.CatchUpAsync(monitor);
        var document = (await ground.Store.ListAsync("response/test/monitors/main/coverage")).Single();
        Assert.Contains("\\n1 3\\n", document.Data, StringComparison.Ordinal);
        await ground.Store.CommitAsync(new StateCommit { Documents = [new DocumentWrite(document.Collection, document.Key, document.Data.Replace("\\n1 3\\n", "\\n1 9\\n", StringComparison.Ordinal))] });

        var report = await CoverageReport.ReadAsync(ground.Store, await ground.StandingAsync(), Key().Verifier, CancellationToken.None);
        Assert.Equal("bad", report.Tracks.Single().Ranges.Single().Signature);
        Assert.Equal((1UL, 3UL), Assert.Single(report.Tracks.Single().Holes));
        Assert.False(report.IsWhole);
    }

    [Fact]
    public async Task A_state_that_was_lost_is_found_out_told_and_examined_again()
    {
        var chain = new ScriptedChain();
        chain.Mine(Enumerable.Repeat(1, 20));
        await using (var before = await WatchGround.StartAsync(chain))
        {
            before.Options = before.Options with { Key = Key(), From = 3 };
            using var monitor = before.Monitor();
            await before.CatchUpAsync(monitor);
            await monitor.LeaveAsync();
        }

        chain.Mine(Enumerable.Repeat(1, 5));
        await using var after = await WatchGround.StartAsync(chain);
        after.Options = after.Options with { Key = Key(), From = null };
        using var next = after.Monitor();
        await after.CatchUpAsync(next);
        var told = await after.ToldAsync();
        Assert.Single(told, found => found.Rule == "monitor-state-lost");
        Assert.Equal(23, told.Count(found => found.Rule == "log"));
        Assert.True((await CoverageReport.ReadAsync(after.Store, await after.StandingAsync(), Key().Verifier, CancellationToken.None)).IsWhole);
    }

    [Fact]
    public async Task Another_chain_of_the_same_name_has_lost_nothing()
    {
        await using (var before = await WatchGround.StartAsync())
        {
            before.Options = before.Options with { Key = Key() };
            before.Chain.Mine([1, 1]);
            using var monitor = before.Monitor();
            await before.CatchUpAsync(monitor);
            await monitor.LeaveAsync();
        }

        var other = new ScriptedChain(salt: 7);
        other.Mine([0, 0, 0]);
        await using var after = await WatchGround.StartAsync(other);
        after.Options = after.Options with { Key = Key() };
        using var next = after.Monitor();
        await after.CatchUpAsync(next);
        Assert.DoesNotContain(await after.ToldAsync(), found => found.Rule == "monitor-state-lost");
    }

    [Fact]
    public async Task A_state_that_was_lost_is_found_out_although_the_last_block_that_was_examined_has_been_withdrawn_since()
    {
        var chain = await ExaminedAsync(20);
        chain.Withdraw(3);
        chain.Mine(Enumerable.Repeat(1, 5));
        await using var after = await WatchGround.StartAsync(chain);
        after.Options = after.Options with { Key = Key(), From = null };
        using var next = after.Monitor();
        await after.CatchUpAsync(next);

        var told = await after.ToldAsync();
        Assert.Single(told, found => found.Rule == "monitor-state-lost");
        Assert.Equal(22, told.Count(found => found.Rule == "log"));
    }

    [Fact]
    public async Task A_state_that_was_lost_is_found_out_although_the_node_is_behind()
    {
        var chain = await ExaminedAsync(20);
        chain.Withdraw(15);
        await using var after = await WatchGround.StartAsync(chain);
        after.Options = after.Options with { Key = Key(), From = null };
        using var next = after.Monitor();
        await after.CatchUpAsync(next);

        Assert.Single(await after.ToldAsync(), found => found.Rule == "monitor-state-lost");
    }

    [Fact]
    public async Task As_long_as_the_node_does_not_show_what_tells_the_chain_the_monitor_is_blind_and_begins_nowhere()
    {
        var key = Key();
        key.Remember("depth-0", new RememberedCoverage(5, 20, Keccak256.Hash([1]), new BlockMark(9, Keccak256.Hash([2]).ToString())));
        await using var ground = await WatchGround.StartAsync();
        ground.Options = ground.Options with { Key = key, From = null };
        ground.Chain.Mine(Enumerable.Repeat(0, 8));
        using var monitor = ground.Monitor();
        Assert.Equal(MonitorState.Blind, (await monitor.TickAsync(CancellationToken.None)).State);
        Assert.Empty((await ground.StandingAsync()).Tracks);

        ground.Chain.Mine(0);
        await ground.CatchUpAsync(monitor);
        Assert.DoesNotContain(await ground.ToldAsync(), found => found.Rule == "monitor-state-lost");
    }

    [Fact]
    public async Task A_depth_that_goes_and_comes_back_has_lost_nothing()
    {
        await using var ground = await WatchGround.StartAsync();
        ground.Options = ground.Options with { Key = Key() };
        ground.Chain.Mine([1, 1, 1, 1]);
        foreach (var sets in (CountingSet[][])[[new CountingSet(0, "first", "a"), new CountingSet(2, "first", "b")], [new CountingSet(0, "second", "a", "b")], [new CountingSet(0, "third", "a"), new CountingSet(2, "third", "b")]])
        {
            using var monitor = ground.Monitor(sets);
            await ground.CatchUpAsync(monitor);
            ground.Chain.Mine(1);
            await ground.CatchUpAsync(monitor);
            await monitor.LeaveAsync();
        }

        Assert.DoesNotContain(await ground.ToldAsync(), found => found.Rule == "monitor-state-lost");
        Assert.Equal(["depth-0", "depth-2"], (await ground.StandingAsync()).Tracks.Select(track => track.Name));
    }

    [Theory]
    [InlineData(1, 10, new ulong[0], new ulong[] { 1, 10 })]
    [InlineData(1, 10, new ulong[] { 1, 10 }, new ulong[0])]
    [InlineData(1, 10, new ulong[] { 3, 4, 6, 20 }, new ulong[] { 1, 2, 5, 5 })]
    [InlineData(5, 10, new ulong[] { 1, 6, 6, 7 }, new ulong[] { 8, 10 })]
    public void Holes_are_what_no_range_has(ulong from, ulong to, ulong[] ranges, ulong[] holes)
    {
        var covered = ranges.Chunk(2).Select(pair => Range(pair[0], pair[1]));
        Assert.Equal(holes.Chunk(2).Select(pair => (pair[0], pair[1])), CoverageRange.Holes(covered, from, to));
    }

    [Fact]
    public void A_range_reads_back_and_nothing_else_does()
    {
        var range = Range(5, 9);
        Assert.Equal(range, CoverageRange.Parse(range.ToText()));
        Assert.Equal(range with { IsUnread = true }, CoverageRange.Parse((range with { IsUnread = true }).ToText()));
        foreach (var wrong in (string[])["", range.ToText()[..^1], range.ToText().Replace("5 9", "9 5", StringComparison.Ordinal), range.ToText().Replace("5 9", "05 9", StringComparison.Ordinal), range.ToText() + "\n"])
        {
            Assert.Equal("coverage-format", Assert.Throws<ControlException>(() => CoverageRange.Parse(wrong)).Code);
        }
    }

    [Fact]
    public void Ranges_of_other_rules_or_another_branch_are_not_joined()
    {
        var range = Range(1, 4);
        Assert.True(range.GoesOnIn(Range(5, 6) with { Parent = range.Hash }));
        Assert.False(range.GoesOnIn(Range(5, 6) with { Parent = Keccak256.Hash([9]) }));
        Assert.False(range.GoesOnIn(Range(5, 6) with { Parent = range.Hash, RuleSet = Keccak256.Hash([9]) }));
        Assert.False(range.GoesOnIn(Range(5, 6) with { Parent = range.Hash, IsUnread = true }));
        Assert.False(range.GoesOnIn(Range(6, 7) with { Parent = range.Hash }));
    }

    [Fact]
    public void The_key_is_kept_and_another_monitors_is_another()
    {
        Assert.Equal(Key().Verifier.ToString(), Key().Verifier.ToString());
        Assert.NotEqual(Key().Verifier.ToString(), MonitorKey.Open(new Seal(UserFolder.At(_user)), "test", "second").Verifier.ToString());
        var note = Key().Sign(Range(1, 2).ToText());
        Assert.True(Key().Verifier.HasSigned(SignedNote.Parse(note.ToBytes())));
        Assert.Contains("agijobs-coverage/1", Encoding.UTF8.GetString(note.ToBytes()), StringComparison.Ordinal);
    }

    // A chain of so many blocks, that a monitor has examined whose state is gone.
    private async Task<ScriptedChain> ExaminedAsync(int blocks)
    {
        var chain = new ScriptedChain();
        chain.Mine(Enumerable.Repeat(1, blocks));
        await using var before = await WatchGround.StartAsync(chain);
        before.Options = before.Options with { Key = Key(), From = 1 };
        using var monitor = before.Monitor();
        await before.CatchUpAsync(monitor);
        await monitor.LeaveAsync();
        return chain;
    }

    public void Dispose() => Directory.Delete(_user, recursive: true);

    private static CoverageRange Range(ulong from, ulong to) => new("test", ChainId.Local, "main", "depth-0", Keccak256.Hash([1]), from, to, Keccak256.Hash([2]), Keccak256.Hash([3]));

    private MonitorKey Key() => MonitorKey.Open(new Seal(UserFolder.At(_user)), "test", "main");
}
