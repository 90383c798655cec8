using System.Text.Json.Serialization;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Evidence.Ledger;

/// <summary>One line of the owner's ledger: who used the owners' authority, for what, and how it ended.</summary>
public sealed record LedgerEntry
{
    /// <summary>When, UTC.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The network's name in the workspace.</summary>
    public required string Network { get; init; }

    /// <summary>The chain.</summary>
    public required ChainId ChainId { get; init; }

    /// <summary>The digest of the change.</summary>
    public required Bytes32 Change { get; init; }

    /// <summary>The change's kind.</summary>
    public required string Kind { get; init; }

    /// <summary>The change's title.</summary>
    public required string Title { get; init; }

    /// <summary>Who acted.</summary>
    public required IReadOnlyList<LedgerParty> Who { get; init; }

    /// <summary>The transactions that were mined, in order; empty when none was.</summary>
    public IReadOnlyList<Bytes32> Transactions { get => field ?? []; init; } = [];

    /// <summary>How it ended, such as <c>verified</c>, <c>failed</c>, <c>mismatch</c> or <c>cancelled</c>.</summary>
    public required string Outcome { get; init; }

    /// <summary>The ticket or incident.</summary>
    public required string Instance { get; init; }

    /// <summary>What else there is to say.</summary>
    public string? Note { get; init; }
}

/// <summary>Somebody who acted.</summary>
public sealed record LedgerParty
{
    /// <summary>The signer's name in the workspace; absent when it has none.</summary>
    public string? Name { get; init; }

    /// <summary>The account.</summary>
    public required Address Address { get; init; }
}

/// <summary>How the ledger is read and written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    WriteIndented = true,
    Converters = [typeof(AddressConverter), typeof(Bytes32Converter), typeof(ChainIdConverter)])]
[JsonSerializable(typeof(List<LedgerEntry>))]
public sealed partial class LedgerJson : JsonSerializerContext;
