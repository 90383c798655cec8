using System.CommandLine;
using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Execution;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Cli.Owner;

/// <summary><c>owner leases</c>: what was granted for a time, and how each lease stands by the record and the chain.</summary>
internal static class LeasesCommand
{
    private static readonly string[] Columns = ["lease", "until (UTC)", "state", "what"];

    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("leases", "list what was granted for a time: waiting, active, due, overdue or ended, and whether its revocation is approved");
        Session.Run(command, options, environment, async (session, _, cancellation) =>
        {
            var now = environment.Time.GetUtcNow();
            var store = new ChangeStore(session.Workspace, environment.Time);
            var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
            var leases = new List<(FiledChange Grant, FiledChange? End, string State, bool IsFine, bool IsKnown)>();
            foreach (var grant in store.Survey().Select(entry => entry.Change).OfType<FiledChange>().Where(change => change.Document.LeaseUntil is not null && string.Equals(change.Document.Network, session.Network, StringComparison.Ordinal)).OrderBy(change => change.Document.LeaseUntil).ThenBy(change => change.Id, StringComparer.Ordinal))
            {
                var end = grant.Document.LeaseEnd() is { } document ? store.Find(document.Digest().ToString()) : null;
                var checks = await StateCheck.ReadAsync(client, grant.Document.Expected, BlockReference.Latest, cancellation).ConfigureAwait(false);
                var granted = ChangeState.IsVerified(Journal.Read(grant.JournalPath));
                var ended = end is not null && ChangeState.IsVerified(Journal.Read(end.JournalPath));
                var approved = end is not null && (session.Policy is not { } policy || policy.IsApproved(end, session.Protocol));
                // A Safe's signatures are for one nonce: those over the revocation can be given only once the grant has used its own.
                var signed = end is null || ended || !granted || await SafeCarrier.LackingAsync(client, end, cancellation).ConfigureAwait(false) is not { IsComplete: false };
                var (state, fine) = ended ? ("ended", true)
                    : !granted ? (approved ? "waiting: its revocation is approved" : "waiting: its revocation is not approved", true)
                    : checks.Any(check => check.Holds is null) ? ("unknown: the chain could not be read", false)
                    : checks.Any(check => check.Holds == false) ? ("STALE: the holders are others than after the grant; plan the revocation anew with 'owner set-roles --revoke'", false)
                    : now < grant.Document.LeaseUntil ? (approved && signed ? "active" : $"ACTIVE, and its revocation is not {(approved ? "signed for the Safe's next nonce" : "approved")}: agijobs change approve {end?.Id} --signer NAME", approved && signed)
                    : (string.Create(CultureInfo.InvariantCulture, $"OVERDUE since {(now - grant.Document.LeaseUntil!.Value).TotalHours:0} hours: agijobs change execute {end?.Id} --signer NAME --execute"), false);
                leases.Add((grant, end, state, fine, !state.StartsWith("unknown", StringComparison.Ordinal)));
            }

            var exit = leases.Exists(lease => !lease.IsKnown) ? ExitCode.Unknown : leases.TrueForAll(lease => lease.IsFine) ? ExitCode.Clean : ExitCode.Findings;
            session.Terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}");
            if (leases.Count == 0)
            {
                session.Terminal.Line("Nothing was granted for a time.");
            }
            else
            {
                session.Terminal.Table(Columns, leases.Select(lease => (IReadOnlyList<string>)[lease.Grant.Id, string.Create(CultureInfo.InvariantCulture, $"{lease.Grant.Document.LeaseUntil:yyyy-MM-dd HH:mm}"), lease.State, lease.Grant.Document.Title]));
            }

            session.Terminal.Json("agijobs.owner-leases/1", exit, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                writer.WriteStartArray("leases");
                foreach (var lease in leases)
                {
                    writer.WriteStartObject();
                    writer.WriteString("grant", lease.Grant.Id);
                    writer.WriteString("revocation", lease.End?.Id);
                    writer.WriteString("until", lease.Grant.Document.LeaseUntil!.Value);
                    writer.WriteString("state", lease.State);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return exit;
        });
        return command;
    }
}
