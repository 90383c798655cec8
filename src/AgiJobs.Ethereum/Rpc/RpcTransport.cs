namespace AgiJobs.Ethereum.Rpc;

/// <summary>Carries one JSON-RPC document to one node and its answer back.</summary>
internal abstract class RpcTransport(RpcEndpoint endpoint) : IAsyncDisposable
{
    public RpcEndpoint Endpoint { get; } = endpoint;

    public static RpcTransport Open(RpcEndpoint endpoint, RpcOptions options, TimeProvider time) =>
        endpoint.IsWebSocket
            ? new WebSocketTransport(endpoint, options, time)
            : new HttpTransport(endpoint, options, time);

    /// <summary>True once the node answered with the expected chain id, until the connection fails.</summary>
    public bool IsVerified { get; set; }

    /// <summary>When the node may be tried in its order again, as a timestamp of the client's clock; 0 at once.</summary>
    public long RestsUntil { get; set; }

    /// <summary>Sends a document that holds the requests with the given ids; returns the answer's bytes.</summary>
    /// <exception cref="TransportException">Nothing usable came back.</exception>
    public abstract Task<RpcAnswer> ExchangeAsync(
        ReadOnlyMemory<byte> document, IReadOnlyList<ulong> ids, CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();
}

/// <summary>
/// The bytes of an answer. An HTTP status that is not a success is kept, since an error body may still be a JSON-RPC answer.
/// </summary>
internal readonly record struct RpcAnswer(ReadOnlyMemory<byte> Body, int? ErrorStatus = null);

/// <summary>A failure below JSON-RPC; never leaves the client.</summary>
internal sealed class TransportException(EndpointFailure failure, Exception? inner = null) : Exception(failure.Description, inner)
{
    public EndpointFailure Failure { get; } = failure;
}
