using System.Globalization;
using System.Text;

namespace AgiJobs.Steering.Worlds;

/// <summary>What others said, fit for a run's events and for a terminal: one line, no control characters, bounded.</summary>
internal static class Told
{
    /// <summary>Most characters of one line.</summary>
    public const int Most = 300;

    /// <summary>The text as one line of at most <see cref="Most"/> characters.</summary>
    public static string Line(string text)
    {
        var line = new StringBuilder(Math.Min(text.Length, Most));
        foreach (var rune in text.EnumerateRunes())
        {
            if (line.Length + rune.Utf16SequenceLength > Most)
            {
                line.Append('…');
                break;
            }

            var isSpace = Rune.IsWhiteSpace(rune) || Rune.IsControl(rune);
            if (!isSpace)
            {
                line.Append(Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned ? "?" : rune.ToString());
            }
            else if (line.Length > 0 && line[^1] != ' ')
            {
                line.Append(' ');
            }
        }

        return line.ToString().TrimEnd();
    }
}
