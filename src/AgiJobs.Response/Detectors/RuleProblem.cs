using AgiJobs.Control;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Response.Detectors;

/// <summary>A rule with where it stands.</summary>
/// <param name="File">The file, relative to the workspace.</param>
/// <param name="Index">Its place among the file's rules, from 0.</param>
/// <param name="Rule">The rule.</param>
public sealed record RuleSource(string File, int Index, MonitoringRule Rule);

/// <summary>Something that is wrong with a rule, or that it does not watch.</summary>
/// <param name="Code">A stable code, kebab case.</param>
/// <param name="File">The file.</param>
/// <param name="Place">The place in it: <c>$.rules[2].event.where</c>.</param>
/// <param name="Rule">The rule's name.</param>
/// <param name="Message">The value and what is wrong with it.</param>
/// <param name="Mend">What to do about it.</param>
public sealed record RuleProblem(string Code, string File, string Place, string Rule, string Message, string? Mend)
{
    /// <summary>In one line.</summary>
    public override string ToString() => $"{File}, at {Place} (rule '{Rule}'): {Message}";
}

/// <summary>A rule as it is watched, for people.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="File">The file.</param>
/// <param name="Watches">What it looks at: <c>StakeManager event Paused(address account)</c>.</param>
public sealed record WatchedRule(MonitoringRule Rule, string File, IReadOnlyList<string> Watches);

/// <summary>What rules compile to.</summary>
/// <param name="Sets">One for each confirmation depth that occurs, the least first; none when no rule watches anything.</param>
/// <param name="Digest">The digest of all rules together with what they watch.</param>
/// <param name="Rules">The rules that watch, by name.</param>
/// <param name="Sleeping">What is not watched here: rules that are disabled, and modules that are described and that the manifest gives no address.</param>
public sealed record CompiledRules(IReadOnlyList<IDetectorSet> Sets, Ethereum.Bytes32 Digest, IReadOnlyList<WatchedRule> Rules, IReadOnlyList<RuleProblem> Sleeping)
{
    /// <summary>The fingerprints of alerts that say of a contract that it was stopped, and nothing else: what they tell of ends with a resume.</summary>
    public IReadOnlySet<string> Standstill { get; init; } = new HashSet<string>(StringComparer.Ordinal);
}

/// <summary>What checking rules came to.</summary>
/// <param name="Rules">What they compile to; null when a problem stands in the way.</param>
/// <param name="Problems">Everything that is wrong, in the order of the files.</param>
public sealed record RuleCheck(CompiledRules? Rules, IReadOnlyList<RuleProblem> Problems)
{
    /// <summary>What they compile to.</summary>
    /// <exception cref="ControlException">The code of the first problem (exit 2), with every problem in its message.</exception>
    public CompiledRules Require() => Rules ?? throw new ControlException(
        Problems[0].Code,
        ExitCode.BadInput,
        Problems.Count == 1 ? Problems[0].ToString() : $"{Problems.Count} problems: {string.Join(" | ", Problems)}",
        Problems[0].Mend);
}
