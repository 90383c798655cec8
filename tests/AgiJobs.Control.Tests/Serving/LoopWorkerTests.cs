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

    [Fact]
    public async Task A_look_that_fails_whatever_the_reason_is_told_and_the_next_one_tries_anew()
    {
        Exception[] problems = [new InvalidOperationException("a defect"), new OperationCanceledException("of something else"), new IOException("a full disk")];
        var (looks, heard) = (0, new List<Exception>());
        using var worker = new Repeating(_ => Interlocked.Increment(ref looks) <= problems.Length ? throw problems[looks - 1] : Task.CompletedTask, heard.Add);
        await worker.StartAsync(CancellationToken.None);
        await Wait.UntilAsync("two looks after those that failed", () => Volatile.Read(ref looks) >= problems.Length + 2);
        await worker.StopAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(problems, heard);
        Assert.True(worker.Completion.IsCompletedSuccessfully);
    }

    private sealed class Repeating(Func<CancellationToken, Task> look, Action<Exception> fail) : LoopWorker(TimeProvider.System)
    {
        public override string Name => "repeating";

        protected override WorkerState Present { get; } = new(true, "ready", "");

        protected override Task RunAsync(CancellationToken cancellation) => RepeatAsync(TimeSpan.FromMilliseconds(1), look, fail, cancellation);
    }

    private sealed class Loop(Func<CancellationToken, Task> run) : LoopWorker(TimeProvider.System)
    {
        public override string Name => "loop";

        protected override WorkerState Present { get; } = new(true, "ready", "");

        protected override Task RunAsync(CancellationToken cancellation) => run(cancellation);
    }
}
