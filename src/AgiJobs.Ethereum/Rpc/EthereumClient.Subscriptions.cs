using System.Runtime.CompilerServices;
using System.Text.Json;

namespace AgiJobs.Ethereum.Rpc;

public sealed partial class EthereumClient
{
    /// <summary>
    /// New blocks as they come, over the first WebSocket endpoint that works. Ends only when cancelled. A lost connection is opened again
    /// with growing waits, here or at the next endpoint, and a <see cref="ChainGap{T}"/> says that blocks may be missing; so it does when
    /// a height is skipped. After a reorganisation blocks of a lower height come again.
    /// </summary>
    /// <exception cref="EthereumException">
    /// <c>rpc-no-websocket</c>; <c>rpc-wrong-chain</c>; <c>rpc-error</c> or <c>rpc-method</c> when the node refuses.
    /// </exception>
    public IAsyncEnumerable<ChainUpdate<BlockHeader>> NewHeadsAsync(CancellationToken cancellationToken = default) => SubscribeAsync(
        "newHeads",
        null,
        item => EthRequests.ReadBlock(item) ?? throw NodeJson.Malformed("the new block is null"),
        block => block.Number,
        isDense: true,
        cancellationToken);

    /// <summary>
    /// Logs that match the addresses and topics of the filter, as they come; its range is ignored. A log with
    /// <see cref="LogEntry.Removed"/> takes back one whose block was reorganised away.
    /// </summary>
    /// <exception cref="EthereumException">As for <see cref="NewHeadsAsync"/>.</exception>
    public IAsyncEnumerable<ChainUpdate<LogEntry>> NewLogsAsync(LogFilter filter, CancellationToken cancellationToken = default) =>
        SubscribeAsync(
            "logs",
            writer => filter.Write(writer, withRange: false),
            EthRequests.ReadLog,
            log => log.BlockNumber,
            isDense: false,
            cancellationToken);

    /// <summary>
    /// Hashes of transactions that enter the node's pool. Best effort by nature: pools are not equal, and gaps cannot be read later.
    /// </summary>
    /// <exception cref="EthereumException">As for <see cref="NewHeadsAsync"/>.</exception>
    public IAsyncEnumerable<ChainUpdate<Bytes32>> NewPendingTransactionsAsync(CancellationToken cancellationToken = default) =>
        SubscribeAsync(
            "newPendingTransactions",
            null,
            item => NodeJson.Word(item, "the transaction hash"),
            _ => null,
            isDense: false,
            cancellationToken);

    private async IAsyncEnumerable<ChainUpdate<T>> SubscribeAsync<T>(
        string kind,
        Action<Utf8JsonWriter>? filter,
        Func<JsonElement, T> read,
        Func<T, BlockNumber?> blockOf,
        bool isDense,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var sockets = _transports.OfType<WebSocketTransport>().ToArray();
        if (sockets.Length == 0)
        {
            throw EthereumException.BadInput(
                "rpc-no-websocket", "Subscriptions need an endpoint that begins with ws:// or wss://, and none is configured.");
        }

        BlockNumber? lastSeen = null;
        BlockNumber? lastHead = null;
        var reason = "the subscription begins";
        for (var failures = 0; ; failures++)
        {
            if (failures > 0)
            {
                await Task.Delay(ReconnectDelay(failures - 1), _time, cancellationToken).ConfigureAwait(false);
            }

            foreach (var socket in InOrder(sockets).Cast<WebSocketTransport>())
            {
                var opened = await TrySubscribeAsync(socket, kind, filter, cancellationToken).ConfigureAwait(false);
                if (opened is not var (connection, subscription, head))
                {
                    continue;
                }

                failures = 0;
                lastHead = head;
                yield return new ChainGap<T>(lastSeen, head, reason);
                try
                {
                    while (await subscription.Items.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false)
                        && subscription.Items.Reader.TryRead(out var item))
                    {
                        T value;
                        try
                        {
                            value = NodeJson.Guard(() => read(item));
                        }
                        catch (EthereumException error)
                        {
                            // Leaving it out would be silence about something that happened.
                            connection.Drop(subscription, $"the node sent a malformed item ({error.Message})");
                            break;
                        }

                        var number = blockOf(value);
                        if (isDense && lastHead is { } expected && number is { } arrived && arrived.Value > expected.Value + 1)
                        {
                            yield return new ChainGap<T>(
                                lastSeen ?? lastHead, new BlockNumber(arrived.Value - 1), "the node skipped blocks");
                        }

                        lastHead = number ?? lastHead;
                        lastSeen = number is { } high && (lastSeen is not { } before || high > before) ? high : lastSeen;
                        yield return new ChainItem<T>(value);
                    }
                }
                finally
                {
                    connection.Drop(subscription, "nobody reads it any more");

                    // Not waited for: the reader may leave, and what still arrives for it is thrown away.
                    _ = UnsubscribeAsync(connection, subscription);
                }

                reason = $"{socket.Endpoint}: {subscription.EndReason}";
                break;
            }
        }
    }

    /// <summary>Null when this endpoint cannot be used now.</summary>
    private async Task<(SocketConnection Connection, SocketSubscription Subscription, BlockNumber Head)?> TrySubscribeAsync(
        WebSocketTransport socket, string kind, Action<Utf8JsonWriter>? filter, CancellationToken cancellationToken)
    {
        var subscription = new SocketSubscription(_options.SubscriptionBuffer);
        SocketConnection connection;
        try
        {
            connection = await socket.OpenAsync(cancellationToken).ConfigureAwait(false);
            if (!socket.IsVerified)
            {
                await ExchangeAsync(socket, new RpcSlot<ChainId>(EthRequests.ChainId()), [], cancellationToken).ConfigureAwait(false);
            }

            if (!socket.IsVerified || !connection.IsAlive)
            {
                return null;
            }

            // Confirmed first, then the head: a block between the two is both delivered and counted, never neither.
            var confirmed = new RpcSlot<JsonElement>(EthRequests.Raw("eth_subscribe", writer =>
            {
                writer.WriteStringValue(kind);
                filter?.Invoke(writer);
            }))
            {
                Id = Interlocked.Increment(ref _lastId),
            };
            Interlocked.Increment(ref _roundTrips);
            var answer = await connection.ExchangeAsync(
                WriteDocument([confirmed]), [confirmed.Id], subscription, cancellationToken).ConfigureAwait(false);
            RpcAnswerReader.Read(socket.Endpoint, new RpcAnswer(answer), null, [confirmed], static () => { });
            if (confirmed.Error is { } refusal)
            {
                throw refusal;
            }

            var head = new RpcSlot<BlockNumber>(EthRequests.BlockNumber());
            await ExchangeAsync(socket, null, [head], cancellationToken).ConfigureAwait(false);
            if (subscription.Name is not null && head.TryGet(out var number))
            {
                return (connection, subscription, number);
            }

            connection.Drop(subscription, "it could not be completed");
            return null;
        }
        catch (TransportException)
        {
            socket.IsVerified = false;
            socket.RestsUntil = RestFromNow();
            return null;
        }
    }

    private async Task UnsubscribeAsync(SocketConnection connection, SocketSubscription subscription)
    {
        if (!connection.IsAlive || subscription.Name is null)
        {
            return;
        }

        var slot = new RpcSlot<JsonElement>(EthRequests.Raw("eth_unsubscribe", writer => writer.WriteStringValue(subscription.Name)))
        {
            Id = Interlocked.Increment(ref _lastId),
        };
        try
        {
            await connection.ExchangeAsync(WriteDocument([slot]), [slot.Id], null, CancellationToken.None).ConfigureAwait(false);
        }
        catch (TransportException)
        {
            // The subscription ends with the connection.
        }
    }

    private TimeSpan ReconnectDelay(int failures)
    {
        var first = (long)Math.Max(1, _options.RetryDelay.TotalMilliseconds);
        var bound = (int)Math.Min(first << Math.Min(failures, 30), (long)_options.MaxRetryDelay.TotalMilliseconds);
        return TimeSpan.FromMilliseconds((bound / 2) + _options.Jitter((bound - (bound / 2)) + 1));
    }

    private long RestFromNow() =>
        _time.GetTimestamp() + (long)((Int128)_options.CoolDown.Ticks * _time.TimestampFrequency / TimeSpan.TicksPerSecond);
}
