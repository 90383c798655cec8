using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Ethereum.Safes.Batches;

namespace AgiJobs.Control.Pausing;

/// <summary>Somebody who may make a call of the bundle.</summary>
/// <param name="Role">The role that admits them: <c>Module.role</c>.</param>
/// <param name="Account">The account.</param>
/// <param name="What">What stands there, in words.</param>
public sealed record EmergencyCaller(string Role, Address Account, string What);

/// <summary>One call of the bundle.</summary>
/// <param name="Title">What it does, in words.</param>
/// <param name="Module">The contract's name.</param>
/// <param name="To">Its address.</param>
/// <param name="Function">The function's signature.</param>
/// <param name="Calldata">The calldata.</param>
/// <param name="Callers">Who may make it.</param>
/// <param name="Standing">What the modules that it stops were found to be: <c>running</c>, <c>paused</c>, <c>unknown: why</c>.</param>
public sealed record EmergencyCall(string Title, string Module, Address To, string Function, ReadOnlyMemory<byte> Calldata, IReadOnlyList<EmergencyCaller> Callers, string Standing);

/// <summary>
/// Everything that people need to stop the protocol by hand: calls as JSON, a file for the Safe's Transaction Builder with the hash that its signers must see, and a page to act on. No key is needed, and when no node
/// answers the bundle is made from the manifest alone and says what is unknown. Immutable; the same state and time give the same bytes.
/// </summary>
public sealed class EmergencyBundle
{
    private readonly Protocol _protocol;
    private readonly string _network;
    private readonly ChainId _chain;
    private readonly Reading<ProtocolState> _observed;
    private readonly DateTimeOffset _now;

    private EmergencyBundle(Protocol protocol, string network, NetworkFile file, ManifestFile manifest, Reading<ProtocolState> observed, DateTimeOffset now)
    {
        _protocol = protocol;
        _network = network;
        _chain = file.ChainId;
        _observed = observed;
        _now = now;
        var levers = protocol.Modules.SelectMany(module => module.Levers).Where(lever => lever.Action == LeverAction.Pause && lever.Function.Inputs.Count == 0).ToList();
        Everything = [.. levers.Where(lever => (lever.Covers.Count > 1 || lever.CoveredRole is not null) && lever.IsIdempotent).Select(lever => Call($"stop everything that {lever.Module.Name} covers, from any mix of states", lever, manifest))];
        Single = [.. levers.Where(lever => lever.Covers is [var only] && string.Equals(only, lever.Module.Name, StringComparison.Ordinal)).Select(lever => Call($"stop {lever.Module.Name} alone", lever, manifest))];
        Safe = file.Safe;
        SafeCall = Safe is { } safe ? Everything.FirstOrDefault(call => call.Callers.Any(caller => caller.Account == safe)) : null;
        SafeHash = HashOf(SafeCall);
    }

    /// <summary>Calls that stop all modules together.</summary>
    public IReadOnlyList<EmergencyCall> Everything { get; }

    /// <summary>Calls that stop one module each, for when the common lever itself is broken.</summary>
    public IReadOnlyList<EmergencyCall> Single { get; }

    /// <summary>The Safe of the network; null when the network's file names none.</summary>
    public Address? Safe { get; }

    /// <summary>The call that the Safe makes; null when it may make none of <see cref="Everything"/>.</summary>
    public EmergencyCall? SafeCall { get; }

    /// <summary>The Safe transaction at the Safe's next nonce, with the hash that its signers must see.</summary>
    public Reading<SafeTransactionHash> SafeHash { get; }

    /// <summary>Makes one.</summary>
    /// <param name="protocol">The protocol at the manifest's addresses.</param>
    /// <param name="network">The network's name.</param>
    /// <param name="file">The network's file.</param>
    /// <param name="manifest">The manifest, which names the holders of roles that could not be read.</param>
    /// <param name="observed">What the chain says; unknown when no node answers.</param>
    /// <param name="now">When, for the Transaction Builder's file.</param>
    /// <exception cref="ControlException"><c>nothing-pausable</c> (exit 2) when no lever pauses anything here.</exception>
    public static EmergencyBundle Make(Protocol protocol, string network, NetworkFile file, ManifestFile manifest, Reading<ProtocolState> observed, DateTimeOffset now)
    {
        var bundle = new EmergencyBundle(protocol, network, file, manifest, observed, now);
        return bundle.Everything.Count + bundle.Single.Count > 0
            ? bundle
            : throw new ControlException("nothing-pausable", ExitCode.BadInput, $"The manifest of '{network}' gives no module with a pause lever an address, so there is nothing to pause.", "Add the modules' addresses to the manifest.");
    }

    /// <summary>What is unknown, each with the reason.</summary>
    public IReadOnlyList<string> Unknown =>
    [
        .. _observed.IsKnown ? _observed.Value.Pausable.Where(module => !module.Paused!.IsKnown).Select(module => $"whether {module.Module.Name} is paused: {module.Paused!.Why}") : [$"the state of the chain: {_observed.Why}"],
        .. SafeCall is not null && !SafeHash.IsKnown ? (string[])[$"the Safe transaction hash: {SafeHash.Why}"] : [],
    ];

    /// <summary>The modules that run although they should not, by name; empty when the state is unknown.</summary>
    public IReadOnlyList<string> Running => _observed.TryGet(out var state) ? [.. state.Pausable.Where(module => module.Paused!.TryGet(out var paused) && !paused).Select(module => module.Module.Name)] : [];

    /// <summary>The file for the Safe's Transaction Builder; null when the Safe may make none of the calls.</summary>
    public byte[]? ToSafeBatch() => SafeCall is null ? null : Batch(SafeCall.Title, [SafeCall]);

    /// <summary>The file that stops each running module by its own lever, for when the common one is broken; null when the Safe may stop none of them, or none is known to run.</summary>
    public byte[]? ToSafeBatchOfModules() =>
        // A lever of one module reverts when the module is paused already, and would take the whole batch with it.
        Safe is { } safe && Single.Where(call => string.Equals(call.Standing, "running", StringComparison.Ordinal) && call.Callers.Any(caller => caller.Account == safe)).ToList() is { Count: > 0 } calls
            ? Batch("stop each running module by its own lever", calls)
            : null;

    private byte[] Batch(string what, IReadOnlyList<EmergencyCall> calls) => TransactionBatch.Create(
        _chain,
        _now,
        new BatchMeta { Name = $"Emergency pause of {_protocol.Title}", Description = $"{what} ({_network}, chain {_chain})", CreatedFromSafe = Safe },
        [.. calls.Select(call => BatchTransaction.FromData(call.To, Wei.Zero, call.Calldata))]).ToBytes();

    /// <summary>The instructions as JSON, schema <c>agijobs.emergency/1</c>.</summary>
    public byte[] ToJson()
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("schema", "agijobs.emergency/1");
            Write(writer);
            writer.WriteEndObject();
        }

        buffer.WriteByte((byte)'\n');
        return buffer.ToArray();
    }

    /// <summary>The members of the instructions, into an object that is open.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteString("network", _network);
        writer.WriteNumber("chainId", _chain.Value);
        if (_observed.TryGet(out var state))
        {
            writer.WriteNumber("block", state.Block.Value);
            writer.WriteString("blockHash", state.BlockHash.ToString());
        }
        else
        {
            writer.WriteNull("block");
        }

        WriteList("unknown", Unknown);
        WriteList("running", Running);
        Calls("everything", Everything);
        Calls("single", Single);
        if (SafeCall is not null)
        {
            writer.WriteStartObject("safe");
            writer.WriteString("address", Safe!.Value.ToString());
            if (SafeHash.TryGet(out var hash))
            {
                writer.WriteString("nonce", hash.Transaction.Nonce.ToString(CultureInfo.InvariantCulture));
                writer.WriteString("domainHash", hash.Domain.Separator.ToString());
                writer.WriteString("messageHash", hash.MessageHash.ToString());
                writer.WriteString("safeTxHash", hash.Value.ToString());
            }
            else
            {
                writer.WriteString("unknown", SafeHash.Why);
            }

            writer.WriteEndObject();
        }

        void WriteList(string name, IReadOnlyList<string> items)
        {
            writer.WriteStartArray(name);
            foreach (var item in items)
            {
                writer.WriteStringValue(item);
            }

            writer.WriteEndArray();
        }

        void Calls(string name, IReadOnlyList<EmergencyCall> calls)
        {
            writer.WriteStartArray(name);
            foreach (var call in calls)
            {
                writer.WriteStartObject();
                writer.WriteString("title", call.Title);
                writer.WriteString("module", call.Module);
                writer.WriteString("to", call.To.ToString());
                writer.WriteString("value", "0");
                writer.WriteString("data", Hex.Encode(call.Calldata.Span));
                writer.WriteString("function", call.Function);
                writer.WriteString("standing", call.Standing);
                writer.WriteStartArray("callers");
                foreach (var caller in call.Callers)
                {
                    writer.WriteStartObject();
                    writer.WriteString("role", caller.Role);
                    writer.WriteString("account", caller.Account.ToString());
                    writer.WriteString("what", caller.What);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }
    }

    /// <summary>One page to act on, as Markdown.</summary>
    public string ToBrief(Labels labels)
    {
        var text = new StringBuilder();
        Line($"# Emergency pause of {_protocol.Title}");
        Line();
        Line($"Network {_network}, chain {_chain}{(_observed.TryGet(out var state) ? $", block {state.Block}" : "")}. This page sends nothing; whoever follows it does.");
        Line();
        foreach (var unknown in Unknown)
        {
            Line($"**UNKNOWN**: {unknown}");
            Line();
        }

        Line(_observed.IsKnown ? Running.Count == 0 ? "Nothing was found running: there may be nothing to do." : $"Running now: {string.Join(", ", Running)}." : "What runs now is unknown; the calls below are safe from every state.");
        foreach (var call in Everything)
        {
            Line();
            Line($"## To {call.Title}");
            Line();
            Line($"Call `{call.Function}` of {labels.Describe(call.To)} with the data `{Hex.Encode(call.Calldata.Span)}` and no value.");
            Line();
            foreach (var caller in call.Callers)
            {
                Line($"- {labels.Describe(caller.Account)}: {caller.What} ({caller.Role})");
            }

            if (ReferenceEquals(call, SafeCall))
            {
                Line();
                Line("With the Safe: open its Transaction Builder, load `safe-batch.json`, compare what it shows with the call above, sign, and have the other owners sign.");
                Line(SafeHash.TryGet(out var hash)
                    ? $"Every signer must see the hash `{hash.Value}` (domain `{hash.Domain.Separator}`, message `{hash.MessageHash}`) at nonce {hash.Transaction.Nonce}. Another hash means another transaction: do not sign it."
                    : $"The hash that signers must see is unknown ({SafeHash.Why}): compare target and data instead, character by character.");
            }
        }

        if (Single.Count > 0)
        {
            Line();
            Line("## If that call fails: one module at a time");
            Line();
            if (ToSafeBatchOfModules() is not null)
            {
                Line("The Safe can stop those that run at once with `safe-batch-modules.json`. One that was paused in the meantime makes the whole batch fail: make the bundle anew then.");
                Line();
            }

            foreach (var call in Single)
            {
                Line($"- {call.Title}: `{call.Function}` of {call.To}, data `{Hex.Encode(call.Calldata.Span)}`, by {(call.Callers.Count == 0 ? "nobody known" : string.Join(" or ", call.Callers.Select(caller => labels.Describe(caller.Account))))}; it is {call.Standing}");
            }
        }

        Line();
        Line("## Then");
        Line();
        Line("Look at the state: `agijobs owner system-pause --action status`. Every module must say `paused`; `UNKNOWN` is not paused.");
        Line("A pause keeps users' money and deadlines where they are; nobody can withdraw or start work until the owners resume. Resuming takes the multisig.");
        return text.ToString();

        void Line(string line = "") => text.Append(line).Append('\n');
    }

    private EmergencyCall Call(string title, Lever lever, ManifestFile manifest)
    {
        var callers = new List<EmergencyCaller>();
        foreach (var name in lever.Callers)
        {
            if (_protocol.Role(lever.Module, name) is not { } office)
            {
                continue;
            }

            if (_observed.TryGet(out var state) && state.HoldersOf(office).TryGet(out var holders))
            {
                callers.AddRange(holders.Select(holder => new EmergencyCaller(office.FullName, holder, Describe(state, holder))));
            }
            else if (manifest.Modules.TryGetValue(office.Module.Name, out var module) && module.Roles?.TryGetValue(office.Name, out var desired) == true)
            {
                callers.AddRange(desired.Select(holder => new EmergencyCaller(office.FullName, holder, "according to the manifest; not read from the chain")));
            }
        }

        var covered = !_observed.TryGet(out var known) ? []
            : lever.CoveredRole is { } role ? known.HoldersOf(role).TryGet(out var members) ? known.Pausable.Where(module => members.Contains(module.Module.Address)).ToList() : []
            : lever.Covers.Where(known.Modules.ContainsKey).Select(name => known.Modules[name]).ToList();
        var standing = !_observed.IsKnown ? "unknown: the chain could not be read"
            : covered.Count == 0 || covered.Exists(module => module.Paused?.IsKnown != true) ? "unknown"
            : covered.TrueForAll(module => module.Paused!.Value) ? "paused"
            : covered.Exists(module => module.Paused!.Value) ? "partly running" : "running";
        return new EmergencyCall(title, lever.Module.Name, lever.Module.Address, lever.Function.Signature, lever.Function.Encode(), callers, standing);
    }

    private static string Describe(ProtocolState state, Address holder) =>
        !state.Accounts.TryGetValue(holder, out var reading) || !reading.TryGet(out var account) ? "unknown what stands there"
        : account switch
        {
            KeyAccount => "one key sends it",
            SafeAccountState safe => $"{safe.Threshold} of {safe.Owners.Count} owners of the Safe sign",
            _ => "a contract",
        };

    private Reading<SafeTransactionHash> HashOf(EmergencyCall? call)
    {
        if (call is null || Safe is not { } safe)
        {
            return Reading.Unknown<SafeTransactionHash>("the Safe may make none of the calls");
        }

        if (!_observed.TryGet(out var state))
        {
            return Reading.Unknown<SafeTransactionHash>(_observed.Why!);
        }

        if (!state.Accounts.TryGetValue(safe, out var reading) || !reading.TryGet(out var account) || account is not SafeAccountState known)
        {
            return Reading.Unknown<SafeTransactionHash>($"what stands at {safe} could not be read as a Safe");
        }

        try
        {
            return Reading.Known(SafeTransactionHash.Compute(new SafeDomain(SafeVersion.Parse(known.Version), _chain, safe), new SafeTransaction { To = call.To, Data = call.Calldata, Nonce = known.Nonce }));
        }
        catch (EthereumException problem)
        {
            return Reading.Unknown<SafeTransactionHash>(problem.Message);
        }
    }
}
