using System.CommandLine;
using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Incidents;

namespace AgiJobs.Cli.Incidents;

/// <summary><c>incident</c>: from the first alert to the closed review. Every act is signed by the person who does it; none of it stands in the way of a pause.</summary>
internal static class IncidentCommands
{
    private const string Meanings = """
        SEV-0 critical: funds are being lost, the protocol's integrity is broken, or an admin key is compromised. Pause at once, tell everybody.
        SEV-1 high:     a loss is likely: a critical vulnerability without an exploit yet, a major subsystem is out, anomalous slashing, a treasury drains.
        SEV-2 medium:   degraded: slow finalization, few validators take part, no user loses anything.
        SEV-3 low:      cosmetic issues, gaps in the documentation, noise of the monitoring.
        In doubt take the worse one: lowering it later is easy.
        """;

    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("incident", "open, lead, record and review incidents; each act is signed by who does it (--signer). A pause never waits for any of this");
        var duty = new Option<string?>("--duty") { Description = "the duty to sign under; default: the first of yours that will do", HelpName = "DUTY" };
        var alerts = new Option<string[]>("--alert") { Description = "the fingerprint of an alert that belongs to it; may be given several times", HelpName = "FINGERPRINT" };
        var transactions = new Option<string[]>("--tx") { Description = "the hash of a transaction that belongs to it; may be given several times", HelpName = "HASH" };
        var changes = new Option<string[]>("--change") { Description = "a change that belongs to it; those whose --instance names the incident belong to it anyway", HelpName = "ID" };
        var context = new Context(options, environment, duty, alerts, transactions, changes);
        foreach (var inner in new[] { Open(context), Assign(context), Severity(context), Note(context), Cause(context), Attach(context), Update(context), Step(context), Close(context), List(context), Show(context) })
        {
            command.Subcommands.Add(inner);
        }

        foreach (var inner in AftermathCommands.Build(context))
        {
            command.Subcommands.Add(inner);
        }

        return command;
    }

    /// <summary>What the commands share.</summary>
    internal sealed record Context(CommonOptions Options, CommandEnvironment Environment, Option<string?> Duty, Option<string[]> Alerts, Option<string[]> Transactions, Option<string[]> Changes)
    {
        public Argument<string> Id { get; } = new("id") { Description = "the incident: DATE-NAME ('incident list')", HelpName = "ID" };

        /// <summary>A command that acts: signs, records, and shows how the incident stands then.</summary>
        public Command Acting(Command command, Func<Session, IncidentDesk, ParseResult, IncidentState, CancellationToken, Task<IncidentAct>> say)
        {
            command.Options.Add(Options.Signers);
            command.Options.Add(Duty);
            Session.Run(command, Options, Environment, (session, parsed, cancellation) => IncidentDesk.WithAsync(session, async desk =>
            {
                var state = await desk.Incidents.ReadAsync(parsed.GetValue(Id)!, cancellation).ConfigureAwait(false);
                var act = await say(session, desk, parsed, state, cancellation).ConfigureAwait(false);
                return await FinishAsync(session, desk, await desk.DoAsync(act, state, DutyOf(parsed), cancellation).ConfigureAwait(false), act, cancellation).ConfigureAwait(false);
            }, cancellation));
            return command;
        }

        public Duty? DutyOf(ParseResult parsed) => parsed.GetValue(Duty) is { } name ? Duties.Parse(name) : null;

        /// <summary>An act with what the command line names.</summary>
        public IncidentAct Referring(Session session, ParseResult parsed, IncidentAct act) => act with
        {
            Alerts = parsed.GetValue(Alerts) is { Length: > 0 } named ? named : null,
            Transactions = parsed.GetValue(Transactions) is { Length: > 0 } hashes ? [.. hashes.Select(Hash)] : null,
            Changes = parsed.GetValue(Changes) is { Length: > 0 } ids ? [.. ids.Select(id => new ChangeStore(session.Workspace, session.Environment.Time).Get(id).Document.Digest())] : null,
        };

        public static Bytes32 Hash(string text)
        {
            try
            {
                return Bytes32.Parse(text);
            }
            catch (EthereumException problem)
            {
                throw new ControlException("transaction-hash", ExitCode.BadInput, $"'{Plain.Line(text)}' is no hash of a transaction: {problem.Message}", "Write 0x and 64 hex digits.", problem);
            }
        }

        public static async Task<ExitCode> FinishAsync(Session session, IncidentDesk desk, IncidentState state, IncidentAct act, CancellationToken cancellation)
        {
            await desk.WriteRecordsAsync(state, cancellation).ConfigureAwait(false);
            if (act.Kind is IncidentActs.Update or IncidentActs.ApproveUpdate && state.Updates.Any(update => update is { IsPublic: true, OutAt: not null }))
            {
                session.Terminal.Progress($"status page: {await desk.WriteStatusAsync(cancellation).ConfigureAwait(false)}");
            }

            return IncidentOutput.Show(session, desk, state, act.Says(), null);
        }
    }

    private static Command Open(Context context)
    {
        var title = new Argument<string>("title") { Description = "what happens, in a line", HelpName = "TITLE" };
        var severity = new Option<string?>("--severity") { Description = "SEV-0 to SEV-3; leave it out to see what they mean", HelpName = "SEV" };
        var category = new Option<string?>("--category") { Description = $"what sort: {string.Join(", ", IncidentCategories.All)}", HelpName = "NAME" };
        var reason = new Option<string?>("--reason") { Description = "why this severity", HelpName = "TEXT" };
        var name = new Option<string?>("--name") { Description = "its name; default: made of the title", HelpName = "NAME" };
        var since = new Option<string?>("--detected-at") { Description = "when it began, UTC, such as 2026-03-01T12:00:00Z", HelpName = "TIME" };
        var block = new Option<long?>("--detected-block") { Description = "the block that it was found in", HelpName = "N" };
        var commander = new Option<string?>("--commander") { Description = "name the commander at once", HelpName = "PERSON" };
        var op = new Option<string?>("--operator") { Description = "name the console operator at once; another person than the commander", HelpName = "PERSON" };
        var command = new Command("open", "open an incident at once; anybody on file may. Pause first if something is being lost: agijobs owner system-pause --action pause") { title, severity, category, reason, name, since, block, commander, op, context.Alerts, context.Transactions, context.Changes, context.Options.Signers, context.Duty };
        Session.Run(command, context.Options, context.Environment, (session, parsed, cancellation) => IncidentDesk.WithAsync(session, async desk =>
        {
            var bad = parsed.GetValue(severity) is not { } given || Severities.Parse(given) is null;
            if (bad)
            {
                throw new ControlException("severity-needed", ExitCode.BadInput, parsed.GetValue(severity) is { } odd ? $"'{Plain.Line(odd)}' is no severity." : "How bad it is must be said.", $"Give --severity, by these meanings:\n{Indented(Meanings)}");
            }

            var text = parsed.GetValue(title)!;
            var id = parsed.GetValue(name) is { } chosen ? IncidentName.Given(desk.Now, chosen) : IncidentName.Of(desk.Now, text);
            var detected = parsed.GetValue(since) is { } at ? Moment(at) : (DateTimeOffset?)null;
            if (detected > desk.Now)
            {
                throw new ControlException("time-format", ExitCode.BadInput, $"--detected-at {detected.Value:yyyy-MM-dd HH:mm:ss} UTC is yet to come.", "Give the time at which it began, or leave it out.");
            }

            var people = new[] { (IncidentRole.Commander, Name: parsed.GetValue(commander)), (IncidentRole.Operator, Name: parsed.GetValue(op)) }.Where(role => role.Name is not null).Select(role => (Role: role.Item1, Person: desk.Signing.ForRole(role.Name!, role.Item1))).ToList();
            if (people is [var one, var other] && one.Person == other.Person)
            {
                throw new ControlException("incident-dual-control", ExitCode.Refused, $"{one.Person.Name} cannot be commander and operator at once: they are different people, so that no one person both orders and executes.", "Leave --operator out and name somebody else later; nothing waits for it.");
            }

            var act = context.Referring(session, parsed, desk.Act(id, IncidentActs.Open) with
            {
                Title = Plain.Line(text).Trim(),
                Severity = Severities.Parse(parsed.GetValue(severity)!)!.Value.Name(),
                Category = parsed.GetValue(category) ?? IncidentCategories.Other,
                Reason = parsed.GetValue(reason),
                DetectedAt = detected?.ToUnixTimeMilliseconds(),
                DetectedBlock = parsed.GetValue(block),
            });
            var state = await desk.DoAsync(act, null, context.DutyOf(parsed), cancellation).ConfigureAwait(false);
            foreach (var (role, person) in people)
            {
                state = await desk.DoAsync(Assignment(desk, id, role, person), state, null, cancellation).ConfigureAwait(false);
            }

            return await Context.FinishAsync(session, desk, state, act, cancellation).ConfigureAwait(false);
        }, cancellation));
        return command;
    }

    private static Command Assign(Context context)
    {
        var role = new Argument<string>("role") { Description = "commander, operator, security or communications", HelpName = "ROLE" };
        var person = new Argument<string>("person") { Description = "a name of config/operators.json, with the duty of that role", HelpName = "PERSON" };
        return context.Acting(new Command("assign", "give a role to a person; commander and operator are different people") { context.Id, role, person }, (_, desk, parsed, state, _) =>
        {
            var wanted = IncidentRoles.Parse(parsed.GetValue(role)!) ?? throw new ControlException("role-unknown", ExitCode.BadInput, $"'{Plain.Line(parsed.GetValue(role)!)}' is no role of an incident.", "There are commander, operator, security and communications.");
            return Task.FromResult(Assignment(desk, state.Id, wanted, desk.Signing.ForRole(parsed.GetValue(person)!, wanted)));
        });
    }

    private static IncidentAct Assignment(IncidentDesk desk, string id, IncidentRole role, Operator person) => desk.Act(id, IncidentActs.Assign) with { Role = role, Person = person.Name, Addresses = person.Addresses };

    private static Command Severity(Context context)
    {
        var severity = new Argument<string?>("severity") { Description = "SEV-0 to SEV-3; leave it out to see what they mean", HelpName = "SEV", Arity = ArgumentArity.ZeroOrOne };
        var category = new Option<string?>("--category") { Description = $"what sort of incident it is, in the place of a severity: {string.Join(", ", IncidentCategories.All)}; key-compromise starts the hour of the disclosure", HelpName = "NAME" };
        var reason = new Option<string?>("--reason") { Description = "why", HelpName = "TEXT" };
        return context.Acting(new Command("severity", "decide the severity anew, or the category, with the reason. Anybody may raise it; the commander lowers it") { context.Id, severity, category, reason }, (_, desk, parsed, state, _) =>
        {
            if (string.IsNullOrWhiteSpace(parsed.GetValue(reason)))
            {
                throw new ControlException("reason-needed", ExitCode.BadInput, "A decision without a reason can be judged by nobody.", "Give --reason TEXT.");
            }

            if (parsed.GetValue(category) is { } sort)
            {
                return Task.FromResult(desk.Act(state.Id, IncidentActs.Classify) with { Category = sort, Reason = parsed.GetValue(reason) });
            }

            var decided = parsed.GetValue(severity) is { } text ? Severities.Parse(text) : null;
            return Task.FromResult(desk.Act(state.Id, IncidentActs.Decide) with
            {
                Severity = decided?.Name() ?? throw new ControlException("severity-needed", ExitCode.BadInput, "How bad it is must be said.", $"Give one of these:\n{Indented(Meanings)}"),
                Reason = parsed.GetValue(reason),
            });
        });
    }

    private static Command Note(Context context)
    {
        var text = new Argument<string>("text") { Description = "what you saw or did", HelpName = "TEXT" };
        var on = new Option<string?>("--on") { Description = "the entry of the timeline that it is about, by its key ('incident show ID --timeline')", HelpName = "KEY" };
        return context.Acting(new Command("note", "say something; anybody on file may, at once") { context.Id, text, on, context.Alerts, context.Transactions, context.Changes }, (session, desk, parsed, state, _) =>
            Task.FromResult(context.Referring(session, parsed, parsed.GetValue(on) is { } key
                ? desk.Act(state.Id, IncidentActs.Annotate) with { Subject = key, Text = parsed.GetValue(text) }
                : desk.Act(state.Id, IncidentActs.Note) with { Text = parsed.GetValue(text) })));
    }

    private static Command Cause(Context context)
    {
        var not = new Option<bool>("--not") { Description = "they were not, although somebody said so" };
        var reason = new Option<string>("--reason") { Description = "what shows it", HelpName = "TEXT", Required = true };
        return context.Acting(new Command("cause", "say which changes of the workspace caused the incident, also after it was closed; 'change metrics' counts them. Anybody on file may") { context.Id, context.Changes, not, reason }, (session, desk, parsed, state, _) =>
        {
            var act = context.Referring(session, parsed, desk.Act(state.Id, IncidentActs.Cause) with { Reason = parsed.GetValue(reason), IsSkipped = parsed.GetValue(not) ? true : null });
            return Task.FromResult(act.Changes is not null ? act : throw new ControlException("change-needed", ExitCode.BadInput, "Which change caused it must be said.", "Give --change CHANGE, once or more; 'agijobs change list' names them."));
        });
    }

    private static Command Attach(Context context)
    {
        var file = new Argument<string>("file") { Description = "a file of up to 64 MiB: a log, a payload of a webhook, a screenshot", HelpName = "FILE" };
        var name = new Option<string?>("--as") { Description = "its name in the archive; default: its own", HelpName = "NAME" };
        var note = new Option<string?>("--note") { Description = "what it is", HelpName = "TEXT" };
        return context.Acting(new Command("attach", "put a file into the archive of the incident; its SHA-256 is signed") { context.Id, file, name, note }, (session, desk, parsed, state, _) =>
        {
            const long Most = 64 << 20;
            var path = session.PathOf(parsed.GetValue(file)!);
            var content = ReadFile(path, Most);
            var called = AttachmentName.Of(path, parsed.GetValue(name));
            if (state.Attachments.Any(other => string.Equals(other.File, called, StringComparison.OrdinalIgnoreCase)))
            {
                throw new ControlException("attachment-exists", ExitCode.BadInput, $"The incident {state.Id} has a file '{called}' already.", "Give it another name with --as.");
            }

            var digest = new IncidentArchive(session.Workspace, state.Id).Attach(called, content);
            return Task.FromResult(desk.Act(state.Id, IncidentActs.Attach) with { File = called, Sha256 = digest, Size = content.Length, Text = parsed.GetValue(note) });
        });
    }

    private static byte[] ReadFile(string path, long most)
    {
        try
        {
            return new FileInfo(path).Length <= most ? File.ReadAllBytes(path) : throw new ControlException("attachment-size", ExitCode.BadInput, $"{path} has more than {most >> 20} MiB.", "Attach the part that matters, or a compressed file.");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new ControlException("file-read", ExitCode.BadInput, $"{path} could not be read: {problem.Message}", "Name a file that is there.", problem);
        }
    }

    private static Command Update(Context context)
    {
        var text = new Argument<string?>("text") { Description = "how it stands", HelpName = "TEXT", Arity = ArgumentArity.ZeroOrOne };
        var isPublic = new Option<bool>("--public") { Description = "for the status page: by --template at once, else when another person has approved the words" };
        var disclosure = new Option<bool>("--disclosure") { Description = "this is the disclosure that a compromised key demands; with --public" };
        var template = new Option<string?>("--template") { Description = "an approved wording of config/incidents.json (investigating, paused, mitigating, key-compromise, resolved)", HelpName = "NAME" };
        var modules = new Option<string[]>("--module") { Description = "a module that the wording names; may be given several times; default: the protocol", HelpName = "NAME" };
        var approve = new Option<string?>("--approve") { Description = "approve the words of a public update that somebody else wrote", HelpName = "UPDATE" };
        return context.Acting(new Command("update", "tell how it stands; every 15 minutes while it is SEV-0 or SEV-1") { context.Id, text, isPublic, disclosure, template, modules, approve }, (session, desk, parsed, state, _) =>
        {
            if (parsed.GetValue(approve) is { } update)
            {
                return Task.FromResult(desk.Act(state.Id, IncidentActs.ApproveUpdate) with { Subject = update });
            }

            var (words, named) = (parsed.GetValue(text), parsed.GetValue(template));
            if (words is null == named is null)
            {
                throw new ControlException("update-text", ExitCode.BadInput, words is null ? "What the update says is missing." : "Text and --template say it twice.", "Give TEXT, or --template NAME for an approved wording.");
            }

            if (parsed.GetValue(disclosure) && !parsed.GetValue(isPublic))
            {
                throw new ControlException("update-text", ExitCode.BadInput, "A disclosure that is not public is none.", "Add --public.");
            }

            return Task.FromResult(desk.Act(state.Id, IncidentActs.Update) with
            {
                Text = named is null ? Plain.Lines(words!) : Wording.Fill(desk.Settings, named, state, parsed.GetValue(modules) ?? [], [.. session.Protocol.Modules.Select(module => module.Name)], desk.Now),
                Template = named,
                IsPublic = parsed.GetValue(isPublic) ? true : null,
                IsDisclosure = parsed.GetValue(disclosure) ? true : null,
            });
        });
    }

    private static Command Step(Context context)
    {
        const string SignOff = "sign-off", Resume = "resume";
        var step = new Argument<string>("step") { Description = $"{string.Join(", ", IncidentSteps.All)}; sign-off for a responder's word that nothing is left for them; resume for the commander's approval that the protocol runs again", HelpName = "STEP" };
        step.AcceptOnlyFromAmong([.. IncidentSteps.All, SignOff, Resume]);
        var skip = new Option<string?>("--skip") { Description = "skip it, for this reason; the commander decides that", HelpName = "REASON" };
        var note = new Option<string?>("--note") { Description = "what was done", HelpName = "TEXT" };
        var reason = new Option<string?>("--reason") { Description = "why the protocol may resume", HelpName = "TEXT" };
        return context.Acting(new Command("step", "mark a step of the response as done or skipped; stabilize and remediate are the operator's and never the commander's own") { context.Id, step, skip, note, reason, context.Changes }, (session, desk, parsed, state, _) =>
            Task.FromResult(parsed.GetValue(step) switch
            {
                SignOff => desk.Act(state.Id, IncidentActs.SignOff) with { Text = parsed.GetValue(note) },
                Resume => context.Referring(session, parsed, desk.Act(state.Id, IncidentActs.ApproveResume) with { Reason = parsed.GetValue(reason) ?? parsed.GetValue(note) }),
                var named => desk.Act(state.Id, IncidentActs.Mark) with { Step = named, IsSkipped = parsed.GetValue(skip) is null ? null : true, Reason = parsed.GetValue(skip), Text = parsed.GetValue(note) },
            }));
    }

    private static Command Close(Context context)
    {
        var note = new Option<string?>("--note") { Description = "last words", HelpName = "TEXT" };
        return context.Acting(new Command("close", "close it: recovered, every responder signed off, the review complete; the commander signs") { context.Id, note }, (_, desk, parsed, state, _) => Task.FromResult(desk.Act(state.Id, IncidentActs.Close) with { Text = parsed.GetValue(note) }));
    }

    private static Command List(Context context)
    {
        var all = new Option<bool>("--all") { Description = "closed ones as well" };
        var command = new Command("list", "list incidents, what is overdue first. Exit 3: something is overdue, or an act is of a key that is nobody's; 6: a record is damaged (the others are listed)") { all };
        Session.Run(command, context.Options, context.Environment, (session, parsed, cancellation) => IncidentDesk.WithAsync(session, async desk =>
        {
            var now = desk.Now;
            var survey = await desk.Incidents.SurveyAsync(cancellation).ConfigureAwait(false);
            var incidents = survey.Incidents.Where(state => parsed.GetValue(all) || state.Phase != IncidentPhase.Closed || DutyClocks.Running(state, desk.Settings, now).Any()).ToList();
            var running = incidents.ToDictionary(state => state.Id, state => DutyClocks.Running(state, desk.Settings, now), StringComparer.Ordinal);
            var overdue = running.Values.SelectMany(clocks => clocks).Where(clock => clock.IsOverdue(now)).OrderBy(clock => clock.Severity).ThenBy(clock => clock.Due).ToList();
            foreach (var clock in overdue)
            {
                IncidentOutput.Overdue(session, clock, now);
            }

            foreach (var damaged in survey.Damaged)
            {
                session.Terminal.Line($"FINDING {damaged.Problem.Message} {damaged.Problem.Mend}");
            }

            var strangers = incidents.SelectMany(desk.StrangersIn).ToList();
            IncidentOutput.Strangers(session, strangers);
            session.Terminal.Line($"{desk.Heading}: {incidents.Count.ToString(CultureInfo.InvariantCulture)} incident{(incidents.Count == 1 ? "" : "s")}");
            session.Terminal.Table(["incident", "severity", "phase", "commander", "operator", "next"], incidents.Select(state => (IReadOnlyList<string>)[state.Id, state.Severity.Name(), state.Phase.ToString().ToLowerInvariant(), Plain.Line(state.Commander?.Person ?? "-"), Plain.Line(state.Operator?.Person ?? "-"), running[state.Id] is [var first, ..] ? first.Line(now) : "-"]));
            var exit = survey.Damaged.Count > 0 ? ExitCode.Mismatch : overdue.Count + strangers.Count > 0 ? ExitCode.Findings : ExitCode.Clean;
            session.Terminal.Json("agijobs.incident-list/1", exit, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                writer.WriteNumber("overdue", overdue.Count);
                writer.WriteStartArray("damaged");
                foreach (var damaged in survey.Damaged)
                {
                    writer.WriteStringValue(damaged.Id);
                }

                writer.WriteEndArray();
                writer.WriteNumber("strangers", strangers.Count);
                writer.WriteStartArray("incidents");
                foreach (var state in incidents)
                {
                    writer.WriteStartObject();
                    IncidentOutput.Write(writer, state, running[state.Id], now);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return exit;
        }, cancellation));
        return command;
    }

    private static Command Show(Context context)
    {
        var timeline = new Option<bool>("--timeline") { Description = "with everything that happened, in order, with its source and key" };
        var command = new Command("show", "how an incident stands: overdue duties first, the next thing to do last. Exit 3: something is overdue, or an act is of a key that is nobody's") { context.Id, timeline };
        Session.Run(command, context.Options, context.Environment, (session, parsed, cancellation) => IncidentDesk.WithAsync(session, async desk =>
        {
            var state = await desk.Incidents.ReadAsync(parsed.GetValue(context.Id)!, cancellation).ConfigureAwait(false);
            return IncidentOutput.Show(session, desk, state, null, parsed.GetValue(timeline) ? await desk.TimelineAsync(state, cancellation).ConfigureAwait(false) : null);
        }, cancellation));
        return command;
    }

    internal static DateTimeOffset Moment(string text) =>
        DateTimeOffset.TryParseExact(text, ["yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm'Z'"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at) ? at
        : throw new ControlException("time-format", ExitCode.BadInput, $"'{Plain.Line(text)}' is no time.", "Write it in UTC as 2026-12-01T08:00:00Z.");

    private static string Indented(string text) => string.Join('\n', text.ReplaceLineEndings("\n").Split('\n').Select(line => "    " + line));
}
