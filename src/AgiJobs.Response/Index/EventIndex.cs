using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Watching;
using AgiJobs.Storage;

namespace AgiJobs.Response.Index;

/// <summary>
/// The events of a network's protocol, decoded, in the state: documents of <c>response/NETWORK/index/events</c> in the order of the chain, and one of <c>response/NETWORK/index/terms</c> for each thing that an event is
/// found by. A monitor of its own named <see cref="Monitor"/> writes it, so that what is withdrawn from the chain goes from here in the commit in which that is noticed. Safe for use by several threads.
/// </summary>
public sealed class EventIndex : IBlockRecord
{
    /// <summary>The name of the monitor that writes it.</summary>
    public const string Monitor = "event-index";

    private const int Page = 500;

    // Each event is several documents of one commit.
    private const int LogsPerRange = 500;

    private readonly IStateStore _store;
    private readonly Protocol? _protocol;
    private readonly string _events;
    private readonly string _terms;

    /// <summary>The index of a network.</summary>
    /// <param name="store">The state.</param>
    /// <param name="network">The network's name.</param>
    /// <param name="protocol">The protocol at the manifest's addresses; null for one that is only read.</param>
    public EventIndex(IStateStore store, string network, Protocol? protocol = null)
    {
        (_store, _protocol) = (store, protocol);
        (_events, _terms) = ($"response/{network}/index/events", $"response/{network}/index/terms");
    }

    /// <summary>What events are decoded by: the modules, their addresses and their ABIs. What was indexed by another digest stays as it was until the index is made anew.</summary>
    public static Bytes32 DigestOf(Protocol protocol)
    {
        ArgumentNullException.ThrowIfNull(protocol);
        return new EveryEvent(protocol).Digest;
    }

    /// <summary>The monitor that keeps it, from the block on in which the first module was placed.</summary>
    /// <param name="network">The network's name.</param>
    /// <param name="options">How to watch; name, start and taker are the index's own.</param>
    /// <param name="connect">Connects to the node.</param>
    /// <param name="time">The clock.</param>
    public ChainMonitor Follower(string network, MonitorOptions options, Func<CancellationToken, Task<IWatchedChain>> connect, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        var protocol = _protocol ?? throw new InvalidOperationException("An index that is only read follows nothing.");
        return new ChainMonitor(
            _store,
            connect,
            [new WatchTrack("events", new EveryEvent(protocol), this)],
            options with { Network = network, Name = Monitor, LogsPerRange = LogsPerRange, From = protocol.Modules.Count == 0 ? 0 : protocol.Modules.Min(module => module.Since.Value), Take = static (_, _, _) => Task.FromResult(FindingWrites.None) },
            time);
    }

    /// <inheritdoc/>
    public IReadOnlyList<DocumentWrite> WritesOf(WatchedBlock block)
    {
        ArgumentNullException.ThrowIfNull(block);
        var writes = new List<DocumentWrite>();
        foreach (var log in block.Logs)
        {
            var indexed = IndexedEvent.Of(_protocol!, block.Header, log);
            writes.Add(new DocumentWrite(_events, indexed.Key, indexed.Json));
            writes.AddRange(indexed.Terms.Select(term => new DocumentWrite(_terms, $"{term}/{indexed.Key}", "1")));
        }

        return writes;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DocumentWrite>> WithdrawnAsync(ulong from, CancellationToken cancellation)
    {
        var writes = new List<DocumentWrite>();
        await foreach (var document in EventsAsync(from, cancellation).ConfigureAwait(false))
        {
            writes.AddRange(Deletion(document));
        }

        return writes;
    }

    /// <summary>Searches.</summary>
    /// <param name="query">What for.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="ControlException"><c>index-query</c>.</exception>
    public async Task<EventPage> SearchAsync(EventQuery query, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(query);
        query.Check();
        var terms = query.Terms;
        var after = query.After ?? (query.From is { } from and > 0 ? IndexedEvent.KeyOf(from, 0) : null);
        var isInclusive = query.After is null && query.From is > 0;
        var found = new List<StoredDocument>();
        string? next = null;
        // The first term is the one that fewest events have; the rest is held against each of them.
        await foreach (var document in terms.Count == 0 ? AllAsync(after, isInclusive, cancellation) : OfTermAsync(terms[0], after, isInclusive, cancellation))
        {
            if (query.To is { } to && MonitorBlock(document.Key) > to)
            {
                break;
            }

            if (terms.Count > 1)
            {
                using var json = JsonDocument.Parse(document.Data);
                var own = IndexedEvent.TermsOf(json.RootElement);
                if (!terms.All(own.Contains))
                {
                    continue;
                }
            }

            if (found.Count == query.Limit)
            {
                next = found[^1].Key;
                break;
            }

            found.Add(document);
        }

        return new EventPage([.. found.Select(document => document.Data)], next);
    }

    /// <summary>The digest of everything up to a block: of keys and events in their order. Equal for equal content, however it came about.</summary>
    public async Task<(Bytes32 Digest, long Events)> DigestAsync(ulong to, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long count = 0;
        await foreach (var document in AllAsync(null, false, cancellation).ConfigureAwait(false))
        {
            if (MonitorBlock(document.Key) > to)
            {
                break;
            }

            hash.AppendData(Encoding.UTF8.GetBytes($"{document.Key}\n{document.Data}\n"));
            count++;
        }

        return (new Bytes32(hash.GetHashAndReset()), count);
    }

    /// <summary>Deletes everything, so that it is made from scratch: the cursor first, so that a death in between leaves an index that begins anew.</summary>
    /// <exception cref="ControlException"><c>index-busy</c> while its monitor is at work.</exception>
    public async Task ClearAsync(string network, CancellationToken cancellation)
    {
        var places = new MonitorPlaces(network, Monitor);
        var lease = await _store.TryAcquireAsync(places.Lease, $"rebuild {RandomNumberGenerator.GetHexString(16, lowercase: true)}", TimeSpan.FromMinutes(5), cancellation).ConfigureAwait(false)
            ?? throw new ControlException("index-busy", ExitCode.Refused, $"The index of {network} is being written by a running service.", "Stop the service of the role 'monitor' (agijobs down, or SIGTERM to serve), rebuild, and start it again.");
        try
        {
            await _store.CommitAsync(new StateCommit { Fence = lease, Documents = [new DocumentWrite(places.Monitors, Monitor, null)] }, cancellation).ConfigureAwait(false);
            foreach (var collection in (string[])[places.Memories, places.Told, places.Coverage, _terms, _events])
            {
                while (await _store.ListAsync(collection, limit: Page, cancellationToken: cancellation).ConfigureAwait(false) is { Count: > 0 } some)
                {
                    await _store.CommitAsync(new StateCommit { Fence = lease, Documents = [.. some.Select(document => new DocumentWrite(collection, document.Key, null))] }, cancellation).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            await _store.ReleaseAsync(lease, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static ulong MonitorBlock(string key) => ulong.Parse(key.AsSpan(0, 20), System.Globalization.CultureInfo.InvariantCulture);

    private IEnumerable<DocumentWrite> Deletion(StoredDocument document)
    {
        using var json = JsonDocument.Parse(document.Data);
        return [new DocumentWrite(_events, document.Key, null), .. IndexedEvent.TermsOf(json.RootElement).Select(term => new DocumentWrite(_terms, $"{term}/{document.Key}", null))];
    }

    private IAsyncEnumerable<StoredDocument> EventsAsync(ulong from, CancellationToken cancellation) => AllAsync(from == 0 ? null : IndexedEvent.KeyOf(from, 0), true, cancellation);

    private async IAsyncEnumerable<StoredDocument> AllAsync(string? after, bool isInclusive, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        if (isInclusive && after is not null)
        {
            // No key ends in a hyphen, which comes before every digit: the place itself is among what follows.
            after = after[..21] + "-";
        }

        while (true)
        {
            var page = await _store.ListAsync(_events, after, Page, cancellation).ConfigureAwait(false);
            foreach (var document in page)
            {
                yield return document;
            }

            if (page.Count < Page)
            {
                yield break;
            }

            after = page[^1].Key;
        }
    }

    private async IAsyncEnumerable<StoredDocument> OfTermAsync(string term, string? after, bool isInclusive, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var prefix = term + "/";
        var key = after is null ? prefix : prefix + (isInclusive ? after[..21] + "-" : after);
        while (true)
        {
            var page = await _store.ListAsync(_terms, key, Page, cancellation).ConfigureAwait(false);
            foreach (var place in page.TakeWhile(place => place.Key.StartsWith(prefix, StringComparison.Ordinal)))
            {
                // Withdrawn between the two reads: then it is no event any more.
                if (await _store.GetAsync(_events, place.Key[prefix.Length..], cancellation).ConfigureAwait(false) is { } document)
                {
                    yield return document;
                }
            }

            if (page.Count < Page || !page[^1].Key.StartsWith(prefix, StringComparison.Ordinal))
            {
                yield break;
            }

            key = page[^1].Key;
        }
    }

    /// <summary>Finds nothing: it is there so that a monitor brings the protocol's events.</summary>
    private sealed class EveryEvent : IDetectorSet
    {
        private static readonly Nothing Empty = new();

        public EveryEvent(Protocol protocol)
        {
            var addresses = protocol.Modules.Select(module => module.Address).OrderBy(address => address.ToString(), StringComparer.Ordinal).ToList();
            Needs = new BlockNeeds(addresses, null, false, []);
            var text = new StringBuilder("agijobs-index/1\n");
            foreach (var module in protocol.Modules.OrderBy(module => module.Name, StringComparer.Ordinal))
            {
                text.Append(module.Name).Append(' ').Append(module.Address).Append('\n');
                foreach (var known in module.Abi.Events.Select(known => known.ToString()).Order(StringComparer.Ordinal))
                {
                    text.Append(known).Append('\n');
                }
            }

            Digest = Keccak256.Hash(Encoding.UTF8.GetBytes(text.ToString()));
        }

        public int Confirmations => 0;

        public Bytes32 Digest { get; }

        public BlockNeeds Needs { get; }

        public IDetectorMemory Begin() => Empty;

        public IDetectorMemory Read(string encoded) => Empty;

        public Examination Examine(IDetectorMemory memory, WatchedBlock block, StateAnswers answers) => new(Empty, []);

        private sealed record Nothing : IDetectorMemory
        {
            public string Encode() => "null";
        }
    }
}
