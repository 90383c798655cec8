using System.Text.Json;
using System.Text.Json.Serialization;

namespace AgiJobs.Control.Workspaces;

/// <summary>
/// Where a secret is to be found: <c>{"env": "NAME"}</c> or <c>{"file": "PATH"}</c>. The secret itself never stands in the workspace, so a
/// literal is refused.
/// </summary>
public sealed record Secret
{
    /// <summary>The environment variable that holds it.</summary>
    public string? Env { get; init; }

    /// <summary>The file that holds it; a trailing line feed is not part of it.</summary>
    public string? File { get; init; }

    /// <summary>Fetches the secret.</summary>
    /// <exception cref="ControlException"><c>secret-missing</c> when the variable is unset or the file cannot be read.</exception>
    public string Reveal()
    {
        if (Env is not null)
        {
            return Environment.GetEnvironmentVariable(Env) is { Length: > 0 } value
                ? value
                : throw new ControlException("secret-missing", ExitCode.BadInput, $"The environment variable {Env} is not set.", $"Set {Env} and run the command again.");
        }

        try
        {
            return System.IO.File.ReadAllText(File!).TrimEnd('\n', '\r');
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new ControlException("secret-missing", ExitCode.BadInput, $"The secret file {File} could not be read: {problem.Message}", null, problem);
        }
    }
}

/// <summary>Reads the two forms of a <see cref="Secret"/> and refuses a literal without repeating it.</summary>
public sealed class SecretConverter : JsonConverter<Secret>
{
    /// <inheritdoc/>
    public override Secret Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("a secret must not stand here: write {\"env\": \"NAME\"} or {\"file\": \"PATH\"}.");
        }

        using var document = JsonDocument.ParseValue(ref reader);
        var members = document.RootElement.EnumerateObject().ToList();
        return members switch
        {
            [{ Name: "env", Value.ValueKind: JsonValueKind.String } env] => new Secret { Env = env.Value.GetString() },
            [{ Name: "file", Value.ValueKind: JsonValueKind.String } file] => new Secret { File = file.Value.GetString() },
            _ => throw new JsonException("a secret is {\"env\": \"NAME\"} or {\"file\": \"PATH\"}, with one of the two keys."),
        };
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, Secret value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteString(value.Env is null ? "file" : "env", value.Env ?? value.File);
        writer.WriteEndObject();
    }
}
