using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Control.Authority;

/// <summary>What is asked of the chain about a path: a call that must succeed, and when <paramref name="Wanted"/> is given must answer so.</summary>
/// <param name="Call">The call.</param>
/// <param name="Wanted">The answer; null takes any.</param>
/// <param name="Otherwise">What another answer means, for people.</param>
public sealed record Trial(RouteCall Call, byte[]? Wanted = null, string? Otherwise = null)
{
    /// <inheritdoc/>
    public bool Equals(Trial? other) => other is not null && Call == other.Call && string.Equals(Otherwise, other.Otherwise, StringComparison.Ordinal) && Wanted.AsSpan().SequenceEqual(other.Wanted);

    /// <inheritdoc/>
    public override int GetHashCode() => Call.GetHashCode();
}

/// <summary>How a trial ended.</summary>
/// <param name="Succeeds">True, false, or null when the node could not make it.</param>
/// <param name="Why">Why it failed or is unknown.</param>
public sealed record TrialResult(bool? Succeeds, string? Why);

/// <summary>
/// Calls that were tried on the state that was observed, from the contracts that would make them, so that a path that would revert is not offered. Immutable.
/// </summary>
public sealed class RouteTrials
{
    private readonly Dictionary<Trial, TrialResult> _results;

    private RouteTrials(Dictionary<Trial, TrialResult> results) => _results = results;

    /// <summary>Nothing was tried: paths are offered on the strength of the roles alone.</summary>
    public static RouteTrials None { get; } = new([]);

    /// <summary>Tries all of them at one block in one round trip.</summary>
    /// <exception cref="EthereumException"><c>rpc-wrong-chain</c>; a node that cannot be reached makes results unknown instead.</exception>
    public static async Task<RouteTrials> TryAsync(EthereumClient client, Protocol protocol, BlockReference block, IEnumerable<Trial> trials, CancellationToken cancellation)
    {
        var all = trials.Distinct().ToList();
        if (all.Count == 0)
        {
            return None;
        }

        var batch = client.NewBatch();
        var slots = all.ConvertAll(trial => batch.Add(EthRequests.Call(new CallRequest { From = trial.Call.From, To = trial.Call.To, Data = trial.Call.Data }, block)));
        await batch.SendAsync(cancellation).ConfigureAwait(false);
        return new RouteTrials(all.Zip(slots).ToDictionary(pair => pair.First, pair => Judge(pair.First, pair.Second, protocol)));
    }

    /// <summary>How a trial ended; null when it was not made.</summary>
    public TrialResult? Of(Trial trial) => _results.GetValueOrDefault(trial);

    private static TrialResult Judge(Trial trial, RpcSlot<byte[]> slot, Protocol protocol) => slot.Error switch
    {
        null when trial.Wanted is { } wanted && !slot.Value.AsSpan().SequenceEqual(wanted) => new TrialResult(false, trial.Otherwise),
        null => new TrialResult(true, null),
        RevertException refused => new TrialResult(false, refused.DecodedBy(protocol.Abi).Message),
        var problem => new TrialResult(null, problem.Message),
    };
}
