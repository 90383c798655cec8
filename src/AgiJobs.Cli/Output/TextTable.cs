using System.Globalization;
using System.Text;

namespace AgiJobs.Cli.Output;

/// <summary>A table as lines of text. Columns are as wide as their widest cell, and no cell is ever cut: a cut address is worse than a long line.</summary>
internal static class TextTable
{
    /// <summary>The header, a rule and the rows; a cell of several lines takes as many.</summary>
    /// <param name="columns">The headings.</param>
    /// <param name="rows">The cells, one for each column.</param>
    public static IEnumerable<string> Lines(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        List<string[][]> all = [Split(columns), .. rows.Select(Split)];
        var widths = columns.Select((_, column) => all.Max(row => row[column].Max(Width))).ToArray();
        for (var row = 0; row < all.Count; row++)
        {
            for (var line = 0; line < all[row].Max(cell => cell.Length); line++)
            {
                if (Line(all[row], line, widths) is { Length: > 0 } text)
                {
                    yield return text;
                }
            }

            if (row == 0)
            {
                yield return new string('─', widths.Sum() + (3 * widths.Length) + 1);
            }
        }
    }

    private static string[][] Split(IReadOnlyList<string> cells) => [.. cells.Select(cell => cell.ReplaceLineEndings("\n").Split('\n'))];

    private static string Line(string[][] cells, int line, int[] widths)
    {
        var text = new StringBuilder();
        for (var column = 0; column < widths.Length; column++)
        {
            var part = line < cells[column].Length ? cells[column][line] : "";
            text.Append(column == 0 ? "  " : "   ").Append(part).Append(' ', widths[column] - Width(part));
        }

        return text.ToString().TrimEnd();
    }

    // Places that a terminal gives a text: marks that combine take none, wide characters two. Source: Unicode, UAX #11, the ranges of W and F in short.
    private static int Width(string text)
    {
        var width = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            width += Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format or UnicodeCategory.Control ? 0
                : rune.Value is (>= 0x1100 and <= 0x115F) or (>= 0x2E80 and <= 0xA4CF) or (>= 0xAC00 and <= 0xD7A3) or (>= 0xF900 and <= 0xFAFF) or (>= 0xFE30 and <= 0xFE6F) or (>= 0xFF00 and <= 0xFF60) or (>= 0xFFE0 and <= 0xFFE6) or (>= 0x1F300 and <= 0x1FAFF) or (>= 0x20000 and <= 0x3FFFD) ? 2
                : 1;
        }

        return width;
    }
}
