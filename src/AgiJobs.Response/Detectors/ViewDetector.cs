using System.Globalization;
using System.Numerics;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Detectors.Expressions;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Watching;

namespace AgiJobs.Response.Detectors;

/// <summary>A view of a contract that a detector reads at every block.</summary>
internal sealed record WatchedView(Address Address, string Subject, AbiFunction View, StateRead Read);

/// <summary>Looks at a view at every block; what could not be read is never taken for what it was before.</summary>
internal abstract class ViewDetector(string key, RuleFrame frame, WatchedView view) : Detector(key, frame)
{
    public override IReadOnlyList<StateRead> Reads { get; } = [view.Read];

    public override bool IsSteady => true;

    protected WatchedView View => view;

    public sealed override DetectorState Examine(DetectorState state, BlockSight block, IReadOnlyList<(LogEntry Log, WatchedEvent Watched)> logs, ICollection<Finding> found)
    {
        var (values, why) = Read(block);
        if (values is null)
        {
            return Blind(state, block, why!, found);
        }

        var next = Examine(state, values, block, found);
        return next is null ? Blind(state, block, $"whether its condition holds for what {view.Subject}.{view.View.Name}() returned is unknown", found) : Seeing(next, block, found);
    }

    /// <summary>Looks at what the view returned; null when that is not enough to tell.</summary>
    protected abstract DetectorState? Examine(DetectorState state, IReadOnlyList<AbiValue?> values, BlockSight block, ICollection<Finding> found);

    protected SortedDictionary<string, string> Facts(IReadOnlyList<AbiValue?> values)
    {
        var facts = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["module"] = view.Subject,
            ["address"] = view.Address.ToString(),
            ["view"] = view.View.Signature,
        };
        for (var place = 0; place < values.Count; place++)
        {
            var name = NameOf(view.View, place);
            facts[RuleFrame.FactOf(name)] = Frame.Text(name, values[place]);
        }

        return facts;
    }

    /// <summary>The name of a result: <c>value</c> for the only one.</summary>
    public static string NameOf(AbiFunction function, int place) =>
        function.Outputs.Count == 1 ? "value"
        : function.Outputs[place].Name.Length > 0 ? function.Outputs[place].Name
        : string.Create(CultureInfo.InvariantCulture, $"result{place}");

    private (IReadOnlyList<AbiValue?>? Values, string? Why) Read(BlockSight block)
    {
        if (!block.Answers.Answers.TryGetValue(view.Read, out var answer) || answer.Result is null)
        {
            return (null, $"{view.Subject}.{view.View.Name}() was not read{(answer?.Why is { } why ? $": {ValueText.Clean(why)}" : "")}");
        }

        try
        {
            return ([.. view.View.DecodeOutput(Hex.Decode(answer.Result))], null);
        }
        catch (EthereumException problem)
        {
            return (null, $"{view.Subject}.{view.View.Name}() returned what it should not: {ValueText.Clean(problem.Message)}");
        }
    }
}

/// <summary>A view returns what it should not.</summary>
internal sealed class StateDetector(string key, RuleFrame frame, WatchedView view, Expression where) : ViewDetector(key, frame, view)
{
    protected override DetectorState? Examine(DetectorState state, IReadOnlyList<AbiValue?> values, BlockSight block, ICollection<Finding> found)
    {
        switch (where.Holds(values))
        {
            case true when state["on"] is null:
                found.Add(Frame.Firing(View.Subject, block.Place, Facts(values)));
                return state.With("on", "1");
            case false when state["on"] is not null:
                found.Add(Frame.Resolved(View.Subject, block.Place, $"{View.Subject}.{View.View.Name}() is as it should be again", Facts(values)));
                return state.With("on", null);
            case null:
                return null;
            default:
                return state;
        }
    }
}

/// <summary>What a view returns changes, at all or by a share.</summary>
internal sealed class ViewChangeDetector(string key, RuleFrame frame, WatchedView view, int? dropBps, int? riseBps, RuleWindow? window) : ViewDetector(key, frame, view)
{
    protected override DetectorState? Examine(DetectorState state, IReadOnlyList<AbiValue?> values, BlockSight block, ICollection<Finding> found) =>
        window is null ? Any(state, values, block, found) : Moved(state, values, block, found);

    private DetectorState Any(DetectorState state, IReadOnlyList<AbiValue?> values, BlockSight block, ICollection<Finding> found)
    {
        // The answer itself is compared; words for it come from what is decoded.
        var now = block.Answers.Answers[View.Read].Result!.ToLowerInvariant();
        if (state["last"] is { } last && !string.Equals(last, now, StringComparison.Ordinal))
        {
            var facts = Facts(values);
            facts["current"] = All(values);
            facts["previous"] = All([.. View.View.DecodeOutput(Hex.Decode(last))]);
            found.Add(Frame.Firing(View.Subject, block.Place, facts));
        }

        return state.With("last", now);
    }

    private string All(IReadOnlyList<AbiValue?> values) => string.Join(", ", values.Select((value, place) => Frame.Text(NameOf(View.View, place), value)));

    // Of the values within the window those are kept that no later one outdoes, each with the last block at which it was so: the first is the extreme of the window.
    private DetectorState Moved(DetectorState state, IReadOnlyList<AbiValue?> values, BlockSight block, ICollection<Finding> found)
    {
        var now = values[0]!.AsInteger();
        var marks = state.Marks;

        // While nothing could be read no time passed for it: a fall in the dark is a fall.
        while (state["blind"] is null && marks.Count > 0 && window!.IsOver(marks[0].Block, marks[0].Seconds, block.Number, block.Seconds))
        {
            marks = marks.RemoveAt(0);
        }

        while (marks.Count > 0 && (BigInteger.Parse(marks[^1].Value, CultureInfo.InvariantCulture).CompareTo(now) is var order && (dropBps is not null ? order <= 0 : order >= 0)))
        {
            marks = marks.RemoveAt(marks.Count - 1);
        }

        marks = marks.Add(new Mark(block.Number, block.Seconds, "", now.ToString(CultureInfo.InvariantCulture)));
        var extreme = BigInteger.Parse(marks[0].Value, CultureInfo.InvariantCulture);
        var by = BigInteger.Abs(extreme - now);
        var isFar = by.Sign > 0 && by * 10_000 >= BigInteger.Abs(extreme) * (dropBps ?? riseBps)!.Value;
        if (isFar && state["on"] is null)
        {
            var facts = Facts(values);
            facts["current"] = facts["value"];
            facts["previous"] = Frame.Text("value", extreme);
            facts["percent"] = extreme.IsZero ? "from nothing" : string.Create(CultureInfo.InvariantCulture, $"{(decimal)BigInteger.Min(by * 10_000 / BigInteger.Abs(extreme), 1_000_000_000) / 100:0.##}%");
            facts["window"] = window!.ToString();
            found.Add(Frame.Firing(View.Subject, block.Place, facts));
        }
        else if (!isFar && state["on"] is not null)
        {
            found.Add(Frame.Resolved(View.Subject, block.Place, $"{View.Subject}.{View.View.Name}() has kept still for {window}", Facts(values)));
        }

        return (state with { Marks = marks }).With("on", isFar ? "1" : null);
    }
}
