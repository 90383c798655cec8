using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using AgiJobs.Ethereum;

namespace AgiJobs.Testing;

/// <summary>
/// A node that misbehaves as told. It stands in front of a real one, or alone, where it answers by rules only and says "method not found"
/// to the rest. Rules may be added at any time; the newest that applies wins. WebSocket connections are passed through unread.
/// </summary>
public sealed class FaultyRpc : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Uri? _upstream;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(30) };
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _rulesLock = new();
    private readonly List<FaultRule> _rules = [];
    private readonly List<FaultRule> _standing = [];
    private readonly ConcurrentQueue<RpcRecord> _requests = new();
    private readonly ConcurrentDictionary<TcpClient, byte> _connections = new();
    private readonly Task _accepting;
    private int _exchanges;
    private int _socketsOpened;
    private int _disposed;
    private long _socketBytes;
    private volatile bool _freezeSockets;
    private bool _stalled;

    private FaultyRpc(Uri? upstream, ChainId? chainId = null)
    {
        _upstream = upstream;
        if (chainId is { } id)
        {
            _standing.Add(new FaultRule("eth_chainId").Result(Hex.EncodeQuantity(id.Value)));
            _standing.Add(new FaultRule("eth_getBlockByNumber").Result(new JsonObject
            {
                ["number"] = "0x64",
                ["hash"] = Bytes32.FromUnsigned(100).ToString(),
                ["parentHash"] = Bytes32.FromUnsigned(99).ToString(),
                ["timestamp"] = "0x65920080",
                ["gasLimit"] = "0x1c9c380",
                ["gasUsed"] = "0x0",
                ["baseFeePerGas"] = "0x3b9aca00",
                ["transactions"] = new JsonArray(),
            }));
        }

        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    /// <summary>The loopback port.</summary>
    public int Port { get; }

    /// <summary>The address for HTTP.</summary>
    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>The address for WebSockets.</summary>
    public string WebSocketUrl => $"ws://127.0.0.1:{Port}";

    /// <summary>Every request in order of arrival, those of batches one by one.</summary>
    public IReadOnlyList<RpcRecord> Requests => [.. _requests];

    /// <summary>How many HTTP requests arrived.</summary>
    public int Exchanges => Volatile.Read(ref _exchanges);

    /// <summary>How many WebSockets were opened through it.</summary>
    public int SocketsOpened => Volatile.Read(ref _socketsOpened);

    /// <summary>How many bytes the node sent over WebSockets.</summary>
    public long SocketBytesFromNode => Interlocked.Read(ref _socketBytes);

    /// <summary>True answers batches in reverse order.</summary>
    public bool ReverseBatches { get; set; }

    /// <summary>True holds back everything that the node sends over WebSockets, as a dead network path would.</summary>
    public bool FreezeWebSockets
    {
        get => _freezeSockets;
        set => _freezeSockets = value;
    }

    /// <summary>From this exchange on (the first is 1) nothing is answered; null answers all.</summary>
    public int? StallAtExchange { get; set; }

    /// <summary>True hands the stalled exchange to the node before falling silent.</summary>
    public bool StallAfterForwarding { get; set; }

    /// <summary>The connection of this one exchange (the first is 1) is closed instead of answered; null closes none.</summary>
    public int? CutAtExchange { get; set; }

    /// <summary>True hands the exchange that is cut to the node before.</summary>
    public bool CutAfterForwarding { get; set; }

    /// <summary>True once an exchange was stalled by <see cref="StallAtExchange"/>.</summary>
    public bool HasStalled => Volatile.Read(ref _stalled);

    /// <summary>Stands in front of a local chain.</summary>
    public static FaultyRpc InFrontOf(Anvil anvil) => new(new Uri(anvil.Url));

    /// <summary>Stands in front of a node.</summary>
    public static FaultyRpc InFrontOf(string url) => new(new Uri(url));

    /// <summary>A node that knows only its rules, its chain id and a newest block of height 100.</summary>
    public static FaultyRpc Alone(ChainId? chainId = null) => new(null, chainId ?? ChainId.Local);

    /// <summary>Begins a rule for a method; <c>*</c> is any. The rule takes effect with its action.</summary>
    public FaultRule On(string method)
    {
        var rule = new FaultRule(method);
        lock (_rulesLock)
        {
            _rules.Insert(0, rule);
        }

        return rule;
    }

    /// <summary>Claims to serve another chain.</summary>
    public FaultRule WrongChain(ChainId chainId) => On("eth_chainId").Result(Hex.EncodeQuantity(chainId.Value));

    /// <summary>Forgets every rule that was added.</summary>
    public void Heal()
    {
        lock (_rulesLock)
        {
            _rules.Clear();
        }

        ReverseBatches = false;
        FreezeWebSockets = false;
    }

    /// <summary>How often a method was asked for.</summary>
    public int Count(string method) => _requests.Count(request => request.Method == method);

    /// <summary>Cuts every open connection, WebSockets included.</summary>
    public void CutConnections()
    {
        foreach (var connection in _connections.Keys)
        {
            connection.Close();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
        {
            return;
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        _listener.Stop();
        CutConnections();
        await _accepting.ConfigureAwait(false);
        _http.Dispose();
        _stop.Dispose();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token).ConfigureAwait(false);
                client.NoDelay = true;
                connections.Add(ServeAsync(client));
                connections.RemoveAll(task => task.IsCompleted);
            }
        }
        catch (Exception error) when (
            error is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Stopped.
            await Task.WhenAll(connections).ConfigureAwait(false);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        _connections.TryAdd(client, 0);
        try
        {
            var stream = client.GetStream();
            var buffer = new ConnectionBuffer(stream, _stop.Token);
            while (await buffer.ReadHeadAsync().ConfigureAwait(false) is { } head)
            {
                if (head.Contains("Upgrade: websocket", StringComparison.OrdinalIgnoreCase))
                {
                    await TunnelAsync(client, head).ConfigureAwait(false);
                    return;
                }

                var body = await buffer.ReadBodyAsync(head).ConfigureAwait(false);
                var number = Interlocked.Increment(ref _exchanges);
                if (number == CutAtExchange)
                {
                    _ = CutAfterForwarding ? await AnswerAsync(body).ConfigureAwait(false) : null;
                    return;
                }

                var stalls = number >= StallAtExchange;
                var answer = stalls && !StallAfterForwarding ? null : await AnswerAsync(body).ConfigureAwait(false);
                if (stalls)
                {
                    Volatile.Write(ref _stalled, true);
                    await Task.Delay(Timeout.Infinite, _stop.Token).ConfigureAwait(false);
                }

                if (answer is null)
                {
                    return;
                }

                await stream.WriteAsync(answer, _stop.Token).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (error is IOException or SocketException or OperationCanceledException or ObjectDisposedException
            or HttpRequestException or InvalidDataException)
        {
            // The connection, the node or the test ended; the other side sees the connection close.
        }
        finally
        {
            _connections.TryRemove(client, out _);
            client.Dispose();
        }
    }

    /// <summary>The whole HTTP response, or null to close the connection.</summary>
    private async Task<byte[]?> AnswerAsync(byte[] body)
    {
        var root = JsonNode.Parse(body)!;
        var items = root is JsonArray batch ? [.. batch.Select(item => item!.AsObject())] : new List<JsonObject> { root.AsObject() };
        var rules = items.ConvertAll(RuleFor);
        foreach (var rule in rules)
        {
            switch (rule?.Action)
            {
                case FaultRule.Kind.Stall:
                    await Task.Delay(Timeout.Infinite, _stop.Token).ConfigureAwait(false);
                    return null;
                case FaultRule.Kind.Drop:
                    return null;
                case FaultRule.Kind.Http:
                    return Response(rule.Status, rule.Body, rule.Headers);
                default:
                    break;
            }
        }

        var forwarded = items.Where((_, i) => rules[i] is not { NeedsUpstream: false }).ToList();
        var upstream = await ForwardAsync(forwarded).ConfigureAwait(false);
        if (rules.Exists(rule => rule?.Action == FaultRule.Kind.DropAnswer))
        {
            return null;
        }

        var answers = new List<JsonNode>();
        for (var i = 0; i < items.Count; i++)
        {
            answers.AddRange(Shape(items[i], rules[i], upstream));
        }

        if (ReverseBatches)
        {
            answers.Reverse();
        }

        JsonNode? document = root is JsonArray ? new JsonArray([.. answers]) : answers.Count > 0 ? answers[0] : null;
        return Response(200, Encoding.UTF8.GetBytes(document?.ToJsonString() ?? ""));
    }

    private FaultRule? RuleFor(JsonObject item)
    {
        var method = (string)item["method"]!;
        var parameters = item["params"]?.AsArray() ?? [];
        _requests.Enqueue(new RpcRecord(method, parameters.ToJsonString()));
        lock (_rulesLock)
        {
            return _rules.Find(rule => rule.Applies(method, parameters)) ?? _standing.Find(rule => rule.Applies(method, parameters));
        }
    }

    private static IEnumerable<JsonNode> Shape(JsonObject item, FaultRule? rule, Dictionary<string, JsonNode> upstream)
    {
        var id = item["id"]!;
        JsonObject Own(string name, JsonNode? value) => new() { ["jsonrpc"] = "2.0", ["id"] = id.DeepClone(), [name] = value };

        if (rule is { Action: FaultRule.Kind.Error })
        {
            return [Own("error", rule.ErrorObject!.DeepClone())];
        }

        if (rule is { NeedsUpstream: false })
        {
            return [Own("result", rule.Mutation!([], null))];
        }

        var answer = upstream.TryGetValue(id.ToJsonString(), out var known)
            ? known
            : Own("error", new JsonObject { ["code"] = -32601, ["message"] = "method not found" });
        switch (rule?.Action)
        {
            case FaultRule.Kind.Omit:
                return [];
            case FaultRule.Kind.Repeat:
                return [answer, answer.DeepClone()];
            case FaultRule.Kind.OtherId:
                answer["id"] = 1_000_000_007;
                return [answer];
            case FaultRule.Kind.Result when answer["error"] is null:
                return [Own("result", rule.Mutation!(item["params"]?.AsArray() ?? [], answer["result"]?.DeepClone()))];
            default:
                return [answer];
        }
    }

    private async Task<Dictionary<string, JsonNode>> ForwardAsync(List<JsonObject> items)
    {
        var answers = new Dictionary<string, JsonNode>(StringComparer.Ordinal);
        if (_upstream is null || items.Count == 0)
        {
            return answers;
        }

        JsonNode document = items.Count == 1 ? items[0].DeepClone() : new JsonArray([.. items.Select(item => item.DeepClone())]);
        using var content = new StringContent(document.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await _http.PostAsync(_upstream, content, _stop.Token).ConfigureAwait(false);
        var root = JsonNode.Parse(await response.Content.ReadAsByteArrayAsync(_stop.Token).ConfigureAwait(false))!;
        foreach (var answer in root is JsonArray list ? list.ToArray() : [root])
        {
            answers[answer!["id"]!.ToJsonString()] = answer.DeepClone();
        }

        return answers;
    }

    private async Task TunnelAsync(TcpClient client, string head)
    {
        if (_upstream is null)
        {
            return;
        }

        Interlocked.Increment(ref _socketsOpened);
        using var upstream = new TcpClient { NoDelay = true };
        await upstream.ConnectAsync(_upstream.Host, _upstream.Port, _stop.Token).ConfigureAwait(false);
        _connections.TryAdd(upstream, 0);
        try
        {
            var near = client.GetStream();
            var far = upstream.GetStream();
            await far.WriteAsync(Encoding.ASCII.GetBytes(head), _stop.Token).ConfigureAwait(false);
            await Task.WhenAny(PumpAsync(near, far, mayFreeze: false), PumpAsync(far, near, mayFreeze: true)).ConfigureAwait(false);
        }
        finally
        {
            _connections.TryRemove(upstream, out _);
        }
    }

    private async Task PumpAsync(NetworkStream from, NetworkStream to, bool mayFreeze)
    {
        try
        {
            var buffer = new byte[65536];
            int read;
            while ((read = await from.ReadAsync(buffer, _stop.Token).ConfigureAwait(false)) > 0)
            {
                while (mayFreeze && _freezeSockets)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(5), _stop.Token).ConfigureAwait(false);
                }

                await to.WriteAsync(buffer.AsMemory(0, read), _stop.Token).ConfigureAwait(false);
                Interlocked.Add(ref _socketBytes, mayFreeze ? read : 0);
            }
        }
        catch (Exception error) when (error is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One side closed; closing the other tells it.
        }
    }

    private static byte[] Response(int status, byte[] body, string headers = "")
    {
        var head = $"HTTP/1.1 {status} Status\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n{headers}\r\n";
        return [.. Encoding.ASCII.GetBytes(head), .. body];
    }

    /// <summary>Takes HTTP requests off a connection.</summary>
    private sealed class ConnectionBuffer(NetworkStream stream, CancellationToken cancellationToken)
    {
        private readonly List<byte> _bytes = [];

        public async Task<string?> ReadHeadAsync()
        {
            while (true)
            {
                var end = Encoding.Latin1.GetString([.. _bytes]).IndexOf("\r\n\r\n", StringComparison.Ordinal);
                if (end >= 0)
                {
                    return Encoding.Latin1.GetString(Take(end + 4));
                }

                if (!await FillAsync().ConfigureAwait(false))
                {
                    return null;
                }
            }
        }

        public async Task<byte[]> ReadBodyAsync(string head)
        {
            var line = head.Split("\r\n").First(text => text.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
            var length = int.Parse(line.AsSpan(line.IndexOf(':', StringComparison.Ordinal) + 1));
            while (_bytes.Count < length)
            {
                if (!await FillAsync().ConfigureAwait(false))
                {
                    throw new InvalidDataException("The connection closed within a request.");
                }
            }

            return Take(length);
        }

        private byte[] Take(int count)
        {
            var taken = _bytes.GetRange(0, count).ToArray();
            _bytes.RemoveRange(0, count);
            return taken;
        }

        private async Task<bool> FillAsync()
        {
            var chunk = new byte[65536];
            var read = await stream.ReadAsync(chunk, cancellationToken).ConfigureAwait(false);
            _bytes.AddRange(chunk.AsSpan(0, read));
            return read > 0;
        }
    }
}
