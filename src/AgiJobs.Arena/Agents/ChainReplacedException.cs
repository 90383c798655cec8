namespace AgiJobs.Arena.Agents;

/// <summary>Behind the agent's nodes is another chain of the same number: a local network that was started afresh. Nothing was sent to it; the agent begins again with the notes of that chain.</summary>
public sealed class ChainReplacedException(string message) : Exception(message);
