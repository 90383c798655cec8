namespace AgiJobs.Ethereum.Rpc;

/// <summary>One round trip as it was seen by the client, for budgets, metrics and logs. Holds no secrets.</summary>
/// <param name="Endpoint">The redacted name of the node.</param>
/// <param name="Methods">The methods asked for, in order; more than one means a JSON-RPC batch.</param>
/// <param name="Elapsed">Time from sending to the end of the answer.</param>
/// <param name="Failure">Why the exchange failed, or null when an answer came back (which may hold errors of single requests).</param>
public sealed record RpcExchange(string Endpoint, IReadOnlyList<string> Methods, TimeSpan Elapsed, string? Failure);
