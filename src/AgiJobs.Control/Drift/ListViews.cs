using System.Globalization;
using System.Numerics;
using AgiJobs.Control.Description;
using AgiJobs.Control.Desired;
using AgiJobs.Control.Observation;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;

namespace AgiJobs.Control.Drift;

/// <summary>The sets of words and the records of the catalogue, held against the chain and against what changes on file made of them, member by member.</summary>
public static class ListViews
{
    /// <summary>The views that tell what is in every set and on every record of the description, whether a file lists it or not.</summary>
    public static IReadOnlyList<ContractCall> Calls(Protocol protocol)
    {
        ArgumentNullException.ThrowIfNull(protocol);
        return [.. Sets(protocol).Select(entry => ViewOf(protocol, entry.Set)), .. Logs(protocol).SelectMany(entry => new[] { LastOf(protocol, entry.File), HistoryOf(protocol, entry.File) })];
    }

    /// <summary>The items of one module.</summary>
    internal static IEnumerable<DriftItem> Of(string network, Module module, ProtocolState state, DesiredState desired, ExecutedState executed) =>
        Sets(state.Protocol).Where(entry => string.Equals(entry.Set.Module, module.Name, StringComparison.Ordinal)).SelectMany(entry => Words(network, entry.Domain, entry.Set, state, desired, executed))
            .Concat(Logs(state.Protocol).Where(entry => string.Equals(entry.File.Module, module.Name, StringComparison.Ordinal)).SelectMany(entry => Records(network, entry.Domain, entry.File, state, desired, executed)));

    private static IEnumerable<DriftItem> Words(string network, DomainFile domain, WordSetFile set, ProtocolState state, DesiredState desired, ExecutedState executed)
    {
        var module = state.Protocol[set.Module];
        var call = ViewOf(state.Protocol, set);
        var wanted = desired.Words.FirstOrDefault(words => words.Set == set);
        var subject = $"{module.Name}.{call.Function.Name}({string.Join(", ", set.Arguments)})";
        var risk = RiskOf(module, set.Add);
        var view = new ProtocolView(DriftKind.Word, module, subject, risk, call.Calldata.ToArray(), answer => Listed(In(call.Function, answer)));
        var mend = $"agijobs owner apply {domain.Name} --network {network}";
        if (!state.Told(call).TryGet(out var told))
        {
            return wanted is null && executed.Find(view) is null ? [] : [new DriftItem
            {
                Kind = DriftKind.Word,
                Module = module.Name,
                Subject = subject,
                Risk = risk,
                Status = DriftStatus.Unknown,
                Wanted = wanted is null ? null : Listed([.. wanted.Words.Select(word => word.Word)]),
                Source = wanted?.Source,
                Why = state.Told(call).Why,
                View = view,
            }];
        }

        IReadOnlyList<Bytes32> now = [.. ((AbiList)told[0]).Select(word => word.AsBytes32())];
        var (made, by) = Made(executed, view, answer => In(call.Function, answer));
        return now.Concat(wanted?.Words.Select(word => word.Word) ?? []).Concat(made ?? []).Distinct().Order().Select(word =>
        {
            bool? want = wanted is null ? null : wanted.Words.Any(entry => entry.Word == word) ? true : wanted.Retain ? null : false;
            bool? had = made?.Contains(word);
            var name = wanted?.Words.FirstOrDefault(entry => entry.Word == word).Name;
            var holds = now.Contains(word);
            var status = (want ?? had) is not { } meant ? DriftStatus.NotManaged : meant == holds ? DriftStatus.Agrees : DriftStatus.Differs;
            return new DriftItem
            {
                Kind = DriftKind.Word,
                Module = module.Name,
                Subject = $"{subject} {(name is null ? word : name == word.ToString() ? word : $"{name} ({word})")}",
                Risk = risk,
                Status = status,
                Wanted = want is { } should ? Text(should) : null,
                Is = Text(holds),
                Executed = had is { } did ? Text(did) : null,
                ExecutedBy = had is null ? null : by,
                Source = wanted?.Source,
                Mend = status == DriftStatus.Differs && want is not null ? mend : null,
                View = view with { Text = answer => Text(In(call.Function, answer).Contains(word)) },
            };
        });

        static string Text(bool holds) => holds ? "listed" : "not listed";
    }

    private static IEnumerable<DriftItem> Records(string network, DomainFile domain, RecordsFile file, ProtocolState state, DesiredState desired, ExecutedState executed)
    {
        var module = state.Protocol[file.Module];
        var (last, history) = (LastOf(state.Protocol, file), HistoryOf(state.Protocol, file));
        var wanted = desired.Records.FirstOrDefault(records => records.File == file);
        var risk = RiskOf(module, file.Function);
        var newest = new ProtocolView(DriftKind.Record, module, $"{module.Name}.{last.Function.Name}", risk, last.Calldata.ToArray(), answer => last.Function.DecodeOutput(answer)[0].AsInteger().ToString(CultureInfo.InvariantCulture));
        var (made, by) = Made(executed, newest, answer => (BigInteger?)last.Function.DecodeOutput(answer)[0].AsInteger());
        if (!state.Told(history).TryGet(out var told) || !state.Told(last).TryGet(out var latest))
        {
            return wanted is null && made is null ? [] : [new DriftItem
            {
                Kind = DriftKind.Record,
                Module = module.Name,
                Subject = $"{module.Name}.{history.Function.Name}",
                Risk = risk,
                Status = DriftStatus.Unknown,
                Wanted = wanted is null ? null : string.Create(CultureInfo.InvariantCulture, $"{wanted.Records.Count} records"),
                Source = wanted?.Source,
                Why = state.Told(history).Why ?? state.Told(last).Why,
            }];
        }

        var kept = Kept(told);
        return kept.Keys.Concat(wanted?.Records.Select(record => record[0]) ?? []).Distinct().Order().Select(time =>
        {
            var want = wanted?.Records.FirstOrDefault(record => record[0] == time);
            var isText = Text(kept);
            var wantedText = want is null ? null : Say(want);
            var status = wantedText is null ? made == time ? DriftStatus.Agrees : DriftStatus.NotManaged : string.Equals(wantedText, isText, StringComparison.Ordinal) ? DriftStatus.Agrees : DriftStatus.Differs;
            return new DriftItem
            {
                Kind = DriftKind.Record,
                Module = module.Name,
                Subject = string.Create(CultureInfo.InvariantCulture, $"{module.Name}.{history.Function.Name} {file.Members[0]} {time}"),
                Risk = risk,
                Status = status,
                Wanted = wantedText,
                Is = isText,
                Executed = made == time ? "recorded" : null,
                ExecutedBy = made == time ? by : null,
                Source = wanted?.Source,
                // The chain takes only later records, and what it has cannot be changed: then only the file can.
                Mend = status == DriftStatus.Differs && time > latest[0].AsInteger() ? $"agijobs owner apply {domain.Name} --network {network}" : null,
                View = new ProtocolView(DriftKind.Record, module, $"{module.Name}.{history.Function.Name}", risk, history.Calldata.ToArray(), answer => Text(Kept(history.Function.DecodeOutput(answer)))),
            };

            string Text(Dictionary<BigInteger, IReadOnlyList<BigInteger>> records) => records.TryGetValue(time, out var record) ? Say(record) : "not recorded";
        });

        string Say(IReadOnlyList<BigInteger> record) => string.Join(", ", file.Members.Zip(record).Skip(1).Select(pair => $"{pair.First} {pair.Second.ToString(CultureInfo.InvariantCulture)}"));
    }

    private static Dictionary<BigInteger, IReadOnlyList<BigInteger>> Kept(AbiArguments told) =>
        ((AbiList)told[0]).Select(entry => (IReadOnlyList<BigInteger>)[.. ((AbiList)entry).Select(member => member.AsInteger())]).ToDictionary(entry => entry[0]);

    // What a change recorded may be of another form than the view has now.
    private static (T? Made, string? By) Made<T>(ExecutedState executed, ProtocolView view, Func<byte[], T> read)
    {
        try
        {
            return executed.Find(view) is { } found ? (read(found.Result), found.Change) : (default, null);
        }
        catch (EthereumException)
        {
            return (default, null);
        }
    }

    private static IEnumerable<(DomainFile Domain, WordSetFile Set)> Sets(Protocol protocol) =>
        protocol.Domains.SelectMany(domain => domain.Keys.Where(key => key.Words is not null).Select(key => (domain, key.Words!))).Where(entry => IsPlaced(protocol, entry.Item2.Module));

    private static IEnumerable<(DomainFile Domain, RecordsFile File)> Logs(Protocol protocol) =>
        protocol.Domains.SelectMany(domain => domain.Keys.Where(key => key.Records is not null).Select(key => (domain, key.Records!))).Where(entry => IsPlaced(protocol, entry.Item2.Module));

    private static bool IsPlaced(Protocol protocol, string module) => protocol.Modules.Any(other => string.Equals(other.Name, module, StringComparison.Ordinal));

    private static ContractCall ViewOf(Protocol protocol, WordSetFile set)
    {
        var function = protocol[set.Module].Abi.Function(set.View);
        return new ContractCall(protocol[set.Module].Address, function, [.. function.Inputs.Zip(set.Arguments, (input, text) => ArgumentText.Parse(input.Type, text))]);
    }

    private static ContractCall LastOf(Protocol protocol, RecordsFile file) => new(protocol[file.Module].Address, protocol[file.Module].Abi.Function(file.Last));

    private static ContractCall HistoryOf(Protocol protocol, RecordsFile file) => new(protocol[file.Module].Address, protocol[file.Module].Abi.Function(file.History));

    private static Risk RiskOf(Module module, string function) => module.Actions.First(action => string.Equals(action.Function, module.Abi.Function(function).Signature, StringComparison.Ordinal)).Risk;

    private static IReadOnlyList<Bytes32> In(AbiFunction function, byte[] answer) => [.. ((AbiList)function.DecodeOutput(answer)[0]).Select(word => word.AsBytes32())];

    private static string Listed(IReadOnlyList<Bytes32> words) => words.Count == 0 ? "none" : string.Join(", ", words.Order());
}
