using System.Numerics;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Ethereum.Transactions;

/// <summary>
/// Brings a transaction onto the chain in separate steps, so that each can be written to a journal before the next: prepare, sign,
/// broadcast, wait. No step repeats a step before it: a second transaction is made only by <see cref="PrepareReplacementAsync"/>, and
/// it has the nonce of the first, so at most one of them is ever mined. Safe for use by several threads.
/// </summary>
public sealed partial class TransactionSender
{
    private readonly EthereumClient _client;
    private readonly FeeStrategy _fees;
    private readonly SendOptions _options;

    /// <summary>Takes the chain, the fee rules and the options.</summary>
    public TransactionSender(EthereumClient client, FeeStrategy? fees = null, SendOptions? options = null)
    {
        _client = client;
        _fees = fees ?? new FeeStrategy();
        _options = options ?? new SendOptions();
    }

    /// <summary>
    /// Reads all that is needed in one round trip (a second one compares the nonce where there are several nodes), tries the call and
    /// chooses nonce, gas and fees. Nothing is signed or sent.
    /// </summary>
    /// <exception cref="EthereumException">
    /// <see cref="Fault.Refused"/>: <c>transaction-would-revert</c> (the inner exception is the <see cref="RevertException"/>),
    /// <c>transaction-no-code</c>, <c>transaction-gas-cap</c>, <c>insufficient-funds</c>, <c>nonce-used</c>, <c>nonce-waiting</c>,
    /// <c>nonce-gap</c>,
    /// <c>fee-above-cap</c>. <see cref="Fault.Mismatch"/>: <c>rpc-disagreement</c> or <c>nonce-inconsistent</c> when nodes contradict each
    /// other or themselves. <see cref="Fault.Unknown"/>: the chain could not be read.
    /// </exception>
    public async Task<PreparedTransaction> PrepareAsync(TransactionIntent intent, CancellationToken cancellationToken = default)
    {
        var call = new CallRequest
        {
            From = intent.From,
            To = intent.To,
            Data = intent.Data,
            Value = intent.Value,
            AccessList = intent.AccessList,
        };
        var batch = _client.NewBatch();
        var fees = _fees.Add(batch);
        var mined = batch.Add(EthRequests.Nonce(intent.From, BlockReference.Latest));
        var pending = batch.Add(EthRequests.Nonce(intent.From, BlockReference.Pending));
        var balance = batch.Add(EthRequests.Balance(intent.From, BlockReference.Latest));
        var code = intent.To is { } target ? batch.Add(EthRequests.Code(target, BlockReference.Pending)) : null;

        // On the pending state, since transactions that wait before this one may be what it relies on.
        var estimate = batch.Add(EthRequests.EstimateGas(call, BlockReference.Pending));
        await batch.SendAsync(cancellationToken).ConfigureAwait(false);

        var nonce = ChooseNonce(intent, mined.Value, pending.Value);
        await CheckNonceAsync(intent.From, fees.Head.Value, cancellationToken).ConfigureAwait(false);
        if (code is not null && intent.Data.Length > 0 && code.Value.Length == 0)
        {
            throw new EthereumException("transaction-no-code", Fault.Refused,
                $"{intent.To} has no code on chain {_client.ChainId}: the call would succeed and do nothing. "
                + "Check the address and the network.");
        }

        RequireFunds(intent.From, balance.Value, intent.Value, "the value alone");
        var quote = Envelope(intent, _fees.Quote(fees));
        var needed = Estimate(intent, estimate);
        var gas = intent.Gas ?? Buffered(needed, intent);
        if (gas.Value > _options.GasCap.Value)
        {
            throw new EthereumException("transaction-gas-cap", Fault.Refused,
                $"The transaction needs {needed} gas and would get a limit of {gas}; "
                + $"the limit of one transaction is {_options.GasCap}. Split it.");
        }

        var unsigned = Build(intent, nonce, gas, quote);
        var cost = Cost(unsigned);
        RequireFunds(intent.From, balance.Value, cost, $"value, and {gas} gas at up to {unsigned.MaxFeePerGas.ToGwei()} gwei");
        return new PreparedTransaction(intent.From, unsigned, quote, needed, cost, nonce - mined.Value);
    }

    /// <summary>
    /// Has a prepared transaction signed and compares what comes back with what was asked for. Sends nothing.
    /// </summary>
    /// <exception cref="EthereumException">
    /// <c>signer-mismatch</c> (<see cref="Fault.Refused"/>) when the signer is another account; <c>signed-differs</c>
    /// (<see cref="Fault.Mismatch"/>) when the signed transaction is not the prepared one; what the signer throws.
    /// </exception>
    public async Task<SignedTransaction> SignAsync(
        PreparedTransaction prepared, ISigner signer, CancellationToken cancellationToken = default)
    {
        if (signer.Address != prepared.From)
        {
            throw new EthereumException("signer-mismatch", Fault.Refused,
                $"The transaction is from {prepared.From}, the signer is {signer.Address}. Use the sender's signer.");
        }

        RequireChain(prepared.Unsigned);
        var signed = await signer.SignTransactionAsync(prepared.Unsigned, cancellationToken).ConfigureAwait(false);
        return signed.From == prepared.From && signed.Unsigned.Equals(prepared.Unsigned)
            ? signed
            : throw new EthereumException("signed-differs", Fault.Mismatch,
                $"The signer returned another transaction ({signed}) than was asked for ({prepared.Unsigned}). It was not sent; "
                + "do not use this signer.");
    }

    /// <summary>
    /// Hands the signed bytes to every node and relay. Repeating it is harmless. Refusals are in the report, not exceptions;
    /// <see cref="BroadcastReport.EnsureAccepted"/> turns them into one.
    /// </summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="relaysOnly">True shows it to the private relays alone, and is refused when none is configured.</param>
    /// <param name="cancellationToken">Stops waiting for answers; the transaction may be out nevertheless.</param>
    /// <exception cref="EthereumException"><c>transaction-chain</c>, <c>rpc-no-relay</c>.</exception>
    public Task<BroadcastReport> BroadcastAsync(
        SignedTransaction transaction, bool relaysOnly = false, CancellationToken cancellationToken = default)
    {
        RequireChain(transaction.Unsigned);
        return _client.BroadcastAsync(transaction.Raw, transaction.Hash, relaysOnly, _options.BroadcastGrace, cancellationToken);
    }

    /// <summary>
    /// Prepares the same transaction with higher fees, to be signed and broadcast in place of one that waits. Call it with the newest
    /// attempt. Tip and cap both rise by at least <paramref name="bump"/>, by default 10 %, which is what pools demand; some demand 12.5 %.
    /// </summary>
    /// <exception cref="EthereumException">
    /// <c>transaction-mined</c> (<see cref="Fault.Refused"/>) when it is mined already, <c>nonce-used</c> when its nonce is,
    /// <c>fee-above-cap</c>, <c>insufficient-funds</c>.
    /// </exception>
    public Task<PreparedTransaction> PrepareReplacementAsync(
        SignedTransaction previous, BasisPoints? bump = null, CancellationToken cancellationToken = default) =>
        ReplaceAsync(
            previous, quote => previous.Unsigned.WithFees(quote.MaxPriorityFeePerGas, quote.MaxFeePerGas), bump, cancellationToken);

    /// <summary>
    /// Prepares a transfer of nothing to the sender itself with the nonce of one that waits, which cancels it if it is mined first.
    /// </summary>
    /// <exception cref="EthereumException">As for <see cref="PrepareReplacementAsync"/>.</exception>
    public Task<PreparedTransaction> PrepareCancellationAsync(
        SignedTransaction previous, BasisPoints? bump = null, CancellationToken cancellationToken = default)
    {
        var old = previous.Unsigned;
        var gas = new Gas(21_000);
        return ReplaceAsync(previous, Cancellation, bump, cancellationToken);

        UnsignedTransaction Cancellation(FeeQuote quote) => old.Type == TransactionType.DynamicFee
            ? UnsignedTransaction.DynamicFee(
                _client.ChainId, old.Nonce, quote.MaxPriorityFeePerGas, quote.MaxFeePerGas, gas, previous.From, Wei.Zero, default)
            : UnsignedTransaction.Legacy(_client.ChainId, old.Nonce, quote.MaxFeePerGas, gas, previous.From, Wei.Zero, default);
    }

    private async Task<PreparedTransaction> ReplaceAsync(
        SignedTransaction previous, Func<FeeQuote, UnsignedTransaction> build, BasisPoints? bump, CancellationToken cancellationToken)
    {
        RequireChain(previous.Unsigned);
        var batch = _client.NewBatch();
        var fees = _fees.Add(batch);
        var receipt = batch.Add(EthRequests.Receipt(previous.Hash));
        var mined = batch.Add(EthRequests.Nonce(previous.From, BlockReference.Latest));
        var balance = batch.Add(EthRequests.Balance(previous.From, BlockReference.Latest));
        await batch.SendAsync(cancellationToken).ConfigureAwait(false);
        if (receipt.Value is { } done)
        {
            throw new EthereumException("transaction-mined", Fault.Refused,
                $"Transaction {previous.Hash} is mined in block {done.BlockNumber}; there is nothing to replace.");
        }

        if (mined.Value > previous.Unsigned.Nonce)
        {
            throw NonceUsed(previous.From, previous.Unsigned.Nonce, mined.Value);
        }

        var quote = _fees.Bump(previous.Unsigned, _fees.Quote(fees), bump ?? new BasisPoints(1_000));
        var unsigned = build(quote);
        var cost = Cost(unsigned);
        RequireFunds(previous.From, balance.Value, cost, $"value, and {unsigned.Gas} gas at up to {unsigned.MaxFeePerGas.ToGwei()} gwei");
        return new PreparedTransaction(previous.From, unsigned, quote, null, cost, unsigned.Nonce - mined.Value);
    }

    private static ulong ChooseNonce(TransactionIntent intent, ulong mined, ulong pending)
    {
        if (pending < mined)
        {
            throw new EthereumException("nonce-inconsistent", Fault.Mismatch,
                $"The node counts {mined} mined transactions of {intent.From} but only {pending} with the waiting ones: "
                + "it contradicts itself. Use another node.");
        }

        if (intent.Nonce is not { } nonce)
        {
            return pending;
        }

        return nonce < mined ? throw NonceUsed(intent.From, nonce, mined)
            : nonce < pending ? throw new EthereumException("nonce-waiting", Fault.Refused,
                $"A transaction of {intent.From} with nonce {nonce} waits already; the next free nonce is {pending}. "
                + "Replace that one explicitly, or use the next.")
            : nonce > pending && !intent.MayLeaveGap ? throw new EthereumException("nonce-gap", Fault.Refused,
                $"Nonce {nonce} of {intent.From} leaves a gap: "
                + $"the node knows of transactions up to nonce {(BigInteger)pending - 1} only, so this one would wait for {pending} first.")
            : nonce;
    }

    private async Task CheckNonceAsync(Address from, BlockHeader? head, CancellationToken cancellationToken)
    {
        if (_options.CrossCheckNonce && _client.Endpoints.Count > 1 && head?.Hash is { } hash)
        {
            var check = await _client.CrossCheckAsync(
                EthRequests.Nonce(from, BlockReference.At(hash)), cancellationToken).ConfigureAwait(false);
            if (check.Verdict == CrossCheckVerdict.Disagreed)
            {
                check.AgreedValue();
            }
        }
    }

    private Gas Estimate(TransactionIntent intent, RpcSlot<Gas> estimate)
    {
        if (estimate.Error is RevertException revert)
        {
            var decoded = intent.Abi is null ? revert : revert.DecodedBy(intent.Abi);
            throw new EthereumException("transaction-would-revert", Fault.Refused,
                $"Nothing was signed: the transaction from {intent.From} to {intent.To?.ToString() ?? "(a new contract)"} would "
                + $"fail. {decoded.Message}", decoded);
        }

        if (estimate.Error is RpcException { Code: "rpc-error", NodeMessage: var message } refusal && !NodeError.IsOverload(refusal))
        {
            throw new EthereumException("transaction-would-fail", Fault.Refused,
                $"Nothing was signed: the node on chain {_client.ChainId} cannot execute the transaction ({message}).", refusal);
        }

        return estimate.Value;
    }

    private Gas Buffered(Gas needed, TransactionIntent intent)
    {
        if (needed.Value == 21_000 && intent.Data.IsEmpty)
        {
            return needed;
        }

        var buffered = ((BigInteger)needed.Value * (10_000 + _options.GasBuffer.Value) / 10_000) + 1;

        // The buffer may be cut by the cap, the estimate itself may not.
        return needed.Value <= _options.GasCap.Value && buffered > _options.GasCap.Value ? _options.GasCap
            : buffered <= ulong.MaxValue ? new Gas((ulong)buffered)
            : throw new EthereumException(
                "transaction-gas-cap", Fault.Mismatch, $"The node's gas estimate of {needed} is absurd. Use another node.");
    }

    private static FeeQuote Envelope(TransactionIntent intent, FeeQuote quote) => intent.Type switch
    {
        TransactionType.DynamicFee when !quote.IsDynamic => throw EthereumException.BadInput("transaction-type",
            "This chain has no base fee (EIP-1559), so it takes no transaction of type 2. Leave the type open, or use 0."),
        TransactionType.Legacy or TransactionType.AccessList when quote.IsDynamic => SinglePrice(quote),
        _ => quote,
    };

    /// <summary>A price is paid in full, unlike a cap, so it leaves room for two full blocks only.</summary>
    private static FeeQuote SinglePrice(FeeQuote quote)
    {
        var price = new Wei(quote.BaseFee!.Value.Value * 5 / 4) + quote.MaxPriorityFeePerGas;
        price = price < quote.MaxFeePerGas ? price : quote.MaxFeePerGas;
        return quote with { IsDynamic = false, MaxPriorityFeePerGas = price, MaxFeePerGas = price };
    }

    private UnsignedTransaction Build(TransactionIntent intent, ulong nonce, Gas gas, FeeQuote quote)
    {
        var hasList = !intent.AccessList.IsDefaultOrEmpty;
        if (hasList && intent.Type == TransactionType.Legacy)
        {
            throw EthereumException.BadInput(
                "transaction-type", "A transaction of type 0 carries no access list. Leave the type open, or use 1 or 2.");
        }

        return quote.IsDynamic
            ? UnsignedTransaction.DynamicFee(
                _client.ChainId,
                nonce,
                quote.MaxPriorityFeePerGas,
                quote.MaxFeePerGas,
                gas,
                intent.To,
                intent.Value,
                intent.Data,
                intent.AccessList)
            : hasList || intent.Type == TransactionType.AccessList
            ? UnsignedTransaction.AccessListed(
                _client.ChainId, nonce, quote.MaxFeePerGas, gas, intent.To, intent.Value, intent.Data, intent.AccessList)
            : UnsignedTransaction.Legacy(_client.ChainId, nonce, quote.MaxFeePerGas, gas, intent.To, intent.Value, intent.Data);
    }

    private static Wei Cost(UnsignedTransaction unsigned) => unsigned.Value + (unsigned.MaxFeePerGas * unsigned.Gas.Value);

    private void RequireFunds(Address account, Wei balance, Wei needed, string what)
    {
        if (balance < needed)
        {
            throw new EthereumException("insufficient-funds", Fault.Refused,
                $"{account} has {balance} on chain {_client.ChainId} and needs {needed} ({what}): "
                + $"{needed - balance} are missing. Fund it and try again.");
        }
    }

    private void RequireChain(UnsignedTransaction transaction)
    {
        if (transaction.ChainId != _client.ChainId)
        {
            throw new EthereumException("transaction-chain", Fault.Refused,
                $"The transaction is for chain {transaction.ChainId?.ToString() ?? "any"}, the nodes serve chain {_client.ChainId}.");
        }
    }

    private static EthereumException NonceUsed(Address account, ulong nonce, ulong mined) => new("nonce-used", Fault.Refused,
        $"Nonce {nonce} of {account} is used: {mined} of its transactions are mined. "
        + "See what that transaction was before sending another.");
}
