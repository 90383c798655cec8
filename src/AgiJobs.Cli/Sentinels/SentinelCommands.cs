using System.CommandLine;
using AgiJobs.Cli.Arena;
using AgiJobs.Cli.Hgm;
using AgiJobs.Control;
using AgiJobs.Hgm;
using AgiJobs.Steering.Runs;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Sentinels;

/// <summary><c>sentinel</c>: what guards the runs of the HGM engine.</summary>
internal static class SentinelCommands
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("sentinel", "what guards a run of the HGM engine: a floor of the return, a budget, streaks of failures. It is part of the run; these commands read it, and let people acknowledge, override, raise the budget");
        command.Subcommands.Add(SnapshotCommand.Build(options, environment));
        command.Subcommands.Add(WatchCommand.Build(options, environment));
        foreach (var act in ActCommands.Build(options, environment))
        {
            command.Subcommands.Add(act);
        }

        return command;
    }

    public static Argument<string> Run() => new("run") { Description = "the run's name", HelpName = "RUN" };

    /// <summary>Opens the state of the network's services for an action; refusals of the engine and of the store in the words of a command.</summary>
    public static async Task<ExitCode> WithStateAsync(Session session, Func<IStateStore, DurableRunStore, Task<ExitCode>> action, CancellationToken cancellation)
    {
        await using var state = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false);
        try
        {
            return await action(state, new DurableRunStore(state, session.Network)).ConfigureAwait(false);
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

    public static ControlException Unknown(Session session, string run) => new("run-unknown", ExitCode.BadInput, $"There is no run '{run}' on the network '{session.Network}'.", $"agijobs hgm run {run} makes it.");

    public static string Heading(Session session, string run) => $"network {session.Network}, chain {session.NetworkFile.ChainId}, run '{run}'";
}
