using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Ethereum.Rpc;

/// <summary>A call or gas estimation that the contract itself refused. The code is <c>call-reverted</c>.</summary>
public sealed class RevertException : RpcException
{
    internal RevertException(
        string method, string endpoint, long nodeCode, string nodeMessage, string? nodeData, ReadOnlyMemory<byte> data, RevertReason reason)
        : base(
            "call-reverted",
            Fault.Failed,
            method,
            endpoint,
            nodeCode,
            nodeMessage,
            nodeData,
            Describe(method, endpoint, nodeMessage, reason))
    {
        RevertData = data;
        Reason = reason;
    }

    /// <summary>What the contract returned: a selector and its arguments, or nothing.</summary>
    public ReadOnlyMemory<byte> RevertData { get; }

    /// <summary>The data read; without an ABI only <c>Error(string)</c> and <c>Panic(uint256)</c> are known.</summary>
    public RevertReason Reason { get; }

    /// <summary>The same revert with its custom error read by an ABI, in <see cref="Reason"/> and in the message.</summary>
    public RevertException DecodedBy(ContractAbi abi) =>
        new(Method, Endpoint, NodeCode, NodeMessage, NodeData, RevertData, abi.DecodeRevert(RevertData.Span));

    // The node's own words are used only where the contract gave none: for custom errors they are known to be garbage.
    private static string Describe(string method, string endpoint, string nodeMessage, RevertReason reason) =>
        $"{method} reverted: {Words(nodeMessage, reason)} (told by {endpoint}).";

    private static string Words(string nodeMessage, RevertReason reason) =>
        reason.Kind == RevertKind.Empty && nodeMessage.Length > 0 ? nodeMessage : NodeError.Printable(reason.Text);
}
