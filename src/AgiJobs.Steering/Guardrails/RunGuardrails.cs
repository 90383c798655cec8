using System.Globalization;
using AgiJobs.Hgm.Runs;

namespace AgiJobs.Steering.Guardrails;

/// <summary>What is asked of a run and of records besides what they are worth.</summary>
public static class RunGuardrails
{
    /// <summary>Whether the run has a sentinel that holds, stops and is told to overlook nothing.</summary>
    /// <param name="run">The run; null when none is recorded.</param>
    /// <param name="name">Its name.</param>
    public static Guardrail Sentinel(RunState? run, string? name)
    {
        var sentinel = run?.Sentinel;
        var found = sentinel is null ? "unknown: no run is recorded"
            : sentinel.Settings is null ? "unknown: the run has no sentinel"
            : sentinel.Stop is { } stop ? $"stopped: {stop.Detail}"
            : sentinel.Holds is [var hold, ..] ? $"{hold.Rule} holds expansions: {hold.Detail}"
            : sentinel.Overrides is [var set, ..] ? $"{set.Rule} is overridden until {set.Until.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}"
            : "holds nothing";
        bool? isQuiet = sentinel?.Settings is null ? null : sentinel is { Stop: null, Holds: [], Overrides: [] };
        return new Guardrail("sentinel", Guardrail.Of(isQuiet), found, "a sentinel that holds, stops and is told to overlook nothing", $"agijobs sentinel snapshot {name ?? "RUN"}");
    }

    /// <summary>Whether the newest record is young enough. Nothing recorded is not known to be.</summary>
    /// <param name="name">The guardrail's name.</param>
    /// <param name="newest">When the newest record was made; null when there is none.</param>
    /// <param name="now">The time.</param>
    /// <param name="most">How old it may be.</param>
    /// <param name="mend">What makes a new one.</param>
    public static Guardrail Fresh(string name, DateTimeOffset? newest, DateTimeOffset now, TimeSpan most, string mend) => new(
        name,
        Guardrail.Of(newest is { } at ? now - at <= most : null),
        newest is { } told ? $"newest record at {told.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}" : "unknown: nothing is recorded",
        string.Create(CultureInfo.InvariantCulture, $"not older than {most.TotalHours:0} h"),
        mend);
}
