using System.Numerics;
using AgiJobs.Arena.Rounds;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Arena.Orchestration;

/// <summary>Which seats agents may take by what the chain says of them.</summary>
public interface IEligibility
{
    /// <summary>The seats that each may take, at the block of <paramref name="arena"/>.</summary>
    Task<IReadOnlyList<(Address Account, Seat Seat)>> OfAsync(IReadOnlyList<PresentAgent> present, ArenaState arena, CancellationToken cancellation);
}

/// <summary>
/// The contract's own conditions (<c>_requireEligible</c> and the lock of a validator's stake), asked beforehand, so that nobody is invited who would be refused.
/// </summary>
public sealed class Eligibility(EthereumClient client, Protocol protocol) : IEligibility
{
    private const int AgentRole = 0;
    private const int ValidatorRole = 1;

    /// <inheritdoc/>
    /// <exception cref="EthereumException">What could not be read.</exception>
    public async Task<IReadOnlyList<(Address Account, Seat Seat)>> OfAsync(IReadOnlyList<PresentAgent> present, ArenaState arena, CancellationToken cancellation)
    {
        if (present.Count == 0)
        {
            return [];
        }

        var block = await PinnedBlock.AtAsync(client, BlockReference.At(arena.BlockHash), cancellation).ConfigureAwait(false);
        var stakes = protocol["StakeManager"];
        var identities = protocol["IdentityRegistry"];
        var own = protocol["SelfPlayArena"];
        var reads = block.NewReads();
        var registry = reads.Call(own.Address, own.Abi.Function("identityRegistry"));
        var asked = present.Select(agent => (
            Agent: agent,
            IsAgent: reads.Call(stakes.Address, stakes.Abi.Function("isStaked"), agent.Address, AgentRole),
            IsValidator: reads.Call(stakes.Address, stakes.Abi.Function("isStaked"), agent.Address, ValidatorRole),
            Free: reads.Call(stakes.Address, stakes.Abi.Function("freeStakeOf"), agent.Address, ValidatorRole),
            KnownAgent: reads.Call(identities.Address, identities.Abi.Function("isAuthorized"), AgentRole, agent.Address),
            KnownValidator: reads.Call(identities.Address, identities.Abi.Function("isAuthorized"), ValidatorRole, agent.Address))).ToList();
        await reads.SendAsync(cancellation).ConfigureAwait(false);
        var isOpen = registry.Value[0].AsAddress() == default;
        var found = new List<(Address Account, Seat Seat)>();
        foreach (var (agent, isAgent, isValidator, free, knownAgent, knownValidator) in asked)
        {
            if (isAgent.Value[0].AsBoolean() && (isOpen || knownAgent.Value[0].AsBoolean()))
            {
                found.AddRange(((Seat[])[Seat.Teacher, Seat.Student]).Where(agent.Seats.Contains).Select(seat => (agent.Address, seat)));
            }

            if (isValidator.Value[0].AsBoolean() && (isOpen || knownValidator.Value[0].AsBoolean()) && agent.Seats.Contains(Seat.Validator) && free.Value[0].AsInteger() >= BigInteger.Max(arena.ValidatorStake.Value, 0))
            {
                found.Add((agent.Address, Seat.Validator));
            }
        }

        return found;
    }
}
