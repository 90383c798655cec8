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
/// Delivers the messages of one channel from its outbox, at least once. What ends or acknowledges a page is never sent before what began it, and not at all when that never arrived. A newer trigger of a page takes the place of what
/// did not arrive yet and is tried at once, however long that was to wait: it says all that the older one said. What is not taken is tried again after 5 s, twice as long each time up to an hour, a fifth more or less, later where the
/// receiver says so. After <see cref="MostTries"/> attempts, or at once when the receiver says that it never will, or when nobody can read it, a message is given up. With the <see cref="AlarmAt"/>th failure, with one after which it
/// waits for longer than <see cref="QuietAt"/>, and when one is given up, that is an alert itself, which goes by the other channels and ends with the next message that arrives. Each attempt is on file as proof. Safe for several
/// processes.
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

    // Longer than any channel has patience.
    private static readonly TimeSpan LongestTry = TimeSpan.FromMinutes(1);

    // Longer than all that are claimed at once may take.
    private static readonly TimeSpan Held = TimeSpan.FromMinutes(6);

    /// <summary>After which wait others are told though the message has failed less often.</summary>
    public static TimeSpan QuietAt { get; } = TimeSpan.FromMinutes(5);

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
            Notice notice;
            try
            {
                notice = Notice.Read(message);
            }
            catch (StorageException problem) when (problem.Code == StorageException.Damaged)
            {
                await LoseAsync(message, problem.Message, given, cancellation).ConfigureAwait(false);
                continue;
            }

            switch (await TakeTurnAsync(message, notice, given, cancellation).ConfigureAwait(false))
            {
                case SendOutcome.Delivered:
                    delivered++;
                    break;
                case SendOutcome.Again:
                    delayed++;
                    break;
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

    // Null when nothing was to be sent.
    private async Task<SendOutcome?> TakeTurnAsync(OutboxMessage message, Notice notice, List<string> given, CancellationToken cancellation)
    {
        var (before, version) = await ProofAsync(message.Key, cancellation).ConfigureAwait(false);
        if (before?.IsSettled() is true)
        {
            // A newer one has taken its place, or whoever delivered it died before it could say so to the outbox.
            _ = await store.SettleAsync(message, new Delivery(before.GivenUpAt is null || before.Tries == 0, null, before.Attempts is [.., var end] ? end.Words : null), cancellation).ConfigureAwait(false);
            return null;
        }

        var (waitsFor, passed, standing, unsure) = await BeforeAsync(notice, cancellation).ConfigureAwait(false);
        var proof = (before ?? new DeliveryProof { Version = 1, Key = message.Key, Channel = channel.Name, ChannelKind = channel.Kind, To = channel.To, Page = notice.Page, Kind = notice.Kind }) with { Behind = notice.Behind, Standing = standing, Unsure = unsure };
        if (waitsFor is not null)
        {
            if (before is null)
            {
                // What comes after it is to see what it waits for.
                _ = await TryKeepAsync([new DocumentWrite(settings.Places.Deliveries, proof.Key, proof.Encode(), version)], cancellation).ConfigureAwait(false);
            }

            return await LaterAsync(message, $"it waits for {waitsFor}", cancellation).ConfigureAwait(false);
        }

        // A late sign of life would be a lie.
        var why = notice.Kind is NoticeKind.Resolve or NoticeKind.Acknowledge && standing is null ? "left out: nothing about this page has arrived before"
            : notice.Kind is NoticeKind.Heartbeat && time.GetUtcNow() - notice.At > Spans.Parse(settings.Plan?.File.Heartbeat?.Every) ? "left out: it is too late to say so"
            : null;
        if (why is not null)
        {
            await KeepAsync(Attempted(proof, why) with { GivenUpAt = time.GetUtcNow() }, cancellation).ConfigureAwait(false);
            _ = await store.SettleAsync(message, new Delivery(IsDelivered: true), cancellation).ConfigureAwait(false);
            return null;
        }

        // Of what is being sent nobody says that it is superseded, and what is superseded nobody sends: one commit decides.
        var begun = new DocumentWrite(settings.Places.Deliveries, proof.Key, (proof with { TryingUntil = time.GetUtcNow() + LongestTry }).Encode(), version);
        if (!await TryKeepAsync([begun, .. passed.Select(one => new DocumentWrite(settings.Places.Deliveries, one.Proof.Key, (Attempted(one.Proof, $"superseded by {message.Key}") with { SupersededBy = message.Key }).Encode(), one.Version))], cancellation).ConfigureAwait(false))
        {
            return await LaterAsync(message, "another host delivers it, or something about the page, just now", cancellation).ConfigureAwait(false);
        }

        var answer = await SendAsync(notice with { Standing = standing, Unsure = unsure }, message.Key, cancellation).ConfigureAwait(false);
        var now = time.GetUtcNow();
        proof = Attempted(proof, answer.Words, answer.Status) with { Tries = proof.Tries + 1, TryingUntil = null };
        if (answer.Outcome == SendOutcome.Delivered)
        {
            await KeepAsync(proof with { DeliveredAt = now, Standing = notice.Kind is NoticeKind.Trigger ? message.Key : standing, Unsure = notice.Kind is NoticeKind.Acknowledge ? unsure : [] }, cancellation).ConfigureAwait(false);
            _ = await store.SettleAsync(message, new Delivery(IsDelivered: true), cancellation).ConfigureAwait(false);
            await RecoverAsync(message.Key, given, cancellation).ConfigureAwait(false);
            return SendOutcome.Delivered;
        }

        var isLast = answer.Outcome == SendOutcome.Never || proof.Tries >= MostTries;
        var wait = Wait(message.Key, proof.Tries, answer.After);
        await KeepAsync(isLast ? proof with { GivenUpAt = now } : proof, cancellation).ConfigureAwait(false);
        // The alarm first: whoever dies in between raises it again, and it counts once.
        if ((isLast || proof.Tries == AlarmAt || (proof.Tries < AlarmAt && wait > QuietAt)) && notice.Kind is not NoticeKind.Test)
        {
            await AlarmAsync(message.Key, notice.Page, notice.Severity, notice.Title, isLast, answer.Words, given, cancellation).ConfigureAwait(false);
        }

        _ = await store.SettleAsync(message, new Delivery(IsDelivered: false, isLast ? null : now + wait, answer.Words), cancellation).ConfigureAwait(false);
        if (isLast)
        {
            given.Add($"the channel {channel.Name} has given up {message.Key}: {answer.Words}");
        }

        return isLast ? SendOutcome.Never : SendOutcome.Again;
    }

    // What has to be settled before a message is sent; or else what it takes the place of, and by which messages the receiver has the page, or may have it.
    private async Task<(string? WaitsFor, IReadOnlyList<(DeliveryProof Proof, long Version)> Passed, string? Standing, IReadOnlyList<string> Unsure)> BeforeAsync(Notice notice, CancellationToken cancellation)
    {
        var passed = new List<(DeliveryProof Proof, long Version)>();
        for (var key = notice.Behind; key is not null;)
        {
            var (proof, version) = await ProofAsync(key, cancellation).ConfigureAwait(false);
            if (version > 0 && (proof is null || proof.IsSettled()))
            {
                return (null, passed, proof?.Standing, Unsure(proof?.Unsure ?? []));
            }

            // What nobody has looked at yet is looked at next.
            if (proof is null || notice.Kind is not NoticeKind.Trigger || proof.TryingUntil > time.GetUtcNow())
            {
                return (key, [], null, []);
            }

            passed.Add((proof, version));
            key = proof.Behind;
        }

        return (null, passed, null, Unsure([]));

        IReadOnlyList<string> Unsure(IReadOnlyList<string> before) =>
            [.. before.Concat(passed.AsEnumerable().Reverse().Where(one => one.Proof is { Tries: > 0, Kind: NoticeKind.Trigger }).Select(one => one.Proof.Key)).TakeLast(DeliveryProof.MostUnsure)];
    }

    private async Task<ChannelAnswer> SendAsync(Notice notice, string key, CancellationToken cancellation)
    {
        try
        {
            return await channel.SendAsync(notice, key, cancellation).ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is not (OperationCanceledException or StorageException))
        {
            // A defect of one message is not to stop those behind it.
            return new ChannelAnswer(SendOutcome.Again, $"it could not be sent: {problem.GetType().Name}");
        }
    }

    // Nobody knows what it said, so it is taken for the worst.
    private async Task LoseAsync(OutboxMessage message, string why, List<string> given, CancellationToken cancellation)
    {
        var proof = new DeliveryProof { Version = 1, Key = message.Key, Channel = channel.Name, ChannelKind = channel.Kind, To = channel.To, Page = "", Kind = NoticeKind.Trigger, Tries = message.Attempts, GivenUpAt = time.GetUtcNow() };
        await KeepAsync(Attempted(proof, why), cancellation).ConfigureAwait(false);
        await AlarmAsync(message.Key, "", Severity.Sev0, "a message that cannot be read", isLast: true, why, given, cancellation).ConfigureAwait(false);
        _ = await store.SettleAsync(message, new Delivery(IsDelivered: false, null, why), cancellation).ConfigureAwait(false);
        given.Add($"the channel {channel.Name} has given up {message.Key}: {why}");
    }

    private async Task<SendOutcome?> LaterAsync(OutboxMessage message, string why, CancellationToken cancellation)
    {
        _ = await store.SettleAsync(message, new Delivery(IsDelivered: false, time.GetUtcNow() + Turn, why), cancellation).ConfigureAwait(false);
        return SendOutcome.Again;
    }

    private DeliveryProof Attempted(DeliveryProof proof, string words, int? status = null) =>
        proof with { Attempts = [.. proof.Attempts.Append(new DeliveryAttempt(time.GetUtcNow(), words, status)).TakeLast(DeliveryProof.MostListed)] };

    // A proof that cannot be read proves nothing: the message is sent again, and those behind it do not wait.
    private async Task<(DeliveryProof? Proof, long Version)> ProofAsync(string key, CancellationToken cancellation)
    {
        if (await store.GetAsync(settings.Places.Deliveries, key, cancellation).ConfigureAwait(false) is not { } document)
        {
            return (null, 0);
        }

        try
        {
            return (DeliveryProof.Read(document), document.Version);
        }
        catch (StorageException problem) when (problem.Code == StorageException.Damaged)
        {
            return (null, document.Version);
        }
    }

    private Task<long> KeepAsync(DeliveryProof proof, CancellationToken cancellation) =>
        store.CommitAsync(new StateCommit { Documents = [new DocumentWrite(settings.Places.Deliveries, proof.Key, proof.Encode())] }, cancellation);

    private async Task<bool> TryKeepAsync(IReadOnlyList<DocumentWrite> documents, CancellationToken cancellation)
    {
        try
        {
            _ = await store.CommitAsync(new StateCommit { Documents = documents }, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (StorageException problem) when (problem.Code == StorageException.DocumentConflict)
        {
            return false;
        }
    }

    private Task AlarmAsync(string key, string page, Severity severity, string title, bool isLast, string words, List<string> given, CancellationToken cancellation) => TakeAsync(
        new Finding
        {
            Id = $"{settings.Network}/{AlertRules.ChannelFailing}/{channel.Name}/{key}{(isLast ? "/given-up" : "")}",
            Fingerprint = $"{settings.Network}/{AlertRules.ChannelFailing}/{channel.Name}",
            Kind = FindingKind.Firing,
            Rule = AlertRules.ChannelFailing,
            Source = "alert delivery",
            Network = settings.Network,
            // What was not told is no less grave for it.
            Severity = severity,
            Title = $"the channel {channel.Name} ({channel.Kind}) {(isLast ? "has lost a message" : "does not take messages")}: {words}; not told there: {title}",
            Subject = channel.Name,
            Facts = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["message"] = key, ["page"] = page },
        },
        given,
        cancellation);

    private async Task RecoverAsync(string key, List<string> given, CancellationToken cancellation)
    {
        var fingerprint = $"{settings.Network}/{AlertRules.ChannelFailing}/{channel.Name}";
        // One that fires is among those that fire; nothing is written for any other.
        if (await store.GetAsync(settings.Places.Firing, AlertPlaces.IdOf(fingerprint), cancellation).ConfigureAwait(false) is not null)
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
                given,
                cancellation).ConfigureAwait(false);
        }
    }

    // Alerts that cannot be read are told by others; messages go on.
    private async Task TakeAsync(Finding finding, List<string> given, CancellationToken cancellation)
    {
        try
        {
            await AlertCommit.TakeAsync(store, settings, [finding], time, cancellation).ConfigureAwait(false);
        }
        catch (StorageException problem) when (problem.Code == StorageException.Damaged)
        {
            given.Add($"{finding.Title}; and that is no alert, since {problem.Message}");
        }
    }
}
