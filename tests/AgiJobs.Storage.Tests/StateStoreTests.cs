using AgiJobs.Testing;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Storage.Tests;

/// <summary>What every store promises. Each test has a place of its own, where several stores are opened as several processes would.</summary>
public abstract class StateStoreTests : IAsyncLifetime
{
    private readonly List<IStateStore> _opened = [];

    protected ManualTime Time { get; } = new();

    protected static bool IsLong => Environment.GetEnvironmentVariable("AGIJOBS_TEST_LONG") is "1";

    private IStateStore Store => _opened[0];

    public async ValueTask InitializeAsync() => await AnotherAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var store in _opened)
        {
            await store.DisposeAsync();
        }

        await LeaveAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Events_come_back_byte_for_byte_with_versions_positions_and_times()
    {
        const string Odd = "{ \"a\" : 1.0e2,\n\t\"nul\":\"\\u0000\",\"half\":\"\\ud800\",\"\u00e9\":\"\U0001F9EA\" }";
        Assert.Equal(2, await Store.CommitAsync(Append("a", 0, Odd, "null")));
        Time.Advance(TimeSpan.FromMicroseconds(1));
        Assert.Equal(4, await Store.CommitAsync(new StateCommit { Events = [new StreamAppend("b", 0, [new NewEvent("t", "1")]), new StreamAppend("a", 2, [new NewEvent("t", "[]")])] }));
        var start = Time.GetUtcNow() - TimeSpan.FromMicroseconds(1);
        Assert.Equal(
            [new StoredEvent(1, "a", 1, "t", Odd, start), new StoredEvent(2, "a", 2, "t", "null", start), new StoredEvent(4, "a", 3, "t", "[]", Time.GetUtcNow())],
            await Store.ReadAsync("a"));
        Assert.Equal([2L, 3L], (await Store.ReadAsync("a", 1)).Select(stored => stored.Version));
        Assert.Equal([2L], (await Store.ReadAsync("a", 1, 1)).Select(stored => stored.Version));
        Assert.Empty(await Store.ReadAsync("c"));
        Assert.Equal(4, await Store.CommitAsync(new StateCommit()));
    }

    [Fact]
    public async Task A_prefix_is_taken_literally()
    {
        string[] streams = ["a/1", "a%2", "A/3", "a_4", "\U0001F9EA/5", "\U0001F9EB/6"];
        foreach (var stream in streams)
        {
            await Store.CommitAsync(Append(stream, 0, "1"));
        }

        Assert.Equal(streams, await StreamsAsync(""));
        Assert.Equal(["a/1", "a%2", "a_4"], await StreamsAsync("a"));
        Assert.Equal(["a%2"], await StreamsAsync("a%"));
        Assert.Equal(["a_4"], await StreamsAsync("a_"));
        Assert.Equal(["\U0001F9EA/5"], await StreamsAsync("\U0001F9EA"));
        Assert.Equal(["a%2"], (await Store.ReadAllAsync("a", 1, 1)).Select(stored => stored.Stream));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_stream_at_another_version_is_a_conflict_that_leaves_nothing_behind(long expected)
    {
        await Store.CommitAsync(Append("a", 0, "1", "2"));
        await RefusedAsync(StorageException.StreamConflict, new StateCommit
        {
            Events = [new StreamAppend("b", 0, [new NewEvent("t", "1")]), new StreamAppend("a", expected, [new NewEvent("t", "3")])],
            Documents = [new DocumentWrite("c", "k", "1")],
            Messages = [new MessageWrite("m", "k", "1")],
        });
        await NothingBesideAsync(2);
    }

    [Fact]
    public async Task A_document_at_another_version_is_a_conflict_that_leaves_nothing_behind()
    {
        await Store.CommitAsync(Append("a", 0, "1", "2"));
        foreach (var wrong in (DocumentWrite[])[new("c", "k", "1", 1), new("c", "k", null, 1), new("c", "k", "1", 7)])
        {
            await RefusedAsync(StorageException.DocumentConflict, new StateCommit
            {
                Events = [new StreamAppend("b", 0, [new NewEvent("t", "1")])],
                Documents = [new DocumentWrite("c", "first", "1"), wrong],
                Messages = [new MessageWrite("m", "k", "1")],
            });
        }

        await NothingBesideAsync(2);
    }

    [Fact]
    public async Task What_names_a_stream_or_a_document_twice_is_taken_in_its_order()
    {
        await Store.CommitAsync(
            new StateCommit
            {
                Events = [new StreamAppend("a", 0, [new NewEvent("t", "1")]), new StreamAppend("a", 1, [new NewEvent("t", "2")])],
                Documents = [new DocumentWrite("c", "k", "1", 0), new DocumentWrite("c", "k", "2", 1)],
            });
        Assert.Equal(["1", "2"], (await Store.ReadAsync("a")).Select(stored => stored.Data));
        Assert.Equal((2, "2"), await DocumentAsync("k"));
        await RefusedAsync(StorageException.StreamConflict, new StateCommit { Events = [.. Append("a", 2, "1").Events, .. Append("a", 2, "1").Events] });
    }

    [Fact]
    public async Task Versions_of_a_document_rise_over_its_deletion()
    {
        await WriteAsync(new DocumentWrite("c", "k", "\"a\"", 0));
        await WriteAsync(new DocumentWrite("c", "k", "\"b\"", 1));
        Assert.Equal((2, "\"b\""), await DocumentAsync("k"));
        await WriteAsync(new DocumentWrite("c", "k", null, 2));
        Assert.Null(await Store.GetAsync("c", "k"));
        Assert.Empty(await Store.ListAsync("c"));
        await RefusedAsync(StorageException.DocumentConflict, new StateCommit { Documents = [new DocumentWrite("c", "k", "\"c\"", 3)] });
        await WriteAsync(new DocumentWrite("c", "k", null));
        await WriteAsync(new DocumentWrite("c", "k", "\"c\"", 0));
        Assert.Equal((4, "\"c\""), await DocumentAsync("k"));
        // A writer that read version 2 before the deletion does not take this document for that one.
        await RefusedAsync(StorageException.DocumentConflict, new StateCommit { Documents = [new DocumentWrite("c", "k", "\"d\"", 2)] });
        await WriteAsync(new DocumentWrite("c", "k", "\"e\""));
        Assert.Equal((5, "\"e\""), await DocumentAsync("k"));
        await WriteAsync(new DocumentWrite("c", "never", null, 0));
        await WriteAsync(new DocumentWrite("c", "never", "1", 0));
        Assert.Equal((1, "1"), await DocumentAsync("never"));
    }

    [Fact]
    public async Task Documents_are_listed_in_the_order_of_their_bytes()
    {
        // By UTF-16 units the last two would change places; by a language's order the first ones.
        string[] keys = ["", "B", "a", "a b", "a-b", "ab", "é", "\uE000", "\U0001F9EA"];
        await WriteAsync([.. keys.Skip(1).Reverse().Select(key => new DocumentWrite("c", key, "1")), new DocumentWrite("d", "x", "1")]);
        var listed = (await Store.ListAsync("c")).Select(document => document.Key).ToList();
        Assert.Equal(keys.Skip(1), listed);
        Assert.Equal(["ab", "é"], (await Store.ListAsync("c", "a-b", 2)).Select(document => document.Key));
        Assert.Empty(await Store.ListAsync("c", "\U0001F9EA"));
    }

    [Fact]
    public async Task What_cannot_be_kept_is_refused_before_anything_is_written()
    {
        string[] data = ["", "{", "nul\0", "\"\0\"", "\"\ud800\"", "1 2", "{\"a\":\"\u0001\"}"];
        foreach (var bad in data)
        {
            await RefusedAsync(StorageException.Invalid, new StateCommit { Events = [.. Append("ok", 0, "1").Events, .. Append("a", 0, bad).Events] });
            await RefusedAsync(StorageException.Invalid, new StateCommit { Documents = [new DocumentWrite("c", "k", bad)] });
            await RefusedAsync(StorageException.Invalid, new StateCommit { Messages = [new MessageWrite("m", "k", bad)] });
        }

        foreach (var bad in (string[])["", "a\0b", "\udc00", new string('x', 1025), new string('é', 513)])
        {
            await RefusedAsync(StorageException.Invalid, Append(bad, 0, "1"));
            await RefusedAsync(StorageException.Invalid, new StateCommit { Documents = [new DocumentWrite("c", bad, "1")] });
            await RefusedAsync(StorageException.Invalid, new StateCommit { Messages = [new MessageWrite(bad, "k", "1")] });
        }

        await RefusedAsync(StorageException.Invalid, new StateCommit { Events = [new StreamAppend("a", 0, [])] });
        await RefusedAsync(StorageException.Invalid, Append("a", -1, "1"));
        Assert.Empty(await Store.ReadAllAsync(""));
        // The longest names, which no index compresses.
        var random = new Random(6);
        string Longest() => string.Concat(Enumerable.Range(0, 1024).Select(_ => (char)random.Next('!', '~')));
        await Store.CommitAsync(new StateCommit { Events = [new StreamAppend(Longest(), 0, [new NewEvent("t", "1")])], Documents = [new DocumentWrite(Longest(), Longest(), "1")], Messages = [new MessageWrite(Longest(), Longest(), "1")] });
    }

    [Fact]
    public async Task A_large_commit_is_one_commit()
    {
        var text = $"\"{new string('x', 100_000)}\"";
        await Store.CommitAsync(
            new StateCommit
            {
                Events = [new StreamAppend("big", 0, [.. Enumerable.Range(0, 1001).Select(number => new NewEvent("t", number % 100 == 0 ? text : $"{number}"))]), .. Enumerable.Range(0, 250).SelectMany(number => Append($"s/{number}", 0, "1").Events)],
                Documents = [.. Enumerable.Range(0, 450).Select(number => new DocumentWrite("c", $"{number:0000}", "1", 0))],
                Messages = [.. Enumerable.Range(0, 450).Select(number => new MessageWrite("m", $"{number}", "1"))],
            });
        Assert.Equal(1251, (await Store.ReadAllAsync("")).Count);
        Assert.Equal(text, (await Store.ReadAsync("big", 1000))[0].Data);
        Assert.Equal(450, (await Store.ListAsync("c")).Count);
        Assert.Equal(450, (await Store.OutboxAsync("m")).Waiting);
    }

    [Fact]
    public async Task A_commit_called_off_before_it_began_changes_nothing()
    {
        using var called = new CancellationTokenSource();
        await called.CancelAsync();
        if (Store is not ModelStore)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.CommitAsync(Append("a", 0, "1"), called.Token));
        }

        Assert.Equal(1, await Store.CommitAsync(Append("a", 0, "1")));
    }

    [Fact]
    public async Task A_lease_has_one_holder_and_each_taking_a_higher_fence()
    {
        var other = await AnotherAsync();
        var first = await Store.TryAcquireAsync("l", "one", TimeSpan.FromSeconds(30));
        Assert.Equal(new Lease("l", "one", 1, Time.GetUtcNow() + TimeSpan.FromSeconds(30)), first);
        Assert.Null(await other.TryAcquireAsync("l", "two", TimeSpan.FromSeconds(30)));
        Time.Advance(TimeSpan.FromSeconds(29.999999));
        Assert.Null(await other.TryAcquireAsync("l", "two", TimeSpan.FromSeconds(30)));
        var again = await Store.TryAcquireAsync("l", "one", TimeSpan.FromSeconds(30));
        Assert.Equal(2, again!.Fence);
        Assert.Null(await Store.RenewAsync(first!, TimeSpan.FromSeconds(30)));
        Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(3, (await other.TryAcquireAsync("l", "two", TimeSpan.FromSeconds(30)))!.Fence);
        Assert.Null(await Store.RenewAsync(again, TimeSpan.FromSeconds(30)));
        Assert.Equal(1, (await Store.TryAcquireAsync("another", "one", TimeSpan.FromSeconds(30)))!.Fence);
    }

    [Fact]
    public async Task Who_holds_a_lease_is_told_until_its_time_is_over_or_it_is_given_back()
    {
        var other = await AnotherAsync();
        Assert.Null(await other.FindLeaseAsync("l"));
        var lease = await Store.TryAcquireAsync("l", "one", TimeSpan.FromSeconds(30));
        Assert.Equal(lease, await other.FindLeaseAsync("l"));
        Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Null(await other.FindLeaseAsync("l"));
        var again = await Store.RenewAsync(lease!, TimeSpan.FromSeconds(30));
        Assert.Equal(again, await other.FindLeaseAsync("l"));
        await Store.ReleaseAsync(again!);
        Assert.Null(await other.FindLeaseAsync("l"));
    }

    [Fact]
    public async Task A_lease_is_renewed_from_now_also_past_its_time_while_nobody_took_it()
    {
        var lease = await Store.TryAcquireAsync("l", "one", TimeSpan.FromSeconds(30));
        Time.Advance(TimeSpan.FromSeconds(40));
        await Store.CommitAsync(Append("a", 0, "1") with { Fence = lease });
        var renewed = await Store.RenewAsync(lease!, TimeSpan.FromSeconds(20));
        Assert.Equal(lease! with { Until = Time.GetUtcNow() + TimeSpan.FromSeconds(20) }, renewed);
        Time.Advance(TimeSpan.FromSeconds(19));
        Assert.Null(await Store.TryAcquireAsync("l", "two", TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task Fences_rise_for_ever_also_over_release_and_expiry_and_a_new_opening()
    {
        for (var fence = 1; fence <= 6; fence++)
        {
            var store = await AnotherAsync();
            var lease = await store.TryAcquireAsync("l", fence % 3 == 0 ? "one" : "two", TimeSpan.FromSeconds(1));
            Assert.Equal(fence, lease!.Fence);
            if (fence % 2 == 0)
            {
                await store.ReleaseAsync(lease);
                await store.ReleaseAsync(lease);
            }
            else
            {
                Time.Advance(TimeSpan.FromDays(300));
            }
        }
    }

    [Fact]
    public async Task The_late_commit_of_one_that_lost_its_lease_is_refused_whole()
    {
        var other = await AnotherAsync();
        var lost = await Store.TryAcquireAsync("l", "one", TimeSpan.FromSeconds(1));
        Time.Advance(TimeSpan.FromSeconds(1));
        var held = await other.TryAcquireAsync("l", "two", TimeSpan.FromSeconds(30));
        await RefusedAsync(StorageException.FenceLost, Everything() with { Fence = lost });
        await NothingBesideAsync(0);
        await Store.ReleaseAsync(lost!);
        await other.CommitAsync(Everything() with { Fence = held });
        await other.ReleaseAsync(held!);
        await RefusedAsync(StorageException.FenceLost, Append("z", 0, "1") with { Fence = held });
        await RefusedAsync(StorageException.FenceLost, Append("z", 0, "1") with { Fence = new Lease("never", "one", 1, Time.GetUtcNow()) });
        // A fence comes first: one that lost it learns that, and not what changed meanwhile.
        await RefusedAsync(StorageException.FenceLost, Everything() with { Fence = lost });
    }

    [Fact]
    public async Task Of_many_who_race_for_a_lease_one_has_it_and_the_others_commits_are_refused()
    {
        var stores = new List<IStateStore>();
        for (var count = 0; count < 4; count++)
        {
            stores.Add(await AnotherAsync());
        }

        for (var round = 1; round <= 5; round++)
        {
            var leases = await Task.WhenAll(stores.Select((store, index) => Task.Run(() => store.TryAcquireAsync("l", $"{round}/{index}", TimeSpan.FromSeconds(5)))));
            var winner = Assert.Single(leases, lease => lease is not null)!;
            Assert.Equal(round, winner.Fence);
            var outcomes = await Task.WhenAll(stores.Select((store, index) => Task.Run(() => CodeAsync(() => store.CommitAsync(
                new StateCommit { Fence = winner with { Holder = $"{round}/{index}", Fence = leases[index]?.Fence ?? winner.Fence - 1 }, Documents = [new DocumentWrite("c", $"{round}", $"{index}", 0)] })))));
            Assert.Single(outcomes, outcome => outcome is null);
            Assert.Equal(3, outcomes.Count(outcome => outcome == StorageException.FenceLost));
            Time.Advance(TimeSpan.FromSeconds(5));
        }
    }

    [Fact]
    public async Task Messages_are_claimed_oldest_first_by_one_at_a_time_and_settled_once()
    {
        var other = await AnotherAsync();
        await MessagesAsync("a", "b", "c");
        var claimed = await Store.ClaimAsync("m", 2, TimeSpan.FromSeconds(10));
        Assert.Equal(["a", "b"], claimed.Select(message => message.Key));
        Assert.Equal((1, Time.GetUtcNow() + TimeSpan.FromSeconds(10), Time.GetUtcNow()), (claimed[0].Attempts, claimed[0].ClaimedUntil, claimed[0].CreatedAt));
        Assert.Equal(["c"], (await other.ClaimAsync("m", 5, TimeSpan.FromSeconds(10))).Select(message => message.Key));
        Assert.Empty(await other.ClaimAsync("m", 5, TimeSpan.FromSeconds(10)));
        Assert.True(await Store.SettleAsync(claimed[0], new Delivery(true)));
        Assert.False(await Store.SettleAsync(claimed[0], new Delivery(true)));
        Time.Advance(TimeSpan.FromSeconds(10));
        // The claim ran out: another takes the message, and what the first one says comes too late.
        var taken = await other.ClaimAsync("m", 1, TimeSpan.FromSeconds(10));
        Assert.Equal(("b", 2), (taken[0].Key, taken[0].Attempts));
        Assert.False(await Store.SettleAsync(claimed[1], new Delivery(false)));
        Assert.True(await other.SettleAsync(taken[0], new Delivery(true)));
        Assert.Equal(1, (await Store.OutboxAsync("m")).Waiting);
    }

    [Fact]
    public async Task A_message_is_tried_again_at_its_time_and_given_up_when_it_is_said_so()
    {
        await MessagesAsync("a");
        var created = Time.GetUtcNow();
        var claimed = await Store.ClaimAsync("m", 1, TimeSpan.FromSeconds(10));
        Assert.True(await Store.SettleAsync(claimed[0], new Delivery(false, Time.GetUtcNow() + TimeSpan.FromSeconds(60), "no\0 answer\ud800")));
        Assert.False(await Store.SettleAsync(claimed[0], new Delivery(true)));
        var state = await Store.OutboxAsync("m");
        Assert.Equal((1L, 0L, (DateTimeOffset?)created), (state.Waiting, state.GivenUp, state.OldestWaiting));
        Assert.StartsWith("no", state.LastError, StringComparison.Ordinal);
        Time.Advance(TimeSpan.FromSeconds(59));
        Assert.Empty(await Store.ClaimAsync("m", 1, TimeSpan.FromSeconds(10)));
        Time.Advance(TimeSpan.FromSeconds(1));
        claimed = await Store.ClaimAsync("m", 1, TimeSpan.FromSeconds(10));
        Assert.Equal(2, claimed[0].Attempts);
        // Nobody else took it: what comes after the claim's time still counts.
        Time.Advance(TimeSpan.FromSeconds(11));
        Assert.True(await Store.SettleAsync(claimed[0], new Delivery(false, null, "refused")));
        Time.Advance(TimeSpan.FromDays(1));
        Assert.Empty(await Store.ClaimAsync("m", 1, TimeSpan.FromSeconds(10)));
        Assert.Equal(new OutboxState(0, 1, null, "refused"), await Store.OutboxAsync("m"));
        Assert.Equal(new OutboxState(0, 0, null, null), await Store.OutboxAsync("other"));
    }

    [Fact]
    public async Task A_message_whose_key_the_channel_has_is_left_out_also_after_its_delivery()
    {
        await MessagesAsync("a", "b", "a");
        Assert.True(await Store.SettleAsync((await Store.ClaimAsync("m", 1, TimeSpan.FromSeconds(10)))[0], new Delivery(true)));
        await MessagesAsync("b", "a", "c");
        Assert.Equal(2, (await Store.OutboxAsync("m")).Waiting);
        await Store.CommitAsync(new StateCommit { Messages = [new MessageWrite("other", "a", "1")] });
        Assert.Single(await Store.ClaimAsync("other", 9, TimeSpan.FromSeconds(10)));
        Assert.Equal(["b", "c"], (await Store.ClaimAsync("m", 9, TimeSpan.FromSeconds(10))).Select(message => message.Key));
    }

    [Fact]
    public async Task Claimants_at_once_never_have_the_same_message()
    {
        await MessagesAsync([.. Enumerable.Range(0, 60).Select(number => $"{number}")]);
        var stores = new[] { Store, await AnotherAsync(), await AnotherAsync() };
        var claimed = await Task.WhenAll(stores.Select(store => Task.Run(async () =>
        {
            var mine = new List<string>();
            while (await store.ClaimAsync("m", 3, TimeSpan.FromMinutes(1)) is { Count: > 0 } messages)
            {
                mine.AddRange(messages.Select(message => message.Key));
            }

            return mine;
        })));
        Assert.Equal(Enumerable.Range(0, 60), claimed.SelectMany(keys => keys).Select(int.Parse).Order());
    }

    [Fact]
    public async Task A_reader_that_goes_on_after_the_last_position_misses_no_event_of_writers_at_once()
    {
        const int Each = 40;
        var stores = new List<IStateStore>();
        for (var count = 0; count < 4; count++)
        {
            stores.Add(await AnotherAsync());
        }

        var conflicts = 0;
        var writers = Task.WhenAll(stores.Select((store, index) => Task.Run(async () =>
        {
            for (var number = 0; number < Each; number++)
            {
                await store.CommitAsync(Append($"w/{index}", number, $"{number}"));
                var shared = (await store.ReadAsync("shared")).Count;
                if (await CodeAsync(() => store.CommitAsync(Append("shared", shared, $"{index}"))) is { } code)
                {
                    Assert.Equal(StorageException.StreamConflict, code);
                    Interlocked.Increment(ref conflicts);
                }
            }
        })));
        var read = new List<StoredEvent>();
        var isLast = false;
        while (true)
        {
            // The last look is the one that began after the writers had ended.
            var next = await Store.ReadAllAsync("", read.Count == 0 ? 0 : read[^1].Position, 7);
            read.AddRange(next);
            if (isLast && next.Count == 0)
            {
                break;
            }

            isLast = writers.IsCompleted;
        }

        await writers;
        var all = await Store.ReadAllAsync("");
        Assert.Equal(all, read);
        Assert.Equal((4 * Each * 2) - conflicts, all.Count);
        Assert.All(all.GroupBy(stored => stored.Stream), stream => Assert.Equal(Enumerable.Range(1, stream.Count()).Select(version => (long)version), stream.Select(stored => stored.Version)));
    }

    [Fact]
    public void Random_interleavings_of_several_writers_are_those_of_the_model() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(IsLong ? 300 : 20).WithEndSize(60),
        Prop.ForAll(ArbMap.Default.ArbFor<int[]>(), steps => Task.Run(() => InterleaveAsync(steps)).GetAwaiter().GetResult()));

    protected abstract Task<IStateStore> OpenAsync(TimeProvider time);

    /// <summary>A place that nobody has used.</summary>
    protected abstract Task MoveAsync();

    protected virtual ValueTask LeaveAsync() => ValueTask.CompletedTask;

    private static StateCommit Append(string stream, long expected, params string[] data) =>
        new() { Events = [new StreamAppend(stream, expected, [.. data.Select(text => new NewEvent("t", text))])] };

    private static StateCommit Everything() => Append("b", 0, "1") with { Documents = [new DocumentWrite("c", "k", "1", 0)], Messages = [new MessageWrite("m", "k", "1")] };

    private static async Task<string?> CodeAsync(Func<Task> action)
    {
        try
        {
            await action();
            return null;
        }
        catch (StorageException refusal)
        {
            return refusal.Code;
        }
    }

    private async Task<IStateStore> AnotherAsync()
    {
        var store = await OpenAsync(Time);
        _opened.Add(store);
        return store;
    }

    private async Task<IEnumerable<string>> StreamsAsync(string prefix) => (await Store.ReadAllAsync(prefix)).Select(stored => stored.Stream);

    private async Task RefusedAsync(string code, StateCommit commit) => Assert.Equal(code, await CodeAsync(() => Store.CommitAsync(commit)));

    private async Task NothingBesideAsync(int events)
    {
        Assert.Equal(events, (await Store.ReadAllAsync("")).Count);
        Assert.Empty(await Store.ListAsync("c"));
        Assert.Equal(new OutboxState(0, 0, null, null), await Store.OutboxAsync("m"));
    }

    private Task<long> WriteAsync(params DocumentWrite[] documents) => Store.CommitAsync(new StateCommit { Documents = documents });

    private async Task<(long Version, string Data)?> DocumentAsync(string key) => await Store.GetAsync("c", key) is { } document ? (document.Version, document.Data) : null;

    private Task<long> MessagesAsync(params string[] keys) => Store.CommitAsync(new StateCommit { Messages = [.. keys.Select(key => new MessageWrite("m", key, "1"))] });

    // Every step is made of one number, so that a failing run is shortened by leaving steps out.
    private async Task InterleaveAsync(int[] steps)
    {
        await MoveAsync();
        var time = new ManualTime();
        var model = new ModelStore(time);
        IStateStore[] stores = [await OpenAsync(time), await OpenAsync(time), await OpenAsync(time)];
        var leases = new List<Lease>();
        var claims = new List<OutboxMessage>();
        try
        {
            foreach (var step in steps)
            {
                var random = new Random(step);
                var store = stores[random.Next(stores.Length)];
                await StepAsync(random, model, store, time, leases, claims);
            }

            var other = stores[1];
            Assert.Equal(await model.ReadAllAsync(""), await other.ReadAllAsync(""));
            Assert.Equal(await model.ListAsync("c"), await other.ListAsync("c"));
            Assert.Equal(await model.OutboxAsync("m"), await other.OutboxAsync("m"));
        }
        finally
        {
            foreach (var store in stores)
            {
                await store.DisposeAsync();
            }
        }
    }

    private static async Task StepAsync(Random random, ModelStore model, IStateStore store, ManualTime time, List<Lease> leases, List<OutboxMessage> claims)
    {
        var kind = random.Next(12);
        switch (kind)
        {
            case < 5:
                var commit = await CommitAsync(random, model, leases);
                Assert.Equal(await OutcomeAsync(() => model.CommitAsync(commit)), await OutcomeAsync(() => store.CommitAsync(commit)));
                break;
            case 5:
                var (name, holder, duration) = ($"l{random.Next(2)}", $"h{random.Next(3)}", TimeSpan.FromSeconds(random.Next(1, 9)));
                var lease = await model.TryAcquireAsync(name, holder, duration);
                Assert.Equal(lease, await store.TryAcquireAsync(name, holder, duration));
                leases.AddRange(lease is null ? [] : [lease]);
                break;
            case 6 when leases.Count > 0:
                var renewed = leases[random.Next(leases.Count)];
                Assert.Equal(await model.RenewAsync(renewed, TimeSpan.FromSeconds(5)), await store.RenewAsync(renewed, TimeSpan.FromSeconds(5)));
                break;
            case 7 when leases.Count > 0:
                var released = leases[random.Next(leases.Count)];
                await model.ReleaseAsync(released);
                await store.ReleaseAsync(released);
                break;
            case 8 or 9:
                var limit = random.Next(1, 4);
                var claimed = await model.ClaimAsync("m", limit, TimeSpan.FromSeconds(4));
                Assert.Equal(claimed, await store.ClaimAsync("m", limit, TimeSpan.FromSeconds(4)));
                claims.AddRange(claimed);
                break;
            case 10 when claims.Count > 0:
                var settled = claims[random.Next(claims.Count)];
                var delivery = random.Next(3) switch { 0 => new Delivery(true), 1 => new Delivery(false, time.GetUtcNow() + TimeSpan.FromSeconds(3), "later"), _ => new Delivery(false, null, "never") };
                Assert.Equal(await model.SettleAsync(settled, delivery), await store.SettleAsync(settled, delivery));
                Assert.Equal(await model.OutboxAsync("m"), await store.OutboxAsync("m"));
                break;
            default:
                time.Advance(TimeSpan.FromSeconds(random.Next(4)));
                break;
        }
    }

    private static async Task<StateCommit> CommitAsync(Random random, ModelStore model, List<Lease> leases)
    {
        // Mostly the right version, so that runs get somewhere.
        long Slip() => random.Next(6) == 0 ? random.Next(1, 3) : 0;
        var appends = new List<StreamAppend>();
        for (var count = random.Next(3); count > 0; count--)
        {
            var stream = $"s{random.Next(3)}";
            appends.Add(new StreamAppend(stream, (await model.ReadAsync(stream)).Count + Slip(), [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => new NewEvent("t", $"{random.Next()}"))]));
        }

        var documents = new List<DocumentWrite>();
        for (var count = random.Next(3); count > 0; count--)
        {
            var key = $"k{random.Next(3)}";
            var version = (await model.GetAsync("c", key))?.Version ?? 0;
            documents.Add(new DocumentWrite("c", key, random.Next(3) == 0 ? null : $"{random.Next()}", random.Next(3) == 0 ? null : version + Slip()));
        }

        return new StateCommit
        {
            Fence = leases.Count > 0 && random.Next(3) == 0 ? leases[random.Next(leases.Count)] : null,
            Events = appends,
            Documents = documents,
            Messages = [.. Enumerable.Range(0, random.Next(3)).Select(_ => new MessageWrite("m", $"{random.Next(8)}", "1"))],
        };
    }

    private static async Task<string> OutcomeAsync(Func<Task<long>> commit)
    {
        try
        {
            return $"{await commit()}";
        }
        catch (StorageException refusal)
        {
            return refusal.Code;
        }
    }
}
