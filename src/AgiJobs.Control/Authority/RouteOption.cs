using AgiJobs.Control.Changes;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Authority;

/// <summary>A path to a function that the chain admits.</summary>
/// <param name="Route">The path.</param>
/// <param name="Signers">The signers at hand who can walk it or help to: the account itself, or owners of the Safe or of Safes that own it.</param>
/// <param name="Needed">How many signers it takes, counted down to the keys.</param>
public sealed record RouteOption(Route Route, IReadOnlyList<SignerReference> Signers, int Needed)
{
    /// <summary>A smallest choice of <see cref="Signers"/> that is enough; empty when they are not.</summary>
    public IReadOnlyList<SignerReference> Enough { get; init; } = Signers.Count >= Needed ? [.. Signers.Take(Needed)] : [];

    /// <summary>True when the signers at hand are enough.</summary>
    public bool IsComplete => Enough.Count > 0;

    /// <summary>The seconds that must pass between its first and its last transaction; 0 when none.</summary>
    public ulong DelaySeconds => Delay(Route);

    /// <summary>Equal for two paths that the same people carry in the same way.</summary>
    public string Path { get; } = PathOf(Route);

    /// <summary>Several paths that one change takes, as one: the route is the first one's, the signers those of all.</summary>
    public static RouteOption Joined(IEnumerable<RouteOption> options)
    {
        var paths = options.DistinctBy(option => option.Path, StringComparer.Ordinal).ToList();
        return paths is [var only]
            ? only
            : new RouteOption(paths[0].Route, [.. paths.SelectMany(option => option.Signers).DistinctBy(signer => signer.Address)], paths.Sum(option => option.Needed))
            {
                Enough = paths.TrueForAll(option => option.IsComplete) ? [.. paths.SelectMany(option => option.Enough).DistinctBy(signer => signer.Address)] : [],
            };
    }

    private static string PathOf(Route route) => $"{route.Kind} {route.Caller} {route.Function} {(route.Via is { } via ? PathOf(via) : "")}";

    private static ulong Delay(Route route) => (route.DelaySeconds ?? 0) + (route.Via is { } via ? Delay(via) : 0);
}

/// <summary>The paths to a function, and why others are none.</summary>
/// <param name="Options">Paths, best first: those that the signers at hand complete, then those without a delay, then the shortest.</param>
/// <param name="Refusals">What is no path, each with its reason.</param>
public sealed record Routes(IReadOnlyList<RouteOption> Options, IReadOnlyList<string> Refusals);
