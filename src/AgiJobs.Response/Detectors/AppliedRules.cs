using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Storage;

namespace AgiJobs.Response.Detectors;

/// <summary>The rules that are in force on a network: what monitors watch by, whatever the files say in the meantime.</summary>
public sealed record AppliedRules
{
    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The network.</summary>
    public required string Network { get; init; }

    /// <summary>The digest that they compiled to when they were applied.</summary>
    public required Bytes32 Digest { get; init; }

    /// <summary>The digest of <see cref="Rules"/> alone, so that this document cannot be altered unseen.</summary>
    public required Bytes32 Content { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Who, as the system that it was done on knows them: <c>user@host</c>.</summary>
    public required string By { get; init; }

    /// <summary>Why, in the words of whoever did it; absent when they said nothing.</summary>
    public string? Reason { get; init; }

    /// <summary>The rules.</summary>
    public required IReadOnlyList<AppliedRule> Rules { get; init; }

    /// <summary>The rules as sources to compile.</summary>
    [JsonIgnore]
    public IReadOnlyList<RuleSource> Sources => [.. Rules.Select(rule => new RuleSource(rule.File, rule.Index, rule.Rule))];

    /// <summary>The digest of rules, in whatever files they stand.</summary>
    public static Bytes32 ContentOf(IEnumerable<MonitoringRule> rules)
    {
        ArgumentNullException.ThrowIfNull(rules);
        var lines = rules.OrderBy(rule => rule.Name, StringComparer.Ordinal).Select(rule => Encoding.UTF8.GetString(CanonicalJson.Encode(JsonSerializer.SerializeToUtf8Bytes(rule, WorkspaceJson.Default.MonitoringRule))));
        return new Bytes32(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))));
    }
}

/// <summary>A rule that is in force, with the file that it came from.</summary>
public sealed record AppliedRule
{
    /// <summary>The file, relative to the workspace.</summary>
    public required string File { get; init; }

    /// <summary>Its place there, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>The rule.</summary>
    public required MonitoringRule Rule { get; init; }
}

/// <summary>How a rule differs between what is in force and what is wanted.</summary>
/// <param name="Name">The rule.</param>
/// <param name="Before">What is in force; null when it is new.</param>
/// <param name="After">What is wanted; null when it goes.</param>
public sealed record RuleDifference(string Name, MonitoringRule? Before, MonitoringRule? After)
{
    /// <summary><c>add</c>, <c>remove</c> or <c>change</c>.</summary>
    public string Action => Before is null ? "add" : After is null ? "remove" : "change";

    /// <summary>A rule as it stands in a file.</summary>
    public static byte[]? TextOf(MonitoringRule? rule) => rule is null ? null : JsonFile.Encode(rule, WorkspaceJson.Default.MonitoringRule);
}

/// <summary>How the documents of rules are read and written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    Converters = [typeof(Bytes32Converter)])]
[JsonSerializable(typeof(AppliedRules))]
[JsonSerializable(typeof(TamperingState))]
internal sealed partial class DetectorJson : JsonSerializerContext;

/// <summary>The rules in force of a network in the state store: the document <c>applied</c> of <c>response/NETWORK/rules</c>. Safe for use by several threads.</summary>
/// <param name="store">The store.</param>
/// <param name="network">The network.</param>
public sealed class AppliedRulesStore(IStateStore store, string network)
{
    /// <summary>The kind of entry of the audit log that vouches for rules in force.</summary>
    public const string AuditKind = "monitoring.applied";

    private const string Key = "applied";

    private string Collection => $"response/{network}/rules";

    /// <summary>The rules in force; null when none ever were.</summary>
    /// <exception cref="StorageException">A document that is damaged is never taken for none.</exception>
    public async Task<AppliedRules?> ReadAsync(CancellationToken cancellation) =>
        (await store.GetAsync(Collection, Key, cancellation).ConfigureAwait(false))?.Read(DetectorJson.Default.AppliedRules, Fault, "Apply the rules again with 'agijobs monitoring apply --execute'.");

    /// <summary>What applying rules would change, by name.</summary>
    public static IReadOnlyList<RuleDifference> Compare(AppliedRules? before, IReadOnlyList<RuleSource> wanted)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        var old = (before?.Rules ?? []).ToDictionary(rule => rule.Rule.Name, rule => rule.Rule, StringComparer.Ordinal);
        var now = wanted.ToDictionary(source => source.Rule.Name, source => source.Rule, StringComparer.Ordinal);
        return [.. old.Keys.Union(now.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Select(name => new RuleDifference(name, old.GetValueOrDefault(name), now.GetValueOrDefault(name)))
            .Where(entry => !(RuleDifference.TextOf(entry.Before) ?? []).AsSpan().SequenceEqual(RuleDifference.TextOf(entry.After) ?? []))];
    }

    /// <summary>
    /// Puts rules in force. The audit log hears of it first: what it does not know of is never in force without a finding, and an entry for rules that did not come into force is a finding until some are applied.
    /// </summary>
    /// <param name="rules">What they compiled to.</param>
    /// <param name="sources">The rules.</param>
    /// <param name="by">Who.</param>
    /// <param name="reason">Why; null when nothing was said.</param>
    /// <param name="audit">The log.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <exception cref="ControlException"><c>audit-refused</c> when the log could not take it; nothing is in force then.</exception>
    /// <exception cref="StorageException">The store did not take it.</exception>
    public async Task<AppliedRules> ApplyAsync(CompiledRules rules, IReadOnlyList<RuleSource> sources, string by, string? reason, IAuditTrail audit, TimeProvider time, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentNullException.ThrowIfNull(audit);
        ArgumentNullException.ThrowIfNull(time);
        var applied = new AppliedRules
        {
            Version = 1,
            Network = network,
            Digest = rules.Digest,
            Content = AppliedRules.ContentOf(sources.Select(source => source.Rule)),
            At = time.GetUtcNow(),
            By = by,
            Reason = reason,
            Rules = [.. sources.Select(source => new AppliedRule { File = source.File, Index = source.Index, Rule = source.Rule })],
        };
        var version = (await store.GetAsync(Collection, Key, cancellation).ConfigureAwait(false))?.Version ?? 0;
        var entry = new AuditEntry { Kind = AuditKind, Network = network };
        entry.Data["digest"] = applied.Digest.ToString();
        entry.Data["content"] = applied.Content.ToString();
        entry.Data["by"] = by;
        entry.Data["rules"] = applied.Rules.Count;
        entry.Data["reason"] = reason;
        if ((await audit.RecordAsync(entry, cancellation).ConfigureAwait(false)).Problem is { } problem)
        {
            throw new ControlException("audit-refused", ExitCode.Failed, $"The rules were not put in force, because the audit log did not take the entry that vouches for them: {problem.Message}", problem.Mend, problem);
        }

        await store.CommitAsync(new StateCommit { Documents = [new DocumentWrite(Collection, Key, JsonSerializer.Serialize(applied, DetectorJson.Default.AppliedRules), version)] }, cancellation).ConfigureAwait(false);
        return applied;
    }

    private string? Fault(AppliedRules rules) =>
        rules.Version != 1 ? "its version is unknown"
        : !string.Equals(rules.Network, network, StringComparison.Ordinal) ? $"it is of the network {rules.Network}"
        : null;
}
