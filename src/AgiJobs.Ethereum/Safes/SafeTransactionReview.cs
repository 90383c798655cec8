using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Ethereum.Safes;

/// <summary>
/// Looks at a Safe transaction for what drained or locked Safes before: delegate calls to unknown code, refunds, and changes of the Safe
/// itself. What it finds must be shown to whoever signs; that it finds nothing does not make a transaction right.
/// </summary>
public static class SafeTransactionReview
{
    /// <summary>
    /// The findings, in the order of the steps when the transaction is a batch. Codes: <c>safe-delegate-call</c>, <c>safe-refund</c>,
    /// <c>safe-self-change</c> (owners, threshold, modules, guards, handler), <c>safe-self-call</c> (any other call of the Safe by itself),
    /// <c>safe-empty-target</c>, <c>safe-batch-unreadable</c>.
    /// </summary>
    public static IReadOnlyList<SafeFinding> Of(SafeTransactionHash hash)
    {
        ArgumentNullException.ThrowIfNull(hash);
        var findings = new List<SafeFinding>();
        var transaction = hash.Transaction;
        if (transaction.PaysRefund || !transaction.GasToken.IsZero || !transaction.RefundReceiver.IsZero)
        {
            var receiver = transaction.RefundReceiver.IsZero ? "whoever sends it" : transaction.RefundReceiver.ToString();
            var coin = transaction.GasToken.IsZero ? "the chain's coin" : $"the token {transaction.GasToken}";
            findings.Add(new SafeFinding(
                "safe-refund", $"The Safe refunds gas to {receiver} in {coin} at a price of {transaction.GasPrice} a unit, with {transaction.BaseGas} units on top: a price or token of the wrong kind empties the Safe."));
        }

        if (transaction.Operation == SafeOperation.DelegateCall)
        {
            ReviewDelegateCall(hash, findings);
        }
        else
        {
            ReviewCall(hash.Domain, transaction.To, transaction.Data.Span, transaction.Value, "", findings);
        }

        return findings;
    }

    private static void ReviewDelegateCall(SafeTransactionHash hash, List<SafeFinding> findings)
    {
        var transaction = hash.Transaction;
        var target = SafeContracts.Find(transaction.To);
        if (target is not { Role: SafeContractRole.MultiSendCallOnly or SafeContractRole.MultiSend })
        {
            findings.Add(new SafeFinding(
                "safe-delegate-call", $"It delegate-calls {transaction.To}, which is no published MultiSend: that code runs as the Safe itself and can take everything, its owners included."));
            return;
        }

        IReadOnlyList<MultiSendCall> calls;
        try
        {
            calls = MultiSend.DecodeCall(transaction.Data.Span, callOnly: target.Role == SafeContractRole.MultiSendCallOnly);
        }
        catch (EthereumException refusal)
        {
            findings.Add(new SafeFinding("safe-batch-unreadable", $"It calls MultiSend with data that cannot be read as a batch: {refusal.Message}"));
            return;
        }

        for (var i = 0; i < calls.Count; i++)
        {
            var step = $"Step {i + 1}: ";
            if (calls[i].Operation == SafeOperation.DelegateCall)
            {
                findings.Add(new SafeFinding("safe-delegate-call", $"{step}it delegate-calls {calls[i].To}: that code runs as the Safe itself and can take everything, its owners included."));
            }
            else
            {
                ReviewCall(hash.Domain, calls[i].To, calls[i].Data.Span, calls[i].Value, step, findings);
            }
        }
    }

    private static void ReviewCall(SafeDomain domain, Address to, ReadOnlySpan<byte> data, Wei value, string step, List<SafeFinding> findings)
    {
        if (to.IsZero)
        {
            findings.Add(new SafeFinding("safe-empty-target", $"{step}it sends {value} to the zero address, where it is lost."));
            return;
        }

        // A call of the Safe by itself with no data and no value is how a nonce is used up on purpose (a cancellation).
        if (to != domain.Safe || (data.IsEmpty && value == Wei.Zero))
        {
            return;
        }

        if (SafeAbi.Safe.TryFunction(data, out var function) && TryDecode(function, data, out var arguments))
        {
            var changes = function.StateMutability == StateMutability.NonPayable;
            findings.Add(new SafeFinding(
                changes ? "safe-self-change" : "safe-self-call", $"{step}the Safe {(changes ? "changes" : "calls")} itself: {function.Name}({arguments})."));
        }
        else
        {
            findings.Add(new SafeFinding("safe-self-call", $"{step}the Safe calls itself with data that are not known here: {Hex.Shorten(Hex.Encode(data))}."));
        }
    }

    private static bool TryDecode(AbiFunction function, ReadOnlySpan<byte> data, out AbiArguments? arguments)
    {
        try
        {
            arguments = function.DecodeInput(data);
            return true;
        }
        catch (EthereumException)
        {
            arguments = null;
            return false;
        }
    }
}
