using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using AgiJobs.Ethereum;
using AgiJobs.Steering.Runs;
using AgiJobs.Storage;

namespace AgiJobs.Steering.Sentinels;

/// <summary>
/// Puts what the sentinels of a network do into the outbox of its alerts, each intervention once: how far a run was told is a document of <c>hgm/NETWORK/sentinel-alerts</c> that is written in the same commit as the messages. The outbox
/// delivers at least once; its receiver tells repeats by the key. Each hold is told, also one that follows a release. Safe for several processes.
/// </summary>
/// <param name="store">Where the services of the network keep their state.</param>
/// <param name="network">Its name.</param>
/// <param name="chain">Its chain.</param>
/// <param name="channel">The outbox's channel.</param>
public sealed class SentinelAlerts(IStateStore store, string network, ChainId chain, string channel)
{
    private const int AtOnce = 200;

    /// <summary>Tells what was not told yet of a run.</summary>
    /// <returns>How many messages were put into the outbox.</returns>
    /// <exception cref="StorageException">What was not told stays to be told.</exception>
    public async Task<int> TellAsync(string run, CancellationToken cancellation)
    {
        var collection = $"hgm/{network}/sentinel-alerts";
        var told = 0;
        while (true)
        {
            var document = await store.GetAsync(collection, run, cancellation).ConfigureAwait(false);
            var after = document is null ? 0L : long.TryParse(document.Data, NumberStyles.None, CultureInfo.InvariantCulture, out var kept) ? kept : throw new StorageException(StorageException.Damaged, $"The document {run} of {collection} is no number.", "Delete it: what was told is told again.");
            var history = await new DurableRunStore(store, network).KeptAsync(run, after, int.MaxValue, cancellation).ConfigureAwait(false);
            if (history.Count == 0)
            {
                return told;
            }

            var messages = history.Select(entry => (entry.Version, entry.At, Intervention: SentinelIntervention.Of(entry.Happened))).Where(entry => entry.Intervention is { Kind: not ("set" or "acknowledged") })
                .Take(AtOnce).Select(entry => Message(run, entry.Version, entry.At, entry.Intervention!)).ToList();
            var until = messages.Count == AtOnce ? messages[^1].Version : history[^1].Version;
            try
            {
                await store.CommitAsync(new StateCommit { Documents = [new DocumentWrite(collection, run, until.ToString(CultureInfo.InvariantCulture), document?.Version ?? 0)], Messages = [.. messages.Select(message => message.Write)] }, cancellation).ConfigureAwait(false);
                told += messages.Count;
            }
            catch (StorageException problem) when (problem.Code == StorageException.DocumentConflict)
            {
                // Another process told it.
            }
        }
    }

    private (long Version, MessageWrite Write) Message(string run, long version, DateTimeOffset at, SentinelIntervention intervention)
    {
        var key = string.Create(CultureInfo.InvariantCulture, $"{network}-sentinel-{run}-{version}");
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("type", "sentinel.alert");
            writer.WriteNumber("version", 1);
            writer.WriteString("id", key);
            writer.WriteString("source", "sentinel");
            writer.WriteString("severity", intervention.Severity);
            writer.WriteString("state", intervention.Kind);
            writer.WriteString("message", intervention.Message);
            writer.WriteString("detail", intervention.Detail);
            writer.WriteString("network", network);
            writer.WriteNumber("chainId", chain.Value);
            writer.WriteString("run", run);
            writer.WriteNumber("event", version);
            writer.WriteString("rule", intervention.Rule);
            if (intervention.Agent is { } agent)
            {
                writer.WriteNumber("agent", agent);
            }

            writer.WriteString("timestamp", at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture));
            writer.WriteEndObject();
        }

        return (version, new MessageWrite(channel, key, Encoding.UTF8.GetString(buffer.WrittenSpan)));
    }
}
