using System.Globalization;
using System.Text.Json;
using AgiJobs.Control.Description;
using AgiJobs.Control.Desired;
using AgiJobs.Control.Drift;
using AgiJobs.Control.Observation;

namespace AgiJobs.Control.Reports;

/// <summary>The drift of a protocol and its parameters, as pages and as JSON.</summary>
public static class DriftPages
{
    /// <summary>What differs from the manifest, and how much agrees, is not managed, is unknown.</summary>
    public static ReportPage Surface(DriftReport report)
    {
        var parts = new List<ReportPart>
        {
            new ReportLine(Where(report.Network, report.State)),
            new ReportLine(Summary(report)),
        };
        parts.AddRange(report.Problems.Select(problem => new ReportLine($"UNKNOWN what it made so: {problem}")));
        if (report.Open.Count > 0)
        {
            parts.Add(new ReportTable(
                ["risk", "what", "wanted", "is", "last executed", "wanted by", "mend"],
                [.. report.Open.Select(item => (IReadOnlyList<string>)[item.Risk.Name(), $"{item.Kind.Name()} {item.Subject}", item.Wanted ?? "-", item.Is ?? $"UNKNOWN: {item.Why}", Executed(item), item.Source ?? "-", item.Mend ?? "-"])]));
            parts.AddRange(report.Open.Where(item => item.Cause is not null).Select(item => new ReportLine($"{item.Subject}, {item.Is}: {item.Cause}")));
        }

        return new ReportPage("Surface: what differs from the manifest", parts);
    }

    /// <summary>Every parameter.</summary>
    /// <param name="network">The network.</param>
    /// <param name="state">What was observed.</param>
    /// <param name="desired">What is wanted.</param>
    /// <param name="modules">The modules that are shown.</param>
    public static ReportPage Parameters(string network, ProtocolState state, DesiredState desired, IReadOnlyList<Module> modules)
    {
        var parts = new List<ReportPart> { new ReportLine(Where(network, state)) };
        foreach (var module in modules.Where(module => module.Parameters.Count > 0))
        {
            parts.Add(new ReportHeading(module.Name));
            parts.Add(new ReportTable(
                ["parameter", "is", "wanted", "bounds", "unit", "risk", "set by", "rules"],
                [.. module.Parameters.Select(parameter => (IReadOnlyList<string>)[parameter.Name, Value(state, parameter), Wanted(desired, parameter)?.Text ?? "-", parameter.Bounds, parameter.Unit.Form, parameter.Risk.Name(), string.Join(", ", parameter.Callers), Rules(parameter)])]));
        }

        return new ReportPage("Parameters: all values and bounds", parts);
    }

    /// <summary>Writes the surface's members.</summary>
    public static void WriteSurface(Utf8JsonWriter writer, DriftReport report)
    {
        WriteWhere(writer, report.Network, report.State);
        writer.WriteStartObject("counts");
        foreach (var status in Enum.GetValues<DriftStatus>())
        {
            writer.WriteNumber(status.Name(), report.Count(status));
        }

        writer.WriteEndObject();
        writer.WriteStartArray("items");
        foreach (var item in report.Open)
        {
            WriteItem(writer, item);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("problems");
        foreach (var problem in report.Problems)
        {
            writer.WriteStringValue(problem);
        }

        writer.WriteEndArray();
    }

    /// <summary>Writes the parameters' members.</summary>
    public static void WriteParameters(Utf8JsonWriter writer, string network, ProtocolState state, DesiredState desired, IReadOnlyList<Module> modules)
    {
        WriteWhere(writer, network, state);
        writer.WriteStartArray("parameters");
        foreach (var parameter in modules.SelectMany(module => module.Parameters))
        {
            writer.WriteStartObject();
            writer.WriteString("parameter", parameter.FullName);
            writer.WriteString("unit", parameter.Unit.Name);
            if (state.ValueOf(parameter).TryGet(out var value))
            {
                writer.WriteString("value", parameter.Unit.Format(value));
            }
            else
            {
                writer.WriteString("unknown", state.ValueOf(parameter).Why);
            }

            writer.WriteString("wanted", Wanted(desired, parameter)?.Text);
            writer.WriteString("source", Wanted(desired, parameter)?.Source);
            writer.WriteString("min", parameter.Min?.ToString(CultureInfo.InvariantCulture));
            writer.WriteString("max", parameter.Max?.ToString(CultureInfo.InvariantCulture));
            writer.WriteString("bounds", parameter.Bounds);
            writer.WriteString("rules", Rules(parameter));
            writer.WriteString("risk", parameter.Risk.Name());
            writer.WriteStartArray("callers");
            foreach (var caller in parameter.Callers)
            {
                writer.WriteStringValue(caller);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>0 when every shown value is known, else 5.</summary>
    public static ExitCode ExitOfParameters(ProtocolState state, IReadOnlyList<Module> modules) =>
        modules.SelectMany(module => module.Parameters).All(parameter => state.ValueOf(parameter).IsKnown) ? ExitCode.Clean : ExitCode.Unknown;

    /// <summary>One line of counts.</summary>
    public static string Summary(DriftReport report) => string.Create(
        CultureInfo.InvariantCulture,
        $"{report.Count(DriftStatus.Differs)} differ, {report.Count(DriftStatus.Unknown)} are unknown, {report.Count(DriftStatus.Agrees)} agree, {report.Count(DriftStatus.NotManaged)} are not managed (no file and no change says what they are to be)");

    internal static string Where(string network, ProtocolState state) => string.Create(CultureInfo.InvariantCulture, $"network {network}, chain {state.ChainId}, block {state.Block}");

    internal static void WriteWhere(Utf8JsonWriter writer, string network, ProtocolState state)
    {
        writer.WriteString("network", network);
        writer.WriteNumber("chainId", state.ChainId.Value);
        writer.WriteNumber("block", state.Block.Value);
        writer.WriteNumber("roundTrips", state.RoundTrips);
    }

    private static void WriteItem(Utf8JsonWriter writer, DriftItem item)
    {
        writer.WriteStartObject();
        writer.WriteString("kind", item.Kind.Name());
        writer.WriteString("module", item.Module);
        writer.WriteString("subject", item.Subject);
        writer.WriteString("status", item.Status.Name());
        writer.WriteString("risk", item.Risk.Name());
        writer.WriteString("wanted", item.Wanted);
        writer.WriteString("is", item.Is);
        writer.WriteString("lastExecuted", item.Executed);
        writer.WriteString("lastChange", item.ExecutedBy);
        writer.WriteString("source", item.Source);
        writer.WriteString("mend", item.Mend);
        writer.WriteString("unknown", item.Why);
        if (item.Cause is { } cause)
        {
            writer.WriteStartObject("cause");
            if (cause.Block is { } block)
            {
                writer.WriteNumber("block", block.Value);
                writer.WriteString("time", cause.Time!.Value.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
            }

            writer.WriteString("unknown", cause.Unknown);
            writer.WriteStartArray("transactions");
            foreach (var transaction in cause.Transactions)
            {
                writer.WriteStartObject();
                writer.WriteString("hash", transaction.Hash.ToString());
                writer.WriteString("from", transaction.From.ToString());
                writer.WriteString("to", transaction.To?.ToString());
                writer.WriteString("change", transaction.Change);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static string Executed(DriftItem item) => item.Executed is null ? "no change on file" : $"{item.Executed} by {item.ExecutedBy}";

    private static string Value(ProtocolState state, Parameter parameter) => state.ValueOf(parameter) is var reading && reading.TryGet(out var value) ? parameter.Unit.Format(value) : $"UNKNOWN: {reading.Why}";

    private static (string Text, string Source)? Wanted(DesiredState desired, Parameter parameter) =>
        desired.Values.FirstOrDefault(value => string.Equals(value.Parameter.FullName, parameter.FullName, StringComparison.Ordinal)) is { } wanted ? (parameter.Unit.Format(wanted.Value), wanted.Source) : null;

    private static string Rules(Parameter parameter) => string.Join("; ", parameter.Module.Rules.Where(rule => rule.Parameters.Contains(parameter)).Select(rule => rule.ToString()).Prepend(parameter.Note).OfType<string>());
}
