using System.Globalization;
using System.Security.Cryptography;
using AgiJobs.Control;
using AgiJobs.Control.Evidence.Log;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Watching;

/// <summary>
/// Follows one node's chain for detector sets and misses nothing: block by block, each bound to the one before it by its hash. Cursor, memories, coverage and what findings lead to are one commit under a lease, so that a
/// death at any moment neither loses a block nor tells anything twice, and of two monitors of one name one writes. Blocks that are withdrawn have their findings retracted. What cannot be read is read again and never
/// skipped. One call of <see cref="TickAsync"/> at a time.
/// </summary>
public sealed partial class ChainMonitor : IDisposable
{
    private const int Conflicts = 8;

    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestTick = TimeSpan.FromSeconds(5);

    private readonly IStateStore _store;
    private readonly Func<CancellationToken, Task<IWatchedChain>> _connect;
    private readonly IReadOnlyList<WatchTrack> _specs;
    private readonly MonitorOptions _options;
    private readonly MonitorPlaces _places;
    private readonly TimeProvider _time;
    private readonly RangeReaders _readers;
    private readonly string _holder = RandomNumberGenerator.GetHexString(32, lowercase: true);
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly List<Finding> _told = [];
    private readonly List<string> _notes = [];
    private readonly Dictionary<string, DateTimeOffset> _refusedSince = new(StringComparer.Ordinal);
    private IWatchedChain? _chain;
    private Lease? _lease;
    private long _renewedAt;
    private MonitorStanding? _standing;
    private List<TrackCursor> _tracks = [];
    private IReadOnlyList<TrackStanding> _before = [];
    private BlockMark? _genesis;
    private bool _seeksGenesis;
    private long _tickBegan;
    private bool _progressed;

    /// <summary>Takes what it works with; nothing is read yet.</summary>
    /// <param name="store">Where it keeps what it must not lose.</param>
    /// <param name="connect">Connects to the node; asked again after a failure.</param>
    /// <param name="tracks">The sets.</param>
    /// <param name="options">How it watches.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="ControlException"><c>monitor-name</c>, <c>monitor-options</c>.</exception>
    public ChainMonitor(IStateStore store, Func<CancellationToken, Task<IWatchedChain>> connect, IReadOnlyList<WatchTrack> tracks, MonitorOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        (_store, _connect, _specs, _options, _time) = (store, connect, tracks, options, time);
        _places = new MonitorPlaces(options.Network, options.Name);
        _readers = new RangeReaders(options);
    }

    /// <summary>The monitor's name.</summary>
    public string Name => _options.Name;

    /// <summary>How it stands, as it was committed last; null before the first look.</summary>
    public MonitorStanding? Standing => Volatile.Read(ref _standing);

    /// <summary>Looks until cancelled, at every new block that the node tells of and at least at every poll, and then gives the lease back.</summary>
    /// <param name="hear">Hears of every look.</param>
    /// <param name="fail">Hears of what keeps it from looking, such as a state that cannot be read or written, a key that is gone, a range that cannot be parsed, a defect (<c>monitor-failed</c>); it is tried again.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task RunAsync(Action<MonitorTick> hear, Action<ControlException> fail, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(hear);
        ArgumentNullException.ThrowIfNull(fail);
        using var listening = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task? heads = null;
        try
        {
            while (!cancellation.IsCancellationRequested)
            {
                var again = false;
                try
                {
                    var tick = await TickAsync(cancellation).ConfigureAwait(false);
                    hear(tick);
                    again = tick is { State: MonitorState.Watching, Behind: > 0 } && _progressed;
                }
                catch (StorageException problem)
                {
                    fail(new ControlException(problem.Code, ExitCode.Unknown, problem.Message, null, problem));
                }
                catch (ControlException problem)
                {
                    fail(problem);
                }
                catch (Exception defect) when (defect is not OperationCanceledException || !cancellation.IsCancellationRequested)
                {
                    // Whatever it is, nobody else looks: the state is read anew.
                    fail(new ControlException("monitor-failed", ExitCode.Failed, defect.Message, null, defect));
                }

                if (heads is null or { IsCompleted: true } && _chain is { TellsHeads: true } chain)
                {
                    heads = ListenAsync(chain, listening.Token);
                }

                if (!again)
                {
                    using var pause = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                    await Task.WhenAny(_wake.WaitAsync(pause.Token), Task.Delay(_options.Poll, _time, pause.Token)).ConfigureAwait(false);
                    await pause.CancelAsync().ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Asked to stop.
        }
        finally
        {
            await listening.CancelAsync().ConfigureAwait(false);
            await (heads ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await LeaveAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Looks once: examines what is due, for a few seconds at most.</summary>
    /// <exception cref="StorageException">The state could not be read or written; the next look reads it anew.</exception>
    /// <exception cref="ControlException"><c>monitor-chain</c>, <c>coverage-format</c>, <c>monitor-key-missing</c>, <c>file-read</c> and what else the state and the configuration folder come to; the next look tries anew.</exception>
    public async Task<MonitorTick> TickAsync(CancellationToken cancellation)
    {
        _told.Clear();
        _notes.Clear();
        _progressed = false;
        _tickBegan = _time.GetTimestamp();
        try
        {
            return await LookAsync(cancellation).ConfigureAwait(false);
        }
        catch (StorageException problem) when (problem.Code == StorageException.FenceLost)
        {
            Forget();
            _lease = null;
            return Tick(MonitorState.StandingBy, null, "another monitor of this name has taken over");
        }
        catch
        {
            // Whether the last commit was made is not known: the state is read anew.
            Forget();
            throw;
        }
    }

    /// <summary>Gives the lease back, and remembers what was proven.</summary>
    public async Task LeaveAsync()
    {
        Remember();
        if (_lease is { } lease)
        {
            _lease = null;
            Forget();
            try
            {
                await _store.ReleaseAsync(lease, CancellationToken.None).ConfigureAwait(false);
            }
            catch (StorageException)
            {
                // It runs out by itself.
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _wake.Dispose();

    private async Task<MonitorTick> LookAsync(CancellationToken cancellation)
    {
        BlockHeader? head = null;
        try
        {
            if (!await HoldAsync(cancellation).ConfigureAwait(false))
            {
                return Tick(MonitorState.StandingBy, null, "another monitor of this name is at work");
            }

            if (_standing is null)
            {
                await OpenAsync(cancellation).ConfigureAwait(false);
            }

            _chain ??= await _connect(cancellation).ConfigureAwait(false);
            head = await _chain.HeadAsync(cancellation).ConfigureAwait(false);
            await SeekGenesisAsync(_chain, cancellation).ConfigureAwait(false);
            await SeeAsync(head, cancellation).ConfigureAwait(false);
            foreach (var track in _tracks)
            {
                await FollowAsync(track, head, cancellation).ConfigureAwait(false);
            }

            foreach (var track in _tracks)
            {
                await FillAsync(track, head.Number.Value, cancellation).ConfigureAwait(false);
            }

            await BeatAsync(cancellation).ConfigureAwait(false);
            return Tick(MonitorState.Watching, head, null);
        }
        catch (EthereumException moved) when (moved.Code == "block-reorganised")
        {
            return Tick(MonitorState.Moved, head, moved.Message);
        }
        catch (EthereumException blind)
        {
            await MissAsync(blind, cancellation).ConfigureAwait(false);
            return Tick(MonitorState.Blind, head, blind.Message);
        }
    }

    private MonitorTick Tick(MonitorState state, BlockHeader? head, string? why)
    {
        ulong behind = 0;
        foreach (var track in _tracks)
        {
            var due = head is null || head.Number.Value < (ulong)track.Set.Confirmations ? 0 : head.Number.Value - (ulong)track.Set.Confirmations + 1;
            behind = Math.Max(behind, (due > track.Next ? due - track.Next : 0) + (track.Fill is { } fill ? fill.To + 1 - fill.Next : 0));
        }

        return new MonitorTick(state, head is null ? null : new BlockMark(head.Number.Value, head.Hash!.Value.ToString()), behind, [.. _told], [.. _notes], why);
    }

    private void Forget()
    {
        (_tracks, _before) = ([], []);
        Volatile.Write(ref _standing, null);
    }

    private async Task ListenAsync(IWatchedChain chain, CancellationToken cancellation)
    {
        try
        {
            await foreach (var _ in chain.HeadsAsync(cancellation).ConfigureAwait(false))
            {
                Wake();
            }
        }
        catch (Exception problem) when (problem is EthereumException or OperationCanceledException)
        {
            // The poll goes on, and the subscription is tried again.
        }
    }

    private void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is about to look anyway.
        }
    }

    private async Task<bool> HoldAsync(CancellationToken cancellation)
    {
        if (_lease is { } held)
        {
            if (_time.GetElapsedTime(_renewedAt) < _options.Lease / 3)
            {
                return true;
            }

            _lease = await _store.RenewAsync(held, _options.Lease, cancellation).ConfigureAwait(false);
            if (_lease is not null)
            {
                _renewedAt = _time.GetTimestamp();
                return true;
            }

            Forget();
        }

        _lease = await _store.TryAcquireAsync(_places.Lease, _holder, _options.Lease, cancellation).ConfigureAwait(false);
        _renewedAt = _time.GetTimestamp();
        Forget();
        return _lease is not null;
    }

    private async Task OpenAsync(CancellationToken cancellation)
    {
        var document = await _store.GetAsync(_places.Monitors, _options.Name, cancellation).ConfigureAwait(false);
        var standing = document is null
            ? new MonitorStanding { Version = 1, Network = _options.Network, ChainId = _options.ChainId.Value, Monitor = _options.Name, Node = _options.Node, At = _time.GetUtcNow() }
            : MonitorStanding.Read(document);
        if (standing.ChainId != _options.ChainId.Value)
        {
            throw new ControlException("monitor-chain", ExitCode.Mismatch, $"The monitor {_options.Name} of {_options.Network} followed chain {standing.ChainId}, and the network is chain {_options.ChainId} now.", "Give the monitor another name, or mend the network's chain id.");
        }

        // How the sets stood when these rules were taken up is kept until all of these have begun: a rule may have moved from one to another.
        var isOther = !standing.Tracks.Select(kept => $"{kept.Name} {kept.RuleSet}").Order(StringComparer.Ordinal).SequenceEqual(_specs.Select(spec => $"{spec.Name} {spec.Set.Digest}").Order(StringComparer.Ordinal), StringComparer.Ordinal);
        IReadOnlyList<TrackStanding> before = [.. standing.Before, .. isOther ? standing.Tracks.Select(kept => kept with { Recent = [], Checkpoints = [], Fill = null }) : []];
        var tracks = new List<TrackCursor>();
        var findings = new List<Finding>();
        var documents = new List<DocumentWrite>();
        foreach (var spec in _specs)
        {
            if (standing.Tracks.FirstOrDefault(kept => string.Equals(kept.Name, spec.Name, StringComparison.Ordinal)) is { } kept)
            {
                var track = await OpenTrackAsync(spec, kept, findings, cancellation).ConfigureAwait(false);
                tracks.Add(track);
                if (!string.Equals(kept.RuleSet, spec.Set.Digest.ToString(), StringComparison.Ordinal) && MovedFrom(spec, before, kept.Detectors) is { } moved && moved < track.Next)
                {
                    documents.AddRange(await RewindAsync(track, moved, cancellation).ConfigureAwait(false));
                }
            }
        }

        (_tracks, _before, _seeksGenesis) = (tracks, before, _options.Key is not null);
        Volatile.Write(ref _standing, standing with { Node = _options.Node, RuleSet = _specs.Count == 0 ? null : _specs[0].Set.Digest.ToString(), Key = _options.Key?.Verifier.ToString() });
        foreach (var track in tracks)
        {
            NeedFrom(track, findings);
            await SeekHoleAsync(track, findings, cancellation).ConfigureAwait(false);
        }

        if (findings.Count > 0 || documents.Count > 0)
        {
            await CommitAsync(findings, documents, cancellation).ConfigureAwait(false);
        }
    }

    // The first block that a rule of the set has not been held against, of those that were in a set of another depth; null when none was. Of a set of which nobody knows what was in it, any may have been.
    private static ulong? MovedFrom(WatchTrack spec, IEnumerable<TrackStanding> before, IReadOnlyList<string>? own) => before
        .Where(other => !string.Equals(other.Name, spec.Name, StringComparison.Ordinal) && spec.Set.Parts.Keys.Any(detector => other.Detectors?.Contains(detector, StringComparer.Ordinal) != false && own?.Contains(detector, StringComparer.Ordinal) != true))
        .Min(other => (ulong?)other.Next);

    // Back to where rules that came from another depth had left off: what is found again has the identity that it had.
    private async Task<IReadOnlyList<DocumentWrite>> RewindAsync(TrackCursor track, ulong next, CancellationToken cancellation)
    {
        var to = track.Checkpoints.LastOrDefault(mark => mark.Number < next);
        if (to is null)
        {
            (track.From, track.LiveFrom) = (Math.Min(track.From, next), Math.Min(track.LiveFrom, next));
        }

        var was = track.Next;
        var memory = track.ReadMemory(to is null ? null : await _store.GetAsync(_places.Memories, MonitorPlaces.Key(track.Name, to.Number), cancellation).ConfigureAwait(false), out _);
        var documents = track.GoBack(to, memory).ToList();
        documents.AddRange(track.Uncover(track.Next, to is null ? null : Bytes32.Parse(to.Hash), Sign));
        await LoadToldAsync(track, track.Next, cancellation).ConfigureAwait(false);
        _notes.Add(string.Create(CultureInfo.InvariantCulture, $"{track.Name} has rules now that had come to block {next} at another depth: it goes on from block {track.Next}, after {was - 1}"));
        return documents;
    }

    private async Task<TrackCursor> OpenTrackAsync(WatchTrack spec, TrackStanding kept, List<Finding> findings, CancellationToken cancellation)
    {
        var track = TrackCursor.Of(spec, _places, kept);
        if (track.Checkpoints.Count > 0)
        {
            track.Memory = track.ReadMemory(await _store.GetAsync(_places.Memories, MonitorPlaces.Key(track.Name, track.Checkpoints[^1].Number), cancellation).ConfigureAwait(false), out var lost);
            if (lost is not { Count: 0 })
            {
                findings.Add(Own("monitor-memory-lost", Severity.Sev3, $"{track.Name}/{track.Next}", track.Name, $"The monitor {Name} remembers nothing of the blocks before {track.Next} for {(lost is null ? track.Name : $"{string.Join(", ", lost)} of {track.Name}, which are other rules now")}: windows and counts begin anew", FindingKind.Firing));
            }
        }

        if (!string.Equals(kept.RuleSet, spec.Set.Digest.ToString(), StringComparison.Ordinal))
        {
            findings.Add(Own("monitor-rules-changed", Severity.Sev3, $"{track.Name}/{track.Next}/{spec.Set.Digest}", track.Name, $"From block {track.Next} on the monitor {Name} examines {track.Name} by the rules {spec.Set.Digest}; before by {kept.RuleSet}", FindingKind.Firing));
        }

        foreach (var document in await ListTrackAsync(_places.Coverage, track.Name, 0, cancellation).ConfigureAwait(false))
        {
            track.Coverage.Add(CoverageRange.Parse(TextOf(document.Read(WatchJson.Default.CoverageDocument).Note)));
        }

        await LoadToldAsync(track, track.Next, cancellation).ConfigureAwait(false);
        if (track.Fill is { } fill)
        {
            track.FillMemory = fill.Hash is null ? track.Set.Begin() : track.ReadMemory(await _store.GetAsync(_places.Memories, FillKey(track), cancellation).ConfigureAwait(false), out _);
            await LoadToldAsync(track, fill.Next, cancellation).ConfigureAwait(false);
        }

        return track;
    }

    // The first time that the chain is seen, and new tracks.
    private async Task SeeAsync(BlockHeader head, CancellationToken cancellation)
    {
        var findings = new List<Finding>();
        var now = _time.GetUtcNow();
        ForgetRetired();
        // All is asked before anything is done.
        var unseen = new List<(WatchTrack Spec, RememberedCoverage? Lost)>();
        foreach (var spec in _specs.Where(spec => !_tracks.Exists(track => string.Equals(track.Name, spec.Name, StringComparison.Ordinal))))
        {
            unseen.Add((spec, await LostAsync(spec, cancellation).ConfigureAwait(false)));
        }

        foreach (var (spec, lost) in unseen)
        {
            var due = head.Number.Value >= (ulong)spec.Set.Confirmations ? head.Number.Value - (ulong)spec.Set.Confirmations : 0;
            var from = Math.Min(_options.From ?? lost?.From ?? due, Math.Min(lost?.From ?? ulong.MaxValue, MovedFrom(spec, _before, null) ?? ulong.MaxValue));
            // After a loss what happens now is watched first, and what was to be examined before is filled in beside it.
            var track = TrackCursor.Begin(spec, _places, from, lost is null ? from : Math.Max(from, due));
            _tracks.Add(track);
            if (lost is not null)
            {
                findings.Add(Own("monitor-state-lost", Severity.Sev2, $"{track.Name}/{lost.From}-{lost.To}", track.Name, $"The state of the monitor {Name} is gone: {track.Name} had examined the blocks {lost.From} to {lost.To}. They are examined again", FindingKind.Firing));
                await SeekHoleAsync(track, findings, cancellation).ConfigureAwait(false);
            }

            _progressed = true;
        }

        _tracks.Sort((a, b) => a.Set.Confirmations.CompareTo(b.Set.Confirmations));
        var standing = _standing!;
        var isNew = standing.Head is null || _progressed || _before.Count > 0;
        _before = [];
        if (standing.Blind is { } blind)
        {
            if (blind.IsTold)
            {
                findings.Add(Own("monitor-blind", Severity.Sev1, string.Create(CultureInfo.InvariantCulture, $"{blind.Since.ToUnixTimeMilliseconds()}/resolved"), "", $"The monitor {Name} reads {_options.Node} again, after {(now - blind.Since).TotalSeconds:0} s; nothing is skipped", FindingKind.Resolved));
            }

            standing = standing with { Blind = null };
            isNew = true;
        }

        standing = Clock(standing, head, now, findings);
        isNew |= findings.Count > 0;
        Volatile.Write(ref _standing, standing with { Head = new BlockMark(head.Number.Value, head.Hash!.Value.ToString()), HeadTime = head.Timestamp });
        if (isNew)
        {
            await CommitAsync(findings, [], cancellation).ConfigureAwait(false);
        }
    }

    // A set that no rule is in any more has lost nothing when it comes back.
    private void ForgetRetired()
    {
        foreach (var gone in _before.Where(before => !_specs.Any(spec => string.Equals(spec.Name, before.Name, StringComparison.Ordinal))))
        {
            _options.Key?.Forget(gone.Name);
        }
    }

    // What the configuration folder remembers of a set that the state knows nothing of; null when nothing, or when it was of another chain, such as a local network that began anew. That its newest block is not there any
    // more says little: it may have been withdrawn, or the node be behind. Only what lies deep tells one chain from another, and as long as the node does not show that, nothing is known.
    private async Task<RememberedCoverage?> LostAsync(WatchTrack spec, CancellationToken cancellation)
    {
        if (spec.Record is not null || _options.Key?.Recall(spec.Name) is not { } lost)
        {
            return null;
        }

        var newest = await HashAsync(lost.To, cancellation).ConfigureAwait(false);
        if (newest == lost.Hash)
        {
            return lost;
        }

        var deep = lost.Deep is { } mark ? await HashAsync(mark.Number, cancellation).ConfigureAwait(false) : newest;
        return deep is not { } shown ? throw new EthereumException("node-behind", Fault.Unknown, $"the node shows no block {lost.Deep?.Number ?? lost.To}, which would tell whether this is the chain of which the monitor had examined the blocks {lost.From} to {lost.To}")
            : lost.Deep is { } known && !string.Equals(shown.ToString(), known.Hash, StringComparison.Ordinal) ? null
            : lost;
    }

    private async Task<Bytes32?> HashAsync(ulong number, CancellationToken cancellation) => await _chain!.HeadersAsync(number, number, cancellation).ConfigureAwait(false) is [var header] ? header.Hash : null;

    // Asked for once: a node that has thrown its oldest blocks away can be followed as well.
    private async Task SeekGenesisAsync(IWatchedChain chain, CancellationToken cancellation)
    {
        if (!_seeksGenesis)
        {
            return;
        }

        _seeksGenesis = false;
        try
        {
            _genesis = await chain.HeadersAsync(0, 0, cancellation).ConfigureAwait(false) is [{ Hash: { } hash }] ? new BlockMark(0, hash.ToString()) : null;
        }
        catch (EthereumException)
        {
            _genesis = null;
        }
    }

    private MonitorStanding Clock(MonitorStanding standing, BlockHeader head, DateTimeOffset now, List<Finding> findings)
    {
        var ahead = head.Timestamp - now;
        var (isSkewed, isStale) = (ahead > _options.SkewLimit, _options.StaleAfter is { } limit && -ahead > limit);
        if (isSkewed != standing.IsSkewed)
        {
            findings.Add(Own("monitor-clock", Severity.Sev2, isSkewed ? $"{head.Hash}" : $"{head.Hash}/resolved", "", isSkewed
                ? string.Create(CultureInfo.InvariantCulture, $"Block {head.Number} bears a time {ahead.TotalSeconds:0} s ahead of this machine's clock: one of the two is wrong, and with it every duty's clock")
                : "The times of blocks and of this machine agree again", isSkewed ? FindingKind.Firing : FindingKind.Resolved, head));
        }

        if (isStale != standing.IsStale)
        {
            findings.Add(Own("monitor-stale", Severity.Sev2, isStale ? $"{head.Hash}" : $"{head.Hash}/resolved", "", isStale
                ? string.Create(CultureInfo.InvariantCulture, $"The newest block that {_options.Node} shows is {head.Number}, {-ahead.TotalSeconds:0} s old: the chain stands still, or the node has fallen behind it")
                : string.Create(CultureInfo.InvariantCulture, $"{_options.Node} shows new blocks again, {head.Number}"), isStale ? FindingKind.Firing : FindingKind.Resolved, head));
        }

        return standing with { IsSkewed = isSkewed, IsStale = isStale };
    }

    private async Task MissAsync(EthereumException problem, CancellationToken cancellation)
    {
        if (_standing is not { } standing)
        {
            return;
        }

        var now = _time.GetUtcNow();
        if (standing.Blind is not { } blind)
        {
            Volatile.Write(ref _standing, standing with { Blind = new Blindness(now, problem.Message, IsTold: false) });
            await CommitAsync([], [], cancellation).ConfigureAwait(false);
        }
        else if (!blind.IsTold && now - blind.Since >= _options.BlindAfter)
        {
            Volatile.Write(ref _standing, standing with { Blind = blind with { Why = problem.Message, IsTold = true } });
            var next = _tracks.Count == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" Nothing from block {_tracks.Min(track => track.Next)} on is examined");
            await CommitAsync([Own("monitor-blind", Severity.Sev1, blind.Since.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture), "", string.Create(CultureInfo.InvariantCulture, $"The monitor {Name} has not been able to read {_options.Node} for {(now - blind.Since).TotalSeconds:0} s: {problem.Message}{next}"), FindingKind.Firing)], [], cancellation).ConfigureAwait(false);
        }
        else
        {
            await BeatAsync(cancellation).ConfigureAwait(false);
        }
    }

    private async Task BeatAsync(CancellationToken cancellation)
    {
        if (_standing is { } standing && _time.GetUtcNow() - standing.At >= Heartbeat)
        {
            await CommitAsync([], [], cancellation).ConfigureAwait(false);
            Remember();
        }
    }

    // The one place where anything is written: the standing with the cursors, and all that belongs to it.
    private async Task CommitAsync(List<Finding> findings, IReadOnlyList<DocumentWrite> documents, CancellationToken cancellation)
    {
        if (_time.GetElapsedTime(_renewedAt) >= _options.Lease / 3)
        {
            _lease = await _store.RenewAsync(_lease!, _options.Lease, cancellation).ConfigureAwait(false) ?? throw new StorageException(StorageException.FenceLost, $"Another monitor of the name {Name} has taken over.");
            _renewedAt = _time.GetTimestamp();
        }

        var now = _time.GetUtcNow();
        var standing = _standing! with { At = now, Findings = _standing.Findings + findings.Count, Tracks = [.. _tracks.Select(track => track.Standing())], Before = _before };
        for (var attempt = 1; ; attempt++)
        {
            var taken = findings.Count == 0 ? FindingWrites.None : await _options.Take(findings, now, cancellation).ConfigureAwait(false);
            try
            {
                await _store.CommitAsync(
                    new StateCommit
                    {
                        Fence = _lease,
                        Events = taken.Events,
                        Documents = [.. documents, new DocumentWrite(_places.Monitors, Name, standing.Encode()), .. taken.Documents],
                        Messages = taken.Messages,
                    },
                    cancellation).ConfigureAwait(false);
                break;
            }
            catch (StorageException met) when (met.Code is StorageException.DocumentConflict or StorageException.StreamConflict && attempt < Conflicts)
            {
                // Somebody else changed an alert meanwhile: the findings are taken anew.
            }
        }

        Volatile.Write(ref _standing, standing);
        _told.AddRange(findings);
    }

    private Finding Own(string rule, Severity severity, string detail, string subject, string title, FindingKind kind, BlockHeader? at = null) => new()
    {
        Id = $"{_options.Network}/{rule}/{Name}/{detail}",
        Fingerprint = $"{_options.Network}/{rule}/{Name}{(subject.Length > 0 ? "/" + subject : "")}",
        Kind = kind,
        Rule = rule,
        Source = $"monitor {Name}",
        Network = _options.Network,
        Severity = severity,
        Title = title,
        Subject = subject.Length > 0 ? subject : Name,
        Place = at is null ? null : new ChainPlace(at.Number, at.Hash!.Value, at.Timestamp),
    };

    private string Sign(CoverageRange range) => _options.Key is { } key ? System.Text.Encoding.UTF8.GetString(key.Sign(range.ToText()).ToBytes()) : range.ToText();

    // A note's text, or a range that was never signed.
    internal static string TextOf(string note) => note.Contains("\n\n", StringComparison.Ordinal) ? SignedNote.Parse(System.Text.Encoding.UTF8.GetBytes(note)).Text : note;

    private void Remember()
    {
        if (_options.Key is not { } key || _lease is null)
        {
            return;
        }

        foreach (var track in _tracks.Where(track => track.Spec.Record is null && track.Hash is not null))
        {
            try
            {
                key.Remember(track.Name, new RememberedCoverage(track.From, track.Next - 1, track.Hash!.Value, _genesis ?? (track.Checkpoints.Count > 0 ? track.Checkpoints[0] : null)));
            }
            catch (ControlException problem)
            {
                _notes.Add($"what was examined cannot be remembered in the configuration folder: {problem.Message}");
            }
        }
    }

    private static string FillKey(TrackCursor track) => MonitorPlaces.Key(track.Name + "~fill", 0);

    private async Task<IReadOnlyList<StoredDocument>> ListTrackAsync(string collection, string track, ulong from, CancellationToken cancellation)
    {
        var found = new List<StoredDocument>();
        var prefix = track + "/";
        var after = from == 0 ? prefix : MonitorPlaces.Key(track, from - 1);
        while (true)
        {
            const int page = 1000;
            var documents = await _store.ListAsync(collection, after, page, cancellation).ConfigureAwait(false);
            found.AddRange(documents.TakeWhile(document => document.Key.StartsWith(prefix, StringComparison.Ordinal)));
            if (documents.Count < page || !documents[^1].Key.StartsWith(prefix, StringComparison.Ordinal))
            {
                return found;
            }

            after = documents[^1].Key;
        }
    }

    private async Task LoadToldAsync(TrackCursor track, ulong from, CancellationToken cancellation)
    {
        foreach (var document in await ListTrackAsync(_places.Told, track.Name, from, cancellation).ConfigureAwait(false))
        {
            track.Told[MonitorPlaces.BlockOf(document.Key)] = document.Read(WatchJson.Default.ToldBlock);
        }
    }

    private sealed class RangeReaders(MonitorOptions options)
    {
        private readonly Dictionary<string, (IWatchedChain Chain, RangeReader Reader)> _byTrack = new(StringComparer.Ordinal);

        public RangeReader Of(string track, IWatchedChain chain)
        {
            if (!_byTrack.TryGetValue(track, out var known) || !ReferenceEquals(known.Chain, chain))
            {
                _byTrack[track] = known = (chain, new RangeReader(chain, options));
            }

            return known.Reader;
        }
    }
}
