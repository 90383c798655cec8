using System.Globalization;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Detectors;

/// <summary>An event is not logged in time: since it last was, or since the one that it has to follow. A log of which it is not known whether it is meant does not count as its coming.</summary>
internal sealed class AbsenceDetector(string key, RuleFrame frame, IReadOnlyList<WatchedEvent> awaited, IReadOnlyList<WatchedEvent> after, RuleWindow window, string? same) : Detector(key, frame)
{
    private const string On = "on:";

    // Of so many it is remembered that they were told, so that their coming is told as well; of more, the newest.
    private const int MostTold = 1000;

    private readonly HashSet<WatchedEvent> _awaited = [.. awaited];

    public override IReadOnlyList<WatchedEvent> Events { get; } = [.. awaited, .. after];

    public override bool IsSteady => true;

    public override DetectorState Examine(DetectorState state, BlockSight block, IReadOnlyList<(LogEntry Log, WatchedEvent Watched)> logs, ICollection<Finding> found)
    {
        // From the first block that is examined it is waited for.
        if (after.Count == 0 && state.Marks.IsEmpty && state[On] is null)
        {
            state = state with { Marks = [new Mark(block.Number, block.Seconds, "", "")] };
        }

        foreach (var (log, watched) in logs)
        {
            if (watched.Match(log, block, Frame) is not { } match)
            {
                continue;
            }

            var part = same is null ? "" : ValueText.Key(match[same]);
            if (!_awaited.Contains(watched))
            {
                if (!state.Marks.Any(mark => string.Equals(mark.Key, part, StringComparison.Ordinal)))
                {
                    state = state with { Marks = state.Marks.Add(new Mark(block.Number, block.Seconds, part, log.TransactionHash?.ToString() ?? "")) };
                }
            }
            else if (!match.IsOpen)
            {
                state = state with { Marks = state.Marks.RemoveAll(mark => string.Equals(mark.Key, part, StringComparison.Ordinal)) };
                if (state[On + part] is not null)
                {
                    found.Add(Frame.Resolved(Subject(part), block.At(log), $"{Subject(part)}: {watched.Reading.Event.Name} came", match.Facts(Frame)));
                    state = state.With(On + part, null);
                }

                if (after.Count == 0)
                {
                    state = state with { Marks = [new Mark(block.Number, block.Seconds, "", "")] };
                }
            }
        }

        foreach (var mark in state.Marks.Where(mark => window.IsOver(mark.Block, mark.Seconds, block.Number, block.Seconds)).ToList())
        {
            var isTold = state[On + mark.Key] is not null;
            state = (state with { Marks = state.Marks.Remove(mark) }).With(On + mark.Key, block.Number.ToString(CultureInfo.InvariantCulture));
            if (isTold)
            {
                continue;
            }

            found.Add(Frame.Firing(Subject(mark.Key), block.Place, new SortedDictionary<string, string>(StringComparer.Ordinal)
            {
                ["module"] = awaited[0].Subject,
                ["event"] = string.Join(" or ", awaited.Select(watched => watched.Reading.Event.Name).Distinct(StringComparer.Ordinal)),
                ["part"] = mark.Key,
                ["since"] = mark.Block.ToString(CultureInfo.InvariantCulture),
                ["window"] = window.ToString(),
            }));
        }

        return state.Facts.Count > MostTold ? state with { Facts = state.Facts.RemoveRange(state.Facts.OrderByDescending(fact => ulong.Parse(fact.Value, CultureInfo.InvariantCulture)).ThenBy(fact => fact.Key, StringComparer.Ordinal).Skip(MostTold).Select(fact => fact.Key)) } : state;
    }

    private string Subject(string part) => part.Length == 0 ? awaited[0].Subject : $"{awaited[0].Subject} {part}";
}
