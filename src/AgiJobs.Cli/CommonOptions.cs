using System.CommandLine;

namespace AgiJobs.Cli;

/// <summary>The options that every command takes, and those of every command that changes something.</summary>
internal sealed class CommonOptions
{
    public Option<string?> Network { get; } = new("--network") { Description = "the network to act on; may be left out when the workspace has only one", HelpName = "NAME", Recursive = true };

    public Option<string?> Workspace { get; } = new("--workspace") { Description = "the operator's folder; default: the nearest parent with config/networks/, else .agijobs/local beside the launcher", HelpName = "DIR", Recursive = true };

    public Option<bool> Json { get; } = new("--json") { Description = "print one JSON document with a versioned schema", Recursive = true };

    public Option<bool> NoColor { get; } = new("--no-color") { Description = "print without colour", Recursive = true };

    public Option<bool> Verbose { get; } = new("--verbose") { Description = "say more: round trips, endpoints, the trace of a failure", Recursive = true };

    public Option<bool> Yes { get; } = new("--yes") { Description = "do not ask back", Recursive = true };

    public Option<bool> Execute { get; } = new("--execute") { Description = "apply it; without this nothing is sent" };

    public Option<bool> DryRun { get; } = new("--dry-run") { Description = "only preview, which is the default; with --execute it is an error" };

    public Option<string[]> Signers { get; } = new("--signer") { Description = "a signer by its name in config/signers.json; may be given several times", HelpName = "NAME", AllowMultipleArgumentsPerToken = false };

    public Option<string?> Safe { get; } = new("--safe") { Description = "write the Safe Transaction Builder file", HelpName = "FILE" };

    public Option<string?> Instance { get; } = new("--instance") { Description = "the ticket or incident that this change belongs to; the same change for another instance is another change", HelpName = "ID" };

    public Option<string?> Out { get; } = new("--out") { Description = "where the report goes", HelpName = "PATH" };

    /// <summary>Adds the options of a command that changes something.</summary>
    public Command Changing(Command command)
    {
        command.Options.Add(Execute);
        command.Options.Add(DryRun);
        command.Options.Add(Signers);
        command.Options.Add(Safe);
        command.Options.Add(Instance);
        return command;
    }
}
