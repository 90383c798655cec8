using AgiJobs.Control;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Incidents;

/// <summary>A point of the resume gate: while a SEV-0 or SEV-1 is open, its commander has approved the resume.</summary>
/// <param name="list">Reads the incidents of the network.</param>
public sealed class IncidentPoint(Func<CancellationToken, Task<IReadOnlyList<IncidentState>>> list) : IGatePoint
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
        return open.FirstOrDefault(state => !state.Resumes.Any(approval => approval.Changes.Count == 0 || approval.Changes.Contains(digest))) is { } waiting
            ? new GateNotPassed($"the incident {waiting.Id} ({waiting.Severity.Name()}) is open and its commander{(waiting.Commander is { } commander ? $" {commander.Person}" : "")} has not approved a resume", $"agijobs incident step {waiting.Id} resume --reason TEXT --signer COMMANDER") { Code = "incident-open" }
            : new GatePassed(open.Count == 0 ? "no SEV-0 or SEV-1 is open" : $"approved by the commander of {string.Join(", ", open.Select(state => state.Id))}");
    }
}
