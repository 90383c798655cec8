using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Response.Detectors;

/// <summary>The rule files of a workspace: <c>monitoring/rules/*.json</c> for every network and <c>monitoring/rules/NETWORK/*.json</c> for one alone.</summary>
public static class RulesFolder
{
    /// <summary>Where a workspace's rules are.</summary>
    public static string PathOf(Workspace workspace)
    {
        ArgumentNullException.ThrowIfNull(workspace);
        return workspace.Locate("monitoring", "rules");
    }

    /// <summary>The rules of a network, in the order of their files.</summary>
    /// <exception cref="ControlException"><c>file-format</c>, <c>file-version</c>, <c>file-read</c>; <c>rules-none</c> when there is no rule at all: a network that nothing watches is never fine.</exception>
    public static IReadOnlyList<RuleSource> Read(Workspace workspace, string network)
    {
        var rules = Files(workspace, network).SelectMany(path => Read(path, Path.GetRelativePath(workspace.Root, path).Replace('\\', '/'))).ToList();
        return rules.Count > 0 ? rules : throw new ControlException("rules-none", ExitCode.BadInput, $"{PathOf(workspace)} has no rules for the network {network}: nothing would be watched.", "'agijobs init --upgrade' gives the workspace those that ship; or write your own.");
    }

    /// <summary>The rules of one file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">What it is called in messages.</param>
    /// <exception cref="ControlException"><c>file-missing</c>, <c>file-format</c>, <c>file-version</c>, <c>file-read</c>.</exception>
    public static IReadOnlyList<RuleSource> Read(string path, string name)
    {
        var file = JsonFile.Read(path, WorkspaceJson.Default.MonitoringRulesFile);
        return file.Version == 1
            ? [.. file.Rules.Select((rule, index) => new RuleSource(name, index, rule))]
            : throw new ControlException("file-version", ExitCode.BadInput, $"{path} has version {file.Version}; this program reads version 1.", "Use the program of the version that wrote it.");
    }

    /// <summary>The files of a network's rules, by path.</summary>
    /// <exception cref="ControlException"><c>file-read</c>.</exception>
    public static IReadOnlyList<string> Files(Workspace workspace, string network)
    {
        var folder = PathOf(workspace);
        try
        {
            return [.. new[] { folder, Path.Combine(folder, network) }.Where(Directory.Exists).SelectMany(place => Directory.EnumerateFiles(place, "*.json").Where(path => !path.EndsWith(".proposed.json", StringComparison.Ordinal)).Order(StringComparer.Ordinal))];
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new ControlException("file-read", ExitCode.Failed, $"{folder} could not be read: {problem.Message}", null, problem);
        }
    }
}
