using System.Diagnostics;

namespace AgiJobs.Storage.Tests;

/// <summary>A program that commits without end and says each number that was acknowledged. Commit N leaves the streams at 3N and 2N, the document at N, and N messages.</summary>
internal static class CommitLoop
{
    public const string LocationVariable = "AGIJOBS_TEST_STATE";
    public const string Long = "loop/long";
    public const string Short = "loop/short";
    public const string Channel = "loop";

    public static Process Start(StateLocation location)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment[LocationVariable] = location.ConnectionString ?? location.Path;
        return Process.Start(start)!;
    }

    public static async Task<int> RunAsync(string location)
    {
        await using var store = await StateStore.OpenAsync(location.Contains('=', StringComparison.Ordinal) ? StateLocation.Postgres(location) : StateLocation.File(location), TimeProvider.System);
        var lease = await store.TryAcquireAsync("loop", "writer", TimeSpan.FromMinutes(1));
        for (var number = ((await store.GetAsync("loop", "number"))?.Version ?? 0) + 1; ; number++)
        {
            var data = $$"""{"number":{{number}}}""";
            var added = new NewEvent("step", data);
            await store.CommitAsync(new StateCommit
            {
                Fence = lease,
                Events = [new StreamAppend(Long, 3 * (number - 1), [added, added, added]), new StreamAppend(Short, 2 * (number - 1), [added, added])],
                Documents = [new DocumentWrite("loop", "number", data, number - 1)],
                Messages = [new MessageWrite(Channel, $"{number}", data)],
            });
            Console.Out.WriteLine(number);
            Console.Out.Flush();
        }
    }
}
