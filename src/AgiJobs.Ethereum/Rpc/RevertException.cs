namespace AgiJobs.Ethereum.Rpc;

/// <summary>A call or gas estimation that the contract itself refused. The code is <c>call-reverted</c>.</summary>
public sealed class RevertException : RpcException
{
    internal RevertException(string method, string endpoint, long nodeCode, string nodeMessage, string? nodeData, byte[] data, string message)
        : base("call-reverted", Fault.Failed, method, endpoint, nodeCode, nodeMessage, nodeData, message) => RevertData = data;

    /// <summary>What the contract returned: a selector and its arguments, or nothing.</summary>
    public ReadOnlyMemory<byte> RevertData { get; }
}
