using AgiJobs.Control.Description;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Changes;

/// <summary>Collects what a change does to contracts, one entry for each contract. Not safe for use by several threads.</summary>
internal sealed class DeclaredEffects(Protocol protocol)
{
    private readonly List<DeclaredEffect> _all = [];

    /// <summary>What was declared, in the order of first mention.</summary>
    public IReadOnlyList<DeclaredEffect> All => _all;

    /// <summary>The contracts that a route leads through and that forward, with the function that does.</summary>
    public static IEnumerable<(Module Module, ForwardFile Forward)> Forwarders(Protocol protocol, Route route)
    {
        for (var part = route; part is not null; part = part.Via)
        {
            if (part.Kind == RouteKind.Forwarder && protocol.At(part.Caller) is { } module)
            {
                yield return (module, module.Forwards.First(forward => string.Equals(forward.Function, part.Function, StringComparison.Ordinal)));
            }
        }
    }

    /// <summary>Adds what is done to a contract.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="address">Its address.</param>
    /// <param name="effects">What is done; null when nobody says.</param>
    /// <param name="isKnown">True when null means no more than was declared before; false makes what is written unknown.</param>
    public void Add(string name, Address address, EffectFile? effects, bool isKnown = false)
    {
        var at = _all.FindIndex(effect => effect.Target == address);
        if (at < 0)
        {
            _all.Add(new DeclaredEffect { Contract = name, Target = address, Emits = effects?.Emits ?? [], Writes = effects?.Writes });
        }
        else if (effects is not null)
        {
            _all[at] = _all[at] with
            {
                Emits = [.. _all[at].Emits.Union(effects.Emits, StringComparer.Ordinal)],
                Writes = _all[at].Writes is { } writes && effects.Writes is { } others ? [.. writes.Union(others, StringComparer.Ordinal)] : null,
            };
        }
        else if (!isKnown)
        {
            _all[at] = _all[at] with { Writes = null };
        }
    }

    /// <summary>Adds what is done to one contract.</summary>
    public void Add(DeclaredEffect effect) => Add(effect.Contract, effect.Target, new EffectFile { Emits = effect.Emits, Writes = effect.Writes });

    /// <summary>Adds what the forwarders of a route do themselves.</summary>
    public void Add(Route route, Func<Address, bool> isKnown)
    {
        foreach (var (module, forward) in Forwarders(protocol, route))
        {
            Add(module.Name, module.Address, forward.Effects, isKnown(module.Address));
        }
    }
}
