using AgiJobs.Control;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Response.Runbooks;

/// <summary>The runbooks that there are: those of the workspace, and those that ship.</summary>
/// <param name="workspace">The workspace.</param>
/// <param name="commands">The commands there are.</param>
public sealed class RunbookShelf(Workspace workspace, IRunbookCommands commands)
{
    /// <summary>The names with the paths of their files, sorted.</summary>
    public IReadOnlyDictionary<string, string> Paths => workspace.RunbookPaths();

    /// <summary>Takes one.</summary>
    /// <exception cref="ControlException"><c>runbook-unknown</c> with the names there are, and those of <see cref="Runbook.Read"/>.</exception>
    public Runbook Take(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Paths.TryGetValue(name, out var path)
            ? Runbook.Read(path, commands)
            : throw new ControlException("runbook-unknown", ExitCode.BadInput, $"There is no runbook '{name}'.", $"There are {string.Join(", ", Paths.Keys)}. Yours would be config/runbooks/{name}.json.");
    }
}
