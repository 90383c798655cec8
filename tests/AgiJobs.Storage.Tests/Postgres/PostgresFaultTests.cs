using AgiJobs.Testing;
using Npgsql;

namespace AgiJobs.Storage.Tests.Postgres;

public sealed class PostgresFaultTests(PostgresServer server)
{
    private static readonly StateCommit One = new() { Events = [new StreamAppend("a", 0, [new NewEvent("t", "1")])], Documents = [new DocumentWrite("c", "k", "1", 0)] };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_connection_that_is_lost_during_the_COMMIT_leaves_the_outcome_unknown_until_it_is_read(bool reachesServer)
    {
        var place = await server.PlaceAsync();
        await using var proxy = new CuttingProxy(server.Port);
        await using var store = await StateStore.OpenAsync(server.At(Schema(place), proxy.Port, "SSL Mode=Disable;GSS Encryption Mode=Disable"), TimeProvider.System);
        proxy.CutAfterServer = reachesServer;
        await RefusedAsync(StorageException.Unreachable, () => store.CommitAsync(One));
        proxy.CutAfterServer = null;
        await using var direct = await StateStore.OpenAsync(place, TimeProvider.System);
        if (reachesServer)
        {
            await Wait.UntilAsync("the commit is seen", async () => await direct.GetAsync("c", "k") is not null);
        }

        // Whole or not at all; and the store goes on over a new connection.
        Assert.Equal(reachesServer ? 1 : 0, (await store.ReadAsync("a")).Count);
        Assert.Equal(reachesServer, await store.GetAsync("c", "k") is not null);
        if (reachesServer)
        {
            await RefusedAsync(StorageException.StreamConflict, () => store.CommitAsync(One));
        }
        else
        {
            await store.CommitAsync(One);
        }
    }

    [Fact]
    public async Task A_writer_whose_connection_the_server_ends_learns_it_and_goes_on()
    {
        // By its name, since other tests have connections to the same server.
        await using var store = await StateStore.OpenAsync(server.At(Schema(await server.PlaceAsync()), server.Port, "Application Name=ended"), TimeProvider.System);
        await store.CommitAsync(One);
        await server.ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ended'");
        var code = await CodeAsync(() => store.CommitAsync(One));
        Assert.True(code is StorageException.Unreachable or StorageException.StreamConflict, code);
        await RefusedAsync(StorageException.StreamConflict, () => store.CommitAsync(One));
    }

    [Fact]
    public async Task Ends_of_leases_are_told_by_the_servers_clock()
    {
        var place = await server.PlaceAsync();
        await using var store = await StateStore.OpenAsync(place, TimeProvider.System);
        var lease = await store.TryAcquireAsync("l", "one", TimeSpan.FromHours(1));
        await using var connection = new NpgsqlConnection(place.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT clock_timestamp()", connection);
        var now = new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync())!);
        Assert.InRange(lease!.Until, now - TimeSpan.FromMinutes(5) + TimeSpan.FromHours(1), now + TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task Nobody_at_the_port_is_unreachable_and_no_message_has_the_password()
    {
        await server.StartAsync();
        using var closed = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        closed.Start();
        var port = ((System.Net.IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();
        await RefusedAsync(StorageException.Unreachable, () => StateStore.OpenAsync(server.At("public", port), TimeProvider.System));
        await RefusedAsync(StorageException.Denied, () => StateStore.OpenAsync(server.At("public", server.Port, $"Password=wrong{server.Password}"), TimeProvider.System));
        await RefusedAsync(StorageException.Location, () => StateStore.OpenAsync(server.At("public", server.Port, "Database=not_there"), TimeProvider.System));
        await RefusedAsync(StorageException.Location, () => StateStore.OpenAsync(server.At("no_such_schema", server.Port), TimeProvider.System));
        Assert.Equal($"PostgreSQL 127.0.0.1:{server.Port}/postgres", $"{server.At("public", server.Port)}");
    }

    [Theory]
    [InlineData("Host=h;Nonsense=SECRET")]
    [InlineData("Host=h;Port=SECRET")]
    [InlineData("postgres://user:SECRET@host/db")]
    [InlineData("Database=SECRET")]
    public void A_connection_string_that_cannot_be_read_is_refused_without_repeating_it(string text)
    {
        var refusal = Assert.Throws<StorageException>(() => StateLocation.Postgres(text));
        Assert.Equal(StorageException.Location, refusal.Code);
        Assert.DoesNotContain("SECRET", refusal.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_may_only_be_read_and_one_of_another_encoding_teach()
    {
        var place = await server.PlaceAsync();
        await RefusedAsync(StorageException.Denied, () => StateStore.OpenAsync(server.At(Schema(place), server.Port, "Options=-c default_transaction_read_only=on"), TimeProvider.System));
        await server.ExecuteAsync("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
        await RefusedAsync(StorageException.Location, () => StateStore.OpenAsync(server.At("public", server.Port, "Database=latin"), TimeProvider.System));
    }

    [Fact]
    public async Task Commits_are_on_the_disk_also_where_the_servers_default_is_not_to_wait()
    {
        var place = await server.PlaceAsync();
        await using var store = await StateStore.OpenAsync(server.At(Schema(place), server.Port, "Options=-c synchronous_commit=off"), TimeProvider.System);
        await store.CommitAsync(One);
        // Within the transaction of a commit: seen by a rule that runs in it.
        await server.ExecuteAsync($"""
            CREATE FUNCTION {Schema(place)}.judge() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN IF current_setting('synchronous_commit') <> 'on' THEN RAISE EXCEPTION 'does not wait'; END IF; RETURN NEW; END $$;
            CREATE TRIGGER judge BEFORE INSERT ON {Schema(place)}.state_events FOR EACH ROW EXECUTE FUNCTION {Schema(place)}.judge();
            """);
        Assert.Equal(2, await store.CommitAsync(new StateCommit { Events = [new StreamAppend("a", 1, [new NewEvent("t", "2")])] }));
    }

    private static string Schema(StateLocation place) => new NpgsqlConnectionStringBuilder(place.ConnectionString).SearchPath!;

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

    private async Task RefusedAsync(string code, Func<Task> action)
    {
        var refusal = await Assert.ThrowsAsync<StorageException>(action);
        Assert.Equal(code, refusal.Code);
        Assert.NotNull(refusal.Message);
        Assert.DoesNotContain(server.Password, refusal.ToString() + refusal.Mend, StringComparison.Ordinal);
    }
}
