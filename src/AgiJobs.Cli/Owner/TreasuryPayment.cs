using System.Numerics;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Planning;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Calls;

namespace AgiJobs.Cli.Owner;

/// <summary>Tokens that the treasury pays out, as moves of a wave: by whatever route leads to the treasury.</summary>
internal static class TreasuryPayment
{
    /// <summary>Drafts transfers from the treasury of the stakes. The balances of those who are paid are what is observed before and must hold after.</summary>
    /// <exception cref="ControlException"><c>treasury-short</c> (exit 4) when it has less than the sum; <c>reading-unknown</c> (exit 5).</exception>
    public static async Task<WaveDraft> DraftAsync(Session session, IReadOnlyList<(Address To, BigInteger Amount, string Purpose)> payments, CancellationToken cancellation)
    {
        var protocol = session.Protocol;
        var first = await session.ObserveWholeAsync(cancellation).ConfigureAwait(false);
        var treasury = first.ValueOf(protocol.Parameter("StakeManager.treasury")).Value.AsAddress();
        var state = await session.ObserveWholeAsync(cancellation, [treasury]).ConfigureAwait(false);
        var token = protocol["Token"];
        var balanceOf = token.Abi.Function("balanceOf(address)");
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        var reads = (await PinnedBlock.AtAsync(client, Ethereum.Rpc.BlockReference.At(state.BlockHash), cancellation).ConfigureAwait(false)).NewReads();
        var held = reads.Call(token.Address, balanceOf, treasury);
        var balances = payments.Select(payment => reads.Call(token.Address, balanceOf, payment.To)).ToList();
        await reads.SendAsync(cancellation).ConfigureAwait(false);
        var unit = Unit.Of("AGIALPHA", protocol.Tokens);
        var sum = payments.Aggregate(BigInteger.Zero, (total, payment) => total + payment.Amount);
        if (held.Value[0].AsInteger() < sum)
        {
            throw new ControlException("treasury-short", ExitCode.Refused, $"The treasury {treasury} has {unit.Format(held.Value[0].AsInteger())}, and {unit.Format(sum)} are to be paid.", "Fund the treasury first.");
        }

        var draft = new WaveDraft(state);
        foreach (var (payment, balance) in payments.Zip(balances, (payment, balance) => (payment, balance.Value[0].AsInteger())))
        {
            draft.Add(draft.Call(token, token.Abi.Function("transfer(address,uint256)"), [payment.To, payment.Amount], [], Risk.Red, $"{payment.Purpose}: {unit.Format(payment.Amount)} from the treasury {treasury} to {payment.To}", MoveOrder.Act) with
            {
                By = treasury,
                Before = [Has(payment.To, balance)],
                After = [Has(payment.To, balance + payment.Amount)],
                Effects = [new DeclaredEffect { Contract = token.Name, Target = token.Address, Emits = ["Transfer(address,address,uint256)"], Writes = ["_balances"] }],
                Lasting = "what was paid is paid",
            });
        }

        return draft;

        Expectation Has(Address account, BigInteger amount) => new() { Subject = $"Token.balanceOf({account}) = {unit.Format(amount)}", Target = token.Address, Call = balanceOf.Encode(account), Result = balanceOf.EncodeOutput(amount) };
    }

    /// <summary>Refuses what was paid, or is being paid, under the same instance already: a payment is planned on balances, so that planning it again makes another change.</summary>
    /// <exception cref="ControlException"><c>paid-already</c>, <c>payment-begun</c> (exit 4) naming the change.</exception>
    public static void RequireFirst(Session session, string kind, string instance)
    {
        foreach (var change in new ChangeStore(session.Workspace, session.Environment.Time).List())
        {
            if (!string.Equals(change.Document.Kind, kind, StringComparison.Ordinal) || !string.Equals(change.Document.Instance, instance, StringComparison.Ordinal) || !string.Equals(change.Document.Network, session.Network, StringComparison.Ordinal)
                || Journal.Read(change.JournalPath) is not { Count: > 0 } entries)
            {
                continue;
            }

            if (ChangeState.IsVerified(entries))
            {
                throw new ControlException("paid-already", ExitCode.Refused, $"This was paid by the change {change.Id}.", $"agijobs change verify {change.Id}");
            }

            // One that reverted or was replaced moved nothing by that call; whether others of its calls did takes a look of a person.
            throw new ControlException("payment-begun", ExitCode.Refused, $"This was begun to be paid by the change {change.Id}, and nothing is paid twice.", $"agijobs change resume {change.Id} --signer NAME --execute, or look at it with 'agijobs change show {change.Id}'");
        }
    }
}
