using System.Diagnostics;

namespace AgiJobs.Bench;

/// <summary>What was measured: medians over the repetitions.</summary>
/// <param name="Case">What was done.</param>
/// <param name="Nanoseconds">How long it took.</param>
/// <param name="BaselineNanoseconds">How long the rival took.</param>
/// <param name="AllocatedBytes">What one run allocated; null when it ran in another process.</param>
internal sealed record Measurement(BenchCase Case, double Nanoseconds, double BaselineNanoseconds, double? AllocatedBytes)
{
    /// <summary>How many times as fast as the baseline.</summary>
    public double Ratio => BaselineNanoseconds / Nanoseconds;
}

/// <summary>
/// Times a case against its baseline in turns, so that a change of the machine's speed hits both: warm-up, then repetitions of some
/// milliseconds each, ours and theirs alternating; the median counts. What is counted is processor time of the process, collector and
/// compiler threads included, since wall time on a busy machine measures the neighbours.
/// </summary>
internal static class Runner
{
    private const int Repetitions = 15;
    private static readonly TimeSpan WarmUp = TimeSpan.FromMilliseconds(700);
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(40);
    private static object? _sink;

    public static Measurement Measure(BenchCase one, Baseline baseline)
    {
        if (one is { Timed: { } timed, TimedRival: { } timedRival })
        {
            return Alternate(one, timed, timedRival);
        }

        var ours = one.Show();
        var theirs = one.Rival is null ? baseline.Show(one) : ours;
        if (ours != theirs)
        {
            throw new InvalidOperationException(
                $"{one.Name}: the two sides do not agree, so there is nothing to compare.\n{ours}\n{theirs}");
        }

        var iterations = Calibrate(count => Time(one, one.Run, count) / count);
        var baselineIterations = Calibrate(count => Theirs(count));
        var times = new double[Repetitions];
        var baselineTimes = new double[Repetitions];
        var allocated = 0L;
        for (var i = 0; i < Repetitions; i++)
        {
            var before = Allocated(one);
            times[i] = Time(one, one.Run, iterations) / iterations;
            allocated = Allocated(one) - before;
            baselineTimes[i] = Theirs(baselineIterations);
        }

        return new Measurement(one, Median(times), Median(baselineTimes), (double)allocated / iterations);

        double Theirs(int count) => one.Rival is { } rival ? Time(one, rival, count) / count : baseline.Nanoseconds(one, count);
    }

    // The first of each finds cold files and is not counted.
    private static Measurement Alternate(BenchCase one, Func<TimeSpan> ours, Func<TimeSpan> theirs)
    {
        _ = (ours(), theirs());
        var times = new double[Repetitions];
        var baselineTimes = new double[Repetitions];
        for (var i = 0; i < Repetitions; i++)
        {
            times[i] = ours().TotalNanoseconds;
            baselineTimes[i] = theirs().TotalNanoseconds;
        }

        return new Measurement(one, Median(times), Median(baselineTimes), null);
    }

    // What waits goes on on other threads.
    private static long Allocated(BenchCase one) => one.CountsWallTime ? GC.GetTotalAllocatedBytes(precise: true) : GC.GetAllocatedBytesForCurrentThread();

    // Runs until warm, then finds how many iterations fill one slice.
    private static int Calibrate(Func<int, double> perIteration)
    {
        var watch = Stopwatch.StartNew();
        var count = 1;
        double nanoseconds;
        do
        {
            nanoseconds = Math.Max(1, perIteration(count));
            count = (int)Math.Clamp(Slice.TotalNanoseconds / nanoseconds, 1, 100_000_000);
        }
        while (watch.Elapsed < WarmUp);
        return count;
    }

    private static double Time(BenchCase one, Func<object?> run, int iterations)
    {
        object? last = null;
        var watch = Stopwatch.StartNew();
        var start = Environment.CpuUsage.TotalTime;
        for (var i = 0; i < iterations; i++)
        {
            last = run();
        }

        var elapsed = one.CountsWallTime ? watch.Elapsed.TotalNanoseconds : (Environment.CpuUsage.TotalTime - start).TotalNanoseconds;
        _sink = last;
        GC.KeepAlive(_sink);
        return elapsed;
    }

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return values[values.Length / 2];
    }
}
