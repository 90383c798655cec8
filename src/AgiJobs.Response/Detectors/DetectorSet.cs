using System.Collections.Frozen;
using System.Collections.Immutable;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Watching;

namespace AgiJobs.Response.Detectors;

/// <summary>The compiled rules of a network that have one confirmation depth. Immutable.</summary>
internal sealed class DetectorSet : IDetectorSet
{
    /// <summary>The rule of findings that say that a rule cannot see.</summary>
    public const string BlindRule = "rule-blind";

    private readonly IReadOnlyList<Detector> _detectors;
    private readonly Dictionary<(Address, Bytes32), List<(int Detector, WatchedEvent Watched)>> _events = [];

    public DetectorSet(int confirmations, Bytes32 digest, IReadOnlyList<Detector> detectors)
    {
        (Confirmations, Digest, _detectors) = (confirmations, digest, detectors);
        Parts = detectors.ToFrozenDictionary(detector => detector.Key, detector => detector.Digest, StringComparer.Ordinal);
        foreach (var (detector, index) in detectors.Select((detector, index) => (detector, index)))
        {
            foreach (var watched in detector.Events)
            {
                var place = (watched.Address, watched.Topic);
                if (!_events.TryGetValue(place, out var known))
                {
                    _events.Add(place, known = []);
                }

                known.Add((index, watched));
            }
        }

        Needs = new BlockNeeds(
            [.. _events.Keys.Select(place => place.Item1).Distinct().Order()],
            [.. _events.Keys.Select(place => place.Item2).Distinct().OrderBy(topic => topic.ToString(), StringComparer.Ordinal)],
            detectors.Any(detector => detector.NeedsTransactions),
            [.. detectors.SelectMany(detector => detector.Reads).Distinct().OrderBy(read => read.To).ThenBy(read => read.Calldata, StringComparer.Ordinal)])
        {
            Outcomes = [.. detectors.Where(detector => detector.NeedsOutcomes).SelectMany(detector => detector.Calls).Distinct().Order()],
        };
    }

    public int Confirmations { get; }

    public Bytes32 Digest { get; }

    public IReadOnlyDictionary<string, Bytes32> Parts { get; }

    public BlockNeeds Needs { get; }

    public IDetectorMemory Begin() => new DetectorMemory(Digest, Confirmations, Parts, ImmutableSortedDictionary.Create<string, DetectorState>(StringComparer.Ordinal));

    public IDetectorMemory Read(string encoded) => DetectorMemory.Read(encoded, Digest, Confirmations, Parts, null);

    public IDetectorMemory Carry(string encoded, out IReadOnlyList<string> lost)
    {
        var gone = new List<string>();
        var memory = DetectorMemory.Read(encoded, Digest, Confirmations, Parts, gone);
        lost = gone;
        return memory;
    }

    public Examination Examine(IDetectorMemory memory, WatchedBlock block, StateAnswers answers)
    {
        ArgumentNullException.ThrowIfNull(block);
        ArgumentNullException.ThrowIfNull(answers);
        if (memory is not DetectorMemory known || known.Digest != Digest || known.Confirmations != Confirmations)
        {
            throw new ArgumentException("The memory is not one of this rule set.", nameof(memory));
        }

        var sight = new BlockSight(block, answers);
        var logs = new Dictionary<int, List<(LogEntry Log, WatchedEvent Watched)>>();
        foreach (var log in block.Logs)
        {
            if (!log.Removed && log.Topics.Count > 0 && _events.TryGetValue((log.Address, log.Topics[0]), out var watchers))
            {
                foreach (var (detector, watched) in watchers)
                {
                    if (!logs.TryGetValue(detector, out var mine))
                    {
                        logs.Add(detector, mine = []);
                    }

                    mine.Add((log, watched));
                }
            }
        }

        var states = known.States;
        var found = new List<Finding>();
        for (var index = 0; index < _detectors.Count; index++)
        {
            var detector = _detectors[index];
            var mine = logs.GetValueOrDefault(index);
            if (mine is null && !detector.IsSteady)
            {
                continue;
            }

            var before = states.GetValueOrDefault(detector.Key) ?? DetectorState.Empty;
            var after = detector.Examine(before, sight, (IReadOnlyList<(LogEntry, WatchedEvent)>?)mine ?? [], found);
            if (!ReferenceEquals(before, after))
            {
                states = after.IsEmpty ? states.Remove(detector.Key) : states.SetItem(detector.Key, after);
            }
        }

        return new Examination(
            ReferenceEquals(states, known.States) ? known : new DetectorMemory(Digest, Confirmations, Parts, states),
            [.. found.OrderBy(finding => finding.Place!.LogIndex ?? int.MaxValue).ThenBy(finding => finding.Rule, StringComparer.Ordinal).ThenBy(finding => finding.Subject, StringComparer.Ordinal).ThenBy(finding => finding.Id, StringComparer.Ordinal)]);
    }
}
