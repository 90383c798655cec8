namespace AgiJobs.Ethereum.Abi;

/// <summary>What a function may do to the state, and whether it takes coins.</summary>
public enum StateMutability
{
    /// <summary>Changes state, refuses coins.</summary>
    NonPayable,

    /// <summary>Changes state, takes coins.</summary>
    Payable,

    /// <summary>Reads state only.</summary>
    View,

    /// <summary>Neither reads nor changes state.</summary>
    Pure,
}

/// <summary>A function of a contract. Immutable.</summary>
public sealed class AbiFunction
{
    internal AbiFunction(string name, AbiParameter[] inputs, AbiParameter[] outputs, StateMutability mutability)
    {
        Name = name;
        Inputs = inputs;
        Outputs = outputs;
        StateMutability = mutability;
        Signature = name + AbiType.CanonicalList(inputs);
        Selector = Selector.Of(Signature);
    }

    /// <summary>The bare name.</summary>
    public string Name { get; }

    /// <summary>The canonical signature, such as <c>transfer(address,uint256)</c>; unlike the name it is unique in a contract.</summary>
    public string Signature { get; }

    /// <summary>The first four bytes of the signature's hash.</summary>
    public Selector Selector { get; }

    /// <summary>The arguments.</summary>
    public IReadOnlyList<AbiParameter> Inputs { get; }

    /// <summary>The results.</summary>
    public IReadOnlyList<AbiParameter> Outputs { get; }

    /// <summary>What the function may do.</summary>
    public StateMutability StateMutability { get; }

    /// <summary>True when a call can be made without a transaction.</summary>
    public bool IsReadOnly => StateMutability is StateMutability.View or StateMutability.Pure;

    /// <summary>
    /// Reads a human-readable signature, as in <c>function f(address to, uint256 n) external view returns (bool ok)</c>. The word
    /// <c>function</c>, the names and the modifiers are optional.
    /// </summary>
    /// <exception cref="EthereumException"><c>abi-syntax</c> or <c>abi-type</c>.</exception>
    public static AbiFunction Parse(string signature) => AbiEntryReader.ReadAlone(signature, "function") as AbiFunction
        ?? throw EthereumException.BadInput("abi-syntax", $"'{Hex.Shorten(signature)}' is not a function.");

    /// <summary>Calldata: selector and arguments.</summary>
    /// <exception cref="EthereumException">
    /// As for <see cref="AbiCodec.Encode(IReadOnlyList{AbiParameter}, ReadOnlySpan{AbiValue})"/>.
    /// </exception>
    public byte[] Encode(params ReadOnlySpan<AbiValue> arguments)
    {
        Span<byte> prefix = stackalloc byte[Selector.Size];
        Selector.CopyTo(prefix);
        return AbiEncoder.Encode(Inputs, arguments, prefix);
    }

    /// <summary>The data that a call of this function returns.</summary>
    /// <exception cref="EthereumException">
    /// As for <see cref="AbiCodec.Encode(IReadOnlyList{AbiParameter}, ReadOnlySpan{AbiValue})"/>.
    /// </exception>
    public byte[] EncodeOutput(params ReadOnlySpan<AbiValue> results) => AbiEncoder.Encode(Outputs, results, []);

    /// <summary>The arguments in calldata, selector included.</summary>
    /// <param name="calldata">Selector and arguments.</param>
    /// <param name="allowTrailing">Accept and ignore bytes after the arguments (forwarder suffixes, attribution tags).</param>
    /// <exception cref="EthereumException">
    /// <c>abi-selector</c> when the calldata calls another function, else as for
    /// <see cref="AbiCodec.Decode(IReadOnlyList{AbiParameter}, ReadOnlySpan{byte}, bool)"/>.
    /// </exception>
    public AbiArguments DecodeInput(ReadOnlySpan<byte> calldata, bool allowTrailing = false)
    {
        AbiEntryReader.RequireSelector(Selector, Signature, calldata);
        return AbiCodec.Decode(Inputs, calldata[Selector.Size..], allowTrailing);
    }

    /// <summary>The results in returned data.</summary>
    /// <exception cref="EthereumException">
    /// <c>abi-no-output</c> when results are promised and the data is empty, as when no contract is at the address, else as for
    /// <see cref="AbiCodec.Decode(IReadOnlyList{AbiParameter}, ReadOnlySpan{byte}, bool)"/>.
    /// </exception>
    public AbiArguments DecodeOutput(ReadOnlySpan<byte> returned, bool allowTrailing = false)
    {
        if (returned.IsEmpty && AbiType.HeadSizeOf(Outputs) > 0)
        {
            throw new EthereumException(
                "abi-no-output",
                Fault.Mismatch,
                $"{Signature} returned nothing where {AbiType.CanonicalList(Outputs)} was promised: there is no contract at "
                + "that address, or it has no such function.");
        }

        return AbiCodec.Decode(Outputs, returned, allowTrailing);
    }

    /// <summary>The human-readable text with names, which <see cref="Parse"/> reads back.</summary>
    public override string ToString()
    {
        var modifier = StateMutability switch
        {
            StateMutability.View => " view",
            StateMutability.Pure => " pure",
            StateMutability.Payable => " payable",
            _ => "",
        };
        var results = Outputs.Count == 0 ? "" : $" returns ({string.Join(", ", Outputs)})";
        return $"function {Name}({string.Join(", ", Inputs)}){modifier}{results}";
    }
}
