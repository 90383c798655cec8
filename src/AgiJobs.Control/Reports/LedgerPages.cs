using System.Globalization;
using System.Text.Json;
using AgiJobs.Control.Description;
using AgiJobs.Control.Funds;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Reports;

/// <summary>Live money as a page and as JSON.</summary>
public static class LedgerPages
{
    private static readonly string[] State = ["state"];
    private static readonly string[] Refund = ["refund"];

    /// <summary>The page of ledgers of one kind.</summary>
    public static ReportPage Page(LedgerKind kind, string network, ChainId chain, BlockNumber block, IReadOnlyList<LedgerReading> ledgers)
    {
        var parts = new List<ReportPart> { new ReportLine(string.Create(CultureInfo.InvariantCulture, $"network {network}, chain {chain}, block {block}")) };
        if (ledgers.Count == 0)
        {
            parts.Add(new ReportLine($"The protocol's description names no {kind.ToString().ToLowerInvariant()}s: whether there are any is unknown."));
        }

        foreach (var reading in ledgers)
        {
            var ledger = reading.Ledger;
            var refunds = reading.Items.Any(item => item.Refund is not null);
            var hasState = reading.Items.Any(item => item.State is not null);
            parts.Add(new ReportHeading(ledger.Title));
            parts.Add(new ReportLine(string.Create(CultureInfo.InvariantCulture, $"{reading.Items.Count} live, {reading.Closed} closed{(reading.Unknown.Count > 0 ? $", {reading.Unknown.Count} UNKNOWN" : "")}")));
            if (reading.Items.Count > 0)
            {
                parts.Add(new ReportTable(
                    [.. Shown(ledger), .. hasState ? State : [], .. ledger.Columns.Select(column => column.Name), .. refunds ? Refund : []],
                    [.. reading.Items.Select(item => (IReadOnlyList<string>)[.. ShownKeys(ledger, item), .. hasState ? new[] { item.State ?? "" } : [], .. Cells(ledger, item), .. refunds ? new[] { item.Refund ?? "-" } : []])]));
            }

            parts.AddRange(reading.Sums.Select(sum => new ReportLine($"{sum.Column}: {sum.Sum} altogether; {sum.What} says {sum.Says ?? "UNKNOWN"}: {(sum.Agrees switch { true => "agrees", false => "DIFFERS - look into it before anything is paid out", _ => "UNKNOWN" })}")));
            parts.AddRange(reading.Unknown.Select(unknown => new ReportLine($"UNKNOWN {unknown}")));
        }

        return new ReportPage($"{kind}s: live money and who holds it", parts);
    }

    /// <summary>Writes the ledgers' members.</summary>
    public static void Write(Utf8JsonWriter writer, string network, ChainId chain, BlockNumber block, IReadOnlyList<LedgerReading> ledgers)
    {
        writer.WriteString("network", network);
        writer.WriteNumber("chainId", chain.Value);
        writer.WriteNumber("block", block.Value);
        writer.WriteStartArray("ledgers");
        foreach (var reading in ledgers)
        {
            var ledger = reading.Ledger;
            writer.WriteStartObject();
            writer.WriteString("name", ledger.Name);
            writer.WriteString("module", ledger.Module.Name);
            writer.WriteNumber("closed", reading.Closed);
            writer.WriteStartArray("items");
            foreach (var item in reading.Items)
            {
                writer.WriteStartObject();
                writer.WriteStartObject("keys");
                foreach (var (name, value) in ledger.Keys.Zip(item.Keys))
                {
                    writer.WriteString(name, value.ToString());
                }

                writer.WriteEndObject();
                writer.WriteString("state", item.State);
                writer.WriteStartObject("columns");
                foreach (var (column, cell) in ledger.Columns.Zip(Cells(ledger, item)))
                {
                    writer.WriteString(column.Name, cell);
                }

                writer.WriteEndObject();
                writer.WriteString("refund", item.Refund);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteStartArray("totals");
            foreach (var sum in reading.Sums)
            {
                writer.WriteStartObject();
                writer.WriteString("view", sum.What);
                writer.WriteString("column", sum.Column);
                writer.WriteString("sum", sum.Sum);
                writer.WriteString("says", sum.Says);
                if (sum.Agrees is { } agrees)
                {
                    writer.WriteBoolean("agrees", agrees);
                }
                else
                {
                    writer.WriteNull("agrees");
                }

                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteStartArray("unknown");
            foreach (var unknown in reading.Unknown)
            {
                writer.WriteStringValue(unknown);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    // A key that a column shows with its unit is not shown twice.
    private static IEnumerable<string> Shown(Ledger ledger) => ledger.Keys.Where(key => !ledger.Columns.Any(column => string.Equals(column.Key, key, StringComparison.Ordinal)));

    private static IEnumerable<string> ShownKeys(Ledger ledger, LedgerItem item) => ledger.Keys.Zip(item.Keys).Where(key => Shown(ledger).Contains(key.First, StringComparer.Ordinal)).Select(key => key.Second.ToString());

    private static IEnumerable<string> Cells(Ledger ledger, LedgerItem item) => ledger.Columns.Zip(item.Cells, (column, cell) => cell is null ? "UNKNOWN" : column.Text(cell));
}
