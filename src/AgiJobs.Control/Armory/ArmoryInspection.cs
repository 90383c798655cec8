using System.Globalization;
using System.Numerics;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Execution;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;

namespace AgiJobs.Control.Armory;

/// <summary>
/// Holds every armed pause against the chain: each is tried from an account that would send it, on the block that the state was read at, and what invalidated one is named: nonce, owner, threshold, guard, code, already
/// paused, expired. Signatures go to the network's own nodes and nowhere else. Reads only.
/// </summary>
public sealed class ArmoryInspection(EthereumClient client, ProtocolState state, PinnedBlock block)
{
    // SafeStorage: singleton 0, modules 1, owners 2, ownerCount 3, threshold 4, nonce 5.
    private static readonly Bytes32 SafeNonceSlot = Bytes32.FromUnsigned(5);

    /// <summary>Checks the items and the accounts that would send them.</summary>
    /// <exception cref="EthereumException"><c>rpc-wrong-chain</c>.</exception>
    public async Task<ArmoryReport> CheckAsync(IReadOnlyList<ArmedPause> items, IReadOnlyList<SignerReference> senders, CancellationToken cancellation)
    {
        var safes = new Dictionary<Address, Reading<SafeState>>();
        foreach (var safe in items.Select(item => item.Rung?.Safe).OfType<Address>().Distinct())
        {
            safes[safe] = await ReadSafeAsync(safe, cancellation).ConfigureAwait(false);
        }

        var batch = client.NewBatch();
        var balances = senders.Select(sender => (Sender: sender, Slot: batch.Add(EthRequests.Balance(sender.Address, block.Reference)))).ToList();
        var asked = items.Select(item => Ask(batch, item, senders.Count > 0 ? senders[0].Address : item.Change.Steps[0].Route.Caller, item.Rung is { } rung ? safes[rung.Safe] : null)).ToList();
        await batch.SendAsync(cancellation).ConfigureAwait(false);
        var preconditions = await StateCheck.ReadAsync(client, [.. items.SelectMany(item => item.Change.Preconditions)], block.Reference, cancellation).ConfigureAwait(false);

        var checks = new List<ArmedCheck>();
        var at = 0;
        foreach (var question in asked)
        {
            var count = question.Item.Change.Preconditions.Count;
            checks.Add(Judge(question, [.. preconditions.Skip(at).Take(count)]));
            at += count;
        }

        var dearest = checks.Where(check => check.Standing == ArmedStanding.Ready).Max(check => check.Gas?.Value);
        return new ArmoryReport(block.Header.Number, block.Header.Timestamp, checks, [.. balances.Select(entry => Sender(entry.Sender, entry.Slot, dearest))]);
    }

    private async Task<Reading<SafeState>> ReadSafeAsync(Address safe, CancellationToken cancellation)
    {
        try
        {
            return Reading.Known(await new SafeAccount(client, safe).ReadAsync(block.Reference, cancellation).ConfigureAwait(false));
        }
        catch (EthereumException problem)
        {
            return Reading.Unknown<SafeState>(problem.Message);
        }
    }

    private Question Ask(RpcBatch batch, ArmedPause item, Address sender, Reading<SafeState>? safe)
    {
        var route = item.Change.Steps[0].Route;
        if (item.Authorization is { } signed && route.Statement is { } statement && Lever(item) is { Authorization: { } form })
        {
            var call = new CallRequest { From = sender, To = signed.Contract, Data = form.Encode(signed.Signer, statement, signed.Signature) };
            return new Question(item, null)
            {
                Spent = batch.Add(EthRequests.Call(new CallRequest { To = signed.Contract, Data = form.EncodeSpent(signed.Signer, statement.Salt) }, block.Reference)),
                Trial = batch.Add(EthRequests.Call(call, block.Reference)),
                Gas = batch.Add(EthRequests.EstimateGas(call, block.Reference)),
            };
        }

        if (item.Rung is { } rung && safe is not null && safe.TryGet(out var account) && Signatures(item, account) is { } signatures && signatures.Count >= account.Quorum.Threshold)
        {
            var nonce = BigInteger.Parse(rung.Nonce, CultureInfo.InvariantCulture);
            var call = new CallRequest { From = sender, To = rung.Safe, Data = SafeExecution.Encode(SafeCarrier.TransactionOf(item.Change, nonce), SafeSignatures.Encode(rung.SafeTxHash, [.. signatures.Take(account.Quorum.Threshold)])) };
            var overrides = new StateOverrides();
            overrides[rung.Safe].Set(SafeNonceSlot, Bytes32.FromUnsigned(nonce));
            var isNext = nonce == account.Nonce;
            return new Question(item, safe)
            {
                Trial = batch.Add(isNext ? EthRequests.Call(call, block.Reference) : SimulationRequests.Call(call, block.Reference, overrides)),
                Gas = isNext ? batch.Add(EthRequests.EstimateGas(call, block.Reference)) : null,
            };
        }

        return new Question(item, safe);
    }

    private ArmedCheck Judge(Question question, IReadOnlyList<CheckedExpectation> preconditions)
    {
        var item = question.Item;
        DateTimeOffset? until = item.Change.Steps[0].Route.Statement is { } statement ? DateTimeOffset.FromUnixTimeSeconds((long)Math.Min(statement.ValidBefore, 253_402_300_799)) : null;
        var (standing, why) = Problem(question) ?? Broken(preconditions) ?? Tried(question);
        return new ArmedCheck(item, standing, why, until, question.Gas is { } gas && gas.TryGet(out var used) ? used : null);
    }

    private (ArmedStanding, string)? Problem(Question question) => question.Item.Authorization is { } signed ? ProblemOf(question, signed) : ProblemOf(question, question.Item.Rung!);

    private (ArmedStanding, string)? ProblemOf(Question question, SignedAuthorization signed)
    {
        var step = question.Item.Change.Steps[0];
        var statement = step.Route.Statement!;
        var now = (ulong)Math.Max(0, block.Header.Timestamp.ToUnixTimeSeconds());
        if (Lever(question.Item) is not { Authorization: { } form } lever || lever.Module.Address != signed.Contract)
        {
            return (ArmedStanding.Invalid, $"contract: it is for {signed.Contract}, which is no longer the manifest's {step.Module}");
        }

        if (form.Document(client.ChainId, signed.Contract, signed.Signer, statement).Digest != signed.Digest)
        {
            return (ArmedStanding.Invalid, "signature: it is over something else than what it says");
        }

        if (statement.ValidBefore <= now)
        {
            return (ArmedStanding.Invalid, $"expired: it was good until {Moment(statement.ValidBefore)}");
        }

        if (!question.Spent!.TryGet(out var spent))
        {
            return (ArmedStanding.Unknown, $"whether it was used: {question.Spent.Error!.Message}");
        }

        if (spent is [.., not 0])
        {
            return (ArmedStanding.Invalid, "nonce: it was used or revoked");
        }

        if (!state.Roles.TryGetValue(step.Route.Role, out var reading) || !reading.TryGet(out var holders))
        {
            return (ArmedStanding.Unknown, $"who holds {step.Route.Role}: {reading?.Why ?? "it was not read"}");
        }

        return !holders.Contains(signed.Signer) ? (ArmedStanding.Invalid, $"signer: {signed.Signer} no longer is {step.Route.Role}")
            : statement.ValidAfter > now ? (ArmedStanding.Waiting, $"good from {Moment(statement.ValidAfter)} on")
            : null;
    }

    private static (ArmedStanding, string)? ProblemOf(Question question, SafeRung rung)
    {
        if (!question.Safe!.TryGet(out var safe))
        {
            return (ArmedStanding.Unknown, $"the Safe: {question.Safe.Why}");
        }

        var nonce = BigInteger.Parse(rung.Nonce, CultureInfo.InvariantCulture);
        if (nonce < safe.Nonce)
        {
            return (ArmedStanding.Invalid, $"nonce: {nonce} was used, the Safe is at {safe.Nonce}");
        }

        if (safe.SingletonCodeHash != rung.SingletonCodeHash)
        {
            return (ArmedStanding.Invalid, $"code: the Safe's code was {rung.SingletonCodeHash} and is {safe.SingletonCodeHash}");
        }

        if (safe.Guard != rung.Guard)
        {
            return (ArmedStanding.Invalid, $"guard: it was {rung.Guard?.ToString() ?? "none"} and is {safe.Guard?.ToString() ?? "none"}; sign anew under it");
        }

        var signatures = Signatures(question.Item, safe);
        if (signatures is null)
        {
            return (ArmedStanding.Invalid, "signature: one on file is not over this transaction");
        }

        if (signatures.Count >= safe.Quorum.Threshold)
        {
            return null;
        }

        var gone = rung.Signatures.Select(approval => approval.Owner).Where(owner => !safe.Quorum.Contains(owner)).ToList();
        return gone.Count > 0 ? (ArmedStanding.Invalid, $"owner: {string.Join(" and ", gone)} no longer is an owner, {signatures.Count} of {safe.Quorum.Threshold} signatures count")
            : safe.Quorum.Threshold > rung.Threshold && signatures.Count >= rung.Threshold ? (ArmedStanding.Invalid, $"threshold: it was {rung.Threshold} and is {safe.Quorum.Threshold}, {signatures.Count} signatures are there")
            : (ArmedStanding.Incomplete, $"{signatures.Count} of {safe.Quorum.Threshold} signatures");
    }

    private static (ArmedStanding, string)? Broken(IReadOnlyList<CheckedExpectation> preconditions)
    {
        var broken = preconditions.Where(check => check.Holds == false).Select(check => $"{check.Expectation.Subject} (found {check.Found})").ToList();
        var unread = preconditions.Where(check => check.Holds is null).Select(check => $"{check.Expectation.Subject}: {check.Found}").ToList();
        return broken.Count > 0 ? (ArmedStanding.Invalid, $"code: no longer as it was when this was signed: {string.Join("; ", broken)}")
            : unread.Count > 0 ? (ArmedStanding.Unknown, string.Join("; ", unread))
            : null;
    }

    private (ArmedStanding, string) Tried(Question question)
    {
        var targets = question.Item.Change.Expected.Select(expectation => state.Pausable.FirstOrDefault(module => module.Module.Address == expectation.Target)).OfType<ModuleState>().ToList();
        if (targets.Count > 0 && targets.TrueForAll(target => target.Paused!.TryGet(out var paused) && paused))
        {
            return (ArmedStanding.Idle, "already paused: it would do nothing now");
        }

        return question.Trial!.Error switch
        {
            RevertException refused => (ArmedStanding.Invalid, $"it would revert: {refused.DecodedBy(state.Protocol.Abi).Message}"),
            { } problem => (ArmedStanding.Unknown, problem.Message),
            null when question.Item.Rung is { } rung && question.Safe!.TryGet(out var safe) && BigInteger.Parse(rung.Nonce, CultureInfo.InvariantCulture) is var nonce && nonce > safe.Nonce =>
                (ArmedStanding.Waiting, $"tried; its turn comes after {nonce - safe.Nonce} more transaction{(nonce - safe.Nonce == 1 ? "" : "s")} of the Safe"),
            null => (ArmedStanding.Ready, "tried: it would pause now"),
        };
    }

    private ArmorySender Sender(SignerReference reference, RpcSlot<Wei> slot, ulong? gas)
    {
        if (!slot.TryGet(out var balance))
        {
            return new ArmorySender(reference.Name, reference.Address, Reading.Unknown<Wei>(slot.Error!.Message), Reading.Unknown<BigInteger>(slot.Error.Message));
        }

        var shots = gas is not { } needed ? Reading.Unknown<BigInteger>("what a shot costs is unknown: none is ready")
            : block.Header.BaseFee is not { } fee ? Reading.Unknown<BigInteger>("the block tells no base fee")
            // Twice the gas and twice the base fee, as an execution asks for, and two gwei for the tip.
            : Reading.Known(balance.Value / (2 * needed * ((2 * fee.Value) + 2_000_000_000)));
        return new ArmorySender(reference.Name, reference.Address, Reading.Known(balance), shots);
    }

    private Lever? Lever(ArmedPause item)
    {
        var step = item.Change.Steps[0];
        return state.Protocol.Modules.FirstOrDefault(module => string.Equals(module.Name, step.Module, StringComparison.Ordinal))?.Levers.FirstOrDefault(lever => lever.Authorization is not null && string.Equals(lever.Function.Signature, step.Function, StringComparison.Ordinal));
    }

    // The signatures of present owners, each owner once; null when one is not what it says.
    private static List<SafeSignature>? Signatures(ArmedPause item, SafeState safe)
    {
        var rung = item.Rung!;
        try
        {
            var hash = safe.HashOf(SafeCarrier.TransactionOf(item.Change, BigInteger.Parse(rung.Nonce, CultureInfo.InvariantCulture)));
            if (hash.Value != rung.SafeTxHash)
            {
                return null;
            }

            var good = new List<SafeSignature>();
            foreach (var approval in rung.Signatures.DistinctBy(approval => approval.Owner).Where(approval => safe.Quorum.Contains(approval.Owner)))
            {
                var decoded = SafeSignatures.Decode(approval.Signature);
                if (SafeSignatures.VerifyEach(hash, safe.Quorum, decoded, SafeSignatureEvidence.None) is not [var signer] || signer != approval.Owner)
                {
                    return null;
                }

                good.AddRange(decoded);
            }

            return good;
        }
        catch (EthereumException)
        {
            return null;
        }
    }

    private static string Moment(ulong seconds) => $"{DateTimeOffset.FromUnixTimeSeconds((long)Math.Min(seconds, 253_402_300_799)).UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)} UTC";

    private sealed record Question(ArmedPause Item, Reading<SafeState>? Safe)
    {
        public RpcSlot<byte[]>? Spent { get; init; }

        public RpcSlot<byte[]>? Trial { get; init; }

        public RpcSlot<Gas>? Gas { get; init; }
    }
}
