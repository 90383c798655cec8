using System.Collections.Concurrent;
using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Calls;

namespace AgiJobs.Arena.Gateway;

/// <summary>The arena at one block, with what is known of its people. Reads of the same block are added as they are made.</summary>
public sealed class BoardState
{
    internal BoardState(ArenaState arena, PinnedBlock block, IReadOnlyDictionary<long, RoundState> rounds, ConcurrentDictionary<(long Round, Address Account), ParticipantState> people)
    {
        Arena = arena;
        Block = block;
        Rounds = new ConcurrentDictionary<long, RoundState>(rounds);
        People = people;
    }

    /// <summary>The arena; its own list of rounds is not the whole one.</summary>
    public ArenaState Arena { get; }

    /// <summary>The rounds that were read: all that are live, the newest, and others that were asked for.</summary>
    internal ConcurrentDictionary<long, RoundState> Rounds { get; }

    internal PinnedBlock Block { get; }

    internal ConcurrentDictionary<(long Round, Address Account), ParticipantState> People { get; }

    /// <summary>The rounds that go on, oldest first.</summary>
    public IReadOnlyList<RoundState> Live => [.. Rounds.Values.Where(round => round.IsLive).OrderBy(round => round.Id)];
}

/// <summary>What the latest look at the chain gave.</summary>
/// <param name="Number">Rises with everything that is news.</param>
/// <param name="State">The newest state that was read; null when there never was one.</param>
/// <param name="Problem">Why the chain cannot be read now; null when it can.</param>
public sealed record BoardReading(long Number, BoardState? State, EthereumException? Problem);
