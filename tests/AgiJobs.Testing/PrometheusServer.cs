using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace AgiJobs.Testing;

/// <summary>
/// A real Prometheus on a free loopback port that scrapes one target, in a folder of its own. A small shell holds it: as soon as its standard input closes, also by the death of the test process, it ends the server
/// and removes the folder.
/// </summary>
public sealed class PrometheusServer : IAsyncDisposable
{
    private const string Supervisor = """
        exec 3<&0
        folder=$1 port=$2
        trap 'cd /; rm -rf "$folder"' EXIT
        prometheus --config.file="$folder/prometheus.yml" --storage.tsdb.path="$folder/data" --web.listen-address="127.0.0.1:$port" --log.level=warn </dev/null 3<&- &
        child=$!
        { cat <&3 >/dev/null; kill -TERM $child; } >/dev/null 2>&1 &
        exec 3<&-
        while kill -0 $child 2>/dev/null; do wait $child; done
        """;

    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false });

    private readonly StringBuilder _output = new();
    private readonly Process _process;

    private PrometheusServer(Process process, Uri url)
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
    /// <param name="target">What it scrapes, five times a second: the URL of a page of metrics; null scrapes nothing.</param>
    public static async Task<PrometheusServer> StartAsync(Uri? target)
    {
        for (var attempt = 1; ; attempt++)
        {
            var server = Begin(target);
            try
            {
                await Wait.UntilAsync("Prometheus answers", async () =>
                {
                    if (server._process.HasExited)
                    {
                        throw new InvalidOperationException($"Prometheus has ended: {server.Output()}");
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

    /// <summary>The series that an instant query gives: labels and value as text.</summary>
    public async Task<IReadOnlyList<(IReadOnlyDictionary<string, string> Labels, string Value)>> QueryAsync(string query)
    {
        using var answer = JsonDocument.Parse(await Http.GetStringAsync(new Uri(Url, $"api/v1/query?query={Uri.EscapeDataString(query)}")).ConfigureAwait(false));
        return [.. answer.RootElement.GetProperty("data").GetProperty("result").EnumerateArray().Select(series => (
            (IReadOnlyDictionary<string, string>)series.GetProperty("metric").EnumerateObject().ToDictionary(label => label.Name, label => label.Value.GetString()!, StringComparer.Ordinal),
            series.GetProperty("value")[1].GetString()!))];
    }

    /// <summary>What <c>promtool check metrics</c> says of a page of metrics: its exit code and words.</summary>
    public static async Task<(int Exit, string Output)> CheckAsync(string metrics)
    {
        using var tool = Process.Start(new ProcessStartInfo("promtool", ["check", "metrics"]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, error) = (tool.StandardOutput.ReadToEndAsync(), tool.StandardError.ReadToEndAsync());
        await tool.StandardInput.WriteAsync(metrics).ConfigureAwait(false);
        tool.StandardInput.Close();
        await tool.WaitForExitAsync().ConfigureAwait(false);
        return (tool.ExitCode, await output.ConfigureAwait(false) + await error.ConfigureAwait(false));
    }

    /// <summary>Ends it and removes its folder.</summary>
    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().ConfigureAwait(false);
        _process.Dispose();
    }

    private static PrometheusServer Begin(Uri? target)
    {
        var folder = Directory.CreateTempSubdirectory("agijobs-prometheus-").FullName;
        var scrape = target is null ? "" : string.Create(CultureInfo.InvariantCulture, $"""
            scrape_configs:
              - job_name: agijobs
                scrape_interval: 200ms
                scrape_timeout: 200ms
                metrics_path: {target.AbsolutePath}
                static_configs:
                  - targets: ['{target.Authority}']
            """);
        File.WriteAllText(Path.Combine(folder, "prometheus.yml"), scrape + "\n");
        var port = FreePort();
        var start = new ProcessStartInfo("/bin/sh", ["-c", Supervisor, "sh", folder, port.ToString(CultureInfo.InvariantCulture)]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        return new PrometheusServer(Process.Start(start)!, new Uri($"http://127.0.0.1:{port}/"));
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
