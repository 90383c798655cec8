using System.Net;
using System.Net.Sockets;

namespace AgiJobs.Storage.Tests.Postgres;

/// <summary>A way to a server that breaks when a COMMIT passes: before the server has it, or after the server acted on it and before its answer is through.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly int _server;
    private readonly Task _accepting;

    public CuttingProxy(int server)
    {
        _server = server;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Null lets everything through; else whether the server still gets the COMMIT.</summary>
    public bool? CutAfterServer { get; set; }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _accepting;
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        var ways = new List<Task>();
        try
        {
            while (true)
            {
                ways.Add(PassAsync(await _listener.AcceptTcpClientAsync(_end.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(ways);
        }
    }

    private async Task PassAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using (client)
        {
            await server.ConnectAsync(IPAddress.Loopback, _server);
            var back = Task.CompletedTask;
            try
            {
                var (up, down) = (client.GetStream(), server.GetStream());
                back = down.CopyToAsync(up, _end.Token);
                var buffer = new byte[65536];
                while (await up.ReadAsync(buffer, _end.Token) is var count and > 0)
                {
                    var isCommit = buffer.AsSpan(0, count).IndexOf("COMMIT\0"u8) >= 0;
                    if (isCommit && CutAfterServer is { } after)
                    {
                        if (after)
                        {
                            // The answer is swallowed: the client is closed first.
                            client.Close();
                            await server.Client.SendAsync(buffer.AsMemory(0, count), _end.Token);
                            server.Client.Shutdown(SocketShutdown.Send);
                            await back.ContinueWith(_ => { }, TaskScheduler.Default);
                        }

                        return;
                    }

                    await down.WriteAsync(buffer.AsMemory(0, count), _end.Token);
                }
            }
            catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // One of the two ended.
            }
            finally
            {
                client.Close();
                server.Close();
                await back.ContinueWith(_ => { }, TaskScheduler.Default);
            }
        }
    }
}
