using System.Text.Json.Serialization;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Workspaces;

/// <summary>The people who work the owner controls: <c>config/operators.json</c> for every network, <c>config/operators.NAME.json</c> for one more.</summary>
public sealed record OperatorsFile
{
    /// <summary>The JSON Schema that an editor holds the file against; nothing is read from it.</summary>
    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The people.</summary>
    public required IReadOnlyList<Operator> People { get; init; }
}

/// <summary>One person, whatever number of addresses and duties they have.</summary>
public sealed record Operator
{
    /// <summary>The name; nobody else has it.</summary>
    public required string Name { get; init; }

    /// <summary>The addresses that they sign and send with; nobody else has them.</summary>
    public required IReadOnlyList<Address> Addresses { get; init; }

    /// <summary>What they answer for.</summary>
    public required IReadOnlyList<Duty> Duties { get; init; }
}
