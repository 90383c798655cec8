namespace AgiJobs.Control.Authority;

/// <summary>How much a finding matters. In the order in which reports list them.</summary>
public enum FindingRank
{
    /// <summary>Security: somebody can do too much, or nobody enough.</summary>
    Red,

    /// <summary>Something could not be read, so that nobody may take it for fine.</summary>
    Unknown,

    /// <summary>To be looked into.</summary>
    Amber,

    /// <summary>To be known.</summary>
    Green,
}

/// <summary>Something about who can do what that is not as it should be.</summary>
/// <param name="Rank">How much it matters.</param>
/// <param name="Code">A stable identifier in kebab case.</param>
/// <param name="Subject">What it is about.</param>
/// <param name="Message">What was found.</param>
/// <param name="Mend">What to do about it.</param>
public sealed record AuthorityFinding(FindingRank Rank, string Code, string Subject, string Message, string Mend)
{
    /// <summary>In the order of reports, each once.</summary>
    public static IReadOnlyList<AuthorityFinding> Ordered(IEnumerable<AuthorityFinding> findings) =>
        [.. findings.Distinct().OrderBy(finding => finding.Rank).ThenBy(finding => finding.Code, StringComparer.Ordinal).ThenBy(finding => finding.Subject, StringComparer.Ordinal).ThenBy(finding => finding.Message, StringComparer.Ordinal)];

    /// <summary>What a command ends with that found these: unknown before findings before clean.</summary>
    public static ExitCode ExitOf(IReadOnlyList<AuthorityFinding> findings) =>
        findings.Any(finding => finding.Rank == FindingRank.Unknown) ? ExitCode.Unknown : findings.Count > 0 ? ExitCode.Findings : ExitCode.Clean;
}
