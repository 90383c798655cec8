using AgiJobs.Control.Description;
using AgiJobs.Control.Reports;

namespace AgiJobs.Cli.Output;

/// <summary>Pages of reports on a terminal.</summary>
internal static class PageOutput
{
    /// <summary>Prints a page for people: its title, then its parts.</summary>
    public static void Page(this Terminal terminal, ReportPage page)
    {
        terminal.Line(page.Title);
        foreach (var part in page.Parts)
        {
            switch (part)
            {
                case ReportHeading heading:
                    terminal.Line();
                    terminal.Line(heading.Text);
                    break;
                case ReportLine line:
                    terminal.Line(line.Text);
                    break;
                case ReportTable table:
                    terminal.Table(table.Columns, table.Rows);
                    break;
            }
        }
    }

    /// <summary>A text in the colour of a risk, where the terminal shows colour. Source: ECMA-48, SGR.</summary>
    public static string Painted(this Terminal terminal, string text, Risk risk) =>
        terminal.HasColor ? $"\u001b[{risk switch { Risk.Red => "31", Risk.Amber => "33", _ => "32" }}m{text}\u001b[0m" : text;
}
