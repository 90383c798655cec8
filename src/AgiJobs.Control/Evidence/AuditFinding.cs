namespace AgiJobs.Control.Evidence;

/// <summary>Something about the evidence that somebody has to look at.</summary>
/// <param name="Code">A stable identifier in kebab case.</param>
/// <param name="Exit">3 for what is to be looked at, 6 for what does not match, 5 for what could not be read.</param>
/// <param name="Message">What exactly, in words.</param>
public sealed record AuditFinding(string Code, ExitCode Exit, string Message)
{
    /// <summary>A refusal as a finding.</summary>
    public static AuditFinding Of(ControlException problem) =>
        new(problem.Code, problem.Exit == ExitCode.Mismatch ? ExitCode.Mismatch : ExitCode.Findings, problem.Mend is null ? problem.Message : $"{problem.Message} {problem.Mend}");
}
