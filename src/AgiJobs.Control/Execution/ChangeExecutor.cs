using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Ethereum.Transactions;

namespace AgiJobs.Control.Execution;

/// <summary>How an execution ended.</summary>
public enum ExecutionEnd
{
    /// <summary>Sent, mined, and the state afterwards is as expected.</summary>
    Verified,

    /// <summary>The state was there already; nothing was sent.</summary>
    NothingToDo,

    /// <summary>The change was executed and verified before; nothing was sent.</summary>
    AlreadyExecuted,
}

/// <summary>A transaction that carried a change.</summary>
/// <param name="Hash">Its hash.</param>
/// <param name="Block">The block that it is in.</param>
/// <param name="GasUsed">What it used.</param>
public sealed record ExecutedTransaction(Bytes32 Hash, BlockNumber Block, Gas GasUsed);

/// <summary>What an execution did.</summary>
/// <param name="End">How it ended.</param>
/// <param name="Transactions">What was mined, in order.</param>
/// <param name="Checks">The expected state as it was found: after the last transaction, or now when nothing was sent.</param>
public sealed record ExecutionResult(ExecutionEnd End, IReadOnlyList<ExecutedTransaction> Transactions, IReadOnlyList<CheckedExpectation> Checks)
{
    /// <summary>Clean when the expected state holds; findings when it no longer does, unknown when it could not be read.</summary>
    public ExitCode Exit => Checks.Any(check => check.Holds is null) ? ExitCode.Unknown : Checks.Any(check => check.Holds == false) ? ExitCode.Findings : ExitCode.Clean;
}

/// <summary>
/// Executes a filed change: journal first, then send, then verify. A process that dies at any point is followed by one that reads the journal and goes on:
/// signed bytes that are on record are sent again as they are, and nothing is signed a second time while the first may still be mined.
/// </summary>
public sealed class ChangeExecutor(EthereumClient client, Protocol protocol, Workspace workspace, TimeProvider time)
{
    // Twice what the node estimates: what a resume writes depends on the second in which it is mined, and gas that is not used is not paid.
    private readonly TransactionSender _sender = new(client, options: new SendOptions { GasBuffer = new BasisPoints(10_000) });

    /// <summary>Hears of each step as it is done, for people who wait.</summary>
    public Action<string> OnProgress { get; init; } = _ => { };

    /// <summary>How many blocks, its own included, a transaction needs; at least 1.</summary>
    public int Confirmations { get; init; } = 1;

    /// <summary>How long a sent transaction is waited for before the command ends with <c>change-undecided</c>.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>What has to let a change pass before anything is signed; null lets everything pass.</summary>
    public IExecutionGate? Gate { get; init; }

    /// <summary>
    /// Takes each event of the execution for the audit trail, after its journal entry: <c>change.signed</c>, <c>change.sent</c>, <c>change.mined</c>, <c>change.verified</c>, <c>change.failed</c>, with
    /// what the journal says of it. After a crash the newest one may come twice.
    /// </summary>
    public Func<string, JsonObject, Task> OnEvidence { get; init; } = (_, _) => Task.CompletedTask;

    /// <summary>Executes, or goes on with an execution that was interrupted.</summary>
    /// <param name="change">The change.</param>
    /// <param name="signer">Who sends: for a direct route the account that holds the role, for a Safe anybody with gas.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <exception cref="ControlException">
    /// <c>change-stale</c> (exit 4) when a precondition no longer holds, <c>approvals-missing</c> (exit 4), <c>sender-wrong</c> (exit 4), <c>change-reverted</c> (exit 1),
    /// <c>change-undecided</c> (exit 5), <c>nonce-taken</c> (exit 1), <c>verification-mismatch</c> (exit 6), <c>journal-locked</c>, <c>journal-corrupt</c>.
    /// </exception>
    /// <exception cref="EthereumException">Those of preparing and sending.</exception>
    public async Task<ExecutionResult> ExecuteAsync(FiledChange change, ISigner signer, CancellationToken cancellation)
    {
        var document = change.Document;
        if (document.ChainId != client.ChainId)
        {
            throw new ControlException("change-chain", ExitCode.Mismatch, $"The change {change.Id} is for chain {document.ChainId}, and this is chain {client.ChainId}.");
        }

        using var journal = Journal.Open(change.JournalPath, time);
        if (journal.Last("verified") is not null)
        {
            // Executed once is executed; but the reader must not take that for the state of today.
            return new ExecutionResult(ExecutionEnd.AlreadyExecuted, Mined(journal), await StateCheck.ReadAsync(client, document.Expected, BlockReference.Latest, cancellation).ConfigureAwait(false));
        }

        var isSafe = document.Steps[0].Route.Kind == RouteKind.Safe;
        var units = Enumerable.Range(0, isSafe ? 1 : document.Steps.Count).ToList();

        // Nothing that was signed can still be mined: the state decides anew, also when another transaction took the nonce.
        if (units.TrueForAll(unit => Pending(change, journal, unit) is null))
        {
            var now = await StateCheck.ReadAsync(client, document.Expected, BlockReference.Latest, cancellation).ConfigureAwait(false);
            if (now.All(check => check.Holds == true))
            {
                return new ExecutionResult(ExecutionEnd.NothingToDo, [], now);
            }

            await RequirePreconditionsAsync(change, cancellation).ConfigureAwait(false);
        }

        // Also when part of it is sent already: what is not signed yet needs leave like the first.
        if (Gate is { } gate && units.Exists(unit => Pending(change, journal, unit) is null))
        {
            await gate.RequireAsync(change, signer.Address, cancellation).ConfigureAwait(false);
        }

        TransactionReceipt? last = null;
        foreach (var unit in units)
        {
            last = await CarryAsync(journal, change, unit, isSafe, signer, cancellation).ConfigureAwait(false);
        }

        return await VerifyAsync(journal, change, last!, cancellation).ConfigureAwait(false);
    }

    private async Task RequirePreconditionsAsync(FiledChange change, CancellationToken cancellation)
    {
        var checks = await StateCheck.ReadAsync(client, change.Document.Preconditions, BlockReference.Latest, cancellation).ConfigureAwait(false);
        if (checks.Where(check => check.Holds is null).ToList() is { Count: > 0 } unread)
        {
            throw new ControlException("reading-unknown", ExitCode.Unknown, $"Preconditions could not be read: {string.Join("; ", unread.Select(check => $"{check.Expectation.Subject}: {check.Found}"))}.", "Nothing was sent. Run the command again when the node answers.");
        }

        if (checks.Where(check => check.Holds == false).ToList() is { Count: > 0 } broken)
        {
            throw new ControlException("change-stale", ExitCode.Refused, $"The change {change.Id} was planned on a state that is gone: {string.Join("; ", broken.Select(check => $"{check.Expectation.Subject} no longer holds (found {check.Found})"))}.", "Nothing was sent. Plan it again; the new plan is a new change.");
        }
    }

    // Brings one transaction to its receipt, from wherever the journal says it is.
    private async Task<TransactionReceipt> CarryAsync(Journal journal, FiledChange change, int unit, bool isSafe, ISigner signer, CancellationToken cancellation)
    {
        var key = unit.ToString(CultureInfo.InvariantCulture);
        var signed = Pending(change, journal, unit);
        if (signed is null)
        {
            signed = await SignAsync(change, unit, isSafe, signer, cancellation).ConfigureAwait(false);
            journal.Append("signed", new JsonObject { ["unit"] = key, ["hash"] = signed.Hash.ToString(), ["from"] = signed.From.ToString(), ["nonce"] = signed.Unsigned.Nonce.ToString(CultureInfo.InvariantCulture), ["raw"] = Hex.Encode(signed.Raw.Span) });
        }
        else
        {
            OnProgress($"going on with {signed.Hash}, which was signed before");
        }

        // Also when it may have been sent before: the same bytes can be mined once only.
        var report = await _sender.BroadcastAsync(signed, cancellationToken: cancellation).ConfigureAwait(false);
        journal.Append("broadcast", new JsonObject { ["unit"] = key, ["hash"] = signed.Hash.ToString(), ["answers"] = report.ToString() });
        if (!report.Answers.Any(answer => answer.Result == BroadcastResult.NonceUsed))
        {
            report.EnsureAccepted();
        }

        OnProgress($"sent {signed.Hash}");
        var outcome = await _sender.WaitAsync(signed, new WaitOptions { Confirmations = Math.Max(1, Confirmations), PollInterval = TimeSpan.FromMilliseconds(250), Deadline = Patience }, cancellation).ConfigureAwait(false);
        switch (outcome)
        {
            case TransactionConfirmed confirmed:
                var receipt = confirmed.Receipt;
                if (journal.Entries.All(entry => !Is(entry, "mined", key)))
                {
                    journal.Append("mined", new JsonObject { ["unit"] = key, ["hash"] = signed.Hash.ToString(), ["block"] = receipt.BlockNumber.ToString(), ["blockHash"] = receipt.BlockHash.ToString(), ["gasUsed"] = receipt.GasUsed.ToString(), ["succeeded"] = receipt.Succeeded });
                }

                await FileReceiptAsync(change, receipt, cancellation).ConfigureAwait(false);
                OnProgress($"mined in block {receipt.BlockNumber}");
                await RequireSuccessAsync(signed, receipt, cancellation).ConfigureAwait(false);
                return receipt;
            case TransactionReplaced replaced:
                journal.Append("replaced", new JsonObject { ["unit"] = key, ["hash"] = signed.Hash.ToString(), ["by"] = replaced.By?.ToString() });
                throw new ControlException("nonce-taken", ExitCode.Failed, $"{signed.Hash} can never be mined: nonce {replaced.Nonce} of {signed.From} was used by {replaced.By?.ToString() ?? "another transaction"}.", "Somebody or something else uses this key. Find out what that transaction did, then run the command again.");
            case TransactionUndecided undecided:
                throw new ControlException("change-undecided", ExitCode.Unknown, $"{signed.Hash} is sent and not decided: {undecided.Why}", "Run the command again; it goes on with the same signed transaction and sends no other.");
            default:
                throw new InvalidOperationException($"{outcome.GetType().Name} is no known outcome.");
        }
    }

    private async Task<SignedTransaction> SignAsync(FiledChange change, int unit, bool isSafe, ISigner signer, CancellationToken cancellation)
    {
        var step = change.Document.Steps[unit];
        TransactionIntent intent;
        if (isSafe)
        {
            var carrier = new SafeCarrier(client, change);
            var standing = await carrier.StandingAsync(cancellation).ConfigureAwait(false);
            if (!standing.IsComplete)
            {
                throw new ControlException(
                    "approvals-missing",
                    ExitCode.Refused,
                    $"The change {change.Id} has {standing.Approvals.Count} of the {standing.Needed} signatures that the Safe demands.{(standing.Stale.Count == 0 ? "" : $" These count no more: {string.Join("; ", standing.Stale)}.")}",
                    $"Owners sign with 'agijobs change approve {change.Id} --signer NAME'.");
            }

            var prepared = await carrier.PrepareAsync(standing, signer.Address, cancellation).ConfigureAwait(false);
            intent = new TransactionIntent { From = signer.Address, To = step.Route.Caller, Data = prepared.Calldata, Abi = protocol.Abi };
        }
        else
        {
            if (signer.Address != step.Route.Caller)
            {
                throw new ControlException("sender-wrong", ExitCode.Refused, $"The change {change.Id} is to be sent by {step.Route.Caller} ({step.Route.Role}), and the signer is {signer.Address}.", "Name that account's signer with --signer, or plan the change for this one.");
            }

            intent = new TransactionIntent { From = signer.Address, To = step.Target, Data = step.Calldata, Abi = protocol.Abi };
        }

        return await _sender.SignAsync(await _sender.PrepareAsync(intent, cancellation).ConfigureAwait(false), signer, cancellation).ConfigureAwait(false);
    }

    private async Task<ExecutionResult> VerifyAsync(Journal journal, FiledChange change, TransactionReceipt last, CancellationToken cancellation)
    {
        var checks = await StateCheck.ReadAsync(client, change.Document.Expected, BlockReference.At(last.BlockHash), cancellation).ConfigureAwait(false);
        if (checks.Where(check => check.Holds is null).ToList() is { Count: > 0 } unread)
        {
            throw new ControlException("reading-unknown", ExitCode.Unknown, $"The change was mined, and its effect could not be read: {string.Join("; ", unread.Select(check => $"{check.Expectation.Subject}: {check.Found}"))}.", "Run the command again; it sends nothing more and verifies.");
        }

        AtomicFile.Write(Path.Combine(change.Folder, "verification.json"), VerificationJson(change, last, checks));
        if (checks.Where(check => check.Holds == false).ToList() is { Count: > 0 } wrong)
        {
            journal.Append("mismatch", new JsonObject { ["found"] = string.Join("; ", wrong.Select(check => $"{check.Expectation.Subject}: {check.Found}")) });
            throw new ControlException("verification-mismatch", ExitCode.Mismatch, $"The change {change.Id} was mined and the state is not what it should be: {string.Join("; ", wrong.Select(check => $"{check.Expectation.Subject} does not hold (found {check.Found})"))}.", "Look at the receipts and at the modules before anything else is sent.");
        }

        journal.Append("verified", new JsonObject { ["block"] = last.BlockNumber.ToString(), ["blockHash"] = last.BlockHash.ToString() });
        return new ExecutionResult(ExecutionEnd.Verified, Mined(journal), checks);
    }

    private async Task RequireSuccessAsync(SignedTransaction signed, TransactionReceipt receipt, CancellationToken cancellation)
    {
        if (receipt.Succeeded)
        {
            return;
        }

        var reason = "the reason could not be found out";
        try
        {
            _ = await client.CallAsync(new CallRequest { From = signed.From, To = signed.Unsigned.To, Data = signed.Unsigned.Data }, BlockReference.At(receipt.BlockHash), cancellation).ConfigureAwait(false);
        }
        catch (RevertException refused)
        {
            reason = refused.DecodedBy(protocol.Abi).Message;
        }
        catch (EthereumException)
        {
            // The failure itself is certain; only its reason is not.
        }

        throw new ControlException("change-reverted", ExitCode.Failed, $"{signed.Hash} was mined in block {receipt.BlockNumber} and reverted: {reason}.", "Nothing was changed but the sender's gas. Plan the change again on the present state.");
    }

    private async Task FileReceiptAsync(FiledChange change, TransactionReceipt receipt, CancellationToken cancellation)
    {
        // As the node gives it, so that it can be compared with any other node's.
        var raw = await client.RequestAsync("eth_getTransactionReceipt", writer => writer.WriteStringValue(receipt.TransactionHash.ToString()), cancellation).ConfigureAwait(false);
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            raw.WriteTo(writer);
        }

        AtomicFile.Write(workspace.Locate("storage", "receipts", change.Document.Network, receipt.TransactionHash + ".json"), [.. buffer.ToArray(), (byte)'\n']);
    }

    private byte[] VerificationJson(FiledChange change, TransactionReceipt last, IReadOnlyList<CheckedExpectation> checks)
    {
        var verification = new JsonObject
        {
            ["version"] = 1,
            ["change"] = change.Document.Digest().ToString(),
            ["block"] = last.BlockNumber.ToString(),
            ["blockHash"] = last.BlockHash.ToString(),
            ["transaction"] = last.TransactionHash.ToString(),
            ["expected"] = new JsonArray([.. checks.Select(check => (JsonNode)new JsonObject { ["subject"] = check.Expectation.Subject, ["holds"] = check.Holds, ["found"] = check.Found })]),
            ["events"] = new JsonArray([.. last.Logs.Select(log => (JsonNode)JsonValue.Create(Describe(log)))]),
        };
        return Encoding.UTF8.GetBytes(verification.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
    }

    private string Describe(LogEntry log)
    {
        var emitter = protocol.At(log.Address)?.Name ?? log.Address.ToString();
        Bytes32[] topics = [.. log.Topics];
        var abi = protocol.At(log.Address)?.Abi ?? SafeAbi.Safe;
        return abi.TryEvent(topics, out var known) ? $"{emitter}.{known.Name}({known.Decode(topics, log.Data.Span)})" : $"{emitter}: unknown event {(topics.Length > 0 ? topics[0].ToString() : "without topics")}";
    }

    // The signed transaction of a unit that may still be mined or is mined; null when there is none or it can never be mined.
    private static SignedTransaction? Pending(FiledChange change, Journal journal, int unit)
    {
        var key = unit.ToString(CultureInfo.InvariantCulture);
        var entry = journal.Entries.LastOrDefault(entry => Is(entry, "signed", key));
        if (entry is null || journal.Entries.Any(other => Is(other, "replaced", key) && string.Equals((string?)other["hash"], (string?)entry["hash"], StringComparison.Ordinal)))
        {
            return null;
        }

        SignedTransaction signed;
        try
        {
            signed = SignedTransaction.Parse(Hex.Decode(entry["raw"] is JsonValue raw && raw.TryGetValue<string>(out var text) ? text : ""));
        }
        catch (EthereumException problem)
        {
            throw Corrupt($"holds a signed transaction that cannot be read: {problem.Message}", problem);
        }

        // What is sent again has to be what was planned: the file is only as trustworthy as the folder that it lies in.
        var step = change.Document.Steps[unit];
        var isCarrier = step.Route.Kind == RouteKind.Safe
            ? signed.Unsigned.To == step.Route.Caller
            : signed.From == step.Route.Caller && signed.Unsigned.To == step.Target && signed.Unsigned.Data.Span.SequenceEqual(step.Calldata);
        return isCarrier && signed.Unsigned.ChainId == change.Document.ChainId && string.Equals((string?)entry["hash"], signed.Hash.ToString(), StringComparison.Ordinal)
            ? signed
            : throw Corrupt($"holds the signed transaction {signed.Hash}, which is not one of this change", null);

        ControlException Corrupt(string why, Exception? inner) =>
            new("journal-corrupt", ExitCode.Mismatch, $"{change.JournalPath} {why}.", "Something other than this program wrote to it. Restore the file from git or a backup; nothing is sent until then.", inner);
    }

    private static bool Is(JsonObject entry, string eventName, string key) =>
        string.Equals((string?)entry["event"], eventName, StringComparison.Ordinal) && string.Equals((string?)entry["unit"], key, StringComparison.Ordinal);

    private static List<ExecutedTransaction> Mined(Journal journal) =>
        [.. journal.Entries.Where(entry => string.Equals((string?)entry["event"], "mined", StringComparison.Ordinal)).Select(entry => new ExecutedTransaction(
            Bytes32.Parse((string)entry["hash"]!),
            new BlockNumber(ulong.Parse((string)entry["block"]!, CultureInfo.InvariantCulture)),
            new Gas(ulong.Parse((string)entry["gasUsed"]!, CultureInfo.InvariantCulture))))];
}
