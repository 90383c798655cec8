using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Ethereum;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Incidents;

/// <summary>An incident as its acts made it, and nothing else: a pure fold of the event stream. Whatever the rules of the playbooks forbid is refused by <see cref="Apply"/>, so that no stream can hold it. Not safe for use by several threads.</summary>
public sealed class IncidentState
{
    private const int FollowUpYears = 5;

    private readonly List<RecordedAct> _acts = [];
    private readonly HashSet<Bytes32> _digests = [];
    private readonly List<SeverityDecision> _severities = [];
    private readonly List<CategoryDecision> _categories = [];
    private readonly Dictionary<IncidentRole, RoleAssignment> _roles = [];
    private readonly Dictionary<string, StepMark> _steps = new(StringComparer.Ordinal);
    private readonly List<IncidentUpdate> _updates = [];
    private readonly List<IncidentAttachment> _attachments = [];
    private readonly List<FollowUp> _followUps = [];
    private readonly Dictionary<IncidentRole, IncidentHand> _signOffs = [];
    private readonly List<ResumeApproval> _resumes = [];
    private readonly List<string> _alerts = [];
    private readonly List<Bytes32> _transactions = [];
    private readonly List<Bytes32> _changes = [];
    private readonly List<Bytes32> _causes = [];

    /// <summary>How many acts it has: the version of the stream.</summary>
    public long Version => _acts.Count;

    /// <summary>Its name; empty before it was opened.</summary>
    public string Id { get; private set; } = "";

    /// <summary>The network's name in the workspace.</summary>
    public string Network { get; private set; } = "";

    /// <summary>Its chain.</summary>
    public ChainId ChainId { get; private set; }

    /// <summary>What it is called.</summary>
    public string Title { get; private set; } = "";

    /// <summary>What sort it is.</summary>
    public string Category => _categories.Count == 0 ? IncidentCategories.Other : _categories[^1].Category;

    /// <summary>What sort it was decided to be, oldest first.</summary>
    public IReadOnlyList<CategoryDecision> Categories => _categories;

    /// <summary>How bad it is.</summary>
    public Severity Severity => _severities[^1].Severity;

    /// <summary>The decisions about the severity, oldest first.</summary>
    public IReadOnlyList<SeverityDecision> Severities => _severities;

    /// <summary>Who opened it, and when.</summary>
    public IncidentHand Opened { get; private set; } = null!;

    /// <summary>When it began, as far as is known; null when nobody said.</summary>
    public DateTimeOffset? DetectedAt { get; private set; }

    /// <summary>The block that it was found in; null when nobody said.</summary>
    public BlockNumber? DetectedBlock { get; private set; }

    /// <summary>How far it has come.</summary>
    public IncidentPhase Phase => Closed is not null ? IncidentPhase.Closed : ResolvedAt is not null ? IncidentPhase.Resolved : IncidentPhase.Open;

    /// <summary>When it recovered; null before that.</summary>
    public DateTimeOffset? ResolvedAt => _steps.GetValueOrDefault(IncidentSteps.Recover)?.Hand.At;

    /// <summary>Who closed it, and when; null before that.</summary>
    public IncidentHand? Closed { get; private set; }

    /// <summary>The roles that are filled.</summary>
    public IReadOnlyDictionary<IncidentRole, RoleAssignment> Roles => _roles;

    /// <summary>The commander; null while there is none.</summary>
    public RoleAssignment? Commander => _roles.GetValueOrDefault(IncidentRole.Commander);

    /// <summary>The console operator; null while there is none.</summary>
    public RoleAssignment? Operator => _roles.GetValueOrDefault(IncidentRole.Operator);

    /// <summary>The steps that were done or skipped, by name.</summary>
    public IReadOnlyDictionary<string, StepMark> Steps => _steps;

    /// <summary>The updates, oldest first.</summary>
    public IReadOnlyList<IncidentUpdate> Updates => _updates;

    /// <summary>The attached files.</summary>
    public IReadOnlyList<IncidentAttachment> Attachments => _attachments;

    /// <summary>What is to be done afterwards.</summary>
    public IReadOnlyList<FollowUp> FollowUps => _followUps;

    /// <summary>The responders who have signed off since the last change of a role, severity or step.</summary>
    public IReadOnlyDictionary<IncidentRole, IncidentHand> SignOffs => _signOffs;

    /// <summary>The review; null before it has an owner.</summary>
    public IncidentReview? Review { get; private set; }

    /// <summary>The approvals of a resume since the severity was last decided.</summary>
    public IReadOnlyList<ResumeApproval> Resumes => _resumes;

    /// <summary>Fingerprints of its alerts.</summary>
    public IReadOnlyList<string> Alerts => _alerts;

    /// <summary>Its transactions.</summary>
    public IReadOnlyList<Bytes32> Transactions => _transactions;

    /// <summary>Its changes, by digest, besides those whose instance names it.</summary>
    public IReadOnlyList<Bytes32> Changes => _changes;

    /// <summary>The changes that caused it, by what people signed last of each; none when nobody said so.</summary>
    public IReadOnlyList<Bytes32> Causes => _causes;

    /// <summary>Every act, oldest first.</summary>
    public IReadOnlyList<RecordedAct> Acts => _acts;

    /// <summary>Folds the acts of a stream.</summary>
    /// <exception cref="ControlException">As <see cref="Apply"/>.</exception>
    public static IncidentState Fold(IEnumerable<RecordedAct> acts)
    {
        ArgumentNullException.ThrowIfNull(acts);
        var state = new IncidentState();
        foreach (var act in acts)
        {
            state.Apply(act);
        }

        return state;
    }

    /// <summary>The roles whose people have not signed off.</summary>
    public IReadOnlyList<RoleAssignment> MissingSignOffs() => [.. _roles.Values.Where(role => !_signOffs.ContainsKey(role.Role)).OrderBy(role => role.Role)];

    /// <summary>The roles that the holder of these addresses fills.</summary>
    public IReadOnlyList<IncidentRole> RolesOf(IEnumerable<Address> addresses)
    {
        var known = addresses.ToList();
        return [.. _roles.Values.Where(role => role.IsHeldBy(known)).Select(role => role.Role).Order()];
    }

    /// <summary>The acts whose address is no address of the person whom they name: of a key that was never on file, or is no more. What they say is worth nothing before a person has looked at it.</summary>
    /// <param name="people">Who is on file now; null when nobody is.</param>
    public IReadOnlyList<RecordedAct> Strangers(Control.Workspaces.OperatorBook? people) =>
        [.. _acts.Where(act => people?.Of(act.Signed.Signer) is not { } person || !string.Equals(person.Name, act.Signed.By, StringComparison.Ordinal))];

    /// <summary>Takes the next act.</summary>
    /// <exception cref="ControlException">
    /// <c>incident-format</c>, <c>incident-exists</c>, <c>incident-resolved</c>, <c>incident-unknown</c>, <c>incident-twice</c>, <c>incident-closed</c>, <c>incident-dual-control</c>, <c>incident-commander</c>, <c>incident-roles-missing</c>, <c>incident-steps-missing</c>, <c>incident-not-resolved</c>,
    /// <c>incident-sign-offs-missing</c>, <c>incident-review-missing</c>, <c>follow-up-unknown</c>, <c>update-unknown</c>, <c>update-own-words</c>: the state is as before.
    /// </exception>
    public void Apply(RecordedAct recorded)
    {
        ArgumentNullException.ThrowIfNull(recorded);
        var act = recorded.Signed.Act;
        var digest = act.Digest();
        if (Version == 0 != (act.Kind == IncidentActs.Open))
        {
            throw Version == 0
                ? new ControlException("incident-unknown", ExitCode.BadInput, $"There is no incident '{Plain.Line(act.Incident)}' on the network '{act.Network}'.", "'agijobs incident list' names those there are; 'agijobs incident open' opens one.")
                : new ControlException("incident-exists", ExitCode.BadInput, $"The incident {Id} is open already, since {Opened.At.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC.", "Go on with it, or give another --name.");
        }

        if (Version > 0 && (act.Incident != Id || act.Network != Network || act.ChainId != ChainId))
        {
            throw Format($"it is for the incident '{act.Incident}' on the network '{act.Network}', chain {act.ChainId}");
        }

        if (_digests.Contains(digest))
        {
            throw new ControlException("incident-twice", ExitCode.Refused, $"This act was recorded already: {act.Says()}", "Nothing was done twice.");
        }

        if (Closed is not null && act.Kind is not (IncidentActs.Note or IncidentActs.Cause or IncidentActs.Annotate or IncidentActs.Attach or IncidentActs.FinishFollowUp or IncidentActs.AddFollowUp))
        {
            throw new ControlException("incident-closed", ExitCode.Refused, $"The incident {Id} was closed on {Closed.At.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC by {Closed.By}.", "Notes, causes, attachments and follow-ups are still taken. What begins anew is a new incident.");
        }

        var hand = new IncidentHand(recorded.At, recorded.Signed.By, recorded.Signed.Duty, recorded.Signed.Signer);
        Take(act, hand);
        _digests.Add(digest);
        _acts.Add(recorded);
        Add(_alerts, act.Alerts);
        Add(_transactions, act.Transactions);
        Add(_changes, act.Changes);
        foreach (var role in _roles.Values.Where(role => role.TakenAt is null && role.IsHeldBy([hand.Signer])).ToList())
        {
            _roles[role.Role] = role with { TakenAt = hand.At };
        }
    }

    private void Take(IncidentAct act, IncidentHand hand)
    {
        switch (act.Kind)
        {
            case IncidentActs.Open:
                var severity = SeverityOf(act);
                var (id, title, category) = (IncidentName.Require(act.Incident), Needed(act.Title, "title"), CategoryOf(act.Category ?? IncidentCategories.Other));
                (Id, Network, ChainId, Title, Opened) = (id, act.Network, act.ChainId, title, hand);
                _categories.Add(new CategoryDecision(hand, category));
                DetectedAt = act.DetectedAt is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null;
                DetectedBlock = act.DetectedBlock is { } block and >= 0 ? new BlockNumber((ulong)block) : null;
                _severities.Add(new SeverityDecision(hand, severity, act.Reason ?? "as it was opened"));
                break;
            case IncidentActs.Decide:
                var decided = SeverityOf(act);
                var reason = Needed(act.Reason, "reason");
                if (decided > Severity)
                {
                    RequireCommander(hand, "lowers the severity");
                }

                _severities.Add(new SeverityDecision(hand, decided, reason));
                _signOffs.Clear();
                _resumes.Clear();
                break;
            case IncidentActs.Classify:
                var sort = CategoryOf(act.Category);
                if (Category == IncidentCategories.KeyCompromise && sort != Category)
                {
                    RequireCommander(hand, "says that no key is compromised after all, which ends the time for its disclosure");
                }

                if (sort != Category)
                {
                    _categories.Add(new CategoryDecision(hand, sort));
                }

                break;
            case IncidentActs.Assign:
                Assign(act, hand);
                break;
            case IncidentActs.Note:
                _ = Needed(act.Text, "text");
                break;
            case IncidentActs.Cause:
                _ = Needed(act.Reason, "reason");
                var causes = act.Changes is { Count: > 0 } named ? named : throw Format("the changes are missing");
                _ = _causes.RemoveAll(causes.Contains);
                if (act.IsSkipped is not true)
                {
                    _causes.AddRange(causes.Distinct());
                }

                break;
            case IncidentActs.Annotate:
                _ = (Needed(act.Subject, "entry"), Needed(act.Text, "text"));
                break;
            case IncidentActs.Attach:
                _attachments.Add(new IncidentAttachment(hand, FileOf(act), act.Sha256 ?? throw Format("the digest is missing"), act.Size ?? throw Format("the size is missing")));
                break;
            case IncidentActs.Update:
                _updates.Add(new IncidentUpdate(act.Id(), hand, Needed(act.Text, "text"), act.IsPublic is true, act.IsDisclosure is true, act.Template, null));
                break;
            case IncidentActs.ApproveUpdate:
                Approve(act, hand);
                break;
            case IncidentActs.Mark:
                Mark(act, hand);
                break;
            case IncidentActs.SignOff:
                SignOff(hand);
                break;
            case IncidentActs.ApproveResume:
                RequireCommander(hand, "approves a resume");
                _resumes.Add(new ResumeApproval(hand, act.Changes ?? [], Needed(act.Reason, "reason")));
                break;
            case IncidentActs.BeginReview:
                Review = new IncidentReview(hand, Needed(act.Person, "owner"), act.Addresses ?? [], null, null);
                break;
            case IncidentActs.CompleteReview:
                Complete(act, hand);
                break;
            case IncidentActs.AddFollowUp:
                _followUps.Add(new FollowUp($"F{_followUps.Count + 1}", hand, Needed(act.Text, "text"), Needed(act.Person, "owner"), DueOf(act), null, null));
                break;
            case IncidentActs.FinishFollowUp:
                Finish(act, hand);
                break;
            case IncidentActs.Close:
                Close(hand);
                break;
            default:
                throw Format($"there is no act '{act.Kind}'");
        }
    }

    private void Assign(IncidentAct act, IncidentHand hand)
    {
        var role = act.Role ?? throw Format("the role is missing");
        var assigned = new RoleAssignment(hand, role, Needed(act.Person, "person"), act.Addresses is { Count: > 0 } addresses ? addresses : throw Format("the person's addresses are missing"), null);
        var other = role switch { IncidentRole.Commander => Operator, IncidentRole.Operator => Commander, _ => null };
        if (other?.Is(assigned.Person, assigned.Addresses) is true)
        {
            throw new ControlException(
                "incident-dual-control",
                ExitCode.Refused,
                $"{assigned.Person} is the {other.Role.Name()} of {Id} and cannot be the {role.Name()} as well: commander and operator are different people, so that no one person both orders and executes.",
                $"Name another person: agijobs incident assign {Id} {role.Name()} NAME --signer NAME. A pause needs neither and does not wait.");
        }

        _roles[role] = assigned;
        _signOffs.Clear();
    }

    private void Approve(IncidentAct act, IncidentHand hand)
    {
        var index = _updates.FindIndex(update => update.Id == act.Subject && update is { IsPublic: true, Template: null });
        if (index < 0)
        {
            throw new ControlException("update-unknown", ExitCode.BadInput, $"The incident {Id} has no public update '{Plain.Line(act.Subject ?? "")}' whose words wait for approval.", $"agijobs incident show {Id} names them.");
        }

        if (_updates[index].Hand is var author && (author.Signer == hand.Signer || string.Equals(author.By, hand.By, StringComparison.OrdinalIgnoreCase)))
        {
            throw new ControlException("update-own-words", ExitCode.Refused, $"{hand.By} wrote these words and cannot approve them.", "Have somebody else with the duty commander, communications or security approve them, or use an approved wording: incident update --template NAME.");
        }

        _updates[index] = _updates[index] with { Approval = _updates[index].Approval ?? hand };
    }

    private void Mark(IncidentAct act, IncidentHand hand)
    {
        if (ResolvedAt is { } resolved)
        {
            throw new ControlException("incident-resolved", ExitCode.Refused, $"The incident {Id} recovered on {resolved.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC; its steps are over, and the time of its review runs from then.", "What begins anew is a new incident: agijobs incident open.");
        }

        var step = act.Step is { } named && IncidentSteps.All.Contains(named, StringComparer.Ordinal) ? named : throw Format($"there is no step '{act.Step}': name one of {string.Join(", ", IncidentSteps.All)}");
        var skipped = act.IsSkipped is true;
        var text = skipped ? Needed(act.Reason, "reason") : act.Text ?? "";
        if (skipped && step != IncidentSteps.Recover)
        {
            RequireCommander(hand, $"decides to skip the step {step}");
        }

        // Who executes is not who orders.
        if (!skipped && IncidentSteps.Privileged.Contains(step, StringComparer.Ordinal) && IncidentDuties.Check(this, Commander, new IncidentExecutor(hand.By, [hand.Signer])) is { } refused)
        {
            throw refused.ToException();
        }

        if (step == IncidentSteps.Recover)
        {
            RequireCommander(hand, "approves recovery");
            if (skipped)
            {
                throw Format("recovery cannot be skipped");
            }

            var missing = IncidentSteps.All.Where(other => other != IncidentSteps.Recover && !_steps.ContainsKey(other)).ToList();
            if (missing.Count > 0)
            {
                throw new ControlException("incident-steps-missing", ExitCode.Refused, $"The incident {Id} has not recovered: {string.Join(", ", missing)} {(missing.Count == 1 ? "is" : "are")} neither done nor skipped.", $"agijobs incident step {Id} {missing[0]} --note TEXT --signer NAME, or --skip REASON by the commander.");
            }

            if (MissingSignOffs() is { Count: > 0 } waiting)
            {
                throw SignOffsMissing(waiting);
            }
        }
        else
        {
            _signOffs.Clear();
        }

        _steps[step] = new StepMark(hand, step, skipped, text);
    }

    private void SignOff(IncidentHand hand)
    {
        var roles = RolesOf([hand.Signer]);
        if (roles.Count == 0)
        {
            throw new ControlException("incident-not-responder", ExitCode.Refused, $"{hand.By} has no role in the incident {Id}, so that there is nothing to sign off.", $"The responders are {(_roles.Count == 0 ? "nobody yet" : string.Join(", ", _roles.Values.OrderBy(role => role.Role).Select(role => $"{role.Role.Name()} {role.Person}")))}.");
        }

        foreach (var role in roles)
        {
            _signOffs[role] = hand;
        }
    }

    private void Complete(IncidentAct act, IncidentHand hand)
    {
        if (ResolvedAt is null)
        {
            throw NotResolved("reviewed to the end");
        }

        Review = Review is { } begun ? begun with { Completed = hand, Sha256 = act.Sha256 ?? throw Format("the digest of the review is missing") }
            : throw new ControlException("review-owner", ExitCode.Refused, $"The review of {Id} has no owner.", $"agijobs incident review {Id} --owner NAME --signer NAME");
    }

    private void Finish(IncidentAct act, IncidentHand hand)
    {
        var index = _followUps.FindIndex(followUp => string.Equals(followUp.Id, act.Subject, StringComparison.OrdinalIgnoreCase));
        if (index < 0)
        {
            throw new ControlException("follow-up-unknown", ExitCode.BadInput, $"The incident {Id} has no follow-up '{Plain.Line(act.Subject ?? "")}'.", _followUps.Count == 0 ? "It has none." : $"It has {string.Join(", ", _followUps.Select(followUp => followUp.Id))}.");
        }

        if (_followUps[index].Done is { } before)
        {
            throw new ControlException("follow-up-done", ExitCode.Refused, $"{before.By} said on {before.At.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC that {_followUps[index].Id} is done.", "Nothing was done twice.");
        }

        _followUps[index] = _followUps[index] with { Done = hand, Outcome = Needed(act.Text, "text") };
    }

    private void Close(IncidentHand hand)
    {
        RequireCommander(hand, "closes the incident");
        if (ResolvedAt is null)
        {
            throw NotResolved("closed");
        }

        if (MissingSignOffs() is { Count: > 0 } waiting)
        {
            throw SignOffsMissing(waiting);
        }

        if (Review?.Completed is null)
        {
            throw new ControlException("incident-review-missing", ExitCode.Refused, $"The incident {Id} cannot be closed: its review is not complete.", $"agijobs incident review {Id} says what is missing of it.");
        }

        Closed = hand;
    }

    private void RequireCommander(IncidentHand hand, string does)
    {
        if (Commander is { } commander ? !commander.IsHeldBy([hand.Signer]) : hand.Duty != Control.Workspaces.Duty.Commander)
        {
            throw new ControlException(
                "incident-commander",
                ExitCode.Refused,
                $"Only the commander {does}, and {(Commander is { } other ? $"the commander of {Id} is {other.Person}" : $"{hand.By} signs under the duty {Control.Workspaces.Duties.Name(hand.Duty)}")}.",
                Commander is { } person ? $"Have {person.Person} sign, or give the command to another: agijobs incident assign {Id} commander NAME --signer NAME" : "Have a person with the duty commander sign.");
        }
    }

    private ControlException SignOffsMissing(IReadOnlyList<RoleAssignment> waiting) => new(
        "incident-sign-offs-missing",
        ExitCode.Refused,
        $"These responders of {Id} have not signed off since the last change of a step, role or severity: {string.Join(", ", waiting.Select(role => $"{role.Person} ({role.Role.Name()})"))}.",
        $"Each signs: agijobs incident step {Id} sign-off --signer NAME");

    private ControlException NotResolved(string what) => new("incident-not-resolved", ExitCode.Refused, $"The incident {Id} cannot be {what}: it has not recovered.", $"agijobs incident step {Id} recover --signer COMMANDER, once mitigations are confirmed.");

    private static Severity SeverityOf(IncidentAct act) => Findings.Severities.Parse(act.Severity ?? "") ?? throw Format($"'{act.Severity}' is no severity: SEV-0, SEV-1, SEV-2 or SEV-3");

    private static string CategoryOf(string? category) => category is not null && IncidentCategories.All.Contains(category, StringComparer.Ordinal) ? category : throw Format($"'{category}' is no category: {string.Join(", ", IncidentCategories.All)}");

    private static DateOnly DueOf(IncidentAct act) => DateOnly.TryParseExact(act.Due, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var due) && due <= DateOnly.FromDateTime(act.Time.UtcDateTime).AddYears(FollowUpYears) ? due : throw Format($"'{act.Due}' is no day within the next {FollowUpYears} years: write it like 2026-03-31");

    private string FileOf(IncidentAct act) =>
        act.File is not { } file || !AttachmentName.IsName(file) ? throw Format($"'{act.File}' is no name of a file")
        : _attachments.Exists(other => string.Equals(other.File, file, StringComparison.OrdinalIgnoreCase)) ? throw new ControlException("attachment-exists", ExitCode.BadInput, $"The incident {Id} has a file '{file}' already.", "Give it another name with --as.")
        : file;

    private static string Needed(string? text, string what) => string.IsNullOrWhiteSpace(text) ? throw Format($"the {what} is missing") : text;

    private static ControlException Format(string why) => new("incident-format", ExitCode.BadInput, $"This act cannot be: {Plain.Line(why)}.", "Correct the command.");

    private static void Add<T>(List<T> to, IReadOnlyList<T>? from)
    {
        foreach (var item in from ?? [])
        {
            if (!to.Contains(item))
            {
                to.Add(item);
            }
        }
    }
}

/// <summary>An act as it stands in the stream.</summary>
/// <param name="Version">Its place, from 1.</param>
/// <param name="At">When it was committed, by the clock of the store.</param>
/// <param name="Signed">The act and who did it.</param>
public sealed record RecordedAct(long Version, DateTimeOffset At, SignedIncidentAct Signed);
