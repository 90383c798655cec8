using AgiJobs.Storage.Sqlite;
using AgiJobs.Testing;
using Microsoft.Data.Sqlite;

namespace AgiJobs.Storage.Tests.Sqlite;

/// <summary>A damaged database is set aside as it is, said, and not replaced by an empty one; a full disk and a folder that may not be written teach.</summary>
public sealed class SqliteDamageTests : IDisposable
{
    private const string Aside = "state.db.damaged-20260101T000000Z";

    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-test-").FullName;
    private readonly ManualTime _time = new();

    private StateLocation Location => StateLocation.File(Path.Combine(_folder, "state.db"));

    private IEnumerable<string> Files => Directory.EnumerateFiles(_folder).Select(Path.GetFileName).Order(StringComparer.Ordinal)!;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_database_is_one_file_when_nobody_has_it_open()
    {
        await FillAsync();
        Assert.Equal(["state.db"], Files);
        Assert.Equal("wal", await ScalarAsync("PRAGMA journal_mode"));
    }

    [Theory]
    [InlineData("header")]
    [InlineData("text")]
    [InlineData("page")]
    [InlineData("short")]
    [InlineData("empty")]
    public async Task A_damaged_file_is_set_aside_untouched_and_stays_refused_until_a_fresh_one_is_made_on_purpose(string damage)
    {
        await FillAsync();
        await using (var file = File.Open(Location.Path!, FileMode.Open))
        {
            switch (damage)
            {
                case "header":
                    file.Write(new byte[64]);
                    break;
                case "text":
                    file.SetLength(0);
                    file.Write("this is no database, but a letter"u8);
                    break;
                case "page":
                    file.Position = 4096;
                    file.Write(new byte[4096]);
                    break;
                case "short":
                    file.SetLength(file.Length / 2);
                    break;
                default:
                    file.SetLength(0);
                    break;
            }
        }

        // A log of commits that were not yet moved into the file.
        await File.WriteAllTextAsync($"{Location.Path}-wal", "");
        var before = await File.ReadAllBytesAsync(Location.Path!);
        var refusal = await RefusedAsync(StorageException.Damaged);
        Assert.Contains(Path.Combine(_folder, Aside), refusal.Message, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(Path.Combine(_folder, Aside)));
        Assert.Equal([Aside, $"{Aside}-wal"], Files.Where(file => !file.EndsWith("-shm", StringComparison.Ordinal)));
        for (var again = 0; again < 2; again++)
        {
            refusal = await RefusedAsync(StorageException.Damaged);
            Assert.Contains(Path.Combine(_folder, Aside), refusal.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("state.db", Files);
        }

        await using (var fresh = await StateStore.CreateAsync(Location, _time))
        {
            Assert.Equal(1, await fresh.CommitAsync(Append(0)));
        }

        await using var opened = await StateStore.OpenAsync(Location, _time);
        Assert.Single(await opened.ReadAsync("a"));
        Assert.Equal(before, await File.ReadAllBytesAsync(Path.Combine(_folder, Aside)));
    }

    [Fact]
    public async Task The_log_of_a_damaged_database_is_kept_with_it_byte_for_byte()
    {
        var (database, log) = await CrashedAsync();
        // The second page is older than the log, which therefore does not mend it.
        new Span<byte>(database, 4096, 4096).Clear();
        await File.WriteAllBytesAsync(Location.Path!, database);
        await File.WriteAllBytesAsync($"{Location.Path}-wal", log);
        await RefusedAsync(StorageException.Damaged);
        Assert.Equal(database, await File.ReadAllBytesAsync(Path.Combine(_folder, Aside)));
        Assert.Equal(log, await File.ReadAllBytesAsync(Path.Combine(_folder, $"{Aside}-wal")));
    }

    [Fact]
    public async Task A_log_without_its_database_is_set_aside_and_never_read_into_another()
    {
        var (_, log) = await CrashedAsync();
        await File.WriteAllBytesAsync($"{Location.Path}-wal", log);
        await RefusedAsync(StorageException.Damaged);
        Assert.Equal(log, await File.ReadAllBytesAsync(Path.Combine(_folder, $"{Aside}-wal")));
        await RefusedAsync(StorageException.Damaged);
        // As one leaves it that died between setting the database aside and its log.
        await File.WriteAllBytesAsync($"{Location.Path}-wal", log);
        await using var fresh = await StateStore.CreateAsync(Location, _time);
        Assert.Equal(log, await File.ReadAllBytesAsync(Path.Combine(_folder, $"{Aside}-2-wal")));
        Assert.Empty(await fresh.ReadAllAsync(""));
    }

    [Fact]
    public async Task A_log_whose_end_is_torn_loses_what_was_not_whole_and_is_no_damage()
    {
        var (database, log) = await CrashedAsync();
        await File.WriteAllBytesAsync(Location.Path!, database);
        await File.WriteAllBytesAsync($"{Location.Path}-wal", log[..^100]);
        await using var store = await StateStore.OpenAsync(Location, _time);
        Assert.Equal(299, (await store.ReadAsync("a")).Count);
    }

    [Fact]
    public async Task Damage_that_is_met_later_sets_the_file_aside_and_ends_every_store_that_has_it_open()
    {
        await FillAsync();
        await using var store = await SqliteStore.OpenAsync(Location.Path!, _time, default);
        await using var other = await StateStore.OpenAsync(Location, _time);
        await using (var file = File.Open(Location.Path!, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            var zeros = new byte[file.Length - 4096];
            file.Position = 4096;
            file.Write(zeros);
        }

        await using (var forget = store.Reader.CreateCommand())
        {
            forget.CommandText = "PRAGMA shrink_memory";
            await forget.ExecuteNonQueryAsync();
        }

        var before = await File.ReadAllBytesAsync(Location.Path!);
        var refusal = await Assert.ThrowsAsync<StorageException>(() => store.ReadAllAsync(""));
        Assert.Equal(StorageException.Damaged, refusal.Code);
        Assert.Equal(before, await File.ReadAllBytesAsync(Path.Combine(_folder, Aside)));
        foreach (var open in (IStateStore[])[store, other])
        {
            Assert.Equal(StorageException.Damaged, (await Assert.ThrowsAsync<StorageException>(() => open.CommitAsync(Append(300)))).Code);
            Assert.Equal(StorageException.Damaged, (await Assert.ThrowsAsync<StorageException>(() => open.ProbeAsync())).Code);
        }

        await RefusedAsync(StorageException.Damaged);
        Assert.DoesNotContain("state.db", Files);
    }

    [Fact]
    public async Task A_commit_into_a_file_that_was_moved_away_is_not_acknowledged()
    {
        await FillAsync();
        await using var store = await StateStore.OpenAsync(Location, _time);
        File.Move(Location.Path!, Path.Combine(_folder, "elsewhere.db"));
        Assert.Equal(StorageException.Unreachable, (await Assert.ThrowsAsync<StorageException>(() => store.CommitAsync(Append(300)))).Code);
    }

    [Fact]
    public async Task The_database_of_another_program_is_left_where_it_is()
    {
        await using (var connection = new SqliteConnection($"Data Source={Location.Path};Pooling=false"))
        {
            SqliteLibrary.Require();
            await connection.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = "CREATE TABLE theirs (x)";
            await command.ExecuteNonQueryAsync();
        }

        await RefusedAsync(StorageException.Location);
        Assert.Equal(["state.db"], Files);
    }

    [Fact]
    public async Task A_full_disk_changes_nothing_says_so_and_goes_on_when_there_is_room()
    {
        await FillAsync();
        await using var store = await SqliteStore.OpenAsync(Location.Path!, _time, default);
        await using (var limit = store.Writer.CreateCommand())
        {
            limit.CommandText = "PRAGMA max_page_count = 1";
            await limit.ExecuteNonQueryAsync();
        }

        var large = new StateCommit { Events = [new StreamAppend("a", 300, [new NewEvent("t", "1"), new NewEvent("t", $"\"{new string('x', 100_000)}\"")])] };
        var refusal = await Assert.ThrowsAsync<StorageException>(() => store.CommitAsync(large));
        Assert.Equal(StorageException.Full, refusal.Code);
        Assert.Contains(Location.Path!, refusal.Message, StringComparison.Ordinal);
        Assert.Equal(300, (await store.ReadAsync("a")).Count);
        await store.CommitAsync(large);
        Assert.Equal(302, (await store.ReadAsync("a")).Count);
    }

    [Theory]
    [InlineData("/proc/agijobs/state.db")]
    [InlineData("/proc/state.db")]
    public async Task A_folder_that_may_not_be_written_teaches(string path)
    {
        var refusal = await Assert.ThrowsAsync<StorageException>(() => StateStore.OpenAsync(StateLocation.File(path), _time));
        Assert.Equal(StorageException.Denied, refusal.Code);
        Assert.Contains(path, refusal.Message, StringComparison.Ordinal);
        Assert.Contains("another place", refusal.Mend, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_is_no_file()
    {
        var refusal = await Assert.ThrowsAsync<StorageException>(() => StateStore.OpenAsync(StateLocation.File(_folder), _time));
        Assert.Equal(StorageException.Location, refusal.Code);
    }

    [Fact]
    public async Task The_thousandth_commit_reads_no_more_than_the_hundredth()
    {
        await using var store = await SqliteStore.OpenAsync(Location.Path!, _time, default);
        var touched = new List<int>();
        for (var number = 0; number < 1000; number++)
        {
            await store.CommitAsync(new StateCommit
            {
                Events = [new StreamAppend("a", number, [new NewEvent("t", "1")])],
                Documents = [new DocumentWrite("c", "k", $"{number}", number)],
                Messages = [new MessageWrite("m", $"{number}", "1")],
            });
            // Pages that the connection looked at, whether it had them in memory or not.
            touched.Add(Touched(store, 7) + Touched(store, 8));
        }

        Assert.True(touched[900..].Sum() <= 3 * touched[100..200].Sum(), $"{touched[100..200].Sum()} pages, then {touched[900..].Sum()}");
    }

    private static int Touched(SqliteStore store, int counter)
    {
        _ = SQLitePCL.raw.sqlite3_db_status(store.Writer.Handle, counter, out var current, out _, 1);
        return current;
    }

    private static StateCommit Append(int expected) => new() { Events = [new StreamAppend("a", expected, [new NewEvent("t", "1")])] };

    private async Task FillAsync()
    {
        await using var store = await StateStore.OpenAsync(Location, _time);
        for (var number = 0; number < 300; number++)
        {
            await store.CommitAsync(new StateCommit { Events = [new StreamAppend("a", number, [new NewEvent("t", $"\"{new string('x', 200)}\"")])] });
        }
    }

    // File and log as a killed process leaves them; neither is there afterwards.
    private async Task<(byte[] Database, byte[] Log)> CrashedAsync()
    {
        byte[] database, log;
        await using (var store = await StateStore.OpenAsync(Location, _time))
        {
            for (var number = 0; number < 300; number++)
            {
                await store.CommitAsync(Append(number));
            }

            database = await ReadSharedAsync(Location.Path!);
            log = await ReadSharedAsync($"{Location.Path}-wal");
        }

        Assert.NotEmpty(log);
        File.Delete(Location.Path!);
        return (database, log);
    }

    private static async Task<byte[]> ReadSharedAsync(string path)
    {
        await using var file = File.Open(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        await file.ReadExactlyAsync(bytes);
        return bytes;
    }

    private async Task<object?> ScalarAsync(string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={Location.Path};Pooling=false");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The test's own text.
        command.CommandText = sql;
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync();
    }

    private async Task<StorageException> RefusedAsync(string code)
    {
        var refusal = await Assert.ThrowsAsync<StorageException>(() => StateStore.OpenAsync(Location, _time));
        Assert.Equal(code, refusal.Code);
        Assert.NotNull(refusal.Mend);
        return refusal;
    }
}
