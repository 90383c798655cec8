using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Orchestration;

/// <summary>An agent that said that it is there.</summary>
/// <param name="Address">Who.</param>
/// <param name="Seats">What it would take part as.</param>
/// <param name="Families">The task families that it sets or solves; empty for any.</param>
public sealed record PresentAgent(Address Address, IReadOnlySet<Seat> Seats, IReadOnlyList<string> Families);

/// <summary>Who is there to play.</summary>
public interface IPresence
{
    /// <summary>Everybody who was heard of lately, in the order of their addresses.</summary>
    Task<IReadOnlyList<PresentAgent>> PresentAsync(CancellationToken cancellation);
}
