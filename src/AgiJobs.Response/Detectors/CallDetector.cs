using System.Globalization;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Detectors.Expressions;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Detectors;

/// <summary>A function that a detector looks for; null stands for every transaction to the contract.</summary>
internal sealed record WatchedCall(Address Address, string Subject, AbiFunction? Function, Expression? Where);

/// <summary>A function is called by a transaction.</summary>
internal sealed class CallDetector(string key, RuleFrame frame, IReadOnlyList<WatchedCall> calls, bool? outcome) : Detector(key, frame)
{
    private readonly ILookup<Address, WatchedCall> _calls = calls.ToLookup(call => call.Address);

    public override IReadOnlyList<Address> Calls { get; } = [.. calls.Select(call => call.Address).Distinct()];

    public override bool NeedsTransactions => true;

    public override bool NeedsOutcomes => outcome is not null;

    public override bool IsSteady => true;

    public override DetectorState Examine(DetectorState state, BlockSight block, IReadOnlyList<(LogEntry Log, WatchedEvent Watched)> logs, ICollection<Finding> found)
    {
        if (block.Block.Transactions is not { } transactions)
        {
            return Blind(state, block, "the transactions of the block were not read", found);
        }

        foreach (var transaction in transactions.Where(transaction => transaction.To is not null))
        {
            foreach (var call in _calls[transaction.To!.Value].Where(call => call.Function is null || (transaction.Input.Length >= Selector.Size && new Selector(transaction.Input.Span) == call.Function.Selector)))
            {
                Examine(call, transaction, block, found);
            }
        }

        return Seeing(state, block, found);
    }

    private void Examine(WatchedCall call, TransactionInfo transaction, BlockSight block, ICollection<Finding> found)
    {
        if (Frame.IsExplained(transaction.Hash))
        {
            return;
        }

        string? unread = null;
        var known = block.Block.Outcomes is { } outcomes && outcomes.TryGetValue(transaction.Hash, out var went) ? went : (bool?)null;
        if (outcome is { } wanted)
        {
            if (known is null)
            {
                unread = "whether it went through is unknown";
            }
            else if (known != wanted)
            {
                return;
            }
        }

        AbiValue?[] values = [];
        if (call.Function is { } function)
        {
            try
            {
                values = [.. function.DecodeInput(transaction.Input.Span, allowTrailing: true)];
            }
            catch (EthereumException)
            {
                values = new AbiValue?[function.Inputs.Count];
                unread ??= "its calldata is not what its signature says";
            }
        }

        var holds = call.Where is null ? true : call.Where.Holds([.. values, TransactionValue.Of(transaction)]);
        if (holds == false)
        {
            return;
        }

        var facts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var all = new List<string>();
        for (var place = 0; place < values.Length; place++)
        {
            var input = call.Function!.Inputs[place];
            var name = input.Name.Length > 0 ? input.Name : string.Create(CultureInfo.InvariantCulture, $"argument{place}");
            var text = Frame.Text(name, values[place]);
            facts[RuleFrame.FactOf(name)] = text;
            all.Add($"{name} {text}");
        }

        facts["arguments"] = all.Count == 0 ? "none" : string.Join(", ", all);
        facts["module"] = call.Subject;
        facts["address"] = call.Address.ToString();
        facts["function"] = call.Function?.Signature ?? "any";
        facts["sender"] = Frame.Text("sender", transaction.From);
        facts["status"] = known switch { true => "success", false => "failure", null => "unknown" };
        found.Add(Frame.Firing(call.Subject, block.Place with { Transaction = transaction.Hash }, facts, unread ?? (holds is null ? "whether its condition holds is unknown" : null)));
    }
}
