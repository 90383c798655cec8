using AgiJobs.Control.Serving;
using AgiJobs.Testing;

namespace AgiJobs.Control.Tests.Serving;

public sealed class LoopWorkerTests
{
    [Fact]
    public async Task A_loop_that_ended_by_a_defect_is_not_ready_whatever_it_said_last()
    {
        var end = new TaskCompletionSource();
        using var worker = new Loop(_ => end.Task);
        Assert.Equal("ready", worker.State.Code);
        await worker.StartAsync(CancellationToken.None);
        Assert.Equal("ready", worker.State.Code);
        end.SetException(new InvalidOperationException("a defect"));
        await Wait.ForAsync("the end of the loop", () => Task.FromResult(worker.State.IsReady ? null : "ended"));
        Assert.Equal(("stopped", "it has stopped: a defect"), (worker.State.Code, worker.State.Message));
        await worker.StopAsync(TimeSpan.Zero);
    }

    [Fact]
    public async Task A_loop_is_told_to_stop_and_waited_for()
    {
        var hasEnded = false;
        using var worker = new Loop(async cancellation =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            hasEnded = true;
        });
        await worker.StartAsync(CancellationToken.None);
        await worker.StopAsync(TimeSpan.FromSeconds(30));
        Assert.True(hasEnded);
    }

    private sealed class Loop(Func<CancellationToken, Task> run) : LoopWorker(TimeProvider.System)
    {
        public override string Name => "loop";

        protected override WorkerState Present { get; } = new(true, "ready", "");

        protected override Task RunAsync(CancellationToken cancellation) => run(cancellation);
    }
}
