using System.Globalization;
using System.Text;
using System.Text.Json;
using AgiJobs.Cli.Output;
using AgiJobs.Control.Simulation;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Cli.Changes;

/// <summary>Shows a simulation: what will be called, what will change, what is unexpected, what is unknown.</summary>
internal static class SimulationReport
{
    private const int MostNames = 4;

    /// <summary>Prints it for people who have half a minute.</summary>
    public static void Print(Terminal terminal, SimulationResult result, Labels labels)
    {
        foreach (var line in Lines(result, labels))
        {
            terminal.Line(line);
        }

        var rows = Rows(result);
        if (rows.Count > 0)
        {
            terminal.Table(["contract", "variable", "before", "after", ""], rows);
        }

        foreach (var finding in result.Findings)
        {
            terminal.Line($"  {Word(finding.Weight),-8} {finding.Message}");
        }
    }

    /// <summary>The same as Markdown, for the dry run on file.</summary>
    public static string Markdown(SimulationResult result, Labels labels)
    {
        var text = new StringBuilder("\n## Simulation\n\n");
        foreach (var line in Lines(result, labels))
        {
            text.Append("- ").Append(line.Trim()).Append('\n');
        }

        if (Rows(result) is { Count: > 0 } rows)
        {
            text.Append("\n| contract | variable | before | after | |\n|---|---|---|---|---|\n");
            foreach (var row in rows)
            {
                text.Append("| ").AppendJoin(" | ", row.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal))).Append(" |\n");
            }
        }

        text.Append('\n');
        foreach (var finding in result.Findings)
        {
            text.Append(CultureInfo.InvariantCulture, $"- {Word(finding.Weight)}: {finding.Message}\n");
        }

        return text.Append(result.Findings.Count == 0 ? "Nothing unexpected and nothing unknown.\n" : "").ToString();
    }

    /// <summary>The members of <c>agijobs.change-simulation/1</c> that are the simulation's own.</summary>
    public static void Write(Utf8JsonWriter writer, SimulationResult result, string path)
    {
        writer.WriteString("file", path);
        writer.WriteBoolean("blocked", result.Blocks.Count > 0);
        writer.WriteBoolean("complete", result.IsComplete);
        writer.WritePropertyName("simulation");
        SimulationFile.WriteTo(writer, result);
    }

    private static string Word(FindingWeight weight) => weight switch
    {
        FindingWeight.Blocks => "BLOCKED",
        FindingWeight.Unknown => "UNKNOWN",
        _ => "FINDING",
    };

    private static IEnumerable<string> Lines(SimulationResult result, Labels labels)
    {
        yield return string.Create(CultureInfo.InvariantCulture, $"  simulated on block {result.Block} {result.BlockHash}, by {(result.Means.Count == 0 ? "no means" : string.Join(", ", result.Means))}");
        foreach (var transaction in result.Transactions)
        {
            yield return $"  sends    {transaction.Purpose}: {(transaction.From == SimulationOptions.Anybody ? "anybody" : labels.NameOf(transaction.From) ?? transaction.From.ToString())} calls {transaction.Call}";
            yield return $"           {transaction.Succeeds switch { true => "succeeds", false => $"REVERTS: {transaction.Reason}", null => "UNKNOWN whether it succeeds" }}{(transaction.Gas is { } gas ? string.Create(CultureInfo.InvariantCulture, $", {gas} gas") : "")}";
            foreach (var events in transaction.Events.GroupBy(one => (one.Name, one.Standing)))
            {
                var standing = events.Key.Standing is EffectStanding.Declared or EffectStanding.Route ? "" : $"{events.Key.Standing.ToString().ToUpperInvariant()} ";
                yield return string.Create(CultureInfo.InvariantCulture, $"  emits    {standing}{events.Key.Name}{(events.Count() == 1 ? "" : $" x {events.Count()}")} by {Names([.. events.Select(one => one.Contract).Distinct(StringComparer.Ordinal)])}");
            }
        }

        if (result.Rollback is { } rollback)
        {
            yield return $"  back     {rollback.Reverses switch
            {
                true => "undoing it as planned restores everything that it was planned on",
                false when rollback.Transactions.FirstOrDefault(transaction => transaction.Succeeds == false) is { } failed => $"undoing it as planned REVERTS: {failed.Reason}",
                false => $"undoing it as planned DOES NOT RESTORE {string.Join(", ", rollback.Differs.Select(difference => difference.Subject))}",
                null => $"UNKNOWN whether undoing it as planned restores what was before: {rollback.Why}",
            }}";
        }

        if (result.Expected.Count > 0)
        {
            var holds = result.Expected.Count(expectation => expectation.Holds == true);
            yield return string.Create(CultureInfo.InvariantCulture, $"  after    {holds} of {result.Expected.Count} expectations hold{(result.Expected.Count(expectation => expectation.Holds is null) is var unknown and > 0 ? $", {unknown} unknown" : "")}");
        }
    }

    // Equal changes of many contracts are one row.
    private static List<IReadOnlyList<string>> Rows(SimulationResult result) =>
        [.. result.Transactions.SelectMany(transaction => transaction.Storage)
            .GroupBy(write => (Variable: write.Variable ?? $"slot {write.Slot}", write.Before, write.After, write.Standing))
            .Select(group => (IReadOnlyList<string>)[
                Names([.. group.Select(write => write.Contract)]),
                group.Key.Variable,
                Value(group.Key.Variable, group.Key.Before),
                Value(group.Key.Variable, group.Key.After),
                group.Key.Standing switch { EffectStanding.Declared => "declared", EffectStanding.Route => "by the route", EffectStanding.Unknown => "NOT DESCRIBED", _ => "NOT DECLARED" },
            ])];

    // A number of seconds since 1970 says nothing to people.
    private static string Value(string variable, string value) =>
        variable.EndsWith("At", StringComparison.Ordinal) && long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is > 1_000_000_000 and < 10_000_000_000
            ? $"{value} ({DateTimeOffset.FromUnixTimeSeconds(seconds).UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)} UTC)"
            : value;

    private static string Names(IReadOnlyList<string> names) =>
        names.Count <= MostNames ? string.Join(", ", names) : string.Create(CultureInfo.InvariantCulture, $"{names.Count} contracts: {string.Join(", ", names.Take(MostNames))}, ...");
}
