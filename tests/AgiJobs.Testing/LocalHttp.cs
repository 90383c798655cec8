using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AgiJobs.Testing;

/// <summary>A request as it came.</summary>
/// <param name="Method">The method.</param>
/// <param name="Path">The path with its query.</param>
/// <param name="Headers">The headers, by name in any case.</param>
/// <param name="Body">The body.</param>
public sealed record LocalRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    /// <summary>The body as text.</summary>
    public string Text => Encoding.UTF8.GetString(Body);
}

/// <summary>What a <see cref="LocalHttp"/> answers.</summary>
/// <param name="Status">The status.</param>
/// <param name="Body">The body, JSON.</param>
/// <param name="Headers">Further header lines, each with its line end.</param>
public sealed record LocalReply(int Status, string Body = "", string Headers = "");

/// <summary>An HTTP/1.1 server on a free loopback port. No reply means that it never answers.</summary>
public sealed class LocalHttp : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<LocalRequest> _requests = new();
    private readonly Func<LocalRequest, LocalReply?> _reply;
    private readonly Task _accepting;

    /// <summary>Starts it.</summary>
    public LocalHttp(Func<LocalRequest, LocalReply?> reply)
    {
        _reply = reply;
        _listener.Start();
        Url = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/"));
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public Uri Url { get; }

    /// <summary>The requests so far.</summary>
    public IReadOnlyList<LocalRequest> Requests => [.. _requests];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // A connection may just have been accepted: the listener is stopped when nobody asks it for the next one any more.
        await _stop.CancelAsync();
        await _accepting;
        _listener.Stop();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                open.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException or InvalidOperationException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var closing = client;
        try
        {
            var stream = client.GetStream();
            var request = await ReadAsync(stream);
            if (request is null)
            {
                return;
            }

            var reply = _reply(request);
            _requests.Enqueue(request);
            if (reply is null)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, _stop.Token);
            }

            var body = Encoding.UTF8.GetBytes(reply!.Body);
            var head = string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {reply.Status} Status\r\nContent-Type: application/json\r\nConnection: close\r\n{reply.Headers}Content-Length: {body.Length}\r\n\r\n");
            await stream.WriteAsync((byte[])[.. Encoding.ASCII.GetBytes(head), .. body], _stop.Token);
            client.Client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception end) when (end is OperationCanceledException or IOException or SocketException)
        {
            // The client went away, or the test is over.
        }
    }

    private async Task<LocalRequest?> ReadAsync(NetworkStream stream)
    {
        var received = new List<byte>();
        var buffer = new byte[8192];
        while (true)
        {
            var count = await stream.ReadAsync(buffer, _stop.Token);
            if (count == 0)
            {
                return null;
            }

            received.AddRange(buffer.AsSpan(0, count));
            var text = Encoding.Latin1.GetString([.. received]);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end < 0)
            {
                continue;
            }

            var lines = text[..end].Split("\r\n");
            var headers = lines.Skip(1).Select(line => line.Split(':', 2)).ToDictionary(pair => pair[0], pair => pair[1].Trim(), StringComparer.OrdinalIgnoreCase);
            var wanted = headers.TryGetValue("Content-Length", out var length) ? int.Parse(length, CultureInfo.InvariantCulture) : 0;
            if (received.Count >= end + 4 + wanted)
            {
                var first = lines[0].Split(' ');
                return new LocalRequest(first[0], first[1], headers, [.. received.Skip(end + 4).Take(wanted)]);
            }
        }
    }
}
