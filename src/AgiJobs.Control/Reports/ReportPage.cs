using System.Text;

namespace AgiJobs.Control.Reports;

/// <summary>A part of a page: a paragraph or a table.</summary>
public abstract record ReportPart;

/// <summary>A paragraph.</summary>
/// <param name="Text">One line.</param>
public sealed record ReportLine(string Text) : ReportPart;

/// <summary>A heading.</summary>
/// <param name="Text">One line.</param>
public sealed record ReportHeading(string Text) : ReportPart;

/// <summary>A table; cells are plain text and are never cut.</summary>
/// <param name="Columns">The headings.</param>
/// <param name="Rows">The cells, one for each column.</param>
public sealed record ReportTable(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows) : ReportPart;

/// <summary>A page of a report, for a terminal or as Markdown. Immutable.</summary>
/// <param name="Title">What it is.</param>
/// <param name="Parts">What it says, in order.</param>
public sealed record ReportPage(string Title, IReadOnlyList<ReportPart> Parts)
{
    /// <summary>The page as Markdown, with line feeds, one at the end.</summary>
    public string Markdown()
    {
        var text = new StringBuilder($"# {Escaped(Title)}\n");
        foreach (var part in Parts)
        {
            text.Append('\n');
            switch (part)
            {
                case ReportHeading heading:
                    text.Append("## ").Append(Escaped(heading.Text)).Append('\n');
                    break;
                case ReportLine line:
                    text.Append(Escaped(line.Text)).Append('\n');
                    break;
                case ReportTable table:
                    Row(text, table.Columns);
                    text.Append('|').Insert(text.Length, " --- |", table.Columns.Count).Append('\n');
                    foreach (var row in table.Rows)
                    {
                        Row(text, row);
                    }

                    break;
            }
        }

        return text.ToString();
    }

    private static void Row(StringBuilder text, IReadOnlyList<string> cells)
    {
        text.Append('|');
        foreach (var cell in cells)
        {
            text.Append(' ').Append(Escaped(cell).ReplaceLineEndings("<br>")).Append(" |");
        }

        text.Append('\n');
    }

    // What comes from a chain or a file must not become markup.
    private static string Escaped(string text)
    {
        var safe = new StringBuilder(text.Length);
        foreach (var letter in text)
        {
            _ = letter is '|' or '\\' or '`' or '*' or '_' or '<' or '>' or '[' or ']' or '#' ? safe.Append('\\').Append(letter) : safe.Append(letter);
        }

        return safe.ToString();
    }
}
