using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace AgiJobs.Testing;

/// <summary>
/// A signer that speaks JSON-RPC over HTTP on a free loopback port and answers what a test tells it to. One connection per request.
/// </summary>
public sealed class SignerServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<JsonElement, Answer> _answer;
    private readonly Task _loop;
    private int _requests;

    /// <summary>Starts one that answers every request as it is told.</summary>
    public SignerServer(Func<JsonElement, Answer> answer)
    {
        _answer = answer;
        _listener.Start();
        _loop = AcceptAsync();
    }

    /// <summary>Where it is.</summary>
    public Uri Url => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    /// <summary>How many requests came.</summary>
    public int Requests => _requests;

    /// <summary>Answers with a result, given as JSON.</summary>
    public static SignerServer WithResult(Func<JsonElement, string> result) => new(request => Answer.Result(request, result(request)));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _loop;
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
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Stopped, whether it was waiting or about to.
            await Task.WhenAll(open);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var connection = client;
        try
        {
            var stream = client.GetStream();
            var body = await ReadRequestAsync(stream);
            Interlocked.Increment(ref _requests);
            using var document = JsonDocument.Parse(body);
            var answer = _answer(document.RootElement);
            if (answer.Raw is null)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, _stop.Token);
            }

            await stream.WriteAsync(answer.Raw, _stop.Token);
            client.Client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception error) when (error is OperationCanceledException or IOException or SocketException)
        {
            // The client went away, or the test is over.
        }
    }

    private async Task<byte[]> ReadRequestAsync(NetworkStream stream)
    {
        var received = new List<byte>();
        var buffer = new byte[8192];
        while (true)
        {
            var count = await stream.ReadAsync(buffer, _stop.Token);
            received.AddRange(buffer.AsSpan(0, count));
            var text = Encoding.Latin1.GetString([.. received]);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end < 0)
            {
                continue;
            }

            var length = text[..end].Split("\r\n").Single(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
            var wanted = int.Parse(length.Split(':')[1].Trim(), CultureInfo.InvariantCulture);
            if (received.Count >= end + 4 + wanted)
            {
                return [.. received.Skip(end + 4).Take(wanted)];
            }
        }
    }

    /// <summary>The bytes that go back; none means that no answer ever comes.</summary>
    public sealed record Answer(byte[]? Raw)
    {
        /// <summary>No answer ever.</summary>
        public static Answer Never { get; } = new((byte[]?)null);

        /// <summary>A result, given as JSON.</summary>
        public static Answer Result(JsonElement request, string result) =>
            Http(200, $"{{\"jsonrpc\":\"2.0\",\"id\":{request.GetProperty("id").GetRawText()},\"result\":{result}}}");

        /// <summary>An error of JSON-RPC.</summary>
        public static Answer Error(JsonElement request, int code, string message, int status = 200) =>
            Http(status, $"{{\"jsonrpc\":\"2.0\",\"id\":{request.GetProperty("id").GetRawText()},"
                + $"\"error\":{{\"code\":{code},\"message\":\"{JsonEncodedText.Encode(message)}\"}}}}");

        /// <summary>An answer of HTTP as it stands.</summary>
        public static Answer Http(int status, string body, string headers = "") => new(
            Encoding.UTF8.GetBytes($"HTTP/1.1 {status} Status\r\nContent-Type: application/json\r\nConnection: "
                + $"close\r\n{headers}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}"));
    }
}
