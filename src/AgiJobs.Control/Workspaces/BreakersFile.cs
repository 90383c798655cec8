using System.Text.Json.Serialization;
using AgiJobs.Control.Evidence.Log;

namespace AgiJobs.Control.Workspaces;

/// <summary>
/// When findings of monitors stop the protocol: who watches, how many of them must agree, and which rules offer or fire an armed pause. <c>config/breakers.NAME.json</c> of a network, <c>config/breakers.json</c> of
/// all others. Absent: findings are told to people and nothing more.
/// </summary>
public sealed record BreakersFile
{
    /// <summary>The JSON Schema that an editor holds the file against; nothing is read from it.</summary>
    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The monitors whose testimony counts, each on a node of its own.</summary>
    public required IReadOnlyList<BreakerMonitor> Monitors { get; init; }

    /// <summary>How many of them must have found the same thing in the same block by the same rules.</summary>
    public required int Agree { get; init; }

    /// <summary>How old the block of a finding may be, in seconds, 1 to 86,400; 300 when absent. What is found later, in a backfill, stops nothing.</summary>
    public int? FreshSeconds { get => field ?? 300; init; }

    /// <summary>The rules that stop, or offer to.</summary>
    public required IReadOnlyList<BreakerRule> Breakers { get; init; }

    /// <summary>What no schema can say: each with its place in the file, the rule and the mend.</summary>
    public IEnumerable<(string Place, string Message, string Mend)> Problems()
    {
        var keys = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (monitor, i) in Monitors.Select((monitor, i) => (monitor, i)))
        {
            var place = $"$.monitors[{i}]";
            if (Monitors.Take(i).Any(other => string.Equals(other.Name, monitor.Name, StringComparison.Ordinal)))
            {
                yield return (place, $"two monitors are named '{monitor.Name}'", "Give each a name of its own.");
            }

            if (monitor.Verifier() is not { } key)
            {
                yield return (place, "its key is no verifier key", "Write the line that 'agijobs monitoring status' shows for the monitor.");
            }
            else if (!keys.TryAdd(Convert.ToHexString(key.PublicKey.Span), monitor.Name))
            {
                yield return (place, $"'{monitor.Name}' has the key of '{keys[Convert.ToHexString(key.PublicKey.Span)]}': one monitor would count twice", "Each monitor signs with a key of its own, on a machine of its own.");
            }
        }

        if (Agree < 1 || Agree > Monitors.Count)
        {
            yield return ("$.agree", $"{Agree} of {Monitors.Count} monitors cannot agree", $"Write a number from 1 to {Monitors.Count}, or name more monitors.");
        }

        if (FreshSeconds is < 1 or > 86_400)
        {
            yield return ("$.freshSeconds", $"{FreshSeconds} is not from 1 to 86,400", "Write a number of seconds within these bounds.");
        }

        foreach (var (breaker, i) in Breakers.Select((breaker, i) => (breaker, i)))
        {
            if (Breakers.Take(i).Any(other => string.Equals(other.Rule, breaker.Rule, StringComparison.Ordinal)))
            {
                yield return ($"$.breakers[{i}]", $"the rule '{breaker.Rule}' stands twice", "Leave one of them.");
            }

            if (breaker.Action == BreakerAction.Fire && Agree < 2)
            {
                yield return ($"$.breakers[{i}]", $"'{breaker.Rule}' fires, and one monitor alone would do it: one lying node could stop the protocol", "Let at least two monitors agree, or write \"action\": \"offer\".");
            }
        }
    }
}

/// <summary>A monitor.</summary>
public sealed record BreakerMonitor
{
    /// <summary>Its name, as it is started with.</summary>
    public required string Name { get; init; }

    /// <summary>Its public key as <c>agijobs monitoring status</c> shows it: a verifier key of C2SP, <c>NETWORK/monitor/NAME+KEYID+KEY</c>.</summary>
    public required string Key { get; init; }

    /// <summary>The key; null when it is none.</summary>
    public VerifierKey? Verifier()
    {
        try
        {
            return VerifierKey.Parse(Key);
        }
        catch (ControlException)
        {
            return null;
        }
    }
}

/// <summary>What becomes of findings of one rule on which enough monitors agree.</summary>
public sealed record BreakerRule
{
    /// <summary>The rule's name.</summary>
    public required string Rule { get; init; }

    /// <summary>What is done.</summary>
    public required BreakerAction Action { get; init; }
}

/// <summary>What a breaker does.</summary>
public enum BreakerAction
{
    /// <summary>It says what to type, and people decide.</summary>
    Offer,

    /// <summary>It fires the best armed pause at once.</summary>
    Fire,
}

/// <summary>Actions by their lower-case names.</summary>
public sealed class BreakerActionConverter() : JsonStringEnumConverter<BreakerAction>(System.Text.Json.JsonNamingPolicy.CamelCase, allowIntegerValues: false);
