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
    private readonly Dictionary<string, (DateTime Written, long Length)> _read = new(StringComparer.Ordinal);
    private readonly Dictionary<Bytes32, string> _changes = [];

    /// <summary>The change that a transaction was sent for; null when none is on file.</summary>
    public string? ChangeOf(Bytes32 transaction)
    {
        lock (_gate)
        {
            if (!_changes.TryGetValue(transaction, out var known))
            {
                Refresh();
                known = _changes.GetValueOrDefault(transaction);
            }

            return known;
        }
    }

    // Only what was written since is read again: a stranger's transactions are asked for again and again.
    private void Refresh()
    {
        var folder = new DirectoryInfo(workspace.Locate("storage", "changes"));
        if (!folder.Exists)
        {
            return;
        }

        foreach (var change in folder.EnumerateDirectories())
        {
            var file = new FileInfo(Path.Combine(change.FullName, "journal.jsonl"));
            if (!file.Exists || (_read.TryGetValue(change.Name, out var before) && before == (file.LastWriteTimeUtc, file.Length)))
            {
                continue;
            }

            var seen = (file.LastWriteTimeUtc, file.Length);
            try
            {
                Read(change.Name);
                _read[change.Name] = seen;
            }
            catch (Exception problem) when (problem is ControlException or IOException or UnauthorizedAccessException)
            {
                // Read again the next time; until then its transactions are unexplained.
            }
        }
    }

    private void Read(string id)
    {
        if (new ChangeStore(workspace, time).Find(id) is not { } change || change.Document.ChainId != chain || !string.Equals(change.Document.Network, network, StringComparison.Ordinal))
        {
            return;
        }

        foreach (var entry in Journal.Read(change.JournalPath).Where(entry => (string?)entry["event"] is "signed" or "broadcast" or "mined" or "elsewhere"))
        {
            if (entry["hash"] is JsonValue value && value.TryGetValue<string>(out var text) && Hex.TryDecode(text, out var bytes) && bytes.Length == Bytes32.Size)
            {
                _changes.TryAdd(new Bytes32(bytes), change.Id);
            }
        }
    }
}
