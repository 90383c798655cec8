using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Incidents;

/// <summary>Who did something, and when the store had it.</summary>
/// <param name="At">When it was committed, by the clock of the store.</param>
/// <param name="By">The person.</param>
/// <param name="Duty">Under which duty.</param>
/// <param name="Signer">With which address.</param>
public sealed record IncidentHand(DateTimeOffset At, string By, Duty Duty, Address Signer);

/// <summary>A decision about the severity.</summary>
/// <param name="Hand">Who decided, and when.</param>
/// <param name="Severity">What.</param>
/// <param name="Reason">Why.</param>
public sealed record SeverityDecision(IncidentHand Hand, Severity Severity, string Reason);

/// <summary>A decision about the sort.</summary>
/// <param name="Hand">Who decided, and when.</param>
/// <param name="Category">What: a name of <see cref="IncidentCategories"/>.</param>
public sealed record CategoryDecision(IncidentHand Hand, string Category);

/// <summary>A role that a person fills.</summary>
/// <param name="Hand">Who gave it, and when.</param>
/// <param name="Role">The role.</param>
/// <param name="Person">The person.</param>
/// <param name="Addresses">The person's addresses then.</param>
/// <param name="TakenAt">When the person signed anything in the incident for the first time since: the role is taken. Null before that.</param>
public sealed record RoleAssignment(IncidentHand Hand, IncidentRole Role, string Person, IReadOnlyList<Address> Addresses, DateTimeOffset? TakenAt)
{
    /// <summary>True when one of these addresses is theirs: what gives the role's authority. A name gives none, since whoever signs writes it himself.</summary>
    public bool IsHeldBy(IEnumerable<Address> addresses) => addresses.Any(Addresses.Contains);

    /// <summary>True when it is or may be this person, by the name or by any address: what refuses one person two roles.</summary>
    public bool Is(string person, IEnumerable<Address> addresses) => string.Equals(Person.Trim(), person.Trim(), StringComparison.OrdinalIgnoreCase) || addresses.Any(Addresses.Contains);
}

/// <summary>A step of the core flow that was done or skipped.</summary>
/// <param name="Hand">Who said so, and when.</param>
/// <param name="Step">The step.</param>
/// <param name="IsSkipped">True when it was skipped.</param>
/// <param name="Text">What was done, or why it was skipped.</param>
public sealed record StepMark(IncidentHand Hand, string Step, bool IsSkipped, string Text);

/// <summary>An update.</summary>
/// <param name="Id">How it is named: <see cref="IncidentAct.Id"/>.</param>
/// <param name="Hand">Who wrote it, and when.</param>
/// <param name="Text">What it says.</param>
/// <param name="IsPublic">True when it is for the public.</param>
/// <param name="IsDisclosure">True when it discloses the compromise of a key.</param>
/// <param name="Template">The approved wording that it is made of; null when it is of its author's own words.</param>
/// <param name="Approval">Who approved the words; null when nobody has, or nobody has to.</param>
public sealed record IncidentUpdate(string Id, IncidentHand Hand, string Text, bool IsPublic, bool IsDisclosure, string? Template, IncidentHand? Approval)
{
    /// <summary>When it was out: at once, or with the approval of its words; null while it waits.</summary>
    public DateTimeOffset? OutAt => !IsPublic || Template is not null ? Hand.At : Approval?.At;
}

/// <summary>A file of the archive.</summary>
/// <param name="Hand">Who attached it, and when.</param>
/// <param name="File">Its name.</param>
/// <param name="Sha256">Its digest.</param>
/// <param name="Size">Its size in bytes.</param>
public sealed record IncidentAttachment(IncidentHand Hand, string File, Bytes32 Sha256, long Size);

/// <summary>Something to be done after the incident.</summary>
/// <param name="Id">How it is named: <c>F1</c>.</param>
/// <param name="Hand">Who added it, and when.</param>
/// <param name="Text">What.</param>
/// <param name="Owner">Who does it.</param>
/// <param name="Due">The last day, UTC.</param>
/// <param name="Done">Who said that it is done; null before that.</param>
/// <param name="Outcome">What was done.</param>
public sealed record FollowUp(string Id, IncidentHand Hand, string Text, string Owner, DateOnly Due, IncidentHand? Done, string? Outcome);

/// <summary>The review.</summary>
/// <param name="Begun">Who began it, and when.</param>
/// <param name="Owner">Who writes it.</param>
/// <param name="OwnerAddresses">The owner's addresses then.</param>
/// <param name="Completed">Who approved it; null before that.</param>
/// <param name="Sha256">The digest of what was approved.</param>
public sealed record IncidentReview(IncidentHand Begun, string Owner, IReadOnlyList<Address> OwnerAddresses, IncidentHand? Completed, Bytes32? Sha256);

/// <summary>The commander's approval of a resume.</summary>
/// <param name="Hand">Who, and when.</param>
/// <param name="Changes">The changes that it is for; none for any.</param>
/// <param name="Reason">Why.</param>
public sealed record ResumeApproval(IncidentHand Hand, IReadOnlyList<Bytes32> Changes, string Reason);

/// <summary>How far an incident has come.</summary>
public enum IncidentPhase
{
    /// <summary>The response goes on.</summary>
    Open,

    /// <summary>It has recovered; review and sign-offs are left.</summary>
    Resolved,

    /// <summary>Over.</summary>
    Closed,
}
