using System.Globalization;
using System.Numerics;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Execution;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;

namespace AgiJobs.Control.Simulation;

/// <summary>One transaction to try.</summary>
/// <param name="Purpose">What it is for, for people.</param>
/// <param name="From">Who sends it.</param>
/// <param name="To">What it calls.</param>
/// <param name="Data">The call.</param>
/// <param name="After">The seconds that have to pass after the transaction before it.</param>
internal sealed record PlannedTransaction(string Purpose, Address From, Address To, byte[] Data, ulong After)
{
    public CallRequest Request => new() { From = From, To = To, Data = Data };
}

/// <summary>The transactions that carry a change, as the chain will run them, and what has to be made up so that they can be tried before they are signed.</summary>
internal sealed class SimulationPlan
{
    // Answers isValidSignature of ERC-1271 with yes, whatever is asked: PUSH4 1626ba7e, PUSH1 e0, SHL, PUSH1 0, MSTORE, PUSH1 20, PUSH1 0, RETURN.
    private static readonly byte[] AlwaysValid = Hex.Decode("0x631626ba7e60e01b60005260206000f3");

    private static readonly Bytes32 ThresholdSlot = Bytes32.FromUnsigned(4);
    private static readonly TimeSpan BlockTime = TimeSpan.FromSeconds(12);

    private readonly EthereumClient _client;
    private readonly Protocol _protocol;
    private readonly ChangeDocument _document;
    private readonly List<int> _ends = [];
    private readonly SimulationOptions _options;
    private readonly PinnedBlock _block;
    private readonly bool _signatures;
    private readonly Dictionary<Address, Carrier> _carriers = [];
    private readonly Dictionary<Address, SafeState> _safes = [];
    private readonly List<PlannedTransaction> _transactions = [];
    private readonly List<SimulationFinding> _findings = [];

    private SimulationPlan(EthereumClient client, Protocol protocol, ChangeDocument document, SimulationOptions options, PinnedBlock block, bool signatures)
    {
        _client = client;
        _protocol = protocol;
        _document = document;
        _options = options;
        _block = block;
        _signatures = signatures;
        Time = block.Header.Timestamp + BlockTime;
    }

    /// <summary>The transactions in their order.</summary>
    public IReadOnlyList<PlannedTransaction> Transactions => _transactions;

    /// <summary>For each change the index after its last transaction.</summary>
    public IReadOnlyList<int> Ends => _ends;

    /// <summary>How many of the transactions, from the first on, are judged by what they call and write; of the others only whether they succeed and what views say afterwards is asked.</summary>
    public int Judged { get; private set; }

    /// <summary>What is made up: thresholds, a signer's consent.</summary>
    public StateOverrides Overrides { get; } = new();

    /// <summary>The contracts that the routes lead through.</summary>
    public IReadOnlyDictionary<Address, Carrier> Carriers => _carriers;

    /// <summary>The Safes that it runs through, in the order of their addresses.</summary>
    public IReadOnlyList<SimulatedSafe> Safes => [.. _safes.Values.OrderBy(safe => safe.Domain.Safe).Select(safe => new SimulatedSafe(safe.Domain.Safe, safe.Nonce.ToString(CultureInfo.InvariantCulture)))];

    /// <summary>What the reader must know about the way it was tried.</summary>
    public IReadOnlyList<SimulationFinding> Findings => _findings;

    /// <summary>The block time that the first transaction sees.</summary>
    public DateTimeOffset Time { get; private set; }

    /// <summary>Plans changes one after another. Reads each Safe once, and whether its owners are Safes when its signatures do not suffice.</summary>
    /// <param name="client">The node.</param>
    /// <param name="protocol">The protocol.</param>
    /// <param name="documents">The changes, in order; all for one chain.</param>
    /// <param name="judged">How many of them are judged, from the first on.</param>
    /// <param name="options">What may be used.</param>
    /// <param name="block">The state.</param>
    /// <param name="signatures">False where no signature may go.</param>
    /// <param name="cancellation">Stops the reads.</param>
    /// <exception cref="EthereumException">Those of reading a Safe.</exception>
    /// <exception cref="ControlException"><c>simulation-route</c> when a route cannot be walked as it is described.</exception>
    public static async Task<SimulationPlan> MakeAsync(EthereumClient client, Protocol protocol, IReadOnlyList<ChangeDocument> documents, int judged, SimulationOptions options, PinnedBlock block, bool signatures, CancellationToken cancellation)
    {
        var plan = new SimulationPlan(client, protocol, documents[0], options, block, signatures);
        foreach (var document in documents.Take(Math.Max(1, judged)))
        {
            plan.MoveTime(document);
        }

        foreach (var document in documents)
        {
            await plan.AddAsync(document, cancellation).ConfigureAwait(false);
            plan._ends.Add(plan._transactions.Count);
        }

        plan.Judged = judged == 0 ? 0 : plan._ends[judged - 1];
        return plan;
    }

    private async Task AddAsync(ChangeDocument document, CancellationToken cancellation)
    {
        foreach (var unit in ExecutionUnit.Of(document))
        {
            AddCarriers(unit);
            var purpose = string.Join(", ", unit.Steps.Select(step => $"{step.Module}.{step.Function}"));
            if (unit.Base.Kind == RouteKind.Authorization)
            {
                foreach (var step in unit.Steps)
                {
                    _transactions.Add(new PlannedTransaction($"{step.Module}.{step.Function}", SubmitterFor(step.Route.Caller), step.Target, Authorized(step), 0));
                }

                continue;
            }

            await AddAsync(unit.Base, unit.Calls, unit.Operation is null ? purpose : $"schedule {purpose}", 0, cancellation).ConfigureAwait(false);
            if (unit.Operation is { } operation)
            {
                await AddAsync(unit.Base, unit.ExecuteCalls(), $"execute {purpose}", operation.DelaySeconds, cancellation).ConfigureAwait(false);
            }
        }
    }

    private void MoveTime(ChangeDocument document)
    {
        var earliest = document.Steps.Select(step => step.Route.Base.Statement).OfType<PauseStatement>().Select(statement => statement.ValidAfter).DefaultIfEmpty(0UL).Max();
        var wanted = document.Window?.NotBefore is { } notBefore && notBefore > Time ? notBefore : Time;
        if (earliest > (ulong)wanted.ToUnixTimeSeconds() && earliest < 253_402_300_799)
        {
            wanted = DateTimeOffset.FromUnixTimeSeconds((long)earliest);
        }

        if (wanted > Time)
        {
            Time = wanted;
            Note("simulation-time", string.Create(CultureInfo.InvariantCulture, $"It may not be executed before {wanted.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, and was tried as of that moment on the state of now."));
        }
    }

    // The forwarders and timelocks between the base of the routes and the steps.
    private void AddCarriers(ExecutionUnit unit)
    {
        for (var route = unit.Steps[0].Route; route.Via is { } via; route = via)
        {
            if (route.Kind == RouteKind.Timelock)
            {
                Add(Carrier.OfTimelock(route.Caller));
            }
            else
            {
                var module = _protocol.At(route.Caller) ?? throw Unwalkable($"the forwarder {route.Caller} is no module that is described");
                var forward = module.Forwards.FirstOrDefault(known => string.Equals(known.Function, route.Function, StringComparison.Ordinal)) ?? throw Unwalkable($"{module.Name}.{route.Function} is not described as a forwarder");
                Add(new Carrier(module.Address, module.Name, null, null, forward.Effects?.Emits ?? [], forward.Effects?.Writes, null));
            }
        }
    }

    private Address SubmitterFor(Address signer) => _options.Sender is { } named && named != signer ? named : SimulationOptions.Anybody;

    private static ControlException Unwalkable(string why) => new("simulation-route", ExitCode.BadInput, $"The change's route cannot be walked: {why}.", "Plan the change again.");

    // The calldata with the signature on file; else the signer's check is satisfied by a contract in the signer's place, which answers yes, and that is said.
    private byte[] Authorized(ChangeStep step)
    {
        var signer = step.Route.Caller;
        var function = (_protocol.At(step.Target)?.Abi ?? throw Unwalkable($"{step.Target} is no module that is described")).Function(step.Function);
        if (function.Inputs is not [{ Type.Kind: AbiTypeKind.Tuple }, { Type.Kind: AbiTypeKind.Bytes }])
        {
            throw Unwalkable($"{step.Module}.{step.Function} does not take a statement and a signature");
        }

        var arguments = function.DecodeInput(step.Calldata);
        if (_signatures && _options.Authorizations.FirstOrDefault(signed => signed.Signer == signer && signed.Contract == step.Target && signed.ChainId == _document.ChainId) is { } signed)
        {
            return function.Encode(arguments[0], signed.Signature);
        }

        if (Overrides[signer].Code is null)
        {
            Overrides[signer].Code = AlwaysValid;
            Note("simulation-assumed", $"The statement of {_options.NameOf(signer) ?? signer.ToString()} is {(_signatures ? "not signed yet" : "not shown to a fork")}; it was tried as if the signer accepted it, and everything else about it was checked by the contract.");
        }

        return function.Encode(arguments[0], new byte[65]);
    }

    private async Task AddAsync(Route route, IReadOnlyList<OuterCall> calls, string purpose, ulong wait, CancellationToken cancellation)
    {
        if (route.Kind != RouteKind.Safe)
        {
            foreach (var call in calls)
            {
                _transactions.Add(new PlannedTransaction(purpose, route.Caller, call.To, call.Data.ToArray(), wait));
                wait = 0;
            }

            return;
        }

        var state = await SafeAsync(route.Caller, cancellation).ConfigureAwait(false);
        var nonce = NonceOf(state);
        var transaction = calls is [var only]
            ? new SafeTransaction { To = only.To, Data = only.Data, Nonce = nonce }
            : MultiSend.ToTransaction([.. calls.Select(call => new MultiSendCall(call.To, Wei.Zero, call.Data))], SafeContracts.MultiSendCallOnly.Address, nonce);
        await AddAsync(state, state.HashOf(transaction), purpose, wait, [], cancellation).ConfigureAwait(false);
    }

    // Each transaction that was planned before spends one.
    private BigInteger NonceOf(SafeState state) => state.Nonce + _transactions.Count(transaction => transaction.To == state.Domain.Safe && transaction.Data.AsSpan().StartsWith(ExecTransaction));

    private static readonly byte[] ExecTransaction = SafeAbi.Safe.Function("execTransaction").Selector.ToBytes();

    // The Safe's transaction with the signatures on file when they suffice; else with its threshold lowered to the consents that can be had without a key.
    private async Task AddAsync(SafeState state, SafeTransactionHash hash, string purpose, ulong wait, IReadOnlyList<Address> above, CancellationToken cancellation)
    {
        var safe = state.Domain.Safe;
        Add(Carrier.OfSafe(state, false));
        if (state.Guard is { } guard)
        {
            Add(Carrier.OfGuard(guard));
        }

        foreach (var finding in state.Findings.Select(finding => new SimulationFinding(finding.Code, FindingWeight.Note, finding.Message)).Except(_findings))
        {
            _findings.Add(finding);
        }

        var given = _signatures && above.Count == 0 ? Given(state, hash) : [];
        if (given.Count >= state.Quorum.Threshold)
        {
            Send(_options.Sender ?? state.Quorum.Owners[0], given.Take(state.Quorum.Threshold));
            return;
        }

        var nested = above.Count == 0 ? await NestedAsync(state, cancellation).ConfigureAwait(false) : [];
        if (nested.Count > 0)
        {
            // More owners are Safes than can be done without: their consent is a transaction of their own.
            var needed = state.Quorum.Threshold - (state.Quorum.Owners.Count - nested.Count);
            var asked = nested.Take(Math.Max(needed, 0)).ToList();
            foreach (var owner in asked)
            {
                var child = await SafeAsync(owner, cancellation).ConfigureAwait(false);
                var approval = NestedApproval.Create(hash, child.Domain, NonceOf(child));
                await AddAsync(child, approval.Child, $"{_options.NameOf(owner) ?? owner.ToString()} approves", wait, [.. above, safe], cancellation).ConfigureAwait(false);
                wait = 0;
            }

            if (asked.Count > 0)
            {
                Add(Carrier.OfSafe(state, true));
                Overrides[safe].Set(ThresholdSlot, Bytes32.FromUnsigned(asked.Count));
                Send(_options.Sender ?? SimulationOptions.Anybody, asked.Select(SafeSignature.Approved));
                return;
            }
        }

        // An owner that sends it consents by that, so with a threshold of one nothing needs to be signed.
        var sender = state.Quorum.Owners.FirstOrDefault(owner => !nested.Contains(owner), state.Quorum.Owners[0]);
        Overrides[safe].Set(ThresholdSlot, Bytes32.FromUnsigned(1));
        Send(sender, [SafeSignature.Approved(sender)]);

        void Send(Address from, IEnumerable<SafeSignature> signatures) =>
            _transactions.Add(new PlannedTransaction(purpose, from, safe, SafeExecution.Encode(hash.Transaction, SafeSignatures.Encode(hash.Value, [.. signatures])), wait));
    }

    private List<SafeSignature> Given(SafeState state, SafeTransactionHash hash)
    {
        var good = new List<SafeSignature>();
        foreach (var approval in _options.Approvals.Where(approval => approval.SafeTxHash == hash.Value && state.Quorum.Contains(approval.Owner)).DistinctBy(approval => approval.Owner))
        {
            try
            {
                var decoded = SafeSignatures.Decode(approval.Signature);
                if (SafeSignatures.VerifyEach(hash, state.Quorum, decoded, SafeSignatureEvidence.None) is [var signer] && signer == approval.Owner)
                {
                    good.AddRange(decoded);
                }
            }
            catch (EthereumException)
            {
                // One that does not count is not used; who counts them says so.
            }
        }

        return good;
    }

    private async Task<IReadOnlyList<Address>> NestedAsync(SafeState state, CancellationToken cancellation)
    {
        var batch = _client.NewBatch();
        var asked = state.Quorum.Owners.Select(owner => (Owner: owner, Code: batch.Add(EthRequests.Code(owner, _block.Reference)), Version: batch.Add(EthRequests.Call(new CallRequest { To = owner, Data = SafeAbi.Safe.Function("getThreshold").Encode() }, _block.Reference)))).ToList();
        await batch.SendAsync(cancellation).ConfigureAwait(false);
        return [.. asked.Where(owner => owner.Code.TryGet(out var code) && code is not ([] or [0xef, 0x01, 0x00, ..]) && owner.Version.TryGet(out var threshold) && threshold.Length == 32).Select(owner => owner.Owner)];
    }

    private async Task<SafeState> SafeAsync(Address safe, CancellationToken cancellation)
    {
        if (!_safes.TryGetValue(safe, out var state))
        {
            state = await new SafeAccount(_client, safe).ReadAsync(_block.Reference, cancellation).ConfigureAwait(false);
            _safes.Add(safe, state);
        }

        return state;
    }

    private void Add(Carrier carrier) => _carriers[carrier.Address] = _carriers.TryGetValue(carrier.Address, out var known) ? known.Merge(carrier) : carrier;

    private void Note(string code, string message) => _findings.Add(new SimulationFinding(code, FindingWeight.Note, message));
}
