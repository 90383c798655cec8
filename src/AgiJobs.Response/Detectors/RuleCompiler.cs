using System.Collections.Frozen;
using System.Globalization;
using System.Numerics;
using AgiJobs.Control;
using AgiJobs.Control.Description;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Response.Detectors.Expressions;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Watching;

namespace AgiJobs.Response.Detectors;

/// <summary>Compiles rules for a network: everything that they name must be there, and be of the type that they take it for.</summary>
/// <param name="ground">The network.</param>
public sealed class RuleCompiler(RuleGround ground)
{
    private const int MostConfirmations = 10_000;

    private static readonly string[] EventNames = ["module", "address", "event", "arguments"];
    private static readonly string[] ViewNames = ["module", "address", "view"];

    /// <summary>Compiles the rules of a network and says everything that is wrong with them. Never throws for what stands in a rule.</summary>
    public RuleCheck Check(IReadOnlyList<RuleSource> sources)
    {
        ArgumentNullException.ThrowIfNull(sources);
        var problems = new List<RuleProblem>();
        var sleeping = new List<RuleProblem>();
        var detectors = new List<Detector>();
        var watched = new List<WatchedRule>();
        var meanings = new List<string>();
        var digests = new RuleDigest(ground);
        var standstill = new HashSet<string>(StringComparer.Ordinal);
        foreach (var twice in sources.GroupBy(source => source.Rule.Name, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            var last = twice.Last();
            problems.Add(new RuleProblem("rule-twice", last.File, Place(last, "name"), twice.Key, $"the name '{twice.Key}' stands in {string.Join(" and ", twice.Select(source => $"{source.File} at {Place(source, "name")}"))}.", "Rename one of them: alerts are told apart by the rule's name."));
        }

        foreach (var source in sources)
        {
            var compile = new Compilation(ground, source);
            try
            {
                var made = compile.Detectors();
                sleeping.AddRange(compile.Sleeping);
                if (source.Rule.Disabled)
                {
                    sleeping.Add(compile.Said("rule-disabled", "disabled", "it is disabled.", "Remove \"disabled\" to watch again."));
                }
                else if (made.Count > 0)
                {
                    detectors.AddRange(made);
                    watched.Add(new WatchedRule(source.Rule, source.File, compile.Watches));
                    meanings.AddRange(compile.Meanings.Select(meaning => $"{source.Rule.Name}: {meaning}"));
                    foreach (var detector in made)
                    {
                        detector.Digest = digests.Of(detector, compile.Meanings);
                    }
                    standstill.UnionWith(source.Rule.Standstill ? Standstill(source.Rule.Name, made) : []);
                }
            }
            catch (ControlException problem)
            {
                problems.Add(new RuleProblem(problem.Code, source.File, Place(source, compile.At), source.Rule.Name, problem.Message, problem.Mend ?? "Correct the value."));
            }
            catch (EthereumException problem)
            {
                problems.Add(new RuleProblem("rule-abi", source.File, Place(source, compile.At), source.Rule.Name, problem.Message, "Correct the signature."));
            }
        }

        if (problems.Count > 0)
        {
            return new RuleCheck(null, problems);
        }

        watched.Sort((one, other) => string.CompareOrdinal(one.Rule.Name, other.Rule.Name));
        var digest = digests.Of(sources, watched, meanings);
        foreach (var detector in detectors)
        {
            detector.Frame.RuleSet = digest;
        }

        return new RuleCheck(
            new CompiledRules(
                [.. detectors.GroupBy(detector => detector.Frame.Rule.Confirmations).OrderBy(group => group.Key).Select(group => new DetectorSet(group.Key, digest, [.. group.OrderBy(detector => detector.Key, StringComparer.Ordinal)]))],
                digest,
                watched,
                sleeping)
            { Standstill = standstill },
            []);
    }

    // The rule's word alone is not enough: the description has to say that a pause logs all that the rule watches there.
    private IEnumerable<string> Standstill(string rule, IEnumerable<Detector> detectors) => detectors
        .SelectMany(detector => detector.Events)
        .GroupBy(watched => watched.Subject, StringComparer.Ordinal)
        .Where(subject => subject.All(watched => ground.Protocol.At(watched.Address) is { } module
            && module.Levers.Where(lever => lever.Action == LeverAction.Pause).SelectMany(lever => lever.Effects?.Emits ?? []).Concat(module.Stopping?.Emits ?? []).Any(signature => Keccak256.Hash(signature) == watched.Topic)))
        .Select(subject => FindingIdentity.Fingerprint(ground.Network, rule, subject.Key));

    /// <summary>Compiles the rules of a network.</summary>
    /// <exception cref="ControlException">The code of the first problem, with every problem in its message.</exception>
    public CompiledRules Compile(IReadOnlyList<RuleSource> sources) => Check(sources).Require();

    private static string Place(RuleSource source, string at) => string.Create(CultureInfo.InvariantCulture, $"$.rules[{source.Index}]{(at.Length == 0 ? "" : ".")}{at}");

    /// <summary>A contract that a rule may look at.</summary>
    private sealed record Target(Address Address, string Name, ContractAbi Abi);

    /// <summary>One rule on its way.</summary>
    private sealed class Compilation(RuleGround ground, RuleSource source)
    {
        private readonly Dictionary<string, Unit> _units = new(StringComparer.Ordinal);
        private readonly List<RuleProblem> _sleeping = [];
        private readonly SortedSet<string> _watches = new(StringComparer.Ordinal);
        private readonly SortedSet<string> _meanings = new(StringComparer.Ordinal);

        private MonitoringRule Rule => source.Rule;

        /// <summary>The key that is being looked at.</summary>
        public string At { get; private set; } = "";

        public IReadOnlyList<RuleProblem> Sleeping => _sleeping;

        public IReadOnlyList<string> Watches => [.. _watches];

        /// <summary>What the names and units in the rule stand for on this network.</summary>
        public IReadOnlyList<string> Meanings => [.. _meanings];

        public RuleProblem Said(string code, string at, string message, string? mend) => new(code, source.File, Place(source, at), Rule.Name, message, mend);

        public List<Detector> Detectors()
        {
            At = "name";
            if (Rule.Name.Length is 0 or > 80 || !char.IsAsciiLetterLower(Rule.Name[0]) || Rule.Name.Any(letter => !char.IsAsciiLetterLower(letter) && !char.IsAsciiDigit(letter) && letter != '-'))
            {
                throw Wrong("rule-name", $"'{ValueText.Clean(Rule.Name)}' is no name of a rule.", "Write lower-case letters, digits and '-', a letter first, at most 80 characters.");
            }

            if (Rule.Name is DetectorSet.BlindRule or RuleTampering.RuleName)
            {
                throw Wrong("rule-name", $"'{Rule.Name}' is what this program itself tells.", "Choose another name.");
            }

            At = "severity";
            var severity = Severities.Parse(Rule.Severity) ?? throw Wrong("rule-severity", $"'{ValueText.Clean(Rule.Severity)}' is no severity.", "Write SEV-0, SEV-1, SEV-2 or SEV-3.");
            At = "confirmations";
            if (Rule.Confirmations is < 0 or > MostConfirmations)
            {
                throw Wrong("rule-confirmations", string.Create(CultureInfo.InvariantCulture, $"{Rule.Confirmations} confirmations are outside 0 to {MostConfirmations}."), "Write how many blocks must stand on a block before it is examined.");
            }

            At = "blindAfter";
            if (Rule.BlindAfter is < 1 or > 1_000_000)
            {
                throw Wrong("rule-blind-after", string.Create(CultureInfo.InvariantCulture, $"{Rule.BlindAfter} blocks are outside 1 to 1000000."), "Write after how many unread blocks that is a finding.");
            }

            At = "units";
            foreach (var (name, unit) in Rule.Units ?? FrozenDictionary<string, string>.Empty)
            {
                At = $"units.{name}";
                _units[name] = Known(unit);
            }

            At = "title";
            var title = new RuleTitle(Rule.Title);
            var frame = new RuleFrame(Rule, severity, title, _units, ground);
            At = "";
            var kinds = ((string, object?)[])[("event", Rule.Event), ("call", Rule.Call), ("state", Rule.State), ("change", Rule.Change), ("rate", Rule.Rate), ("absence", Rule.Absence), ("sequence", Rule.Sequence)];
            var given = kinds.Where(kind => kind.Item2 is not null).Select(kind => kind.Item1).ToList();
            if (given.Count != 1)
            {
                throw Wrong("rule-kind", given.Count == 0 ? "it watches nothing." : $"it has {string.Join(" and ", given)} at once.", $"Give it exactly one of {string.Join(", ", kinds.Select(kind => kind.Item1))}.");
            }

            if (Rule.Unexplained && given[0] is "state" or "change" or "absence")
            {
                At = "unexplained";
                throw Wrong("rule-unexplained", $"a rule of the kind '{given[0]}' is about no transaction, so that no change can be behind it.", "Remove \"unexplained\", or watch the event.");
            }

            if (Rule.Standstill && given[0] is not "event")
            {
                At = "standstill";
                throw Wrong("rule-standstill", $"a rule of the kind '{given[0]}' tells more than that something was stopped.", "Remove \"standstill\", or watch the event that a pause logs.");
            }

            List<Detector> made = given[0] switch
            {
                "event" => OfEvent(frame, Rule.Event!),
                "call" => OfCall(frame, Rule.Call!),
                "state" => OfState(frame, Rule.State!),
                "change" => OfChange(frame, Rule.Change!),
                "rate" => OfRate(frame, Rule.Rate!),
                "absence" => OfAbsence(frame, Rule.Absence!),
                _ => OfSequence(frame, Rule.Sequence!),
            };

            // A misspelt unit would leave the values bare without a word.
            if (made.Count > 0 && _units.Keys.FirstOrDefault(name => !_unitsUsed.Contains(name)) is { } unused)
            {
                At = $"units.{unused}";
                throw Wrong("rule-units-unused", $"nothing that the rule looks at is called '{unused}'.", "Correct the name of the argument or result.");
            }

            return made;
        }

        private readonly HashSet<string> _unitsUsed = new(StringComparer.Ordinal);

        private List<Detector> OfEvent(RuleFrame frame, EventSelectorFile file)
        {
            var events = Events(file, "event");
            Title(frame, events, EventNames);
            return events.Count == 0 ? [] : [new EventDetector(Rule.Name, frame, events)];
        }

        private List<Detector> OfRate(RuleFrame frame, RateRuleFile file)
        {
            At = "rate.within";
            var window = RuleWindow.Parse(file.Within);
            var events = Events(file.Of, "rate.of");
            if (file.By is { } by)
            {
                RequireArgument(events, by, "rate.by");
            }

            BigInteger limit;
            if (file.Count is { } count && file.Sum is null && file.Reaches is null)
            {
                At = "rate.count";
                limit = count > 0 ? count : throw Wrong("rule-threshold", string.Create(CultureInfo.InvariantCulture, $"it would fire for {count} events, which is always."), "Write 1 or more.");
            }
            else if (file is { Count: null, Sum: { } sum, Reaches: { } reaches })
            {
                RequireArgument(events, sum, "rate.sum", AbiTypeKind.UnsignedInteger, AbiTypeKind.SignedInteger);
                At = "rate.reaches";
                limit = Amount(sum, reaches);
                limit = limit.Sign > 0 ? limit : throw Wrong("rule-threshold", $"it would fire for {reaches}, which is always.", "Write more than nothing.");
            }
            else
            {
                At = "rate";
                throw Wrong("rule-threshold", "it needs either 'count', or 'sum' and 'reaches', and not both.", "Write \"count\": 5, or \"sum\": \"amount\", \"reaches\": \"500 AGIALPHA\".");
            }

            Title(frame, events, [.. EventNames, "total", "limit", "window", "part"]);
            return events.Count == 0 ? [] : [new RateDetector(Rule.Name, frame, events, window, file.Sum, limit, file.By)];
        }

        private List<Detector> OfAbsence(RuleFrame frame, AbsenceRuleFile file)
        {
            At = "absence.within";
            var window = RuleWindow.Parse(file.Within);
            var awaited = Events(file.Of, "absence.of");
            var after = file.After is null ? [] : Events(file.After, "absence.after");
            if (file.Same is { } same)
            {
                At = "absence.same";
                if (file.After is null)
                {
                    throw Wrong("rule-same", "'same' needs an 'after' that has the argument in common.", "Give it an 'after', or remove 'same'.");
                }

                RequireSame(awaited, after, same, "absence.same");
            }

            Title(frame, [], ["module", "event", "part", "since", "window"]);
            return awaited.Count == 0 || (file.After is not null && after.Count == 0) ? [] : [new AbsenceDetector(Rule.Name, frame, awaited, after, window, file.Same)];
        }

        private List<Detector> OfSequence(RuleFrame frame, SequenceRuleFile file)
        {
            At = "sequence.within";
            var window = RuleWindow.Parse(file.Within);
            var first = Events(file.First, "sequence.first");
            var then = Events(file.Then, "sequence.then");
            if (file.Same is { } same)
            {
                RequireSame(first, then, same, "sequence.same");
            }

            Title(frame, then, [.. EventNames, "part", "window", "firstBlock", "firstTransaction"]);
            return first.Count == 0 || then.Count == 0 ? [] : [new SequenceDetector(Rule.Name, frame, first, then, window, file.Same)];
        }

        private List<Detector> OfCall(RuleFrame frame, CallRuleFile file)
        {
            At = "call.status";
            bool? outcome = file.Status switch
            {
                null or "any" => null,
                "success" => true,
                "failure" => false,
                _ => throw Wrong("rule-status", $"'{ValueText.Clean(file.Status)}' is no status.", "Write any, success or failure."),
            };
            var calls = new List<WatchedCall>();
            if (file.Functions.Count == 0)
            {
                foreach (var target in Targets(file.Modules, file.Addresses, file.Abi, "call", _ => true))
                {
                    calls.Add(new WatchedCall(target.Address, target.Name, null, Where(file.Where, "call.where", [], "a transaction", withTransaction: true)));
                    _watches.Add($"{target.Name} ({target.Address}) every transaction, status {file.Status ?? "any"}");
                }
            }
            else
            {
                At = "call.functions";
                foreach (var (target, function) in Items<AbiFunction>(file.Modules, file.Addresses, file.Abi, file.Functions, [], "call", "functions", "function", abi => [.. abi.Functions.Where(function => !function.IsReadOnly).Select(function => (function.Name, function.Signature, function))], text => AbiFunction.Parse(text).Signature))
                {
                    calls.Add(new WatchedCall(target.Address, target.Name, function, Where(file.Where, "call.where", [.. function.Inputs.Select(Named)], function.ToString(), withTransaction: true)));
                    _watches.Add($"{target.Name} ({target.Address}) {function.Signature}, status {file.Status ?? "any"}");
                }
            }

            At = "title";
            RequireTitle(frame, calls.Select(call => call.Function?.Inputs.Select(input => input.Name).ToList() ?? []), ["module", "address", "function", "arguments", "sender", "status"]);
            UseUnits(calls.SelectMany(call => call.Function?.Inputs ?? []).Select(input => input.Name).Append("tx").Append("sender"));
            return calls.Count == 0 ? [] : [new CallDetector(Rule.Name, frame, calls, outcome)];
        }

        private List<Detector> OfState(RuleFrame frame, StateRuleFile file)
        {
            var made = new List<Detector>();
            foreach (var view in Views(file, "state"))
            {
                var names = view.View.Outputs.Select((output, place) => Named(new AbiParameter(ViewDetector.NameOf(view.View, place), output.Type))).ToList();
                var where = Where(file.Where, "state.where", names, $"what {view.View.Signature} returns", withTransaction: false)!;
                At = "title";
                RequireTitle(frame, [[.. names.Select(name => name.Name)]], ViewNames);
                UseUnits(names.Select(name => name.Name));
                made.Add(new StateDetector($"{Rule.Name}/{view.Subject}", frame, view, where));
            }

            return made;
        }

        private List<Detector> OfChange(RuleFrame frame, ViewChangeRuleFile file)
        {
            At = "change";
            if (file.Drop is not null && file.Rise is not null)
            {
                throw Wrong("rule-threshold", "it has 'drop' and 'rise' at once.", "Write two rules.");
            }

            var (drop, rise) = (Percent(file.Drop, "change.drop", 10_000), Percent(file.Rise, "change.rise", 100_000_000));
            RuleWindow? window = null;
            At = "change.within";
            if (file.Within is { } within)
            {
                window = RuleWindow.Parse(within);
            }

            if ((window is null) != (drop is null && rise is null))
            {
                throw Wrong("rule-window", window is null ? "a drop or rise needs a window to be seen in." : "a window needs a 'drop' or 'rise' to look for in it.", "Write \"drop\": \"20%\", \"within\": \"100 blocks\"; or neither, for any change.");
            }

            var made = new List<Detector>();
            foreach (var view in Views(file, "change"))
            {
                At = "change.view";
                if (window is not null && view.View.Outputs is not [{ Type.Kind: AbiTypeKind.UnsignedInteger or AbiTypeKind.SignedInteger }])
                {
                    throw Wrong("rule-view-type", $"{view.View.Signature} returns {AbiTypes(view.View)}, no number that could drop or rise.", "Name a view that returns one integer.");
                }

                var names = view.View.Outputs.Select((_, place) => ViewDetector.NameOf(view.View, place)).ToList();
                At = "title";
                RequireTitle(frame, [names], [.. ViewNames, "previous", "current", .. window is null ? (string[])[] : ["percent", "window"]]);
                UseUnits(names);
                made.Add(new ViewChangeDetector($"{Rule.Name}/{view.Subject}", frame, view, drop, rise, window));
            }

            return made;
        }

        private List<WatchedView> Views(ViewFile file, string at)
        {
            At = $"{at}.view";
            var found = Items<AbiFunction>(file.Modules, file.Addresses, file.Abi, [file.View], [], at, "view", "view", abi => [.. abi.Functions.Where(function => function.IsReadOnly).Select(function => (function.Name, function.Signature, function))], text => AbiFunction.Parse(text).Signature);
            if (found.GroupBy(entry => entry.Target.Address).FirstOrDefault(group => group.Count() > 1) is { } several)
            {
                throw Wrong("rule-view-several", $"'{ValueText.Clean(file.View)}' fits several views of {several.First().Target.Name}: {string.Join(", ", several.Select(entry => entry.Item.Signature))}.", "Write the whole signature of one, and a rule for each.");
            }

            var views = new List<WatchedView>();
            foreach (var (target, view) in found)
            {
                At = $"{at}.arguments";
                if (view.Inputs.Count != file.Arguments.Count)
                {
                    throw Wrong("rule-arguments", string.Create(CultureInfo.InvariantCulture, $"{view.Signature} takes {view.Inputs.Count} arguments, and {file.Arguments.Count} are given."), "Give as many as it takes, as texts.");
                }

                var calldata = Hex.Encode(view.Encode([.. view.Inputs.Zip(file.Arguments, (input, text) =>
                    text.StartsWith('@') && input.Type.Kind == AbiTypeKind.Address ? AddressOf(text[1..]) ?? throw Wrong("rule-address", $"'{text}' is no address of the network.", "Write the name of a module that the manifest has, @safe, @backup-safe, or the address.") : ArgumentText.Parse(input.Type, text))]));
                views.Add(new WatchedView(target.Address, target.Name, view, new StateRead(target.Address, calldata)));
                _watches.Add($"{target.Name} ({target.Address}) view {view.Signature} {calldata}");

                // The description says what its parameters count.
                if (view.Outputs.Count == 1 && !_units.ContainsKey("value") && view.Inputs.Count == 0 && ground.Protocol.At(target.Address)?.Parameters.FirstOrDefault(parameter => string.Equals(parameter.Getter.Signature, view.Signature, StringComparison.Ordinal) && parameter.Getter.Outputs.Count == 1 && parameter.Unit.IsNumber) is { } parameter && view.Outputs[0].Type.Kind is AbiTypeKind.UnsignedInteger or AbiTypeKind.SignedInteger)
                {
                    _units["value"] = parameter.Unit;
                    Mean(parameter.Unit.Name);
                }
            }

            return views;
        }

        private List<WatchedEvent> Events(EventSelectorFile file, string at)
        {
            At = $"{at}.events";
            if (file.Events.Count == 0)
            {
                throw Wrong("rule-event-unknown", "it names no event.", "Name one, or write a name with * for any letters.");
            }

            var found = Items<AbiEvent>(file.Modules, file.Addresses, file.Abi, file.Events, file.Except, at, "events", "event", abi => [.. abi.Events.Where(one => !one.IsAnonymous).Select(one => (one.Name, one.Signature, one))], text => AbiEvent.Parse(text).Signature);
            var watched = new List<WatchedEvent>();
            foreach (var (target, one) in found.DistinctBy(entry => (entry.Target.Address, entry.Item.Topic0)))
            {
                var where = Where(file.Where, $"{at}.where", [.. one.Inputs.Select(input => Named(input) with { IsHashed = input.Indexed && input.Type.Kind is AbiTypeKind.String or AbiTypeKind.Bytes or AbiTypeKind.Tuple or AbiTypeKind.FixedArray or AbiTypeKind.DynamicArray })], one.ToString(), withTransaction: true);
                watched.Add(new WatchedEvent(target.Address, target.Name, new LogReading(one), where, file.Where is { } text && text.Contains("tx.", StringComparison.Ordinal)));
                _watches.Add($"{target.Name} ({target.Address}) {one}");
                UseUnits(one.Inputs.Select(input => input.Name));
            }

            return watched;
        }

        private Expression? Where(string? text, string at, IReadOnlyList<ExpressionName> names, string owner, bool withTransaction)
        {
            if (text is null)
            {
                return null;
            }

            At = at;
            return Expression.Parse(text, new ExpressionScope(withTransaction ? [.. names, new ExpressionName(TransactionValue.Name, TransactionValue.Type)] : names, UnitOf, AddressOf, owner));
        }

        private Unit? UnitOf(string name) => name is "bps" or "wei" or "wad" or "seconds" || ground.Protocol.Tokens.ContainsKey(name) ? Known(name) : null;

        private Unit Known(string name)
        {
            Mean(name);
            return Unit.Of(name, ground.Protocol.Tokens);
        }

        // The units that are no token mean the same everywhere.
        private void Mean(string unit)
        {
            if (ground.Protocol.Tokens.TryGetValue(unit, out var decimals))
            {
                _meanings.Add(string.Create(CultureInfo.InvariantCulture, $"{unit} has {decimals} decimals"));
            }
        }

        private Address? AddressOf(string name)
        {
            if (ground.AddressOf(name) is not { } address)
            {
                return null;
            }

            _meanings.Add($"@{name} is {address}");
            return address;
        }

        private ExpressionName Named(AbiParameter parameter)
        {
            var unit = _units.GetValueOrDefault(parameter.Name);
            if (unit is not null && unit.IsNumber != parameter.Type.Kind is AbiTypeKind.UnsignedInteger or AbiTypeKind.SignedInteger)
            {
                At = $"units.{parameter.Name}";
                throw Wrong("rule-units", $"'{parameter.Name}' is {parameter.Type}, which does not count {unit.Name}.", "Remove the unit.");
            }

            return new ExpressionName(parameter.Name, parameter.Type, false, unit is { IsNumber: true } ? unit : null);
        }

        private void UseUnits(IEnumerable<string> names) => _unitsUsed.UnionWith(names);

        // Each contract with each of its items that is meant. What is named must be there; what is named by no module is taken wherever it is.
        private List<(Target Target, T Item)> Items<T>(IReadOnlyList<string> modules, IReadOnlyList<string> addresses, IReadOnlyList<string> abi, IReadOnlyList<string> wanted, IReadOnlyList<string> except, string at, string key, string kind, Func<ContractAbi, IReadOnlyList<(string Name, string Signature, T Item)>> itemsOf, Func<string, string> canonical)
        {
            var patterns = wanted.Select(text => NamePattern.Of(text, canonical)).ToList();
            var hit = new HashSet<string>(StringComparer.Ordinal);
            var isNamed = modules.Count > 0 || addresses.Count > 0;
            var found = new List<(Target, T)>();
            var targets = Targets(modules, addresses, abi, at, contract => isNamed || itemsOf(contract).Any(item => !except.Contains(item.Name, StringComparer.Ordinal) && patterns.Any(pattern => pattern.Fits(item.Name, item.Signature))));
            foreach (var target in targets)
            {
                var any = false;
                foreach (var (name, signature, item) in itemsOf(target.Abi))
                {
                    if (except.Contains(name, StringComparer.Ordinal))
                    {
                        continue;
                    }

                    foreach (var pattern in patterns.Where(pattern => pattern.Fits(name, signature)))
                    {
                        hit.Add(pattern.Text);
                        if (!any || !found.Exists(entry => ReferenceEquals(entry.Item1, target) && ReferenceEquals(entry.Item2, item)))
                        {
                            found.Add((target, item));
                        }

                        any = true;
                    }
                }

                if (!any)
                {
                    At = $"{at}.{key}";
                    throw Wrong($"rule-{kind}-unknown", $"{target.Name} has no {kind} {string.Join(" or ", wanted.Select(text => $"'{ValueText.Clean(text)}'"))}. It has {Some(itemsOf(target.Abi).Select(item => item.Signature), wanted[0])}.", $"Correct the {kind}'s name or signature.");
                }
            }

            At = $"{at}.{key}";
            var isAsleep = _sleeping.Count > 0 || ground.Protocol.Described.Count > ground.Protocol.Modules.Count;
            var all = targets.Count > 0 && isNamed ? targets.Select(target => target.Abi).ToList() : ground.Protocol.Modules.Select(module => module.Abi).ToList();
            if (patterns.Select(pattern => pattern.Text).Where(text => !hit.Contains(text)).Distinct(StringComparer.Ordinal).ToList() is { Count: > 0 } lost && (targets.Count > 0 || !isAsleep))
            {
                // A module without an address may be the one that has it.
                if (!isNamed && isAsleep)
                {
                    _sleeping.AddRange(lost.Select(text => Said("rule-sleeping", $"{at}.{key}", $"no module with an address has the {kind} '{ValueText.Clean(text)}'.", "Give the manifest the address of the module that has it.")));
                }
                else
                {
                    throw Wrong($"rule-{kind}-unknown", $"nothing that is watched has the {kind} {string.Join(" or ", lost.Select(text => $"'{ValueText.Clean(text)}'"))}. There are {Some(targets.Count > 0 ? targets.SelectMany(target => itemsOf(target.Abi)).Select(item => item.Signature) : ground.Protocol.Modules.SelectMany(module => itemsOf(module.Abi)).Select(item => item.Signature), lost[0])}.", $"Correct the {kind}'s name or signature.");
                }
            }
            else if (targets.Count == 0 && _sleeping.Count == 0)
            {
                _sleeping.Add(Said("rule-sleeping", $"{at}.{key}", $"no module with an address has the {kind} {string.Join(" or ", wanted)}.", "Give the manifest the address of the module that has it."));
            }

            // A misspelt exception would let in what it is to keep out.
            var missed = except.Where(name => !all.Exists(abi => itemsOf(abi).Any(item => string.Equals(item.Name, name, StringComparison.Ordinal)))).Distinct(StringComparer.Ordinal).ToList();
            if (missed.Count > 0 && !isAsleep)
            {
                At = $"{at}.except";
                throw Wrong("rule-except-unknown", $"nothing that is watched has the {kind} {string.Join(" or ", missed.Select(name => $"'{ValueText.Clean(name)}'"))}, which is to be left out.", $"Correct the {kind}'s name, without its arguments, or remove it.");
            }

            _sleeping.AddRange(missed.Select(name => Said("rule-sleeping", $"{at}.except", $"no module with an address has the {kind} '{ValueText.Clean(name)}', which is to be left out.", "Give the manifest the address of the module that has it, or correct the name.")));
            return found;
        }

        private List<Target> Targets(IReadOnlyList<string> modules, IReadOnlyList<string> addresses, IReadOnlyList<string> abi, string at, Func<ContractAbi, bool> has)
        {
            var found = new List<Target>();
            foreach (var name in modules.Distinct(StringComparer.Ordinal))
            {
                At = $"{at}.modules";
                if (ground.Protocol.Modules.FirstOrDefault(module => string.Equals(module.Name, name, StringComparison.Ordinal)) is { } module)
                {
                    found.Add(new Target(module.Address, module.Name, module.Abi));
                }
                else if (ground.Protocol.Described.Contains(name, StringComparer.Ordinal))
                {
                    _sleeping.Add(Said("rule-sleeping", At, $"{name} has no address in the manifest, so that nothing of it is watched.", $"Give the manifest of {ground.Network} its address."));
                }
                else
                {
                    throw Wrong("rule-module-unknown", $"the module '{ValueText.Clean(name)}' is unknown: {ground.Protocol.Title} has {string.Join(", ", ground.Protocol.Described)}.", "Write one of these names as it stands here.");
                }
            }

            ContractAbi? inline = null;
            if (abi.Count > 0)
            {
                At = $"{at}.abi";
                inline = ContractAbi.FromHumanReadable([.. abi]);
            }

            foreach (var text in addresses.Distinct(StringComparer.Ordinal))
            {
                At = $"{at}.addresses";
                var isSafe = text is "@safe" or "@backup-safe";
                if (isSafe && ground.AddressOf(text[1..]) is null)
                {
                    _sleeping.Add(Said("rule-sleeping", At, $"the network has no {(text is "@safe" ? "Safe" : "backup Safe")}.", $"Name it in config/networks/{ground.Network}.json."));
                    continue;
                }

                var address = isSafe ? ground.AddressOf(text[1..])!.Value
                    : Address.TryParse(text, out var parsed) ? parsed
                    : throw Wrong("rule-address", $"'{ValueText.Clean(text)}' is no address.", "Write an EIP-55 address, @safe or @backup-safe; modules stand under \"modules\".");
                var module = ground.Protocol.At(address);
                var known = inline ?? (isSafe || address == ground.Safe || address == ground.BackupSafe ? SafeAbi.Safe : module?.Abi)
                    ?? throw Wrong("rule-abi", $"nothing is known of the contract at {address}.", "List its events or functions under \"abi\": [\"event Paused(address account)\"].");
                if (!found.Exists(target => target.Address == address))
                {
                    // It is part of the identity of findings: no name that another monitor may not know, and two contracts of one name would be one alert.
                    var name = isSafe ? (text is "@safe" ? "Safe" : "backup Safe") : module?.Name ?? address.ToString();
                    found.Add(new Target(address, found.Exists(target => string.Equals(target.Name, name, StringComparison.Ordinal)) ? address.ToString() : name, known));
                }
            }

            if (abi.Count > 0 && addresses.Count == 0)
            {
                At = $"{at}.abi";
                throw Wrong("rule-abi", "an ABI stands here, and no address that it is for.", "Add \"addresses\", or remove it: modules have theirs.");
            }

            return modules.Count > 0 || addresses.Count > 0 ? found : [.. ground.Protocol.Modules.Where(module => has(module.Abi)).Select(module => new Target(module.Address, module.Name, module.Abi))];
        }

        private void RequireArgument(IReadOnlyList<WatchedEvent> events, string name, string at, params ReadOnlySpan<AbiTypeKind> kinds)
        {
            At = at;
            foreach (var watched in events)
            {
                var input = watched.Reading.Event.Inputs.FirstOrDefault(input => string.Equals(input.Name, name, StringComparison.Ordinal))
                    ?? throw Wrong("rule-argument-unknown", $"{watched.Subject}'s {watched.Reading.Event} has no argument '{ValueText.Clean(name)}'.", "Write the name of one of its arguments.");
                if (kinds.Length > 0 && !kinds.Contains(input.Type.Kind))
                {
                    throw Wrong("rule-argument-type", $"'{name}' of {watched.Reading.Event} is {input.Type}, which cannot be added up.", "Name an integer.");
                }
            }
        }

        private void RequireSame(IReadOnlyList<WatchedEvent> one, IReadOnlyList<WatchedEvent> other, string name, string at)
        {
            RequireArgument(one, name, at);
            RequireArgument(other, name, at);
            var types = one.Concat(other).Select(watched => watched.Reading.Event.Inputs.First(input => string.Equals(input.Name, name, StringComparison.Ordinal)).Type.Kind).Distinct().ToList();
            if (types.Count > 1)
            {
                throw Wrong("rule-argument-type", $"'{name}' is of another type in one event than in the other.", "Name an argument that both have.");
            }
        }

        private void Title(RuleFrame frame, IReadOnlyList<WatchedEvent> events, IReadOnlyList<string> names)
        {
            At = "title";
            RequireTitle(frame, events.Select(watched => watched.Reading.Event.Inputs.Select(input => input.Name).ToList()), names);
        }

        private void RequireTitle(RuleFrame frame, IEnumerable<List<string>> arguments, IReadOnlyList<string> names)
        {
            var all = arguments.Select(known => known.ConvertAll(RuleFrame.FactOf)).ToList();
            foreach (var name in frame.Title.Names.Where(name => !names.Contains(name, StringComparer.Ordinal)))
            {
                if (all.Count == 0 ? _sleeping.Count == 0 : all.Exists(known => !known.Contains(name, StringComparer.Ordinal)))
                {
                    throw Wrong("rule-title", $"the title uses {{{ValueText.Clean(name)}}}, which {(all.Count > 1 ? "not everything that the rule watches has" : "what the rule watches does not have")}.", $"Use {string.Join(", ", names.Concat(all.Count == 0 ? [] : all.Aggregate((one, other) => [.. one.Intersect(other, StringComparer.Ordinal)])).Where(known => known.Length > 0).Select(known => $"{{{known}}}"))}.");
                }
            }
        }

        private int? Percent(string? text, string at, int most)
        {
            if (text is null)
            {
                return null;
            }

            At = at;
            var bps = Unit.Of("bps", ground.Protocol.Tokens).Parse(text).AsInteger();
            return bps.Sign > 0 && bps <= most ? (int)bps : throw Wrong("rule-threshold", $"{text} is {(bps.Sign > 0 ? "more than can be" : "no change at all")}.", "Write a percentage, such as 20%.");
        }

        private BigInteger Amount(string argument, string text)
        {
            if (_units.GetValueOrDefault(argument) is { } unit)
            {
                return unit.Parse(text).AsInteger();
            }

            if (BigInteger.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var bare))
            {
                return bare;
            }

            var name = text.Contains(' ', StringComparison.Ordinal) ? text[(text.LastIndexOf(' ') + 1)..] : "";
            return (UnitOf(name) ?? throw Wrong("rule-units", $"'{ValueText.Clean(text)}' has no unit that is known.", "Write a whole number of base units, or an amount such as 500 AGIALPHA.")).Parse(text).AsInteger();
        }

        private static string AbiTypes(AbiFunction function) => function.Outputs.Count == 0 ? "nothing" : string.Join(", ", function.Outputs.Select(output => output.Type));

        private static string Some(IEnumerable<string> all, string near)
        {
            var stem = near.Split('(', '*')[0];
            var list = all.Distinct(StringComparer.Ordinal).OrderByDescending(one => stem.Length > 2 && one.Contains(stem, StringComparison.OrdinalIgnoreCase)).ThenBy(one => one, StringComparer.Ordinal).ToList();
            return list.Count == 0 ? "none" : string.Join(", ", list.Take(8)) + (list.Count > 8 ? string.Create(CultureInfo.InvariantCulture, $" and {list.Count - 8} more") : "");
        }

        private static ControlException Wrong(string code, string message, string mend) => new(code, ExitCode.BadInput, message, mend);
    }
}
