using System.CommandLine;
using System.Globalization;
using System.Text;
using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Controls;

namespace AgiJobs.Cli.Controls;

/// <summary><c>controls list|check</c>: what has to hold all the time, asked now, with the evidence.</summary>
internal static class ControlsCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("controls", "the catalogue of controls: separation of duties, quorum, monitors, rules, drills, backups, log and more; each with its live query and evidence. docs/controls.md");
        command.Subcommands.Add(List(options, environment));
        command.Subcommands.Add(Check(options, environment));
        return command;
    }

    private static Command List(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("list", "list the controls, what asks for each and how it is asked; asks nothing. config/controls.json says others");
        Session.Run(command, options, environment, (session, _, _) =>
        {
            var controls = session.Workspace.Controls(session.Network).Controls;
            session.Terminal.Line($"{Heading(session)}: {controls.Count} controls");
            session.Terminal.Table(["control", "severity", "asked by", "what holds", "asked for by"], controls.Select(control => (IReadOnlyList<string>)[control.Id, control.Severity, Asked(control), control.Says, string.Join("; ", control.Maps)]));
            session.Terminal.Line("Ask them: agijobs controls check");
            session.Terminal.Json("agijobs.controls-list/1", ExitCode.Clean, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                writer.WriteStartArray("controls");
                foreach (var control in controls)
                {
                    writer.WriteStartObject();
                    Describe(writer, control);
                    writer.WriteString("asked", Asked(control));
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return Task.FromResult(ExitCode.Clean);
        });
        return command;
    }

    private static Command Check(CommonOptions options, CommandEnvironment environment)
    {
        var id = new Argument<string?>("id") { Description = "one control alone ('controls list')", HelpName = "ID", Arity = ArgumentArity.ZeroOrOne };
        var report = new Option<string?>("--report") { Description = "write the answers with their evidence as Markdown", HelpName = "FILE.md" };
        var command = new Command("check", "ask every control now. Sends nothing. Exit 0: all hold; 3: one does not, with the command that mends it; 5: whether one holds is unknown, which is never taken for fine") { id, report };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var all = session.Workspace.Controls(session.Network).Controls;
            var chosen = parsed.GetValue(id) is { } wanted ? all.Where(control => control.Id == wanted).ToList() : [.. all];
            if (chosen.Count == 0)
            {
                throw new ControlException("control-unknown", ExitCode.BadInput, $"There is no control '{parsed.GetValue(id)}'.", $"There are {string.Join(", ", all.Select(control => control.Id))}.");
            }

            var at = environment.Time.GetUtcNow();
            var queries = new ControlQueries(session);
            var answers = new List<ControlAnswer>();
            foreach (var control in chosen)
            {
                answers.Add(await queries.AskAsync(control, cancellation).ConfigureAwait(false));
            }

            var exit = ControlAnswer.ExitOf(answers);
            var path = parsed.GetValue(report) is { } file ? session.PathOf(file) : null;
            if (path is not null)
            {
                AtomicFile.Write(path, Encoding.UTF8.GetBytes(Markdown(session, at, answers)));
            }

            Tell(session, at, answers, path, exit);
            return exit;
        });
        return command;
    }

    private static void Tell(Session session, DateTimeOffset at, List<ControlAnswer> answers, string? path, ExitCode exit)
    {
        var terminal = session.Terminal;
        terminal.Line($"{Heading(session)}, {Moment(at)}: {Count(answers)}");
        terminal.Table(["control", "severity", "answer", "what holds"], answers.Select(answer => (IReadOnlyList<string>)[answer.Control.Id, answer.Control.Severity, Word(answer), answer.Control.Says]));
        foreach (var answer in answers)
        {
            terminal.Line();
            terminal.Line($"{Word(answer)} {answer.Control.Id}: {answer.Asked}");
            foreach (var line in answer.Verdict.Evidence)
            {
                terminal.Line($"  {line}");
            }

            if (answer.Verdict.State == ControlState.DoesNotHold)
            {
                terminal.Line($"  MEND {answer.Control.Mend}");
            }
        }

        if (path is not null)
        {
            terminal.Line();
            terminal.Line($"wrote {path}");
        }

        terminal.Json("agijobs.controls/1", exit, writer =>
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
            writer.WriteString("at", at);
            writer.WriteStartArray("controls");
            foreach (var answer in answers)
            {
                writer.WriteStartObject();
                Describe(writer, answer.Control);
                writer.WriteString("state", State(answer));
                writer.WriteString("asked", answer.Asked);
                writer.WriteStartArray("evidence");
                foreach (var line in answer.Verdict.Evidence)
                {
                    writer.WriteStringValue(line);
                }

                writer.WriteEndArray();
                writer.WriteString("sha256", answer.Digest);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            if (path is not null)
            {
                writer.WriteString("written", path);
            }
        });
    }

    private static string Markdown(Session session, DateTimeOffset at, List<ControlAnswer> answers)
    {
        var text = new StringBuilder();
        Line($"# Controls of {session.Network} (chain {session.NetworkFile.ChainId})");
        Line();
        Line($"Asked at {Moment(at)}: {Count(answers)}.");
        Line();
        Line("| control | severity | answer | what holds | asked for by |");
        Line("|---|---|---|---|---|");
        foreach (var answer in answers)
        {
            Line($"| {answer.Control.Id} | {answer.Control.Severity} | {Word(answer)} | {Cell(answer.Control.Says)} | {Cell(string.Join("; ", answer.Control.Maps))} |");
        }

        foreach (var answer in answers)
        {
            Line();
            Line($"## {answer.Control.Id}: {Word(answer)}");
            Line();
            Line($"Asked: `{answer.Asked}`. SHA-256 of what came back: `{answer.Digest}`.{(answer.Verdict.State == ControlState.DoesNotHold ? $" Mend: `{answer.Control.Mend}`." : "")}");
            Line();
            foreach (var line in answer.Verdict.Evidence)
            {
                Line($"    {line}");
            }
        }

        return text.ToString();

        void Line(string line = "") => text.Append(line).Append('\n');
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);

    private static void Describe(System.Text.Json.Utf8JsonWriter writer, ControlEntry control)
    {
        writer.WriteString("id", control.Id);
        writer.WriteString("severity", control.Severity);
        writer.WriteString("says", control.Says);
        writer.WriteStartArray("maps");
        foreach (var item in control.Maps)
        {
            writer.WriteStringValue(item);
        }

        writer.WriteEndArray();
        writer.WriteString("mend", control.Mend);
    }

    private static string Asked(ControlEntry control) => control.Command is { } command ? $"agijobs {command}" : control.Query!;

    private static string Heading(Session session) => $"network {session.Network}, chain {session.NetworkFile.ChainId}";

    private static string Moment(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    private static string Count(List<ControlAnswer> answers) => string.Create(CultureInfo.InvariantCulture, $"{answers.Count(answer => answer.Verdict.State == ControlState.Holds)} of {answers.Count} controls hold, {answers.Count(answer => answer.Verdict.State == ControlState.DoesNotHold)} do not, {answers.Count(answer => answer.Verdict.State == ControlState.Unknown)} are unknown");

    private static string Word(ControlAnswer answer) => answer.Verdict.State switch
    {
        ControlState.Holds => "holds",
        ControlState.DoesNotHold => "DOES NOT HOLD",
        _ => "UNKNOWN",
    };

    private static string State(ControlAnswer answer) => answer.Verdict.State switch
    {
        ControlState.Holds => "holds",
        ControlState.DoesNotHold => "does-not-hold",
        _ => "unknown",
    };
}
