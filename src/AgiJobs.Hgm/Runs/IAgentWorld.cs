using AgiJobs.Hgm.Ledger;

namespace AgiJobs.Hgm.Runs;

/// <summary>
/// What makes agents and tries them. An answer that is part of the world (the edit does not compile, the agent hangs) is an outcome; an exception means that nothing is known, and
/// the run stops there to be resumed. Work in flight at a kill is carried out again under the same operation and seed: a world that answers the same then makes runs repeatable to the byte,
/// and one that cannot must at least not mind. Called by several threads at once.
/// </summary>
public interface IAgentWorld
{
    /// <summary>Lets an agent modify itself.</summary>
    Task<ExpansionOutcome> ExpandAsync(ExpansionWork work, CancellationToken cancellation);

    /// <summary>Tries an agent on a task.</summary>
    Task<EvaluationOutcome> EvaluateAsync(EvaluationWork work, CancellationToken cancellation);
}

/// <summary>An expansion to carry out.</summary>
/// <param name="Run">The run's name.</param>
/// <param name="Operation">Its number in the run; with the name it identifies the work.</param>
/// <param name="Seed">For all chance in it.</param>
/// <param name="Parent">The parent's number.</param>
/// <param name="Artifact">What the parent is to the world.</param>
/// <param name="Reserved">The most it may cost.</param>
public sealed record ExpansionWork(string Run, int Operation, ulong Seed, int Parent, string? Artifact, Amount Reserved);

/// <summary>An evaluation to carry out.</summary>
/// <param name="Run">The run's name.</param>
/// <param name="Operation">Its number in the run; with the name it identifies the work.</param>
/// <param name="Seed">For all chance in it.</param>
/// <param name="Agent">The agent's number.</param>
/// <param name="Artifact">What the agent is to the world.</param>
/// <param name="Task">The task's number.</param>
/// <param name="Reserved">The most it may cost.</param>
public sealed record EvaluationWork(string Run, int Operation, ulong Seed, int Agent, string? Artifact, int Task, Amount Reserved);

/// <summary>How an expansion ended.</summary>
/// <param name="Fault">Why there is no new agent; nothing when there is one.</param>
/// <param name="Artifact">What the new agent is to the world.</param>
/// <param name="Cost">What it cost.</param>
public sealed record ExpansionOutcome(string? Fault, string? Artifact, Amount Cost)
{
    // What a run cannot keep becomes a failure here, before it is written.
    internal RunEvent Of(int operation)
    {
        if (Cost < Amount.Zero || Cost > Amount.Most)
            return new ExpansionFailed(operation, $"refused: a cost of {Cost}", Amount.Zero);
        return Fault is null ? new AgentAdded(operation, Artifact, Cost) : new ExpansionFailed(operation, Fault, Cost);
    }
}

/// <summary>How an evaluation ended.</summary>
/// <param name="Passed">The verdict; nothing when there is none.</param>
/// <param name="Fault">Why there is no verdict.</param>
/// <param name="Cost">What it cost.</param>
/// <param name="Value">What the accepted outcome is worth.</param>
public sealed record EvaluationOutcome(bool? Passed, string? Fault, Amount Cost, Amount Value)
{
    // What a run cannot keep becomes no verdict here, before it is written.
    internal RunEvent Of(int operation)
    {
        if (Cost < Amount.Zero || Cost > Amount.Most)
            return new EvaluationVoided(operation, $"refused: a cost of {Cost}", Amount.Zero);
        if (Passed is not { } passed)
            return new EvaluationVoided(operation, Fault ?? "no verdict", Cost);
        return Value < Amount.Zero || Value > Amount.Most || (Value != Amount.Zero && !passed)
            ? new EvaluationVoided(operation, $"refused: a value of {Value} with {(passed ? "a pass" : "a fail")}", Cost)
            : new EvaluationRecorded(operation, passed, Cost, Value);
    }
}
