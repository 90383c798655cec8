using System.CommandLine;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Funds;

namespace AgiJobs.Cli.Owner;

/// <summary><c>owner system-pause --action pause|unpause|status</c>.</summary>
internal static class SystemPauseCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var action = new Option<string>("--action") { Description = "pause, unpause or status", HelpName = "pause|unpause|status", Required = true };
        action.AcceptOnlyFromAmong("pause", "unpause", "status");
        var byModule = new Option<bool>("--by-module") { Description = "with unpause: one module after the other, what others depend on first and what holds money last, watching the pools after each; stops with exit 3 when more leaves them than may. One gate for all; run again goes on" };
        var blocks = new Option<int?>("--watch-blocks") { Description = "how many blocks the pools are watched after each module", HelpName = "N" };
        var most = new Option<string[]>("--max-outflow") { Description = "the most that may leave all pools together while they are watched, such as '100 AGIALPHA'; one for each token that they hold", HelpName = "AMOUNT", AllowMultipleArgumentsPerToken = false };
        var command = options.Changing(new Command("system-pause", "stop or resume every module, whatever mix of states it finds") { action, byModule, blocks, most });
        Session.Run(command, options, environment, (session, parsed, cancellation) => parsed.GetValue(action) switch
        {
            "unpause" => PauseChange.RunAsync(session, LeverAction.Resume, null, parsed.GetValue(options.Instance), parsed.GetValue(options.Safe), cancellation, Terms(session, parsed)),
            _ when Asked(parsed) => throw new ControlException("command-line", ExitCode.BadInput, "--by-module, --watch-blocks and --max-outflow are about resuming.", "Give them with --action unpause, or leave them out."),
            "pause" => PauseChange.RunAsync(session, LeverAction.Pause, null, parsed.GetValue(options.Instance), parsed.GetValue(options.Safe), cancellation),
            _ => StatusAsync(session, cancellation),
        });
        return command;

        bool Asked(ParseResult parsed) => parsed.GetValue(byModule) || parsed.GetValue(blocks) is not null || parsed.GetValue(most) is { Length: > 0 };

        PoolWatchTerms? Terms(Session session, ParseResult parsed) => !Asked(parsed) ? null
            : !parsed.GetValue(byModule) || parsed.GetValue(blocks) is not { } count || parsed.GetValue(most) is not { Length: > 0 } limits
                ? throw new ControlException("command-line", ExitCode.BadInput, "--by-module takes --watch-blocks and --max-outflow: how long the pools are watched after each module, and how much may leave them meanwhile.", "Give all three, such as --by-module --watch-blocks 5 --max-outflow '100 AGIALPHA'.")
            : count is < 1 or > 100_000 ? throw new ControlException("watch-blocks", ExitCode.BadInput, $"--watch-blocks {count} is not from 1 to 100000.", "Give the number of blocks that the pools are watched after each module.")
            : new PoolWatchTerms { Blocks = count, MaxOutflow = Pool.Limits(session.Protocol, limits) };
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
