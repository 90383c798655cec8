using AgiJobs.Control;
using AgiJobs.Control.Configuration;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Response.Detectors;

/// <summary>The monitoring rules of each network compile, and breakers name rules that there are.</summary>
public sealed class MonitoringRulesRule : ILintRule
{
    /// <inheritdoc/>
    public IEnumerable<LintFinding> Check(LintGround ground)
    {
        ArgumentNullException.ThrowIfNull(ground);
        return [.. ground.Networks.SelectMany(network => Check(ground, network))];
    }

    private static IEnumerable<LintFinding> Check(LintGround ground, string network)
    {
        RuleGround rules;
        IReadOnlyList<RuleSource> sources;
        try
        {
            var files = RulesFolder.Files(ground.Workspace, network);
            if (files.Count == 0 || !ground.AreSound([.. files, ground.Workspace.NetworkPath(network), ground.Workspace.ManifestPath(network)]))
            {
                return [];
            }

            rules = RuleGround.Of(ground.Workspace, network, ground.Time);
            sources = RulesFolder.Read(ground.Workspace, network);
        }
        catch (Exception problem) when (problem is ControlException or EthereumException)
        {
            // What they are compiled for cannot be read: other rules say why.
            return [];
        }

        return
        [
            .. new RuleCompiler(rules).Check(sources).Problems.Select(problem => ground.Finding(true, problem.File, problem.Place, problem.Code, $"rule '{problem.Rule}': {problem.Message}", problem.Mend ?? "Correct the rule; 'agijobs monitoring check' compiles it.")),
            .. Breakers(ground, network, sources),
        ];
    }

    private static IEnumerable<LintFinding> Breakers(LintGround ground, string network, IReadOnlyList<RuleSource> sources)
    {
        BreakersFile? breakers;
        try
        {
            breakers = ground.Workspace.Breakers(network);
        }
        catch (ControlException)
        {
            yield break;
        }

        var path = ground.Files.FirstOrDefault(file => file.Kind is { Schema: "breakers" } && string.Equals(file.Kind.Network, network, StringComparison.Ordinal))?.Path ?? "config/breakers.json";
        foreach (var (breaker, i) in (breakers?.Breakers ?? []).Select((breaker, i) => (breaker, i)))
        {
            if (!sources.Any(source => !source.Rule.Disabled && string.Equals(source.Rule.Name, breaker.Rule, StringComparison.Ordinal)))
            {
                yield return ground.Finding(true, path, $"$.breakers[{i}]", "breakers-rule", $"no rule '{breaker.Rule}' watches {network}: the breaker stops nothing", "Name a rule of monitoring/rules that is not disabled.");
            }
        }
    }
}
