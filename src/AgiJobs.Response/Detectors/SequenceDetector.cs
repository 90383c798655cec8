using System.Globalization;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Detectors;

/// <summary>An event follows another, in a later place of the chain.</summary>
internal sealed class SequenceDetector(string key, RuleFrame frame, IReadOnlyList<WatchedEvent> first, IReadOnlyList<WatchedEvent> then, RuleWindow window, string? same) : Detector(key, frame)
{
    private readonly HashSet<WatchedEvent> _first = [.. first];

    public override IReadOnlyList<WatchedEvent> Events { get; } = [.. first, .. then];

    public override DetectorState Examine(DetectorState state, BlockSight block, IReadOnlyList<(LogEntry Log, WatchedEvent Watched)> logs, ICollection<Finding> found)
    {
        while (state.Marks is [var oldest, ..] && window.IsOver(oldest.Block, oldest.Seconds, block.Number, block.Seconds))
        {
            state = state with { Marks = state.Marks.RemoveAt(0) };
        }

        // One log may be both: first what it ends is looked at, then what it begins.
        var place = 0;
        while (place < logs.Count)
        {
            var log = logs[place].Log;
            var together = logs.Skip(place).TakeWhile(entry => ReferenceEquals(entry.Log, log)).ToList();
            place += together.Count;
            foreach (var (_, watched) in together.OrderBy(entry => _first.Contains(entry.Watched)))
            {
                if (watched.Match(log, block, Frame) is not { } match)
                {
                    continue;
                }

                var part = same is null ? "" : ValueText.Key(match[same]);
                var index = state.Marks.FindLastIndex(mark => string.Equals(mark.Key, part, StringComparison.Ordinal));
                if (_first.Contains(watched))
                {
                    var marks = index < 0 ? state.Marks : state.Marks.RemoveAt(index);
                    state = state with { Marks = marks.Add(new Mark(block.Number, block.Seconds, part, log.TransactionHash?.ToString() ?? "")) };
                }
                else if (index >= 0)
                {
                    var facts = match.Facts(Frame);
                    facts["part"] = part;
                    facts["window"] = window.ToString();
                    facts["firstBlock"] = state.Marks[index].Block.ToString(CultureInfo.InvariantCulture);
                    facts["firstTransaction"] = state.Marks[index].Value;
                    found.Add(Frame.Firing(part.Length == 0 ? watched.Subject : $"{watched.Subject} {part}", block.At(log), facts, match.Unread));
                    state = state with { Marks = state.Marks.RemoveAt(index) };
                }
            }
        }

        return state;
    }
}
