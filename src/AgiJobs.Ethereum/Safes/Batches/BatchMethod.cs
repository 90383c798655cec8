using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Ethereum.Safes.Batches;

/// <summary>The method a Transaction Builder file calls by name. Its calldata are the selector and the encoded inputs.</summary>
public sealed class BatchMethod
{
    /// <summary>Describes a method.</summary>
    public BatchMethod(string name, IReadOnlyList<BatchInput> inputs, bool payable)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(inputs);
        Name = name;
        Inputs = [.. inputs];
        Payable = payable;
    }

    /// <summary>The name; <c>receive</c> and <c>fallback</c> stand for a plain transfer, <c>fallback</c> beside raw data for custom calldata.</summary>
    public string Name { get; }

    /// <summary>The arguments.</summary>
    public IReadOnlyList<BatchInput> Inputs { get; }

    /// <summary>True when it takes the chain's coin.</summary>
    public bool Payable { get; }

    /// <summary>True for <c>receive</c> and <c>fallback</c>, which have no selector.</summary>
    public bool IsPlainTransfer => Name is "receive" or "fallback";

    /// <summary>The canonical signature, such as <c>transfer(address,uint256)</c>.</summary>
    public string Signature => $"{Name}({string.Join(',', Inputs.Select(static input => input.AbiType.CanonicalName))})";

    /// <summary>Where the value of the input stands among <c>contractInputsValues</c>: under its name, or its index when it has none.</summary>
    public string KeyOf(int index) => Inputs[index].Name.Length > 0 ? Inputs[index].Name : index.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The calldata of a call with these values, given as text like in a file.</summary>
    /// <exception cref="EthereumException">
    /// <c>safe-batch-value-missing</c>, <c>safe-batch-value</c>, <c>safe-batch-json</c>, <c>safe-batch-number</c>, and the ABI's own refusals.
    /// </exception>
    public byte[] Encode(IReadOnlyDictionary<string, string> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (IsPlainTransfer)
        {
            return [];
        }

        if (Name.Length == 0)
        {
            throw EthereumException.BadInput("safe-batch-value", "The method has no name, so it has no selector.");
        }

        var arguments = new AbiValue[Inputs.Count];
        for (var i = 0; i < arguments.Length; i++)
        {
            var key = KeyOf(i);
            arguments[i] = values.TryGetValue(key, out var text)
                ? BatchArgument.Read(Inputs[i].AbiType, text, key)
                : throw EthereumException.BadInput("safe-batch-value-missing", $"{Signature} has no value for its input '{key}' in contractInputsValues.");
        }

        return [.. Selector.Of(Signature).ToBytes(), .. AbiCodec.Encode([.. Inputs.Select(static input => input.ToParameter())], arguments)];
    }
}
