using System.CommandLine;
using AgiJobs.Control;
using AgiJobs.Steering.Work;
using AgiJobs.Steering.Worlds;

namespace AgiJobs.Cli.Hgm;

/// <summary><c>hgm worker</c>: does the work of runs that are driven elsewhere.</summary>
internal static class WorkerCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var parallel = new Option<int>("--parallel") { Description = "how many operations it works on at once", HelpName = "N", DefaultValueFactory = _ => Environment.ProcessorCount };
        var command = new Command("worker", "take expansions and evaluations of the network's runs from the RabbitMQ broker that hgm.broker of config/services.json names, until it is told to stop (SIGTERM). Any number of workers may be started, ended and killed: no result changes") { parallel };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            if (parsed.GetValue(parallel) is var atOnce and (< 1 or > 1024))
            {
                throw new ControlException("parallel-range", ExitCode.BadInput, $"--parallel {atOnce} is not from 1 to 1024.", "Leave it out for one for each processor.");
            }

            var services = session.Workspace.Services(session.Network);
            var broker = services.Hgm.Broker is { } url
                ? Broker.Of(url.Reveal())
                : throw new ControlException("broker-none", ExitCode.BadInput, $"The settings of the services of '{session.Network}' name no broker, so that the work of runs is done where they are driven.", "Add \"hgm\": {\"broker\": {\"env\": \"NAME\"}} to config/services.json; the variable holds amqps://USER:PASSWORD@HOST/VHOST.");
            var worlds = RunWorlds.Of(session.Workspace, session.Network, session.Terminal.Progress, session.Environment.Time, isNear: true);
            var worker = new Worker(broker, session.Network, worlds, parsed.GetValue(parallel), session.Terminal.Progress, session.Environment.Time);
            session.Terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}: work of {string.Join(", ", worlds.Served.Select(served => served.World))} from the broker at {broker.Place}, until it is told to stop");
            await worker.RunAsync(TimeSpan.FromSeconds(services.DrainSeconds!.Value), cancellation).ConfigureAwait(false);
            session.Terminal.Line($"{worker.Done} results were sent");
            session.Terminal.Json("agijobs.hgm-worker/1", ExitCode.Clean, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                writer.WriteString("broker", broker.Place);
                writer.WriteNumber("results", worker.Done);
            });
            return ExitCode.Clean;
        });
        return command;
    }
}
