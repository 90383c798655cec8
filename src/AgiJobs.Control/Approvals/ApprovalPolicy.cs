using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Approvals;

/// <summary>So many different people with one of these duties have to sign.</summary>
/// <param name="What">What it is for, in words.</param>
/// <param name="Duties">Any of these.</param>
/// <param name="Count">How many people.</param>
public sealed record Requirement(string What, IReadOnlyList<Duty> Duties, int Count);

/// <summary>What one change takes.</summary>
/// <param name="Nature">What it does.</param>
/// <param name="Requirements">Who has to sign, the author first; the points of the resume gate are not among them.</param>
/// <param name="Distinct">Duties that are held by different people in it.</param>
/// <param name="Gate">Who signs for the points of a resume.</param>
public sealed record ChangeDemands(ChangeNature Nature, IReadOnlyList<Requirement> Requirements, IReadOnlyList<Duty> Distinct, GatePolicy Gate)
{
    /// <summary>Who signs that alerts are back to normal where the monitors cannot tell.</summary>
    public Duty Alerts => Gate.Alerts ?? Duty.Security;

    /// <summary>Who signs that the checks have passed while none are connected.</summary>
    public Duty Checks => Gate.Checks ?? Duty.Operator;

    /// <summary>Whose sign-off is recorded.</summary>
    public IReadOnlyList<Duty> Responders => Gate.Responders is { Count: > 0 } named ? named : [Duty.Commander, Duty.Operator, Duty.Security];
}

/// <summary>What all standing approvals of slashes together may let through, in wei of the token.</summary>
/// <param name="PerRound">For one round.</param>
/// <param name="PerDay">Within 24 hours.</param>
/// <param name="PerValidator">For one validator within 30 days.</param>
public sealed record SlashCeiling(Wei PerRound, Wei PerDay, Wei PerValidator);

/// <summary>The policy of a network and its people.</summary>
public sealed class ApprovalPolicy
{
    private ApprovalPolicy(PolicyFile file, OperatorBook people, string path)
    {
        File = file;
        People = people;
        Path = path;
        var slash = file.Standing.Slash;
        SlashCeiling = new SlashCeiling(Amount(path, "maxPerRound", slash.MaxPerRound!), Amount(path, "maxPerDay", slash.MaxPerDay!), Amount(path, "maxPerValidator", slash.MaxPerValidator!));
    }

    /// <summary>What ships: one approver for green and amber, two for red; a pause takes one approver or commander and no author; author, approver and executor differ.</summary>
    public static PolicyFile Shipped { get; } = new()
    {
        Version = 1,
        Risks = new RiskPolicies { Green = [Approvers(1)], Amber = [Approvers(1)], Red = [Approvers(2)] },
        Distinct = [Duty.Author, Duty.Approver, Duty.Executor],
        Kinds = new Dictionary<string, KindPolicy>(StringComparer.Ordinal)
        {
            ["pause-*"] = new() { Approvals = [new ApprovalRule { Count = 1, Duties = [Duty.Approver, Duty.Commander] }], Distinct = [Duty.Approver, Duty.Executor] },
            ["resume-*"] = new() { Gate = new GatePolicy { Alerts = Duty.Security, Checks = Duty.Operator, Responders = [Duty.Commander, Duty.Operator, Duty.Security] } },
        },
        Standing = new StandingPolicy(),
        Backup = new BackupPolicy { MaxAgeHours = 24 },
    };

    /// <summary>The rules.</summary>
    public PolicyFile File { get; }

    /// <summary>What all standing approvals of slashes together may let through.</summary>
    public SlashCeiling SlashCeiling { get; }

    /// <summary>The people.</summary>
    public OperatorBook People { get; }

    /// <summary>The file that the rules are from.</summary>
    public string Path { get; }

    /// <summary>Reads a network's policy and people; null when approvals are not managed there.</summary>
    /// <exception cref="ControlException">
    /// <c>file-format</c>, <c>file-version</c>, <c>operators-missing</c> when there is a policy and no people, <c>operator-twice</c>, <c>operator-empty</c>, <c>policy-rule</c> for a rule
    /// that says nothing.
    /// </exception>
    public static ApprovalPolicy? Load(Workspace workspace, string network)
    {
        if (workspace.Policy(network) is not { } file)
        {
            return null;
        }

        var path = System.IO.File.Exists(workspace.NetworkPolicyPath(network)) ? workspace.NetworkPolicyPath(network) : workspace.PolicyPath;
        var people = workspace.Operators(network)
            ?? throw new ControlException("operators-missing", ExitCode.BadInput, $"{path} says who must approve, and neither {workspace.OperatorsPath} nor {workspace.NetworkOperatorsPath(network)} says who anybody is.", $"Write the people with their addresses and duties to {workspace.OperatorsPath}; 'agijobs config schema operators' shows the form.");
        return Of(file, new OperatorBook(people), path);
    }

    /// <summary>Takes rules and people.</summary>
    /// <exception cref="ControlException"><c>policy-rule</c>.</exception>
    public static ApprovalPolicy Of(PolicyFile file, OperatorBook people, string path)
    {
        foreach (var (name, rules) in Rules(file))
        {
            if (rules.Count == 0 || rules.Any(rule => rule.Count < 1 || rule.Duties.Count == 0))
            {
                throw new ControlException("policy-rule", ExitCode.BadInput, $"{path}, at {name}: {(rules.Count == 0 ? "the list of approvals is empty" : "a rule has a count below 1, or no duties")}, so that nobody would have to approve.", "Every rule takes a count of at least 1 and at least one duty. To have no approvals at all, remove the policy file.");
            }
        }

        if (file.Kinds.Keys.FirstOrDefault(kind => kind.TrimEnd('*').Contains('*', StringComparison.Ordinal) || kind.Length < 2) is { } wild)
        {
            throw new ControlException("policy-rule", ExitCode.BadInput, $"{path}, at kinds: '{wild}' is no kind of change, nor the beginning of one followed by *.", "Write, for example, resume-system or resume-*.");
        }

        if (file.Backup?.MaxAgeHours is < 1)
        {
            throw new ControlException("policy-rule", ExitCode.BadInput, $"{path}, at backup.maxAgeHours: {file.Backup.MaxAgeHours} is below 1, so that no backup would ever be fresh.", "Write 1 or more hours. To demand no backup, leave the key out.");
        }

        foreach (var rail in file.Guardrails ?? [])
        {
            if (rail.MaxChange is null && rail.CooldownHours is null && rail.Quorum is null || rail.CooldownHours is < 1 || rail.Quorum is < 1 || !rail.Parameter.Contains('.', StringComparison.Ordinal))
            {
                throw new ControlException("policy-rule", ExitCode.BadInput, $"{path}, at guardrails: the one for '{rail.Parameter}' limits nothing, or by a number below 1.", "Name Module.parameter or Module.*, and give one or more of maxChange, cooldownHours and quorum.");
            }
        }

        return new ApprovalPolicy(file, people, path);
    }

    private static Wei Amount(string path, string name, string text)
    {
        try
        {
            return new Wei(Unit.Of("AGIALPHA", new Dictionary<string, int>(StringComparer.Ordinal) { ["AGIALPHA"] = 18 }).Parse(text).AsInteger());
        }
        catch (ControlException problem)
        {
            throw new ControlException("policy-rule", ExitCode.BadInput, $"{path}, at standing.slash.{name}: {problem.Message}", "Write an amount such as \"20 AGIALPHA\"; \"0 AGIALPHA\" lets nothing be slashed without asking.", problem);
        }
    }

    /// <summary>What a change takes. The rule of a kind counts for a change only if its calls are of that kind.</summary>
    public ChangeDemands DemandsOf(ChangeDocument change, Protocol protocol)
    {
        var nature = ChangeNature.Of(change, protocol);
        var kind = KindOf(change, nature);
        var rules = kind?.Approvals ?? nature.Risk switch { Risk.Green => File.Risks.Green, Risk.Amber => File.Risks.Amber, _ => File.Risks.Red };
        var distinct = kind?.Distinct ?? File.Distinct;
        var requirements = new List<Requirement>();
        if (distinct.Contains(Duty.Author))
        {
            requirements.Add(new Requirement("the author's signature", [Duty.Author], 1));
        }

        requirements.AddRange(Raised(rules, Math.Max(change.Demand?.Approvals ?? 0, nature.IsPause ? 0 : new Guardrails(File, protocol).QuorumOf(change))).Select(rule => new Requirement($"approval by {rule.Duties.Names()}", rule.Duties, rule.Count)));
        return new ChangeDemands(nature, requirements, distinct, kind?.Gate ?? File.Kinds.FirstOrDefault(entry => entry.Key.StartsWith("resume-", StringComparison.Ordinal) && entry.Value.Gate is not null).Value?.Gate ?? new GatePolicy());
    }

    /// <summary>True when everybody who has to has signed, those for the points of a resume that nothing is connected to included. What the chain alone can tell is not asked.</summary>
    public bool IsApproved(FiledChange change, Protocol protocol)
    {
        var demands = DemandsOf(change.Document, protocol);
        IEnumerable<Requirement> gate = demands.Nature.IsResume ? SignOffs(demands) : [];
        var records = SignedRecords.Read(change, People);
        return records.Objections.Count == 0 && Tally.Of([.. demands.Requirements, .. gate], records.Consents, null, demands.Distinct).IsComplete;
    }

    /// <summary>Why nobody could satisfy what a change takes; null when they could.</summary>
    public string? Unsatisfiable(ChangeDemands demands)
    {
        IEnumerable<Requirement> gate = demands.Nature.IsResume ? SignOffs(demands) : [];
        Requirement[] needed = [.. demands.Requirements, .. gate];

        // Everybody signs all that they may. An executor need not be apart from those who answer for a gate's points.
        var everything = People.People.SelectMany(person => person.Duties.Select(duty => new Consent(person, duty, person.Addresses[0]))).ToList();
        List<Operator?> executors = demands.Distinct.Contains(Duty.Executor) ? [.. People.With(Duty.Executor)] : [null];
        if (executors.Count == 0)
        {
            return "nobody has the duty executor";
        }

        Tally? best = null;
        foreach (var tally in Divisions(demands.Distinct).SelectMany(authors => executors.Select(executor => Tally.Of(needed, [.. everything.Where(consent => Counts(consent, authors))], executor, demands.Distinct))))
        {
            if (tally.IsComplete)
            {
                return null;
            }

            best = best is null || tally.Missing.Sum(entry => entry.Missing) < best.Missing.Sum(entry => entry.Missing) ? tally : best;
        }

        return string.Join("; ", best!.Missing.Select(entry => $"{entry.Requirement.What} needs {entry.Requirement.Count} and at most {entry.Requirement.Count - entry.Missing} can give it beside the others"));

        // One who signs as an author approves nothing, so who is to be the author has to be tried.
        List<Operator?> Divisions(IReadOnlyList<Duty> distinct) => distinct.Contains(Duty.Author) && People.With(Duty.Author) is { Count: > 0 } authors ? [.. authors] : [null];

        static bool Counts(Consent consent, Operator? author) => author is null || (consent.Duty == Duty.Author) == (consent.Person == author);
    }

    /// <summary>What is wrong with the policy before there is any change: rules that the people on file can never satisfy.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        foreach (var (name, rules) in Rules(File))
        {
            var kind = name.StartsWith("kinds.", StringComparison.Ordinal) ? File.Kinds[name[6..]] : null;
            var resumes = name.StartsWith("kinds.resume-", StringComparison.Ordinal);
            var distinct = kind?.Distinct ?? File.Distinct;
            IEnumerable<Requirement> author = distinct.Contains(Duty.Author) ? [new Requirement("the author's signature", [Duty.Author], 1)] : [];
            var demands = new ChangeDemands(new ChangeNature(false, resumes, Risk.Red), [.. author, .. rules.Select(rule => new Requirement($"approval by {rule.Duties.Names()}", rule.Duties, rule.Count))], distinct, kind?.Gate ?? new GatePolicy());
            if (Unsatisfiable(demands) is { } why)
            {
                problems.Add($"{Path}, at {name}: {why}");
            }
        }

        return problems;
    }

    /// <summary>Refuses a policy that nobody can satisfy.</summary>
    /// <exception cref="ControlException"><c>policy-unsatisfiable</c> (exit 3) with every rule that is.</exception>
    public void RequireSatisfiable()
    {
        if (Problems() is { Count: > 0 } problems)
        {
            throw new ControlException("policy-unsatisfiable", ExitCode.Findings, $"The policy cannot be satisfied by the people on file: {string.Join("; ", problems)}.", "Add people or duties to the operators' file, or lower the policy.");
        }
    }

    private static IEnumerable<Requirement> SignOffs(ChangeDemands demands) =>
        demands.Responders.Append(demands.Alerts).Append(demands.Checks).Distinct().Select(duty => new Requirement($"the sign-off of {duty.Name()}", [duty], 1));

    private KindPolicy? KindOf(ChangeDocument change, ChangeNature nature) =>
        File.Kinds.Where(entry => Fits(entry.Key, change.Kind) && (!entry.Key.StartsWith("pause-", StringComparison.Ordinal) || nature.IsPause)).OrderByDescending(entry => entry.Key.Length).Select(entry => entry.Value).FirstOrDefault();

    private static bool Fits(string pattern, string kind) => pattern.EndsWith('*') ? kind.StartsWith(pattern[..^1], StringComparison.Ordinal) : string.Equals(pattern, kind, StringComparison.Ordinal);

    private static IReadOnlyList<ApprovalRule> Raised(IReadOnlyList<ApprovalRule> rules, int demanded)
    {
        var have = rules.Sum(rule => rule.Count);
        return demanded <= have ? rules : [.. rules, new ApprovalRule { Count = demanded - have, Duties = [Duty.Approver] }];
    }

    private static IEnumerable<(string Name, IReadOnlyList<ApprovalRule> Rules)> Rules(PolicyFile file) =>
    [
        ("risks.green", file.Risks.Green), ("risks.amber", file.Risks.Amber), ("risks.red", file.Risks.Red),
        .. file.Kinds.Where(kind => kind.Value.Approvals is not null || kind.Value.Gate is not null).Select(kind => ($"kinds.{kind.Key}", kind.Value.Approvals ?? file.Risks.Red)),
    ];

    private static ApprovalRule Approvers(int count) => new() { Count = count, Duties = [Duty.Approver] };
}
