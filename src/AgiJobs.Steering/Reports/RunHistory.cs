using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Policies;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Runs;

namespace AgiJobs.Steering.Reports;

/// <summary>
/// A run as it went: its events folded one after the other, with what a state alone does not tell, the way there. Follow a live run by adding the events that came since. Not safe for use by several threads at
/// once.
/// </summary>
/// <param name="run">The run's name.</param>
public sealed class RunHistory(string run)
{
    // A timeline has about so many steps, however long the run.
    private const int Steps = 200;

    private readonly List<KeptEvent> _events = [];
    private readonly List<int> _outcomes = [];
    private readonly List<TimelineStep> _timeline = [];
    private readonly List<TimelinePoint> _points = [];
    private readonly List<Intervention> _interventions = [];
    private readonly Dictionary<int, string> _pruned = [];
    private readonly SortedSet<int> _sinceStep = [];
    private readonly SortedSet<int> _sinceTaken = [];
    private int _results;

    /// <summary>The run's name.</summary>
    public string Run { get; } = run;

    /// <summary>The run now.</summary>
    public RunState State { get; } = new();

    /// <summary>Its events.</summary>
    public IReadOnlyList<KeptEvent> Events => _events;

    /// <summary>Finished steps, the oldest first. Of each agent a step has what changed since the one before.</summary>
    public IReadOnlyList<TimelineStep> Timeline => _timeline;

    /// <summary>Cost and value after each step, without agents.</summary>
    public IReadOnlyList<TimelinePoint> Points => _points;

    /// <summary>What was done to it.</summary>
    public IReadOnlyList<Intervention> Interventions => _interventions;

    /// <summary>Why each agent that is set aside was.</summary>
    public IReadOnlyDictionary<int, string> Pruned => _pruned;

    /// <summary>Operations that ended, with whatever result.</summary>
    public int Results => _results;

    /// <summary>How many results make a step of the timeline.</summary>
    public int StepSize => Math.Max(1, (State.Settings.Evaluations + Steps - 1) / Steps);

    /// <summary>Adds the events that follow.</summary>
    /// <exception cref="AgiJobs.Hgm.HgmException">As <see cref="RunState.Apply"/>.</exception>
    public void Add(IEnumerable<KeptEvent> events)
    {
        foreach (var happened in events)
        {
            Add(happened);
        }
    }

    /// <summary>The step that is not full yet, with what changed since the last full one; null when nothing ended since.</summary>
    public TimelineStep? Unfinished() => _results > 0 && _results % StepSize != 0 || _sinceStep.Count > 0 ? Step() : null;

    /// <summary>The agents whose own record changed since the last call.</summary>
    public IReadOnlyList<int> TakeChanged()
    {
        int[] changed = [.. _sinceTaken];
        _sinceTaken.Clear();
        return changed;
    }

    /// <summary>The run at the last moment at which it had not passed a limit: as it was when that many evaluations were charged, or that much money spent.</summary>
    /// <param name="within">Says of a state whether it is within the limit; once false it must stay false.</param>
    public RunState At(Func<RunState, bool> within)
    {
        var (state, last) = (new RunState(), 0);
        for (var index = 0; index < _events.Count; index++)
        {
            state.Apply(_events[index].Happened);
            if (!within(state))
            {
                return RunState.Fold(_events.Take(last).Select(happened => happened.Happened));
            }

            last = index + 1;
        }

        return state;
    }

    private void Add(KeptEvent happened)
    {
        if (Intervention.Of(happened.Happened, State, _outcomes, happened.At) is { } intervention)
        {
            _interventions.Add(intervention);
        }

        State.Apply(happened.Happened);
        _events.Add(happened);
        switch (happened.Happened)
        {
            case RunStarted: Changed(0); break;
            case ExpansionStarted started: _outcomes.Add(started.Parent); break;
            case EvaluationStarted started:
                _outcomes.Add(started.Agent);
                _sinceTaken.Add(started.Agent);
                break;
            case AgentAdded: Changed(State.Tree.Count - 1); break;
            case ExpansionFailed failed: Changed(_outcomes[failed.Operation]); break;
            case EvaluationRecorded recorded: Changed(_outcomes[recorded.Operation]); break;
            case EvaluationVoided voided: Changed(_outcomes[voided.Operation]); break;
            case ResultRevoked revoked: Changed(_outcomes[revoked.Operation]); break;
            case ResultReinstated again: Changed(_outcomes[again.Operation]); break;
            case AgentPruned pruned:
                _pruned.TryAdd(pruned.Agent, pruned.Reason);
                Changed(pruned.Agent);
                break;
            case SentinelPruned pruned:
                _pruned.TryAdd(pruned.Agent, FormattableString.Invariant($"{pruned.Failures} failures in a row"));
                Changed(pruned.Agent);
                break;
        }

        if (happened.Happened is AgentAdded or ExpansionFailed or EvaluationRecorded or EvaluationVoided && ++_results % StepSize == 0)
        {
            _timeline.Add(Step());
            _points.Add(Point());
            _sinceStep.Clear();
        }
    }

    private void Changed(int agent)
    {
        _sinceStep.Add(agent);
        _sinceTaken.Add(agent);
    }

    /// <summary>The run's money and size now.</summary>
    public TimelinePoint Point() => new(State.Version, _results, State.Evaluations, State.Ledger.Run, State.Tree.Count);

    private TimelineStep Step() => new(Point(), Root(State.Tree.CladeSuccesses), Root(State.Tree.CladeFailures), BestBelief.Choose(State), [.. _sinceStep.Select(AgentRecord)]);

    /// <summary>An agent's record now.</summary>
    public AgentRecord AgentRecord(int agent) => new(
        agent, State.Tree.Parents[agent], State.Tree.Depths[agent], State.IsPruned(agent), State.Tree.Successes[agent], State.Tree.Failures[agent], State.Tree.CladeSuccesses[agent], State.Tree.CladeFailures[agent],
        State.Ledger.Agent(agent), State.Ledger.Clade(agent));

    private static int Root(ReadOnlySpan<int> counts) => counts[0];
}

/// <summary>A run's money and size at a moment.</summary>
/// <param name="Version">How many events there were.</param>
/// <param name="Results">How many operations had ended.</param>
/// <param name="Evaluations">How many evaluations were charged.</param>
/// <param name="Account">What was spent and what it is worth.</param>
/// <param name="Agents">How many agents there were.</param>
public sealed record TimelinePoint(long Version, int Results, int Evaluations, Account Account, int Agents);

/// <summary>A step of a timeline.</summary>
/// <param name="Point">Money and size.</param>
/// <param name="Successes">Of all agents.</param>
/// <param name="Failures">Of all agents.</param>
/// <param name="Best">The best-belief agent; -1 when all are set aside.</param>
/// <param name="Agents">The agents whose own record changed since the step before, and no others.</param>
public sealed record TimelineStep(TimelinePoint Point, int Successes, int Failures, int Best, IReadOnlyList<AgentRecord> Agents);

/// <summary>What is known of an agent: counts and money, its own and its clade's.</summary>
/// <param name="Agent">Its number.</param>
/// <param name="Parent">Its parent's; -1 for the root.</param>
/// <param name="Depth">How many ancestors it has.</param>
/// <param name="Pruned">Whether it is set aside.</param>
/// <param name="Successes">Its own.</param>
/// <param name="Failures">Its own.</param>
/// <param name="CladeSuccesses">Those of itself and all its descendants.</param>
/// <param name="CladeFailures">Those of itself and all its descendants.</param>
/// <param name="Own">Its own money.</param>
/// <param name="Clade">That of itself and all its descendants.</param>
public sealed record AgentRecord(int Agent, int Parent, int Depth, bool Pruned, int Successes, int Failures, int CladeSuccesses, int CladeFailures, Account Own, Account Clade);
