using System.CommandLine;

namespace AgiJobs.Cli.Owner;

/// <summary><c>owner system-pause --action pause|unpause|status</c>.</summary>
internal static class SystemPauseCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var action = new Option<string>("--action") { Description = "pause, unpause or status", HelpName = "ACTION", Required = true };
        action.AcceptOnlyFromAmong("pause", "unpause", "status");
        var command = options.Changing(new Command("system-pause", "stop or resume every module, whatever mix of states it finds") { action });
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var state = await session.ObserveAsync(cancellation).ConfigureAwait(false);
            var exit = PauseReport.Exit(state);
            session.Terminal.Line(PauseReport.Header(session.Network, state));
            PauseReport.Print(session.Terminal, state);
            session.Terminal.Json("agijobs.system-pause-status/1", exit, writer => PauseReport.Write(writer, session.Network, state));
            return exit;
        });
        return command;
    }
}
