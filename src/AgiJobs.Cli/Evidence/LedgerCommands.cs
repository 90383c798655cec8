using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Control.Evidence.Ledger;

namespace AgiJobs.Cli.Evidence;

/// <summary><c>ledger show</c>: who used the owners' authority, for what, and how it ended.</summary>
internal static class LedgerCommands
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("ledger", "the owner's ledger");
        var show = new Command("show", "list who used the owners' authority, for what, and how it ended");
        Session.Run(show, options, environment, (session, parsed, _) =>
        {
            var network = parsed.GetValue(options.Network);
            var entries = new OwnerLedger(session.Workspace, environment.Time).Read()
                .Where(entry => network is null || string.Equals(entry.Network, network, StringComparison.Ordinal))
                .ToList();
            if (entries.Count == 0)
            {
                session.Terminal.Line($"The ledger of {session.Workspace.Root} has no entry{(network is null ? "" : $" of the network {network}")}.");
            }
            else
            {
                session.Terminal.Table(
                    ["time (UTC)", "network", "chain", "outcome", "title", "instance", "change", "by", "transactions", "note"],
                    entries.Select(entry => (IReadOnlyList<string>)
                    [
                        entry.At.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
                        entry.Network,
                        entry.ChainId.ToString(),
                        entry.Outcome,
                        entry.Title,
                        entry.Instance,
                        entry.Change.ToString()[..10],
                        string.Join(", ", entry.Who.Select(party => party.Name ?? party.Address.ToString())),
                        string.Join(", ", entry.Transactions.Select(hash => hash.ToString()[..10])),
                        entry.Note ?? "",
                    ]));
            }

            session.Terminal.Json("agijobs.ledger/1", ExitCode.Clean, writer =>
            {
                writer.WritePropertyName("entries");
                writer.WriteRawValue(JsonSerializer.SerializeToUtf8Bytes(entries, LedgerJson.Default.ListLedgerEntry));
            });
            return Task.FromResult(ExitCode.Clean);
        });
        command.Subcommands.Add(show);
        return command;
    }
}
