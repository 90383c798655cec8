using System.Text.Json.Nodes;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Tests.Approvals;

public sealed class StandingStoreTests : IDisposable
{
    private readonly ApprovalGround _ground = new();

    public void Dispose() => _ground.Dispose();

    [Fact]
    public async Task It_covers_what_is_within_its_scope()
    {
        await _ground.AddAsync(_ground.Standing(), 1, 2);
        Assert.Empty(Gaps(_ground.Pause()));
    }

    [Fact]
    public async Task It_covers_nothing_beyond_its_scope_each_with_its_code()
    {
        await _ground.AddAsync(_ground.Standing(), 1, 2);
        var pause = _ground.Pause();
        Only("standing-network", pause with { Network = "mainnet" });
        Only("standing-network", pause with { ChainId = new ChainId(1) });
        Only("standing-kind", pause with { Kind = "pause-arena" });
        Only("standing-module", pause with { Steps = [pause.Steps[0], pause.Steps[0] with { Target = SyntheticProtocol.AddressOf("Alpha") }] }, pause: true);
        Only("standing-route", pause with { Steps = [pause.Steps[0] with { Route = pause.Steps[0].Route with { Kind = RouteKind.Safe } }] });
        Only("standing-executor", pause, sender: 3);
        Only("standing-resume", _ground.Resume() with { Kind = "pause-system", Steps = [_ground.Resume().Steps[0] with { Route = pause.Steps[0].Route }] });
        Only("standing-not-pause", _ground.Other() with { Kind = "pause-system" });
    }

    [Fact]
    public async Task It_covers_nothing_outside_its_time()
    {
        var now = _ground.Time.GetUtcNow();
        await _ground.AddAsync(_ground.Standing("early") with { ValidFrom = now.AddSeconds(1) }, 1, 2);
        Only("standing-early", _ground.Pause(), id: "early");
        await _ground.AddAsync(_ground.Standing(), 1, 2);
        _ground.Time.Advance(TimeSpan.FromDays(30) - TimeSpan.FromSeconds(1));
        Assert.Empty(Gaps(_ground.Pause()));
        _ground.Time.Advance(TimeSpan.FromSeconds(1));
        Only("standing-expired", _ground.Pause());
    }

    [Fact]
    public async Task Its_limits_count_the_executions_that_were_begun_and_not_the_one_that_is_gone_on_with()
    {
        await _ground.AddAsync(_ground.Standing(), 1, 2);
        var first = Use("INC-1", begun: false);
        Assert.Empty(Gaps(_ground.Pause("INC-2")));
        _ground.Begin(first);
        Only("standing-cool-down", _ground.Pause("INC-2"));
        Assert.Empty(Gaps(first.Document, apartFrom: first));
        _ground.Time.Advance(TimeSpan.FromSeconds(60));
        Assert.Empty(Gaps(_ground.Pause("INC-2")));
        _ = Use("INC-2");
        _ground.Time.Advance(TimeSpan.FromSeconds(60));
        Only("standing-per-day", _ground.Pause("INC-3"));
        _ground.Time.Advance(TimeSpan.FromDays(1));
        Assert.Empty(Gaps(_ground.Pause("INC-3")));
        _ = Use("INC-3");
        _ground.Time.Advance(TimeSpan.FromDays(2));
        Only("standing-total", _ground.Pause("INC-4"));
    }

    [Fact]
    public async Task A_damaged_record_of_a_use_counts_as_one_on_the_day_of_its_change_and_holds_nothing_else_up()
    {
        await _ground.AddAsync(_ground.Standing(), 1, 2);
        var change = Use("INC-1");
        File.WriteAllText(Path.Combine(change.Folder, "approvals", "standing-guardian-pause.json"), "{");
        File.WriteAllText(change.JournalPath, "nonsense\n");
        Assert.Single(Entry().Uses);
        Assert.Empty(Gaps(_ground.Pause("INC-2")));
    }

    [Fact]
    public async Task Any_signer_and_any_approver_ends_it_at_once_and_nobody_else_does()
    {
        await _ground.AddAsync(_ground.Standing("a"), 1, 2);
        await _ground.AddAsync(_ground.Standing("b"), 1, 2);
        var refusal = await Assert.ThrowsAsync<ControlException>(() => RevokeAsync("a", 0));
        Assert.Equal(("standing-revoker", ExitCode.Refused), (refusal.Code, refusal.Exit));
        Assert.Empty(Gaps(_ground.Pause(), id: "a"));
        await RevokeAsync("a", 1);
        await RevokeAsync("b", 3);
        Only("standing-revoked", _ground.Pause(), id: "a");
        Only("standing-revoked", _ground.Pause(), id: "b");
        Assert.Contains("dee revoked it: too wide", _ground.Standings.Get("b", _ground.Policy).Problem, StringComparison.Ordinal);
        Assert.Equal("standing-exists", (await Assert.ThrowsAsync<ControlException>(() => _ground.AddAsync(_ground.Standing("a"), 1, 2))).Code);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{\"version\":1}")]
    public async Task A_revocation_that_cannot_be_read_is_a_revocation(string text)
    {
        await _ground.AddAsync(_ground.Standing(), 1, 2);
        File.WriteAllText(_ground.Standings.PathOf("guardian-pause.revocation-x"), text);
        Only("standing-revoked", _ground.Pause());
    }

    [Fact]
    public async Task A_revocation_that_was_altered_is_a_revocation_and_one_of_a_stranger_is_none()
    {
        await _ground.AddAsync(_ground.Standing(), 1, 2);
        await RevokeAsync("guardian-pause", 1);
        var path = Directory.GetFiles(Path.GetDirectoryName(_ground.Standings.PathOf("x"))!, "*.revocation-*").Single();
        File.WriteAllText(path, File.ReadAllText(path).Replace("too wide", "too narrow", StringComparison.Ordinal));
        Only("standing-revoked", _ground.Pause());
        var digest = _ground.Standing().Digest();
        var signature = await _ground.Key(9).SignTypedDataAsync(ApprovalStatements.Revocation(digest, ChainId.Local, "ha"), CancellationToken.None);
        JsonFile.Write(path, new StandingRevocation { Version = 1, Document = digest, ChainId = ChainId.Local, Reason = "ha", Signer = _ground.At(9), Signature = signature.ToBytes(), SignedAt = _ground.Time.GetUtcNow() }, ApprovalJson.Default.StandingRevocation);
        Assert.Empty(Gaps(_ground.Pause()));
    }

    [Fact]
    public async Task One_that_was_altered_or_is_signed_by_too_few_covers_nothing()
    {
        var path = _ground.Standings.PathOf("guardian-pause");
        await _ground.AddAsync(_ground.Standing(), 1, 2);
        var good = File.ReadAllText(path);
        foreach (var (edit, code) in ((Action<JsonObject>, string)[])[
            (json => json["document"]!["total"] = 999, "standing-signature"),
            (json => json["document"]!["executors"]!.AsArray().Add((JsonNode)_ground.At(9).ToString()), "standing-signature"),
            (json => json["signatures"]!.AsArray().RemoveAt(0), "standing-signers"),
            (json => json["signatures"]![0]!["signer"] = _ground.At(3).ToString(), "standing-signature"),
            (json => json["document"]!["id"] = "another", "standing-damaged"),
            (json => json["more"] = 1, "standing-damaged")])
        {
            var json = JsonNode.Parse(good)!.AsObject();
            edit(json);
            File.WriteAllText(path, json.ToJsonString());
            Only(code, _ground.Pause());
        }

        File.WriteAllText(path, good);
        Assert.Empty(Gaps(_ground.Pause()));
        _ground.People[2] = _ground.Person("cid", [2], Duty.Finance);
        Only("standing-signers", _ground.Pause());
    }

    [Fact]
    public async Task It_is_signed_by_two_people_with_the_duty_approver()
    {
        foreach (var keys in (int[][])[[], [1], [1, 11], [1, 1], [1, 0], [1, 20]])
        {
            var refusal = await Assert.ThrowsAsync<ControlException>(() => _ground.AddAsync(_ground.Standing(), keys));
            Assert.Equal(("standing-signers", ExitCode.Refused), (refusal.Code, refusal.Exit));
            Assert.False(File.Exists(_ground.Standings.PathOf("guardian-pause")));
        }
    }

    [Fact]
    public async Task A_scope_that_covers_nothing_or_too_much_and_limits_above_the_policy_are_refused()
    {
        var standing = _ground.Standing();
        foreach (var (document, code) in ((StandingDocument, string)[])[
            (standing with { Id = "../x" }, "standing-scope"),
            (standing with { Id = "" }, "standing-scope"),
            (standing with { Kinds = [] }, "standing-scope"),
            (standing with { Kinds = ["resume-system"] }, "standing-scope"),
            (standing with { Kinds = ["pause-*"] }, "standing-scope"),
            (standing with { Modules = [] }, "standing-scope"),
            (standing with { Routes = [] }, "standing-scope"),
            (standing with { Executors = [] }, "standing-scope"),
            (standing with { PerDay = 0 }, "standing-limits"),
            (standing with { PerDay = 25 }, "standing-limits"),
            (standing with { Total = 1001 }, "standing-limits"),
            (standing with { CoolDownSeconds = -1 }, "standing-limits"),
            (standing with { ValidUntil = standing.ValidFrom }, "standing-limits"),
            (standing with { ValidUntil = standing.ValidFrom.AddDays(367) }, "standing-limits")])
        {
            Assert.Equal(code, (await Assert.ThrowsAsync<ControlException>(() => _ground.AddAsync(document, 1, 2))).Code);
        }

        await _ground.AddAsync(standing with { Routes = [RouteKind.Authorization], Executors = [] }, 1, 2);
        var pause = _ground.Pause();
        Assert.Contains("standing-route", Gaps(pause).Select(gap => gap.Code));
        Assert.Empty(Gaps(pause with { Steps = [pause.Steps[0] with { Route = pause.Steps[0].Route with { Kind = RouteKind.Authorization } }] }, sender: 20));
    }

    [Fact]
    public void An_unknown_one_is_refused_by_name() => Assert.Equal("standing-unknown", Assert.Throws<ControlException>(() => _ground.Standings.Get("nothing", _ground.Policy)).Code);

    private FiledChange Use(string instance, bool begun = true)
    {
        var change = _ground.File(_ground.Pause(instance));
        _ground.Standings.Use(Entry(), change, _ground.At(4));
        if (begun)
        {
            _ground.Begin(change);
        }

        return change;
    }

    private StandingEntry Entry(string id = "guardian-pause", FiledChange? apartFrom = null) => _ground.Standings.List("local", _ground.Policy, apartFrom).Single(entry => entry.Id == id);

    private IReadOnlyList<StandingGap> Gaps(ChangeDocument change, int sender = 4, string id = "guardian-pause", FiledChange? apartFrom = null, bool pause = false)
    {
        var nature = ChangeNature.Of(change, _ground.Protocol);
        return _ground.Standings.Gaps(Entry(id, apartFrom), change, pause ? nature with { IsPause = true } : nature, _ground.At(sender));
    }

    private void Only(string code, ChangeDocument change, int sender = 4, string id = "guardian-pause", bool pause = false) => Assert.Equal(code, Assert.Single(Gaps(change, sender, id, pause: pause)).Code);

    private Task<StandingRevocation> RevokeAsync(string id, int key) => _ground.Standings.RevokeAsync(id, "too wide", _ground.Key(key), _ground.Policy, CancellationToken.None);
}
