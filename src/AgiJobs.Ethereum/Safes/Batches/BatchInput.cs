using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Ethereum.Safes.Batches;

/// <summary>An argument of a method in a Transaction Builder file, in the words of a JSON ABI.</summary>
public sealed class BatchInput
{
    /// <summary>Describes an argument.</summary>
    /// <param name="name">Its name; may be empty.</param>
    /// <param name="type">Its type in JSON ABI form: <c>uint256</c>, <c>tuple</c>, <c>tuple[2][]</c>.</param>
    /// <param name="internalType">The type in the words of the source, or null when the file has none.</param>
    /// <param name="components">The components of a tuple, or null when the file has none.</param>
    /// <exception cref="EthereumException"><c>safe-batch-type</c>; <c>abi-type</c> or <c>abi-syntax</c> for a type that does not exist.</exception>
    public BatchInput(string name, string type, string? internalType = null, IReadOnlyList<BatchInput>? components = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(type);
        Name = name;
        Type = type;
        InternalType = internalType;
        Components = components;

        var suffixStart = type.IndexOf('[', StringComparison.Ordinal);
        var word = suffixStart < 0 ? type : type[..suffixStart];
        if (word == "tuple")
        {
            var parts = components ?? throw EthereumException.BadInput("safe-batch-type", $"Input '{name}' is a tuple but lists no components.");
            AbiType = WithArrays(AbiType.TupleOf([.. parts.Select(static part => part.ToParameter())]), type, suffixStart);
        }
        else if (components is { Count: > 0 })
        {
            throw EthereumException.BadInput("safe-batch-type", $"Input '{name}' lists components but its type is {type}, not a tuple.");
        }
        else
        {
            AbiType = type.Contains('(', StringComparison.Ordinal)
                ? throw EthereumException.BadInput("safe-batch-type", $"Input '{name}' must write its type as tuple with components, not as {Hex.Shorten(type)}.")
                : AbiType.Parse(type);
        }
    }

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>The type as written.</summary>
    public string Type { get; }

    /// <summary>The type in the words of the source, if given.</summary>
    public string? InternalType { get; }

    /// <summary>The components of a tuple, if given.</summary>
    public IReadOnlyList<BatchInput>? Components { get; }

    /// <summary>The type.</summary>
    public AbiType AbiType { get; }

    /// <summary>The argument as the ABI names it.</summary>
    public AbiParameter ToParameter() => new(Name, AbiType) { InternalType = InternalType };

    // The brackets are read by the ABI's own grammar, on an element that stands for the tuple.
    private static AbiType WithArrays(AbiType tuple, string type, int suffixStart)
    {
        if (suffixStart < 0)
        {
            return tuple;
        }

        var shape = AbiType.Parse("bool" + type[suffixStart..]);
        return Rebuild(shape);

        AbiType Rebuild(AbiType level) => level.Kind switch
        {
            AbiTypeKind.DynamicArray => AbiType.ArrayOf(Rebuild(level.Element!)),
            AbiTypeKind.FixedArray => AbiType.ArrayOf(Rebuild(level.Element!), level.Size),
            _ => tuple,
        };
    }
}
