using System.Globalization;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AgiJobs.Arena.Gateway;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Server.Hosting;

namespace AgiJobs.Server.Tests;

/// <summary>An answer of a gateway.</summary>
public sealed record Reply(int Status, string Text, TimeSpan? RetryAfter)
{
    public JsonNode Json => JsonNode.Parse(Text)!;

    /// <summary>The code of a refusal; null when it is none.</summary>
    public string? Code => Text.StartsWith('{') ? (string?)Json["code"] : null;

    public override string ToString() => $"{Status} {Text}";
}

/// <summary>An agent's side of the protocol, written from docs/gateway.md and not from the gateway's code.</summary>
public sealed class AgentClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly Uri _gateway;
    private readonly ISigner _signer;
    private readonly Address _arena;

    public AgentClient(ServerHost host, ISigner signer, Address arena)
    {
        _gateway = host.Address;
        _signer = signer;
        _arena = arena;
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = host.Address };
    }

    public static string NewNonce() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>The four headers of a request.</summary>
    public async Task<Dictionary<string, string>> SignAsync(string method, string path, byte[] body, DateTimeOffset? at = null, string? nonce = null, ulong chain = 31337)
    {
        var timestamp = (at ?? TimeProvider.System.GetUtcNow()).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        nonce ??= NewNonce();
        var text = string.Join('\n', "AGI Jobs gateway v1", $"chain {chain}", $"arena {_arena}", $"{method} {path}", $"body {Convert.ToHexStringLower(SHA256.HashData(body))}", $"timestamp {timestamp}", $"nonce {nonce}", $"address {_signer.Address}");
        var signature = await _signer.SignMessageAsync(Encoding.UTF8.GetBytes(text), CancellationToken.None);
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [GatewayStatement.AddressHeader] = _signer.Address.ToString(),
            [GatewayStatement.TimestampHeader] = timestamp,
            [GatewayStatement.NonceHeader] = nonce,
            [GatewayStatement.SignatureHeader] = signature.ToString(),
        };
    }

    public async Task<Reply> GetAsync(string path) => await SendAsync("GET", path, [], await SignAsync("GET", path, []));

    public async Task<Reply> PutAsync(string path, string body)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        return await SendAsync("PUT", path, bytes, await SignAsync("PUT", path, bytes));
    }

    /// <summary>Sends with headers as given, right or wrong.</summary>
    public async Task<Reply> SendAsync(string method, string path, byte[] body, IReadOnlyDictionary<string, string>? headers = null, bool chunked = false)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body.Length > 0)
        {
            request.Content = new ByteArrayContent(body);
            request.Headers.TransferEncodingChunked = chunked;
        }

        foreach (var (name, value) in headers ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await _http.SendAsync(request);
        return new Reply((int)response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers.RetryAfter?.Delta);
    }

    /// <summary>Opens the events.</summary>
    public async Task<EventReader> EventsAsync()
    {
        var socket = new ClientWebSocket();
        socket.Options.Proxy = null;
        foreach (var (name, value) in await SignAsync("GET", "/v1/events", []))
        {
            socket.Options.SetRequestHeader(name, value);
        }

        await socket.ConnectAsync(new UriBuilder(_gateway) { Scheme = "ws", Path = "/v1/events" }.Uri, CancellationToken.None);
        return new EventReader(socket);
    }

    public void Dispose() => _http.Dispose();
}

/// <summary>Reads lines of events.</summary>
public sealed class EventReader(ClientWebSocket socket) : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    public WebSocketCloseStatus? Closed => socket.CloseStatus;

    /// <summary>The next line; null when the gateway closed.</summary>
    public async Task<JsonNode?> NextAsync()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        var buffer = new byte[4096];
        var received = await socket.ReceiveAsync(buffer.AsMemory(), deadline.Token);
        return received.MessageType == WebSocketMessageType.Close ? null : JsonNode.Parse(buffer.AsSpan(0, received.Count));
    }

    /// <summary>Reads until the gateway closes.</summary>
    public async Task UntilClosedAsync()
    {
        while (await NextAsync() is not null)
        {
            // What comes before the end is not asked about.
        }
    }

    /// <summary>Reads until a line is as wanted.</summary>
    public async Task<JsonNode> UntilAsync(Func<JsonNode, bool> isWanted)
    {
        while (true)
        {
            var line = await NextAsync() ?? throw new InvalidOperationException("The gateway closed.");
            if (isWanted(line))
            {
                return line;
            }
        }
    }

    public void Dispose() => socket.Dispose();
}
