using AgiJobs.Control;
using AgiJobs.Steering.Worlds;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace AgiJobs.Steering.Work;

/// <summary>The RabbitMQ broker that carries work, by the URL that the settings of services name in secret. The URL holds a password and is never repeated.</summary>
public sealed class Broker
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly ConnectionFactory _factory;

    private Broker(ConnectionFactory factory) => _factory = factory;

    /// <summary>Host and port, without credentials.</summary>
    public string Place => $"{_factory.HostName}:{_factory.Endpoint.Port}";

    /// <summary>Reads the URL: <c>amqps://USER:PASSWORD@HOST:PORT/VHOST</c>, or <c>amqp://</c> on this machine.</summary>
    /// <exception cref="ControlException"><c>broker-url</c>.</exception>
    public static Broker Of(string url)
    {
        ControlException Bad(string why) => new("broker-url", ExitCode.BadInput, $"The URL of the broker (hgm.broker in config/services.json) {why}.", "Write amqps://USER:PASSWORD@HOST/VHOST; amqp:// is for a broker on this machine, because it sends the password in the clear.");
        if (!Uri.TryCreate(url, UriKind.Absolute, out var parsed) || parsed.Scheme is not ("amqp" or "amqps") || parsed.Host.Length == 0)
        {
            throw Bad("is no URL of a broker");
        }

        if (parsed.Scheme is "amqp" && !parsed.IsLoopback)
        {
            throw Bad($"speaks in the clear to another machine, {parsed.Host}");
        }

        try
        {
            // It connects anew by itself nowhere: who uses it knows what has to be done again.
            return new Broker(new ConnectionFactory { Uri = parsed, AutomaticRecoveryEnabled = false, TopologyRecoveryEnabled = false, RequestedHeartbeat = TimeSpan.FromSeconds(20), ContinuationTimeout = TimeSpan.FromSeconds(20) });
        }
        catch (ArgumentException)
        {
            throw Bad("has a user, a password or a path that cannot be read");
        }
    }

    /// <summary>Connects.</summary>
    /// <exception cref="ControlException"><c>broker-unreachable</c> (unknown), <c>broker-refused</c> for credentials that it does not take.</exception>
    internal async Task<IConnection> ConnectAsync(string name, CancellationToken cancellation)
    {
        try
        {
            return await _factory.CreateConnectionAsync(name, cancellation).ConfigureAwait(false);
        }
        catch (BrokerUnreachableException problem) when (problem.InnerException is AuthenticationFailureException or PossibleAuthenticationFailureException)
        {
            throw new ControlException("broker-refused", ExitCode.BadInput, $"The broker at {Place} does not take the user or the password of its URL.", "Correct the secret that hgm.broker in config/services.json names.", problem);
        }
        catch (Exception problem) when (problem is BrokerUnreachableException or IOException or OperationInterruptedException or TimeoutException)
        {
            throw new ControlException("broker-unreachable", ExitCode.Unknown, $"The broker at {Place} cannot be reached: {Told.Line(problem.GetBaseException().Message)}", "Start it, or take hgm.broker out of config/services.json to do the work in this process.", problem);
        }
    }

    /// <summary>Closes a connection, and waits no longer than 5 s for it: the client may wait without end for the answer to its goodbye, on which nothing depends.</summary>
    internal static async Task LeaveAsync(IConnection connection, TimeProvider time)
    {
        try
        {
            await connection.DisposeAsync().AsTask().WaitAsync(LongestPause, time, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is TimeoutException or RabbitMQClientException or IOException)
        {
            // The broker takes back what it had handed out when the socket closes or its heartbeat is missed.
        }
    }

    /// <summary>
    /// Keeps a connection until it is told to stop: connects, lets it be used, and when it is gone connects anew, after 0.2 s at first and 5 s at most. A broker that cannot be reached the first time is an
    /// error; later it is waited for.
    /// </summary>
    /// <param name="name">How the connection is called at the broker.</param>
    /// <param name="use">What is done with a connection; its token ends when the connection does.</param>
    /// <param name="told">What people should know.</param>
    /// <param name="time">The clock.</param>
    /// <param name="stop">Ends it.</param>
    /// <exception cref="ControlException">As <see cref="ConnectAsync"/>, the first time; <c>broker-refused</c> always.</exception>
    internal async Task StayAsync(string name, Func<IConnection, CancellationToken, Task> use, Action<string> told, TimeProvider time, CancellationToken stop)
    {
        var (isFirst, isAway, pause) = (true, false, FirstPause);
        while (true)
        {
            try
            {
                var connection = await ConnectAsync(name, stop).ConfigureAwait(false);
                try
                {
                    using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
                    connection.ConnectionShutdownAsync += async (_, _) => await over.CancelAsync().ConfigureAwait(false);
                    if (isAway)
                    {
                        told($"connected to the broker at {Place} again");
                    }

                    (isFirst, isAway, pause) = (false, false, FirstPause);
                    await use(connection, over.Token).ConfigureAwait(false);
                }
                finally
                {
                    await LeaveAsync(connection, time).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                Away("it closed");
            }
            catch (ControlException problem) when (!isFirst && problem.Code is "broker-unreachable")
            {
                Away("it cannot be reached");
            }
            catch (Exception problem) when (problem is RabbitMQClientException or IOException or TimeoutException)
            {
                stop.ThrowIfCancellationRequested();
                Away(Told.Line(problem.Message));
            }

            await Task.Delay(pause, time, stop).ConfigureAwait(false);
            pause = pause * 2 > LongestPause ? LongestPause : pause * 2;
        }

        // Once for each time that it is away.
        void Away(string why)
        {
            if (!isAway)
            {
                told($"the connection to the broker at {Place} is gone and is tried again: {why}");
            }

            isAway = true;
        }
    }
}
