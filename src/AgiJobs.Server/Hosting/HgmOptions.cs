using AgiJobs.Control.Evidence.Ledger;
using AgiJobs.Control.Serving;
using AgiJobs.Control.Workspaces;
using AgiJobs.Steering.Runs;

namespace AgiJobs.Server.Hosting;

/// <summary>How a host drives runs of the HGM engine, and by whom it lets them be steered.</summary>
public sealed record HgmOptions
{
    /// <summary>How runs are driven.</summary>
    public required RunsOptions Runs { get; init; }

    /// <summary>The people of the network, read anew for each request: somebody who lost a duty steers nothing any more. Null where nobody is on file, and then nobody may.</summary>
    /// <remarks>May throw a <see cref="Control.ControlException"/> when the files cannot be read.</remarks>
    public required Func<OperatorBook?> People { get; init; }

    /// <summary>Where every change is recorded.</summary>
    public required OwnerLedger Ledger { get; init; }

    /// <summary>What else works with the runs: what tells of their sentinels.</summary>
    public Func<DurableRunStore, IReadOnlyList<IWorker>> Workers { get; init; } = _ => [];
}
