using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.TypedData;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Incidents;

/// <summary>
/// What a person does in an incident: one of the kinds of <see cref="IncidentActs"/>, with what belongs to it. Its identity is the SHA-256 of its canonical JSON, so that what was done once is never counted twice.
/// Members that a kind does not have are absent.
/// </summary>
public sealed record IncidentAct
{
    private static readonly TypedSchema Type = TypedSchema.Parse("IncidentAct(string network,uint256 chainId,string incident,string act,string says,bytes32 content,uint64 at,string duty)");

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The network's name in the workspace.</summary>
    public required string Network { get; init; }

    /// <summary>Its chain.</summary>
    public required ChainId ChainId { get; init; }

    /// <summary>The incident's name.</summary>
    public required string Incident { get; init; }

    /// <summary>What is done: a constant of <see cref="IncidentActs"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>When it was done by the clock of who did it, in milliseconds since 1970.</summary>
    public required long At { get; init; }

    /// <summary>The name of who did it, as the operators' file had it then; null before it is signed.</summary>
    public string? By { get; init; }

    /// <summary>What the incident is called, in a line.</summary>
    public string? Title { get; init; }

    /// <summary>How bad it is: <c>SEV-0</c> to <c>SEV-3</c>.</summary>
    public string? Severity { get; init; }

    /// <summary>What sort of incident: a name of <see cref="IncidentCategories"/>.</summary>
    public string? Category { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>What is said: a note, an update, what was done.</summary>
    public string? Text { get; init; }

    /// <summary>When it began, as far as is known, in milliseconds since 1970.</summary>
    public long? DetectedAt { get; init; }

    /// <summary>The block that it was found in.</summary>
    public long? DetectedBlock { get; init; }

    /// <summary>The role that is filled.</summary>
    public IncidentRole? Role { get; init; }

    /// <summary>The person who fills a role, or owns a review or a follow-up: a name of the operators' file.</summary>
    public string? Person { get; init; }

    /// <summary>The addresses of that person then, so that two names of one person are told from two people for ever.</summary>
    public IReadOnlyList<Address>? Addresses { get; init; }

    /// <summary>A step of the core response flow: a name of <see cref="IncidentSteps"/>.</summary>
    public string? Step { get; init; }

    /// <summary>True when the step is skipped, or a cause taken back, for the reason.</summary>
    public bool? IsSkipped { get; init; }

    /// <summary>True for an update that the public reads.</summary>
    public bool? IsPublic { get; init; }

    /// <summary>True for the disclosure that a compromise of a key demands.</summary>
    public bool? IsDisclosure { get; init; }

    /// <summary>The approved wording that a public update is made of.</summary>
    public string? Template { get; init; }

    /// <summary>What the act is about: an earlier act by its identity, an entry of the timeline, a follow-up.</summary>
    public string? Subject { get; init; }

    /// <summary>The name of an attached file in the archive.</summary>
    public string? File { get; init; }

    /// <summary>The SHA-256 of the file, or of the review.</summary>
    public Bytes32? Sha256 { get; init; }

    /// <summary>The size of the file in bytes.</summary>
    public long? Size { get; init; }

    /// <summary>The day by which a follow-up is to be done, <c>yyyy-MM-dd</c>, UTC.</summary>
    public string? Due { get; init; }

    /// <summary>Fingerprints of alerts that belong to the incident.</summary>
    public IReadOnlyList<string>? Alerts { get; init; }

    /// <summary>Transactions that belong to it.</summary>
    public IReadOnlyList<Bytes32>? Transactions { get; init; }

    /// <summary>Changes of the workspace that belong to it, by their digests.</summary>
    public IReadOnlyList<Bytes32>? Changes { get; init; }

    /// <summary>When it was done.</summary>
    [JsonIgnore]
    public DateTimeOffset Time => DateTimeOffset.FromUnixTimeMilliseconds(At);

    /// <summary>Its identity.</summary>
    public Bytes32 Digest() => CanonicalJson.Digest(JsonSerializer.SerializeToUtf8Bytes(this, IncidentJson.Default.IncidentAct));

    /// <summary>How people name it: the digest's first 12 digits.</summary>
    public string Id() => Digest().ToString()[2..14];

    /// <summary>What a person signs under a duty: the whole content by its digest, and in words what it says, so that a signer's screen shows it. The domain is that of approvals.</summary>
    public TypedDocument Statement(Duty duty) => new(
        new TypedDomain { Name = "AGI Jobs Owner Control", Version = "1", ChainId = ChainId }, Type, Network, ChainId, Incident, Kind, Says(), Digest(), At, duty.Name());

    /// <summary>What it says, in one line.</summary>
    public string Says() => Plain.Line(Kind switch
    {
        IncidentActs.Open => $"opened as {Severity}: {Title}{(Reason is null ? "" : $", because {Reason}")}",
        IncidentActs.Decide => $"severity {Severity}, because {Reason}",
        IncidentActs.Classify => $"category {Category}, because {Reason}",
        IncidentActs.Assign => $"{Role?.Name()}: {Person}",
        IncidentActs.Note => $"{Text}",
        IncidentActs.Cause => $"{(IsSkipped is true ? "not caused" : "caused")} by {string.Join(", ", Changes ?? [])}, because {Reason}",
        IncidentActs.Annotate => $"on {Subject}: {Text}",
        IncidentActs.Attach => $"attached {File}, {Size?.ToString(CultureInfo.InvariantCulture)} bytes, SHA-256 {Sha256}{(Text is null ? "" : $": {Text}")}",
        IncidentActs.Update => $"{(IsPublic is true ? "public " : "")}{(IsDisclosure is true ? "disclosure" : "update")}: {Text}",
        IncidentActs.ApproveUpdate => $"approved the wording of {Subject}",
        IncidentActs.Mark => $"{Step} {(IsSkipped is true ? $"skipped, because {Reason}" : $"done{(Text is null ? "" : $": {Text}")}")}",
        IncidentActs.SignOff => $"signed off{(Text is null ? "" : $": {Text}")}",
        IncidentActs.ApproveResume => $"approved that the protocol resumes, because {Reason}",
        IncidentActs.BeginReview => $"review owned by {Person}",
        IncidentActs.CompleteReview => $"review complete, SHA-256 {Sha256}",
        IncidentActs.AddFollowUp => $"follow-up {Subject} for {Person} by {Due}: {Text}",
        IncidentActs.FinishFollowUp => $"follow-up {Subject} done: {Text}",
        IncidentActs.Close => $"closed{(Text is null ? "" : $": {Text}")}",
        _ => Kind,
    });
}

/// <summary>An act with who did it: what stands in the stream. Nobody but the holder of <see cref="Signer"/> can have made it.</summary>
public sealed record SignedIncidentAct
{
    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>What was done.</summary>
    public required IncidentAct Act { get; init; }

    /// <summary>The name that the person had then; signed with the rest.</summary>
    [JsonIgnore]
    public string By => Act.By ?? "";

    /// <summary>Under which duty.</summary>
    public required Duty Duty { get; init; }

    /// <summary>With which address.</summary>
    public required Address Signer { get; init; }

    /// <summary>The signature of <see cref="IncidentAct.Statement"/>.</summary>
    public required byte[] Signature { get; init; }

    /// <summary>Why the record is not what was signed; null when it is.</summary>
    public string? Problem()
    {
        if (Version != 1 || Act.Version != 1)
        {
            return "it has another version than 1, which this program reads";
        }

        if (string.IsNullOrWhiteSpace(Act.By))
        {
            return "it says not who did it";
        }

        try
        {
            return Secp256k1.Recover(Act.Statement(Duty).Digest, Ethereum.Keys.Signature.FromBytes(Signature)) == Signer ? null : $"it was not signed by {Signer}: it was altered, or is over something else";
        }
        catch (EthereumException problem)
        {
            return $"its signature cannot be read: {problem.Message}";
        }
    }
}

/// <summary>The sorts of incidents that the playbooks tell apart.</summary>
public static class IncidentCategories
{
    /// <summary>An owner's, guardian's or multisig's key is compromised: disclosure within the hour.</summary>
    public const string KeyCompromise = "key-compromise";

    /// <summary>A critical vulnerability that nobody has exploited yet.</summary>
    public const string Vulnerability = "vulnerability";

    /// <summary>Users' funds are at risk, or an escrow fails.</summary>
    public const string FundsAtRisk = "funds-at-risk";

    /// <summary>Anything else.</summary>
    public const string Other = "other";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [KeyCompromise, Vulnerability, FundsAtRisk, Other];
}

/// <summary>The steps of the core response flow.</summary>
public static class IncidentSteps
{
    /// <summary>The alert is validated; transactions, blocks and monitors are known.</summary>
    public const string Confirm = "confirm";

    /// <summary>What is affected is paused.</summary>
    public const string Stabilize = "stabilize";

    /// <summary>The on-call is paged, the signers are told, the status page says something.</summary>
    public const string Communicate = "communicate";

    /// <summary>The runbook was applied; mitigations are confirmed.</summary>
    public const string Remediate = "remediate";

    /// <summary>The incident is resolved; the time of its review runs.</summary>
    public const string Recover = "recover";

    /// <summary>All of them, in their order.</summary>
    public static IReadOnlyList<string> All { get; } = [Confirm, Stabilize, Communicate, Remediate, Recover];

    /// <summary>Those that use the owners' authority on the chain: never done by the commander's own hand.</summary>
    public static IReadOnlyList<string> Privileged { get; } = [Stabilize, Remediate];
}

/// <summary>How records of incidents are read and written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    WriteIndented = false,
    Converters = [typeof(AddressConverter), typeof(Bytes32Converter), typeof(ChainIdConverter), typeof(HexDataConverter), typeof(DutyConverter), typeof(IncidentRoleConverter)])]
[JsonSerializable(typeof(SignedIncidentAct))]
[JsonSerializable(typeof(ArchiveManifest))]
internal sealed partial class IncidentJson : JsonSerializerContext;
