using System.Numerics;
using System.Security.Cryptography;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Culture;

/// <summary>What is to be paid to whom, for a change of the pipeline to carry.</summary>
/// <param name="Source">The SHA-256 of the rewards file that it pays out: the same rewards are the same plan.</param>
/// <param name="Period">The period's name.</param>
/// <param name="Payouts">Whom and how much, in the token's smallest unit; by address.</param>
public sealed record PayoutPlan(Bytes32 Source, string Period, IReadOnlyList<(Address Account, BigInteger Amount)> Payouts)
{
    /// <summary>The sum.</summary>
    public BigInteger Total => Payouts.Aggregate(BigInteger.Zero, (sum, payout) => sum + payout.Amount);

    /// <summary>The plan for rewards; amounts of nothing are left out.</summary>
    public static PayoutPlan Of(CultureRewards rewards)
    {
        ArgumentNullException.ThrowIfNull(rewards);
        return new PayoutPlan(
            new Bytes32(SHA256.HashData(rewards.Encode())), rewards.Period.Name,
            [.. rewards.Allocations.Where(one => !one.Amount.Value.IsZero).OrderBy(one => one.Account).Select(one => (one.Account, one.Amount.Value))]);
    }
}
