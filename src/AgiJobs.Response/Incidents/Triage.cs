using AgiJobs.Control.Authority;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Incidents;

/// <summary>How far an anomaly reaches.</summary>
public enum TriageVerdict
{
    /// <summary>One module or service, and nothing that gives powers.</summary>
    OneSurface,

    /// <summary>Several, and nothing that gives powers.</summary>
    SeveralSurfaces,

    /// <summary>It touches what gives and takes powers, or an account that has them.</summary>
    Governance,

    /// <summary>It cannot be told.</summary>
    Unknown,
}

/// <summary>A sentence of a triage with what it rests on.</summary>
/// <param name="Says">What.</param>
/// <param name="Evidence">On what.</param>
/// <param name="Weighs">What it makes of the verdict by itself; null when it only informs.</param>
public sealed record TriageSentence(string Says, string Evidence, TriageVerdict? Weighs);

/// <summary>A transaction that belongs to the anomaly; what could not be read is null with the reason.</summary>
/// <param name="Hash">Its hash.</param>
/// <param name="Info">What it does; null when it could not be read.</param>
/// <param name="Logs">The addresses that emitted something in it, with the first topics; null when the receipt could not be read.</param>
/// <param name="Why">Why not.</param>
public sealed record TriageTransaction(Bytes32 Hash, TransactionInfo? Info, IReadOnlyList<(Address Emitter, Bytes32? Topic)>? Logs, string? Why);

/// <summary>Whether an anomaly is confined to one surface or touches governance, and on what evidence. Pure in what it is given; what was not given is unknown and said.</summary>
/// <param name="Verdict">The verdict.</param>
/// <param name="Surfaces">The surfaces, by name.</param>
/// <param name="Sentences">The evidence, in the order in which it was looked at.</param>
public sealed record Triage(TriageVerdict Verdict, IReadOnlyList<string> Surfaces, IReadOnlyList<TriageSentence> Sentences)
{
    // Powers over powers: who has one can give themselves the others.
    private static readonly PowerKind[] Governing = [PowerKind.Rotate, PowerKind.Rewire, PowerKind.Upgrade, PowerKind.Forward];

    private static readonly string[] GoverningEvents =
        ["OwnershipTransferred", "OwnershipTransferStarted", "RoleGranted", "RoleRevoked", "RoleAdminChanged", "GovernanceUpdated", "GovernanceChanged", "Upgraded", "AdminChanged", "BeaconUpgraded", "AddedOwner", "RemovedOwner", "ChangedThreshold", "EnabledModule", "DisabledModule", "ChangedGuard", "ChangedFallbackHandler", "ChangedMasterCopy"];

    /// <summary>In one line.</summary>
    public string Line => Verdict switch
    {
        TriageVerdict.OneSurface => $"CONFINED to one surface: {Surfaces[0]}",
        TriageVerdict.SeveralSurfaces => $"SEVERAL SURFACES, no governance: {string.Join(", ", Surfaces)}",
        TriageVerdict.Governance => "TOUCHES GOVERNANCE: treat it as SEV-0 or SEV-1 until the opposite is shown",
        _ => "UNKNOWN whether it touches governance: treat it as if it did",
    };

    /// <summary>Judges.</summary>
    /// <param name="protocol">The protocol.</param>
    /// <param name="safe">The Safe that governs it; null when the network's file names none.</param>
    /// <param name="findings">The findings and alerts of it.</param>
    /// <param name="modules">Modules that somebody named.</param>
    /// <param name="transactions">Its transactions.</param>
    /// <param name="matrix">Who can do what; null when the chain could not be read.</param>
    /// <param name="unknown">What else could not be read, in words.</param>
    public static Triage Of(Protocol protocol, Address? safe, IReadOnlyList<Finding> findings, IReadOnlyList<string> modules, IReadOnlyList<TriageTransaction> transactions, AuthorityMatrix? matrix, IReadOnlyList<string> unknown)
    {
        ArgumentNullException.ThrowIfNull(protocol);
        ArgumentNullException.ThrowIfNull(findings);
        ArgumentNullException.ThrowIfNull(modules);
        ArgumentNullException.ThrowIfNull(transactions);
        ArgumentNullException.ThrowIfNull(unknown);
        var sentences = new List<TriageSentence>();
        var surfaces = new SortedSet<string>(StringComparer.Ordinal);
        var touched = new SortedDictionary<Address, string>();
        foreach (var finding in findings)
        {
            Take(finding);
        }

        foreach (var name in modules)
        {
            var module = protocol[name];
            Surface(module, "you named it");
        }

        foreach (var transaction in transactions)
        {
            TakeTransaction(transaction);
        }

        foreach (var why in unknown)
        {
            sentences.Add(new TriageSentence($"Not all could be read: {Plain.Line(why)}", "the attempt to read it", TriageVerdict.Unknown));
        }

        Powers();
        foreach (var module in surfaces.Select(name => protocol.Modules.FirstOrDefault(module => module.Name == name)).OfType<Module>())
        {
            var neighbours = protocol.Modules.Where(other => other != module && (other.Links.Any(link => Leads(link, module)) || module.Links.Any(link => Leads(link, other)))).Select(other => other.Name).ToList();
            if (neighbours.Count > 0)
            {
                sentences.Add(new TriageSentence($"{module.Name} is linked with {string.Join(", ", neighbours)}: look at them too.", "the links of the protocol's description", null));
            }
        }

        if (findings.Count + modules.Count + transactions.Count == 0)
        {
            sentences.Add(new TriageSentence("Nothing was given to judge.", "no alert, transaction or module", TriageVerdict.Unknown));
        }

        var verdict = sentences.Exists(sentence => sentence.Weighs == TriageVerdict.Governance) ? TriageVerdict.Governance
            : sentences.Exists(sentence => sentence.Weighs == TriageVerdict.Unknown) || surfaces.Count == 0 ? TriageVerdict.Unknown
            : surfaces.Count == 1 ? TriageVerdict.OneSurface : TriageVerdict.SeveralSurfaces;
        return new Triage(verdict, [.. surfaces], sentences);

        void Take(Finding finding)
        {
            var about = $"alert {Plain.Line(finding.Fingerprint)} ({finding.Source})";
            if (protocol.Modules.FirstOrDefault(module => module.Name == finding.Subject || (Address.TryParse(finding.Subject, out var at) && module.Address == at)) is { } module)
            {
                Surface(module, about);
            }
            else if (safe is { } known && Address.TryParse(finding.Subject, out var subject) && subject == known)
            {
                sentences.Add(new TriageSentence($"The Safe {known} that governs the protocol is concerned.", about, TriageVerdict.Governance));
            }
            else if (finding.Subject.Length > 0)
            {
                surfaces.Add(Plain.Line(finding.Subject));
                sentences.Add(new TriageSentence($"{Plain.Line(finding.Subject)} is concerned, which is no module of the protocol.", about, null));
            }
            else
            {
                sentences.Add(new TriageSentence("An alert says not what it is about.", about, TriageVerdict.Unknown));
            }

            if (finding.Facts.TryGetValue("event", out var emitted) && GoverningEvents.FirstOrDefault(name => emitted.StartsWith(name, StringComparison.Ordinal)) is { } governing)
            {
                sentences.Add(new TriageSentence($"{governing} gives or takes powers.", about, TriageVerdict.Governance));
            }

            foreach (var value in finding.Facts.Values)
            {
                if (Address.TryParse(value, out var account) && protocol.At(account) is null)
                {
                    touched.TryAdd(account, about);
                }
            }
        }

        void TakeTransaction(TriageTransaction transaction)
        {
            var about = $"transaction {transaction.Hash}";
            if (transaction.Info is not { } info || transaction.Logs is not { } logs)
            {
                sentences.Add(new TriageSentence($"What {transaction.Hash} does could not be read: {Plain.Line(transaction.Why ?? "no reason was given")}", about, TriageVerdict.Unknown));
                return;
            }

            touched.TryAdd(info.From, about);
            if (info.To is { } to)
            {
                if (protocol.At(to) is { } called)
                {
                    Surface(called, about);
                    if (OfficeFunction.All(protocol).FirstOrDefault(function => function.Module == called && Governing.Contains(function.Power) && Calls(called, function.Signature, info.Input.Span)) is { } function)
                    {
                        sentences.Add(new TriageSentence($"It calls {function.FullName}, which amounts to {function.Power}.", about, TriageVerdict.Governance));
                    }
                }
                else if (to == safe)
                {
                    sentences.Add(new TriageSentence($"It goes to the Safe {to} that governs the protocol.", about, TriageVerdict.Governance));
                }
            }

            foreach (var (emitter, topic) in logs)
            {
                if (protocol.At(emitter) is { } module)
                {
                    Surface(module, $"an event in {about}");
                }

                if ((protocol.At(emitter) is not null || emitter == safe) && topic is { } hash && EventName(protocol, hash) is { } name && GoverningEvents.Contains(name, StringComparer.Ordinal))
                {
                    sentences.Add(new TriageSentence($"{protocol.At(emitter)?.Name ?? "The Safe"} emitted {name}, which gives or takes powers.", about, TriageVerdict.Governance));
                }
            }
        }

        void Surface(Module module, string evidence)
        {
            if (surfaces.Add(module.Name))
            {
                sentences.Add(new TriageSentence($"{module.Name} is concerned.", evidence, module.Forwards.Count > 0 ? TriageVerdict.Governance : null));
                if (module.Forwards.Count > 0)
                {
                    sentences.Add(new TriageSentence($"{module.Name} forwards the governance's calls to other modules.", "the protocol's description", null));
                }
            }
        }

        void Powers()
        {
            if (matrix is null)
            {
                sentences.Add(new TriageSentence("Who can do what could not be read, so that it is unknown whether an account of this has powers.", "no authority matrix", TriageVerdict.Unknown));
                return;
            }

            foreach (var (account, evidence) in touched)
            {
                var rows = matrix.Rows.Where(row => row.Holding.Signers.Everybody.Contains(account) || row.Holding.Path.Base.Holder == account).ToList();
                foreach (var row in rows.Where(row => Governing.Contains(row.Power)).DistinctBy(row => row.Power))
                {
                    sentences.Add(new TriageSentence($"{account} has the power {row.Power} over {string.Join(", ", row.Functions.Select(function => function.Module.Name).Distinct(StringComparer.Ordinal))}{(row.Holding.Signers.Fewest > 1 ? $", with {row.Holding.Signers.Fewest - 1} more" : "")}.", $"{evidence}; the authority matrix at block {matrix.State.Block}", TriageVerdict.Governance));
                }

                if (rows.Count == 0)
                {
                    sentences.Add(new TriageSentence($"{account} has no power of the owners.", $"{evidence}; the authority matrix at block {matrix.State.Block}", null));
                }
            }

            foreach (var gap in matrix.Gaps.Where(gap => gap.IsUnknown && gap.Functions.Any(function => surfaces.Contains(function.Module.Name))))
            {
                sentences.Add(new TriageSentence($"Who has the power {gap.Power} over {string.Join(", ", gap.Functions.Select(function => function.Module.Name).Distinct(StringComparer.Ordinal))} is unknown: {Plain.Line(gap.Why)}", $"the authority matrix at block {matrix.State.Block}", TriageVerdict.Unknown));
            }
        }

        bool Leads(Link link, Module to) => string.Equals(link.Target, to.Name, StringComparison.Ordinal);
    }

    private static bool Calls(Module module, string signature, ReadOnlySpan<byte> input) =>
        input.Length >= 4 && module.Abi.Functions.FirstOrDefault(function => function.Signature == signature) is { } function && input[..4].SequenceEqual(function.Selector.ToBytes());

    private static string? EventName(Protocol protocol, Bytes32 topic) =>
        protocol.Modules.SelectMany(module => module.Abi.Events).FirstOrDefault(declared => declared.Topic0 == topic)?.Name
            ?? AgiJobs.Ethereum.Safes.SafeAbi.Safe.Events.FirstOrDefault(declared => declared.Topic0 == topic)?.Name;
}
