using AgiJobs.Arena.Orchestration;
using AgiJobs.Storage;

namespace AgiJobs.Arena.Alerts;

/// <summary>
/// What makes the alert <c>orchestrator-failing</c> of the orchestrator's looks: the chain or the state that cannot be read, or a step that goes on failing. Looks follow each other within a second, so that those
/// that fail count once in <see cref="Spacing"/>. While the arena is paused no step is tried, so that what failed before neither goes on nor is over. One that stands by says nothing: the other one does. Not for use by several threads.
/// </summary>
/// <param name="store">Where alerts are.</param>
/// <param name="alerts">When people are told.</param>
/// <param name="time">The clock.</param>
public sealed class OrchestratorPulse(IStateStore store, AlertSettings alerts, TimeProvider time)
{
    /// <summary>How far looks that fail must be apart to count as two.</summary>
    public static readonly TimeSpan Spacing = TimeSpan.FromSeconds(5);

    private int _failed;
    private DateTimeOffset _counted;
    private OrchestratorFared? _told;

    /// <summary>Takes a look. A store that does not answer is asked again with the next one.</summary>
    public async Task HearAsync(OrchestratorTick tick, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(tick);
        if (tick.State == OrchestratorState.StandingBy)
        {
            (_failed, _told) = (0, null);
            return;
        }

        if (tick is { State: OrchestratorState.Paused, Failures: > 0 })
        {
            return;
        }

        var now = time.GetUtcNow();
        if (tick.State != OrchestratorState.Unknown && tick.Failures == 0)
        {
            _failed = 0;
        }
        else if (_failed == 0 || now - _counted >= Spacing)
        {
            (_failed, _counted) = (_failed + 1, now);
        }

        // The first look after a start is told too: it may end what another process left behind.
        var fared = new OrchestratorFared(_failed, tick.Code);
        if (fared != _told && await TellAsync(fared, now, cancellation).ConfigureAwait(false))
        {
            _told = fared;
        }
    }

    private async Task<bool> TellAsync(OrchestratorFared fared, DateTimeOffset now, CancellationToken cancellation)
    {
        try
        {
            var (documents, messages) = (await AlertBook.ReadAsync(store, alerts, cancellation).ConfigureAwait(false)).After([fared], now);
            if (documents.Length > 0)
            {
                _ = await store.CommitAsync(new StateCommit { Documents = documents, Messages = messages }, cancellation).ConfigureAwait(false);
            }

            return true;
        }
        catch (StorageException)
        {
            return false;
        }
    }
}
