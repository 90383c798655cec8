using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Serialization;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Files;

/// <summary>A value that stands in a file as one JSON string. A refused string keeps its own message and gains its place in the file.</summary>
public abstract class TextConverter<T> : JsonConverter<T>
{
    /// <summary>Reads the string.</summary>
    protected abstract T Parse(string text);

    /// <summary>Writes the string.</summary>
    protected abstract string Format(T value);

    /// <inheritdoc/>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            throw new JsonException($"a text in quotes was expected, not {reader.TokenType switch { JsonTokenType.Number => "a number", JsonTokenType.StartObject => "an object", JsonTokenType.StartArray => "a list", _ => "this value" }}.");
        }

        try
        {
            return Parse(reader.GetString()!);
        }
        catch (EthereumException problem)
        {
            throw new JsonException(problem.Message, problem);
        }
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(Format(value));

    /// <inheritdoc/>
    public override T ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        try
        {
            return Parse(reader.GetString()!);
        }
        catch (EthereumException problem)
        {
            throw new JsonException(problem.Message, problem);
        }
    }

    /// <inheritdoc/>
    public override void WriteAsPropertyName(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WritePropertyName(Format(value));
}

/// <summary>An amount in wei, in decimal digits.</summary>
public sealed class WeiConverter : TextConverter<Wei>
{
    /// <inheritdoc/>
    protected override Wei Parse(string text) => BigInteger.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && string.Equals(text, value.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
        ? new Wei(value)
        : throw new JsonException($"'{text}' is no amount in wei: write a whole number in decimal digits.");

    /// <inheritdoc/>
    protected override string Format(Wei value) => value.Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>An address in EIP-55 form.</summary>
public sealed class AddressConverter : TextConverter<Address>
{
    /// <inheritdoc/>
    protected override Address Parse(string text) => Address.Parse(text);

    /// <inheritdoc/>
    protected override string Format(Address value) => value.ToString();
}

/// <summary>Thirty-two bytes as hex data.</summary>
public sealed class Bytes32Converter : TextConverter<Bytes32>
{
    /// <inheritdoc/>
    protected override Bytes32 Parse(string text) => Bytes32.Parse(text);

    /// <inheritdoc/>
    protected override string Format(Bytes32 value) => value.ToString();
}

/// <summary>Bytes as hex data.</summary>
public sealed class HexDataConverter : TextConverter<byte[]>
{
    /// <inheritdoc/>
    protected override byte[] Parse(string text) => Hex.Decode(text);

    /// <inheritdoc/>
    protected override string Format(byte[] value) => Hex.Encode(value);
}

/// <summary>A chain id as a JSON number.</summary>
public sealed class ChainIdConverter : JsonConverter<ChainId>
{
    /// <inheritdoc/>
    public override ChainId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetUInt64(out var value) && value is > 0 and <= 9_007_199_254_740_991
            ? new ChainId(value)
            : throw new JsonException("a chain id was expected: a whole number from 1 to 2^53 - 1.");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, ChainId value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Value);
}
