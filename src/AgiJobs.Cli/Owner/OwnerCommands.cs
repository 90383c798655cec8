using System.CommandLine;

namespace AgiJobs.Cli.Owner;

/// <summary><c>owner ...</c>: what the owners of the protocol do.</summary>
internal static class OwnerCommands
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("owner", "what the owners of the protocol do: look, pause, resume, change");
        command.Subcommands.Add(PauseCommand.Build(options, environment));
        command.Subcommands.Add(SystemPauseCommand.Build(options, environment));
        command.Subcommands.Add(PauseTestCommand.Build(options, environment));
        command.Subcommands.Add(EmergencyCommand.Build(options, environment));
        command.Subcommands.Add(ArmoryCommands.Build(options, environment));
        command.Subcommands.Add(PlanSafeCommand.Build(options, environment));
        command.Subcommands.Add(SetCommands.Set(options, environment));
        command.Subcommands.Add(SetCommands.SetParams(options, environment));
        command.Subcommands.Add(SetCommands.SetRoles(options, environment));
        command.Subcommands.Add(DesiredCommands.UpdateAll(options, environment));
        command.Subcommands.Add(DesiredCommands.Apply(options, environment));
        command.Subcommands.Add(MissionControlCommand.Build(options, environment));
        command.Subcommands.Add(RotateCommand.Build(options, environment));
        command.Subcommands.Add(RemedyCommands.Slash(options, environment));
        command.Subcommands.Add(RemedyCommands.Refund(options, environment));
        command.Subcommands.Add(RemedyCommands.Call(options, environment));
        return command;
    }
}
