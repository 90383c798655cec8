using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Deployment.Upgrades;

/// <summary>What a block explorer needs to compile a contract again and to compare. Source: the compiler's standard JSON input and metadata (docs.soliditylang.org).</summary>
public static class ExplorerInput
{
    /// <summary>The compiler's standard JSON input, beside the change.</summary>
    public const string FileName = "verification-input.json";

    /// <summary>What goes with it: name, compiler, constructor arguments.</summary>
    public const string FormName = "verification-form.json";

    /// <summary>The standard JSON input of a compiled contract: its metadata's settings with the sources that it names, each with the hash that the compiler saw.</summary>
    /// <param name="artefactPath">The artefact; sources are looked for in the folders above it, or in the input that ships beside it.</param>
    /// <param name="why">Why there is none; null when there is.</param>
    public static byte[]? Of(string artefactPath, out string? why)
    {
        try
        {
            if (JsonNode.Parse(File.ReadAllBytes(artefactPath)) is not JsonObject artefact || Metadata(artefact) is not { } metadata)
            {
                why = $"{artefactPath} holds no metadata of the compiler";
                return null;
            }

            var shipped = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(artefactPath))!, "input", Path.GetFileName(artefactPath));
            var contents = File.Exists(shipped) ? JsonNode.Parse(File.ReadAllBytes(shipped))?["sources"]?.AsObject() : null;
            var sources = new JsonObject();
            foreach (var (path, described) in metadata["sources"]!.AsObject())
            {
                var wanted = Bytes32.Parse((string)described!["keccak256"]!);
                var content = (contents?[path]?["content"] is JsonValue text ? (string?)text : null) ?? (described["content"] is JsonValue literal ? (string?)literal : null) ?? Above(artefactPath, path);
                if (content is null || Keccak256.Hash(System.Text.Encoding.UTF8.GetBytes(content)) != wanted)
                {
                    why = content is null ? $"the source {path} was not found above {artefactPath}" : $"the source {path} is not the one that was compiled";
                    return null;
                }

                sources[path] = new JsonObject { ["content"] = content };
            }

            var settings = metadata["settings"]!.DeepClone().AsObject();
            settings.Remove("compilationTarget");
            settings["libraries"] = new JsonObject();
            settings["outputSelection"] = new JsonObject { ["*"] = new JsonObject { ["*"] = new JsonArray("abi", "evm.bytecode", "evm.deployedBytecode", "metadata") } };
            why = null;
            return Bytes(new JsonObject { ["language"] = "Solidity", ["sources"] = sources, ["settings"] = settings });
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException or NullReferenceException or EthereumException or FormatException)
        {
            why = problem.Message;
            return null;
        }
    }

    /// <summary>What an explorer's form asks for besides.</summary>
    public static byte[] Form(string artefactPath, ChainId chain, PredictedContract contract, ReadOnlyMemory<byte> creationCode)
    {
        ArgumentNullException.ThrowIfNull(contract);
        var metadata = JsonNode.Parse(File.ReadAllBytes(artefactPath)) is JsonObject artefact ? Metadata(artefact) : null;
        var target = metadata?["settings"]?["compilationTarget"]?.AsObject().FirstOrDefault();
        return Bytes(new JsonObject
        {
            ["chainId"] = chain.Value,
            ["address"] = contract.Address.ToString(),
            ["contract"] = target is { Key: { } file } named ? $"{file}:{(string?)named.Value}" : null,
            ["compiler"] = metadata?["compiler"]?["version"] is JsonValue version ? $"v{(string?)version}" : null,
            ["constructorArguments"] = Hex.Encode(contract.InitCode.Span[creationCode.Length..]),
            ["factory"] = PredictedContract.Factory.Address.ToString(),
            ["salt"] = contract.Salt.ToString(),
            ["initCodeHash"] = Keccak256.Hash(contract.InitCode.Span).ToString(),
            ["codeHash"] = contract.CodeHash.ToString(),
        });
    }

    private static JsonObject? Metadata(JsonObject artefact) => artefact["metadata"] switch
    {
        JsonObject parsed => parsed,
        JsonValue text when text.TryGetValue<string>(out var raw) && raw.Length > 0 => JsonNode.Parse(raw) as JsonObject,
        _ => null,
    };

    private static string? Above(string artefactPath, string source)
    {
        for (var folder = Path.GetDirectoryName(Path.GetFullPath(artefactPath)); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (Path.Combine(folder, source) is var path && File.Exists(path))
            {
                return File.ReadAllText(path);
            }
        }

        return null;
    }

    private static byte[] Bytes(JsonObject node)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            node.WriteTo(writer);
        }

        buffer.WriteByte((byte)'\n');
        return buffer.ToArray();
    }
}
