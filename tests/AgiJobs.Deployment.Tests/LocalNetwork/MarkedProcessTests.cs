using System.Diagnostics;
using AgiJobs.Deployment.LocalNetwork;
using AgiJobs.Testing;

namespace AgiJobs.Deployment.Tests.LocalNetwork;

public sealed class MarkedProcessTests
{
    private const string Mark = "the-mark-of-these-tests";

    [Fact]
    public void A_process_that_becomes_another_program_a_thousand_times_runs_throughout()
    {
        using var process = Started("[ \"$1\" -eq 1000 ] && read -r line; exec sh -c \"$0\" \"$0\" $(( $1 + 1 )) \"$2\"");
        try
        {
            var watch = Stopwatch.StartNew();
            var asked = 0;
            while (!File.ReadAllText($"/proc/{process.Id}/cmdline").Contains("\01000\0", StringComparison.Ordinal))
            {
                Assert.True(MarkedProcess.Runs(process.Id, Mark), $"not seen at question {asked}");
                asked++;
                Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), "the process did not come to its end");
            }

            Assert.True(asked > 0);
        }
        finally
        {
            process.Kill();
        }
    }

    [Fact]
    public async Task A_process_that_has_ended_or_bears_another_mark_does_not_run()
    {
        using var process = Started("read -r line");
        Assert.True(MarkedProcess.Runs(process.Id, Mark));
        Assert.False(MarkedProcess.Runs(process.Id, "another-mark"));
        process.Kill();
        await Wait.UntilAsync("the process is gone", () => !MarkedProcess.Runs(process.Id, Mark));
    }

    private static Process Started(string script) =>
        Process.Start(new ProcessStartInfo("sh", ["-c", script, script, "1", Mark]) { UseShellExecute = false, RedirectStandardInput = true })!;
}
