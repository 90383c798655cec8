using System.Text.Json.Serialization;

namespace AgiJobs.Control.Workspaces;

/// <summary>
/// What has to hold all the time, and how it is asked: <c>config/controls.NAME.json</c> of a network, else <c>config/controls.json</c> of all of them, else the catalogue that ships. A file stands in the
/// place of the shipped one as a whole.
/// </summary>
public sealed record ControlsFile
{
    /// <summary>The JSON Schema that an editor holds the file against; nothing is read from it.</summary>
    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The controls, in the order in which they are asked.</summary>
    public required IReadOnlyList<ControlEntry> Controls { get; init; }

    /// <summary>What no schema can say: each with its place in the file, the rule and the mend.</summary>
    public IEnumerable<(string Place, string Message, string Mend)> Problems()
    {
        if (Controls.Count == 0)
        {
            yield return ("$.controls", "there is no control: nothing would be asked, and that would look fine", "Write some, or delete the file to have those that ship.");
        }

        foreach (var (control, i) in Controls.Select((control, i) => (control, i)))
        {
            var place = $"$.controls[{i}]";
            if (control.Id.Length is 0 or > 60 || !control.Id.Split('-').All(word => word.Length > 0 && word.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c))))
            {
                yield return ($"{place}.id", $"'{control.Id}' is no name", "Write words of lower-case letters and digits with hyphens between them.");
            }

            if (Controls.Take(i).Any(other => string.Equals(other.Id, control.Id, StringComparison.Ordinal)))
            {
                yield return ($"{place}.id", $"'{control.Id}' stands twice", "Rename one of them.");
            }

            if (control.Severity is not ("SEV-0" or "SEV-1" or "SEV-2" or "SEV-3"))
            {
                yield return ($"{place}.severity", $"'{control.Severity}' is no severity", "Write SEV-0, SEV-1, SEV-2 or SEV-3.");
            }

            foreach (var (message, mend) in control.Problems())
            {
                yield return (place, message, mend);
            }
        }
    }
}

/// <summary>One control: what has to hold, how it is asked, and what mends it.</summary>
public sealed record ControlEntry
{
    /// <summary>The queries that there are, with the limits that each takes and whether it takes names.</summary>
    public static IReadOnlyDictionary<string, (IReadOnlyList<string> Limits, bool TakesNames)> Queries { get; } = new SortedDictionary<string, (IReadOnlyList<string>, bool)>(StringComparer.Ordinal)
    {
        ["backup-age"] = (["maxAgeHours"], false),
        ["channels-tested"] = (["maxAgeDays"], false),
        ["drill-cadence"] = (["maxAgeDays"], true),
        ["evidence-log"] = ([], false),
        ["monitors-at-work"] = (["minMonitors"], false),
        ["pending-changes"] = (["maxAgeDays"], false),
        ["rpc-endpoints"] = (["minEndpoints"], false),
        ["rules-in-force"] = ([], true),
        ["safe-quorum"] = (["minSigners", "minThresholdPercent"], false),
        ["separation-of-duties"] = (["maxWithBoth"], false),
    };

    /// <summary>The commands that a control may ask: they look and change nothing, and their exit is 0 only when all is well.</summary>
    public static IReadOnlyList<string> Commands { get; } =
        ["config lint", "duty list", "incident follow-up list", "monitoring breakers", "monitoring check", "monitoring plan", "monitoring status", "oncall check", "owner armory check", "owner doctor", "owner leases"];

    /// <summary>Its name, kebab case.</summary>
    public required string Id { get; init; }

    /// <summary>How bad it is when it does not hold: <c>SEV-0</c> to <c>SEV-3</c>.</summary>
    public required string Severity { get; init; }

    /// <summary>What holds, in plain words.</summary>
    public required string Says { get; init; }

    /// <summary>What asks for it: items of checklists, requirements, playbooks.</summary>
    public IReadOnlyList<string> Maps { get => field ?? []; init; }

    /// <summary>The query that answers it; absent when a command does.</summary>
    public string? Query { get; init; }

    /// <summary>The command that answers it, without <c>agijobs</c>; absent when a query does.</summary>
    public string? Command { get; init; }

    /// <summary>The query's limits by their keys.</summary>
    public IReadOnlyDictionary<string, int> Limits { get => field ?? new Dictionary<string, int>(StringComparer.Ordinal); init; }

    /// <summary>What the query is to find, by name: rules, drills.</summary>
    public IReadOnlyList<string> Names { get => field ?? []; init; }

    /// <summary>The command that mends it.</summary>
    public required string Mend { get; init; }

    /// <summary>What is wrong with it besides its name and severity.</summary>
    internal IEnumerable<(string Message, string Mend)> Problems()
    {
        if ((Query is null) == (Command is null))
        {
            yield return ($"'{Id}' has {(Query is null ? "neither a query nor" : "both a query and")} a command: what answers it is in doubt", "Write one of \"query\" and \"command\".");
        }
        else if (Command is { } command)
        {
            if (!Commands.Contains(command, StringComparer.Ordinal))
            {
                yield return ($"'{command}' is no command that a control may ask", $"Write one of {string.Join(", ", Commands)}.");
            }

            if (Limits.Count > 0 || Names.Count > 0)
            {
                yield return ($"'{Id}' asks a command, which takes no limits and no names here", "Leave \"limits\" and \"names\" out.");
            }
        }
        else if (!Queries.TryGetValue(Query!, out var query))
        {
            yield return ($"there is no query '{Query}'", $"Write one of {string.Join(", ", Queries.Keys)}.");
        }
        else
        {
            foreach (var missing in query.Limits.Where(key => !Limits.ContainsKey(key)))
            {
                yield return ($"'{Query}' has no limit {missing}", $"Write \"limits\": {{ \"{missing}\": NUMBER }}.");
            }

            foreach (var (key, value) in Limits.OrderBy(entry => entry.Key, StringComparer.Ordinal))
            {
                if (!query.Limits.Contains(key, StringComparer.Ordinal))
                {
                    yield return ($"'{Query}' takes no limit {key}", query.Limits.Count == 0 ? "It takes none." : $"It takes {string.Join(", ", query.Limits)}.");
                }
                else if (value < (key == "maxWithBoth" ? 0 : 1) || (key == "minThresholdPercent" && value > 100) || value > 1_000_000)
                {
                    yield return ($"{value} is no value for {key}", key == "minThresholdPercent" ? "Write 1 to 100." : $"Write {(key == "maxWithBoth" ? 0 : 1)} to 1,000,000.");
                }
            }

            if (query.TakesNames != Names.Count > 0)
            {
                yield return (query.TakesNames ? $"'{Query}' does not say what it is to find" : $"'{Query}' takes no names", query.TakesNames ? "Write \"names\": [...]." : "Leave \"names\" out.");
            }
        }
    }
}
