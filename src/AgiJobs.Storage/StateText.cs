using System.Text;
using System.Text.Json;

namespace AgiJobs.Storage;

/// <summary>What a store takes: checked before anything is written, so that both databases take and refuse the same.</summary>
internal static class StateText
{
    /// <summary>PostgreSQL cannot index much more than 2,700 bytes, and an index has two names.</summary>
    private const int LongestName = 1024;
    private const int LongestError = 4000;
    private const int DeepestJson = 1000;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static void Check(StateCommit commit)
    {
        ArgumentNullException.ThrowIfNull(commit);
        foreach (var append in commit.Events)
        {
            Name("stream", append.Stream);
            Version(append.ExpectedVersion, append.Stream);
            if (append.Events.Count == 0)
            {
                throw Invalid($"The commit appends nothing to the stream '{append.Stream}'.", "Leave the stream out of the commit.");
            }

            foreach (var added in append.Events)
            {
                Name("event type", added.Type);
                Json($"an event of '{append.Stream}'", added.Data);
            }
        }

        foreach (var document in commit.Documents)
        {
            Name("collection", document.Collection);
            Name("key", document.Key);
            Version(document.ExpectedVersion ?? 0, document.Key);
            if (document.Data is { } data)
            {
                Json($"the document '{document.Collection}/{document.Key}'", data);
            }
        }

        foreach (var message in commit.Messages)
        {
            Name("channel", message.Channel);
            Name("message key", message.Key);
            Json($"the message '{message.Channel}/{message.Key}'", message.Data);
        }
    }

    /// <summary>A name is well-formed text of 1 to 1,024 bytes in UTF-8 without NUL.</summary>
    public static void Name(string what, string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            throw Invalid($"A {what} is empty.", "Give it a name.");
        }

        if (Bytes($"The {what} '{Printable(name)}'", name) > LongestName)
        {
            throw Invalid($"The {what} that begins '{name[..40]}' is longer than {LongestName} bytes.", "Use a shorter name, such as a hash of this one.");
        }
    }

    /// <summary>Text of others for the log of failures: shortened, and what cannot be stored replaced.</summary>
    public static string? Error(string? text)
    {
        if (text is null)
        {
            return null;
        }

        var shortened = text.Length > LongestError ? text[..LongestError] : text;
        return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(shortened)).Replace('\0', '\uFFFD');
    }

    private static void Version(long version, string name)
    {
        if (version < 0)
        {
            throw Invalid($"The expected version {version} of '{name}' is below 0.", "Expect 0 for what must not exist.");
        }
    }

    private static void Json(string what, string? data)
    {
        if (data is null)
        {
            throw Invalid($"The data of {what} is missing.", "Give JSON.");
        }

        _ = Bytes($"The data of {what}", data);
        try
        {
            var reader = new Utf8JsonReader(Strict.GetBytes(data), new JsonReaderOptions { MaxDepth = DeepestJson });
            while (reader.Read())
            {
            }
        }
        catch (JsonException broken)
        {
            throw new StorageException(StorageException.Invalid, $"The data of {what} is no JSON (line {broken.LineNumber + 1}, byte {broken.BytePositionInLine}).", "Give one JSON value.", broken);
        }
    }

    private static int Bytes(string what, string text)
    {
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            throw Invalid($"{what} contains a NUL character, which PostgreSQL cannot keep.", "Leave it out; within JSON write it as \\u0000.");
        }

        try
        {
            return Strict.GetByteCount(text);
        }
        catch (EncoderFallbackException)
        {
            throw Invalid($"{what} contains half of a surrogate pair, which has no form in UTF-8.", "Leave it out; within JSON write it as \\uXXXX.");
        }
    }

    private static string Printable(string name) => Error(name)!;

    private static StorageException Invalid(string message, string mend) => new(StorageException.Invalid, message, mend);
}
