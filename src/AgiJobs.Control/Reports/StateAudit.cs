using System.Buffers;
using System.Globalization;
using System.Text.Json;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Drift;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Control.Reports;

/// <summary>Whether the record explains a transaction.</summary>
public enum AuditVerdict
{
    /// <summary>A change on file was sent with it.</summary>
    Explained,

    /// <summary>It belongs to the first deployment: sent by whoever put the modules on the chain, before anybody else acted on them, or the hand-over of ownership from him.</summary>
    Deployment,

    /// <summary>No change on file was behind it.</summary>
    Unexplained,

    /// <summary>The node does not say who sent it.</summary>
    Unknown,
}

/// <summary>A transaction that touched roles, parameters, links or pauses of managed modules.</summary>
/// <param name="Hash">The transaction.</param>
/// <param name="Block">Its block.</param>
/// <param name="From">Who sent it; null when that is unknown.</param>
/// <param name="Events">Its events, decoded.</param>
/// <param name="Change">The change that it was sent for; null when none was.</param>
/// <param name="Verdict">Whether the record explains it.</param>
public sealed record AuditedTransaction(Bytes32 Hash, BlockNumber Block, Address? From, IReadOnlyList<string> Events, string? Change, AuditVerdict Verdict);

/// <summary>Something of the record that somebody has to look at.</summary>
/// <param name="Code">A stable identifier in kebab case.</param>
/// <param name="Exit">3 for what is to be looked at, 6 for what does not match, 5 for what could not be read.</param>
/// <param name="Change">The change that it is about; null when it is about none.</param>
/// <param name="Message">What exactly.</param>
public sealed record RecordFinding(string Code, ExitCode Exit, string? Change, string Message);

/// <summary>Whether the record (changes, approvals, receipts) explains what happened to roles, parameters, links and pauses. Immutable.</summary>
/// <param name="First">The first block that was looked at.</param>
/// <param name="Last">The last.</param>
/// <param name="Transactions">The transactions that touched them, in order.</param>
/// <param name="Findings">What is missing in the record, or does not match the chain.</param>
/// <param name="ApprovalsManaged">False when the network has no policy, so that nothing says who had to approve.</param>
/// <param name="Changes">How many changes were looked at.</param>
public sealed record StateAudit(ulong First, ulong Last, IReadOnlyList<AuditedTransaction> Transactions, IReadOnlyList<RecordFinding> Findings, bool ApprovalsManaged, int Changes)
{
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    private static readonly string[] AlwaysTold =
    [
        "OwnershipTransferred(address,address)", "OwnershipTransferStarted(address,address)", "RoleGranted(bytes32,address,address)", "RoleRevoked(bytes32,address,address)",
        "RoleAdminChanged(bytes32,bytes32,bytes32)", "Paused(address)", "Unpaused(address)", "Upgraded(address)", "AdminChanged(address,address)", "BeaconUpgraded(address)",
    ];

    /// <summary>6 when record and chain disagree, 5 when something could not be read, 3 when something is unexplained or missing, else 0.</summary>
    public ExitCode Exit =>
        Findings.Any(finding => finding.Exit == ExitCode.Mismatch) ? ExitCode.Mismatch
        : Findings.Any(finding => finding.Exit == ExitCode.Unknown) || Count(AuditVerdict.Unknown) > 0 ? ExitCode.Unknown
        : Findings.Count > 0 || Count(AuditVerdict.Unexplained) > 0 ? ExitCode.Findings
        : ExitCode.Clean;

    /// <summary>How many transactions have this verdict.</summary>
    public int Count(AuditVerdict verdict) => Transactions.Count(transaction => transaction.Verdict == verdict);

    /// <summary>Looks at everything from a block to the observed one.</summary>
    /// <param name="client">The chain.</param>
    /// <param name="workspace">The record.</param>
    /// <param name="report">The observation.</param>
    /// <param name="executed">What was sent for changes.</param>
    /// <param name="survey">The changes on file.</param>
    /// <param name="policy">The network's policy; null when approvals are not managed.</param>
    /// <param name="since">The first block of each module.</param>
    /// <param name="onProgress">Told how far it has come.</param>
    /// <param name="cancellation">Stops.</param>
    /// <exception cref="EthereumException">When the node gives no logs; <c>rpc-wrong-chain</c>.</exception>
    public static async Task<StateAudit> RunAsync(
        EthereumClient client, Workspace workspace, DriftReport report, ExecutedState executed, IReadOnlyList<SurveyedChange> survey, ApprovalPolicy? policy, Func<Module, ulong> since, Action<string>? onProgress, CancellationToken cancellation)
    {
        var protocol = report.State.Protocol;
        var first = protocol.Modules.Min(since);
        var logs = await new LogHistory(client) { OnProgress = onProgress }.ReadAsync([.. protocol.Modules.Select(module => module.Address)], first, report.State.Block.Value, cancellation).ConfigureAwait(false);
        logs = [.. logs.Where(log => log.BlockNumber!.Value.Value >= since(protocol.At(log.Address)!))];
        var told = protocol.Modules.ToDictionary(module => module.Address, Told);
        var touching = logs.Where(log => log.Topics is [var topic, ..] && told[log.Address].Contains(topic)).GroupBy(log => log.TransactionHash!.Value).ToList();
        var births = first == 0 || protocol.Modules.All(module => since(module) > 0) ? logs.GroupBy(log => log.Address).Select(group => group.First().TransactionHash!.Value).ToHashSet() : [];

        var changes = survey.Select(entry => entry.Change).OfType<FiledChange>().Where(change => string.Equals(change.Document.Network, report.Network, StringComparison.Ordinal) && change.Document.ChainId == report.State.ChainId).ToList();
        var filed = FiledReceipts(workspace, report.Network);
        var asked = executed.Transactions.Keys.Concat(filed.Keys).Distinct().Order().ToList();
        var batch = client.NewBatch();
        var senders = touching.Select(group => group.Key).Concat(births).Distinct().ToDictionary(hash => hash, hash => batch.Add(EthRequests.Transaction(hash)));
        var receipts = asked.ToDictionary(hash => hash, hash => batch.Add(EthRequests.Receipt(hash)));
        if (batch.Count > 0)
        {
            await batch.SendAsync(cancellation).ConfigureAwait(false);
        }

        var creators = births.Select(hash => senders[hash].TryGet(out var sent) ? sent?.From : null).OfType<Address>().ToHashSet();
        var transactions = new List<AuditedTransaction>();
        var deploying = true;
        foreach (var group in touching)
        {
            var change = executed.Transactions.GetValueOrDefault(group.Key);
            var from = senders[group.Key].TryGet(out var sent) ? sent?.From : null;
            var handOver = group.All(log => IsHandOver(protocol.At(log.Address)!, log, creators));
            deploying &= change is null && (handOver || (from is { } sender && creators.Contains(sender)));
            transactions.Add(new AuditedTransaction(
                group.Key,
                group.First().BlockNumber!.Value,
                from,
                [.. group.Select(log => Say(protocol.At(log.Address)!, log))],
                change,
                change is not null ? AuditVerdict.Explained : from is null ? AuditVerdict.Unknown : deploying || handOver ? AuditVerdict.Deployment : AuditVerdict.Unexplained));
        }

        List<RecordFinding> findings =
        [
            .. executed.Problems.Select(problem => new RecordFinding("change-damaged", ExitCode.Mismatch, null, problem)),
            .. changes.SelectMany(change => OfChange(change, protocol, policy, filed)),
            .. asked.SelectMany(hash => OfReceipt(hash, executed.Transactions.GetValueOrDefault(hash), filed.GetValueOrDefault(hash), receipts[hash])),
        ];
        return new StateAudit(first, report.State.Block.Value, transactions, findings, policy is not null, changes.Count);
    }

    /// <summary>The page.</summary>
    public ReportPage Page(DriftReport drift, ExitCode log, IReadOnlyList<string> logFindings)
    {
        var deployed = Transactions.Where(transaction => transaction.Verdict == AuditVerdict.Deployment).ToList();
        var parts = new List<ReportPart>
        {
            new ReportLine(string.Create(CultureInfo.InvariantCulture, $"{DriftPages.Where(drift.Network, drift.State)}; events from block {First} to {Last}")),
            new ReportLine(string.Create(CultureInfo.InvariantCulture, $"{Transactions.Count} transactions touched roles, parameters, links or pauses: {Count(AuditVerdict.Explained)} by changes on file, {deployed.Count} of the first deployment, {Count(AuditVerdict.Unexplained)} UNEXPLAINED, {Count(AuditVerdict.Unknown)} unknown")),
        };
        if (deployed.Count > 0)
        {
            parts.Add(new ReportLine(string.Create(CultureInfo.InvariantCulture, $"the first deployment: blocks {deployed[0].Block} to {deployed[^1].Block}, sent by {string.Join(", ", deployed.Select(transaction => transaction.From).OfType<Address>().Distinct().Order())}")));
        }

        parts.Add(new ReportLine(string.Create(CultureInfo.InvariantCulture, $"{Changes} changes on file{(ApprovalsManaged ? "" : "; approvals are not managed: there is no policy that says who had to sign")}")));
        parts.Add(new ReportLine($"audit log: {log switch { ExitCode.Clean => "verified", ExitCode.Findings => "verified as far as it goes", ExitCode.Unknown => "NOT KNOWN", _ => "DOES NOT MATCH" }}"));
        parts.AddRange(logFindings.Select(finding => new ReportLine($"  {finding}")));
        if (Transactions.Any(transaction => transaction.Verdict is AuditVerdict.Unexplained or AuditVerdict.Unknown))
        {
            parts.Add(new ReportHeading("Unexplained"));
            parts.Add(new ReportTable(["block", "transaction", "sent by", "what"], [.. Transactions.Where(transaction => transaction.Verdict is AuditVerdict.Unexplained or AuditVerdict.Unknown).Select(transaction => (IReadOnlyList<string>)[transaction.Block.ToString(), transaction.Hash.ToString(), transaction.From?.ToString() ?? "UNKNOWN", string.Join('\n', transaction.Events)])]));
        }

        if (Findings.Count > 0)
        {
            parts.Add(new ReportHeading("The record"));
            parts.Add(new ReportTable(["change", "finding"], [.. Findings.Select(finding => (IReadOnlyList<string>)[finding.Change ?? "-", $"{(finding.Exit == ExitCode.Mismatch ? "MISMATCH " : finding.Exit == ExitCode.Unknown ? "UNKNOWN " : "")}{finding.Message}"])]));
        }

        if (drift.Open.Count > 0)
        {
            parts.Add(new ReportHeading("What differs now, and what made it so"));
            parts.Add(new ReportTable(["risk", "what", "wanted", "is", "made so by"], [.. drift.Open.Select(item => (IReadOnlyList<string>)[item.Risk.Name(), item.Subject, item.Wanted ?? item.Executed ?? "-", item.Is ?? $"UNKNOWN: {item.Why}", item.Cause?.ToString() ?? "-"])]));
        }

        return new ReportPage("Audit: does the record explain the state", parts);
    }

    /// <summary>Writes the audit's members.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteNumber("fromBlock", First);
        writer.WriteNumber("toBlock", Last);
        writer.WriteBoolean("approvalsManaged", ApprovalsManaged);
        writer.WriteNumber("changes", Changes);
        writer.WriteStartArray("transactions");
        foreach (var transaction in Transactions)
        {
            writer.WriteStartObject();
            writer.WriteString("hash", transaction.Hash.ToString());
            writer.WriteNumber("block", transaction.Block.Value);
            writer.WriteString("from", transaction.From?.ToString());
            writer.WriteString("verdict", transaction.Verdict.ToString().ToLowerInvariant());
            writer.WriteString("change", transaction.Change);
            writer.WriteStartArray("events");
            foreach (var told in transaction.Events)
            {
                writer.WriteStringValue(told);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("findings");
        foreach (var finding in Findings)
        {
            writer.WriteStartObject();
            writer.WriteString("code", finding.Code);
            writer.WriteNumber("exit", (int)finding.Exit);
            writer.WriteString("change", finding.Change);
            writer.WriteString("message", finding.Message);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    // What setters, grants and levers of a module emit, by its description, and what the standards name.
    private static HashSet<Bytes32> Told(Module module)
    {
        var functions = module.Parameters.Select(parameter => parameter.Setter.Signature)
            .Concat(module.Roles.SelectMany(role => (AbiFunction?[])[role.Grant, role.Revoke, role.Accept]).OfType<AbiFunction>().Select(function => function.Signature))
            .Concat(module.Links.Select(link => link.Setter?.Signature).OfType<string>());
        var events = functions.SelectMany(function => module.Effects.TryGetValue(function, out var effects) ? effects.Emits : [])
            .Concat(((EffectFile?[])[module.Stopping, module.Resuming, .. module.Levers.Select(lever => lever.Effects)]).SelectMany(effects => effects?.Emits ?? []))
            .Concat(AlwaysTold);
        return [.. events.Select(signature => AbiEvent.Parse($"event {signature}").Topic0).OfType<Bytes32>()];
    }

    private static bool IsHandOver(Module module, LogEntry log, HashSet<Address> creators)
    {
        try
        {
            return module.Abi.TryEvent([.. log.Topics], out var told) && string.Equals(told.Signature, "OwnershipTransferred(address,address)", StringComparison.Ordinal)
                && told.Decode([.. log.Topics], log.Data.Span)[0].AsAddress() is var from && (creators.Contains(from) || from.IsZero);
        }
        catch (EthereumException)
        {
            return false;
        }
    }

    private static string Say(Module module, LogEntry log)
    {
        try
        {
            return module.Abi.TryEvent([.. log.Topics], out var told) ? $"{module.Name}.{told.Name}{told.Decode([.. log.Topics], log.Data.Span)}" : $"{module.Name}: {log.Topics[0]}";
        }
        catch (EthereumException)
        {
            return $"{module.Name}: {log.Topics[0]}";
        }
    }

    private static IEnumerable<RecordFinding> OfChange(FiledChange change, Protocol protocol, ApprovalPolicy? policy, Dictionary<Bytes32, string?> filed)
    {
        var entries = Journal.Read(change.JournalPath);
        var mined = entries.Where(entry => (string?)entry["event"] is "mined").Select(entry => Bytes32.Parse((string)entry["hash"]!)).Distinct().ToList();
        if (mined.Count == 0)
        {
            if (entries.Count > 0 && !Journal.HasEnded(entries))
            {
                yield return new RecordFinding("change-open", ExitCode.Findings, change.Id, "it was begun to be sent and has come to no end");
            }

            yield break;
        }

        foreach (var hash in mined.Where(hash => !filed.ContainsKey(hash)))
        {
            yield return new RecordFinding("receipt-missing", ExitCode.Findings, change.Id, $"the receipt of {hash} is not on file");
        }

        if (!ChangeState.IsVerified(entries))
        {
            yield return new RecordFinding("change-unverified", ExitCode.Findings, change.Id, "it was mined and is not verified");
        }

        var standing = Directory.Exists(Path.Combine(change.Folder, "approvals")) && Directory.EnumerateFiles(Path.Combine(change.Folder, "approvals"), "standing-*.json").Any();
        if (policy is null || standing)
        {
            yield break;
        }

        RecordFinding? missing = null;
        try
        {
            missing = policy.IsApproved(change, protocol) ? null : new RecordFinding("approvals-missing", ExitCode.Findings, change.Id, "not everybody whom the policy names has signed it, and no standing approval was used for it");
        }
        catch (ControlException problem)
        {
            missing = new RecordFinding(problem.Code, ExitCode.Mismatch, change.Id, problem.Message);
        }

        if (missing is not null)
        {
            yield return missing;
        }
    }

    private static IEnumerable<RecordFinding> OfReceipt(Bytes32 hash, string? change, string? filedBlock, RpcSlot<TransactionReceipt?> slot)
    {
        if (!slot.TryGet(out var receipt))
        {
            yield return new RecordFinding("receipt-unknown", ExitCode.Unknown, change, $"the node does not say whether it has {hash}: {slot.Error!.Message}");
        }
        else if (receipt is null)
        {
            yield return new RecordFinding("receipt-gone", ExitCode.Mismatch, change, $"the record has {hash}, and the chain does not");
        }
        else if (filedBlock is { Length: > 0 } && !string.Equals(filedBlock, receipt.BlockHash.ToString(), StringComparison.OrdinalIgnoreCase))
        {
            yield return new RecordFinding("receipt-other", ExitCode.Mismatch, change, $"the receipt of {hash} on file is of block {filedBlock}, and the chain has it in {receipt.BlockHash}");
        }

        if (change is null)
        {
            yield return new RecordFinding("receipt-stray", ExitCode.Findings, null, $"the receipt of {hash} is on file, and no change is");
        }
    }

    // The block of each receipt on file; empty when the file cannot be read.
    private static Dictionary<Bytes32, string?> FiledReceipts(Workspace workspace, string network)
    {
        var folder = workspace.Locate("storage", "receipts", network);
        var found = new Dictionary<Bytes32, string?>();
        foreach (var path in Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal) : Enumerable.Empty<string>())
        {
            if (Path.GetFileNameWithoutExtension(path) is { Length: 66 } name && name.StartsWith("0x", StringComparison.Ordinal) && name.AsSpan(2).IndexOfAnyExcept(HexDigits) < 0)
            {
                found[Bytes32.Parse(name)] = BlockOf(path);
            }
        }

        return found;
    }

    private static string BlockOf(string path)
    {
        try
        {
            using var receipt = JsonDocument.Parse(File.ReadAllBytes(path));
            return receipt.RootElement.ValueKind == JsonValueKind.Object && receipt.RootElement.TryGetProperty("blockHash", out var block) && block.ValueKind == JsonValueKind.String ? block.GetString()! : "no block that could be read";
        }
        catch (Exception problem) when (problem is JsonException or IOException or UnauthorizedAccessException)
        {
            return "no block that could be read";
        }
    }
}
