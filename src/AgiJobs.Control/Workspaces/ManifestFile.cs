using System.Text.Json.Serialization;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Workspaces;

/// <summary>The desired state of one network: <c>config/owner-control.NAME.json</c>. What is absent is not managed.</summary>
public sealed record ManifestFile
{
    /// <summary>The JSON Schema that an editor holds the file against; nothing is read from it.</summary>
    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The protocol description by name: <c>config/protocol/NAME.json</c>.</summary>
    public required string Protocol { get; init; }

    /// <summary>Modules by the name that the description gives them.</summary>
    public required IReadOnlyDictionary<string, ManifestModule> Modules { get; init; }
}

/// <summary>One module's address and desired authority.</summary>
public sealed record ManifestModule
{
    /// <summary>Where the module stands.</summary>
    public required Address Address { get; init; }

    /// <summary>A block no later than the one in which it was deployed, from which on its events are read where they tell who holds a role; the first of the chain when absent.</summary>
    public ulong Since { get; init; }

    /// <summary>The keccak-256 that its code must have; not managed when absent.</summary>
    public Bytes32? CodeHash { get; init; }

    /// <summary>Role members by role name.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<Address>>? Roles { get; init; }

    /// <summary>Values by parameter name, each with its unit; null unsets an address. What is absent is not managed.</summary>
    public IReadOnlyDictionary<string, WantedValue>? Parameters { get; init; }
}
