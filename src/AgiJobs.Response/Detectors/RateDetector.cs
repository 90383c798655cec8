using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Detectors;

/// <summary>An event is logged too often, or its amounts are too much together.</summary>
internal sealed class RateDetector(string key, RuleFrame frame, IReadOnlyList<WatchedEvent> events, RuleWindow window, string? sum, BigInteger limit, string? by) : Detector(key, frame)
{
    private const string Total = "total:";
    private const string On = "on:";

    public override IReadOnlyList<WatchedEvent> Events => events;

    public override bool IsSteady => true;

    public override DetectorState Examine(DetectorState state, BlockSight block, IReadOnlyList<(LogEntry Log, WatchedEvent Watched)> logs, ICollection<Finding> found)
    {
        state = Forget(state, block);
        foreach (var (log, watched) in logs)
        {
            if (watched.Match(log, block, Frame) is not { } match)
            {
                continue;
            }

            var part = by is null ? "" : ValueText.Key(match[by]);
            var subject = Subject(watched.Subject, part);
            var amount = sum is null ? BigInteger.One : match[sum] is AbiInteger given ? given.Value : (BigInteger?)null;
            if (amount is null)
            {
                // An amount that cannot be read may be any amount.
                found.Add(Frame.Firing(subject, block.At(log), Said(match, "unknown", part), match.Unread ?? $"the argument {sum}"));
                continue;
            }

            var total = BigInteger.Parse(state[Total + subject] ?? "0", CultureInfo.InvariantCulture) + amount.Value;
            state = (state with { Marks = Add(state.Marks, block, subject, amount.Value) }).With(Total + subject, Text(total));
            if (sum is null && total > limit)
            {
                // The newest of them say whether there are so many: what strangers log does not make it remember more.
                state = (state with { Marks = state.Marks.RemoveAt(state.Marks.FindIndex(mark => string.Equals(mark.Key, subject, StringComparison.Ordinal))) }).With(Total + subject, Text(limit));
            }

            if (total >= limit && state[On + subject] is null)
            {
                found.Add(Frame.Firing(subject, block.At(log), Said(match, Amount(total), part), match.Unread));
                state = state.With(On + subject, "1");
            }
        }

        foreach (var subject in state.Facts.Keys.Where(fact => fact.StartsWith(On, StringComparison.Ordinal)).Select(fact => fact[On.Length..]).Where(subject => BigInteger.Parse(state[Total + subject] ?? "0", CultureInfo.InvariantCulture) < limit).ToList())
        {
            found.Add(Frame.Resolved(subject, block.Place, $"{subject}: below {Amount(limit)} within {window} again"));
            state = state.With(On + subject, null);
        }

        return state;
    }

    private string Subject(string module, string part) => (events.Select(watched => watched.Subject).Distinct(StringComparer.Ordinal).Count(), part.Length) switch
    {
        (1, 0) => module,
        (1, _) => $"{module} {part}",
        (_, 0) => "",
        _ => part,
    };

    // One mark for the amounts of a block: they go together.
    private ImmutableList<Mark> Add(ImmutableList<Mark> marks, BlockSight block, string subject, BigInteger amount)
    {
        for (var place = marks.Count - 1; sum is not null && place >= 0 && marks[place].Block == block.Number; place--)
        {
            if (string.Equals(marks[place].Key, subject, StringComparison.Ordinal))
            {
                return marks.SetItem(place, marks[place] with { Value = Text(BigInteger.Parse(marks[place].Value, CultureInfo.InvariantCulture) + amount) });
            }
        }

        return marks.Add(new Mark(block.Number, block.Seconds, subject, Text(amount)));
    }

    private static string Text(BigInteger number) => number.ToString(CultureInfo.InvariantCulture);

    private string Amount(BigInteger amount) => sum is null ? Text(amount) : Frame.Text(sum, amount);

    private SortedDictionary<string, string> Said(EventMatch match, string total, string part)
    {
        var facts = match.Facts(Frame);
        facts["total"] = total;
        facts["limit"] = Amount(limit);
        facts["window"] = window.ToString();
        facts["part"] = part;
        return facts;
    }

    private DetectorState Forget(DetectorState state, BlockSight block)
    {
        while (state.Marks is [var first, ..] && window.IsOver(first.Block, first.Seconds, block.Number, block.Seconds))
        {
            var total = BigInteger.Parse(state[Total + first.Key] ?? "0", CultureInfo.InvariantCulture) - BigInteger.Parse(first.Value, CultureInfo.InvariantCulture);
            state = (state with { Marks = state.Marks.RemoveAt(0) }).With(Total + first.Key, total.IsZero ? null : Text(total));
        }

        return state;
    }
}
