using System.Globalization;
using System.Numerics;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Planning;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;

namespace AgiJobs.Control.Desired;

/// <summary>Puts sets of words and records into a draft, which takes reads of their own, and looks the ENS names of the files up.</summary>
public static class DesiredLists
{
    private static readonly AbiFunction OwnerOfNode = AbiFunction.Parse("function owner(bytes32 node) view returns (address)");
    private static readonly AbiFunction OwnerOfWrapped = AbiFunction.Parse("function ownerOf(uint256 id) view returns (address)");

    /// <summary>Reads at the draft's block and adds what is missing, in two round trips at most; none when the files want no such thing.</summary>
    /// <param name="desired">What the files want; its values are in the draft already.</param>
    /// <param name="draft">The draft.</param>
    /// <param name="block">The block that the draft's state is of.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <returns>What the reader must know: names that nobody owns, records that cannot be made any more, what was added or dropped by rule.</returns>
    /// <exception cref="ControlException"><c>reading-unknown</c> (exit 5); <c>record-conflict</c> when the chain has another record of the same time, <c>record-future</c> (exit 2).</exception>
    /// <exception cref="EthereumException"><c>rpc-wrong-chain</c>, <c>block-reorganised</c>.</exception>
    public static async Task<IReadOnlyList<string>> AddAsync(DesiredState desired, WaveDraft draft, PinnedBlock block, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(desired);
        ArgumentNullException.ThrowIfNull(draft);
        ArgumentNullException.ThrowIfNull(block);
        var findings = new List<string>(desired.Notes);
        var reads = block.NewReads();
        var sets = desired.Words.Select(words => (Words: words, Read: reads.Call(new ContractCall(desired.Protocol[words.Set.Module].Address, Function(desired, words.Set.Module, words.Set.View), [.. Arguments(Function(desired, words.Set.Module, words.Set.View), words.Set.Arguments, null)])))).ToList();
        var logs = desired.Records.Select(records => (Records: records, Last: View(records.File.Module, records.File.Last), History: View(records.File.Module, records.File.History))).ToList();
        var names = Names(desired, draft);
        var registries = desired.Names.Select(lookup => (Lookup: lookup, Registry: Held(desired, draft, lookup.Registry), Wrapper: lookup.Wrapper is { } wrapper ? Held(desired, draft, wrapper) : null)).ToList();
        var owners = registries.SelectMany(entry => names.Select(name => (entry.Lookup, entry.Registry, entry.Wrapper, Name: name, Read: entry.Registry is { IsZero: false } registry ? reads.Call(new ContractCall(registry, OwnerOfNode, name.Node)) : null))).ToList();
        if (reads.Count > 0)
        {
            await reads.SendAsync(cancellation).ConfigureAwait(false);
        }

        foreach (var (words, read) in sets)
        {
            Contain(draft, words, Known(read, $"{words.Set.Module}.{words.Set.View}")[0]);
        }

        foreach (var (records, last, history) in logs)
        {
            Record(draft, records, Known(last, $"{records.File.Module}.{records.File.Last}")[0].AsInteger(), (AbiList)Known(history, $"{records.File.Module}.{records.File.History}")[0], block, findings);
        }

        var wrapped = block.NewReads();
        var asked = owners.Where(entry => entry.Read?.TryGet(out var holder) == true && !holder[0].AsAddress().IsZero && holder[0].AsAddress() == entry.Wrapper).Select(entry => (entry.Name, Read: wrapped.Call(new ContractCall(entry.Wrapper!.Value, OwnerOfWrapped, entry.Name.Node.ToUnsigned())))).ToList();
        if (wrapped.Count > 0)
        {
            await wrapped.SendAsync(cancellation).ConfigureAwait(false);
        }

        foreach (var (lookup, registry, _, name, read) in owners)
        {
            findings.AddRange(registry is null ? [$"whether the ENS name {name.Text} is revoked is unknown: {lookup.Registry} is unknown"]
                : registry.Value.IsZero ? [$"the ENS name {name.Text} does not count: {lookup.Registry} is not set"]
                : !read!.TryGet(out var holder) ? [$"whether the ENS name {name.Text} is revoked is unknown: {read.Error!.Message}"]
                : holder[0].AsAddress().IsZero ? [Revoked(name.Text, "nobody owns it")]
                : Array.Empty<string>());
        }

        foreach (var (name, read) in asked)
        {
            findings.AddRange(!read.TryGet(out var holder) ? [$"whether the wrapped ENS name {name.Text} is revoked is unknown: {read.Error!.Message}"] : holder[0].AsAddress().IsZero ? [Revoked(name.Text, "the NameWrapper has no owner of it")] : Array.Empty<string>());
        }

        return findings;

        PinnedRead<AbiArguments> View(string module, string view) => reads.Call(new ContractCall(desired.Protocol[module].Address, Function(desired, module, view)));
    }

    private static string Revoked(string name, string why) => $"the ENS name {name} is revoked: {why}; accounts under it lose their place, or somebody else takes it. Renew it, or take it out of the file";

    // Every name that the files want, a parameter or a word of a set, with what it is called.
    private static List<(Bytes32 Node, string Text)> Names(DesiredState desired, WaveDraft draft) => desired.Names.Count == 0 ? [] :
    [
        .. desired.Values.Where(value => value.Parameter.Unit.Name == "namehash" && value.Value.AsBytes32() != Bytes32.Zero && desired.Names.Any(lookup => lookup.Registry.StartsWith(value.Parameter.Module.Name + ".", StringComparison.Ordinal))).Select(value => (value.Value.AsBytes32(), $"{value.Parameter.FullName} = {value.Value.AsBytes32()}")),
        .. desired.Words.Where(words => words.Set.Unit == "namehash").SelectMany(words => words.Words.Select(word => (word.Word, $"{word.Name} = {word.Word}"))),
    ];

    private static Address? Held(DesiredState desired, WaveDraft draft, string parameter) => draft.Future(desired.Protocol.Parameter(parameter))?.AsAddress();

    private static void Contain(WaveDraft draft, DesiredWords desired, AbiValue listed)
    {
        var module = draft.State.Protocol[desired.Set.Module];
        var now = ((AbiList)listed).Select(word => word.AsBytes32()).ToList();
        var added = desired.Words.Where(word => !now.Contains(word.Word)).ToList();
        var removed = desired.Retain ? [] : now.Where(word => !desired.Words.Any(wanted => wanted.Word == word)).ToList();

        // OpenZeppelin's EnumerableSet puts the last member in the place of the one that leaves.
        var after = removed.Aggregate(now.Concat(added.Select(word => word.Word)).ToList(), (members, word) =>
        {
            members[members.IndexOf(word)] = members[^1];
            members.RemoveAt(members.Count - 1);
            return members;
        });
        foreach (var (word, name) in added)
        {
            draft.Add(Make(word, true, $"{desired.Source}: add {name} ({word})", MoveOrder.Allow) with { Undo = Make(word, false, $"{desired.Source}: remove {name} ({word})", MoveOrder.Retire) });
        }

        foreach (var word in removed)
        {
            draft.Add(Make(word, false, $"{desired.Source}: remove {word}", MoveOrder.Retire) with { Undo = Make(word, true, $"{desired.Source}: add {word}", MoveOrder.Allow) });
        }

        Move Make(Bytes32 word, bool adds, string purpose, MoveOrder order)
        {
            var function = module.Abi.Function(adds ? desired.Set.Add : desired.Set.Remove);
            var action = Action(module, function);
            return draft.Call(module, function, Arguments(function, adds ? desired.Set.AddArguments : desired.Set.RemoveArguments, word), action.Callers, action.Risk, purpose, order) with { Before = [List(now)], After = [List(after)] };
        }

        Expectation List(List<Bytes32> words)
        {
            var view = module.Abi.Function(desired.Set.View);
            return new Expectation
            {
                Subject = $"{module.Name}.{view.Name}({string.Join(", ", desired.Set.Arguments)}) = {(words.Count == 0 ? "none" : string.Join(", ", words))}",
                Target = module.Address,
                Call = view.Encode([.. Arguments(view, desired.Set.Arguments, null)]),
                Result = view.EncodeOutput(new AbiList([.. words.Select(word => (AbiValue)word)])),
            };
        }
    }

    private static void Record(WaveDraft draft, DesiredRecords desired, BigInteger last, AbiList history, PinnedBlock block, List<string> findings)
    {
        var file = desired.File;
        var module = draft.State.Protocol[file.Module];
        var kept = history.Select(entry => (IReadOnlyList<BigInteger>)[.. ((AbiList)entry).Select(member => member.AsInteger())]).ToDictionary(entry => entry[0]);
        var function = module.Abi.Function(file.Function);
        var newest = module.Abi.Function(file.Last);
        var action = Action(module, function);
        var fresh = new List<IReadOnlyList<BigInteger>>();
        foreach (var record in desired.Records)
        {
            var at = record[0].ToString(CultureInfo.InvariantCulture);
            if (kept.TryGetValue(record[0], out var there))
            {
                if (!there.SequenceEqual(record))
                {
                    throw new ControlException("record-conflict", ExitCode.BadInput, $"{desired.Source}: the chain has another record of {file.Members[0]} {at}: {string.Join(", ", file.Members.Zip(there, (member, value) => $"{member} {value.ToString(CultureInfo.InvariantCulture)}"))}.", "A record cannot be changed: correct the file.");
                }
            }
            else if (record[0] <= last)
            {
                findings.Add($"{desired.Source}: the record of {file.Members[0]} {at} is dropped: the chain takes only later ones than {last.ToString(CultureInfo.InvariantCulture)}, and keeps none of that time");
            }
            else if (record[0] > block.Header.Timestamp.ToUnixTimeSeconds())
            {
                throw new ControlException("record-future", ExitCode.BadInput, $"{desired.Source}: {file.Members[0]} {at} is later than the block of {block.Header.Timestamp.ToUnixTimeSeconds()}, and what is to come cannot be recorded.", "Correct the time, in seconds, or wait.");
            }
            else
            {
                fresh.Add(record);
            }
        }

        foreach (var record in fresh)
        {
            draft.Add(draft.Call(module, function, [.. record.Select(number => (AbiValue)number)], action.Callers, action.Risk, $"{module.Name}: record {string.Join(", ", file.Members.Zip(record, (member, value) => $"{member} {value.ToString(CultureInfo.InvariantCulture)}"))}", MoveOrder.Act) with
            {
                Before = [Newest(last)],
                After = [Newest(fresh[^1][0])],
                Lasting = "what was recorded stays until it leaves the window",
            });
        }

        Expectation Newest(BigInteger at) => new() { Subject = $"{module.Name}.{newest.Name} = {at.ToString(CultureInfo.InvariantCulture)}", Target = module.Address, Call = newest.Encode(), Result = newest.EncodeOutput(at) };
    }

    private static ActionFile Action(Module module, AbiFunction function) => module.Actions.First(action => string.Equals(action.Function, function.Signature, StringComparison.Ordinal));

    private static AbiFunction Function(DesiredState desired, string module, string signature) => desired.Protocol[module].Abi.Function(signature);

    private static AbiValue[] Arguments(AbiFunction function, IReadOnlyList<string> texts, Bytes32? word) => [.. function.Inputs.Zip(texts, (input, text) => string.Equals(text, "$", StringComparison.Ordinal) ? (AbiValue)word!.Value : ArgumentText.Parse(input.Type, text))];

    private static AbiArguments Known(PinnedRead<AbiArguments> read, string subject) => read.TryGet(out var value) ? value : throw new ControlException("reading-unknown", ExitCode.Unknown, $"{subject} is unknown: {read.Error!.Message}.", "Mend the cause, then plan again.");
}
