using System.CommandLine;
using AgiJobs.Control;
using AgiJobs.Control.Description;
using AgiJobs.Control.Funds;
using AgiJobs.Control.Reports;
using AgiJobs.Ethereum.Calls;

namespace AgiJobs.Cli.Owner;

/// <summary><c>owner escrows</c>, <c>owner locks</c> and <c>owner disputes</c>: live money, who holds it, and the command that gives it back.</summary>
internal static class FundsCommands
{
    public static Command Build(CommonOptions options, CommandEnvironment environment, string name, LedgerKind kind, string what)
    {
        var format = OwnerViews.Format();
        var command = new Command(name, $"{what}, held against the contract's own totals; exit 3 when they differ, 5 when something is unknown") { format };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var ledgers = await ReadAsync(session, ledger => ledger.Kind == kind, cancellation).ConfigureAwait(false);
            var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
            var block = client.HeadAtConnect.Number;
            var exit = ledgers.Count == 0 ? ExitCode.Unknown : OwnerViews.Worst(ledgers.Select(ledger => ledger.Exit));
            return OwnerViews.Print(session, parsed.GetValue(format)!, LedgerPages.Page(kind, session.Network, client.ChainId, block, ledgers), $"agijobs.owner-{name}/1", exit, writer => LedgerPages.Write(writer, session.Network, client.ChainId, block, ledgers));
        });
        return command;
    }

    /// <summary>Reads ledgers at the newest block.</summary>
    public static async Task<IReadOnlyList<LedgerReading>> ReadAsync(Session session, Func<Ledger, bool> wanted, CancellationToken cancellation)
    {
        var protocol = session.Protocol;
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        return await new LedgerReader(client, PinnedBlock.AtConnect(client), session.Network) { Since = OwnerViews.Since(session, null), OnProgress = session.Terminal.Progress }.ReadAsync([.. protocol.Ledgers.Where(wanted)], cancellation).ConfigureAwait(false);
    }
}
