using System.CommandLine;

namespace AgiJobs.Cli.Monitoring;

/// <summary><c>monitoring</c>: what is watched on the chain.</summary>
internal static class MonitoringCommands
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("monitoring", "watch the chain: rules as files, checked, put in force, tried on history");
        command.Subcommands.Add(RulesCheckCommand.Build(options, environment));
        command.Subcommands.Add(RulesPlanCommand.Plan(options, environment));
        command.Subcommands.Add(RulesPlanCommand.Apply(options, environment));
        command.Subcommands.Add(BacktestCommand.Build(options, environment));
        command.Subcommands.Add(RulesImportCommand.Build(options, environment));
        return command;
    }
}
