using AgiJobs.Control.Observation;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Authority;

/// <summary>
/// The keys behind a Safe, through Safes that own it, to any depth. A Safe that owns itself by a circle cannot sign for itself, so a circle ends where it closes.
/// </summary>
public sealed class SafeKeys(ProtocolState state, Address safe)
{
    /// <summary>Every key that is an owner of the Safe or of a Safe behind it.</summary>
    public IReadOnlySet<Address> All { get; } = Reach(state, safe);

    /// <summary>
    /// A choice of <paramref name="keys"/> that is enough to sign for the Safe, from which none can be left out; null when they are not enough.
    /// </summary>
    public IReadOnlyList<Address>? Enough(IEnumerable<Address> keys)
    {
        var given = keys.Where(All.Contains).Distinct().Order().ToList();
        if (!Signs(safe, [.. given], []))
        {
            return null;
        }

        // Begins with the cheapest way that a look at each Safe by itself finds, then leaves out what is too much.
        var chosen = Cheapest(safe, [.. given], [])!;
        foreach (var key in chosen.Order().ToList())
        {
            chosen.Remove(key);
            if (!Signs(safe, chosen, []))
            {
                chosen.Add(key);
            }
        }

        return [.. chosen.Order()];
    }

    private static HashSet<Address> Reach(ProtocolState state, Address safe)
    {
        var keys = new HashSet<Address>();
        var seen = new HashSet<Address>();
        var open = new Stack<Address>([safe]);
        while (open.TryPop(out var address))
        {
            if (!seen.Add(address))
            {
                continue;
            }

            var account = AccountAt(state, address);
            if (account is KeyAccount)
            {
                keys.Add(address);
            }
            else if (account is SafeAccountState inner)
            {
                foreach (var owner in inner.Owners)
                {
                    open.Push(owner);
                }
            }
        }

        return keys;
    }

    // An owner about which nothing could be read is taken to be a key, as most are: whoever has it may sign, and the Safe itself judges.
    private static AccountState AccountAt(ProtocolState state, Address address) => state.AccountAt(address).TryGet(out var account) ? account : new KeyAccount(false);

    private bool Signs(Address address, HashSet<Address> keys, HashSet<Address> path)
    {
        if (!path.Add(address))
        {
            return false;
        }

        var signs = AccountAt(state, address) switch
        {
            KeyAccount => keys.Contains(address),
            SafeAccountState inner => inner.Owners.Count(owner => Signs(owner, keys, path)) >= inner.Threshold,
            _ => false,
        };
        path.Remove(address);
        return signs;
    }

    // At each Safe the owners that add fewest keys to those chosen already.
    private HashSet<Address>? Cheapest(Address address, HashSet<Address> keys, HashSet<Address> path)
    {
        if (!path.Add(address))
        {
            return null;
        }

        var account = AccountAt(state, address);
        HashSet<Address>? best = null;
        if (account is KeyAccount && keys.Contains(address))
        {
            best = [address];
        }
        else if (account is SafeAccountState inner)
        {
            var ways = inner.Owners.Select(owner => Cheapest(owner, keys, path)).OfType<HashSet<Address>>().ToList();
            if (ways.Count >= inner.Threshold)
            {
                best = [];
                for (var taken = 0; taken < inner.Threshold; taken++)
                {
                    var next = ways.MinBy(way => way.Count(key => !best.Contains(key)))!;
                    best.UnionWith(next);
                    ways.Remove(next);
                }
            }
        }

        path.Remove(address);
        return best;
    }
}
