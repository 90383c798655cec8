using System.Text.Json;
using System.Text.Json.Serialization;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Alerts.Channels;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Alerts;

/// <summary>How documents and messages of alerts are read and written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    Converters = [typeof(AddressConverter), typeof(Bytes32Converter), typeof(ChainIdConverter), typeof(HexDataConverter), typeof(DutyConverter), typeof(SeverityNameConverter), typeof(AlertStateConverter), typeof(NoticeKindConverter)])]
[JsonSerializable(typeof(AlertRecord))]
[JsonSerializable(typeof(AlertPage))]
[JsonSerializable(typeof(TakenFinding))]
[JsonSerializable(typeof(AlertAct))]
[JsonSerializable(typeof(SignedAlertAct))]
[JsonSerializable(typeof(SilenceRecord))]
[JsonSerializable(typeof(Notice))]
[JsonSerializable(typeof(DeliveryProof))]
internal sealed partial class AlertJson : JsonSerializerContext;

/// <summary>Severities by their names.</summary>
internal sealed class SeverityNameConverter : JsonConverter<Severity>
{
    public override Severity Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && Severities.Parse(reader.GetString()!) is { } severity ? severity : throw new JsonException("a severity is SEV-0 to SEV-3");

    public override void Write(Utf8JsonWriter writer, Severity value, JsonSerializerOptions options) => writer.WriteStringValue(value.Name());
}

/// <summary>States by their lower-case names.</summary>
internal sealed class AlertStateConverter() : JsonStringEnumConverter<AlertState>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);

/// <summary>Kinds of notices by their lower-case names.</summary>
internal sealed class NoticeKindConverter() : JsonStringEnumConverter<NoticeKind>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);
