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

    private static ulong Delay(Route route) => (route.DelaySeconds ?? 0) + (route.Via is { } via ? Delay(via) : 0);
}

/// <summary>The paths to a function, and why others are none.</summary>
/// <param name="Options">Paths, best first: those that the signers at hand complete, then those without a delay, then the shortest.</param>
/// <param name="Refusals">What is no path, each with its reason.</param>
public sealed record Routes(IReadOnlyList<RouteOption> Options, IReadOnlyList<string> Refusals);
