using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace AgiJobs.Steering.Tests.Work;

/// <summary>Stands before a broker and, while it is told to, holds back the confirmations of what was published (basic.ack, AMQP 0-9-1 §2.3.5); all else it passes on at once, as a broker with a slow disk does.</summary>
internal sealed class SlowConfirms : IAsyncDisposable
{
    private const byte Method = 1;
    private const uint BasicAck = (60 << 16) | 80;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<(Stream To, byte[] Frame)> _held = [];
    private readonly Task _serving;
    private bool _isHolding;

    private SlowConfirms(int broker)
    {
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _serving = ServeAsync(broker);
    }

    public int Port { get; }

    public static SlowConfirms Start(int broker) => new(broker);

    public void Hold()
    {
        lock (_lock)
        {
            _isHolding = true;
        }
    }

    public void Release()
    {
        lock (_lock)
        {
            _isHolding = false;
            foreach (var (to, frame) in _held)
            {
                to.Write(frame);
            }

            _held.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _listener.Dispose();
    }

    private async Task ServeAsync(int broker)
    {
        using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
        using var server = new TcpClient();
        await server.ConnectAsync(IPAddress.Loopback, broker, _stop.Token);
        await Task.WhenAny(client.GetStream().CopyToAsync(server.GetStream(), _stop.Token), FramesAsync(server.GetStream(), client.GetStream()));
    }

    // A frame: its type, its channel (2 bytes), the size of its payload (4), the payload, which begins with class and method (2 each), and one byte at its end.
    private async Task FramesAsync(NetworkStream from, NetworkStream to)
    {
        while (true)
        {
            var head = new byte[7];
            await from.ReadExactlyAsync(head, _stop.Token);
            var frame = new byte[7 + (int)BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(3)) + 1];
            head.CopyTo(frame, 0);
            await from.ReadExactlyAsync(frame.AsMemory(7), _stop.Token);
            lock (_lock)
            {
                if (_isHolding && frame[0] == Method && BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(7)) == BasicAck)
                {
                    _held.Add((to, frame));
                    continue;
                }

                to.Write(frame);
            }
        }
    }
}
