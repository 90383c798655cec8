using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Gateway;

/// <summary>What the store has of an agent: a document of <c>arena/NETWORK/agents</c>, whose key is the address.</summary>
public sealed record AgentRecord
{
    /// <summary>The seats it would take: <c>teacher</c>, <c>student</c>, <c>validator</c>.</summary>
    public required IReadOnlyList<string> Seats { get; init; }

    /// <summary>The families of tasks that it can do; none means that it does not say.</summary>
    public required IReadOnlyList<string> Families { get; init; }

    /// <summary>When it last said that it is there; null when it never did.</summary>
    public DateTimeOffset? LastSeen { get; init; }

    /// <summary>How often it did what it should not, or did not what it should, by code.</summary>
    public required IReadOnlyDictionary<string, long> Faults { get; init; }
}

/// <summary>An agent as the directory knows it.</summary>
/// <param name="Address">Who.</param>
/// <param name="Seats">The seats it would take.</param>
/// <param name="Families">The families of tasks that it can do; none means that it does not say.</param>
/// <param name="LastSeen">When it last said that it is there; null when it never did.</param>
/// <param name="Faults">How often it did what it should not, by code.</param>
public sealed record AgentPresence(Address Address, IReadOnlyList<Seat> Seats, IReadOnlyList<string> Families, DateTimeOffset? LastSeen, IReadOnlyDictionary<string, long> Faults);
