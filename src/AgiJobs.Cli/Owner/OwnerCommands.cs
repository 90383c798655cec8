using System.CommandLine;
using AgiJobs.Control.Description;

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
        command.Subcommands.Add(DoctorCommand.Build(options, environment));
        command.Subcommands.Add(DesiredCommands.UpdateAll(options, environment));
        command.Subcommands.Add(DesiredCommands.Apply(options, environment));
        command.Subcommands.Add(MissionControlCommand.Build(options, environment));
        command.Subcommands.Add(LeasesCommand.Build(options, environment));
        command.Subcommands.Add(RotateCommand.Build(options, environment));
        command.Subcommands.Add(RemedyCommands.Slash(options, environment));
        command.Subcommands.Add(RemedyCommands.Refund(options, environment));
        command.Subcommands.Add(RemedyCommands.Call(options, environment));
        command.Subcommands.Add(SurfaceCommands.Surface(options, environment));
        command.Subcommands.Add(SurfaceCommands.Parameters(options, environment));
        command.Subcommands.Add(SurfaceCommands.Diff(options, environment));
        command.Subcommands.Add(AuditCommand.Build(options, environment));
        command.Subcommands.Add(BriefingCommands.Dashboard(options, environment));
        command.Subcommands.Add(BriefingCommands.CommandCenter(options, environment));
        command.Subcommands.Add(FundsCommands.Build(options, environment, "escrows", LedgerKind.Escrow, "every active escrow: who put it up, who works for it, the refund beside it"));
        command.Subcommands.Add(FundsCommands.Build(options, environment, "locks", LedgerKind.Lock, "every lock on a stake: whose it is and who locked it"));
        command.Subcommands.Add(FundsCommands.Build(options, environment, "disputes", LedgerKind.Dispute, "every open dispute: the parties and the money between them"));
        return command;
    }
}
