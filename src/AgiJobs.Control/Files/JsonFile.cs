using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace AgiJobs.Control.Files;

/// <summary>
/// Operators' JSON files, read strictly: an unknown key, a missing key, a duplicate and a wrong type are errors that name file, place and mend.
/// </summary>
public static class JsonFile
{
    /// <summary>Reads a file that must exist.</summary>
    /// <exception cref="ControlException"><c>file-missing</c>, <c>file-read</c> or <c>file-format</c>.</exception>
    public static T Read<T>(string path, JsonTypeInfo<T> type)
        where T : class
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ControlException("file-missing", ExitCode.BadInput, $"{path} does not exist.", "Restore it from the workspace's git history, or make it with 'agijobs init'.", problem);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new ControlException("file-read", ExitCode.Failed, $"{path} could not be read: {problem.Message}", null, problem);
        }

        return Parse(bytes, path, type);
    }

    /// <summary>Reads a file, or answers false when there is none.</summary>
    /// <exception cref="ControlException"><c>file-read</c> or <c>file-format</c>.</exception>
    public static bool TryRead<T>(string path, JsonTypeInfo<T> type, [NotNullWhen(true)] out T? value)
        where T : class
    {
        value = File.Exists(path) ? Read(path, type) : null;
        return value is not null;
    }

    /// <summary>Parses bytes that came from <paramref name="name"/>.</summary>
    /// <exception cref="ControlException"><c>file-format</c>.</exception>
    public static T Parse<T>(ReadOnlySpan<byte> bytes, string name, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            RefuseNullItems(bytes, name, type);
            return JsonSerializer.Deserialize(bytes, type) ?? throw new JsonException("the file holds only null");
        }
        catch (JsonException problem)
        {
            throw new ControlException("file-format", ExitCode.BadInput, Explain(problem, name, type), "Correct the file; nothing was done.", problem);
        }
    }

    /// <summary>Writes the value, indented, ending with a line feed, atomically.</summary>
    /// <exception cref="ControlException"><c>file-write</c>.</exception>
    public static void Write<T>(string path, T value, JsonTypeInfo<T> type) => AtomicFile.Write(path, Encode(value, type));

    /// <summary>The bytes that <see cref="Write"/> writes.</summary>
    public static byte[] Encode<T>(T value, JsonTypeInfo<T> type) => Encoding.UTF8.GetBytes(JsonSerializer.Serialize(value, type) + "\n");

    // The serialiser refuses null for a key that may not have it, but lets it pass as an item of a list or a map.
    private static void RefuseNullItems(ReadOnlySpan<byte> bytes, string name, JsonTypeInfo root)
    {
        if (bytes.IndexOf("null"u8) < 0)
        {
            return;
        }

        var reader = new Utf8JsonReader(bytes);
        using var document = JsonDocument.ParseValue(ref reader);
        Walk(document.RootElement, root, "$");

        void Walk(JsonElement value, JsonTypeInfo info, string place)
        {
            if (value.ValueKind == JsonValueKind.Array && info.Kind == JsonTypeInfoKind.Enumerable)
            {
                foreach (var (item, index) in value.EnumerateArray().Select((item, index) => (item, index)))
                {
                    Item(item, info.ElementType, $"{place}[{index}]");
                }
            }
            else if (value.ValueKind == JsonValueKind.Object && info.Kind == JsonTypeInfoKind.Dictionary)
            {
                foreach (var member in value.EnumerateObject())
                {
                    Item(member.Value, info.ElementType, $"{place}.{member.Name}");
                }
            }
            else if (value.ValueKind == JsonValueKind.Object && info.Kind == JsonTypeInfoKind.Object)
            {
                foreach (var member in value.EnumerateObject())
                {
                    if (info.Properties.FirstOrDefault(property => string.Equals(property.Name, member.Name, StringComparison.Ordinal)) is { } known && root.Options.TryGetTypeInfo(known.PropertyType, out var next))
                    {
                        Walk(member.Value, next, $"{place}.{member.Name}");
                    }
                }
            }
        }

        void Item(JsonElement item, Type? type, string place)
        {
            if (item.ValueKind == JsonValueKind.Null)
            {
                // The one value whose absence means something else than null.
                if (typeof(WantedValue).Equals(type))
                {
                    return;
                }

                throw new ControlException("file-format", ExitCode.BadInput, $"{name}, at {place}: null must not stand here.", "Write a value or leave the entry out; nothing was done.");
            }

            if (type is not null && root.Options.TryGetTypeInfo(type, out var next))
            {
                Walk(item, next, place);
            }
        }
    }

    // System.Text.Json names .NET types in its messages; an operator needs the key, the place and the rule.
    private static string Explain(JsonException problem, string name, JsonTypeInfo root)
    {
        var place = $"{name}{(problem.LineNumber is { } line ? $", line {line + 1}" : "")}{(problem.Path is { Length: > 1 } path ? $", at {path}" : "")}";
        var message = problem.Message;
        var cut = message.IndexOf(" Path: ", StringComparison.Ordinal);
        message = cut > 0 ? message[..cut] : message;
        if (message.Contains("could not be mapped to any .NET member", StringComparison.Ordinal))
        {
            var key = message.Split('\'')[1];
            var typeName = message.Split('\'') is { Length: > 3 } parts ? parts[3] : "";
            var known = KnownKeys(typeName, root);
            return $"{place}: the key '{key}' is unknown.{(known.Length == 0 ? "" : $" Known here: {known}.")}";
        }

        if (message.Contains("was missing required properties", StringComparison.Ordinal))
        {
            var keys = message[(message.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim().TrimEnd('.');
            return $"{place}: required and missing: {keys}.";
        }

        if (message.Contains("could not be converted to", StringComparison.Ordinal))
        {
            return $"{place}: the value has the wrong type.";
        }

        return $"{place}: {message}";
    }

    // The message names a type only by its full name; the type is found among those that the root type is made of.
    private static string KnownKeys(string typeName, JsonTypeInfo root)
    {
        var seen = new HashSet<Type> { root.Type };
        var open = new Queue<JsonTypeInfo>([root]);
        while (open.TryDequeue(out var info))
        {
            if (string.Equals(info.Type.FullName, typeName, StringComparison.Ordinal))
            {
                return string.Join(", ", info.Properties.Select(property => property.Name));
            }

            foreach (var type in info.Properties.Select(property => property.PropertyType).Append(info.ElementType))
            {
                if (type is not null && seen.Add(type) && root.Options.TryGetTypeInfo(type, out var next))
                {
                    open.Enqueue(next);
                }
            }
        }

        return "";
    }
}
