using System.Globalization;
using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Drift;

/// <summary>What an executed change made of a view.</summary>
/// <param name="Change">The change's name.</param>
/// <param name="Result">What the view returned, or for code its hash.</param>
public sealed record ExecutedView(string Change, byte[] Result);

/// <summary>
/// What the changes on file made of the protocol: for each view what the newest verified change that names it made of it, and which transactions were sent for which change. Immutable.
/// </summary>
public sealed class ExecutedState
{
    private readonly Dictionary<(Address Target, string Call), ExecutedView> _views = [];
    private readonly Dictionary<Bytes32, string> _transactions = [];

    private ExecutedState(IReadOnlyList<string> problems) => Problems = problems;

    /// <summary>Records that could not be read, in words: what they made of the protocol is unknown.</summary>
    public IReadOnlyList<string> Problems { get; }

    /// <summary>The transactions that were mined for changes, whatever became of these, with the change's name.</summary>
    public IReadOnlyDictionary<Bytes32, string> Transactions => _transactions;

    /// <summary>Reads the changes of one network.</summary>
    /// <param name="survey">The changes on file.</param>
    /// <param name="network">The network.</param>
    /// <param name="chain">Its chain; changes of another chain of the same name are left out.</param>
    public static ExecutedState Read(IReadOnlyList<SurveyedChange> survey, string network, ChainId chain)
    {
        var executed = new ExecutedState([.. survey.Where(entry => entry.Problem is not null).Select(entry => $"the record {entry.Id} is damaged: {entry.Problem!.Message}")]);
        var verified = new List<(FiledChange Change, ulong Block, string At)>();
        foreach (var change in survey.Select(entry => entry.Change).OfType<FiledChange>().Where(change => string.Equals(change.Document.Network, network, StringComparison.Ordinal) && change.Document.ChainId == chain))
        {
            var entries = Journal.Read(change.JournalPath);
            foreach (var hash in entries.Where(entry => (string?)entry["event"] is "mined" or "elsewhere").Select(entry => Text(entry, "hash")).OfType<string>())
            {
                executed._transactions.TryAdd(Bytes32.Parse(hash), change.Id);
            }

            if (ChangeState.IsVerified(entries))
            {
                verified.Add((change, entries.Where(entry => (string?)entry["event"] is "mined" or "verified").Select(BlockOf).DefaultIfEmpty().Max(), Text(entries[^1], "at") ?? ""));
            }
        }

        foreach (var (change, _, _) in verified.OrderBy(entry => entry.Block).ThenBy(entry => entry.At, StringComparer.Ordinal).ThenBy(entry => entry.Change.Id, StringComparer.Ordinal))
        {
            // The code that a change was planned on was there when it was executed.
            foreach (var expectation in change.Document.Preconditions.Where(expectation => expectation.CodeHash is not null).Concat(change.Document.Expected))
            {
                executed._views[Key(expectation.Target, expectation.Call)] = new ExecutedView(change.Id, expectation.CodeHash?.ToBytes() ?? expectation.Result ?? []);
            }
        }

        return executed;
    }

    /// <summary>What the newest verified change made of a view; null when none names it.</summary>
    public ExecutedView? Find(ProtocolView view) => _views.GetValueOrDefault(Key(view.Module.Address, view.Call));

    /// <summary>The same in words; null when no change names it, or what it recorded is not of the view's form.</summary>
    internal (string Text, string Change)? Say(ProtocolView view)
    {
        if (Find(view) is not { } found)
        {
            return null;
        }

        try
        {
            return (view.Call is null ? new Bytes32(found.Result).ToString() : view.Text(found.Result), found.Change);
        }
        catch (EthereumException)
        {
            return null;
        }
    }

    private static (Address Target, string Call) Key(Address target, byte[]? call) => (target, call is null ? "code" : Convert.ToHexString(call));

    private static ulong BlockOf(JsonObject entry) => ulong.TryParse(Text(entry, "block"), NumberStyles.None, CultureInfo.InvariantCulture, out var block) ? block : 0;

    private static string? Text(JsonObject entry, string key) => entry[key] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
