using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Runbooks;

namespace AgiJobs.Cli.Runbooks;

/// <summary><c>runbook list|show|check|run|status|step|done|approve|accept|skip|severity|end</c>: what people do when something has happened, step by step.</summary>
internal static class RunbookCommands
{
    public static Command Build(CommonOptions options, CommandEnvironment environment, RootCommand root)
    {
        var command = new Command("runbook", "runbooks that run: the next thing to do is always one clear line. Begin with 'runbook list', then 'runbook run NAME --incident ID --signer YOU'; several people work on one run at once, each with their own key");
        var tree = new CommandTree(root);
        foreach (var inner in (Command[])[List(options, environment, tree), Show(options, environment, tree), Check(options, environment, tree), Run(options, environment, tree), Status(options, environment), Step(options, environment), .. Decisions(options, environment), Severity(options, environment), End(options, environment)])
        {
            command.Subcommands.Add(inner);
        }

        return command;
    }

    private static Command List(CommonOptions options, CommandEnvironment environment, CommandTree tree)
    {
        var command = new Command("list", "list the runbooks, those of the workspace (config/runbooks/) and those that ship");
        Session.Run(command, options, environment, (session, _, _) =>
        {
            var shelf = new RunbookShelf(session.Workspace, tree);
            var rows = shelf.Paths.Keys.Select(name => Taken(shelf, name)).ToList();
            var exit = rows.Exists(row => row.Book is null) ? ExitCode.Findings : ExitCode.Clean;
            session.Terminal.Table(["runbook", "for", "steps", "what it is"], rows.Select(row => (IReadOnlyList<string>)[row.Name, row.Book is null ? "" : string.Join(' ', row.Book.Severities.Select(severity => severity.Name())), row.Book?.Steps.Count.ToString(CultureInfo.InvariantCulture) ?? "", row.Book?.File.Title ?? $"DAMAGED, agijobs runbook check {row.Name}"]));
            session.Terminal.Json("agijobs.runbook-list/1", exit, writer =>
            {
                writer.WriteStartArray("runbooks");
                foreach (var (name, book, problem) in rows)
                {
                    writer.WriteStartObject();
                    writer.WriteString("name", name);
                    writer.WriteString("title", book?.File.Title);
                    writer.WriteString("purpose", book?.File.Purpose);
                    writer.WriteString("digest", book?.Digest.ToString());
                    Texts(writer, "severities", book?.Severities.Select(severity => severity.Name()) ?? []);
                    writer.WriteNumber("steps", book?.Steps.Count ?? 0);
                    writer.WriteString("problem", problem?.Message);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return Task.FromResult(exit);
        });
        return command;
    }

    private static (string Name, Runbook? Book, ControlException? Problem) Taken(RunbookShelf shelf, string name)
    {
        try
        {
            return (name, shelf.Take(name), null);
        }
        catch (ControlException problem)
        {
            return (name, null, problem);
        }
    }

    private static Command Show(CommonOptions options, CommandEnvironment environment, CommandTree tree)
    {
        var name = Name();
        var command = new Command("show", "show a runbook: every step with its duty, deadline, reason, line and what to do when it fails") { name };
        Session.Run(command, options, environment, (session, parsed, _) =>
        {
            var book = new RunbookShelf(session.Workspace, tree).Take(parsed.GetValue(name)!);
            var terminal = session.Terminal;
            terminal.Line($"{book.Name}: {book.File.Title}");
            terminal.Line($"  {book.File.Purpose}");
            terminal.Line($"  for {string.Join(", ", book.Severities.Select(severity => severity.Name()))}{(book.File.Source is { } source ? $"; follows {source}" : "")}; digest {book.Digest}");
            foreach (var input in book.File.Inputs)
            {
                terminal.Line($"  {{{input.Name}}} from {input.From}{(input.Module is { } module ? $" ({module})" : "")}{(input.Default is { } usual ? $", {usual} unless said otherwise" : "")}: {input.What}");
            }

            foreach (var (step, number) in book.Steps.Select((step, index) => (step, index + 1)))
            {
                terminal.Line();
                terminal.Line(string.Create(CultureInfo.InvariantCulture, $"{number}. {step.Id}: {step.File.Text}"));
                terminal.Line($"   {step.Duty.Name()}, {Deadlines(step)}, {(step.File.MaySkip == true ? "may be skipped with a reason" : "may not be skipped")}{(step.File.Needs.Count > 0 ? $", after {string.Join(", ", step.File.Needs)}" : "")}{(step.File.OtherThan.Count > 0 ? $", by somebody else than {string.Join(", ", step.File.OtherThan)}" : "")}");
                terminal.Line($"   why: {step.File.Why}");
                terminal.Line(step switch
                {
                    { Line: { } line } => $"   {(step.Kind == StepKind.Check ? "asks" : step.Sends ? "SENDS" : "runs")}: agijobs {line.Text}{(step.Sends ? " --execute" : "")}",
                    { File.Approval: { } approval } => $"   signs: {approval.Statement}",
                    _ => $"   writes down: {step.File.Task!.WriteDown}",
                });
                terminal.Line($"   if it fails: {step.File.IfItFails}");
            }

            terminal.Json("agijobs.runbook/1", ExitCode.Clean, writer =>
            {
                writer.WriteString("digest", book.Digest.ToString());
                writer.WritePropertyName("document");
                JsonSerializer.Serialize(writer, book.File, WorkspaceJson.Default.RunbookFile);
            });
            return Task.FromResult(ExitCode.Clean);
        });
        return command;
    }

    private static Command Check(CommonOptions options, CommandEnvironment environment, CommandTree tree)
    {
        var name = new Argument<string?>("name") { Description = "the runbook; all when left out", HelpName = "NAME", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("check", "check runbooks: every line is parsed by this program, every placeholder has a source, nothing goes in circles; exit 2 with each place and mend") { name };
        Session.Run(command, options, environment, (session, parsed, _) =>
        {
            var shelf = new RunbookShelf(session.Workspace, tree);
            var names = parsed.GetValue(name) is { } one ? [one] : shelf.Paths.Keys.ToList();
            foreach (var known in names)
            {
                session.Terminal.Line($"  sound   {known}   {shelf.Take(known).Steps.Count} steps");
            }

            session.Terminal.Json("agijobs.runbook-check/1", ExitCode.Clean, writer => Texts(writer, "sound", names));
            return Task.FromResult(ExitCode.Clean);
        });
        return command;
    }

    private static Command Run(CommonOptions options, CommandEnvironment environment, CommandTree tree)
    {
        var name = Name();
        var incident = new Option<string?>("--incident") { Description = "the incident that it is for, from 'incident list'; the same runbook and incident is the same run, whoever types it, and a pause waits for no incident to be opened", HelpName = "ID" };
        var severity = new Option<string?>("--severity") { Description = "how bad it is, SEV-0 to SEV-3; default: the incident's, else the worst that the runbook is for", HelpName = "SEVERITY" };
        var inputs = Inputs();
        var command = new Command("run", "begin a runbook, or join its run: on a terminal one screen with the next action on the last line, elsewhere plain lines for 'runbook step'. Exit 0: complete; 3: steps are open") { name, incident, severity, inputs, options.Signers };
        Session.Run(command, options, environment, (session, parsed, cancellation) =>
        {
            var book = new RunbookShelf(session.Workspace, tree).Take(parsed.GetValue(name)!);
            var given = Given(parsed.GetValue(inputs));
            var how = parsed.GetValue(severity) is { } text ? Bad(text) : (Response.Findings.Severity?)null;
            return RunbookSeat.WithAsync(session, async seat =>
            {
                var run = await seat.Desk.BeginAsync(book, parsed.GetValue(incident), how, given, seat.Actor?.Name, cancellation).ConfigureAwait(false);
                if (how is { } said)
                {
                    run = await AtSeverityAsync(seat, run, said, cancellation).ConfigureAwait(false);
                }

                if (environment.Keys is { } keyboard && !session.Terminal.IsJson)
                {
                    run = await new RunbookTerminal(seat, keyboard, environment.Out).RunAsync(run, cancellation).ConfigureAwait(false);
                    return run.IsComplete ? ExitCode.Clean : ExitCode.Findings;
                }

                return await PrintAsync(seat, run, run.IsComplete ? ExitCode.Clean : ExitCode.Findings, cancellation).ConfigureAwait(false);
            }, cancellation);
        });
        return command;
    }

    private static Command Status(CommonOptions options, CommandEnvironment environment)
    {
        var run = new Argument<string?>("run") { Description = "the run; the open ones when left out", HelpName = "RUN", Arity = ArgumentArity.ZeroOrOne };
        var all = new Option<bool>("--all") { Description = "list also those that are over" };
        var command = new Command("status", "how a run stands and what is next. Exit 0: complete, or none is open; 3: steps are open") { run, all, options.Signers };
        Session.Run(command, options, environment, (session, parsed, cancellation) => RunbookSeat.WithAsync(session, async seat =>
        {
            if (parsed.GetValue(run) is { } id)
            {
                var one = await seat.Desk.ReadAsync(id, cancellation).ConfigureAwait(false);
                return await PrintAsync(seat, one, one.IsComplete ? ExitCode.Clean : ExitCode.Findings, cancellation).ConfigureAwait(false);
            }

            var now = environment.Time.GetUtcNow();
            var runs = (await seat.Desk.ListAsync(cancellation).ConfigureAwait(false)).Where(known => known.IsOpen || parsed.GetValue(all)).ToList();
            var exit = runs.Exists(known => known.IsOpen) ? ExitCode.Findings : ExitCode.Clean;
            session.Terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}: {(runs.Count == 0 ? "no run of a runbook is open" : "")}".TrimEnd());
            if (runs.Count > 0)
            {
                session.Terminal.Table(["run", "severity", "since (UTC)", "steps", "overdue", "next"], runs.Select(known => (IReadOnlyList<string>)[known.Id, known.Severity.Name(), known.StartedAt.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture), string.Create(CultureInfo.InvariantCulture, $"{known.Steps.Count(step => step.IsSettled)} of {known.Steps.Count}"), known.OverdueAt(now).Count.ToString(CultureInfo.InvariantCulture), known.Next() is { } next ? $"{next.Step.Id} ({next.Step.Duty.Name()})" : known.IsComplete ? "complete" : "given up"]));
            }

            session.Terminal.Json("agijobs.runbook-runs/1", exit, writer =>
            {
                Head(session, writer);
                writer.WriteStartArray("runs");
                foreach (var known in runs)
                {
                    writer.WriteStartObject();
                    writer.WriteString("run", known.Id);
                    writer.WriteString("runbook", known.Runbook.Name);
                    writer.WriteString("incident", known.Begun.Incident);
                    writer.WriteString("severity", known.Severity.Name());
                    writer.WriteString("since", known.StartedAt.ToString("O"));
                    writer.WriteNumber("settled", known.Steps.Count(step => step.IsSettled));
                    writer.WriteNumber("steps", known.Steps.Count);
                    Texts(writer, "overdue", known.OverdueAt(now).Select(step => step.Step.Id));
                    writer.WriteString("next", known.Next()?.Step.Id);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return exit;
        }, cancellation));
        return command;
    }

    private static Command Step(CommonOptions options, CommandEnvironment environment)
    {
        var (run, step, inputs) = (RunName(), StepName(), Inputs());
        var command = new Command("step", "run the command or check of a step. What sends is only tried without --execute. Exit 0: done; 1: failed; 3: only tried, or somebody must look ('runbook accept')") { run, step, inputs, options.Signers, options.Execute, options.DryRun };
        Session.Run(command, options, environment, (session, parsed, cancellation) =>
        {
            var (id, name, given, send) = (parsed.GetValue(run)!, parsed.GetValue(step)!, Given(parsed.GetValue(inputs)), session.Execute);
            return RunbookSeat.WithAsync(session, async seat =>
            {
                if (given.Count > 0)
                {
                    _ = await seat.Desk.GiveAsync(id, given, seat.Actor?.Name, cancellation).ConfigureAwait(false);
                }

                var after = await seat.Desk.StepAsync(id, name, seat.Actor, send, cancellation).ConfigureAwait(false);
                return await PrintAsync(seat, after, after[name].State switch { StepState.Done or StepState.Skipped => ExitCode.Clean, StepState.Failed => ExitCode.Failed, _ => ExitCode.Findings }, cancellation, name).ConfigureAwait(false);
            }, cancellation);
        });
        return command;
    }

    private static IEnumerable<Command> Decisions(CommonOptions options, CommandEnvironment environment)
    {
        var note = new Option<string?>("--note") { Description = "what was done, as the step asks for it", HelpName = "TEXT" };
        var reason = new Option<string?>("--reason") { Description = "why", HelpName = "TEXT" };
        foreach (var (verb, decision, what, text) in ((string, string, string, Option<string?>?)[])
        [
            ("done", "done", "say that a task is done; signed by somebody with the step's duty", note),
            ("approve", "approved", "sign the statement of an approval; by somebody with the step's duty", null),
            ("accept", "accepted", "decide that what a command said is good enough, with the reason; signed", reason),
            ("skip", "skipped", "skip a step that may be skipped, with the reason; signed", reason),
        ])
        {
            var (run, step) = (RunName(), StepName());
            var command = new Command(verb, what) { run, step, options.Signers };
            if (text is not null)
            {
                command.Options.Add(text);
            }

            Session.Run(command, options, environment, (session, parsed, cancellation) => RunbookSeat.WithAsync(session, async seat =>
            {
                var after = await seat.Desk.DecideAsync(parsed.GetValue(run)!, parsed.GetValue(step)!, decision, text is null ? null : parsed.GetValue(text), seat.Person, cancellation).ConfigureAwait(false);
                return await PrintAsync(seat, after, ExitCode.Clean, cancellation, parsed.GetValue(step)!).ConfigureAwait(false);
            }, cancellation));
            yield return command;
        }
    }

    private static Command Severity(CommonOptions options, CommandEnvironment environment)
    {
        var run = RunName();
        var severity = new Argument<string>("severity") { Description = "SEV-0 to SEV-3", HelpName = "SEVERITY" };
        var command = new Command("severity", "say that it is worse, or better: deadlines count from the start by the new severity. Signed; better is the commander's to say") { run, severity, options.Signers };
        Session.Run(command, options, environment, (session, parsed, cancellation) => RunbookSeat.WithAsync(session, async seat =>
            await PrintAsync(seat, await seat.Desk.ChangeSeverityAsync(parsed.GetValue(run)!, Bad(parsed.GetValue(severity)!), seat.Person, cancellation).ConfigureAwait(false), ExitCode.Clean, cancellation).ConfigureAwait(false), cancellation));
        return command;
    }

    private static Command End(CommonOptions options, CommandEnvironment environment)
    {
        var run = RunName();
        var reason = new Option<string>("--reason") { Description = "why", HelpName = "TEXT", Required = true };
        var command = new Command("end", "give a run up; one whose steps are done is complete without it. Signed, by somebody with the duty commander") { run, reason, options.Signers };
        Session.Run(command, options, environment, (session, parsed, cancellation) => RunbookSeat.WithAsync(session, async seat =>
            await PrintAsync(seat, await seat.Desk.EndAsync(parsed.GetValue(run)!, parsed.GetValue(reason)!, seat.Person, cancellation).ConfigureAwait(false), ExitCode.Clean, cancellation).ConfigureAwait(false), cancellation));
        return command;
    }

    // A runbook begins, and its pause goes out, whoever has a key at hand: that the severity stays is told.
    private static async Task<RunbookRun> AtSeverityAsync(RunbookSeat seat, RunbookRun run, Response.Findings.Severity said, CancellationToken cancellation)
    {
        try
        {
            return run.Severity == said ? run : await seat.Desk.ChangeSeverityAsync(run.Id, said, seat.Person, cancellation).ConfigureAwait(false);
        }
        catch (Exception refused) when (refused is ControlException or EthereumException)
        {
            seat.Session.Terminal.Progress($"FINDING the run stays {run.Severity.Name()}: {refused.Message}");
            return run;
        }
    }

    private static Argument<string> Name() => new("name") { Description = "the runbook, from 'runbook list'", HelpName = "NAME" };

    private static Argument<string> RunName() => new("run") { Description = "the run, from 'runbook status'", HelpName = "RUN" };

    private static Argument<string> StepName() => new("step") { Description = "the step", HelpName = "STEP" };

    private static Option<string[]> Inputs() => new("--input") { Description = "a value that the runbook asks for; may be given several times", HelpName = "NAME=VALUE", AllowMultipleArgumentsPerToken = false };

    private static Dictionary<string, string> Given(string[]? texts)
    {
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var text in texts ?? [])
        {
            var at = text.IndexOf('=', StringComparison.Ordinal);
            if (at < 1 || at == text.Length - 1 || !given.TryAdd(text[..at], text[(at + 1)..]))
            {
                throw new ControlException("input-form", ExitCode.BadInput, $"'{text}' gives no input its one value.", "Write NAME=VALUE, each name once.");
            }
        }

        return given;
    }

    private static Response.Findings.Severity Bad(string text) => Severities.Parse(text) ?? throw new ControlException("severity-unknown", ExitCode.BadInput, $"There is no severity '{text}'.", "Write SEV-0, SEV-1, SEV-2 or SEV-3.");

    private static string Deadlines(RunbookStep step) =>
        step.File.Within is null && step.WithinAt.Count == 0 ? "no deadline"
        : string.Join(", ", new[] { step.File.Within is { } within ? $"within {within}" : null }.OfType<string>().Concat((step.File.WithinAt ?? new Dictionary<string, string>(StringComparer.Ordinal)).OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => $"{entry.Value} at {entry.Key}")));

    private static void Head(Session session, Utf8JsonWriter writer)
    {
        writer.WriteString("network", session.Network);
        writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
    }

    private static void Texts(Utf8JsonWriter writer, string key, IEnumerable<string> texts)
    {
        writer.WriteStartArray(key);
        foreach (var text in texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
    }

    private static async Task<ExitCode> PrintAsync(RunbookSeat seat, RunbookRun run, ExitCode exit, CancellationToken cancellation, string? about = null)
    {
        var screen = await seat.ScreenAsync(run, cancellation).ConfigureAwait(false);
        var terminal = seat.Session.Terminal;
        if (about is not null && run[about] is var touched)
        {
            terminal.Line(exit == ExitCode.Findings && touched is { Step.Sends: true, Preview: { } preview, IsSettled: false, State: not StepState.Attention } ? $"{about}: NOTHING WAS SENT - add --execute; {preview.Seen}" : $"{about}: {RunbookDesk.Words(touched.State)}{(touched.Seen is { } seen ? $", {seen}" : "")}");
        }

        foreach (var line in screen.Plain())
        {
            terminal.Line(line);
        }

        terminal.Json("agijobs.runbook-run/1", exit, writer =>
        {
            Head(seat.Session, writer);
            writer.WriteString("run", run.Id);
            writer.WriteString("runbook", run.Runbook.Name);
            writer.WriteString("digest", run.Begun.Digest.ToString());
            writer.WriteString("incident", run.Begun.Incident);
            writer.WriteString("severity", run.Severity.Name());
            writer.WriteString("since", run.StartedAt.ToString("O"));
            writer.WriteBoolean("complete", run.IsComplete);
            writer.WriteString("endedBecause", run.Ended?.Reason);
            writer.WriteString("next", screen.Next?.Step.Id);
            writer.WriteString("nextLine", screen.Command());
            Texts(writer, "findings", run.Findings);
            Texts(writer, "overdue", run.OverdueAt(seat.Session.Environment.Time.GetUtcNow()).Select(step => step.Step.Id));
            writer.WriteStartObject("inputs");
            foreach (var (name, value) in run.Given.OrderBy(entry => entry.Key, StringComparer.Ordinal))
            {
                writer.WriteString(name, value);
            }

            writer.WriteEndObject();
            writer.WriteStartArray("steps");
            foreach (var step in run.Steps)
            {
                writer.WriteStartObject();
                writer.WriteString("id", step.Step.Id);
                writer.WriteString("state", RunbookDesk.Words(step.State));
                writer.WriteString("duty", step.Step.Duty.Name());
                writer.WriteString("by", step.By);
                writer.WriteString("at", step.At?.ToString("O"));
                writer.WriteString("due", run.DueAt(step.Step)?.ToString("O"));
                writer.WriteBoolean("late", step.IsSettled && run.DueAt(step.Step) < step.At);
                writer.WriteString("seen", step.Seen);
                if (step.Last is { } last)
                {
                    writer.WriteNumber("commandExit", last.Exit);
                    writer.WriteString("output", last.Output.ToString());
                    writer.WriteString("change", last.Change);
                    Texts(writer, "transactions", last.Transactions);
                }

                if (step.Preview is { } tried)
                {
                    writer.WriteNumber("previewExit", tried.Exit);
                    writer.WriteString("previewChange", tried.Change);
                }

                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });
        return exit;
    }
}
