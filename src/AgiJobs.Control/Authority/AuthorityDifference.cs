using AgiJobs.Control.Description;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Authority;

/// <summary>Somebody who gains or loses a power, or for whom it takes other signatures.</summary>
/// <param name="Power">The power.</param>
/// <param name="Functions">The functions that it is about.</param>
/// <param name="Before">The way as it is; null when it is new.</param>
/// <param name="After">The way as it would be; null when it is gone.</param>
public sealed record AuthorityShift(PowerKind Power, IReadOnlyList<OfficeFunction> Functions, PowerHolding? Before, PowerHolding? After);

/// <summary>Who can do what afterwards that could not before, and the other way round.</summary>
public static class AuthorityDifference
{
    /// <summary>The shifts between two states of the same protocol, in the order of powers: gains, losses, other signatures.</summary>
    public static IReadOnlyList<AuthorityShift> Between(AuthorityMatrix before, AuthorityMatrix after)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        var (old, now) = (Ways(before), Ways(after));
        return [.. old.Keys.Union(now.Keys)
            .Select(key => (key.Power, key.Function, key.Way, Before: old.GetValueOrDefault(key), After: now.GetValueOrDefault(key)))
            .Where(entry => entry.Before.Holding is null || entry.After.Holding is null || !Same(entry.Before.Holding, entry.After.Holding))
            .GroupBy(entry => (entry.Power, entry.Way, IsNew: entry.Before.Holding is null, IsGone: entry.After.Holding is null))
            .OrderBy(group => group.Key.Power).ThenBy(group => group.Key.IsNew ? 0 : group.Key.IsGone ? 1 : 2).ThenBy(group => group.Key.Way, StringComparer.Ordinal)
            .Select(group => new AuthorityShift(group.Key.Power, [.. group.Select(entry => entry.After.Function ?? entry.Before.Function!).OrderBy(function => function.FullName, StringComparer.Ordinal)], group.First().Before.Holding, group.First().After.Holding))];
    }

    /// <summary>The powers that fewer signers than the policy asks for could use.</summary>
    /// <exception cref="ControlException"><c>policy-power</c> when the policy names a power that there is not.</exception>
    public static IReadOnlyList<(PowerRow Row, int Wanted)> TooFew(AuthorityMatrix matrix, AuthorityPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        ArgumentNullException.ThrowIfNull(policy);
        var wanted = policy.MinSigners.ToDictionary(
            entry => Enum.GetValues<PowerKind>().Cast<PowerKind?>().FirstOrDefault(power => string.Equals(power!.Value.Key(), entry.Key, StringComparison.Ordinal))
                ?? throw new ControlException("policy-power", ExitCode.BadInput, $"The policy asks for signers of the power '{entry.Key}', which there is not. There are {string.Join(", ", Enum.GetValues<PowerKind>().Select(power => power.Key()))}.", "Correct authority.minSigners in the policy."),
            entry => entry.Value);
        return [.. matrix.Rows.Where(row => row.Holding.IsOpen && wanted.TryGetValue(row.Power, out var least) && row.Holding.Signers.Fewest < least).Select(row => (row, wanted[row.Power]))];
    }

    private static Dictionary<(PowerKind Power, string Function, string Way), (PowerHolding? Holding, OfficeFunction? Function)> Ways(AuthorityMatrix matrix) => matrix.Functions
        .SelectMany(function => function.Holdings.Select(holding => (function.Function, Holding: holding)))
        .GroupBy(entry => (entry.Function.Power, entry.Function.FullName, AuthorityMatrix.KeyOf(entry.Holding.Path)))
        .ToDictionary(group => group.Key, group => ((PowerHolding?)group.First().Holding, (OfficeFunction?)group.First().Function));

    private static bool Same(PowerHolding left, PowerHolding right) => left.Signers.Sets.Count == right.Signers.Sets.Count && left.Signers.Sets.Zip(right.Signers.Sets).All(pair => pair.First.SequenceEqual(pair.Second));
}
