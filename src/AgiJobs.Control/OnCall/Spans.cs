using System.Globalization;

namespace AgiJobs.Control.OnCall;

/// <summary>Lengths of time as files and commands write them: <c>30s</c>, <c>5m</c>, <c>2h</c>, <c>1d</c>.</summary>
public static class Spans
{
    /// <summary>Reads one, from 0 s to 366 days; null for anything else.</summary>
    public static TimeSpan? Parse(string? text) =>
        text is { Length: > 1 and <= 10 } && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
        && (text[^1] switch { 's' => 1L, 'm' => 60, 'h' => 3600, 'd' => 86_400, _ => 0 }) is > 0 and var unit && count * unit <= 366L * 86_400
            ? TimeSpan.FromSeconds(count * unit)
            : null;

    /// <summary>Writes one in its largest whole unit.</summary>
    public static string Format(TimeSpan span) => (long)span.TotalSeconds is var seconds && seconds % 86_400 == 0 && seconds > 0 ? string.Create(CultureInfo.InvariantCulture, $"{seconds / 86_400}d")
        : seconds % 3600 == 0 && seconds > 0 ? string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600}h")
        : seconds % 60 == 0 && seconds > 0 ? string.Create(CultureInfo.InvariantCulture, $"{seconds / 60}m")
        : string.Create(CultureInfo.InvariantCulture, $"{seconds}s");
}
