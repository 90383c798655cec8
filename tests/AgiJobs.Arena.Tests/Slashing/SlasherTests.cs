using System.Text.Json.Nodes;
using AgiJobs.Arena.Alerts;
using AgiJobs.Arena.Scoreboard;
using AgiJobs.Arena.Slashing;
using AgiJobs.Arena.Standings;
using AgiJobs.Arena.Tests.Orchestration;
using AgiJobs.Ethereum;
using AgiJobs.Storage;
using AgiJobs.Testing;

namespace AgiJobs.Arena.Tests.Slashing;

public sealed class SlasherTests : IAsyncLifetime
{
    private const string Contradiction = SlashFinding.Contradiction;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agijobs-test-");
    private readonly ManualTime _time = new(new DateTimeOffset(2026, 11, 20, 8, 0, 0, TimeSpan.Zero));
    private readonly PlayedPipeline _pipeline = new();
    private readonly List<string> _log = [];
    private readonly AlertSettings _alerts = new("devnet", 31337);
    private IStateStore _store = null!;

    private SlashDocket Queue => new(_store, "devnet", _time);

    public async ValueTask InitializeAsync()
    {
        _store = await StateStore.OpenAsync(StateLocation.File(Path.Combine(_folder.FullName, "state.db")), _time);
        await _store.CommitAsync(new StateCommit { Documents = await Queue.WritesAsync([SlashDocketTests.Finding(Contradiction)], CancellationToken.None) });
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_finding_becomes_a_change_and_a_verified_slash_with_its_log_line_and_its_alert()
    {
        var slash = Assert.Single((await Tick()).Cases);
        Assert.Equal((SlashState.Verified, "change-1", (Bytes32?)Bytes32.FromUnsigned(7), "5"), (slash.State, slash.Change, slash.Transaction, slash.Amount));
        Assert.Equal([SlashState.Found, SlashState.Changed, SlashState.Verified], slash.History.Select(step => step.State));
        Assert.Equal(["validator slashed: auto-slash:contradiction"], _log);
        var told = Assert.Single(await MessagesAsync());
        Assert.Equal(("validator-slashed", "firing", 9, Contradiction), ((string)told["rule"]!, (string)told["state"]!, (int)told["roundId"]!, (string)told["reason"]!));
        await Tick();
        Assert.Equal(1, _pipeline.Carried);
        Assert.Empty(await MessagesAsync());
    }

    [Fact]
    public async Task What_nothing_covers_is_held_and_told_once_and_goes_on_when_it_is_covered()
    {
        _pipeline.Answers.Enqueue(new SlashHeld("approvals-missing", "no standing approval covers it"));
        _pipeline.Answers.Enqueue(new SlashHeld("approvals-missing", "no standing approval covers it"));
        var held = Assert.Single((await Tick()).Cases);
        Assert.Equal((SlashState.Held, "approvals-missing"), (held.State, held.Code));
        var alert = Assert.Single(await MessagesAsync());
        Assert.Equal(("slashes-held", "firing", 1), ((string)alert["rule"]!, (string)alert["state"]!, (int)alert["failures"]!));
        await Tick();
        Assert.Equal(1, _pipeline.Carried);
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(2, (await Tick(), Carried: _pipeline.Carried).Carried);
        Assert.Empty(await MessagesAsync());
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(SlashState.Verified, Assert.Single((await Tick()).Cases).State);
        Assert.Equal(["slashes-held:resolved", "validator-slashed:firing"], (await MessagesAsync()).Select(told => $"{told["rule"]}:{told["state"]}").Order(StringComparer.Ordinal));
        Assert.Equal(1, _pipeline.Planned);
    }

    [Fact]
    public async Task A_change_that_is_outdated_is_planned_anew_and_what_can_never_be_done_is_refused_for_good()
    {
        _pipeline.Answers.Enqueue(new SlashOutdated("the code of the arena changed"));
        Assert.Equal((SlashState.Found, (string?)null), (await Tick()).Cases.Select(slash => (slash.State, slash.Change)).Single());
        _pipeline.Answers.Enqueue(new SlashImpossible("report-window-over", "too late"));
        _time.Advance(TimeSpan.FromSeconds(30));
        var refused = Assert.Single((await Tick()).Cases);
        Assert.Equal((SlashState.Refused, "report-window-over", 2), (refused.State, refused.Code, _pipeline.Planned));
        _time.Advance(TimeSpan.FromDays(1));
        await Tick();
        Assert.Equal(2, _pipeline.Carried);
    }

    [Fact]
    public async Task What_was_mined_and_is_not_verified_yet_is_executed_and_gone_on_with()
    {
        _pipeline.Answers.Enqueue(new SlashPending("rpc-unreachable", "the node is silent", Bytes32.FromUnsigned(3)));
        Assert.Equal((SlashState.Executed, (Bytes32?)Bytes32.FromUnsigned(3)), (await Tick()).Cases.Select(slash => (slash.State, slash.Transaction)).Single());
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(SlashState.Verified, (await Tick()).Cases.Single().State);
    }

    [Fact]
    public async Task Killed_at_every_commit_it_slashes_once_and_tells_once()
    {
        for (var commit = 1; commit <= 3; commit++)
        {
            foreach (var isAfter in (bool[])[false, true])
            {
                await InRoundAsync(commit * 10 + (isAfter ? 1 : 0));
            }
        }

        async Task InRoundAsync(int round)
        {
            var finding = SlashDocketTests.Finding(Contradiction, round);
            await _store.CommitAsync(new StateCommit { Documents = await Queue.WritesAsync([finding], CancellationToken.None) });
            var dying = new DyingStore(_store, round / 10, round % 10 == 1);
            try
            {
                await New(dying).TickAsync(CancellationToken.None);
            }
            catch (ProcessDiedException)
            {
            }

            _time.Advance(TimeSpan.FromMinutes(10));
            await Tick();
            _time.Advance(TimeSpan.FromMinutes(1));
            await Tick();
            Assert.Equal(SlashState.Verified, (await Queue.FindAsync(finding.Key, CancellationToken.None))!.Case.State);
            Assert.Equal(1, _pipeline.Sent.Count(key => key == finding.Key));
            Assert.Equal(1, (await MessagesAsync()).Count(told => (string)told["rule"]! == "validator-slashed" && (int)told["roundId"]! == round));
        }
    }

    [Fact]
    public async Task A_slash_that_was_paid_back_is_reversed_in_the_books_and_on_the_scoreboard_and_its_alert_ends()
    {
        var slash = Assert.Single((await Tick()).Cases);
        var queued = (await Queue.FindAsync(slash.Key, CancellationToken.None))!;
        await _store.CommitAsync(new StateCommit { Documents = [Queue.Write(queued, slash with { Reversal = "change-9" })] });
        _pipeline.Reversed.Add("change-9");
        await Tick();
        Assert.Equal(SlashState.Verified, (await Queue.FindAsync(slash.Key, CancellationToken.None))!.Case.State);
        var book = new ResultBook(_store, "devnet");
        await _store.CommitAsync(new StateCommit { Documents = [book.Write(new SlashRecord("0x07/3", _time.GetUtcNow(), slash.Validator, slash.Reason, "5 AGIALPHA", slash.Round))] });
        await MessagesAsync();
        Assert.Equal(SlashState.Reversed, Assert.Single((await Tick()).Cases).State);
        Assert.Equal("0x07/3", Assert.Single(await book.ReversalsAsync(CancellationToken.None)).Slash);
        Assert.Equal(0, (await book.ScoreboardAsync(CancellationToken.None)).Entries()[slash.Validator].Slashes);
        Assert.Equal("resolved", (string)Assert.Single(await MessagesAsync())["state"]!);
    }

    [Fact]
    public async Task Of_two_processes_the_one_with_the_lease_acts()
    {
        Assert.NotNull(await _store.TryAcquireAsync("arena/devnet/slasher", "other", TimeSpan.FromMinutes(1)));
        var tick = await Tick();
        Assert.Equal((false, 0, 1), (tick.IsActing, _pipeline.Planned, tick.Open));
    }

    [Fact]
    public async Task An_alert_that_somebody_else_changed_meanwhile_is_read_again()
    {
        _pipeline.OnCarry = async () =>
        {
            var (documents, _) = (await AlertBook.ReadAsync(_store, _alerts, CancellationToken.None)).After([new SlashHeldBack("x", 1, "y")], _time.GetUtcNow());
            await _store.CommitAsync(new StateCommit { Documents = documents });
        };
        Assert.Equal(SlashState.Verified, (await Tick()).Cases.Single().State);
    }

    private Slasher New(IStateStore store) => new(store, new SlashDocket(store, "devnet", _time), _pipeline, _alerts, "test", _time) { Tell = _log.Add };

    // One and the same slasher, so that it remembers when to try again; the store says everything else.
    private Task<SlasherTick> Tick() => (_slasher ??= New(_store)).TickAsync(CancellationToken.None);

    private Slasher? _slasher;

    private async Task<List<JsonNode>> MessagesAsync()
    {
        var messages = new List<JsonNode>();
        foreach (var message in await _store.ClaimAsync(AlertBook.Channel("devnet"), 100, TimeSpan.FromMinutes(1)))
        {
            Assert.True(await _store.SettleAsync(message, new Delivery(IsDelivered: true)));
            messages.Add(JsonNode.Parse(message.Data)!);
        }

        return messages;
    }

    /// <summary>A pipeline that says what it is told to, then that it is done; what was sent is on its chain.</summary>
    private sealed class PlayedPipeline : ISlashPipeline
    {
        public Queue<SlashProgress> Answers { get; } = [];

        public List<string> Sent { get; } = [];

        public Func<Task> OnCarry { get; set; } = () => Task.CompletedTask;

        public int Planned { get; private set; }

        public int Carried { get; private set; }

        public HashSet<string> Reversed { get; } = [];

        public Task<bool> IsReversedAsync(SlashCase slash, CancellationToken cancellation) => Task.FromResult(Reversed.Contains(slash.Reversal!));

        public Task<SlashProgress> PlanAsync(SlashCase slash, CancellationToken cancellation)
        {
            Planned++;
            return Task.FromResult<SlashProgress>(new SlashPlanned($"change-{slash.Change?.Length ?? 1}", Bytes32.FromUnsigned(1), new Wei(5)));
        }

        public async Task<SlashProgress> CarryAsync(SlashCase slash, CancellationToken cancellation)
        {
            Carried++;
            await OnCarry();
            if (Answers.TryDequeue(out var answer))
            {
                return answer;
            }

            if (!Sent.Contains(slash.Key, StringComparer.Ordinal))
            {
                Sent.Add(slash.Key);
            }

            return new SlashDone(Bytes32.FromUnsigned(7));
        }
    }
}
