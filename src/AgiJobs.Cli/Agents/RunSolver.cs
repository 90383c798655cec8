using System.Globalization;
using AgiJobs.Cli.Arena;
using AgiJobs.Cli.Hgm;
using AgiJobs.Control;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Policies;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Evolution;
using AgiJobs.Steering.Runs;
using AgiJobs.Storage;
using AgiJobs.Tasks;

namespace AgiJobs.Cli.Agents;

/// <summary>An agent of an HGM run as a student's solver. It is read once: what the run does afterwards does not change the student.</summary>
internal static class RunSolver
{
    private const string Prefix = "run:";

    /// <summary>Reads <c>run:NAME</c> or <c>run:NAME/AGENT</c>.</summary>
    /// <exception cref="ControlException"><c>solver-format</c>, <c>run-unknown</c>, <c>agent-unknown</c>, <c>solver-none</c>; <c>solver-program</c> for an agent that is no program.</exception>
    public static async Task<Func<TaskStatement, string?>> OfAsync(Session session, string text, CancellationToken cancellation)
    {
        var parts = text.StartsWith(Prefix, StringComparison.Ordinal) ? text[Prefix.Length..].Split('/') : [];
        int? asked = parts.Length == 2 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
        if (parts.Length is 0 or > 2 || parts[0].Length == 0 || (parts.Length == 2 && asked is null))
        {
            throw new ControlException("solver-format", ExitCode.BadInput, $"--solver '{text}' names no agent of a run.", "Write run:NAME, or run:NAME/AGENT with the agent's number.");
        }

        var run = parts[0];
        await using var store = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false);
        try
        {
            var events = await new DurableRunStore(store, session.Network).ReadAsync(run, 0, cancellation).ConfigureAwait(false);
            if (events.Count == 0)
            {
                throw new ControlException("run-unknown", ExitCode.BadInput, $"There is no run '{run}' on the network '{session.Network}'.", $"agijobs hgm run {run} makes it.");
            }

            var state = RunState.Fold(events);
            var agent = asked ?? BestBelief.Choose(state);
            if (agent < 0)
            {
                throw new ControlException("solver-none", ExitCode.Failed, $"All agents of the run '{run}' are set aside.", $"Name one by its number, run:{run}/AGENT, or take another run.");
            }

            if (agent >= state.Tree.Count)
            {
                throw new ControlException("agent-unknown", ExitCode.BadInput, $"The run '{run}' has no agent {agent.ToString(CultureInfo.InvariantCulture)}: they are numbered from 0 to {(state.Tree.Count - 1).ToString(CultureInfo.InvariantCulture)}.", $"agijobs hgm report {run} names the best.");
            }

            if (!EvolvedSolver.TryParse(state.Artifact(agent), out var solver))
            {
                throw new ControlException("solver-program", ExitCode.BadInput, $"Agent {agent.ToString(CultureInfo.InvariantCulture)} of the run '{run}' is no program of the world '{RunSettings.Programs}', and nothing else can answer tasks here.", "Name a run of that world.");
            }

            session.Terminal.Line($"answers come from agent {agent.ToString(CultureInfo.InvariantCulture)} of the run '{run}', which passed {state.Tree.Successes[agent].ToString(CultureInfo.InvariantCulture)} of its {(state.Tree.Successes[agent] + state.Tree.Failures[agent]).ToString(CultureInfo.InvariantCulture)} evaluations");
            return solver.Solve;
        }
        catch (HgmException problem)
        {
            throw HgmCommands.Told(problem);
        }
        catch (StorageException problem)
        {
            throw ServiceState.Told(problem);
        }
    }
}
