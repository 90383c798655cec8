using System.Collections.Concurrent;
using System.Globalization;
using System.Net.WebSockets;
using System.Text.Json;
using System.Threading.Channels;

namespace AgiJobs.Ethereum.Rpc;

/// <summary>
/// One live WebSocket: answers find their requests by id, notifications their subscription. When it ends, for whatever reason, it never
/// comes back: every waiting request fails and every subscription completes, and the owner opens another.
/// </summary>
internal sealed class SocketConnection : IAsyncDisposable
{
    private const int MaxOrphans = 256;

    // The client's own ids begin at 1.
    private static readonly byte[] Ping = """{"jsonrpc":"2.0","id":0,"method":"eth_chainId","params":[]}"""u8.ToArray();

    private readonly RpcEndpoint _endpoint;
    private readonly RpcOptions _options;
    private readonly TimeProvider _time;
    private readonly ClientWebSocket _socket;
    private readonly CancellationTokenSource _ending = new();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly ConcurrentDictionary<ulong, Exchange> _waiting = new();
    private readonly ConcurrentDictionary<string, SocketSubscription> _subscriptions = new(StringComparer.Ordinal);
    private readonly Queue<(string Subscription, JsonElement Item)> _orphans = new();
    private readonly Lock _lock = new();
    private long _lastHeard;
    private string? _endReason;
    private Task _receiving = Task.CompletedTask;
    private Task _watching = Task.CompletedTask;

    private SocketConnection(RpcEndpoint endpoint, RpcOptions options, TimeProvider time, ClientWebSocket socket)
    {
        _endpoint = endpoint;
        _options = options;
        _time = time;
        _socket = socket;
        _lastHeard = time.GetTimestamp();
    }

    public bool IsAlive => Volatile.Read(ref _endReason) is null;

    /// <exception cref="TransportException">It cannot be opened.</exception>
    public static async Task<SocketConnection> OpenAsync(
        RpcEndpoint endpoint, RpcOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        if (endpoint.Url.IsLoopback)
        {
            socket.Options.Proxy = null;
        }

        if (endpoint.Authorization is { } authorization)
        {
            socket.Options.SetRequestHeader("Authorization", authorization.ToString());
        }

        foreach (var (name, value) in endpoint.Headers)
        {
            socket.Options.SetRequestHeader(name, value);
        }

        using var timeout = new CancellationTokenSource(options.RequestTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            await socket.ConnectAsync(endpoint.Url, either.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is WebSocketException or HttpRequestException or IOException or OperationCanceledException)
        {
            socket.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            var what = timeout.IsCancellationRequested ? "did not open a WebSocket in time" : "does not open a WebSocket";
            var status = (int)socket.HttpStatusCode;
            throw new TransportException(new EndpointFailure(
                endpoint,
                "rpc-unreachable",
                status is 0 ? what : $"{what} (HTTP {status.ToString(CultureInfo.InvariantCulture)})",
                NeverSent: true), error);
        }

        var connection = new SocketConnection(endpoint, options, time, socket);
        connection._receiving = connection.ReceiveAsync();
        connection._watching = connection.WatchAsync();
        return connection;
    }

    /// <exception cref="TransportException">No answer came.</exception>
    public async Task<ReadOnlyMemory<byte>> ExchangeAsync(
        ReadOnlyMemory<byte> document, IReadOnlyList<ulong> ids, SocketSubscription? subscription, CancellationToken cancellationToken)
    {
        var exchange = new Exchange(ids, subscription);
        foreach (var id in ids)
        {
            _waiting[id] = exchange;
        }

        using var timeout = new CancellationTokenSource(_options.RequestTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            if (!IsAlive)
            {
                throw Failure($"closed the WebSocket ({_endReason})", neverSent: true);
            }

            await SendAsync(document, either.Token).ConfigureAwait(false);
            return await exchange.Answer.Task.WaitAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            var patience = _options.RequestTimeout.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture);
            throw IsAlive ? Failure($"did not answer within {patience} ms") : Failure($"closed the WebSocket ({_endReason})");
        }
        catch (Exception error) when (IsBroken(error))
        {
            End("sending failed");
            throw Failure("closed the WebSocket while the request was sent");
        }
        finally
        {
            foreach (var id in ids)
            {
                _waiting.TryRemove(id, out _);
            }
        }
    }

    /// <summary>Forgets a subscription; its channel completes.</summary>
    public void Drop(SocketSubscription subscription, string reason)
    {
        if (subscription.Name is { } name)
        {
            _subscriptions.TryRemove(name, out _);
        }

        subscription.End(reason);
    }

    public async ValueTask DisposeAsync()
    {
        End("it was closed by us");
        await _receiving.ConfigureAwait(false);
        await _watching.ConfigureAwait(false);
        _socket.Dispose();
        _ending.Dispose();
        _sending.Dispose();
    }

    private async Task SendAsync(ReadOnlyMemory<byte> document, CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // Cancelling a send that has begun would end the connection, so only waiting for the turn is cancelled.
            await _socket.SendAsync(document, WebSocketMessageType.Text, endOfMessage: true, _ending.Token).ConfigureAwait(false);
        }
        finally
        {
            _sending.Release();
        }
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (true)
            {
                var length = 0;
                ValueWebSocketReceiveResult part;
                do
                {
                    if (length == buffer.Length)
                    {
                        if (length >= _options.MaxResponseBytes)
                        {
                            End($"it sent a message of more than {_options.MaxResponseBytes.ToString(CultureInfo.InvariantCulture)} bytes");
                            return;
                        }

                        Array.Resize(ref buffer, (int)Math.Min((long)buffer.Length * 2, _options.MaxResponseBytes));
                    }

                    part = await _socket.ReceiveAsync(buffer.AsMemory(length), _ending.Token).ConfigureAwait(false);
                    length += part.Count;
                }
                while (!part.EndOfMessage);

                if (part.MessageType == WebSocketMessageType.Close)
                {
                    End("the node closed it");
                    return;
                }

                Volatile.Write(ref _lastHeard, _time.GetTimestamp());
                if (!Dispatch(buffer.AsMemory(0, length).ToArray()))
                {
                    End("it sent something that is not JSON-RPC");
                    return;
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException || IsBroken(error))
        {
            End("the connection broke");
        }
    }

    private bool Dispatch(byte[] message)
    {
        try
        {
            NodeJson.Guard(() =>
            {
                using var document = JsonDocument.Parse(message, NodeJson.Options);
                var root = document.RootElement;
                if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("method", out _))
                {
                    Notify(NodeJson.Field(root, "params"));
                    return true;
                }

                var owner = root.ValueKind == JsonValueKind.Array
                    ? root.EnumerateArray().Select(FindExchange).FirstOrDefault(found => found is not null)
                    : FindExchange(root);
                if (owner is { } exchange)
                {
                    if (exchange.Subscription is { } subscription && root.TryGetProperty("result", out var name)
                        && name.ValueKind == JsonValueKind.String)
                    {
                        Register(subscription, NodeJson.Text(name, "the subscription"));
                    }

                    exchange.Answer.TrySetResult(message);
                }

                return true;
            });
            return true;
        }
        catch (EthereumException)
        {
            return false;
        }
    }

    private Exchange? FindExchange(JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object || !item.TryGetProperty("id", out var id))
        {
            return null;
        }

        if (id.ValueKind == JsonValueKind.Number && id.TryGetUInt64(out var number))
        {
            return _waiting.TryGetValue(number, out var exchange) ? exchange : null;
        }

        // An error that names no request belongs to the only one that waits, if there is only one.
        return id.ValueKind == JsonValueKind.Null && _waiting.Values.Distinct().Take(2).ToArray() is [var only] ? only : null;
    }

    private void Notify(JsonElement parameters)
    {
        var name = NodeJson.Text(NodeJson.Field(parameters, "subscription"), "the subscription");
        var item = NodeJson.Field(parameters, "result").Clone();
        lock (_lock)
        {
            if (!_subscriptions.TryGetValue(name, out var subscription))
            {
                // A node may notify before it has confirmed the subscription.
                _orphans.Enqueue((name, item));
                while (_orphans.Count > MaxOrphans)
                {
                    _orphans.Dequeue();
                }

                return;
            }

            Deliver(subscription, item);
        }
    }

    private void Register(SocketSubscription subscription, string name)
    {
        lock (_lock)
        {
            subscription.Name = name;
            _subscriptions[name] = subscription;
            var early = _orphans.Where(orphan => string.Equals(orphan.Subscription, name, StringComparison.Ordinal)).ToArray();
            foreach (var (_, item) in early)
            {
                Deliver(subscription, item);
            }
        }
    }

    private void Deliver(SocketSubscription subscription, JsonElement item)
    {
        if (!subscription.Items.Writer.TryWrite(item))
        {
            Drop(subscription, "the reader was too slow and the buffer is full");
        }
    }

    /// <summary>Asks for a sign of life when nothing was heard for half of the idle time; ends the connection after all of it.</summary>
    private async Task WatchAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(_options.IdleTimeout / 2, _time, _ending.Token).ConfigureAwait(false);
                var silence = _time.GetElapsedTime(Volatile.Read(ref _lastHeard));
                if (silence >= _options.IdleTimeout)
                {
                    End($"nothing was heard for {silence.TotalSeconds.ToString("0", CultureInfo.InvariantCulture)} s");
                    return;
                }

                if (silence >= _options.IdleTimeout / 2)
                {
                    await SendAsync(Ping, _ending.Token).ConfigureAwait(false);
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException || IsBroken(error))
        {
            End("the connection broke");
        }
    }

    private void End(string reason)
    {
        if (Interlocked.CompareExchange(ref _endReason, reason, null) is not null)
        {
            return;
        }

        _ending.Cancel();
        _socket.Abort();
        foreach (var exchange in _waiting.Values.Distinct())
        {
            exchange.Answer.TrySetException(Failure($"closed the WebSocket ({reason})"));
        }

        lock (_lock)
        {
            foreach (var subscription in _subscriptions.Values)
            {
                subscription.End(reason);
            }
        }
    }

    private static bool IsBroken(Exception error) =>
        error is WebSocketException or IOException or ObjectDisposedException or InvalidOperationException;

    private TransportException Failure(string description, bool neverSent = false) =>
        new(new EndpointFailure(_endpoint, "rpc-unreachable", description, neverSent));

    private sealed record Exchange(IReadOnlyList<ulong> Ids, SocketSubscription? Subscription)
    {
        public TaskCompletionSource<ReadOnlyMemory<byte>> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>Where the notifications of one subscription arrive.</summary>
internal sealed class SocketSubscription(int capacity)
{
    public Channel<JsonElement> Items { get; } = Channel.CreateBounded<JsonElement>(capacity);

    /// <summary>The node's name for it, once it confirmed.</summary>
    public string? Name { get; set; }

    /// <summary>Why it ended.</summary>
    public string? EndReason { get; private set; }

    public void End(string reason)
    {
        EndReason ??= reason;
        Items.Writer.TryComplete();
    }
}
