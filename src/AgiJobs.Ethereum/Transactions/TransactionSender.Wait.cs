using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Ethereum.Transactions;

public sealed partial class TransactionSender
{
    private const int SearchedBlocks = 1024;
    private const int LooksWithoutProof = 10;

    private static readonly TimeSpan FirstPoll = TimeSpan.FromMilliseconds(25);

    /// <summary>
    /// Waits until one of the attempts (a transaction and its replacements, all with one sender and nonce) has the wanted confirmations,
    /// their nonce is used by something else, or the deadline passes. A block that is reorganised away is noticed and waited out; a node
    /// that cannot be read is asked again until the deadline.
    /// </summary>
    /// <exception cref="EthereumException">
    /// <c>rpc-wrong-chain</c>; <c>wait-attempts</c> when the attempts do not belong together.
    /// </exception>
    public async Task<TransactionOutcome> WaitAsync(
        IReadOnlyList<SignedTransaction> attempts, WaitOptions? options = null, CancellationToken cancellationToken = default)
    {
        if (attempts.Count == 0 || attempts.Any(
            attempt => attempt.From != attempts[0].From || attempt.Unsigned.Nonce != attempts[0].Unsigned.Nonce))
        {
            throw EthereumException.BadInput(
                "wait-attempts", "The attempts to wait for must be one or more transactions of one sender with one nonce.");
        }

        return await new Waiting(this, attempts, options ?? new WaitOptions()).RunAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Waits for one transaction that was not replaced by us.</summary>
    /// <exception cref="EthereumException"><c>rpc-wrong-chain</c>.</exception>
    public Task<TransactionOutcome> WaitAsync(
        SignedTransaction transaction, WaitOptions? options = null, CancellationToken cancellationToken = default) =>
        WaitAsync([transaction], options, cancellationToken);

    private sealed class Waiting(TransactionSender sender, IReadOnlyList<SignedTransaction> attempts, WaitOptions options)
    {
        private readonly EthereumClient _client = sender._client;
        private readonly Address _from = attempts[0].From;
        private readonly ulong _nonce = attempts[0].Unsigned.Nonce;
        private TransactionReceipt? _seen;
        private SignedTransaction? _minedAttempt;
        private bool _vanished;
        private int _reorganisations;
        private int _missing;
        private int _nonceUsed;
        private bool _isKnown;
        private string _why = "the nodes were not read yet";

        public async Task<TransactionOutcome> RunAsync(CancellationToken cancellationToken)
        {
            var time = _client.Time;
            var started = time.GetTimestamp();
            for (var pause = FirstPoll; ; pause = Shorter(pause * 2, options.PollInterval))
            {
                if (await LookAsync(cancellationToken).ConfigureAwait(false) is { } outcome)
                {
                    return outcome;
                }

                var left = options.Deadline - time.GetElapsedTime(started);
                if (left <= TimeSpan.Zero)
                {
                    return new TransactionUndecided(_isKnown, _why, _vanished ? null : _seen);
                }

                await Task.Delay(Shorter(Shorter(pause, options.PollInterval), left), time, cancellationToken).ConfigureAwait(false);
            }
        }

        private async Task<TransactionOutcome?> LookAsync(CancellationToken cancellationToken)
        {
            var batch = _client.NewBatch();
            var receipts = attempts.Select(attempt => batch.Add(EthRequests.Receipt(attempt.Hash))).ToArray();
            var transactions = attempts.Select(attempt => batch.Add(EthRequests.Transaction(attempt.Hash))).ToArray();
            var mined = batch.Add(EthRequests.Nonce(_from, BlockReference.Latest));

            // The block at the receipt's height as of the end of the batch: a receipt whose block is not canonical any more does not count.
            var canonical = _seen is { } seen ? batch.Add(EthRequests.Block(BlockReference.At(seen.BlockNumber))) : null;
            var head = batch.Add(EthRequests.Block(BlockReference.Latest));
            await batch.SendAsync(cancellationToken).ConfigureAwait(false);
            if (batch.FirstError is { } error)
            {
                _why = error.Message;
                Tell(WaitEventKind.Unreadable, attempts[^1], error.Message);
                return null;
            }

            _isKnown = transactions.Any(slot => slot.Value is not null);
            var index = Array.FindIndex(receipts, slot => slot.Value is not null);
            return index >= 0
                ? OnReceipt(attempts[index], receipts[index].Value!, head.Value, canonical?.Value)
                : await OnNoReceiptAsync(mined.Value, cancellationToken).ConfigureAwait(false);
        }

        private TransactionConfirmed? OnReceipt(
            SignedTransaction attempt, TransactionReceipt receipt, BlockHeader? head, BlockHeader? canonical)
        {
            _missing = 0;
            _nonceUsed = 0;
            _isKnown = true;
            if (receipt.TransactionHash != attempt.Hash || receipt.From != _from)
            {
                _why = $"the node gave the receipt of {receipt.TransactionHash} from {receipt.From} for {attempt.Hash} from {_from}";
                Tell(WaitEventKind.Unreadable, attempt, _why);
                return null;
            }

            var before = _seen;
            if (before is null)
            {
                Tell(WaitEventKind.Mined, attempt, $"in block {receipt.BlockNumber} ({receipt.BlockHash})");
            }
            else if (before.BlockHash != receipt.BlockHash)
            {
                _reorganisations += _vanished ? 0 : 1;
                Tell(
                    WaitEventKind.Moved,
                    attempt,
                    $"from block {before.BlockNumber} ({before.BlockHash}) to {receipt.BlockNumber} ({receipt.BlockHash})");
            }

            _seen = receipt;
            _minedAttempt = attempt;
            _vanished = false;
            var confirmations = head is null || head.Number < receipt.BlockNumber ? 0 : head.Number.Value - receipt.BlockNumber.Value + 1;
            _why = $"it is in block {receipt.BlockNumber} with {confirmations} of {options.Confirmations} confirmations";

            // More than one confirmation is asked for where reorganisations matter; there the block is looked at once more by its height.
            var settled = options.Confirmations <= 1
                || (canonical?.Hash == receipt.BlockHash
                    && canonical.Number == receipt.BlockNumber
                    && before?.BlockHash == receipt.BlockHash);
            return settled && confirmations >= (ulong)Math.Max(1, options.Confirmations)
                ? new TransactionConfirmed(attempt, receipt, confirmations, _reorganisations)
                : null;
        }

        private async Task<TransactionOutcome?> OnNoReceiptAsync(ulong mined, CancellationToken cancellationToken)
        {
            if (_seen is not null && !_vanished)
            {
                _vanished = true;
                _reorganisations++;
                Tell(WaitEventKind.Vanished, _minedAttempt!, $"block {_seen.BlockNumber} ({_seen.BlockHash}) was reorganised away");
            }

            if (mined > _nonce)
            {
                _why = $"nonce {_nonce} of {_from} is used, and the node shows no receipt";

                // A node may count the nonce a moment before it shows the receipt, so one look proves nothing.
                return ++_nonceUsed >= 2 ? await ReplacedAsync(cancellationToken).ConfigureAwait(false) : null;
            }

            _nonceUsed = 0;
            _why = mined < _nonce
                ? $"it waits for nonce {mined} of {_from} to be used first (its own is {_nonce}): there is a gap before it"
                : _isKnown ? "it waits in the pool; its fees may be too low" : "no node knows it";
            _missing = _isKnown ? 0 : _missing + 1;
            if (_missing >= 3 && options.Rebroadcast)
            {
                _missing = 0;
                Tell(WaitEventKind.Rebroadcast, attempts[^1], "no node knew it, so the same bytes were sent again");
                await sender.BroadcastAsync(attempts[^1], cancellationToken: cancellationToken).ConfigureAwait(false);
            }

            return null;
        }

        private async Task<TransactionOutcome?> ReplacedAsync(CancellationToken cancellationToken)
        {
            foreach (var attempt in attempts)
            {
                var everywhere = await _client.CrossCheckAsync(EthRequests.Receipt(attempt.Hash), cancellationToken).ConfigureAwait(false);
                if (everywhere.Answers.Any(answer => !answer.HasValue || answer.Value is not null))
                {
                    _why = $"the nodes do not agree about {attempt.Hash}: {string.Join("; ", everywhere.Answers.Select(DescribeReceipt))}";
                    return null;
                }
            }

            // To report a replacement that is none may make somebody act twice. Either the other transaction is at hand, or many looks
            // agree.
            var by = await FindUserOfNonceAsync(cancellationToken).ConfigureAwait(false);
            var isOurs = attempts.Any(attempt => attempt.Hash == by);
            return isOurs || (by is null && _nonceUsed < LooksWithoutProof) || !await IsDeepAsync(cancellationToken).ConfigureAwait(false)
                ? null
                : new TransactionReplaced(_nonce, by);
        }

        /// <summary>Whether the nonce was used as deep as confirmations are asked for.</summary>
        private async Task<bool> IsDeepAsync(CancellationToken cancellationToken)
        {
            try
            {
                var head = (await _client.BlockNumberAsync(cancellationToken).ConfigureAwait(false)).Value;
                var depth = (ulong)Math.Max(0, options.Confirmations - 1);
                return depth <= head
                    && await _client.NonceAsync(
                        _from, BlockReference.At(new BlockNumber(head - depth)), cancellationToken).ConfigureAwait(false) > _nonce;
            }
            catch (EthereumException error) when (error.Code != "rpc-wrong-chain")
            {
                return false;
            }
        }

        /// <summary>The transaction that used the nonce, by bisection over recent blocks; null when it cannot be found there.</summary>
        private async Task<Bytes32?> FindUserOfNonceAsync(CancellationToken cancellationToken)
        {
            try
            {
                var high = (await _client.BlockNumberAsync(cancellationToken).ConfigureAwait(false)).Value;
                var low = high > SearchedBlocks ? high - SearchedBlocks : 0;
                while (low < high)
                {
                    var middle = low + ((high - low) / 2);
                    var count = await _client.NonceAsync(
                        _from, BlockReference.At(new BlockNumber(middle)), cancellationToken).ConfigureAwait(false);
                    (low, high) = count > _nonce ? (low, middle) : (middle + 1, high);
                }

                var block = await _client.BlockAsync(BlockReference.At(new BlockNumber(low)), cancellationToken).ConfigureAwait(false);
                var batch = _client.NewBatch();
                var slots = (block?.Transactions ?? []).Select(hash => batch.Add(EthRequests.Transaction(hash))).ToArray();
                await batch.SendAsync(cancellationToken).ConfigureAwait(false);
                return slots.Select(slot => slot.TryGet(out var found) ? found : null)
                    .FirstOrDefault(found => found is not null && found.From == _from && found.Nonce == _nonce)?.Hash;
            }
            catch (EthereumException error) when (error.Code != "rpc-wrong-chain")
            {
                return null;
            }
        }

        private void Tell(WaitEventKind kind, SignedTransaction attempt, string detail) =>
            options.OnEvent?.Invoke(new WaitEvent(kind, attempt.Hash, detail));

        private static string DescribeReceipt(EndpointAnswer<TransactionReceipt?> answer)
        {
            var says = !answer.HasValue ? "does not answer"
                : answer.Value is { } receipt ? $"has it in block {receipt.BlockNumber}"
                : "has no receipt";
            return $"{answer.Endpoint} {says}";
        }

        private static TimeSpan Shorter(TimeSpan left, TimeSpan right) => left < right ? left : right;
    }
}
