using System.Diagnostics.CodeAnalysis;

namespace AgiJobs.Ethereum.Abi;

/// <summary>
/// The interface of a contract: its functions, events and errors. Immutable. Several entries of one name are told apart by their
/// signatures, never by guessing.
/// </summary>
public sealed class ContractAbi
{
    // Not frozen ones: most ABIs are read once for a few lookups, and freezing costs more than these save.
    private readonly Dictionary<Selector, AbiFunction> _functions;
    private readonly Dictionary<Selector, AbiError> _errors;
    private readonly Dictionary<Bytes32, List<AbiEvent>> _events = [];

    internal ContractAbi(IEnumerable<object> entries)
    {
        var functions = new Dictionary<Selector, AbiFunction>();
        var errors = new Dictionary<Selector, AbiError>();
        var events = new Dictionary<string, AbiEvent>(StringComparer.Ordinal);
        AbiConstructor? constructor = null;
        foreach (var entry in entries)
        {
            switch (entry)
            {
                case AbiFunction function:
                    if (!functions.TryAdd(function.Selector, function) && functions[function.Selector].Signature != function.Signature)
                    {
                        throw Collision(functions[function.Selector].Signature, function.Signature, function.Selector);
                    }

                    break;
                case AbiError error:
                    if (!errors.TryAdd(error.Selector, error) && errors[error.Selector].Signature != error.Signature)
                    {
                        throw Collision(errors[error.Selector].Signature, error.Signature, error.Selector);
                    }

                    break;
                case AbiEvent @event:
                    events.TryAdd(Key(@event), @event);
                    break;
                case AbiConstructor given:
                    constructor = constructor is null
                        ? given
                        : throw EthereumException.BadInput("abi-duplicate", "The ABI has two constructors.");
                    break;
                case AbiEntryMark.Receive:
                    HasReceive = true;
                    break;
                case AbiEntryMark.Fallback or AbiEntryMark.PayableFallback:
                    HasFallback = true;
                    HasFallbackPayable = entry is AbiEntryMark.PayableFallback;
                    break;
            }
        }

        Constructor = constructor ?? AbiConstructor.Default;
        Functions = [.. functions.Values];
        Errors = [.. errors.Values];
        Events = [.. events.Values];
        _functions = functions;
        _errors = errors;
        foreach (var one in Events)
        {
            if (!_events.TryGetValue(one.SignatureHash, out var same))
            {
                _events.Add(one.SignatureHash, same = []);
            }

            same.Add(one);
        }
    }

    /// <summary>An ABI without entries, which still decodes <c>Error(string)</c> and <c>Panic(uint256)</c>.</summary>
    public static ContractAbi Empty { get; } = new([]);

    /// <summary>The functions in the order of the source.</summary>
    public IReadOnlyList<AbiFunction> Functions { get; }

    /// <summary>The events in the order of the source.</summary>
    public IReadOnlyList<AbiEvent> Events { get; }

    /// <summary>The custom errors in the order of the source.</summary>
    public IReadOnlyList<AbiError> Errors { get; }

    /// <summary>The constructor; one without arguments when the source declares none.</summary>
    public AbiConstructor Constructor { get; }

    /// <summary>True when the contract takes plain coins.</summary>
    public bool HasReceive { get; }

    /// <summary>True when the contract answers calldata of unknown selectors.</summary>
    public bool HasFallback { get; }

    /// <summary>True when the contract answers calldata of unknown selectors and takes coins with them.</summary>
    public bool HasFallbackPayable { get; }

    /// <summary>Reads a JSON ABI: the array that solc writes, or an artefact object that has it as its property <c>abi</c>.</summary>
    /// <exception cref="EthereumException">
    /// <c>abi-json</c>, <c>abi-type</c>, <c>abi-event</c>, <c>abi-collision</c> or <c>abi-duplicate</c>.
    /// </exception>
    public static ContractAbi FromJson(string json) => new(AbiJson.Read(json));

    /// <summary>
    /// Reads entries in the human-readable form, each beginning with <c>function</c>, <c>event</c>, <c>error</c>, <c>constructor</c>,
    /// <c>receive</c> or <c>fallback</c>.
    /// </summary>
    /// <exception cref="EthereumException">
    /// <c>abi-syntax</c>, <c>abi-type</c>, <c>abi-event</c>, <c>abi-collision</c> or <c>abi-duplicate</c>.
    /// </exception>
    public static ContractAbi FromHumanReadable(params ReadOnlySpan<string> entries)
    {
        var read = new List<object>(entries.Length);
        foreach (var entry in entries)
        {
            read.Add(AbiEntryReader.Read(entry));
        }

        return new ContractAbi(read);
    }

    /// <summary>
    /// The entries of several contracts together, for decoding logs and reverts that may come from any of them. Constructors,
    /// <c>receive</c> and <c>fallback</c> are left out; equal entries appear once.
    /// </summary>
    /// <exception cref="EthereumException"><c>abi-collision</c> when two signatures have one selector.</exception>
    public static ContractAbi Merge(params ReadOnlySpan<ContractAbi> parts)
    {
        var all = new List<object>();
        foreach (var part in parts)
        {
            all.AddRange(part.Functions);
            all.AddRange(part.Events);
            all.AddRange(part.Errors);
        }

        return new ContractAbi(all);
    }

    /// <summary>The JSON ABI, internal types included: constructor, functions, errors, events, then fallback and receive.</summary>
    public string ToJson() => AbiJson.Write(this);

    /// <summary>The function of a name, or of a signature such as <c>transfer(address,uint256)</c> when a name is not enough.</summary>
    /// <exception cref="EthereumException">
    /// <c>abi-unknown</c> when there is none, <c>abi-ambiguous</c> when several bear the name (the message lists them).
    /// </exception>
    public AbiFunction Function(string nameOrSignature) =>
        Find(Functions, nameOrSignature, "function", static one => one.Name, static one => one.Signature);

    /// <summary>The custom error of a name or a signature.</summary>
    /// <exception cref="EthereumException">As for <see cref="Function"/>.</exception>
    public AbiError Error(string nameOrSignature) =>
        Find(Errors, nameOrSignature, "error", static one => one.Name, static one => one.Signature);

    /// <summary>
    /// The event of a name or a signature. When two events differ only in what is indexed, the signature tells which:
    /// <c>AddedOwner(address indexed)</c>.
    /// </summary>
    /// <exception cref="EthereumException">As for <see cref="Function"/>.</exception>
    public AbiEvent Event(string nameOrSignature)
    {
        ArgumentNullException.ThrowIfNull(nameOrSignature);
        if (nameOrSignature.Contains(" indexed", StringComparison.Ordinal))
        {
            var key = Key(AbiEvent.Parse(nameOrSignature));
            return Events.FirstOrDefault(one => Key(one) == key)
                ?? throw Unknown(Events, nameOrSignature, "event", static one => one.ToString());
        }

        return Find(Events, nameOrSignature, "event", static one => one.Name, static one => one.Signature);
    }

    /// <summary>Finds the function of a selector.</summary>
    public bool TryFunction(Selector selector, [NotNullWhen(true)] out AbiFunction? function) =>
        _functions.TryGetValue(selector, out function);

    /// <summary>Finds the function that calldata calls; false when it is shorter than a selector.</summary>
    public bool TryFunction(ReadOnlySpan<byte> calldata, [NotNullWhen(true)] out AbiFunction? function)
    {
        function = null;
        return calldata.Length >= Selector.Size && _functions.TryGetValue(new Selector(calldata), out function);
    }

    /// <summary>Finds the custom error of a selector.</summary>
    public bool TryError(Selector selector, [NotNullWhen(true)] out AbiError? error) => _errors.TryGetValue(selector, out error);

    /// <summary>
    /// Finds the event of a first topic. False as well when several events share it and differ in what is indexed: then
    /// <see cref="TryEvent(ReadOnlySpan{Bytes32}, out AbiEvent)"/> tells them apart.
    /// </summary>
    public bool TryEvent(Bytes32 topic0, [NotNullWhen(true)] out AbiEvent? @event)
    {
        @event = _events.TryGetValue(topic0, out var found) && found is [var only] && !only.IsAnonymous ? only : null;
        return @event is not null;
    }

    /// <summary>
    /// Finds the event of a log by its first topic and by how many parameters are indexed (in Safes before 1.4 and after, the same
    /// event indexes other parameters). Anonymous events are not found: nothing in a log names them.
    /// </summary>
    public bool TryEvent(ReadOnlySpan<Bytes32> topics, [NotNullWhen(true)] out AbiEvent? @event)
    {
        @event = null;
        if (topics.IsEmpty || !_events.TryGetValue(topics[0], out var found))
        {
            return false;
        }

        foreach (var one in found)
        {
            if (!one.IsAnonymous && one.TopicCount == topics.Length)
            {
                if (@event is not null)
                {
                    @event = null;
                    return false;
                }

                @event = one;
            }
        }

        return @event is not null;
    }

    /// <summary>Makes revert data readable. Never throws: what is unknown or malformed comes as <see cref="RevertKind.Unknown"/>.</summary>
    public RevertReason DecodeRevert(ReadOnlySpan<byte> data) =>
        RevertReason.Read(data, selector => _errors.TryGetValue(selector, out var error) ? error : null);

    private static T Find<T>(IReadOnlyList<T> all, string wanted, string kind, Func<T, string> name, Func<T, string> signature)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(wanted);
        var byName = !wanted.Contains('(', StringComparison.Ordinal);
        var key = byName ? wanted : Canonical(wanted);
        var found = all.Where(one => string.Equals(byName ? name(one) : signature(one), key, StringComparison.Ordinal)).ToList();
        return found switch
        {
            [var only] => only,
            [] => throw Unknown(all, wanted, kind, signature),
            _ => throw EthereumException.BadInput(
                "abi-ambiguous",
                $"'{wanted}' is the name of several {kind}s; give the whole signature of one: {string.Join("; ", found)}."),
        };
    }

    private static EthereumException Unknown<T>(IReadOnlyList<T> all, string wanted, string kind, Func<T, string> signature)
    {
        // Entries of the same name first: most likely an argument type is wrong.
        var name = wanted.Split('(')[0].Trim();
        var near = all.Select(signature).OrderByDescending(one => one.Contains(name, StringComparison.OrdinalIgnoreCase)).Take(8).ToList();
        var more = all.Count > near.Count ? $" and {all.Count - near.Count} more" : "";
        return EthereumException.BadInput(
            "abi-unknown",
            $"The ABI has no {kind} '{Hex.Shorten(wanted)}'. It has {(near.Count == 0 ? "none" : string.Join(", ", near))}{more}.");
    }

    // transfer(address to, uint amount) finds transfer(address,uint256).
    private static string Canonical(string signature)
    {
        var parser = new SignatureParser(signature);
        var name = parser.ReadName("a name");
        var parameters = parser.ReadParameters(indexedAllowed: true);
        parser.ExpectEnd();
        return name + AbiType.CanonicalList(parameters);
    }

    private static string Key(AbiEvent @event) =>
        $"{@event.Signature} {string.Concat(@event.Inputs.Select(static input => input.Indexed ? '1' : '0'))} {@event.IsAnonymous}";

    private static EthereumException Collision(string first, string second, Selector selector) => EthereumException.BadInput(
        "abi-collision", $"{first} and {second} have the same selector {selector}: calldata could mean either.");
}
