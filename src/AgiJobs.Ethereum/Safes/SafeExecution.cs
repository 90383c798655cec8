using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Ethereum.Safes;

/// <summary>The calls that make a Safe act, and what its logs say about it.</summary>
public static class SafeExecution
{
    private static readonly Bytes32 Success = Keccak256.Hash("ExecutionSuccess(bytes32,uint256)");
    private static readonly Bytes32 Failure = Keccak256.Hash("ExecutionFailure(bytes32,uint256)");

    /// <summary>
    /// Calldata of <c>execTransaction</c>, to be sent to the Safe without value. The nonce is not in it: the Safe uses its current one, so the
    /// signatures fit only when that is the transaction's.
    /// </summary>
    public static byte[] Encode(SafeTransaction transaction, ReadOnlyMemory<byte> signatures)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        return SafeAbi.ExecTransaction.Encode(
            transaction.To, transaction.Value, transaction.Data, (int)transaction.Operation, transaction.SafeTxGas, transaction.BaseGas,
            transaction.GasPrice, transaction.GasToken, transaction.RefundReceiver, signatures);
    }

    /// <summary>Reads the calldata of <c>execTransaction</c>.</summary>
    /// <param name="calldata">Selector and arguments.</param>
    /// <param name="nonce">The nonce the Safe had, which the calldata do not hold.</param>
    /// <exception cref="EthereumException">An <c>abi-</c> code for other calldata; <c>safe-operation</c>.</exception>
    public static (SafeTransaction Transaction, ReadOnlyMemory<byte> Signatures) Decode(ReadOnlySpan<byte> calldata, System.Numerics.BigInteger nonce)
    {
        // Apps append tags behind the arguments, which the contract does not read.
        var arguments = SafeAbi.ExecTransaction.DecodeInput(calldata, allowTrailing: true);
        var operation = arguments["operation"].AsInteger();
        var transaction = new SafeTransaction
        {
            To = arguments["to"].AsAddress(),
            Value = new Wei(arguments["value"].AsInteger()),
            Data = arguments["data"].AsBytes(),
            Operation = operation <= 1
                ? (SafeOperation)(byte)operation
                : throw EthereumException.BadInput("safe-operation", $"{operation} is not an operation of a Safe: 0 is a call, 1 a delegate call."),
            SafeTxGas = arguments["safeTxGas"].AsInteger(),
            BaseGas = arguments["baseGas"].AsInteger(),
            GasPrice = arguments["gasPrice"].AsInteger(),
            GasToken = arguments["gasToken"].AsAddress(),
            RefundReceiver = arguments["refundReceiver"].AsAddress(),
            Nonce = nonce,
        };
        return (transaction, arguments["signatures"].AsBytes());
    }

    /// <summary>Calldata by which an owner approves a hash on chain, for good; to be sent to the Safe by the owner.</summary>
    public static byte[] EncodeApproval(SafeTransactionHash hash)
    {
        ArgumentNullException.ThrowIfNull(hash);
        return SafeAbi.ApproveHash.Encode(hash.Value);
    }

    /// <summary>
    /// How a transaction ended, from the logs of the receipt. Reads the events of every version (the hash is a topic since 1.4, data before).
    /// Null when the receipt has no such event of that Safe: then the transaction was not executed in it.
    /// </summary>
    public static SafeOutcome? OutcomeIn(TransactionReceipt receipt, SafeTransactionHash hash)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        ArgumentNullException.ThrowIfNull(hash);
        foreach (var log in receipt.Logs)
        {
            if (log.Address == hash.Domain.Safe && log.Topics.Count > 0 && (log.Topics[0] == Success || log.Topics[0] == Failure)
                && HashOf(log) == hash.Value)
            {
                return log.Topics[0] == Success ? SafeOutcome.Succeeded : SafeOutcome.Failed;
            }
        }

        return null;
    }

    private static Bytes32? HashOf(LogEntry log) => log.Topics.Count switch
    {
        2 => log.Topics[1],
        1 when log.Data.Length >= Bytes32.Size => new Bytes32(log.Data.Span[..Bytes32.Size]),
        _ => null,
    };
}
