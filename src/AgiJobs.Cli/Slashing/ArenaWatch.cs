using AgiJobs.Arena.Alerts;
using AgiJobs.Arena.Slashing;
using AgiJobs.Control.Serving;
using AgiJobs.Ethereum;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Slashing;

/// <summary>The work of a host that goes with the orchestrator's: slashes through the pipeline, and alerts to their receiver.</summary>
internal static class ArenaWatch
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(2);

    /// <summary>The workers; no delivery where nobody is to be told. Slashes are sent by the signer named 'slasher' and held without one, whatever key the orchestrator has.</summary>
    public static IReadOnlyList<IWorker> Workers(Session session, IStateStore store, Address orchestrator)
    {
        var time = session.Environment.Time;
        var queue = new SlashDocket(store, session.Network, time);
        var slasher = new Slasher(store, queue, new SlashPipeline(session, own => SlashCommands.Slasher(own, orchestrator)), SlashCommands.Alerts(session), $"{Environment.MachineName}/{Environment.ProcessId}", time) { Tell = session.Terminal.Progress };
        return
        [
            new SlashWorker(slasher, Poll, time),
            .. AlertReceiver.Of(session.Workspace.Services(session.Network).Alerts) is { } receiver
                ? [new AlertWorker(new AlertDelivery(store, session.Network, receiver, time), store, session.Network, Poll, time) { Tell = session.Terminal.Progress }]
                : Array.Empty<IWorker>(),
        ];
    }
}
