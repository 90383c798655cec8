using System.CommandLine;

namespace AgiJobs.Cli.Evidence;

/// <summary><c>evidence</c> and <c>ledger</c>: what was done, and the proof of it.</summary>
internal static class EvidenceCommands
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("evidence", "the audit log and bundles of proof");
        command.Subcommands.Add(LogCommand.Build(options, environment));
        command.Subcommands.Add(CheckpointCommand.Build(options, environment));
        command.Subcommands.Add(BundleCommands.Export(options, environment));
        command.Subcommands.Add(BundleCommands.Verify(options, environment));
        return command;
    }
}
