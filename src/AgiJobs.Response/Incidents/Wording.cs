using System.Text.RegularExpressions;
using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Incidents;

/// <summary>Approved words for the public. What is filled in comes from the program or is checked against what the program knows, so that nobody's own words get into an approved text.</summary>
public static partial class Wording
{
    /// <summary>Fills a wording in.</summary>
    /// <param name="settings">The wordings.</param>
    /// <param name="name">Which.</param>
    /// <param name="state">The incident.</param>
    /// <param name="modules">The modules to name; none for the whole protocol.</param>
    /// <param name="known">The modules that there are.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="ControlException"><c>wording-unknown</c>, <c>wording-module</c>, <c>wording-placeholder</c>.</exception>
    public static string Fill(IncidentsFile settings, string name, IncidentState state, IReadOnlyList<string> modules, IReadOnlyList<string> known, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(modules);
        var wording = settings.Wordings.FirstOrDefault(wording => string.Equals(wording.Name, name, StringComparison.Ordinal))
            ?? throw new ControlException("wording-unknown", ExitCode.BadInput, $"There is no approved wording '{Plain.Line(name)}'.", $"There are {string.Join(", ", settings.Wordings.Select(wording => wording.Name))}; more stand in config/incidents.json.");
        if (modules.FirstOrDefault(module => !known.Contains(module, StringComparer.Ordinal)) is { } odd)
        {
            throw new ControlException("wording-module", ExitCode.BadInput, $"'{Plain.Line(odd)}' is no module of the protocol.", $"There are {string.Join(", ", known)}.");
        }

        return Placeholder().Replace(wording.Text, match => match.Groups["name"].Value switch
        {
            "network" => state.Network,
            "modules" => modules.Count == 0 ? "the protocol" : string.Join(", ", modules),
            "severity" => state.Severity.Name(),
            "since" => $"{(state.DetectedAt ?? state.Opened.At).UtcDateTime:yyyy-MM-dd HH:mm}",
            "next" => $"{now.AddMinutes(settings.UpdateMinutes!.Value).UtcDateTime:yyyy-MM-dd HH:mm}",
            var other => throw new ControlException("wording-placeholder", ExitCode.BadInput, $"The wording '{name}' has the placeholder '{{{Plain.Line(other)}}}', which nothing fills in.", "Use network, modules, severity, since or next."),
        });
    }

    [GeneratedRegex("""\{(?<name>[^{}]*)\}""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Placeholder();
}
