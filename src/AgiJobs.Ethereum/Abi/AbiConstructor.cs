namespace AgiJobs.Ethereum.Abi;

/// <summary>A constructor. Immutable.</summary>
public sealed class AbiConstructor
{
    internal AbiConstructor(AbiParameter[] inputs, StateMutability mutability)
    {
        Inputs = inputs;
        StateMutability = mutability;
    }

    /// <summary>The constructor of a contract that declares none.</summary>
    public static AbiConstructor Default { get; } = new([], StateMutability.NonPayable);

    /// <summary>The arguments.</summary>
    public IReadOnlyList<AbiParameter> Inputs { get; }

    /// <summary>Whether a deployment may carry coins.</summary>
    public StateMutability StateMutability { get; }

    /// <summary>Init code: the creation code of the compiler, then the arguments.</summary>
    /// <exception cref="EthereumException">
    /// As for <see cref="AbiCodec.Encode(IReadOnlyList{AbiParameter}, ReadOnlySpan{AbiValue})"/>.
    /// </exception>
    public byte[] Encode(ReadOnlySpan<byte> creationCode, params ReadOnlySpan<AbiValue> arguments) =>
        AbiEncoder.Encode(Inputs, arguments, creationCode);

    /// <summary>The arguments that follow the creation code.</summary>
    /// <exception cref="EthereumException">
    /// As for <see cref="AbiCodec.Decode(IReadOnlyList{AbiParameter}, ReadOnlySpan{byte}, bool)"/>.
    /// </exception>
    public AbiArguments Decode(ReadOnlySpan<byte> arguments) => AbiCodec.Decode(Inputs, arguments);

    /// <summary>The human-readable text with names.</summary>
    public override string ToString() =>
        $"constructor({string.Join(", ", Inputs)}){(StateMutability == StateMutability.Payable ? " payable" : "")}";
}
