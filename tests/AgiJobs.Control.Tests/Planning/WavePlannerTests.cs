using System.Diagnostics;
using AgiJobs.Ethereum;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Control.Tests.Planning;

/// <summary>Waves on a chain: ordered so that no step reverts, within the description's rules, and undone to the last value.</summary>
public sealed class WavePlannerTests(DevnetFixture fixture, ITestOutputHelper output) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private TestNetwork Devnet => fixture.Devnet;

    private Address Treasury => Devnet.Accounts["employer"].Address;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Every_number_of_every_module_is_changed_in_one_wave_and_put_back_and_nothing_undeclared_happens()
    {
        var before = await Devnet.ObserveWholeAsync();
        var draft = WaveGround.EveryNumber(before);
        var numbers = before.Protocol.Modules.SelectMany(module => module.Parameters).Where(parameter => parameter is { IsLive: false, Unit.IsNumber: true }).ToList();
        Assert.Empty(draft.Already);
        var watch = Stopwatch.StartNew();
        var plan = await Devnet.PlanAsync(draft);
        var change = plan.Change!;
        Assert.Equal([], plan.Findings);
        var simulated = await Devnet.AssertCleanAsync(change);
        output.WriteLine($"{numbers.Count} parameters in {change.Steps.Count} calls, {simulated.Transactions.Count} transactions, planned and simulated in {watch.ElapsedMilliseconds} ms");
        Assert.True(simulated.Rollback!.Reverses);
        Assert.True(numbers.Count > 40, $"only {numbers.Count}");

        await Devnet.ExecuteAsync(change);
        var after = await Devnet.ObserveWholeAsync();
        Assert.All(numbers, parameter => Assert.Equal(draft.Future(parameter), after.ValueOf(parameter).Value));
        var undoing = change.Undoing("T-2")!;
        await Devnet.AssertCleanAsync(undoing);
        await Devnet.ExecuteAsync(undoing);
        Assert.Equal(WaveGround.Values(before), WaveGround.Values(await Devnet.ObserveWholeAsync()));
    }

    [Fact]
    public async Task Values_that_one_function_sets_are_one_call_and_those_not_named_stay()
    {
        var plan = await Devnet.PlanAsync(await Devnet.DraftAsync(("SelfPlayArena.teacherReward", "7 AGIALPHA"), ("SelfPlayArena.studentReward", "8 AGIALPHA"), ("SelfPlayArena.voteWindow", "11 minutes")));
        Assert.Equal(["setRewards(uint128,uint128,uint128)", "setWindows((uint32,uint32,uint32,uint32,uint32))"], plan.Change!.Steps.Select(step => step.Function).Order(StringComparer.Ordinal));
        await Devnet.AssertCleanAsync(plan.Change);
        var before = WaveGround.Values(await Devnet.ObserveWholeAsync());
        await Devnet.ExecuteAsync(plan.Change);
        var after = WaveGround.Values(await Devnet.ObserveWholeAsync());
        Assert.Equal(["SelfPlayArena.studentReward", "SelfPlayArena.teacherReward", "SelfPlayArena.voteWindow"], before.Keys.Where(name => before[name] != after[name]).Order(StringComparer.Ordinal));
    }

    // The two sum to 100 % at most at every moment.
    [Theory]
    [InlineData("60", "40", "10", "90", "validatorRewardPct")]
    [InlineData("60", "40", "90", "10", "feePct")]
    public async Task Under_a_sum_the_one_that_falls_goes_first(string fee, string reward, string fromFee, string fromReward, string first)
    {
        await Devnet.CallAsAsync(Devnet.Safe, "StakeManager", "setFeePct", 0);
        await Devnet.CallAsAsync(Devnet.Safe, "StakeManager", "setValidatorRewardPct", int.Parse(fromReward, System.Globalization.CultureInfo.InvariantCulture));
        await Devnet.CallAsAsync(Devnet.Safe, "StakeManager", "setFeePct", int.Parse(fromFee, System.Globalization.CultureInfo.InvariantCulture));
        var plan = await Devnet.PlanAsync(await Devnet.DraftAsync(("StakeManager.feePct", $"{fee}%"), ("StakeManager.validatorRewardPct", $"{reward}%")));
        Assert.StartsWith($"StakeManager.{first}", plan.Change!.Steps[0].Purpose, StringComparison.Ordinal);
        await Devnet.AssertCleanAsync(plan.Change);
        await Devnet.ExecuteAsync(plan.Change);
        await Devnet.ExecuteAsync(plan.Change.Undoing("T-2")!);
    }

    [Fact]
    public async Task A_treasury_is_allowed_before_it_is_set_and_the_old_one_loses_its_place_last()
    {
        var draft = await Devnet.DraftAsync(("FeePool.treasury", Treasury.ToString()));
        var allowed = draft.State.Protocol.Role("FeePool.allowedTreasury");
        var old = draft.State.ValueOf(draft.Parameter("FeePool.treasury")).Value.AsAddress();
        draft.Hold(allowed, [Treasury]);
        var plan = await Devnet.PlanAsync(draft);
        Assert.Equal(3, plan.Change!.Steps.Count);
        Assert.Equal([$"FeePool.allowedTreasury: grant to {Treasury}", $"FeePool.treasury: {old} -> {Treasury}", $"FeePool.allowedTreasury: revoke from {old}"], plan.Change.Steps.Select(step => step.Purpose));
        await Devnet.AssertCleanAsync(plan.Change);
        await Devnet.ExecuteAsync(plan.Change);
        await Devnet.ExecuteAsync(plan.Change.Undoing("T-2")!);
        Assert.Equal([old], (await Devnet.ObserveWholeAsync()).HoldersOf(allowed).Value);
    }

    [Fact]
    public async Task Bounds_go_before_the_value_that_they_bound()
    {
        var plan = await Devnet.PlanAsync(await Devnet.DraftAsync(("Thermostat.systemTemperature", "9 wad"), ("Thermostat.maxTemperature", "10 wad")));
        Assert.Equal(["setTemperatureBounds(uint256,uint256)", "setSystemTemperature(uint256)"], plan.Change!.Steps.Select(step => step.Function));
        await Devnet.AssertCleanAsync(plan.Change);
        await Devnet.ExecuteAsync(plan.Change);
        var lower = await Devnet.PlanAsync(await Devnet.DraftAsync(("Thermostat.systemTemperature", "2 wad"), ("Thermostat.maxTemperature", "3 wad")));
        Assert.Equal(["setSystemTemperature(uint256)", "setTemperatureBounds(uint256,uint256)"], lower.Change!.Steps.Select(step => step.Function));
        await Devnet.AssertCleanAsync(lower.Change);
    }

    [Fact]
    public async Task More_signers_and_a_higher_threshold_go_in_the_order_that_the_contract_takes()
    {
        var draft = await Devnet.DraftAsync();
        var signer = draft.State.Protocol.Role("EnergyOracle.signer");
        var holders = draft.State.HoldersOf(signer).Value;
        draft.Grant(signer, Treasury);
        draft.Set(draft.Parameter("EnergyOracle.threshold"), holders.Count + 1);
        var plan = await Devnet.PlanAsync(draft);
        await Devnet.AssertCleanAsync(plan.Change!);
        await Devnet.ExecuteAsync(plan.Change!);
        var back = await Devnet.DraftAsync();
        back.Revoke(signer, Treasury);
        back.Set(back.Parameter("EnergyOracle.threshold"), holders.Count);
        await Devnet.AssertCleanAsync((await Devnet.PlanAsync(back)).Change!);
    }

    [Theory]
    [InlineData("StakeManager.feePct", "70%", "StakeManager.validatorRewardPct", "31%")]
    [InlineData("StakeManager.employerSlashBps", "9999 bps", "StakeManager.treasurySlashBps", "2 bps")]
    [InlineData("SelfPlayArena.teacherSplit", "1 bps", "SelfPlayArena.studentSplit", "1 bps")]
    [InlineData("RewardEngine.agentWeight", "50%", "RewardEngine.validatorWeight", "49%")]
    [InlineData("RewardEngine.epochBudget", "3 AGIALPHA", "RewardEngine.maxEpochBudget", "2 AGIALPHA")]
    [InlineData("Thermostat.minTemperature", "6 wad", "Thermostat.maxTemperature", "5 wad")]
    [InlineData("Thermostat.integralMin", "3 wad", "Thermostat.integralMax", "2 wad")]
    [InlineData("ValidatorSlash.defaultPenaltyBps", "300 bps", "ValidatorSlash.maxPenaltyBps", "299 bps")]
    [InlineData("Paymaster.accountLimit", "3 ether", "Paymaster.globalLimit", "2 ether")]
    [InlineData("EnergyOracle.threshold", "32", "EnergyOracle.threshold", "32")]
    public async Task A_broken_rule_is_refused_before_any_call_is_planned(string first, string one, string second, string other)
    {
        var draft = await Devnet.DraftAsync((first, one), (second, other));
        var refusal = await Assert.ThrowsAsync<ControlException>(() => Devnet.PlanAsync(draft));
        Assert.Equal(("rule-broken", ExitCode.Refused), (refusal.Code, refusal.Exit));
        Assert.Contains(first, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("StakeManager")]
    [InlineData("FeePool")]
    [InlineData("Paymaster")]
    public async Task A_treasury_is_allowed_and_never_the_owner(string module)
    {
        var stranger = await Devnet.DraftAsync(($"{module}.treasury", Treasury.ToString()));
        Assert.Equal("rule-broken", (await Assert.ThrowsAsync<ControlException>(() => Devnet.PlanAsync(stranger))).Code);
        var owner = await Devnet.DraftAsync();
        var holder = owner.State.HoldersOf(owner.State.Protocol.Role($"{module}.owner")).Value[0];
        owner.Set(owner.Parameter($"{module}.treasury"), holder);
        owner.Grant(owner.State.Protocol.Role($"{module}.allowedTreasury"), holder);
        var refusal = await Assert.ThrowsAsync<ControlException>(() => Devnet.PlanAsync(owner));
        Assert.Equal("rule-broken", refusal.Code);
        Assert.Contains($"{module}.owner", refusal.Message, StringComparison.Ordinal);
        var unset = await Devnet.DraftAsync();
        unset.Set(unset.Parameter($"{module}.treasury"), Address.Zero);
        Assert.Single((await Devnet.PlanAsync(unset)).Change!.Steps);
    }

    [Theory]
    [InlineData("FeePool.burnPct", "5001 bps", "value-bounds")]
    [InlineData("FeePool.burnPct", "-1 bps", "value-bounds")]
    [InlineData("FeePool.burnPct", "400", "value-unit")]
    [InlineData("FeePool.burnPct", "4 seconds", "value-unit")]
    [InlineData("SelfPlayArena.voteWindow", "-5 seconds", "value-bounds")]
    [InlineData("SelfPlayArena.voteWindow", "604801 seconds", "value-bounds")]
    [InlineData("JobRegistry.jobStake", "5", "value-unit")]
    [InlineData("StakeManager.feePct", "1.5%", "value-format")]
    public async Task A_value_out_of_bounds_or_without_its_unit_is_no_value(string parameter, string text, string code)
    {
        var refusal = await Assert.ThrowsAsync<ControlException>(() => Devnet.DraftAsync((parameter, text)));
        Assert.Equal((code, ExitCode.BadInput), (refusal.Code, refusal.Exit));
        Assert.Contains(parameter, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_anybody_who_may_there_is_no_way_and_who_could_is_named()
    {
        var draft = await Devnet.DraftAsync(("FeePool.burnPct", "123 bps"));
        var refusal = await Assert.ThrowsAsync<ControlException>(() => Devnet.PlanAsync(draft, "agent-1"));
        Assert.Equal(("no-route", ExitCode.Refused), (refusal.Code, refusal.Exit));
        Assert.Contains("agent-1", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_value_twice_is_one_and_two_values_are_refused_and_what_is_so_makes_no_call()
    {
        var draft = await Devnet.DraftAsync(("FeePool.burnPct", "123 bps"), ("FeePool.burnPct", "1.23%"));
        Assert.Single(draft.Moves());
        Assert.Equal("value-twice", Assert.Throws<ControlException>(() => draft.Set(draft.Parameter("FeePool.burnPct"), 5)).Code);
        var now = draft.State.ValueOf(draft.Parameter("FeePool.burnPct")).Value;
        var nothing = await Devnet.DraftAsync();
        nothing.Set(nothing.Parameter("FeePool.burnPct"), now);
        var plan = await Devnet.PlanAsync(nothing);
        Assert.Null(plan.Change);
        Assert.Single(plan.Already);
    }

    [Fact]
    public async Task The_same_wave_has_the_same_bytes_however_it_was_written()
    {
        var first = await Devnet.PlanAsync(await Devnet.DraftAsync(("FeePool.burnPct", "123 bps"), ("JobRouter.reputationWeight", "3 AGIALPHA"), ("SelfPlayArena.studentReward", "8 AGIALPHA")));
        var second = await Devnet.PlanAsync(await Devnet.DraftAsync(("SelfPlayArena.studentReward", "8 AGIALPHA"), ("JobRouter.reputationWeight", "3 AGIALPHA"), ("FeePool.burnPct", "1.23%")));
        Assert.Equal(first.Change!.Digest(), second.Change!.Digest());
    }

    [Fact]
    public async Task What_does_not_fit_into_one_transaction_is_cut_and_each_cut_stays_below_the_limit()
    {
        var draft = await Devnet.DraftAsync();
        var role = draft.State.Protocol.Role("IdentityRegistry.agent");
        for (var index = 1; index <= 200; index++)
        {
            draft.Grant(role, Bytes32.FromUnsigned((ulong)(0xABC000 + index)).ToAddress());
        }

        var change = (await Devnet.PlanAsync(draft)).Change!;
        Assert.True(change.Steps.Max(step => step.Chunk ?? 0) > 0, "one chunk");
        var simulated = await Devnet.AssertCleanAsync(change);
        Assert.True(simulated.Transactions.Count > 1);
        Assert.All(simulated.Transactions, transaction => Assert.True(transaction.Gas < 16_777_216, $"{transaction.Gas}"));
    }
}
