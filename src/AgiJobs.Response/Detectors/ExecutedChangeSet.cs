using System.Collections.Immutable;
using System.Globalization;
using AgiJobs.Ethereum;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Watching;

namespace AgiJobs.Response.Detectors;

/// <summary>
/// The detectors of executed changes, which come and go with what is on record. What it needs is told for the blocks at hand, and what is on record is read at that moment: a hash is recorded before it is sent, so that the record of
/// a transaction is there when its block is. Besides block and memory it asks the record, as <see cref="RuleGround.ChangeOf"/> does. For one monitor.
/// </summary>
internal sealed class ExecutedChangeSet(RuleFrame frame, RuleFrame unseen, Func<IReadOnlyList<ExecutedChange>> changes, ulong within) : IDetectorSet
{
    // Views are read at the newest blocks alone: of long past ones a node may know no state, and the execution itself has verified them then.
    private const ulong NearBlocks = 64;
    private const string Since = "~since";
    private const string Late = "late";
    private const string Judged = "judged";

    private readonly Dictionary<string, (Bytes32 Digest, ChangeDetector Detector)> _detectors = new(StringComparer.Ordinal);
    private readonly HashSet<string> _judged = new(StringComparer.Ordinal);
    private IReadOnlyList<ExecutedChange> _known = [];
    private bool _readsViews;

    public int Confirmations => 0;

    public Bytes32 Digest => frame.RuleSet;

    public BlockNeeds Needs => NeedsOf(0, ulong.MaxValue);

    public BlockNeeds NeedsOf(ulong from, ulong to)
    {
        _known = changes();
        var watched = _known.Where(change => (change.First ?? 0) <= to && (EndOf(change) ?? ulong.MaxValue) >= from).Select(DetectorOf).ToList();
        _readsViews = to - from <= NearBlocks;
        var ending = _readsViews ? _known.Where(change => !_judged.Contains(change.Id) && EndOf(change) is { } end && end <= to && end + NearBlocks >= from).Select(DetectorOf) : [];
        return new BlockNeeds(
            [.. watched.SelectMany(detector => detector.Events).Select(one => one.Address).Distinct().Order()],
            [.. watched.SelectMany(detector => detector.Events).Select(one => one.Topic).Distinct().OrderBy(topic => topic.ToString(), StringComparer.Ordinal)],
            false,
            [.. ending.SelectMany(detector => detector.Reads).Distinct().OrderBy(read => read.To).ThenBy(read => read.Calldata, StringComparer.Ordinal)]);
    }

    public IDetectorMemory Begin() => new DetectorMemory(Digest, Confirmations, null, ImmutableSortedDictionary.Create<string, DetectorState>(StringComparer.Ordinal));

    public IDetectorMemory Read(string encoded) => DetectorMemory.Read(encoded, Digest, Confirmations, null, null);

    public Examination Examine(IDetectorMemory memory, WatchedBlock block, StateAnswers answers)
    {
        ArgumentNullException.ThrowIfNull(block);
        ArgumentNullException.ThrowIfNull(answers);
        if (memory is not DetectorMemory known || known.Digest != Digest)
        {
            throw new ArgumentException("The memory is not one of this rule set.", nameof(memory));
        }

        var sight = new BlockSight(block, answers);
        var found = new List<Finding>();
        var states = known.States;
        if (!states.ContainsKey(Since))
        {
            states = states.Add(Since, DetectorState.Empty.With(Since, sight.Number.ToString(CultureInfo.InvariantCulture)));
        }

        // What the record has no more, or whose end was said a while ago, is forgotten.
        states = states.RemoveRange(states.Keys.Where(id => !string.Equals(id, Since, StringComparison.Ordinal) && !_known.Any(change => string.Equals(change.Id, id, StringComparison.Ordinal) && (EndOf(change) ?? ulong.MaxValue) + NearBlocks >= sight.Number)));
        var since = ulong.Parse(states[Since][Since]!, CultureInfo.InvariantCulture);
        foreach (var change in _known.Where(change => (change.First ?? 0) <= sight.Number))
        {
            var end = EndOf(change);
            if (states.TryGetValue(change.Id, out var state) ? state[Judged] is null : (end ?? ulong.MaxValue) >= sight.Number)
            {
                states = states.SetItem(change.Id, Examine(change, end, state ?? Began(change, since, sight, found), sight, found));
            }
        }

        return new Examination(
            ReferenceEquals(states, known.States) ? known : new DetectorMemory(Digest, Confirmations, null, states),
            [.. found.OrderBy(finding => finding.Place!.LogIndex ?? int.MaxValue).ThenBy(finding => finding.Subject, StringComparer.Ordinal).ThenBy(finding => finding.Id, StringComparer.Ordinal)]);
    }

    private ulong? EndOf(ExecutedChange change) => change.Last + within - 1;

    private ChangeDetector DetectorOf(ExecutedChange change)
    {
        var digest = change.Document.Digest();
        if (!_detectors.TryGetValue(change.Id, out var known) || known.Digest != digest)
        {
            _detectors[change.Id] = known = (digest, new ChangeDetector($"{ExecutedChangeRules.RuleName}/{change.Id}", frame, change.Document, change.Id));
        }

        return known.Detector;
    }

    // A record that comes after the blocks were examined, such as one that was made on another machine, cannot be held against them.
    private DetectorState Began(ExecutedChange change, ulong since, BlockSight sight, List<Finding> found)
    {
        _ = _judged.Remove(change.Id);
        if (change.First is not { } first || first >= sight.Number)
        {
            return DetectorState.Empty.With("from", sight.Number.ToString(CultureInfo.InvariantCulture));
        }

        if (first >= since)
        {
            found.Add(unseen.Firing(change.Id, sight.Place, new SortedDictionary<string, string>(StringComparer.Ordinal) { ["what"] = string.Create(CultureInfo.InvariantCulture, $"Change {change.Id} was executed from block {first} on, and was on record here only when block {sight.Number} was examined: whether it did what it announced is UNKNOWN") }));
        }

        return DetectorState.Empty.With(Late, "1");
    }

    private DetectorState Examine(ExecutedChange change, ulong? end, DetectorState state, BlockSight sight, List<Finding> found)
    {
        var isEnd = end <= sight.Number;
        if (state[Late] is not null)
        {
            return isEnd ? state.With(Judged, "1") : state;
        }

        var detector = DetectorOf(change);
        state = detector.Examine(state, sight, [.. sight.Block.Logs.Where(log => !log.Removed && log.Topics.Count > 0).Select(log => (Log: log, Watched: detector.Of(log))).Where(one => one.Watched is not null).Select(one => (one.Log, one.Watched!))], found);
        if (!isEnd)
        {
            return state;
        }

        detector.Judge(state, sight, within, _readsViews, found);
        _ = _judged.Add(change.Id);
        return DetectorState.Empty.With(Judged, "1");
    }
}
