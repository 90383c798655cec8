using System.Globalization;
using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Response.Detectors;

/// <summary>A change that was begun, as its journal has it.</summary>
/// <param name="Id">Its name, as <see cref="SentTransactions.ChangeOf"/> gives it.</param>
/// <param name="Document">The change.</param>
/// <param name="First">The first block in which a transaction of it was mined; null when none was recorded.</param>
/// <param name="Last">The last one, when the execution is recorded whole, which is when it was verified; null until then.</param>
public sealed record ExecutedChange(string Id, ChangeDocument Document, ulong? First, ulong? Last);

/// <summary>
/// The changes of a workspace that are being executed or were executed on a network, from the journals: a transaction's hash stands there before it is sent. One that failed, was cancelled or never began is not among them. A
/// journal that cannot be read is read again the next time. Safe for use by several threads.
/// </summary>
/// <param name="workspace">The workspace.</param>
/// <param name="network">The network.</param>
/// <param name="chain">Its chain.</param>
/// <param name="time">The clock.</param>
public sealed class ExecutedChanges(Workspace workspace, string network, ChainId chain, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly ChangedJournals _journals = new(workspace);
    private readonly Dictionary<string, ExecutedChange> _changes = new(StringComparer.Ordinal);

    /// <summary>They, as they stand now, by name.</summary>
    public IReadOnlyList<ExecutedChange> Read()
    {
        lock (_gate)
        {
            _journals.Refresh(Take);
            return [.. _changes.Values.OrderBy(change => change.Id, StringComparer.Ordinal)];
        }
    }

    private void Take(string id)
    {
        _ = _changes.Remove(id);
        if (new ChangeStore(workspace, time).Find(id) is not { } change || change.Document.ChainId != chain || !string.Equals(change.Document.Network, network, StringComparison.Ordinal))
        {
            return;
        }

        var entries = Journal.Read(change.JournalPath);
        var isVerified = ChangeState.IsVerified(entries);
        if (!entries.Any(entry => (string?)entry["event"] is "signed" or "mined" or "elsewhere") || (!isVerified && Journal.HasEnded(entries)))
        {
            return;
        }

        var mined = entries.Where(entry => (string?)entry["event"] is "mined" or "verified").Select(BlockOf).OfType<ulong>().ToList();
        _changes[id] = new ExecutedChange(id, change.Document, mined.Count == 0 ? null : mined.Min(), isVerified && mined.Count > 0 ? mined.Max() : null);
    }

    private static ulong? BlockOf(JsonObject entry) =>
        entry["block"] is JsonValue value && value.TryGetValue<string>(out var text) && ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var block) ? block : null;
}
