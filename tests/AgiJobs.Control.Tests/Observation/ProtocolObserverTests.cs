using System.Text.Json.Nodes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Pausing;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Control.Tests.Observation;

public sealed class ProtocolObserverTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private FaultyRpc _node = null!;

    private TestNetwork Devnet => fixture.Devnet;

    public async ValueTask InitializeAsync()
    {
        await Devnet.FreshAsync();
        _node = FaultyRpc.InFrontOf(Devnet.Url);
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task Everything_is_read_in_three_round_trips_at_one_block()
    {
        var state = await ObserveAsync(Devnet.Protocol);
        Assert.Equal(3, _node.Exchanges);
        Assert.Equal(3, state.RoundTrips);
        var pinned = _node.Requests.Where(request => request.Method is "eth_call" or "eth_getCode").Select(request => JsonNode.Parse(request.Parameters)![1]!).Where(block => block is JsonObject).Select(block => block["blockHash"]!.GetValue<string>()).ToList();
        Assert.True(pinned.Count > 30);
        Assert.Equal([state.BlockHash.ToString()], pinned.Distinct());
        // The one read that is not pinned is the look for Multicall3 while connecting.
        Assert.Equal(pinned.Count + 1, _node.Requests.Count(request => request.Method is "eth_call" or "eth_getCode"));
    }

    [Fact]
    public async Task What_is_read_is_what_the_deployment_made()
    {
        var state = await ObserveAsync(Devnet.Protocol);
        Assert.All(state.Pausable, module => Assert.False(module.Paused!.Value));
        Assert.Equal([Devnet.Safe], state.Roles["SystemPause.owner"].Value);
        Assert.Equal([Devnet.Accounts["guardian"].Address], state.Roles["SystemPause.guardian"].Value);
        Assert.Equal([Devnet.Accounts["pauser"].Address], state.Roles["JobRegistry.pauser"].Value);
        Assert.Empty(state.Roles["SystemPause.pendingOwner"].Value);
        var safe = Assert.IsType<SafeAccountState>(state.Accounts[Devnet.Safe].Value);
        Assert.Equal(("1.4.1", 2, 3), (safe.Version, safe.Threshold, safe.Owners.Count));
        Assert.IsType<KeyAccount>(state.Accounts[Devnet.Accounts["guardian"].Address].Value);
        Assert.IsType<ContractState>(state.Accounts[Devnet.Protocol["SelfPlayArena"].Address].Value);
    }

    [Fact]
    public async Task A_call_that_the_node_fails_is_unknown_with_the_reason_and_all_the_rest_is_known()
    {
        var module = Devnet.Protocol["FeePool"];
        _node.On("eth_call").When(Is(module.Address, module.Paused!.Encode())).Error(-32603, "disk on fire");
        var state = await ObserveAsync(Devnet.Protocol);
        Assert.False(state.Modules["FeePool"].Paused!.IsKnown);
        Assert.Contains("disk on fire", state.Modules["FeePool"].Paused!.Why, StringComparison.Ordinal);
        Assert.Equal("reading-unknown", Assert.Throws<ControlException>(() => state.Modules["FeePool"].Paused!.Value).Code);
        Assert.All(state.Modules.Values.Where(other => other.Module.Name != "FeePool" && other.Paused is not null), other => Assert.True(other.Paused!.IsKnown));
        Assert.All(state.Roles.Values, role => Assert.True(role.IsKnown));
    }

    [Fact]
    public async Task With_one_state_unknown_a_pause_is_planned_by_the_lever_that_cannot_revert_and_a_resume_is_not()
    {
        var module = Devnet.Protocol["FeePool"];
        _node.On("eth_call").When(Is(module.Address, module.Paused!.Encode())).Error(-32603, "disk on fire");
        var planner = new PausePlanner(await ObserveAsync(Devnet.Protocol), TestNetwork.Network, Devnet.Signers.All);
        var plan = planner.Plan(LeverAction.Pause, "T-1");
        Assert.Equal("pauseAll()", Assert.Single(plan.Change!.Steps).Function);
        Assert.Contains("FeePool", Assert.Single(plan.Findings), StringComparison.Ordinal);
        Assert.Equal("reading-unknown", Assert.Throws<ControlException>(() => planner.Plan(LeverAction.Resume, "T-1")).Code);
    }

    [Fact]
    public async Task Empty_or_malformed_answers_are_unknown_and_never_false()
    {
        foreach (var answer in (string[])["0x", "0x01", "0x" + "ff".PadLeft(64, '0'), "0x" + new string('f', 64)])
        {
            _node.Heal();
            var module = Devnet.Protocol["StakeManager"];
            _node.On("eth_call").When(Is(module.Address, module.Paused!.Encode())).Result(answer);
            Assert.False((await ObserveAsync(Devnet.Protocol)).Modules["StakeManager"].Paused!.IsKnown, answer);
        }
    }

    [Fact]
    public async Task A_module_without_code_is_unknown_in_everything()
    {
        var module = Devnet.Protocol["SelfPlayArena"];
        _ = await Devnet.Client.RequestAsync("anvil_setCode", writer =>
        {
            writer.WriteStringValue(module.Address.ToString());
            writer.WriteStringValue("0x");
        });
        await Devnet.MineAsync();
        var state = await ObserveAsync(Devnet.Protocol);
        Assert.False(state.Modules["SelfPlayArena"].CodeHash.IsKnown);
        Assert.Contains("no code", state.Modules["SelfPlayArena"].CodeHash.Why, StringComparison.Ordinal);
        Assert.False(state.Modules["SelfPlayArena"].Paused!.IsKnown);
        Assert.All(state.Roles.Where(role => role.Key.StartsWith("SelfPlayArena.", StringComparison.Ordinal)), role => Assert.False(role.Value.IsKnown, role.Key));
    }

    [Fact]
    public async Task A_role_whose_id_is_not_the_hash_of_its_name_is_unknown_and_not_empty()
    {
        var module = Devnet.Protocol["JobRegistry"];
        _node.On("eth_call").When(Is(module.Address, module.Abi.Function("PAUSER_ROLE").Encode())).Result(Bytes32.FromUnsigned(5).ToString());
        var pausers = (await ObserveAsync(Devnet.Protocol)).Roles["JobRegistry.pauser"];
        Assert.False(pausers.IsKnown);
        Assert.Contains(Bytes32.FromUnsigned(5).ToString(), pausers.Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_holder_whose_nature_could_not_be_read_is_unknown_and_no_path()
    {
        _node.On("eth_getCode").When(parameters => (string?)parameters[0] is { } address && Address.ParseAnyCase(address) == Devnet.Safe).Error(-32603, "disk on fire");
        var state = await ObserveAsync(Devnet.Protocol);
        Assert.False(state.Accounts[Devnet.Safe].IsKnown);
        await Devnet.CallAsAsync(Devnet.Accounts["guardian"].Address, "SystemPause", "pauseAll");
        var refusal = Assert.Throws<ControlException>(() => new PausePlanner(ObserveAsync(Devnet.Protocol).GetAwaiter().GetResult(), TestNetwork.Network, Devnet.Signers.All).Plan(LeverAction.Resume, "T-1"));
        Assert.Equal("no-route", refusal.Code);
        Assert.Contains("disk on fire", refusal.Message, StringComparison.Ordinal);
    }

    private static Func<JsonArray, bool> Is(Address to, byte[] calldata) => parameters =>
        Address.ParseAnyCase((string)parameters[0]!["to"]!) == to && (string?)(parameters[0]!["data"] ?? parameters[0]!["input"]) == Hex.Encode(calldata);

    private async Task<ProtocolState> ObserveAsync(Protocol protocol)
    {
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(_node.Url) with { Rounds = 1 }, ChainId.Local, TimeProvider.System);
        return await new ProtocolObserver(client).ObserveAsync(protocol, PinnedBlock.AtConnect(client), CancellationToken.None);
    }
}
