namespace AgiJobs.Response.Breakers;

/// <summary>Whether the protocol stands.</summary>
/// <param name="IsStopped">True when all that can be paused is; null when it could not be read.</param>
/// <param name="Head">The newest block; null when it could not be read.</param>
public sealed record StopStanding(bool? IsStopped, long? Head);

/// <summary>A pause that was mined.</summary>
/// <param name="Change">The change that carried it.</param>
/// <param name="Block">The block; null when it could not be read.</param>
/// <param name="Time">The block's time; null when it could not be read.</param>
public sealed record FiredPause(string Change, long? Block, DateTimeOffset? Time);

/// <summary>How a breaker stops the protocol: through the one pipeline of changes, implemented by who sees it.</summary>
public interface IPauseTrigger
{
    /// <summary>Whether the protocol stands, now.</summary>
    Task<StopStanding> StandingAsync(CancellationToken cancellation);

    /// <summary>Fires the best armed pause and waits until it is mined. Firing again what was fired already does no harm: a pause is idempotent, and an armed one is taken once by the chain.</summary>
    /// <exception cref="Control.ControlException">Why it could not be fired.</exception>
    /// <exception cref="Ethereum.EthereumException">Why the chain did not take it.</exception>
    Task<FiredPause> FireAsync(BreakerCase open, CancellationToken cancellation);
}
