using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Execution;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Cli.Changes;

/// <summary>Takes a dry run of the calls for the simulation of a change. Once it was begun, what was found before counts, since the calls then meet their own effects.</summary>
internal sealed class DryRunReading(EthereumClient client, Protocol protocol) : ISimulationReading
{
    public IReadOnlyList<RehearsedStep>? Rehearsed { get; set; }

    public async Task<SimulationVerdict?> ReadAsync(FiledChange change, CancellationToken cancellation)
    {
        if (Journal.Read(change.JournalPath).Count > 0)
        {
            return new SimulationVerdict(false, []);
        }

        Rehearsed ??= await Rehearsal.TryAsync(client, protocol, change.Document, cancellation).ConfigureAwait(false);
        return Rehearsed.Any(step => step.Succeeds is null)
            ? null
            : new SimulationVerdict(Rehearsed.Any(step => step.Succeeds == false), [.. Rehearsed.Where(step => step.Succeeds == false).Select(step => $"{step.Step.Module}.{step.Step.Function} would fail: {step.Detail}")]);
    }
}
