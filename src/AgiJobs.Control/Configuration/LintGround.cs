using AgiJobs.Control.Description;
using AgiJobs.Control.Files;
using AgiJobs.Control.Snapshots;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Configuration;

/// <summary>A file under <c>config/</c> or <c>monitoring/rules/</c> and what was found in it.</summary>
/// <param name="Path">Relative to the workspace.</param>
/// <param name="Content">Its bytes.</param>
/// <param name="Kind">What it is; null when no command reads it.</param>
/// <param name="Problems">What is wrong with its form.</param>
public sealed record LintFile(string Path, byte[] Content, ConfigurationKind? Kind, IReadOnlyList<JsonProblem> Problems)
{
    private readonly Lazy<IReadOnlyDictionary<string, int>> _places = new(() => JsonProblems.Places(Content));

    /// <summary>The line of a place such as <c>$.rpc[0]</c>; null when it has none.</summary>
    public int? LineOf(string place) => _places.Value.TryGetValue(place, out var line) ? line : null;
}

/// <summary>What the rules of lint look at: every file read once, strictly. Only reads, and never asks a chain.</summary>
public sealed class LintGround
{
    private readonly HashSet<string> _templates = new(StringComparer.Ordinal);

    /// <summary>Reads the files.</summary>
    /// <exception cref="ControlException"><c>tree-link</c>, <c>tree-name</c>, <c>file-read</c>.</exception>
    public LintGround(Workspace workspace, TimeProvider time)
    {
        (Workspace, Time) = (workspace, time);
        Files = [.. WorkspaceTree.Configuration(workspace.Root).Where(path => path.StartsWith("config/", StringComparison.Ordinal) || path.StartsWith("monitoring/rules/", StringComparison.Ordinal)).Select(path => WorkspaceTree.Read(workspace.Root, path)).OfType<TreeFile>().Select(Read)];
        Networks = workspace.Networks();
        foreach (var network in Networks)
        {
            if (File(workspace.ManifestPath(network)) is { Problems.Count: 0 } && TryProtocol(network) is { } protocol)
            {
                Protocols.Add(network, protocol);
                _templates.UnionWith(protocol.Domains.Select(domain => domain.File));
            }
        }
    }

    /// <summary>The workspace.</summary>
    public Workspace Workspace { get; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; }

    /// <summary>The files under <c>config/</c> and <c>monitoring/rules/</c>, by path.</summary>
    public IReadOnlyList<LintFile> Files { get; }

    /// <summary>The networks that have a file.</summary>
    public IReadOnlyList<string> Networks { get; }

    /// <summary>The protocols of the networks whose manifest and description can be read.</summary>
    internal Dictionary<string, Protocol> Protocols { get; } = new(StringComparer.Ordinal);

    /// <summary>True when a file is one of the parameter catalogue by its name; <paramref name="network"/> is then the network that it is for, or null for every one.</summary>
    internal bool IsCatalogue(string path, out string? network)
    {
        foreach (var template in _templates)
        {
            var parts = template.Split("{network}");
            network = parts.Length < 2 ? null : path.Length > parts[0].Length + parts[1].Length ? path[parts[0].Length..^parts[1].Length] : "";
            if (parts.Length < 2 ? string.Equals(path, template, StringComparison.Ordinal) : network is { Length: > 0 } && !network.Contains('/', StringComparison.Ordinal) && path.StartsWith(parts[0], StringComparison.Ordinal) && path.EndsWith(parts[1], StringComparison.Ordinal))
            {
                return true;
            }
        }

        network = null;
        return false;
    }

    /// <summary>A file that is there; null when it is not.</summary>
    /// <param name="path">Absolute, or relative to the workspace.</param>
    public LintFile? File(string path)
    {
        var relative = Relative(path);
        return Files.FirstOrDefault(file => string.Equals(file.Path, relative, StringComparison.Ordinal));
    }

    /// <summary>True when every one of these files is there, or may be absent, and has its form: a rule that reads them can go on.</summary>
    public bool AreSound(params ReadOnlySpan<string> paths)
    {
        foreach (var path in paths)
        {
            if (File(path) is { Problems.Count: > 0 })
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A finding about a file.</summary>
    public LintFinding Finding(bool isError, string path, string? place, string code, string message, string mend) =>
        new(isError, Relative(path), place is null ? null : File(path)?.LineOf(place), code, message, mend);

    /// <summary>A finding from a refusal of the code that reads the file.</summary>
    public LintFinding Finding(string path, ControlException problem) =>
        new(problem.Exit is not ExitCode.Findings, Relative(path), null, problem.Code, problem.Message, problem.Mend ?? "Correct the file.");

    private Protocol? TryProtocol(string network)
    {
        try
        {
            return Protocol.Load(Workspace, Workspace.Manifest(network));
        }
        catch (Exception problem) when (problem is ControlException or EthereumException)
        {
            // The rule of protocols says why.
            return null;
        }
    }

    private string Relative(string path) => Path.GetRelativePath(Workspace.Root, Path.GetFullPath(path, Workspace.Root)).Replace('\\', '/');

    private static LintFile Read(TreeFile file)
    {
        var kind = ConfigurationKind.Of(file.Path);
        return new LintFile(file.Path, file.Content, kind, kind?.Type is not { } type ? [] : JsonProblems.Find(file.Content, type));
    }
}
