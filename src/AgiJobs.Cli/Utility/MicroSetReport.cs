using System.Globalization;
using AgiJobs.Cli.Output;
using AgiJobs.Control;
using AgiJobs.Steering.Guardrails;
using AgiJobs.Steering.Utility;

namespace AgiJobs.Cli.Utility;

/// <summary>The published micro-set: its formulas on its factors.</summary>
internal static class MicroSetReport
{
    /// <summary>The scenario's name.</summary>
    public const string Scenario = "micro-set";

    public static ExitCode Print(Terminal terminal, string strategy)
    {
        IReadOnlyList<MicroStrategy> chosen = strategy is "all" ? MicroSet.Strategies : [MicroSet.Find(strategy)];
        var read = chosen.Select(one => (Strategy: one, Reading: MicroSet.Of(one), Guardrails: MicroSet.GuardrailsOf(one))).ToList();
        var exit = read.TrueForAll(one => one.Guardrails.Verdict() == GuardrailVerdict.Held) ? ExitCode.Clean : ExitCode.Findings;
        terminal.Line("scenario micro-set: ten jobs and factors as published. NOTHING HERE IS MEASURED, and the treasury bonus is paid by nobody.");
        terminal.Table(
            ["strategy", "utility uplift", "latency", "reliability", "value", "cost", "utility", "treasury", "stability", "guardrails"],
            read.Select(one => (IReadOnlyList<string>)
            [
                one.Strategy.Name,
                Guardrail.Percent(one.Reading.Uplift),
                Guardrail.Percent(one.Reading.LatencyDelta),
                one.Strategy.Reliability.ToString("0.00", CultureInfo.InvariantCulture),
                Three(one.Reading.Value),
                Three(one.Reading.Cost),
                Three(one.Reading.Utility),
                Three(one.Reading.Treasury),
                one.Reading.Stability.ToString("0.0000", CultureInfo.InvariantCulture),
                one.Guardrails.Verdict() == GuardrailVerdict.Held ? "held" : "MISSED",
            ]));
        terminal.Json("agijobs.micro-set/1", exit, writer =>
        {
            writer.WriteStartArray("strategies");
            foreach (var (one, reading, guardrails) in read)
            {
                writer.WriteStartObject();
                writer.WriteString("strategy", one.Name);
                writer.WriteNumber("value", reading.Value);
                writer.WriteNumber("cost", reading.Cost);
                writer.WriteNumber("utility", reading.Utility);
                writer.WriteNumber("uplift", reading.Uplift);
                writer.WriteNumber("latencyDelta", reading.LatencyDelta);
                writer.WriteNumber("latency95", reading.Latency95);
                writer.WriteNumber("treasury", reading.Treasury);
                writer.WriteNumber("entropy", reading.Entropy);
                writer.WriteNumber("gibbs", reading.Gibbs);
                writer.WriteNumber("hamiltonian", reading.Hamiltonian);
                writer.WriteNumber("stability", reading.Stability);
                writer.WriteGuardrails(guardrails);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });
        return exit;
    }

    private static string Three(decimal number) => number.ToString("0.000", CultureInfo.InvariantCulture);
}
