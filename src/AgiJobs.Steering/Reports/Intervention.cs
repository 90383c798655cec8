using System.Globalization;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Runs;
using AgiJobs.Steering.Sentinels;

namespace AgiJobs.Steering.Reports;

/// <summary>Something that was done to a run: by the thermostat, the sentinel or people, and not by its policy.</summary>
/// <param name="Version">The number of its event, from 1.</param>
/// <param name="Evaluations">How many evaluations were charged then.</param>
/// <param name="At">When.</param>
/// <param name="Kind">What kind, for its mark: <c>parameters</c>, <c>shut</c>, <c>open</c>, <c>pruned</c>, <c>stop</c>, <c>revoked</c>, <c>reinstated</c>, <c>end</c>, or that of a <see cref="SentinelIntervention"/>.</param>
/// <param name="Agent">Whom it is about; -1 when it is about the run.</param>
/// <param name="Text">What happened and why, in words. The reason is somebody else's text.</param>
public sealed record Intervention(long Version, int Evaluations, DateTimeOffset At, string Kind, int Agent, string Text)
{
    /// <summary>What an event did to a run; null for what the run did by itself.</summary>
    /// <param name="happened">The event.</param>
    /// <param name="before">The run before it.</param>
    /// <param name="outcomes">The agent of each operation.</param>
    /// <param name="at">When it was committed.</param>
    internal static Intervention? Of(RunEvent happened, RunState before, IReadOnlyList<int> outcomes, DateTimeOffset at)
    {
        var (kind, agent, text) = happened switch
        {
            ParametersChanged changed => ("parameters", -1, string.Create(CultureInfo.InvariantCulture, $"alpha {before.Alpha} to {changed.Alpha}, prior {before.Prior} to {changed.Prior}: {changed.Reason}")),
            ExpansionGateSet { Open: true } gate => ("open", -1, $"expansions open: {gate.Reason}"),
            ExpansionGateSet gate => ("shut", -1, $"expansions shut: {gate.Reason}"),
            AgentPruned pruned => ("pruned", pruned.Agent, string.Create(CultureInfo.InvariantCulture, $"agent {pruned.Agent} set aside: {pruned.Reason}")),
            StopRequested stop => ("stop", -1, $"stop: {stop.Reason}"),
            ResultRevoked revoked => ("revoked", AgentOf(revoked.Operation), string.Create(CultureInfo.InvariantCulture, $"result {revoked.Operation} of agent {AgentOf(revoked.Operation)} revoked: {revoked.Reason}")),
            ResultReinstated again => ("reinstated", AgentOf(again.Operation), string.Create(CultureInfo.InvariantCulture, $"result {again.Operation} of agent {AgentOf(again.Operation)} counts again: {again.Reason}")),
            RunFinished finished => ("end", finished.Best, $"end: {RunStanding.Of(finished.Reason)}"),
            _ when SentinelIntervention.Of(happened) is { } act => (act.Kind, act.Agent ?? -1, act.Detail.Length > 0 ? $"{act.Message}: {act.Detail}" : act.Message),
            _ => (null, -1, null),
        };
        return kind is null ? null : new Intervention(before.Version + 1, before.Evaluations, at, kind, agent, text!);

        int AgentOf(int operation) => (uint)operation < (uint)outcomes.Count ? outcomes[operation] : -1;
    }
}
