using System.Text.Json.Serialization;
using AgiJobs.Ethereum;

namespace AgiJobs.Deployment.LocalNetwork;

/// <summary>A local network that was started: <c>storage/devnet/NAME/network.json</c>.</summary>
public sealed record LocalNetworkFile
{
    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The process of its anvil.</summary>
    public required int ProcessId { get; init; }

    /// <summary>The loopback port.</summary>
    public required int Port { get; init; }

    /// <summary>When it was started.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>The Safe that governs it.</summary>
    public required Address Safe { get; init; }

    /// <summary>A contract whose presence shows that the chain behind the port is this one.</summary>
    public required Address SystemPause { get; init; }
}

/// <summary>How it is read and written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    WriteIndented = true,
    Converters = [typeof(Control.Files.AddressConverter)])]
[JsonSerializable(typeof(LocalNetworkFile))]
internal sealed partial class LocalNetworkJson : JsonSerializerContext;
