using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Laws;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Sentinels;
using AgiJobs.Testing;

namespace AgiJobs.Steering.Tests.Sentinels;

public sealed class SentinelActsTests : IDisposable
{
    private const string Network = "local";

    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-acts-").FullName;
    private readonly ManualTime _time = new();
    private readonly DevelopmentKeys _keys = new(ChainId.Local);
    private readonly MemoryRunStore _runs = new();

    private static readonly SentinelSet Guard = new(new SentinelSettings { RoiFloor = 1000m, RoiGrace = 1, MinimumEvidence = 1, RollingWindow = 0, BudgetCap = Amount.Parse("10") }, "test");

    private OperatorBook People { get; set; } = null!;

    private SentinelActs Acts => ActsFor(TimeSpan.FromDays(3));

    private long Now => _time.GetUtcNow().ToUnixTimeSeconds();

    public SentinelActsTests() => People = new OperatorBook(new OperatorsFile
    {
        Version = 1,
        People =
        [
            new Operator { Name = "Sara", Addresses = [_keys.Signer(0).Address, _keys.Signer(5).Address], Duties = [Duty.Security, Duty.Operator] },
            new Operator { Name = "Otto", Addresses = [_keys.Signer(1).Address], Duties = [Duty.Operator] },
            new Operator { Name = "Fina", Addresses = [_keys.Signer(2).Address], Duties = [Duty.Finance] },
            new Operator { Name = "Cora", Addresses = [_keys.Signer(3).Address], Duties = [Duty.Commander] },
        ],
    });

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private SentinelActs ActsFor(TimeSpan longest) => new(Workspace.At(_folder, _folder), Network, ChainId.Local, People, longest, _time);

    [Fact]
    public async Task An_override_that_is_longer_than_may_be_is_neither_written_nor_signed_nor_brought_into_effect()
    {
        await HoldAsync();
        var strict = ActsFor(TimeSpan.FromHours(24));
        var act = Override(hours: 25);
        Assert.Equal("override-too-long", Assert.Throws<ControlException>(() => strict.File(act)).Code);
        Assert.Empty(strict.Ids);

        // Written and signed on a machine with other settings.
        var signed = await SignAsync(act, 0, 1);
        Assert.Equal("override-too-long", await RefusedAsync(() => strict.SignAsync(act.Id(), _keys.Signer(3), default)));
        Assert.Equal("override-too-long", await RefusedAsync(() => strict.CarryOutAsync(signed, _runs, _ => Guard, default)));
        Assert.Empty((await StateAsync()).Sentinel.Overrides);

        _time.Advance(TimeSpan.FromHours(1));
        Assert.NotNull(await strict.CarryOutAsync(signed, _runs, _ => Guard, default));
    }

    [Fact]
    public async Task Two_people_with_the_duties_override_and_nobody_less()
    {
        await HoldAsync();
        var act = Override();
        Acts.File(act);
        var first = await Acts.SignAsync(act.Id(), _keys.Signer(0), default);
        Assert.Null(first.Filled());
        Assert.Equal([Duty.Operator, Duty.Commander], Assert.Single(first.Missing()));
        Assert.Equal("act-unsigned", await RefusedAsync(() => Acts.CarryOutAsync(first, _runs, _ => Guard, default)));
        Assert.Equal("act-duty", await RefusedAsync(() => Acts.SignAsync(act.Id(), _keys.Signer(2), default)));
        Assert.Equal("act-nobody", await RefusedAsync(() => Acts.SignAsync(act.Id(), _keys.Signer(9), default)));
        var both = await Acts.SignAsync(act.Id(), _keys.Signer(3), default);
        Assert.Equal("security Sara, commander Cora", both.By());
        var version = await Acts.CarryOutAsync(both, _runs, _ => Guard, default);
        Assert.NotNull(version);
        var state = await StateAsync();
        Assert.True(state.ExpansionsOpen);
        Assert.Equal(act.UntilTime, Assert.Single(state.Sentinel.Overrides).Until);
        Assert.Contains($"act {act.Id()} by security Sara, commander Cora: slow at first", state.Sentinel.Overrides[0].Reason, StringComparison.Ordinal);

        // Once.
        Assert.Null(await Acts.CarryOutAsync(Acts.Read(act.Id()), _runs, _ => Guard, default));
        Assert.Equal(version, (await StateAsync()).Version);
    }

    [Fact]
    public async Task One_person_with_two_addresses_and_both_duties_is_one_person()
    {
        await HoldAsync();
        var act = Override();
        Acts.File(act);
        await Acts.SignAsync(act.Id(), _keys.Signer(0), default);
        Assert.Equal("act-twice", await RefusedAsync(() => Acts.SignAsync(act.Id(), _keys.Signer(0), default)));
        Assert.Equal("act-twice", await RefusedAsync(() => Acts.SignAsync(act.Id(), _keys.Signer(5), default)));

        // Nor does a file that is put there by hand make two of one.
        var statement = act.Statement(Duty.Operator);
        var signature = (await _keys.Signer(5).SignTypedDataAsync(statement, default)).ToBytes();
        await File.WriteAllTextAsync(Path.Combine(Folder(act), "operator-by-hand.json"), $$"""{"version":1,"act":"{{act.Digest()}}","duty":"operator","signer":"{{_keys.Signer(5).Address}}","signature":"0x{{Convert.ToHexStringLower(signature)}}"}""");
        var read = Acts.Read(act.Id());
        Assert.Equal((2, null), (read.Consents.Count, read.Filled()));
        Assert.NotEmpty(read.Missing());
    }

    [Fact]
    public async Task A_top_up_takes_finance_and_another_and_raises_the_budget_once()
    {
        await HoldAsync();
        var act = Act(SentinelAct.TopUp) with { Amount = "5" };
        Acts.File(act);
        Assert.Equal("act-duty", await RefusedAsync(() => SignAsync(act, 0, 1)));
        var signed = await SignAsync(Act(SentinelAct.TopUp) with { Amount = "5", Reason = "again" }, 2, 1);
        await Acts.CarryOutAsync(signed, _runs, _ => Guard, default);
        Assert.Null(await Acts.CarryOutAsync(signed, _runs, _ => Guard, default));
        Assert.Equal(Amount.Parse("15"), (await StateAsync()).Budget.Cap);
    }

    [Fact]
    public async Task One_person_acknowledges_and_one_ends_an_override()
    {
        await HoldAsync();
        var seen = await SignAsync(Act(SentinelAct.Acknowledge) with { Rule = SentinelRules.RoiFloor }, 1);
        await Acts.CarryOutAsync(seen, _runs, _ => Guard, default);
        Assert.Contains("operator Otto", (await StateAsync()).Sentinel.Holds[0].Acknowledged, StringComparison.Ordinal);
        await Acts.CarryOutAsync(await SignAsync(Override(), 0, 1), _runs, _ => Guard, default);
        Assert.True((await StateAsync()).ExpansionsOpen);
        await Acts.CarryOutAsync(await SignAsync(Act(SentinelAct.EndOverride) with { Rule = SentinelRules.RoiFloor }, 3), _runs, _ => Guard, default);
        Assert.False((await StateAsync()).ExpansionsOpen);
    }

    [Fact]
    public async Task Todays_settings_are_brought_into_a_run()
    {
        await HoldAsync();
        var act = Act(SentinelAct.Apply) with { Settings = Bytes32.Zero };
        var signed = await SignAsync(act, 0, 1);
        await Acts.CarryOutAsync(signed, _runs, reason => new SentinelSet(new SentinelSettings { RoiFloor = 0.1m }, reason), default);
        Assert.Equal(0.1m, (await StateAsync()).Sentinel.Settings!.RoiFloor);
        Assert.Null(await Acts.CarryOutAsync(signed, _runs, reason => new SentinelSet(new SentinelSettings(), reason), default));
        Assert.Equal("settings-other", await RefusedAsync(async () => await Acts.CarryOutAsync(await SignAsync(act with { Reason = "other" }, 0, 1), _runs, _ => throw new ControlException("settings-other", ExitCode.Refused, "x", "y"), default)));
    }

    [Fact]
    public async Task What_waited_too_long_and_what_is_over_is_not_signed_and_not_carried_out()
    {
        await HoldAsync();
        var act = Override(hours: 48);
        Acts.File(act);
        await Acts.SignAsync(act.Id(), _keys.Signer(0), default);
        _time.Advance(SentinelActs.Patience);
        Assert.Equal("act-expired", await RefusedAsync(() => Acts.SignAsync(act.Id(), _keys.Signer(1), default)));

        var shorter = Override(hours: 2);
        var signed = await SignAsync(shorter, 0, 1);
        _time.Advance(TimeSpan.FromHours(2));
        Assert.Equal("act-over", await RefusedAsync(() => Acts.CarryOutAsync(signed, _runs, _ => Guard, default)));
        Assert.False((await StateAsync()).ExpansionsOpen);
    }

    [Fact]
    public async Task A_record_that_was_altered_or_is_of_elsewhere_is_refused()
    {
        await HoldAsync();
        var act = Act(SentinelAct.TopUp) with { Amount = "5" };
        await SignAsync(act, 2, 1);
        var path = Path.Combine(Folder(act), "act.json");
        var text = await File.ReadAllTextAsync(path);
        await File.WriteAllTextAsync(path, text.Replace("\"5\"", "\"5000\"", StringComparison.Ordinal));
        Assert.Equal("act-altered", Assert.Throws<ControlException>(() => Acts.Read(act.Id())).Code);
        await File.WriteAllTextAsync(path, "{");
        Assert.Equal("act-altered", Assert.Throws<ControlException>(() => Acts.Read(act.Id())).Code);
        var elsewhere = act with { Network = "other" };
        Acts.File(elsewhere);
        Assert.Equal("act-altered", Assert.Throws<ControlException>(() => Acts.Read(elsewhere.Id())).Code);
        foreach (var id in (string[])["0123456789abcdef", "../../etc", "", act.Id().ToUpperInvariant() + "0"])
        {
            Assert.Equal("act-unknown", Assert.Throws<ControlException>(() => Acts.Read(id)).Code);
        }
    }

    [Fact]
    public async Task Signatures_that_were_altered_of_another_act_or_of_somebody_without_the_duty_count_not()
    {
        await HoldAsync();
        var (one, other) = (Override(), Override(hours: 3));
        await SignAsync(one, 0, 1);
        await SignAsync(other, 0);
        var mine = Path.Combine(Folder(one), $"operator-{_keys.Signer(1).Address}.json");
        File.Copy(mine, Path.Combine(Folder(other), Path.GetFileName(mine)));
        var read = Acts.Read(other.Id());
        Assert.Null(read.Filled());
        Assert.Contains("not this act", Assert.Single(read.Discounted), StringComparison.Ordinal);

        var text = await File.ReadAllTextAsync(mine);
        await File.WriteAllTextAsync(mine, text.Replace("\"operator\"", "\"commander\"", StringComparison.Ordinal));
        Assert.Contains("was altered", Assert.Single(Acts.Read(one.Id()).Discounted), StringComparison.Ordinal);
        await File.WriteAllTextAsync(mine, "nothing");
        Assert.Contains("cannot be read", Assert.Single(Acts.Read(one.Id()).Discounted), StringComparison.Ordinal);

        await File.WriteAllTextAsync(mine, text);
        Assert.NotNull(Acts.Read(one.Id()).Filled());
        People = new OperatorBook(new OperatorsFile { Version = 1, People = [People.People[0], People.People[1] with { Duties = [Duty.Author] }] });
        Assert.Contains("Otto does not have the duty operator", Assert.Single(Acts.Read(one.Id()).Discounted), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_follow_in_the_run_is_refused_by_the_run()
    {
        await HoldAsync();
        await Acts.CarryOutAsync(await SignAsync(Override(), 0, 1), _runs, _ => Guard, default);
        var again = await SignAsync(Override(hours: 3), 0, 1);
        Assert.Equal("already-overridden", (await Assert.ThrowsAsync<HgmException>(() => Acts.CarryOutAsync(again, _runs, _ => Guard, default))).Code);
        foreach (var bad in (SentinelAct[])[Override() with { Rule = "roi" }, Override() with { Rule = null }, Act(SentinelAct.TopUp) with { Amount = "much" }, Override() with { Reason = " " }, Act("delete")])
        {
            Assert.Equal("act-format", Assert.Throws<ControlException>(() => Acts.File(bad)).Code);
        }
    }

    private async Task HoldAsync()
    {
        var start = new RunStarted(new RunSettings { EvaluationReserve = Amount.Parse("1"), ExpansionReserve = Amount.Parse("1") }, null);
        RunEvent[] events = [start, Guard, new EvaluationStarted(0, 0, 0, true, Amount.Parse("1")), new EvaluationRecorded(0, false, Amount.Parse("1"), Amount.Zero), new SentinelHeld(SentinelRules.RoiFloor, "low")];
        Assert.True(await _runs.AppendAsync("run", 0, events, default));
    }

    private SentinelAct Act(string what) => new() { Version = 1, Network = Network, ChainId = ChainId.Local, Run = "run", Act = what, Reason = "slow at first", Issued = Now, Expires = Now + (long)SentinelActs.Patience.TotalSeconds };

    private SentinelAct Override(int hours = 1) => Act(SentinelAct.Override) with { Rule = SentinelRules.RoiFloor, Until = Now + (hours * 3600) };

    private async Task<SignedAct> SignAsync(SentinelAct act, params int[] signers)
    {
        Acts.File(act);
        var signed = Acts.Read(act.Id());
        foreach (var signer in signers)
        {
            signed = await Acts.SignAsync(act.Id(), _keys.Signer(signer), default);
        }

        return signed;
    }

    private string Folder(SentinelAct act) => Path.Combine(_folder, "storage", "sentinel", Network, act.Id());

    private async Task<RunState> StateAsync() => RunState.Fold(await _runs.ReadAsync("run", 0, default));

    private static async Task<string> RefusedAsync(Func<Task> action) => (await Assert.ThrowsAsync<ControlException>(action)).Code;
}
