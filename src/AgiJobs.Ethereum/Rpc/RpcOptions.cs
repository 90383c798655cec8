using System.Security.Cryptography;

namespace AgiJobs.Ethereum.Rpc;

/// <summary>Which nodes to talk to and how patiently.</summary>
public sealed record RpcOptions
{
    /// <summary>The nodes in order of preference: the first is primary, the rest take over when it fails and serve cross-checks.</summary>
    public required IReadOnlyList<RpcEndpoint> Endpoints { get; init; }

    /// <summary>Private relays, which get signed transactions and nothing else.</summary>
    public IReadOnlyList<RpcEndpoint> Relays { get; init; } = [];

    /// <summary>Longest wait for one exchange with one node. Default 10 s.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the whole list of nodes is tried before giving up; at least 1. Default 3.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>Upper bound of the wait before the second round; doubles with each further one. Default 200 ms.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Longest wait between two rounds, also when a node asks for more. Default 5 s.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a node that failed is tried last instead of in its order. Default 10 s.</summary>
    public TimeSpan CoolDown { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Most requests in one JSON-RPC batch; larger batches are split. 1 turns batching off. Default 1000, the most that geth takes by default.</summary>
    public int MaxBatchSize { get; init; } = 1000;

    /// <summary>How many parts of a split batch are under way at once. Default 4.</summary>
    public int MaxConcurrentBatches { get; init; } = 4;

    /// <summary>Largest accepted answer in bytes, after decompression. Default 64 MiB.</summary>
    public int MaxResponseBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>
    /// A WebSocket on which nothing is heard for so long, in spite of a question after half of it, is closed and opened again.
    /// Default 30 s.
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How many items of a subscription may wait for their reader; when more come, it begins anew with a gap. Default 10,000.
    /// </summary>
    public int SubscriptionBuffer { get; init; } = 10_000;

    /// <summary>Observes round trips: called after every exchange, also a failed one, on the thread that made it.</summary>
    public Action<RpcExchange>? OnExchange { get; init; }

    /// <summary>A uniform number below its argument (milliseconds of jitter). Default: the system's generator.</summary>
    public Func<int, int> Jitter { get; init; } = RandomNumberGenerator.GetInt32;

    /// <summary>Options with default patience for the URLs given, the first being primary.</summary>
    /// <exception cref="EthereumException"><c>rpc-url</c>.</exception>
    public static RpcOptions For(params string[] urls) => new() { Endpoints = [.. urls.Select(RpcEndpoint.Parse)] };

    internal void Check()
    {
        Require(Endpoints is { Count: > 0 }, "Endpoints", "at least one URL is needed");
        Require(RequestTimeout > TimeSpan.Zero, "RequestTimeout", "it must be longer than zero");
        Require(Rounds >= 1, "Rounds", "it must be 1 or more");
        Require(
            RetryDelay >= TimeSpan.Zero && MaxRetryDelay >= RetryDelay,
            "RetryDelay",
            "it must be zero or more and not above MaxRetryDelay");
        Require(MaxRetryDelay <= TimeSpan.FromHours(1), "MaxRetryDelay", "it must be an hour or less");
        Require(MaxBatchSize >= 1, "MaxBatchSize", "it must be 1 or more");
        Require(MaxConcurrentBatches >= 1, "MaxConcurrentBatches", "it must be 1 or more");
        Require(IdleTimeout > TimeSpan.Zero, "IdleTimeout", "it must be longer than zero");
        Require(SubscriptionBuffer >= 1, "SubscriptionBuffer", "it must be 1 or more");
        Require(MaxResponseBytes >= 1024, "MaxResponseBytes", "it must be 1024 or more");
    }

    private static void Require(bool holds, string name, string rule)
    {
        if (!holds)
        {
            throw EthereumException.BadInput("rpc-options", $"RpcOptions.{name} is out of range: {rule}.");
        }
    }
}
