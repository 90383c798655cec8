using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace AgiJobs.Cli.Drills;

/// <summary>A node for drills that answers as the real one behind it does, but that says of calls to contracts that they give back nothing but zeros: whatever is paused runs. On 127.0.0.1, until it is disposed.</summary>
internal sealed class LyingNode : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });
    private readonly Uri _upstream;
    private readonly Task _answering;

    private LyingNode(Uri upstream, int port)
    {
        _upstream = upstream;
        Url = $"http://127.0.0.1:{port}";
        _listener.Prefixes.Add(Url + "/");
        _listener.Start();
        _answering = AnswerAsync();
    }

    /// <summary>Its URL.</summary>
    public string Url { get; }

    /// <summary>Starts one in front of a node.</summary>
    public static LyingNode Start(Uri upstream)
    {
        // A free port; that another takes it in between ends the drill with an error, and nothing else.
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        return new LyingNode(upstream, port);
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _answering.ConfigureAwait(false);
        _http.Dispose();
    }

    private async Task AnswerAsync()
    {
        while (true)
        {
            HttpListenerContext exchange;
            try
            {
                exchange = await _listener.GetContextAsync().ConfigureAwait(false);
            }
            catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }

            try
            {
                using var reader = new StreamReader(exchange.Request.InputStream);
                var asked = await reader.ReadToEndAsync().ConfigureAwait(false);
                using var content = new StringContent(asked, System.Text.Encoding.UTF8, "application/json");
                using var answer = await _http.PostAsync(_upstream, content).ConfigureAwait(false);
                var told = Lie(JsonNode.Parse(asked), JsonNode.Parse(await answer.Content.ReadAsStringAsync().ConfigureAwait(false)));
                exchange.Response.ContentType = "application/json";
                await exchange.Response.OutputStream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(told?.ToJsonString() ?? "null")).ConfigureAwait(false);
                exchange.Response.Close();
            }
            catch (Exception broken) when (broken is HttpListenerException or HttpRequestException or IOException or System.Text.Json.JsonException or ObjectDisposedException)
            {
                exchange.Response.Abort();
            }
        }
    }

    private static JsonNode? Lie(JsonNode? asked, JsonNode? told)
    {
        IEnumerable<JsonNode?> questions = asked is JsonArray several ? several : [asked];
        var calls = questions.OfType<JsonObject>().Where(question => (string?)question["method"] is "eth_call").Select(question => question["id"]?.ToJsonString()).ToHashSet(StringComparer.Ordinal);
        foreach (var answer in (told is JsonArray answers ? answers : (IEnumerable<JsonNode?>)[told]).OfType<JsonObject>())
        {
            // A single word that says true; what is longer, such as lists of holders, is left, so that the lie is a likely one.
            if (calls.Contains(answer["id"]?.ToJsonString()) && answer["result"] is JsonValue value && value.TryGetValue<string>(out var hex) && hex.Length == 66 && hex.TrimEnd('1').TrimEnd('0') is "0x")
            {
                answer["result"] = "0x" + new string('0', 64);
            }
        }

        return told;
    }
}
