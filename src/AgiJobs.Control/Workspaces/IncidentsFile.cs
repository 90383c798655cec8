using System.Text.Json.Serialization;

namespace AgiJobs.Control.Workspaces;

/// <summary>How incidents are run: <c>config/incidents.json</c> for every network, <c>config/incidents.NAME.json</c> in its place for one. Absent, and each member that is absent, is as the incident playbooks say.</summary>
public sealed record IncidentsFile
{
    /// <summary>The JSON Schema that an editor holds the file against; nothing is read from it.</summary>
    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>Minutes between updates of a SEV-0 or SEV-1; 1 to 15, 15 when absent.</summary>
    public int? UpdateMinutes { get => field ?? 15; init; }

    /// <summary>Minutes to the disclosure of a compromised key; 1 to 60, 60 when absent.</summary>
    public int? DisclosureMinutes { get => field ?? 60; init; }

    /// <summary>Hours from the resolution to the complete review; 1 to 48, 48 when absent.</summary>
    public int? ReviewHours { get => field ?? 48; init; }

    /// <summary>What the status page is called; <c>AGI Jobs status</c> when absent.</summary>
    public string? StatusTitle { get => field ?? "AGI Jobs status"; init; }

    /// <summary>Wordings for the public that are approved by standing here; the program's own when absent.</summary>
    public IReadOnlyList<WordingEntry> Wordings { get => field ?? Approved; init; }

    /// <summary>What is done again and again; the playbooks' calendar when absent.</summary>
    public IReadOnlyList<DutyEntry> Calendar { get => field ?? Duties; init; }

    /// <summary>What cannot be, with its place; null when nothing.</summary>
    public (string Place, string Message, string Mend)? Problem() =>
        UpdateMinutes is < 1 or > 15 ? ("$.updateMinutes", $"{UpdateMinutes} is not 1 to 15.", "The playbooks demand an update every 15 minutes at least; it may be more often.")
        : DisclosureMinutes is < 1 or > 60 ? ("$.disclosureMinutes", $"{DisclosureMinutes} is not 1 to 60.", "The playbooks demand the disclosure within an hour.")
        : ReviewHours is < 1 or > 48 ? ("$.reviewHours", $"{ReviewHours} is not 1 to 48.", "The playbooks demand the review within 48 hours.")
        : Wordings.GroupBy(wording => wording.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice ? ("$.wordings", $"'{twice.Key}' stands twice.", "Rename one of them.")
        : Calendar.GroupBy(duty => duty.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } same ? ("$.calendar", $"'{same.Key}' stands twice.", "Rename one of them.")
        : Calendar.FirstOrDefault(duty => duty.Every is not ("month" or "quarter" or "year" or "release")) is { } odd ? ("$.calendar", $"'{odd.Name}' is done every '{odd.Every}', which is no period.", "Write month, quarter, year or release.")
        : Calendar.Select(duty => duty.Name).Concat(Wordings.Select(wording => wording.Name)).FirstOrDefault(name => !IsName(name)) is { } bad ? ("$", $"'{bad}' is no name.", "Write words of lower-case letters and digits with hyphens between them.")
        : null;

    private static IReadOnlyList<WordingEntry> Approved { get; } =
    [
        new() { Name = "investigating", Text = "We are investigating a report about {modules} on {network} since {since} UTC. The next update follows by {next} UTC." },
        new() { Name = "paused", Text = "As a precaution, {modules} on {network} is paused while we investigate. Funds that are held stay where they are. The next update follows by {next} UTC." },
        new() { Name = "mitigating", Text = "The cause of the disturbance of {modules} on {network} is known and is being dealt with. The next update follows by {next} UTC." },
        new() { Name = "key-compromise", Text = "A key that is used to administer {modules} on {network} is compromised. Its powers are being moved to another multisig and the protocol is paused meanwhile. Users need not act. The next update follows by {next} UTC." },
        new() { Name = "resolved", Text = "The disturbance of {modules} on {network} is over. A review will follow." },
    ];

    private static IReadOnlyList<DutyEntry> Duties { get; } =
    [
        new() { Name = "tabletop", Every = "quarter", Title = "tabletop exercise: pause and rotation, reward drain, mass slashing", Command = "agijobs drill run pause-and-rotation" },
        new() { Name = "audit", Every = "year", Title = "independent audit of contracts and owner controls" },
        new() { Name = "metrics-review", Every = "month", Title = "review of the metrics of changes and incidents", Command = "agijobs incident metrics" },
        new() { Name = "runbook-review", Every = "release", Title = "review of the runbooks alongside the tagged release" },
    ];

    private static bool IsName(string name) => name.Length is > 0 and <= 60 && name.Split('-').All(word => word.Length > 0 && word.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c)));
}

/// <summary>A wording for the public.</summary>
public sealed record WordingEntry
{
    /// <summary>Its name, kebab case.</summary>
    public required string Name { get; init; }

    /// <summary>The text; <c>{network}</c>, <c>{modules}</c>, <c>{severity}</c>, <c>{since}</c> and <c>{next}</c> are filled in by the program.</summary>
    public required string Text { get; init; }
}

/// <summary>Something that is done again and again.</summary>
public sealed record DutyEntry
{
    /// <summary>Its name, kebab case.</summary>
    public required string Name { get; init; }

    /// <summary>How often: <c>month</c>, <c>quarter</c>, <c>year</c>, <c>release</c>.</summary>
    public required string Every { get; init; }

    /// <summary>What it is.</summary>
    public required string Title { get; init; }

    /// <summary>The command that does it or helps to; absent when people do it without one.</summary>
    public string? Command { get; init; }
}
