using System.Text.Json.Serialization;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Approvals;

/// <summary>A signature over a change under a duty: <c>approvals/duty-DUTY-SIGNER.json</c>. Source of what is signed: <see cref="ApprovalStatements.Approval"/>.</summary>
public sealed record DutyApproval
{
    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The change's digest.</summary>
    public required Bytes32 Change { get; init; }

    /// <summary>The chain.</summary>
    public required ChainId ChainId { get; init; }

    /// <summary>The duty that it is signed under.</summary>
    public required Duty Duty { get; init; }

    /// <summary>Who signed.</summary>
    public required Address Signer { get; init; }

    /// <summary>65 bytes: r, s, v.</summary>
    public required byte[] Signature { get; init; }

    /// <summary>When it was signed, by the signer's own word.</summary>
    public required DateTimeOffset SignedAt { get; init; }
}

/// <summary>A signed refusal of a change: <c>approvals/refusal-DUTY-SIGNER.json</c>. Source of what is signed: <see cref="ApprovalStatements.Refusal"/>.</summary>
public sealed record DutyRefusal
{
    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The change's digest.</summary>
    public required Bytes32 Change { get; init; }

    /// <summary>The chain.</summary>
    public required ChainId ChainId { get; init; }

    /// <summary>The duty that it is signed under.</summary>
    public required Duty Duty { get; init; }

    /// <summary>Why.</summary>
    public required string Reason { get; init; }

    /// <summary>Who signed.</summary>
    public required Address Signer { get; init; }

    /// <summary>65 bytes: r, s, v.</summary>
    public required byte[] Signature { get; init; }

    /// <summary>When it was signed, by the signer's own word.</summary>
    public required DateTimeOffset SignedAt { get; init; }
}

/// <summary>How approvals are read and written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    WriteIndented = true,
    Converters = [typeof(AddressConverter), typeof(Bytes32Converter), typeof(ChainIdConverter), typeof(HexDataConverter), typeof(RouteKindConverter), typeof(DutyConverter), typeof(WeiConverter)])]
[JsonSerializable(typeof(DutyApproval))]
[JsonSerializable(typeof(DutyRefusal))]
[JsonSerializable(typeof(StandingDocument))]
[JsonSerializable(typeof(StandingApproval))]
[JsonSerializable(typeof(StandingRevocation))]
[JsonSerializable(typeof(StandingUse))]
public sealed partial class ApprovalJson : JsonSerializerContext;
