using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Arena.Gateway;
using AgiJobs.Cli.Devnet;
using AgiJobs.Control;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Steering.Thermostats;

namespace AgiJobs.Cli.Hgm;

/// <summary>A client of the runs of a server (<c>docs/hgm.md</c>). What changes something is signed for the session's chain and arena.</summary>
internal sealed class RunClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Session _session;
    private readonly HttpClient _http;

    private RunClient(Session session, Uri url)
    {
        (_session, Url) = (session, url);
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = Patience };
    }

    /// <summary>The server.</summary>
    public Uri Url { get; }

    /// <summary>The server that is named, that 'up' started, or that the network's services are to listen as.</summary>
    /// <exception cref="ControlException"><c>server-url</c>: neither https nor http on this machine.</exception>
    public static RunClient Of(Session session, string? named)
    {
        var text = named ?? UpCommands.ServedAt(session, session.Network) ?? Listening(session.Workspace.Services(session.Network).Listen);
        return Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback))
            ? new RunClient(session, new Uri(url.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/"))
            : throw new ControlException("server-url", ExitCode.BadInput, $"The server '{text}' is neither https nor http on this machine.", "Write --server https:// and the host.");
    }

    /// <summary>What the server tells.</summary>
    /// <exception cref="ControlException"><c>server-unreachable</c>, or its refusal.</exception>
    public async Task<JsonNode> GetAsync(string path, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Url, path));
        return await SendAsync(request, cancellation).ConfigureAwait(false);
    }

    /// <summary>The names of the runs that are not over.</summary>
    public async Task<IReadOnlyList<string>> LiveAsync(CancellationToken cancellation) =>
        [.. (await GetAsync("v1/hgm/runs?live=true", cancellation).ConfigureAwait(false)).AsArray().Select(run => (string)run!["run"]!)];

    /// <summary>Asks for a change.</summary>
    /// <exception cref="ControlException">The server's refusal, and nothing was changed; with <see cref="ExitCode.Unknown"/> it is not known whether it was.</exception>
    public async Task<JsonNode> PostAsync(string run, string action, JsonObject body, ISigner signer, CancellationToken cancellation)
    {
        var bytes = Encoding.UTF8.GetBytes(body.ToJsonString());
        var url = new Uri(Url, $"v1/hgm/runs/{Uri.EscapeDataString(run)}/{action}");
        var statement = new GatewayStatement(
            _session.NetworkFile.ChainId,
            _session.Protocol["SelfPlayArena"].Address,
            "POST",
            url.PathAndQuery,
            GatewayStatement.Digest(bytes),
            _session.Environment.Time.GetUtcNow(),
            Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
            signer.Address);
        var signature = await signer.SignMessageAsync(Encoding.UTF8.GetBytes(statement.ToString()), cancellation).ConfigureAwait(false);
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(bytes) };
        request.Headers.TryAddWithoutValidation(GatewayStatement.AddressHeader, signer.Address.ToString());
        request.Headers.TryAddWithoutValidation(GatewayStatement.TimestampHeader, statement.Timestamp.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture));
        request.Headers.TryAddWithoutValidation(GatewayStatement.NonceHeader, statement.Nonce);
        request.Headers.TryAddWithoutValidation(GatewayStatement.SignatureHeader, signature.ToString());
        return await SendAsync(request, cancellation).ConfigureAwait(false);
    }

    public void Dispose() => _http.Dispose();

    private static string Listening(string listen)
    {
        var endpoint = IPEndPoint.Parse(listen);
        var address = endpoint.Address.Equals(IPAddress.Any) || endpoint.Address.Equals(IPAddress.IPv6Any) ? IPAddress.Loopback : endpoint.Address;
        return $"http://{new IPEndPoint(address, endpoint.Port)}";
    }

    private async Task<JsonNode> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        try
        {
            using var response = await _http.SendAsync(request, cancellation).ConfigureAwait(false);
            var text = await response.Content.ReadAsStringAsync(cancellation).ConfigureAwait(false);
            var answer = JsonNode.Parse(text) ?? throw new JsonException("it is null");
            return response.IsSuccessStatusCode ? answer : throw Refused((int)response.StatusCode, answer);
        }
        catch (Exception problem) when (problem is HttpRequestException or JsonException or InvalidOperationException || (problem is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new ControlException("server-unreachable", ExitCode.Unknown, $"The server {Url} does not answer as it should: {problem.Message}", "Start it ('agijobs up', or 'agijobs serve' with the role hgm), or name another: --server URL.", problem);
        }
    }

    // What the table of docs/hgm.md promises: a refusal had no effect. Of a failure it is not known.
    private static ControlException Refused(int status, JsonNode answer)
    {
        var code = (string?)answer["code"] ?? throw new JsonException("a refusal has no code");
        var exit = (status, code) switch
        {
            (_, GatewayCode.StateUnknown or GatewayCode.Internal) => ExitCode.Unknown,
            (401 or 403, _) => ExitCode.Refused,
            (400 or 404 or 405 or 409 or 413, _) => ExitCode.BadInput,
            _ => ExitCode.Failed,
        };
        return new ControlException(code, exit, (string?)answer["message"] ?? code, (string?)answer["mend"]);
    }
}

/// <summary>A live run in the hand of a person or of the thermostat, by a server.</summary>
/// <param name="client">The server.</param>
/// <param name="run">The run's name.</param>
/// <param name="signer">Who signs; null for one who only looks.</param>
internal sealed class ServedRun(RunClient client, string run, ISigner? signer) : IRunHand
{
    public async Task<WatchedRun> ReadAsync(CancellationToken cancellation)
    {
        var told = await client.GetAsync($"v1/hgm/runs/{Uri.EscapeDataString(run)}", cancellation).ConfigureAwait(false);
        return new WatchedRun(
            run,
            (DateTimeOffset)told["begun"]!,
            (long)told["version"]!,
            (long)told["steeredVersion"]!,
            (DateTimeOffset)told["at"]!,
            (decimal)told["alpha"]!,
            (decimal)told["prior"]!,
            (decimal?)told["roi"],
            (decimal?)told["costRatio"],
            told["end"] is not null);
    }

    public async Task<long?> SetAsync(long expectedVersion, decimal alpha, decimal prior, string reason, CancellationToken cancellation)
    {
        try
        {
            var body = new JsonObject { ["expectedVersion"] = expectedVersion, ["reason"] = reason, ["alpha"] = alpha, ["prior"] = prior };
            return (long)(await client.PostAsync(run, "parameters", body, signer ?? throw new InvalidOperationException("Who only looks sets nothing."), cancellation).ConfigureAwait(false))["version"]!;
        }
        catch (ControlException problem) when (problem.Code is "stale-version")
        {
            return null;
        }
    }

    public async Task<bool> HasMarkAsync(long after, string mark, CancellationToken cancellation)
    {
        for (long? from = after; from is { } version;)
        {
            var page = await client.GetAsync(string.Create(CultureInfo.InvariantCulture, $"v1/hgm/runs/{Uri.EscapeDataString(run)}/events?after={version}"), cancellation).ConfigureAwait(false);
            if (page["events"]!.AsArray().Any(one => ((string?)one!["event"]!["reason"])?.Contains($"[{mark}]", StringComparison.Ordinal) ?? false))
            {
                return true;
            }

            from = (long?)page["next"];
        }

        return false;
    }
}
