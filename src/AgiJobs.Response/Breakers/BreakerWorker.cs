using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Control.Serving;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Breakers;

/// <summary>
/// From detection to pause: looks at the testimony of monitors, opens a case when enough agree, offers or fires, and keeps the account of it. Several may run; one that holds the lease acts. Whatever dies at whatever moment, the next one goes on
/// with the open cases: a pause that was under way is fired again, which does no harm, and none is forgotten.
/// </summary>
/// <param name="store">Where testimony and cases are.</param>
/// <param name="network">The network's name.</param>
/// <param name="chain">Its chain.</param>
/// <param name="load">The network's breakers as they are now; null when there are none.</param>
/// <param name="trigger">What stops the protocol.</param>
/// <param name="gaps">Why the breakers would not stop what they are there to stop, in words.</param>
/// <param name="take">Makes the writes with which findings reach people.</param>
/// <param name="holder">Who this is, for the lease.</param>
/// <param name="poll">How often it looks.</param>
/// <param name="time">The clock.</param>
public sealed class BreakerWorker(
    IStateStore store,
    string network,
    ChainId chain,
    Func<BreakersFile?> load,
    IPauseTrigger trigger,
    Func<BreakersFile, CancellationToken, Task<IReadOnlyList<string>>> gaps,
    TakeFindings take,
    string holder,
    TimeSpan poll,
    TimeProvider time) : LoopWorker(time)
{
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan StandingEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan GapsEvery = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(30);

    private readonly TimeProvider _time = time;
    private volatile WorkerState _state = new(false, "starting", "it has not looked yet");
    private string? _settled;
    private DateTimeOffset _stoodAt;
    private DateTimeOffset _again;
    private DateTimeOffset _gapsAt;
    private string? _gaps;

    /// <summary>Hears what is agreed, fired and what went wrong, a line each.</summary>
    public Action<string> Tell { get; init; } = _ => { };

    /// <inheritdoc/>
    public override string Name => "breakers";

    /// <inheritdoc/>
    protected override WorkerState Present => _state;

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken cancellation)
    {
        Lease? lease = null;
        await RepeatAsync(
            poll,
            async token =>
            {
                var now = _time.GetUtcNow();
                lease = lease is { } held && held.Until - now > LeaseTime / 2 ? held
                    : lease is { } aging ? await store.RenewAsync(aging, LeaseTime, token).ConfigureAwait(false)
                    : await store.TryAcquireAsync($"response/{network}/breakers", holder, LeaseTime, token).ConfigureAwait(false);
                _state = lease is null ? new WorkerState(true, "standing-by", "another one acts on breakers") : await LookAsync(lease, token).ConfigureAwait(false);
            },
            problem =>
            {
                lease = problem is StorageException { Code: StorageException.FenceLost } ? null : lease;
                var code = problem switch { StorageException stored => stored.Code, ControlException refused => refused.Code, _ => "breakers-failed" };
                if (_state.Code != code)
                {
                    Tell($"breakers: {problem.Message} [{code}]");
                }

                _state = new WorkerState(false, code, problem.Message);
            },
            cancellation).ConfigureAwait(false);
        if (lease is not null)
        {
            try
            {
                await store.ReleaseAsync(lease, CancellationToken.None).ConfigureAwait(false);
            }
            catch (StorageException)
            {
                // It runs out by itself.
            }
        }
    }

    /// <summary>One look, for who drives it.</summary>
    /// <exception cref="StorageException">The state could not be read or written; nothing was half done.</exception>
    /// <exception cref="ControlException">The breakers' file cannot be read.</exception>
    internal async Task<WorkerState> LookAsync(Lease? lease, CancellationToken cancellation)
    {
        var file = load();
        var opened = file is null ? [] : await HearAsync(lease, file, [.. (await CasesAsync(cancellation).ConfigureAwait(false)).Select(entry => entry.Case.Occurrence)], cancellation).ConfigureAwait(false);

        // What was begun is ended, also when somebody took the file away meanwhile.
        var pending = (await CasesAsync(cancellation).ConfigureAwait(false)).Where(entry => entry.Case.IsOpen).ToList();
        foreach (var (one, document) in pending.Where(entry => entry.Case.State == BreakerState.Firing))
        {
            await FireAsync(lease, one, document, isNew: opened.Contains(one.Occurrence, StringComparer.Ordinal), cancellation).ConfigureAwait(false);
        }

        if (pending.Any(entry => entry.Case.State == BreakerState.Offered) && _time.GetUtcNow() - _stoodAt >= StandingEvery)
        {
            _stoodAt = _time.GetUtcNow();
            await FollowAsync(lease, pending, cancellation).ConfigureAwait(false);
        }

        if (file is not null && _time.GetUtcNow() - _gapsAt >= GapsEvery)
        {
            _gapsAt = _time.GetUtcNow();
            await TellGapsAsync(lease, await gaps(file, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
        }

        var failing = pending.Select(entry => entry.Case).FirstOrDefault(one => one is { State: BreakerState.Firing, Failures: > 0 });
        return failing is not null ? new WorkerState(false, "pause-failing", $"the pause for '{failing.Title}' has failed {failing.Failures} times: {failing.History[^1].Detail}")
            : file is null ? new WorkerState(true, "no-breakers", "no breakers are set: findings are told to people and stop nothing")
            : _gaps is { Length: > 0 } missing ? new WorkerState(false, "breaker-gaps", missing)
            : new WorkerState(true, "ready", $"{pending.Count} cases wait");
    }

    private async Task<List<(BreakerCase Case, StoredDocument Document)>> CasesAsync(CancellationToken cancellation) =>
        [.. (await store.ListAsync(BreakerCase.Collection(network), cancellationToken: cancellation).ConfigureAwait(false)).Select(document => (BreakerCase.Read(document), document))];

    // A breaker that would not stop what it is there to stop is an alert as long as it is so. The first look says either, since an alert of an earlier process may stand.
    private async Task TellGapsAsync(Lease? lease, IReadOnlyList<string> found, CancellationToken cancellation)
    {
        var now = _time.GetUtcNow();
        var words = string.Join("; ", found);
        if (string.Equals(words, _gaps, StringComparison.Ordinal))
        {
            return;
        }

        var finding = new Finding
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"{network}/breaker-gaps/{now.ToUnixTimeMilliseconds()}"),
            Fingerprint = $"{network}/breaker-gaps",
            Kind = found.Count > 0 ? FindingKind.Firing : FindingKind.Resolved,
            Rule = "breaker-gaps",
            Source = "breakers",
            Network = network,
            Severity = Severity.Sev2,
            Title = found.Count > 0 ? $"A breaker would not stop what it is there to stop: {words}" : "The breakers can stop what they are there to stop",
        };
        await CommitAsync(lease, [finding], null, cancellation).ConfigureAwait(false);
        if (found.Count > 0 || _gaps is { Length: > 0 })
        {
            Tell(finding.Title);
        }

        _gaps = words;
    }

    private async Task<List<string>> HearAsync(Lease? lease, BreakersFile file, IReadOnlyList<string> known, CancellationToken cancellation)
    {
        var now = _time.GetUtcNow();
        var documents = await store.ListAsync(Witness.Collection(network), _settled, cancellationToken: cancellation).ConfigureAwait(false);
        StopStanding? standing = null;
        var opened = new List<string>();
        foreach (var group in documents.GroupBy(document => document.Key[..document.Key.LastIndexOf('/')], StringComparer.Ordinal))
        {
            var notes = group.ToDictionary(document => document.Key[(document.Key.LastIndexOf('/') + 1)..], document => Witness.Decode(document.Data), StringComparer.Ordinal);
            var verdict = BreakerLaw.Judge(file, network, chain, notes, now);
            if (!verdict.IsAgreed || known.Contains(verdict.Counted[0].Occurrence, StringComparer.Ordinal)
                || file.Breakers.FirstOrDefault(breaker => string.Equals(breaker.Rule, verdict.Counted[0].Rule, StringComparison.Ordinal)) is not { } breaker)
            {
                continue;
            }

            standing ??= await trigger.StandingAsync(cancellation).ConfigureAwait(false);
            await OpenAsync(lease, verdict, breaker, standing, cancellation).ConfigureAwait(false);
            opened.Add(verdict.Counted[0].Occurrence);
        }

        // What is older than any testimony that can still count is not read again.
        var horizon = documents.TakeWhile(document => now - document.At > TimeSpan.FromSeconds(file.FreshSeconds!.Value) * 2).LastOrDefault();
        _settled = horizon?.Key ?? _settled;
        return opened;
    }

    private async Task OpenAsync(Lease? lease, Verdict verdict, BreakerRule breaker, StopStanding standing, CancellationToken cancellation)
    {
        var now = _time.GetUtcNow();
        var said = verdict.Counted[0];
        var state = standing.IsStopped == true ? BreakerState.Stopped : breaker.Action == BreakerAction.Fire ? BreakerState.Firing : BreakerState.Offered;
        var monitors = verdict.Counted.Select(one => one.Monitor).ToList();
        var opened = new BreakerCase
        {
            Version = 1,
            Occurrence = said.Occurrence,
            Fingerprint = said.Fingerprint,
            Rule = said.Rule,
            Title = said.Title,
            Action = breaker.Action,
            Block = said.Block,
            Hash = said.Hash,
            BlockTime = said.BlockTime,
            Transaction = said.Transaction,
            Monitors = monitors,
            HeadWhenAgreed = standing.Head,
            State = state,
            History = [new BreakerStep(now, state, $"{string.Join(", ", monitors)} agree{(standing.IsStopped == true ? "; the protocol stands already" : "")}")],
        };
        var words = state switch
        {
            BreakerState.Firing => $"{said.Title}: {monitors.Count} monitors agree, and the armed pause is fired",
            BreakerState.Offered => $"{said.Title}: {monitors.Count} monitors agree; to stop the protocol: agijobs owner armory fire --execute",
            _ => $"{said.Title}: {monitors.Count} monitors agree; the protocol stands already",
        };
        await WriteAsync(lease, opened, 0, Told(opened, "agreed", words), cancellation).ConfigureAwait(false);
        Tell(words);
    }

    private async Task FireAsync(Lease? lease, BreakerCase open, StoredDocument document, bool isNew, CancellationToken cancellation)
    {
        if (_time.GetUtcNow() < _again)
        {
            return;
        }

        // What an earlier attempt sent may have done it: another armed pause is not spent for nothing.
        if (!isNew && (await trigger.StandingAsync(cancellation).ConfigureAwait(false)).IsStopped == true)
        {
            await WriteAsync(lease, open.To(BreakerState.Stopped, _time.GetUtcNow(), "the protocol stands: by the pause that was under way, or by somebody else"), document.Version, [], cancellation).ConfigureAwait(false);
            return;
        }

        try
        {
            var fired = await trigger.FireAsync(open, cancellation).ConfigureAwait(false);
            if ((await trigger.StandingAsync(cancellation).ConfigureAwait(false)).IsStopped is var stands && stands != true)
            {
                throw new ControlException("pause-partial", ExitCode.Mismatch, stands is null ? $"{fired.Change} was sent, and whether everything stands is unknown." : $"{fired.Change} was sent, and not everything stands.", "The next armed pause is fired; stop the rest by hand: agijobs owner emergency");
            }

            var done = open.To(BreakerState.Fired, _time.GetUtcNow(), fired.Change) with { Change = fired.Change, StoppedBlock = fired.Block, StoppedTime = fired.Time };
            var words = $"{open.Title}: the protocol stands, by {fired.Change}{(fired.Block - open.Block is { } blocks ? $", {blocks} blocks after it" : "")}";
            await WriteAsync(lease, done, document.Version, Told(done, "fired", words), cancellation).ConfigureAwait(false);
            Tell(words);
        }
        catch (Exception problem) when (problem is not (OperationCanceledException or StorageException))
        {
            // Whatever it is: a pause that does not go through is told at once, and tried again as long as the protocol does not stand.
            var standing = await trigger.StandingAsync(cancellation).ConfigureAwait(false);
            var now = _time.GetUtcNow();
            if (standing.IsStopped == true)
            {
                var stood = open.To(BreakerState.Stopped, now, $"somebody else stopped it; firing had failed: {problem.Message}");
                await WriteAsync(lease, stood, document.Version, [], cancellation).ConfigureAwait(false);
                return;
            }

            var failed = open with { Failures = open.Failures + 1 };
            var isOther = open.Failures == 0 || !string.Equals(open.History[^1].Detail, problem.Message, StringComparison.Ordinal);
            failed = isOther ? failed.To(BreakerState.Firing, now, problem.Message) : failed;
            _again = now + TimeSpan.FromSeconds(Math.Min(LongestRest.TotalSeconds, 1 << Math.Min(open.Failures, 5)));
            var words = $"{open.Title}: THE PAUSE WAS NOT SENT: {problem.Message} Stop the protocol by hand: agijobs owner emergency";
            await WriteAsync(lease, failed, document.Version, isOther ? Told(failed, $"failed-{failed.Failures}", words) : [], cancellation).ConfigureAwait(false);
            Tell(words);
        }
    }

    // Offers wait for people; what they decided shows in the chain. One whose monitors have all taken it back is offered no more.
    private async Task FollowAsync(Lease? lease, IReadOnlyList<(BreakerCase Case, StoredDocument Document)> pending, CancellationToken cancellation)
    {
        var standing = await trigger.StandingAsync(cancellation).ConfigureAwait(false);
        foreach (var (one, document) in pending.Where(entry => entry.Case.State == BreakerState.Offered))
        {
            if (standing.IsStopped == true)
            {
                var stopped = one.To(BreakerState.Stopped, _time.GetUtcNow(), "people stopped it") with { StoppedBlock = standing.Head };
                await WriteAsync(lease, stopped, document.Version, [], cancellation).ConfigureAwait(false);
            }
            else if (await IsTakenBackAsync(one, cancellation).ConfigureAwait(false))
            {
                await WriteAsync(lease, one.To(BreakerState.Withdrawn, _time.GetUtcNow(), "its monitors took it back: its block is no part of the chain any more"), document.Version, [], cancellation).ConfigureAwait(false);
            }
        }
    }

    private async Task<bool> IsTakenBackAsync(BreakerCase one, CancellationToken cancellation)
    {
        foreach (var monitor in one.Monitors)
        {
            if (await store.GetAsync(Witness.Collection(network), Witness.KeyOf(new BlockNumber((ulong)one.Block), one.Occurrence, monitor), cancellation).ConfigureAwait(false) is not null)
            {
                return false;
            }
        }

        return true;
    }

    private List<Finding> Told(BreakerCase open, string what, string words) =>
    [
        new Finding
        {
            Id = $"{network}/breaker-{what}/{open.Occurrence}",
            Fingerprint = $"{network}/breaker/{open.Fingerprint}",
            Kind = FindingKind.Firing,
            Rule = "breaker",
            Source = "breakers",
            Network = network,
            Severity = Severity.Sev0,
            Title = words,
            Place = new ChainPlace(new BlockNumber((ulong)open.Block), open.Hash, open.BlockTime, open.Transaction),
            Facts = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["occurrence"] = open.Occurrence, ["monitors"] = string.Join(", ", open.Monitors), ["rule"] = open.Rule },
        },
    ];

    private async Task WriteAsync(Lease? lease, BreakerCase written, long version, List<Finding> findings, CancellationToken cancellation)
    {
        await CommitAsync(lease, findings, new DocumentWrite(BreakerCase.Collection(network), KeyOf(written), written.Encode(), version), cancellation).ConfigureAwait(false);
    }

    private async Task CommitAsync(Lease? lease, List<Finding> findings, DocumentWrite? document, CancellationToken cancellation)
    {
        var told = findings.Count == 0 ? FindingWrites.None : await take(findings, _time.GetUtcNow(), cancellation).ConfigureAwait(false);
        await store.CommitAsync(told.And(new FindingWrites([], document is null ? [] : [document], [])).Commit with { Fence = lease }, cancellation).ConfigureAwait(false);
    }

    private static string KeyOf(BreakerCase one) => Witness.KeyOf(new BlockNumber((ulong)one.Block), one.Occurrence, "case");
}
