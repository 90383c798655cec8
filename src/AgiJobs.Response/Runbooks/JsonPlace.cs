using System.Text.Json.Nodes;

namespace AgiJobs.Response.Runbooks;

/// <summary>A place in a JSON document: keys separated by '.', with <c>[*]</c> behind a key for every item of its list (<c>modules[*].state</c>), and <c>[KEY=VALUE]</c> for those items
/// that have it (<c>modules[name=StakeManager].state</c>).</summary>
public static class JsonPlace
{
    /// <summary>True when a text names a place.</summary>
    public static bool IsValid(string place)
    {
        ArgumentNullException.ThrowIfNull(place);
        return place.Split('.').All(part => Read(part) is { } read && IsKey(read.Key) && (read.Filter is null || IsKey(read.Filter.Value.Key)));
    }

    /// <summary>The values at a place, as text; what is an object, a list or null counts as none.</summary>
    public static IReadOnlyList<string> Values(JsonNode? document, string place)
    {
        ArgumentNullException.ThrowIfNull(place);
        IEnumerable<JsonNode?> found = [document];
        foreach (var part in place.Split('.'))
        {
            if (Read(part) is not { } read)
            {
                return [];
            }

            found = found.OfType<JsonObject>().Select(node => node[read.Key]);
            found = read.IsList ? found.OfType<JsonArray>().SelectMany(list => list).Where(item => read.Filter is not { } filter || (item as JsonObject)?[filter.Key]?.ToString() == filter.Value) : found;
        }

        return [.. found.OfType<JsonValue>().Select(value => value.ToString())];
    }

    private static bool IsKey(string key) => key.Length > 0 && key.All(sign => char.IsAsciiLetterOrDigit(sign) || sign is '-' or '_');

    private static (string Key, bool IsList, (string Key, string Value)? Filter)? Read(string part)
    {
        var open = part.IndexOf('[', StringComparison.Ordinal);
        if (open < 0)
        {
            return (part, false, null);
        }

        var inner = part.EndsWith(']') ? part[(open + 1)..^1] : "";
        var equals = inner.IndexOf('=', StringComparison.Ordinal);
        return inner is "*" ? (part[..open], true, null)
            : equals > 0 ? (part[..open], true, (inner[..equals], inner[(equals + 1)..]))
            : null;
    }
}
