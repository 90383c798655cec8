using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Detectors;

/// <summary>An event is logged.</summary>
internal sealed class EventDetector(string key, RuleFrame frame, IReadOnlyList<WatchedEvent> events) : Detector(key, frame)
{
    public override IReadOnlyList<WatchedEvent> Events => events;

    public override DetectorState Examine(DetectorState state, BlockSight block, IReadOnlyList<(LogEntry Log, WatchedEvent Watched)> logs, ICollection<Finding> found)
    {
        foreach (var (log, watched) in logs)
        {
            if (watched.Match(log, block, Frame) is { } match)
            {
                found.Add(Frame.Firing(watched.Subject, block.At(log), match.Facts(Frame), match.Unread));
            }
        }

        return state;
    }
}
