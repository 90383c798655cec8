using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Control.OnCall;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Alerts.Incoming;

/// <summary>What becomes of a webhook that came in.</summary>
/// <param name="Status">The status of HTTP.</param>
/// <param name="Code">A stable code: <c>taken</c>, or why it was refused.</param>
/// <param name="Message">In words.</param>
/// <param name="Findings">How many findings it had.</param>
public sealed record IncomingAnswer(int Status, string Code, string Message, int Findings = 0);

/// <summary>
/// Takes alerts of others by webhook. Whoever sends shows that they may: Tenderly and OpenZeppelin Monitor by an HMAC over the bytes as they came and the time, Forta and Alertmanager by a bearer token, compared in constant time.
/// What is signed is refused when its time is more than <see cref="Skew"/> from ours, or when it came before; what only has a token may come again and counts once. Safe for use by several threads.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="settings">The settings.</param>
/// <param name="file">Whose alerts are taken; nobody's when null.</param>
/// <param name="time">The clock.</param>
public sealed class IncomingDesk(IStateStore store, AlertSettings settings, IncomingFile? file, TimeProvider time)
{
    /// <summary>The largest body.</summary>
    public const int MaxBody = 262_144;

    /// <summary>How many findings one webhook may have.</summary>
    public const int MostFindings = 500;

    /// <summary>Whose alerts there are.</summary>
    public static IReadOnlyList<string> Sources { get; } = ["forta", "tenderly", "openzeppelin-monitor", "alertmanager"];

    /// <summary>How far the sender's clock may be from ours.</summary>
    public static TimeSpan Skew { get; } = TimeSpan.FromMinutes(5);

    /// <summary>Takes one.</summary>
    /// <param name="source">One of <see cref="Sources"/>.</param>
    /// <param name="header">The one value of a header; null when it is missing or came more than once.</param>
    /// <param name="body">The body.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="StorageException">It was not taken.</exception>
    public async Task<IncomingAnswer> TakeAsync(string source, Func<string, string?> header, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(header);
        if (Of(source) is not { } secret)
        {
            return new IncomingAnswer(404, "source-unknown", "Alerts of this source are not taken here; config/oncall.json says whose are.");
        }

        if (body.Length > MaxBody)
        {
            return new IncomingAnswer(413, "too-large", $"The body has more than {MaxBody} bytes.");
        }

        string key;
        try
        {
            key = secret.Reveal();
        }
        catch (ControlException)
        {
            return new IncomingAnswer(503, "secret-missing", "This host cannot check who sends.");
        }

        if (key.Length < 8)
        {
            return new IncomingAnswer(503, "secret-missing", "This host's secret for the source is too short to mean anything.");
        }

        if (Check(source, key, header, body.Span, out var once) is { } refusal)
        {
            return refusal;
        }

        IReadOnlyList<Finding>? findings;
        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 32 });
            findings = source switch
            {
                "forta" => IncomingFindings.Forta(document.RootElement, settings.Network),
                "tenderly" => IncomingFindings.Tenderly(document.RootElement, settings.Network),
                "openzeppelin-monitor" => IncomingFindings.OpenZeppelin(document.RootElement, settings.Network, header("X-Timestamp")!),
                _ => IncomingFindings.Alertmanager(document.RootElement, settings.Network),
            };
        }
        catch (JsonException problem)
        {
            return new IncomingAnswer(400, "malformed", $"This is no message of {source}: {problem.Message}");
        }

        if (findings.Count > MostFindings)
        {
            return new IncomingAnswer(413, "too-large", $"The message has {findings.Count} alerts, more than {MostFindings}.");
        }

        return await CommitAsync(source, findings, once, IncomingPayload.Of(source, body, time.GetUtcNow()), cancellation).ConfigureAwait(false);
    }

    private async Task<IncomingAnswer> CommitAsync(string source, IReadOnlyList<Finding> findings, string? once, IncomingPayload payload, CancellationToken cancellation)
    {
        var wasTaken = false;
        await AlertCommit.AsNeededAsync(
            store,
            async token =>
            {
                wasTaken = once is not null && await store.GetAsync(settings.Places.Incoming, once, token).ConfigureAwait(false) is not null;
                if (wasTaken)
                {
                    return FindingWrites.None;
                }

                var writes = await AlertBook.TakeAsync(store, settings, findings, time.GetUtcNow(), token).ConfigureAwait(false);
                return writes with { Documents = [.. writes.Documents, .. writes.IsEmpty ? [] : payload.Writes(settings.Places, findings), .. once is null ? Array.Empty<DocumentWrite>() : [new DocumentWrite(settings.Places.Incoming, once, AlertPlaces.Mark, 0)]] };
            },
            cancellation).ConfigureAwait(false);
        return wasTaken ? new IncomingAnswer(409, "replayed", "This message was taken before.") : new IncomingAnswer(200, "taken", $"{findings.Count} findings of {source} were taken.", findings.Count);
    }

    private Secret? Of(string source) => source switch
    {
        "forta" => file?.Forta,
        "tenderly" => file?.Tenderly,
        "openzeppelin-monitor" => file?.OpenzeppelinMonitor,
        "alertmanager" => file?.Alertmanager,
        _ => null,
    };

    // Null when it may be taken. What may come only once is named by its signature.
    private IncomingAnswer? Check(string source, string key, Func<string, string?> header, ReadOnlySpan<byte> body, out string? once)
    {
        once = null;
        if (source is "forta" or "alertmanager")
        {
            return header("Authorization") is not { } shown ? Missing("Authorization: Bearer")
                : shown.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) && Same(shown[7..].Trim(), key) ? null
                : new IncomingAnswer(401, "signature-wrong", "The bearer token is not ours.");
        }

        var (signature, stamp) = source is "tenderly" ? (header("X-Tenderly-Signature"), header("Date")) : (header("X-Signature"), header("X-Timestamp"));
        if (signature is null || stamp is null)
        {
            return Missing(source is "tenderly" ? "x-tenderly-signature and Date" : "X-Signature and X-Timestamp");
        }

        byte[] signed = [.. body, .. Encoding.UTF8.GetBytes(stamp)];
        if (!Same(signature.Trim().ToLowerInvariant(), Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), signed))))
        {
            return new IncomingAnswer(401, "signature-wrong", "The signature is not over this body and time, or not with our key.");
        }

        var at = source is "tenderly" ? IncomingFindings.GoTime(stamp) : long.TryParse(stamp, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) && milliseconds <= 253_402_300_799_999 ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null;
        if (at is not { } sent || (sent - time.GetUtcNow()).Duration() > Skew)
        {
            return new IncomingAnswer(401, "timestamp-off", at is null ? "The time of the message cannot be read." : $"The time of the message is more than {Skew.TotalMinutes:0} minutes from ours.");
        }

        once = $"{source}/{Convert.ToHexStringLower(SHA256.HashData(signed))}";
        return null;
    }

    private static IncomingAnswer Missing(string what) => new(401, "signature-missing", $"The message has no {what}.");

    private static bool Same(string shown, string wanted) => CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(shown)), SHA256.HashData(Encoding.UTF8.GetBytes(wanted)));
}
