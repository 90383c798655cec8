using System.CommandLine;

namespace AgiJobs.Cli.Deploy;

/// <summary><c>deploy ...</c>: contracts that go on the chain after the first deployment.</summary>
internal static class DeployCommands
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("deploy", "put patched contracts on the chain and wire them in");
        command.Subcommands.Add(UpgradeCommand.Build(options, environment));
        return command;
    }
}
