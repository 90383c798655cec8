using AgiJobs.Hgm;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Evolution;
using AgiJobs.Steering.Runs;
using AgiJobs.Storage;
using AgiJobs.Storage.Tests;

namespace AgiJobs.Steering.Tests.Runs;

public sealed class DurableRunStoreTests(PostgresServer postgres) : IDisposable
{
    private static readonly RunSettings Settings = new() { Seed = 7, Tasks = 10, Evaluations = 24, Concurrency = 4 };

    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-steering-").FullName;

    private StateLocation File => StateLocation.File(Path.Combine(_folder, "state.db"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task In_a_file_a_run_that_is_cut_at_every_commit_comes_to_the_same_bytes() => await CutAtEveryCommitAsync(File);

    [Fact]
    public async Task In_PostgreSQL_a_run_that_is_cut_at_every_commit_comes_to_the_same_bytes() => await CutAtEveryCommitAsync(await postgres.PlaceAsync());

    [Fact]
    public async Task Two_drivers_of_one_run_at_once_come_to_the_same_bytes()
    {
        await using var state = await StateStore.OpenAsync(File, TimeProvider.System);
        var store = new DurableRunStore(state, "local");
        await DriveAsync(store, store, "alone", 3);
        await using var elsewhere = await StateStore.OpenAsync(File, TimeProvider.System);
        var other = new DurableRunStore(elsewhere, "local");
        await Task.WhenAll(DriveAsync(store, store, "shared", 2), DriveAsync(other, other, "shared", 3));
        Assert.Equal(await store.TextsAsync("alone", default), await store.TextsAsync("shared", default));
    }

    [Fact]
    public async Task Runs_of_two_networks_with_one_name_are_two_runs_and_a_run_that_is_none_has_no_events()
    {
        await using var state = await StateStore.OpenAsync(File, TimeProvider.System);
        var (one, two) = (new DurableRunStore(state, "one"), new DurableRunStore(state, "two"));
        Assert.True(await one.AppendAsync("run", 0, [EvolutionWorld.Begin(Settings)], default));
        Assert.False(await one.AppendAsync("run", 0, [EvolutionWorld.Begin(Settings)], default));
        Assert.Single(await one.ReadAsync("run", 0, default));
        Assert.Empty(await one.ReadAsync("run", 1, default));
        Assert.Empty(await two.ReadAsync("run", 0, default));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-run")]
    [InlineData("a/b")]
    [InlineData("Run")]
    [InlineData("a%")]
    public async Task A_name_that_is_none_is_refused(string run)
    {
        await using var state = await StateStore.OpenAsync(File, TimeProvider.System);
        var refused = await Assert.ThrowsAsync<HgmException>(async () => await new DurableRunStore(state, "local").ReadAsync(run, 0, default));
        Assert.Equal("run-name", refused.Code);
    }

    [Fact]
    public async Task An_event_that_cannot_be_read_is_damage_and_is_never_skipped()
    {
        await using var state = await StateStore.OpenAsync(File, TimeProvider.System);
        var store = new DurableRunStore(state, "local");
        await state.CommitAsync(new StateCommit { Events = [new StreamAppend(store.StreamOf("run"), 0, [new NewEvent("hgm.run-started", """{"event":"of another time"}""")])] });
        Assert.Equal(StorageException.Damaged, (await Assert.ThrowsAsync<StorageException>(async () => await store.ReadAsync("run", 0, default))).Code);
    }

    // Each driver lives for one commit, in a store that is opened anew; each commit is also once cut before it was made.
    private static async Task CutAtEveryCommitAsync(StateLocation location)
    {
        await using (var state = await StateStore.OpenAsync(location, TimeProvider.System))
        {
            var store = new DurableRunStore(state, "local");
            Assert.NotNull((await DriveAsync(store, store, "whole", 3)).Finished);
        }

        var cuts = 0;
        for (var isOver = false; !isOver;)
        {
            await using var state = await StateStore.OpenAsync(location, TimeProvider.System);
            var store = new DurableRunStore(state, "local");
            try
            {
                await DriveAsync(new CuttingStore(store, isKept: cuts % 2 == 1), store, "cut", 1 + cuts % 3);
                isOver = true;
            }
            catch (CutException)
            {
                cuts++;
            }
        }

        await using var after = await StateStore.OpenAsync(location, TimeProvider.System);
        var runs = new DurableRunStore(after, "local");
        var whole = await runs.TextsAsync("whole", default);
        Assert.True(whole.Count > 60, $"{whole.Count}");
        Assert.Equal(2 * whole.Count, cuts);
        Assert.Equal(whole, await runs.TextsAsync("cut", default));
    }

    private static Task<RunState> DriveAsync(IRunStore store, IRunStore archive, string run, int workers) =>
        new RunDriver(store, EvolutionWorld.For(Settings, archive), workers).DriveAsync(run, EvolutionWorld.Begin(Settings), default);

    private sealed class CutException : Exception;

    private sealed class CuttingStore(IRunStore store, bool isKept) : IRunStore
    {
        public ValueTask<IReadOnlyList<RunEvent>> ReadAsync(string run, long after, CancellationToken cancellation) => store.ReadAsync(run, after, cancellation);

        public async ValueTask<bool> AppendAsync(string run, long expectedVersion, IReadOnlyList<RunEvent> events, CancellationToken cancellation)
        {
            if (isKept)
            {
                await store.AppendAsync(run, expectedVersion, events, cancellation);
            }

            throw new CutException();
        }
    }
}
