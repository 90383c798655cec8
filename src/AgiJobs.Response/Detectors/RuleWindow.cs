using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Control.Description;

namespace AgiJobs.Response.Detectors;

/// <summary>How far back something counts: so many blocks, the one at hand included, or so much time of the chain.</summary>
/// <param name="Blocks">Blocks; null when it is time.</param>
/// <param name="Seconds">Seconds; null when it is blocks.</param>
internal sealed record RuleWindow(ulong? Blocks, long? Seconds)
{
    private static readonly Dictionary<string, int> NoTokens = new(StringComparer.Ordinal);

    /// <summary>Whether what was at a place does not count any more at another.</summary>
    public bool IsOver(ulong block, long seconds, ulong atBlock, long atSeconds) =>
        Blocks is { } blocks ? atBlock >= block && atBlock - block >= blocks : atSeconds - seconds > Seconds;

    /// <summary>In words.</summary>
    public override string ToString() => Blocks is { } blocks
        ? string.Create(CultureInfo.InvariantCulture, $"{blocks} {(blocks == 1 ? "block" : "blocks")}")
        : Unit.Of("seconds", NoTokens).Format(Seconds!.Value);

    /// <summary>Reads <c>100 blocks</c>, <c>1 hour</c>.</summary>
    /// <exception cref="ControlException"><c>rule-window</c>.</exception>
    public static RuleWindow Parse(string text)
    {
        var words = text.Split(' ');
        if (words is [var count, "block" or "blocks"] && ulong.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var blocks) && blocks is > 0 and <= 100_000_000)
        {
            return new RuleWindow(blocks, null);
        }

        try
        {
            var seconds = Unit.Of("seconds", NoTokens).Parse(text).AsInteger();
            if (seconds > 0 && seconds <= 10L * 366 * 86_400)
            {
                return new RuleWindow(null, (long)seconds);
            }
        }
        catch (ControlException)
        {
            // Said below, with both forms.
        }

        throw new ControlException("rule-window", ExitCode.BadInput, $"'{text}' is no window.", "Write it as 100 blocks, or as 90 seconds, 10 minutes, 1 hour, 2 days; more than nothing and at most ten years.");
    }
}
