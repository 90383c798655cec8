using System.Globalization;

namespace AgiJobs.Ethereum.Safes.Batches;

/// <summary>One transaction of a Transaction Builder file: raw calldata, a method by name, or both when they agree.</summary>
public sealed class BatchTransaction
{
    private BatchTransaction(
        Address to, Wei value, ReadOnlyMemory<byte>? data, BatchMethod? method, IReadOnlyDictionary<string, string>? inputs, ScriptObject? source)
    {
        To = to;
        Value = value;
        Data = data;
        Method = method;
        Inputs = inputs;
        Calldata = Resolve();
        Source = source ?? ToScript();
    }

    /// <summary>The target.</summary>
    public Address To { get; }

    /// <summary>Wei sent with it.</summary>
    public Wei Value { get; }

    /// <summary>The raw calldata as the file gives them, or null.</summary>
    public ReadOnlyMemory<byte>? Data { get; }

    /// <summary>The method as the file gives it, or null.</summary>
    public BatchMethod? Method { get; }

    /// <summary>The values of the method's inputs by name, or null. May hold leftovers that the method does not have, which are ignored as upstream does.</summary>
    public IReadOnlyDictionary<string, string>? Inputs { get; }

    /// <summary>What is sent: the raw calldata, else the encoded method, else nothing (a plain transfer).</summary>
    public ReadOnlyMemory<byte> Calldata { get; }

    internal ScriptObject Source { get; }

    /// <summary>A transaction with raw calldata, or a plain transfer when there are none.</summary>
    public static BatchTransaction FromData(Address to, Wei value, ReadOnlyMemory<byte> data) =>
        new(to, value, data.IsEmpty ? null : data.ToArray(), null, null, null);

    /// <summary>A transaction by method name; the app shows its inputs to the signers.</summary>
    /// <exception cref="EthereumException">As <see cref="BatchMethod.Encode"/>; <c>safe-batch-not-payable</c>.</exception>
    public static BatchTransaction FromMethod(Address to, Wei value, BatchMethod method, IReadOnlyDictionary<string, string> inputs)
    {
        ArgumentNullException.ThrowIfNull(method);
        ArgumentNullException.ThrowIfNull(inputs);
        return new(to, value, null, method, inputs, null);
    }

    /// <summary>The transaction as a step of a MultiSend.</summary>
    public MultiSendCall ToCall() => new(To, Value, Calldata);

    internal static BatchTransaction Read(ScriptObject source, string where)
    {
        var reader = new BatchFields(source, where);
        var to = BatchText.ReadAddress(reader.Text("to"), $"{where}.to");
        var value = new Wei(BatchText.ReadDecimal(reader.Text("value"), $"{where}.value"));
        ReadOnlyMemory<byte>? data = null;
        if (reader.OptionalText("data") is { Length: > 0 } hex)
        {
            data = Hex.TryDecode(hex, out var bytes)
                ? bytes
                : throw EthereumException.BadInput("safe-batch-data", $"{where}.data is '{Hex.Shorten(hex)}'; it must be 0x and whole bytes in hex.");
        }

        var method = reader.OptionalObject("contractMethod") is { } methodSource ? ReadMethod(methodSource, $"{where}.contractMethod") : null;
        Dictionary<string, string>? inputs = null;
        if (reader.OptionalObject("contractInputsValues") is { } values)
        {
            inputs = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var (key, entry) in values.Entries)
            {
                inputs[key] = entry is ScriptText text
                    ? text.Text
                    : throw EthereumException.BadInput("safe-batch-value", $"{where}.contractInputsValues.{Hex.Shorten(key)} must be text in quotes.");
            }
        }

        reader.RefuseOthers();
        return new BatchTransaction(to, value, data, method, inputs, source);
    }

    private static BatchMethod ReadMethod(ScriptObject source, string where)
    {
        var reader = new BatchFields(source, where);
        var method = new BatchMethod(reader.Text("name"), ReadInputs(reader.Array("inputs"), $"{where}.inputs"), reader.Flag("payable"));
        reader.RefuseOthers();
        return method;
    }

    private static List<BatchInput> ReadInputs(ScriptArray source, string where)
    {
        var inputs = new List<BatchInput>();
        foreach (var item in source.Items)
        {
            var here = $"{where}[{inputs.Count}]";
            var reader = new BatchFields(
                item as ScriptObject ?? throw EthereumException.BadInput("safe-batch-shape", $"{here} must be an object."), here);
            var components = reader.OptionalArray("components") is { } list ? ReadInputs(list, $"{here}.components") : null;
            inputs.Add(new BatchInput(reader.Text("name"), reader.Text("type"), reader.OptionalText("internalType"), components));
            reader.RefuseOthers();
        }

        return inputs;
    }

    private byte[] Resolve()
    {
        var encoded = Method?.Encode(Inputs ?? new Dictionary<string, string>(StringComparer.Ordinal));
        if (Method is { Payable: false } && Value > Wei.Zero)
        {
            throw EthereumException.BadInput(
                "safe-batch-not-payable", $"{Method.Signature} of {To} takes no coin, but {Value} would be sent with it; the call would revert. Set the value to 0.");
        }

        if (Data is { } data)
        {
            // Upstream sends the data and shows the method; a file where they differ shows signers one thing and does another. Its own files name the
            // method "fallback" beside custom data, which a fallback function takes whatever they are.
            return encoded is null || Method!.Name == "fallback" || data.Span.SequenceEqual(encoded)
                ? data.ToArray()
                : throw new EthereumException(
                    "safe-batch-data-disagrees",
                    Fault.Mismatch,
                    $"The data of the call to {To} are {Hex.Shorten(Hex.Encode(data.Span))}, but {Method!.Signature} with its inputs is {Hex.Shorten(Hex.Encode(encoded))}. Do not sign this batch; ask its author.");
        }

        return encoded ?? [];
    }

    private ScriptObject ToScript() => new(
    [
        new("to", new ScriptText(To.ToString())),
        new("value", new ScriptText(Value.Value.ToString(CultureInfo.InvariantCulture))),
        new("data", Data is { } data ? new ScriptText(Hex.Encode(data.Span)) : ScriptNull.Instance),
        new("contractMethod", Method is null ? ScriptNull.Instance : ToScript(Method)),
        new("contractInputsValues", Inputs is null
            ? ScriptNull.Instance
            : new ScriptObject(Inputs.Select(static entry => new KeyValuePair<string, ScriptValue>(entry.Key, new ScriptText(entry.Value))))),
    ]);

    private static ScriptObject ToScript(BatchMethod method) => new(
    [
        new("inputs", ToScript(method.Inputs)),
        new("name", new ScriptText(method.Name)),
        new("payable", new ScriptFlag(method.Payable)),
    ]);

    private static ScriptArray ToScript(IReadOnlyList<BatchInput> inputs) => new([.. inputs.Select(static input =>
    {
        var entries = new List<KeyValuePair<string, ScriptValue>>();
        if (input.Components is not null)
        {
            entries.Add(new("components", ToScript(input.Components)));
        }

        if (input.InternalType is not null)
        {
            entries.Add(new("internalType", new ScriptText(input.InternalType)));
        }

        entries.Add(new("name", new ScriptText(input.Name)));
        entries.Add(new("type", new ScriptText(input.Type)));
        return new ScriptObject(entries);
    })]);
}
