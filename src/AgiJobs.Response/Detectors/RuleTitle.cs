using System.Text;
using AgiJobs.Control;

namespace AgiJobs.Response.Detectors;

/// <summary>A line with places for names: <c>{module} was paused by {account}</c>. Immutable.</summary>
internal sealed class RuleTitle
{
    private readonly List<(bool IsName, string Text)> _parts = [];

    /// <summary>Reads it.</summary>
    /// <exception cref="ControlException"><c>rule-title</c>.</exception>
    public RuleTitle(string text)
    {
        for (var at = 0; at < text.Length;)
        {
            var open = text.IndexOf('{', at);
            if (open != at)
            {
                _parts.Add((false, open < 0 ? text[at..] : text[at..open]));
            }

            if (open < 0)
            {
                break;
            }

            var close = text.IndexOf('}', open);
            if (close < open + 2)
            {
                throw new ControlException("rule-title", ExitCode.BadInput, $"The title '{text}' has a '{{' without a name and a '}}'.", "Write {NAME} for an argument; there is no other use for braces.");
            }

            _parts.Add((true, text[(open + 1)..close]));
            at = close + 1;
        }

        if (text.Trim().Length == 0 || text.Length > 300 || text.Any(char.IsControl))
        {
            throw new ControlException("rule-title", ExitCode.BadInput, "The title has to be one line of 1 to 300 characters.", "Write what happened, for somebody who was just woken.");
        }
    }

    /// <summary>The names that it uses.</summary>
    public IEnumerable<string> Names => _parts.Where(part => part.IsName).Select(part => part.Text);

    /// <summary>The line; a name that has no value here reads as unknown.</summary>
    public string Fill(IReadOnlyDictionary<string, string> values)
    {
        var text = new StringBuilder();
        foreach (var (isName, part) in _parts)
        {
            text.Append(!isName ? part : values.TryGetValue(part, out var value) ? value : "unknown");
        }

        return text.ToString();
    }
}
