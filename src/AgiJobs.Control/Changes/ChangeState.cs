using System.Text.Json.Nodes;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Execution;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Changes;

/// <summary>How far a change has come.</summary>
public enum ChangePhase
{
    /// <summary>Planned.</summary>
    Draft,

    /// <summary>Tried without sending.</summary>
    Simulated,

    /// <summary>Everybody whom the policy names has signed.</summary>
    Approved,

    /// <summary>Begun to be sent.</summary>
    Executing,

    /// <summary>Mined, and not verified yet.</summary>
    Executed,

    /// <summary>Mined, and the state afterwards was as expected.</summary>
    Verified,

    /// <summary>Refused or cancelled by a signed record before it was sent.</summary>
    Refused,

    /// <summary>It can no longer be sent: its window or deadline is over, or what it was planned on is gone.</summary>
    Stale,

    /// <summary>Mined and reverted, or found otherwise than expected, or its nonce was taken.</summary>
    Failed,

    /// <summary>Undone by another change that was verified.</summary>
    RolledBack,
}

/// <summary>The state of a change, from what is on file.</summary>
/// <param name="Phase">How far it has come.</param>
/// <param name="Why">What there is to say about it; null when the phase says it all.</param>
public sealed record ChangeState(ChangePhase Phase, string? Why)
{
    /// <summary>The name as commands and JSON have it.</summary>
    public string Name => NameOf(Phase);

    /// <summary>Every name, in the order of a change's life.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Enum.GetValues<ChangePhase>().Select(NameOf)];

    /// <summary>
    /// The state from the change's folder. What the chain alone can tell is not in it: that a precondition no longer holds (<see cref="OfChain"/>).
    /// </summary>
    /// <param name="change">The change.</param>
    /// <param name="isApproved">Whether everybody whom the policy names has signed; asked only when it matters.</param>
    /// <param name="rolledBack">The digests that verified changes undo; see <see cref="RolledBack"/>.</param>
    /// <param name="now">The moment at which windows and deadlines are looked at.</param>
    /// <exception cref="ControlException"><c>journal-corrupt</c>.</exception>
    public static ChangeState Of(FiledChange change, Func<bool> isApproved, IReadOnlySet<Bytes32> rolledBack, DateTimeOffset now)
    {
        var document = change.Document;
        var entries = Journal.Read(change.JournalPath);
        var objections = SignedRecords.HoldsRefusal(change);
        if (entries.Count > 0)
        {
            return rolledBack.Contains(document.Digest()) ? new ChangeState(ChangePhase.RolledBack, "another change undid it and was verified") : Begun(document, entries, objections);
        }

        return objections ? new ChangeState(ChangePhase.Refused, "a signed refusal is on file")
            : document.Window?.NotAfter <= now ? new ChangeState(ChangePhase.Stale, "its window is over")
            : document.Demand?.Deadline <= now ? new ChangeState(ChangePhase.Stale, "its approvals were due and it was not sent")
            : isApproved() ? new ChangeState(ChangePhase.Approved, null)
            : File.Exists(Path.Combine(change.Folder, "simulation.json")) ? new ChangeState(ChangePhase.Simulated, null)
            : new ChangeState(ChangePhase.Draft, null);
    }

    /// <summary>The state with what the chain says: a change that was not begun is stale when a precondition no longer holds.</summary>
    /// <param name="broken">The preconditions that no longer hold.</param>
    public ChangeState OfChain(IReadOnlyList<string> broken) =>
        broken.Count > 0 && Phase is (ChangePhase.Draft or ChangePhase.Simulated or ChangePhase.Approved)
            ? new ChangeState(ChangePhase.Stale, $"what it was planned on is gone: {string.Join("; ", broken)}")
            : this;

    /// <summary>True when an execution was verified and no reorganisation of the chain took that back.</summary>
    public static bool IsVerified(IReadOnlyList<JsonObject> entries) => SinceReorganised(entries).Any(entry => (string?)entry["event"] is "verified");

    /// <summary>The digests that verified changes among these undo. A damaged journal undoes nothing.</summary>
    public static IReadOnlySet<Bytes32> RolledBack(IEnumerable<FiledChange> changes) =>
        changes.Where(change => change.Document.Undoes is not null && IsVerified(change)).Select(change => change.Document.Undoes!.Value).ToHashSet();

    private static bool IsVerified(FiledChange change)
    {
        try
        {
            return IsVerified(Journal.Read(change.JournalPath));
        }
        catch (ControlException)
        {
            return false;
        }
    }

    private static ChangeState Begun(ChangeDocument document, IReadOnlyList<JsonObject> all, bool objections)
    {
        var entries = SinceReorganised(all);
        if (entries.Count == 0)
        {
            return new ChangeState(ChangePhase.Executing, "the chain was reorganised, and it has to be verified again");
        }

        if (entries.Exists(entry => (string?)entry["event"] is "verified"))
        {
            return new ChangeState(ChangePhase.Verified, null);
        }

        if (entries.Exists(entry => (string?)entry["event"] is "mismatch"))
        {
            return new ChangeState(ChangePhase.Failed, "it was mined and the state afterwards was not as expected");
        }

        if (entries.Exists(Journal.HasReverted))
        {
            return new ChangeState(ChangePhase.Failed, "it was mined and reverted");
        }

        // What schedules an operation, and a Safe's consent to another's transaction, do not bring it about; what another machine sent does.
        var units = ExecutionUnit.Of(document);
        var isDone = units.All(unit => entries.Exists(entry => (string?)entry["event"] is "mined" or "elsewhere" && string.Equals((string?)entry["unit"], ExecutionJournal.EffectOf(unit), StringComparison.Ordinal)));
        return (string?)entries[^1]["event"] switch
        {
            "refused" => new ChangeState(ChangePhase.Refused, "it was cancelled: another transaction took its nonce"),
            "replaced" => new ChangeState(ChangePhase.Failed, "another transaction took its nonce"),
            "mined" or "elsewhere" when isDone => new ChangeState(ChangePhase.Executed, null),
            _ => new ChangeState(ChangePhase.Executing, objections ? "it was refused after it had been begun" : null),
        };
    }

    private static List<JsonObject> SinceReorganised(IReadOnlyList<JsonObject> entries)
    {
        var all = entries.ToList();
        return all[(1 + all.FindLastIndex(entry => (string?)entry["event"] is "reorganised"))..];
    }

    private static string NameOf(ChangePhase phase) => phase == ChangePhase.RolledBack ? "rolled-back" : phase.ToString().ToLowerInvariant();
}
