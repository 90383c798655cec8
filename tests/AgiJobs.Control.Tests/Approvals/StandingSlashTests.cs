using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Tests.Approvals;

public sealed class StandingSlashTests : IDisposable
{
    private const string Contradiction = "auto-slash:contradiction";

    private readonly ApprovalGround _ground = new();

    public void Dispose() => _ground.Dispose();

    [Fact]
    public async Task It_lets_a_slash_within_its_limits_through_without_asking_anybody_and_records_it()
    {
        await AddAsync();
        var change = _ground.File(_ground.Slash("1", 7, 30, Contradiction, 10));
        Assert.True((await _ground.DecideAsync(change)).IsOpen);
        await _ground.Gate().RequireAsync(change, _ground.At(4), CancellationToken.None);
        Assert.True(File.Exists(Path.Combine(change.Folder, "approvals", "standing-arena-slash.json")));
    }

    [Fact]
    public async Task What_a_change_does_is_read_from_its_calls_and_nothing_else_passes()
    {
        await AddAsync();
        var slash = _ground.Slash("1", 7, 30, Contradiction, 1);
        Assert.Empty(Gaps(slash));
        var seize = slash with { Steps = [slash.Steps[0] with { Calldata = _ground.Protocol["Court"].Abi.Function("seize").Encode(7, _ground.At(30), 1, Contradiction) }] };
        Only("standing-not-slash", seize);
        Only("standing-not-slash", slash with { Steps = [.. slash.Steps, seize.Steps[0]] });
        Only("standing-not-slash", slash with { Steps = [slash.Steps[0] with { Calldata = [.. slash.Steps[0].Calldata, 0] }] });
        Only("standing-not-slash", slash with { Steps = [slash.Steps[0] with { Calldata = slash.Steps[0].Calldata[..^32] }] });
        Assert.Contains("standing-not-slash", Codes(slash with { Kind = "call" }));
        Assert.Contains("standing-not-slash", Codes(slash with { Steps = [slash.Steps[0] with { Target = SyntheticProtocol.AddressOf("Hub") }] }));
        Assert.Contains("standing-not-slash", Codes(_ground.Pause()));
        Assert.Contains("standing-resume", Codes(_ground.Resume()));
    }

    [Fact]
    public async Task Beyond_its_scope_it_covers_nothing_each_with_its_code()
    {
        await AddAsync();
        var slash = _ground.Slash("1", 7, 30, Contradiction, 1);
        Only("standing-reason", _ground.Slash("1", 7, 30, "TICKET-7", 1));
        Only("standing-reason", _ground.Slash("1", 7, 30, "auto-slash", 1));
        Only("standing-executor", slash, sender: 3);
        Only("standing-network", slash with { Network = "mainnet" });
        Only("standing-network", slash with { ChainId = new ChainId(1) });
        Only("standing-route", slash with { Steps = [slash.Steps[0] with { Route = slash.Steps[0].Route with { Kind = RouteKind.Safe } }] });
        _ground.Time.Advance(TimeSpan.FromDays(30));
        Only("standing-expired", slash);
    }

    [Fact]
    public async Task Another_contract_with_the_same_function_is_not_covered()
    {
        await AddAsync(_ground.SlashStanding() with { Modules = [new StandingModule { Name = "Court", Address = SyntheticProtocol.AddressOf("Alpha") }] });
        Only("standing-module", _ground.Slash("1", 7, 30, Contradiction, 1));
    }

    [Fact]
    public async Task Its_amounts_hold_for_a_round_a_validator_and_a_day_and_count_what_was_executed()
    {
        await AddAsync();
        Only("standing-slash-round", _ground.Slash("1", 7, 30, Contradiction, 11));
        Only("standing-slash-round", _ground.Slash("1", 7, 30, Contradiction, 6, 5));
        Use("1", 7, 30, 8);
        Assert.Empty(Gaps(_ground.Slash("2", 7, 31, Contradiction, 2)));
        Only("standing-slash-round", _ground.Slash("2", 7, 31, Contradiction, 3));
        Assert.Empty(Gaps(_ground.Slash("2", 8, 30, Contradiction, 4)));
        Only("standing-slash-validator", _ground.Slash("2", 8, 30, Contradiction, 5));
        Use("2", 8, 31, 5);
        Only("standing-slash-day", _ground.Slash("3", 9, 32, Contradiction, 3));
        _ground.Time.Advance(TimeSpan.FromDays(1));
        Assert.Empty(Gaps(_ground.Slash("3", 9, 32, Contradiction, 10)));
        Only("standing-slash-validator", _ground.Slash("3", 9, 30, Contradiction, 5));
    }

    [Fact]
    public async Task What_was_recorded_and_not_begun_keeps_its_place_for_an_hour_and_not_for_ever()
    {
        await AddAsync();
        Use("1", 7, 30, 8, begun: false);
        Only("standing-slash-round", _ground.Slash("2", 7, 31, Contradiction, 3));
        _ground.Time.Advance(TimeSpan.FromHours(1));
        Assert.Empty(Gaps(_ground.Slash("2", 7, 31, Contradiction, 3)));
    }

    [Fact]
    public async Task The_change_itself_counts_once_when_it_is_gone_on_with()
    {
        await AddAsync();
        var change = Use("1", 7, 30, 8);
        Assert.Empty(_ground.Standings.Gaps(_ground.Standings.List("local", _ground.Policy, change).Single(), change.Document, ChangeNature.Of(change.Document, _ground.Protocol), _ground.At(4)));
    }

    [Theory]
    [InlineData("approvals/standing-arena-slash.json")]
    [InlineData("change.json")]
    public async Task A_use_that_cannot_be_read_closes_it(string file)
    {
        await AddAsync();
        var change = Use("1", 7, 30, 1);
        File.WriteAllText(Path.Combine(change.Folder, file), "{");
        Only("standing-use-unknown", _ground.Slash("2", 7, 31, Contradiction, 1));
    }

    [Fact]
    public async Task A_use_whose_change_was_exchanged_closes_it()
    {
        await AddAsync();
        var change = Use("1", 7, 30, 8);
        var other = _ground.File(_ground.Slash("x", 7, 30, Contradiction, 1));
        File.Copy(Path.Combine(other.Folder, "change.json"), Path.Combine(change.Folder, "change.json"), overwrite: true);
        Only("standing-use-unknown", _ground.Slash("2", 7, 31, Contradiction, 1));
    }

    [Fact]
    public async Task Of_two_that_take_the_last_room_at_the_same_time_none_is_sent_beyond_it()
    {
        await AddAsync();
        var first = _ground.File(_ground.Slash("1", 7, 30, Contradiction, 6));
        var second = _ground.File(_ground.Slash("2", 7, 31, Contradiction, 6));
        var gate = _ground.Gate();
        _ground.Safeguards.Add(new Meanwhile(() => _ground.Standings.Use(Entry(), first, _ground.At(4))));
        var refusal = await Assert.ThrowsAsync<ControlException>(() => gate.RequireAsync(second, _ground.At(4), CancellationToken.None));
        Assert.Equal(("standing-contended", ExitCode.Refused), (refusal.Code, refusal.Exit));
        Assert.False(File.Exists(Path.Combine(second.Folder, "approvals", "standing-arena-slash.json")));
        await _ground.Gate().RequireAsync(first, _ground.At(4), CancellationToken.None);
    }

    [Fact]
    public async Task Without_one_or_after_its_end_the_people_of_the_policy_have_to_sign()
    {
        var change = _ground.File(_ground.Slash("1", 7, 30, Contradiction, 1));
        Assert.Contains("approvals-missing", (await _ground.DecideAsync(change)).Refusals.Select(refusal => refusal.Code));
        await AddAsync();
        Assert.True((await _ground.DecideAsync(change)).IsOpen);
        await _ground.Standings.RevokeAsync("arena-slash", "enough", _ground.Key(1), _ground.Policy, CancellationToken.None);
        var closed = await _ground.DecideAsync(change);
        Assert.False(closed.IsOpen);
        Assert.Contains(closed.Findings, finding => finding.Contains("enough", StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_for_pauses_covers_no_slash_and_one_for_slashes_no_pause()
    {
        await _ground.AddAsync(_ground.Standing(), 1, 2);
        Assert.False((await _ground.DecideAsync(_ground.File(_ground.Slash("1", 7, 30, Contradiction, 1)))).IsOpen);
        await _ground.Standings.RevokeAsync("guardian-pause", "enough", _ground.Key(1), _ground.Policy, CancellationToken.None);
        await AddAsync();
        Assert.False((await _ground.DecideAsync(_ground.File(_ground.Pause()))).IsOpen);
    }

    [Fact]
    public async Task A_scope_that_is_too_wide_or_empty_is_refused()
    {
        var standing = _ground.SlashStanding();
        foreach (var (document, code) in ((StandingDocument, string)[])[
            (standing with { Kinds = ["slash", "pause-system"] }, "standing-scope"),
            (standing with { Kinds = ["pause-system"] }, "standing-scope"),
            (standing with { Slash = null }, "standing-scope"),
            (standing with { Executors = [] }, "standing-scope"),
            (standing with { Slash = standing.Slash! with { Function = "seize(uint256,address,uint256,string)" } }, "standing-scope"),
            (standing with { Slash = standing.Slash with { Reasons = [] } }, "standing-scope"),
            (standing with { Slash = standing.Slash with { Reasons = [""] } }, "standing-scope"),
            (standing with { Slash = standing.Slash with { Reasons = ["auto"] } }, "standing-scope"),
            (standing with { Slash = standing.Slash with { PerRound = Wei.Zero } }, "standing-limits"),
            (standing with { Slash = standing.Slash with { PerDay = Wei.Zero } }, "standing-limits"),
            (standing with { Slash = standing.Slash with { PerValidator = Wei.Zero } }, "standing-limits")])
        {
            Assert.Equal(code, (await Assert.ThrowsAsync<ControlException>(() => _ground.AddAsync(document, 1, 2))).Code);
        }
    }

    [Fact]
    public async Task No_approval_goes_beyond_the_policys_ceiling_and_several_together_do_not_either()
    {
        _ground.Rules = Ceiling("0.000000000000000012 AGIALPHA");
        Assert.Equal("standing-limits", (await Assert.ThrowsAsync<ControlException>(() => AddAsync())).Code);
        var within = _ground.SlashStanding();
        within = within with { Slash = within.Slash! with { PerDay = new Wei(12) } };
        await AddAsync(within);
        await AddAsync(within with { Id = "second" });
        Use("1", 7, 30, 8);
        var slash = _ground.Slash("2", 7, 31, Contradiction, 5);
        Assert.Equal(["policy-slash-round", "policy-slash-day"], GapsOf("second", slash));
        Assert.Equal(["policy-slash-validator", "policy-slash-day"], GapsOf("second", _ground.Slash("2", 8, 30, Contradiction, 5)));
        _ground.Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(["policy-slash-round"], GapsOf("second", slash));
        Assert.Empty(GapsOf("second", _ground.Slash("2", 8, 31, Contradiction, 5)));

        // A ceiling that was lowered afterwards closes what was approved above it.
        _ground.Rules = Ceiling("0.000000000000000009 AGIALPHA");
        Assert.Equal(["standing-limits"], GapsOf("second", slash));

        IReadOnlyList<string> GapsOf(string id, ChangeDocument change) =>
            [.. _ground.Standings.Gaps(_ground.Standings.List("local", _ground.Policy).Single(entry => entry.Id == id), change, ChangeNature.Of(change, _ground.Protocol), _ground.At(4)).Select(gap => gap.Code)];
    }

    [Theory]
    [InlineData("20")]
    [InlineData("20 ether")]
    [InlineData("many AGIALPHA")]
    public void A_ceiling_without_its_unit_is_no_policy(string amount) => Assert.Equal("policy-rule", Assert.Throws<ControlException>(() =>
    {
        _ground.Rules = Ceiling(amount);
        return _ground.Policy;
    }).Code);

    [Fact]
    public async Task Its_amounts_are_signed()
    {
        await AddAsync();
        var path = _ground.Standings.PathOf("arena-slash");
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"perRound\": \"10\"", "\"perRound\": \"1000\"", StringComparison.Ordinal));
        Assert.Equal("standing-signature", Assert.Single(Codes(_ground.Slash("1", 7, 30, Contradiction, 1))));
    }

    private static PolicyFile Ceiling(string amount) => ApprovalPolicy.Shipped with { Standing = new StandingPolicy { Slash = new SlashCeilingPolicy { MaxPerRound = amount, MaxPerDay = amount, MaxPerValidator = amount } } };

    private Task<StandingApproval> AddAsync(StandingDocument? document = null) => _ground.AddAsync(document ?? _ground.SlashStanding(), 1, 2);

    private FiledChange Use(string instance, int round, int validator, int amount, bool begun = true)
    {
        var change = _ground.File(_ground.Slash(instance, round, validator, Contradiction, amount));
        _ground.Standings.Use(Entry(), change, _ground.At(4));
        if (begun)
        {
            _ground.Begin(change);
        }

        return change;
    }

    private StandingEntry Entry() => _ground.Standings.List("local", _ground.Policy).Single(entry => entry.Id == "arena-slash");

    private IReadOnlyList<StandingGap> Gaps(ChangeDocument change, int sender = 4) => _ground.Standings.Gaps(Entry(), change, ChangeNature.Of(change, _ground.Protocol), _ground.At(sender));

    private IEnumerable<string> Codes(ChangeDocument change) => Gaps(change).Select(gap => gap.Code);

    private void Only(string code, ChangeDocument change, int sender = 4) => Assert.Equal(code, Assert.Single(Gaps(change, sender)).Code);

    private sealed class Meanwhile(Action act) : ISafeguard
    {
        public Task<GateRefusal?> AskAsync(FiledChange change, ApprovalPolicy? policy, bool isPause, CancellationToken cancellation)
        {
            act();
            return Task.FromResult<GateRefusal?>(null);
        }
    }
}
