using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Ethereum;
using AgiJobs.Response.Detectors;
using AgiJobs.Storage;

namespace AgiJobs.Response.Watching;

/// <summary>A track as a monitor holds it in memory between commits. Dropped and read anew when a commit fails.</summary>
/// <param name="spec">What it is of.</param>
/// <param name="places">Where it is kept.</param>
internal sealed class TrackCursor(WatchTrack spec, MonitorPlaces places)
{
    // Every checkpoint of so many blocks is kept; further back the oldest of each doubling of the age.
    private const ulong Near = 8;

    private readonly List<Bytes32> _recent = [];
    private readonly List<BlockMark> _checkpoints = [];

    public WatchTrack Spec => spec;

    public IDetectorSet Set => spec.Set;

    public string Name => spec.Name;

    public ulong From { get; set; }

    public ulong LiveFrom { get; set; }

    public ulong Next { get; private set; }

    public Bytes32? Hash => _recent.Count > 0 ? _recent[^1] : null;

    public required IDetectorMemory Memory { get; set; }

    public CoverageFill? Fill { get; set; }

    public IDetectorMemory? FillMemory { get; set; }

    public List<CoverageRange> Coverage { get; } = [];

    /// <summary>What was told of blocks that are examined again.</summary>
    public Dictionary<ulong, ToldBlock> Told { get; } = [];

    public IReadOnlyList<BlockMark> Checkpoints => _checkpoints;

    /// <summary>The lowest height of which the hash is remembered.</summary>
    public ulong Oldest => Next - (ulong)_recent.Count;

    public Bytes32? HashAt(ulong number) => number < Next && number >= Oldest ? _recent[(int)(number - Oldest)] : null;

    public static TrackCursor Begin(WatchTrack spec, MonitorPlaces places, ulong from, ulong liveFrom) => new(spec, places) { Memory = spec.Set.Begin(), From = from, LiveFrom = liveFrom, Next = liveFrom };

    public static TrackCursor Of(WatchTrack spec, MonitorPlaces places, TrackStanding standing)
    {
        var track = new TrackCursor(spec, places) { Memory = spec.Set.Begin(), From = standing.From, LiveFrom = standing.LiveFrom, Next = standing.Next, Fill = standing.Fill };
        track._recent.AddRange(standing.Recent.Select(Bytes32.Parse));
        track._checkpoints.AddRange(standing.Checkpoints);
        return track;
    }

    public TrackStanding Standing() => new()
    {
        Name = Name,
        Confirmations = Set.Confirmations,
        RuleSet = Set.Digest.ToString(),
        From = From,
        LiveFrom = LiveFrom,
        Next = Next,
        Hash = Hash?.ToString(),
        Recent = [.. _recent.Select(hash => hash.ToString())],
        Checkpoints = [.. _checkpoints],
        Fill = Fill,
        Detectors = [.. Set.Parts.Keys.Order(StringComparer.Ordinal)],
    };

    /// <summary>Moves on past examined blocks and leaves a memory there; returns what is written for it.</summary>
    public IEnumerable<DocumentWrite> Advance(IReadOnlyList<BlockContent> blocks, IDetectorMemory memory, int remembered)
    {
        _recent.AddRange(blocks.Select(content => content.Block.Header.Hash!.Value));
        Next += (ulong)blocks.Count;
        _recent.RemoveRange(0, Math.Max(0, _recent.Count - remembered));
        Memory = memory;
        var mark = new BlockMark(Next - 1, Hash!.Value.ToString());
        _checkpoints.Add(mark);
        yield return new DocumentWrite(places.Memories, MonitorPlaces.Key(Name, mark.Number), Encode(mark.Hash, memory));
        foreach (var gone in Thin())
        {
            yield return new DocumentWrite(places.Memories, MonitorPlaces.Key(Name, gone.Number), null);
        }
    }

    /// <summary>Goes back to a checkpoint, or to the beginning; returns what is written for it.</summary>
    public IEnumerable<DocumentWrite> GoBack(BlockMark? to, IDetectorMemory memory)
    {
        var next = to is null ? LiveFrom : to.Number + 1;
        var gone = _checkpoints.Where(mark => mark.Number >= next).ToList();
        _checkpoints.RemoveAll(mark => mark.Number >= next);
        var kept = HashAt(next - 1) is not null ? (int)(next - Oldest) : 0;
        _recent.RemoveRange(kept, _recent.Count - kept);
        if (to is not null && kept == 0)
        {
            _recent.Add(Bytes32.Parse(to.Hash));
        }

        Next = next;
        Memory = memory;
        return gone.Select(mark => new DocumentWrite(places.Memories, MonitorPlaces.Key(Name, mark.Number), null));
    }

    /// <summary>The memory of a checkpoint, as far as the rules are what they were.</summary>
    /// <param name="document">What is kept of it; null when there is nothing.</param>
    /// <param name="lost">The detectors that are not what they were, and whose memory is gone; null when all of it is.</param>
    public IDetectorMemory ReadMemory(StoredDocument? document, out IReadOnlyList<string>? lost)
    {
        lost = null;
        if (document is null)
        {
            return Set.Begin();
        }

        try
        {
            using var json = JsonDocument.Parse(document.Data);
            return Set.Carry(json.RootElement.GetProperty("memory").GetRawText(), out lost);
        }
        catch (ControlException problem) when (problem.Code == "memory-format")
        {
            lost = null;
            return Set.Begin();
        }
    }

    public static string Encode(string hash, IDetectorMemory memory) => $$"""{"hash":"{{hash}}","memory":{{memory.Encode()}}}""";

    /// <summary>Adds examined blocks to what is covered, joins what goes on in each other, and returns the documents that are written for it.</summary>
    public IEnumerable<DocumentWrite> Cover(CoverageRange added, Func<CoverageRange, string> sign)
    {
        var gone = new List<ulong>();
        // What is examined again by the same rules is covered once.
        foreach (var other in Coverage.Where(range => range.From >= added.From && range.To <= added.To).ToList())
        {
            Coverage.Remove(other);
            gone.Add(other.From);
        }

        if (Coverage.Find(range => range.GoesOnIn(added)) is { } before)
        {
            Coverage.Remove(before);
            added = added with { From = before.From, Parent = before.Parent };
        }

        if (Coverage.Find(range => added.GoesOnIn(range)) is { } after)
        {
            Coverage.Remove(after);
            gone.Add(after.From);
            added = added with { To = after.To, Hash = after.Hash };
        }

        Coverage.Add(added);
        Coverage.Sort((a, b) => a.From.CompareTo(b.From));
        return gone.Where(from => from != added.From).Select(from => new DocumentWrite(places.Coverage, MonitorPlaces.Key(Name, from), null)).Append(Document(added, sign));
    }

    /// <summary>Takes back what is covered from a block on, on a branch whose block before it has a hash.</summary>
    public IEnumerable<DocumentWrite> Uncover(ulong from, Bytes32? before, Func<CoverageRange, string> sign)
    {
        foreach (var range in Coverage.Where(range => range.To >= from).ToList())
        {
            Coverage.Remove(range);
            if (range.From < from && before is { } hash)
            {
                var cut = range with { To = from - 1, Hash = hash };
                Coverage.Add(cut);
                yield return Document(cut, sign);
            }
            else
            {
                yield return new DocumentWrite(places.Coverage, MonitorPlaces.Key(Name, range.From), null);
            }
        }

        Coverage.Sort((a, b) => a.From.CompareTo(b.From));
    }

    private DocumentWrite Document(CoverageRange range, Func<CoverageRange, string> sign) =>
        new(places.Coverage, MonitorPlaces.Key(Name, range.From), JsonSerializer.Serialize(new CoverageDocument(sign(range)), WatchJson.Default.CoverageDocument));

    private List<BlockMark> Thin()
    {
        var newest = _checkpoints[^1].Number;
        var gone = new List<BlockMark>();
        var taken = new HashSet<int>();
        // Oldest first: the oldest of each doubling stays until it has grown into the next one.
        foreach (var mark in _checkpoints)
        {
            var age = newest - mark.Number;
            if (age > Near && !taken.Add(System.Numerics.BitOperations.Log2(age)))
            {
                gone.Add(mark);
            }
        }

        _checkpoints.RemoveAll(gone.Contains);
        return gone;
    }
}
