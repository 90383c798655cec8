using System.Text;
using System.Threading.Channels;
using AgiJobs.Control;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Evolution;
using AgiJobs.Steering.Worlds;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace AgiJobs.Steering.Work;

/// <summary>
/// Sends the work of one run to workers elsewhere and waits for their results. An item is confirmed by the broker before it counts as sent, a result is acknowledged when a later operation shows that it was
/// committed; so the death of a worker, of the broker or of this process loses nothing. What is done twice for it has the same digest, and counts once. Results that are not for an item of this run in flight are
/// set aside. Safe for use by several threads.
/// </summary>
public sealed class BrokerWorld : IAgentWorld, IAsyncDisposable
{
    // So often an item is sent again because its result was refused.
    private const int MostRefusals = 3;

    // Results that nobody asked for yet: those of work that was in flight when the run was driven last.
    private const int MostEarly = 100_000;

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RedoAfter = TimeSpan.FromMinutes(40);

    private readonly Broker _broker;
    private readonly WorkQueues _queues;
    private readonly RunArchive _archive;
    private readonly (string Network, string Run) _whose;
    private readonly RunSettings _settings;
    private readonly Action<string> _told;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Sent> _sent = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (WorkResult Result, Delivery From)> _early = new(StringComparer.Ordinal);
    private readonly HashSet<string> _done = new(StringComparer.Ordinal);
    private readonly Queue<(int Operation, Delivery From)> _uncommitted = new();
    private readonly Task _link;
    private Exception? _broken;
    private bool _isAlone;

    private BrokerWorld(Broker broker, string network, string run, RunSettings settings, IRunStore store, Action<string> told, TimeProvider time)
    {
        (_broker, _queues, _archive, _whose, _settings, _told, _time) = (broker, new WorkQueues(network), new RunArchive(store), (network, run), settings, told, time);
        _link = LinkAsync();
    }

    /// <summary>Results that came again for work that was done; they counted once.</summary>
    public int Repeated { get; private set; }

    /// <summary>Results that were set aside because they are not what was asked for.</summary>
    public int Refused { get; private set; }

    /// <summary>Connects to the broker, and takes in the results that wait there for the run.</summary>
    /// <param name="broker">The broker.</param>
    /// <param name="network">The run's network.</param>
    /// <param name="run">The run's name.</param>
    /// <param name="settings">The run's settings.</param>
    /// <param name="store">Where its events are, by which an expansion knows the others.</param>
    /// <param name="told">What people should know, a line each.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ControlException"><c>broker-unreachable</c>, <c>broker-refused</c>; <c>broker-queue</c> when queues of that name were made otherwise.</exception>
    public static async Task<BrokerWorld> StartAsync(Broker broker, string network, string run, RunSettings settings, IRunStore store, Action<string> told, TimeProvider time, CancellationToken cancellation)
    {
        var world = new BrokerWorld(broker, network, run, settings, store, told, time);
        try
        {
            await world._ready.Task.WaitAsync(cancellation).ConfigureAwait(false);
            return world;
        }
        catch
        {
            await world.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ControlException"><c>work-set-aside</c>, <c>work-answered-wrongly</c>: the run stops, and can be resumed.</exception>
    public async Task<ExpansionOutcome> ExpandAsync(ExpansionWork work, CancellationToken cancellation)
    {
        var mate = await _archive.MateAsync(work, cancellation).ConfigureAwait(false);
        return (await CarryAsync(Item() with { Expansion = work, Mate = mate }, cancellation).ConfigureAwait(false)).Expansion!;
    }

    /// <inheritdoc/>
    /// <exception cref="ControlException">As <see cref="ExpandAsync"/>.</exception>
    public async Task<EvaluationOutcome> EvaluateAsync(EvaluationWork work, CancellationToken cancellation) =>
        (await CarryAsync(Item() with { Evaluation = work }, cancellation).ConfigureAwait(false)).Evaluation!;

    /// <summary>Removes the run's results from the broker, for a run that is finished. That the broker is gone is no error: it forgets them after a week.</summary>
    public async Task ForgetAsync(CancellationToken cancellation)
    {
        try
        {
            var connection = await _broker.ConnectAsync($"agijobs hgm run {_whose.Run}", cancellation).ConfigureAwait(false);
            try
            {
                var channel = await connection.CreateChannelAsync(cancellationToken: cancellation).ConfigureAwait(false);
                await channel.QueueDeleteAsync(_queues.Results(_whose.Run), cancellationToken: cancellation).ConfigureAwait(false);
            }
            finally
            {
                await Broker.LeaveAsync(connection, _time).ConfigureAwait(false);
            }
        }
        catch (Exception problem) when (problem is ControlException or RabbitMQ.Client.Exceptions.RabbitMQClientException or IOException)
        {
            _told($"the results of the run stay at the broker for a week: {Told.Line(problem.Message)}");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _link.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private WorkItem Item() => new() { Network = _whose.Network, World = _settings.World, WorldDigest = _settings.WorldDigest, RunSeed = _settings.Seed, Tasks = _settings.Tasks };

    private async Task<WorkResult> CarryAsync(WorkItem item, CancellationToken cancellation)
    {
        var bytes = item.Write();
        var sent = new Sent(WorkItem.DigestOf(bytes), bytes, item);
        (WorkResult Result, Delivery From) early;
        bool isThere;
        var committed = new List<Delivery>();
        lock (_lock)
        {
            // Results are committed in the order in which operations started, and no more than the concurrency are in flight: those before are committed.
            while (_uncommitted.TryPeek(out var oldest) && oldest.Operation <= item.Operation - _settings.Concurrency)
            {
                committed.Add(_uncommitted.Dequeue().From);
            }

            isThere = _early.Remove(sent.Digest, out early);
            _sent[sent.Digest] = sent;
            if (_broken is { } problem)
            {
                sent.Answer.TrySetException(problem);
            }
        }

        foreach (var delivery in committed)
        {
            await delivery.AckAsync().ConfigureAwait(false);
        }

        if (isThere)
        {
            await TakeAsync(early.Result, early.From).ConfigureAwait(false);
        }

        _wake.Writer.TryWrite(true);
        return await sent.Answer.Task.WaitAsync(cancellation).ConfigureAwait(false);
    }

    private async Task LinkAsync()
    {
        try
        {
            await _broker.StayAsync($"agijobs hgm run {_whose.Run}", UseAsync, _told, _time, _stop.Token).ConfigureAwait(false);
        }
        catch (Exception problem)
        {
            // Who waits for a result must not wait for ever.
            _ready.TrySetException(problem);
            lock (_lock)
            {
                _broken = problem;
                foreach (var sent in _sent.Values)
                {
                    sent.Answer.TrySetException(problem);
                }
            }
        }
    }

    private async Task UseAsync(IConnection connection, CancellationToken gone)
    {
        using var open = CancellationTokenSource.CreateLinkedTokenSource(gone);
        var over = open.Token;
        var channel = await connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), over).ConfigureAwait(false);
        channel.ChannelShutdownAsync += async (_, _) => await open.CancelAsync().ConfigureAwait(false);
        try
        {
            await _queues.DeclareAsideAsync(channel, over).ConfigureAwait(false);
            await _queues.DeclareWorkAsync(channel, _settings.World, _settings.WorldDigest, over).ConfigureAwait(false);
            await _queues.DeclareResultsAsync(channel, _whose.Run, over).ConfigureAwait(false);
        }
        catch (RabbitMQ.Client.Exceptions.OperationInterruptedException problem) when (problem.ShutdownReason?.ReplyCode == 406)
        {
            throw new ControlException("broker-queue", ExitCode.BadInput, $"A queue of the broker at {_broker.Place} was made with other properties: {Told.Line(problem.Message)}", "Delete the queue when it is empty, or give the network another broker or virtual host.", problem);
        }

        while (await channel.BasicGetAsync(_queues.Results(_whose.Run), autoAck: false, over).ConfigureAwait(false) is { } waiting)
        {
            await ReadAsync(waiting.Body.ToArray(), new Delivery(channel, waiting.DeliveryTag)).ConfigureAwait(false);
        }

        var results = new AsyncEventingBasicConsumer(channel);
        results.ReceivedAsync += (_, delivery) => ReadAsync(delivery.Body.ToArray(), new Delivery(channel, delivery.DeliveryTag));
        await channel.BasicConsumeAsync(_queues.Results(_whose.Run), autoAck: false, "", noLocal: false, exclusive: true, null, results, over).ConfigureAwait(false);
        var asideCopies = await channel.QueueDeclareAsync("", durable: false, exclusive: true, autoDelete: true, cancellationToken: over).ConfigureAwait(false);
        await channel.QueueBindAsync(asideCopies.QueueName, _queues.Aside, "", cancellationToken: over).ConfigureAwait(false);
        var aside = new AsyncEventingBasicConsumer(channel);
        aside.ReceivedAsync += (_, delivery) => SetAside(delivery);
        await channel.BasicConsumeAsync(asideCopies.QueueName, autoAck: true, aside, over).ConfigureAwait(false);
        _ready.TrySetResult();
        while (true)
        {
            var now = _time.GetUtcNow();
            List<Sent> due;
            lock (_lock)
            {
                due = [.. _sent.Values.Where(sent => sent.SentAt is not { } at || now - at > RedoAfter)];
            }

            await Task.WhenAll(due.Select(sent => SendAsync(channel, sent, now, over))).ConfigureAwait(false);
            await LookForWorkersAsync(channel, over).ConfigureAwait(false);
            using var look = CancellationTokenSource.CreateLinkedTokenSource(over);
            Task woken = _wake.Reader.WaitToReadAsync(look.Token).AsTask();
            await Task.WhenAny(woken, Task.Delay(LookEvery, _time, look.Token)).ConfigureAwait(false);
            _wake.Reader.TryRead(out _);
            await look.CancelAsync().ConfigureAwait(false);
            await woken.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            over.ThrowIfCancellationRequested();
        }
    }

    private async Task SendAsync(IChannel channel, Sent sent, DateTimeOffset now, CancellationToken cancellation)
    {
        int refusals;
        lock (_lock)
        {
            refusals = sent.Refusals;
        }

        var properties = new BasicProperties { Persistent = true, MessageId = sent.Digest, ContentType = "application/json" };
        await channel.BasicPublishAsync("", _queues.Work(_settings.World, _settings.WorldDigest), mandatory: true, properties, sent.Bytes, cancellation).ConfigureAwait(false);

        // The broker has it on its disk. Its answer may have come, and been refused, before the broker said so: then it is still to be sent again.
        lock (_lock)
        {
            if (sent.Refusals == refusals)
            {
                sent.SentAt = now;
            }
        }
    }

    private async Task LookForWorkersAsync(IChannel channel, CancellationToken cancellation)
    {
        bool isWaiting;
        lock (_lock)
        {
            isWaiting = _sent.Count > 0;
        }

        var isAlone = isWaiting && await channel.ConsumerCountAsync(_queues.Work(_settings.World, _settings.WorldDigest), cancellation).ConfigureAwait(false) == 0;
        if (isAlone != _isAlone && isWaiting)
        {
            _isAlone = isAlone;
            _told(isAlone ? $"nobody takes the work of '{_settings.World}' on '{_whose.Network}': start workers with 'agijobs hgm worker'" : "workers take the work");
        }
    }

    private Task ReadAsync(byte[] body, Delivery from)
    {
        if (!WorkResult.TryRead(body, out var result, out var fault))
        {
            return RefuseAsync(from, fault);
        }

        return result.Network == _whose.Network && result.Run == _whose.Run
            ? TakeAsync(result, from)
            : RefuseAsync(from, $"it is of the run '{Told.Line(result.Run)}' on '{Told.Line(result.Network)}'");
    }

    private Task TakeAsync(WorkResult result, Delivery from)
    {
        string? fault = null;
        var isRepeated = false;
        lock (_lock)
        {
            if (_sent.TryGetValue(result.Item, out var sent))
            {
                fault = result.Operation != sent.Item.Operation ? $"it names operation {result.Operation} for the work of operation {sent.Item.Operation}"
                    : result.Expansion is null != sent.Item.Expansion is null ? $"it is of another kind than operation {sent.Item.Operation}"
                    : null;
                if (fault is null)
                {
                    _sent.Remove(result.Item);
                    _done.Add(result.Item);
                    _uncommitted.Enqueue((result.Operation, from));
                    sent.Answer.TrySetResult(result);
                    return Task.CompletedTask;
                }

                // Whoever did the work answered wrongly and will not answer again.
                if (++sent.Refusals == MostRefusals)
                {
                    _sent.Remove(result.Item);
                    sent.Answer.TrySetException(new ControlException("work-answered-wrongly", ExitCode.Failed, $"Operation {sent.Item.Operation} of '{_whose.Run}' was answered wrongly {MostRefusals} times, last: {fault}.", $"Look at the messages in the queue {_queues.Aside}, put the workers right, and go on with 'agijobs hgm run {_whose.Run}'."));
                }

                sent.SentAt = null;
                _wake.Writer.TryWrite(true);
            }
            else if (_done.Contains(result.Item))
            {
                (isRepeated, Repeated) = (true, Repeated + 1);
            }
            else if (_early.Count < MostEarly)
            {
                // Not asked for yet, or of an operation that was committed before.
                _early[result.Item] = (result, from);
                return Task.CompletedTask;
            }
        }

        return fault is not null ? RefuseAsync(from, fault) : isRepeated || _early.Count >= MostEarly ? from.AckAsync() : Task.CompletedTask;
    }

    private Task RefuseAsync(Delivery from, string fault)
    {
        Refused++;
        _told($"a result was refused and set aside in {_queues.Aside}: {fault}");
        return from.RejectAsync();
    }

    // Copies of what workers, or the broker after many deliveries, set aside.
    private Task SetAside(BasicDeliverEventArgs delivery)
    {
        var first = delivery.BasicProperties.Headers?.TryGetValue("x-first-death-queue", out var queue) == true && queue is byte[] name ? Encoding.UTF8.GetString(name) : "";
        if (first == _queues.Results(_whose.Run))
        {
            return Task.CompletedTask;
        }

        Sent? lost;
        lock (_lock)
        {
            _sent.Remove(WorkItem.DigestOf(delivery.Body.Span), out lost);
        }

        if (lost is null)
        {
            _told($"a message of {Told.Line(first)} was set aside in {_queues.Aside}");
            return Task.CompletedTask;
        }

        lost.Answer.TrySetException(new ControlException("work-set-aside", ExitCode.Failed, $"The work of operation {lost.Item.Operation} of '{_whose.Run}' was set aside in {_queues.Aside}: too many workers died with it, or one could not read it or has no such world.", $"Look at the workers' errors, put them right, and go on with 'agijobs hgm run {_whose.Run}'."));
        return Task.CompletedTask;
    }

    private sealed class Sent(string digest, byte[] bytes, WorkItem item)
    {
        public string Digest { get; } = digest;

        public byte[] Bytes { get; } = bytes;

        public WorkItem Item { get; } = item;

        public TaskCompletionSource<WorkResult> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        // When the broker confirmed it; null while it has to be sent.
        public DateTimeOffset? SentAt { get; set; }

        public int Refusals { get; set; }
    }

    // A message that the broker holds until it is told what became of it. When the channel is gone it hands it out again.
    private sealed record Delivery(IChannel Channel, ulong Tag)
    {
        public Task AckAsync() => TellAsync(() => Channel.BasicAckAsync(Tag, multiple: false, CancellationToken.None));

        public Task RejectAsync() => TellAsync(() => Channel.BasicRejectAsync(Tag, requeue: false, CancellationToken.None));

        private async Task TellAsync(Func<ValueTask> tell)
        {
            try
            {
                if (Channel.IsOpen)
                {
                    await tell().ConfigureAwait(false);
                }
            }
            catch (Exception problem) when (problem is RabbitMQ.Client.Exceptions.RabbitMQClientException or IOException or ObjectDisposedException)
            {
                // It comes again.
            }
        }
    }
}
