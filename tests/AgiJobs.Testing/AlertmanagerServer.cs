using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace AgiJobs.Testing;

/// <summary>
/// A real Alertmanager on a free loopback port, alone, in a folder of its own. A small shell holds it: as soon as its standard input closes, also by the death of the test process, it ends the server and removes the folder.
/// </summary>
public sealed class AlertmanagerServer : IAsyncDisposable
{
    private const string Supervisor = """
        exec 3<&0
        folder=$1 port=$2
        trap 'cd /; rm -rf "$folder"' EXIT
        prometheus-alertmanager --config.file="$folder/alertmanager.yml" --storage.path="$folder/data" --web.listen-address="127.0.0.1:$port" --cluster.listen-address= --log.level=warn </dev/null 3<&- &
        child=$!
        { cat <&3 >/dev/null; kill -TERM $child; } >/dev/null 2>&1 &
        exec 3<&-
        while kill -0 $child 2>/dev/null; do wait $child; done
        """;

    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false });

    private readonly StringBuilder _output = new();
    private readonly Process _process;

    private AlertmanagerServer(Process process, Uri url)
    {
        (_process, Url) = (process, url);
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Where it listens.</summary>
    public Uri Url { get; }

    /// <summary>Starts one and waits until it answers.</summary>
    /// <param name="webhook">Where it sends all alerts at once, in version 4 of its webhook; null sends nothing.</param>
    /// <param name="token">The bearer token that it sends there; null for none.</param>
    public static async Task<AlertmanagerServer> StartAsync(Uri? webhook, string? token = null)
    {
        for (var attempt = 1; ; attempt++)
        {
            var server = Begin(webhook, token);
            try
            {
                await Wait.UntilAsync("Alertmanager answers", async () =>
                {
                    if (server._process.HasExited)
                    {
                        throw new InvalidOperationException($"Alertmanager has ended: {server.Output()}");
                    }

                    try
                    {
                        using var ready = await Http.GetAsync(new Uri(server.Url, "-/ready")).ConfigureAwait(false);
                        return ready.IsSuccessStatusCode;
                    }
                    catch (HttpRequestException)
                    {
                        return false;
                    }
                }).ConfigureAwait(false);
                return server;
            }
            catch (InvalidOperationException) when (attempt < 3)
            {
                // Somebody took the port in between.
                await server.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>The alerts that it has and that are not over: the labels of each.</summary>
    public async Task<IReadOnlyList<IReadOnlyDictionary<string, string>>> AlertsAsync()
    {
        using var answer = JsonDocument.Parse(await Http.GetStringAsync(new Uri(Url, "api/v2/alerts?active=true")).ConfigureAwait(false));
        return [.. answer.RootElement.EnumerateArray().Select(alert => (IReadOnlyDictionary<string, string>)alert.GetProperty("labels").EnumerateObject().ToDictionary(label => label.Name, label => label.Value.GetString()!, StringComparer.Ordinal))];
    }

    /// <summary>Ends it and removes its folder.</summary>
    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().ConfigureAwait(false);
        _process.Dispose();
    }

    private static AlertmanagerServer Begin(Uri? webhook, string? token)
    {
        var folder = Directory.CreateTempSubdirectory("agijobs-alertmanager-").FullName;
        var receiver = webhook is null ? "" : $"""
                webhook_configs:
                  - url: '{webhook}'
                    send_resolved: true
            {(token is null ? "" : $"""
                    http_config:
                      authorization:
                        type: Bearer
                        credentials: '{token}'
            """)}
            """;
        File.WriteAllText(Path.Combine(folder, "alertmanager.yml"), $"""
            route:
              receiver: all
              group_by: ['...']
              group_wait: 0s
              group_interval: 1s
              repeat_interval: 1h
            receivers:
              - name: all
            {receiver}
            """ + "\n");
        var port = FreePort();
        var start = new ProcessStartInfo("/bin/sh", ["-c", Supervisor, "sh", folder, port.ToString(CultureInfo.InvariantCulture)]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        return new AlertmanagerServer(Process.Start(start)!, new Uri($"http://127.0.0.1:{port}/"));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void Keep(string? line)
    {
        lock (_output)
        {
            _ = line is null ? _output : _output.AppendLine(line);
        }
    }

    private string Output()
    {
        lock (_output)
        {
            return _output.ToString();
        }
    }
}
