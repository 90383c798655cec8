using System.Text;
using System.Text.Json;
using AgiJobs.Control.OnCall;

namespace AgiJobs.Response.Alerts.Channels;

/// <summary>A file of the workspace that gets a line of JSON for each message, flushed to the disk.</summary>
/// <param name="channel">Its entry in the on-call file.</param>
/// <param name="root">The workspace's folder.</param>
public sealed class LogChannel(AlertChannel channel, string root) : IAlertChannel
{
    private readonly SemaphoreSlim _turn = new(1);

    /// <inheritdoc/>
    public string Name => channel.Name;

    /// <inheritdoc/>
    public string Kind => "log";

    /// <inheritdoc/>
    public string To => channel.Path!;

    /// <inheritdoc/>
    public async Task<ChannelAnswer> SendAsync(Notice notice, string key, CancellationToken cancellation)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            WebhookChannel.Write(writer, notice, key);
        }

        buffer.Write(Encoding.UTF8.GetBytes("\n"));
        await _turn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            var path = Path.Combine(root, channel.Path!);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
            await using (file.ConfigureAwait(false))
            {
                await file.WriteAsync(buffer.ToArray(), cancellation).ConfigureAwait(false);
                file.Flush(flushToDisk: true);
            }

            return new ChannelAnswer(SendOutcome.Delivered, "written");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return new ChannelAnswer(SendOutcome.Again, problem.Message);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();
}
