using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Policies;
using AgiJobs.Hgm.Runs;

namespace AgiJobs.Hgm.Simulation;

/// <summary>
/// A run in a simulated world, with simulated workers: operations end in the order of a clock that counts simulated hours, which is how asynchrony looks to a policy. No thread takes part,
/// and the same settings and seeds give the same run to the last bit.
/// </summary>
public sealed class SimulatedRun
{
    private SimulatedRun(RunState state, List<SimulatedAgent> agents)
    {
        State = state;
        Agents = agents;
    }

    /// <summary>The run.</summary>
    public RunState State { get; }

    /// <summary>The truth about each agent.</summary>
    public List<SimulatedAgent> Agents { get; }

    /// <summary>Hours that operations took, all together; the root's free evaluations take none.</summary>
    public double BusyHours { get; private set; }

    /// <summary>Hours from the start to the last end.</summary>
    public double Makespan { get; private set; }

    /// <summary>Hours for which workers were held, idle ones too.</summary>
    public double AllocatedHours => Makespan * State.Settings.Concurrency;

    /// <summary>Plays a run to its end.</summary>
    /// <param name="settings">The run; its tasks are the world's.</param>
    /// <param name="world">The world's settings; its seed is the run's.</param>
    /// <param name="onEvent">Sees each event after it was applied.</param>
    public static SimulatedRun Play(RunSettings settings, WorldSettings world, Action<RunEvent, RunState>? onEvent = null) => Play(settings, world, PolicyNames.Find(settings.Policy), onEvent);

    /// <summary>Plays a run that somebody steers.</summary>
    /// <param name="settings">The run.</param>
    /// <param name="world">The world's settings.</param>
    /// <param name="steer">Called after each result; what it returns is appended.</param>
    public static SimulatedRun Play(RunSettings settings, WorldSettings world, Func<RunState, ParametersChanged?> steer) => Play(settings, world, PolicyNames.Find(settings.Policy), null, steer);

    internal static SimulatedRun Play(RunSettings settings, WorldSettings worldSettings, IPolicy policy, Action<RunEvent, RunState>? onEvent, Func<RunState, ParametersChanged?>? steer = null)
    {
        var world = new SimulatedWorld(worldSettings, settings.Seed);
        var run = new SimulatedRun(new RunState(), [world.Root]);
        var state = run.State;
        var clock = new PriorityQueue<Operation, (double Hour, int Operation)>();
        var now = 0.0;

        void Append(RunEvent happened)
        {
            state.Apply(happened);
            onEvent?.Invoke(happened, state);
        }

        Append(new RunStarted(settings with { Tasks = worldSettings.Tasks }, null));
        while (state.Finished is null)
        {
            if (RunStep.Next(state, policy) is { } next)
            {
                Append(next);
                if (next is RunFinished)
                    break;
                var started = state.Pending[^1];
                var hours = started.IsExpansion || started.Charged ? world.Hours(started.Number, started.Task) : 0.0;
                run.BusyHours += hours;
                clock.Enqueue(started, (now + hours, started.Number));
                continue;
            }

            if (!clock.TryDequeue(out var ended, out var end))
                break;
            now = end.Hour;
            run.Makespan = now;
            if (ended.IsExpansion)
            {
                run.Agents.Add(world.Child(run.Agents[ended.Agent], ended.Number));
                Append(new AgentAdded(ended.Number, null, worldSettings.ExpansionCost));
            }
            else
            {
                var passed = world.Solves(run.Agents[ended.Agent], ended.Task, ended.Number);
                Append(new EvaluationRecorded(ended.Number, passed, worldSettings.EvaluationCost, passed ? worldSettings.TaskValue : Amount.Zero));
            }

            if (steer?.Invoke(state) is { } changed)
                Append(changed);
        }

        return run;
    }
}
