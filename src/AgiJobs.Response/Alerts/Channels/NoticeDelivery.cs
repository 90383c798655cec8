using System.Security.Cryptography;
using System.Text;
using AgiJobs.Control.OnCall;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Alerts.Channels;

/// <summary>What one round of delivery came to.</summary>
/// <param name="Delivered">Messages that the receiver took.</param>
/// <param name="Delayed">Messages that are tried again, or wait for one before them.</param>
/// <param name="GivenUp">Messages that were given up now, each with the reason.</param>
public sealed record NoticeDeliveries(int Delivered, int Delayed, IReadOnlyList<string> GivenUp);

/// <summary>
/// Delivers the messages of one channel from its outbox, at least once and about one page in their order: what ends something is never sent before what began it, and not at all when that never arrived. What is not taken is tried again
/// after 5 s, twice as long each time up to an hour, a fifth more or less, later where the receiver says so. After <see cref="MostTries"/> attempts, or at once when the receiver says that it never will, a message is given up. From
/// the <see cref="AlarmAt"/>th failure on, and when one is given up, that is an alert itself, which goes by the other channels and ends with the next message that arrives. Each attempt is on file as proof. Safe for several processes.
/// </summary>
public sealed class NoticeDelivery(IStateStore store, AlertSettings settings, IAlertChannel channel, TimeProvider time) : IDisposable
{
    /// <summary>How often a message is tried: about a day.</summary>
    public const int MostTries = 30;

    /// <summary>With which failure of a message others are told.</summary>
    public const int AlarmAt = 4;

    private const int AtOnce = 10;

    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);
    private static readonly TimeSpan LongestAsked = TimeSpan.FromHours(6);
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(2);

    // Longer than all that are claimed at once may take.
    private static readonly TimeSpan Held = TimeSpan.FromMinutes(6);

    /// <summary>The channel.</summary>
    public string Name => channel.Name;

    private string Outbox => settings.Places.Outbox(channel.Name);

    /// <summary>Delivers what is due.</summary>
    /// <exception cref="StorageException">The outbox could not be read or written; nothing is lost.</exception>
    public async Task<NoticeDeliveries> DeliverAsync(CancellationToken cancellation)
    {
        var (delivered, delayed, given) = (0, 0, new List<string>());
        foreach (var message in await store.ClaimAsync(Outbox, AtOnce, Held, cancellation).ConfigureAwait(false))
        {
            var notice = Notice.Read(message);
            var before = await ProofAsync(message.Key, cancellation).ConfigureAwait(false);
            var behind = notice.Behind is null ? null : await ProofAsync(notice.Behind, cancellation).ConfigureAwait(false);
            if (before?.IsSettled() is true)
            {
                // Whoever delivered it died before it could say so to the outbox.
                _ = await store.SettleAsync(message, new Delivery(before.DeliveredAt is not null || before.Tries == 0, null, before.Attempts is [.., var end] ? end.Words : null), cancellation).ConfigureAwait(false);
                continue;
            }

            if (notice.Behind is not null && behind?.IsSettled() is not true)
            {
                _ = await store.SettleAsync(message, new Delivery(IsDelivered: false, time.GetUtcNow() + Turn, $"it waits for {notice.Behind}"), cancellation).ConfigureAwait(false);
                delayed++;
                continue;
            }

            var proof = before ?? new DeliveryProof { Version = 1, Key = message.Key, Channel = channel.Name, ChannelKind = channel.Kind, To = channel.To, Page = notice.Page, Kind = notice.Kind };
            // A late sign of life would be a lie.
            var why = notice.Kind is NoticeKind.Resolve or NoticeKind.Acknowledge && behind?.HasReached is false ? "left out: nothing about this page has arrived before"
                : notice.Kind is NoticeKind.Heartbeat && time.GetUtcNow() - notice.At > Spans.Parse(settings.Plan?.File.Heartbeat?.Every) ? "left out: it is too late to say so"
                : null;
            if (why is not null)
            {
                await KeepAsync(proof with { GivenUpAt = time.GetUtcNow(), Attempts = [.. proof.Attempts.Append(new DeliveryAttempt(time.GetUtcNow(), why)).TakeLast(DeliveryProof.MostListed)] }, cancellation).ConfigureAwait(false);
                _ = await store.SettleAsync(message, new Delivery(IsDelivered: true), cancellation).ConfigureAwait(false);
                continue;
            }

            var answer = await channel.SendAsync(notice, message.Key, cancellation).ConfigureAwait(false);
            var now = time.GetUtcNow();
            proof = proof with { Tries = proof.Tries + 1, Attempts = [.. proof.Attempts.Append(new DeliveryAttempt(now, answer.Words, answer.Status)).TakeLast(DeliveryProof.MostListed)], HasReached = answer.Outcome == SendOutcome.Delivered || behind?.HasReached is true };
            if (answer.Outcome == SendOutcome.Delivered)
            {
                await KeepAsync(proof with { DeliveredAt = now }, cancellation).ConfigureAwait(false);
                _ = await store.SettleAsync(message, new Delivery(IsDelivered: true), cancellation).ConfigureAwait(false);
                await RecoverAsync(message.Key, cancellation).ConfigureAwait(false);
                delivered++;
                continue;
            }

            var isLast = answer.Outcome == SendOutcome.Never || proof.Tries >= MostTries;
            await KeepAsync(isLast ? proof with { GivenUpAt = now } : proof, cancellation).ConfigureAwait(false);
            // The alarm first: whoever dies in between raises it again, and it counts once.
            if (isLast || proof.Tries == AlarmAt)
            {
                await AlarmAsync(notice, message.Key, isLast, answer.Words, cancellation).ConfigureAwait(false);
            }

            _ = await store.SettleAsync(message, new Delivery(IsDelivered: false, isLast ? null : now + Wait(message.Key, proof.Tries, answer.After), answer.Words), cancellation).ConfigureAwait(false);
            if (isLast)
            {
                given.Add($"the channel {channel.Name} has given up {message.Key}: {answer.Words}");
            }
            else
            {
                delayed++;
            }
        }

        return new NoticeDeliveries(delivered, delayed, given);
    }

    /// <inheritdoc/>
    public void Dispose() => channel.Dispose();

    // A fifth more or less, by the key and not by chance, so that many do not come back at once.
    private static TimeSpan Wait(string key, int tries, TimeSpan? asked)
    {
        var own = Math.Min(LongestWait.Ticks, FirstWait.Ticks << Math.Min(tries - 1, 20));
        var share = SHA256.HashData(Encoding.UTF8.GetBytes($"{key}/{tries}"))[0] / 255.0;
        own = (long)(own * (0.8 + (0.4 * share)));
        return asked is { } after && after.Ticks > own ? TimeSpan.FromTicks(Math.Min(after.Ticks, LongestAsked.Ticks)) : TimeSpan.FromTicks(own);
    }

    private async Task<DeliveryProof?> ProofAsync(string key, CancellationToken cancellation) =>
        await store.GetAsync(settings.Places.Deliveries, key, cancellation).ConfigureAwait(false) is { } document ? DeliveryProof.Read(document) : null;

    private Task<long> KeepAsync(DeliveryProof proof, CancellationToken cancellation) =>
        store.CommitAsync(new StateCommit { Documents = [new DocumentWrite(settings.Places.Deliveries, proof.Key, proof.Encode())] }, cancellation);

    private Task AlarmAsync(Notice notice, string key, bool isLast, string words, CancellationToken cancellation) => notice.Kind is NoticeKind.Test ? Task.CompletedTask : TakeAsync(
        new Finding
        {
            Id = $"{settings.Network}/{AlertRules.ChannelFailing}/{channel.Name}/{key}{(isLast ? "/given-up" : "")}",
            Fingerprint = $"{settings.Network}/{AlertRules.ChannelFailing}/{channel.Name}",
            Kind = FindingKind.Firing,
            Rule = AlertRules.ChannelFailing,
            Source = "alert delivery",
            Network = settings.Network,
            // What was not told is no less grave for it.
            Severity = notice.Severity,
            Title = $"the channel {channel.Name} ({channel.Kind}) {(isLast ? "has lost a message" : "does not take messages")}: {words}; not told there: {notice.Title}",
            Subject = channel.Name,
            Facts = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["message"] = key, ["page"] = notice.Page },
        },
        cancellation);

    private async Task RecoverAsync(string key, CancellationToken cancellation)
    {
        var fingerprint = $"{settings.Network}/{AlertRules.ChannelFailing}/{channel.Name}";
        if (await store.GetAsync(settings.Places.Alerts, AlertPlaces.IdOf(fingerprint), cancellation).ConfigureAwait(false) is { } document && AlertRecord.Read(document).State == AlertState.Firing)
        {
            await TakeAsync(
                new Finding
                {
                    Id = $"{settings.Network}/{AlertRules.ChannelFailing}/{channel.Name}/{key}/works",
                    Fingerprint = fingerprint,
                    Kind = FindingKind.Resolved,
                    Rule = AlertRules.ChannelFailing,
                    Source = "alert delivery",
                    Network = settings.Network,
                    Severity = Severity.Sev3,
                    Title = $"the channel {channel.Name} takes messages again",
                    Subject = channel.Name,
                },
                cancellation).ConfigureAwait(false);
        }
    }

    private Task TakeAsync(Finding finding, CancellationToken cancellation) => AlertCommit.TakeAsync(store, settings, [finding], time, cancellation);
}
