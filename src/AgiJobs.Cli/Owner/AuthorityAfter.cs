using AgiJobs.Control.Authority;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Simulation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Cli.Owner;

/// <summary>Who can do what on a session's network before and after a change on file.</summary>
internal static class AuthorityAfter
{
    /// <summary>Reads the newest block, tries the change on it and reads what it leaves. Sends nothing.</summary>
    public static async Task<Reading<(AuthorityMatrix Before, AuthorityMatrix After)>> DeriveAsync(Session session, EthereumClient client, FiledChange change, CancellationToken cancellation)
    {
        var block = await PinnedBlock.AtAsync(client, BlockReference.Latest, cancellation).ConfigureAwait(false);
        var observer = session.WholeObserver(client);
        var reading = await StateAsync(session, client, observer, change, block, cancellation).ConfigureAwait(false);
        return reading.TryGet(out var after)
            ? Reading.Known((AuthorityMatrix.Of(await observer.ObserveAsync(session.Protocol, block, cancellation).ConfigureAwait(false)), AuthorityMatrix.Of(after)))
            : Reading.Unknown<(AuthorityMatrix, AuthorityMatrix)>(reading.Why!);
    }

    /// <summary>The state that a change would leave on a block.</summary>
    public static Task<Reading<ProtocolState>> StateAsync(Session session, EthereumClient client, ProtocolObserver observer, FiledChange change, PinnedBlock block, CancellationToken cancellation) =>
        Aftermath.ObserveAsync(client, observer, session.Protocol, change.Document, new SimulationOptions { NameOf = session.Labels.NameOf, Block = block }.With(change), block, cancellation);

    /// <summary>Holds the two against each other, by the network's policy and people.</summary>
    public static AuthorityVerdict Judge(Session session, AuthorityMatrix before, AuthorityMatrix after) => AuthorityVerdict.Of(
        before,
        after,
        session.Workspace.Policy(session.Network)?.Authority,
        session.Workspace.Operators(session.Network) is { } people ? new OperatorBook(people) : null);
}
