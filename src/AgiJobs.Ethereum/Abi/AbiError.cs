namespace AgiJobs.Ethereum.Abi;

/// <summary>A custom error of a contract. Immutable.</summary>
public sealed class AbiError
{
    internal AbiError(string name, AbiParameter[] inputs)
    {
        Name = name;
        Inputs = inputs;
        Signature = name + AbiType.CanonicalList(inputs);
        Selector = Selector.Of(Signature);
    }

    /// <summary>The bare name.</summary>
    public string Name { get; }

    /// <summary>The canonical signature, such as <c>NotOwner(address)</c>.</summary>
    public string Signature { get; }

    /// <summary>The first four bytes of the signature's hash, with which the revert data begins.</summary>
    public Selector Selector { get; }

    /// <summary>The arguments.</summary>
    public IReadOnlyList<AbiParameter> Inputs { get; }

    /// <summary>Reads a human-readable signature, as in <c>error NotOwner(address caller)</c>. The word <c>error</c> is optional.</summary>
    /// <exception cref="EthereumException"><c>abi-syntax</c> or <c>abi-type</c>.</exception>
    public static AbiError Parse(string signature) => AbiEntryReader.ReadAlone(signature, "error") as AbiError
        ?? throw EthereumException.BadInput("abi-syntax", $"'{Hex.Shorten(signature)}' is not an error.");

    /// <summary>Revert data: selector and arguments.</summary>
    /// <exception cref="EthereumException">
    /// As for <see cref="AbiCodec.Encode(IReadOnlyList{AbiParameter}, ReadOnlySpan{AbiValue})"/>.
    /// </exception>
    public byte[] Encode(params ReadOnlySpan<AbiValue> arguments)
    {
        Span<byte> prefix = stackalloc byte[Selector.Size];
        Selector.CopyTo(prefix);
        return AbiEncoder.Encode(Inputs, arguments, prefix);
    }

    /// <summary>The arguments in revert data, selector included.</summary>
    /// <exception cref="EthereumException">
    /// <c>abi-selector</c> when the data is another error, else as for
    /// <see cref="AbiCodec.Decode(IReadOnlyList{AbiParameter}, ReadOnlySpan{byte}, bool)"/>.
    /// </exception>
    public AbiArguments Decode(ReadOnlySpan<byte> data)
    {
        AbiEntryReader.RequireSelector(Selector, Signature, data);
        return AbiCodec.Decode(Inputs, data[Selector.Size..]);
    }

    /// <summary>The human-readable text with names, which <see cref="Parse"/> reads back.</summary>
    public override string ToString() => $"error {Name}({string.Join(", ", Inputs)})";
}
