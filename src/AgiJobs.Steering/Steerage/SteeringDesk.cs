using System.Globalization;
using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Control.Evidence.Ledger;
using AgiJobs.Ethereum;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Runs;
using AgiJobs.Storage;

namespace AgiJobs.Steering.Steerage;

/// <summary>
/// Steers runs for people. What it does to a run and what the owner's ledger is to say of it are one commit; the ledger's file is written afterwards, and by the next process when a death came between, so that no
/// change is without its record. Who may do what is decided before. Safe for use by several threads and processes.
/// </summary>
/// <param name="runs">The network's runs.</param>
/// <param name="ledger">The owner's ledger.</param>
/// <param name="chain">The network's chain, for the record.</param>
/// <param name="time">The clock.</param>
public sealed class SteeringDesk(DurableRunStore runs, OwnerLedger ledger, ChainId chain, TimeProvider time)
{
    // Whoever made an entry writes it within this time, or is dead.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly string _waiting = $"hgm/{runs.Network}/ledger";

    /// <summary>
    /// Steers. An expected version is stale when somebody steered since; what the run's driver did since does not make it so, for a live run moves all the time.
    /// </summary>
    /// <exception cref="HgmException">
    /// <c>run-name</c>, <c>run-unknown</c>, <c>stale-version</c>, <c>version-unknown</c> for one that the run has not reached, and those of <see cref="RunState.Apply"/>: nothing was changed.
    /// </exception>
    /// <exception cref="ControlException">The ledger cannot be read: nothing was changed, unless what was asked for holds a run back, which nothing may stand in the way of.</exception>
    /// <exception cref="StorageException">As <see cref="IStateStore.CommitAsync"/>.</exception>
    public async Task<Steered> SteerAsync(SteeringRequest request, CancellationToken cancellation)
    {
        var (follower, events) = (new RunFollower(request.Run), new List<RunEvent>());
        while (true)
        {
            // A live run moves while it is looked at: only what is new is read, so that one of the attempts is in time.
            foreach (var kept in await runs.KeptAsync(request.Run, follower.Version, int.MaxValue, cancellation).ConfigureAwait(false))
            {
                follower.Apply(kept);
                events.Add(kept.Happened);
            }

            var before = follower.Version > 0
                ? follower.Figures()
                : throw new HgmException("run-unknown", $"There is no run '{request.Run}' on the network '{runs.Network}'.", "List the runs: agijobs hgm list, or GET /v1/hgm/runs");
            if (request.ExpectedVersion is { } expected && (expected < before.SteeredVersion || expected > before.Version))
            {
                throw expected > before.Version
                    ? new HgmException("version-unknown", $"The run '{request.Run}' is at version {before.Version} and has not been at {expected}.", "Read the run and name the version that it tells.")
                    : new HgmException("stale-version", $"Somebody steered the run '{request.Run}' at version {before.SteeredVersion}; this was decided at {expected}.", "Read the run again and decide anew.");
            }

            var happened = request.Happened(before);
            if (happened is not (StopRequested or AgentPruned or ExpansionGateSet { Open: false }))
            {
                _ = ledger.Read();
            }

            // Refused here, it never reaches the log.
            var state = RunState.Fold(events);
            var from = Words(state, happened);
            state.Apply(happened);
            var to = Words(state, happened);
            var entry = Entry(request, state.Version, from, to);
            var waiting = new DocumentWrite(_waiting, request.Request.ToString(), JsonSerializer.Serialize([entry], LedgerJson.Default.ListLedgerEntry));
            if (await runs.CommitAsync(request.Run, before.Version, [happened], null, [waiting], cancellation).ConfigureAwait(false))
            {
                return new Steered(state.Version, from, to, await TryRecordAsync(entry).ConfigureAwait(false));
            }
        }
    }

    /// <summary>Writes to the ledger what a process that died, or could not write, left.</summary>
    /// <returns>How many entries still wait, and why; nothing wrong with those whose writer may be at it.</returns>
    /// <exception cref="StorageException">The store did not answer.</exception>
    public async Task<(int Waiting, ControlException? Problem)> RecordAsync(CancellationToken cancellation)
    {
        var (waiting, problem) = (0, (ControlException?)null);
        foreach (var document in await runs.State.ListAsync(_waiting, cancellationToken: cancellation).ConfigureAwait(false))
        {
            if (time.GetUtcNow() - document.At < Patience)
            {
                continue;
            }

            try
            {
                await RecordAsync(document.Read(LedgerJson.Default.ListLedgerEntry)[0], cancellation).ConfigureAwait(false);
            }
            catch (ControlException found)
            {
                (waiting, problem) = (waiting + 1, found);
            }
        }

        return (waiting, problem);
    }

    private async Task<bool> TryRecordAsync(LedgerEntry entry)
    {
        try
        {
            // What was changed is recorded, whatever became of who asked for it.
            await RecordAsync(entry, CancellationToken.None).ConfigureAwait(false);
            return true;
        }
        catch (Exception problem) when (problem is ControlException or StorageException)
        {
            return false;
        }
    }

    private async Task RecordAsync(LedgerEntry entry, CancellationToken cancellation)
    {
        if (ledger.Read().All(known => known.Change != entry.Change))
        {
            await ledger.AppendAsync(entry, cancellation).ConfigureAwait(false);
        }

        await runs.State.CommitAsync(new StateCommit { Documents = [new DocumentWrite(_waiting, entry.Change.ToString(), null)] }, cancellation).ConfigureAwait(false);
    }

    private LedgerEntry Entry(SteeringRequest request, long version, string from, string to) => new()
    {
        At = time.GetUtcNow(),
        Network = runs.Network,
        ChainId = chain,
        Change = request.Request,
        Kind = $"hgm-{request.Action}",
        Title = $"run {request.Run}: {from} -> {to}",
        Who = [request.Who],
        Outcome = "applied",
        Instance = string.Create(CultureInfo.InvariantCulture, $"{runs.StreamOf(request.Run)}@{version}"),
        Note = request.Reason,
    };

    private static string Words(RunState state, RunEvent happened) => happened switch
    {
        ParametersChanged => string.Create(CultureInfo.InvariantCulture, $"alpha {state.Alpha:0.####}, prior {state.Prior:0.##########}"),
        ExpansionGateSet => state.GateOpen ? "gate open" : "gate shut",
        AgentPruned pruned => string.Create(CultureInfo.InvariantCulture, $"agent {pruned.Agent} {(pruned.Agent >= 0 && pruned.Agent < state.Tree.Count && state.IsPruned(pruned.Agent) ? "set aside" : "in play")}"),
        StopRequested => state.StopReason is null ? "going on" : "stopped",
        ResultRevoked revoked => string.Create(CultureInfo.InvariantCulture, $"result of operation {revoked.Operation}, {state.Revoked} revoked in all"),
        ResultReinstated reinstated => string.Create(CultureInfo.InvariantCulture, $"result of operation {reinstated.Operation}, {state.Revoked} revoked in all"),
        _ => throw new HgmException("not-from-outside", $"{happened.GetType().Name} is written by the run's driver alone.", "Steer by parameters, gate, pruning, stop, revocation or reinstatement."),
    };
}
