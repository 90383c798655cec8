using System.Globalization;

namespace AgiJobs.Control.OnCall;

/// <summary>Who is on call, and until when.</summary>
/// <param name="Person">Who.</param>
/// <param name="Until">When somebody else takes over, to the minute; null when nobody does within eight days.</param>
/// <param name="IsOverride">Whether it is by an override.</param>
public sealed record OnDuty(string Person, DateTimeOffset? Until, bool IsOverride);

/// <summary>
/// A rotation that can be asked who is on call. Hand-overs are by the wall clock of its time zone: where the clock goes back, the hour that comes twice counts once; where it goes forward, a hand-over in the hour that is
/// left out is at its end. Immutable.
/// </summary>
public sealed class Rota
{
    private const int WeekMinutes = 7 * 1440;

    private static readonly TimeSpan Ahead = TimeSpan.FromDays(8);

    private readonly RotationFile _file;
    private readonly TimeZoneInfo _zone;
    private readonly DateTime _begin;
    private readonly int _days;
    private readonly int[] _watchOf;
    private readonly IReadOnlyList<IReadOnlyList<string>> _people;

    private Rota(RotationFile file, TimeZoneInfo zone, DateTime begin, int days, int[] watchOf, IReadOnlyList<IReadOnlyList<string>> people) => (_file, _zone, _begin, _days, _watchOf, _people) = (file, zone, begin, days, watchOf, people);

    /// <summary>The rotation's name.</summary>
    public string Name => _file.Name;

    /// <summary>Reads a rotation; what is contradictory in it is told, each with its code, words and mend.</summary>
    public static (Rota? Rota, IReadOnlyList<(string Code, string Message, string Mend)> Problems) Read(RotationFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        var problems = new List<(string, string, string)>();
        var name = file.Name;
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(file.TimeZone, out var zone))
        {
            problems.Add(("rotation-zone", $"the rotation '{name}' is in the time zone '{file.TimeZone}', which this machine does not know", "Name one of the time zone database, such as UTC or Europe/Zurich; the Debian package is tzdata."));
        }

        if (!DateOnly.TryParseExact(file.Start, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var start))
        {
            problems.Add(("rotation-start", $"the rotation '{name}' starts on '{file.Start}', which is no date", "Write it as 2026-11-23."));
        }

        if (Minute(file.HandOver) is null)
        {
            problems.Add(("rotation-hour", $"the rotation '{name}' hands over at '{file.HandOver}', which is no time of day", "Write it as 09:00."));
        }

        if (file.Shift is not ("weekly" or "daily"))
        {
            problems.Add(("rotation-shift", $"the rotation '{name}' has shifts '{file.Shift}'", "Write weekly or daily."));
        }

        if (file.People.Count > 0 == file.Watches.Count > 0)
        {
            problems.Add(("rotation-people", $"the rotation '{name}' has {(file.People.Count > 0 ? "people and watches" : "nobody")}", "Give either people, or watches with people of their own."));
        }

        var watchOf = new int[WeekMinutes];
        if (file.Watches.Count > 0)
        {
            Cover(file, watchOf, problems);
        }

        var overrides = file.Overrides.OrderBy(one => one.From).ToList();
        for (var i = 0; i < overrides.Count; i++)
        {
            if (overrides[i].To <= overrides[i].From)
            {
                problems.Add(("override-empty", $"the rotation '{name}' has an override of {overrides[i].Person} that ends at {overrides[i].To:yyyy-MM-dd HH:mm}, before it begins", "Give it an end behind its beginning."));
            }
            else if (i > 0 && overrides[i].From < overrides[i - 1].To)
            {
                problems.Add(("override-overlap", $"the rotation '{name}' has overrides of {overrides[i - 1].Person} and {overrides[i].Person} at the same time, from {overrides[i].From:yyyy-MM-dd HH:mm zzz}", "Let one end when the other begins: one person is on call at any moment."));
            }
        }

        return problems.Count > 0 ? (null, problems)
            : (new Rota(file, zone!, start.ToDateTime(TimeOnly.MinValue).AddMinutes(Minute(file.HandOver)!.Value), file.Shift is "daily" ? 1 : 7, watchOf, file.Watches.Count > 0 ? [.. file.Watches.Select(watch => watch.People)] : [file.People]), problems);
    }

    /// <summary>Everybody whom it names, once each.</summary>
    public static IReadOnlyList<string> PeopleOf(RotationFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        return [.. file.People.Concat(file.Watches.SelectMany(watch => watch.People)).Concat(file.Overrides.Select(one => one.Person)).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Who is on call at a moment.</summary>
    public string PersonAt(DateTimeOffset at) => _file.Overrides.FirstOrDefault(one => one.From <= at && at < one.To)?.Person ?? Regular(at);

    /// <summary>Who is on call at a moment, and until when.</summary>
    public OnDuty At(DateTimeOffset at)
    {
        var person = PersonAt(at);
        var isOverride = _file.Overrides.Any(one => one.From <= at && at < one.To);
        var step = TimeSpan.FromMinutes(15);
        var whole = new DateTimeOffset(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerMinute), TimeSpan.Zero);
        for (var look = whole; look <= at + Ahead; look += step)
        {
            if (!string.Equals(PersonAt(look + step), person, StringComparison.Ordinal))
            {
                var change = look + TimeSpan.FromMinutes(1);
                while (string.Equals(PersonAt(change), person, StringComparison.Ordinal))
                {
                    change += TimeSpan.FromMinutes(1);
                }

                return new OnDuty(person, change, isOverride);
            }
        }

        return new OnDuty(person, null, isOverride);
    }

    private string Regular(DateTimeOffset at)
    {
        var local = Wall(at);
        // Turns change at the hand-over; a watch that goes over it goes on with whom it began.
        var minute = MinuteOfWeek(local);
        var people = _people[_watchOf[minute]];
        var turn = (long)Math.Floor((local - _begin).TotalDays / _days);
        return people[(int)(((turn % people.Count) + people.Count) % people.Count)];
    }

    private DateTime Wall(DateTimeOffset at)
    {
        var shown = TimeZoneInfo.ConvertTime(at, _zone);
        var local = shown.DateTime;
        if (_zone.IsAmbiguousTime(local) && shown.Offset == _zone.GetAmbiguousTimeOffsets(local).Min())
        {
            // The second time round: whoever took over the first time stays.
            var end = local;
            while (_zone.IsAmbiguousTime(end))
            {
                end = end.AddMinutes(1);
            }

            return new DateTime(end.Ticks - (end.Ticks % TimeSpan.TicksPerMinute) - 1, DateTimeKind.Unspecified);
        }

        return local;
    }

    private static int MinuteOfWeek(DateTime local) => ((int)local.DayOfWeek * 1440) + (local.Hour * 60) + local.Minute;

    private static void Cover(RotationFile file, int[] watchOf, List<(string, string, string)> problems)
    {
        Array.Fill(watchOf, -1);
        for (var index = 0; index < file.Watches.Count; index++)
        {
            var watch = file.Watches[index];
            if (Minute(watch.From) is not { } from || Minute(watch.To) is not { } to)
            {
                problems.Add(("rotation-hour", $"the rotation '{file.Name}' has a watch from '{watch.From}' to '{watch.To}', which are no times of day", "Write them as 08:00."));
                return;
            }

            var days = new List<DayOfWeek>();
            foreach (var day in watch.Days)
            {
                if (!Enum.TryParse<DayOfWeek>(day, ignoreCase: true, out var known) || char.IsAsciiDigit(day[0]))
                {
                    problems.Add(("rotation-day", $"the rotation '{file.Name}' has a watch on '{day}', which is no day of the week", "Write monday to sunday."));
                    return;
                }

                days.Add(known);
            }

            if (watch.People.Count == 0)
            {
                problems.Add(("rotation-people", $"the rotation '{file.Name}' has a watch from {watch.From} to {watch.To} with nobody", "Name its people."));
                return;
            }

            var length = to > from ? to - from : 1440 - from + to;
            foreach (var day in days.Count > 0 ? days : [.. Enum.GetValues<DayOfWeek>()])
            {
                for (var minute = 0; minute < length; minute++)
                {
                    ref var slot = ref watchOf[(((int)day * 1440) + from + minute) % WeekMinutes];
                    if (slot >= 0)
                    {
                        problems.Add(("rotation-overlap", $"the rotation '{file.Name}' has two watches at the same time, on {Words((((int)day * 1440) + from + minute) % WeekMinutes)}", "Let one end when the other begins: one person is on call at any moment."));
                        return;
                    }

                    slot = index;
                }
            }
        }

        if (Array.IndexOf(watchOf, -1) is >= 0 and var gap)
        {
            problems.Add(("rotation-gap", $"the rotation '{file.Name}' has nobody on call on {Words(gap)}", "Let the watches cover the whole week, each minute once."));
        }
    }

    private static string Words(int minute) => string.Create(CultureInfo.InvariantCulture, $"{(DayOfWeek)(minute / 1440)} at {minute % 1440 / 60:00}:{minute % 60:00}");

    private static int? Minute(string text) => TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? (time.Hour * 60) + time.Minute : null;
}
