using AgiJobs.Control.Changes;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Control.Execution;

/// <summary>One expectation held against the chain.</summary>
/// <param name="Expectation">What must hold.</param>
/// <param name="Holds">True, false, or null when it could not be read.</param>
/// <param name="Found">What was found instead, or why nothing was.</param>
public sealed record CheckedExpectation(Expectation Expectation, bool? Holds, string? Found);

/// <summary>Holds expectations against one block.</summary>
public static class StateCheck
{
    /// <summary>Reads all of them in one round trip.</summary>
    /// <exception cref="EthereumException"><c>rpc-wrong-chain</c>.</exception>
    public static async Task<IReadOnlyList<CheckedExpectation>> ReadAsync(EthereumClient client, IReadOnlyList<Expectation> expectations, BlockReference block, CancellationToken cancellation)
    {
        var batch = client.NewBatch();
        var slots = expectations.Select(expectation => expectation.CodeHash is null
            ? batch.Add(EthRequests.Call(new CallRequest { To = expectation.Target, Data = expectation.Call }, block))
            : batch.Add(EthRequests.Code(expectation.Target, block))).ToList();
        if (slots.Count > 0)
        {
            await batch.SendAsync(cancellation).ConfigureAwait(false);
        }

        return [.. expectations.Zip(slots, Compare)];
    }

    private static CheckedExpectation Compare(Expectation expectation, RpcSlot<byte[]> slot)
    {
        if (!slot.TryGet(out var found))
        {
            return new CheckedExpectation(expectation, null, slot.Error!.Message);
        }

        if (expectation.CodeHash is { } wanted)
        {
            var actual = Keccak256.Hash(found);
            return new CheckedExpectation(expectation, actual == wanted, actual == wanted ? null : found.Length == 0 ? "no code" : $"code {actual}");
        }

        var same = found.AsSpan().SequenceEqual(expectation.Result);
        return new CheckedExpectation(expectation, same, same ? null : Hex.Encode(found));
    }
}
