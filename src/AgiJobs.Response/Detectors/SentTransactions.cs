using System.Text.Json.Nodes;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Response.Detectors;

/// <summary>
/// Which transactions were sent for changes of the workspace: from the journals, into which a hash comes before its transaction is sent, so that a monitor on the newest block finds it there. What cannot be read
/// explains nothing: the finding comes. Safe for use by several threads.
/// </summary>
/// <param name="workspace">The workspace.</param>
/// <param name="network">The network.</param>
/// <param name="chain">Its chain.</param>
/// <param name="time">The clock.</param>
public sealed class SentTransactions(Workspace workspace, string network, ChainId chain, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly ChangedJournals _journals = new(workspace);
    private readonly Dictionary<Bytes32, string> _changes = [];

    /// <summary>The change that a transaction was sent for; null when none is on file.</summary>
    public string? ChangeOf(Bytes32 transaction)
    {
        lock (_gate)
        {
            if (!_changes.TryGetValue(transaction, out var known))
            {
                // Only what was written since is read again: a stranger's transactions are asked for again and again.
                _journals.Refresh(Read);
                known = _changes.GetValueOrDefault(transaction);
            }

            return known;
        }
    }

    private void Read(string id)
    {
        if (new ChangeStore(workspace, time).Find(id) is not { } change || change.Document.ChainId != chain || !string.Equals(change.Document.Network, network, StringComparison.Ordinal))
        {
            return;
        }

        foreach (var transaction in Of(change))
        {
            _changes.TryAdd(transaction, change.Id);
        }
    }

    /// <summary>The transactions that were sent for a change, by its journal, each of them perhaps more than once.</summary>
    /// <exception cref="ControlException">The journal cannot be read.</exception>
    public static IEnumerable<Bytes32> Of(FiledChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        foreach (var entry in Journal.Read(change.JournalPath).Where(entry => (string?)entry["event"] is "signed" or "broadcast" or "mined" or "elsewhere"))
        {
            if (entry["hash"] is JsonValue value && value.TryGetValue<string>(out var text) && Hex.TryDecode(text, out var bytes) && bytes.Length == Bytes32.Size)
            {
                yield return new Bytes32(bytes);
            }
        }
    }
}
