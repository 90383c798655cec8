using System.Globalization;
using System.Text;
using System.Text.Json;
using AgiJobs.Cli.Changes;
using AgiJobs.Control;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Files;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Simulation;

namespace AgiJobs.Cli.Owner;

/// <summary>A drafted plan as people and programs read it: <c>plan.md</c> and <c>plan.json</c>. The same state gives the same bytes.</summary>
/// <param name="Change">The change.</param>
/// <param name="Simulation">What it would do.</param>
/// <param name="Guards">Bounds, rules and guardrails that it stays within, or does not.</param>
/// <param name="Refused">The guardrails that stand against it.</param>
/// <param name="Approvals">Who has to consent.</param>
/// <param name="Findings">What the reader must know besides.</param>
internal sealed record MissionPlan(FiledChange Change, SimulationResult Simulation, IReadOnlyList<string> Guards, IReadOnlyList<GateRefusal> Refused, IReadOnlyList<string> Approvals, IReadOnlyList<string> Findings)
{
    public const string Roi = "unknown: not connected";

    /// <summary>3 for a plan that could go through, 4 for one that is held, 5 where the simulation could not tell.</summary>
    public ExitCode Exit => Refused.Count > 0 || Simulation.Blocks.Count > 0 ? ExitCode.Refused : Simulation.IsComplete ? ExitCode.Findings : ExitCode.Unknown;

    /// <summary>Writes that nothing is to be done.</summary>
    public static ExitCode Nothing(Session session, ProtocolState state, IReadOnlyList<string> left, string folder)
    {
        var text = new StringBuilder();
        var exit = left.Count == 0 ? ExitCode.Clean : ExitCode.Findings;
        text.Append(CultureInfo.InvariantCulture, $"# Mission plan\n\nnetwork {session.Network}, chain {state.ChainId}, block {state.Block}\n\n{(left.Count == 0 ? "Everything is as the files want it." : "No wave mends what differs.")}\n");
        Section(text, "Left to other commands", left);
        AtomicFile.Write(Path.Combine(folder, "plan.md"), Encoding.UTF8.GetBytes(text.ToString()));
        WriteJson(folder, writer =>
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", state.ChainId.Value);
            writer.WriteNumber("block", state.Block.Value);
            writer.WriteNull("change");
            List(writer, "findings", left);
        });
        session.Terminal.Line(text.ToString().TrimEnd('\n'));
        session.Terminal.Line($"wrote {Path.Combine(folder, "plan.md")}");
        session.Terminal.Json("agijobs.mission-plan/1", exit, writer =>
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", state.ChainId.Value);
            writer.WriteNumber("block", state.Block.Value);
            writer.WriteNull("change");
            List(writer, "findings", left);
        });
        return exit;
    }

    /// <summary>Writes <c>plan.md</c> and <c>plan.json</c>.</summary>
    public void WriteTo(string folder)
    {
        AtomicFile.Write(Path.Combine(folder, "plan.md"), Encoding.UTF8.GetBytes(ToMarkdown()));
        WriteJson(folder, Write);
    }

    /// <summary>The plan on a page.</summary>
    public string ToMarkdown()
    {
        var document = Change.Document;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# Mission plan: {document.Title}\n\n{ChangeRun.NothingSent}\n\nnetwork {document.Network}, chain {document.ChainId}, block {Simulation.Block}\nchange {Change.Id}\ndigest {document.Digest()}\nrisk {document.Risk.ToString().ToLowerInvariant()}\n");
        Section(text, "Transactions", [.. document.Steps.Select(step => string.Create(CultureInfo.InvariantCulture, $"{(step.Chunk is { } chunk ? $"transaction {chunk + 1}: " : "")}{step.Module}.{step.Function}: {step.Purpose}"))]);
        Section(text, "Simulation", [.. Transactions, .. Simulation.Findings.Select(finding => $"FINDING {finding.Message}")]);
        Section(text, "ROI projection", [Roi]);
        Section(text, "Guardrail impact", [.. Guards, .. Refused.Select(refusal => $"REFUSED {refusal.Why} [{refusal.Code}]. {refusal.Command}")]);
        Section(text, "Approvals", Approvals);
        Section(text, "Findings", Findings);
        Section(text, "Undo", [document.Rollback.Note]);
        Section(text, "Carry it out", [$"`agijobs change approve {Change.Id} --signer NAME`", $"`agijobs change execute {Change.Id} --signer NAME --execute`"]);
        return text.Append(CultureInfo.InvariantCulture, $"\n{ChangeRun.NothingSent}\n").ToString();
    }

    /// <summary>The plan's members, without the braces around them.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        var document = Change.Document;
        writer.WriteString("network", document.Network);
        writer.WriteNumber("chainId", document.ChainId.Value);
        writer.WriteNumber("block", Simulation.Block);
        writer.WriteString("change", Change.Id);
        writer.WriteString("digest", document.Digest().ToString());
        writer.WriteString("fingerprint", document.Fingerprint().ToString());
        writer.WriteBoolean("sent", false);
        List(writer, "steps", [.. document.Steps.Select(step => $"{step.Module}.{step.Function}: {step.Purpose}")]);
        List(writer, "transactions", Transactions);
        List(writer, "simulationFindings", [.. Simulation.Findings.Select(finding => $"{finding.Code}: {finding.Message}")]);
        writer.WriteString("roi", Roi);
        List(writer, "guardrails", Guards);
        List(writer, "refusals", [.. Refused.Select(refusal => $"{refusal.Code}: {refusal.Why}")]);
        List(writer, "approvals", Approvals);
        List(writer, "findings", Findings);
    }

    private IReadOnlyList<string> Transactions => [.. Simulation.Transactions.Select(transaction => string.Create(CultureInfo.InvariantCulture, $"{transaction.Purpose}: {(transaction.Succeeds switch { true => "succeeds", false => $"REVERTS: {transaction.Reason}", null => "unknown" })}, gas {(transaction.Gas is { } gas ? gas : "unknown")}"))];

    private static void Section(StringBuilder text, string title, IReadOnlyList<string> lines)
    {
        if (lines.Count > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## {title}\n\n");
            foreach (var line in lines)
            {
                text.Append(CultureInfo.InvariantCulture, $"- {line}\n");
            }
        }
    }

    private static void List(Utf8JsonWriter writer, string name, IReadOnlyList<string> values)
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
        {
            writer.WriteStringValue(value);
        }

        writer.WriteEndArray();
    }

    private static void WriteJson(string folder, Action<Utf8JsonWriter> body)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            writer.WriteStartObject();
            writer.WriteString("schema", "agijobs.mission-plan/1");
            body(writer);
            writer.WriteEndObject();
        }

        AtomicFile.Write(Path.Combine(folder, "plan.json"), [.. buffer.ToArray(), (byte)'\n']);
    }
}
