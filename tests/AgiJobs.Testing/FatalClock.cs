namespace AgiJobs.Testing;

/// <summary>
/// A clock that stands for a process that is killed: the reading after the given number, and every later one, throws. The clock is read before and after each exchange with a node
/// and at each line of a journal, so that counting up the readings stops a run at every point that matters.
/// </summary>
public sealed class FatalClock(int readings) : TimeProvider
{
    private int _left = readings;

    /// <summary>True once a reading has thrown.</summary>
    public bool HasStruck => Volatile.Read(ref _left) < 0;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        Read();
        return base.GetUtcNow();
    }

    /// <inheritdoc/>
    public override long GetTimestamp()
    {
        Read();
        return base.GetTimestamp();
    }

    private void Read()
    {
        if (Interlocked.Decrement(ref _left) < 0)
        {
            throw new KilledException();
        }
    }
}

/// <summary>What a process that was killed throws in place of going on.</summary>
public sealed class KilledException() : Exception("killed");
