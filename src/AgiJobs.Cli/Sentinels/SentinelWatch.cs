using AgiJobs.Arena.Alerts;
using AgiJobs.Control.Serving;
using AgiJobs.Steering.Runs;
using AgiJobs.Steering.Sentinels;

namespace AgiJobs.Cli.Sentinels;

/// <summary>The work of a host that goes with the runs': what their sentinels do, to the receiver of alerts.</summary>
internal static class SentinelWatch
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(2);

    /// <summary>The workers; none where nobody is to be told.</summary>
    /// <param name="session">The command.</param>
    /// <param name="runs">The network's runs.</param>
    /// <param name="isDelivered">Whether the host delivers alerts already.</param>
    public static IReadOnlyList<IWorker> Workers(Session session, DurableRunStore runs, bool isDelivered)
    {
        var (network, time) = (session.Network, session.Environment.Time);
        if (AlertReceiver.Of(session.Workspace.Services(network).Alerts) is not { } receiver)
        {
            return [];
        }

        var tell = new SentinelAlertWorker(runs, new SentinelAlerts(runs.State, network, session.NetworkFile.ChainId, AlertBook.Channel(network)), Poll, time) { Tell = session.Terminal.Progress };
        return isDelivered ? [tell] : [tell, new AlertWorker(new AlertDelivery(runs.State, network, receiver, time), runs.State, network, Poll, time) { Tell = session.Terminal.Progress }];
    }
}
