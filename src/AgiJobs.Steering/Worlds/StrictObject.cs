using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using AgiJobs.Hgm.Ledger;

namespace AgiJobs.Steering.Worlds;

/// <summary>
/// A JSON object that another program wrote, read strictly: every member is asked for, of the kind that is expected, and there are no others and none twice. What is wrong first is remembered, and everything
/// after it is absent, so that a reader asks once at the end.
/// </summary>
internal sealed class StrictObject
{
    private readonly Dictionary<string, JsonElement> _members = new(StringComparer.Ordinal);

    private StrictObject(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            Fault = "it is no JSON object";
            return;
        }

        foreach (var member in element.EnumerateObject())
        {
            if (!_members.TryAdd(member.Name, member.Value))
            {
                Fault ??= $"'{Told.Line(member.Name)}' is there twice";
            }
        }
    }

    /// <summary>What is wrong with it; null so far nothing.</summary>
    public string? Fault { get; private set; }

    /// <summary>Reads bytes; the document must outlive the object.</summary>
    public static StrictObject Of(JsonElement element) => new(element);

    /// <summary>Parses bytes, false with the reason when they are no JSON.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> json, [NotNullWhen(true)] out JsonDocument? document, [NotNullWhen(false)] out string? fault)
    {
        try
        {
            document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 32 });
            fault = null;
            return true;
        }
        catch (JsonException problem)
        {
            document = null;
            fault = $"it is no JSON: {Told.Line(problem.Message)}";
            return false;
        }
    }

    /// <summary>Whether there is such a member that is not null. An explicit null counts as absent, and as asked for.</summary>
    public bool Has(string name)
    {
        if (_members.TryGetValue(name, out var value) && value.ValueKind == JsonValueKind.Null)
        {
            _members.Remove(name);
            return false;
        }

        return _members.ContainsKey(name);
    }

    public string Text(string name) => Take(name, JsonValueKind.String, "text") is { } value ? TextOf(name, value) : "";

    public string? TextOrNothing(string name) => Has(name) ? Text(name) : null;

    public int Number(string name)
    {
        if (Take(name, JsonValueKind.Number, "a whole number") is not { } value)
        {
            return 0;
        }

        return value.TryGetInt32(out var number) ? number : Wrong(name, "is no whole number", 0);
    }

    public ulong Large(string name) =>
        ulong.TryParse(Text(name), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : Wrong(name, "is no whole number written as text", 0UL);

    public bool? TruthOrNothing(string name)
    {
        if (!Has(name))
        {
            return null;
        }

        _members.Remove(name, out var value);
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : Wrong<bool?>(name, "is neither true nor false", null);
    }

    /// <summary>An amount as text: <c>"0.25"</c>. A number is refused, because readers round numbers.</summary>
    public Amount? MoneyOrNothing(string name) => !Has(name) ? null : Amount.TryParse(Text(name), out var amount) ? amount : Wrong<Amount?>(name, "is no decimal written as text, such as \"0.25\"", null);

    /// <summary>Says that a member is not as it must be.</summary>
    public T Wrong<T>(string name, string why, T instead)
    {
        Fault ??= $"'{name}' {why}";
        return instead;
    }

    /// <summary>The first thing that is wrong, members that nobody asked for among them.</summary>
    public string? End() => Fault ?? (_members.Count == 0 ? null : $"'{Told.Line(_members.Keys.Order(StringComparer.Ordinal).First())}' is unknown to this version");

    private JsonElement? Take(string name, JsonValueKind kind, string what)
    {
        if (!_members.Remove(name, out var value))
        {
            return Wrong<JsonElement?>(name, "is missing", null);
        }

        return value.ValueKind == kind ? value : Wrong<JsonElement?>(name, $"is not {what}", null);
    }

    // Half of a surrogate pair is JSON and no text.
    private string TextOf(string name, JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return Wrong(name, "is no Unicode text", "");
        }
    }
}
