using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using Xunit.v3;

[assembly: AgiJobs.Testing.HangWatch]

namespace AgiJobs.Testing;

/// <summary>
/// Ends the process of the tests when one of them hangs, and says which: a test has run for ten minutes, or for as long none has begun or ended (a fixture then). Compiled into every test project, because a run
/// that waits for ever says nothing.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class HangWatchAttribute : BeforeAfterTestAttribute
{
    private static readonly TimeSpan Limit = Environment.GetEnvironmentVariable("AGIJOBS_TEST_LONG") is null ? TimeSpan.FromMinutes(10) : TimeSpan.FromHours(2);
    private static readonly ConcurrentDictionary<string, (string Name, long Since)> Running = new(StringComparer.Ordinal);
    private static readonly Lazy<Timer> Watch = new(() => new Timer(_ => Look(), null, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10)));
    private static (string Name, long Since) _last = ("none", Stopwatch.GetTimestamp());

    public override void Before(MethodInfo methodUnderTest, IXunitTest test)
    {
        _ = Watch.Value;
        Running[test.UniqueID] = (test.TestDisplayName, Stopwatch.GetTimestamp());
        _last = (test.TestDisplayName, Stopwatch.GetTimestamp());
    }

    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        Running.TryRemove(test.UniqueID, out _);
        _last = (test.TestDisplayName, Stopwatch.GetTimestamp());
    }

    private static void Look()
    {
        var hanging = Running.Values.Where(test => Stopwatch.GetElapsedTime(test.Since) > Limit).Select(test => test.Name).ToList();
        if (hanging.Count == 0 && Stopwatch.GetElapsedTime(_last.Since) <= Limit)
        {
            return;
        }

        var what = hanging.Count > 0 ? string.Join("; ", hanging) : $"what comes after '{_last.Name}'";
        Environment.FailFast($"Tests have hung for {Limit.TotalMinutes:0} minutes: {what}. At work: {string.Join("; ", Running.Values.Select(test => test.Name).Order(StringComparer.Ordinal))}");
    }
}
