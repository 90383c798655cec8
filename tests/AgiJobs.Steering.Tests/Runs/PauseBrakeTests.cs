using System.Collections.Concurrent;
using AgiJobs.Ethereum;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Evolution;
using AgiJobs.Steering.Runs;
using AgiJobs.Storage;
using AgiJobs.Testing;

namespace AgiJobs.Steering.Tests.Runs;

public sealed class PauseBrakeTests : IAsyncLifetime
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    private readonly string _folder = Directory.CreateTempSubdirectory("brake").FullName;
    private readonly ConcurrentQueue<string> _told = new();
    private IStateStore _state = null!;
    private DurableRunStore _runs = null!;

    public async ValueTask InitializeAsync()
    {
        _state = await StateStore.OpenAsync(StateLocation.File(Path.Combine(_folder, "state.db")), TimeProvider.System);
        _runs = new DurableRunStore(_state, "test");
    }

    public async ValueTask DisposeAsync()
    {
        await _state.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task While_the_system_is_paused_no_operation_of_a_run_starts_and_after_the_resume_the_run_is_what_it_would_have_been()
    {
        var paused = false;
        var results = 0;
        var brake = new PauseBrake(_ => Task.FromResult(Volatile.Read(ref paused)), TimeSpan.FromMilliseconds(1), _told.Enqueue, TimeProvider.System);
        await using var seat = await RunSeat.TakeAsync(_runs, "one", DriverName.New(), TimeSpan.FromMinutes(1), TimeProvider.System, default);
        var driving = seat.DriveAsync(new Noticed(EvolutionWorld.For(RunSeatTests.Settings, _runs), () => Volatile.Write(ref paused, Interlocked.Increment(ref results) >= 20)), 2, EvolutionWorld.Begin(RunSeatTests.Settings), TimeSpan.Zero, brake, default);

        await Wait.UntilAsync("it is held", () => brake.Why is not null);
        await Wait.UntilAsync("what was in flight is done", () => !_told.IsEmpty);
        var version = (await _runs.TextsAsync("one", default)).Count;
        Assert.StartsWith("the system is paused", brake.Why, StringComparison.Ordinal);
        Assert.False(driving.IsCompleted);
        Assert.Equal(version, (await _runs.TextsAsync("one", default)).Count);

        Volatile.Write(ref results, -1_000_000);
        Volatile.Write(ref paused, false);
        Assert.NotNull((await driving).Finished);
        await new RunDriver(_runs, EvolutionWorld.For(RunSeatTests.Settings, _runs), 1).DriveAsync("bare", EvolutionWorld.Begin(RunSeatTests.Settings), default);
        Assert.Equal(await _runs.TextsAsync("bare", default), await _runs.TextsAsync("one", default));
        Assert.Equal("the system runs again: runs go on", _told.Last());
    }

    [Fact]
    public async Task A_chain_that_cannot_be_asked_holds_as_a_pause_does_and_is_told_once()
    {
        var time = new ManualTime();
        var answers = new Queue<Func<bool>>([() => throw new EthereumException("node-unreachable", Fault.Unknown, "no node answers"), () => throw new EthereumException("node-unreachable", Fault.Unknown, "no node answers"), () => true, () => false]);
        var brake = new PauseBrake(_ => Task.FromResult(answers.Dequeue()()), Poll, _told.Enqueue, time);

        var passing = brake.PassAsync(default);
        for (var look = 0; look < 3; look++)
        {
            await Wait.UntilAsync("it waits", () => time.ArmedTimers > 0);
            Assert.False(passing.IsCompleted);
            time.Advance(Poll);
        }

        await passing;
        Assert.Equal(["whether", "the system is paused", "the system runs again"], _told.Select((line, place) => new[] { "whether", "the system is paused", "the system runs again" }.First(begin => line.StartsWith(begin, StringComparison.Ordinal))));
        Assert.Null(brake.Why);
    }

    [Fact]
    public async Task An_answer_holds_for_a_while_and_no_longer()
    {
        var time = new ManualTime();
        var asked = 0;
        var brake = new PauseBrake(_ => Task.FromResult(++asked < 0), Poll, _told.Enqueue, time);

        await brake.PassAsync(default);
        await brake.PassAsync(default);
        Assert.Equal(1, asked);
        time.Advance(Poll);
        await brake.PassAsync(default);

        Assert.Equal(2, asked);
        Assert.Empty(_told);
    }

    /// <summary>Says when something was done.</summary>
    private sealed class Noticed(IAgentWorld world, Action done) : IAgentWorld
    {
        public async Task<ExpansionOutcome> ExpandAsync(ExpansionWork work, CancellationToken cancellation)
        {
            var outcome = await world.ExpandAsync(work, cancellation);
            done();
            return outcome;
        }

        public async Task<EvaluationOutcome> EvaluateAsync(EvaluationWork work, CancellationToken cancellation)
        {
            var outcome = await world.EvaluateAsync(work, cancellation);
            done();
            return outcome;
        }
    }
}
