using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace AgiJobs.Control.Files;

/// <summary>One thing that is wrong in a JSON file.</summary>
/// <param name="Line">The line, from 1.</param>
/// <param name="Place">The place: <c>$.rpc[0]</c>.</param>
/// <param name="Message">The rule and the value.</param>
public sealed record JsonProblem(int Line, string Place, string Message);

/// <summary>Everything that is wrong in a file, where <see cref="JsonFile"/> stops at the first.</summary>
public static class JsonProblems
{
    /// <summary>The problems in the order of the file; none means that the file has the form of the type.</summary>
    public static IReadOnlyList<JsonProblem> Find(ReadOnlySpan<byte> bytes, JsonTypeInfo type)
    {
        var problems = new List<JsonProblem>();
        var walk = new Walk(bytes, problems, null);
        try
        {
            var reader = new Utf8JsonReader(bytes);
            _ = reader.Read();
            walk.Value(ref reader, bytes, type, "$");
            if (reader.Read())
            {
                problems.Add(new JsonProblem(walk.LineAt(reader.TokenStartIndex), "$", "something stands after the end."));
            }
        }
        catch (JsonException problem)
        {
            problems.Add(new JsonProblem((int)(problem.LineNumber ?? 0) + 1, "$", $"this is no JSON: {Cut(problem.Message)}"));
        }

        return problems;
    }

    /// <summary>The line of every place of a file; as many as could be read.</summary>
    public static IReadOnlyDictionary<string, int> Places(ReadOnlySpan<byte> bytes)
    {
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        var walk = new Walk(bytes, [], places);
        try
        {
            var reader = new Utf8JsonReader(bytes);
            _ = reader.Read();
            walk.Value(ref reader, bytes, null, "$");
        }
        catch (JsonException)
        {
            // What came before the mistake has its places.
        }

        return places;
    }

    private static string Cut(string message)
    {
        var cut = message.IndexOf(" Path: ", StringComparison.Ordinal);
        cut = cut < 0 ? message.IndexOf(" LineNumber: ", StringComparison.Ordinal) : cut;
        message = cut > 0 ? message[..cut] : message;
        return message.Contains("could not be converted to", StringComparison.Ordinal) ? "the value has the wrong type." : message;
    }

    private sealed class Walk
    {
        private readonly List<int> _lines = [];
        private readonly List<JsonProblem> _problems;
        private readonly Dictionary<string, int>? _places;

        public Walk(ReadOnlySpan<byte> bytes, List<JsonProblem> problems, Dictionary<string, int>? places)
        {
            (_problems, _places) = (problems, places);
            for (var at = 0; at < bytes.Length; at++)
            {
                if (bytes[at] == (byte)'\n')
                {
                    _lines.Add(at);
                }
            }
        }

        public int LineAt(long index)
        {
            var found = _lines.BinarySearch((int)index);
            return (found < 0 ? ~found : found) + 1;
        }

        public void Value(ref Utf8JsonReader reader, ReadOnlySpan<byte> bytes, JsonTypeInfo? type, string place)
        {
            var start = (int)reader.TokenStartIndex;
            _places?.TryAdd(place, LineAt(start));
            switch (type?.Kind)
            {
                case JsonTypeInfoKind.Object when reader.TokenType != JsonTokenType.StartObject:
                case JsonTypeInfoKind.Dictionary when reader.TokenType != JsonTokenType.StartObject:
                    Add(start, place, "an object was expected here: { ... }.");
                    reader.Skip();
                    return;
                case JsonTypeInfoKind.Enumerable when reader.TokenType != JsonTokenType.StartArray:
                    Add(start, place, "a list was expected here: [ ... ].");
                    reader.Skip();
                    return;
                case JsonTypeInfoKind.None:
                    Leaf(ref reader, bytes, type, place, start);
                    return;
                default:
                    break;
            }

            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    Members(ref reader, bytes, type, place, start);
                    break;
                case JsonTokenType.StartArray:
                    var item = Known(type, type?.ElementType);
                    for (var index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
                    {
                        Item(ref reader, bytes, item, $"{place}[{index}]", type is null);
                    }

                    break;
                default:
                    break;
            }
        }

        private void Members(ref Utf8JsonReader reader, ReadOnlySpan<byte> bytes, JsonTypeInfo? type, string place, int start)
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var (key, at) = (reader.GetString()!, (int)reader.TokenStartIndex);
                var inner = $"{place}.{key}";
                _places?.TryAdd(inner, LineAt(at));
                if (!seen.Add(key))
                {
                    Add(at, inner, $"the key '{key}' stands twice.");
                }

                _ = reader.Read();
                if (type is not { Kind: JsonTypeInfoKind.Object })
                {
                    Item(ref reader, bytes, Known(type, type?.ElementType), inner, type is null);
                }
                else if (type.Properties.FirstOrDefault(property => string.Equals(property.Name, key, StringComparison.Ordinal)) is not { } property)
                {
                    Add(at, inner, $"the key '{key}' is unknown. Known here: {string.Join(", ", type.Properties.Select(known => known.Name))}.");
                    reader.Skip();
                }
                else
                {
                    Item(ref reader, bytes, Known(type, property.PropertyType), inner, property.IsSetNullable);
                }
            }

            if (type is { Kind: JsonTypeInfoKind.Object })
            {
                foreach (var missing in type.Properties.Where(property => property.IsRequired && !seen.Contains(property.Name)))
                {
                    Add(start, place, $"required and missing: '{missing.Name}'.");
                }
            }
        }

        private void Item(ref Utf8JsonReader reader, ReadOnlySpan<byte> bytes, JsonTypeInfo? type, string place, bool mayBeNull)
        {
            if (reader.TokenType == JsonTokenType.Null)
            {
                // As for JsonFile: the one value whose absence means something else than null.
                if (!mayBeNull && type?.Type != typeof(WantedValue))
                {
                    Add((int)reader.TokenStartIndex, place, "null must not stand here.");
                }
            }
            else
            {
                Value(ref reader, bytes, type, place);
            }
        }

        private void Leaf(ref Utf8JsonReader reader, ReadOnlySpan<byte> bytes, JsonTypeInfo type, string place, int start)
        {
            reader.Skip();
            try
            {
                _ = JsonSerializer.Deserialize(bytes[start..(int)reader.BytesConsumed], type);
            }
            catch (JsonException problem)
            {
                Add(start, place, Cut(problem.Message));
            }
        }

        private static JsonTypeInfo? Known(JsonTypeInfo? parent, Type? type) => parent is not null && type is not null && parent.Options.TryGetTypeInfo(type, out var info) ? info : null;

        private void Add(int index, string place, string message) => _problems.Add(new JsonProblem(LineAt(index), place, message));
    }
}
