using AgiJobs.Control;
using AgiJobs.Ethereum;
using AgiJobs.Response.Watching;
using AgiJobs.Storage;
using AgiJobs.Testing;

namespace AgiJobs.Response.Tests.Watching;

public sealed class ChainMonitorTests
{
    [Fact]
    public async Task Every_block_from_the_start_is_examined_once_whatever_was_mined_between_looks()
    {
        await using var ground = await WatchGround.StartAsync();
        using var monitor = ground.Monitor();
        ground.Chain.Mine([1, 0, 2]);
        await ground.CatchUpAsync(monitor);
        ground.Chain.Mine([0, 3]);
        await ground.CatchUpAsync(monitor);

        var told = await ground.FoundAsync();
        // Six logs, and a storm in the block that brings the window to five.
        Assert.Equal(7, told.Count);
        Assert.Single(told, found => found.Id.Contains("storm", StringComparison.Ordinal));
        Assert.Equal(ground.Chain.Head + 1, (await ground.StandingAsync()).Tracks.Single().Next);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(15)]
    public async Task Withdrawn_blocks_have_their_findings_taken_back_and_the_new_ones_are_examined(int depth)
    {
        await using var ground = await WatchGround.StartAsync();
        using var monitor = ground.Monitor();
        ground.Chain.Mine(Enumerable.Repeat(1, 20));
        await ground.CatchUpAsync(monitor);
        ground.Chain.Withdraw(depth);
        ground.Chain.Mine(Enumerable.Repeat(2, depth + 1));
        await ground.CatchUpAsync(monitor);

        var told = await ground.FoundAsync();
        Assert.Equal(depth, told.Count(found => found.Kind == "Retracted" && found.Id.StartsWith("test/log/", StringComparison.Ordinal)));
        await AssertAsFoundAnewAsync(ground);
        Assert.Equal(1, (await ground.StandingAsync()).Reorganisations);
        Assert.Contains("is no part of the chain any more", (await ground.Store.ReadAsync(WatchGround.Stream)).Last(told => told.Data.Contains("Retracted", StringComparison.Ordinal)).Data, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reorganisation_deeper_than_what_is_remembered_is_told_and_nothing_is_wrong_afterwards()
    {
        await using var ground = await WatchGround.StartAsync();
        using var monitor = ground.Monitor();
        for (var block = 0; block < 60; block++)
        {
            ground.Chain.Mine(1);
            await ground.CatchUpAsync(monitor);
        }

        ground.Chain.Withdraw(40);
        ground.Chain.Mine(Enumerable.Repeat(1, 41));
        await ground.CatchUpAsync(monitor);
        Assert.Contains(await ground.ToldAsync(), told => told.Rule == "monitor-reorg-deep");
        await AssertAsFoundAnewAsync(ground);
    }

    [Fact]
    public async Task A_chain_that_returns_to_its_first_branch_tells_its_findings_again_under_a_number_of_their_own()
    {
        await using var ground = await WatchGround.StartAsync();
        using var monitor = ground.Monitor();
        ground.Chain.Mine([0, 0, 1]);
        await ground.CatchUpAsync(monitor);
        var first = ground.Chain.Withdraw(1);
        ground.Chain.Mine([0, 0]);
        await ground.CatchUpAsync(monitor);
        ground.Chain.Restore(2, first);
        ground.Chain.Mine([0, 0, 0]);
        await ground.CatchUpAsync(monitor);

        var told = await ground.FoundAsync();
        Assert.Equal(["Firing", "Retracted", "Firing"], told.Select(found => found.Kind));
        Assert.Equal($"{told[0].Id}#2", told[2].Id);
        Assert.Equal(3, told.Select(found => found.Id).Distinct().Count());
    }

    [Fact]
    public async Task A_node_that_has_fallen_behind_takes_nothing_back()
    {
        await using var ground = await WatchGround.StartAsync();
        using var monitor = ground.Monitor();
        ground.Chain.Mine([1, 1, 1, 1]);
        await ground.CatchUpAsync(monitor);
        var gone = ground.Chain.Withdraw(2);
        await ground.CatchUpAsync(monitor);
        ground.Chain.Restore(0, gone);
        await ground.CatchUpAsync(monitor);
        Assert.DoesNotContain(await ground.FoundAsync(), found => found.Kind == "Retracted");
    }

    [Fact]
    public async Task A_set_waits_for_its_confirmations_and_each_depth_has_its_own_cursor()
    {
        await using var ground = await WatchGround.StartAsync();
        using var monitor = ground.Monitor(new CountingSet(0), new CountingSet(3));
        ground.Chain.Mine([1, 1, 1, 1]);
        await ground.CatchUpAsync(monitor);
        var told = await ground.FoundAsync();
        Assert.Equal(4, told.Count(found => found.Id.StartsWith("test/log/0/", StringComparison.Ordinal)));
        Assert.Equal(1, told.Count(found => found.Id.StartsWith("test/log/3/", StringComparison.Ordinal)));

        // Too shallow for the deep set to have seen it.
        ground.Chain.Withdraw(3);
        ground.Chain.Mine([1, 1, 1, 1]);
        await ground.CatchUpAsync(monitor);
        Assert.DoesNotContain(await ground.FoundAsync(), found => found.Kind == "Retracted" && found.Id.StartsWith("test/log/3/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_outage_of_any_length_skips_nothing_and_is_a_finding_after_its_time()
    {
        await using var ground = await WatchGround.StartAsync();
        using var monitor = ground.Monitor();
        ground.Chain.Mine([1]);
        await ground.CatchUpAsync(monitor);
        ground.Chain.OnCall = _ => throw new EthereumException("rpc-unreachable", Fault.Unknown, "no node");
        ground.Chain.Mine(Enumerable.Repeat(1, 100));
        Assert.Equal(MonitorState.Blind, (await monitor.TickAsync(CancellationToken.None)).State);
        Assert.NotNull((await ground.StandingAsync()).Blind);
        ground.Time.Advance(TimeSpan.FromSeconds(59));
        await monitor.TickAsync(CancellationToken.None);
        Assert.DoesNotContain(await ground.ToldAsync(), told => told.Rule == "monitor-blind");
        ground.Time.Advance(TimeSpan.FromSeconds(2));
        await monitor.TickAsync(CancellationToken.None);
        await monitor.TickAsync(CancellationToken.None);
        Assert.Single(await ground.ToldAsync(), told => told.Rule == "monitor-blind");

        ground.Chain.OnCall = _ => { };
        await ground.CatchUpAsync(monitor);
        Assert.Equal(["Firing", "Resolved"], (await ground.ToldAsync()).Where(told => told.Rule == "monitor-blind").Select(told => told.Kind));
        Assert.Null((await ground.StandingAsync()).Blind);
        await AssertAsFoundAnewAsync(ground);
    }

    [Fact]
    public async Task Two_monitors_of_one_name_never_both_write()
    {
        await using var ground = await WatchGround.StartAsync();
        using var first = ground.Monitor();
        using var second = ground.Monitor();
        ground.Chain.Mine([1]);
        Assert.Equal(MonitorState.Watching, (await first.TickAsync(CancellationToken.None)).State);
        Assert.Equal(MonitorState.StandingBy, (await second.TickAsync(CancellationToken.None)).State);
        ground.Time.Advance(TimeSpan.FromSeconds(16));
        ground.Chain.Mine([1]);
        Assert.Equal(MonitorState.Watching, (await second.TickAsync(CancellationToken.None)).State);
        // The first one comes back from its long sleep.
        Assert.Equal(MonitorState.StandingBy, (await first.TickAsync(CancellationToken.None)).State);
        Assert.Equal(2, (await ground.FoundAsync()).Count);
    }

    [Fact]
    public async Task Blocks_that_were_never_examined_are_told_and_filled_in_when_the_start_moves_back()
    {
        await using var ground = await WatchGround.StartAsync();
        ground.Chain.Mine(Enumerable.Repeat(1, 50));
        ground.Options = ground.Options with { From = 40 };
        using (var late = ground.Monitor())
        {
            await ground.CatchUpAsync(late);
            await late.LeaveAsync();
        }

        ground.Options = ground.Options with { From = 1 };
        using var monitor = ground.Monitor();
        await ground.CatchUpAsync(monitor);
        Assert.Equal(["Firing", "Resolved"], (await ground.ToldAsync()).Where(told => told.Rule == "monitor-coverage-gap").Select(told => told.Kind));
        var report = await CoverageReport.ReadAsync(ground.Store, await ground.StandingAsync(), null, CancellationToken.None);
        Assert.Empty(CoverageRange.Holes(report.Tracks[0].Ranges.Select(range => range.Range), 1, 50));
        Assert.Equal(50, (await ground.FoundAsync()).Count(found => found.Id.StartsWith("test/log/", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_stretch_older_than_anything_is_examined_in_ranges_and_none_of_it_is_skipped()
    {
        await using var ground = await WatchGround.StartAsync();
        ground.Chain.Mine(Enumerable.Repeat(1, 500));
        ground.Chain.MaxRange = 5;
        using var monitor = ground.Monitor();
        await ground.CatchUpAsync(monitor);
        Assert.Equal(500, (await ground.FoundAsync()).Count(found => found.Id.StartsWith("test/log/", StringComparison.Ordinal)));
        Assert.InRange(ground.Chain.LargestServed, 1, 5);
    }

    [Fact]
    public async Task Other_rules_begin_a_range_of_their_own_and_the_change_is_told()
    {
        await using var ground = await WatchGround.StartAsync();
        ground.Chain.Mine([1, 1]);
        using (var before = ground.Monitor(new CountingSet(0)))
        {
            await ground.CatchUpAsync(before);
            await before.LeaveAsync();
        }

        using var after = ground.Monitor(new CountingSet(0, "second"));
        ground.Chain.Mine([1]);
        await ground.CatchUpAsync(after);
        Assert.Single(await ground.ToldAsync(), told => told.Rule == "monitor-rules-changed");
        Assert.Single(await ground.ToldAsync(), told => told.Rule == "monitor-memory-lost");
        var report = await CoverageReport.ReadAsync(ground.Store, await ground.StandingAsync(), null, CancellationToken.None);
        Assert.Equal([(1UL, 2UL), (3UL, 3UL)], report.Tracks[0].Ranges.Select(range => (range.Range.From, range.Range.To)));
    }

    [Fact]
    public async Task The_newest_blocks_of_a_catch_up_are_asked_for_by_their_hash_since_a_back_end_that_lags_leaves_logs_out_of_an_answer_by_number()
    {
        await using var ground = await WatchGround.StartAsync();
        ground.Chain.Mine(Enumerable.Repeat(1, 60));
        ground.Chain.Lag = ground.Options.RangeFrom;
        using var monitor = ground.Monitor();
        await ground.CatchUpAsync(monitor);

        Assert.True(ground.Chain.LargestServed > 1);
        Assert.Equal(60, (await ground.FoundAsync()).Count(found => found.Id.StartsWith("test/log/", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_hole_that_ends_near_the_head_is_filled_with_what_its_newest_blocks_logged_too()
    {
        await using var ground = await WatchGround.StartAsync();
        ground.Chain.Mine(Enumerable.Repeat(1, 50));
        ground.Options = ground.Options with { From = 50 };
        using (var late = ground.Monitor())
        {
            await ground.CatchUpAsync(late);
            await late.LeaveAsync();
        }

        ground.Chain.Lag = 3;
        ground.Options = ground.Options with { From = 1 };
        using var monitor = ground.Monitor();
        await ground.CatchUpAsync(monitor);

        Assert.Equal(50, (await ground.FoundAsync()).Count(found => found.Id.StartsWith("test/log/", StringComparison.Ordinal)));
        Assert.Empty(await HolesAsync(ground, 1, 50));
    }

    [Fact]
    public async Task A_block_that_is_not_answered_keeps_those_below_it_from_nothing_and_none_above_it_is_taken_before_it()
    {
        await using var ground = await WatchGround.StartAsync();
        var fails = true;
        ground.Chain.Unreadable = number => fails && number == 3;
        ground.Chain.Mine([1, 1, 1, 1, 1]);
        using var monitor = ground.Monitor();
        var tick = await monitor.TickAsync(CancellationToken.None);
        Assert.Equal((MonitorState.Blind, "block 3 is not answered"), (tick.State, tick.Why));
        Assert.Equal(3UL, (await ground.StandingAsync()).Tracks.Single().Next);
        Assert.Equal(2, await LogsAsync());

        fails = false;
        await ground.CatchUpAsync(monitor);
        Assert.Equal(5, await LogsAsync());

        async Task<int> LogsAsync() => (await ground.FoundAsync()).Count(found => found.Id.StartsWith("test/log/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Views_that_the_node_refuses_are_asked_for_again_and_taken_as_soon_as_it_has_them()
    {
        await using var ground = await WatchGround.StartAsync();
        var refuses = true;
        ground.Chain.Refuses = number => refuses && number == 3;
        ground.Chain.Mine([1, 1, 1, 1]);
        using var monitor = ground.Monitor();
        var tick = await monitor.TickAsync(CancellationToken.None);
        Assert.Equal(MonitorState.Blind, tick.State);
        Assert.Contains("missing trie node", tick.Why, StringComparison.Ordinal);
        Assert.Equal(3UL, (await ground.StandingAsync()).Tracks.Single().Next);

        refuses = false;
        await ground.CatchUpAsync(monitor);
        var report = await ReportAsync(ground);
        Assert.False(Assert.Single(report.Tracks[0].Ranges).Range.IsUnread);
        Assert.Equal(4, (await ground.FoundAsync()).Count(found => found.Id.StartsWith("test/log/", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(60)]
    public async Task Views_that_stay_refused_are_unknown_after_a_while_and_the_coverage_says_of_which_blocks(int blocks)
    {
        await using var ground = await WatchGround.StartAsync();
        ground.Chain.Refuses = number => number is >= 3 and <= 5;
        ground.Chain.Mine(Enumerable.Repeat(1, blocks));
        using var monitor = ground.Monitor();
        Assert.Equal(MonitorState.Blind, (await monitor.TickAsync(CancellationToken.None)).State);
        ground.Time.Advance(ground.Options.ViewPatience - TimeSpan.FromSeconds(1));
        Assert.Equal(MonitorState.Blind, (await monitor.TickAsync(CancellationToken.None)).State);
        await ground.CatchUpAsync(monitor);

        var report = await ReportAsync(ground);
        Assert.Equal([(1UL, 2UL, false), (3UL, 5UL, true), (6UL, (ulong)blocks, false)], report.Tracks[0].Ranges.Select(range => (range.Range.From, range.Range.To, range.Range.IsUnread)));
        Assert.False(report.IsWhole);
        Assert.Contains(MonitorProblem.Of([report], ground.Time.GetUtcNow()), problem => problem.Exit == ExitCode.Findings && problem.Text.Contains("the views of the blocks 3 to 5 are unknown", StringComparison.Ordinal));
        Assert.Equal(blocks, (await ground.FoundAsync()).Count(found => found.Id.StartsWith("test/log/", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Rules_that_moved_to_a_smaller_depth_miss_no_block_on_the_way()
    {
        await using var ground = await WatchGround.StartAsync();
        ground.Chain.Mine(Enumerable.Repeat(1, 7));
        using (var before = ground.Monitor(new CountingSet(0, "first", "a"), new CountingSet(3, "first", "b")))
        {
            await ground.CatchUpAsync(before);
            await before.LeaveAsync();
        }

        var after = new CountingSet(0, "second", "a", "b");
        using var monitor = ground.Monitor(after);
        await ground.CatchUpAsync(monitor);

        // Of the deep set the blocks up to four were examined.
        Assert.Equal((5UL, 7UL), (await ReportAsync(ground)).Tracks.Single().Ranges.Where(range => range.Range.RuleSet == after.Digest).Select(range => (range.Range.From, range.Range.To)).Single());
        Assert.Empty(await HolesAsync(ground, 1, 7));
        var told = await ground.FoundAsync();
        Assert.Equal(told.Count, told.Select(found => found.Id).Distinct().Count());
    }

    [Fact]
    public async Task Rules_that_moved_to_a_depth_that_is_new_begin_where_they_had_come_to()
    {
        await using var ground = await WatchGround.StartAsync();
        ground.Options = ground.Options with { From = null };
        ground.Chain.Mine(Enumerable.Repeat(1, 6));
        using (var before = ground.Monitor(new CountingSet(3, "first", "b")))
        {
            await ground.CatchUpAsync(before);
            await before.LeaveAsync();
        }

        ground.Chain.Mine(Enumerable.Repeat(1, 4));
        using var monitor = ground.Monitor(new CountingSet(0, "second", "b"));
        await ground.CatchUpAsync(monitor);

        Assert.Equal(["4", "5", "6", "7", "8", "9", "10"], (await ground.FoundAsync()).Where(found => found.Id.StartsWith("test/log/0/", StringComparison.Ordinal)).Select(found => found.Id.Split('/')[3]));
        Assert.Empty((await ground.StandingAsync()).Before);
    }

    [Fact]
    public async Task A_node_that_shows_no_new_block_is_a_finding_and_a_problem_until_it_does()
    {
        await using var ground = await WatchGround.StartAsync();
        ground.Options = ground.Options with { StaleAfter = TimeSpan.FromSeconds(60) };
        ground.Chain.TimeOffset = ground.Time.GetUtcNow() - new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        ground.Chain.Mine(0);
        using var monitor = ground.Monitor();
        await ground.CatchUpAsync(monitor);
        ground.Time.Advance(TimeSpan.FromSeconds(60));
        await ground.CatchUpAsync(monitor);
        Assert.DoesNotContain(await ground.ToldAsync(), told => told.Rule == "monitor-stale");
        ground.Time.Advance(TimeSpan.FromSeconds(1));
        await ground.CatchUpAsync(monitor);
        Assert.Equal(["Firing"], (await ground.ToldAsync()).Where(told => told.Rule == "monitor-stale").Select(told => told.Kind));
        Assert.Contains(MonitorProblem.Of([await ReportAsync(ground)], ground.Time.GetUtcNow()), problem => problem.Exit == ExitCode.Findings && problem.Text.Contains("sees no new block", StringComparison.Ordinal));

        ground.Chain.TimeOffset += TimeSpan.FromSeconds(61);
        ground.Chain.Mine(0);
        await ground.CatchUpAsync(monitor);
        Assert.Equal(["Firing", "Resolved"], (await ground.ToldAsync()).Where(told => told.Rule == "monitor-stale").Select(told => told.Kind));
        Assert.DoesNotContain(MonitorProblem.Of([await ReportAsync(ground)], ground.Time.GetUtcNow()), problem => problem.Text.Contains("sees no new block", StringComparison.Ordinal));
    }

    public static TheoryData<string, Exception> Problems => new()
    {
        { "file-read", new ControlException("file-read", ExitCode.Failed, "the configuration folder is away") },
        { StorageException.Unreachable, new StorageException(StorageException.Unreachable, "the database is away") },
        { "monitor-failed", new InvalidOperationException("a defect") },
        { "monitor-failed", new OperationCanceledException("of something else") },
    };

    [Theory]
    [MemberData(nameof(Problems), DisableDiscoveryEnumeration = true)]
    public async Task What_keeps_it_from_looking_is_said_once_and_tried_again_and_ends_nothing(string code, Exception problem)
    {
        await using var ground = await WatchGround.StartAsync();
        ground.Chain.Mine([1]);
        var tries = 0;
        var said = new List<string>();
        using var worker = new MonitorWorker(
            new ChainMonitor(ground.Store, _ => ++tries <= 3 ? throw problem : Task.FromResult<IWatchedChain>(ground.Chain), WatchTrack.Of([new CountingSet(0)]), ground.Options with { Take = ground.TakeAsync }, ground.Time),
            ground.Time)
        {
            Tell = line =>
            {
                lock (said)
                {
                    said.Add(line);
                }
            },
        };
        await worker.StartAsync(CancellationToken.None);
        await Wait.UntilAsync("it watches", () =>
        {
            ground.Time.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult(worker.State.IsReady);
        });
        await worker.StopAsync(TimeSpan.FromSeconds(1));

        Assert.Equal(4, tries);
        Assert.Single(said, line => line.Contains($"[{code}]", StringComparison.Ordinal));
        Assert.Single(await ground.FoundAsync());
    }

    [Fact]
    public async Task Blocks_from_the_future_are_a_finding_until_the_clocks_agree()
    {
        await using var ground = await WatchGround.StartAsync();
        using var monitor = ground.Monitor();
        ground.Chain.TimeOffset = TimeSpan.FromHours(1);
        ground.Chain.Mine([0]);
        await ground.CatchUpAsync(monitor);
        ground.Chain.TimeOffset = TimeSpan.Zero;
        ground.Chain.Mine([0]);
        await ground.CatchUpAsync(monitor);
        Assert.Equal(["Firing", "Resolved"], (await ground.ToldAsync()).Where(told => told.Rule == "monitor-clock").Select(told => told.Kind));
    }

    [Fact]
    public async Task Somebody_elses_write_to_what_findings_lead_to_is_met_with_another_attempt()
    {
        await using var ground = await WatchGround.StartAsync();
        using var monitor = ground.Monitor();
        ground.Chain.Mine([1]);
        // The second commit is the block's.
        ground.Store.Before = number => _ = number is 2 or 3 ? throw new StorageException(StorageException.StreamConflict, "another writer") : 0;
        await ground.CatchUpAsync(monitor);
        Assert.True(ground.Store.Commits >= 4);
        Assert.Single(await ground.FoundAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData("Main")]
    [InlineData("a/b")]
    public void A_monitor_has_a_name_that_can_stand_in_a_path(string name) =>
        Assert.Equal("monitor-name", Assert.Throws<ControlException>(() => new MonitorOptions { Network = "test", ChainId = ChainId.Local, Name = name }.Check()).Code);

    [Fact]
    public void Two_sets_of_one_depth_are_refused() =>
        Assert.Equal("monitor-sets", Assert.Throws<ControlException>(() => WatchTrack.Of([new CountingSet(1), new CountingSet(1)])).Code);

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Whatever_happens_what_is_told_comes_to_what_an_undisturbed_monitor_finds(int seed)
    {
        await using var ground = await WatchGround.StartAsync();
        var random = new Random(seed);
        var monitor = ground.Monitor(new CountingSet(0), new CountingSet(2));
        for (var step = 0; step < 30; step++)
        {
            switch (random.Next(6))
            {
                case 0 or 1:
                    ground.Chain.Mine(Enumerable.Range(0, random.Next(1, 24)).Select(_ => random.Next(4)).ToList());
                    break;
                case 2:
                    var depth = random.Next(1, random.Next(4) == 0 ? 40 : 6);
                    ground.Chain.Withdraw(depth);
                    ground.Chain.Mine(Enumerable.Range(0, random.Next(1, depth + 3)).Select(_ => random.Next(3)).ToList());
                    break;
                case 3:
                    var failing = ground.Chain.Calls + random.Next(1, 12);
                    ground.Chain.OnCall = call => _ = call == failing ? throw new EthereumException("rpc-unreachable", Fault.Unknown, "no node") : 0;
                    break;
                case 4:
                    // Killed at a commit, before it was made or after.
                    var fatal = ground.Store.Commits + random.Next(1, 10);
                    Action<int> kill = number => _ = number == fatal ? throw new KilledException() : 0;
                    var isBefore = random.Next(2) == 0;
                    ground.Store.Before = isBefore ? kill : _ => { };
                    ground.Store.After = isBefore ? _ => { } : kill;
                    break;
                default:
                    ground.Time.Advance(TimeSpan.FromSeconds(random.Next(40)));
                    break;
            }

            try
            {
                await monitor.TickAsync(CancellationToken.None);
            }
            catch (KilledException)
            {
                (ground.Store.Before, ground.Store.After) = (_ => { }, _ => { });
                monitor = ground.Monitor(new CountingSet(0), new CountingSet(2));
            }
        }

        (ground.Store.Before, ground.Store.After, ground.Chain.OnCall) = (_ => { }, _ => { }, _ => { });
        ground.Chain.Mine([1, 0, 2, 1]);
        await ground.CatchUpAsync(monitor);
        await AssertAsFoundAnewAsync(ground, new CountingSet(0), new CountingSet(2));
    }

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(1, Environment.GetEnvironmentVariable("AGIJOBS_TEST_LONG") is "1" ? 500 : 25)];

    private static async Task<CoverageReport> ReportAsync(WatchGround ground) => await CoverageReport.ReadAsync(ground.Store, await ground.StandingAsync(), null, CancellationToken.None);

    private static async Task<IReadOnlyList<(ulong From, ulong To)>> HolesAsync(WatchGround ground, ulong from, ulong to) => CoverageRange.Holes((await ReportAsync(ground)).Tracks[0].Ranges.Select(range => range.Range), from, to);

    // Each thing was told once, and what was told and not taken back is what a fresh monitor finds on the chain as it is now.
    private static async Task AssertAsFoundAnewAsync(WatchGround ground, params CountingSet[] sets)
    {
        await using var fresh = await WatchGround.StartAsync(ground.Chain);
        using var monitor = fresh.Monitor(sets);
        await fresh.CatchUpAsync(monitor);
        var told = await ground.FoundAsync();
        Assert.Equal(told.Count, told.Select(found => found.Id).Distinct().Count());
        var standing = told.Where(found => found.Kind == "Firing").Select(found => found.Id).Except(told.Where(found => found.Kind == "Retracted").Select(found => found.Id[..^"#retracted".Length]));
        Assert.Equal((await fresh.FoundAsync()).Select(found => found.Id).Order(), standing.Select(id => id.Split('#')[0]).Order());
        var report = await CoverageReport.ReadAsync(ground.Store, await ground.StandingAsync(), null, CancellationToken.None);
        Assert.All(report.Tracks, track =>
        {
            Assert.Empty(CoverageRange.Holes(track.Ranges.Select(range => range.Range), track.Standing.From, track.Standing.Next - 1));
            Assert.All(track.Ranges, range => Assert.Equal(ground.Chain.HashOf(range.Range.To), range.Range.Hash));
        });
    }
}
