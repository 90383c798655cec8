using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using AgiJobs.Control.Description;
using AgiJobs.Control.Desired;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Configuration;

/// <summary>Where a value comes from; a later one goes before an earlier one.</summary>
public enum ConfigurationSource
{
    /// <summary>The program.</summary>
    Default,

    /// <summary>A file of the workspace.</summary>
    File,

    /// <summary>A file of the profile.</summary>
    Profile,

    /// <summary>A variable of the environment.</summary>
    Environment,

    /// <summary>A flag of the command line.</summary>
    Flag,
}

/// <summary>One value that counts.</summary>
/// <param name="Key">Its name: <c>network.rpc.0</c>, <c>signers.guardian.kind</c>.</param>
/// <param name="Value">The value as text; a secret is its reference, and what looks like one is masked.</param>
/// <param name="Source">Where it comes from.</param>
/// <param name="Where">The file with its line, the variable or the flag; null for a default.</param>
public sealed record Setting(string Key, string Value, ConfigurationSource Source, string? Where);

/// <summary>The configuration of a network as commands see it, each value with where it comes from. No secret is fetched. What has profiles (<see cref="ConfigurationKind.InProfiles"/>) is read by what steers runs.</summary>
public static class EffectiveConfiguration
{
    /// <summary>The values of a network's files, by key in the files' order.</summary>
    /// <exception cref="ControlException">Those of the files that are read.</exception>
    public static IReadOnlyList<Setting> Of(Workspace workspace, string network)
    {
        var settings = new List<Setting>();
        Add("network", workspace.NetworkPath(network), WorkspaceJson.Default.NetworkFile);
        Add("manifest", workspace.ManifestPath(network), WorkspaceJson.Default.ManifestFile);
        foreach (var path in (string[])[workspace.SignersPath, workspace.NetworkSignersPath(network)])
        {
            Add("signers", path, WorkspaceJson.Default.SignersFile, "signers");
        }

        foreach (var path in (string[])[workspace.OperatorsPath, workspace.NetworkOperatorsPath(network)])
        {
            Add("operators", path, WorkspaceJson.Default.OperatorsFile, "people");
        }

        Add("policy", File.Exists(workspace.NetworkPolicyPath(network)) ? workspace.NetworkPolicyPath(network) : workspace.PolicyPath, WorkspaceJson.Default.PolicyFile);
        Add("services", File.Exists(workspace.NetworkServicesPath(network)) ? workspace.NetworkServicesPath(network) : workspace.ServicesPath, WorkspaceJson.Default.ServicesFile);
        foreach (var (schema, type) in ConfigurationSchemas.Types.Where(entry => entry.Key is not ("network" or "owner-control" or "signers" or "operators" or "policy" or "services" or "protocol") && !ConfigurationKind.InProfiles.Contains(entry.Key, StringComparer.Ordinal)))
        {
            foreach (var path in (string[])[workspace.Locate("config", schema + ".json"), workspace.Locate("config", $"{schema}.{network}.json")])
            {
                Add(schema, path, type);
            }
        }

        // What the manifest and the catalogue want, as it is understood: with units, and the file that says so.
        var desired = DesiredState.Load(workspace, network, Protocol.Load(workspace, workspace.Manifest(network)));
        settings.AddRange(desired.Values.Select(value => new Setting($"desired.{value.Parameter.FullName}", value.Parameter.Unit.Format(value.Value), ConfigurationSource.File, value.Source)));
        return settings;

        void Add(string prefix, string path, JsonTypeInfo type, string? list = null)
        {
            if (File.Exists(path))
            {
                settings.AddRange(OfFile(workspace, prefix, path, type, list));
            }
        }
    }

    private static IEnumerable<Setting> OfFile(Workspace workspace, string prefix, string path, JsonTypeInfo type, string? list)
    {
        var bytes = File.ReadAllBytes(path);
        if (JsonProblems.Find(bytes, type) is [var problem, ..])
        {
            throw new ControlException("file-format", ExitCode.BadInput, $"{path}, line {problem.Line}, at {problem.Place}: {problem.Message}", "'agijobs config lint' shows everything that is wrong.");
        }

        var value = JsonSerializer.Deserialize(bytes, type)!;
        var lines = JsonProblems.Places(bytes);
        var name = Path.GetRelativePath(workspace.Root, path).Replace('\\', '/');
        var root = JsonSerializer.SerializeToNode(value, type)!.AsObject();
        foreach (var (key, node) in root.ToList())
        {
            if (key is "$schema" or "version")
            {
                continue;
            }

            // The members of the file's one list go by their names.
            var top = string.Equals(key, list, StringComparison.Ordinal) ? prefix : $"{prefix}.{key}";
            foreach (var leaf in Leaves(node, top, $"$.{key}"))
            {
                var line = lines.TryGetValue(leaf.Place, out var at) ? at : (int?)null;
                yield return line is null
                    ? new Setting(leaf.Key, leaf.Value, ConfigurationSource.Default, null)
                    : new Setting(leaf.Key, leaf.Value, ConfigurationSource.File, $"{name}:{line}");
            }
        }
    }

    private static IEnumerable<(string Key, string Value, string Place)> Leaves(JsonNode? node, string key, string place)
    {
        switch (node)
        {
            case JsonObject { Count: 1 } secret when secret.First() is { Key: "env" or "file", Value: JsonValue reference }:
                yield return (key, $"{{\"{secret.First().Key}\": \"{reference}\"}} (a reference, not fetched)", place);
                break;
            case JsonObject members:
                foreach (var (name, inner) in members)
                {
                    foreach (var leaf in Leaves(inner, $"{key}.{name}", $"{place}.{name}"))
                    {
                        yield return leaf;
                    }
                }

                break;
            case JsonArray items when items.All(item => item is JsonValue) && items.Count > 0:
                yield return (key, string.Join(", ", items.Select(item => SecretText.Mask(item!.ToString()))), place);
                break;
            case JsonArray { Count: 0 }:
                yield return (key, "(none)", place);
                break;
            case JsonArray items:
                for (var index = 0; index < items.Count; index++)
                {
                    var name = items[index] is JsonObject named && named["name"] is JsonValue own ? own.ToString() : index.ToString(System.Globalization.CultureInfo.InvariantCulture);
                    foreach (var leaf in Leaves(items[index], $"{key}.{name}", $"{place}[{index}]"))
                    {
                        yield return leaf;
                    }
                }

                break;
            case null:
                yield return (key, "null", place);
                break;
            default:
                yield return (key, SecretText.Mask(node.ToString()), place);
                break;
        }
    }
}
