namespace AgiJobs.Control.Configuration;

/// <summary>Checks every file of the configuration by every rule, and stops at none.</summary>
public static class ConfigurationLint
{
    /// <summary>The rules. One more is one more entry.</summary>
    public static IReadOnlyList<ILintRule> Rules { get; } = [new FormRule(), new SecretRule(), new NetworkRule(), new ProtocolRule(), new DesiredRule(), new PeopleRule(), new StandingRule(), new ServicesRule(), new OnCallRule(), new IncidentsRule(), new BreakersRule(), new ControlsRule()];

    /// <summary>What was found, by file and line.</summary>
    public static IReadOnlyList<LintFinding> Run(LintGround ground, IReadOnlyList<ILintRule>? rules = null) =>
        [.. (rules ?? Rules).SelectMany(rule => rule.Check(ground)).Distinct().OrderBy(finding => finding.Path, StringComparer.Ordinal).ThenBy(finding => finding.Line ?? 0).ThenBy(finding => finding.Code, StringComparer.Ordinal).ThenBy(finding => finding.Message, StringComparer.Ordinal)];

    /// <summary>2 when a file is bad, 3 when something is amiss, else 0.</summary>
    public static ExitCode ExitOf(IReadOnlyList<LintFinding> findings) =>
        findings.Any(finding => finding.IsError) ? ExitCode.BadInput : findings.Count > 0 ? ExitCode.Findings : ExitCode.Clean;
}
