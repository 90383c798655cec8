using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Control.Signing;

/// <summary>
/// A request as a file for a person with a wallet: plain language, hashes, and for each signature the document of <c>eth_signTypedData_v4</c>. The wallet's signature is written into it where <c>null</c> stands, or brought
/// back by itself.
/// </summary>
public static class SigningFile
{
    /// <summary>What the file says that it is.</summary>
    public const string Format = "agijobs.signing-request/1";

    /// <summary>The file in UTF-8.</summary>
    /// <param name="request">What is to be signed.</param>
    /// <param name="words">What it is, in plain language.</param>
    /// <param name="signers">Who may sign each item, in the order of the items.</param>
    public static byte[] Write(SigningRequest request, IReadOnlyList<string> words, IReadOnlyList<IReadOnlyList<Address>> signers)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("format", Format);
            json.WriteString("network", request.Network);
            json.WriteNumber("chainId", request.Chain.Value);
            json.WriteString("change", request.Change.ToString());
            json.WriteString("title", request.Title);
            Texts("inPlainLanguage", words);
            json.WriteString("howToSign", "Give 'typedData' of an item to your wallet (eth_signTypedData_v4), compare what it shows with the hashes here, and write its signature in the place of null. Then: agijobs change approve ID --signature THIS-FILE");
            json.WriteStartArray("items");
            foreach (var (item, may) in request.Items.Zip(signers))
            {
                json.WriteStartObject();
                json.WriteString("what", item.What);
                if (item is SigningItem.OfDuty duty)
                {
                    json.WriteString("duty", duty.Duty.Name());
                }
                else if (item is SigningItem.OfSafe { Hash: var hash })
                {
                    json.WriteString("safe", hash.Domain.Safe.ToString());
                    json.WriteString("safeVersion", hash.Domain.Version.ToString());
                    json.WriteString("domainHash", hash.DomainHash.ToString());
                    json.WriteString("messageHash", hash.MessageHash.ToString());
                }

                json.WriteString("digest", item.Digest.ToString());
                Texts("signers", may.Select(address => address.ToString()));
                json.WritePropertyName("typedData");
                using (var document = JsonDocument.Parse(item.Document.ToJson()))
                {
                    document.RootElement.WriteTo(json);
                }

                json.WriteNull("signature");
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();

            void Texts(string key, IEnumerable<string> texts)
            {
                json.WriteStartArray(key);
                foreach (var text in texts)
                {
                    json.WriteStringValue(text);
                }

                json.WriteEndArray();
            }
        }

        buffer.WriteByte((byte)'\n');
        return buffer.ToArray();
    }

    /// <summary>Reads a request from such a file, from what it lets be signed and not from its words.</summary>
    /// <exception cref="ControlException"><c>signing-request-format</c> (exit 2), <c>signing-file-altered</c> (exit 6).</exception>
    public static SigningRequest Read(ReadOnlySpan<byte> file, string name)
    {
        try
        {
            using var parsed = JsonDocument.Parse(Encoding.UTF8.GetString(file), new JsonDocumentOptions { AllowDuplicateProperties = false });
            var root = parsed.RootElement;
            using var buffer = new MemoryStream();
            using (var json = new Utf8JsonWriter(buffer))
            {
                json.WriteStartObject();
                json.WriteString("agijobs", "request/1");
                foreach (var key in (string[])["network", "chainId", "change", "title"])
                {
                    json.WritePropertyName(key);
                    root.GetProperty(key).WriteTo(json);
                }

                json.WriteStartArray("items");
                foreach (var item in root.GetProperty("items").EnumerateArray())
                {
                    json.WriteStartObject();
                    if (item.TryGetProperty("duty", out var duty))
                    {
                        json.WritePropertyName("duty");
                        duty.WriteTo(json);
                    }
                    else
                    {
                        var document = item.GetProperty("typedData");
                        var message = document.GetProperty("message");
                        json.WriteString("safe", document.GetProperty("domain").GetProperty("verifyingContract").GetString());
                        json.WriteString("version", item.GetProperty("safeVersion").GetString());
                        foreach (var key in (string[])["to", "value", "data", "operation", "nonce"])
                        {
                            json.WritePropertyName(key);
                            var value = message.GetProperty(key);
                            if (key is "operation" && value.ValueKind == JsonValueKind.String)
                            {
                                json.WriteNumberValue(byte.Parse(value.GetString()!, System.Globalization.CultureInfo.InvariantCulture));
                            }
                            else
                            {
                                value.WriteTo(json);
                            }
                        }
                    }

                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            var request = SigningRequest.FromCompact(buffer.ToArray());
            foreach (var (item, written) in request.Items.Zip(root.GetProperty("items").EnumerateArray()))
            {
                RequireSame(written, name, item.Digest);
            }

            return request;
        }
        catch (Exception problem) when (problem is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or OverflowException or EthereumException)
        {
            throw new ControlException("signing-request-format", ExitCode.BadInput, $"{name} is no request for signatures that can be read: {problem.Message}", "Make it again with 'agijobs change approve ID --export FILE'.", problem);
        }
    }

    /// <summary>The signatures that were written into a file; each stands beside the document that it is over, which must still give the digest beside it.</summary>
    internal static SigningAnswer SignaturesOf(JsonElement root, string name)
    {
        var signatures = new List<ReturnedSignature>();
        foreach (var item in root.GetProperty("items").EnumerateArray())
        {
            RequireSame(item, name, null);
            if (item.TryGetProperty("signature", out var signature) && signature.ValueKind != JsonValueKind.Null)
            {
                signatures.Add(new ReturnedSignature(Bytes32.Parse(item.GetProperty("digest").GetString() ?? ""), null, SigningAnswer.One(item).Signature));
            }
        }

        return signatures.Count > 0
            ? new SigningAnswer(Bytes32.Parse(root.GetProperty("change").GetString() ?? ""), signatures)
            : throw new ControlException("signature-format", ExitCode.BadInput, $"{name} is a request in which no signature stands yet.", "Write the wallet's signature in the place of null.");
    }

    private static void RequireSame(JsonElement item, string name, Bytes32? computed)
    {
        var said = Bytes32.Parse(item.GetProperty("digest").GetString() ?? "");
        var shown = TypedDocument.FromJson(item.GetProperty("typedData").GetRawText()).Digest;
        if (shown != said || (computed is { } own && own != said))
        {
            throw new ControlException("signing-file-altered", ExitCode.Mismatch, $"{name} says that {said} is signed, and its typed data gives {(shown != said ? shown : computed)}: it was altered after it was made.", "Nothing was signed or filed. Make it again with 'agijobs change approve ID --export FILE' and find out who altered it.");
        }
    }
}
