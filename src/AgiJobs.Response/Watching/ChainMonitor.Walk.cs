using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Watching;

/// <content>How a track goes up the chain, back from what was withdrawn, and through what was left out.</content>
public sealed partial class ChainMonitor
{
    private const ulong HeadersAtOnce = 64;
    private const int RangesPerCommit = 4;

    // For how long a look goes on before it lets others have their turn.
    private bool IsLong => _time.GetElapsedTime(_tickBegan) >= LongestTick;

    private async Task FollowAsync(TrackCursor track, BlockHeader head, CancellationToken cancellation)
    {
        while (!IsLong && head.Number.Value >= (ulong)track.Set.Confirmations)
        {
            var target = head.Number.Value - (ulong)track.Set.Confirmations;
            if (track.Next > head.Number.Value + 1)
            {
                // The node shows less than what was examined. It may have fallen behind; only another hash says that something was withdrawn.
                if (track.HashAt(head.Number.Value) is { } known && known != head.Hash)
                {
                    await GoBackAsync(track, head.Number.Value, cancellation).ConfigureAwait(false);
                    continue;
                }

                if (track.Next > head.Number.Value + (ulong)_options.RangeFrom)
                {
                    throw new EthereumException("node-behind", Fault.Unknown, $"the node shows block {head.Number} as the newest, and {track.Next - 1} was examined");
                }

                return;
            }

            // A back end that lags answers by number with fewer logs, and without an error: what is near the head is asked for by its hash.
            var settled = Math.Min(target + 1, SettledEnd(head.Number.Value));
            if (settled > track.Next + (ulong)_options.RangeFrom)
            {
                await RangesAsync(track, settled - 1, cancellation).ConfigureAwait(false);
                continue;
            }

            if (track.Hash is { } newest && track.Next == head.Number.Value + 1 && newest == head.Hash)
            {
                return;
            }

            var first = track.Hash is null ? track.Next : track.Next - 1;
            var headers = await _chain!.HeadersAsync(first, Math.Max(first, target), cancellation).ConfigureAwait(false);
            if (headers.Count > 0 && track.Hash is { } hash)
            {
                if (headers[0].Hash != hash)
                {
                    await GoBackAsync(track, head.Number.Value, cancellation).ConfigureAwait(false);
                    continue;
                }

                headers = [.. headers.Skip(1)];
            }

            await foreach (var read in ByHashAsync(track.Set, headers, cancellation).ConfigureAwait(false))
            {
                var (number, parent) = (track.Next, track.Hash);
                foreach (var header in read.Select(content => content.Block.Header))
                {
                    if (header.Number.Value != number++ || (parent is { } below && header.ParentHash != below))
                    {
                        throw new EthereumException("block-reorganised", Fault.Unknown, $"block {header.Number} does not stand on the block that was examined before it");
                    }

                    parent = header.Hash;
                }

                var readable = Readable(track.Name, read);
                if (readable > 0)
                {
                    await ExamineAsync(track, [.. read.Take(readable)], cancellation).ConfigureAwait(false);
                }

                if (readable < read.Count)
                {
                    throw Refused(read[readable]);
                }

                if (IsLong)
                {
                    return;
                }
            }

            return;
        }
    }

    // The end of what is read by number, that block not included.
    private ulong SettledEnd(ulong head) => head >= (ulong)_options.RangeFrom ? head - (ulong)_options.RangeFrom + 1 : 0;

    // How many of the blocks can be taken: those before the first whose views the node refuses; all of them once it has refused for so long that they are unknown.
    private int Readable(string reader, IReadOnlyList<BlockContent> blocks)
    {
        var now = _time.GetUtcNow();
        for (var place = 0; place < blocks.Count; place++)
        {
            if (!blocks[place].IsUnread)
            {
                if (blocks[place].Answers.Answers.Count > 0)
                {
                    _ = _refusedSince.Remove(reader);
                }
            }
            else if (!_refusedSince.TryGetValue(reader, out var since))
            {
                _refusedSince[reader] = now;
                return place;
            }
            else if (now - since < _options.ViewPatience)
            {
                return place;
            }
        }

        return blocks.Count;
    }

    private static EthereumException Refused(BlockContent content) =>
        new("views-refused", Fault.Unknown, $"the node refuses the views of block {content.Block.Header.Number}: {content.Answers.Answers.Values.First(answer => answer.IsRefused).Why}");

    private async Task RangesAsync(TrackCursor track, ulong target, CancellationToken cancellation)
    {
        // Several ranges are one commit: a flush of the disk for each would be waited for.
        var waiting = new List<BlockContent>();
        long logs = 0;
        await foreach (var part in _readers.Of(track.Name, _chain!).ReadAsync(track.Next, target, track.Set.NeedsOf(track.Next, target), cancellation).ConfigureAwait(false))
        {
            if ((waiting.Count > 0 ? waiting[^1].Block.Header.Hash : track.Hash) is { } hash && part[0].Block.Header.ParentHash != hash)
            {
                if (waiting.Count > 0)
                {
                    throw new EthereumException("block-reorganised", Fault.Unknown, $"block {part[0].Block.Header.Number} does not stand on the block that was read before it");
                }

                await GoBackAsync(track, target, cancellation).ConfigureAwait(false);
                return;
            }

            var readable = Readable(track.Name, part);
            waiting.AddRange(part.Take(readable));
            if (readable < part.Count)
            {
                if (waiting.Count > 0)
                {
                    await ExamineAsync(track, waiting, cancellation).ConfigureAwait(false);
                }

                throw Refused(part[readable]);
            }

            logs += part.Sum(content => (long)content.Block.Logs.Count);
            if (logs < RangesPerCommit * (long)_options.LogsPerRange && waiting.Count < _options.MaxRange && !IsLong)
            {
                continue;
            }

            await ExamineAsync(track, waiting, cancellation).ConfigureAwait(false);
            (waiting, logs) = ([], 0);
            if (IsLong)
            {
                return;
            }
        }

        if (waiting.Count > 0)
        {
            await ExamineAsync(track, waiting, cancellation).ConfigureAwait(false);
        }
    }

    // Everything that needs the chain is read before; from here on it is one commit.
    private async Task ExamineAsync(TrackCursor track, List<BlockContent> blocks, CancellationToken cancellation)
    {
        var parent = track.Hash ?? blocks[0].Block.Header.ParentHash;
        var (memory, findings, documents) = await FindAsync(track, track.Memory, blocks, cancellation).ConfigureAwait(false);
        documents.AddRange(track.Advance(blocks, memory, _options.Remembered));
        documents.AddRange(Covered(track, blocks, parent));
        foreach (var content in blocks)
        {
            track.Told.Remove(content.Block.Header.Number.Value);
        }

        await CommitAsync(findings, documents, cancellation).ConfigureAwait(false);
        _progressed = true;
    }

    private async Task<(IDetectorMemory Memory, List<Finding> Findings, List<DocumentWrite> Documents)> FindAsync(TrackCursor track, IDetectorMemory memory, IReadOnlyList<BlockContent> blocks, CancellationToken cancellation)
    {
        var findings = new List<Finding>();
        var documents = new List<DocumentWrite>();
        foreach (var (block, answers) in blocks)
        {
            documents.AddRange(track.Spec.Record?.WritesOf(block) ?? []);
            var examined = track.Set.Examine(memory, block, answers);
            memory = examined.Memory;
            var (number, hash) = (block.Header.Number.Value, block.Header.Hash!.Value.ToString());
            var before = track.Told.GetValueOrDefault(number);
            if (before is not null && !string.Equals(before.Hash, hash, StringComparison.Ordinal))
            {
                // Withdrawn while the blocks below it were examined again.
                await TakeBackAsync(track, number, before, hash, findings, documents, cancellation).ConfigureAwait(false);
                before = null;
            }

            if (examined.Findings.Count == 0)
            {
                continue;
            }

            var told = before?.Findings ?? [];
            var added = new List<ToldFinding>();
            foreach (var finding in examined.Findings.Where(finding => !told.Any(known => string.Equals(known.Id, finding.Id, StringComparison.Ordinal))))
            {
                // What was taken back and is true again, because the chain returned to its first branch, is told under a number of its own.
                var times = await RetractedAsync(finding.Id, cancellation).ConfigureAwait(false);
                var id = times == 0 ? finding.Id : string.Create(CultureInfo.InvariantCulture, $"{finding.Id}#{times + 1}");
                findings.Add(finding with { Id = id });
                added.Add(Kept(finding, id));
            }

            if (added.Count > 0)
            {
                documents.Add(new DocumentWrite(_places.Told, MonitorPlaces.Key(track.Name, number), JsonSerializer.Serialize(new ToldBlock(hash, [.. told, .. added]), WatchJson.Default.ToldBlock)));
            }
        }

        return (memory, findings, documents);
    }

    // Finds the fork, takes back what was found above it, and takes up the memory before it.
    private async Task GoBackAsync(TrackCursor track, ulong highest, CancellationToken cancellation)
    {
        var (to, fork, replaced) = await ForkAsync(track, highest, cancellation).ConfigureAwait(false);
        var memory = track.ReadMemory(to is null ? null : await _store.GetAsync(_places.Memories, MonitorPlaces.Key(track.Name, to.Number), cancellation).ConfigureAwait(false), out _);
        var isDeep = fork is null;
        var from = fork is { } kept ? kept + 1 : to is null ? 0 : to.Number + 1;
        var findings = new List<Finding>();
        var documents = new List<DocumentWrite>();
        track.Told.Clear();
        await LoadToldAsync(track, Math.Min(to is null ? 0 : to.Number + 1, track.Fill?.From ?? ulong.MaxValue), cancellation).ConfigureAwait(false);
        foreach (var (number, told) in track.Told.OrderBy(entry => entry.Key).Where(entry => entry.Key >= from).ToList())
        {
            // Beyond what is remembered block for block, each is asked about.
            if (isDeep && (await _chain!.HeadersAsync(number, number, cancellation).ConfigureAwait(false)) is [var still] && string.Equals(still.Hash!.Value.ToString(), told.Hash, StringComparison.Ordinal))
            {
                continue;
            }

            await TakeBackAsync(track, number, told, replaced.GetValueOrDefault(number), findings, documents, cancellation).ConfigureAwait(false);
        }

        var (wasNext, wasHash) = (track.Next, track.Hash);
        if (isDeep)
        {
            findings.Add(Own("monitor-reorg-deep", Severity.Sev1, $"{track.Name}/{wasNext}/{wasHash}", track.Name, string.Create(CultureInfo.InvariantCulture, $"More blocks below {wasNext} were withdrawn than the {_options.Remembered} whose hashes the monitor {Name} remembers: {track.Name} is examined again from block {(to is null ? track.LiveFrom : to.Number + 1)} on"), FindingKind.Firing));
        }

        documents.AddRange(track.GoBack(to, memory));
        documents.AddRange(track.Uncover(track.Next, to is null ? null : Bytes32.Parse(to.Hash), Sign));
        if (track.Fill is { } fill && fill.Next > from)
        {
            track.Fill = fill with { Next = fill.From, Hash = null };
            track.FillMemory = track.Set.Begin();
            documents.AddRange(track.Uncover(fill.From, null, Sign));
        }

        // A stretch that was joined to what is withdrawn may be left without proof.
        await SeekHoleAsync(track, findings, cancellation).ConfigureAwait(false);
        if (track.Spec.Record is { } record)
        {
            documents.AddRange(await record.WithdrawnAsync(from, cancellation).ConfigureAwait(false));
        }

        Volatile.Write(ref _standing, _standing! with { Reorganisations = _standing.Reorganisations + 1 });
        _notes.Add(string.Create(CultureInfo.InvariantCulture, $"reorganisation: of {track.Name} the blocks {from} to {wasNext - 1} are no part of the chain any more; {findings.Count(finding => finding.Kind == FindingKind.Retracted)} findings are taken back"));
        await CommitAsync(findings, documents, cancellation).ConfigureAwait(false);
        _progressed = true;
    }

    private async Task TakeBackAsync(TrackCursor track, ulong number, ToldBlock told, string? instead, List<Finding> findings, List<DocumentWrite> documents, CancellationToken cancellation)
    {
        track.Told.Remove(number);
        documents.Add(new DocumentWrite(_places.Told, MonitorPlaces.Key(track.Name, number), null));
        foreach (var finding in told.Findings)
        {
            findings.Add(Retracted(finding, string.Create(CultureInfo.InvariantCulture, $"block {number} ({told.Hash}) is no part of the chain any more{(instead is null ? "" : $"; {instead} is in its place")}")));
            documents.Add(new DocumentWrite(_places.Told + "/retracted", Key(finding.Id), JsonSerializer.Serialize(new RetractedCount(await RetractedAsync(finding.Id, cancellation).ConfigureAwait(false) + 1), WatchJson.Default.RetractedCount)));
        }
    }

    // The checkpoint to go back to, the highest block that is still part of the chain (null when it is deeper than what is remembered), and what is in the place of withdrawn blocks.
    private async Task<(BlockMark? To, ulong? Fork, Dictionary<ulong, string> Replaced)> ForkAsync(TrackCursor track, ulong highest, CancellationToken cancellation)
    {
        var replaced = new Dictionary<ulong, string>();
        var top = Math.Min(track.Next - 1, highest);
        while (top >= track.Oldest)
        {
            var low = Math.Max(track.Oldest, top >= HeadersAtOnce ? top - HeadersAtOnce + 1 : 0);
            foreach (var header in (await _chain!.HeadersAsync(low, top, cancellation).ConfigureAwait(false)).Reverse())
            {
                if (header.Hash == track.HashAt(header.Number.Value))
                {
                    return (track.Checkpoints.LastOrDefault(mark => mark.Number <= header.Number.Value), header.Number.Value, replaced);
                }

                replaced[header.Number.Value] = header.Hash!.Value.ToString();
            }

            if (low == 0)
            {
                break;
            }

            top = low - 1;
        }

        if (track.Oldest == track.LiveFrom)
        {
            // Everything that was ever examined is remembered: all of it is withdrawn, and the beginning is known.
            return (null, track.LiveFrom == 0 ? null : track.LiveFrom - 1, replaced);
        }

        foreach (var mark in track.Checkpoints.Where(mark => mark.Number < track.Oldest).Reverse())
        {
            if (await _chain!.HeadersAsync(mark.Number, mark.Number, cancellation).ConfigureAwait(false) is [var header] && string.Equals(header.Hash!.Value.ToString(), mark.Hash, StringComparison.Ordinal))
            {
                return (mark, null, replaced);
            }
        }

        return (null, null, replaced);
    }

    private async Task FillAsync(TrackCursor track, ulong head, CancellationToken cancellation)
    {
        var reader = track.Name + "~fill";
        while (track.Fill is { } fill && !IsLong)
        {
            if (fill.Next > fill.To)
            {
                await EndFillAsync(track, fill, cancellation).ConfigureAwait(false);
                return;
            }

            await foreach (var read in PartsAsync(track.Set, reader, fill.Next, fill.To, head, cancellation).ConfigureAwait(false))
            {
                var readable = Readable(reader, read);
                IReadOnlyList<BlockContent> part = readable == read.Count ? read : readable > 0 ? [.. read.Take(readable)] : throw Refused(read[0]);
                if (fill.Hash is { } hash && part[0].Block.Header.ParentHash != Bytes32.Parse(hash))
                {
                    track.Fill = fill with { Next = fill.From, Hash = null };
                    track.FillMemory = track.Set.Begin();
                    await CommitAsync([], [.. track.Uncover(fill.From, null, Sign).ToList()], cancellation).ConfigureAwait(false);
                    return;
                }

                var (memory, findings, documents) = await FindAsync(track, track.FillMemory ?? track.Set.Begin(), part, cancellation).ConfigureAwait(false);
                var last = part[^1].Block.Header;
                documents.AddRange(Covered(track, part, part[0].Block.Header.ParentHash));
                documents.Add(new DocumentWrite(_places.Memories, FillKey(track), TrackCursor.Encode(last.Hash!.Value.ToString(), memory)));
                track.FillMemory = memory;
                track.Fill = fill = fill with { Next = last.Number.Value + 1, Hash = last.Hash!.Value.ToString() };
                await CommitAsync(findings, documents, cancellation).ConfigureAwait(false);
                _progressed = true;
                if (readable < read.Count)
                {
                    throw Refused(read[readable]);
                }

                if (IsLong)
                {
                    return;
                }
            }
        }
    }

    // Each by its hash, several at once. What was read before a block that cannot be read is handed on first.
    private async IAsyncEnumerable<IReadOnlyList<BlockContent>> ByHashAsync(IDetectorSet set, IEnumerable<BlockHeader> headers, [EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var part in headers.Chunk(_options.InFlight))
        {
            var asked = part.Select(async header => await _chain!.ReadAsync(header, set.NeedsOf(header.Number.Value, header.Number.Value), cancellation).ConfigureAwait(false)).ToList();
            await ((Task)Task.WhenAll(asked)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var read = new List<BlockContent>();
            foreach (var content in asked.TakeWhile(content => content.IsCompletedSuccessfully))
            {
                read.Add(await content.ConfigureAwait(false));
            }

            if (read.Count > 0)
            {
                yield return read;
            }

            if (read.Count < asked.Count)
            {
                _ = await asked[read.Count].ConfigureAwait(false);
            }
        }
    }

    // By number as far as the chain is settled, then block by block by the hash.
    private async IAsyncEnumerable<IReadOnlyList<BlockContent>> PartsAsync(IDetectorSet set, string reader, ulong from, ulong to, ulong head, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var settled = Math.Min(to + 1, SettledEnd(head));
        if (settled > from)
        {
            await foreach (var part in _readers.Of(reader, _chain!).ReadAsync(from, settled - 1, set.NeedsOf(from, settled - 1), cancellation).ConfigureAwait(false))
            {
                yield return part;
            }
        }

        for (var next = Math.Max(from, settled); next <= to;)
        {
            var headers = await _chain!.HeadersAsync(next, Math.Min(to, next + HeadersAtOnce - 1), cancellation).ConfigureAwait(false);
            await foreach (var part in ByHashAsync(set, headers, cancellation).ConfigureAwait(false))
            {
                yield return part;
            }

            next += headers.Count > 0 ? (ulong)headers.Count : throw new EthereumException("block-unknown", Fault.Unknown, $"the node has no block {next}");
        }
    }

    private async Task EndFillAsync(TrackCursor track, CoverageFill fill, CancellationToken cancellation)
    {
        track.Fill = null;
        var findings = new List<Finding> { Own("monitor-coverage-gap", Severity.Sev2, $"{track.Name}/{fill.From}-{fill.To}/resolved", track.Name, string.Create(CultureInfo.InvariantCulture, $"The blocks {fill.From} to {fill.To} of {track.Name}, which were left out, are examined now"), FindingKind.Resolved) };
        await SeekHoleAsync(track, findings, cancellation).ConfigureAwait(false);
        await CommitAsync(findings, [new DocumentWrite(_places.Memories, FillKey(track), null)], cancellation).ConfigureAwait(false);
        _progressed = true;
    }

    private void NeedFrom(TrackCursor track, List<Finding> findings)
    {
        if (_options.From is { } from && from < track.From)
        {
            track.From = from;
            _notes.Add(string.Create(CultureInfo.InvariantCulture, $"{track.Name} is to be examined from block {from} on"));
        }
    }

    // What was to be examined and never was, by no rules at all.
    private async Task SeekHoleAsync(TrackCursor track, List<Finding> findings, CancellationToken cancellation)
    {
        if (track.Fill is not null || track.Next == 0 || track.Next <= track.From || CoverageRange.Holes(track.Coverage, track.From, track.Next - 1) is not [var hole, ..])
        {
            return;
        }

        track.Fill = new CoverageFill(hole.From, hole.To, hole.From, null);
        track.FillMemory = track.Set.Begin();
        await LoadToldAsync(track, hole.From, cancellation).ConfigureAwait(false);
        findings.Add(Own("monitor-coverage-gap", Severity.Sev2, $"{track.Name}/{hole.From}-{hole.To}", track.Name, string.Create(CultureInfo.InvariantCulture, $"The monitor {Name} never examined the blocks {hole.From} to {hole.To} for {track.Name}; they are examined now"), FindingKind.Firing));
    }

    // Blocks whose views are unknown are no part of a range of those that were read whole.
    private Dictionary<string, DocumentWrite>.ValueCollection Covered(TrackCursor track, IReadOnlyList<BlockContent> blocks, Bytes32 parent)
    {
        var writes = new Dictionary<string, DocumentWrite>(StringComparer.Ordinal);
        for (var first = 0; first < blocks.Count;)
        {
            var next = first + 1;
            while (next < blocks.Count && blocks[next].IsUnread == blocks[first].IsUnread)
            {
                next++;
            }

            var range = Range(track, [.. blocks.Take(next).Skip(first)], first == 0 ? parent : blocks[first - 1].Block.Header.Hash!.Value) with { IsUnread = blocks[first].IsUnread };
            foreach (var write in track.Cover(range, Sign))
            {
                writes[write.Key] = write;
            }

            first = next;
        }

        return writes.Values;
    }

    private CoverageRange Range(TrackCursor track, IReadOnlyList<BlockContent> blocks, Bytes32 parent) =>
        new(_options.Network, _options.ChainId, Name, track.Name, track.Set.Digest, blocks[0].Block.Header.Number.Value, blocks[^1].Block.Header.Number.Value, parent, blocks[^1].Block.Header.Hash!.Value);

    private async Task<int> RetractedAsync(string id, CancellationToken cancellation) =>
        await _store.GetAsync(_places.Told + "/retracted", Key(id), cancellation).ConfigureAwait(false) is { } document ? document.Read(WatchJson.Default.RetractedCount).Times : 0;

    // Ids may be longer than a key.
    private static string Key(string id) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(id)));

    private static ToldFinding Kept(Finding finding, string told) => new()
    {
        Id = finding.Id,
        Told = told,
        Fingerprint = finding.Fingerprint,
        Rule = finding.Rule,
        RuleSet = finding.RuleSet?.ToString(),
        Severity = (int)finding.Severity,
        Title = finding.Title,
        Subject = finding.Subject,
        Block = finding.Place?.Block.Value,
        Hash = finding.Place?.Hash.ToString(),
        Time = finding.Place?.Time,
        Transaction = finding.Place?.Transaction?.ToString(),
        LogIndex = finding.Place?.LogIndex,
        Facts = finding.Facts.Count == 0 ? null : finding.Facts,
    };

    private Finding Retracted(ToldFinding kept, string why) => new()
    {
        Id = kept.Told + "#retracted",
        Fingerprint = kept.Fingerprint,
        Kind = FindingKind.Retracted,
        Rule = kept.Rule,
        RuleSet = kept.RuleSet is { } digest ? Bytes32.Parse(digest) : null,
        Source = $"monitor {Name}",
        Network = _options.Network,
        Severity = (Severity)kept.Severity,
        Title = kept.Title,
        Subject = kept.Subject,
        Place = kept is { Block: { } block, Hash: { } hash } ? new ChainPlace(new BlockNumber(block), Bytes32.Parse(hash), kept.Time ?? default, kept.Transaction is { } transaction ? Bytes32.Parse(transaction) : null, kept.LogIndex) : null,
        Why = why,
        Facts = kept.Facts is null ? new SortedDictionary<string, string>(StringComparer.Ordinal) : new SortedDictionary<string, string>(kept.Facts.ToDictionary(), StringComparer.Ordinal),
    };
}
