using System.Globalization;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
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
    private readonly ChangeDocument _change;
    private readonly string _id;
    private readonly Dictionary<(Address, Bytes32), WatchedEvent> _watched = [];
    private readonly Dictionary<Address, HashSet<Bytes32>> _announced = [];
    private readonly Dictionary<Address, HashSet<Bytes32>> _carried = [];
    private readonly Dictionary<Address, HashSet<Bytes32>> _settings = [];

    public ChangeDetector(string key, RuleFrame frame, ChangeDocument change, string id)
        : base(key, frame)
    {
        (_change, _id) = (change, id);
        foreach (var effect in change.Effects.DistinctBy(effect => effect.Target))
        {
            var module = frame.Ground.Protocol.At(effect.Target);
            var abi = module?.Abi ?? (effect.Target == frame.Ground.Safe ? SafeAbi.Safe : null);
            _announced[effect.Target] = Topics(change.Effects.Where(other => other.Target == effect.Target).SelectMany(other => other.Emits));
            _carried[effect.Target] = Topics(module?.Forwards.SelectMany(forward => forward.Effects?.Emits ?? []) ?? []);
            _settings[effect.Target] = module is null ? _announced[effect.Target] : Topics(SettingsOf(module));
            foreach (var one in (abi?.Events ?? []).Where(one => !one.IsAnonymous).DistinctBy(one => one.Topic0))
            {
                _watched[(effect.Target, one.Topic0!.Value)] = new WatchedEvent(effect.Target, effect.Contract, new LogReading(one), null, false);
            }
        }

        Events = [.. _watched.Values];
        Reads = [.. change.Expected.Where(expected => expected.Call is not null && expected.Result is not null).Select(expected => new StateRead(expected.Target, Hex.Encode(expected.Call!))).Distinct()];
    }

    public override IReadOnlyList<WatchedEvent> Events { get; }

    public override IReadOnlyList<StateRead> Reads { get; }

    /// <summary>The event that a log is of; null when it is of none that is looked at.</summary>
    public WatchedEvent? Of(LogEntry log) => _watched.GetValueOrDefault((log.Address, log.Topics[0]));

    public override DetectorState Examine(DetectorState state, BlockSight block, IReadOnlyList<(LogEntry Log, WatchedEvent Watched)> logs, ICollection<Finding> found)
    {
        foreach (var (log, watched) in logs)
        {
            var change = log.TransactionHash is { } hash ? Frame.Ground.ChangeOf(hash) : null;
            var isOwn = string.Equals(change, _id, StringComparison.Ordinal);
            var isAnnounced = _announced[watched.Address].Contains(watched.Topic);
            if (isOwn && isAnnounced)
            {
                state = state.With($"seen:{watched.Address}", "1");
            }
            else if (isOwn ? !_carried[watched.Address].Contains(watched.Topic) : change is null && _settings[watched.Address].Contains(watched.Topic))
            {
                var match = watched.Match(log, block, Frame)!;
                var facts = match.Facts(Frame);
                facts["what"] = isOwn
                    ? $"Change {_id} made {watched.Subject} log {watched.Reading.Event.Name} ({facts["arguments"]}), which it did not announce"
                    : $"{watched.Subject} logged {watched.Reading.Event.Name} ({facts["arguments"]}) while change {_id} was at work there, and the transaction is of no change";
                found.Add(Frame.Firing($"{_id} {watched.Subject}", block.At(log), facts, match.Unread));
            }
        }

        return state;
    }

    /// <summary>Says at the end what is missing.</summary>
    /// <param name="state">What was seen.</param>
    /// <param name="block">The last block.</param>
    /// <param name="within">Within how many blocks it had to appear.</param>
    /// <param name="views">Whether the views were asked for.</param>
    /// <param name="found">Takes what is found.</param>
    public void Judge(DetectorState state, BlockSight block, ulong within, bool views, ICollection<Finding> found)
    {
        // Money that may move is announced too, and need not: what sets or grants something says so.
        foreach (var effect in _change.Effects.DistinctBy(effect => effect.Target).Where(effect => state[$"seen:{effect.Target}"] is null && _announced[effect.Target].Any(topic => _settings[effect.Target].Contains(topic) && _watched.ContainsKey((effect.Target, topic)))))
        {
            Say($"{_id} {effect.Contract}", string.Create(CultureInfo.InvariantCulture, $"Change {_id} is on record as executed and announced {string.Join(" or ", effect.Emits)} of {effect.Contract}, and none appeared within {within} blocks"));
        }

        foreach (var expected in views ? _change.Expected.Where(expected => expected.Call is not null && expected.Result is not null) : [])
        {
            var answer = block.Answers.Answers.GetValueOrDefault(new StateRead(expected.Target, Hex.Encode(expected.Call!)));
            if (answer?.Result is not { } result)
            {
                Say($"{_id} {expected.Subject}", $"Whether change {_id} holds is UNKNOWN: {expected.Subject} was not read{(answer?.Why is { } why ? $": {ValueText.Clean(why)}" : "")}");
            }
            else if (!string.Equals(result, Hex.Encode(expected.Result!), StringComparison.OrdinalIgnoreCase))
            {
                Say($"{_id} {expected.Subject}", $"Change {_id} does not hold: {expected.Subject} is not so {within} blocks after it was executed");
            }
        }

        void Say(string subject, string what) => found.Add(Frame.Firing(subject, block.Place, new SortedDictionary<string, string>(StringComparer.Ordinal) { ["what"] = what }));
    }

    // What setters, grants and levers log. What moves money or takes a stake is everyday's business of others.
    private static IEnumerable<string> SettingsOf(Module module)
    {
        var everyday = module.Actions.Where(action => action.Category is PowerKind.MoveFunds or PowerKind.Slash or PowerKind.Refund or PowerKind.Admit or PowerKind.Operate).Select(action => action.Function).ToHashSet(StringComparer.Ordinal);
        return module.Effects.Where(effect => !everyday.Contains(effect.Key)).SelectMany(effect => effect.Value.Emits)
            .Concat(module.Stopping?.Emits ?? []).Concat(module.Resuming?.Emits ?? [])
            .Concat(module.Levers.SelectMany(lever => lever.Effects?.Emits ?? []));
    }

    private static HashSet<Bytes32> Topics(IEnumerable<string> signatures) => [.. signatures.Select(signature => Keccak256.Hash(signature))];
}
