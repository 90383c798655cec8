using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Agents;

/// <summary>The chain as an agent uses it, for its own account alone. For use by one thread at a time.</summary>
public interface IAgentChain
{
    /// <summary>The agent's account.</summary>
    Address Account { get; }

    /// <summary>The chain.</summary>
    ChainId Chain { get; }

    /// <summary>The arena.</summary>
    Address Arena { get; }

    /// <summary>Looks at the newest block.</summary>
    /// <param name="after">Also at the rounds above this number, the newest 64 at most.</param>
    /// <param name="rounds">The rounds to look at.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="EthereumException">What could not be read.</exception>
    Task<AgentSight> LookAsync(long after, IReadOnlyCollection<long> rounds, CancellationToken cancellation);

    /// <summary>What a round's students have done.</summary>
    Task<IReadOnlyDictionary<Address, ParticipantState>> StudentsAsync(RoundState round, CancellationToken cancellation);

    /// <summary>Tries an act and signs it with the next nonce of the chain. Sends nothing.</summary>
    /// <exception cref="EthereumException">The chain would refuse it: <c>transaction-would-revert</c> and others of preparing and signing.</exception>
    Task<SignedAct> SignAsync(ArenaAct act, CancellationToken cancellation);

    /// <summary>Hands signed bytes to the nodes. To repeat it is harmless.</summary>
    /// <exception cref="EthereumException">No node took it, or it is not known whether one did.</exception>
    Task SendAsync(SignedAct act, CancellationToken cancellation);

    /// <summary>Waits a little for the end of what was sent, in this life of the program or an earlier one.</summary>
    Task<ActFate> FateAsync(SignedAct act, CancellationToken cancellation);
}

/// <summary>What an agent sees at one block.</summary>
/// <param name="Arena">The arena and the rounds that were asked for.</param>
/// <param name="Mine">What the agent is to each of these rounds.</param>
/// <param name="Owed">What it earned and has not been paid.</param>
public sealed record AgentSight(ArenaState Arena, IReadOnlyDictionary<long, ParticipantState> Mine, Wei Owed);

/// <summary>An act as a signed transaction.</summary>
/// <param name="Key">The act's identity.</param>
/// <param name="Hash">The transaction.</param>
/// <param name="Raw">Its bytes; whatever happens, these and no others are sent for it.</param>
public sealed record SignedAct(string Key, Bytes32 Hash, byte[] Raw);

/// <summary>What became of a signed act.</summary>
public enum ActEnd
{
    /// <summary>A node has it; it is not mined.</summary>
    Waiting,

    /// <summary>No node knows it.</summary>
    Unsent,

    /// <summary>It is mined and did what it should.</summary>
    Succeeded,

    /// <summary>It is mined and was refused by the contract.</summary>
    Reverted,

    /// <summary>Another transaction used its nonce, so that it can never be mined.</summary>
    Replaced,
}

/// <summary>What became of a signed act, with what there is to tell.</summary>
/// <param name="End">What.</param>
/// <param name="Block">The block that it is in.</param>
/// <param name="Detail">In words.</param>
public sealed record ActFate(ActEnd End, BlockNumber? Block, string Detail);
