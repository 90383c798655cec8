using System.CommandLine;
using AgiJobs.Control;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Authority;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Execution;
using AgiJobs.Control.Pausing;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Cli.Changes;

/// <summary><c>change list|show|brief|simulate|approve|execute|resume|verify|rollback|cancel</c>: changes on file.</summary>
internal static class ChangeCommands
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("change", "changes on file: look, approve, execute, verify, undo");
        command.Subcommands.Add(List(options, environment));
        command.Subcommands.Add(Show(options, environment));
        command.Subcommands.Add(ShowBrief(options, environment));
        command.Subcommands.Add(Simulate(options, environment));
        command.Subcommands.Add(Approve(options, environment));
        command.Subcommands.Add(Execute(options, environment));
        command.Subcommands.Add(Resume(options, environment));
        command.Subcommands.Add(Verify(options, environment));
        command.Subcommands.Add(Rollback(options, environment));
        command.Subcommands.Add(Cancel(options, environment));
        command.Subcommands.Add(MetricsCommand.Build(options, environment));
        return command;
    }

    private static Argument<string> Id() => new("id") { Description = "the change: its folder name, or the first digits of its digest", HelpName = "ID" };

    private static ChangeStore Store(Session session) => new(session.Workspace, session.Environment.Time);

    private static Command List(CommonOptions options, CommandEnvironment environment)
    {
        var state = new Option<string?>("--state") { Description = "only changes in this state", HelpName = "STATE" };
        state.AcceptOnlyFromAmong([.. ChangeState.Names, Damaged]);
        var command = new Command("list", "list the changes on file and how far each has come") { state };
        Session.Run(command, options, environment, (session, parsed, _) =>
        {
            var survey = Store(session).Survey();
            var network = parsed.GetValue(options.Network) is { } asked ? session.Workspace.ChooseNetwork(asked) : null;
            var rolledBack = ChangeState.RolledBack(survey.Select(entry => entry.Change).OfType<FiledChange>());
            var policies = new Dictionary<string, (ApprovalPolicy? Policy, Protocol Protocol)?>(StringComparer.Ordinal);
            var rows = survey
                .Select(entry => (Entry: entry, State: StateOf(session, entry, rolledBack, policies)))
                .Where(row => network is null || string.Equals(row.Entry.Change?.Document.Network ?? network, network, StringComparison.Ordinal))
                .Where(row => parsed.GetValue(state) is not { } wanted || string.Equals(row.State, wanted, StringComparison.Ordinal))
                .ToList();
            var exit = rows.Exists(row => row.Entry.Problem is not null) ? ExitCode.Mismatch : ExitCode.Clean;
            if (rows.Count == 0)
            {
                session.Terminal.Line(survey.Count == 0 ? $"No change is on file in {session.Workspace.Root}." : "No change on file is of this network and state.");
            }
            else
            {
                session.Terminal.Table(["change", "network", "chain", "state", "signed", "title"], rows.Select(row => (IReadOnlyList<string>)(row.Entry.Change is { } change
                    ? [row.Entry.Id, change.Document.Network, change.Document.ChainId.ToString(), row.State, Signed(change).ToString(System.Globalization.CultureInfo.InvariantCulture), change.Document.Title]
                    : [row.Entry.Id, "?", "?", "DAMAGED", "?", ""])));
            }

            foreach (var (entry, _) in rows.Where(row => row.Entry.Problem is not null))
            {
                session.Terminal.Line($"DAMAGED {entry.Problem!.Message} {entry.Problem.Mend}");
            }

            session.Terminal.Json("agijobs.change-list/1", exit, writer =>
            {
                writer.WriteStartArray("changes");
                foreach (var (entry, name) in rows)
                {
                    writer.WriteStartObject();
                    writer.WriteString("change", entry.Id);
                    writer.WriteString("state", name);
                    if (entry.Change is not { } change)
                    {
                        writer.WriteString("problem", entry.Problem!.Message);
                    }
                    else
                    {
                        writer.WriteString("digest", change.Document.Digest().ToString());
                        writer.WriteString("network", change.Document.Network);
                        writer.WriteNumber("chainId", change.Document.ChainId.Value);
                        writer.WriteNumber("signatures", Signed(change));
                        writer.WriteString("title", change.Document.Title);
                    }

                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return Task.FromResult(exit);
        });
        return command;
    }

    private static Command Show(CommonOptions options, CommandEnvironment environment)
    {
        var id = Id();
        var command = new Command("show", "preview a change on file: calls, signatures, what is next") { id };
        Session.Run(command, options, environment, (session, parsed, cancellation) => Run(session, parsed.GetValue(id)!).PreviewAsync(cancellation));
        return command;
    }

    private static Command ShowBrief(CommonOptions options, CommandEnvironment environment)
    {
        var id = Id();
        var command = new Command("brief", "print the one-page brief of a change") { id };
        Session.Run(command, options, environment, (session, parsed, cancellation) => Run(session, parsed.GetValue(id)!).BriefAsync(cancellation));
        return command;
    }

    private static Command Simulate(CommonOptions options, CommandEnvironment environment)
    {
        var ids = new Argument<string[]>("id") { Description = "the change: its folder name, or the first digits of its digest; with --stack several, in their order, or none for all that wait", HelpName = "ID", Arity = ArgumentArity.ZeroOrMore };
        var stack = new Option<bool>("--stack") { Description = "try several changes one on top of the other, and name the pairs whose order matters" };
        var command = new Command("simulate", "try a whole change on the newest state, forward and then back: calls, events, storage, what is not declared; sends nothing") { ids, stack };
        Session.Run(command, options, environment, (session, parsed, cancellation) => (parsed.GetValue(ids) ?? [], parsed.GetValue(stack)) switch
        {
            (var named, true) => StackRun.RunAsync(session, named, cancellation),
            ([var one], false) => Run(session, one).SimulationAsync(cancellation),
            _ => throw new ControlException("change-one", ExitCode.BadInput, "One change is simulated by itself.", "Give one ID, or add --stack."),
        });
        return command;
    }

    private static Command Approve(CommonOptions options, CommandEnvironment environment)
    {
        var id = Id();
        var duty = new Option<string[]>("--duty") { Description = "the duty that is signed under; may be given several times; default: approver", HelpName = "DUTY" };
        var refuse = new Option<string?>("--refuse") { Description = "refuse the change by a signed record instead of approving it", HelpName = "REASON" };
        var signature = new Option<string?>("--signature") { Description = "file signatures that were made elsewhere: what --export wrote with them filled in, what 'signer answer' gave, or 65 bytes as hex, alone or as 'signature' of a JSON object", HelpName = "FILE" };
        var export = new Option<string?>("--export") { Description = "write what is to be signed as typed data for a browser's wallet, with plain words; signs nothing", HelpName = "FILE" };
        var qr = new Option<bool>("--qr") { Description = "show what is to be signed as QR codes for a machine without a network; signs nothing" };
        var scan = new Option<string?>("--scan") { Description = "file the signatures that a machine without a network gave as QR codes: their texts, or a file with them", HelpName = "TEXT|FILE" };
        var collect = new Option<bool>("--collect") { Description = "file the confirmations that the network's Safe Transaction Service has; each is recovered first" };
        var command = new Command("approve", "sign a change under a duty, and as an owner of the Safe that carries it, here or elsewhere; sends nothing") { id, duty, refuse, signature, export, qr, scan, collect };
        command.Options.Add(options.Signers);
        command.Options.Add(options.Out);
        Session.Run(command, options, environment, (session, parsed, cancellation) =>
        {
            var run = Run(session, parsed.GetValue(id)!);
            var modes = ((string Name, bool Given)[])[("--signature", parsed.GetValue(signature) is not null), ("--scan", parsed.GetValue(scan) is not null), ("--export", parsed.GetValue(export) is not null), ("--qr", parsed.GetValue(qr)), ("--collect", parsed.GetValue(collect)), ("--refuse", parsed.GetValue(refuse) is not null)];
            if (modes.Where(mode => mode.Given).Select(mode => mode.Name).ToList() is [_, _, ..] several)
            {
                throw new ControlException("signature-alone", ExitCode.BadInput, $"{string.Join(" and ", several)} do not go together.", "Do one after the other.");
            }

            if (parsed.GetValue(options.Out) is not null && !parsed.GetValue(qr))
            {
                throw new ControlException("qr-file", ExitCode.BadInput, "--out says where the QR codes go, and there is no --qr.", "Add --qr, or leave --out out.");
            }

            if (parsed.GetValue(collect))
            {
                return session.NamedSigners.Count > 0 || parsed.GetValue(duty) is { Length: > 0 }
                    ? throw new ControlException("signature-alone", ExitCode.BadInput, "--collect files what was signed already, so nobody signs besides.", "Leave --signer and --duty out.")
                    : run.CollectAsync(cancellation);
            }

            if ((parsed.GetValue(signature) ?? parsed.GetValue(scan)) is { } given)
            {
                return session.NamedSigners.Count > 0 || parsed.GetValue(duty) is { Length: > 0 }
                    ? throw new ControlException("signature-alone", ExitCode.BadInput, "--signature and --scan file what was signed already, so nobody signs besides.", "Leave --signer and --duty out.")
                    : run.TakeBackAsync(ChangeRun.TextOf(session, given), given, cancellation);
            }

            var duties = (parsed.GetValue(duty) ?? []).Select(Duties.Parse).Distinct().ToList();
            if (parsed.GetValue(export) is { } target)
            {
                return run.ExportAsync(session.PathOf(target), duties, session.NamedSigners, cancellation);
            }

            if (parsed.GetValue(qr))
            {
                return run.ShowCodesAsync(parsed.GetValue(options.Out) is { } picture ? session.PathOf(picture) : null, duties, session.NamedSigners, cancellation);
            }

            var signers = Named(session);
            return parsed.GetValue(refuse) is not { } reason ? run.ApproveAsync(signers, duties, cancellation)
                : signers is [var one] && duties.Count <= 1 ? run.RefuseAsync(one, duties is [var only] ? only : null, reason, "agijobs.change-approve/1", cancellation)
                : throw new ControlException("refusal-one", ExitCode.BadInput, "A refusal is signed by one person under one duty.", "Give one --signer and at most one --duty.");
        });
        return command;
    }

    private static Command Execute(CommonOptions options, CommandEnvironment environment)
    {
        var id = Id();
        var command = new Command("execute", "send a change once it has its signatures, or go on with one that was interrupted") { id };
        command.Options.Add(options.Execute);
        command.Options.Add(options.DryRun);
        command.Options.Add(options.Signers);
        Session.Run(command, options, environment, (session, parsed, cancellation) =>
        {
            var run = Run(session, parsed.GetValue(id)!);
            return session.Execute ? run.ExecuteAsync(session.NamedSigners, cancellation) : run.PreviewAsync(cancellation);
        });
        return command;
    }

    private static Command Resume(CommonOptions options, CommandEnvironment environment)
    {
        var id = Id();
        var command = new Command("resume", "go on with an execution that was interrupted; nothing is sent twice") { id };
        command.Options.Add(options.Execute);
        command.Options.Add(options.DryRun);
        command.Options.Add(options.Signers);
        Session.Run(command, options, environment, (session, parsed, cancellation) => Run(session, parsed.GetValue(id)!).ResumeAsync(session.NamedSigners, cancellation));
        return command;
    }

    private static Command Verify(CommonOptions options, CommandEnvironment environment)
    {
        var id = Id();
        var command = new Command("verify", "verify an executed change once more: receipts, the state at their block, and the state now; exit 6 when record and chain disagree, 3 when the state has changed since") { id };
        Session.Run(command, options, environment, (session, parsed, cancellation) => Run(session, parsed.GetValue(id)!).VerifyAsync(cancellation));
        return command;
    }

    private static Command Rollback(CommonOptions options, CommandEnvironment environment)
    {
        var id = Id();
        var command = new Command("rollback", "plan what undoes an executed change, as a change of its own") { id };
        options.Changing(command);
        Session.Run(command, options, environment, (session, parsed, cancellation) => RollbackAsync(session, parsed.GetValue(id)!, parsed.GetValue(options.Instance), parsed.GetValue(options.Safe), cancellation));
        return command;
    }

    private static async Task<ExitCode> RollbackAsync(Session session, string id, string? instance, string? safeFile, CancellationToken cancellation)
    {
        _ = session.Execute;
        var store = Store(session);
        var change = store.Get(id);
        session.Use(change.Document.Network);
        var document = change.Document;
        if (!Journal.Read(change.JournalPath).Any(entry => (string?)entry["event"] is "mined" && !Journal.HasReverted(entry)))
        {
            throw new ControlException("rollback-not-executed", ExitCode.Refused, $"Nothing of the change {change.Id} took effect, so there is nothing to undo.", $"To keep it from being sent: agijobs change cancel {change.Id} --reason TEXT --signer NAME");
        }

        if (document.Undoing(instance ?? document.Instance) is { } undoing)
        {
            return await UndoAsync(session, change, undoing, safeFile, cancellation).ConfigureAwait(false);
        }

        var action = document.Kind switch
        {
            "pause-system" or "pause-modules" => LeverAction.Resume,
            "resume-system" or "resume-modules" => LeverAction.Pause,
            _ => throw new ControlException("rollback-none", ExitCode.Refused, $"No change that undoes {change.Id} can be planned: {document.Rollback.Note}", document.Rollback.Command is { } command ? $"By hand: {command}" : null),
        };
        var state = await session.ObserveAsync(cancellation).ConfigureAwait(false);
        var planner = new PausePlanner(state, session.Network, session.SignersAtHand) { Named = session.NamedSigners.Count > 0, Prefer = safeFile is not null ? RouteKind.Safe : null };
        IReadOnlyList<string>? modules = document.Kind.EndsWith("-modules", StringComparison.Ordinal) ? [.. state.Pausable.Where(module => document.Expected.Any(expectation => expectation.Target == module.Module.Address)).Select(module => module.Module.Name)] : null;
        var plan = await planner.PlanAsync(await session.ClientAsync(cancellation).ConfigureAwait(false), action, instance ?? document.Instance, modules, cancellation).ConfigureAwait(false);
        if (plan.Change is not { } inverse)
        {
            return PrintUndone(session, change);
        }

        foreach (var finding in plan.Findings)
        {
            session.Terminal.Progress($"FINDING {finding}");
        }

        session.Terminal.Progress($"FINDING undoing is whole: {(modules is null ? "every module" : string.Join(", ", modules))} {(action == LeverAction.Resume ? "runs" : "is paused")} afterwards, whatever mix there was before {change.Id}");
        return await ChangeRun.FromPlanAsync(session, inverse with { Undoes = document.Digest() }, plan.Option!, safeFile, cancellation).ConfigureAwait(false);
    }

    // By the calls that it was planned with.
    private static async Task<ExitCode> UndoAsync(Session session, FiledChange change, ChangeDocument undoing, string? safeFile, CancellationToken cancellation)
    {
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        var checks = await StateCheck.ReadAsync(client, [.. undoing.Expected, .. undoing.Preconditions], BlockReference.Latest, cancellation).ConfigureAwait(false);
        if (undoing.Expected.Count > 0 && checks.Take(undoing.Expected.Count).All(check => check.Holds == true))
        {
            return PrintUndone(session, change);
        }

        foreach (var check in checks.Skip(undoing.Expected.Count).Where(check => check.Holds != true))
        {
            session.Terminal.Progress($"FINDING {check.Expectation.Subject} {(check.Holds is null ? $"could not be read: {check.Found}" : $"no longer holds (found {check.Found})")}: what was changed since {change.Id} would be undone with it, so it cannot be executed as it is");
        }

        // A call from an account is sent by that account; what a Safe carries, anybody named.
        var callers = undoing.Steps.Select(step => step.Route.Base).Where(route => route.Kind == RouteKind.Direct).Select(route => route.Caller).ToHashSet();
        IReadOnlyList<SignerReference> signers = callers.Count > 0 ? [.. session.SignersAtHand.Where(signer => callers.Contains(signer.Address) || session.NamedSigners.Contains(signer))] : session.NamedSigners;
        return await ChangeRun.FromPlanAsync(session, undoing, new RouteOption(undoing.Steps[0].Route, signers, 1), safeFile, cancellation).ConfigureAwait(false);
    }

    private static ExitCode PrintUndone(Session session, FiledChange change)
    {
        session.Terminal.Line($"network {session.Network}, chain {change.Document.ChainId}");
        session.Terminal.Line("Nothing is to be done: the effect of this change is gone already.");
        session.Terminal.Json("agijobs.change-rollback/1", ExitCode.Clean, writer =>
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", change.Document.ChainId.Value);
            writer.WriteString("change", change.Id);
            writer.WriteBoolean("sent", false);
        });
        return ExitCode.Clean;
    }

    private static Command Cancel(CommonOptions options, CommandEnvironment environment)
    {
        var id = Id();
        var reason = new Option<string>("--reason") { Description = "why", HelpName = "TEXT", Required = true };
        var command = new Command("cancel", "take a change back: by a signed record before it is sent; in flight, with --execute, by spending its nonce") { id, reason };
        command.Options.Add(options.Execute);
        command.Options.Add(options.DryRun);
        command.Options.Add(options.Signers);
        Session.Run(command, options, environment, (session, parsed, cancellation) =>
        {
            var run = Run(session, parsed.GetValue(id)!);
            return Named(session) is [var one] ? run.CancelAsync(one, parsed.GetValue(reason)!, cancellation)
                : throw new ControlException("refusal-one", ExitCode.BadInput, "A change is taken back by one person.", "Give one --signer.");
        });
        return command;
    }

    private static IReadOnlyList<SignerReference> Named(Session session) => session.NamedSigners is { Count: > 0 } signers
        ? signers
        : throw new ControlException("signer-needed", ExitCode.BadInput, "Who is to sign must be said.", "Add --signer NAME.");

    // A change belongs to the network it was planned on, whatever the default is.
    private static ChangeRun Run(Session session, string id)
    {
        var change = Store(session).Get(id);
        session.Use(change.Document.Network);
        return new ChangeRun(session, change, null);
    }

    private static int Signed(FiledChange change) => change.SafeApprovals().Count + SignedRecords.Read(change, null).Consents.Count;

    private static string StateOf(Session session, SurveyedChange entry, IReadOnlySet<Ethereum.Bytes32> rolledBack, Dictionary<string, (ApprovalPolicy? Policy, Protocol Protocol)?> policies) =>
        entry.Change is not { } change ? Damaged : ChangeState.Of(change, () => IsApproved(session, change, policies), rolledBack, session.Environment.Time.GetUtcNow()).Name;

    // A network whose files cannot be read approves nothing; the list shows its changes all the same.
    private static bool IsApproved(Session session, FiledChange change, Dictionary<string, (ApprovalPolicy? Policy, Protocol Protocol)?> policies)
    {
        var network = change.Document.Network;
        if (!policies.TryGetValue(network, out var known))
        {
            try
            {
                known = (ApprovalPolicy.Load(session.Workspace, network), Protocol.Load(session.Workspace, session.Workspace.Manifest(network)));
            }
            catch (ControlException)
            {
                known = null;
            }

            policies.Add(network, known);
        }

        return known is (var policy and not null, var protocol) && policy.IsApproved(change, protocol);
    }

    private const string Damaged = "damaged";
}
