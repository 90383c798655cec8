using AgiJobs.Control;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Execution;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Storage;

namespace AgiJobs.Response.Incidents;

/// <summary>Dual control at the moment of sending: of a change whose instance names an incident, the sender must not be its commander. A pause is let through whatever the incident says; what is wrong is told as a finding.</summary>
/// <param name="inner">What is asked besides.</param>
/// <param name="protocol">The protocol, which says what the change's calls do.</param>
/// <param name="people">Who is who; null when nobody is on file.</param>
/// <param name="find">Reads an incident; null when there is none of this name.</param>
/// <param name="onFinding">Hears of findings.</param>
public sealed class IncidentGate(IExecutionGate inner, Protocol protocol, OperatorBook? people, Func<string, CancellationToken, Task<IncidentState?>> find, Action<string> onFinding) : IExecutionGate
{
    // A pause waits no longer for what is only a finding.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    /// <inheritdoc/>
    /// <exception cref="ControlException">Those of the other gate; <c>incident-unknown</c>, <c>incident-commander-missing</c>, <c>incident-executor-unknown</c>, <c>incident-dual-control</c>, <c>incident-operator-other</c>, <c>incident-commander-not-taken</c> (exit 4).</exception>
    public async Task RequireAsync(FiledChange change, Address sender, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(change);
        if (IncidentName.OfInstance(change.Document.Instance) is not { } id)
        {
            await inner.RequireAsync(change, sender, cancellation).ConfigureAwait(false);
            return;
        }

        if (!ChangeNature.Of(change.Document, protocol).IsPause)
        {
            // First, because what the other gate lets through may count as used.
            if (await AskAsync(id, sender, cancellation).ConfigureAwait(false) is { } refused)
            {
                throw refused.ToException();
            }

            await inner.RequireAsync(change, sender, cancellation).ConfigureAwait(false);
            return;
        }

        await inner.RequireAsync(change, sender, cancellation).ConfigureAwait(false);
        try
        {
            // On another thread: opening a store may block.
            if (await Task.Run(() => AskAsync(id, sender, cancellation), cancellation).WaitAsync(Patience, cancellation).ConfigureAwait(false) is { } finding)
            {
                onFinding($"{finding.Message} A pause does not wait. [{finding.Code}]");
            }
        }
        catch (Exception problem) when (problem is ControlException or StorageException or TimeoutException)
        {
            onFinding($"who may act in the incident {id} is unknown: {problem.Message} A pause does not wait.");
        }
    }

    private async Task<DutyRefusal?> AskAsync(string id, Address sender, CancellationToken cancellation)
    {
        var state = await find(id, cancellation).ConfigureAwait(false);
        var person = people?.Of(sender);
        return state is null
            ? new DutyRefusal("incident-unknown", $"The change names the incident {id}, and there is none of this name.", $"Open it: agijobs incident open \"TITLE\" --name {id} --severity SEV-N --signer NAME, or plan the change with another --instance.")
            : IncidentDuties.Check(state, state.Commander, new IncidentExecutor(person?.Name, person?.Addresses ?? [sender]));
    }
}
