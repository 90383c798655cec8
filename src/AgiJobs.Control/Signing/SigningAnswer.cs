using System.Buffers;
using System.Text.Json;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Signing;

/// <summary>A signature that came back.</summary>
/// <param name="Digest">What it is said to be over; null when nothing was said.</param>
/// <param name="Signer">Who is said to have made it; null when nothing was said.</param>
/// <param name="Signature">65 bytes as the wallet gave them.</param>
public sealed record ReturnedSignature(Bytes32? Digest, Address? Signer, byte[] Signature);

/// <summary>The signatures that answer a request. Nothing in it counts before it was recovered.</summary>
/// <param name="Change">The change that they are said to be for; null when nothing was said.</param>
/// <param name="Signatures">The signatures.</param>
public sealed record SigningAnswer(Bytes32? Change, IReadOnlyList<ReturnedSignature> Signatures)
{
    /// <summary>What the JSON says that it is.</summary>
    internal const string Kind = "answer/1";

    /// <summary>The JSON in UTF-8; every signature with its digest and signer.</summary>
    public byte[] ToCompact()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("agijobs", Kind);
            json.WriteString("change", Change?.ToString());
            json.WriteStartArray("answers");
            foreach (var signature in Signatures)
            {
                json.WriteStartObject();
                json.WriteString("digest", signature.Digest?.ToString());
                json.WriteString("signer", signature.Signer?.ToString());
                json.WriteString("signature", Hex.Encode(signature.Signature));
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>
    /// Reads what came back: frames of <see cref="SigningFrames"/>, the JSON of <see cref="ToCompact"/>, an exported request with its signatures filled in, an object with <c>signature</c> (and <c>digest</c>, <c>signer</c>),
    /// or 65 bytes as hex.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="name">Where it is from, for messages.</param>
    /// <exception cref="ControlException"><c>signature-format</c> (exit 2), <c>signing-file-altered</c> (exit 6), and those of <see cref="SigningFrames.Read"/>.</exception>
    public static SigningAnswer Read(string text, string name)
    {
        text = text.Trim();
        if (SigningFrames.IsFrames(text))
        {
            text = System.Text.Encoding.UTF8.GetString(SigningFrames.Read(text));
        }

        try
        {
            if (!text.StartsWith('{'))
            {
                return new SigningAnswer(null, [new ReturnedSignature(null, null, Bytes(text))]);
            }

            using var parsed = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false });
            var root = parsed.RootElement;
            if (root.TryGetProperty("format", out var format))
            {
                return format.GetString() is SigningFile.Format
                    ? SigningFile.SignaturesOf(root, name)
                    : throw new FormatException($"it has the format '{format.GetString()}'");
            }

            if (!root.TryGetProperty("agijobs", out var kind))
            {
                return new SigningAnswer(null, [One(root)]);
            }

            return kind.GetString() is Kind
                ? new SigningAnswer(Word(root, "change"), [.. root.GetProperty("answers").EnumerateArray().Select(One)])
                : throw new FormatException($"it is '{kind.GetString()}' and not the answer to one");
        }
        catch (Exception problem) when (problem is EthereumException or JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new ControlException("signature-format", ExitCode.BadInput, $"{name} holds no signature: 65 bytes as hex were expected, alone or as 'signature' of a JSON object. {problem.Message}", "Give the file as the wallet or 'agijobs signer answer' wrote it.", problem);
        }
    }

    internal static ReturnedSignature One(JsonElement item) => new(
        Word(item, "digest"),
        item.TryGetProperty("signer", out var signer) && signer.ValueKind != JsonValueKind.Null ? Address.Parse(signer.GetString() ?? "") : null,
        Bytes(item.GetProperty("signature").GetString() ?? ""));

    private static Bytes32? Word(JsonElement item, string name) => item.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? Bytes32.Parse(value.GetString() ?? "") : null;

    private static byte[] Bytes(string hex) => Hex.Decode(hex) is { Length: 65 } bytes ? bytes : throw new FormatException("It has another length.");
}
