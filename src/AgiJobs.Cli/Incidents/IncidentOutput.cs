using System.Globalization;
using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Incidents;

namespace AgiJobs.Cli.Incidents;

/// <summary>How incidents are shown: first what is overdue and the command that settles it, then the rest.</summary>
internal static class IncidentOutput
{
    public static ExitCode Show(Session session, IncidentDesk desk, IncidentState state, string? did, Timeline? timeline)
    {
        var now = desk.Now;
        var clocks = DutyClocks.Running(state, desk.Settings, now);
        var strangers = desk.StrangersIn(state);
        var exit = did is null && (strangers.Count > 0 || clocks.Any(clock => clock.IsOverdue(now))) ? ExitCode.Findings : ExitCode.Clean;
        var terminal = session.Terminal;
        foreach (var clock in clocks.Where(clock => clock.IsOverdue(now)))
        {
            Overdue(session, clock, now);
        }

        Strangers(session, strangers);
        terminal.Line($"{desk.Heading}: incident {state.Id}");
        if (did is not null)
        {
            terminal.Line($"  recorded  {did}");
        }

        terminal.Line($"  {state.Severity.Name()}, {state.Phase.ToString().ToLowerInvariant()}: {Plain.Line(state.Title)} ({state.Category}); opened {Time(state.Opened.At)} by {Plain.Line(state.Opened.By)}");
        terminal.Line($"  people    {(state.Roles.Count == 0 ? "nobody has a role yet" : string.Join(", ", state.Roles.Values.OrderBy(role => role.Role).Select(role => $"{role.Role.Name()} {Plain.Line(role.Person)}{(role.TakenAt is null ? " (has signed nothing yet)" : "")}")))}");
        terminal.Line($"  steps     {string.Join(", ", IncidentSteps.All.Select(step => $"{step} {(state.Steps.TryGetValue(step, out var mark) ? mark.IsSkipped ? "skipped" : "done" : "-")}"))}");
        foreach (var clock in clocks.Where(clock => !clock.IsOverdue(now)))
        {
            terminal.Line($"  clock     {clock.Line(now)}");
        }

        foreach (var update in state.Updates.Where(update => update.OutAt is null))
        {
            terminal.Line($"  waits     update {update.Id} of {Plain.Line(update.Hand.By)} for somebody else's approval: {Plain.Line(update.Text)}");
        }

        if (timeline is not null)
        {
            terminal.Line();
            terminal.Table(["time (UTC)", "source", "who", "what", "key"], timeline.Entries.Select(entry => (IReadOnlyList<string>)[Time(entry.At), entry.Source, entry.By ?? "", entry.Text + string.Concat(entry.Notes.Select(note => $" [{note}]")), entry.Key]));
            foreach (var gap in timeline.Unknown)
            {
                terminal.Line($"UNKNOWN {Plain.Line(gap)}");
            }
        }

        terminal.Line($"NEXT {Next(state)}");
        terminal.Json(did is null ? "agijobs.incident/1" : "agijobs.incident-act/1", exit, writer =>
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
            if (did is not null)
            {
                writer.WriteString("recorded", did);
            }

            Write(writer, state, clocks, now);
            writer.WriteString("next", Next(state));
            if (timeline is not null)
            {
                writer.WriteStartArray("timeline");
                foreach (var entry in timeline.Entries)
                {
                    writer.WriteStartObject();
                    writer.WriteString("at", entry.At);
                    writer.WriteString("source", entry.Source);
                    writer.WriteString("by", entry.By);
                    writer.WriteString("text", entry.Text);
                    writer.WriteString("key", entry.Key);
                    writer.WriteString("transaction", entry.Transaction?.ToString());
                    writer.WriteStartArray("notes");
                    foreach (var note in entry.Notes)
                    {
                        writer.WriteStringValue(note);
                    }

                    writer.WriteEndArray();
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
                writer.WriteStartArray("unknown");
                foreach (var gap in timeline.Unknown)
                {
                    writer.WriteStringValue(gap);
                }

                writer.WriteEndArray();
            }
        });
        return exit;
    }

    public static void Overdue(Session session, DutyClock clock, DateTimeOffset now)
    {
        session.Terminal.Line(clock.Line(now));
        session.Terminal.Line($"  {clock.Command}");
    }

    /// <summary>Acts of keys that are nobody's: somebody wrote them past the program, or a person has left the file.</summary>
    public static void Strangers(Session session, IEnumerable<RecordedAct> acts)
    {
        foreach (var act in acts)
        {
            session.Terminal.Line($"FINDING {act.Signed.Act.Incident}, act {act.Version.ToString(CultureInfo.InvariantCulture)} of {Time(act.At)} ({act.Signed.Act.Kind}): {act.Signed.Signer} is no address of {Plain.Line(act.Signed.By)} in the operators' files; believe nothing of it");
        }
    }

    /// <summary>Writes an incident's members.</summary>
    public static void Write(Utf8JsonWriter writer, IncidentState state, IReadOnlyList<DutyClock> clocks, DateTimeOffset now)
    {
        writer.WriteString("id", state.Id);
        writer.WriteString("title", state.Title);
        writer.WriteString("severity", state.Severity.Name());
        writer.WriteString("category", state.Category);
        writer.WriteString("phase", state.Phase.ToString().ToLowerInvariant());
        writer.WriteString("openedAt", state.Opened.At);
        writer.WriteString("openedBy", state.Opened.By);
        writer.WriteNumber("version", state.Version);
        writer.WriteStartObject("roles");
        foreach (var role in state.Roles.Values.OrderBy(role => role.Role))
        {
            writer.WriteString(role.Role.Name(), role.Person);
        }

        writer.WriteEndObject();
        writer.WriteStartObject("steps");
        foreach (var step in IncidentSteps.All)
        {
            writer.WriteString(step, state.Steps.TryGetValue(step, out var mark) ? mark.IsSkipped ? "skipped" : "done" : "open");
        }

        writer.WriteEndObject();
        writer.WriteStartArray("clocks");
        foreach (var clock in clocks)
        {
            writer.WriteStartObject();
            writer.WriteString("name", clock.Name);
            writer.WriteString("due", clock.Due);
            writer.WriteBoolean("overdue", clock.IsOverdue(now));
            writer.WriteNumber("remainingSeconds", Math.Floor(clock.Remaining(now).TotalSeconds));
            writer.WriteString("command", clock.Command);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("updates");
        foreach (var update in state.Updates)
        {
            writer.WriteStartObject();
            writer.WriteString("id", update.Id);
            writer.WriteBoolean("public", update.IsPublic);
            writer.WriteBoolean("out", update.OutAt is not null);
            writer.WriteString("text", update.Text);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("followUps");
        foreach (var followUp in state.FollowUps)
        {
            writer.WriteStartObject();
            writer.WriteString("id", followUp.Id);
            writer.WriteString("owner", followUp.Owner);
            writer.WriteString("due", followUp.Due.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
            writer.WriteBoolean("done", followUp.Done is not null);
            writer.WriteString("text", followUp.Text);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    public static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    // The incident playbooks, by what sort of incident they are for.
    private static string RunbookOf(string category, string step) => category switch
    {
        IncidentCategories.Other when step is IncidentSteps.Remediate => "resume",
        IncidentCategories.KeyCompromise => "key-compromise",
        IncidentCategories.Vulnerability => "critical-vulnerability",
        IncidentCategories.FundsAtRisk => "funds-at-risk",
        _ => "pause",
    };

    /// <summary>The one thing to do next.</summary>
    public static string Next(IncidentState state)
    {
        var id = state.Id;
        return state.Phase == IncidentPhase.Closed ? state.FollowUps.FirstOrDefault(followUp => followUp.Done is null) is { } left ? $"follow-up {left.Id} of {Plain.Line(left.Owner)} is open until {left.Due:yyyy-MM-dd}" : "nothing: it is closed"
            : state.Commander is null ? $"name a commander: agijobs incident assign {id} commander NAME --signer NAME"
            : state.Operator is null ? $"name an operator who is not {Plain.Line(state.Commander.Person)}: agijobs incident assign {id} operator NAME --signer NAME"
            : IncidentSteps.All.Take(4).FirstOrDefault(step => !state.Steps.ContainsKey(step)) is { } step ? $"{step}: agijobs runbook run {RunbookOf(state.Category, step)} --incident {id} --signer NAME leads through it; by hand: {(step == IncidentSteps.Stabilize ? $"agijobs owner system-pause --action pause --instance {id} --signer NAME --execute; then " : "")}agijobs incident step {id} {step} --note TEXT --signer NAME"
            : state.MissingSignOffs() is [var role, ..] ? $"{Plain.Line(role.Person)} signs off: agijobs runbook run post-incident --incident {id} --signer NAME leads to the end; by hand: agijobs incident step {id} sign-off --signer NAME"
            : state.ResolvedAt is null ? $"{Plain.Line(state.Commander.Person)} approves recovery: agijobs incident step {id} recover --signer NAME"
            : state.Review is null ? $"give the review an owner: agijobs incident review {id} --owner NAME --signer NAME"
            : state.Review.Completed is null ? $"write reports/incidents/{id}/review.md, then: agijobs incident review {id} --complete --signer NAME"
            : $"agijobs incident close {id} --signer NAME";
    }
}
