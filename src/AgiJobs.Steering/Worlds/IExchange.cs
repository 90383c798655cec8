using AgiJobs.Hgm.Ledger;

namespace AgiJobs.Steering.Worlds;

/// <summary>A way to ask somebody outside for one piece of work, within bounds of time and size. Safe for use by several threads.</summary>
internal interface IExchange
{
    /// <summary>Asks. Whatever the other does is a reply; an exception means that the asking itself failed, or was given up.</summary>
    Task<ExternalReply> AskAsync(ExternalRequest request, CancellationToken cancellation);
}

/// <summary>What is asked.</summary>
/// <param name="Json">The request as one JSON object without line breaks.</param>
/// <param name="Operation">The operation's number.</param>
/// <param name="Seed">For all chance in it.</param>
/// <param name="Artifact">The agent's text.</param>
/// <param name="Mate">Another agent's text.</param>
internal sealed record ExternalRequest(byte[] Json, int Operation, ulong Seed, string? Artifact, string? Mate);

/// <summary>What came of it.</summary>
/// <param name="Json">The answer, one JSON object of the world protocol; null where there is none.</param>
/// <param name="Fault">Why there is none, in one line.</param>
/// <param name="Artifact">The child, where the kind of endpoint gives it without the world protocol.</param>
/// <param name="Cost">What it cost, where that is known without the answer.</param>
internal sealed record ExternalReply(byte[]? Json, string? Fault, string? Artifact = null, Amount? Cost = null)
{
    public static ExternalReply Failed(string fault, Amount? cost = null) => new(null, fault, null, cost);
}
