using AgiJobs.Response.Alerts.Channels;
using AgiJobs.Response.Alerts.Incoming;
using AgiJobs.Storage;

namespace AgiJobs.Response.Alerts;

/// <summary>
/// Removes what nobody can need any more, a little at a time: messages that came in by webhook once they are refused by their time anyway, findings that were counted and proofs of delivery after <see cref="Kept"/>. Alerts, pages,
/// their transitions and the payloads that opened them are kept for ever. Several hosts may do it for one store. Not safe for several threads.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="settings">The settings.</param>
/// <param name="time">The clock.</param>
public sealed class AlertSweep(IStateStore store, AlertSettings settings, TimeProvider time)
{
    private const int AtOnce = 200;

    private readonly Dictionary<string, string> _after = new(StringComparer.Ordinal);

    /// <summary>
    /// For how long a finding that was counted is remembered after it was found last, at least; for so long the same one counts once, whoever examines again. What an alert that fires stands on is remembered for as long as it fires.
    /// Proofs of delivery are kept as long.
    /// </summary>
    public static TimeSpan Kept { get; } = TimeSpan.FromDays(400);

    /// <summary>Looks at the next few of each and removes what is over; begins anew at the end.</summary>
    /// <returns>How many were removed.</returns>
    /// <exception cref="StorageException">The store cannot be read or written, or holds what nobody wrote; nothing that is needed is lost.</exception>
    public async Task<int> SweepAsync(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var places = settings.Places;
        var gone = await NextAsync(places.Incoming, document => Task.FromResult(now - document.At > 2 * IncomingDesk.Skew), cancellation).ConfigureAwait(false);
        gone += await NextAsync(places.Findings, async document => now - document.At > Kept && !await IsStoodOnAsync(document.Read(AlertJson.Default.TakenFinding), cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
        gone += await NextAsync(
            places.Deliveries,
            async document => now - document.At > Kept && DeliveryProof.Read(document) is var proof && proof.IsSettled() && await store.GetAsync(places.Pages, proof.Page, cancellation).ConfigureAwait(false) is null,
            cancellation).ConfigureAwait(false);
        return gone;
    }

    private async Task<bool> IsStoodOnAsync(TakenFinding taken, CancellationToken cancellation) =>
        await store.GetAsync(settings.Places.Alerts, taken.Alert, cancellation).ConfigureAwait(false) is { } document && AlertRecord.Read(document) is { State: AlertState.Firing } alert && alert.Firings == taken.Firing;

    private async Task<int> NextAsync(string collection, Func<StoredDocument, Task<bool>> isOver, CancellationToken cancellation)
    {
        var documents = await store.ListAsync(collection, _after.GetValueOrDefault(collection), AtOnce, cancellation).ConfigureAwait(false);
        _after[collection] = documents.Count < AtOnce ? "" : documents[^1].Key;
        var gone = new List<DocumentWrite>();
        foreach (var document in documents)
        {
            if (await isOver(document).ConfigureAwait(false))
            {
                gone.Add(new DocumentWrite(collection, document.Key, null, document.Version));
            }
        }

        if (gone.Count == 0)
        {
            return 0;
        }

        try
        {
            _ = await store.CommitAsync(new StateCommit { Documents = gone }, cancellation).ConfigureAwait(false);
            return gone.Count;
        }
        catch (StorageException problem) when (problem.Code == StorageException.DocumentConflict)
        {
            // It was found again just now, or another host removes it: the next turn sees.
            return 0;
        }
    }
}
