using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using AgiJobs.Cli.Output;
using AgiJobs.Control;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Authority;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum.Calls;

namespace AgiJobs.Cli.Owner;

/// <summary><c>owner doctor</c>: who can do what, from the chain, and what is wrong with it.</summary>
internal static class DoctorCommand
{
    private static readonly string[] Formats = ["table", "human", "markdown", "mermaid", "svg", "json"];

    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("doctor", "who can do what, directly or through whom, with how many signatures and what delay, as the chain has it; and what is wrong with that. Exit 0 clean, 3 findings, 5 when something could not be read");
        var format = new Option<string?>("--format") { Description = "table (default), markdown, mermaid, svg or json; by the ending of --out when that is given", HelpName = "FORMAT" };
        var after = new Option<string?>("--after") { Description = "the same as it would be after a change on file, and who gains or loses by it; exit 4 when it would leave nobody who can pause, or a power to fewer signers than the policy's authority.minSigners", HelpName = "CHANGE" };
        command.Options.Add(format);
        command.Options.Add(options.Out);
        command.Options.Add(after);
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var path = parsed.GetValue(options.Out) is { } chosen ? session.PathOf(chosen) : null;
            var form = FormatOf(parsed.GetValue(format), path, session.Terminal.IsJson);
            var terminal = string.Equals(form, "json", StringComparison.Ordinal) && path is null ? new Terminal(environment.Out, environment.Error, json: true, color: false) : session.Terminal;
            var look = parsed.GetValue(after) is { } id
                ? await AfterAsync(session, id, cancellation).ConfigureAwait(false)
                : new DoctorAnswer(await AuthorityLook.AtAsync(session, cancellation).ConfigureAwait(false), null);
            Tell(session, terminal, look, form, path);
            return look.Exit;
        });
        return command;
    }

    private static string FormatOf(string? asked, string? path, bool json)
    {
        var form = asked ?? (path is null ? json ? "json" : "table" : Path.GetExtension(path) switch { ".svg" => "svg", ".mmd" => "mermaid", ".json" => "json", _ => "markdown" });
        return !Formats.Contains(form, StringComparer.Ordinal) ? throw new ControlException("format-unknown", ExitCode.BadInput, $"There is no format '{form}'. There are {string.Join(", ", Formats)}.", "Write one of these.")
            : json && path is null && form is not ("json" or "table" or "human") ? throw new ControlException("format-and-json", ExitCode.BadInput, $"--json prints one JSON document, and --format asks for {form}.", "Leave one of them out, or write the other to a file with --out.")
            : path is not null && form is ("table" or "human") ? "markdown" : form;
    }

    private static async Task<DoctorAnswer> AfterAsync(Session session, string id, CancellationToken cancellation)
    {
        var change = new ChangeStore(session.Workspace, session.Environment.Time).Get(id);
        session.Use(change.Document.Network);
        var now = await AuthorityLook.AtAsync(session, cancellation).ConfigureAwait(false);
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        var block = await PinnedBlock.AtAsync(client, Ethereum.Rpc.BlockReference.At(now.Observed.Header.Hash!.Value), cancellation).ConfigureAwait(false);
        var reading = await AuthorityAfter.StateAsync(session, client, session.WholeObserver(client), change, block, cancellation).ConfigureAwait(false);
        if (!reading.TryGet(out var state))
        {
            throw new ControlException("after-unknown", ExitCode.Unknown, $"Who can do what after {change.Id} is unknown: {reading.Why}.", "Use a node that offers eth_simulateV1 and debug_traceCall.");
        }

        var matrix = AuthorityMatrix.Of(state);
        var then = now with { Observed = now.Observed with { State = state }, Matrix = matrix, Text = new AuthorityText(matrix, session.Labels.NameOf), Findings = AuthorityLook.Review(session, matrix, now.Observed.Header) };
        return new DoctorAnswer(then, new DoctorAfter(change.Id, now, AuthorityDifference.Between(now.Matrix, matrix), AuthorityAfter.Judge(session, now.Matrix, matrix)));
    }

    private static void Tell(Session session, Terminal terminal, DoctorAnswer answer, string form, string? path)
    {
        var look = answer.Look;
        var report = new AuthorityReport(session.Network, look.Text, look.Findings);
        if (path is not null)
        {
            AtomicFile.Write(path, Encoding.UTF8.GetBytes(form switch
            {
                "mermaid" => new AuthorityDrawing(look.Text).ToMermaid(),
                "svg" => new AuthorityDrawing(look.Text).ToSvg(),
                "json" => Terminal.Document("agijobs.owner-doctor/1", answer.Exit, writer => Write(writer, answer, report)) + "\n",
                _ => report.ToMarkdown(),
            }));
        }

        switch (form)
        {
            case "markdown" when path is null:
                terminal.Text(report.ToMarkdown());
                break;
            case "mermaid" when path is null:
                terminal.Text(new AuthorityDrawing(look.Text).ToMermaid());
                break;
            case "svg" when path is null:
                terminal.Text(new AuthorityDrawing(look.Text).ToSvg());
                break;
            default:
                Table(session, terminal, answer);
                break;
        }

        if (path is not null)
        {
            terminal.Line($"wrote {path}");
        }

        terminal.Json("agijobs.owner-doctor/1", answer.Exit, writer =>
        {
            Write(writer, answer, report);
            if (path is not null)
            {
                writer.WriteString("written", path);
            }
        });
    }

    private static void Table(Session session, Terminal terminal, DoctorAnswer answer)
    {
        var look = answer.Look;
        var text = look.Text;
        terminal.Line(string.Create(CultureInfo.InvariantCulture, $"network {session.Network}, chain {session.NetworkFile.ChainId}, block {look.Observed.State.Block}, {look.Observed.Nodes[0].RoundTrips} round trips{(look.Observed.Nodes.Count > 1 ? $", {look.Observed.Nodes.Count} nodes" : "")}"));
        if (answer.After is { } after)
        {
            terminal.Line($"as it would be after {after.Change}. NOTHING WAS SENT.");
            Shifts(terminal, after, text);
        }

        terminal.Line();
        if (look.Findings.Count == 0)
        {
            terminal.Line("No findings.");
        }

        foreach (var finding in look.Findings)
        {
            terminal.Line($"  {AuthorityReport.RankOf(finding.Rank).ToUpperInvariant(),-8} {finding.Message} [{finding.Code}]");
            terminal.Line($"           {finding.Mend}");
        }

        terminal.Line();
        terminal.Table(
            ["power", "who", "path", "signatures", "delay", "over"],
            look.Matrix.Rows.Select(row => (IReadOnlyList<string>)[row.Power.Words(), text.Who(row.Holding), text.Way(row.Holding.Path), text.Signatures(row.Holding), AuthorityText.Delay(row.Holding.Path.TotalDelaySeconds), AuthorityText.Over(row.Functions)]));
        if (look.Matrix.Gaps.Count > 0)
        {
            terminal.Line();
            terminal.Table(["nobody, or unknown", "why", "over"], look.Matrix.Gaps.Select(gap => (IReadOnlyList<string>)[gap.Power.Words(), gap.Why, AuthorityText.Over(gap.Functions)]));
        }

        terminal.Line();
        terminal.Table(["address", "name", "what"], text.Accounts().Select(account => (IReadOnlyList<string>)[account.Address.ToString(), account.Name, account.What]));
    }

    private static void Shifts(Terminal terminal, DoctorAfter after, AuthorityText text)
    {
        var before = after.Now.Text;
        if (after.Shifts.Count == 0)
        {
            terminal.Line("  Nobody gains or loses a power.");
        }

        foreach (var shift in after.Shifts)
        {
            terminal.Line(shift switch
            {
                { Before: null, After: { } gained } => $"  GAINS    {text.Who(gained)} can {shift.Power.Words()} ({text.Way(gained.Path)}, {text.Signatures(gained)}): {AuthorityText.Over(shift.Functions)}",
                { After: null, Before: { } lost } => $"  LOSES    {before.Who(lost)} can no longer {shift.Power.Words()} ({before.Way(lost.Path)}): {AuthorityText.Over(shift.Functions)}",
                _ => $"  CHANGES  {text.Who(shift.After!)} {shift.Power.Words()}: {before.Signatures(shift.Before!)} becomes {text.Signatures(shift.After!)}: {AuthorityText.Over(shift.Functions)}",
            });
        }

        var verdict = after.Verdict;
        if (verdict.PauseLost.Count > 0)
        {
            terminal.Line($"  REFUSED  nobody could call {AuthorityText.Over(verdict.PauseLost)} any more [{AuthorityPoint.PauseLost}]");
        }

        if (verdict.PauseLostToStrangers)
        {
            terminal.Line($"  REFUSED  none of the people on file could pause anything any more [{AuthorityPoint.PauseLost}]");
        }

        foreach (var (row, wanted) in verdict.TooFew)
        {
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"  REFUSED  {text.Who(row.Holding)} could {row.Power.Words()} with {row.Holding.Signers.Fewest} signers; the policy asks for {wanted} [{AuthorityPoint.TooFew}]"));
        }

        foreach (var (row, wanted) in verdict.TooFewBefore)
        {
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"  ALREADY  {text.Who(row.Holding)} can {row.Power.Words()} with {row.Holding.Signers.Fewest} signers now; the policy asks for {wanted} [{AuthorityPoint.TooFew}]"));
        }

        foreach (var unknown in verdict.Unknown)
        {
            terminal.Line($"  UNKNOWN  {unknown}");
        }
    }

    private static void Write(Utf8JsonWriter writer, DoctorAnswer answer, AuthorityReport report)
    {
        var observed = answer.Look.Observed;
        writer.WriteNumber("block", observed.State.Block.Value);
        writer.WriteString("blockHash", observed.State.BlockHash.ToString());
        writer.WriteNumber("roundTrips", observed.Nodes.Max(node => node.RoundTrips));
        writer.WriteStartArray("nodes");
        foreach (var node in observed.Nodes)
        {
            writer.WriteStartObject();
            writer.WriteString("endpoint", node.Endpoint);
            writer.WriteNumber("roundTrips", node.RoundTrips);
            writer.WriteString("problem", node.State.Why);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        report.Write(writer);
        if (answer.After is { } after)
        {
            writer.WriteStartObject("after");
            writer.WriteString("change", after.Change);
            writer.WriteStartArray("shifts");
            foreach (var shift in after.Shifts)
            {
                writer.WriteStartObject();
                writer.WriteString("power", shift.Power.Key());
                writer.WriteString("shift", shift.Before is null ? "gains" : shift.After is null ? "loses" : "changes");
                var (holding, text) = shift.After is { } then ? (then, answer.Look.Text) : (shift.Before!, after.Now.Text);
                writer.WriteString("who", holding.Path.Base.Holder.ToString());
                writer.WriteString("path", text.Way(holding.Path));
                writer.WriteString("before", shift.Before is { } old ? after.Now.Text.Signatures(old) : null);
                writer.WriteString("after", shift.After is { } now ? answer.Look.Text.Signatures(now) : null);
                writer.WriteStartArray("functions");
                foreach (var function in shift.Functions)
                {
                    writer.WriteStringValue(function.FullName);
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteStartArray("pauseLost");
            foreach (var function in after.Verdict.PauseLost)
            {
                writer.WriteStringValue(function.FullName);
            }

            writer.WriteEndArray();
            writer.WriteBoolean("pauseLostToStrangers", after.Verdict.PauseLostToStrangers);
            Write(writer, "tooFew", after.Verdict.TooFew);
            Write(writer, "tooFewBefore", after.Verdict.TooFewBefore);
            writer.WriteStartArray("unknown");
            foreach (var unknown in after.Verdict.Unknown)
            {
                writer.WriteStringValue(unknown);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }
    }

    private static void Write(Utf8JsonWriter writer, string name, IReadOnlyList<TooFewSigners> entries)
    {
        writer.WriteStartArray(name);
        foreach (var (row, wanted) in entries)
        {
            writer.WriteStartObject();
            writer.WriteString("power", row.Power.Key());
            writer.WriteString("who", row.Holding.Path.Base.Holder.ToString());
            writer.WriteNumber("signers", row.Holding.Signers.Fewest);
            writer.WriteNumber("wanted", wanted);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private sealed record DoctorAnswer(AuthorityLook Look, DoctorAfter? After)
    {
        public ExitCode Exit => After is { Verdict.IsRefused: true } ? ExitCode.Refused : After is { Verdict.Unknown.Count: > 0 } ? ExitCode.Unknown : AuthorityFinding.ExitOf(Look.Findings) is var exit && exit == ExitCode.Clean && After is { Shifts.Count: > 0 } ? ExitCode.Findings : exit;
    }

    private sealed record DoctorAfter(string Change, AuthorityLook Now, IReadOnlyList<AuthorityShift> Shifts, AuthorityVerdict Verdict);
}
