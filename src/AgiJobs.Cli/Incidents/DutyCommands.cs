using System.CommandLine;
using AgiJobs.Cli.Changes;
using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Incidents;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Incidents;

/// <summary><c>duty list|done</c>: what is done every month, quarter, year and release, and whether it was.</summary>
internal static class DutyCommands
{
    private static string Release => typeof(DutyCommands).Assembly.GetName().Version?.ToString(3) ?? "unknown";

    /// <summary>How the duties of the calendar stand.</summary>
    public static async Task<IReadOnlyList<DutyStanding>> StandingsAsync(Session session, IStateStore store, DateTimeOffset now, CancellationToken cancellation) =>
        DutyCalendar.Of(session.Workspace.Incidents(session.Network).Calendar, await new DutyCalendar(store, session.Network).ReadAsync(cancellation).ConfigureAwait(false), Release, now);

    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("duty", "the duty calendar: tabletop each quarter, audit each year, metrics review each month, runbook review each release; config/incidents.json may say otherwise");
        var list = new Command("list", "list the duties, what is overdue first. Exit 3: something is overdue, or no record says that it was ever done");
        Session.Run(list, options, environment, (session, _, cancellation) => IncidentDesk.WithAsync(session, async desk =>
        {
            var standings = await StandingsAsync(session, desk.State, desk.Now, cancellation).ConfigureAwait(false);
            var exit = standings.Any(standing => standing.IsOverdue) ? ExitCode.Findings : ExitCode.Clean;
            session.Terminal.Line($"{desk.Heading}: duties");
            session.Terminal.Table(["duty", "every", "state", "due by (UTC)", "done last", "what"], standings.Select(standing => (IReadOnlyList<string>)
            [
                standing.Entry.Name,
                standing.Entry.Every,
                !standing.IsOverdue ? "in time" : standing.LastAt is null ? "NEVER DONE" : "OVERDUE",
                standing.Due is { } due ? IncidentOutput.Time(due) : standing.Entry.Every == "release" ? "the next release" : "-",
                standing.LastAt is { } at ? $"{IncidentOutput.Time(at)} by {Plain.Line(standing.LastBy!)}: {Plain.Line(standing.LastNote!)}" : "-",
                Plain.Line(standing.Entry.Title),
            ]));
            if (standings.FirstOrDefault(standing => standing.IsOverdue) is { } first)
            {
                session.Terminal.Line($"NEXT {first.Command}");
            }

            session.Terminal.Json("agijobs.duty-list/1", exit, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                writer.WriteString("release", Release);
                writer.WriteStartArray("duties");
                foreach (var standing in standings)
                {
                    writer.WriteStartObject();
                    writer.WriteString("name", standing.Entry.Name);
                    writer.WriteString("every", standing.Entry.Every);
                    writer.WriteBoolean("overdue", standing.IsOverdue);
                    writer.WriteString("due", standing.Due?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture));
                    writer.WriteString("doneAt", standing.LastAt?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture));
                    writer.WriteString("doneBy", standing.LastBy);
                    writer.WriteString("note", standing.LastNote);
                    writer.WriteString("command", standing.Command);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return exit;
        }, cancellation));
        command.Subcommands.Add(list);

        var name = new Argument<string>("name") { Description = "the duty ('duty list')", HelpName = "NAME" };
        var note = new Option<string>("--note") { Description = "what was done, and where its outcome is", HelpName = "TEXT", Required = true };
        var done = new Command("done", "record that a duty was done, signed by who did it") { name, note, options.Signers };
        Session.Run(done, options, environment, (session, parsed, cancellation) => IncidentDesk.WithAsync(session, async desk =>
        {
            var entry = desk.Settings.Calendar.FirstOrDefault(entry => entry.Name == parsed.GetValue(name))
                ?? throw new ControlException("duty-unknown", ExitCode.BadInput, $"The calendar has no duty '{Plain.Line(parsed.GetValue(name)!)}'.", $"It has {string.Join(", ", desk.Settings.Calendar.Select(known => known.Name))}.");
            if (string.IsNullOrWhiteSpace(parsed.GetValue(note)))
            {
                throw new ControlException("reason-needed", ExitCode.BadInput, "What was done must be said.", "Give --note TEXT.");
            }

            var named = session.NamedSigners is [var only] ? only : throw new ControlException("signer-needed", ExitCode.BadInput, "Who did it must be said.", "Give --signer NAME once.");
            using var opened = new OpenedSigner(SignerBook.Open(named, session.NetworkFile.ChainId));
            var signed = await desk.Signing.SignAsync(
                new DutyDone { Version = 1, Network = session.Network, ChainId = session.NetworkFile.ChainId, Name = entry.Name, Note = parsed.GetValue(note)!, Release = Release, At = desk.Now.ToUnixTimeMilliseconds() },
                opened.Signer,
                cancellation).ConfigureAwait(false);
            await new DutyCalendar(desk.State, session.Network).RecordAsync(signed, cancellation).ConfigureAwait(false);
            await session.RecordAsync("duty.done", null, data =>
            {
                data["duty"] = entry.Name;
                data["note"] = signed.Done.Note;
                data["by"] = named.Address.ToString();
            }, cancellation).ConfigureAwait(false);
            session.Terminal.Line($"{desk.Heading}: {entry.Name} done by {Plain.Line(signed.By)}: {Plain.Line(signed.Done.Note)}");
            session.Terminal.Json("agijobs.duty-done/1", ExitCode.Clean, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                writer.WriteString("name", entry.Name);
                writer.WriteString("by", signed.By);
            });
            return ExitCode.Clean;
        }, cancellation));
        command.Subcommands.Add(done);
        return command;
    }
}
