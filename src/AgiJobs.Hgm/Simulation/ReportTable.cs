using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AgiJobs.Hgm.Simulation;

/// <summary>A table of results, for people and for machines. The same data gives the same bytes.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="Columns">Headings.</param>
/// <param name="Rows">As many cells in each as there are columns.</param>
/// <param name="Notes">What must be known to read it.</param>
public sealed record ReportTable(string Title, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<ReportCell>> Rows, IReadOnlyList<string> Notes)
{
    /// <summary>Plain text, columns aligned.</summary>
    public string ToText()
    {
        var text = new StringBuilder();
        text.Append(Title).Append('\n');
        var widths = Columns.Select((heading, column) => Math.Max(heading.Length, Rows.Select(row => row[column].Text.Length).DefaultIfEmpty(0).Max())).ToArray();
        Line(text, Columns, widths);
        foreach (var row in Rows)
            Line(text, [.. row.Select(cell => cell.Text)], widths);
        foreach (var note in Notes)
            text.Append("  ").Append(note).Append('\n');
        return text.ToString();
    }

    /// <summary>A Markdown table under a heading of the third level.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.Append("### ").Append(Title).Append("\n\n| ").AppendJoin(" | ", Columns).Append(" |\n|").Insert(text.Length, "---|", Columns.Count).Append('\n');
        foreach (var row in Rows)
            text.Append("| ").AppendJoin(" | ", row.Select(cell => cell.Text.Replace("|", "\\|", StringComparison.Ordinal))).Append(" |\n");
        text.Append('\n');
        foreach (var note in Notes)
            text.Append("- ").Append(note).Append('\n');
        return text.ToString();
    }

    /// <summary>One JSON object: title, columns, rows of {text, mean?, error?}, notes.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("title", Title);
        Strings(writer, "columns", Columns);
        writer.WriteStartArray("rows");
        foreach (var row in Rows)
        {
            writer.WriteStartArray();
            foreach (var cell in row)
                cell.WriteTo(writer);
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
        Strings(writer, "notes", Notes);
        writer.WriteEndObject();
    }

    private static void Strings(Utf8JsonWriter writer, string name, IReadOnlyList<string> values)
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
            writer.WriteStringValue(value);
        writer.WriteEndArray();
    }

    private static void Line(StringBuilder text, IReadOnlyList<string> cells, int[] widths)
    {
        var line = new StringBuilder("  ");
        for (var column = 0; column < cells.Count; column++)
            line.Append(cells[column].PadRight(widths[column] + 2));
        text.Append(line.ToString().TrimEnd()).Append('\n');
    }
}

/// <summary>A cell: words, or a number with its standard error.</summary>
/// <param name="Text">How it is printed.</param>
/// <param name="Mean">The number, in the unit of its column.</param>
/// <param name="Error">Its standard error.</param>
public sealed record ReportCell(string Text, double? Mean = null, double? Error = null)
{
    /// <summary>An estimate, scaled into the column's unit.</summary>
    public static ReportCell Of(Estimate estimate, int digits, double scale = 1.0)
    {
        if (estimate.Count == 0)
            return new ReportCell("-");
        var (mean, error) = (scale * estimate.Mean, scale * estimate.Error);
        var format = "F" + digits.ToString(CultureInfo.InvariantCulture);
        return double.IsNaN(error)
            ? new ReportCell(Plain(mean, format), mean)
            : new ReportCell($"{Plain(mean, format)} ±{Plain(error, format)}", mean, error);
    }

    /// <summary>A number without error; a dash for none, such as the quotient by an error of zero.</summary>
    public static ReportCell Of(double value, int digits) => double.IsFinite(value) ? new(Plain(value, "F" + digits.ToString(CultureInfo.InvariantCulture)), value) : new("-");

    internal void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("text", Text);
        if (Mean is { } mean)
            writer.WriteNumber("mean", mean);
        if (Error is { } error)
            writer.WriteNumber("error", error);
        writer.WriteEndObject();
    }

    private static string Plain(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
