using System.Diagnostics;

namespace AgiJobs.Testing;

/// <summary>Waits for conditions of real processes, with a deadline that names what did not happen.</summary>
public static class Wait
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <summary>Asks again and again until there is a value.</summary>
    /// <exception cref="TimeoutException">There was none within 30 s.</exception>
    public static async Task<T> ForAsync<T>(string what, Func<Task<T?>> probe)
        where T : class
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            if (await probe().ConfigureAwait(false) is { } value)
            {
                return value;
            }

            if (watch.Elapsed > Deadline)
            {
                throw new TimeoutException($"Within {Deadline.TotalSeconds:0} s this did not happen: {what}.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10)).ConfigureAwait(false);
        }
    }

    /// <summary>Asks again and again until the condition holds.</summary>
    /// <exception cref="TimeoutException">It did not within 30 s.</exception>
    public static Task UntilAsync(string what, Func<bool> condition) => ForAsync(what, () => Task.FromResult(condition() ? "yes" : null));

    /// <summary>Asks again and again until the condition holds.</summary>
    /// <exception cref="TimeoutException">It did not within 30 s.</exception>
    public static Task UntilAsync(string what, Func<Task<bool>> condition) =>
        ForAsync(what, async () => await condition().ConfigureAwait(false) ? "yes" : null);
}
