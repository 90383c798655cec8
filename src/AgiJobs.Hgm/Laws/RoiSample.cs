using System.Globalization;
using System.Text.Json;

namespace AgiJobs.Hgm.Laws;

/// <summary>A measured return on investment.</summary>
/// <param name="At">When it was taken; nothing when the source does not say, and then no order is checked.</param>
/// <param name="Roi">Value over cost.</param>
public sealed record RoiSample(DateTimeOffset? At, decimal Roi)
{
    /// <summary>
    /// Reads one line of a metrics file: an object with <c>roi</c>, or, where that is missing or not finite, with value (<c>gmv</c> or <c>revenue</c>) and cost (<c>cost</c> or
    /// <c>spend</c>); <c>timestamp</c> is unix seconds or ISO 8601. A line without a return, for nothing was spent, has none: it is not a return of zero. The bare words NaN and
    /// Infinity, which are no JSON, are read as what Python means by them.
    /// </summary>
    /// <exception cref="HgmException"><c>bad-sample</c>; <c>no-roi</c> when neither a finite return nor a cost above zero is given.</exception>
    public static RoiSample Read(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(WithoutBareWords(line));
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                throw Bad("it is not an object");
            var at = Time(root);
            if (Number(root, "roi") is { } roi)
                return new RoiSample(at, roi);
            var value = Number(root, "gmv") ?? Number(root, "revenue");
            var cost = Number(root, "cost") ?? Number(root, "spend");
            return value is { } earned && cost is > 0m
                ? new RoiSample(at, earned / cost.Value)
                : throw new HgmException("no-roi", "The sample has neither a finite roi nor a value with a cost above zero.", "Leave such samples out, or give value and cost.");
        }
        catch (Exception fault) when (fault is JsonException or FormatException or InvalidOperationException or OverflowException or ArgumentOutOfRangeException)
        {
            throw Bad(fault.Message);
        }
    }

    private static HgmException Bad(string what) => new("bad-sample", $"This is no sample: {what}", "Give one JSON object a line, with roi or with value and cost.");

    private static decimal? Number(JsonElement root, string name)
    {
        if (!root.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
            return null;
        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        if (decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
            return number;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) && !double.IsFinite(real) ? null : throw new FormatException($"'{name}' is {text}, which is no number that can be kept.");
    }

    private static DateTimeOffset? Time(JsonElement root)
    {
        if (!root.TryGetProperty("timestamp", out var value) || value.ValueKind == JsonValueKind.Null)
            return null;
        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        return decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds)
            ? DateTimeOffset.UnixEpoch.AddTicks((long)(seconds * TimeSpan.TicksPerSecond))
            : DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
    }

    private static string WithoutBareWords(string line)
    {
        var inText = false;
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == '\\' && inText)
                i++;
            else if (line[i] == '"')
                inText = !inText;
            else if (!inText && line[i] is ('N' or 'I'))
                line = Replaced(line, ref i);
        }

        return line;
    }

    private static string Replaced(string line, ref int at)
    {
        foreach (var word in (string[])["NaN", "Infinity"])
        {
            if (!line.AsSpan(at).StartsWith(word, StringComparison.Ordinal))
                continue;
            var start = at > 0 && line[at - 1] == '-' ? at - 1 : at;
            var replaced = string.Concat(line.AsSpan(0, start), "null", line.AsSpan(at + word.Length));
            at = start + 3;
            return replaced;
        }

        return line;
    }
}
