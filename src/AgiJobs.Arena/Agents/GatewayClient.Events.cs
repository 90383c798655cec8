using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using AgiJobs.Control;

namespace AgiJobs.Arena.Agents;

public sealed partial class GatewayClient
{
    private const int LargestMessage = 64 * 1024;

    /// <inheritdoc/>
    public async IAsyncEnumerable<GatewayEvent> EventsAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var pause = FirstPause;
        while (true)
        {
            using var socket = await OpenAsync(cancellation).ConfigureAwait(false);
            while (socket is not null && await ReceiveAsync(socket, cancellation).ConfigureAwait(false) is { } message)
            {
                pause = FirstPause;
                foreach (var line in message.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                {
                    if (Read(line) is { } told)
                    {
                        yield return told;
                    }
                }
            }

            cancellation.ThrowIfCancellationRequested();
            await Task.Delay(pause, _time, cancellation).ConfigureAwait(false);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    // Null when it cannot be opened now.
    private async Task<ClientWebSocket?> OpenAsync(CancellationToken cancellation)
    {
        var socket = new ClientWebSocket();
        try
        {
            if (Offset is null)
            {
                await ConnectAsync(cancellation).ConfigureAwait(false);
            }

            await WaitForTurnAsync(cancellation).ConfigureAwait(false);
            var target = new UriBuilder(new Uri(_url, "v1/events")) { Scheme = _url.Scheme == Uri.UriSchemeHttps ? Uri.UriSchemeWss : Uri.UriSchemeWs }.Uri;
            foreach (var (name, value) in await SignAsync("GET", target.PathAndQuery, null, cancellation).ConfigureAwait(false))
            {
                socket.Options.SetRequestHeader(name, value);
            }

            socket.Options.CollectHttpResponseDetails = true;
            socket.Options.KeepAliveInterval = TimeSpan.FromSeconds(15);
            socket.Options.KeepAliveTimeout = TimeSpan.FromSeconds(15);
            using var limit = new CancellationTokenSource(Patience, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
            await socket.ConnectAsync(target, either.Token).ConfigureAwait(false);
            return socket;
        }
        catch (Exception problem) when (problem is WebSocketException or GatewayException or ControlException || (problem is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            if (socket.HttpStatusCode is HttpStatusCode.Unauthorized)
            {
                ForgetClock();
            }

            OnProblem?.Invoke((problem as GatewayException)?.Code ?? (problem as ControlException)?.Code ?? "gateway-events", string.Create(CultureInfo.InvariantCulture, $"The gateway's events cannot be had now ({(int)socket.HttpStatusCode}): {problem.Message}"));
            socket.Dispose();
            return null;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // Null when the connection ended.
    private async Task<string?> ReceiveAsync(ClientWebSocket socket, CancellationToken cancellation)
    {
        var buffer = new byte[LargestMessage];
        var length = 0;
        try
        {
            while (true)
            {
                var part = await socket.ReceiveAsync(buffer.AsMemory(length), cancellation).ConfigureAwait(false);
                length += part.Count;
                if (part.MessageType == WebSocketMessageType.Close || (length == buffer.Length && !part.EndOfMessage))
                {
                    return null;
                }

                if (part.EndOfMessage)
                {
                    return Encoding.UTF8.GetString(buffer, 0, length);
                }
            }
        }
        catch (WebSocketException problem)
        {
            OnProblem?.Invoke("gateway-events", $"The gateway's events ended: {problem.Message}");
            return null;
        }
    }

    private GatewayEvent? Read(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            return Text(root, "type") is { } type
                ? new GatewayEvent(type, Member(root, "id") is { ValueKind: JsonValueKind.Number } id && id.TryGetInt64(out var round) ? round : null, Text(root, "phase"), Text(root, "todo"))
                : null;
        }
        catch (JsonException problem)
        {
            OnProblem?.Invoke(GatewayException.Malformed, $"The gateway told what is no JSON: {problem.Message}");
            return null;
        }
    }
}
