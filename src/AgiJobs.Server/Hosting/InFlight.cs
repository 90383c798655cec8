namespace AgiJobs.Server.Hosting;

/// <summary>Counts requests under way, and says when there are none any more. Safe for use by several threads.</summary>
internal sealed class InFlight : IDisposable
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _draining = new();
    private readonly CancellationToken _token;
    private int _count;

    public InFlight() => _token = _draining.Token;

    /// <summary>True from the moment on in which nothing new is begun.</summary>
    public bool IsDraining => _token.IsCancellationRequested;

    /// <summary>Cancelled when nothing new is begun any more: connections that only listen end then.</summary>
    public CancellationToken Draining => _token;

    /// <summary>How many are under way.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _count;
            }
        }
    }

    /// <summary>Begins one; false when nothing new is begun.</summary>
    public bool TryBegin()
    {
        lock (_lock)
        {
            if (IsDraining)
            {
                return false;
            }

            _count++;
            return true;
        }
    }

    /// <summary>Ends one.</summary>
    public void End()
    {
        lock (_lock)
        {
            _count--;
            Settle();
        }
    }

    /// <summary>Begins nothing new, and waits until nothing is under way; false when it took too long.</summary>
    public async Task<bool> DrainAsync(TimeSpan most, TimeProvider time)
    {
        await _draining.CancelAsync().ConfigureAwait(false);
        lock (_lock)
        {
            Settle();
        }

        try
        {
            await _idle.Task.WaitAsync(most, time, CancellationToken.None).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    public void Dispose() => _draining.Dispose();

    private void Settle()
    {
        if (_count == 0 && IsDraining)
        {
            _ = _idle.TrySetResult();
        }
    }
}
