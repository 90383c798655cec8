using System.CommandLine;

namespace AgiJobs.Cli.Configuration;

/// <summary><c>config</c>: the workspace's files.</summary>
internal static class ConfigCommands
{
    public static Command Build(CommonOptions options, CommandEnvironment environment) => new("config", "the workspace's files")
    {
        LintCommand.Build(options, environment),
        ShowCommand.Build(options, environment),
        DiffCommand.Build(options, environment),
        SnapshotCommands.Snapshot(options, environment),
        SnapshotCommands.Restore(options, environment),
        SchemaCommand.Build(options, environment),
    };
}
