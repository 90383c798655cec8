using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Desired;

/// <summary>One file of the parameter catalogue, such as <c>config/fees.NETWORK.json</c>, read strictly by the keys that the description gives its domain.</summary>
/// <param name="Domain">The domain.</param>
/// <param name="Values">The values that it wants.</param>
/// <param name="Roles">The holders that it wants.</param>
public sealed record CatalogueFile(DomainFile Domain, IReadOnlyList<DesiredValue> Values, IReadOnlyList<DesiredHolders> Roles)
{
    /// <summary>The words that it wants in sets.</summary>
    public IReadOnlyList<DesiredWords> Words { get; init; } = [];

    /// <summary>What it wants recorded.</summary>
    public IReadOnlyList<DesiredRecords> Records { get; init; } = [];

    /// <summary>What was added to it or dropped from it by rule, in words.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>The path of a domain's file within the workspace.</summary>
    public static string PathOf(DomainFile domain, string network) => domain.File.Replace("{network}", network, StringComparison.Ordinal);

    /// <summary>Reads it.</summary>
    /// <exception cref="ControlException">
    /// <c>file-missing</c>, <c>file-format</c>, <c>catalogue-key</c> for a key that the domain does not have or a value of the wrong form; those of a value; <c>word-zero</c>; <c>record-format</c>,
    /// <c>record-negative</c>, <c>record-conflict</c> when two records are of one time and differ.
    /// </exception>
    public static CatalogueFile Read(Workspace workspace, string network, Protocol protocol, DomainFile domain)
    {
        var name = PathOf(domain, network);
        var path = workspace.Locate(name);
        if (!File.Exists(path))
        {
            throw new ControlException("file-missing", ExitCode.BadInput, $"{path} is not there.", $"'agijobs owner apply {domain.Name} --draft' writes it as the chain has it now.");
        }

        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(File.ReadAllBytes(path), Strict);
        }
        catch (JsonException problem)
        {
            throw new ControlException("file-format", ExitCode.BadInput, $"{path}: {problem.Message}", "Correct the file.", problem);
        }

        using (document)
        {
            var flags = domain.Keys.Select(key => key.RetainKey).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
            var found = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
            Collect(document.RootElement, "", found, domain, flags, path);
            var values = new List<DesiredValue>();
            var roles = new List<DesiredHolders>();
            var records = new List<DesiredRecords>();
            var notes = new List<string>();
            foreach (var key in domain.Keys.Where(key => found.ContainsKey(key.Key) && IsPlaced(protocol, key)))
            {
                var source = $"{name}, {key.Key}";
                if (key.Parameter is { } parameter)
                {
                    var value = found[key.Key];
                    values.Add(new DesiredValue(protocol.Parameter(parameter), DesiredState.Value(protocol.Parameter(parameter), value.ValueKind switch
                    {
                        JsonValueKind.Null => null,
                        JsonValueKind.String => value.GetString(),
                        JsonValueKind.Number when protocol.Parameter(parameter).Unit.Name == "count" => value.GetRawText(),
                        _ => throw new ControlException("value-unit", ExitCode.BadInput, $"{path}, {key.Key}: {value.GetRawText()} carries no unit.", $"Write it as text: {protocol.Parameter(parameter).Unit.Form}."),
                    }, source), source));
                }
                else if (key.Records is { } form)
                {
                    records.Add(DesiredRecords.Read(protocol[form.Module], form, found[key.Key], $"{path}, {key.Key}", source, notes));
                }
                else if (key.Role is not null)
                {
                    roles.Add(new DesiredHolders(protocol.Role(key.Role), Accounts(found[key.Key], path, key.Key), Retains(key), source));
                }
            }

            // Sets come last: what belongs to them may follow from values of the file.
            var words = domain.Keys.Where(key => key.Words is not null && IsPlaced(protocol, key))
                .Select(key => DesiredWords.Read(protocol, key, found.TryGetValue(key.Key, out var listed) ? listed : null, values, Retains(key), $"{path}, {key.Key}", $"{name}, {key.Key}", notes)).OfType<DesiredWords>().ToList();
            return new CatalogueFile(domain, values, roles) { Words = words, Records = records, Notes = notes };

            bool Retains(DomainKey key) => key.RetainKey is { } flag && found.TryGetValue(flag, out var retain) && Flag(retain, path, flag);
        }
    }

    /// <summary>The file as it would be if it wanted what the chain has: a point to begin from. What is unknown is left out, and so are sets of words and records.</summary>
    public static byte[] Draft(ProtocolState state, DomainFile domain)
    {
        var root = new JsonObject();
        foreach (var key in domain.Keys.Where(key => IsPlaced(state.Protocol, key)))
        {
            JsonNode? value = null;
            if (key.Words is not null || key.Records is not null)
            {
                continue;
            }

            if (key.Parameter is { } name && state.Protocol.Parameter(name) is { } parameter)
            {
                if (!state.ValueOf(parameter).TryGet(out var known))
                {
                    continue;
                }

                value = parameter.Unit.Name == "address" && known.AsAddress().IsZero ? null : JsonValue.Create(parameter.Unit.Format(known));
            }
            else if (key.Role is { } role)
            {
                if (!state.HoldersOf(state.Protocol.Role(role)).TryGet(out var holders))
                {
                    continue;
                }

                value = new JsonArray([.. holders.Order().Select(holder => (JsonNode)JsonValue.Create(holder.ToString()))]);
            }

            var at = root;
            var parts = key.Key.Split('.');
            foreach (var part in parts[..^1])
            {
                at = (JsonObject)(at[part] ??= new JsonObject());
            }

            at[parts[^1]] = value;
        }

        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            root.WriteTo(writer);
        }

        return [.. buffer.ToArray(), (byte)'\n'];
    }

    // A module that the network does not manage has no values to set.
    private static bool IsPlaced(Protocol protocol, DomainKey key) => protocol.Modules.Any(module => string.Equals(module.Name, (key.Parameter ?? key.Role ?? key.Words?.Module ?? key.Records!.Module).Split('.')[0], StringComparison.Ordinal));

    private static void Collect(JsonElement element, string prefix, Dictionary<string, JsonElement> found, DomainFile domain, List<string> flags, string path)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new ControlException("file-format", ExitCode.BadInput, $"{path}{(prefix.Length == 0 ? "" : $", {prefix.TrimEnd('.')}")} is no object.", "Correct the file.");
        }

        foreach (var member in element.EnumerateObject())
        {
            var key = prefix + member.Name;
            if (prefix.Length == 0 && member.Name is "$schema" or "version")
            {
                continue;
            }

            if (domain.Keys.Any(known => string.Equals(known.Key, key, StringComparison.Ordinal)) || flags.Contains(key, StringComparer.Ordinal))
            {
                found.Add(key, member.Value);
            }
            else if (domain.Keys.Any(known => known.Key.StartsWith(key + ".", StringComparison.Ordinal)))
            {
                Collect(member.Value, key + ".", found, domain, flags, path);
            }
            else
            {
                throw new ControlException("catalogue-key", ExitCode.BadInput, $"{path}: the key '{key}' is unknown. Known are {string.Join(", ", domain.Keys.Select(known => known.Key).Concat(flags))}.", "Correct the key.");
            }
        }
    }

    private static IReadOnlyList<Address> Accounts(JsonElement list, string path, string key)
    {
        if (list.ValueKind != JsonValueKind.Array || list.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.String))
        {
            throw new ControlException("catalogue-key", ExitCode.BadInput, $"{path}, {key}: {list.GetRawText()} is no list of addresses.", "Write addresses in brackets; an empty list revokes all.");
        }

        try
        {
            return [.. list.EnumerateArray().Select(item => Address.Parse(item.GetString()!)).Distinct()];
        }
        catch (EthereumException problem)
        {
            throw new ControlException(problem.Code, ExitCode.BadInput, $"{path}, {key}: {problem.Message}", "Correct the address.", problem);
        }
    }

    private static bool Flag(JsonElement flag, string path, string key) => flag.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw new ControlException("catalogue-key", ExitCode.BadInput, $"{path}, {key}: {flag.GetRawText()} is neither true nor false.", "Write true or false."),
    };
}
