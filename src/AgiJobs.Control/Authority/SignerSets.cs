using AgiJobs.Control.Observation;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Authority;

/// <summary>The least choices of accounts that can act together: from none of them can one be left out. Immutable.</summary>
/// <param name="Sets">The choices, smallest first, each in the order of addresses. A contract that acts by rules which are not known counts as one account.</param>
/// <param name="IsCapped">True when there are more than <see cref="Most"/>, of which these are the smallest that were found.</param>
/// <param name="Unknown">Accounts among them of which it is unknown what they are.</param>
public sealed record SignerSets(IReadOnlyList<IReadOnlyList<Address>> Sets, bool IsCapped, IReadOnlyList<Address> Unknown)
{
    /// <summary>The most choices that are listed.</summary>
    public const int Most = 200;

    /// <summary>How many accounts have to act at least; 0 when none can.</summary>
    public int Fewest => Sets.Count == 0 ? 0 : Sets[0].Count;

    /// <summary>Everybody who stands in a choice, in the order of addresses.</summary>
    public IReadOnlyList<Address> Everybody => [.. Sets.SelectMany(set => set).Distinct().Order()];

    /// <summary>The choices of accounts that can walk a path.</summary>
    public static SignerSets Of(ProtocolState state, AuthorityPath path)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(path);
        var search = new Search(state);
        var sets = search.Along(path);
        var ordered = sets.Select(set => (IReadOnlyList<Address>)[.. set.Order()]).OrderBy(set => set.Count).ThenBy(set => string.Join(',', set), StringComparer.Ordinal).ToList();
        return new SignerSets(ordered, search.IsCapped, [.. ordered.SelectMany(set => set).Distinct().Where(search.Unknown.Contains).Order()]);
    }

    private sealed class Search(ProtocolState state)
    {
        public bool IsCapped { get; private set; }

        public HashSet<Address> Unknown { get; } = [];

        public List<HashSet<Address>> Along(AuthorityPath path) => path.Kind switch
        {
            PathKind.Key or PathKind.Module or PathKind.Contract => [[path.Holder]],
            PathKind.Unknown => Alone(path.Holder),
            PathKind.Safe => At(path.Holder, []),
            PathKind.Timelock => Scheduled(path),
            PathKind.Circle => [],
            _ => Along(path.Via!),
        };

        // Who may schedule may not be who may execute; then both act.
        private List<HashSet<Address>> Scheduled(AuthorityPath path)
        {
            var scheduling = Along(path.Via!);
            return state.AccountAt(path.Holder).TryGet(out var known) && known is TimelockState { IsOpen: false } timelock && !timelock.Executors.Contains(path.Via!.Holder)
                ? Least([.. scheduling.SelectMany(set => timelock.Executors.SelectMany(executor => At(executor, [path.Holder])).Select(other => Union(set, other)))])
                : scheduling;
        }

        private List<HashSet<Address>> At(Address address, HashSet<Address> path)
        {
            if (path.Contains(address))
            {
                return [];
            }

            if (!state.AccountAt(address).TryGet(out var known))
            {
                return Alone(address);
            }

            if (known is not SafeAccountState safe)
            {
                return [[address]];
            }

            path.Add(address);
            var ways = safe.Owners.Select(owner => At(owner, path)).ToList();

            // By a module of a Safe that only owns another, too: it may give the Safe's consent. At the end of a path a module is a path of its own.
            var modules = path.Count > 1 && safe.Extensions.TryGet(out var extensions) ? extensions.Modules.SelectMany(module => At(module, path)).ToList() : [];
            path.Remove(address);

            // After each owner, the choices by which so many of the owners so far consent.
            var consenting = new List<HashSet<Address>>[safe.Threshold + 1];
            consenting[0] = [[]];
            for (var count = 1; count <= safe.Threshold; count++)
            {
                consenting[count] = [];
            }

            foreach (var way in ways)
            {
                for (var count = safe.Threshold; count >= 1; count--)
                {
                    consenting[count] = Least([.. consenting[count], .. consenting[count - 1].SelectMany(set => way.Select(other => Union(set, other)))]);
                }
            }

            return Least([.. consenting[safe.Threshold], .. modules]);
        }

        private List<HashSet<Address>> Alone(Address address)
        {
            Unknown.Add(address);
            return [[address]];
        }

        private static HashSet<Address> Union(HashSet<Address> left, HashSet<Address> right) => [.. left, .. right];

        // Without those that hold another; the smallest when there are too many.
        private List<HashSet<Address>> Least(List<HashSet<Address>> sets)
        {
            var kept = new List<HashSet<Address>>();
            foreach (var set in sets.OrderBy(set => set.Count))
            {
                if (!kept.Exists(other => other.IsSubsetOf(set)))
                {
                    if (kept.Count == Most)
                    {
                        IsCapped = true;
                        break;
                    }

                    kept.Add(set);
                }
            }

            return kept;
        }
    }
}
