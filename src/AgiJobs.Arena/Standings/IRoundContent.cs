using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Standings;

/// <summary>What people of a round sent besides what is on chain.</summary>
public interface IRoundContent
{
    /// <summary>The task whose digest the chain has; null when its teacher left none with that digest.</summary>
    Task<string?> TaskAsync(long round, Address teacher, Bytes32 digest, CancellationToken cancellation);

    /// <summary>The answer whose digest the chain has; null when its student left none with that digest.</summary>
    Task<string?> AnswerAsync(long round, Address student, Bytes32 digest, CancellationToken cancellation);
}
