using System.CommandLine;
using AgiJobs.Cli.Changes;
using AgiJobs.Control;
using AgiJobs.Control.Changes;

namespace AgiJobs.Cli.Owner;

/// <summary><c>owner plan safe</c>: the Safe transaction of a change for its owners: file, hashes, confirmations, and the Safe Transaction Service.</summary>
internal static class PlanSafeCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var id = new Argument<string?>("change") { Description = "the change; may be left out when only one waits for a Safe's signatures", HelpName = "CHANGE", Arity = ArgumentArity.ZeroOrOne };
        var propose = new Option<bool>("--propose") { Description = "post it to the Safe Transaction Service of the network's file, with the signatures on file; with --signer an owner signs first; only with --execute" };
        var collect = new Option<bool>("--collect") { Description = "read the service's confirmations back; each is recovered before it is filed" };
        var command = new Command("safe", "write the Safe Transaction Builder file of a change, show its hashes computed by two ways, and count the confirmations; exit 3 until two independent ones and the Safe's threshold are there") { id, propose, collect };
        command.Options.Add(options.Execute);
        command.Options.Add(options.DryRun);
        command.Options.Add(options.Signers);
        command.Options.Add(options.Out);
        Session.Run(command, options, environment, (session, parsed, cancellation) =>
        {
            var store = new ChangeStore(session.Workspace, session.Environment.Time);
            var change = parsed.GetValue(id) is { } named ? store.Get(named) : Only(session, store);
            session.Use(change.Document.Network);
            return new ChangeRun(session, change, null).PlanSafeAsync(parsed.GetValue(options.Out) is { } file ? session.PathOf(file) : null, parsed.GetValue(propose), parsed.GetValue(collect), cancellation);
        });
        return new Command("plan", "what the owners of a Safe are to sign") { command };
    }

    private static FiledChange Only(Session session, ChangeStore store)
    {
        var waiting = store.Survey().Select(entry => entry.Change).OfType<FiledChange>()
            .Where(change => string.Equals(change.Document.Network, session.Network, StringComparison.Ordinal) && change.Document.Steps.Any(step => step.Route.Base.Kind == RouteKind.Safe) && !Journal.HasEnded(Journal.Read(change.JournalPath)) && !Control.Approvals.SignedRecords.HoldsRefusal(change))
            .ToList();
        return waiting switch
        {
            [var only] => only,
            [] => throw new ControlException("change-none", ExitCode.BadInput, $"No change on file of the network '{session.Network}' waits for a Safe's signatures.", "Plan one: any changing command with Safe owners named, or 'agijobs owner update-all'."),
            _ => throw new ControlException("change-several", ExitCode.BadInput, $"Several changes wait for a Safe's signatures: {string.Join(", ", waiting.Select(change => change.Id))}.", "Name the one that is meant."),
        };
    }
}
