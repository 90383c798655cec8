using AgiJobs.Hgm.Runs;

namespace AgiJobs.Steering.Runs;

/// <summary>How a run stands, in the words of every command, page and report.</summary>
public static class RunStanding
{
    /// <summary>Of a run.</summary>
    public static string Of(RunState state) => state.Finished is { } finished
        ? finished.Reason == RunEnd.Stopped ? $"stopped: {state.StopReason}" : $"finished: {Of(finished.Reason)}"
        : state.StopReason is { } reason ? $"ending: {reason}"
        : !state.GateOpen ? "held: expansions are shut by a person"
        : !state.ExpansionsOpen ? $"held: expansions are held by the sentinel ({string.Join(", ", state.Sentinel.Holds.Where(hold => !state.Sentinel.IsOverridden(hold.Rule)).Select(hold => hold.Rule))})"
        : "not finished";

    /// <summary>Of an end.</summary>
    public static string Of(RunEnd end) => end switch
    {
        RunEnd.EvaluationsSpent => "the budget of evaluations is spent",
        RunEnd.NothingLeft => "nothing is left to do",
        RunEnd.NoVerdicts => "evaluations gave no verdict again and again",
        RunEnd.CostCap => "the money does not reach for the next operation",
        _ => "somebody stopped it",
    };
}
