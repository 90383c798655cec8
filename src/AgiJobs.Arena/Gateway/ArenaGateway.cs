using System.Text.Json.Nodes;
using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;
using AgiJobs.Storage;
using AgiJobs.Tasks;

namespace AgiJobs.Arena.Gateway;

/// <summary>The agent gateway of one network without a word of HTTP: its parts, and the answers that need several of them. Safe for use by several threads.</summary>
public sealed class ArenaGateway
{
    /// <summary>Most bytes of a body: an answer of the greatest length, every character of it escaped.</summary>
    public const int MaxBody = 131_072;

    // A listing may be as old as this; what is refused or taken is looked up anew.
    private static readonly TimeSpan ListingAge = TimeSpan.FromMilliseconds(250);

    private readonly string _network;
    private readonly IStateStore _store;
    private readonly RateLimit _agentLimit;
    private readonly TimeProvider _time;

    /// <summary>Puts the parts together.</summary>
    /// <param name="network">The network's name.</param>
    /// <param name="board">Its rounds.</param>
    /// <param name="store">The store.</param>
    /// <param name="review">Reviews tasks, answers and notes.</param>
    /// <param name="agentLimit">Requests of an address.</param>
    /// <param name="unsignedLimit">Requests of a connection's other end that nobody's signature stands for.</param>
    /// <param name="time">The clock.</param>
    public ArenaGateway(string network, RoundBoard board, IStateStore store, IContentReview review, RateLimit agentLimit, RateLimit unsignedLimit, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(board);
        (_network, _store, _agentLimit, _time) = (network, store, agentLimit, time);
        Board = board;
        Limits = new RateLimits(agentLimit, unsignedLimit, time);
        Authentication = new RequestAuthentication(board.Arena.Chain, board.Arena.Address, Limits, new UsedNonces(store, network, time), time);
        Agents = new AgentDirectory(store, network, time);
        Submissions = new Submissions(board, store, network, review, time);
        Feed = new RoundFeed(board);
    }

    /// <summary>The rounds.</summary>
    public RoundBoard Board { get; }

    /// <summary>Who asks.</summary>
    public RequestAuthentication Authentication { get; }

    /// <summary>How often.</summary>
    public RateLimits Limits { get; }

    /// <summary>Who is there.</summary>
    public AgentDirectory Agents { get; }

    /// <summary>Tasks, answers and notes.</summary>
    public Submissions Submissions { get; }

    /// <summary>What agents are told.</summary>
    public RoundFeed Feed { get; }

    /// <summary>What an agent needs before it can sign.</summary>
    public NetworkView Network() => new(
        _network,
        Board.Arena.Chain.Value,
        Board.Arena.Address.ToString(),
        _time.GetUtcNow().ToUnixTimeMilliseconds(),
        "/v1/network/abi",
        new LimitsView(MaxBody, TaskStatement.MaxBytes, TaskStatement.MaxAnswer, Submissions.MaxNote, (int)RequestAuthentication.Window.TotalMilliseconds, (int)AgentDirectory.Presence.TotalMilliseconds, _agentLimit.PerSecond, _agentLimit.Burst));

    /// <summary>An agent says that it is there.</summary>
    public async Task<AgentView> PutAgentAsync(Address agent, PresenceRequest request, CancellationToken cancellation) =>
        await ViewAsync(await Agents.PutAsync(agent, request, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);

    /// <summary>What is known of an agent.</summary>
    public async Task<AgentView> AgentAsync(Address agent, CancellationToken cancellation) =>
        await ViewAsync(await Agents.GetAsync(agent, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);

    /// <summary>Rounds, newest first.</summary>
    /// <exception cref="EthereumException">The chain could not be read.</exception>
    public async Task<IReadOnlyList<RoundView>> RoundsAsync(Address asker, bool onlyLive, CancellationToken cancellation)
    {
        var state = await Board.ReadAsync(ListingAge, cancellation).ConfigureAwait(false);
        var rounds = RoundBoard.Newest(state, onlyLive);
        var seats = await Board.SeatsAsync(state, asker, [.. rounds.Select(round => round.Id)], cancellation).ConfigureAwait(false);
        return [.. rounds.Select(round => View(state.Arena, round, seats[round.Id]))];
    }

    /// <summary>One round.</summary>
    /// <exception cref="RefusalException"><see cref="GatewayCode.RoundUnknown"/>.</exception>
    /// <exception cref="EthereumException">The chain could not be read.</exception>
    public async Task<RoundView> RoundAsync(Address asker, long id, CancellationToken cancellation)
    {
        var state = await Board.ReadAsync(TimeSpan.Zero, cancellation).ConfigureAwait(false);
        var round = await Board.RoundAsync(state, id, cancellation).ConfigureAwait(false)
            ?? throw new RefusalException(GatewayCode.RoundUnknown, $"There is no round {id}; the last one is {state.Arena.TotalRounds}.", "GET /v1/rounds lists them.");
        var seats = await Board.SeatsAsync(state, asker, [id], cancellation).ConfigureAwait(false);
        return View(state.Arena, round, seats[id]);
    }

    private static RoundView View(ArenaState arena, RoundState round, ParticipantState seat) => new(
        round.Id,
        Todo.NameOf(round.Phase),
        round.PhaseEndsAt,
        arena.ProtocolTime,
        arena.Block.Value,
        arena.IsPaused,
        round.Difficulty,
        round.TaskHash.IsZero ? null : round.TaskHash.ToString(),
        round.Teacher.ToString(),
        [.. round.Students.Select(student => student.ToString())],
        [.. round.Validators.Select(validator => validator.ToString())],
        round.CommitteeSize,
        round.Answers,
        round.RevealedAnswers,
        round.Votes,
        round.RevealedVotes,
        [.. Enumerable.Range(0, round.Students.Count).Where(index => ((round.Winners >> index) & 1) == 1)],
        Todo.NameOf(seat.Seat),
        Todo.Of(arena, round, seat));

    private async Task<AgentView> ViewAsync(AgentPresence agent, CancellationToken cancellation)
    {
        var ratings = await _store.GetAsync($"arena/{_network}/views", "ratings", cancellation).ConfigureAwait(false);
        return new AgentView(
            agent.Address.ToString(),
            [.. agent.Seats.Select(Todo.NameOf)],
            agent.Families,
            agent.LastSeen,
            Agents.IsPresent(agent) ? agent.LastSeen + AgentDirectory.Presence : null,
            ratings is null ? null : RatingOf(ratings.Data, agent.Address.ToString()),
            agent.Faults);
    }

    private static JsonNode? RatingOf(string ratings, string address) =>
        (JsonNode.Parse(ratings)?["players"] as JsonArray)?.FirstOrDefault(player => string.Equals((string?)player?["account"], address, StringComparison.Ordinal))?.DeepClone();
}
