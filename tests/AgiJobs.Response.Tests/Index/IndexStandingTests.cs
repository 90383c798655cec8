using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Response.Index;
using AgiJobs.Response.Tests.Detectors;
using AgiJobs.Response.Watching;
using AgiJobs.Storage;
using AgiJobs.Testing;

namespace AgiJobs.Response.Tests.Index;

public sealed class IndexStandingTests : IAsyncLifetime
{
    private readonly RuleWorld _world = new();
    private readonly ManualTime _time = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-standing-").FullName;
    private IStateStore _store = null!;

    public async ValueTask InitializeAsync() => _store = await StateStore.OpenAsync(StateLocation.File(Path.Combine(_folder, "state.db")), _time);

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        _world.Dispose();
    }

    [Fact]
    public async Task An_index_that_is_kept_and_whole_has_no_problem_and_none_at_all_is_one()
    {
        Assert.Contains("no index", Assert.Single((await ReadAsync()).Problems), StringComparison.Ordinal);
        await KeepAsync(Standing());
        Assert.Empty((await ReadAsync()).Problems);
    }

    [Theory]
    [InlineData("2 blocks are missing", "behind")]
    [InlineData("being filled in", "filled")]
    [InlineData("cannot be read since", "blind")]
    [InlineData("shows no block after", "stale")]
    [InlineData("nobody has kept it since", "silent")]
    [InlineData("ahead of this machine's clock", "ahead")]
    [InlineData("the blocks 5 to 9 are as the modules and ABIs were", "outdated")]
    [InlineData("the blocks 8 to 9 are not in it", "hole")]
    [InlineData("cannot be read: A coverage range", "damaged")]
    public async Task What_may_keep_events_from_an_answer_is_said(string text, string what)
    {
        var standing = Standing();
        await KeepAsync(
            what switch
            {
                "behind" => standing with { Head = new BlockMark(11, Hash.ToString()) },
                "filled" => standing with { Tracks = [standing.Tracks[0] with { Fill = new CoverageFill(5, 7, 6, null) }] },
                "blind" => standing with { Blind = new Blindness(_time.GetUtcNow(), "no node", IsTold: false) },
                "ahead" => standing with { At = _time.GetUtcNow() + (2 * MonitorStanding.SilentAfter) },
                "stale" => standing with { IsStale = true },
                _ => standing,
            },
            what == "outdated" ? Keccak256.Hash([1]) : EventIndex.DigestOf(_world.Ground.Protocol),
            what == "hole" ? 7UL : 9UL,
            what == "damaged");
        if (what == "silent")
        {
            _time.Advance(MonitorStanding.SilentAfter + TimeSpan.FromSeconds(1));
        }

        Assert.Contains(text, Assert.Single((await ReadAsync()).Problems), StringComparison.Ordinal);
    }

    private static Bytes32 Hash { get; } = Keccak256.Hash([9]);

    private Task<IndexStanding> ReadAsync() => IndexStanding.ReadAsync(_store, "test", _world.Ground.Protocol, _time.GetUtcNow(), CancellationToken.None);

    private MonitorStanding Standing() => new()
    {
        Version = 1,
        Network = "test",
        ChainId = 31337,
        Monitor = EventIndex.Monitor,
        Node = "node",
        At = _time.GetUtcNow(),
        Head = new BlockMark(9, Hash.ToString()),
        HeadTime = _time.GetUtcNow(),
        Tracks = [new TrackStanding { Name = "events", Confirmations = 0, RuleSet = EventIndex.DigestOf(_world.Ground.Protocol).ToString(), From = 5, LiveFrom = 5, Next = 10, Hash = Hash.ToString() }],
    };

    private Task<long> KeepAsync(MonitorStanding standing) => KeepAsync(standing, EventIndex.DigestOf(_world.Ground.Protocol), 9, isDamaged: false);

    private Task<long> KeepAsync(MonitorStanding standing, Bytes32 digest, ulong to, bool isDamaged)
    {
        var places = new MonitorPlaces("test", EventIndex.Monitor);
        var range = new CoverageRange("test", new ChainId(31337), EventIndex.Monitor, "events", digest, 5, to, Hash, Hash);
        var note = isDamaged ? "nothing" : range.ToText().Replace("\n", "\\n", StringComparison.Ordinal);
        return _store.CommitAsync(new StateCommit
        {
            Documents = [new DocumentWrite(places.Monitors, EventIndex.Monitor, standing.Encode()), new DocumentWrite(places.Coverage, MonitorPlaces.Key("events", 5), $$"""{"note":"{{note}}"}""")],
        });
    }
}
