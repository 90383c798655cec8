using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using AgiJobs.Testing;
using Npgsql;

[assembly: AssemblyFixture(typeof(AgiJobs.Storage.Tests.PostgresServer))]

namespace AgiJobs.Storage.Tests;

/// <summary>
/// A real PostgreSQL on a free loopback port, in a folder of its own, with a password. A small shell holds it: as soon as its standard input closes, also by the death of the test process, it ends the server
/// and removes the folder. Started when it is first asked for.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    // Root may not run the server; the Debian package made the user postgres for that.
    private const string Supervisor = """
        exec 3<&0
        bin=$1 port=$2
        folder=$(mktemp -d "${TMPDIR:-/tmp}/agijobs-postgres-XXXXXX")
        trap 'cd /; rm -rf "$folder"' EXIT
        umask 077
        printf '%s' "$AGIJOBS_TEST_PASSWORD" >"$folder/password"
        as=
        if [ "$(id -u)" -eq 0 ]; then chown -R postgres "$folder"; as='setpriv --reuid=postgres --regid=postgres --clear-groups'; fi
        cd "$folder"
        $as "$bin/initdb" -D "$folder/data" -U agijobs -E UTF8 --locale=C --auth=scram-sha-256 --pwfile="$folder/password" --no-sync </dev/null 3<&- || exit 1
        $as "$bin/postgres" -D "$folder/data" -c listen_addresses=127.0.0.1 -c port="$port" -c unix_socket_directories="$folder" -c max_connections=200 </dev/null 3<&- &
        child=$!
        { cat <&3 >/dev/null; kill -INT $child; } >/dev/null 2>&1 &
        exec 3<&-
        while kill -0 $child 2>/dev/null; do wait $child; done
        """;

    private readonly SemaphoreSlim _gate = new(1);
    private readonly StringBuilder _output = new();
    private readonly string _password = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
    private Process? _process;
    private int _schemas;

    /// <summary>Where it listens.</summary>
    public int Port { get; private set; }

    /// <summary>What must never be printed.</summary>
    public string Password => _password;

    /// <summary>An empty schema of its own.</summary>
    public async Task<StateLocation> PlaceAsync()
    {
        await StartAsync();
        var schema = $"place_{Interlocked.Increment(ref _schemas)}";
        await ExecuteAsync($"CREATE SCHEMA {schema}");
        return At(schema, Port);
    }

    /// <summary>The connection string of an empty schema of its own, password and all.</summary>
    public async Task<string> ConnectionAsync()
    {
        await StartAsync();
        var schema = $"place_{Interlocked.Increment(ref _schemas)}";
        await ExecuteAsync($"CREATE SCHEMA {schema}");
        return $"{Connection(Port)};Search Path={schema}";
    }

    /// <summary>A place reached through another port.</summary>
    public StateLocation At(string schema, int port, string more = "") => StateLocation.Postgres($"{Connection(port)};Search Path={schema};{more}");

    /// <summary>Runs a statement as the owner.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Connection(Port));
        await connection.OpenAsync();
#pragma warning disable CA2100 // The tests' own texts.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    public async Task StartAsync()
    {
        await _gate.WaitAsync();
        try
        {
            if (_process is not null)
            {
                return;
            }

            using (var free = new TcpListener(IPAddress.Loopback, 0))
            {
                free.Start();
                Port = ((IPEndPoint)free.LocalEndpoint).Port;
            }

            var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
            start.Environment["AGIJOBS_TEST_PASSWORD"] = _password;
            foreach (var argument in (string[])["-c", Supervisor, "sh", Binaries(), $"{Port}"])
            {
                start.ArgumentList.Add(argument);
            }

            var process = new Process { StartInfo = start };
            process.OutputDataReceived += (_, line) => Read(line.Data);
            process.ErrorDataReceived += (_, line) => Read(line.Data);
            process.Start();
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            _process = process;
            await Wait.UntilAsync("PostgreSQL answers", async () =>
            {
                Assert.False(process.HasExited, $"PostgreSQL ended at once:\n{_output}");
                try
                {
                    await ExecuteAsync("SELECT 1");
                    return true;
                }
                catch (NpgsqlException)
                {
                    return false;
                }
            });
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        if (_process is { } process)
        {
            _process = null;
            process.StandardInput.Close();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        _gate.Dispose();
    }

    private static string Binaries() =>
        (Directory.Exists("/usr/lib/postgresql") ? Directory.EnumerateDirectories("/usr/lib/postgresql").Select(folder => Path.Combine(folder, "bin")) : [])
            .Where(folder => File.Exists(Path.Combine(folder, "postgres")) && File.Exists(Path.Combine(folder, "initdb"))).Order(StringComparer.Ordinal).LastOrDefault()
        ?? throw new InvalidOperationException("PostgreSQL is missing, and the state is to be tested on it: run 'sudo apt-get install postgresql-15', or ./test as root, which does so.");

    private string Connection(int port) => $"Host=127.0.0.1;Port={port};Database=postgres;Username=agijobs;Password={_password}";

    private void Read(string? line)
    {
        lock (_output)
        {
            _output.AppendLine(line);
        }
    }
}
