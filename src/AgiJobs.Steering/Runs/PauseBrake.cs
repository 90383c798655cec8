using AgiJobs.Control;
using AgiJobs.Ethereum;

namespace AgiJobs.Steering.Runs;

/// <summary>
/// Holds back what drivers of runs would start while the system is paused on chain, or while nobody can tell whether it is. What is in flight is finished. It decides when a run goes on and never how: the events are
/// the same. Safe for use by several threads.
/// </summary>
/// <param name="isPaused">Asks the chain. It may throw an <see cref="EthereumException"/> or a <see cref="ControlException"/>: the answer is then not known.</param>
/// <param name="poll">For how long an answer holds, and how often is asked again.</param>
/// <param name="tell">Hears when it begins to hold, and when it lets go.</param>
/// <param name="time">The clock.</param>
public sealed class PauseBrake(Func<CancellationToken, Task<bool>> isPaused, TimeSpan poll, Action<string> tell, TimeProvider time)
{
    private readonly Lock _lock = new();
    private long? _released;
    private string? _why;

    /// <summary>Why nothing starts; null while it may.</summary>
    public string? Why
    {
        get
        {
            lock (_lock)
            {
                return _why;
            }
        }
    }

    /// <summary>Returns when something may start.</summary>
    public async Task PassAsync(CancellationToken cancellation)
    {
        while (!IsReleased())
        {
            var why = await AskAsync(cancellation).ConfigureAwait(false);
            Told(why);
            if (why is null)
            {
                return;
            }

            await Task.Delay(poll, time, cancellation).ConfigureAwait(false);
        }
    }

    private bool IsReleased()
    {
        lock (_lock)
        {
            return _released is { } at && time.GetElapsedTime(at) < poll;
        }
    }

    private async Task<string?> AskAsync(CancellationToken cancellation)
    {
        try
        {
            return await isPaused(cancellation).ConfigureAwait(false) ? "the system is paused: no operation of a run starts until it is resumed" : null;
        }
        catch (Exception problem) when (problem is EthereumException or ControlException)
        {
            return $"whether the system is paused is not known ({problem.Message}): no operation of a run starts until it is";
        }
    }

    private void Told(string? why)
    {
        string? said;
        lock (_lock)
        {
            _released = why is null ? time.GetTimestamp() : null;
            said = why == _why ? null : why ?? "the system runs again: runs go on";
            _why = why;
        }

        if (said is not null)
        {
            tell(said);
        }
    }
}
