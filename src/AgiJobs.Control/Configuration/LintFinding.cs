namespace AgiJobs.Control.Configuration;

/// <summary>One thing that is wrong with the configuration.</summary>
/// <param name="IsError">True when a file is bad, so that a command that reads it ends there; false when it can be read and something about it is amiss.</param>
/// <param name="Path">The file, relative to the workspace.</param>
/// <param name="Line">The line, from 1; null where there is none to name.</param>
/// <param name="Code">The rule, in kebab case.</param>
/// <param name="Message">The rule and the value, in words.</param>
/// <param name="Mend">What to do.</param>
public sealed record LintFinding(bool IsError, string Path, int? Line, string Code, string Message, string Mend);
