using Microsoft.Data.Sqlite;

namespace AgiJobs.Storage.Tests.Sqlite;

public sealed class SqliteStoreTests : DurableStoreTests
{
    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-test-").FullName;
    private int _files;

    protected override StateLocation Location => StateLocation.File(Path.Combine(_folder, $"{_files}", "state.db"));

    protected override Task<IStateStore> OpenAsync(TimeProvider time) => StateStore.OpenAsync(Location, time);

    protected override Task MoveAsync()
    {
        _files++;
        return Task.CompletedTask;
    }

    protected override ValueTask LeaveAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    protected override async Task SetSchemaAsync(int number)
    {
        await using var connection = new SqliteConnection($"Data Source={Location.Path};Pooling=false");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "INSERT INTO state_migrations (number, name, at) VALUES (@number, 'newer', 0)";
        command.Parameters.AddWithValue("@number", number);
        await command.ExecuteNonQueryAsync();
    }
}
