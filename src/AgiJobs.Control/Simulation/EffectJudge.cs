using System.Globalization;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Storage;

namespace AgiJobs.Control.Simulation;

/// <summary>Holds what a simulation found against what the change declares and its routes bring along. What nothing declares blocks.</summary>
internal sealed class EffectJudge
{
    // EIP-7825: no transaction may have more gas than this.
    private const ulong MostGas = 16_777_216;

    private const string Made = "made";

    // The Safe's own word that the call that it carried failed while its nonce is spent.
    private static readonly Bytes32 ExecutionFailure = Keccak256.Hash("ExecutionFailure(bytes32,uint256)");

    private static readonly Bytes32 SafeMultiSigTransaction = Keccak256.Hash("SafeMultiSigTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes,bytes)");

    private readonly ChangeDocument _document;
    private readonly Protocol _protocol;
    private readonly SimulationPlan _plan;
    private readonly ContractBook _book;
    private readonly bool _isPause;
    private readonly List<SimulationFinding> _findings = [];
    private readonly ILookup<Address, DeclaredEffect> _declared;
    private readonly Dictionary<Address, DeployedContract> _deployed;

    public EffectJudge(ChangeDocument document, Protocol protocol, SimulationPlan plan, ContractBook book)
    {
        _document = document;
        _protocol = protocol;
        _plan = plan;
        _book = book;
        _declared = document.Effects.ToLookup(effect => effect.Target);
        _deployed = document.Steps.Select(step => step.Deploys).OfType<DeployedContract>().ToDictionary(made => made.Address);
        _isPause = IsPause(document, protocol);
        _findings.AddRange(plan.Findings);
    }

    /// <summary>What was found so far, what blocks first.</summary>
    public IReadOnlyList<SimulationFinding> Findings => [.. _findings.Distinct().OrderBy(finding => finding.Weight)];

    /// <summary>True when every step pulls a lever that pauses.</summary>
    public static bool IsPause(ChangeDocument document, Protocol protocol) =>
        document.Steps.All(step => protocol.At(step.Target)?.Levers.Any(lever => lever.Action == LeverAction.Pause && string.Equals(lever.Function.Signature, step.Function, StringComparison.Ordinal)) == true);

    /// <summary>Something that the reader must know.</summary>
    public void Find(string code, FindingWeight weight, string message) => _findings.Add(new SimulationFinding(code, weight, message));

    /// <summary>Something that blocks any change but a pause, which nothing short of its own harm may hold up.</summary>
    public void FindUnlessPause(string code, string message) => Find(code, _isPause ? FindingWeight.Note : FindingWeight.Blocks, message);

    /// <summary>Judges one transaction.</summary>
    /// <param name="planned">What was to be tried.</param>
    /// <param name="tried">What it did.</param>
    /// <param name="published">Batch contracts with the published code.</param>
    public SimulatedTransaction Judge(PlannedTransaction planned, TriedTransaction tried, IReadOnlySet<Address> published)
    {
        var (outcome, frame, difference) = tried;
        var logs = outcome?.Logs ?? frame?.AllLogs();
        bool? succeeds = outcome?.Succeeded ?? frame?.Succeeded;
        CompareMeans(planned, outcome, frame);
        string? reason = null;
        if (succeeds == false)
        {
            reason = _book.Revert(outcome is { ReturnData.IsEmpty: false } ? outcome.ReturnData.Span : frame is null ? [] : frame.Output.Span, outcome?.Error ?? frame?.Error);
            if (frame is not null && Innermost(frame) is { } inner && !ReferenceEquals(inner, frame))
            {
                reason = $"{reason} (within {_book.Call(inner.To, inner.Input.Span, inner.Kind)}: {_book.Revert(inner.Output.Span, inner.Error)})";
            }

            Find("simulation-reverts", FindingWeight.Blocks, $"{planned.Purpose} would revert: {reason}.");
        }
        else if (succeeds is null)
        {
            Find("simulation-unknown", FindingWeight.Unknown, $"Whether {planned.Purpose} succeeds is unknown.");
        }

        var gas = outcome?.GasUsed.Value ?? frame?.GasUsed.Value;
        Weigh(planned.Purpose, gas);

        var transaction = new SimulatedTransaction
        {
            Purpose = planned.Purpose,
            From = planned.From,
            To = planned.To,
            Call = _book.Call(planned.To, planned.Data),
            Succeeds = succeeds,
            Reason = reason,
            Gas = gas,
            Calls = frame is null ? null : [.. frame.Calls.Select(Node)],
            Events = logs is null ? [] : [.. logs.Select(Event)],
            Storage = difference is null ? [] : [.. Writes(difference, logs ?? [], frame, planned, tried.Images)],
            Movements = Movements(tried),
            Codes = Codes(planned, frame, difference),
        };
        if (frame is not null)
        {
            Calls(planned, frame, published);
        }

        foreach (var movement in transaction.Movements)
        {
            Undeclared(movement.From is { } from && movement.To is { } to
                ? $"{_book.Called(from)} sends {Ether(movement.Amount)} to {_book.Called(to)}"
                : $"the balance of {_book.Called((movement.From ?? movement.To)!.Value)} changes by {Ether(movement.Amount)}");
        }

        // That what is made is what was planned, the judgement of the state afterwards says.
        foreach (var code in transaction.Codes.Where(code => !(string.Equals(code.What, Made, StringComparison.Ordinal) && _deployed.ContainsKey(code.Address))))
        {
            Undeclared($"the code at {_book.Called(code.Address)} is {code.What}");
        }

        return transaction;
    }

    /// <summary>Judges the state afterwards.</summary>
    /// <param name="views">What was read, in the order of <see cref="SimulationRun.ViewsOf"/>.</param>
    /// <param name="differences">What the transactions left different; null where it is unknown.</param>
    public IReadOnlyList<SimulatedExpectation> Judge(IReadOnlyList<TriedView> views, IReadOnlyList<StateDifference?> differences)
    {
        var expected = new List<SimulatedExpectation>();
        var next = 0;
        foreach (var expectation in _document.Expected)
        {
            if (expectation.CodeHash is { } wanted && _deployed.ContainsKey(expectation.Target))
            {
                expected.Add(Deployed(expectation, wanted, differences));
                continue;
            }

            if (expectation.Call is null)
            {
                // That code stays what it was planned on is a precondition; a simulation only has to show that it is not touched.
                var touched = differences.Any(difference => difference?.Accounts.TryGetValue(expectation.Target, out var account) == true && account.After.Code is not null);
                expected.Add(new SimulatedExpectation(expectation.Subject, touched ? false : differences.Any(difference => difference is null) ? null : true, touched ? "the code is changed" : null));
                continue;
            }

            var view = views[next++];
            bool? holds = view.After is { } after ? after.AsSpan().SequenceEqual(expectation.Result) : null;
            expected.Add(new SimulatedExpectation(expectation.Subject, holds, holds == true ? null : view.After is { } found ? Hex.Encode(found) : view.Problem));
            if (holds == false && !_findings.Exists(finding => finding.Code == "simulation-reverts"))
            {
                // After a revert everything is as it was, which needs no saying for each.
                var module = _protocol.At(expectation.Target);
                FindUnlessPause("simulation-not-reached", _isPause && module?.Paused is not null ? $"{module.Name} would still run." : $"{expectation.Subject} would not hold afterwards.");
            }
            else if (holds is null)
            {
                Find("simulation-unknown", FindingWeight.Unknown, $"Whether {expectation.Subject} would hold afterwards is unknown: {view.Problem}.");
            }
        }

        foreach (var module in SimulationRun.Watched(_document, _protocol))
        {
            var view = views[next++];
            var label = $"{module.Name}.{module.Paused!.Signature}";
            if (view.Before is null || view.After is null)
            {
                // A module that says nothing before nor after is no matter of this change.
                if (view.Before is not null)
                {
                    Find("simulation-unknown", FindingWeight.Unknown, $"Whether {label} stays as it is is unknown: {view.Problem}.");
                }
            }
            else if (!view.Before.AsSpan().SequenceEqual(view.After))
            {
                Undeclared($"{label} becomes {Hex.Encode(view.After)}");
            }
        }

        return expected;
    }

    // The code of what the change makes, as the transactions leave it.
    private SimulatedExpectation Deployed(Expectation expectation, Bytes32 wanted, IReadOnlyList<StateDifference?> differences)
    {
        var code = differences.Select(difference => difference?.Accounts.TryGetValue(expectation.Target, out var account) == true ? account.After.Code : null).LastOrDefault(left => left is not null);
        bool? holds = code is not null ? Keccak256.Hash(code) == wanted : differences.Any(difference => difference is null) ? null : false;
        var found = holds == true ? null : code is { Length: > 0 } ? $"code {Keccak256.Hash(code)}" : "no code";
        if (holds == false && !_findings.Exists(finding => finding.Code == "simulation-reverts"))
        {
            Find("simulation-not-reached", FindingWeight.Blocks, $"{expectation.Subject} would not hold afterwards: {found}.");
        }
        else if (holds is null)
        {
            Find("simulation-unknown", FindingWeight.Unknown, $"Whether {expectation.Subject} would hold afterwards is unknown.");
        }

        return new SimulatedExpectation(expectation.Subject, holds, found);
    }

    /// <summary>Judges the calls that undo the change, tried on top of it.</summary>
    /// <param name="planned">Their transactions.</param>
    /// <param name="tried">What they did.</param>
    /// <param name="watched">The views that the change was planned on, in the order of <see cref="SimulationRun.PlannedOn"/>: on the block, and after all.</param>
    /// <param name="succeeded">Whether the change itself succeeds.</param>
    public SimulatedRollback Judge(IReadOnlyList<PlannedTransaction> planned, IReadOnlyList<TriedTransaction> tried, IReadOnlyList<TriedView> watched, bool? succeeded)
    {
        var transactions = planned.Zip(tried).Select(pair =>
        {
            var (outcome, frame, _) = pair.Second;
            bool? succeeds = outcome?.Succeeded ?? frame?.Succeeded;
            var gas = outcome?.GasUsed.Value ?? frame?.GasUsed.Value;
            Weigh($"undoing it by {pair.First.Purpose}", gas);
            return new SimulatedRollbackTransaction(
                pair.First.Purpose,
                succeeds,
                succeeds == false ? _book.Revert(outcome is { ReturnData.IsEmpty: false } ? outcome.ReturnData.Span : frame is null ? [] : frame.Output.Span, outcome?.Error ?? frame?.Error) : null,
                gas);
        }).ToList();
        if (succeeded != true)
        {
            // Said already; undoing nothing shows nothing.
            return new SimulatedRollback(null, succeeded == false ? "the change itself would revert" : "whether the change itself succeeds is unknown", transactions, []);
        }

        var subjects = SimulationRun.PlannedOn(_document);
        var differs = new List<SimulatedDifference>();
        string? unknown = transactions.Find(transaction => transaction.Succeeds is null) is { } untold ? $"whether {untold.Purpose} succeeds is not told" : null;
        for (var i = 0; i < subjects.Count; i++)
        {
            var subject = SimulationRun.SubjectOf(subjects[i]);
            if (watched[i].Before is not { } old)
            {
                unknown ??= $"{subject} could not be read";
            }
            else if (watched[i].After is { } now ? !now.AsSpan().SequenceEqual(old) : watched[i].Reverted)
            {
                differs.Add(new SimulatedDifference(subject, Hex.Encode(old), watched[i].After is { } other ? Hex.Encode(other) : null));
            }
            else if (watched[i].After is null)
            {
                unknown ??= $"{subject} could not be read afterwards: {watched[i].Problem}";
            }
        }

        foreach (var transaction in transactions.Where(transaction => transaction.Succeeds == false))
        {
            Find("simulation-rollback-reverts", FindingWeight.Note, $"It could not be undone as planned: {transaction.Purpose} would revert: {transaction.Reason}.");
        }

        foreach (var difference in differs)
        {
            Find("simulation-rollback-differs", FindingWeight.Note, $"Undoing it as planned does not restore {difference.Subject}: {difference.Before} before, {difference.After ?? "a revert"} afterwards.");
        }

        bool? reverses = transactions.Exists(transaction => transaction.Succeeds == false) || differs.Count > 0 ? false : unknown is null ? true : null;
        if (reverses is null)
        {
            Find("simulation-unknown", FindingWeight.Unknown, $"Whether undoing it restores what was before is unknown: {unknown}.");
        }

        return new SimulatedRollback(reverses, reverses is null ? unknown : null, transactions, differs);
    }

    private void Weigh(string purpose, ulong? gas)
    {
        if (gas > MostGas)
        {
            Find("simulation-gas", FindingWeight.Note, string.Create(CultureInfo.InvariantCulture, $"{purpose} uses {gas} gas, and Ethereum admits no transaction above {MostGas} (EIP-7825)."));
        }
    }

    private void CompareMeans(PlannedTransaction planned, SimulatedOutcome? outcome, CallFrame? frame)
    {
        if (outcome is null || frame is null)
        {
            return;
        }

        if (outcome.Succeeded != frame.Succeeded)
        {
            FindUnlessPause("simulation-disagreement", $"eth_simulateV1 says that {planned.Purpose} {(outcome.Succeeded ? "succeeds" : "reverts")}, debug_traceCall says that it {(frame.Succeeded ? "succeeds" : "reverts")}. The node is broken or lies.");
        }
        else if (!Comparable(outcome.Logs).SequenceEqual(Comparable(frame.AllLogs())))
        {
            FindUnlessPause("simulation-disagreement", $"eth_simulateV1 and debug_traceCall tell different events of {planned.Purpose} ({outcome.Logs.Count} and {frame.AllLogs().Count}). The node is broken or lies.");

            // Whichever is right, what either shows must be declared.
            foreach (var log in frame.AllLogs().Except(outcome.Logs))
            {
                _ = Event(log);
            }
        }

        // This event of some Safes repeats the signatures, which are not the same on a fork.
        static IEnumerable<SimulatedLog> Comparable(IReadOnlyList<SimulatedLog> logs) => logs.Where(log => log.Topics.Count == 0 || log.Topics[0] != SafeMultiSigTransaction);
    }

    private SimulatedEvent Event(SimulatedLog log)
    {
        var (name, text) = _book.Event(log);
        var topic = log.Topics.Count > 0 ? log.Topics[0] : (Bytes32?)null;
        _plan.Carriers.TryGetValue(log.Address, out var carrier);
        var standing = _deployed.ContainsKey(log.Address) || _declared[log.Address].SelectMany(effect => effect.Emits).Any(signature => Keccak256.Hash(signature) == topic) ? EffectStanding.Declared
            : carrier?.Emits.Any(signature => Keccak256.Hash(signature) == topic) == true ? EffectStanding.Route
            : carrier is { Writes: null, Emits: [] } ? EffectStanding.Unknown
            : EffectStanding.Undeclared;
        if (carrier?.Abi is not null && topic == ExecutionFailure)
        {
            Find("simulation-safe-failure", FindingWeight.Blocks, $"The Safe {_book.Called(log.Address)} would use up its nonce and carry nothing out (ExecutionFailure).");
        }
        else if (standing == EffectStanding.Undeclared)
        {
            Undeclared($"{_book.Called(log.Address)} emits {text}");
        }
        else if (standing == EffectStanding.Unknown)
        {
            NotDescribed(log.Address);
        }

        return new SimulatedEvent(_book.Called(log.Address), log.Address, text, name, standing);
    }

    private IEnumerable<SimulatedWrite> Writes(StateDifference difference, IReadOnlyList<SimulatedLog> logs, CallFrame? frame, PlannedTransaction planned, IReadOnlyList<byte[]> images)
    {
        var keys = KeysOf(logs, frame, planned);
        foreach (var (address, account) in difference.Accounts)
        {
            if (account.Storage.Count == 0)
            {
                continue;
            }

            var (layout, isKnown) = _book.LayoutOf(address);
            foreach (var change in new StorageReader(layout, keys, _book.NameOf, images).Read(account.Storage))
            {
                var standing = StandingOf(address, change, layout, isKnown);
                var name = _book.Called(address);
                var what = $"{change.Path ?? $"storage slot {change.Slot}"} of {name} is changed from {change.Before} to {change.After}";
                if (standing == EffectStanding.Undeclared)
                {
                    Undeclared(what);
                }
                else if (standing == EffectStanding.Unknown)
                {
                    if (_declared[address].Any(effect => effect.Writes is null) || !isKnown)
                    {
                        NotDescribed(address);
                    }
                    else
                    {
                        Find("simulation-not-described", FindingWeight.Note, $"{what}, which may be an entry of a declared variable or not: its key is not known.");
                    }
                }

                yield return new SimulatedWrite(name, address, change.Path, change.Type, change.Slot, change.Before, change.After, standing);
            }
        }
    }

    /// <summary>True when it writes to a contract whose variables are known what has no name by the keys at hand.</summary>
    public bool HidesKeys(PlannedTransaction planned, TriedTransaction tried)
    {
        List<Bytes32>? keys = null;
        foreach (var (address, account) in tried.Difference?.Accounts ?? new Dictionary<Address, AccountDifference>())
        {
            var (layout, isKnown) = _book.LayoutOf(address);
            if (isKnown && account.Storage.Count > 0 && layout.Variables.Any(variable => variable.Type.IsHashed)
                && new StorageReader(layout, keys ??= KeysOf(tried.Calls?.AllLogs() ?? [], tried.Calls, planned), _book.NameOf).Read(account.Storage).Any(change => change.Variable is null))
            {
                return true;
            }
        }

        return false;
    }

    private EffectStanding StandingOf(Address address, StorageChange change, StorageLayout layout, bool isKnown)
    {
        if (_deployed.ContainsKey(address))
        {
            // Its whole state is of this change's making.
            return EffectStanding.Declared;
        }

        var declared = _declared[address].ToList();
        _plan.Carriers.TryGetValue(address, out var carrier);
        if (declared.Count == 0 && carrier is null)
        {
            return EffectStanding.Undeclared;
        }

        if (change.Variable is { } variable)
        {
            if (declared.Any(effect => effect.Writes?.Any(name => Is(name, change.Path!, variable)) == true))
            {
                return EffectStanding.Declared;
            }

            if (carrier?.Writes?.Contains(variable, StringComparer.Ordinal) == true)
            {
                return EffectStanding.Route;
            }
        }

        if (declared.Any(effect => effect.Writes is null) || carrier is { Writes: null })
        {
            return EffectStanding.Unknown;
        }

        // A place without a name may be an entry of a declared mapping whose key is not known; where nothing declared lies at a hash, it is not.
        string[] allowed = [.. declared.SelectMany(effect => effect.Writes!), .. carrier?.Writes ?? []];
        var mayBe = change.Variable is null && allowed.Length > 0
            && (!isKnown || layout.Variables.Any(known => known.Type.IsHashed && allowed.Any(name => Is(name, known.Name, known.Name))));
        return mayBe ? EffectStanding.Unknown : EffectStanding.Undeclared;

        static bool Is(string declared, string path, string variable) =>
            string.Equals(declared, variable, StringComparison.Ordinal) || string.Equals(declared, path, StringComparison.Ordinal)
            || (path.StartsWith(declared, StringComparison.Ordinal) && path[declared.Length] is '.' or '[');
    }

    // Words that may be keys of mappings: what was passed along and emitted, the addresses at hand, and small numbers for enums and indices.
    private List<Bytes32> KeysOf(IReadOnlyList<SimulatedLog> logs, CallFrame? frame, PlannedTransaction planned)
    {
        var keys = new List<Bytes32>();
        foreach (var log in logs)
        {
            keys.AddRange(log.Topics.Skip(1));
            Words(log.Data.Span);
        }

        Words(planned.Data.AsSpan(Math.Min(4, planned.Data.Length)));
        foreach (var call in frame?.All() ?? [])
        {
            Words(call.Input.Span[Math.Min(4, call.Input.Length)..]);
            Words(call.Output.Span);
            keys.Add(Key(call.From));
            if (call.To is { } to)
            {
                keys.Add(Key(to));
            }
        }

        keys.Add(Key(planned.From));
        keys.AddRange(_protocol.Modules.Select(module => Key(module.Address)));
        keys.AddRange(_plan.Carriers.Keys.Select(Key));
        keys.AddRange(_deployed.Keys.Select(Key));
        keys.AddRange(Enumerable.Range(0, 16).Select(number => Bytes32.FromUnsigned(number)));
        return keys;

        void Words(ReadOnlySpan<byte> data)
        {
            for (; data.Length >= 32; data = data[32..])
            {
                keys.Add(new Bytes32(data[..32]));
            }
        }

        static Bytes32 Key(Address address) => Bytes32.FromUnsigned(new System.Numerics.BigInteger(address.ToBytes(), isUnsigned: true, isBigEndian: true));
    }

    private void Calls(PlannedTransaction planned, CallFrame root, IReadOnlySet<Address> published)
    {
        foreach (var frame in root.Effective())
        {
            if (frame.To is not { } to || ReferenceEquals(frame, root))
            {
                continue;
            }

            switch (frame.Kind)
            {
                case CallFrameKind.DelegateCall or CallFrameKind.CallCode when !IsPrecompile(to) && !published.Contains(to) && !(_plan.Carriers.TryGetValue(frame.From, out var carrier) && carrier.Code == to):
                    Undeclared($"{_book.Called(frame.From)} runs the code of {_book.Called(to)} as its own (delegate call)");
                    break;
                case CallFrameKind.Call when !IsPrecompile(to) && to != planned.To && !_declared.Contains(to) && !_plan.Carriers.ContainsKey(to):
                    Undeclared($"{_book.Called(frame.From)} calls {_book.Call(to, frame.Input.Span)}");
                    break;
            }
        }

        foreach (var failed in root.All().Where(frame => !frame.Succeeded && root.Succeeded))
        {
            Find("simulation-inner-failure", FindingWeight.Note, $"Within {planned.Purpose}, {_book.Call(failed.To, failed.Input.Span, failed.Kind)} fails: {_book.Revert(failed.Output.Span, failed.Error)}.");
        }
    }

    private static List<SimulatedMovement> Movements(TriedTransaction tried)
    {
        var transfers = (tried.Outcome?.Transfers.Select(transfer => (transfer.From, transfer.To, transfer.Value))
            ?? tried.Calls?.Effective().Where(frame => frame.Value > Wei.Zero && frame.To is not null).Select(frame => (frame.From, To: frame.To!.Value, frame.Value))
            ?? []).Where(transfer => transfer.Value > Wei.Zero).ToList();
        var movements = transfers.ConvertAll(transfer => new SimulatedMovement(transfer.From, transfer.To, transfer.Value.Value.ToString(CultureInfo.InvariantCulture)));
        foreach (var (address, account) in tried.Difference?.Accounts ?? new Dictionary<Address, AccountDifference>())
        {
            // Balances that move without anybody's telling are told here: a destroyed contract's heir, a node that hides transfers.
            if (account.After.Balance is { } after && after != (account.Before.Balance ?? Wei.Zero) && !transfers.Exists(transfer => transfer.From == address || transfer.To == address))
            {
                movements.Add(new SimulatedMovement(null, address, (after.Value - (account.Before.Balance ?? Wei.Zero).Value).ToString(CultureInfo.InvariantCulture)));
            }
        }

        return movements;
    }

    private static List<SimulatedCode> Codes(PlannedTransaction planned, CallFrame? frame, StateDifference? difference)
    {
        var codes = new List<SimulatedCode>();
        foreach (var (address, account) in difference?.Accounts ?? new Dictionary<Address, AccountDifference>())
        {
            if (account.After.Code is { } code && (code.Length > 0 || account.Before.Code is { Length: > 0 }))
            {
                codes.Add(new SimulatedCode(address, account.Before.Code is { Length: > 0 } ? "changed" : Made));
            }
            else if (account.IsGone && account.Before.Code is { Length: > 0 } && account.Storage.Count == 0 && address != planned.From)
            {
                codes.Add(new SimulatedCode(address, "destroyed"));
            }
        }

        foreach (var call in frame?.Effective() ?? [])
        {
            if (call.Kind == CallFrameKind.SelfDestruct && !codes.Exists(code => code.Address == call.From))
            {
                // Since Cancun that destroys only what was made in the same transaction; that it is tried is reason enough.
                codes.Add(new SimulatedCode(call.From, "made to destroy itself"));
            }
            else if (call.Kind == CallFrameKind.Create && call.To is { } made && !codes.Exists(code => code.Address == made))
            {
                codes.Add(new SimulatedCode(made, Made));
            }
        }

        return codes;
    }

    private SimulatedCall Node(CallFrame frame) => new(
        System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(frame.Kind.ToString()),
        frame.To,
        _book.Call(frame.To, frame.Input.Span, frame.Kind),
        frame.Succeeded ? null : _book.Revert(frame.Output.Span, frame.Error),
        [.. frame.Calls.Select(Node)]);

    // The call that failed first of itself, whose reason the others pass on or hide.
    private static CallFrame? Innermost(CallFrame frame) => frame.Calls.LastOrDefault(call => !call.Succeeded) is { } failed ? Innermost(failed) ?? failed : frame;

    private void Undeclared(string what) => Find("simulation-undeclared", FindingWeight.Blocks, $"Not declared: {what}.");

    private void NotDescribed(Address address) => Find("simulation-not-described", FindingWeight.Note, $"What {_book.Called(address)} may write or emit is not described, so what it does was not held against anything.");

    private static bool IsPrecompile(Address address) => new System.Numerics.BigInteger(address.ToBytes(), isUnsigned: true, isBigEndian: true) is var number && number > 0 && number <= 0x200;

    private static string Ether(string wei) =>
        System.Numerics.BigInteger.Parse(wei, CultureInfo.InvariantCulture) is var amount && amount.Sign < 0 ? $"-{new Wei(-amount)}" : new Wei(amount).ToString();
}
