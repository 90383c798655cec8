using Npgsql;

namespace AgiJobs.Storage.Tests.Postgres;

public sealed class PostgresStoreTests(PostgresServer server) : DurableStoreTests
{
    private StateLocation? _location;

    protected override StateLocation Location => _location!;

    protected override async Task<IStateStore> OpenAsync(TimeProvider time) => await StateStore.OpenAsync(_location ??= await server.PlaceAsync(), time);

    protected override async Task MoveAsync() => _location = await server.PlaceAsync();

    protected override Task SetSchemaAsync(int number) =>
        server.ExecuteAsync($"INSERT INTO {new NpgsqlConnectionStringBuilder(Location.ConnectionString).SearchPath}.state_migrations (number, name, at) VALUES ({number}, 'newer', 0)");
}
