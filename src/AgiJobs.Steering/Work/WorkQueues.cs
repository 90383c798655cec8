using RabbitMQ.Client;

namespace AgiJobs.Steering.Work;

/// <summary>
/// The queues of one network at the broker. Work goes into a queue of its world's definition, so that it never reaches a worker with another one; results into a queue of their run; and what nobody can work with
/// is set aside in a third, where it stays for people. All survive the broker's restart. They are classic queues: a quorum queue of RabbitMQ 3.10 that is younger than three minutes is gone when the broker is
/// killed, because its entry in a table is written that late.
/// </summary>
/// <param name="network">The network's name.</param>
internal sealed class WorkQueues(string network)
{
    /// <summary>So many workers may die with an item, or fail at it, before it is set aside.</summary>
    public const int MostDeaths = 20;

    /// <summary>The header that counts them.</summary>
    public const string Deaths = "agijobs-deaths";

    /// <summary>Most messages that are kept aside; older ones go.</summary>
    private const int MostAside = 10_000;

    // A run that nobody drives for so long does its work again.
    private static readonly long Forgotten = (long)TimeSpan.FromDays(7).TotalMilliseconds;

    private readonly string _prefix = $"agijobs.hgm.{network}";

    /// <summary>Where what is set aside stays.</summary>
    public string Aside => $"{_prefix}.aside";

    /// <summary>The work of one world.</summary>
    public string Work(string world, string? digest) => $"{_prefix}.work.{world}.{(digest is null ? "own" : digest[..16])}";

    /// <summary>The results of one run.</summary>
    public string Results(string run) => $"{_prefix}.results.{run}";

    /// <summary>Makes the exchange and the queue of what is set aside.</summary>
    public async Task DeclareAsideAsync(IChannel channel, CancellationToken cancellation)
    {
        await channel.ExchangeDeclareAsync(Aside, ExchangeType.Fanout, durable: true, autoDelete: false, cancellationToken: cancellation).ConfigureAwait(false);
        await channel.QueueDeclareAsync(Aside, durable: true, exclusive: false, autoDelete: false, Arguments(("x-max-length", MostAside)), cancellationToken: cancellation).ConfigureAwait(false);
        await channel.QueueBindAsync(Aside, Aside, "", cancellationToken: cancellation).ConfigureAwait(false);
    }

    /// <summary>Makes the queue of one world's work.</summary>
    public Task<QueueDeclareOk> DeclareWorkAsync(IChannel channel, string world, string? digest, CancellationToken cancellation) => channel.QueueDeclareAsync(
        Work(world, digest), durable: true, exclusive: false, autoDelete: false,
        Arguments(("x-dead-letter-exchange", Aside)), cancellationToken: cancellation);

    /// <summary>Makes the queue of a run's results.</summary>
    public Task<QueueDeclareOk> DeclareResultsAsync(IChannel channel, string run, CancellationToken cancellation) => channel.QueueDeclareAsync(
        Results(run), durable: true, exclusive: false, autoDelete: false, Arguments(("x-dead-letter-exchange", Aside), ("x-expires", Forgotten)), cancellationToken: cancellation);

    private static Dictionary<string, object?> Arguments(params ReadOnlySpan<(string Name, object Value)> arguments)
    {
        var made = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var (name, value) in arguments)
        {
            made[name] = value;
        }

        return made;
    }
}
