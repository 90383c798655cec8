using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;

namespace AgiJobs.Control.Authority;

/// <summary>One way to a function, with those who can walk it.</summary>
/// <param name="Path">The way.</param>
/// <param name="Signers">The least choices of accounts that it takes.</param>
public sealed record PowerHolding(AuthorityPath Path, SignerSets Signers)
{
    /// <summary>True when people can walk it: it ends at keys.</summary>
    public bool IsOpen => Path.Base.Kind is PathKind.Key or PathKind.Safe && Signers.Sets.Count > 0;
}

/// <summary>Who can call a function.</summary>
/// <param name="Function">The function.</param>
/// <param name="Holdings">The ways to it.</param>
/// <param name="Gaps">Roles through which none leads.</param>
public sealed record FunctionAuthority(OfficeFunction Function, IReadOnlyList<PowerHolding> Holdings, IReadOnlyList<AuthorityGap> Gaps)
{
    /// <summary>True when something that could not be read stands between, so that others may be able to as well.</summary>
    public bool IsUnknown => Gaps.Any(gap => gap.IsUnknown) || Holdings.Any(holding => holding.Path.Base.Kind == PathKind.Unknown || holding.Signers.Unknown.Count > 0);
}

/// <summary>Everything that one way gives of one power.</summary>
/// <param name="Power">The power.</param>
/// <param name="Risk">The highest risk among the functions.</param>
/// <param name="Functions">The functions, in the description's order.</param>
/// <param name="Holding">The way, alike for all of them.</param>
public sealed record PowerRow(PowerKind Power, Risk Risk, IReadOnlyList<OfficeFunction> Functions, PowerHolding Holding);

/// <summary>A power that nobody has, or of which it is unknown who has it.</summary>
/// <param name="Power">The power.</param>
/// <param name="Risk">The highest risk among the functions.</param>
/// <param name="Functions">The functions.</param>
/// <param name="Why">Why, role by role.</param>
/// <param name="IsUnknown">True when it could not be read.</param>
public sealed record PowerGap(PowerKind Power, Risk Risk, IReadOnlyList<OfficeFunction> Functions, string Why, bool IsUnknown);

/// <summary>Who can do what with a protocol: every function that its description names, and the exchange of proxies' code, each with every way that the chain admits. Deterministic. Immutable.</summary>
public sealed class AuthorityMatrix
{
    private AuthorityMatrix(ProtocolState state, IReadOnlyList<FunctionAuthority> functions)
    {
        State = state;
        Functions = functions;
        Rows = [.. functions
            .SelectMany(function => function.Holdings.DistinctBy(holding => KeyOf(holding.Path)).Select(holding => (function.Function, Holding: holding)))
            .GroupBy(entry => (entry.Function.Power, Key: KeyOf(entry.Holding.Path)))
            .Select(group => new PowerRow(group.Key.Power, group.Max(entry => entry.Function.Risk), [.. group.Select(entry => entry.Function).DistinctBy(function => function.FullName)], group.First().Holding))
            .OrderBy(row => row.Power).ThenBy(row => row.Holding.IsOpen ? 0 : 1).ThenBy(row => row.Holding.Path.TotalDelaySeconds).ThenBy(row => row.Holding.Signers.Fewest).ThenBy(row => KeyOf(row.Holding.Path), StringComparer.Ordinal)];
        Gaps = [.. functions
            .Where(function => function.IsUnknown || (function.Holdings.Count == 0 && !IsOfferAlone(function.Function)))
            .GroupBy(function => (function.Function.Power, Why: WhyOf(function), function.IsUnknown))
            .Select(group => new PowerGap(group.Key.Power, group.Max(entry => entry.Function.Risk), [.. group.Select(entry => entry.Function)], group.Key.Why, group.Key.IsUnknown))
            .OrderBy(gap => gap.Power).ThenBy(gap => gap.Why, StringComparer.Ordinal)];
    }

    /// <summary>What was observed.</summary>
    public ProtocolState State { get; }

    /// <summary>Who can call each function, in the description's order.</summary>
    public IReadOnlyList<FunctionAuthority> Functions { get; }

    /// <summary>The same by power and way: those that people can walk first, then the quickest, then those that take fewest.</summary>
    public IReadOnlyList<PowerRow> Rows { get; }

    /// <summary>What nobody can do, or nobody knows who can.</summary>
    public IReadOnlyList<PowerGap> Gaps { get; }

    /// <summary>Computes it. Reads nothing.</summary>
    public static AuthorityMatrix Of(ProtocolState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var graph = new AuthorityGraph(state);
        var sets = new Dictionary<string, SignerSets>(StringComparer.Ordinal);
        return new AuthorityMatrix(state, [.. OfficeFunction.All(state.Protocol).Select(function => Hold(function, graph.To(function.Module, function.Callers, function.BySignature))), .. state.Protocol.Modules.SelectMany(Upgrades)]);

        FunctionAuthority Hold(OfficeFunction function, AuthorityAnswer answer) =>
            new(function, [.. answer.Paths.Where(path => path.Base.Kind != PathKind.Circle).Select(path => new PowerHolding(path, SetsOf(path)))], answer.Gaps);

        SignerSets SetsOf(AuthorityPath path)
        {
            var key = KeyOf(path);
            if (!sets.TryGetValue(key, out var found))
            {
                found = SignerSets.Of(state, path);
                sets.Add(key, found);
            }

            return found;
        }

        IEnumerable<FunctionAuthority> Upgrades(Module module)
        {
            if (state.Modules[module.Name].Proxy is not { } proxy)
            {
                return [];
            }

            var function = new OfficeFunction(module, "the code behind its proxy", PowerKind.Upgrade, Risk.Red, []);
            return !proxy.TryGet(out var slots) ? [new FunctionAuthority(function, [], [new AuthorityGap($"{module.Name}.proxy", $"unknown: {proxy.Why}", IsUnknown: true)])]
                : !slots.IsProxy ? []
                : (slots.Admin ?? slots.Beacon) is { } commander ? [Hold(function, graph.Of($"{module.Name}.{(slots.Admin is null ? "beacon" : "proxyAdmin")}", commander))]
                : module.Actions.Any(action => action.Category == PowerKind.Upgrade) ? []
                : [new FunctionAuthority(function, [], [new AuthorityGap($"{module.Name}.proxy", "unknown: its code is exchanged by a function of its own (UUPS), and no action of the description has the category upgrade", IsUnknown: true)])];
        }
    }

    /// <summary>What tells two ways apart.</summary>
    internal static string KeyOf(AuthorityPath path) => $"{path.Kind}:{path.Holder}:{path.Function}:{path.DelaySeconds}{(path.Via is { } via ? ">" + KeyOf(via) : "")}";

    // That nobody was offered an office is how it should be.
    private static bool IsOfferAlone(OfficeFunction function) => function.Callers.All(caller => function.Module.Roles.Any(role => string.Equals(role.Pending, caller, StringComparison.Ordinal)));

    private static string WhyOf(FunctionAuthority function) => string.Join("; ", function.Gaps.Where(gap => gap.IsUnknown || !function.IsUnknown).Select(gap => gap.ToString())
        .Concat(function.Holdings.Where(holding => holding.Path.Base.Kind == PathKind.Unknown).Select(holding => $"{holding.Path.Base.Role} {holding.Path.Base.Holder}: {holding.Path.Base.Why}"))
        .Concat(function.Holdings.SelectMany(holding => holding.Signers.Unknown).Select(address => $"{address}: it is unknown what it is"))
        .Distinct(StringComparer.Ordinal));
}
