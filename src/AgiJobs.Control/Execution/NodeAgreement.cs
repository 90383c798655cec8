using AgiJobs.Control.Changes;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Control.Execution;

/// <summary>What several nodes say of the same block, held against each other.</summary>
/// <param name="Disagreements">What they tell differently: at least one of them lies or is broken.</param>
/// <param name="Unconfirmed">What no second node confirmed, because it did not answer; empty with one node, of which nothing else is to be expected.</param>
internal sealed record NodeAgreement(IReadOnlyList<string> Disagreements, IReadOnlyList<string> Unconfirmed)
{
    private static readonly NodeAgreement NobodyElse = new([], []);

    /// <summary>Asks every node of the network for the same views, codes, balances and nonces at one block, all at once. Asks nothing when there is one node.</summary>
    /// <param name="client">The nodes.</param>
    /// <param name="expectations">The views and codes.</param>
    /// <param name="accounts">The accounts whose balance and nonce are asked for.</param>
    /// <param name="block">The block; null takes the newest. A node that does not have it yet confirms nothing, and says nothing else either.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <exception cref="EthereumException"><c>rpc-wrong-chain</c>.</exception>
    public static async Task<NodeAgreement> AskAsync(EthereumClient client, IEnumerable<Expectation> expectations, IEnumerable<Address> accounts, BlockReference? block, CancellationToken cancellation)
    {
        if (client.Endpoints.Count < 2)
        {
            return NobodyElse;
        }

        if (block is not { } pinned)
        {
            var batch = client.NewBatch();
            var newest = batch.Add(EthRequests.Block(BlockReference.Latest));
            await batch.SendAsync(cancellation).ConfigureAwait(false);
            if (!newest.TryGet(out var header) || header is null)
            {
                return new NodeAgreement([], ["the newest block"]);
            }

            pinned = BlockReference.At(header.Hash!.Value);
        }

        var asked = new List<Task<(string Subject, CrossCheckVerdict Verdict, string Said)>>();
        foreach (var expectation in expectations.DistinctBy(expectation => expectation.Subject))
        {
            asked.Add(expectation.CodeHash is null
                ? CheckAsync(expectation.Subject, client.CrossCheckAsync(EthRequests.Call(new CallRequest { To = expectation.Target, Data = expectation.Call }, pinned), cancellation))
                : CheckAsync(expectation.Subject, client.CrossCheckAsync(EthRequests.Code(expectation.Target, pinned), cancellation)));
        }

        foreach (var account in accounts.Distinct())
        {
            asked.Add(CheckAsync($"balance of {account}", client.CrossCheckAsync(EthRequests.Balance(account, pinned), cancellation)));
            asked.Add(CheckAsync($"nonce of {account}", client.CrossCheckAsync(EthRequests.Nonce(account, pinned), cancellation)));
        }

        var answers = await Task.WhenAll(asked).ConfigureAwait(false);
        return new NodeAgreement(
            [.. answers.Where(answer => answer.Verdict == CrossCheckVerdict.Disagreed).Select(answer => $"{answer.Subject}: {answer.Said}")],
            [.. answers.Where(answer => answer.Verdict is CrossCheckVerdict.Unconfirmed or CrossCheckVerdict.Unknown).Select(answer => answer.Subject)]);

        static async Task<(string, CrossCheckVerdict, string)> CheckAsync<T>(string subject, Task<CrossCheck<T>> question)
        {
            var check = await question.ConfigureAwait(false);
            return (subject, check.Verdict, check.Verdict == CrossCheckVerdict.Disagreed ? check.Describe() : "");
        }
    }
}
