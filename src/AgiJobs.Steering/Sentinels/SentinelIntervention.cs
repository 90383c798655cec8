using System.Globalization;
using AgiJobs.Hgm.Runs;

namespace AgiJobs.Steering.Sentinels;

/// <summary>What the sentinel did, or people told it, in words.</summary>
/// <param name="Kind">The event's name in the run's JSON without <c>sentinel-</c>: held, released, pruned, spared, stopped, acknowledged, overridden, override-ended, topped-up, set.</param>
/// <param name="Severity">info, warning or critical.</param>
/// <param name="Rule">The rule; null where there is none.</param>
/// <param name="Agent">The agent; null where there is none.</param>
/// <param name="Message">What happened.</param>
/// <param name="Detail">With which numbers, or by whom and why.</param>
public sealed record SentinelIntervention(string Kind, string Severity, string? Rule, int? Agent, string Message, string Detail)
{
    /// <summary>An event as an intervention; null when it is none.</summary>
    public static SentinelIntervention? Of(RunEvent happened) => happened switch
    {
        SentinelHeld held => new("held", "warning", held.Rule, null, $"Sentinel paused expansions ({held.Rule})", held.Detail),
        SentinelReleased released => new("released", "info", released.Rule, null, $"Sentinel resumed expansions ({released.Rule})", released.Detail),
        SentinelPruned pruned => new("pruned", "critical", "failure_streak", pruned.Agent, string.Create(CultureInfo.InvariantCulture, $"Agent {pruned.Agent} pruned after {pruned.Failures} consecutive failures"), ""),
        SentinelSpared spared => new("spared", "critical", "failure_streak", spared.Agent, string.Create(CultureInfo.InvariantCulture, $"Agent {spared.Agent} has failed {spared.Failures} times in a row and is kept: no other can be evaluated"), ""),
        SentinelStopped stopped => new("stopped", "critical", stopped.Rule, null, $"Sentinel stopped the run ({stopped.Rule})", stopped.Detail),
        SentinelAcknowledged seen => new("acknowledged", "info", seen.Rule, null, $"{seen.Rule} was acknowledged", seen.Reason),
        SentinelOverridden overridden => new("overridden", "warning", overridden.Rule, null, $"{overridden.Rule} is overridden until {overridden.Until.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}", overridden.Reason),
        SentinelOverrideEnded ended => new("override-ended", "info", ended.Rule, null, $"The override of {ended.Rule} is over", ended.Reason),
        BudgetToppedUp raised => new("topped-up", "info", null, null, $"The budget was raised by {raised.Amount}", raised.Reason),
        SentinelSet set => new("set", "info", null, null, "The sentinel's settings were set", set.Reason),
        _ => null,
    };
}
