using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Alerts.Incoming;

/// <summary>A webhook as it came in, for the archive of the incident that it is evidence of. Headers are not kept: they hold secrets.</summary>
public sealed record IncomingPayload
{
    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>Whose it is: one of <see cref="IncomingDesk.Sources"/>.</summary>
    public required string Source { get; init; }

    /// <summary>When it came.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The SHA-256 of the body, in hex digits.</summary>
    public required string Sha256 { get; init; }

    /// <summary>The body, byte for byte.</summary>
    public required byte[] Body { get; init; }

    /// <summary>What it is called in an archive: <c>forta-DIGEST16.json</c>.</summary>
    [JsonIgnore]
    public string FileName => $"{Source}-{Sha256[..16]}.json";

    /// <summary>What came in.</summary>
    public static IncomingPayload Of(string source, ReadOnlyMemory<byte> body, DateTimeOffset at) => new() { Version = 1, Source = source, At = at, Sha256 = Convert.ToHexStringLower(SHA256.HashData(body.Span)), Body = body.ToArray() };

    /// <summary>What is written with the alerts that it made. The same body is kept once.</summary>
    public IEnumerable<DocumentWrite> Writes(AlertPlaces places, IReadOnlyList<Finding> findings)
    {
        ArgumentNullException.ThrowIfNull(places);
        ArgumentNullException.ThrowIfNull(findings);
        return findings.Select(finding => AlertPlaces.IdOf(finding.Fingerprint)).Distinct(StringComparer.Ordinal)
            .Select(alert => new DocumentWrite(places.PayloadsOf, $"{alert}/{Sha256}", AlertPlaces.Mark))
            .Prepend(new DocumentWrite(places.Payloads, Sha256, JsonSerializer.Serialize(this, IncomingJson.Default.IncomingPayload)));
    }

    /// <summary>The payloads that an alert is from, by their digests.</summary>
    /// <exception cref="StorageException">Also <see cref="StorageException.Damaged"/>, when one is not what it was.</exception>
    public static async Task<IReadOnlyList<IncomingPayload>> ReadAsync(IStateStore store, AlertPlaces places, string alert, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(places);
        var payloads = new List<IncomingPayload>();
        foreach (var link in (await store.ListAsync(places.PayloadsOf, $"{alert}/", cancellationToken: cancellation).ConfigureAwait(false)).TakeWhile(link => link.Key.StartsWith($"{alert}/", StringComparison.Ordinal)))
        {
            var document = await store.GetAsync(places.Payloads, link.Key[(alert.Length + 1)..], cancellation).ConfigureAwait(false) ?? throw new StorageException(StorageException.Damaged, $"The payload {link.Key} is gone.", "Restore the state from a backup.");
            payloads.Add(document.Read(IncomingJson.Default.IncomingPayload, read => read.Version != 1 ? $"it has version {read.Version}" : read.Sha256 == document.Key && Convert.ToHexStringLower(SHA256.HashData(read.Body)) == read.Sha256 ? null : "its body is not what it was"));
        }

        return payloads;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, AllowDuplicateProperties = false, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(IncomingPayload))]
internal sealed partial class IncomingJson : JsonSerializerContext;
