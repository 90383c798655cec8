using AgiJobs.Control.Authority;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Cli.Owner;

/// <summary>Who can do what on a session's network, as its nodes tell it, and what is to be said of it.</summary>
internal sealed record AuthorityLook(Session Session, WholeObservation Observed, AuthorityMatrix Matrix, AuthorityText Text, IReadOnlyList<AuthorityFinding> Findings)
{
    public static async Task<AuthorityLook> AtAsync(Session session, CancellationToken cancellation)
    {
        var observed = await session.ObserveEveryNodeAsync(cancellation).ConfigureAwait(false);
        var matrix = AuthorityMatrix.Of(observed.State);
        return new AuthorityLook(session, observed, matrix, new AuthorityText(matrix, session.Labels.NameOf), AuthorityFinding.Ordered([.. Review(session, matrix, observed.Header), .. OfNodes(observed)]));
    }

    /// <summary>What is to be said of a matrix of this network.</summary>
    public static IReadOnlyList<AuthorityFinding> Review(Session session, AuthorityMatrix matrix, BlockHeader header) => new AuthorityReview(matrix, session.Workspace.Manifest(session.Network))
    {
        People = session.Workspace.Operators(session.Network) is { } people ? new OperatorBook(people) : null,
        NameOf = session.Labels.NameOf,
        BaseFee = header.BaseFee,
        ExecutedCode = ExecutedCode(session),
    }.Findings();

    private static IEnumerable<AuthorityFinding> OfNodes(WholeObservation observed)
    {
        foreach (var told in observed.Disagreements)
        {
            yield return new AuthorityFinding(FindingRank.Red, "node-disagrees", $"{told.Subject} {told.SecondEndpoint}", $"{told.Subject} at block {observed.State.Block}: {told.FirstEndpoint} says {told.First}; {told.SecondEndpoint} says {told.Second}.", "At least one of them lies or is broken: ask a third, and use neither until you know which.");
        }

        foreach (var node in observed.Nodes.Where(node => !node.State.IsKnown))
        {
            yield return new AuthorityFinding(FindingRank.Amber, "node-silent", node.Endpoint, $"{node.Endpoint} confirms nothing: {node.State.Why}", "Mend or replace it in the network's file: what one node says alone is not confirmed.");
        }
    }

    // What the newest change that was verified found or left as the code of each address. A damaged record says nothing here; 'change list' shows it.
    private static Dictionary<Address, (Bytes32 Hash, string Change)> ExecutedCode(Session session)
    {
        var code = new Dictionary<Address, (Bytes32, string)>();
        foreach (var survey in new ChangeStore(session.Workspace, session.Environment.Time).Survey())
        {
            if (survey.Change is { } change && string.Equals(change.Document.Network, session.Network, StringComparison.Ordinal) && ChangeState.IsVerified(Journal.Read(change.JournalPath)))
            {
                foreach (var expectation in change.Document.Preconditions.Concat(change.Document.Expected).Where(expectation => expectation.CodeHash is not null))
                {
                    code[expectation.Target] = (expectation.CodeHash!.Value, change.Id);
                }
            }
        }

        return code;
    }
}
