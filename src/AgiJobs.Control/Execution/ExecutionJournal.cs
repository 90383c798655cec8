using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Transactions;

namespace AgiJobs.Control.Execution;

/// <summary>What the journal of a change says of its execution, and how that is written down: journal first, then the audit trail.</summary>
internal sealed class ExecutionJournal(Journal journal, FiledChange change, Func<string, JsonObject, Task> onEvidence, Action<string> onProgress)
{
    /// <summary>The key of the transaction that schedules a unit.</summary>
    public static string ScheduleOf(ExecutionUnit unit) => unit.Key + ".schedule";

    /// <summary>The key of the transaction that executes a scheduled unit.</summary>
    public static string ExecuteOf(ExecutionUnit unit) => unit.Key + ".execute";

    /// <summary>The key of the transaction by which a unit takes effect.</summary>
    public static string EffectOf(ExecutionUnit unit) => unit.Operation is null ? unit.Key : ExecuteOf(unit);

    /// <summary>True when the newest signed transaction of a key may have been mined or may yet be, or another one stands in its place.</summary>
    public static bool IsSigned(IReadOnlyList<JsonObject> entries, string key) => Newest(entries, key) is not null || Carried(entries, key) is not null;

    /// <summary>The Safe's nonce that the newest signed transaction of a key spends; null when there is none or it spends none.</summary>
    public static BigInteger? SafeNonceOf(IReadOnlyList<JsonObject> entries, string key) =>
        Newest(entries, key)?["safeNonce"] is JsonValue pinned && pinned.TryGetValue<string>(out var text) && BigInteger.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var nonce) ? nonce : null;

    /// <summary>The entries.</summary>
    public IReadOnlyList<JsonObject> Entries => journal.Entries;

    /// <summary>True when the change was verified and no reorganisation took that back.</summary>
    public bool IsVerified => LastIndex("verified") > LastIndex("reorganised");

    /// <summary>The newest event; null in an empty journal.</summary>
    public string? LastWord => journal.Entries is [.., var last] ? (string?)last["event"] : null;

    /// <summary>What was mined, newest block of each, in order, transactions of others that stand in the place of ours included where they were found.</summary>
    public IReadOnlyList<ExecutedTransaction> Mined =>
        [.. journal.Entries.Select((entry, index) => (Entry: entry, Index: index))
            .Where(item => Is(item.Entry, "mined") && Succeeded(item.Entry))
            .GroupBy(item => (string?)item.Entry["hash"], StringComparer.Ordinal)
            .Select(group => group.Last().Entry)
            .Select(entry => new ExecutedTransaction(
                Bytes32.Parse((string)entry["hash"]!),
                new BlockNumber(ulong.Parse((string)entry["block"]!, CultureInfo.InvariantCulture)),
                new Gas(ulong.Parse((string)entry["gasUsed"]!, CultureInfo.InvariantCulture))))];

    /// <summary>The block of a transaction that was mined, as it was last recorded.</summary>
    public Bytes32 BlockOf(Bytes32 transaction) => Bytes32.Parse((string)journal.Entries.Last(entry => Is(entry, "mined") && string.Equals((string?)entry["hash"], transaction.ToString(), StringComparison.Ordinal))["blockHash"]!);

    /// <summary>The transaction of another machine that was found in a key's place; null when none was.</summary>
    public (bool Found, Bytes32? Transaction) Elsewhere(string key) =>
        Carried(journal.Entries, key) is { } entry ? (true, entry["hash"] is JsonValue hash && hash.TryGetValue<string>(out var text) ? Bytes32.Parse(text) : null) : (false, null);

    /// <summary>The signed transaction of a key that may still be mined or is mined; null when there is none or it can never be mined.</summary>
    /// <exception cref="ControlException"><c>journal-corrupt</c> when what is recorded is not what was planned.</exception>
    public SignedTransaction? Pending(string key, Func<SignedTransaction, bool> fits)
    {
        if (Newest(journal.Entries, key) is not { } entry)
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
        return signed.Unsigned.ChainId == change.Document.ChainId && string.Equals((string?)entry["hash"], signed.Hash.ToString(), StringComparison.Ordinal) && fits(signed)
            ? signed
            : throw Corrupt($"holds the signed transaction {signed.Hash}, which is not one of this change", null);

        ControlException Corrupt(string why, Exception? inner) =>
            new("journal-corrupt", ExitCode.Mismatch, $"{change.JournalPath} {why}.", "Something other than this program wrote to it. Restore the file from git or a backup; nothing is sent until then.", inner);
    }

    public Task SignedAsync(string key, SignedTransaction signed, JsonObject pins)
    {
        var details = new JsonObject { ["unit"] = key, ["hash"] = signed.Hash.ToString(), ["from"] = signed.From.ToString(), ["nonce"] = signed.Unsigned.Nonce.ToString(CultureInfo.InvariantCulture), ["raw"] = Hex.Encode(signed.Raw.Span) };
        foreach (var (name, value) in pins)
        {
            details[name] = value?.DeepClone();
        }

        return NoteAsync("signed", "change.signed", details);
    }

    public Task BroadcastAsync(string key, SignedTransaction signed, BroadcastReport report) =>
        NoteAsync("broadcast", "change.sent", new JsonObject { ["unit"] = key, ["hash"] = signed.Hash.ToString(), ["answers"] = report.ToString() });

    public async Task MinedAsync(string key, TransactionReceipt receipt)
    {
        var hash = receipt.TransactionHash.ToString();
        var block = receipt.BlockHash.ToString();
        if (!journal.Entries.Any(entry => Is(entry, "mined", key) && string.Equals((string?)entry["hash"], hash, StringComparison.Ordinal) && string.Equals((string?)entry["blockHash"], block, StringComparison.Ordinal)))
        {
            await NoteAsync("mined", "change.mined", new JsonObject { ["unit"] = key, ["hash"] = hash, ["block"] = receipt.BlockNumber.ToString(), ["blockHash"] = block, ["gasUsed"] = receipt.GasUsed.ToString(), ["succeeded"] = receipt.Succeeded }).ConfigureAwait(false);
        }
    }

    public Task ElsewhereAsync(string key, Bytes32? transaction) => NoteAsync("elsewhere", "change.mined", new JsonObject { ["unit"] = key, ["hash"] = transaction?.ToString() });

    public Task ReplacedAsync(string key, SignedTransaction signed, Bytes32? by) =>
        NoteAsync("replaced", "change.failed", new JsonObject { ["unit"] = key, ["hash"] = signed.Hash.ToString(), ["by"] = by?.ToString() });

    public Task ReorganisedAsync(IEnumerable<Bytes32> gone) =>
        NoteAsync("reorganised", "change.failed", new JsonObject { ["transactions"] = new JsonArray([.. gone.Select(hash => (JsonNode)JsonValue.Create(hash.ToString()))]) });

    public Task MismatchAsync(string found) => NoteAsync("mismatch", "change.failed", new JsonObject { ["found"] = found });

    public async Task VerifiedAsync(BlockNumber? block, Bytes32? blockHash)
    {
        // The other way round than elsewhere: a run that dies between the two verifies once more, so that the audit trail never lacks its end.
        var details = new JsonObject { ["block"] = block?.ToString(), ["blockHash"] = blockHash?.ToString() };
        await TellAsync("change.verified", details).ConfigureAwait(false);
        journal.Append("verified", details);
    }

    public Task FailedAsync(string key, string why) => TellAsync("change.failed", new JsonObject { ["unit"] = key, ["why"] = why });

    /// <summary>Notes once when an operation that was scheduled may be executed.</summary>
    public void Waiting(string key, Bytes32 operation, ulong readyAt)
    {
        if (!journal.Entries.Any(entry => Is(entry, "scheduled", key)))
        {
            journal.Append("scheduled", new JsonObject { ["unit"] = key, ["operation"] = operation.ToString(), ["readyAt"] = readyAt.ToString(CultureInfo.InvariantCulture) });
        }
    }

    /// <summary>Tells the audit trail the newest entry again, since the process may have died before it was told.</summary>
    public async Task RepeatLastAsync()
    {
        if (journal.Entries is [.., var last] && (string?)last["event"] switch { "signed" => "change.signed", "broadcast" => "change.sent", "mined" or "elsewhere" => "change.mined", "replaced" or "reorganised" or "mismatch" => "change.failed", _ => null } is { } kind)
        {
            var details = last.DeepClone().AsObject();
            details.Remove("event");
            details.Remove("at");
            await TellAsync(kind, details).ConfigureAwait(false);
        }
    }

    private async Task NoteAsync(string eventName, string evidence, JsonObject details)
    {
        journal.Append(eventName, details);
        await TellAsync(evidence, details).ConfigureAwait(false);
    }

    private async Task TellAsync(string kind, JsonObject details)
    {
        try
        {
            await onEvidence(kind, details.DeepClone().AsObject()).ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is ControlException or EthereumException or IOException or UnauthorizedAccessException)
        {
            // What is on its way to the chain is not left half done for want of a record; the journal has it.
            onProgress($"EVIDENCE MISSING {kind} was not recorded: {problem.Message}");
        }
    }

    private int LastIndex(string eventName)
    {
        for (var i = journal.Entries.Count - 1; i >= 0; i--)
        {
            if (Is(journal.Entries[i], eventName))
            {
                return i;
            }
        }

        return -1;
    }

    private static JsonObject? Newest(IReadOnlyList<JsonObject> entries, string key)
    {
        var entry = entries.LastOrDefault(entry => Is(entry, "signed", key));
        return entry is null || entries.Any(other => Is(other, "replaced", key) && string.Equals((string?)other["hash"], (string?)entry["hash"], StringComparison.Ordinal)) ? null : entry;
    }

    // What others did counts until a reorganisation, after which it is looked for again.
    private static JsonObject? Carried(IReadOnlyList<JsonObject> entries, string key)
    {
        for (var i = entries.Count - 1; i >= 0 && !Is(entries[i], "reorganised"); i--)
        {
            if (Is(entries[i], "elsewhere", key))
            {
                return entries[i];
            }
        }

        return null;
    }

    private static bool Succeeded(JsonObject entry) => !Journal.HasReverted(entry);

    private static bool Is(JsonObject entry, string eventName) => string.Equals((string?)entry["event"], eventName, StringComparison.Ordinal);

    private static bool Is(JsonObject entry, string eventName, string key) => Is(entry, eventName) && string.Equals((string?)entry["unit"], key, StringComparison.Ordinal);
}
