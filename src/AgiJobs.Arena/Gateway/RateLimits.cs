using System.Globalization;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Gateway;

/// <summary>How many requests: <paramref name="Burst"/> at once, <paramref name="PerSecond"/> in the long run.</summary>
/// <param name="PerSecond">Tokens that come back each second; above zero.</param>
/// <param name="Burst">Most tokens; at least 1.</param>
public sealed record RateLimit(double PerSecond, int Burst);

/// <summary>Token buckets: one for each agent that signs, one for each connection's other end that does not. Safe for use by several threads.</summary>
/// <param name="agent">For each address.</param>
/// <param name="unsigned">For each other end of a connection: open requests, and those whose signature is not right.</param>
/// <param name="time">The clock.</param>
public sealed class RateLimits(RateLimit agent, RateLimit unsigned, TimeProvider time)
{
    private readonly TokenBuckets<Address> _agents = new(agent, time);
    private readonly TokenBuckets<string> _unsigned = new(unsigned, time);

    /// <summary>Counts a signed request.</summary>
    /// <exception cref="RefusalException"><see cref="GatewayCode.RateLimited"/> with the time to wait.</exception>
    public void TakeAgent(Address address)
    {
        if (_agents.Take(address) is { } wait)
        {
            throw Refusal($"{address} makes too many requests: {agent.Burst} at once and {Rate(agent)} a second are the most.", wait);
        }
    }

    /// <summary>Counts a request that nobody's signature stands for.</summary>
    /// <param name="from">The other end of the connection.</param>
    /// <exception cref="RefusalException"><see cref="GatewayCode.RateLimited"/> with the time to wait.</exception>
    public void TakeUnsigned(string from)
    {
        if (_unsigned.Take(from) is { } wait)
        {
            throw Refusal($"Too many requests without a good signature come from {from}: {unsigned.Burst} at once and {Rate(unsigned)} a second are the most.", wait);
        }
    }

    private static string Rate(RateLimit limit) => limit.PerSecond.ToString("0.##", CultureInfo.InvariantCulture);

    private static RefusalException Refusal(string message, TimeSpan wait) =>
        new(GatewayCode.RateLimited, message, string.Create(CultureInfo.InvariantCulture, $"Wait {Math.Ceiling(wait.TotalSeconds):0} s and try again."), wait);
}
