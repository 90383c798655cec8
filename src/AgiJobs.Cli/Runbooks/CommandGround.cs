using AgiJobs.Control;
using AgiJobs.Response.Runbooks;

namespace AgiJobs.Cli.Runbooks;

/// <summary>Carries out the lines of a runbook by this program's own commands, in this process, in the workspace's folder. What they say while they work, such as a request to touch a key, goes on to the person.</summary>
internal sealed class CommandGround(Session session) : IRunbookGround
{
    /// <summary>Where progress goes.</summary>
    public TextWriter Progress { get; set; } = session.Environment.Error;

    public async Task<RunbookOutcome> RunAsync(IReadOnlyList<string> words, CancellationToken cancellation)
    {
        using var output = new StringWriter { NewLine = "\n" };
        var exit = await CommandLine.RunAsync(
            [.. words, "--json", "--network", session.Network, "--workspace", session.Workspace.Root],
            session.Environment with { Out = output, Error = Progress, CurrentDirectory = session.Workspace.Root, Stop = cancellation, Keys = null, Color = false }).ConfigureAwait(false);
        return new RunbookOutcome(exit, output.ToString());
    }

    public string AddressOf(string module) => session.Workspace.Manifest(session.Network).Modules.TryGetValue(module, out var known)
        ? known.Address.ToString()
        : throw new ControlException("module-unknown", ExitCode.BadInput, $"The manifest of '{session.Network}' has no module '{module}', which this runbook names.", "Add it to the manifest, or take another runbook.");
}
