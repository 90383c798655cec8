using System.CommandLine;
using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Control.Changes;

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

    public Option<int?> Quorum { get; } = new("--quorum") { Description = "how many approvers this change takes at least; the policy's number counts when it is higher", HelpName = "N" };

    public Option<string?> Deadline { get; } = new("--deadline") { Description = "the moment by which it must be approved and sent, in UTC", HelpName = "TIME" };

    public Option<string?> NotBefore { get; } = new("--not-before") { Description = "the first moment in which it may be sent, in UTC, such as 2026-12-01T08:00:00Z", HelpName = "TIME" };

    public Option<string?> NotAfter { get; } = new("--not-after") { Description = "the moment from which on it may no longer be sent, in UTC", HelpName = "TIME" };

    /// <summary>When a change may be executed, as the command line says; null when it does not.</summary>
    /// <exception cref="ControlException"><c>time-format</c>, <c>window-empty</c>.</exception>
    public ExecutionWindow? WindowOf(ParseResult parsed)
    {
        var (first, last) = (Moment(parsed, NotBefore), Moment(parsed, NotAfter));
        return first is null && last is null ? null
            : first >= last ? throw new ControlException("window-empty", ExitCode.BadInput, $"The window from {first:yyyy-MM-dd HH:mm:ss} to {last:yyyy-MM-dd HH:mm:ss} UTC is empty.", "Give a --not-after behind --not-before.")
            : new ExecutionWindow { NotBefore = first, NotAfter = last };
    }

    /// <summary>What the change demands above the policy, as the command line says; null when it does not.</summary>
    /// <exception cref="ControlException"><c>time-format</c>, <c>quorum-range</c>.</exception>
    public ApprovalDemand? DemandOf(ParseResult parsed)
    {
        var (quorum, deadline) = (parsed.GetValue(Quorum), Moment(parsed, Deadline));
        return quorum is < 1 ? throw new ControlException("quorum-range", ExitCode.BadInput, $"--quorum {quorum} is no number of people.", "Give 1 or more.")
            : quorum is null && deadline is null ? null
            : new ApprovalDemand { Approvals = quorum, Deadline = deadline };
    }

    /// <summary>Adds the options of a planned change: those of every change, and when and with how many approvers.</summary>
    public Command Planned(Command command)
    {
        Changing(command);
        command.Options.Add(Quorum);
        command.Options.Add(Deadline);
        command.Options.Add(NotBefore);
        command.Options.Add(NotAfter);
        return command;
    }

    private static DateTimeOffset? Moment(ParseResult parsed, Option<string?> option) =>
        parsed.GetValue(option) is not { } text ? null
        : DateTimeOffset.TryParseExact(text, ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment) ? moment
        : throw new ControlException("time-format", ExitCode.BadInput, $"{option.Name} '{text}' is no time.", "Write it in UTC as 2026-12-01T08:00:00Z.");

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
