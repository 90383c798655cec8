using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace AgiJobs.Testing;

/// <summary>
/// A real RabbitMQ on free loopback ports, with a node name, cookie, home and data of its own, so that it meets no other broker. A small shell holds it: as soon as its standard input closes, also by the death of
/// the test process, it ends the server and its port mapper and removes the folder. Started when it is first asked for.
/// </summary>
public sealed class RabbitMqServer : IAsyncDisposable
{
    // Debian's wrapper wants the user rabbitmq and the system's own folders; the server's script beneath it takes both from the environment. The port mapper is started here, on a port of its own, because the one
    // that Erlang would start outlives the server.
    private const string Supervisor = """
        exec 3<&0
        server=$1 folder=$2 port=$3 mapper=$4 distribution=$5
        umask 077
        as=
        if [ ! -e "$folder/.erlang.cookie" ]; then
            printf '%s' "$AGIJOBS_TEST_COOKIE" >"$folder/.erlang.cookie"
            chmod 400 "$folder/.erlang.cookie"
            printf 'listeners.tcp.1 = 127.0.0.1:%s\ndefault_user = agijobs\ndefault_pass = %s\nlog.console = true\nlog.console.level = warning\nlog.file = false\ndisk_free_limit.absolute = 10MB\n' "$port" "$AGIJOBS_TEST_PASSWORD" >"$folder/rabbitmq.conf"
            : >"$folder/environment"
        fi
        if [ "$(id -u)" -eq 0 ]; then chown -R rabbitmq "$folder"; as='setpriv --reuid=rabbitmq --regid=rabbitmq --clear-groups'; fi
        unset AGIJOBS_TEST_PASSWORD AGIJOBS_TEST_COOKIE
        cd "$folder"
        export HOME="$folder" RABBITMQ_NODENAME="agijobs-$port@localhost" RABBITMQ_DIST_PORT="$distribution" ERL_EPMD_PORT="$mapper" ERL_EPMD_ADDRESS=127.0.0.1
        export RABBITMQ_CONFIG_FILE="$folder/rabbitmq.conf" RABBITMQ_CONF_ENV_FILE="$folder/environment" RABBITMQ_MNESIA_BASE="$folder/data" RABBITMQ_LOG_BASE="$folder/log"
        export RABBITMQ_ENABLED_PLUGINS_FILE="$folder/plugins" RABBITMQ_PLUGINS_EXPAND_DIR="$folder/expand" RABBITMQ_GENERATED_CONFIG_DIR="$folder/generated"
        export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}' RABBITMQ_ALLOW_INPUT=1
        $as epmd -port "$mapper" -address 127.0.0.1 </dev/null 3<&- &
        names=$!
        $as "$server" -noinput </dev/null 3<&- &
        child=$!
        { if read -r word <&3; then echo "$word" >"$folder/word"; fi; kill -KILL $child; } >/dev/null 2>&1 &
        exec 3<&-
        while kill -0 $child 2>/dev/null; do wait $child; done
        kill -KILL $names
        cd /
        if [ ! -e "$folder/word" ]; then rm -rf "$folder"; fi
        rm -f "$folder/word"
        """;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly SemaphoreSlim _gate = new(1);
    private readonly StringBuilder _output = new();
    private readonly string _password = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
    private readonly string _cookie = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
    private readonly int[] _ports = new int[3];
    private string? _folder;
    private Process? _process;

    /// <summary>What it wrote.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>Where it listens.</summary>
    public int Port => _ports[0];

    /// <summary>The URL of a virtual host, which is made when it is not there.</summary>
    /// <param name="user">Who connects; null for the one that it knows.</param>
    /// <param name="port">Where; null for where it listens.</param>
    public string Url(string? user = null, int? port = null) => string.Create(CultureInfo.InvariantCulture, $"amqp://{user ?? "agijobs"}:{_password}@127.0.0.1:{port ?? Port}/");

    /// <summary>Starts it, or starts it again after <see cref="KillAsync"/> with what it kept.</summary>
    public async Task StartAsync()
    {
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_process is not null)
            {
                return;
            }

            if (_folder is null)
            {
                _folder = Directory.CreateTempSubdirectory("agijobs-rabbitmq-").FullName;
                var listeners = _ports.Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
                for (var i = 0; i < _ports.Length; i++)
                {
                    listeners[i].Start();
                    _ports[i] = ((IPEndPoint)listeners[i].LocalEndpoint).Port;
                }

                listeners.ForEach(listener => listener.Dispose());
            }

            var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
            start.Environment["AGIJOBS_TEST_PASSWORD"] = _password;
            start.Environment["AGIJOBS_TEST_COOKIE"] = _cookie;
            foreach (var argument in (string[])["-c", Supervisor, "sh", Script(), _folder, .. _ports.Select(port => port.ToString(CultureInfo.InvariantCulture))])
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
            var since = Stopwatch.StartNew();
            while (!await AnswersAsync().ConfigureAwait(false))
            {
                if (process.HasExited || since.Elapsed > Limit)
                {
                    throw new InvalidOperationException($"RabbitMQ did not start:\n{_output}");
                }

                await Task.Delay(TimeSpan.FromMilliseconds(100)).ConfigureAwait(false);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Kills it (SIGKILL) and keeps what is on its disk.</summary>
    public Task KillAsync() => EndAsync("keep");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await EndAsync(null).ConfigureAwait(false);
        if (_folder is { } folder && Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        _gate.Dispose();
    }

    private static string Script() =>
        (Directory.Exists("/usr/lib/rabbitmq/lib") ? Directory.EnumerateDirectories("/usr/lib/rabbitmq/lib", "rabbitmq_server-*") : [])
            .Select(folder => Path.Combine(folder, "sbin", "rabbitmq-server")).Where(File.Exists).Order(StringComparer.Ordinal).LastOrDefault()
        ?? throw new InvalidOperationException("RabbitMQ is missing, and runs are to be tested on it: run 'sudo apt-get install rabbitmq-server', or ./test as root, which does so.");

    private async Task EndAsync(string? word)
    {
        if (_process is not { } process)
        {
            return;
        }

        _process = null;
        if (word is not null)
        {
            await process.StandardInput.WriteLineAsync(word).ConfigureAwait(false);
        }

        process.StandardInput.Close();
        try
        {
            // Whoever still holds its output would keep this waiting.
            await process.WaitForExitAsync().WaitAsync(Limit).ConfigureAwait(false);
        }
        catch (TimeoutException late)
        {
            throw new InvalidOperationException($"RabbitMQ, or what it started, did not end within {Limit.TotalSeconds:0} s:\n{Output}", late);
        }

        process.Dispose();
    }

    // The listener is there when the broker has booted: it greets who sends the protocol's header with its start method.
    private async Task<bool> AnswersAsync()
    {
        try
        {
            using var client = new TcpClient();
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            await client.ConnectAsync(IPAddress.Loopback, Port, limit.Token).ConfigureAwait(false);
            await client.GetStream().WriteAsync("AMQP\0\0\u0009\u0001"u8.ToArray(), limit.Token).ConfigureAwait(false);
            return await client.GetStream().ReadAsync(new byte[1], limit.Token).ConfigureAwait(false) == 1;
        }
        catch (Exception problem) when (problem is SocketException or IOException or OperationCanceledException)
        {
            return false;
        }
    }

    private void Read(string? line)
    {
        lock (_output)
        {
            _output.AppendLine(line);
        }
    }
}
