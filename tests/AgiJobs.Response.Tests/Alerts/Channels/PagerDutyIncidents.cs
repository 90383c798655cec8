using System.Text.Json;
using System.Text.RegularExpressions;
using AgiJobs.Testing;

namespace AgiJobs.Response.Tests.Alerts.Channels;

/// <summary>
/// What Events API v2 of PagerDuty does with events, as it is documented: it refuses what has another form, keeps an incident for each dedup_key, and pages somebody only when one is opened. A trigger of one that is open, also of one
/// that was acknowledged, is only added to it; one that was resolved is opened anew; acknowledging and resolving what is not open changes nothing.
/// </summary>
internal sealed partial class PagerDutyIncidents
{
    private readonly Dictionary<string, string> _states = new(StringComparer.Ordinal);

    /// <summary>The events that it took.</summary>
    public List<JsonElement> Events { get; } = [];

    /// <summary>The severities that people were paged with, in order.</summary>
    public List<string> Paged { get; } = [];

    /// <summary>The keys of incidents that are open, with whether each is triggered or acknowledged.</summary>
    public IReadOnlyDictionary<string, string> Open => _states.Where(entry => entry.Value is not "resolved").ToDictionary(StringComparer.Ordinal);

    /// <summary>Somebody acknowledges everything on the telephone.</summary>
    public void AcknowledgeAll()
    {
        foreach (var key in Open.Keys)
        {
            _states[key] = "acknowledged";
        }
    }

    public LocalReply Take(LocalRequest request)
    {
        using var document = JsonDocument.Parse(request.Body);
        var root = document.RootElement.Clone();
        var action = root.GetProperty("event_action").GetString();
        var known = (string[])["routing_key", "event_action", "dedup_key", "client", "client_url", "links", "images", "payload"];
        if (root.EnumerateObject().Any(member => !known.Contains(member.Name, StringComparer.Ordinal)) || !RoutingKey().IsMatch(root.GetProperty("routing_key").GetString()!) || root.GetProperty("dedup_key").GetString() is not { Length: > 0 and <= 255 } key || action is not ("trigger" or "acknowledge" or "resolve") || request.Body.Length > 512 * 1024)
        {
            return new LocalReply(400, "{\"status\":\"invalid event\"}");
        }

        var severity = "";
        if (action is "trigger")
        {
            var payload = root.GetProperty("payload");
            var members = (string[])["summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details"];
            severity = payload.GetProperty("severity").GetString()!;
            if (payload.EnumerateObject().Any(member => !members.Contains(member.Name, StringComparer.Ordinal)) || payload.GetProperty("summary").GetString() is not { Length: > 0 and <= 1024 } || payload.GetProperty("source").GetString() is not { Length: > 0 } || severity is not ("critical" or "error" or "warning" or "info") || !payload.GetProperty("timestamp").TryGetDateTimeOffset(out _))
            {
                return new LocalReply(400, "{\"status\":\"invalid event\"}");
            }
        }

        Events.Add(root);
        var isOpen = _states.TryGetValue(key, out var state) && state is not "resolved";
        if (action is "trigger" && !isOpen)
        {
            _states[key] = "triggered";
            Paged.Add(severity);
        }
        else if (action is not "trigger" && isOpen)
        {
            _states[key] = action is "acknowledge" ? "acknowledged" : "resolved";
        }

        return new LocalReply(202, $"{{\"status\":\"success\",\"message\":\"Event processed\",\"dedup_key\":\"{key}\"}}");
    }

    [GeneratedRegex("^[0-9a-f]{32}$", RegexOptions.None, 1000)]
    private static partial Regex RoutingKey();
}
