using System.CommandLine;
using AgiJobs.Control;
using AgiJobs.Hgm;

namespace AgiJobs.Cli.Hgm;

/// <summary><c>hgm</c>: the Huxley-Gödel Machine.</summary>
internal static class HgmCommands
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("hgm", "the Huxley-Gödel Machine, which grows a family of agents and finds the best of them with few trials");
        command.Subcommands.Add(RunCommand.Build(options, environment));
        command.Subcommands.Add(RunCommand.BuildReport(options, environment));
        command.Subcommands.Add(ListCommand.Build(options, environment));
        command.Subcommands.Add(WorkerCommand.Build(options, environment));
        command.Subcommands.Add(SteerCommand.Build(options, environment));
        command.Subcommands.Add(DemoCommand.Build(options, environment));
        command.Subcommands.Add(CompareCommand.Build(options, environment));
        command.Subcommands.Add(TableCommand.Build(options, environment));
        return command;
    }

    /// <summary>A refusal of the engine in the words of a command.</summary>
    public static ControlException Told(HgmException problem) => new(problem.Code, problem.Code is "report-folder" ? ExitCode.Failed : ExitCode.BadInput, problem.Message, problem.Mend, problem);
}
