using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Transactions;

namespace AgiJobs.Control.Execution;

/// <summary>
/// Takes back a transaction that was sent and is not mined, by spending its nonce on nothing. Journal first, then send; run again, it goes on with the same bytes. The chain decides which of the
/// two is mined.
/// </summary>
public sealed class Cancellation(EthereumClient client, FiledChange change, TimeProvider time)
{
    private readonly TransactionSender _sender = new(client);

    /// <summary>Hears of each step as it is done.</summary>
    public Action<string> OnProgress { get; init; } = _ => { };

    /// <summary>How many blocks, its own included, the replacement needs; at least 1.</summary>
    public int Confirmations { get; init; } = 1;

    /// <summary>How long it is waited for.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Spends the nonce of the newest transaction of the change that is not mined.</summary>
    /// <returns>The transaction that took the nonce.</returns>
    /// <exception cref="ControlException">
    /// <c>cancel-too-late</c> (exit 4) when it was mined, <c>cancel-nothing</c> (exit 4) when nothing of it waits, <c>sender-wrong</c> (exit 4), <c>change-undecided</c> (exit 5), <c>journal-locked</c>,
    /// <c>journal-corrupt</c>.
    /// </exception>
    /// <exception cref="EthereumException">Those of preparing and sending.</exception>
    public async Task<Bytes32> ExecuteAsync(ISigner signer, CancellationToken cancellation)
    {
        using var journal = Journal.Open(change.JournalPath, time);
        var entry = journal.Entries.LastOrDefault(entry => (string?)entry["event"] is "signed" && !journal.Entries.Any(other => (string?)other["event"] is "mined" or "replaced" && string.Equals((string?)other["hash"], (string?)entry["hash"], StringComparison.Ordinal)))
            ?? throw new ControlException("cancel-nothing", ExitCode.Refused, $"No transaction of {change.Id} waits to be mined.", $"agijobs change show {change.Id}");
        var original = Parse(entry);
        if (original.From != signer.Address)
        {
            throw new ControlException("sender-wrong", ExitCode.Refused, $"The transaction {original.Hash} is of {original.From}, and only that account can spend its nonce; the signer is {signer.Address}.", "Name that account's signer with --signer.");
        }

        var recorded = journal.Entries.LastOrDefault(other => (string?)other["event"] is "cancellation" && string.Equals((string?)other["of"], original.Hash.ToString(), StringComparison.Ordinal));
        SignedTransaction replacement;
        if (recorded is not null)
        {
            replacement = Parse(recorded);
            OnProgress($"going on with {replacement.Hash}, which was signed before");
        }
        else
        {
            try
            {
                replacement = await _sender.SignAsync(await _sender.PrepareCancellationAsync(original, cancellationToken: cancellation).ConfigureAwait(false), signer, cancellation).ConfigureAwait(false);
            }
            catch (EthereumException problem) when (problem.Code is "transaction-mined" or "nonce-used")
            {
                throw TooLate(original, problem);
            }

            journal.Append("cancellation", new JsonObject { ["unit"] = (string?)entry["unit"], ["of"] = original.Hash.ToString(), ["hash"] = replacement.Hash.ToString(), ["raw"] = Hex.Encode(replacement.Raw.Span) });
        }

        var report = await _sender.BroadcastAsync(replacement, cancellationToken: cancellation).ConfigureAwait(false);
        if (!report.Answers.Any(answer => answer.Result == BroadcastResult.NonceUsed))
        {
            report.EnsureAccepted();
        }

        OnProgress($"sent {replacement.Hash}, which does nothing but spend nonce {replacement.Unsigned.Nonce}");
        switch (await _sender.WaitAsync(replacement, new WaitOptions { Confirmations = Math.Max(1, Confirmations), PollInterval = TimeSpan.FromMilliseconds(250), Deadline = Patience }, cancellation).ConfigureAwait(false))
        {
            case TransactionConfirmed:
                // "replaced" because that is what happened to it, "refused" so that nobody signs another in its place.
                journal.Append("replaced", new JsonObject { ["unit"] = (string?)entry["unit"], ["hash"] = original.Hash.ToString(), ["by"] = replacement.Hash.ToString() });
                journal.Append("refused", new JsonObject { ["unit"] = (string?)entry["unit"], ["hash"] = original.Hash.ToString(), ["by"] = replacement.Hash.ToString() });
                return replacement.Hash;
            case TransactionReplaced:
                throw TooLate(original, null);
            case var outcome:
                throw new ControlException("change-undecided", ExitCode.Unknown, $"{replacement.Hash} is sent and not decided: {(outcome as TransactionUndecided)?.Why}", "Run the command again; it goes on with the same signed transaction and sends no other.");
        }
    }

    private ControlException TooLate(SignedTransaction original, Exception? inner) =>
        new("cancel-too-late", ExitCode.Refused, $"It is too late: nonce {original.Unsigned.Nonce} of {original.From} is used, most likely by the change's own transaction {original.Hash}.", $"Finish its record with 'agijobs change resume {change.Id} --signer NAME --execute', then undo it with 'agijobs change rollback {change.Id}'.", inner);

    private SignedTransaction Parse(JsonObject entry)
    {
        try
        {
            var signed = SignedTransaction.Parse(Hex.Decode(entry["raw"] is JsonValue raw && raw.TryGetValue<string>(out var text) ? text : ""));
            return signed.Unsigned.ChainId == change.Document.ChainId ? signed : throw new EthereumException("chain", Fault.Mismatch, "it is for another chain");
        }
        catch (EthereumException problem)
        {
            throw new ControlException("journal-corrupt", ExitCode.Mismatch, $"{change.JournalPath} holds a signed transaction that cannot be used: {problem.Message}", "Something other than this program wrote to it. Restore the file from git or a backup; nothing is sent until then.", problem);
        }
    }
}
