namespace AgiJobs.Ethereum.Rpc;

/// <summary>Why one node gave no usable answer to one request.</summary>
/// <param name="Endpoint">The node.</param>
/// <param name="Code">The error code that is reported when every node failed this way.</param>
/// <param name="Description">What happened, without secrets, as the end of a sentence that begins with the node's name.</param>
/// <param name="NeverSent">True when the node certainly did not receive the request.</param>
/// <param name="RetryAfter">How long the node asked to be left alone.</param>
/// <param name="NodeError">The node's own error object, where the failure is one.</param>
internal sealed record EndpointFailure(
    RpcEndpoint Endpoint,
    string Code,
    string Description,
    bool NeverSent = false,
    TimeSpan? RetryAfter = null,
    RpcException? NodeError = null);
