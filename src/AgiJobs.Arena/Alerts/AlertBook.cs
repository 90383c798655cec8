using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using AgiJobs.Ethereum;
using AgiJobs.Storage;

namespace AgiJobs.Arena.Alerts;

/// <summary>
/// The alerts of a network as they were read at one moment: documents of <c>arena/NETWORK/alerts</c>. What facts change about them is worked out without touching the store, so that it is committed together with what
/// caused it: both or neither. Each write expects the version that was read; of two writers one fails and reads again. Not safe for several threads.
/// <para>Rules: <c>rounds-failing</c> (rounds in a row), <c>agent-failing</c> (an agent silent or blocked in so many of its last rounds), <c>validator-slashed</c>, <c>slashes-held</c>, <c>orchestrator-failing</c>.</para>
/// </summary>
public sealed class AlertBook
{
    private const int MostKept = 1000;

    private readonly AlertSettings _settings;
    private readonly Dictionary<string, (AlertRecord Record, long Version)> _read;

    private AlertBook(AlertSettings settings, Dictionary<string, (AlertRecord Record, long Version)> read) => (_settings, _read) = (settings, read);

    /// <summary>The alerts, by name.</summary>
    public IReadOnlyList<AlertRecord> Alerts => [.. _read.Values.Select(entry => entry.Record).OrderBy(record => record.Id, StringComparer.Ordinal)];

    /// <summary>The outbox's channel of a network.</summary>
    public static string Channel(string network) => $"arena/{network}/alerts";

    /// <summary>Reads the alerts of a network.</summary>
    /// <exception cref="StorageException">Also <see cref="StorageException.Damaged"/>.</exception>
    public static async Task<AlertBook> ReadAsync(IStateStore store, AlertSettings settings, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(settings);
        var documents = await store.ListAsync(Channel(settings.Network), cancellationToken: cancellation).ConfigureAwait(false);
        return new AlertBook(settings, documents.ToDictionary(document => document.Key, document => (AlertRecord.Read(document), document.Version), StringComparer.Ordinal));
    }

    /// <summary>What facts change, and who is to be told; with no facts, who is to be told again. For one commit.</summary>
    /// <param name="facts">What happened, in order.</param>
    /// <param name="now">The time.</param>
    public (DocumentWrite[] Documents, MessageWrite[] Messages) After(IReadOnlyList<ArenaFact> facts, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var changed = new SortedDictionary<string, AlertRecord>(StringComparer.Ordinal);
        var messages = new List<MessageWrite>();
        foreach (var fact in facts)
        {
            Take(fact);
        }

        foreach (var record in Alerts.Select(record => changed.GetValueOrDefault(record.Id, record)).Where(record => record.IsFiring && record.NotifiedAt is { } told && now - told >= _settings.Renotify && IsRepeated(record)).ToList())
        {
            Tell(record);
        }

        return (
            [.. changed.Values.Where(record => !_read.TryGetValue(record.Id, out var before) || !string.Equals(before.Record.Encode(), record.Encode(), StringComparison.Ordinal))
                .Select(record => new DocumentWrite(Channel(_settings.Network), record.Id, record.Encode(), _read.TryGetValue(record.Id, out var before) ? before.Version : 0))],
            [.. messages]);

        void Take(ArenaFact fact)
        {
            switch (fact)
            {
                case RoundPlayed played:
                    Played(played);
                    break;
                case ValidatorSlashed slashed:
                    var alert = Of($"validator-slashed-{slashed.Key}", "validator-slashed", slashed.Validator);
                    if (alert.Firings == 0)
                    {
                        Judge(alert with { Failures = 1, Reason = slashed.Reason, Round = slashed.Round }, isFailing: true);
                    }

                    break;
                case SlashReversed reversed:
                    if (Known($"validator-slashed-{reversed.Key}") is { } stood)
                    {
                        Judge(stood, isFailing: false);
                    }

                    break;
                case SlashHeldBack held:
                    Held(held.Key, held);
                    break;
                case SlashLetGo released:
                    Held(released.Key, null);
                    break;
                case OrchestratorFared fared:
                    var fares = Known("orchestrator-failing");
                    if (fared.Failures > 0 || fares is not null)
                    {
                        fares ??= Of("orchestrator-failing", "orchestrator-failing", null);
                        Judge(fares with { Failures = fared.Failures, Reason = fared.Reason ?? fares.Reason }, fared.Failures >= _settings.Threshold);
                    }

                    break;
            }
        }

        void Played(RoundPlayed played)
        {
            var rounds = Of("rounds-failing", "rounds-failing", null);
            if (rounds.Samples.Any(sample => string.Equals(sample.Id, played.Id, StringComparison.Ordinal)))
            {
                return;
            }

            var failures = played.Failure is null ? 0 : rounds.Failures + 1;
            Judge(
                rounds with
                {
                    Failures = failures,
                    Reason = played.Failure ?? rounds.Reason,
                    Round = played.Failure is null ? rounds.Round : played.Round,
                    Samples = Last(rounds.Samples, new AlertSample(played.Id, played.Failure), Math.Max(_settings.Window, _settings.Threshold)),
                },
                failures >= _settings.Threshold);
            foreach (var (agent, conduct) in played.Conduct.OrderBy(entry => entry.Key))
            {
                // Who was never anything but well has no record.
                if (conduct is null && Known(AgentId(agent)) is null)
                {
                    continue;
                }

                var record = Of(AgentId(agent), "agent-failing", agent);
                var samples = Last(record.Samples, new AlertSample(played.Id, conduct), _settings.Window);
                var count = samples.Count(sample => sample.Failure is not null);
                Judge(record with { Samples = samples, Failures = count, Reason = conduct ?? record.Reason, Round = conduct is null ? record.Round : played.Round }, count >= _settings.Threshold);
            }
        }

        void Held(string key, SlashHeldBack? held)
        {
            var record = Of("slashes-held", "slashes-held", null);
            var samples = record.Samples.Where(sample => !string.Equals(sample.Id, key, StringComparison.Ordinal)).Concat(held is null ? [] : [new AlertSample(key, held.Why)]).OrderBy(sample => sample.Id, StringComparer.Ordinal).Take(MostKept).ToList();
            if (record.Firings == 0 && samples.Count == 0)
            {
                return;
            }

            var grew = samples.Count > record.Samples.Count && record.IsFiring;
            Judge(record with { Samples = samples, Failures = samples.Count, Reason = held?.Why ?? record.Reason, Round = held?.Round ?? record.Round }, samples.Count > 0, grew);
        }

        void Judge(AlertRecord record, bool isFailing, bool again = false)
        {
            changed[record.Id] = record;
            if (isFailing && !record.IsFiring)
            {
                Tell(record with { IsFiring = true, Since = now, Firings = record.Firings + 1, Notices = 0 });
            }
            else if (!isFailing && record.IsFiring)
            {
                Tell(record with { IsFiring = false, Since = now });
            }
            else if (again)
            {
                Tell(record);
            }
        }

        void Tell(AlertRecord record)
        {
            var told = record with { Notices = record.Notices + 1, NotifiedAt = now };
            changed[told.Id] = told;
            if (_settings.HasReceiver)
            {
                // It goes into a header.
                var key = string.Create(CultureInfo.InvariantCulture, $"{_settings.Network}-{Uri.EscapeDataString(told.Id)}-{told.Firings}-{told.Notices}");
                messages.Add(new MessageWrite(Channel(_settings.Network), key, Payload(key, told, now)));
            }
        }

        AlertRecord? Known(string id) => changed.TryGetValue(id, out var record) ? record : _read.TryGetValue(id, out var read) ? read.Record : null;

        AlertRecord Of(string id, string rule, Address? agent) => Known(id) ?? new AlertRecord { Version = 1, Id = id, Rule = rule, Agent = agent, IsFiring = false, Since = now };
    }

    // A slash is an event: it is told once, and once more when it is reversed.
    private static bool IsRepeated(AlertRecord record) => record.Rule is not "validator-slashed";

    private static string AgentId(Address agent) => $"agent-failing-{agent}";

    private static IReadOnlyList<AlertSample> Last(IReadOnlyList<AlertSample> samples, AlertSample next, int count) => [.. samples.Append(next).TakeLast(count)];

    private string Payload(string key, AlertRecord record, DateTimeOffset now)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("type", "arena.alert");
            writer.WriteNumber("version", 1);
            writer.WriteString("id", key);
            writer.WriteString("alert", record.Id);
            writer.WriteString("rule", record.Rule);
            writer.WriteString("state", record.IsFiring ? "firing" : "resolved");
            writer.WriteString("network", _settings.Network);
            writer.WriteNumber("chainId", _settings.ChainId);
            if (record.Round is { } round)
            {
                writer.WriteNumber("roundId", round);
            }
            else
            {
                writer.WriteNull("roundId");
            }

            writer.WriteString("agent", record.Agent?.ToString());
            writer.WriteNumber("failures", record.Failures);
            writer.WriteString("reason", record.Reason);
            writer.WriteString("since", Time(record.Since));
            writer.WriteString("timestamp", Time(now));
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
}
