using System.Text.Json;
using System.Text.Json.Serialization;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Workspaces;

/// <summary>One network: <c>config/networks/NAME.json</c>.</summary>
public sealed record NetworkFile
{
    /// <summary>The JSON Schema that an editor holds the file against; nothing is read from it.</summary>
    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The chain that every RPC must answer for; checked before anything else.</summary>
    public required ChainId ChainId { get; init; }

    /// <summary>RPC endpoints. The first is the primary; the rest fail over and cross-check.</summary>
    public required IReadOnlyList<EndpointReference> Rpc { get; init; }

    /// <summary>Private relays: they get signed transactions and nothing else, so that a pause is not seen before it is mined.</summary>
    public IReadOnlyList<EndpointReference> PrivateRelays { get => field ?? []; init; }

    /// <summary>The Safe that governs the protocol here; absent when there is none.</summary>
    public Address? Safe { get; init; }

    /// <summary>The Safe that takes over when the first one cannot be trusted any more; absent when there is none.</summary>
    public Address? BackupSafe { get; init; }

    /// <summary>The block explorer's base URL, for links in reports.</summary>
    public string? Explorer { get; init; }

    /// <summary>Blocks that must be built on a transaction's block before it counts as final here; 0 when absent.</summary>
    public int Confirmations { get; init; }

    /// <summary>A Safe Transaction Service, by which owners see and confirm in their app; absent when there is none, and everything works without one.</summary>
    public EndpointReference? SafeTransactionService { get; init; }

    /// <summary>The key of the service, sent as a bearer token; absent when it wants none.</summary>
    public Secret? SafeTransactionServiceKey { get; init; }

    /// <summary>Who is told of each executed change; absent when nobody is.</summary>
    public ChangeFeedReference? ChangeFeed { get; init; }
}

/// <summary>Where executed changes are told, by a signed webhook.</summary>
public sealed record ChangeFeedReference
{
    /// <summary>The URL that is posted to.</summary>
    public required EndpointReference Url { get; init; }

    /// <summary>The key that messages are signed with (HMAC-SHA256); its bytes are those of the text in UTF-8.</summary>
    public required Secret Key { get; init; }
}

/// <summary>An RPC URL: a text, or a <see cref="Secret"/> when the URL carries a key.</summary>
[JsonConverter(typeof(EndpointReferenceConverter))]
public sealed record EndpointReference
{
    /// <summary>The URL as it stands in the file; null when it is a secret.</summary>
    public string? Url { get; init; }

    /// <summary>Where the URL is to be found; null when it stands in the file.</summary>
    public Secret? Secret { get; init; }

    /// <summary>The URL to use. Http, https, ws or wss.</summary>
    /// <exception cref="ControlException"><c>secret-missing</c> or <c>rpc-url</c>.</exception>
    public Uri Resolve()
    {
        var text = Url ?? Secret!.Reveal();
        return Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" or "ws" or "wss"
            ? uri
            : throw new ControlException("rpc-url", ExitCode.BadInput, $"{(Url is null ? "The RPC URL taken from a secret" : $"'{Url}'")} is not an RPC URL.", "Write http://, https://, ws:// or wss:// and the host.");
    }
}

/// <summary>Reads both forms of <see cref="EndpointReference"/>.</summary>
public sealed class EndpointReferenceConverter : JsonConverter<EndpointReference>
{
    private static readonly SecretConverter Secrets = new();

    /// <inheritdoc/>
    public override EndpointReference Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String
            ? new EndpointReference { Url = reader.GetString() }
            : new EndpointReference { Secret = Secrets.Read(ref reader, typeof(Secret), options) };

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, EndpointReference value, JsonSerializerOptions options)
    {
        if (value.Secret is { } secret)
        {
            Secrets.Write(writer, secret, options);
        }
        else
        {
            writer.WriteStringValue(value.Url);
        }
    }
}
