using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Safes;

namespace AgiJobs.Response.Detectors.Import;

/// <summary>A file to import.</summary>
/// <param name="Name">What it is called in messages.</param>
/// <param name="Content">Its bytes.</param>
public sealed record ImportFile(string Name, ReadOnlyMemory<byte> Content);

/// <summary>What was not carried over as it stood.</summary>
/// <param name="Code">A stable code, kebab case.</param>
/// <param name="File">The file.</param>
/// <param name="Place">What in it: a monitor's name and a signature.</param>
/// <param name="Message">What is otherwise now.</param>
public sealed record ImportWarning(string Code, string File, string Place, string Message);

/// <summary>What files came to.</summary>
/// <param name="Rules">The rules; they compile.</param>
/// <param name="Warnings">What was not carried over as it stood.</param>
public sealed record ImportResult(MonitoringRulesFile Rules, IReadOnlyList<ImportWarning> Warnings);

/// <summary>
/// Makes rules of the files of OpenZeppelin Monitor (monitors, networks, triggers) and of Defender Sentinels. What has no counterpart here makes a rule wider, never narrower, and is warned of; an unknown key is refused, because
/// nobody knows what it would have narrowed.
/// </summary>
/// <param name="ground">The network that they are for.</param>
public sealed partial class RuleImport(RuleGround ground)
{
    private readonly List<ImportWarning> _warnings = [];
    private readonly List<MonitoringRule> _rules = [];
    private readonly Dictionary<string, (ulong Chain, int Confirmations)> _networks = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _triggers = new(StringComparer.Ordinal);
    private readonly HashSet<(Address Address, string Event)> _watched = [];

    /// <summary>Imports files; once for each instance.</summary>
    /// <param name="files">The files, of any of the kinds, in any order.</param>
    /// <param name="addresses">What the placeholders <c>{{NAME}}</c> of Sentinels stand for.</param>
    /// <exception cref="ControlException">
    /// <c>import-format</c> for what is no JSON or none of these files, <c>import-unknown-key</c>, <c>import-value</c>, <c>import-placeholder</c> when no address is given for one, <c>import-empty</c>.
    /// </exception>
    public ImportResult Run(IReadOnlyList<ImportFile> files, IReadOnlyDictionary<string, string> addresses)
    {
        ArgumentNullException.ThrowIfNull(files);
        var documents = files.Select(file => (file.Name, Root: Parse(file))).ToList();
        foreach (var (name, root) in documents.Where(file => Has(file.Root, "network_type")))
        {
            Network(name, root);
        }

        foreach (var (name, root) in documents.Where(file => IsTriggers(file.Root)))
        {
            Triggers(name, root);
        }

        foreach (var (name, root) in documents.Where(file => !Has(file.Root, "network_type") && !IsTriggers(file.Root)))
        {
            if (Has(root, "match_conditions"))
            {
                Monitor(name, root);
            }
            else if (Has(root, "conditions"))
            {
                Sentinel(name, root, addresses);
            }
            else
            {
                throw new ControlException("import-format", ExitCode.BadInput, $"{name} is neither a monitor, network or trigger file of OpenZeppelin Monitor nor a Defender Sentinel.", "A monitor has match_conditions, a network network_type, a trigger trigger_type, a Sentinel conditions.");
            }
        }

        if (_rules.Count == 0)
        {
            throw new ControlException("import-empty", ExitCode.BadInput, $"{string.Join(", ", files.Select(file => file.Name))}: there is no monitor and no Sentinel among the files.", "Name those as well.");
        }

        WarnOfUnwatched(documents[0].Name);
        return new ImportResult(new MonitoringRulesFile { Version = 1, Rules = [.. _rules] }, _warnings);
    }

    private void Network(string file, JsonElement root)
    {
        Known(file, root, "network_type", "slug", "name", "rpc_urls", "chain_id", "network_passphrase", "block_time_ms", "confirmation_blocks", "cron_schedule", "max_past_blocks", "store_blocks", "recovery_config");
        if (!string.Equals(Text(file, root, "network_type"), "EVM", StringComparison.OrdinalIgnoreCase))
        {
            throw Value(file, "network_type", "only EVM networks are watched here");
        }

        foreach (var rpc in List(file, root, "rpc_urls"))
        {
            Known(file, rpc, "type_", "url", "weight");
            Secret(file, rpc, "url");
        }

        if (root.TryGetProperty("recovery_config", out var recovery) && recovery.ValueKind == JsonValueKind.Object)
        {
            Known(file, recovery, "enabled", "cron_schedule", "max_blocks_per_run", "max_block_age", "max_retries", "retry_delay_ms");
        }

        _networks[Text(file, root, "slug")] = (Number(file, root, "chain_id") ?? throw Value(file, "chain_id", "it is missing"), (int)Math.Min(10_000, Number(file, root, "confirmation_blocks") ?? 0));
        _warnings.Add(new ImportWarning("import-network", file, Text(file, root, "slug"), "its nodes, pace and recovery are not taken over: those of config/networks count, and no block is ever skipped here."));
    }

    private void Triggers(string file, JsonElement root)
    {
        foreach (var trigger in root.EnumerateObject())
        {
            Known(file, trigger.Value, "name", "trigger_type", "config");
            var kind = Text(file, trigger.Value, "trigger_type").ToLowerInvariant();
            if (kind is not ("slack" or "discord" or "email" or "telegram" or "webhook" or "script" or "pagerduty"))
            {
                throw Value(file, $"{trigger.Name}.trigger_type", $"'{ValueText.Clean(kind)}' is no kind of trigger");
            }

            _triggers[trigger.Name] = kind;
            _warnings.Add(new ImportWarning("import-trigger", file, trigger.Name, $"a channel of the kind {kind} is no rule: name it in config/oncall.json."));
        }
    }

    private void Monitor(string file, JsonElement root)
    {
        Known(file, root, "name", "paused", "networks", "addresses", "match_conditions", "trigger_conditions", "triggers", "chain_configurations");
        var name = Text(file, root, "name");
        var confirmations = 0;
        foreach (var slug in List(file, root, "networks").Select(item => item.GetString() ?? ""))
        {
            if (!_networks.TryGetValue(slug, out var network))
            {
                _warnings.Add(new ImportWarning("import-network", file, name, $"nothing says which chain '{ValueText.Clean(slug)}' is: it is taken for {ground.Network}, chain {ground.ChainId}, with no confirmations."));
            }
            else if (network.Chain != ground.ChainId.Value)
            {
                _warnings.Add(new ImportWarning("import-network", file, name, $"it watches '{slug}', chain {network.Chain}, too, and these rules are for {ground.Network}, chain {ground.ChainId}."));
            }
            else
            {
                confirmations = network.Confirmations;
            }
        }

        var targets = new List<(Address Address, ContractAbi? Abi)>();
        foreach (var entry in List(file, root, "addresses"))
        {
            Known(file, entry, "address", "contract_spec");
            targets.Add((Account(file, Text(file, entry, "address")), entry.TryGetProperty("contract_spec", out var spec) && spec.ValueKind == JsonValueKind.Array ? Abi(file, spec) : null));
        }

        var conditions = root.GetProperty("match_conditions");
        Known(file, conditions, "functions", "events", "transactions");
        RequireTargets(file, name, targets.Count);
        var notes = new List<string> { $"Imported from the OpenZeppelin monitor '{ValueText.Clean(name)}'." };
        foreach (var script in List(file, root, "trigger_conditions"))
        {
            Known(file, script, "script_path", "language", "arguments", "timeout_ms");
            var path = Text(file, script, "script_path");
            notes.Add($"The script {ValueText.Clean(path)} narrowed it and does so no more.");
            _warnings.Add(new ImportWarning("import-script", file, name, $"the script '{ValueText.Clean(path)}' cannot be carried over: the rules fire without it, more often than before. Write what it does as 'where'."));
        }

        if (List(file, root, "triggers").Select(item => ValueText.Clean(item.GetString() ?? "")).ToList() is { Count: > 0 } triggers)
        {
            notes.Add($"It told {string.Join(", ", triggers.Select(trigger => _triggers.TryGetValue(trigger, out var kind) ? $"{trigger} ({kind})" : trigger))}.");
        }

        var frame = new Frame(file, name, targets, string.Join(' ', notes), confirmations, root.TryGetProperty("paused", out var paused) && paused.ValueKind == JsonValueKind.True, "SEV-2");
        var transactions = List(file, conditions, "transactions").Select(entry => Transaction(file, entry)).ToList();
        var (status, filter) = Joined(frame, transactions);
        var any = false;
        foreach (var entry in List(file, conditions, "events"))
        {
            any = true;
            Known(file, entry, "signature", "expression");
            if (status == "failure")
            {
                _warnings.Add(new ImportWarning("import-condition", file, name, $"{Text(file, entry, "signature")} of a failed transaction is never logged: no rule was made of it."));
                continue;
            }

            AddEvent(frame, Text(file, entry, "signature"), And(Expression(entry), filter));
        }

        foreach (var entry in List(file, conditions, "functions"))
        {
            any = true;
            Known(file, entry, "signature", "expression");
            AddCall(frame, Text(file, entry, "signature"), status, And(Expression(entry), filter));
        }

        if (!any)
        {
            AddCall(frame, null, status, filter);
        }
    }

    private void Sentinel(string file, JsonElement root, IReadOnlyDictionary<string, string> addresses)
    {
        Known(file, root, "$schema", "name", "type", "network", "addresses", "abi", "conditions", "notes", "paused", "confirmLevel", "description");
        var name = Text(file, root, "name");
        if (!string.Equals(Text(file, root, "type"), "BLOCK_EVENT", StringComparison.OrdinalIgnoreCase) && !string.Equals(Text(file, root, "type"), "BLOCK", StringComparison.OrdinalIgnoreCase))
        {
            throw Value(file, "type", $"'{ValueText.Clean(Text(file, root, "type"))}' is no Sentinel of blocks");
        }

        if (root.TryGetProperty("network", out var network) && network.GetString() is { } slug && slug.ToLowerInvariant() switch { "mainnet" => 1UL, "sepolia" => 11_155_111UL, "base" => 8453UL, "optimism" => 10UL, "arbitrum" => 42_161UL, "polygon" or "matic" => 137UL, _ => 0UL } is var chain && chain != ground.ChainId.Value)
        {
            _warnings.Add(new ImportWarning("import-network", file, name, $"it is for '{ValueText.Clean(slug)}', and these rules are for {ground.Network}, chain {ground.ChainId}."));
        }

        var abi = root.TryGetProperty("abi", out var spec) ? spec.ValueKind == JsonValueKind.String ? AbiOf(file, spec.GetString()!) : Abi(file, spec) : null;
        var targets = List(file, root, "addresses").Select(entry => Resolve(file, entry.GetString() ?? "", addresses)).Select(address => (address, abi)).ToList();
        RequireTargets(file, name, targets.Count);
        var conditions = List(file, root, "conditions");
        if (conditions.Count == 0)
        {
            throw Value(file, "conditions", $"'{ValueText.Clean(name)}' has none, so that no rule would be made of it");
        }

        foreach (var condition in conditions)
        {
            Known(file, condition, "event", "function", "expression", "severity", "notificationChannels", "notes");
            if (Has(condition, "event") && Has(condition, "function"))
            {
                throw Value(file, "conditions", $"a condition of '{ValueText.Clean(name)}' has an event and a function, and one of them would be watched by nothing: write two conditions");
            }

            var severity = (condition.TryGetProperty("severity", out var word) ? word.GetString() ?? "" : "MEDIUM").ToUpperInvariant() switch
            {
                "CRITICAL" => "SEV-0",
                "HIGH" => "SEV-1",
                "MEDIUM" => "SEV-2",
                "LOW" or "INFO" => "SEV-3",
                _ => throw Value(file, "severity", $"'{ValueText.Clean(word.ToString())}' is none of CRITICAL, HIGH, MEDIUM and LOW"),
            };
            var channels = List(file, condition, "notificationChannels").Select(item => ValueText.Clean(item.GetString() ?? "")).ToList();
            var notes = condition.TryGetProperty("notes", out var told) ? ValueText.Clean(told.GetString() ?? "") : "";
            var frame = new Frame(file, name, targets, $"{(notes.Length == 0 ? "" : notes + " ")}Imported from the Defender Sentinel '{ValueText.Clean(name)}'.{(channels.Count == 0 ? "" : $" It told {string.Join(", ", channels)}.")}", 0, root.TryGetProperty("paused", out var paused) && paused.ValueKind == JsonValueKind.True, severity);
            if (channels.Count > 0)
            {
                _warnings.Add(new ImportWarning("import-trigger", file, name, $"the channels {string.Join(", ", channels)} are no rule: name them in config/oncall.json."));
            }

            var where = Expression(condition)?.Replace("&&", " AND ", StringComparison.Ordinal).Replace("||", " OR ", StringComparison.Ordinal);
            if (condition.TryGetProperty("function", out var function))
            {
                AddCall(frame, function.GetString() ?? "", null, where);
            }
            else
            {
                AddEvent(frame, Text(file, condition, "event"), where);
            }
        }
    }

    // What watches nothing, or everything, is no rule here.
    private static void RequireTargets(string file, string name, int targets)
    {
        if (targets == 0)
        {
            throw Value(file, "addresses", $"'{ValueText.Clean(name)}' names no contract, so that no rule would be made of it: name those that it is to watch");
        }
    }

    private void AddEvent(Frame frame, string signature, string? where)
    {
        foreach (var (address, given) in frame.Targets)
        {
            var wanted = Read(frame.File, signature, text => AbiEvent.Parse(text));
            var module = ground.Protocol.At(address);
            var onChain = module?.Abi.Events.FirstOrDefault(one => string.Equals(one.Signature, wanted.Signature, StringComparison.Ordinal)) ?? (address == ground.Safe ? SafeAbi.Safe.Events.FirstOrDefault(one => string.Equals(one.Signature, wanted.Signature, StringComparison.Ordinal)) : null);
            var written = given?.Events.FirstOrDefault(one => string.Equals(one.Signature, wanted.Signature, StringComparison.Ordinal));
            if (module is not null && onChain is null)
            {
                _warnings.Add(new ImportWarning("import-event-unknown", frame.File, $"{frame.Name}, {signature}", $"{module.Name} has no such event: it would never fire, and no rule was made of it."));
                continue;
            }

            if (onChain is not null && written is not null && onChain.ToString() is var truth && !onChain.Inputs.Select(input => input.Indexed).SequenceEqual(written.Inputs.Select(input => input.Indexed)))
            {
                _warnings.Add(new ImportWarning("import-indexed", frame.File, $"{frame.Name}, {signature}", $"its ABI says '{written}', and {module?.Name ?? "the Safe"} logs '{truth}': its conditions never saw the arguments. Here they do."));
            }

            _watched.Add((address, wanted.Signature));
            var known = onChain ?? written ?? wanted;
            Add(frame, module?.Name ?? address.ToString(), known.Name, where, text => new MonitoringRule
            {
                Name = "",
                Severity = frame.Severity,
                Title = "{module}: {event} ({arguments})",
                Event = new EventSelectorFile
                {
                    Modules = module is null ? [] : [module.Name],
                    Addresses = module is null ? [address.ToString()] : [],
                    Abi = module is null && address != ground.Safe ? [known.ToString()] : [],
                    Events = [wanted.Signature],
                    Where = text,
                },
            });
        }
    }

    private void AddCall(Frame frame, string? signature, string? status, string? where)
    {
        foreach (var (address, given) in frame.Targets)
        {
            var module = ground.Protocol.At(address);
            var wanted = signature is null ? null : Read(frame.File, signature, text => AbiFunction.Parse(text));
            if (wanted is not null && module is not null && !module.Abi.Functions.Any(one => string.Equals(one.Signature, wanted.Signature, StringComparison.Ordinal)))
            {
                _warnings.Add(new ImportWarning("import-function-unknown", frame.File, $"{frame.Name}, {signature}", $"{module.Name} has no such function: it would never fire, and no rule was made of it."));
                continue;
            }

            var known = wanted is null ? null : given?.Functions.FirstOrDefault(one => string.Equals(one.Signature, wanted.Signature, StringComparison.Ordinal)) ?? wanted;
            Add(frame, module?.Name ?? address.ToString(), wanted?.Name ?? "transaction", where, text => new MonitoringRule
            {
                Name = "",
                Severity = frame.Severity,
                Title = "{module}: {sender} called {function} ({arguments}), {status}",
                Call = new CallRuleFile
                {
                    Modules = module is null ? [] : [module.Name],
                    Addresses = module is null ? [address.ToString()] : [],
                    Abi = module is null && address != ground.Safe ? [known?.ToString() ?? "function unknown()"] : [],
                    Functions = wanted is null ? [] : [wanted.Signature],
                    Status = status,
                    Where = text,
                },
            });
        }
    }

    // A rule whose condition means nothing here keeps watching without it.
    private void Add(Frame frame, string subject, string what, string? where, Func<string?, MonitoringRule> make)
    {
        var rule = Named(make(where), frame, subject, what);
        var problems = Compile(rule);
        if (problems.Count > 0 && where is not null)
        {
            _warnings.Add(new ImportWarning("import-condition", frame.File, $"{frame.Name}, {what}", $"the condition '{ValueText.Clean(where)}' cannot be carried over ({problems[0].Message.TrimEnd('.')}): the rule fires without it, more often than before."));
            rule = Named(make(null), frame with { Note = $"{frame.Note} Its condition '{ValueText.Clean(where)}' could not be carried over." }, subject, what);
            problems = Compile(rule);
        }

        if (problems.Count > 0)
        {
            throw new ControlException("import-value", ExitCode.BadInput, $"{frame.File}, {frame.Name}, {what}: {problems[0].Message}", problems[0].Mend);
        }

        _rules.Add(rule);
    }

    private IReadOnlyList<RuleProblem> Compile(MonitoringRule rule) => new RuleCompiler(ground).Check([new RuleSource("import", 0, rule)]).Problems;

    private MonitoringRule Named(MonitoringRule rule, Frame frame, string subject, string what)
    {
        var stem = NotKebab().Replace($"{frame.Name}-{subject}-{what}".ToLowerInvariant(), "-").Trim('-');
        stem = stem.Length == 0 || !char.IsAsciiLetterLower(stem[0]) ? $"imported-{stem}" : stem;
        stem = stem[..Math.Min(stem.Length, 70)].TrimEnd('-');
        var name = stem;
        for (var number = 2; _rules.Exists(other => string.Equals(other.Name, name, StringComparison.Ordinal)); number++)
        {
            name = string.Create(CultureInfo.InvariantCulture, $"{stem}-{number}");
        }

        return rule with { Name = name, Note = frame.Note, Confirmations = frame.Confirmations, Disabled = frame.Paused };
    }

    // Trap 4: what one module is watched for and another has as well.
    private void WarnOfUnwatched(string file)
    {
        foreach (var group in _watched.Where(entry => ground.Protocol.At(entry.Address) is not null).GroupBy(entry => entry.Event, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            var missing = ground.Protocol.Modules.Where(module => !group.Any(entry => entry.Address == module.Address) && module.Abi.Events.Any(one => string.Equals(one.Signature, group.Key, StringComparison.Ordinal))).Select(module => module.Name).ToList();
            if (missing.Count > 0)
            {
                _warnings.Add(new ImportWarning("import-unwatched", file, group.Key, $"{string.Join(", ", missing)} {(missing.Count == 1 ? "has" : "have")} it too, and no imported rule watches {(missing.Count == 1 ? "it" : "them")}: leave 'modules' out to watch every one."));
            }
        }
    }

    private static (string? Status, string? Where) Transaction(string file, JsonElement entry)
    {
        Known(file, entry, "status", "expression");
        var status = entry.TryGetProperty("status", out var word) ? (word.GetString() ?? "").ToLowerInvariant() : "any";
        return status is "any" or "success" or "failure" ? (status == "any" ? null : status, Expression(entry)) : throw Value(file, "status", $"'{ValueText.Clean(status)}' is none of Any, Success and Failure");
    }

    // Any of several conditions is enough.
    private (string? Status, string? Where) Joined(Frame frame, List<(string? Status, string? Where)> transactions)
    {
        if (transactions.Count == 0)
        {
            return (null, null);
        }

        var status = transactions.Select(entry => entry.Status).Distinct(StringComparer.Ordinal).ToList();
        if (status.Count > 1)
        {
            _warnings.Add(new ImportWarning("import-condition", frame.File, frame.Name, "its transaction conditions ask for several outcomes: the rules fire for any."));
        }

        if (transactions.Exists(entry => entry.Where is null))
        {
            return (status.Count > 1 ? null : status[0], null);
        }

        var parts = new List<string>();
        foreach (var where in transactions.Select(entry => entry.Where!))
        {
            if (Unknown().IsMatch(where))
            {
                _warnings.Add(new ImportWarning("import-condition", frame.File, frame.Name, $"the transaction condition '{ValueText.Clean(where)}' asks for what is not read here: the rules fire without it, more often than before."));
                return (status.Count > 1 ? null : status[0], null);
            }

            parts.Add($"({Words().Replace(where, match => match.Groups["word"].Success ? match.Groups["word"].Value.ToLowerInvariant() switch { "gas_limit" => "tx.gas", var word => $"tx.{word}" } : match.Value)})");
        }

        return (status.Count > 1 ? null : status[0], string.Join(" OR ", parts));
    }

    private static string? And(string? one, string? other) => one is null ? other : other is null ? one : $"({one}) AND ({other})";

    private static string? Expression(JsonElement entry) =>
        entry.TryGetProperty("expression", out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { } text && text.Trim() is { Length: > 0 } and not "true" ? text : null;

    private static Address Resolve(string file, string text, IReadOnlyDictionary<string, string> addresses)
    {
        if (text.StartsWith("{{", StringComparison.Ordinal) && text.EndsWith("}}", StringComparison.Ordinal))
        {
            var name = text[2..^2].Trim();
            return addresses.TryGetValue(name, out var known)
                ? Account(file, known)
                : throw new ControlException("import-placeholder", ExitCode.BadInput, $"{file} uses {{{{{ValueText.Clean(name)}}}}}, which the address map does not have.", $"Add \"{ValueText.Clean(name)}\": \"0x...\" to the file of --address-map.");
        }

        return Account(file, text);
    }

    private static Address Account(string file, string text) =>
        Address.TryParse(text, out var address) || (text.Length == 42 && string.Equals(text, text.ToLowerInvariant(), StringComparison.Ordinal) && Address.TryParse(text, out address)) ? address : throw Value(file, "addresses", $"'{ValueText.Clean(text)}' is no address");

    private static ContractAbi Abi(string file, JsonElement spec)
    {
        if (spec.ValueKind == JsonValueKind.Array && spec.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String))
        {
            return Read(file, "the ABI", _ => ContractAbi.FromHumanReadable([.. spec.EnumerateArray().Select(item => item.GetString()!)]));
        }

        return AbiOf(file, spec.GetRawText());
    }

    private static ContractAbi AbiOf(string file, string json) => Read(file, "the ABI", _ => ContractAbi.FromJson(json));

    private static T Read<T>(string file, string text, Func<string, T> read)
    {
        try
        {
            return read(text);
        }
        catch (EthereumException problem)
        {
            throw new ControlException("import-value", ExitCode.BadInput, $"{file}: {ValueText.Clean(text)}: {problem.Message}", "Correct the signature or the ABI.", problem);
        }
    }

    private static JsonElement Parse(ImportFile file)
    {
        try
        {
            using var document = JsonDocument.Parse(file.Content, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : throw new JsonException("it is no object");
        }
        catch (JsonException problem)
        {
            throw new ControlException("import-format", ExitCode.BadInput, $"{file.Name} is no JSON object: {problem.Message}", "Name files as OpenZeppelin Monitor or Defender has them.", problem);
        }
    }

    private static bool Has(JsonElement root, string key) => root.TryGetProperty(key, out _);

    private static bool IsTriggers(JsonElement root) => root.EnumerateObject().Any() && root.EnumerateObject().All(entry => entry.Value.ValueKind == JsonValueKind.Object && Has(entry.Value, "trigger_type"));

    private static void Known(string file, JsonElement element, params ReadOnlySpan<string> keys)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw Value(file, "", $"an object with {string.Join(", ", keys.ToArray())} was expected");
        }

        foreach (var entry in element.EnumerateObject())
        {
            if (!keys.Contains(entry.Name))
            {
                throw new ControlException("import-unknown-key", ExitCode.BadInput, $"{file}: the key '{ValueText.Clean(entry.Name)}' is unknown. Known here: {string.Join(", ", keys.ToArray())}.", "Remove it when it narrows nothing; otherwise the rule would be wider without a word.");
            }
        }
    }

    private static void Secret(string file, JsonElement element, string key)
    {
        if (element.TryGetProperty(key, out var secret) && secret.ValueKind == JsonValueKind.Object)
        {
            Known(file, secret, "type", "value");
            if (Text(file, secret, "type").ToLowerInvariant() is not ("plain" or "environment" or "hashicorpcloudvault"))
            {
                throw Value(file, $"{key}.type", "it is none of Plain, Environment and HashicorpCloudVault");
            }
        }
    }

    private static string Text(string file, JsonElement element, string key) =>
        element.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Value(file, key, "a text was expected");

    private static ulong? Number(string file, JsonElement element, string key) =>
        !element.TryGetProperty(key, out var value) ? null : value.ValueKind == JsonValueKind.Number && value.TryGetUInt64(out var number) ? number : throw Value(file, key, "a whole number was expected");

    private static List<JsonElement> List(string file, JsonElement element, string key) =>
        !element.TryGetProperty(key, out var value) || value.ValueKind == JsonValueKind.Null ? [] : value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : throw Value(file, key, "a list was expected");

    private static ControlException Value(string file, string key, string why) =>
        new("import-value", ExitCode.BadInput, $"{file}{(key.Length == 0 ? "" : $", at {key}")}: {why}.", "Correct the file; nothing was written.");

    [GeneratedRegex("[^a-z0-9]+", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NotKebab();

    [GeneratedRegex("'[^']*'|\"[^\"]*\"|(?<![.\\w])(?<word>value|from|to|nonce|input|gas_limit)\\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Words();

    [GeneratedRegex("\\b(hash|gas_price|gas_used|max_fee_per_gas|max_priority_fee_per_gas|transaction_index)\\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Unknown();

    private sealed record Frame(string File, string Name, IReadOnlyList<(Address Address, ContractAbi? Abi)> Targets, string Note, int Confirmations, bool Paused, string Severity);
}
