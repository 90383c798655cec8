namespace AgiJobs.Ethereum.Rpc;

/// <summary>
/// Requests of any kind that travel together: one HTTP request as long as they fit <see cref="RpcOptions.MaxBatchSize"/>. Every request
/// has its own answer or error; one that fails does not disturb the others. Not safe for use by several threads; sent once.
/// </summary>
public sealed class RpcBatch
{
    private readonly EthereumClient _client;
    private readonly List<RpcSlot> _slots = [];
    private bool _sent;

    internal RpcBatch(EthereumClient client) => _client = client;

    /// <summary>How many requests were added.</summary>
    public int Count => _slots.Count;

    /// <summary>The first error in the order of the requests, or null; for batches of which all answers are needed.</summary>
    public EthereumException? FirstError => _slots.Find(slot => slot.Error is not null)?.Error;

    /// <summary>Adds a request and returns the place where its answer will be.</summary>
    public RpcSlot<T> Add<T>(RpcRequest<T> request)
    {
        ObjectDisposedException.ThrowIf(_sent, this);
        var slot = new RpcSlot<T>(request);
        _slots.Add(slot);
        return slot;
    }

    /// <summary>
    /// Sends all requests. Afterwards every slot is complete, with a value or with an error of its own (<c>rpc-unreachable</c>,
    /// <c>rpc-malformed</c>, <c>rpc-error</c>, <c>call-reverted</c>).
    /// </summary>
    /// <exception cref="EthereumException">
    /// <c>rpc-wrong-chain</c> when a node turns out to serve another chain: then no answer is given.
    /// </exception>
    public async Task SendAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_sent, this);
        _sent = true;
        await _client.SendAsync(_slots, cancellationToken).ConfigureAwait(false);
    }
}
