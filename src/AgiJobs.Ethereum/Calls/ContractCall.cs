using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Ethereum.Calls;

/// <summary>A call that only reads: target, function and encoded arguments.</summary>
public sealed class ContractCall
{
    /// <summary>Encodes the arguments.</summary>
    /// <exception cref="EthereumException">When they do not fit the function.</exception>
    public ContractCall(Address to, AbiFunction function, params ReadOnlySpan<AbiValue> arguments)
    {
        To = to;
        Function = function;
        Calldata = function.Encode(arguments);
    }

    /// <summary>The contract.</summary>
    public Address To { get; }

    /// <summary>The function.</summary>
    public AbiFunction Function { get; }

    /// <summary>Selector and arguments.</summary>
    public ReadOnlyMemory<byte> Calldata { get; }

    /// <summary>
    /// The caller that the contract sees. A call with one is made by itself, since through Multicall3 the contract would see that instead.
    /// </summary>
    public Address? From { get; init; }

    /// <summary>
    /// True for a question that is expected to fail on some contracts ("are you a Safe?"). It is made by itself as well: a failure without
    /// data inside Multicall3 has to be confirmed by a second, direct call, which this saves.
    /// </summary>
    public bool IsProbe { get; init; }

    /// <summary>Function and target.</summary>
    public override string ToString() => $"{Function.Signature} of {To}";
}
