using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Ethereum.Abi;

/// <summary>An event of a contract. Immutable.</summary>
public sealed class AbiEvent
{
    private readonly AbiParameter[] _plain;

    internal AbiEvent(string name, AbiParameter[] inputs, bool anonymous)
    {
        Name = name;
        Inputs = inputs;
        IsAnonymous = anonymous;
        Signature = name + AbiType.CanonicalList(inputs);
        SignatureHash = Keccak256.Hash(Signature);
        _plain = Array.FindAll(inputs, static input => !input.Indexed);
        IndexedCount = inputs.Length - _plain.Length;
        var most = anonymous ? 4 : 3;
        if (IndexedCount > most)
        {
            throw EthereumException.BadInput("abi-event", $"{Signature} has {IndexedCount} indexed parameters; a log has room for {most}.");
        }
    }

    /// <summary>The bare name.</summary>
    public string Name { get; }

    /// <summary>The canonical signature, such as <c>Paused(address)</c>. It does not tell which parameters are indexed.</summary>
    public string Signature { get; }

    /// <summary>All parameters in the order of the source.</summary>
    public IReadOnlyList<AbiParameter> Inputs { get; }

    /// <summary>True when logs of this event carry no signature hash.</summary>
    public bool IsAnonymous { get; }

    /// <summary>How many parameters are in topics.</summary>
    public int IndexedCount { get; }

    /// <summary>The hash of the signature: the first topic of every log of the event. Null when the event is anonymous.</summary>
    public Bytes32? Topic0 => IsAnonymous ? null : SignatureHash;

    internal Bytes32 SignatureHash { get; }

    internal int TopicCount => IndexedCount + (IsAnonymous ? 0 : 1);

    /// <summary>
    /// Reads a human-readable signature, as in <c>event Transfer(address indexed from, address indexed to, uint256 value)</c>. The word
    /// <c>event</c> is optional.
    /// </summary>
    /// <exception cref="EthereumException"><c>abi-syntax</c>, <c>abi-type</c> or <c>abi-event</c>.</exception>
    public static AbiEvent Parse(string signature) => AbiEntryReader.ReadAlone(signature, "event") as AbiEvent
        ?? throw EthereumException.BadInput("abi-syntax", $"'{Hex.Shorten(signature)}' is not an event.");

    /// <summary>
    /// The parameters of a log. An indexed string, bytes, array or tuple comes as <see cref="AbiHash"/>, since the log holds its hash only.
    /// </summary>
    /// <exception cref="EthereumException">
    /// <c>abi-topic</c> when the log is of another event or indexes other parameters, else as for
    /// <see cref="AbiCodec.Decode(IReadOnlyList{AbiParameter}, ReadOnlySpan{byte}, bool)"/>.
    /// </exception>
    public AbiArguments Decode(ReadOnlySpan<Bytes32> topics, ReadOnlySpan<byte> data)
    {
        if (!IsAnonymous && (topics.IsEmpty || topics[0] != SignatureHash))
        {
            throw EthereumException.BadInput(
                "abi-topic",
                $"The log is not {Signature}: its first topic is {(topics.IsEmpty ? "missing" : topics[0].ToString())}, not "
                + $"{SignatureHash}.");
        }

        if (topics.Length != TopicCount)
        {
            throw EthereumException.BadInput(
                "abi-topic",
                $"The log has {topics.Length} topics where {this} has {TopicCount}: the contract indexes other parameters than "
                + "this ABI says.");
        }

        var plain = AbiDecoder.Decode(_plain, data, allowTrailing: false);
        if (IndexedCount == 0)
        {
            return new AbiArguments(Inputs, plain);
        }

        Span<byte> word = stackalloc byte[Bytes32.Size];
        var values = new AbiValue[Inputs.Count];
        var topic = IsAnonymous ? 0 : 1;
        var next = 0;
        for (var i = 0; i < values.Length; i++)
        {
            if (!Inputs[i].Indexed)
            {
                values[i] = plain[next++];
            }
            else if (AbiCodec.FitsTopic(Inputs[i].Type))
            {
                topics[topic++].CopyTo(word);
                values[i] = AbiDecoder.DecodeWord(Inputs[i].Type, word);
            }
            else
            {
                values[i] = new AbiHash(topics[topic++]);
            }
        }

        return new AbiArguments(Inputs, values);
    }

    /// <summary>The topics and the data of the log that emitting these values makes.</summary>
    /// <exception cref="EthereumException">
    /// As for <see cref="AbiCodec.Encode(IReadOnlyList{AbiParameter}, ReadOnlySpan{AbiValue})"/>.
    /// </exception>
    public (Bytes32[] Topics, byte[] Data) Encode(params ReadOnlySpan<AbiValue> values)
    {
        if (values.Length != Inputs.Count)
        {
            throw EthereumException.BadInput(
                "abi-count",
                $"{values.Length} values were given for the {Inputs.Count} parameters of {Signature}.");
        }

        var topics = new List<Bytes32>(TopicCount);
        if (!IsAnonymous)
        {
            topics.Add(SignatureHash);
        }

        var plain = new List<AbiValue>();
        for (var i = 0; i < values.Length; i++)
        {
            if (Inputs[i].Indexed)
            {
                topics.Add(AbiCodec.EncodeTopic(Inputs[i].Type, values[i]));
            }
            else
            {
                plain.Add(values[i]);
            }
        }

        return ([.. topics], AbiEncoder.Encode(_plain, plain.ToArray(), []));
    }

    /// <summary>
    /// Topics to filter logs by, for the indexed parameters in their order; null matches anything. The first topic is the signature hash
    /// unless the event is anonymous. Trailing wildcards are kept.
    /// </summary>
    /// <exception cref="EthereumException">
    /// <c>abi-count</c> when more values are given than parameters are indexed, else as for encoding.
    /// </exception>
    public Bytes32?[] EncodeFilter(params ReadOnlySpan<AbiValue?> indexed)
    {
        if (indexed.Length > IndexedCount)
        {
            throw EthereumException.BadInput(
                "abi-count",
                $"{indexed.Length} values were given for the {IndexedCount} indexed parameters of {this}.");
        }

        var topics = new List<Bytes32?>(TopicCount);
        if (!IsAnonymous)
        {
            topics.Add(SignatureHash);
        }

        var next = 0;
        foreach (var input in Inputs)
        {
            if (input.Indexed)
            {
                var value = next < indexed.Length ? indexed[next] : null;
                topics.Add(value is null ? null : AbiCodec.EncodeTopic(input.Type, value));
                next++;
            }
        }

        return [.. topics];
    }

    /// <summary>The human-readable text with names, which <see cref="Parse"/> reads back.</summary>
    public override string ToString() => $"event {Name}({string.Join(", ", Inputs)}){(IsAnonymous ? " anonymous" : "")}";
}
