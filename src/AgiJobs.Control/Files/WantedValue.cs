using System.Text.Json;
using System.Text.Json.Serialization;

namespace AgiJobs.Control.Files;

/// <summary>A value that a manifest wants: a text with its unit, or null to unset it.</summary>
/// <param name="Text">The text; null to unset.</param>
[JsonConverter(typeof(WantedValueConverter))]
public readonly record struct WantedValue(string? Text);

/// <summary>A text or null; a bare number is refused, since it carries no unit.</summary>
public sealed class WantedValueConverter : JsonConverter<WantedValue>
{
    /// <inheritdoc/>
    public override bool HandleNull => true;

    /// <inheritdoc/>
    public override WantedValue Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Null => new WantedValue(null),
        JsonTokenType.String => new WantedValue(reader.GetString()),
        _ => throw new JsonException("a value stands in quotation marks with its unit, such as \"400 bps\""),
    };

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, WantedValue value, JsonSerializerOptions options) => writer.WriteStringValue(value.Text);
}
