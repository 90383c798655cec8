using System.CommandLine;
using AgiJobs.Control;
using AgiJobs.Control.Changes;

namespace AgiJobs.Cli.Changes;

/// <summary><c>change list|show|brief|simulate|approve|execute</c>: changes on file.</summary>
internal static class ChangeCommands
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("change", "changes on file: look, approve, execute");
        command.Subcommands.Add(List(options, environment));
        command.Subcommands.Add(Show(options, environment));
        command.Subcommands.Add(ShowBrief(options, environment));
        command.Subcommands.Add(Simulate(options, environment));
        command.Subcommands.Add(Approve(options, environment));
        command.Subcommands.Add(Execute(options, environment));
        return command;
    }

    private static Argument<string> Id() => new("id") { Description = "the change: its folder name, or the first digits of its digest", HelpName = "ID" };

    private static ChangeStore Store(Session session) => new(session.Workspace, session.Environment.Time);

    private static Command List(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("list", "list the changes on file and how far each has come");
        Session.Run(command, options, environment, (session, _, _) =>
        {
            var changes = Store(session).Survey();
            var exit = changes.Any(change => change.Problem is not null) ? ExitCode.Mismatch : ExitCode.Clean;
            if (changes.Count == 0)
            {
                session.Terminal.Line($"No change is on file in {session.Workspace.Root}.");
            }
            else
            {
                session.Terminal.Table(["change", "network", "chain", "state", "title"], changes.Select(Row));
            }

            foreach (var damaged in changes.Where(change => change.Problem is not null))
            {
                session.Terminal.Line($"DAMAGED {damaged.Problem!.Message} {damaged.Problem.Mend}");
            }

            session.Terminal.Json("agijobs.change-list/1", exit, writer =>
            {
                writer.WriteStartArray("changes");
                foreach (var (id, change, problem) in changes)
                {
                    writer.WriteStartObject();
                    writer.WriteString("change", id);
                    if (change is null)
                    {
                        writer.WriteString("state", "damaged");
                        writer.WriteString("problem", problem!.Message);
                    }
                    else
                    {
                        writer.WriteString("digest", change.Document.Digest().ToString());
                        writer.WriteString("network", change.Document.Network);
                        writer.WriteNumber("chainId", change.Document.ChainId.Value);
                        writer.WriteString("state", StateOf(change));
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
        Session.Run(command, options, environment, (session, parsed, _) =>
        {
            var change = Store(session).Get(parsed.GetValue(id)!);
            session.Use(change.Document.Network);
            var brief = Brief.Write(change.Document, session.Labels);
            session.Terminal.Line(brief);
            session.Terminal.Json("agijobs.change-brief/1", ExitCode.Clean, writer =>
            {
                writer.WriteString("network", change.Document.Network);
                writer.WriteNumber("chainId", change.Document.ChainId.Value);
                writer.WriteString("change", change.Id);
                writer.WriteString("markdown", brief);
            });
            return Task.FromResult(ExitCode.Clean);
        });
        return command;
    }

    private static Command Simulate(CommonOptions options, CommandEnvironment environment)
    {
        var id = Id();
        var command = new Command("simulate", "try a whole change on the newest state: calls, events, storage, what is not declared; sends nothing") { id };
        Session.Run(command, options, environment, (session, parsed, cancellation) => Run(session, parsed.GetValue(id)!).SimulationAsync(cancellation));
        return command;
    }

    private static Command Approve(CommonOptions options, CommandEnvironment environment)
    {
        var id = Id();
        var command = new Command("approve", "sign the Safe transaction of a change as an owner; sends nothing") { id };
        command.Options.Add(options.Signers);
        Session.Run(command, options, environment, (session, parsed, cancellation) =>
        {
            var run = Run(session, parsed.GetValue(id)!);
            return session.NamedSigners is { Count: > 0 } signers
                ? run.ApproveAsync(signers, cancellation)
                : throw new ControlException("signer-needed", ExitCode.BadInput, "Who is to sign must be said.", "Add --signer NAME.");
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

    // A change belongs to the network it was planned on, whatever the default is.
    private static ChangeRun Run(Session session, string id)
    {
        var change = Store(session).Get(id);
        session.Use(change.Document.Network);
        return new ChangeRun(session, change, null);
    }

    private static IReadOnlyList<string> Row(SurveyedChange entry) => entry.Change is { } change
        ? [entry.Id, change.Document.Network, change.Document.ChainId.ToString(), StateOf(change), change.Document.Title]
        : [entry.Id, "?", "?", "DAMAGED", ""];

    private static string StateOf(FiledChange change)
    {
        var last = Journal.Read(change.JournalPath) is [.., var newest] ? newest : null;
        return (string?)last?["event"] switch
        {
            "mined" when Journal.HasReverted(last!) => "FAILED",
            "verified" => "verified",
            "mismatch" => "MISMATCH",
            "replaced" => "FAILED",
            "mined" => "executed",
            null => change.SafeApprovals() is { Count: > 0 } approvals ? $"{approvals.Count} signed" : "draft",
            _ => "executing",
        };
    }
}
