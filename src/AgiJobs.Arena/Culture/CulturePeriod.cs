using System.Globalization;
using AgiJobs.Control;

namespace AgiJobs.Arena.Culture;

/// <summary>A stretch of time that rewards are for.</summary>
/// <param name="From">Its beginning, included.</param>
/// <param name="To">Its end, not included.</param>
/// <param name="Name">What it is called: <c>2026-W47</c> for a week.</param>
public sealed record CulturePeriod(DateTimeOffset From, DateTimeOffset To, string Name)
{
    /// <summary>Whether something at a time belongs to it.</summary>
    public bool Contains(DateTimeOffset at) => at >= From && at < To;

    /// <summary>The week (ISO 8601: from Monday 00:00 UTC) that a time is in.</summary>
    public static CulturePeriod WeekOf(DateTimeOffset at)
    {
        var day = at.UtcDateTime.Date;
        return Week(ISOWeek.GetYear(day), ISOWeek.GetWeekOfYear(day));
    }

    /// <summary>The last week that is over at a time.</summary>
    public static CulturePeriod LastWeek(DateTimeOffset now) => WeekOf(now.AddDays(-7));

    /// <summary>From a time to another.</summary>
    /// <exception cref="ControlException"><c>period-empty</c> when it ends before it begins.</exception>
    public static CulturePeriod Since(DateTimeOffset from, DateTimeOffset to) => from < to
        ? new CulturePeriod(from.ToUniversalTime(), to.ToUniversalTime(), string.Create(CultureInfo.InvariantCulture, $"{from.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}/{to.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}"))
        : throw new ControlException("period-empty", ExitCode.BadInput, string.Create(CultureInfo.InvariantCulture, $"The period from {from.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ} to {to.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ} is empty."), "Give a beginning that lies before its end.");

    /// <summary>Reads what <c>--since</c> and <c>--period</c> take: a week (<c>2026-W47</c>), or the UTC date or time from which on to now (<c>2026-11-16</c>, <c>2026-11-16T08:00:00Z</c>).</summary>
    /// <exception cref="ControlException"><c>period-format</c>, <c>period-empty</c>.</exception>
    public static CulturePeriod Parse(string text, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text is { Length: 8 } && text[4] == '-' && text[5] == 'W'
            && int.TryParse(text.AsSpan(0, 4), NumberStyles.None, CultureInfo.InvariantCulture, out var year) && year is >= 2000 and <= 9000
            && int.TryParse(text.AsSpan(6), NumberStyles.None, CultureInfo.InvariantCulture, out var week) && week >= 1 && week <= ISOWeek.GetWeeksInYear(year))
        {
            return Week(year, week);
        }

        return DateTimeOffset.TryParseExact(text, ["yyyy-MM-dd", "yyyy-MM-ddTHH:mmZ", "yyyy-MM-ddTHH:mm:ssZ"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var from)
            ? Since(from, now)
            : throw new ControlException("period-format", ExitCode.BadInput, $"'{text}' is no period.", "Write a week of the year (2026-W47), or a date or time in UTC (2026-11-16, 2026-11-16T08:00:00Z).");
    }

    private static CulturePeriod Week(int year, int week)
    {
        var monday = new DateTimeOffset(ISOWeek.ToDateTime(year, week, DayOfWeek.Monday), TimeSpan.Zero);
        return new CulturePeriod(monday, monday.AddDays(7), string.Create(CultureInfo.InvariantCulture, $"{year:d4}-W{week:d2}"));
    }
}
