using System.Text.Json.Nodes;
using AgiJobs.Arena.Alerts;
using AgiJobs.Arena.Rounds;
using AgiJobs.Arena.Tests.Slashing;
using AgiJobs.Ethereum;
using AgiJobs.Storage;
using AgiJobs.Testing;

namespace AgiJobs.Arena.Tests.Alerts;

public sealed class AlertBookTests : IAsyncLifetime
{
    private static readonly Address Ann = SlashFindingsTests.Who(30);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agijobs-test-");
    private readonly ManualTime _time = new(new DateTimeOffset(2026, 11, 20, 8, 0, 0, TimeSpan.Zero));
    private AlertSettings _settings = new("devnet", 31337) { Window = 5 };
    private IStateStore _store = null!;

    public async ValueTask InitializeAsync() => _store = await StateStore.OpenAsync(StateLocation.File(Path.Combine(_folder.FullName, "state.db")), _time);

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Rounds_that_fail_in_a_row_fire_and_one_that_does_not_resolves()
    {
        Assert.Empty(await After(Round("a", "teacher-vanished")));
        Assert.Empty(await After(Round("b", null)));
        Assert.Empty(await After(Round("c", "teacher-vanished"), Round("d", "no-students")));
        var fired = Assert.Single(await After(Round("e", "too-few-votes", 44)));
        Assert.Equal(
            "{\"type\":\"arena.alert\",\"version\":1,\"id\":\"devnet-rounds-failing-1-1\",\"alert\":\"rounds-failing\",\"rule\":\"rounds-failing\",\"state\":\"firing\",\"network\":\"devnet\",\"chainId\":31337,\"roundId\":44,\"agent\":null,\"failures\":3,\"reason\":\"too-few-votes\",\"since\":\"2026-11-20T08:00:00.000Z\",\"timestamp\":\"2026-11-20T08:00:00.000Z\"}",
            fired.Data);
        Assert.Equal("devnet-rounds-failing-1-1", fired.Key);
        Assert.Empty(await After(Round("f", "too-few-votes")));
        var resolved = Assert.Single(await After(Round("g", null)));
        Assert.Equal(("resolved", 0, "devnet-rounds-failing-1-2"), (State(resolved), (int)Json(resolved)["failures"]!, resolved.Key));
        Assert.Equal("devnet-rounds-failing-2-1", Assert.Single(await After(Round("h", "x"), Round("i", "x"), Round("j", "x"))).Key);
    }

    [Fact]
    public async Task A_round_that_comes_twice_counts_once()
    {
        for (var i = 0; i < 4; i++)
        {
            Assert.Empty(await After(Round("a", "teacher-vanished"), Round("b", "teacher-vanished")));
        }
    }

    [Fact]
    public async Task An_agent_fires_by_its_last_rounds_and_not_by_one_round_and_others_do_not()
    {
        Assert.Empty(await After(Played("a", "silent"), Played("b", null), Played("c", "blocked"), Played("d", null)));
        var fired = Assert.Single(await After(Played("e", "silent")));
        Assert.Equal(("agent-failing", Ann.ToString(), 3, "silent", "firing"), ((string)Json(fired)["rule"]!, (string)Json(fired)["agent"]!, (int)Json(fired)["failures"]!, (string)Json(fired)["reason"]!, State(fired)));
        Assert.Equal("resolved", State(Assert.Single(await After(Played("f", null)))));
        Assert.Single((await Book()).Alerts, alert => alert.Rule == "agent-failing");
    }

    [Fact]
    public async Task What_goes_on_is_told_again_after_a_time_and_a_slash_is_not()
    {
        Assert.Equal(2, (await After(new OrchestratorFared(3, "rpc-unreachable"), new ValidatorSlashed("k", 1, Ann, "moderation:insult"))).Count);
        _time.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromTicks(1));
        Assert.Empty(await After());
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal("devnet-orchestrator-failing-1-2", Assert.Single(await After()).Key);
        Assert.Empty(await After());
        Assert.Equal("resolved", State(Assert.Single(await After(new OrchestratorFared(0, null)))));
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Empty(await After());
        Assert.Equal("resolved", State(Assert.Single(await After(new SlashReversed("k")))));
    }

    [Fact]
    public async Task Held_slashes_are_one_alert_that_is_told_anew_when_they_become_more()
    {
        Assert.Single(await After(new SlashHeldBack("a", 1, "over the limit")));
        Assert.Empty(await After(new SlashHeldBack("a", 1, "over the limit")));
        Assert.Equal(2, (int)Json(Assert.Single(await After(new SlashHeldBack("b", 2, "over the limit"))))["failures"]!);
        Assert.Empty(await After(new SlashLetGo("a")));
        Assert.Equal("resolved", State(Assert.Single(await After(new SlashLetGo("b")))));
        Assert.Empty(await After(new SlashLetGo("c")));
    }

    [Fact]
    public async Task Without_a_receiver_the_alert_is_kept_and_no_message_waits()
    {
        _settings = _settings with { HasReceiver = false };
        Assert.Empty(await After(new OrchestratorFared(9, "x")));
        Assert.True(Assert.Single((await Book()).Alerts).IsFiring);
    }

    [Fact]
    public async Task What_changes_nothing_writes_nothing_and_two_writers_do_not_overwrite_each_other()
    {
        Assert.Empty((await Book()).After([new OrchestratorFared(0, null), new SlashReversed("x"), new SlashLetGo("x")], _time.GetUtcNow()).Documents);
        var one = (await Book()).After([new OrchestratorFared(3, "x")], _time.GetUtcNow());
        var other = (await Book()).After([new OrchestratorFared(4, "x")], _time.GetUtcNow());
        await _store.CommitAsync(new StateCommit { Documents = one.Documents, Messages = one.Messages });
        Assert.Equal(StorageException.DocumentConflict, (await Assert.ThrowsAsync<StorageException>(() => _store.CommitAsync(new StateCommit { Documents = other.Documents, Messages = other.Messages }))).Code);
    }

    [Fact]
    public async Task An_alert_that_cannot_be_read_is_damaged()
    {
        await _store.CommitAsync(new StateCommit { Documents = [new DocumentWrite("arena/devnet/alerts", "rounds-failing", "{}")] });
        Assert.Equal(StorageException.Damaged, (await Assert.ThrowsAsync<StorageException>(Book)).Code);
    }

    [Fact]
    public void Who_was_silent_is_told_from_the_chain_as_far_as_the_round_went()
    {
        var round = SlashFindingsTests.Round([1, null, 1]);
        var silent = RoundPlayed.Of("r", round, new HashSet<Address>()).Conduct.Where(entry => entry.Value is not null).ToDictionary();
        Assert.Equal(new Dictionary<Address, string?> { [SlashFindingsTests.Who(6)] = "silent" }, silent);
        var vanished = round with { TaskHash = null, Ending = RoundEnding.Voided, VoidedIn = RoundPhase.Registration, People = [.. round.People.Select(person => person with { HasCome = false, Disclosed = null })] };
        var played = RoundPlayed.Of("r", vanished, new HashSet<Address> { SlashFindingsTests.Who(5) });
        Assert.Equal("teacher-vanished", played.Failure);
        Assert.Equal([(SlashFindingsTests.Who(1), "silent"), (SlashFindingsTests.Who(5), "blocked")], played.Conduct.Where(entry => entry.Value is not null).Select(entry => (entry.Key, entry.Value!)));
    }

    private static RoundPlayed Round(string id, string? failure, long? round = 1) => new(id, round, failure, new Dictionary<Address, string?>());

    private static RoundPlayed Played(string id, string? conduct) => new(id, 1, null, new Dictionary<Address, string?> { [Ann] = conduct, [SlashFindingsTests.Who(31)] = null });

    private static JsonNode Json(MessageWrite message) => JsonNode.Parse(message.Data)!;

    private static string State(MessageWrite message) => (string)Json(message)["state"]!;

    private Task<AlertBook> Book() => AlertBook.ReadAsync(_store, _settings, CancellationToken.None);

    private async Task<IReadOnlyList<MessageWrite>> After(params ArenaFact[] facts)
    {
        var (documents, messages) = (await Book()).After(facts, _time.GetUtcNow());
        await _store.CommitAsync(new StateCommit { Documents = documents, Messages = messages });
        return messages;
    }
}
