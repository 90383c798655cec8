using AgiJobs.Control;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Incidents;

/// <summary>A point of the resume gate: while a SEV-0 or SEV-1 is open, its commander has approved the resume.</summary>
/// <param name="list">Reads the incidents of the network.</param>
/// <param name="people">Who is on file now; null when nobody is. An approval counts only from a person who has the commander's duty today, and a record with acts of keys that are nobody's is a person's to judge.</param>
public sealed class IncidentPoint(Func<CancellationToken, Task<IReadOnlyList<IncidentState>>> list, OperatorBook? people) : IGatePoint
{
    /// <inheritdoc/>
    public string Name => "commanders of open incidents";

    /// <inheritdoc/>
    /// <exception cref="ControlException"><c>incidents-unknown</c> (exit 5) when the store does not answer.</exception>
    public async Task<GateAnswer> AskAsync(FiledChange change, ChangeDemands demands, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(change);
        IReadOnlyList<IncidentState> incidents;
        try
        {
            incidents = await list(cancellation).ConfigureAwait(false);
        }
        catch (StorageException problem)
        {
            throw new ControlException("incidents-unknown", ExitCode.Unknown, $"Whether an incident is open is unknown: {problem.Message}", problem.Mend, problem);
        }

        var open = incidents.Where(state => state.Phase == IncidentPhase.Open && state.Severity <= Severity.Sev1).ToList();
        var digest = change.Document.Digest();
        if (open.FirstOrDefault(state => !state.Resumes.Any(approval => people?.Of(approval.Hand.Signer)?.Duties.Contains(Duty.Commander) is true && (approval.Changes.Count == 0 || approval.Changes.Contains(digest)))) is { } waiting)
        {
            return new GateNotPassed($"the incident {waiting.Id} ({waiting.Severity.Name()}) is open and its commander{(waiting.Commander is { } commander ? $" {commander.Person}" : "")} has not approved a resume", $"agijobs incident step {waiting.Id} resume --reason TEXT --signer COMMANDER") { Code = "incident-open" };
        }

        // Whoever can write the store could have closed an incident, or made it milder, with a key of his own.
        return incidents.Where(state => state.Severities.Any(decision => decision.Severity <= Severity.Sev1)).Select(state => (state.Id, Act: state.Strangers(people) is [var first, ..] ? first : null)).FirstOrDefault(entry => entry.Act is not null) is { Act: { } act, Id: { } id }
            ? new GateNotConnected([Duty.Security], $"unknown: the record of {id} has an act of {act.Signed.Signer}, which is no address of {Plain.Line(act.Signed.By)} in the operators' files. Keep those who left on file, without duties.")
            : new GatePassed(open.Count == 0 ? "no SEV-0 or SEV-1 is open" : $"approved by the commander of {string.Join(", ", open.Select(state => state.Id))}");
    }
}
