using System.CommandLine;
using AgiJobs.Cli.Changes;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Pausing;

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
            "pause" => ChangeAsync(session, LeverAction.Pause, parsed.GetValue(options.Instance), parsed.GetValue(options.Safe), cancellation),
            "unpause" => ChangeAsync(session, LeverAction.Resume, parsed.GetValue(options.Instance), parsed.GetValue(options.Safe), cancellation),
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

    private static async Task<ExitCode> ChangeAsync(Session session, LeverAction action, string? instance, string? safeFile, CancellationToken cancellation)
    {
        _ = session.Execute;
        var state = await session.ObserveAsync(cancellation).ConfigureAwait(false);
        var planner = new PausePlanner(state, session.Network, session.SignersAtHand) { Named = session.NamedSigners.Count > 0, Prefer = safeFile is not null ? RouteKind.Safe : null };
        var store = new ChangeStore(session.Workspace, session.Environment.Time);
        var plan = await planner.PlanAsync(await session.ClientAsync(cancellation).ConfigureAwait(false), action, instance ?? "", null, cancellation).ConfigureAwait(false);
        if (plan.Change is null)
        {
            // The state can be there because of an execution that died before it had verified and recorded what it did.
            var open = Unfinished(session, store, PausePlanner.KindOf(action));
            if (open is not null && session.Execute)
            {
                return await new ChangeRun(session, open, null).ExecuteAsync(session.SignersAtHand, cancellation).ConfigureAwait(false);
            }

            session.Terminal.Line(PauseReport.Header(session.Network, state));
            PauseReport.Print(session.Terminal, state);
            session.Terminal.Line("Nothing is to be done: the state is already the one asked for.");
            if (open is not null)
            {
                session.Terminal.Line($"UNFINISHED {open.Id} was sent and is not verified: add --execute to finish its record.");
            }

            var exit = PauseReport.Exit(state) is var read && read == ExitCode.Clean && open is not null ? ExitCode.Findings : read;
            session.Terminal.Json("agijobs.system-pause-status/1", exit, writer =>
            {
                PauseReport.Write(writer, session.Network, state);
                writer.WriteString("unfinished", open?.Id);
            });
            return exit;
        }

        foreach (var finding in plan.Findings)
        {
            session.Terminal.Progress($"FINDING {finding}");
        }

        var document = instance is null ? store.WithNextInstance(plan.Change) : plan.Change;
        return await ChangeRun.FromPlanAsync(session, document, plan.Option!, safeFile, cancellation).ConfigureAwait(false);
    }

    private static FiledChange? Unfinished(Session session, ChangeStore store, string kind)
    {
        try
        {
            return store.Unfinished(session.Network, kind);
        }
        catch (ControlException problem)
        {
            // The state asked for is there all the same.
            session.Terminal.Progress($"FINDING {problem.Message}");
            return null;
        }
    }
}
