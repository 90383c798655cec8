using System.Globalization;
using System.Text;

namespace AgiJobs.Response.Drills;

/// <summary>One thing that a drill claims and whether it held.</summary>
/// <param name="Claim">The claim, in one sentence.</param>
/// <param name="Held">True only when it was seen to hold.</param>
/// <param name="Detail">What was seen.</param>
/// <param name="Command">The command that was run, if one was.</param>
/// <param name="Took">How long it took.</param>
public sealed record DrilledClaim(string Claim, bool Held, string Detail, string? Command, TimeSpan Took)
{
    /// <summary>The part of the drill that it belongs to, in words; null in a drill without parts.</summary>
    public string? Part { get; init; }
}

/// <summary>How long one act of a drill took.</summary>
/// <param name="Took">From the start of the command's process to its end, with what it sent mined and verified.</param>
/// <param name="Blocks">Blocks from the newest one when the command started to the one that holds it; null where that was not measured.</param>
public sealed record DrillTiming(TimeSpan Took, ulong? Blocks)
{
    /// <summary>In words: <c>0.91 s from command to verified, mined in the next block</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Took.TotalSeconds:0.00} s from command to verified{Blocks switch { null => "", 1 => ", mined in the next block", var blocks => $", mined {blocks} blocks later" }}");
}

/// <summary>A drill from its first to its last claim.</summary>
/// <param name="Name">The drill's name.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="Took">How long it took in all.</param>
/// <param name="Claims">What it claimed, in order.</param>
/// <param name="Pause">The pause; null when it did not come so far.</param>
/// <param name="Resume">The resume from its last command on, signatures not counted; null when it did not come so far.</param>
/// <param name="Ground">Where it took place, in words: <c>a throw-away network (chain 31337)</c>.</param>
public sealed record DrillReport(string Name, DateTimeOffset StartedAt, TimeSpan Took, IReadOnlyList<DrilledClaim> Claims, DrillTiming? Pause, DrillTiming? Resume, string Ground = "a throw-away network (chain 31337)")
{
    /// <summary>The firing of a pause that was signed in advance; null when the drill has none or did not come so far.</summary>
    public DrillTiming? Fire { get; init; }

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
        Line($"- Pause: {Said(Pause)}");
        if (Fire is not null || string.Equals(Name, "pause", StringComparison.Ordinal))
        {
            Line($"- Armed pause, fired: {Said(Fire)}");
        }

        Line($"- Resume, its last command: {Said(Resume)}");
        string? part = null;
        foreach (var (claim, number) in Claims.Select((claim, index) => (claim, index + 1)))
        {
            if (number == 1 || !string.Equals(part, claim.Part, StringComparison.Ordinal))
            {
                part = claim.Part;
                Line();
                if (part is not null)
                {
                    Line($"## {part}");
                    Line();
                }

                Line("| # | claim | held | seen | time |");
                Line("|---|---|---|---|---|");
            }

            Line(string.Create(CultureInfo.InvariantCulture, $"| {number} | {claim.Claim} | {(claim.Held ? "yes" : "**NO**")} | {Cell(claim.Detail)}{(claim.Command is null ? "" : $" `{claim.Command}`")} | {Seconds(claim.Took)} |"));
        }

        return text.ToString();

        void Line(string line = "") => text.Append(line).Append('\n');
    }

    private static string Said(DrillTiming? timing) => timing?.ToString() ?? "not reached";

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ");

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture) + " s";
}
