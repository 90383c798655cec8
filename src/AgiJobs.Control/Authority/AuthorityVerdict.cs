using AgiJobs.Control.Description;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Authority;

/// <summary>A power that fewer signers than the policy asks for could use.</summary>
/// <param name="Row">The way, with the functions that it is about.</param>
/// <param name="Wanted">How many the policy asks for.</param>
public sealed record TooFewSigners(PowerRow Row, int Wanted);

/// <summary>
/// Whether a change leaves the powers as nobody may leave them: somebody can still pause, and no power takes fewer signers than the policy's <c>authority.minSigners</c>. What was so before the change is
/// told and not held against it, or nothing could be mended step by step. Reads nothing. Immutable.
/// </summary>
public sealed record AuthorityVerdict
{
    /// <summary>Pause functions that people could call before, and nobody can afterwards; none when somebody still can, or where it could not be read.</summary>
    public required IReadOnlyList<OfficeFunction> PauseLost { get; init; }

    /// <summary>True when the people on file could pause something before, and none of them can pause anything afterwards, whoever else can.</summary>
    public required bool PauseLostToStrangers { get; init; }

    /// <summary>What the change leaves open to too few.</summary>
    public required IReadOnlyList<TooFewSigners> TooFew { get; init; }

    /// <summary>What was open to too few before, by the same way.</summary>
    public required IReadOnlyList<TooFewSigners> TooFewBefore { get; init; }

    /// <summary>What could not be read of pausing, or of the powers that the policy names.</summary>
    public required IReadOnlyList<string> Unknown { get; init; }

    /// <summary>How many accounts stand in a choice that can pause afterwards.</summary>
    public required int Pausers { get; init; }

    /// <summary>True when the change must not be made.</summary>
    public bool IsRefused => PauseLost.Count > 0 || PauseLostToStrangers || TooFew.Count > 0;

    /// <summary>Holds the state after a change against the state before it.</summary>
    /// <param name="before">Who can do what now.</param>
    /// <param name="after">Who could do what afterwards.</param>
    /// <param name="policy">The fewest signers; null when the policy names none.</param>
    /// <param name="people">Who is who; null when people are not managed, and then everybody who holds a key counts as known.</param>
    /// <exception cref="ControlException"><c>policy-power</c> when the policy names a power that there is not.</exception>
    public static AuthorityVerdict Of(AuthorityMatrix before, AuthorityMatrix after, AuthorityPolicy? policy, OperatorBook? people)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        var could = Pauses(before).Where(IsOpen).Select(function => function.Function.FullName).ToHashSet(StringComparer.Ordinal);
        var gone = Pauses(after).Where(function => could.Contains(function.Function.FullName) && !IsOpen(function)).ToList();
        var known = people?.People.SelectMany(person => person.Addresses).ToHashSet();
        var pausers = Choices(after).ToList();
        var isStrange = known is not null && Choices(before).Any(choice => choice.All(known.Contains)) && !pausers.Exists(choice => choice.All(known.Contains));
        var isPauseUnknown = Pauses(after).Any(function => function.IsUnknown && (isStrange || !IsOpen(function)));
        var few = policy is null ? [] : AuthorityDifference.TooFew(after, policy);
        var was = Fewest(before);
        return new AuthorityVerdict
        {
            PauseLost = [.. gone.Where(function => !function.IsUnknown).Select(function => function.Function)],
            PauseLostToStrangers = isStrange && !isPauseUnknown,
            TooFew = [.. few.Select(entry => Part(entry, isNew: true)).OfType<TooFewSigners>()],
            TooFewBefore = [.. few.Select(entry => Part(entry, isNew: false)).OfType<TooFewSigners>()],
            Unknown = [.. after.Gaps
                .Where(gap => gap.IsUnknown && (gap.Power == PowerKind.Pause ? isPauseUnknown : policy?.MinSigners.TryGetValue(gap.Power.Key(), out var least) == true && least > 1))
                .Select(gap => $"who can {gap.Power.Words()} ({AuthorityText.Over(gap.Functions)}): {gap.Why}")],
            Pausers = pausers.SelectMany(choice => choice).Distinct().Count(),
        };

        TooFewSigners? Part((PowerRow Row, int Wanted) entry, bool isNew)
        {
            var (row, wanted) = entry;
            var functions = row.Functions.Where(function => isNew != (was.TryGetValue((function.FullName, row.Power, AuthorityMatrix.KeyOf(row.Holding.Path)), out var fewest) && fewest <= row.Holding.Signers.Fewest)).ToList();
            return functions.Count == 0 ? null : new TooFewSigners(row with { Functions = functions }, wanted);
        }
    }

    private static IEnumerable<FunctionAuthority> Pauses(AuthorityMatrix matrix) => matrix.Functions.Where(function => function.Function.Power == PowerKind.Pause);

    private static bool IsOpen(FunctionAuthority function) => function.Holdings.Any(holding => holding.IsOpen);

    private static IEnumerable<IReadOnlyList<Address>> Choices(AuthorityMatrix matrix) => Pauses(matrix).SelectMany(function => function.Holdings).Where(holding => holding.IsOpen).SelectMany(holding => holding.Signers.Sets);

    private static Dictionary<(string Function, PowerKind Power, string Way), int> Fewest(AuthorityMatrix matrix) => matrix.Functions
        .SelectMany(function => function.Holdings.Where(holding => holding.IsOpen).Select(holding => (Key: (function.Function.FullName, function.Function.Power, AuthorityMatrix.KeyOf(holding.Path)), holding.Signers.Fewest)))
        .GroupBy(entry => entry.Key).ToDictionary(group => group.Key, group => group.Min(entry => entry.Fewest));
}
