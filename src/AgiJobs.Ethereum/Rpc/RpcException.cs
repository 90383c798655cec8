namespace AgiJobs.Ethereum.Rpc;

/// <summary>
/// A node's JSON-RPC error object. The code is <c>rpc-error</c>, or <c>rpc-method</c> when the node does not know the method.
/// </summary>
public class RpcException : EthereumException
{
    internal RpcException(
        string code, Fault fault, string method, string endpoint, long nodeCode, string nodeMessage, string? nodeData, string message)
        : base(code, fault, message)
    {
        Method = method;
        Endpoint = endpoint;
        NodeCode = nodeCode;
        NodeMessage = nodeMessage;
        NodeData = nodeData;
    }

    /// <summary>The method that was asked for.</summary>
    public string Method { get; }

    /// <summary>The redacted name of the node.</summary>
    public string Endpoint { get; }

    /// <summary>The error's <c>code</c>.</summary>
    public long NodeCode { get; }

    /// <summary>The error's <c>message</c>, shortened to 1,000 characters, without secrets of the URL.</summary>
    public string NodeMessage { get; }

    /// <summary>The error's <c>data</c> as JSON text, or null when there is none.</summary>
    public string? NodeData { get; }
}
