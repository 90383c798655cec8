using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace AgiJobs.Arena.Gateway;

/// <summary>How the gateway writes and reads JSON: keys in camel case; unknown, missing and duplicate keys are refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    UseStringEnumConverter = false)]
[JsonSerializable(typeof(Dictionary<string, long>))]
[JsonSerializable(typeof(AgentRecord))]
[JsonSerializable(typeof(AgentView))]
[JsonSerializable(typeof(PresenceRequest))]
[JsonSerializable(typeof(ContentRecord))]
[JsonSerializable(typeof(BlockedContent))]
[JsonSerializable(typeof(ContentReceipt))]
[JsonSerializable(typeof(AnswerRequest))]
[JsonSerializable(typeof(AnswerView))]
[JsonSerializable(typeof(IReadOnlyList<AnswerView>))]
[JsonSerializable(typeof(NoteRequest))]
[JsonSerializable(typeof(NoteView))]
[JsonSerializable(typeof(IReadOnlyList<NoteView>))]
[JsonSerializable(typeof(RoundView))]
[JsonSerializable(typeof(IReadOnlyList<RoundView>))]
[JsonSerializable(typeof(RoundNotice))]
[JsonSerializable(typeof(ArenaNotice))]
[JsonSerializable(typeof(NetworkView))]
[JsonSerializable(typeof(LimitsView))]
[JsonSerializable(typeof(RefusalView))]
[JsonSerializable(typeof(JsonNode))]
[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(JsonArray))]
public sealed partial class GatewayJson : JsonSerializerContext;
