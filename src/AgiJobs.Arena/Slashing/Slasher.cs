using System.Globalization;
using AgiJobs.Arena.Alerts;
using AgiJobs.Arena.Scoreboard;
using AgiJobs.Arena.Standings;
using AgiJobs.Storage;

namespace AgiJobs.Arena.Slashing;

/// <summary>What one look at the queue came to.</summary>
/// <param name="IsActing">False when another process has the lease.</param>
/// <param name="Cases">Every case, after it.</param>
public sealed record SlasherTick(bool IsActing, IReadOnlyList<SlashCase> Cases)
{
    /// <summary>Cases that are held.</summary>
    public int Held => Cases.Count(slash => slash.State == SlashState.Held);

    /// <summary>Cases that go on.</summary>
    public int Open => Cases.Count(slash => !slash.IsSettled);
}

/// <summary>
/// Takes findings through the pipeline of changes, one at a time. What it does is written before and after, each together with the alerts that it causes, so that the process may die at any moment: the change's own
/// journal and the contract, which punishes a reason once, see to it that nothing is done twice. Of several processes the holder of a lease acts. One call of <see cref="TickAsync"/> at a time.
/// </summary>
/// <param name="store">Where the queue is.</param>
/// <param name="queue">The queue.</param>
/// <param name="pipeline">What plans and sends.</param>
/// <param name="alerts">When people are told.</param>
/// <param name="holder">Who this process is, for the lease.</param>
/// <param name="time">The clock.</param>
public sealed class Slasher(IStateStore store, SlashDocket queue, ISlashPipeline pipeline, AlertSettings alerts, string holder, TimeProvider time)
{
    private static readonly TimeSpan LeaseTime = TimeSpan.FromMinutes(2);

    private readonly ResultBook _book = new(store, alerts.Network);
    private readonly Dictionary<string, DateTimeOffset> _notBefore = new(StringComparer.Ordinal);

    /// <summary>How long a case that could not go on is left alone.</summary>
    public TimeSpan Retry { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>True leaves everything alone but slashes that were paid back.</summary>
    public bool ReversesOnly { get; init; }

    /// <summary>Hears what goes into the log: <c>validator slashed: REASON</c>, and why a case is held or refused.</summary>
    public Action<string> Tell { get; init; } = _ => { };

    /// <summary>Ticks until cancelled. A store that does not answer is told and asked again.</summary>
    /// <param name="poll">How often.</param>
    /// <param name="hear">Hears of every look, or why it could not be made.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task RunAsync(TimeSpan poll, Action<SlasherTick?, string?>? hear, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                var tick = await TickAsync(cancellation).ConfigureAwait(false);
                hear?.Invoke(tick, null);
                await Task.Delay(poll, time, cancellation).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (StorageException problem)
            {
                Tell($"slasher: {problem.Code}: {problem.Message}");
                hear?.Invoke(null, problem.Message);
                await Task.Delay(Retry, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Takes every case that is due as far as it goes.</summary>
    /// <exception cref="StorageException">The state could not be read or written; what was sent is in the change's journal.</exception>
    public async Task<SlasherTick> TickAsync(CancellationToken cancellation)
    {
        if (await store.TryAcquireAsync($"arena/{alerts.Network}/slasher", holder, LeaseTime, cancellation).ConfigureAwait(false) is not { } lease)
        {
            return new SlasherTick(IsActing: false, [.. (await queue.ListAsync(cancellation).ConfigureAwait(false)).Select(queued => queued.Case)]);
        }

        try
        {
            var cases = new List<SlashCase>();
            foreach (var queued in await queue.ListAsync(cancellation).ConfigureAwait(false))
            {
                if (queued.Case is { State: SlashState.Verified, Reversal: not null })
                {
                    cases.Add(await ReverseAsync(lease, queued, cancellation).ConfigureAwait(false));
                    continue;
                }

                cases.Add(ReversesOnly || queued.Case.IsSettled || _notBefore.GetValueOrDefault(queued.Case.Key) > time.GetUtcNow() ? queued.Case : await AdvanceAsync(queued, cancellation).ConfigureAwait(false));
                lease = await store.RenewAsync(lease, LeaseTime, cancellation).ConfigureAwait(false) ?? throw new StorageException(StorageException.FenceLost, "Another process has taken over the slashes.", null);
            }

            await RemindAsync(lease, cancellation).ConfigureAwait(false);
            return new SlasherTick(IsActing: true, cases);
        }
        finally
        {
            await store.ReleaseAsync(lease, CancellationToken.None).ConfigureAwait(false);
        }

        async Task<SlashCase> AdvanceAsync(QueuedSlash queued, CancellationToken token)
        {
            var slash = queued.Case;
            if (slash.Change is null)
            {
                slash = Step(slash, await pipeline.PlanAsync(slash, token).ConfigureAwait(false));
                queued = await KeepAsync(lease, queued, slash, token).ConfigureAwait(false);
            }

            if (!slash.IsSettled && slash.Change is not null)
            {
                slash = Step(slash, await pipeline.CarryAsync(slash, token).ConfigureAwait(false));
                _ = await KeepAsync(lease, queued, slash, token).ConfigureAwait(false);
            }

            return slash;
        }
    }

    // What a case is after the pipeline has said how it fares.
    private SlashCase Step(SlashCase slash, SlashProgress progress)
    {
        var now = time.GetUtcNow();
        _notBefore[slash.Key] = now + Retry;
        switch (progress)
        {
            case SlashPlanned planned:
                _notBefore.Remove(slash.Key);
                return slash.To(SlashState.Changed, now, planned.Change) with { Change = planned.Change, ChangeDigest = planned.Digest, Amount = planned.Amount.Value.ToString(CultureInfo.InvariantCulture) };
            case SlashHeld held when slash.State == SlashState.Held && string.Equals(slash.Code, held.Code, StringComparison.Ordinal):
                return string.Equals(slash.History[^1].Detail, held.Why, StringComparison.Ordinal) ? slash : slash with { History = [.. slash.History.SkipLast(1), slash.History[^1] with { Detail = held.Why }] };
            case SlashHeld held:
                Tell($"slash held: {slash.Key}: {held.Why} [{held.Code}]");
                return slash.To(SlashState.Held, now, held.Why, held.Code);
            case SlashPending { Transaction: { } mined } when slash.State != SlashState.Executed:
                return slash.To(SlashState.Executed, now, mined.ToString()) with { Transaction = mined };
            case SlashPending pending:
                Tell($"slash waits: {slash.Key}: {pending.Why} [{pending.Code}]");
                return slash;
            case SlashDone done:
                Tell(slash.LogLine());
                return slash.To(SlashState.Verified, now, done.Transaction?.ToString() ?? "the chain has it already") with
                {
                    Transaction = done.Transaction ?? slash.Transaction,
                    Amount = done.Amount?.Value.ToString(CultureInfo.InvariantCulture) ?? slash.Amount,
                };
            case SlashOutdated outdated:
                return slash.To(SlashState.Found, now, outdated.Why) with { Change = null, ChangeDigest = null };
            case SlashImpossible impossible:
                Tell($"slash refused: {slash.Key}: {impossible.Why} [{impossible.Code}]");
                return slash.To(SlashState.Refused, now, impossible.Why, impossible.Code);
            default:
                throw new InvalidOperationException($"Unknown progress {progress.GetType().Name}.");
        }
    }

    // The scoreboard knows a slash by its place on the chain, so that a reversal waits until the books have it.
    private async Task<SlashCase> ReverseAsync(Lease lease, QueuedSlash queued, CancellationToken cancellation)
    {
        var slash = queued.Case;
        if (!await pipeline.IsReversedAsync(slash, cancellation).ConfigureAwait(false)
            || (await _book.SlashesAsync(cancellation).ConfigureAwait(false)).FirstOrDefault(one => one.Round == slash.Round && one.Agent == slash.Validator && string.Equals(one.Reason, slash.Reason, StringComparison.Ordinal)) is not { } known)
        {
            return slash;
        }

        var why = $"an appeal was upheld; paid back by the change {slash.Reversal}";
        var reversed = slash.To(SlashState.Reversed, time.GetUtcNow(), why);
        _ = await KeepAsync(lease, queued, reversed, cancellation, _book.Write(new SlashReversal(known.Id, time.GetUtcNow(), why))).ConfigureAwait(false);
        Tell($"validator slash reversed: {slash.Key}");
        return reversed;
    }

    // The step and the alerts that it causes are one commit; alerts that somebody else changed meanwhile are read again.
    private async Task<QueuedSlash> KeepAsync(Lease lease, QueuedSlash before, SlashCase after, CancellationToken cancellation, params IReadOnlyList<DocumentWrite> more)
    {
        if (ReferenceEquals(before.Case, after))
        {
            return before;
        }

        for (var attempt = 1; ; attempt++)
        {
            var book = await AlertBook.ReadAsync(store, alerts, cancellation).ConfigureAwait(false);
            var (documents, messages) = book.After([.. Facts(before.Case, after)], time.GetUtcNow());
            try
            {
                _ = await store.CommitAsync(new StateCommit { Fence = lease, Documents = [queue.Write(before, after), .. more, .. documents], Messages = messages }, cancellation).ConfigureAwait(false);
                return new QueuedSlash(after, before.Version + 1);
            }
            catch (StorageException conflict) when (conflict.Code == StorageException.DocumentConflict && attempt < 5)
            {
                if (await queue.FindAsync(before.Case.Key, cancellation).ConfigureAwait(false) is not { } present || present.Version != before.Version)
                {
                    throw;
                }
            }
        }
    }

    // Alerts that go on are told again; where somebody else writes alerts at the same time, at the next look.
    private async Task RemindAsync(Lease lease, CancellationToken cancellation)
    {
        var (documents, messages) = (await AlertBook.ReadAsync(store, alerts, cancellation).ConfigureAwait(false)).After([], time.GetUtcNow());
        try
        {
            if (documents.Length > 0)
            {
                _ = await store.CommitAsync(new StateCommit { Fence = lease, Documents = documents, Messages = messages }, cancellation).ConfigureAwait(false);
            }
        }
        catch (StorageException conflict) when (conflict.Code == StorageException.DocumentConflict)
        {
        }
    }

    private static IEnumerable<ArenaFact> Facts(SlashCase before, SlashCase after)
    {
        if (after.State == SlashState.Held)
        {
            yield return new SlashHeldBack(after.Key, after.Round, after.History[^1].Detail ?? after.Code ?? "held");
        }
        else if (before.State == SlashState.Held)
        {
            yield return new SlashLetGo(after.Key);
        }

        if (after.State == SlashState.Reversed)
        {
            yield return new SlashReversed(after.Key);
        }

        if (after.State == SlashState.Verified)
        {
            yield return new ValidatorSlashed(after.Key, after.Round, after.Validator, after.Reason);
        }
    }
}
