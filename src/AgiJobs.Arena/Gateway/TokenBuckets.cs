namespace AgiJobs.Arena.Gateway;

/// <summary>A bucket of tokens for each key. One that is full again is forgotten, so that keys that do not come back cost nothing. Safe for use by several threads.</summary>
internal sealed class TokenBuckets<TKey>(RateLimit limit, TimeProvider time)
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, (double Tokens, long At)> _buckets = [];
    private int _sweepAt = 1024;

    /// <summary>How many keys are remembered.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _buckets.Count;
            }
        }
    }

    /// <summary>Takes a token; null when there was one, else how long until there is.</summary>
    public TimeSpan? Take(TKey key)
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            var tokens = _buckets.TryGetValue(key, out var bucket) ? Filled(bucket, now) : limit.Burst;
            if (tokens < 1)
            {
                _buckets[key] = (tokens, now);
                return TimeSpan.FromSeconds((1 - tokens) / limit.PerSecond);
            }

            _buckets[key] = (tokens - 1, now);
            Sweep(now);
            return null;
        }
    }

    private double Filled((double Tokens, long At) bucket, long now) => Math.Min(limit.Burst, bucket.Tokens + (time.GetElapsedTime(bucket.At, now).TotalSeconds * limit.PerSecond));

    private void Sweep(long now)
    {
        if (_buckets.Count < _sweepAt)
        {
            return;
        }

        foreach (var key in _buckets.Where(entry => Filled(entry.Value, now) >= limit.Burst).Select(entry => entry.Key).ToList())
        {
            _buckets.Remove(key);
        }

        _sweepAt = Math.Max(1024, _buckets.Count * 2);
    }
}
