using System.Numerics;
using AgiJobs.Control;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Transactions;

namespace AgiJobs.Deployment;

/// <summary>
/// Sends the transactions of a first deployment one after another and stops at the first that fails, naming what it was. The node must mine at once,
/// as a local one does.
/// </summary>
public sealed class TransactionRun(EthereumClient client, ContractAbi errors)
{
    private static readonly Gas GasLimit = new(15_000_000);

    private readonly Dictionary<Address, ulong> _nonces = [];
    private readonly Wei _tip = Wei.FromGwei("1");

    /// <summary>How many transactions were mined.</summary>
    public int Count { get; private set; }

    /// <summary>Sends one call and waits until it is mined.</summary>
    /// <exception cref="ControlException"><c>deployment-step</c> with the step and the decoded reason when it reverts.</exception>
    public async Task<TransactionReceipt> SendAsync(ISigner from, string step, Address? to, ReadOnlyMemory<byte> data, CancellationToken cancellation, Wei value = default)
    {
        if (!_nonces.TryGetValue(from.Address, out var nonce))
        {
            nonce = await client.NonceAsync(from.Address, BlockReference.Pending, cancellation).ConfigureAwait(false);
        }

        var head = client.HeadAtConnect.BaseFee ?? Wei.FromGwei("1");
        var unsigned = UnsignedTransaction.DynamicFee(client.ChainId, nonce, _tip, (head * new BigInteger(4)) + _tip, GasLimit, to, value, data);
        var signed = await from.SignTransactionAsync(unsigned, cancellation).ConfigureAwait(false);
        _nonces[from.Address] = nonce + 1;
        var receipt = await MineAsync(step, signed.Raw, cancellation).ConfigureAwait(false);
        return receipt.Succeeded
            ? receipt
            : throw new ControlException("deployment-step", ExitCode.Failed, $"{step}: the transaction {signed.Hash} reverted: {await ReasonAsync(from.Address, to, data, value, receipt, cancellation).ConfigureAwait(false)}.");
    }

    /// <summary>Sends a transaction that somebody else signed and waits until it is mined.</summary>
    /// <exception cref="ControlException"><c>deployment-step</c> when it reverts.</exception>
    public async Task<TransactionReceipt> SendRawAsync(string step, ReadOnlyMemory<byte> signed, CancellationToken cancellation)
    {
        var receipt = await MineAsync(step, signed, cancellation).ConfigureAwait(false);
        return receipt.Succeeded ? receipt : throw new ControlException("deployment-step", ExitCode.Failed, $"{step}: the transaction {receipt.TransactionHash} reverted.");
    }

    private async Task<TransactionReceipt> MineAsync(string step, ReadOnlyMemory<byte> signed, CancellationToken cancellation)
    {
        var hash = await client.SendRawAsync(signed, cancellation).ConfigureAwait(false);
        var receipt = await ReceiptAsync(hash, step, cancellation).ConfigureAwait(false);
        Count++;
        return receipt;
    }

    private async Task<TransactionReceipt> ReceiptAsync(Bytes32 hash, string step, CancellationToken cancellation)
    {
        var began = client.Time.GetTimestamp();
        while (client.Time.GetElapsedTime(began) < TimeSpan.FromSeconds(30))
        {
            if (await client.ReceiptAsync(hash, cancellation).ConfigureAwait(false) is { } receipt)
            {
                return receipt;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(2), client.Time, cancellation).ConfigureAwait(false);
        }

        throw new ControlException("deployment-step", ExitCode.Unknown, $"{step}: the transaction {hash} was not mined within 30 s.");
    }

    private async Task<string> ReasonAsync(Address from, Address? to, ReadOnlyMemory<byte> data, Wei value, TransactionReceipt receipt, CancellationToken cancellation)
    {
        try
        {
            await client.CallAsync(new CallRequest { From = from, To = to, Data = data, Value = value }, BlockReference.At(new BlockNumber(receipt.BlockNumber.Value - 1)), cancellation).ConfigureAwait(false);
            return "out of gas, or for a reason that a second look does not show";
        }
        catch (RevertException refused)
        {
            return errors.DecodeRevert(refused.RevertData.Span).Text;
        }
    }
}
