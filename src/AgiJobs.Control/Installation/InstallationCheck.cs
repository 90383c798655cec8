namespace AgiJobs.Control.Installation;

/// <summary>How something stands.</summary>
public enum CheckStanding
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>Not as it should be.</summary>
    Finding,

    /// <summary>It could not be found out.</summary>
    Unknown,
}

/// <summary>One thing that this installation needs to work.</summary>
/// <param name="Name">What was looked at.</param>
/// <param name="Standing">How it stands.</param>
/// <param name="Detail">What was found; no secret.</param>
/// <param name="Mend">What to do; null when nothing is to be done.</param>
public sealed record InstallationCheck(string Name, CheckStanding Standing, string Detail, string? Mend = null)
{
    /// <summary>In order.</summary>
    public static InstallationCheck Ok(string name, string detail) => new(name, CheckStanding.Ok, detail);

    /// <summary>Not in order.</summary>
    public static InstallationCheck Finding(string name, string detail, string mend) => new(name, CheckStanding.Finding, detail, mend);

    /// <summary>Not known.</summary>
    public static InstallationCheck Unknown(string name, string detail, string mend) => new(name, CheckStanding.Unknown, detail, mend);

    /// <summary>5 when anything is unknown, 3 when anything is amiss, else 0.</summary>
    public static ExitCode ExitOf(IReadOnlyCollection<InstallationCheck> checks) =>
        checks.Any(check => check.Standing == CheckStanding.Unknown) ? ExitCode.Unknown
        : checks.Any(check => check.Standing == CheckStanding.Finding) ? ExitCode.Findings
        : ExitCode.Clean;
}
