using System.Text;
using System.Text.RegularExpressions;

namespace AgiJobs.Response.Runbooks;

/// <summary>A command line of a runbook: words, in which <c>{NAME}</c> stands for an input. A word with spaces stands in double quotes. A placeholder never becomes two words, whatever its value is.</summary>
public sealed partial record RunbookLine
{
    private RunbookLine(string text, IReadOnlyList<string> words) => (Text, Words) = (text, words);

    /// <summary>As it stands in the file.</summary>
    public string Text { get; }

    /// <summary>The words, placeholders unfilled.</summary>
    public IReadOnlyList<string> Words { get; }

    /// <summary>The names of its placeholders.</summary>
    public IReadOnlyList<string> Placeholders => PlaceholdersOf(Text);

    /// <summary>The names of the placeholders of any text, in order, each once.</summary>
    public static IReadOnlyList<string> PlaceholdersOf(string text) => [.. Placeholder().Matches(text).Select(match => match.Groups["name"].Value).Distinct(StringComparer.Ordinal)];

    /// <summary>Reads a line.</summary>
    /// <exception cref="FormatException">A quote is not closed, or there is no word.</exception>
    public static RunbookLine Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var words = new List<string>();
        var word = new StringBuilder();
        var (quoted, begun) = (false, false);
        foreach (var sign in text)
        {
            if (sign == '"')
            {
                (quoted, begun) = (!quoted, true);
            }
            else if (sign == ' ' && !quoted)
            {
                if (begun)
                {
                    words.Add(word.ToString());
                }

                word.Clear();
                begun = false;
            }
            else
            {
                word.Append(sign);
                begun = true;
            }
        }

        if (quoted)
        {
            throw new FormatException("a quote is opened and not closed");
        }

        if (begun)
        {
            words.Add(word.ToString());
        }

        return words.Count == 0 ? throw new FormatException("it has no words") : new RunbookLine(text, words);
    }

    /// <summary>The words with what placeholders stand for; one without a value stays as it is.</summary>
    public IReadOnlyList<string> Fill(Func<string, string?> value) => [.. Words.Select(word => Fill(word, value))];

    /// <summary>A text with what placeholders stand for; one without a value stays as it is.</summary>
    public static string Fill(string text, Func<string, string?> value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return Placeholder().Replace(text, match => value(match.Groups["name"].Value) ?? match.Value);
    }

    /// <summary>Words as a line that a shell takes as the same words.</summary>
    public static string Show(IEnumerable<string> words) => string.Join(' ', words.Select(word => Plain().IsMatch(word) ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'"));

    [GeneratedRegex("""\{(?<name>[^{}\s]*)\}""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Placeholder();

    [GeneratedRegex("""^[A-Za-z0-9_./:=@,%+{}-]+$""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Plain();
}
