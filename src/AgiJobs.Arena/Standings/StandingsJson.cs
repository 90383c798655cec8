using System.Text.Json.Serialization;
using AgiJobs.Arena.Scoreboard;
using AgiJobs.Control.Files;

namespace AgiJobs.Arena.Standings;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false,
    Converters = [typeof(AddressConverter), typeof(Bytes32Converter)])]
[JsonSerializable(typeof(EndedRound))]
[JsonSerializable(typeof(SlashRecord))]
[JsonSerializable(typeof(SlashReversal))]
internal sealed partial class StandingsJson : JsonSerializerContext;
