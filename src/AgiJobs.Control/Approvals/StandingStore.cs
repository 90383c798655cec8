using System.Globalization;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;

namespace AgiJobs.Control.Approvals;

/// <summary>A standing approval as it was found.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Approval">What it says; null when it cannot be read.</param>
/// <param name="Problem">Why it covers nothing at all, whatever the change; null when it is in order.</param>
/// <param name="Code">The code of the problem.</param>
/// <param name="Uses">The executions under it.</param>
public sealed record StandingEntry(string Id, StandingApproval? Approval, string? Problem, string? Code, IReadOnlyList<DateTimeOffset> Uses)
{
    /// <summary>What was slashed under it, each with its time; the reports are null where a record cannot be read. None for one that covers pauses.</summary>
    public IReadOnlyList<(DateTimeOffset At, IReadOnlyList<MisconductReport>? Reports)> Slashes { get; init; } = [];

    /// <summary>What was slashed on the network under any standing approval; as <see cref="Slashes"/>.</summary>
    public IReadOnlyList<(DateTimeOffset At, IReadOnlyList<MisconductReport>? Reports)> Together { get; init; } = [];

    /// <summary>What the policy lets all of them slash together; null for one that covers pauses.</summary>
    public SlashCeiling? Ceiling { get; init; }
}

/// <summary>Why a standing approval does not cover a change.</summary>
/// <param name="Code">A stable identifier.</param>
/// <param name="Why">In words.</param>
public sealed record StandingGap(string Code, string Why);

/// <summary>The standing approvals of a workspace: <c>storage/approvals/standing/</c>. One that is damaged hides no other.</summary>
public sealed class StandingStore(Workspace workspace, TimeProvider time)
{
    private const string RevocationMark = ".revocation";

    private static readonly TimeSpan Reserved = TimeSpan.FromHours(1);
    private static readonly TimeSpan CeilingPeriod = TimeSpan.FromDays(30);

    private string Root => workspace.Locate("storage", "approvals", "standing");

    /// <summary>The file of a standing approval.</summary>
    public string PathOf(string id) => Path.Combine(Root, id + ".json");

    /// <summary>Every standing approval of a network, by name. One that cannot be read is among those of every network.</summary>
    public IReadOnlyList<StandingEntry> List(string network, ApprovalPolicy policy, FiledChange? apartFrom = null) =>
        [.. Names().Select(id => Read(id, policy, apartFrom)).Where(entry => entry.Approval is not { } approval || string.Equals(approval.Document.Network, network, StringComparison.Ordinal))];

    /// <summary>One standing approval.</summary>
    /// <exception cref="ControlException"><c>standing-unknown</c> with the names there are.</exception>
    public StandingEntry Get(string id, ApprovalPolicy policy) => Names().Contains(id, StringComparer.Ordinal)
        ? Read(id, policy, null)
        : throw new ControlException("standing-unknown", ExitCode.BadInput, $"There is no standing approval '{id}' in {Root}{(Names() is { Count: > 0 } names ? $": it has {string.Join(", ", names)}" : "")}.", "'agijobs approval standing list' shows those on file.");

    /// <summary>Why a standing approval does not cover a change now, every reason; empty when it covers it.</summary>
    /// <param name="entry">The standing approval.</param>
    /// <param name="change">The change.</param>
    /// <param name="nature">What the change does.</param>
    /// <param name="sender">Who is to send it; null when that is not known yet.</param>
    public IReadOnlyList<StandingGap> Gaps(StandingEntry entry, ChangeDocument change, ChangeNature nature, Address? sender)
    {
        if (entry.Problem is { } problem || entry.Approval is null)
        {
            return [new StandingGap(entry.Code ?? "standing-damaged", entry.Problem ?? "it cannot be read")];
        }

        var document = entry.Approval.Document;
        var now = time.GetUtcNow();
        var gaps = new List<StandingGap>();
        if (nature.IsResume)
        {
            gaps.Add(new StandingGap("standing-resume", "no standing approval covers a resume"));
        }
        else if (document.Slash is { } slash)
        {
            if (nature.Reports is not { } reports)
            {
                gaps.Add(new StandingGap("standing-not-slash", "it covers only changes that report a validator's misconduct and do nothing else, and this one calls something else"));
            }
            else
            {
                Slash(slash, reports);
            }
        }
        else if (!nature.IsPause)
        {
            gaps.Add(new StandingGap("standing-not-pause", "a standing approval covers only changes that stop and do nothing else, and this one calls something else"));
        }

        Unless(string.Equals(document.Network, change.Network, StringComparison.Ordinal) && document.ChainId == change.ChainId, "standing-network", $"it is for {document.Network}, chain {document.ChainId}");
        Unless(document.Kinds.Contains(change.Kind, StringComparer.Ordinal), "standing-kind", $"it covers {string.Join(", ", document.Kinds)}, and this is {change.Kind}");
        foreach (var step in change.Steps.DistinctBy(step => step.Target))
        {
            Unless(document.Modules.Any(module => module.Address == step.Target), "standing-module", $"it does not cover {step.Module} at {step.Target}");
        }

        foreach (var route in change.Steps.Select(step => step.Route.Kind).Distinct())
        {
            Unless(document.Routes.Contains(route), "standing-route", $"it covers the routes {string.Join(", ", document.Routes.Select(kind => kind.ToString().ToLowerInvariant()))}, and this change goes by {route.ToString().ToLowerInvariant()}");
        }

        if (document.Executors.Count == 0)
        {
            // Whose authority it is stands in signatures then, and not in who sends.
            Unless(change.Steps.All(step => step.Route.Base.Kind is RouteKind.Authorization or RouteKind.Safe), "standing-executor", "it names no executor, which only what is signed in advance admits: statements and Safe transactions");
        }
        else if (sender is { } from)
        {
            Unless(document.Executors.Contains(from), "standing-executor", $"{from} is none of the executors that it names");
        }

        Unless(now >= document.ValidFrom, "standing-early", $"it is valid only from {document.ValidFrom:yyyy-MM-dd HH:mm:ss} UTC");
        Unless(now < document.ValidUntil, "standing-expired", $"it was valid until {document.ValidUntil:yyyy-MM-dd HH:mm:ss} UTC");
        Unless(entry.Uses.Count < document.Total, "standing-total", string.Create(CultureInfo.InvariantCulture, $"it was used {entry.Uses.Count} times, and is good for {document.Total}"));
        var today = entry.Uses.Count(use => use > now - TimeSpan.FromDays(1));
        Unless(today < document.PerDay, "standing-per-day", string.Create(CultureInfo.InvariantCulture, $"it was used {today} times in the last 24 hours, and is good for {document.PerDay}"));
        var ready = entry.Uses.Count == 0 ? DateTimeOffset.MinValue : entry.Uses.Max() + TimeSpan.FromSeconds(document.CoolDownSeconds);
        Unless(now >= ready, "standing-cool-down", $"it cools down until {ready:yyyy-MM-dd HH:mm:ss} UTC");
        return gaps;

        void Slash(StandingSlash slash, IReadOnlyList<MisconductReport> reports)
        {
            foreach (var reason in reports.Select(report => report.Reason).Where(reason => !slash.Reasons.Any(prefix => reason.StartsWith(prefix, StringComparison.Ordinal))).Distinct(StringComparer.Ordinal))
            {
                gaps.Add(new StandingGap("standing-reason", $"it covers reasons that begin with {string.Join(" or ", slash.Reasons)}, and this is {reason}"));
            }

            if (entry.Slashes.Concat(entry.Together).Any(use => use.Reports is null))
            {
                gaps.Add(new StandingGap("standing-use-unknown", "a change that was sent under it cannot be read, so that it is not known what is left of it"));
                return;
            }

            Limits("standing-slash", "its limit", new SlashCeiling(slash.PerRound, slash.PerDay, slash.PerValidator), TimeSpan.MaxValue, entry.Slashes, reports);
            // Two approvals do not let through twice what the owners' policy allows.
            Limits("policy-slash", "the policy's limit for all standing approvals together", entry.Ceiling!, CeilingPeriod, entry.Together, reports);
        }

        void Limits(string code, string whose, SlashCeiling limits, TimeSpan period, IReadOnlyList<(DateTimeOffset At, IReadOnlyList<MisconductReport>? Reports)> uses, IReadOnlyList<MisconductReport> reports)
        {
            var before = uses.SelectMany(use => use.Reports!.Select(report => (Age: now - use.At, Report: report))).ToList();
            foreach (var round in reports.GroupBy(report => (report.Arena, report.Round)))
            {
                Within("round", $"round {round.Key.Round}", limits.PerRound, before.Where(use => (use.Report.Arena, use.Report.Round) == round.Key), round);
            }

            foreach (var validator in reports.GroupBy(report => report.Validator))
            {
                Within("validator", $"{validator.Key}", limits.PerValidator, before.Where(use => use.Report.Validator == validator.Key && use.Age < period), validator);
            }

            Within("day", "24 hours", limits.PerDay, before.Where(use => use.Age < TimeSpan.FromDays(1)), reports);

            void Within(string kind, string what, Wei limit, IEnumerable<(TimeSpan Age, MisconductReport Report)> spent, IEnumerable<MisconductReport> wanted)
            {
                var (used, more) = (Sum(spent.Select(use => use.Report)), Sum(wanted));
                Unless(used + more <= limit, $"{code}-{kind}", $"{whose} for {what} is {limit.Value} wei of the token, {used.Value} are used up and {more.Value} are asked for");
            }
        }

        static Wei Sum(IEnumerable<MisconductReport> reports) => reports.Aggregate(Wei.Zero, (sum, report) => sum + report.Amount);

        void Unless(bool holds, string code, string why)
        {
            if (!holds)
            {
                gaps.Add(new StandingGap(code, why));
            }
        }
    }

    /// <summary>Checks a new standing approval against the policy, has it signed and puts it on file. Nothing is filed unless everybody signed.</summary>
    /// <exception cref="ControlException">
    /// <c>standing-exists</c>, <c>standing-scope</c> for a scope that covers nothing or too much, <c>standing-limits</c> for limits above the policy's, <c>standing-signers</c> when they are not two
    /// people with the duty approver; <c>file-write</c>.
    /// </exception>
    public async Task<StandingApproval> AddAsync(StandingDocument document, IReadOnlyList<ISigner> signers, ApprovalPolicy policy, CancellationToken cancellation)
    {
        Check(document, policy);
        if (File.Exists(PathOf(document.Id)) || Names().Contains(document.Id, StringComparer.Ordinal))
        {
            throw new ControlException("standing-exists", ExitCode.Refused, $"There is a standing approval '{document.Id}' already.", "Choose another name: what was signed under this one stays on record.");
        }

        if (SignersProblem([.. signers.Select(signer => signer.Address)], policy) is { } why)
        {
            throw new ControlException("standing-signers", ExitCode.Refused, $"A standing approval is signed by two people with the duty approver: {why}.", "Name two of them: --signer NAME --signer NAME.");
        }

        var statement = ApprovalStatements.Standing(document.Digest(), document.ChainId);
        var signatures = new List<StandingSignature>();
        foreach (var signer in signers)
        {
            signatures.Add(new StandingSignature { Signer = signer.Address, Signature = await SignedRecords.SignAsync(statement, signer, cancellation).ConfigureAwait(false), SignedAt = time.GetUtcNow() });
        }

        var approval = new StandingApproval { Version = 1, Document = document, Signatures = signatures };
        JsonFile.Write(PathOf(document.Id), approval, ApprovalJson.Default.StandingApproval);
        return approval;
    }

    /// <summary>Ends a standing approval at once.</summary>
    /// <exception cref="ControlException"><c>standing-revoker</c> (exit 4) when the signer is neither one of its signers nor an approver, <c>standing-damaged</c> when it cannot be read and so covers nothing anyway.</exception>
    public async Task<StandingRevocation> RevokeAsync(string id, string reason, ISigner signer, ApprovalPolicy policy, CancellationToken cancellation)
    {
        var entry = Get(id, policy);
        if (entry.Approval is not { } approval)
        {
            throw new ControlException("standing-damaged", ExitCode.Refused, $"The standing approval '{id}' cannot be read, and so covers nothing: {entry.Problem}", "Restore it from git if it is to be revoked on record.");
        }

        if (!MayRevoke(approval, signer.Address, policy))
        {
            throw new ControlException("standing-revoker", ExitCode.Refused, $"{signer.Address} is neither one of the signers of '{id}' nor an approver.", "Revoke it with one of these.");
        }

        var digest = approval.Document.Digest();
        var revocation = new StandingRevocation
        {
            Version = 1,
            Document = digest,
            ChainId = approval.Document.ChainId,
            Reason = reason,
            Signer = signer.Address,
            Signature = await SignedRecords.SignAsync(ApprovalStatements.Revocation(digest, approval.Document.ChainId, reason), signer, cancellation).ConfigureAwait(false),
            SignedAt = time.GetUtcNow(),
        };
        JsonFile.Write(Path.Combine(Root, $"{id}{RevocationMark}-{signer.Address}.json"), revocation, ApprovalJson.Default.StandingRevocation);
        return revocation;
    }

    /// <summary>Removes a standing approval and its revocations, for a local chain that is gone with all that was done on it.</summary>
    public void Forget(string id)
    {
        foreach (var path in Directory.Exists(Root) ? Directory.GetFiles(Root, id + ".*") : [])
        {
            File.Delete(path);
        }
    }

    /// <summary>Records that a change is about to be sent under a standing approval; a second record of the same change changes nothing.</summary>
    /// <exception cref="ControlException"><c>file-write</c>.</exception>
    public void Use(StandingEntry entry, FiledChange change, Address sender)
    {
        var path = UsePath(change.Folder, entry.Id);
        if (!File.Exists(path))
        {
            var approval = entry.Approval!;
            JsonFile.Write(path, new StandingUse { Version = 1, Change = change.Document.Digest(), Document = approval.Document.Digest(), Sender = sender, UsedAt = time.GetUtcNow(), Standing = approval }, ApprovalJson.Default.StandingUse);
        }
    }

    /// <summary>Takes a record of use back, of a change that was not begun to be sent.</summary>
    /// <exception cref="ControlException"><c>journal-corrupt</c>; the record stays.</exception>
    public static void Release(StandingEntry entry, FiledChange change)
    {
        if (Journal.Read(change.JournalPath).Count == 0)
        {
            File.Delete(UsePath(change.Folder, entry.Id));
        }
    }

    private static void Check(StandingDocument document, ApprovalPolicy policy)
    {
        if (document.Id.Length is 0 or > 60 || document.Id.Any(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c is not '-'))
        {
            throw Scope($"'{document.Id}' is no name for it", "Use 1 to 60 lower-case letters, digits and '-'.");
        }

        if (document.Kinds.Count == 0 || document.Modules.Count == 0 || document.Routes.Count == 0)
        {
            throw Scope("it names no kinds, no modules or no routes, and so covers nothing", "Name at least one of each.");
        }

        if (document.Slash is { } slash)
        {
            if (document.Kinds is not [ChangeNature.SlashKind] || !string.Equals(slash.Function, MisconductReport.Function.Signature, StringComparison.Ordinal))
            {
                throw Scope($"one that lets validators be slashed covers the kind {ChangeNature.SlashKind} and the function {MisconductReport.Function.Signature}, and nothing else", "Make another one for pauses.");
            }

            if (slash.Reasons.Count == 0 || slash.Reasons.Any(prefix => prefix.Length < 3 || !prefix.Contains(':', StringComparison.Ordinal)))
            {
                throw Scope("it names no reasons, or a beginning that fits any", "Name beginnings such as auto-slash: or moderation:.");
            }

            if (document.Executors.Count == 0)
            {
                throw Scope("it names no executor, and slashing is never left to anybody", "Name who may send it with --executor.");
            }

            if (slash.PerRound == Wei.Zero || slash.PerDay == Wei.Zero || slash.PerValidator == Wei.Zero)
            {
                throw Limits("each amount is above 0");
            }

            var ceiling = policy.SlashCeiling;
            if (slash.PerRound > ceiling.PerRound || slash.PerDay > ceiling.PerDay || slash.PerValidator > ceiling.PerValidator)
            {
                throw Limits($"the policy allows at most {ceiling.PerRound.ToEther()} AGIALPHA for a round, {ceiling.PerDay.ToEther()} in 24 hours and {ceiling.PerValidator.ToEther()} for a validator");
            }
        }
        else if (document.Kinds.FirstOrDefault(kind => !kind.StartsWith("pause-", StringComparison.Ordinal) || kind.Contains('*', StringComparison.Ordinal)) is { } kind)
        {
            throw Scope($"it names the kind '{kind}', and only changes that stop can be approved in advance, or that slash within limits", "Name kinds such as pause-system, or slash with its limits.");
        }

        if (document.Executors.Count == 0 && document.Routes.Any(route => route is not (RouteKind.Authorization or RouteKind.Safe)))
        {
            throw Scope("it names no executor, which only the routes authorization and safe admit", "Name who may send it with --executor.");
        }

        var limits = policy.File.Standing;
        if (document.PerDay < 1 || document.Total < 1 || document.CoolDownSeconds < 0 || document.ValidUntil <= document.ValidFrom)
        {
            throw Limits("each limit is at least 1, the cool-down at least 0, and the end lies after the beginning");
        }

        if (document.PerDay > limits.MaxPerDay || document.Total > limits.MaxTotal || document.ValidUntil - document.ValidFrom > TimeSpan.FromDays(limits.MaxDays!.Value))
        {
            throw Limits(string.Create(CultureInfo.InvariantCulture, $"the policy allows at most {limits.MaxPerDay} a day, {limits.MaxTotal} in all and {limits.MaxDays} days"));
        }

        static ControlException Scope(string why, string mend) => new("standing-scope", ExitCode.BadInput, $"This standing approval cannot be made: {why}.", mend);

        static ControlException Limits(string why) => new("standing-limits", ExitCode.Refused, $"These limits cannot be approved in advance: {why}.", "Lower them.");
    }

    private StandingEntry Read(string id, ApprovalPolicy policy, FiledChange? apartFrom)
    {
        StandingApproval approval;
        try
        {
            approval = JsonFile.Read(PathOf(id), ApprovalJson.Default.StandingApproval);
        }
        catch (ControlException problem)
        {
            return new StandingEntry(id, null, $"it cannot be read: {problem.Message}", "standing-damaged", []);
        }

        var (code, why) = Standing(id, approval, policy);
        return new StandingEntry(id, approval, why, code, Uses(id, apartFrom))
        {
            Slashes = approval.Document.Slash is null ? [] : Slashes(folder => UsePath(folder, id), null, apartFrom),
            Together = approval.Document.Slash is null ? [] : Slashes(AnyUse, approval.Document.Network, apartFrom),
            Ceiling = approval.Document.Slash is null ? null : policy.SlashCeiling,
        };
    }

    private (string? Code, string? Why) Standing(string id, StandingApproval approval, ApprovalPolicy policy)
    {
        if (approval.Version != 1 || approval.Document.Version != 1 || !string.Equals(approval.Document.Id, id, StringComparison.Ordinal))
        {
            return ("standing-damaged", "it is of another version, or its file has another name than it has");
        }

        if (Revoked(id, approval, policy) is { } revoked)
        {
            return ("standing-revoked", revoked);
        }

        var statement = ApprovalStatements.Standing(approval.Document.Digest(), approval.Document.ChainId).Digest;
        foreach (var signature in approval.Signatures)
        {
            if (!SignedRecords.IsBy(statement, signature.Signature, signature.Signer, out var problem))
            {
                return ("standing-signature", $"the signature of {signature.Signer}: {problem}");
            }
        }

        if (SignersProblem([.. approval.Signatures.Select(signature => signature.Signer)], policy) is { } signers)
        {
            return ("standing-signers", signers);
        }

        try
        {
            Check(approval.Document, policy);
        }
        catch (ControlException problem)
        {
            return (problem.Code, problem.Message);
        }

        return (null, null);
    }

    private string? Revoked(string id, StandingApproval approval, ApprovalPolicy policy)
    {
        foreach (var path in Directory.EnumerateFiles(Root, id + RevocationMark + "*").Order(StringComparer.Ordinal))
        {
            StandingRevocation revocation;
            try
            {
                revocation = JsonFile.Read(path, ApprovalJson.Default.StandingRevocation);
            }
            catch (ControlException problem)
            {
                return $"its revocation cannot be read and so counts: {problem.Message}";
            }

            var digest = approval.Document.Digest();
            if (!SignedRecords.IsBy(ApprovalStatements.Revocation(revocation.Document, revocation.ChainId, revocation.Reason).Digest, revocation.Signature, revocation.Signer, out var why))
            {
                return $"its revocation was altered and so counts: {why}";
            }

            if (revocation.Document == digest && revocation.ChainId == approval.Document.ChainId && MayRevoke(approval, revocation.Signer, policy))
            {
                return $"{policy.People.Of(revocation.Signer)?.Name ?? revocation.Signer.ToString()} revoked it: {revocation.Reason}";
            }
        }

        return null;
    }

    private static bool MayRevoke(StandingApproval approval, Address address, ApprovalPolicy policy) =>
        approval.Signatures.Any(signature => signature.Signer == address) || policy.People.Of(address)?.Duties.Contains(Duty.Approver) == true;

    private static string? SignersProblem(IReadOnlyList<Address> signers, ApprovalPolicy policy)
    {
        var people = new HashSet<string>(StringComparer.Ordinal);
        foreach (var signer in signers)
        {
            if (policy.People.Of(signer) is not { } person || !person.Duties.Contains(Duty.Approver))
            {
                return $"{signer} is nobody with the duty approver";
            }

            people.Add(person.Name);
        }

        return people.Count < 2 ? $"{(people.Count == 0 ? "nobody" : string.Join(", ", people))} alone signed it" : null;
    }

    // What counts is the record of executions: a change that was never begun to be sent used nothing up.
    private List<DateTimeOffset> Uses(string id, FiledChange? apartFrom)
    {
        var root = workspace.Locate("storage", "changes");
        var uses = new List<DateTimeOffset>();
        foreach (var folder in Directory.Exists(root) ? Directory.EnumerateDirectories(root).Order(StringComparer.Ordinal) : Enumerable.Empty<string>())
        {
            var path = UsePath(folder, id);
            if (File.Exists(path) && !string.Equals(folder, apartFrom?.Folder, StringComparison.Ordinal) && HasBegun(folder))
            {
                uses.Add(UsedAt(path, Path.GetFileName(folder)));
            }
        }

        return uses;
    }

    // A use that was recorded and not begun keeps its place for a while, since its process may be about to send.
    private List<(DateTimeOffset At, IReadOnlyList<MisconductReport>? Reports)> Slashes(Func<string, string?> useOf, string? network, FiledChange? apartFrom)
    {
        var root = workspace.Locate("storage", "changes");
        var slashes = new List<(DateTimeOffset, IReadOnlyList<MisconductReport>?)>();
        foreach (var folder in Directory.Exists(root) ? Directory.EnumerateDirectories(root).Order(StringComparer.Ordinal) : Enumerable.Empty<string>())
        {
            if (string.Equals(folder, apartFrom?.Folder, StringComparison.Ordinal) || useOf(folder) is not { } path || !File.Exists(path) || (network is not null && !IsSlash(path, network)))
            {
                continue;
            }

            var at = UsedAt(path, Path.GetFileName(folder));
            if (HasBegun(folder) || at > time.GetUtcNow() - Reserved)
            {
                slashes.Add((at, ReportsOf(path, folder)));
            }
        }

        return slashes;
    }

    // A change goes out under one standing approval.
    private static string? AnyUse(string folder) =>
        Path.Combine(folder, "approvals") is var records && Directory.Exists(records) ? Directory.EnumerateFiles(records, "standing-*.json").Order(StringComparer.Ordinal).FirstOrDefault() : null;

    // A record that cannot be read may be of a slash.
    private static bool IsSlash(string path, string network)
    {
        try
        {
            var document = JsonFile.Read(path, ApprovalJson.Default.StandingUse).Standing.Document;
            return document.Slash is not null && string.Equals(document.Network, network, StringComparison.Ordinal);
        }
        catch (ControlException)
        {
            return true;
        }
    }

    private static IReadOnlyList<MisconductReport>? ReportsOf(string path, string folder)
    {
        try
        {
            var use = JsonFile.Read(path, ApprovalJson.Default.StandingUse);
            var change = JsonFile.Read(Path.Combine(folder, "change.json"), ChangeJson.Default.ChangeDocument);
            var reports = change.Steps.Select(MisconductReport.Read).ToList();
            return change.Digest() == use.Change && !reports.Contains(null) ? [.. reports.OfType<MisconductReport>()] : null;
        }
        catch (ControlException)
        {
            return null;
        }
    }

    private static bool HasBegun(string folder)
    {
        try
        {
            return Journal.Read(Path.Combine(folder, "journal.jsonl")).Count > 0;
        }
        catch (Exception problem) when (problem is ControlException or IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    // A damaged record of a use is a use all the same, on the day that its folder names.
    private static DateTimeOffset UsedAt(string path, string folder)
    {
        try
        {
            return JsonFile.Read(path, ApprovalJson.Default.StandingUse).UsedAt;
        }
        catch (ControlException)
        {
            return DateTimeOffset.TryParseExact(folder.Length >= 10 ? folder[..10] : folder, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var day) ? day : DateTimeOffset.UnixEpoch;
        }
    }

    private static string UsePath(string folder, string id) => Path.Combine(folder, "approvals", $"standing-{id}.json");

    private IReadOnlyList<string> Names() => Directory.Exists(Root)
        ? [.. Directory.EnumerateFiles(Root, "*.json").Select(file => Path.GetFileNameWithoutExtension(file)).Where(name => !name.Contains(RevocationMark, StringComparison.Ordinal)).Order(StringComparer.Ordinal)]
        : [];
}
