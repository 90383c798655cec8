using AgiJobs.Control.Description;
using AgiJobs.Control.Funds;

namespace AgiJobs.Control.Pausing;

/// <summary>
/// The order in which modules are resumed one by one: those that others depend on before those that depend on them, by the links of the description, and those that hold money after all that hold
/// none. Where links go in a circle, the module that depends on the fewest of those still paused comes first; the description's order decides between equals.
/// </summary>
public static class ResumeOrder
{
    /// <summary>Orders modules.</summary>
    /// <param name="protocol">The protocol, whose links and pools decide.</param>
    /// <param name="modules">The modules that are to be resumed.</param>
    public static IReadOnlyList<Module> Of(Protocol protocol, IReadOnlyList<Module> modules)
    {
        ArgumentNullException.ThrowIfNull(protocol);
        ArgumentNullException.ThrowIfNull(modules);
        var pools = Pool.Of(protocol).Select(pool => pool.Holder.Name).ToHashSet(StringComparer.Ordinal);
        return [.. ByLinks(modules.Where(module => !pools.Contains(module.Name))), .. ByLinks(modules.Where(module => pools.Contains(module.Name)))];
    }

    private static List<Module> ByLinks(IEnumerable<Module> modules)
    {
        var left = modules.ToList();
        var order = new List<Module>();
        while (left.Count > 0)
        {
            // The first of those with the fewest: MinBy keeps the order that it is given.
            var next = left.MinBy(module => left.Count(other => DependsOn(module, other)))!;
            order.Add(next);
            left.Remove(next);
        }

        return order;
    }

    private static bool DependsOn(Module module, Module other) => module != other && module.Links.Any(link => string.Equals(link.Target, other.Name, StringComparison.Ordinal));
}
