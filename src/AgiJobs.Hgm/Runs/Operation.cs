namespace AgiJobs.Hgm.Runs;

/// <summary>An operation in flight.</summary>
/// <param name="Number">Its number in the run.</param>
/// <param name="Agent">The parent of an expansion, the agent of an evaluation.</param>
/// <param name="Task">The task of an evaluation; -1 for an expansion.</param>
/// <param name="Charged">Whether it counts against the run's evaluations.</param>
public readonly record struct Operation(int Number, int Agent, int Task, bool Charged)
{
    /// <summary>Whether it makes a new agent.</summary>
    public bool IsExpansion => Task < 0;
}
