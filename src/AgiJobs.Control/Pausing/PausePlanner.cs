using System.Globalization;
using AgiJobs.Control.Authority;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Control.Pausing;

/// <summary>What has to be done to stop or resume modules.</summary>
/// <param name="Change">The change; null when the end state is there already.</param>
/// <param name="Option">The path that the change takes; null when nothing is to be done. Where it takes several, the route is the first step's and signers are those of all.</param>
/// <param name="Moving">The modules whose state is to change, or may have to because it is unknown.</param>
/// <param name="Findings">What the reader must know: unknown states, paths that could not be tried, contracts that no module describes.</param>
public sealed record PausePlan(ChangeDocument? Change, RouteOption? Option, IReadOnlyList<ModuleState> Moving, IReadOnlyList<string> Findings);

/// <summary>
/// Plans a pause or a resume from any mix of paused and running modules: never a call that would revert, always the end state asked for,
/// nothing when it is there already.
/// </summary>
public sealed class PausePlanner(ProtocolState state, string network, IReadOnlyList<SignerReference> signers)
{
    // The last second of the year 9999.
    private const ulong Never = 253_402_300_799;

    private static readonly Bytes32 Unsalted = Keccak256.Hash("the salt of a statement before its change is known");

    /// <summary>The kind of the changes that this plans: for every module, or for some.</summary>
    public static string KindOf(LeverAction action, bool everything = true) => $"{(action == LeverAction.Pause ? "pause" : "resume")}-{(everything ? "system" : "modules")}";

    /// <summary>True restricts the paths to those that the given signers can at least begin; set when they were named on the command line.</summary>
    public bool Named { get; init; }

    /// <summary>The sort of path to take where there is one; null takes the best. With <see cref="RouteKind.Authorization"/> statements of signers that are not at hand are planned too.</summary>
    public RouteKind? Prefer { get; init; }

    /// <summary>Resumes one module after the other in <see cref="ResumeOrder"/>, each by a transaction of its own after which the pools are watched; null moves all at once. Not for a pause.</summary>
    public PoolWatchTerms? Watch { get; init; }

    /// <summary>When the change may be executed, and its statement used; null when at any time.</summary>
    public ExecutionWindow? Window { get; init; }

    /// <summary>Plans, trying each path that comes into question on the observed block first: one round trip more. What would revert is not taken, and the reason is said.</summary>
    /// <param name="client">The chain that was observed.</param>
    /// <param name="action">Pause or resume.</param>
    /// <param name="instance">The ticket or incident.</param>
    /// <param name="modules">The modules by name; null is every one that can be paused.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <exception cref="ControlException">As <see cref="Plan"/>.</exception>
    /// <exception cref="EthereumException"><c>rpc-wrong-chain</c>.</exception>
    public async Task<PausePlan> PlanAsync(EthereumClient client, LeverAction action, string instance, IReadOnlyList<string>? modules, CancellationToken cancellation)
    {
        var targets = Targets(action, modules);
        var trials = Moving(action, targets) is { Count: > 0 } moving
            ? await RouteTrials.TryAsync(client, state.Protocol, BlockReference.At(state.BlockHash), Pulls(action, targets, moving, modules is null, []).SelectMany(pull => pull.Trials), cancellation).ConfigureAwait(false)
            : RouteTrials.None;
        return Plan(action, instance, modules, trials);
    }

    /// <summary>Plans on what was observed.</summary>
    /// <param name="action">Pause or resume.</param>
    /// <param name="instance">The ticket or incident.</param>
    /// <param name="modules">The modules by name; null is every one that can be paused.</param>
    /// <param name="trials">What was tried; null when nothing was.</param>
    /// <exception cref="ControlException">
    /// <c>no-route</c> (exit 4) when no lever can be reached with the signers at hand; <c>reading-unknown</c> (exit 5) when a resume would rest on an
    /// unknown state, or a pause would and every lever within reach may revert on it; <c>nothing-pausable</c>, <c>module-unknown</c>, <c>module-not-pausable</c> (exit 2).
    /// </exception>
    public PausePlan Plan(LeverAction action, string instance, IReadOnlyList<string>? modules = null, RouteTrials? trials = null)
    {
        var wanted = action == LeverAction.Pause;
        var targets = Targets(action, modules);
        var findings = targets.Where(target => !target.Paused!.IsKnown).Select(target => $"whether {target.Module.Name} is paused is unknown: {target.Paused!.Why}").ToList();
        if (findings.Count > 0 && !wanted)
        {
            throw new ControlException("reading-unknown", ExitCode.Unknown, $"A resume is not planned on unknown state: {string.Join("; ", findings)}.", "Mend the cause, then plan again. A pause is planned in spite of it.");
        }

        var moving = Moving(action, targets);
        if (moving.Count == 0)
        {
            return new PausePlan(null, null, [], findings);
        }

        var closed = new List<string>();
        var untried = new List<string>();
        var open = Judged(Pulls(action, targets, moving, modules is null, closed), moving, trials ?? RouteTrials.None, wanted, closed, untried);
        if ((Watch is null || wanted ? Best(open, moving) : OneByOne(open, moving)) is not { } chosen)
        {
            var reasons = Reasons(closed);
            if (findings.Count > 0 || untried.Count > 0)
            {
                throw new ControlException("reading-unknown", ExitCode.Unknown, $"No lever within reach is sure to {Verb(action)} {Names(moving)}: {string.Join("; ", findings.Concat(untried).Concat(reasons).Distinct(StringComparer.Ordinal))}.", "Mend the cause, then plan again.");
            }

            throw new ControlException(
                "no-route",
                ExitCode.Refused,
                $"{Hand()} cannot {Verb(action)} {Names(moving)}: {string.Join("; ", reasons)}.",
                "Name a signer that holds one of these roles with --signer, or leave --signer out to see every path of the workspace's signers.");
        }

        findings.AddRange(chosen.SelectMany(pull => pull.Findings).Distinct(StringComparer.Ordinal));
        return new PausePlan(Document(action, instance, targets, moving, chosen, modules is null), RouteOption.Joined(chosen.Select(pull => pull.Option)), moving, findings);
    }

    private List<ModuleState> Targets(LeverAction action, IReadOnlyList<string>? modules)
    {
        if (modules is null)
        {
            return state.Pausable.ToList() is { Count: > 0 } every
                ? every
                : throw new ControlException("nothing-pausable", ExitCode.BadInput, $"The manifest of '{network}' gives no pausable module of {state.Protocol.Title} an address, so there is nothing to {Verb(action)}.", "Add the modules' addresses to the manifest.");
        }

        // In the description's order, so that the order on the command line makes no other change.
        var named = modules.Select(name => state.Modules[state.Protocol[name].Name]).ToList();
        return named.Count == 0 ? throw new ControlException("nothing-pausable", ExitCode.BadInput, $"No module was named to {Verb(action)}.", "Name one.")
            : named.Find(target => target.Paused is null) is { } fixedOne ? throw new ControlException("module-not-pausable", ExitCode.BadInput, $"{fixedOne.Module.Name} has no pause. Those that have are {string.Join(", ", state.Pausable.Select(target => target.Module.Name))}.", "Name one of these.")
            : [.. state.Pausable.Where(target => named.Exists(other => ReferenceEquals(other, target)))];
    }

    private static List<ModuleState> Moving(LeverAction action, List<ModuleState> targets) =>
        targets.FindAll(target => !target.Paused!.TryGet(out var paused) || paused != (action == LeverAction.Pause));

    // Every way to pull every lever that may serve and cannot revert on the states that were read.
    private List<LeverPull> Pulls(LeverAction action, List<ModuleState> targets, List<ModuleState> moving, bool everything, List<string> closed)
    {
        var finder = new RouteFinder(state, signers) { AwaitsStatements = Prefer == RouteKind.Authorization };
        var pulls = new List<LeverPull>();
        foreach (var lever in state.Protocol.Modules.SelectMany(module => module.Levers).Where(lever => lever.Action == action))
        {
            var uses = Uses(lever, targets, moving, everything).ToList();
            if (uses.Count > 0)
            {
                var options = Open(lever, finder, closed);
                pulls.AddRange(uses.SelectMany(use => options.Select(option => Pull(lever, use, option, everything))));
            }
        }

        return pulls;
    }

    private IEnumerable<Use> Uses(Lever lever, List<ModuleState> targets, List<ModuleState> moving, bool everything)
    {
        var findings = new List<string>();
        var coverage = state.Covered(lever);
        var isKnown = coverage.TryGet(out var covered);
        if (!isKnown)
        {
            // A pause is not held up by that: a lever that cannot revert is tried with the modules that the manifest has.
            if (lever.Action == LeverAction.Resume || !lever.IsIdempotent)
            {
                yield break;
            }

            covered = [.. targets.Select(target => target.Module.Address)];
            findings.Add($"on which modules {lever.Module.Name}.{lever.Function.Signature} acts is unknown: {coverage.Why}");
        }

        var served = moving.FindAll(target => covered!.Contains(target.Module.Address));
        if (lever.TakesModule)
        {
            foreach (var target in served.Where(target => lever.IsIdempotent || target.Paused!.IsKnown))
            {
                yield return new Use([target.Module.Address], [target.Module], findings, !isKnown);
            }

            yield break;
        }

        if (served.Count == 0 || (!lever.IsIdempotent && served.Exists(target => !target.Paused!.IsKnown)))
        {
            yield break;
        }

        if (lever.TakesModules)
        {
            // A statement for everything stays good when modules are added before it is used.
            var whole = lever.Authorization is not null && everything && isKnown && covered!.All(address => state.Protocol.At(address) is not null) && served.Count == moving.Count;
            yield return new Use([.. served.Select(target => target.Module.Address)], whole ? [] : [.. served.Select(target => target.Module)], findings, !isKnown);
            yield break;
        }

        var strangers = covered!.Where(address => state.Protocol.At(address) is null).Order().ToList();
        var unplaced = lever.Covers.Where(name => !state.Modules.ContainsKey(name)).ToList();
        var besides = covered!.Count(address => !targets.Exists(target => target.Module.Address == address));
        if ((!everything && besides + unplaced.Count > 0) || (!lever.IsIdempotent && (strangers.Count > 0 || unplaced.Count > 0 || served.Count != covered!.Count)))
        {
            yield break;
        }

        findings.AddRange(strangers.Select(address => $"{lever.Module.Name}.{lever.Function.Signature} also {(lever.Action == LeverAction.Pause ? "stops" : "resumes")} {address}, which the manifest does not name"));
        findings.AddRange(unplaced.Select(name => $"{lever.Module.Name}.{lever.Function.Signature} also {(lever.Action == LeverAction.Pause ? "stops" : "resumes")} {name}, to which the manifest gives no address"));
        yield return new Use(covered!, [], findings, !isKnown);
    }

    private LeverPull Pull(Lever lever, Use use, RouteOption option, bool everything)
    {
        if (lever.Authorization is { } form)
        {
            var statement = new PauseStatement
            {
                Modules = [.. use.Arguments.Select(module => module.Address)],
                ValidAfter = Window?.NotBefore is { } from ? (ulong)Math.Max(0, from.ToUnixTimeSeconds()) : 0,
                ValidBefore = Window?.NotAfter is { } until ? (ulong)Math.Max(0, until.ToUnixTimeSeconds()) : Never,
                Salt = Unsalted,
            };
            var signer = option.Route.Caller;
            var names = use.Arguments.Count == 0 ? "every module" : string.Join(", ", use.Arguments.Select(module => module.Name));
            var step = Step(lever, option.Route with { Statement = statement }, form.Encode(signer, statement, default), [signer.ToString(), names, Number(statement.ValidAfter), Number(statement.ValidBefore), statement.Salt.ToString()]);
            var findings = statement.ValidBefore == Never ? use.Findings.Append($"the statement of {signer} does not expire: whoever gets its signature can pause with it once, at any time, until it is revoked") : use.Findings;
            var trials = form.EncodeDigest(signer, statement) is { } asked
                ? new[] { new Trial(new RouteCall(signer, lever.Module.Address, asked), form.Document(state.ChainId, lever.Module.Address, signer, statement).Digest.ToBytes(), "the contract computes another digest for its statement than is computed here") }
                : [];
            return new LeverPull(lever, use.Acts, option with { Route = step.Route }, step, trials, [.. findings], use.IsUnsure);
        }

        var addresses = use.Arguments.Select(module => (AbiValue)module.Address).ToArray();
        var calldata = lever.TakesModules ? lever.Function.Encode(new AbiList(addresses)) : lever.Function.Encode(addresses);
        var call = Step(lever, option.Route, calldata, [.. use.Arguments.Select(module => module.Address.ToString())]);
        return new LeverPull(lever, use.Acts, option, call, [.. RouteCalls.Of(option.Route, (call.Target, calldata), Bytes32.Zero).Select(made => new Trial(made))], use.Findings, use.IsUnsure);

        static string Number(ulong value) => value.ToString(CultureInfo.InvariantCulture);
    }

    // Without what would revert; what could not be tried comes last, and for a resume not at all.
    private List<LeverPull> Judged(List<LeverPull> pulls, List<ModuleState> moving, RouteTrials trials, bool isPause, List<string> closed, List<string> untried)
    {
        var open = new List<LeverPull>();
        foreach (var pull in pulls)
        {
            var results = pull.Trials.Select(trial => (Trial: trial, Result: trials.Of(trial))).Where(entry => entry.Result is { Succeeds: not true }).ToList();
            if (results.Find(entry => entry.Result!.Succeeds == false) is { Result: { } failed, Trial: { } tried })
            {
                closed.Add($"{pull.Step.Route.Role} {pull.Step.Route.Caller}: {Call(pull, tried)} would revert: {failed.Why}");
            }
            else if (results is [{ Result: { } unknown, Trial: { } asked }, ..])
            {
                var finding = $"{pull.Step.Route.Role} {pull.Step.Route.Caller}: {Call(pull, asked)} could not be tried: {unknown.Why}";
                untried.Add(finding);
                if (isPause)
                {
                    open.Add(pull with { Findings = [.. pull.Findings, finding], IsUnsure = true });
                }
            }
            else
            {
                open.Add(pull);
            }
        }

        return [.. open.Select(pull => WithoutVain(pull)).OfType<LeverPull>()];

        // A lever for many skips what does not stop and succeeds all the same. That a module does not stop, the same contract's lever for one tells, tried from the same caller.
        LeverPull? WithoutVain(LeverPull pull)
        {
            if (pull.Lever.TakesModule || (pull.Acts.Count == 1 && pull.Acts[0] == pull.Lever.Module.Address))
            {
                return pull;
            }

            var vain = pulls.Where(other => other.Lever.TakesModule && other.Lever.Module == pull.Lever.Module && other.Option.Route.Caller == pull.Option.Route.Caller && pull.Acts.Contains(other.Acts[0]))
                .SelectMany(other => other.Trials.Select(trial => (Target: other.Acts[0], Result: trials.Of(trial))))
                .Where(entry => entry.Result is { Succeeds: false })
                .DistinctBy(entry => entry.Target)
                .Select(entry => (entry.Target, Why: $"{pull.Step.Module}.{pull.Step.Function} would not {(isPause ? "stop" : "resume")} {state.Protocol.At(entry.Target)!.Name}: {entry.Result!.Why}"))
                .ToList();
            if (vain.Count == 0)
            {
                return pull;
            }

            if (vain.Count >= moving.Count(target => pull.Acts.Contains(target.Module.Address)))
            {
                closed.AddRange(vain.Select(entry => $"{pull.Step.Route.Role} {pull.Step.Route.Caller}: {entry.Why}"));
                return null;
            }

            return pull with { Findings = [.. pull.Findings, .. vain.Select(entry => entry.Why)], IsUnsure = true };
        }

        string Call(LeverPull pull, Trial trial) => trial.Call.To == pull.Step.Target && trial.Call.Data.Span.SequenceEqual(pull.Step.Calldata)
            ? $"{pull.Step.Module}.{pull.Step.Function}"
            : $"the call of {trial.Call.To} ({state.Protocol.At(trial.Call.To)?.Name ?? "no module"}) by {trial.Call.From}";
    }

    // Each module by a lever that moves it alone, and by a transaction of its own; null when one has none.
    private List<LeverPull>? OneByOne(List<LeverPull> open, List<ModuleState> moving)
    {
        var plan = new List<LeverPull>();
        foreach (var module in ResumeOrder.Of(state.Protocol, moving.ConvertAll(target => target.Module)))
        {
            if (Best(open.FindAll(pull => pull.Acts.Count == 1 && pull.Acts[0] == module.Address), moving.FindAll(target => target.Module == module)) is not [var pull])
            {
                return null;
            }

            plan.Add(pull with { Step = pull.Step with { Chunk = plan.Count == 0 ? null : plan.Count } });
        }

        return plan;
    }

    // The best way to move all: by one lever, by one with a few others, or by each module's own; along one path, or along several.
    private List<LeverPull>? Best(List<LeverPull> open, List<ModuleState> moving)
    {
        var singles = open.Where(pull => pull.Acts.Count == 1).ToLookup(pull => pull.Acts[0]);
        IEnumerable<LeverPull?> heads = open.Where(pull => pull.Acts.Count > 1 || moving.Count == 1).Cast<LeverPull?>().Append(null);
        IEnumerable<string?> paths = open.Select(pull => pull.Path).Distinct(StringComparer.Ordinal).Cast<string?>().Append(null);
        return heads.SelectMany(head => paths.Where(path => head is null || path is null || string.Equals(path, head.Path, StringComparison.Ordinal)).Select(path => Filled(head, path))).OfType<List<LeverPull>>().MinBy(Score);

        List<LeverPull>? Filled(LeverPull? head, string? path)
        {
            var plan = new List<LeverPull>();
            if (head is not null)
            {
                plan.Add(head);
            }

            foreach (var target in moving.Where(target => head?.Acts.Contains(target.Module.Address) != true))
            {
                if (singles[target.Module.Address].Where(pull => (path is null || string.Equals(pull.Path, path, StringComparison.Ordinal))).MinBy(pull => Score([pull])) is not { } single)
                {
                    return null;
                }

                plan.Add(single);
            }

            // Calls of one path stand together, since a Safe makes them in one transaction.
            var order = plan.Select(pull => pull.Path).Distinct(StringComparer.Ordinal).ToList();
            return [.. plan.OrderBy(pull => order.IndexOf(pull.Path))];
        }
    }

    private (int, int, int, ulong, int, int, int, int, int) Score(List<LeverPull> plan) => (
        Prefer is { } wanted && plan.Exists(pull => pull.Option.Route.Kind != wanted) ? 1 : 0,
        plan.Exists(pull => !pull.Option.IsComplete) ? 1 : 0,
        plan.Exists(pull => pull.IsUnsure) ? 1 : 0,
        plan.Max(pull => pull.Option.DelaySeconds),
        plan.GroupBy(pull => pull.Path, StringComparer.Ordinal).Sum(group => group.First().Option.Route.Base.Kind == RouteKind.Safe ? 1 : group.Count()),
        plan.Max(pull => RouteFinder.Rank(pull.Option.Route)),
        plan.Exists(pull => !pull.Lever.IsIdempotent) ? 1 : 0,
        plan.Count,
        // For one module the lever that gives the module's own reason when it fails.
        plan.Count(pull => pull.Lever.TakesModules && pull.Acts.Count == 1));

    private IReadOnlyList<RouteOption> Open(Lever lever, RouteFinder finder, List<string> closed)
    {
        var routes = finder.To(lever);
        closed.AddRange(routes.Refusals);
        if (!Named)
        {
            return routes.Options;
        }

        // With signers named, a path that none of them is on is not what was asked for.
        closed.AddRange(routes.Options.Where(option => option.Signers.Count == 0).Select(option => $"{option.Route.Role} {option.Route.Caller}: none of the signers named is an owner of {(option.Route.Base.Kind == RouteKind.Safe ? $"the Safe {option.Route.Base.Caller}" : "it")}"));
        return [.. routes.Options.Where(option => option.Signers.Count > 0)];
    }

    // One account holds the same role of every module as a rule, and a page of one sentence is not read. A reason begins with role and account.
    private static List<string> Reasons(IEnumerable<string> closed) =>
    [
        .. closed.Distinct(StringComparer.Ordinal).Select(reason => reason.Split(' ', 2)).GroupBy(parts => parts[^1], parts => parts[0], StringComparer.Ordinal)
            .Select(group => group.ToList() is [var first, _, _, ..] roles ? $"{first} and {roles.Count - 1} more roles of {group.Key}" : $"{string.Join(" and ", group)} {group.Key}"),
    ];

    private string Hand() => signers.Count == 0 ? "Nobody at hand" : string.Join(" and ", signers.Select(signer => $"'{signer.Name}' ({signer.Address})"));

    private static string Names(List<ModuleState> modules) => string.Join(", ", modules.Select(target => target.Module.Name));

    private static string Verb(LeverAction action) => action == LeverAction.Pause ? "pause" : "resume";

    private static ChangeStep Step(Lever lever, Route route, byte[] calldata, IReadOnlyList<string> arguments) => new()
    {
        Module = lever.Module.Name,
        Target = lever.Module.Address,
        Function = lever.Function.Signature,
        Arguments = arguments,
        Calldata = calldata,
        Route = route,
    };

    private ChangeDocument Document(LeverAction action, string instance, List<ModuleState> targets, List<ModuleState> moving, List<LeverPull> plan, bool everything)
    {
        var wanted = action == LeverAction.Pause;
        var steps = plan.ConvertAll(pull => pull.Step);
        var touched = steps.Select(step => step.Module).Concat(moving.Select(target => target.Module.Name)).Concat(steps.SelectMany(step => DeclaredEffects.Forwarders(state.Protocol, step.Route)).Select(entry => entry.Module.Name)).Distinct(StringComparer.Ordinal).Select(name => state.Modules[name]);
        var code = touched.Where(module => module.CodeHash.IsKnown).Select(module => new Expectation { Subject = $"code of {module.Module.Name}", Target = module.Module.Address, CodeHash = module.CodeHash.Value });

        // A lever that skips what is paused must not be held up by somebody who paused a module in the meantime.
        var bits = wanted && plan.TrueForAll(pull => pull.Lever.IsIdempotent) ? [] : targets.Where(target => target.Paused!.IsKnown).Select(target => Bit(target, target.Paused!.Value));
        var again = everything ? $"owner system-pause --action {(wanted ? "unpause" : "pause")}" : $"owner pause {string.Join(' ', targets.Select(target => $"--module {target.Module.Name}"))} --{(wanted ? "unpause" : "pause")}";
        return new ChangeDocument
        {
            Version = 1,
            Kind = KindOf(action, everything),
            Network = network,
            ChainId = state.ChainId,
            Protocol = state.Protocol.Name,
            Instance = instance,
            Title = string.Create(CultureInfo.InvariantCulture, $"{(wanted ? "Pause" : "Resume")} {state.Protocol.Title}: {(everything ? $"{moving.Count} of {targets.Count} modules" : Names(moving))}{(Watch is { } terms && !wanted ? $", one after the other, watching the pools for {terms.Blocks} blocks after each: at most {string.Join(" and ", terms.MaxOutflow)} may leave" : "")}"),
            Risk = Risk.Red,
            Window = Window,
            Watch = wanted ? null : Watch,
            Steps = steps,
            Preconditions = [.. code, .. bits],
            Expected = [.. targets.Select(target => Bit(target, wanted))],
            Effects = Effects(action, targets, plan),
            Rollback = new Rollback { Command = $"agijobs {again}", Note = wanted ? "Resuming takes governance; a guardian cannot." : "A guardian or governance can pause again at once." },
        }.For(instance);
    }

    // A lever that skips what has moved already may by the time of its execution move any module that it covers.
    private IReadOnlyList<DeclaredEffect> Effects(LeverAction action, List<ModuleState> targets, List<LeverPull> plan)
    {
        var declared = new DeclaredEffects(state.Protocol);
        var acted = plan.SelectMany(pull => pull.Acts).ToHashSet();
        foreach (var target in targets.Where(target => acted.Contains(target.Module.Address)))
        {
            declared.Add(target.Module.Name, target.Module.Address, action == LeverAction.Pause ? target.Module.Stopping : target.Module.Resuming);
        }

        // What becomes of a contract that nobody described is taken to be what becomes of the others; what it writes is not known.
        var common = targets.SelectMany(target => (action == LeverAction.Pause ? target.Module.Stopping : target.Module.Resuming)?.Emits ?? []).Distinct(StringComparer.Ordinal).ToList();
        foreach (var stranger in acted.Where(address => state.Protocol.At(address) is null).Order())
        {
            declared.Add(stranger.ToString(), stranger, new EffectFile { Emits = common });
        }

        foreach (var pull in plan)
        {
            // A module's own lever does no more than what becomes of the module, unless it says so.
            declared.Add(pull.Lever.Module.Name, pull.Lever.Module.Address, pull.Lever.Effects, isKnown: acted.Contains(pull.Lever.Module.Address));
            declared.Add(pull.Step.Route, acted.Contains);
        }

        return declared.All;
    }

    private static Expectation Bit(ModuleState target, bool paused) => new()
    {
        Subject = $"{target.Module.Name}.{target.Module.Paused!.Signature} = {(paused ? "true" : "false")}",
        Target = target.Module.Address,
        Call = target.Module.Paused!.Encode(),
        Result = target.Module.Paused!.EncodeOutput(paused),
    };

    private sealed record Use(IReadOnlyList<Address> Acts, IReadOnlyList<Module> Arguments, IReadOnlyList<string> Findings, bool IsUnsure);
}
