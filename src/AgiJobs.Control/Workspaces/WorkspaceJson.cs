using System.Text.Json;
using System.Text.Json.Serialization;
using AgiJobs.Control.Description;
using AgiJobs.Control.Files;
using AgiJobs.Control.OnCall;

namespace AgiJobs.Control.Workspaces;

/// <summary>How the files of a workspace are read and written: strictly, with keys in camel case.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    WriteIndented = true,
    Converters = [typeof(AddressConverter), typeof(Bytes32Converter), typeof(ChainIdConverter), typeof(HexDataConverter), typeof(SecretConverter), typeof(SignerKindConverter), typeof(LeverActionConverter), typeof(RiskConverter), typeof(PowerKindConverter), typeof(DutyConverter), typeof(ModerationOutcomeConverter), typeof(StorageKindConverter), typeof(BreakerActionConverter), typeof(ChannelKindConverter), typeof(SmtpSecurityConverter)])]
[JsonSerializable(typeof(NetworkFile))]
[JsonSerializable(typeof(ManifestFile))]
[JsonSerializable(typeof(SignersFile))]
[JsonSerializable(typeof(ProtocolFile))]
[JsonSerializable(typeof(OperatorsFile))]
[JsonSerializable(typeof(PolicyFile))]
[JsonSerializable(typeof(ModerationFile))]
[JsonSerializable(typeof(ServicesFile))]
[JsonSerializable(typeof(HgmWorldsFile))]
[JsonSerializable(typeof(HgmWorld))]
[JsonSerializable(typeof(HgmFile))]
[JsonSerializable(typeof(ThermostatFile))]
[JsonSerializable(typeof(SentinelFile))]
[JsonSerializable(typeof(BreakersFile))]
[JsonSerializable(typeof(MonitoringRulesFile))]
[JsonSerializable(typeof(MonitoringRule))]
[JsonSerializable(typeof(OnCallFile))]
[JsonSerializable(typeof(IncidentsFile))]
[JsonSerializable(typeof(RunbookFile))]
[JsonSerializable(typeof(ControlsFile))]
public sealed partial class WorkspaceJson : JsonSerializerContext;

/// <summary>Signer kinds by their lower-case names.</summary>
public sealed class SignerKindConverter() : JsonStringEnumConverter<SignerKind>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);

/// <summary>Lever actions by their lower-case names.</summary>
public sealed class LeverActionConverter() : JsonStringEnumConverter<LeverAction>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);

