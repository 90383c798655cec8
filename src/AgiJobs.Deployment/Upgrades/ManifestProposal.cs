using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Deployment.Upgrades;

/// <summary>The manifest as it should read once a module stands elsewhere: a proposal for a person to look at and to put in place, never written over the manifest itself. Immutable.</summary>
public sealed class ManifestProposal
{
    /// <summary>The file beside the change.</summary>
    public const string FileName = "manifest.proposed.json";

    private ManifestProposal(ManifestFile manifest, byte[] content)
    {
        Manifest = manifest;
        Content = content;
    }

    /// <summary>What it says.</summary>
    public ManifestFile Manifest { get; }

    /// <summary>The file's bytes.</summary>
    public ReadOnlyMemory<byte> Content { get; }

    /// <summary>Makes it of the manifest's text: every mention of the old address becomes the new one, and the module's code hash, where one is managed, the new code's.</summary>
    /// <exception cref="Control.ControlException"><c>file-format</c> when the manifest cannot be read.</exception>
    public static ManifestProposal Of(string path, ReadOnlySpan<byte> manifest, Module module, Address address, Bytes32 codeHash, BlockNumber since)
    {
        ArgumentNullException.ThrowIfNull(module);
        var root = (JsonObject)Moved(JsonNode.Parse(manifest), module.Address.ToString(), address.ToString())!;
        var entry = root["modules"]![module.Name]!.AsObject();
        if (entry.ContainsKey("since"))
        {
            entry["since"] = since.Value;
        }

        if (entry.ContainsKey("codeHash"))
        {
            entry["codeHash"] = codeHash.ToString();
        }

        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            root.WriteTo(writer);
        }

        buffer.WriteByte((byte)'\n');
        var content = buffer.ToArray();
        return new ManifestProposal(JsonFile.Parse(content, path, WorkspaceJson.Default.ManifestFile), content);
    }

    private static JsonNode? Moved(JsonNode? node, string from, string to) => node switch
    {
        JsonObject members => new JsonObject([.. members.Select(member => KeyValuePair.Create(member.Key, Moved(member.Value, from, to)))]),
        JsonArray items => new JsonArray([.. items.Select(item => Moved(item, from, to))]),
        JsonValue value when value.TryGetValue<string>(out var text) && string.Equals(text, from, StringComparison.Ordinal) => JsonValue.Create(to),
        _ => node?.DeepClone(),
    };
}
