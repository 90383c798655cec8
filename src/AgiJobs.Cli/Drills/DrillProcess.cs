using System.Diagnostics;
using System.Text.Json.Nodes;
using AgiJobs.Control;
using AgiJobs.Response.Drills;

namespace AgiJobs.Cli.Drills;

/// <summary>The processes of drills: this program's own commands, each in a new process that sees neither the user's workspace nor the user's configuration folder.</summary>
internal static class DrillProcess
{
    /// <summary>Runs this program, or one that runs it, with a configuration folder of its own; its one JSON document.</summary>
    /// <exception cref="ControlException"><c>drill-command</c>: it printed none.</exception>
    public static async Task<CommandOutcome> RunAsync(CommandEnvironment environment, string program, IReadOnlyList<string> line, IReadOnlyList<string> arguments, string folder, string user, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(program, line) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        start.Environment["AGIJOBS_HOME"] = environment.Home;
        start.Environment["AGIJOBS_CONFIG_HOME"] = user;
        start.Environment.Remove("AGIJOBS_SEAL_KEY");
        start.Environment.Remove("AGIJOBS_SEAL_KEY_FILE");
        var began = environment.Time.GetTimestamp();
        var (exit, text, error) = await EndAsync(start, cancellation).ConfigureAwait(false);
        var took = environment.Time.GetElapsedTime(began);
        try
        {
            return new CommandOutcome(exit, JsonNode.Parse(text)!.AsObject(), took);
        }
        catch (Exception problem) when (problem is System.Text.Json.JsonException or InvalidOperationException or NullReferenceException)
        {
            throw new ControlException("drill-command", ExitCode.Failed, $"'agijobs {string.Join(' ', arguments)}' printed no JSON document: {text}{error}", null, problem);
        }
    }

    /// <summary>Runs a process to its end; one that nobody waits for any more is ended.</summary>
    public static async Task<(int Exit, string Output, string Error)> EndAsync(ProcessStartInfo start, CancellationToken cancellation)
    {
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var error = process.StandardError.ReadToEndAsync(cancellation);
        try
        {
            await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return (process.ExitCode, await output.ConfigureAwait(false), await error.ConfigureAwait(false));
    }
}
