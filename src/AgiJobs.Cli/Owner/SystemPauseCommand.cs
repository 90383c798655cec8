using System.CommandLine;
using AgiJobs.Control;
using AgiJobs.Control.Description;

namespace AgiJobs.Cli.Owner;

/// <summary><c>owner system-pause --action pause|unpause|status</c>.</summary>
internal static class SystemPauseCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var action = new Option<string>("--action") { Description = "pause, unpause or status", HelpName = "pause|unpause|status", Required = true };
        action.AcceptOnlyFromAmong("pause", "unpause", "status");
        var command = options.Changing(new Command("system-pause", "stop or resume every module, whatever mix of states it finds") { action });
        Session.Run(command, options, environment, (session, parsed, cancellation) => parsed.GetValue(action) switch
        {
            "pause" => PauseChange.RunAsync(session, LeverAction.Pause, null, parsed.GetValue(options.Instance), parsed.GetValue(options.Safe), cancellation),
            "unpause" => PauseChange.RunAsync(session, LeverAction.Resume, null, parsed.GetValue(options.Instance), parsed.GetValue(options.Safe), cancellation),
            _ => StatusAsync(session, cancellation),
        });
        return command;
    }

    private static async Task<ExitCode> StatusAsync(Session session, CancellationToken cancellation)
    {
        var state = await session.ObserveAsync(cancellation).ConfigureAwait(false);
        var exit = PauseReport.Exit(state);
        session.Terminal.Line(PauseReport.Header(session.Network, state));
        PauseReport.Print(session.Terminal, state);
        session.Terminal.Json("agijobs.system-pause-status/1", exit, writer => PauseReport.Write(writer, session.Network, state));
        return exit;
    }
}
