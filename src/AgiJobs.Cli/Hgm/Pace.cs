using System.Globalization;
using AgiJobs.Control;

namespace AgiJobs.Cli.Hgm;

/// <summary>The least time between committed results, as people write it.</summary>
internal static class Pace
{
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <summary>Reads <c>250ms</c> or <c>2s</c>; null for nothing.</summary>
    /// <exception cref="ControlException"><c>pace-format</c>.</exception>
    public static TimeSpan? Of(string? text)
    {
        if (text is null)
        {
            return null;
        }

        var unit = text.EndsWith("ms", StringComparison.Ordinal) ? "ms" : text.EndsWith('s') ? "s" : "";
        return unit.Length > 0 && int.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && TimeSpan.FromMilliseconds((long)count * (unit is "s" ? 1000 : 1)) is var pace && pace <= Longest
            ? pace
            : throw new ControlException("pace-format", ExitCode.BadInput, $"--pace '{text}' is no time of at most an hour.", "Write it as 250ms or 2s.");
    }
}
