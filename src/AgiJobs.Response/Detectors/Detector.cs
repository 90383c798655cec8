using System.Globalization;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Detectors.Expressions;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Watching;

namespace AgiJobs.Response.Detectors;

/// <summary>A block as one detector looks at it.</summary>
internal sealed class BlockSight(WatchedBlock block, StateAnswers answers)
{
    private Dictionary<Bytes32, TransactionInfo>? _transactions;

    public WatchedBlock Block => block;

    public StateAnswers Answers => answers;

    public ulong Number { get; } = block.Header.Number.Value;

    public long Seconds { get; } = block.Header.Timestamp.ToUnixTimeSeconds();

    public ChainPlace Place { get; } = new(block.Header.Number, block.Header.Hash ?? throw new ArgumentException("A block to examine has a hash.", nameof(block)), block.Header.Timestamp);

    public ChainPlace At(LogEntry log) => Place with { Transaction = log.TransactionHash, LogIndex = (int?)log.LogIndex };

    public TransactionInfo? Transaction(Bytes32? hash) =>
        hash is { } wanted && block.Transactions is not null && (_transactions ??= block.Transactions.ToDictionary(transaction => transaction.Hash)).TryGetValue(wanted, out var found) ? found : null;
}

/// <summary>Watches for one rule, or one contract of it. Immutable: what it remembers is given and taken back.</summary>
internal abstract class Detector(string key, RuleFrame frame)
{
    /// <summary>What tells it from all others of the rule set.</summary>
    public string Key => key;

    public RuleFrame Frame => frame;

    /// <summary>What it is told and what it watches, without words for people: as long as it is the same, what it remembers counts. Set once, when the rule is compiled.</summary>
    public Bytes32 Digest { get; set; }

    /// <summary>The logs that it looks at.</summary>
    public virtual IReadOnlyList<WatchedEvent> Events => [];

    /// <summary>The contracts, calls to which it looks at.</summary>
    public virtual IReadOnlyList<Address> Calls => [];

    /// <summary>True when it needs whole transactions.</summary>
    public virtual bool NeedsTransactions => Events.Any(watched => watched.UsesTransaction);

    /// <summary>True when it needs the outcome of calls.</summary>
    public virtual bool NeedsOutcomes => false;

    /// <summary>The views that it looks at.</summary>
    public virtual IReadOnlyList<StateRead> Reads => [];

    /// <summary>True when it looks at every block, also one without logs for it.</summary>
    public virtual bool IsSteady => false;

    /// <summary>Examines a block.</summary>
    /// <param name="state">What it remembers.</param>
    /// <param name="block">The block.</param>
    /// <param name="logs">The logs of the block that are for it, with the event that each is of, in their order.</param>
    /// <param name="found">Takes what it finds.</param>
    /// <returns>What it remembers from then on.</returns>
    public abstract DetectorState Examine(DetectorState state, BlockSight block, IReadOnlyList<(LogEntry Log, WatchedEvent Watched)> logs, ICollection<Finding> found);

    /// <summary>Counts a block that could not be read; enough of them are a finding.</summary>
    protected DetectorState Blind(DetectorState state, BlockSight block, string why, ICollection<Finding> found)
    {
        var count = int.Parse(state["blind"] ?? "0", CultureInfo.InvariantCulture) + 1;
        if (count == frame.BlindAfter)
        {
            found.Add(frame.Blind(key, block.Place, $"{why}, for {count} {(count == 1 ? "block" : "blocks")}", resolved: false));
        }

        // No higher than matters, so that a long blindness does not change the memory at every block.
        return count > frame.BlindAfter ? state : state.With("blind", count.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>It can be read again.</summary>
    protected DetectorState Seeing(DetectorState state, BlockSight block, ICollection<Finding> found)
    {
        if (state["blind"] is not { } count)
        {
            return state;
        }

        if (int.Parse(count, CultureInfo.InvariantCulture) >= frame.BlindAfter)
        {
            found.Add(frame.Blind(key, block.Place, "it was read", resolved: true));
        }

        return state.With("blind", null);
    }
}

/// <summary>An event of a contract that a detector looks for. Immutable.</summary>
internal sealed record WatchedEvent(Address Address, string Subject, LogReading Reading, Expression? Where, bool UsesTransaction)
{
    public Bytes32 Topic => Reading.Event.Topic0!.Value;

    /// <summary>What a log says of it.</summary>
    /// <returns>Null when it is not meant; otherwise its arguments, and why something of it could not be read.</returns>
    public EventMatch? Match(LogEntry log, BlockSight block, RuleFrame frame)
    {
        if (frame.IsExplained(log.TransactionHash))
        {
            return null;
        }

        var (values, why) = Reading.Read(log);
        if (Where is null)
        {
            return new EventMatch(this, values, why);
        }

        return Where.Holds(UsesTransaction ? [.. values, TransactionValue.Of(block.Transaction(log.TransactionHash))] : values) switch
        {
            false => null,
            true => new EventMatch(this, values, why),
            null => new EventMatch(this, values, why ?? "whether its condition holds is unknown") { IsOpen = true },
        };
    }
}

/// <summary>A log that is meant.</summary>
/// <param name="Watched">By what.</param>
/// <param name="Values">Its arguments; null for what could not be read.</param>
/// <param name="Unread">What could not be read, in words; null when all was.</param>
internal sealed record EventMatch(WatchedEvent Watched, IReadOnlyList<AbiValue?> Values, string? Unread)
{
    /// <summary>True when it is not known whether it is meant.</summary>
    public bool IsOpen { get; init; }

    public AbiValue? this[string name] => Place(name) is >= 0 and var place ? Values[place] : null;

    public SortedDictionary<string, string> Facts(RuleFrame frame)
    {
        var inputs = Watched.Reading.Event.Inputs;
        var facts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var all = new List<string>();
        for (var place = 0; place < inputs.Count; place++)
        {
            var name = inputs[place].Name.Length > 0 ? inputs[place].Name : string.Create(CultureInfo.InvariantCulture, $"argument{place}");
            var text = frame.Text(name, Values[place]);
            facts[RuleFrame.FactOf(name)] = text;
            all.Add($"{name} {text}");
        }

        facts["arguments"] = all.Count == 0 ? "none" : string.Join(", ", all);
        facts["module"] = Watched.Subject;
        facts["address"] = Watched.Address.ToString();
        facts["event"] = Watched.Reading.Event.Name;
        return facts;
    }

    private int Place(string name) => Watched.Reading.Event.Inputs.ToList().FindIndex(input => string.Equals(input.Name, name, StringComparison.Ordinal));
}

/// <summary>A transaction as expressions see it, under the name <c>tx</c>.</summary>
internal static class TransactionValue
{
    public const string Name = "tx";

    public static AbiType Type { get; } = AbiFunction.Parse("function f((address from, address to, uint256 value, uint64 nonce, uint64 gas, bytes input) tx)").Inputs[0].Type;

    public static AbiValue? Of(TransactionInfo? transaction) => transaction is null
        ? null
        : AbiValue.List(transaction.From, transaction.To ?? Address.Zero, transaction.Value, transaction.Nonce, transaction.Gas, transaction.Input);
}
