using System.Globalization;
using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Ethereum.Transactions;

namespace AgiJobs.Control.Execution;

/// <summary>
/// The transactions that bring a unit along its route: a direct call, a signed statement, a Safe's with those of the Safes that own it. <c>carry</c> brings the transaction of a Safe that owns
/// another to its receipt, which has to be mined before the other's is signed.
/// </summary>
internal sealed class RoutePassages(ChangeExecutor executor, FiledChange change, ExecutionJournal journal, IReadOnlyList<ISigner> signers, ExecutionTraces traces, int units, Func<Passage, CancellationToken, Task> carry)
{
    /// <summary>The transaction at the end of a unit's route.</summary>
    public Passage Of(ExecutionUnit unit, string key, IReadOnlyList<OuterCall> calls, IReadOnlyList<Expectation> effect, Func<CancellationToken, Task<DoneElsewhere?>> elsewhere, bool looksFirst = false) => unit.Base.Kind switch
    {
        RouteKind.Direct => Sent(key, unit.Base.Caller, calls[0], effect, elsewhere, unit.Operation is { } operation ? Pins(operation) : [], looksFirst || units > 1, Fits(unit), unit.Base),
        RouteKind.Authorization => Stated(unit, key, effect, elsewhere),
        _ => Safe(unit, key, calls, effect, elsewhere, looksFirst),
    };

    /// <summary>A transaction that an account sends by itself.</summary>
    public Passage Sent(string key, Address from, OuterCall call, IReadOnlyList<Expectation> effect, Func<CancellationToken, Task<DoneElsewhere?>> elsewhere, JsonObject pins, bool looksFirst = true, Func<SignedTransaction, bool>? fits = null, Route? route = null) => new()
    {
        Key = key,
        Effect = effect,
        Sender = from,
        Fits = fits ?? (signed => signed.Unsigned.To == call.To && signed.Unsigned.Data.Span.SequenceEqual(call.Data.Span)),
        ElsewhereAsync = elsewhere,
        LooksFirst = looksFirst,
        IsPinnedByNonce = route is not null,
        PrepareAsync = _ => Task.FromResult(new PreparedPassage(
            signers.FirstOrDefault(signer => signer.Address == from)
                ?? throw new ControlException("sender-wrong", ExitCode.Refused, $"The change {change.Id} is to be sent by {from} ({route?.Role}), and the signer is {string.Join(" or ", signers.Select(signer => signer.Address))}.", "Name that account's signer with --signer, or plan the change for this one."),
            new TransactionIntent { From = from, To = call.To, Data = call.Data, Abi = executor.Errors },
            pins)),
    };

    private Passage Stated(ExecutionUnit unit, string key, IReadOnlyList<Expectation> effect, Func<CancellationToken, Task<DoneElsewhere?>> elsewhere)
    {
        var step = unit.Steps[0];
        var carrier = new AuthorizationCarrier(executor.Client, executor.Protocol, change, step);
        return new Passage
        {
            Key = key,
            Effect = effect,
            Fits = Fits(unit),
            ElsewhereAsync = elsewhere,
            PrepareAsync = async token =>
            {
                var standing = await carrier.StandingAsync(token).ConfigureAwait(false);
                if (standing.IsSpent)
                {
                    throw new ControlException("authorization-spent", ExitCode.Refused, $"The statement of {carrier.Signer} with the salt {carrier.Statement.Salt} was used or revoked, and the state is not the one asked for.", "Nothing was sent. Plan the change again for another --instance.");
                }

                var signed = standing.Signature
                    ?? throw new ControlException("authorization-missing", ExitCode.Refused, $"The change {change.Id} has no signature of {carrier.Signer} ({step.Route.Role}) over its statement.{(standing.Stale.Count == 0 ? "" : $" These do not count: {string.Join("; ", standing.Stale)}.")}", $"It is signed with 'agijobs change approve {change.Id} --signer NAME'.");
                return new PreparedPassage(
                    signers[0],
                    new TransactionIntent { From = signers[0].Address, To = step.Target, Data = carrier.Encode(signed.Signature), Abi = executor.Errors },
                    new JsonObject { ["contract"] = step.Target.ToString(), ["signer"] = carrier.Signer.ToString(), ["salt"] = carrier.Statement.Salt.ToString() });
            },
        };
    }

    private Passage Safe(ExecutionUnit unit, string key, IReadOnlyList<OuterCall> calls, IReadOnlyList<Expectation> effect, Func<CancellationToken, Task<DoneElsewhere?>> elsewhere, bool looksFirst)
    {
        var carrier = new SafeCarrier(executor.Client, change, unit, calls);
        return new Passage
        {
            Key = key,
            Effect = effect,
            Fits = Fits(unit),
            ElsewhereAsync = elsewhere,
            LooksFirst = looksFirst,
            PrepareAsync = async token =>
            {
                var standing = await carrier.StandingAsync(token).ConfigureAwait(false);
                Require(standing);
                // Nothing is begun that would stop half done for want of a signature.
                foreach (var later in carrier.Chunks > 1 ? (await SafeCarrier.QueueAsync(executor.Client, change, journal.Entries, token).ConfigureAwait(false)).Skip(1) : [])
                {
                    Require(await later.StandingAsync(token).ConfigureAwait(false));
                }

                if (standing.ToBring() is { Count: > 0 } missing)
                {
                    foreach (var child in missing)
                    {
                        await BringAsync(unit, carrier, standing, child, token).ConfigureAwait(false);
                    }

                    standing = await carrier.StandingAsync(token).ConfigureAwait(false);
                    Require(standing);
                }

                return await PreparedAsync(carrier, standing, unit.Operation, token).ConfigureAwait(false);
            },
        };
    }

    private void Require(SafeStanding standing)
    {
        if (!standing.IsComplete)
        {
            throw new ControlException(
                "approvals-missing",
                ExitCode.Refused,
                $"The change {change.Id} has {standing.Given} of the {standing.Needed} signatures that the Safe demands{(standing.Chunks > 1 ? $" for transaction {standing.Chunk + 1} of {standing.Chunks}, at nonce {standing.Hash.Transaction.Nonce}" : "")}.{(standing.Nested.Count == 0 ? "" : $" Safes among its owners: {string.Join(", ", standing.Nested.Select(child => $"{child.State.Domain.Safe} has {child.Given} of {child.Needed}"))}.")}{(standing.Stale.Count == 0 ? "" : $" These count no more: {string.Join("; ", standing.Stale)}.")}",
                $"Owners sign with 'agijobs change approve {change.Id} --signer NAME'.");
        }
    }

    // Has a Safe that owns another approve that one's transaction, those that own it first.
    private async Task BringAsync(ExecutionUnit unit, SafeCarrier carrier, SafeStanding parent, SafeStanding child, CancellationToken cancellation)
    {
        foreach (var deeper in child.ToBring())
        {
            await BringAsync(unit, carrier, child, deeper, cancellation).ConfigureAwait(false);
        }

        var safe = child.State.Domain.Safe;
        var expected = SafeExecution.EncodeApproval(parent.Hash);
        await carry(
            new Passage
            {
                Key = $"{unit.Key}.approve-{safe}-{parent.Hash.Value.ToString()[2..10]}",
                Effect = [],
                Fits = signed => Executes(signed, safe, inner => inner.To == parent.State.Domain.Safe && inner.Data.Span.SequenceEqual(expected)),
                ElsewhereAsync = async token => new Bytes32(await executor.Client.CallAsync(new CallRequest { To = parent.State.Domain.Safe, Data = SafeAbi.Safe.Function("approvedHashes").Encode(safe, parent.Hash.Value) }, BlockReference.Latest, token).ConfigureAwait(false)) == Bytes32.Zero
                    ? null
                    : new DoneElsewhere(await traces.FindAsync(parent.State.Domain.Safe, SafeAbi.Safe.Event("ApproveHash").Topic0!.Value, parent.Hash.Value, ExecutionTraces.Word(safe), token).ConfigureAwait(false)),
                PrepareAsync = async token =>
                {
                    var standing = child;
                    if (child.ToBring().Count > 0)
                    {
                        // Another machine may have gone on in the meantime, and then this is no longer what is missing.
                        standing = (await carrier.StandingAsync(token).ConfigureAwait(false)).Tree.FirstOrDefault(node => node.Hash.Value == child.Hash.Value) ?? child;
                        Require(standing.ToBring().Count == 0 ? standing : standing with { Nested = [] });
                    }

                    return await PreparedAsync(carrier, standing, null, token).ConfigureAwait(false);
                },
            },
            cancellation).ConfigureAwait(false);
    }

    private async Task<PreparedPassage> PreparedAsync(SafeCarrier carrier, SafeStanding standing, TimelockOperation? operation, CancellationToken cancellation)
    {
        var prepared = await carrier.PrepareAsync(standing, signers[0].Address, cancellation).ConfigureAwait(false);
        var pins = operation is null ? [] : Pins(operation);
        pins["safe"] = standing.State.Domain.Safe.ToString();
        pins["safeNonce"] = standing.State.Nonce.ToString(CultureInfo.InvariantCulture);
        pins["safeTxHash"] = standing.Hash.Value.ToString();
        return new PreparedPassage(signers[0], new TransactionIntent { From = signers[0].Address, To = standing.State.Domain.Safe, Data = prepared.Calldata, Abi = executor.Errors }, pins);
    }

    /// <summary>What binds a transaction to a timelock's operation, for the journal.</summary>
    public static JsonObject Pins(TimelockOperation operation) => new() { ["timelock"] = operation.Timelock.ToString(), ["operation"] = operation.Id.ToString(), ["salt"] = operation.Salt.ToString() };

    /// <summary>Whether bytes on record are a transaction of a unit: its own call, the Safe's that makes it, the statement, or the timelock's execution.</summary>
    public Func<SignedTransaction, bool> Fits(ExecutionUnit unit) => signed =>
    {
        var data = signed.Unsigned.Data;
        return (unit.Operation is { } operation && signed.Unsigned.To == operation.Execute.To && data.Span.SequenceEqual(operation.Execute.Data.Span))
            || unit.Base.Kind switch
            {
                RouteKind.Direct => signed.From == unit.Base.Caller && Calls(unit).Any(call => signed.Unsigned.To == call.To && data.Span.SequenceEqual(call.Data.Span)),
                RouteKind.Authorization => signed.Unsigned.To == unit.Steps[0].Target && new AuthorizationCarrier(executor.Client, executor.Protocol, change, unit.Steps[0]).IsCarriedBy(data.Span),
                _ => Executes(signed, unit.Base.Caller, inner => SameCall(inner, unit.Calls) || (unit.Operation is not null && SameCall(inner, unit.ExecuteCalls()))),
            };
    };

    private static IEnumerable<OuterCall> Calls(ExecutionUnit unit) => unit.Operation is null ? unit.Calls : unit.Calls.Concat(unit.ExecuteCalls());

    private static bool SameCall(SafeTransaction inner, IReadOnlyList<OuterCall> calls)
    {
        var wanted = SafeCarrier.Transaction(calls, inner.Nonce);
        return inner.To == wanted.To && inner.Operation == wanted.Operation && inner.Value == wanted.Value && inner.GasPrice == wanted.GasPrice && inner.SafeTxGas == wanted.SafeTxGas && inner.Data.Span.SequenceEqual(wanted.Data.Span);
    }

    private static bool Executes(SignedTransaction signed, Address safe, Func<SafeTransaction, bool> inner)
    {
        try
        {
            return signed.Unsigned.To == safe && inner(SafeExecution.Decode(signed.Unsigned.Data.Span, 0).Transaction);
        }
        catch (EthereumException)
        {
            return false;
        }
    }
}
