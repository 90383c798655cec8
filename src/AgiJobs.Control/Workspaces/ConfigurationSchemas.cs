using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Workspaces;

/// <summary>
/// JSON Schemas of the workspace's files, made from the types that read them, so that an editor's schema and the program cannot disagree. They are
/// shipped in <c>config/schemas/</c>.
/// </summary>
public static class ConfigurationSchemas
{
    private const string AddressPattern = "^0x[0-9a-fA-F]{40}$";
    private const string WordPattern = "^0x[0-9a-fA-F]{64}$";

    /// <summary>The schemas by file name without <c>.schema.json</c>.</summary>
    public static IReadOnlyDictionary<string, JsonTypeInfo> Types { get; } = new Dictionary<string, JsonTypeInfo>(StringComparer.Ordinal)
    {
        ["protocol"] = WorkspaceJson.Default.ProtocolFile,
        ["network"] = WorkspaceJson.Default.NetworkFile,
        ["owner-control"] = WorkspaceJson.Default.ManifestFile,
        ["signers"] = WorkspaceJson.Default.SignersFile,
        ["operators"] = WorkspaceJson.Default.OperatorsFile,
        ["policy"] = WorkspaceJson.Default.PolicyFile,
        ["moderation"] = WorkspaceJson.Default.ModerationFile,
        ["services"] = WorkspaceJson.Default.ServicesFile,
        ["hgm-worlds"] = WorkspaceJson.Default.HgmWorldsFile,
        ["hgm"] = WorkspaceJson.Default.HgmFile,
        ["thermostat"] = WorkspaceJson.Default.ThermostatFile,
        ["sentinel"] = WorkspaceJson.Default.SentinelFile,
        ["breakers"] = WorkspaceJson.Default.BreakersFile,
        ["monitoring-rules"] = WorkspaceJson.Default.MonitoringRulesFile,
        ["oncall"] = WorkspaceJson.Default.OnCallFile,
        ["incidents"] = WorkspaceJson.Default.IncidentsFile,
        ["runbook"] = WorkspaceJson.Default.RunbookFile,
        ["controls"] = WorkspaceJson.Default.ControlsFile,
    };

    /// <summary>The text of a schema, as it is shipped.</summary>
    /// <exception cref="ControlException"><c>schema-unknown</c> with the names there are.</exception>
    public static string Write(string name)
    {
        if (!Types.TryGetValue(name, out var type))
        {
            throw new ControlException("schema-unknown", ExitCode.BadInput, $"There is no schema '{name}'. There are {string.Join(", ", Types.Keys)}.", "Write one of these names.");
        }

        var schema = type.GetJsonSchemaAsNode(new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true, TransformSchemaNode = Refine });
        var root = new JsonObject { ["$schema"] = "https://json-schema.org/draft/2020-12/schema", ["title"] = name };
        foreach (var (key, value) in schema.AsObject())
        {
            root[key] = value?.DeepClone();
        }

        return root.ToJsonString(new JsonSerializerOptions { WriteIndented = true, NewLine = "\n" }) + "\n";
    }

    // Types with a converter of their own are opaque to the exporter, and it leaves them out of lists altogether.
    private static JsonNode Refine(JsonSchemaExporterContext context, JsonNode schema)
    {
        if (Opaque(context.TypeInfo.Type) is { } known)
        {
            return known;
        }

        if (context.TypeInfo.ElementType is { } element && Opaque(element) is { } item && schema is JsonObject holder)
        {
            if (Is(holder, "array"))
            {
                holder["items"] = item;
            }
            else if (Is(holder, "object"))
            {
                holder["additionalProperties"] = item;
            }
        }

        return schema;
    }

    // What may be null has two types.
    private static bool Is(JsonObject schema, string type) => schema["type"] switch
    {
        JsonValue one => string.Equals((string?)one, type, StringComparison.Ordinal),
        JsonArray several => several.Any(one => string.Equals((string?)one, type, StringComparison.Ordinal)),
        _ => false,
    };

    private static JsonObject? Opaque(Type type) => (Nullable.GetUnderlyingType(type) ?? type) switch
    {
        var it when it == typeof(Address) => Text(AddressPattern),
        var it when it == typeof(Bytes32) => Text(WordPattern),
        var it when it == typeof(ChainId) => new JsonObject { ["type"] = "integer", ["minimum"] = 1, ["maximum"] = 9_007_199_254_740_991 },
        var it when it == typeof(WantedValue) => new JsonObject { ["type"] = new JsonArray("string", "null") },
        var it when it == typeof(byte[]) => Text("^0x([0-9a-fA-F]{2})*$"),
        var it when it == typeof(Secret) => Reference(),
        var it when it == typeof(EndpointReference) => new JsonObject { ["anyOf"] = new JsonArray(new JsonObject { ["type"] = "string", ["pattern"] = "^(https?|wss?)://" }, Reference()) },
        _ => null,
    };

    private static JsonObject Text(string pattern) => new() { ["type"] = "string", ["pattern"] = pattern };

    private static JsonObject Reference() => new()
    {
        ["type"] = "object",
        ["properties"] = new JsonObject { ["env"] = new JsonObject { ["type"] = "string" }, ["file"] = new JsonObject { ["type"] = "string" } },
        ["additionalProperties"] = false,
        ["minProperties"] = 1,
        ["maxProperties"] = 1,
    };
}
