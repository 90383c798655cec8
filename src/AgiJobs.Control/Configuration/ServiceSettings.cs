using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Configuration;

/// <summary>
/// What services run with, setting by setting, so that what is on file can be held against what runs: <c>config/services.json</c> with the program's own values for what is absent, and the addresses of the
/// manifest. References to secrets and URLs stand as SHA-256, so that a reader who may see neither can compare them. Immutable.
/// </summary>
public sealed class ServiceSettings
{
    private ServiceSettings(SortedDictionary<string, string> values) => Values = values;

    /// <summary>The values, by key in ordinal order.</summary>
    public IReadOnlyDictionary<string, string> Values { get; }

    /// <summary>SHA-256 of the canonical JSON (RFC 8785) of <see cref="Values"/>.</summary>
    public Bytes32 Digest => DigestOf(Values);

    /// <summary>The digest of values that somebody else told.</summary>
    public static Bytes32 DigestOf(IEnumerable<KeyValuePair<string, string>> values) =>
        CanonicalJson.Digest(Encoding.UTF8.GetBytes(new JsonObject(values.Select(entry => KeyValuePair.Create<string, JsonNode?>(entry.Key, JsonValue.Create(entry.Value)))).ToJsonString()));

    /// <summary>The settings of a network's files.</summary>
    /// <param name="services">How services run.</param>
    /// <param name="protocol">The protocol at the manifest's addresses.</param>
    public static ServiceSettings Of(ServicesFile services, Protocol protocol)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(protocol);
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in Leaves(JsonSerializer.SerializeToNode(services, WorkspaceJson.Default.ServicesFile)!.AsObject(), ""))
        {
            values.Add(key, value);
        }

        foreach (var module in protocol.Modules)
        {
            values.Add($"modules.{module.Name}", module.Address.ToString());
        }

        return new ServiceSettings(values);
    }

    private static IEnumerable<(string Key, string Value)> Leaves(JsonObject members, string prefix) => members.Where(member => member.Key is not ("$schema" or "version")).SelectMany(member => (member.Key, member.Value) switch
    {
        (_, JsonObject { Count: 1 } secret) when secret.First().Key is "env" or "file" => [(prefix + member.Key, Hidden(secret.ToJsonString()))],
        (_, JsonObject inner) => Leaves(inner, $"{prefix}{member.Key}."),
        (_, null) => [],
        ("url", var url) => [(prefix + member.Key, Hidden(url.ToJsonString()))],
        var (_, value) => new[] { (prefix + member.Key, value.ToString()) },
    });

    private static string Hidden(string text) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";
}
