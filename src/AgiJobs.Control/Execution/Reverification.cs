using System.Globalization;
using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Control.Execution;

/// <summary>A transaction of the journal held against its receipt on file and on the chain.</summary>
/// <param name="Hash">Its hash.</param>
/// <param name="Block">The block that the journal names, or the chain's for one that another machine sent; null when neither has one.</param>
/// <param name="Problem">What does not agree; null when all agree.</param>
public sealed record ReverifiedTransaction(Bytes32 Hash, BlockNumber? Block, string? Problem);

/// <summary>An executed change verified once more, from the record and the chain. Writes nothing.</summary>
/// <param name="Transactions">What was sent, in order.</param>
/// <param name="AtReceipt">The expected state at the last receipt's block.</param>
/// <param name="Now">The expected state at the newest block.</param>
public sealed record Reverification(IReadOnlyList<ReverifiedTransaction> Transactions, IReadOnlyList<CheckedExpectation> AtReceipt, IReadOnlyList<CheckedExpectation> Now)
{
    /// <summary>6 when the record and the chain do not agree or the state was not as expected, 5 when it could not be read, 3 when it no longer is, else 0.</summary>
    public ExitCode Exit =>
        Transactions.Any(transaction => transaction.Problem is not null) || AtReceipt.Any(check => check.Holds == false) ? ExitCode.Mismatch
        : AtReceipt.Concat(Now).Any(check => check.Holds is null) ? ExitCode.Unknown
        : Now.Any(check => check.Holds == false) ? ExitCode.Findings
        : ExitCode.Clean;

    /// <summary>Verifies a change.</summary>
    /// <exception cref="ControlException"><c>change-not-executed</c> (exit 4) when nothing of it was mined, <c>journal-corrupt</c>.</exception>
    /// <exception cref="EthereumException">When the chain cannot be read.</exception>
    public static async Task<Reverification> OfAsync(EthereumClient client, Workspace workspace, FiledChange change, CancellationToken cancellation)
    {
        // A transaction that was mined twice, before and after a reorganisation, counts as it was last recorded.
        var mined = Journal.Read(change.JournalPath).Where(entry => (string?)entry["event"] is "mined" or "elsewhere" && entry["hash"] is not null).GroupBy(entry => (string?)entry["hash"], StringComparer.Ordinal).Select(group => group.Last()).ToList();
        if (mined.Count == 0)
        {
            throw new ControlException("change-not-executed", ExitCode.Refused, $"Nothing of the change {change.Id} was mined, so there is nothing to verify.", $"agijobs change show {change.Id}");
        }

        var transactions = new List<ReverifiedTransaction>();
        TransactionReceipt? last = null;
        foreach (var entry in mined)
        {
            var hash = Bytes32.Parse((string)entry["hash"]!);
            var receipt = await client.ReceiptAsync(hash, cancellation).ConfigureAwait(false);
            transactions.Add(new ReverifiedTransaction(hash, (string?)entry["block"] is { } block ? new BlockNumber(ulong.Parse(block, CultureInfo.InvariantCulture)) : receipt?.BlockNumber, Problem(workspace, change, entry, receipt)));
            last = receipt ?? last;
        }

        var expected = change.Document.Expected;
        var then = last is null ? [] : await StateCheck.ReadAsync(client, expected, BlockReference.At(last.BlockHash), cancellation).ConfigureAwait(false);
        return new Reverification(transactions, then, await StateCheck.ReadAsync(client, expected, BlockReference.Latest, cancellation).ConfigureAwait(false));
    }

    private static string? Problem(Workspace workspace, FiledChange change, JsonObject entry, TransactionReceipt? receipt)
    {
        if (receipt is null)
        {
            return "the chain has no receipt of it: it was reorganised away, or the node has forgotten it";
        }

        if ((string?)entry["event"] is "mined" && !string.Equals((string?)entry["blockHash"], receipt.BlockHash.ToString(), StringComparison.Ordinal))
        {
            return $"the journal has it in the block {(string?)entry["blockHash"]}, and the chain in {receipt.BlockHash}";
        }

        if (!receipt.Succeeded)
        {
            return "it reverted";
        }

        // Of what another machine sent that machine has the receipt.
        if ((string?)entry["event"] is "elsewhere")
        {
            return null;
        }

        var path = workspace.Locate("storage", "receipts", change.Document.Network, receipt.TransactionHash + ".json");
        try
        {
            var filed = JsonNode.Parse(File.ReadAllBytes(path));
            return string.Equals((string?)filed?["blockHash"], receipt.BlockHash.ToString(), StringComparison.OrdinalIgnoreCase) && (string?)filed?["status"] is "0x1"
                ? null
                : $"{path} is not the receipt that the chain has";
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or System.Text.Json.JsonException or InvalidOperationException)
        {
            return $"{path} cannot be read: {problem.Message}";
        }
    }
}
