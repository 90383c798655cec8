namespace AgiJobs.Storage.Tests;

/// <summary>What a store on a disk promises besides: it outlives its processes.</summary>
public abstract class DurableStoreTests : StateStoreTests
{
    private static int Kills => IsLong ? 300 : 20;

    protected abstract StateLocation Location { get; }

    [Fact]
    public async Task Killed_anywhere_a_writer_loses_nothing_that_was_acknowledged_and_leaves_no_half_of_a_commit()
    {
        var random = new Random(Kills);
        var acknowledged = 0L;
        var afterwards = 0;
        for (var kill = 0; kill < Kills; kill++)
        {
            using (var writer = CommitLoop.Start(Location))
            {
                for (var lines = random.Next(1, 12); lines > 0; lines--)
                {
                    acknowledged = Number(await writer.StandardOutput.ReadLineAsync());
                }

                // Anywhere within the next commits.
                Thread.SpinWait(random.Next(200_000));
                writer.Kill();
                while (await writer.StandardOutput.ReadLineAsync() is { } line)
                {
                    acknowledged = long.TryParse(line, out var number) ? number : acknowledged;
                }

                await writer.WaitForExitAsync();
            }

            await using var store = await StateStore.OpenAsync(Location, TimeProvider.System);
            var committed = (await store.GetAsync("loop", "number"))!.Version;
            Assert.InRange(committed, acknowledged, acknowledged + 1);
            afterwards += committed > acknowledged ? 1 : 0;
            Assert.Equal(3 * committed, (await store.ReadAsync(CommitLoop.Long)).Count);
            Assert.Equal(2 * committed, (await store.ReadAsync(CommitLoop.Short)).Count);
            Assert.Equal(committed, (await store.OutboxAsync(CommitLoop.Channel)).Waiting);
            Assert.Equal(5 * committed, (await store.ReadAllAsync(""))[^1].Position);
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{acknowledged} commits, {afterwards} made and not acknowledged");
    }

    [Fact]
    public async Task What_is_there_is_opened_and_never_made_anew()
    {
        await using (var store = await StateStore.OpenAsync(Location, TimeProvider.System))
        {
            await store.CommitAsync(new StateCommit { Documents = [new DocumentWrite("c", "k", "1")] });
        }

        var refusal = await Assert.ThrowsAsync<StorageException>(() => StateStore.CreateAsync(Location, TimeProvider.System));
        Assert.Equal(StorageException.Location, refusal.Code);
        await using var again = await StateStore.OpenAsync(Location, TimeProvider.System);
        Assert.NotNull(await again.GetAsync("c", "k"));
        await again.ProbeAsync();
    }

    [Fact]
    public async Task Many_who_open_a_new_place_at_once_have_one_store()
    {
        await MoveAsync();
        var stores = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => StateStore.OpenAsync(Location, TimeProvider.System))));
        await Task.WhenAll(stores.Select((store, index) => store.CommitAsync(new StateCommit { Documents = [new DocumentWrite("c", $"{index}", "1", 0)] })));
        Assert.Equal(6, (await stores[0].ListAsync("c")).Count);
        foreach (var store in stores)
        {
            await store.DisposeAsync();
        }
    }

    [Fact]
    public async Task The_schema_of_a_newer_program_is_refused_at_opening_and_by_a_store_that_is_open()
    {
        await using var open = await StateStore.OpenAsync(Location, TimeProvider.System);
        await SetSchemaAsync(99);
        var refusal = await Assert.ThrowsAsync<StorageException>(() => StateStore.OpenAsync(Location, TimeProvider.System));
        Assert.Equal(StorageException.Newer, refusal.Code);
        Assert.Contains("99", refusal.Message, StringComparison.Ordinal);
        refusal = await Assert.ThrowsAsync<StorageException>(() => open.CommitAsync(new StateCommit { Documents = [new DocumentWrite("c", "k", "1")] }));
        Assert.Equal(StorageException.Newer, refusal.Code);
    }

    /// <summary>Writes the number of a schema as a newer program would.</summary>
    protected abstract Task SetSchemaAsync(int number);

    private static long Number(string? line) => long.TryParse(line, out var number) ? number : throw new InvalidOperationException($"The writer said: {line ?? "nothing"}");
}
