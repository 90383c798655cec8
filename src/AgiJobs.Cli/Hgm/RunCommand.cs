using System.CommandLine;
using System.Globalization;
using AgiJobs.Cli.Arena;
using AgiJobs.Control;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Policies;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Evolution;
using AgiJobs.Steering.Reports;
using AgiJobs.Steering.Runs;
using AgiJobs.Steering.Worlds;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Hgm;

/// <summary><c>hgm run</c> and <c>hgm report</c>: programs that evolve on the arena's tasks, as a run that is kept with the state of the network's services. Nothing of it touches the chain.</summary>
internal static class RunCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var name = Name();
        var seed = new Option<ulong?>("--seed") { Description = "from which all chance and all tasks of the run come; default: as the settings say (agijobs config show hgm)", HelpName = "N" };
        var policy = new Option<string?>("--policy") { Description = "who decides; default: as the settings say", HelpName = "NAME" };
        policy.AcceptOnlyFromAmong([.. PolicyNames.All]);
        var evaluations = new Option<int?>("--budget") { Description = "how many evaluations the run may use; default: as the settings say", HelpName = "N" };
        var tasks = new Option<int?>("--tasks") { Description = "how many tasks there are, of all families in turn; default: as the settings say", HelpName = "N" };
        var concurrency = new Option<int?>("--concurrency") { Description = "how many operations the policy may have in flight, which is part of the result; default: as the settings say", HelpName = "N" };
        var alpha = new Option<decimal?>("--alpha") { Description = "the widening exponent, above 0 and at most 1; default: as the settings say", HelpName = "N" };
        var workers = new Option<int>("--workers") { Description = "how many operations are carried out at once, which is not part of the result", HelpName = "N", DefaultValueFactory = _ => Environment.ProcessorCount };
        var unguarded = new Option<bool>("--no-sentinel") { Description = "begin the run without a sentinel, for studies; a run that has one keeps it" };
        var pace = new Option<string?>("--pace") { Description = "the least time between committed results, such as 250ms or 2s, so that people can follow and steer a fast run; it is not part of the result. Default: hgm.paceMilliseconds of config/services.json, else none", HelpName = "TIME" };
        var detach = new Option<bool>("--detach") { Description = "only begin the run: 'agijobs serve' with the role hgm, which 'agijobs up' starts, drives it" };
        var world = new Option<string?>("--world") { Description = $"who makes agents and tries them: {RunSettings.Programs}, or a world that config/hgm-worlds.json defines; default: {RunSettings.Programs}", HelpName = "NAME" };
        var command = new Command("run", "grow programs that solve the arena's tasks. The run is kept: interrupted or killed, the same command goes on where it was, to the same bytes. A sentinel guards it from its beginning, with the settings of 'agijobs config show sentinel'. One process drives a run at a time; exit 4 when another does, 3 when the run ended because its evaluations gave no verdict") { name, seed, policy, evaluations, tasks, concurrency, alpha, world, workers, pace, detach, unguarded };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            if (parsed.GetValue(workers) is < 1 or > 1024)
            {
                throw new ControlException("workers-range", ExitCode.BadInput, $"--workers {parsed.GetValue(workers)} is not from 1 to 1024.", "Leave it out for one for each processor.");
            }

            return await WithRunsAsync(session, async store =>
            {
                var run = parsed.GetValue(name)!;
                var kept = (await store.ReadAsync(run, 0, cancellation).ConfigureAwait(false)).Count;

                // What is not said is as the run began; what is said and is otherwise is refused by the driver.
                var steering = session.Steering();
                var settings = kept == 0 ? steering.Begin(EvolutionStudy.Run) : (await SettingsAsync(store, run, cancellation).ConfigureAwait(false))!;
                var worlds = RunWorlds.Of(session.Workspace, session.Network, session.Terminal.Progress, session.Environment.Time);
                if (kept > 0)
                {
                    worlds.Check(run, settings);
                }

                settings = settings with
                {
                    World = parsed.GetValue(world) ?? settings.World,
                    Seed = parsed.GetValue(seed) ?? settings.Seed,
                    Policy = parsed.GetValue(policy) ?? settings.Policy,
                    Evaluations = parsed.GetValue(evaluations) ?? settings.Evaluations,
                    Tasks = parsed.GetValue(tasks) ?? settings.Tasks,
                    Concurrency = parsed.GetValue(concurrency) ?? settings.Concurrency,
                    Alpha = parsed.GetValue(alpha) ?? settings.Alpha,
                };
                var start = worlds.Begin(settings);
                _ = start.Settings.Checked();
                var asked = Pace.Of(parsed.GetValue(pace));
                var guard = kept > 0 || parsed.GetValue(unguarded) ? null : steering.Guard();
                if (kept == 0)
                {
                    session.Terminal.Progress(guard is null ? $"'{run}' begins without a sentinel" : $"'{run}' begins with a sentinel: {guard.Reason}");
                    steering.Contradictions().ToList().ForEach(found => session.Terminal.Progress($"FINDING {found.Message} [{found.Code}]"));
                }

                if (parsed.GetValue(detach))
                {
                    return await BeginAsync(session, store, run, start, guard, asked, cancellation).ConfigureAwait(false);
                }

                var services = session.Workspace.Services(session.Network);
                var seat = await RunSeat.TakeAsync(store, run, DriverName.New(), TimeSpan.FromSeconds(services.LeaseSeconds!.Value), session.Environment.Time, cancellation).ConfigureAwait(false);
                await using (seat.ConfigureAwait(false))
                {
                    if (kept > 0)
                    {
                        session.Terminal.Progress($"'{run}' goes on after its {kept} events");
                    }
                    else
                    {
                        _ = await store.BeginAsync(run, start, guard, asked, cancellation).ConfigureAwait(false);
                    }

                    var least = asked ?? (await store.FindAsync(run, cancellation).ConfigureAwait(false))?.Pace ?? TimeSpan.FromMilliseconds(services.Hgm.PaceMilliseconds!.Value);
                    var open = await worlds.OpenAsync(run, start.Settings, store, cancellation).ConfigureAwait(false);
                    await using (open.ConfigureAwait(false))
                    {
                        var state = await seat.DriveAsync(open, open.Parallel ?? parsed.GetValue(workers), start, least, SystemBrake.Of(session), cancellation).ConfigureAwait(false);
                        await open.EndAsync(state, cancellation).ConfigureAwait(false);
                        await store.EnlistAsync(run, state, cancellation).ConfigureAwait(false);
                        return Report(session, run, state, cancellation);
                    }
                }
            }, cancellation).ConfigureAwait(false);
        });
        return command;
    }

    public static Command BuildReport(CommonOptions options, CommandEnvironment environment)
    {
        var name = Name();
        var rival = new Option<string?>("--rival") { Description = "another run of this network, to stand beside it in the report of --out", HelpName = "RUN" };
        var follow = new Option<bool>("--follow") { Description = "with --out: keep the report up to date until the run ends, whoever drives it" };
        var command = new Command("report", "what a run came to so far: its end, its best agent as a program, what it solves of its tasks and of others, cost, value and return. With --out, as files too: lineage.html, timeline, plots, summary") { name, rival, follow };
        command.Options.Add(options.Out);
        Session.Run(command, options, environment, (session, parsed, cancellation) => WithRunsAsync(session, async store =>
        {
            var run = parsed.GetValue(name)!;
            if (parsed.GetValue(options.Out) is { } path)
            {
                return await DemoCommand.ReportAsync(session, store, run, parsed.GetValue(rival), new ReportFolder(session.PathOf(path)), parsed.GetValue(follow), cancellation).ConfigureAwait(false);
            }

            if (parsed.GetValue(follow) || parsed.GetValue(rival) is not null)
            {
                throw new ControlException("out-missing", ExitCode.BadInput, "--follow and --rival belong to a report that is written to a folder.", "Say where with --out DIR.");
            }

            var events = await store.ReadAsync(run, 0, cancellation).ConfigureAwait(false);
            return events.Count == 0
                ? throw new ControlException("run-unknown", ExitCode.BadInput, $"There is no run '{run}' on the network '{session.Network}'.", $"agijobs hgm run {run} makes it.")
                : Report(session, run, RunState.Fold(events), cancellation);
        }, cancellation));
        return command;
    }

    // What is begun and not driven is driven by whoever has the role, at the pace that it was begun with.
    private static async Task<ExitCode> BeginAsync(Session session, DurableRunStore store, string run, RunStarted start, SentinelSet? guard, TimeSpan? pace, CancellationToken cancellation)
    {
        var isNew = await store.BeginAsync(run, start, guard, pace, cancellation).ConfigureAwait(false);
        var state = RunState.Fold(await store.ReadAsync(run, 0, cancellation).ConfigureAwait(false));
        if (state.Settings != start.Settings || state.Artifact(0) != start.Artifact)
        {
            throw new HgmException("other-run", $"A run '{run}' began with other settings.", "Leave the settings out to go on with it, or choose another name.");
        }

        await store.EnlistAsync(run, state, cancellation).ConfigureAwait(false);
        var driver = await store.State.FindLeaseAsync(store.StreamOf(run), cancellation).ConfigureAwait(false);
        session.Terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}: nothing of a run touches the chain");
        session.Terminal.Line($"run '{run}' {(isNew ? "has begun" : $"is there already with {state.Version} events")}: {(driver is null ? RunStanding.Of(state) : $"driven by {DriverName.Words(driver.Holder)}")}");
        session.Terminal.Line(state.Finished is null && driver is null ? "  'agijobs serve' with the role hgm drives it, and so does 'agijobs hgm run' with its name" : $"  agijobs hgm report {run}");
        session.Terminal.Json("agijobs.hgm-begun/1", ExitCode.Clean, writer =>
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
            writer.WriteString("run", run);
            writer.WriteBoolean("isNew", isNew);
            writer.WriteNumber("events", state.Version);
            writer.WriteString("state", RunStanding.Of(state));
            writer.WriteString("drivenBy", driver?.Holder);
        });
        return ExitCode.Clean;
    }

    private static Argument<string> Name() => new("name") { Description = "the run's name: small letters, digits, hyphens and dots", HelpName = "NAME" };

    private static async Task<RunSettings?> SettingsAsync(DurableRunStore store, string run, CancellationToken cancellation) =>
        (await store.ReadAsync(run, 0, cancellation).ConfigureAwait(false)) is [RunStarted started, ..] ? started.Settings : null;

    internal static async Task<ExitCode> WithRunsAsync(Session session, Func<DurableRunStore, Task<ExitCode>> action, CancellationToken cancellation)
    {
        await using var state = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false);
        try
        {
            return await action(new DurableRunStore(state, session.Network)).ConfigureAwait(false);
        }
        catch (HgmException problem)
        {
            throw HgmCommands.Told(problem);
        }
        catch (StorageException problem)
        {
            throw ServiceState.Told(problem);
        }
    }

    private static ExitCode Report(Session session, string run, RunState state, CancellationToken cancellation)
    {
        var exit = state.Finished?.Reason == RunEnd.NoVerdicts ? ExitCode.Findings : ExitCode.Clean;
        var (settings, tree) = (state.Settings, state.Tree);
        var best = BestBelief.Choose(state);
        var (tasks, heldOut) = (TaskSet.Of(settings.Seed, settings.Tasks), TaskSet.HeldOut(settings.Seed, EvolutionStudy.HeldOutTasks));
        var isOwn = settings.World == RunSettings.Programs;
        double? Solved(int agent, TaskSet of) => agent < 0 || !isOwn ? null : EvolutionWorld.Accuracy(state.Artifact(agent)!, of, cancellation);
        var (root, rootHeldOut, chosen, chosenHeldOut) = (Solved(0, tasks), Solved(0, heldOut), Solved(best, tasks), Solved(best, heldOut));
        var terminal = session.Terminal;
        terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}: nothing of a run touches the chain");
        terminal.Line(string.Create(CultureInfo.InvariantCulture, $"run '{run}': {settings.Policy}, seed {settings.Seed}, world {settings.World}, {settings.Tasks} tasks, budget {settings.Evaluations} evaluations, concurrency {settings.Concurrency}, alpha {state.Alpha}"));
        terminal.Line($"  state      {RunStanding.Of(state)}");
        if (exit == ExitCode.Findings)
        {
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"  FINDING    {state.VoidsInARow} evaluations in a row gave no verdict, so that going on would only have spent: mend what evaluates, and begin another run"));
        }

        terminal.Line(string.Create(CultureInfo.InvariantCulture, $"  did        {state.Evaluations} evaluations charged, {tree.Count} agents, {state.ExpansionsFailed} expansions failed, {state.Version} events"));
        terminal.Line($"  spent      {state.Ledger.Run.Cost}, worth {state.Ledger.Run.Value}, return {state.Ledger.Run.Roi?.ToString("0.00", CultureInfo.InvariantCulture) ?? "none yet"}{(isOwn ? $" (a step costs 0.001, an expansion {EvolutionWorld.ExpansionCost}, a solved task is worth 1)" : "")}");
        if (isOwn)
        {
            terminal.Line($"  root       solves {Percent(root)} of the run's tasks, {Percent(rootHeldOut)} of {heldOut.Count} others");
        }

        if (best < 0)
        {
            terminal.Line("  best       none: all agents are set aside");
        }
        else
        {
            terminal.Line($"  best       agent {best.ToString(CultureInfo.InvariantCulture)}{(isOwn ? $" solves {Percent(chosen)} of the run's tasks, {Percent(chosenHeldOut)} of {heldOut.Count} others" : "")}");
            terminal.Line($"  descent    {string.Join(" < ", Descent(state, best))}");
            terminal.Line("  program");
            foreach (var line in state.Artifact(best)!.Split('\n'))
            {
                terminal.Line($"    {line}");
            }
        }

        terminal.Json("agijobs.hgm-run/1", exit, writer =>
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
            writer.WriteString("run", run);
            writer.WriteString("policy", settings.Policy);
            writer.WriteNumber("seed", settings.Seed);
            writer.WriteString("world", settings.World);
            if (settings.WorldDigest is { } digest)
            {
                writer.WriteString("worldDigest", digest);
            }

            writer.WriteNumber("tasks", settings.Tasks);
            writer.WriteNumber("budget", settings.Evaluations);
            writer.WriteNumber("concurrency", settings.Concurrency);
            writer.WriteNumber("alpha", state.Alpha);
            writer.WriteString("state", RunStanding.Of(state));
            writer.WriteBoolean("finished", state.Finished is not null);
            writer.WriteNumber("events", state.Version);
            writer.WriteNumber("evaluations", state.Evaluations);
            writer.WriteNumber("agents", tree.Count);
            writer.WriteNumber("expansionsFailed", state.ExpansionsFailed);
            writer.WriteString("cost", state.Ledger.Run.Cost.ToString());
            writer.WriteString("value", state.Ledger.Run.Value.ToString());
            Agent(writer, "root", 0, root, rootHeldOut);
            if (best >= 0)
            {
                Agent(writer, "best", best, chosen, chosenHeldOut);
            }
        });
        return exit;

        void Agent(System.Text.Json.Utf8JsonWriter writer, string what, int agent, double? solved, double? others)
        {
            writer.WriteStartObject(what);
            writer.WriteNumber("agent", agent);
            if (solved is { } share && others is { } otherShare)
            {
                writer.WriteNumber("solved", share);
                writer.WriteNumber("solvedHeldOut", otherShare);
            }

            writer.WriteString("program", state.Artifact(agent));
            writer.WriteEndObject();
        }
    }

    private static IEnumerable<string> Descent(RunState state, int agent)
    {
        for (var at = agent; at >= 0; at = state.Tree.Parents[at])
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{at} ({state.Tree.Successes[at]} of {state.Tree.Successes[at] + state.Tree.Failures[at]})");
        }
    }

    private static string Percent(double? share) => share is { } known ? (100 * known).ToString("0.0", CultureInfo.InvariantCulture) + " %" : "-";
}
