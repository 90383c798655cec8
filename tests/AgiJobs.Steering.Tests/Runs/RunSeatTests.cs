using System.Diagnostics;
using AgiJobs.Control;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Evolution;
using AgiJobs.Steering.Runs;
using AgiJobs.Storage;
using AgiJobs.Testing;

namespace AgiJobs.Steering.Tests.Runs;

public sealed class RunSeatTests : IAsyncLifetime
{
    private static readonly TimeSpan Lasts = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-seats-").FullName;
    private IStateStore _state = null!;
    private DurableRunStore _runs = null!;

    public static RunSettings Settings { get; } = new() { Seed = 7, Tasks = 10, Evaluations = 24, Concurrency = 4 };

    public async ValueTask InitializeAsync()
    {
        _state = await StateStore.OpenAsync(StateLocation.File(Path.Combine(_folder, "state.db")), TimeProvider.System);
        _runs = new DurableRunStore(_state, "local");
    }

    public async ValueTask DisposeAsync()
    {
        await _state.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_run_is_driven_by_one_and_the_second_is_told_who()
    {
        await using var seat = await TakeAsync();
        var refused = await Assert.ThrowsAsync<ControlException>(TakeAsync);
        Assert.Equal((RunSeat.DrivenElsewhere, ExitCode.Refused), (refused.Code, refused.Exit));
        Assert.Contains($"process {Environment.ProcessId} on {Environment.MachineName}", refused.Message, StringComparison.Ordinal);
        await seat.DisposeAsync();
        await (await TakeAsync()).DisposeAsync();
    }

    [Fact]
    public async Task A_seat_makes_the_same_bytes_as_a_bare_driver_and_the_run_is_listed_from_its_first_event_on()
    {
        Assert.True(await _runs.BeginAsync("one", EvolutionWorld.Begin(Settings), null, TimeSpan.FromMilliseconds(5), default));
        Assert.False(await _runs.BeginAsync("one", EvolutionWorld.Begin(Settings), null, null, default));
        var begun = Assert.Single(await _runs.ListAsync(default));
        Assert.Equal(("one", false, TimeSpan.FromMilliseconds(5)), (begun.Name, begun.IsFinished, begun.Pace));
        await using (var seat = await TakeAsync())
        {
            Assert.NotNull((await seat.DriveAsync(EvolutionWorld.For(Settings, _runs), 2, EvolutionWorld.Begin(Settings), TimeSpan.FromMilliseconds(1), null, default)).Finished);
        }

        Assert.True(Assert.Single(await _runs.ListAsync(default)).IsFinished);
        await new RunDriver(_runs, EvolutionWorld.For(Settings, _runs), 1).DriveAsync("bare", EvolutionWorld.Begin(Settings), default);
        Assert.Equal(await _runs.TextsAsync("bare", default), await _runs.TextsAsync("one", default));
        Assert.Equal(["bare", "one"], (await _runs.ListAsync(default)).Select(entry => entry.Name));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_driver_that_lost_its_seat_is_told_and_nothing_that_it_does_is_kept(bool noticesByRenewal)
    {
        var world = new WaitingWorld();
        await using var seat = await RunSeat.TakeAsync(_runs, "one", DriverName.New(), noticesByRenewal ? TimeSpan.FromSeconds(2) : Lasts, TimeProvider.System, default);
        var driving = seat.DriveAsync(world, 4, EvolutionWorld.Begin(Settings), TimeSpan.Zero, null, default);
        await world.Begun.Task;
        var held = await _state.FindLeaseAsync(_runs.StreamOf("one"));

        // Only under the holder's own name is a lease taken while it stands; the fence rises all the same.
        Assert.NotNull(await _state.TryAcquireAsync(_runs.StreamOf("one"), held!.Holder, Lasts));
        var before = (await _runs.TextsAsync("one", default)).Count;
        if (!noticesByRenewal)
        {
            world.Go.SetResult();
        }

        var lost = await Assert.ThrowsAsync<ControlException>(() => driving);
        Assert.Equal((RunSeat.Lost, ExitCode.Failed), (lost.Code, lost.Exit));
        Assert.InRange((await _runs.TextsAsync("one", default)).Count, before, before + 4);
        Assert.DoesNotContain((await _runs.ReadAsync("one", 0, default)), happened => happened is EvaluationRecorded or AgentAdded);
    }

    [Fact]
    public async Task The_seat_of_a_process_that_is_gone_is_free_at_once_and_that_of_another_machine_is_not()
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/true") { UseShellExecute = false })!;
        await process.WaitForExitAsync();
        var parts = DriverName.New().Split('/');
        var gone = string.Join('/', parts[0], process.Id, parts[2], "1", "1");
        var elsewhere = string.Join('/', parts[0], process.Id, "00000000", "1", "1");
        Assert.True(DriverName.IsGone(gone));
        Assert.False(DriverName.IsGone(elsewhere));
        Assert.False(DriverName.IsGone(DriverName.New()));
        Assert.False(DriverName.IsGone("somebody"));
        await _state.TryAcquireAsync(_runs.StreamOf("one"), gone, Lasts);
        await (await TakeAsync()).DisposeAsync();
        await _state.TryAcquireAsync(_runs.StreamOf("one"), elsewhere, Lasts);
        Assert.Equal(RunSeat.DrivenElsewhere, (await Assert.ThrowsAsync<ControlException>(TakeAsync)).Code);
    }

    [Fact]
    public async Task The_pace_lets_one_result_through_and_then_waits()
    {
        var time = new ManualTime();
        await using var seat = await RunSeat.TakeAsync(_runs, "one", DriverName.New(), TimeSpan.FromDays(30), time, default);
        using var stop = new CancellationTokenSource();
        var driving = seat.DriveAsync(EvolutionWorld.For(Settings, _runs), 2, EvolutionWorld.Begin(Settings), TimeSpan.FromHours(1), null, stop.Token);
        for (var results = 1; results <= 3; results++)
        {
            var expected = results;
            await Wait.UntilAsync($"the driver waits after result {expected}", async () => time.ArmedTimers == 2 && await ResultsAsync() == expected);
            time.Advance(TimeSpan.FromHours(1));
        }

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => driving);

        async Task<int> ResultsAsync() => (await _runs.ReadAsync("one", 0, default)).Count(happened => happened is AgentAdded or ExpansionFailed or EvaluationRecorded or EvaluationVoided);
    }

    private Task<RunSeat> TakeAsync() => RunSeat.TakeAsync(_runs, "one", DriverName.New(), Lasts, TimeProvider.System, default);
}

/// <summary>A world whose work waits until it is let go.</summary>
internal sealed class WaitingWorld : IAgentWorld
{
    public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource Go { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async Task<ExpansionOutcome> ExpandAsync(ExpansionWork work, CancellationToken cancellation)
    {
        Begun.TrySetResult();
        await Go.Task.WaitAsync(cancellation);
        return new ExpansionOutcome(null, "child", Amount.Zero);
    }

    public async Task<EvaluationOutcome> EvaluateAsync(EvaluationWork work, CancellationToken cancellation)
    {
        Begun.TrySetResult();
        await Go.Task.WaitAsync(cancellation);
        return new EvaluationOutcome(true, null, Amount.Zero, Amount.Zero);
    }
}
