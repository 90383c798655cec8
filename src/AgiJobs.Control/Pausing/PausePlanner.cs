using System.Globalization;
using AgiJobs.Control.Authority;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Control.Pausing;

/// <summary>What has to be done to stop or resume modules.</summary>
/// <param name="Change">The change; null when the end state is there already.</param>
/// <param name="Option">The path that the change takes; null when nothing is to be done.</param>
/// <param name="Moving">The modules whose state is to change, or may have to because it is unknown.</param>
/// <param name="Findings">What the reader must know: unknown states, paths that are closed.</param>
public sealed record PausePlan(ChangeDocument? Change, RouteOption? Option, IReadOnlyList<ModuleState> Moving, IReadOnlyList<string> Findings);

/// <summary>
/// Plans a pause or a resume from any mix of paused and running modules: never a call that would revert, always the end state asked for,
/// nothing when it is there already.
/// </summary>
public sealed class PausePlanner(ProtocolState state, string network, IReadOnlyList<SignerReference> signers)
{
    /// <summary>Plans for every pausable module.</summary>
    /// <param name="action">Pause or resume.</param>
    /// <param name="instance">The ticket or incident.</param>
    /// <exception cref="ControlException">
    /// <c>no-route</c> (exit 4) when no lever can be reached with the signers at hand; <c>reading-unknown</c> (exit 5) when a resume would rest on an
    /// unknown state, or a pause would and every lever within reach may revert on it; <c>nothing-pausable</c> (exit 2).
    /// </exception>
    public PausePlan Plan(LeverAction action, string instance)
    {
        var wanted = action == LeverAction.Pause;
        var targets = state.Pausable.ToList();
        if (targets.Count == 0)
        {
            throw new ControlException("nothing-pausable", ExitCode.BadInput, $"The manifest of '{network}' gives no pausable module of {state.Protocol.Title} an address, so there is nothing to {Verb(action)}.", "Add the modules' addresses to the manifest.");
        }

        var findings = targets.Where(target => !target.Paused!.IsKnown).Select(target => $"whether {target.Module.Name} is paused is unknown: {target.Paused!.Why}").ToList();
        if (findings.Count > 0 && !wanted)
        {
            throw new ControlException("reading-unknown", ExitCode.Unknown, $"A resume is not planned on unknown state: {string.Join("; ", findings)}.", "Mend the cause, then plan again. A pause is planned in spite of it.");
        }

        var moving = targets.Where(target => !target.Paused!.TryGet(out var paused) || paused != wanted).ToList();
        if (moving.Count == 0)
        {
            return new PausePlan(null, null, [], findings);
        }

        var closed = new List<string>();
        var finder = new RouteFinder(state, signers);
        var chosen = Together(action, targets, moving, finder, closed) ?? OneByOne(action, moving, finder, closed);
        if (chosen is not { } plan)
        {
            if (findings.Count > 0)
            {
                throw new ControlException("reading-unknown", ExitCode.Unknown, $"No lever within reach is sure to {Verb(action)} modules whose state is unknown: {string.Join("; ", findings.Concat(closed.Distinct(StringComparer.Ordinal)))}.", "Mend the cause, then plan again.");
            }

            throw new ControlException(
                "no-route",
                ExitCode.Refused,
                $"{Hand()} cannot {Verb(action)} {string.Join(", ", moving.Select(target => target.Module.Name))}: {string.Join("; ", closed.Distinct(StringComparer.Ordinal))}.",
                "Name a signer that holds one of these roles with --signer, or leave --signer out to see every path of the workspace's signers.");
        }

        return new PausePlan(Document(action, instance, targets, moving, plan.Steps, plan.Idempotent), plan.Option, moving, findings);
    }

    // One lever for everything, when it cannot revert on what it finds.
    private (IReadOnlyList<ChangeStep> Steps, RouteOption Option, bool Idempotent)? Together(LeverAction action, List<ModuleState> targets, List<ModuleState> moving, RouteFinder finder, List<string> closed)
    {
        var candidates =
            from lever in state.Protocol.Modules.SelectMany(module => module.Levers)
            where lever.Action == action && !lever.TakesModule && lever.Covers.Count > 1
            where moving.TrueForAll(target => lever.Covers.Contains(target.Module.Name, StringComparer.Ordinal))
            where lever.IsIdempotent || lever.Covers.All(name => moving.Exists(target => target.Paused!.IsKnown && string.Equals(target.Module.Name, name, StringComparison.Ordinal)))
            from option in Open(lever, finder, closed)
            orderby option.Route.Kind == Prefer descending, option.IsComplete descending, option.Route.Kind
            select (lever, option);
        return candidates.FirstOrDefault() is ({ } best, { } path) ? ([Step(best, null, path.Route)], path, best.IsIdempotent) : null;
    }

    // Each module by a lever of its own, all by one path.
    private (IReadOnlyList<ChangeStep> Steps, RouteOption Option, bool Idempotent)? OneByOne(LeverAction action, List<ModuleState> moving, RouteFinder finder, List<string> closed)
    {
        var levers = moving.ConvertAll(target => state.Protocol.Modules.SelectMany(module => module.Levers)
            .Where(lever => lever.Action == action && (lever.TakesModule || lever.Covers.Count == 1) && lever.Covers.Contains(target.Module.Name, StringComparer.Ordinal))
            .Where(lever => lever.IsIdempotent || target.Paused!.IsKnown)
            .SelectMany(lever => Open(lever, finder, closed).Select(option => (Lever: lever, Option: option)))
            .ToList());
        var shared = levers.Count == 0 ? [] : levers[0].Where(first => levers.TrueForAll(others => others.Exists(other => SamePath(other.Option, first.Option)))).OrderByDescending(first => first.Option.Route.Kind == Prefer).ThenByDescending(first => first.Option.IsComplete).ToList();
        if (shared.Count == 0)
        {
            return null;
        }

        var path = shared[0].Option;
        return ([.. moving.Select((target, i) => levers[i].First(entry => SamePath(entry.Option, path)) is var (lever, option) ? Step(lever, target.Module, option.Route) : throw new InvalidOperationException("A shared path is one of every module."))], path, false);
    }

    private static bool SamePath(RouteOption left, RouteOption right) => left.Route.Kind == right.Route.Kind && left.Route.Caller == right.Route.Caller;

    private IReadOnlyList<RouteOption> Open(Lever lever, RouteFinder finder, List<string> closed)
    {
        var routes = finder.To(lever);
        closed.AddRange(routes.Refusals);
        if (!Named)
        {
            return routes.Options;
        }

        // With signers named, a Safe none of them owns is not what was asked for.
        closed.AddRange(routes.Options.Where(option => option.Signers.Count == 0).Select(option => $"{option.Route.Role} {option.Route.Caller}: none of the signers named is an owner of this Safe"));
        return [.. routes.Options.Where(option => option.Signers.Count > 0)];
    }

    /// <summary>The kind of the changes that this plans.</summary>
    public static string KindOf(LeverAction action) => action == LeverAction.Pause ? "pause-system" : "resume-system";

    /// <summary>True restricts the paths to those that the given signers can at least begin; set when they were named on the command line.</summary>
    public bool Named { get; init; }

    /// <summary>The sort of path to take where there is one; null takes the best.</summary>
    public RouteKind? Prefer { get; init; }

    private string Hand() => signers.Count == 0 ? "Nobody at hand" : string.Join(" and ", signers.Select(signer => $"'{signer.Name}' ({signer.Address})"));

    private static string Verb(LeverAction action) => action == LeverAction.Pause ? "pause" : "resume";

    private static ChangeStep Step(Lever lever, Module? module, Route route)
    {
        AbiValue[] arguments = lever.TakesModule ? [module!.Address] : [];
        return new ChangeStep
        {
            Module = lever.Module.Name,
            Target = lever.Module.Address,
            Function = lever.Function.Signature,
            Arguments = lever.TakesModule ? [module!.Address.ToString()] : [],
            Calldata = lever.Function.Encode(arguments),
            Route = route,
        };
    }

    private ChangeDocument Document(LeverAction action, string instance, List<ModuleState> targets, List<ModuleState> moving, IReadOnlyList<ChangeStep> steps, bool idempotent)
    {
        var wanted = action == LeverAction.Pause;
        var touched = steps.Select(step => step.Module).Concat(moving.Select(target => target.Module.Name)).Distinct(StringComparer.Ordinal).Select(name => state.Modules[name]);
        var code = touched.Where(module => module.CodeHash.IsKnown).Select(module => new Expectation { Subject = $"code of {module.Module.Name}", Target = module.Module.Address, CodeHash = module.CodeHash.Value });

        // A lever that skips what is paused must not be held up by somebody who paused a module in the meantime.
        var bits = idempotent && wanted ? [] : targets.Where(target => target.Paused!.IsKnown).Select(target => Bit(target, target.Paused!.Value));
        return new ChangeDocument
        {
            Version = 1,
            Kind = KindOf(action),
            Network = network,
            ChainId = state.ChainId,
            Protocol = state.Protocol.Name,
            Instance = instance,
            Title = string.Create(CultureInfo.InvariantCulture, $"{(wanted ? "Pause" : "Resume")} {state.Protocol.Title}: {moving.Count} of {targets.Count} modules"),
            Risk = Risk.Red,
            Steps = steps,
            Preconditions = [.. code, .. bits],
            Expected = [.. targets.Select(target => Bit(target, wanted))],
            Effects = Effects(action, targets, steps),
            Rollback = wanted
                ? new Rollback { Command = "agijobs owner system-pause --action unpause", Note = "Resuming takes governance; a guardian cannot." }
                : new Rollback { Command = "agijobs owner system-pause --action pause", Note = "A guardian or governance can pause again at once." },
        };
    }

    // A lever that skips what has moved already may by the time of its execution move any module that it covers.
    private List<DeclaredEffect> Effects(LeverAction action, List<ModuleState> targets, IReadOnlyList<ChangeStep> steps)
    {
        var declared = targets.ConvertAll(target => Of(target.Module, action == LeverAction.Pause ? target.Module.Stopping : target.Module.Resuming));
        foreach (var step in steps)
        {
            var module = state.Protocol[step.Module];
            var lever = module.Levers.First(candidate => string.Equals(candidate.Function.Signature, step.Function, StringComparison.Ordinal));
            if (declared.FindIndex(effect => effect.Target == module.Address) is var at and >= 0)
            {
                // A module's own lever does no more than what becomes of the module.
                declared[at] = lever.Effects is { } more ? Merged(declared[at], more) : declared[at];
            }
            else
            {
                declared.Add(Of(module, lever.Effects));
            }
        }

        return declared;

        static DeclaredEffect Of(Module module, EffectFile? effects) => new() { Contract = module.Name, Target = module.Address, Emits = effects?.Emits ?? [], Writes = effects?.Writes };

        static DeclaredEffect Merged(DeclaredEffect known, EffectFile more) => known with
        {
            Emits = [.. known.Emits.Union(more.Emits, StringComparer.Ordinal)],
            Writes = known.Writes is { } writes && more.Writes is { } others ? [.. writes.Union(others, StringComparer.Ordinal)] : null,
        };
    }

    private static Expectation Bit(ModuleState target, bool paused) => new()
    {
        Subject = $"{target.Module.Name}.{target.Module.Paused!.Signature} = {(paused ? "true" : "false")}",
        Target = target.Module.Address,
        Call = target.Module.Paused!.Encode(),
        Result = target.Module.Paused!.EncodeOutput(paused),
    };
}
