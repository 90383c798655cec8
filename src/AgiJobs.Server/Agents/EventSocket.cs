using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using AgiJobs.Arena.Gateway;
using AgiJobs.Ethereum;
using AgiJobs.Server.Hosting;
using AgiJobs.Server.Observation;
using AgiJobs.Server.Requests;
using AgiJobs.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AgiJobs.Server.Agents;

/// <summary>The WebSocket of <c>GET /v1/events</c>. Only the gateway speaks on it.</summary>
internal sealed class EventSocket(ArenaGateway gateway, InFlight inFlight, ServerMeter meter, JsonLog log, ServerOptions options)
{
    private const int MostOfOneAgent = 4;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ConcurrentDictionary<Address, int> _open = new();

    public async Task ServeAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            gateway.Limits.TakeUnsigned(RequestPipeline.OtherEnd(context));
            throw new RefusalException(GatewayCode.Malformed, "/v1/events is a WebSocket, and this request is none.", "Connect by WebSocket (RFC 6455) with the signed headers at the handshake.");
        }

        var (agent, _) = await Signatures.AuthenticateAsync(context, gateway).ConfigureAwait(false);
        if (_open.AddOrUpdate(agent, 1, static (_, count) => count + 1) > MostOfOneAgent)
        {
            Leave(agent);
            throw new RefusalException(GatewayCode.RateLimited, $"{agent} has {MostOfOneAgent} of these connections, and that is the most.", "Close one.", Patience);
        }

        meter.Listening(1);
        try
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync().ConfigureAwait(false);
            await TalkAsync(socket, agent, context.RequestAborted).ConfigureAwait(false);
        }
        finally
        {
            meter.Listening(-1);
            Leave(agent);
        }
    }

    private async Task TalkAsync(WebSocket socket, Address agent, CancellationToken aborted)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(aborted, inFlight.Draining);
        var hearing = HearAsync(socket, end);
        try
        {
            await foreach (var line in gateway.Feed.WatchAsync(agent, end.Token).ConfigureAwait(false))
            {
                // Who does not read what is sent is cut off, and is told how things stand when it comes again.
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(aborted);
                patience.CancelAfter(Patience);
                await socket.SendAsync(Encoding.UTF8.GetBytes(line), WebSocketMessageType.Text, WebSocketMessageFlags.EndOfMessage, patience.Token).ConfigureAwait(false);
            }
        }
        catch (Exception problem) when (problem is OperationCanceledException or WebSocketException or IOException)
        {
            // The agent went, or the host is about to stop.
        }
        catch (StorageException problem)
        {
            log.Write(LogLevel.Error, GatewayCode.StateUnknown, $"the events of {agent}: {problem.Message}");
        }

        await CloseAsync(socket, inFlight.IsDraining).ConfigureAwait(false);
        await end.CancelAsync().ConfigureAwait(false);
        await hearing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task CloseAsync(WebSocket socket, bool isDraining)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2), options.Time);
        try
        {
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                await socket.CloseOutputAsync(isDraining ? WebSocketCloseStatus.EndpointUnavailable : WebSocketCloseStatus.NormalClosure, isDraining ? GatewayCode.Draining : "", patience.Token).ConfigureAwait(false);
            }
        }
        catch (Exception problem) when (problem is OperationCanceledException or WebSocketException or IOException)
        {
            socket.Abort();
        }
    }

    // What an agent says is thrown away; that it closes is what is waited for.
    private static async Task HearAsync(WebSocket socket, CancellationTokenSource end)
    {
        var buffer = new byte[1024];
        try
        {
            while ((await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None).ConfigureAwait(false)).MessageType != WebSocketMessageType.Close)
            {
                // Nothing is expected of it.
            }
        }
        finally
        {
            await end.CancelAsync().ConfigureAwait(false);
        }
    }

    private void Leave(Address agent)
    {
        if (_open.AddOrUpdate(agent, 0, static (_, count) => count - 1) <= 0)
        {
            _ = _open.TryRemove(new KeyValuePair<Address, int>(agent, 0));
        }
    }
}
