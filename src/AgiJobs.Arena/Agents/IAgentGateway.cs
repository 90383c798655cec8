using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Agents;

/// <summary>The gateway as an agent uses it (<c>docs/gateway.md</c>). What it answers is a claim: the agent compares it with the chain. Safe for use by several threads.</summary>
public interface IAgentGateway
{
    /// <summary>Says that the agent is there and which seats it would take.</summary>
    /// <exception cref="GatewayException">As every other request.</exception>
    Task AnnounceAsync(IReadOnlyList<Seat> seats, IReadOnlyList<string> families, CancellationToken cancellation);

    /// <summary>Hands in a task statement.</summary>
    Task<GatewayReceipt> PutTaskAsync(long round, string statement, CancellationToken cancellation);

    /// <summary>A round's task statement, its bytes as they came.</summary>
    Task<byte[]> GetTaskAsync(long round, CancellationToken cancellation);

    /// <summary>Hands in an answer that was committed to.</summary>
    Task<GatewayReceipt> PutAnswerAsync(long round, string answer, Bytes32 salt, CancellationToken cancellation);

    /// <summary>The answers that are in the open.</summary>
    Task<IReadOnlyList<GatewayAnswer>> GetAnswersAsync(long round, CancellationToken cancellation);

    /// <summary>Hands in what a validator says to its vote.</summary>
    Task<GatewayReceipt> PutNoteAsync(long round, string note, CancellationToken cancellation);

    /// <summary>What changes, until it is cancelled; connects again by itself.</summary>
    IAsyncEnumerable<GatewayEvent> EventsAsync(CancellationToken cancellation);
}

/// <summary>Where the gateway has what was handed in.</summary>
/// <param name="Hash">The digest that it computed.</param>
/// <param name="Uri">Where it is to be had.</param>
public sealed record GatewayReceipt(Bytes32 Hash, string Uri);

/// <summary>An answer as the gateway tells it.</summary>
/// <param name="Index">The student's place.</param>
/// <param name="Student">Who.</param>
/// <param name="Hash">The digest as the gateway says.</param>
/// <param name="Text">The answer; null when the gateway does not give it out.</param>
/// <param name="Moderation">What moderation says of it.</param>
public sealed record GatewayAnswer(int Index, Address Student, Bytes32 Hash, string? Text, string? Moderation);

/// <summary>Something that the gateway tells by itself.</summary>
/// <param name="Type"><c>round</c>, <c>pause</c>, <c>resume</c>, or one that this program does not know.</param>
/// <param name="Round">The round; null when it is about none.</param>
/// <param name="Phase">The phase as the gateway says.</param>
/// <param name="Todo">What it expects of the agent.</param>
public sealed record GatewayEvent(string Type, long? Round, string? Phase, string? Todo);
