using System.Buffers;
using System.Text.Json;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Ethereum.Rpc;

/// <summary>
/// A chain behind one or several nodes. Every node must name the expected chain id before an answer of it is used, and again after
/// every failed exchange. Reads fail over to the next node on connection errors, timeouts, overload and malformed answers; what may act
/// twice is never sent twice. Safe for use by several threads.
/// </summary>
public sealed partial class EthereumClient : IAsyncDisposable
{
    private readonly RpcOptions _options;
    private readonly TimeProvider _time;
    private readonly RpcTransport[] _transports;
    private readonly RpcTransport[] _relays;
    private ulong _lastId;
    private long _roundTrips;

    private EthereumClient(RpcOptions options, ChainId chainId, TimeProvider time)
    {
        options.Check();
        _options = options;
        _time = time;
        ChainId = chainId;
        _transports = [.. options.Endpoints.Select(endpoint => RpcTransport.Open(endpoint, options, time))];
        _relays = [.. options.Relays.Select(endpoint => RpcTransport.Open(endpoint, options, time))];
    }

    /// <summary>The chain that every node must serve.</summary>
    public ChainId ChainId { get; }

    /// <summary>
    /// How many exchanges with nodes were made: a batch counts one, each part of a split batch and each repetition counts one.
    /// </summary>
    public long RoundTrips => Interlocked.Read(ref _roundTrips);

    /// <summary>The newest block at the time of connecting, which the chain-id check brought along.</summary>
    public BlockHeader HeadAtConnect { get; private set; } = null!;

    /// <summary>Whether there was code at the address of Multicall3, which tells how reads are best begun.</summary>
    internal bool HadMulticallAtConnect { get; private set; }

    /// <summary>The redacted names of the nodes, primary first.</summary>
    public IReadOnlyList<string> Endpoints => [.. _transports.Select(transport => transport.Endpoint.Name)];

    /// <summary>The clock that timeouts and waits follow.</summary>
    public TimeProvider Time => _time;

    internal RpcOptions Options => _options;

    /// <summary>Asks the first node that answers for its chain id and its newest block, in one round trip.</summary>
    /// <exception cref="EthereumException">
    /// <c>rpc-wrong-chain</c> (<see cref="Fault.Mismatch"/>) when it serves another chain; <c>rpc-unreachable</c>, <c>rpc-malformed</c>
    /// (<see cref="Fault.Unknown"/>) when no node gives a usable answer; <c>rpc-options</c>.
    /// </exception>
    public static async Task<EthereumClient> ConnectAsync(
        RpcOptions options, ChainId expected, TimeProvider time, CancellationToken cancellationToken = default)
    {
        var client = new EthereumClient(options, expected, time);
        try
        {
            var batch = client.NewBatch();
            var head = batch.Add(EthRequests.Block(BlockReference.Latest));
            var multicall = options.MaxBatchSize > 1
                ? batch.Add(EthRequests.Code(Multicall.CanonicalAddress, BlockReference.Latest))
                : null;
            await batch.SendAsync(cancellationToken).ConfigureAwait(false);
            client.HadMulticallAtConnect = multicall is not null && multicall.TryGet(out var code) && code.Length > 0;
            client.HeadAtConnect = head.Value
                ?? throw new EthereumException(
                    "rpc-no-head",
                    Fault.Unknown,
                    $"{client._transports[0].Endpoint} has no newest block: it has not begun to synchronise.");
            return client;
        }
        catch
        {
            await client.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>An empty batch.</summary>
    public RpcBatch NewBatch() => new(this);

    /// <summary>Sends one request.</summary>
    /// <exception cref="RevertException"><c>call-reverted</c>: the contract refused.</exception>
    /// <exception cref="RpcException"><c>rpc-error</c>, <c>rpc-method</c>: the node refused.</exception>
    /// <exception cref="EthereumException">
    /// <c>rpc-unreachable</c>, <c>rpc-malformed</c>, <c>rpc-too-large</c>, <c>rpc-wrong-chain</c>.
    /// </exception>
    public async Task<T> SendAsync<T>(RpcRequest<T> request, CancellationToken cancellationToken = default)
    {
        var slot = new RpcSlot<T>(request);
        await SendAsync([slot], cancellationToken).ConfigureAwait(false);
        return slot.Value;
    }

    /// <summary>Sends any request and returns its result. What is not known to be a read is sent at most once.</summary>
    /// <exception cref="EthereumException">As for <see cref="SendAsync{T}"/>.</exception>
    public Task<JsonElement> RequestAsync(
        string method, Action<Utf8JsonWriter>? parameters = null, CancellationToken cancellationToken = default) =>
        SendAsync(EthRequests.Raw(method, parameters), cancellationToken);

    /// <summary>The height of the newest block.</summary>
    public Task<BlockNumber> BlockNumberAsync(CancellationToken cancellationToken = default) =>
        SendAsync(EthRequests.BlockNumber(), cancellationToken);

    /// <summary>A block, or null when the node does not know it.</summary>
    public Task<BlockHeader?> BlockAsync(BlockReference block, CancellationToken cancellationToken = default) =>
        SendAsync(EthRequests.Block(block), cancellationToken);

    /// <summary>Executes a call and returns what it returns.</summary>
    /// <exception cref="RevertException"><c>call-reverted</c>.</exception>
    public Task<byte[]> CallAsync(CallRequest call, BlockReference block, CancellationToken cancellationToken = default) =>
        SendAsync(EthRequests.Call(call, block), cancellationToken);

    /// <summary>The balance of an account.</summary>
    public Task<Wei> BalanceAsync(Address account, BlockReference block, CancellationToken cancellationToken = default) =>
        SendAsync(EthRequests.Balance(account, block), cancellationToken);

    /// <summary>The code of an account; empty when it has none.</summary>
    public Task<byte[]> CodeAsync(Address account, BlockReference block, CancellationToken cancellationToken = default) =>
        SendAsync(EthRequests.Code(account, block), cancellationToken);

    /// <summary>One storage word.</summary>
    public Task<Bytes32> StorageAsync(Address account, Bytes32 slot, BlockReference block, CancellationToken cancellationToken = default) =>
        SendAsync(EthRequests.Storage(account, slot, block), cancellationToken);

    /// <summary>
    /// The nonce of the account's next transaction, as of a block; <see cref="BlockReference.Pending"/> counts waiting ones.
    /// </summary>
    public Task<ulong> NonceAsync(Address account, BlockReference block, CancellationToken cancellationToken = default) =>
        SendAsync(EthRequests.Nonce(account, block), cancellationToken);

    /// <summary>The gas that a call needs, by the node's search.</summary>
    /// <exception cref="RevertException"><c>call-reverted</c>.</exception>
    public Task<Gas> EstimateGasAsync(CallRequest call, BlockReference? block = null, CancellationToken cancellationToken = default) =>
        SendAsync(EthRequests.EstimateGas(call, block), cancellationToken);

    /// <summary>The node's suggestion for the price of a legacy transaction.</summary>
    public Task<Wei> GasPriceAsync(CancellationToken cancellationToken = default) => SendAsync(EthRequests.GasPrice(), cancellationToken);

    /// <summary>Fees of recent blocks, with tips at the given percentiles.</summary>
    public Task<FeeHistory> FeeHistoryAsync(
        int blocks, BlockReference newest, IReadOnlyList<int> percentiles, CancellationToken cancellationToken = default) =>
        SendAsync(EthRequests.FeeHistory(blocks, newest, percentiles), cancellationToken);

    /// <summary>The receipt of a transaction; null while it is not in a canonical block.</summary>
    public Task<TransactionReceipt?> ReceiptAsync(Bytes32 transaction, CancellationToken cancellationToken = default) =>
        SendAsync(EthRequests.Receipt(transaction), cancellationToken);

    /// <summary>A transaction, waiting or mined; null when the node does not know it.</summary>
    public Task<TransactionInfo?> TransactionAsync(Bytes32 hash, CancellationToken cancellationToken = default) =>
        SendAsync(EthRequests.Transaction(hash), cancellationToken);

    /// <summary>Logs that match, in order.</summary>
    public Task<IReadOnlyList<LogEntry>> LogsAsync(LogFilter filter, CancellationToken cancellationToken = default) =>
        SendAsync(EthRequests.Logs(filter), cancellationToken);

    /// <summary>
    /// Hands signed bytes to a node and returns their hash. Repeating it is harmless: a node that already has this very transaction,
    /// waiting or mined, counts as success.
    /// </summary>
    /// <exception cref="EthereumException">
    /// <c>transaction-nonce-used</c> when the nonce was used by another transaction; <c>rpc-hash</c> when the node answers with another
    /// hash; else as for <see cref="SendAsync{T}"/>.
    /// </exception>
    public async Task<Bytes32> SendRawAsync(ReadOnlyMemory<byte> signed, CancellationToken cancellationToken = default)
    {
        var hash = Keccak256.Hash(signed.Span);
        try
        {
            var answered = await SendAsync(EthRequests.SendRaw(signed), cancellationToken).ConfigureAwait(false);
            return answered == hash
                ? hash
                : throw new EthereumException(
                    "rpc-hash",
                    Fault.Mismatch,
                    $"The node answered {answered} for the transaction {hash}: do not trust it, and look the transaction up elsewhere.");
        }
        catch (RpcException error) when (SendRefusals.Of(error) is SendRefusal.AlreadyKnown or SendRefusal.NonceTooLow)
        {
            if (await TransactionAsync(hash, cancellationToken).ConfigureAwait(false) is not null)
            {
                return hash;
            }

            if (SendRefusals.Of(error) == SendRefusal.AlreadyKnown)
            {
                throw new EthereumException("transaction-unknown", Fault.Unknown,
                    $"{error.Endpoint} says that it already has transaction {hash} but does not show it. "
                    + "Look it up before sending anything else.", error);
            }

            throw new EthereumException("transaction-nonce-used", Fault.Failed,
                $"Transaction {hash} cannot be mined any more: its nonce was used by another transaction ({error.NodeMessage}).", error);
        }
    }

    /// <summary>
    /// Asks every node the same and compares. Ask about a pinned block, or honest nodes that are a block apart disagree. Lists of bytes are
    /// compared by content, everything else by its own equality.
    /// </summary>
    /// <exception cref="EthereumException">
    /// <c>rpc-wrong-chain</c>. A node that does not answer is part of the result, not an exception.
    /// </exception>
    public async Task<CrossCheck<T>> CrossCheckAsync<T>(RpcRequest<T> request, CancellationToken cancellationToken = default)
    {
        var slots = _transports.Select(_ => new RpcSlot<T>(request)).ToArray();
        var asked = _transports.Select((transport, i) => SendPartAsync([slots[i]], [transport], cancellationToken));
        await Task.WhenAll(asked).ConfigureAwait(false);
        return new CrossCheck<T>(request.Method, [.. slots.Select((slot, i) => new EndpointAnswer<T>(_transports[i].Endpoint.Name, slot))]);
    }

    /// <summary>Closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var transport in _transports.Concat(_relays))
        {
            await transport.DisposeAsync().ConfigureAwait(false);
        }
    }

    internal async Task SendAsync(IReadOnlyList<RpcSlot> slots, CancellationToken cancellationToken)
    {
        if (slots.Count <= _options.MaxBatchSize)
        {
            await SendPartAsync([.. slots], _transports, cancellationToken).ConfigureAwait(false);
            return;
        }

        await Parallel.ForEachAsync(
            slots.Chunk(_options.MaxBatchSize),
            new ParallelOptions { MaxDegreeOfParallelism = _options.MaxConcurrentBatches, CancellationToken = cancellationToken },
            async (part, token) => await SendPartAsync([.. part], _transports, token).ConfigureAwait(false)).ConfigureAwait(false);
    }

    private async Task SendPartAsync(List<RpcSlot> pending, IReadOnlyList<RpcTransport> transports, CancellationToken cancellationToken)
    {
        for (var round = 0; pending.Count > 0; round++)
        {
            foreach (var transport in InOrder(transports))
            {
                await TryAsync(transport, pending, cancellationToken).ConfigureAwait(false);
                foreach (var slot in pending)
                {
                    if (!slot.IsComplete && slot.Request.Effect == RpcEffect.Write && !slot.Failures[^1].NeverSent)
                    {
                        slot.Fail(Explain(slot));
                    }
                }

                pending.RemoveAll(slot => slot.IsComplete);
                if (pending.Count == 0)
                {
                    return;
                }
            }

            if (round + 1 >= _options.Rounds)
            {
                break;
            }

            await Task.Delay(DelayBefore(round, pending), _time, cancellationToken).ConfigureAwait(false);
        }

        foreach (var slot in pending)
        {
            slot.Fail(Explain(slot));
        }
    }

    private async Task TryAsync(RpcTransport transport, List<RpcSlot> pending, CancellationToken cancellationToken)
    {
        RpcSlot<ChainId>? check = null;
        if (!transport.IsVerified)
        {
            check = new RpcSlot<ChainId>(EthRequests.ChainId());

            // Reads may share the round trip of the check, since nothing of the answer is used when the check fails; a transaction may not.
            if (_options.MaxBatchSize == 1 || pending.Exists(slot => slot.Request.Effect != RpcEffect.Read))
            {
                await ExchangeAsync(transport, check, [], cancellationToken).ConfigureAwait(false);
                if (!transport.IsVerified)
                {
                    var failure = check.Failures.Count > 0
                        ? check.Failures[^1]
                        : new EndpointFailure(transport.Endpoint, "rpc-unreachable", $"does not tell its chain id: {check.Error!.Message}");
                    foreach (var slot in pending)
                    {
                        slot.Failures.Add(failure with { NeverSent = true });
                    }

                    return;
                }

                check = null;
            }
        }

        await ExchangeAsync(transport, check, pending, cancellationToken).ConfigureAwait(false);
    }

    private async Task ExchangeAsync(
        RpcTransport transport, RpcSlot<ChainId>? check, IReadOnlyList<RpcSlot> pending, CancellationToken cancellationToken)
    {
        IReadOnlyList<RpcSlot> all = check is null ? pending : [check, .. pending];
        foreach (var slot in all)
        {
            slot.Id = Interlocked.Increment(ref _lastId);
        }

        Interlocked.Increment(ref _roundTrips);
        var started = _time.GetTimestamp();
        string? failed = null;
        try
        {
            var answer = await transport.ExchangeAsync(
                WriteDocument(all), [.. all.Select(slot => slot.Id)], cancellationToken).ConfigureAwait(false);
            RpcAnswerReader.Read(transport.Endpoint, answer, check, pending, () => Verify(transport, check!.Value));
            failed = all.FirstOrDefault(slot => !slot.IsComplete)?.Failures[^1].Description;
        }
        catch (TransportException error)
        {
            transport.IsVerified = false;
            failed = error.Failure.Description;
            foreach (var slot in all)
            {
                slot.Failures.Add(error.Failure);
            }
        }
        finally
        {
            if (failed is not null)
            {
                transport.RestsUntil = RestFromNow();
            }

            _options.OnExchange?.Invoke(new RpcExchange(
                transport.Endpoint.Name, [.. all.Select(slot => slot.Request.Method)], _time.GetElapsedTime(started), failed));
        }
    }

    private void Verify(RpcTransport transport, ChainId answered)
    {
        if (answered != ChainId)
        {
            throw new EthereumException("rpc-wrong-chain", Fault.Mismatch,
                $"{transport.Endpoint} serves chain {answered}, but chain {ChainId} was expected. Nothing else was asked of it; "
                + "correct the URL or the network's chain id.");
        }

        transport.IsVerified = true;
        transport.RestsUntil = 0;
    }

    private IEnumerable<RpcTransport> InOrder(IReadOnlyList<RpcTransport> transports)
    {
        var now = _time.GetTimestamp();
        return transports.Count == 1
            ? transports
            : transports.OrderBy(transport => transport.RestsUntil > now ? transport.RestsUntil : 0).ToArray();
    }

    private TimeSpan DelayBefore(int round, List<RpcSlot> pending)
    {
        var longest = (int)_options.MaxRetryDelay.TotalMilliseconds;
        var bound = (int)Math.Min((long)_options.RetryDelay.TotalMilliseconds << Math.Min(round, 30), longest);
        var wait = (bound / 2) + _options.Jitter((bound - (bound / 2)) + 1);
        var asked = pending.Max(slot => slot.Failures[^1].RetryAfter) ?? TimeSpan.Zero;
        return TimeSpan.FromMilliseconds(Math.Max(wait, Math.Min(asked.TotalMilliseconds, longest)));
    }

    private EthereumException Explain(RpcSlot slot)
    {
        var failures = slot.Failures;
        if (failures.TrueForAll(failure => failure.NodeError is not null))
        {
            return failures[^1].NodeError!;
        }

        var code = failures.TrueForAll(failure => failure.Code == failures[0].Code) ? failures[0].Code : "rpc-unreachable";
        var parts = failures
            .GroupBy(failure => $"{failure.Endpoint} {failure.Description}", StringComparer.Ordinal)
            .Select(group => group.Count() == 1 ? group.Key : $"{group.Key} ({group.Count()} times)");
        var mend = slot.Request.Effect == RpcEffect.Write && !failures[^1].NeverSent
            ? "The node may have acted on it: read the chain before trying again."
            : $"Nothing is known about chain {ChainId} from this; check the URLs and the nodes.";
        return new EthereumException(code, Fault.Unknown, $"No usable answer to {slot.Request.Method}: {string.Join("; ", parts)}. {mend}");
    }

    private static ReadOnlyMemory<byte> WriteDocument(IReadOnlyList<RpcSlot> slots)
    {
        var buffer = new ArrayBufferWriter<byte>(256 * slots.Count);
        using var writer = new Utf8JsonWriter(buffer);
        if (slots.Count > 1)
        {
            writer.WriteStartArray();
        }

        foreach (var slot in slots)
        {
            writer.WriteStartObject();
            writer.WriteString("jsonrpc", "2.0");
            writer.WriteNumber("id", slot.Id);
            writer.WriteString("method", slot.Request.Method);
            writer.WritePropertyName("params");
            writer.WriteRawValue(slot.Request.Parameters.Span, skipInputValidation: true);
            writer.WriteEndObject();
        }

        if (slots.Count > 1)
        {
            writer.WriteEndArray();
        }

        writer.Flush();
        return buffer.WrittenMemory;
    }
}
