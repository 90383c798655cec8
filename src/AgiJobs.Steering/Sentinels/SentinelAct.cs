using System.Text.Json.Serialization;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.TypedData;
using AgiJobs.Hgm.Laws;
using AgiJobs.Hgm.Runs;

namespace AgiJobs.Steering.Sentinels;

/// <summary>
/// What people tell the sentinel of a run: acknowledge, override, end an override, top up, apply. It takes effect when the people whom <see cref="Needs"/> asks for have signed it (EIP-712), each under a duty; until then it waits, at most until
/// <see cref="Expires"/>.
/// </summary>
public sealed record SentinelAct
{
    /// <summary>Somebody has seen what a rule has done.</summary>
    public const string Acknowledge = "acknowledge";

    /// <summary>A rule is set aside until a time.</summary>
    public const string Override = "override";

    /// <summary>An override is ended before its time.</summary>
    public const string EndOverride = "end-override";

    /// <summary>The budget is raised.</summary>
    public const string TopUp = "top-up";

    /// <summary>Today's settings are brought into the run.</summary>
    public const string Apply = "apply";

    private static readonly TypedSchema Type = TypedSchema.Parse("SentinelAct(string network,uint256 chainId,string run,string act,string subject,string reason,uint64 issued,uint64 expires,string duty)");

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The network's name in the workspace.</summary>
    public required string Network { get; init; }

    /// <summary>Its chain.</summary>
    public required ChainId ChainId { get; init; }

    /// <summary>The run's name.</summary>
    public required string Run { get; init; }

    /// <summary>What is done: one of the constants above.</summary>
    public required string Act { get; init; }

    /// <summary>The rule of an acknowledgement, an override or its end.</summary>
    public string? Rule { get; init; }

    /// <summary>Until when an override holds, in seconds since 1970.</summary>
    public long? Until { get; init; }

    /// <summary>By how much the budget is raised, as a decimal.</summary>
    public string? Amount { get; init; }

    /// <summary>The digest of the settings that are brought into the run.</summary>
    public Bytes32? Settings { get; init; }

    /// <summary>Why.</summary>
    public required string Reason { get; init; }

    /// <summary>When it was written, in seconds since 1970.</summary>
    public required long Issued { get; init; }

    /// <summary>From when on no signature brings it into effect any more, in seconds since 1970.</summary>
    public required long Expires { get; init; }

    /// <summary>Its identity: SHA-256 of its canonical JSON (RFC 8785).</summary>
    public Bytes32 Digest() => CanonicalJson.Digest(Encode());

    /// <summary>How people name it: the digest's first 16 digits.</summary>
    public string Id() => Digest().ToString()[2..18];

    /// <summary>Whom it takes: a different person for each, under one of its duties.</summary>
    public IReadOnlyList<IReadOnlyList<Duty>> Needs() => Act switch
    {
        Acknowledge or EndOverride => [[Duty.Security, Duty.Operator, Duty.Commander]],
        TopUp => [[Duty.Finance], [Duty.Operator, Duty.Commander]],
        _ => [[Duty.Security], [Duty.Operator, Duty.Commander]],
    };

    /// <summary>What a person signs under a duty. The domain names this program and the chain and no contract, as that of approvals.</summary>
    public TypedDocument Statement(Duty duty) => new(
        new TypedDomain { Name = "AGI Jobs Owner Control", Version = "1", ChainId = ChainId }, Type, Network, ChainId, Run, Act, Subject(), Reason, Issued, Expires, duty.Name());

    /// <summary>What it is about, in words.</summary>
    public string Subject() => Act switch
    {
        Acknowledge or EndOverride => Rule!,
        Override => $"{Rule} until {UntilTime:yyyy-MM-ddTHH:mm:ssZ}",
        TopUp => $"by {Amount}",
        _ => $"settings {Settings}",
    };

    /// <summary>Until when an override holds.</summary>
    [JsonIgnore]
    public DateTimeOffset UntilTime => DateTimeOffset.FromUnixTimeSeconds(Until ?? 0);

    /// <summary>The event that it becomes, with who signed it.</summary>
    /// <param name="by">Who: <c>security moderator, operator pauser</c>.</param>
    /// <param name="settings">Today's settings, for <see cref="Apply"/>.</param>
    public RunEvent Event(string by, Func<string, SentinelSet> settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var reason = $"{Mark(Id())} by {by}: {Reason}";
        return Act switch
        {
            Acknowledge => new SentinelAcknowledged(Rule!, reason),
            EndOverride => new SentinelOverrideEnded(Rule!, reason),
            Override => new SentinelOverridden(Rule!, UntilTime, reason),
            TopUp => new BudgetToppedUp(Hgm.Ledger.Amount.Parse(Amount!), reason),
            _ => settings(reason),
        };
    }

    /// <summary>By what the events of an act are known.</summary>
    public static string Mark(string id) => $"act {id}";

    /// <summary>The record's file.</summary>
    public byte[] Encode() => JsonFile.Encode(this, SentinelJson.Default.SentinelAct);

    internal string? Problem() => Version != 1 ? $"it has version {Version}; this program reads version 1"
        : Act is not (Acknowledge or Override or EndOverride or TopUp or Apply) ? $"there is no act '{Act}'"
        : (Act is Acknowledge or Override or EndOverride) != Rule is not null || (Rule is not null && !SentinelRules.All.Contains(Rule, StringComparer.Ordinal)) ? "its rule is none of the sentinel's"
        : (Act is Override) != Until is not null ? "its end is missing, or stands where there is none"
        : (Act is TopUp) != Amount is not null || (Amount is not null && !Hgm.Ledger.Amount.TryParse(Amount, out _)) ? "its amount is missing, or is none"
        : (Act is Apply) != Settings is not null ? "its settings are missing, or stand where there are none"
        : string.IsNullOrWhiteSpace(Reason) ? "it gives no reason"
        : Issued < 0 || Expires <= Issued || Until > 253_402_300_799 ? "its times cannot be"
        : null;
}

/// <summary>A person's signature of an act.</summary>
public sealed record SentinelSignature
{
    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The act that is signed.</summary>
    public required Bytes32 Act { get; init; }

    /// <summary>Under which duty.</summary>
    public required Duty Duty { get; init; }

    /// <summary>With which address.</summary>
    public required Address Signer { get; init; }

    /// <summary>The signature of <see cref="SentinelAct.Statement"/>.</summary>
    public required byte[] Signature { get; init; }
}

/// <summary>How records of the sentinel are read and written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    WriteIndented = true,
    Converters = [typeof(AddressConverter), typeof(Bytes32Converter), typeof(ChainIdConverter), typeof(HexDataConverter), typeof(DutyConverter)])]
[JsonSerializable(typeof(SentinelAct))]
[JsonSerializable(typeof(SentinelSignature))]
internal sealed partial class SentinelJson : JsonSerializerContext;
