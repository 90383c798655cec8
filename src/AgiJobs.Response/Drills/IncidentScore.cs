using System.Globalization;

namespace AgiJobs.Response.Drills;

/// <summary>How an incident drill went, by the clocks of its runbooks.</summary>
/// <param name="Incident">The incident that was opened for it; empty when it did not come so far.</param>
/// <param name="Report">Its claims.</param>
/// <param name="ToPause">From what went wrong, mined, to the pause, mined and verified; null when it did not come so far.</param>
/// <param name="BlocksToPause">The same in blocks.</param>
/// <param name="PauseWithin">The deadline of the pause.</param>
/// <param name="Steps">How many steps of runbooks were done or skipped.</param>
/// <param name="Late">Those that were late.</param>
/// <param name="Faults">The faults that were injected, each with whether it was noticed.</param>
public sealed record IncidentScore(string Incident, DrillReport Report, TimeSpan? ToPause, ulong? BlocksToPause, TimeSpan PauseWithin, int Steps, IReadOnlyList<string> Late, IReadOnlyList<(string Fault, bool Noticed)> Faults)
{
    /// <summary>What <see cref="ToPause"/> measures, in words.</summary>
    public string Measured { get; init; } = "from the first bad block to the pause";

    /// <summary>True when every claim held, the pause came in time, nothing was late and every fault was noticed.</summary>
    public bool Held => Report.Held && ToPause <= PauseWithin && Late.Count == 0 && Faults.All(fault => fault.Noticed);

    /// <summary>The entry for the log of exercises.</summary>
    /// <param name="evidence">Where its evidence lies.</param>
    public string ToMarkdown(string evidence)
    {
        var lines = new List<string>
        {
            $"## {Report.StartedAt:yyyy-MM-dd HH:mm:ss} UTC: {Report.Name}",
            "",
            string.Create(CultureInfo.InvariantCulture, $"{(Held ? "HELD" : "DID NOT HOLD")}: {Report.Claims.Count(claim => claim.Held)} of {Report.Claims.Count} claims, on {Report.Ground}."),
            "",
            "| what | found | wanted |",
            "|---|---|---|",
            string.Create(CultureInfo.InvariantCulture, $"| {Measured} | {(ToPause is { } took ? $"{took.TotalSeconds:0.0} s, {BlocksToPause} blocks" : "not reached")} | {PauseWithin.TotalMinutes:0} min |"),
            string.Create(CultureInfo.InvariantCulture, $"| steps of runbooks | {Steps} done or skipped, {Late.Count} late{(Late.Count > 0 ? $": {string.Join(", ", Late)}" : "")} | none late |"),
            string.Create(CultureInfo.InvariantCulture, $"| faults noticed | {Faults.Count(fault => fault.Noticed)} of {Faults.Count} | all |"),
            "",
        };
        lines.AddRange(Faults.Select(fault => $"- fault: {fault.Fault}: {(fault.Noticed ? "noticed" : "NOT NOTICED")}"));
        lines.AddRange(Report.Claims.Where(claim => !claim.Held).Select(claim => $"- to improve: {claim.Claim}: {claim.Detail}"));
        lines.Add($"- evidence: {evidence}");
        lines.Add("");
        return string.Join('\n', lines) + "\n";
    }
}
