using System.Globalization;
using AgiJobs.Control;

namespace AgiJobs.Response.Incidents;

/// <summary>How incidents are named: <c>DATE-NAME</c>, the day in UTC and a name in kebab case. It is the name of the event stream and of the folder of the archive.</summary>
public static class IncidentName
{
    private const int Longest = 60;

    /// <summary>Makes a name from the day and a title: <c>2026-03-01-reward-drain</c>.</summary>
    /// <exception cref="ControlException"><c>incident-name</c> when nothing of the title can stand in a name.</exception>
    public static string Of(DateTimeOffset day, string title)
    {
        ArgumentNullException.ThrowIfNull(title);
        var words = new string([.. title.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToLowerInvariant(c) : '-')])
            .Split('-', StringSplitOptions.RemoveEmptyEntries);
        var name = words.Aggregate("", (text, word) => text.Length + word.Length + 1 > Longest ? text : text.Length == 0 ? word : $"{text}-{word}");
        return name.Length > 0 ? $"{day.UtcDateTime:yyyy-MM-dd}-{name}"
            : throw new ControlException("incident-name", ExitCode.BadInput, $"No name can be made of the title '{Plain.Line(title)}': it has no word of at most {Longest} Latin letters and digits.", "Give one with --name, such as reward-drain.");
    }

    /// <summary>A name that was given: with its day, or without.</summary>
    /// <exception cref="ControlException"><c>incident-name</c>.</exception>
    public static string Given(DateTimeOffset day, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var whole = IsName(name) ? name : $"{day.UtcDateTime:yyyy-MM-dd}-{name}";
        return IsName(whole) ? whole : throw Refused(name);
    }

    /// <summary>True for a name of an incident: no path, no other spelling.</summary>
    public static bool IsName(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Length is > 11 and <= 11 + Longest
            && DateOnly.TryParseExact(text.AsSpan(0, 10), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _)
            && text[10] == '-'
            && text[11..].Split('-').All(word => word.Length > 0 && word.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c)));
    }

    /// <summary>The incident that the instance of a change names: <c>ID</c>, or <c>ID/1</c>, <c>ID#1</c>, <c>ID:1</c> with a counter; null when it names none.</summary>
    public static string? OfInstance(string instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        var end = instance.AsSpan().IndexOfAny('/', '#', ':');
        var name = end < 0 ? instance : instance[..end];
        return IsName(name) ? name : null;
    }

    /// <summary>A name as it must be.</summary>
    /// <exception cref="ControlException"><c>incident-name</c>.</exception>
    public static string Require(string text) => IsName(text) ? text : throw Refused(text);

    private static ControlException Refused(string text) =>
        new("incident-name", ExitCode.BadInput, $"'{Plain.Line(text)}' is no name of an incident.", $"A name is the day and words in lower case: 2026-03-01-reward-drain, at most {Longest} characters after the day. 'agijobs incident list' names those there are.");
}
