using System.Text.Json.Serialization.Metadata;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Configuration;

/// <summary>What a file under <c>config/</c> or <c>monitoring/</c> is.</summary>
/// <param name="Schema">The name of its schema; null for what has none (an ABI, a schema).</param>
/// <param name="Network">The network that it is for alone; null when it is for all.</param>
/// <param name="IsProposal">True for <c>NAME.proposed.json</c>, which counts for nothing until it is renamed.</param>
public sealed record ConfigurationKind(string? Schema, string? Network, bool IsProposal = false)
{
    private const string Proposed = ".proposed";
    private const string SchemaEnd = ".schema.json";

    /// <summary>The schemas whose files stand for each network alone; the others may stand for all as well.</summary>
    private static readonly string[] PerNetwork = ["owner-control"];

    /// <summary>The schemas whose files a profile may have, in a folder of its name.</summary>
    public static IReadOnlyList<string> InProfiles { get; } = ["hgm", "thermostat", "sentinel"];

    /// <summary>How the file is read; null when it has no schema.</summary>
    public JsonTypeInfo? Type => Schema is null ? null : ConfigurationSchemas.Types[Schema];

    /// <summary>
    /// The kind of a file by its path in the workspace; null when it is no file that this program reads. A schema NAME that is not known here by its own place is that of <c>config/NAME.json</c>
    /// and <c>config/NAME.NETWORK.json</c>.
    /// </summary>
    public static ConfigurationKind? Of(string path)
    {
        var parts = path.Split('/');
        return parts switch
        {
            ["config", "networks", var name] when Stem(name) is { } network => new ConfigurationKind("network", network),
            ["config", "protocol", var name] when Stem(name) is not null => new ConfigurationKind("protocol", null),
            ["config", "runbooks", var name] when Stem(name) is not null => new ConfigurationKind("runbook", null),
            ["config", "protocol", "abi", var name] when Stem(name) is not null => new ConfigurationKind(null, null),
            ["config", "schemas", var name] when name.EndsWith(SchemaEnd, StringComparison.Ordinal) && ConfigurationSchemas.Types.ContainsKey(name[..^SchemaEnd.Length]) => new ConfigurationKind(null, null),
            ["config", not ("networks" or "protocol" or "runbooks" or "schemas"), var name] when Stem(name) is { } stem && !stem[..^(stem.EndsWith(Proposed, StringComparison.Ordinal) ? Proposed.Length : 0)].Contains('.', StringComparison.Ordinal) => Flat(stem) is { } kind && InProfiles.Contains(kind.Schema!, StringComparer.Ordinal) ? kind : null,
            ["config", var name] when Stem(name) is { } stem => Flat(stem),
            ["monitoring", "rules", var name] when Stem(name) is not null => new ConfigurationKind("monitoring-rules", null),
            ["monitoring", "rules", var network, var name] when Stem(name) is not null => new ConfigurationKind("monitoring-rules", network),
            _ => null,
        };
    }

    /// <summary>The files of a schema, for people.</summary>
    public static string Places(string schema) => schema switch
    {
        "protocol" => "config/protocol/NAME.json",
        "network" => "config/networks/NAME.json",
        "monitoring-rules" => "monitoring/rules/NAME.json, monitoring/rules/NETWORK/NAME.json",
        "runbook" => "config/runbooks/NAME.json",
        _ when InProfiles.Contains(schema, StringComparer.Ordinal) => $"config/{schema}.json, config/{schema}.NAME.json, config/PROFILE/{schema}.json",
        _ when PerNetwork.Contains(schema, StringComparer.Ordinal) => $"config/{schema}.NAME.json",
        _ => $"config/{schema}.json, config/{schema}.NAME.json",
    };

    private static ConfigurationKind? Flat(string stem)
    {
        var proposal = stem.EndsWith(Proposed, StringComparison.Ordinal);
        stem = proposal ? stem[..^Proposed.Length] : stem;
        var dot = stem.IndexOf('.', StringComparison.Ordinal);
        var (schema, network) = dot < 0 ? (stem, null) : (stem[..dot], stem[(dot + 1)..]);
        return ConfigurationSchemas.Types.ContainsKey(schema) && schema is not ("network" or "protocol" or "monitoring-rules" or "runbook") && network is not "" && (network is not null || !PerNetwork.Contains(schema, StringComparer.Ordinal))
            ? new ConfigurationKind(schema, network, proposal)
            : null;
    }

    private static string? Stem(string name) => name.EndsWith(".json", StringComparison.Ordinal) && name.Length > 5 ? name[..^5] : null;
}
