namespace AgiJobs.Testing;

/// <summary>A request that a <see cref="FaultyRpc"/> received.</summary>
/// <param name="Method">The method.</param>
/// <param name="Parameters">The parameter array as JSON text.</param>
public sealed record RpcRecord(string Method, string Parameters);
