using System.CommandLine;
using AgiJobs.Cli.Changes;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Desired;
using AgiJobs.Control.Planning;

namespace AgiJobs.Cli.Owner;

/// <summary><c>owner plan safe</c>: the Safe transaction of a change for its owners: file, hashes, confirmations, and the Safe Transaction Service.</summary>
internal static class PlanSafeCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var id = new Argument<string?>("change") { Description = "the change; may be left out when only one waits for a Safe's signatures", HelpName = "CHANGE", Arity = ArgumentArity.ZeroOrOne };
        var propose = new Option<bool>("--propose") { Description = "post it to the Safe Transaction Service of the network's file, with the signatures on file; with --signer an owner signs first; only with --execute" };
        var collect = new Option<bool>("--collect") { Description = "read the service's confirmations back; each is recovered before it is filed" };
        var roles = new Option<bool>("--roles") { Description = "plan the role assignments of the manifest and the catalogue anew first, as one change through the Safe; ownership is left to 'owner rotate'" };
        var command = new Command("safe", "write the Safe Transaction Builder file of a change, show its hashes computed by two ways, and count the confirmations; exit 3 until two independent ones and the Safe's threshold are there") { id, propose, collect, roles };
        command.Options.Add(options.Execute);
        command.Options.Add(options.DryRun);
        command.Options.Add(options.Signers);
        command.Options.Add(options.Out);
        command.Options.Add(options.Instance);
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var file = parsed.GetValue(options.Out) is { } path ? session.PathOf(path) : null;
            if (parsed.GetValue(roles))
            {
                return parsed.GetValue(id) is not null
                    ? throw new ControlException("command-line", ExitCode.BadInput, "--roles plans a change of its own, and a change is named besides.", "Leave one of them out.")
                    : await RolesAsync(session, parsed, options, run => run.PlanSafeAsync(file, parsed.GetValue(propose), parsed.GetValue(collect), cancellation), cancellation).ConfigureAwait(false);
            }

            if (parsed.GetValue(options.Instance) is not null)
            {
                throw new ControlException("command-line", ExitCode.BadInput, "--instance names a plan, and without --roles nothing is planned.", "Add --roles, or leave --instance out.");
            }

            var store = new ChangeStore(session.Workspace, session.Environment.Time);
            var change = parsed.GetValue(id) is { } named ? store.Get(named) : Only(session, store);
            session.Use(change.Document.Network);
            return await new ChangeRun(session, change, null).PlanSafeAsync(file, parsed.GetValue(propose), parsed.GetValue(collect), cancellation).ConfigureAwait(false);
        });
        return new Command("plan", "what the owners of a Safe are to sign") { command };
    }

    private static async Task<ExitCode> RolesAsync(Session session, ParseResult parsed, CommonOptions options, Func<ChangeRun, Task<ExitCode>> then, CancellationToken cancellation)
    {
        var desired = DesiredState.Load(session.Workspace, session.Network, session.Protocol);
        var draft = new WaveDraft(await session.ObserveWholeAsync(cancellation).ConfigureAwait(false));
        foreach (var left in desired.AddRolesTo(draft))
        {
            session.Terminal.Progress($"FINDING {left}");
        }

        return await WaveChange.RunAsync(session, parsed, options, "assign-roles", $"Assign the roles of {session.Protocol.Title} as its manifest and catalogue want", draft, cancellation, then: then).ConfigureAwait(false);
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
