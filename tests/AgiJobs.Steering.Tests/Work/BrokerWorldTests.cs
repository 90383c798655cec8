using System.Collections.Concurrent;
using System.Text;
using AgiJobs.Control;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Evolution;
using AgiJobs.Steering.Work;
using AgiJobs.Steering.Worlds;
using AgiJobs.Testing;
using RabbitMQ.Client;

[assembly: AssemblyFixture(typeof(RabbitMqServer))]

namespace AgiJobs.Steering.Tests.Work;

/// <summary>Runs over a real broker, with workers in this process whose connections are cut. Workers that are processes and are killed are in the tests of the command line.</summary>
public sealed class BrokerWorldTests(RabbitMqServer server) : IAsyncDisposable
{
    private static readonly RunSettings Settings = new() { Seed = 11, Tasks = 10, Evaluations = 40, Concurrency = 6 };

    private static int _networks;

    // One broker serves all tests of a process.
    private readonly string _network = $"test-{Interlocked.Increment(ref _networks)}";
    private readonly ConcurrentQueue<string> _told = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _workers = [];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_workers);
        _stop.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_run_has_the_same_bytes_however_many_workers_there_are(int workers)
    {
        var store = new MemoryRunStore();
        for (var worker = 0; worker < workers; worker++)
        {
            Work();
        }

        await using (var world = await WorldAsync(store))
        {
            var end = await DriveAsync(world, store);
            Assert.NotNull(end.Finished);
            Assert.Equal(0, world.Refused);
            await world.ForgetAsync(default);
        }

        await SameAsync(store);
        Assert.Null(await GetAsync($"agijobs.hgm.{_network}.aside"));
    }

    [Fact]
    public async Task A_broker_that_is_killed_and_started_again_loses_and_repeats_nothing_that_counts()
    {
        // A broker of its own: others use the shared one.
        await using var own = new RabbitMqServer();
        await own.StartAsync();
        var broker = Broker.Of(own.Url());
        var store = new MemoryRunStore();
        using var slow = new Gated(new Served());
        Work(slow, broker);
        Work(slow, broker);
        await using var world = await BrokerWorld.StartAsync(broker, _network, "run", Settings, store, _told.Enqueue, TimeProvider.System, default);
        var driving = DriveAsync(world, store);
        for (var kill = 0; kill < 2; kill++)
        {
            var before = store.Bytes("run").Count;
            slow.Open(12);
            await Wait.UntilAsync("the run goes on", () => store.Bytes("run").Count > before + 8);
            await own.KillAsync();
            await own.StartAsync();
        }

        slow.Open(int.MaxValue / 2);
        Assert.NotNull((await driving).Finished);
        await SameAsync(store);
        Assert.Contains(_told, line => line.Contains("again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_worker_that_vanishes_with_its_work_leaves_it_to_another()
    {
        var store = new MemoryRunStore();
        using var stop = new CancellationTokenSource();
        var hanging = new Hanging(1);
        var first = new Worker(await BrokerAsync(), _network, hanging, 4, _told.Enqueue, TimeProvider.System).RunAsync(TimeSpan.Zero, stop.Token);
        await using var world = await WorldAsync(store);
        var driving = DriveAsync(world, store);
        await hanging.Took;
        await stop.CancelAsync();
        await first;
        Assert.False(driving.IsCompleted);
        Work();
        Assert.NotNull((await driving).Finished);
        await SameAsync(store);
    }

    [Fact]
    public async Task A_run_that_is_driven_again_takes_the_results_that_waited_for_it()
    {
        var store = new MemoryRunStore();
        var log = new Counting(new Served());
        using (var stop = new CancellationTokenSource())
        {
            // The driver dies with its work at the broker; a worker does it while nobody drives.
            await using (var world = await WorldAsync(store))
            {
                var driving = DriveAsync(world, store, stop.Token);
                await Wait.UntilAsync("the work is at the broker", async () => await CountAsync($"agijobs.hgm.{_network}.work.programs.own") >= 5);
                await stop.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => driving);
            }
        }

        Work(log);
        await Wait.UntilAsync("the results are at the broker", async () => await CountAsync($"agijobs.hgm.{_network}.results.run") >= 5);
        await using (var again = await WorldAsync(store))
        {
            Assert.NotNull((await DriveAsync(again, store)).Finished);
        }

        await SameAsync(store);
        Assert.Equal(RunState.Fold(await store.ReadAsync("run", 0, default)).OperationsStarted, log.Count);
    }

    [Fact]
    public async Task Garbage_and_work_of_other_versions_and_networks_is_set_aside_and_told_and_the_run_goes_on()
    {
        Work();
        var queue = $"agijobs.hgm.{_network}.work.programs.own";
        var good = new WorkItem { Network = _network, World = "programs", RunSeed = 1, Tasks = 5, Evaluation = new EvaluationWork("other", 0, 1, 0, "x", 0, Amount.Zero) };
        await Wait.UntilAsync("the worker listens", async () => await CountAsync(queue) >= 0);
        string[] wrong =
        [
            "garbage",
            "[]",
            Encoding.UTF8.GetString(good.Write()).Replace("\"version\":1", "\"version\":2", StringComparison.Ordinal),
            Encoding.UTF8.GetString(good.Write()).Replace("\"agent\":0", "\"agent\":0,\"more\":1", StringComparison.Ordinal),
            Encoding.UTF8.GetString((good with { Network = "elsewhere" }).Write()),
            Encoding.UTF8.GetString((good with { World = "another" }).Write()),
            Encoding.UTF8.GetString((good with { Evaluation = good.Evaluation with { Task = 5 } }).Write()),
        ];
        foreach (var body in wrong)
        {
            await PutAsync(queue, Encoding.UTF8.GetBytes(body));
        }

        var store = new MemoryRunStore();
        await using var world = await WorldAsync(store);
        Assert.NotNull((await DriveAsync(world, store)).Finished);
        await SameAsync(store);
        await Wait.UntilAsync("all are set aside", async () => await CountAsync($"agijobs.hgm.{_network}.aside") == wrong.Length);
        Assert.Equal(wrong.Length, _told.Count(line => line.EndsWith($"it was set aside in agijobs.hgm.{_network}.aside", StringComparison.Ordinal)));
        Assert.Contains(_told, line => line.Contains("version 2", StringComparison.Ordinal));
        Assert.Contains(_told, line => line.Contains("'elsewhere'", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Results_of_another_run_and_of_an_operation_that_lies_are_refused_and_the_work_is_done_again()
    {
        var store = new MemoryRunStore();
        await using var world = await WorldAsync(store);
        var driving = DriveAsync(world, store);
        var queue = $"agijobs.hgm.{_network}.work.programs.own";
        var (body, item) = await TakeAsync(queue);
        var (expanded, evaluated) = (new ExpansionOutcome(null, "forged", Amount.Zero), new EvaluationOutcome(true, null, Amount.Zero, Amount.Zero));
        var honest = new WorkResult { Item = WorkItem.DigestOf(body), Network = _network, Run = "run", Operation = item.Operation, Expansion = item.Expansion is null ? null : expanded, Evaluation = item.Expansion is null ? evaluated : null };
        WorkResult[] lies = [honest with { Operation = item.Operation + 1 }, honest with { Run = "another" }, honest with { Network = "another" }, honest with { Expansion = honest.Expansion is null ? expanded : null, Evaluation = honest.Expansion is null ? null : evaluated }];
        foreach (var lie in lies)
        {
            await PutAsync($"agijobs.hgm.{_network}.results.run", lie.Write());
        }

        await PutAsync($"agijobs.hgm.{_network}.results.run", "{\"version\":1}"u8.ToArray());
        await Wait.UntilAsync("all are refused", () => world.Refused == lies.Length + 1);
        Work();
        Assert.NotNull((await driving).Finished);
        await SameAsync(store);
        Assert.Contains(_told, line => line.Contains("it names operation", StringComparison.Ordinal));
        Assert.Contains(_told, line => line.Contains("the run 'another'", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_result_that_is_refused_before_the_broker_confirms_its_work_has_the_work_sent_again()
    {
        await server.StartAsync();
        await using var slow = SlowConfirms.Start(server.Port);
        var store = new MemoryRunStore();
        await using var world = await BrokerWorld.StartAsync(Broker.Of(server.Url(port: slow.Port)), _network, "run", Settings, store, _told.Enqueue, TimeProvider.System, default);
        slow.Hold();
        var driving = DriveAsync(world, store);
        var (body, item) = await TakeAsync($"agijobs.hgm.{_network}.work.programs.own");
        var lie = new WorkResult { Item = WorkItem.DigestOf(body), Network = _network, Run = "run", Operation = item.Operation + 1, Expansion = new ExpansionOutcome(null, "forged", Amount.Zero) };
        await PutAsync($"agijobs.hgm.{_network}.results.run", lie.Write());
        await Wait.UntilAsync("it is refused", () => world.Refused == 1);
        slow.Release();
        Work();
        Assert.NotNull((await driving.WaitAsync(TimeSpan.FromSeconds(60))).Finished);
        await SameAsync(store);
    }

    [Fact]
    public async Task A_result_that_comes_twice_counts_once()
    {
        // What a worker leaves that dies between its result and the acknowledgement: the same item is done by somebody else again.
        var store = new MemoryRunStore();
        await using var world = await WorldAsync(store);
        var driving = DriveAsync(world, store);
        var (body, item) = await TakeAsync($"agijobs.hgm.{_network}.work.programs.own");
        var programs = new Served().Open("programs", item.RunSeed, item.Tasks);
        var result = new WorkResult
        {
            Item = WorkItem.DigestOf(body),
            Network = _network,
            Run = "run",
            Operation = item.Operation,
            Expansion = item.Expansion is { } expansion ? await programs.ExpandAsync(expansion, item.Mate, default) : null,
            Evaluation = item.Evaluation is { } evaluation ? await programs.EvaluateAsync(evaluation, default) : null,
        }.Write();
        await PutAsync($"agijobs.hgm.{_network}.results.run", result);
        await PutAsync($"agijobs.hgm.{_network}.results.run", result);
        await Wait.UntilAsync("the second came", () => world.Repeated == 1);
        await PutAsync($"agijobs.hgm.{_network}.work.programs.own", body);
        Work();
        Assert.NotNull((await driving).Finished);
        await SameAsync(store);
        Assert.Equal(2, world.Repeated);
    }

    [Fact]
    public async Task Work_that_is_answered_wrongly_three_times_stops_the_run_which_can_be_resumed()
    {
        var store = new MemoryRunStore();
        await using (var world = await WorldAsync(store))
        {
            var driving = DriveAsync(world, store);
            var (body, item) = await TakeAsync($"agijobs.hgm.{_network}.work.programs.own");
            var lie = new WorkResult { Item = WorkItem.DigestOf(body), Network = _network, Run = "run", Operation = item.Operation + 1, Expansion = new ExpansionOutcome(null, "forged", Amount.Zero) };
            for (var time = 0; time < 3; time++)
            {
                await PutAsync($"agijobs.hgm.{_network}.results.run", lie.Write());
            }

            // What was started before it is committed first, and for that somebody has to do it.
            await Wait.UntilAsync("all are refused", () => world.Refused == 3);
            Work();
            Assert.Equal("work-answered-wrongly", (await Assert.ThrowsAsync<ControlException>(() => driving)).Code);
        }

        await using var again = await WorldAsync(store);
        Assert.NotNull((await DriveAsync(again, store)).Finished);
        await SameAsync(store);
    }

    [Fact]
    public async Task Work_that_no_worker_can_do_is_set_aside_after_many_and_stops_the_run()
    {
        var store = new MemoryRunStore();
        await using var world = await WorldAsync(store);
        var driving = DriveAsync(world, store);

        for (var death = 0; !driving.IsCompleted; death++)
        {
            Assert.True(death < 240, $"{death} workers died and the run goes on");
            using var stop = new CancellationTokenSource();
            var hanging = new Hanging(Settings.Concurrency);
            var worker = new Worker(await BrokerAsync(), _network, hanging, 8, _told.Enqueue, TimeProvider.System).RunAsync(TimeSpan.Zero, stop.Token);
            await Task.WhenAny(hanging.Took, driving);
            await stop.CancelAsync();
            await worker;
        }

        Assert.Contains(_told, line => line.StartsWith("20 workers died", StringComparison.Ordinal));
        Assert.Equal("work-set-aside", (await Assert.ThrowsAsync<ControlException>(() => driving)).Code);
    }

    [Theory]
    [InlineData("http://127.0.0.1/")]
    [InlineData("amqp://user:secret@broker.example/")]
    [InlineData("nothing")]
    public void A_URL_that_is_none_or_speaks_in_the_clear_to_another_machine_is_refused_without_repeating_its_password(string url)
    {
        var refused = Assert.Throws<ControlException>(() => Broker.Of(url));
        Assert.Equal("broker-url", refused.Code);
        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broker_that_is_not_there_and_one_that_does_not_know_the_user_are_told_at_once()
    {
        var nobody = await Assert.ThrowsAsync<ControlException>(() => BrokerWorld.StartAsync(Broker.Of("amqp://127.0.0.1:1/"), _network, "run", Settings, new MemoryRunStore(), _told.Enqueue, TimeProvider.System, default));
        Assert.Equal(("broker-unreachable", ExitCode.Unknown), (nobody.Code, nobody.Exit));
        await server.StartAsync();
        var stranger = await Assert.ThrowsAsync<ControlException>(() => BrokerWorld.StartAsync(Broker.Of(server.Url("stranger")), _network, "run", Settings, new MemoryRunStore(), _told.Enqueue, TimeProvider.System, default));
        Assert.Equal("broker-refused", stranger.Code);
    }

    private static Task<RunState> DriveAsync(IAgentWorld world, IRunStore store, CancellationToken cancellation = default) =>
        new RunDriver(store, world, Settings.Concurrency).DriveAsync("run", EvolutionWorld.Begin(Settings), cancellation);

    private static async Task SameAsync(MemoryRunStore store)
    {
        var near = new MemoryRunStore();
        await new RunDriver(near, EvolutionWorld.For(Settings, near), 2).DriveAsync("run", EvolutionWorld.Begin(Settings), default);
        Assert.Equal(near.Bytes("run").Select(Encoding.UTF8.GetString), store.Bytes("run").Select(Encoding.UTF8.GetString));
    }

    private async Task<Broker> BrokerAsync()
    {
        await server.StartAsync();
        return Broker.Of(server.Url());
    }

    private async Task<BrokerWorld> WorldAsync(IRunStore store) =>
        await BrokerWorld.StartAsync(await BrokerAsync(), _network, "run", EvolutionWorld.Begin(Settings).Settings, store, _told.Enqueue, TimeProvider.System, default);

    private void Work(IWorkerWorlds? worlds = null, Broker? broker = null) =>
        _workers.Add(Task.Run(async () => await new Worker(broker ?? await BrokerAsync(), _network, worlds ?? new Served(), 2, _told.Enqueue, TimeProvider.System).RunAsync(TimeSpan.Zero, _stop.Token)));

    private async Task<T> WithChannelAsync<T>(Func<IChannel, Task<T>> use)
    {
        await server.StartAsync();
        await using var connection = await new ConnectionFactory { Uri = new Uri(server.Url()) }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
        return await use(channel);
    }

    private Task<int> PutAsync(string queue, byte[] body) => WithChannelAsync(async channel =>
    {
        await channel.BasicPublishAsync("", queue, mandatory: true, new BasicProperties { Persistent = true }, body);
        return 0;
    });

    private Task<byte[]?> GetAsync(string queue) => WithChannelAsync(async channel => (await channel.BasicGetAsync(queue, autoAck: true))?.Body.ToArray());

    // -1 while there is no such queue.
    private Task<long> CountAsync(string queue) => WithChannelAsync(async channel =>
    {
        try
        {
            return await channel.MessageCountAsync(queue);
        }
        catch (RabbitMQ.Client.Exceptions.OperationInterruptedException)
        {
            return -1L;
        }
    });

    private Task<(byte[] Body, WorkItem Item)> TakeAsync(string queue) => WithChannelAsync(async channel =>
    {
        var body = Array.Empty<byte>();
        await Wait.UntilAsync("there is work", async () =>
        {
            if (await channel.BasicGetAsync(queue, autoAck: true) is { } got)
            {
                body = got.Body.ToArray();
            }

            return body.Length > 0;
        });
        Assert.True(WorkItem.TryRead(body, out var item, out var fault), fault);
        return (body, item);
    });

    private sealed class Served : IWorkerWorlds
    {
        IReadOnlyList<(string World, string? Digest)> IWorkerWorlds.Served => [("programs", null)];

        public IPortableWorld Open(string world, ulong runSeed, int tasks) => new ProgramWorld(TaskSet.Of(runSeed, tasks));
    }

    // A world around another one.
    private abstract class Around(IWorkerWorlds worlds) : IWorkerWorlds
    {
        public IReadOnlyList<(string World, string? Digest)> Served => worlds.Served;

        public IPortableWorld Open(string world, ulong runSeed, int tasks) => new Each(this, worlds.Open(world, runSeed, tasks));

        protected abstract Task BeforeAsync(CancellationToken cancellation);

        private sealed class Each(Around around, IPortableWorld world) : IPortableWorld
        {
            public async Task<ExpansionOutcome> ExpandAsync(ExpansionWork work, string? mate, CancellationToken cancellation)
            {
                await around.BeforeAsync(cancellation);
                return await world.ExpandAsync(work, mate, cancellation);
            }

            public async Task<EvaluationOutcome> EvaluateAsync(EvaluationWork work, CancellationToken cancellation)
            {
                await around.BeforeAsync(cancellation);
                return await world.EvaluateAsync(work, cancellation);
            }
        }
    }

    // Lets so many through.
    private sealed class Gated(IWorkerWorlds worlds) : Around(worlds), IDisposable
    {
        private readonly SemaphoreSlim _open = new(0);

        public void Dispose() => _open.Dispose();

        public void Open(int count) => _open.Release(count);

        protected override Task BeforeAsync(CancellationToken cancellation) => _open.WaitAsync(cancellation);
    }

    private sealed class Counting(IWorkerWorlds worlds) : Around(worlds)
    {
        private int _count;

        public int Count => _count;

        protected override Task BeforeAsync(CancellationToken cancellation)
        {
            Interlocked.Increment(ref _count);
            return Task.CompletedTask;
        }
    }

    // Takes so many items and does none of them.
    private sealed class Hanging(int count) : IWorkerWorlds, IPortableWorld
    {
        private readonly TaskCompletionSource _took = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _taken;

        public Task Took => _took.Task;

        public IReadOnlyList<(string World, string? Digest)> Served => [("programs", null)];

        public IPortableWorld Open(string world, ulong runSeed, int tasks) => this;

        public async Task<ExpansionOutcome> ExpandAsync(ExpansionWork work, string? mate, CancellationToken cancellation)
        {
            Take();
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
            throw new InvalidOperationException("never");
        }

        public async Task<EvaluationOutcome> EvaluateAsync(EvaluationWork work, CancellationToken cancellation)
        {
            Take();
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
            throw new InvalidOperationException("never");
        }

        private void Take()
        {
            if (Interlocked.Increment(ref _taken) == count)
            {
                _took.TrySetResult();
            }
        }
    }
}
