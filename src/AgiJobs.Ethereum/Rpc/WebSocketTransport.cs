namespace AgiJobs.Ethereum.Rpc;

/// <summary>JSON-RPC over a WebSocket that is opened when it is needed and opened anew after it broke.</summary>
internal sealed class WebSocketTransport(RpcEndpoint endpoint, RpcOptions options, TimeProvider time) : RpcTransport(endpoint)
{
    private readonly SemaphoreSlim _opening = new(1, 1);
    private SocketConnection? _connection;
    private bool _disposed;

    public override async Task<RpcAnswer> ExchangeAsync(
        ReadOnlyMemory<byte> document, IReadOnlyList<ulong> ids, CancellationToken cancellationToken)
    {
        // A request that counts on an earlier chain check must not travel over a connection that was opened since.
        var countsOnCheck = IsVerified;
        var connection = await OpenAsync(cancellationToken).ConfigureAwait(false);
        if (countsOnCheck && !IsVerified)
        {
            throw new TransportException(new EndpointFailure(Endpoint, "rpc-unreachable", "had closed the WebSocket", NeverSent: true));
        }

        return new RpcAnswer(await connection.ExchangeAsync(document, ids, null, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>The live connection. A new one has not been checked for its chain yet.</summary>
    /// <exception cref="TransportException">It cannot be opened.</exception>
    public async Task<SocketConnection> OpenAsync(CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_connection is { IsAlive: true } live)
            {
                return live;
            }

            if (_connection is not null)
            {
                await _connection.DisposeAsync().ConfigureAwait(false);
                _connection = null;
            }

            IsVerified = false;
            return _connection = await SocketConnection.OpenAsync(Endpoint, options, time, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _opening.Release();
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await _opening.WaitAsync().ConfigureAwait(false);
        _disposed = true;
        _opening.Release();
        if (_connection is not null)
        {
            await _connection.DisposeAsync().ConfigureAwait(false);
        }
    }
}
