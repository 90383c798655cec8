using System.Globalization;
using AgiJobs.Control.Changes;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Watching;

namespace AgiJobs.Response.Detectors;

/// <summary>Watches what becomes of one change.</summary>
internal sealed class ChangeDetector : Detector
{
    public const string Ended = "ended";

    private readonly ChangeDocument _change;
    private readonly string _id;
    private readonly ulong _from;
    private readonly ulong _within;
    private readonly Dictionary<Address, HashSet<Bytes32>> _announced = [];

    public ChangeDetector(string key, RuleFrame frame, ChangeDocument change, string id, ulong from, ulong within)
        : base(key, frame)
    {
        (_change, _id, _from, _within) = (change, id, from, within);
        var events = new List<WatchedEvent>();
        foreach (var effect in change.Effects.DistinctBy(effect => effect.Target))
        {
            _announced[effect.Target] = [.. effect.Emits.Select(signature => Keccak256.Hash(signature))];
            var abi = frame.Ground.Protocol.At(effect.Target)?.Abi ?? (effect.Target == frame.Ground.Safe ? SafeAbi.Safe : null);
            events.AddRange((abi?.Events ?? []).Where(one => !one.IsAnonymous).DistinctBy(one => one.Topic0).Select(one => new WatchedEvent(effect.Target, effect.Contract, new LogReading(one), null, false)));
        }

        Events = events;
        Reads = [.. change.Expected.Where(expected => expected.Call is not null && expected.Result is not null).Select(expected => new StateRead(expected.Target, Hex.Encode(expected.Call!))).Distinct()];
    }

    public override IReadOnlyList<WatchedEvent> Events { get; }

    public override IReadOnlyList<StateRead> Reads { get; }

    public override bool IsSteady => true;

    public override DetectorState Examine(DetectorState state, BlockSight block, IReadOnlyList<(LogEntry Log, WatchedEvent Watched)> logs, ICollection<Finding> found)
    {
        if (state[Ended] is not null || block.Number < _from)
        {
            return state;
        }

        foreach (var (log, watched) in logs)
        {
            var isOwn = log.TransactionHash is { } hash && string.Equals(Frame.Ground.ChangeOf(hash), _id, StringComparison.Ordinal);
            var isAnnounced = _announced[watched.Address].Contains(watched.Topic);
            if (isOwn && isAnnounced)
            {
                state = state.With($"seen:{watched.Address}", "1");
            }
            else if (isOwn || isAnnounced)
            {
                var match = watched.Match(log, block, Frame)!;
                var facts = match.Facts(Frame);
                facts["what"] = isOwn
                    ? $"Change {_id} made {watched.Subject} log {watched.Reading.Event.Name} ({facts["arguments"]}), which it did not announce"
                    : $"{watched.Subject} logged {watched.Reading.Event.Name} ({facts["arguments"]}) while change {_id} was to do so, and the transaction is not of that change";
                found.Add(Frame.Firing($"{_id} {watched.Subject}", block.At(log), facts, match.Unread));
            }
        }

        return block.Number - _from + 1 >= _within ? End(state, block, found) : state;
    }

    private DetectorState End(DetectorState state, BlockSight block, ICollection<Finding> found)
    {
        foreach (var effect in _change.Effects.Where(effect => effect.Emits.Count > 0 && state[$"seen:{effect.Target}"] is null))
        {
            Say($"{_id} {effect.Contract}", string.Create(CultureInfo.InvariantCulture, $"Change {_id} announced {string.Join(" or ", effect.Emits)} of {effect.Contract}, and none appeared within {_within} blocks"));
        }

        foreach (var expected in _change.Expected.Where(expected => expected.Call is not null && expected.Result is not null))
        {
            var answer = block.Answers.Answers.GetValueOrDefault(new StateRead(expected.Target, Hex.Encode(expected.Call!)));
            if (answer?.Result is not { } result)
            {
                Say($"{_id} {expected.Subject}", $"Whether change {_id} holds is UNKNOWN: {expected.Subject} was not read{(answer?.Why is { } why ? $": {ValueText.Clean(why)}" : "")}");
            }
            else if (!string.Equals(result, Hex.Encode(expected.Result!), StringComparison.OrdinalIgnoreCase))
            {
                Say($"{_id} {expected.Subject}", $"Change {_id} does not hold: {expected.Subject} is not so {_within} blocks after it began");
            }
        }

        return DetectorState.Empty.With(Ended, "1");

        void Say(string subject, string what) => found.Add(Frame.Firing(subject, block.Place, new SortedDictionary<string, string>(StringComparer.Ordinal) { ["what"] = what }));
    }
}
