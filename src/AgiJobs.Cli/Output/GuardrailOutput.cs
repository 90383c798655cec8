using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Steering.Guardrails;

namespace AgiJobs.Cli.Output;

/// <summary>How guardrails are told.</summary>
internal static class GuardrailOutput
{
    /// <summary>Writes them as the member <c>guardrails</c>.</summary>
    public static void WriteGuardrails(this Utf8JsonWriter writer, IReadOnlyList<Guardrail> guardrails)
    {
        writer.WriteStartArray("guardrails");
        foreach (var guardrail in guardrails)
        {
            writer.WriteStartObject();
            writer.WriteString("name", guardrail.Name);
            writer.WriteString("verdict", Word(guardrail.Verdict).ToLowerInvariant());
            writer.WriteString("is", guardrail.Is);
            writer.WriteString("demand", guardrail.Demand);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>Only what is held is clean.</summary>
    public static ExitCode ExitOf(GuardrailVerdict verdict) => verdict switch { GuardrailVerdict.Held => ExitCode.Clean, GuardrailVerdict.Missed => ExitCode.Findings, _ => ExitCode.Unknown };

    /// <summary>A verdict in a word; what is not held is loud.</summary>
    public static string Word(GuardrailVerdict verdict) => verdict switch { GuardrailVerdict.Held => "held", GuardrailVerdict.Missed => "MISSED", _ => "UNKNOWN" };
}
