namespace AgiJobs.Hgm.Policies;

/// <summary>What to do next.</summary>
/// <param name="Agent">The parent to expand or the agent to evaluate; -1 to wait.</param>
/// <param name="Task">The task to evaluate on; -1 to expand.</param>
public readonly record struct Decision(int Agent, int Task)
{
    /// <summary>Nothing until something in flight has ended.</summary>
    public static Decision Wait => new(-1, -1);

    /// <summary>Let this agent modify itself.</summary>
    public static Decision Expand(int parent) => new(parent, -1);

    /// <summary>Evaluate this agent on this task.</summary>
    public static Decision Evaluate(int agent, int task) => new(agent, task);

    /// <summary>Whether there is nothing to start.</summary>
    public bool IsWait => Agent < 0;

    /// <summary>Whether it makes an agent.</summary>
    public bool IsExpansion => Agent >= 0 && Task < 0;
}
