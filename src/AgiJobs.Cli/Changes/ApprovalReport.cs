using System.Text.Json;
using AgiJobs.Cli.Output;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Cli.Changes;

/// <summary>How the approvals of a change are printed.</summary>
internal static class ApprovalReport
{
    public static void Print(Terminal terminal, GateDecision decision)
    {
        foreach (var entry in decision.Tally?.Requirements ?? [])
        {
            terminal.Line($"  needs    {entry.Requirement.What}: {entry.By.Count} of {entry.Requirement.Count}{(entry.By.Count == 0 ? "" : $" ({People(entry.By)})")}");
        }

        foreach (var point in decision.Points)
        {
            terminal.Line($"  gate     {(point.Holds ? "passed" : "NOT YET")}  {point.Name}: {point.Detail}");
        }

        if (decision.Standing is { } standing)
        {
            terminal.Line($"  standing '{standing.Id}' covers it: {standing.Approval!.Document.Purpose}");
        }

        foreach (var refusal in decision.Refusals.Where(refusal => refusal.Code is not "approvals-missing"))
        {
            terminal.Line($"  HELD     {refusal.Why}");
        }

        foreach (var finding in decision.Findings)
        {
            terminal.Line($"  FINDING  {finding}");
        }
    }

    public static void Write(Utf8JsonWriter writer, GateDecision decision)
    {
        writer.WriteStartObject("approvals");
        writer.WriteBoolean("managed", decision.IsManaged);
        writer.WriteBoolean("open", decision.IsOpen);
        writer.WriteString("standing", decision.Standing?.Id);
        writer.WriteStartArray("requirements");
        foreach (var entry in decision.Tally?.Requirements ?? [])
        {
            writer.WriteStartObject();
            writer.WriteString("what", entry.Requirement.What);
            writer.WriteNumber("needed", entry.Requirement.Count);
            writer.WriteStartArray("by");
            foreach (var consent in entry.By)
            {
                writer.WriteStartObject();
                writer.WriteString("name", consent.Person.Name);
                writer.WriteString("duty", consent.Duty.Name());
                writer.WriteString("address", consent.Signer.ToString());
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("gate");
        foreach (var point in decision.Points)
        {
            writer.WriteStartObject();
            writer.WriteString("point", point.Name);
            writer.WriteBoolean("holds", point.Holds);
            writer.WriteString("detail", point.Detail);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("refusals");
        foreach (var refusal in decision.Refusals)
        {
            writer.WriteStartObject();
            writer.WriteString("code", refusal.Code);
            writer.WriteString("why", refusal.Why);
            writer.WriteString("command", refusal.Command);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("findings");
        foreach (var finding in decision.Findings)
        {
            writer.WriteStringValue(finding);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>The approvals as the brief has them.</summary>
    public static BriefStanding ForBrief(GateDecision decision, string? safeHash, string next) => new(
        decision.IsManaged
            ? [
                .. (decision.Tally?.Requirements ?? []).SelectMany(entry => entry.By.Select(consent => $"{consent.Person.Name} signed as {consent.Duty.Name()}")),
                .. decision.Standing is { } standing ? [$"the standing approval '{standing.Id}' covers it"] : Array.Empty<string>(),
            ]
            : [GateDecision.NotManaged],
        [.. decision.Refusals.Select(refusal => refusal.Command is { } command ? $"{refusal.Why}: `{command}`" : refusal.Why)],
        safeHash,
        next);

    private static string People(IEnumerable<Consent> consents) => string.Join(", ", consents.Select(consent => $"{consent.Person.Name} as {consent.Duty.Name()}"));
}
