using System.CommandLine;
using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Control.OnCall;
using AgiJobs.Response.Alerts.Escalation;
using AgiJobs.Response.Findings;

namespace AgiJobs.Cli.Alerts;

/// <summary><c>oncall show|check</c>.</summary>
internal static class OnCallCommands
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var at = new Option<string?>("--at") { Description = "at which moment, UTC, such as 2026-12-24T20:00:00Z; now when left out", HelpName = "TIME" };
        var send = new Option<bool>("--send") { Description = "send a test message by every channel and say what came back" };
        var show = new Command("show", "who is on call, until when, and whom each severity is told to in which order") { at };
        Session.Run(show, options, environment, (session, parsed, _) => Task.FromResult(Show(session, parsed.GetValue(at))));
        var check = new Command("check", "whether everybody who is named can be reached and somebody is on call at every moment. Exit 2: not so, with the mend; with --send exit 1: a channel did not take the message") { send };
        Session.Run(check, options, environment, (session, parsed, cancellation) => CheckAsync(session, parsed.GetValue(send), cancellation));
        return new Command("oncall", "who is told of alerts: config/oncall.json. docs/alerts.md") { show, check };
    }

    /// <summary>There is no on-call file.</summary>
    public static ControlException Missing() => new("oncall-missing", ExitCode.BadInput, "There is no config/oncall.json, so nobody is told of alerts.", "docs/alerts.md has one to begin with; 'agijobs oncall check' judges it.");

    private static ExitCode Show(Session session, string? moment)
    {
        var plan = OnCallPlan.Load(session.Workspace, session.Network) ?? throw Missing();
        var now = session.Environment.Time.GetUtcNow();
        if (moment is not null && !DateTimeOffset.TryParseExact(moment, ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mmK"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out now))
        {
            throw new ControlException("time-format", ExitCode.BadInput, $"--at '{moment}' is no time.", "Write it in UTC as 2026-12-24T20:00:00Z.");
        }

        var duties = plan.Rotas.Select(rota => (rota.Name, Duty: rota.At(now))).ToList();
        session.Terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}: on call at {now.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC");
        session.Terminal.Table(["rotation", "on call", "until (UTC)", "by"], duties.Select(one => (IReadOnlyList<string>)[one.Name, one.Duty.Person, one.Duty.Until is { } until ? $"{until.UtcDateTime:yyyy-MM-dd HH:mm}" : "-", one.Duty.IsOverride ? "override" : "turn"]));
        session.Terminal.Table(["severity", "after", "told", "for"], Steps().Select(one => (IReadOnlyList<string>)[one.Severity.Name(), Spans.Format(one.After), string.Join(", ", one.Calls.Select(call => call.Channel)), string.Join(", ", one.Calls.SelectMany(call => call.People).Distinct(StringComparer.Ordinal))]));
        session.Terminal.Json("agijobs.oncall/1", ExitCode.Clean, writer =>
        {
            AlertCommands.Heading(session, writer);
            writer.WriteString("at", now);
            writer.WriteStartArray("rotations");
            foreach (var (name, duty) in duties)
            {
                writer.WriteStartObject();
                writer.WriteString("name", name);
                writer.WriteString("person", duty.Person);
                if (duty.Until is { } until)
                {
                    writer.WriteString("until", until);
                }
                else
                {
                    writer.WriteNull("until");
                }

                writer.WriteBoolean("isOverride", duty.IsOverride);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteStartArray("steps");
            foreach (var (severity, after, calls) in Steps())
            {
                writer.WriteStartObject();
                writer.WriteString("severity", severity.Name());
                writer.WriteNumber("afterSeconds", (long)after.TotalSeconds);
                writer.WriteStartArray("calls");
                foreach (var call in calls)
                {
                    writer.WriteStartObject();
                    writer.WriteString("channel", call.Channel);
                    writer.WriteStartArray("people");
                    foreach (var person in call.People)
                    {
                        writer.WriteStringValue(person);
                    }

                    writer.WriteEndArray();
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });
        return ExitCode.Clean;

        IEnumerable<(Severity Severity, TimeSpan After, IReadOnlyList<Call> Calls)> Steps() =>
            Enum.GetValues<Severity>().SelectMany(severity => plan.Of(severity).Steps.Select(step => (severity, step.After, plan.Audience([step.Step], now + step.After))));
    }

    private static async Task<ExitCode> CheckAsync(Session session, bool send, CancellationToken cancellation)
    {
        var file = session.Workspace.OnCall(session.Network) ?? throw Missing();
        var problems = OnCallCheck.Problems(file, session.Workspace.Operators(session.Network));
        if (problems.Count == 0 && send)
        {
            return await AlertCommands.TestAsync(session, null, cancellation).ConfigureAwait(false);
        }

        var exit = problems.Count == 0 ? ExitCode.Clean : ExitCode.BadInput;
        session.Terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}: {(problems.Count == 0 ? $"{file.Channels.Count} channels, {file.Contacts.Count} people, {file.Rotations.Count} rotations, {file.Policies.Count} policies: everybody who is named has a channel, and somebody is on call at every moment. Whether the channels work says 'oncall check --send'" : $"config/oncall.json cannot be used: {problems.Count} problems")}");
        foreach (var problem in problems)
        {
            session.Terminal.Line($"  {problem.Place}: {problem.Message} [{problem.Code}]");
            session.Terminal.Line($"    {problem.Mend}");
        }

        session.Terminal.Json("agijobs.oncall-check/1", exit, writer =>
        {
            AlertCommands.Heading(session, writer);
            writer.WriteStartArray("problems");
            foreach (var problem in problems)
            {
                writer.WriteStartObject();
                writer.WriteString("place", problem.Place);
                writer.WriteString("code", problem.Code);
                writer.WriteString("message", problem.Message);
                writer.WriteString("mend", problem.Mend);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });
        return exit;
    }
}
