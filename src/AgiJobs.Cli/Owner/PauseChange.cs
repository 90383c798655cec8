using AgiJobs.Cli.Changes;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Pausing;

namespace AgiJobs.Cli.Owner;

/// <summary>A pause or a resume from the command line, from the plan to its end.</summary>
internal static class PauseChange
{
    /// <summary>Plans for the named modules, or for all, and goes as far as the command line says.</summary>
    public static async Task<ExitCode> RunAsync(Session session, LeverAction action, IReadOnlyList<string>? modules, string? instance, string? safeFile, CancellationToken cancellation, PoolWatchTerms? watch = null)
    {
        _ = session.Execute;
        var state = await session.ObserveAsync(cancellation).ConfigureAwait(false);
        var planner = new PausePlanner(state, session.Network, session.SignersAtHand) { Named = session.NamedSigners.Count > 0, Prefer = safeFile is not null ? RouteKind.Safe : null, Watch = watch };
        var store = new ChangeStore(session.Workspace, session.Environment.Time);
        if (watch is not null && Unfinished(session, store, PausePlanner.KindOf(action, modules is null)) is { Document.Watch: { } begun } half && watch.Same(begun) && (instance is null || string.Equals(instance, half.Document.Instance, StringComparison.Ordinal)))
        {
            // What was begun is gone on with: the rest was approved and signed together with it.
            session.Terminal.Progress($"going on with {half.Id}, which was begun before");
            var run = new ChangeRun(session, half, null);
            return await (session.Execute ? run.ExecuteAsync(session.SignersAtHand, cancellation) : run.PreviewAsync(cancellation)).ConfigureAwait(false);
        }

        var plan = await planner.PlanAsync(await session.ClientAsync(cancellation).ConfigureAwait(false), action, instance ?? "", modules, cancellation).ConfigureAwait(false);
        if (plan.Change is null)
        {
            // The state can be there because of an execution that died before it had verified and recorded what it did.
            var open = Unfinished(session, store, PausePlanner.KindOf(action, modules is null));
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

        if (action == LeverAction.Pause && session.Execute && safeFile is null
            && Unfinished(session, store, plan.Change.Kind) is { } sent && DoesTheSame(sent.Document, plan.Change) && (instance is null || string.Equals(instance, sent.Document.Instance, StringComparison.Ordinal)))
        {
            // Modules that paused meanwhile, or that the node showed as paused too early, make the plan another one; but what was sent for the same end may still be mined, and is not sent beside.
            session.Terminal.Progress($"going on with {sent.Id}, which was sent before");
            try
            {
                return await new ChangeRun(session, sent, null).ExecuteAsync(session.SignersAtHand, cancellation).ConfigureAwait(false);
            }
            catch (ControlException stale) when (stale.Code == "change-stale")
            {
                session.Terminal.Progress($"FINDING {stale.Message} It is planned anew.");
            }
        }

        var document = instance is not null ? plan.Change : store.WithNextInstance(plan.Change, action == LeverAction.Pause ? problem => session.Terminal.Progress($"FINDING {problem.Message} The pause does not wait for it.") : null);
        return await ChangeRun.FromPlanAsync(session, document, plan.Option!, safeFile, cancellation).ConfigureAwait(false);
    }

    // The same end by the same accounts.
    private static bool DoesTheSame(ChangeDocument one, ChangeDocument other) =>
        Ends(one).SetEquals(Ends(other)) && one.Steps.Select(step => step.Route.Caller).ToHashSet().SetEquals(other.Steps.Select(step => step.Route.Caller));

    private static HashSet<string> Ends(ChangeDocument change) => [.. change.Expected.Select(end => $"{end.Target} {end.Subject}")];

    private static FiledChange? Unfinished(Session session, ChangeStore store, string kind)
    {
        try
        {
            return store.Unfinished(session.Network, kind);
        }
        catch (ControlException problem)
        {
            // A pause does not wait for a file to be mended, and a state that is there is there all the same.
            session.Terminal.Progress($"FINDING {problem.Message}");
            return null;
        }
    }
}
