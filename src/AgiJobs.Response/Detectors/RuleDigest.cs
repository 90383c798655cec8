using System.Text.Json;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Response.Detectors;

/// <summary>
/// What tells rules from others. What is watched belongs to it, and what names and units stand for: the same file on another network, or before a module was moved, is another rule set.
/// </summary>
/// <param name="ground">The network.</param>
internal sealed class RuleDigest(RuleGround ground)
{
    /// <summary>The digest of all rules of a network.</summary>
    /// <param name="sources">The rules, those that are disabled too.</param>
    /// <param name="watched">Those that watch, by name.</param>
    /// <param name="meanings">What the names and units in them stand for, in lines with the rule's name.</param>
    public Bytes32 Of(IReadOnlyList<RuleSource> sources, IReadOnlyList<WatchedRule> watched, IEnumerable<string> meanings) => Of(
        sources.OrderBy(source => source.Rule.Name, StringComparer.Ordinal).Select(source => source.Rule),
        watched.SelectMany(rule => rule.Watches.Select(watch => $"{rule.Rule.Name}: {watch}")),
        meanings.Order(StringComparer.Ordinal));

    /// <summary>The digest of one detector. Other words for people, or another depth, change nothing of what it remembers.</summary>
    /// <param name="detector">The detector.</param>
    /// <param name="meanings">What the names and units in its rule stand for.</param>
    public Bytes32 Of(Detector detector, IEnumerable<string> meanings) => Of(
        [detector.Frame.Rule with { Title = "", Note = null, Runbook = null, Group = null, Confirmations = 0 }],
        [
            .. detector.Events.Select(watched => $"{watched.Subject} {watched.Address} {watched.Reading.Event}"),
            .. detector.Calls.Select(address => address.ToString()),
            .. detector.Reads.Select(read => $"{read.To} {read.Calldata}"),
        ],
        meanings);

    private Bytes32 Of(IEnumerable<MonitoringRule> rules, IEnumerable<string> watched, IEnumerable<string> meanings)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("network", ground.Network);
            writer.WriteNumber("chainId", ground.ChainId.Value);
            writer.WriteStartArray("rules");
            foreach (var rule in rules)
            {
                JsonSerializer.Serialize(writer, rule, WorkspaceJson.Default.MonitoringRule);
            }

            writer.WriteEndArray();
            Write(writer, "watched", watched);
            Write(writer, "meanings", meanings);
            writer.WriteEndObject();
        }

        return CanonicalJson.Digest(buffer.ToArray());
    }

    private static void Write(Utf8JsonWriter writer, string name, IEnumerable<string> lines)
    {
        writer.WriteStartArray(name);
        foreach (var line in lines)
        {
            writer.WriteStringValue(line);
        }

        writer.WriteEndArray();
    }
}
