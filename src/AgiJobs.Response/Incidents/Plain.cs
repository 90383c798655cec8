using System.Globalization;
using System.Text;

namespace AgiJobs.Response.Incidents;

/// <summary>Text that came from people, chains and other machines, so that it can do no harm where it is shown: in a terminal, in Markdown, on the status page.</summary>
public static class Plain
{
    /// <summary>One line: line ends become blanks, control and format characters (escapes, changes of the writing direction, marks of no width) become <c>?</c>.</summary>
    public static string Line(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Clean(text.ReplaceLineEndings(" "), keepLines: false);
    }

    /// <summary>As <see cref="Line"/>, with line feeds kept.</summary>
    public static string Lines(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Clean(text.ReplaceLineEndings("\n"), keepLines: true);
    }

    /// <summary>One line as Markdown that is no markup.</summary>
    public static string Markdown(string text)
    {
        var safe = new StringBuilder(text.Length);
        foreach (var letter in Line(text))
        {
            _ = letter is '|' or '\\' or '`' or '*' or '_' or '[' or ']' or '#' or '!' ? safe.Append('\\').Append(letter) : letter switch { '&' => safe.Append("&amp;"), '<' => safe.Append("&lt;"), '>' => safe.Append("&gt;"), _ => safe.Append(letter) };
        }

        return safe.ToString();
    }

    private static string Clean(string text, bool keepLines)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            _ = keepLines && rune.Value == '\n' ? clean.Append('\n')
                : Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.Surrogate ? clean.Append('?')
                : clean.Append(rune.ToString());
        }

        return clean.ToString();
    }
}
