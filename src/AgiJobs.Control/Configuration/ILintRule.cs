namespace AgiJobs.Control.Configuration;

/// <summary>A rule that the configuration keeps.</summary>
public interface ILintRule
{
    /// <summary>Everything that breaks it. A rule leaves out what it cannot judge because a file that it reads is bad: that is reported already.</summary>
    IEnumerable<LintFinding> Check(LintGround ground);
}
