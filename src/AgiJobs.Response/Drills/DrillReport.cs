using System.Globalization;
using System.Text;

namespace AgiJobs.Response.Drills;

/// <summary>One thing that a drill claims and whether it held.</summary>
/// <param name="Claim">The claim, in one sentence.</param>
/// <param name="Held">True only when it was seen to hold.</param>
/// <param name="Detail">What was seen.</param>
/// <param name="Command">The command that was run, if one was.</param>
/// <param name="Took">How long it took.</param>
public sealed record DrilledClaim(string Claim, bool Held, string Detail, string? Command, TimeSpan Took);

/// <summary>A drill from its first to its last claim.</summary>
/// <param name="Name">The drill's name.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="Took">How long it took in all.</param>
/// <param name="Claims">What it claimed, in order.</param>
/// <param name="PauseTook">From the start of the pause command to its end, with the pause mined and verified; null when it did not come so far.</param>
/// <param name="PauseBlocks">Blocks from the newest one when the pause command started to the one that holds the pause.</param>
/// <param name="ResumeTook">The same for the resume, signatures not counted.</param>
/// <param name="Ground">Where it took place, in words: <c>a throw-away network (chain 31337)</c>.</param>
public sealed record DrillReport(string Name, DateTimeOffset StartedAt, TimeSpan Took, IReadOnlyList<DrilledClaim> Claims, TimeSpan? PauseTook, ulong? PauseBlocks, TimeSpan? ResumeTook, string Ground = "a throw-away network (chain 31337)")
{
    /// <summary>True when every claim held.</summary>
    public bool Held => Claims.Count > 0 && Claims.All(claim => claim.Held);

    /// <summary>The report as Markdown.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        Line($"# Drill: {Name}");
        Line();
        Line($"{(Held ? "Every claim held." : $"{Claims.Count(claim => !claim.Held)} of {Claims.Count} claims DID NOT HOLD.")} Started {StartedAt:yyyy-MM-dd HH:mm:ss} UTC, took {Seconds(Took)}, on {Ground}.");
        Line();
        Line($"- Pause, from command to verified: {(PauseTook is { } pause ? Seconds(pause) : "not reached")}{(PauseBlocks is { } blocks ? string.Create(CultureInfo.InvariantCulture, $", mined {blocks} block(s) after the command started") : "")}");
        Line($"- Resume, from the last command to verified: {(ResumeTook is { } resume ? Seconds(resume) : "not reached")}");
        Line();
        Line("| # | claim | held | seen | time |");
        Line("|---|---|---|---|---|");
        foreach (var (claim, number) in Claims.Select((claim, index) => (claim, index + 1)))
        {
            Line(string.Create(CultureInfo.InvariantCulture, $"| {number} | {claim.Claim} | {(claim.Held ? "yes" : "**NO**")} | {Cell(claim.Detail)}{(claim.Command is null ? "" : $" `{claim.Command}`")} | {Seconds(claim.Took)} |"));
        }

        return text.ToString();

        void Line(string line = "") => text.Append(line).Append('\n');
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ");

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture) + " s";
}
