using AgiJobs.Control;
using AgiJobs.Steering.Worlds;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace AgiJobs.Steering.Work;

/// <summary>
/// Takes work of a network's runs from the broker, carries it out and sends the results. An item is given back to the broker only with its result on the broker's disk: a worker that dies leaves its work to
/// others. What it cannot read, or is not for it, it sets aside and says so.
/// </summary>
/// <param name="broker">The broker.</param>
/// <param name="network">The network whose work it takes.</param>
/// <param name="worlds">The worlds that it knows.</param>
/// <param name="parallel">How many items it works on at once.</param>
/// <param name="told">What people should know, a line each.</param>
/// <param name="time">The clock.</param>
public sealed class Worker(Broker broker, string network, IWorkerWorlds worlds, int parallel, Action<string> told, TimeProvider time)
{
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(1);
    private readonly WorkQueues _queues = new(network);
    private int _done;

    /// <summary>How many results it sent.</summary>
    public int Done => _done;

    /// <summary>Works until it is told to stop; what it is at then, it finishes within the time given for that, and leaves it to others after.</summary>
    /// <param name="drain">For how long it goes on with what it is at.</param>
    /// <param name="stop">Takes no more work.</param>
    /// <exception cref="ControlException"><c>broker-unreachable</c> (the first time), <c>broker-refused</c>.</exception>
    public async Task RunAsync(TimeSpan drain, CancellationToken stop)
    {
        try
        {
            await broker.StayAsync($"agijobs hgm worker {Environment.ProcessId}", (connection, over) => UseAsync(connection, drain, stop, over), told, time, stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Told to stop.
        }
    }

    private async Task UseAsync(IConnection connection, TimeSpan drain, CancellationToken stop, CancellationToken gone)
    {
        using var open = CancellationTokenSource.CreateLinkedTokenSource(gone);
        var over = open.Token;
        var served = worlds.Served;

        // One more than there can be items in hand: what the broker answers to a cancellation goes the same way.
        var channel = await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true, consumerDispatchConcurrency: (ushort)Math.Min(ushort.MaxValue, parallel * served.Count + 1)), over).ConfigureAwait(false);
        channel.ChannelShutdownAsync += async (_, _) => await open.CancelAsync().ConfigureAwait(false);
        await _queues.DeclareAsideAsync(channel, over).ConfigureAwait(false);
        await channel.BasicQosAsync(0, (ushort)parallel, global: false, over).ConfigureAwait(false);
        using var slots = new SemaphoreSlim(parallel);
        using var abandoned = new CancellationTokenSource();

        // Without the broker nobody would take the result.
        using var losing = over.Register(() =>
        {
            if (!stop.IsCancellationRequested)
            {
                abandoned.Cancel();
            }
        });
        var atWork = 0;
        var consumers = new List<string>();
        foreach (var (world, digest) in served)
        {
            await _queues.DeclareWorkAsync(channel, world, digest, over).ConfigureAwait(false);
            var consumer = new AsyncEventingBasicConsumer(channel);
            consumer.ReceivedAsync += async (_, delivery) =>
            {
                Interlocked.Increment(ref atWork);
                try
                {
                    await HandleAsync(channel, delivery, delivery.Body.ToArray(), (world, digest), slots, abandoned.Token).ConfigureAwait(false);
                }
                catch (Exception problem) when (problem is OperationCanceledException or RabbitMQClientException or IOException or ObjectDisposedException)
                {
                    // The broker hands the item out again.
                }
                finally
                {
                    Interlocked.Decrement(ref atWork);
                }
            };
            consumers.Add(await channel.BasicConsumeAsync(_queues.Work(world, digest), autoAck: false, consumer, over).ConfigureAwait(false));
        }

        await Task.Delay(Timeout.InfiniteTimeSpan, time, over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (stop.IsCancellationRequested && channel.IsOpen)
        {
            foreach (var consumer in consumers)
            {
                await channel.BasicCancelAsync(consumer, cancellationToken: CancellationToken.None).ConfigureAwait(false);
            }

            var since = time.GetTimestamp();
            while (Volatile.Read(ref atWork) > 0 && time.GetElapsedTime(since) < drain)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), time, CancellationToken.None).ConfigureAwait(false);
            }
        }

        await abandoned.CancelAsync().ConfigureAwait(false);
        over.ThrowIfCancellationRequested();
    }

    private async Task HandleAsync(IChannel channel, BasicDeliverEventArgs delivery, byte[] body, (string World, string? Digest) queue, SemaphoreSlim slots, CancellationToken abandoned)
    {
        if (!WorkItem.TryRead(body, out var item, out var fault))
        {
            fault = $"what came is no work: {fault}";
        }
        else if (item.Network != network)
        {
            fault = $"operation {item.Operation} of '{Told.Line(item.Run)}' is of the network '{Told.Line(item.Network)}'";
        }
        else if ((item.World, item.WorldDigest) != queue)
        {
            fault = $"operation {item.Operation} of '{Told.Line(item.Run)}' is of the world '{Told.Line(item.World)}' as somebody else defined it";
        }

        var tag = delivery.DeliveryTag;
        if (fault is null && delivery.Redelivered)
        {
            // Somebody had it in hand and died, or gave it back. It goes to the end of the queue with one more to its count.
            var deaths = DeathsOf(delivery.BasicProperties) + 1;
            if (deaths < WorkQueues.MostDeaths)
            {
                var properties = new BasicProperties { Persistent = true, MessageId = delivery.BasicProperties.MessageId, ContentType = "application/json", Headers = new Dictionary<string, object?>(StringComparer.Ordinal) { [WorkQueues.Deaths] = deaths } };
                await channel.BasicPublishAsync("", _queues.Work(queue.World, queue.Digest), mandatory: true, properties, body, abandoned).ConfigureAwait(false);
                await channel.BasicAckAsync(tag, multiple: false, abandoned).ConfigureAwait(false);
                return;
            }

            fault = $"{deaths} workers died with operation {item!.Operation} of '{Told.Line(item.Run)}' or failed at it";
        }

        if (fault is not null)
        {
            told($"{fault}; it was set aside in {_queues.Aside}");
            await channel.BasicRejectAsync(tag, requeue: false, abandoned).ConfigureAwait(false);
            return;
        }

        await slots.WaitAsync(abandoned).ConfigureAwait(false);
        WorkResult result;
        try
        {
            var world = worlds.Open(item!.World, item.RunSeed, item.Tasks);
            var made = new WorkResult { Item = WorkItem.DigestOf(body), Network = item.Network, Run = item.Run, Operation = item.Operation };
            result = item.Expansion is { } expansion
                ? made with { Expansion = await world.ExpandAsync(expansion, item.Mate, abandoned).ConfigureAwait(false) }
                : made with { Evaluation = await world.EvaluateAsync(item.Evaluation!, abandoned).ConfigureAwait(false) };
        }
        catch (Exception problem) when (problem is not OperationCanceledException || !abandoned.IsCancellationRequested)
        {
            // Nothing is known of the work; another worker may do better, and after many the broker sets it aside.
            told($"operation {item!.Operation} of '{Told.Line(item.Run)}' could not be done and goes back: {Told.Line(problem.Message)}");
            await Task.Delay(AfterFailure, time, abandoned).ConfigureAwait(false);
            await channel.BasicNackAsync(tag, multiple: false, requeue: true, abandoned).ConfigureAwait(false);
            return;
        }
        finally
        {
            slots.Release();
        }

        try
        {
            await channel.BasicPublishAsync("", _queues.Results(item.Run), mandatory: true, new BasicProperties { Persistent = true, MessageId = result.Item, ContentType = "application/json" }, result.Write(), abandoned).ConfigureAwait(false);
            Interlocked.Increment(ref _done);
        }
        catch (PublishException problem) when (problem.IsReturn)
        {
            told($"nobody waits any more for operation {item.Operation} of '{Told.Line(item.Run)}'");
        }

        await channel.BasicAckAsync(tag, multiple: false, CancellationToken.None).ConfigureAwait(false);
    }

    private static int DeathsOf(IReadOnlyBasicProperties properties) => properties.Headers?.TryGetValue(WorkQueues.Deaths, out var count) == true && count is int deaths and >= 0 and < int.MaxValue ? deaths : 0;
}
