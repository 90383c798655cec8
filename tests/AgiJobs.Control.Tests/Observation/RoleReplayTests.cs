using System.Text.Json.Nodes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Control.Tests.Observation;

/// <summary>Roles that only events reveal: a mapping as of AGI Jobs v2, and OpenZeppelin's AccessControl, which lists nobody.</summary>
public sealed class RoleReplayTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private const string Source = """
        // SPDX-License-Identifier: MIT
        pragma solidity ^0.8.20;
        import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
        contract Arena is AccessControl {
            bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");
            bytes32 public constant OTHER_ROLE = keccak256("OTHER_ROLE");
            mapping(address => bool) public orchestrators;
            event OrchestratorUpdated(address indexed orchestrator, bool allowed);
            constructor() { _grantRole(DEFAULT_ADMIN_ROLE, msg.sender); }
            function setOrchestrator(address orchestrator, bool allowed) external { orchestrators[orchestrator] = allowed; emit OrchestratorUpdated(orchestrator, allowed); }
            function forget(address orchestrator) external { orchestrators[orchestrator] = false; }
        }
        """;

    private readonly TemporaryFolder _folder = new();
    private FaultyRpc _node = null!;
    private ContractAbi _abi = null!;
    private Address _arena;
    private Address _admin;

    private TestNetwork Devnet => fixture.Devnet;

    public async ValueTask InitializeAsync()
    {
        await Devnet.FreshAsync();
        _node = FaultyRpc.InFrontOf(Devnet.Url);
        var compiled = await Solidity.CompileAsync(Source, "Arena");
        _abi = ContractAbi.FromJson(compiled.AbiJson);
        _admin = Devnet.Accounts["deployer"].Address;
        var answer = await Devnet.Client.RequestAsync("eth_sendTransaction", writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("from", _admin.ToString());
            writer.WriteString("input", Hex.Encode(compiled.CreationCode));
            writer.WriteString("gas", "0x7a1200");
            writer.WriteEndObject();
        });
        var hash = Bytes32.Parse(answer.GetString()!);
        _arena = (await Wait.ForAsync("the arena's receipt", () => Devnet.Client.ReceiptAsync(hash))).ContractAddress!.Value;
        _folder.Write("config/protocol/abi/Arena.json", compiled.AbiJson);
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Whoever_an_event_named_and_the_contract_confirms_holds_the_role()
    {
        var (kept, revoked, forgotten) = (Devnet.Accounts["agent-1"].Address, Devnet.Accounts["agent-2"].Address, Devnet.Accounts["agent-3"].Address);
        await SetAsync(kept, true);
        await SetAsync(revoked, true);
        await SetAsync(revoked, false);
        await SetAsync(forgotten, true);
        await CallAsync("forget", forgotten);
        var state = await ObserveAsync();
        Assert.Equal([kept], state.Roles["Arena.orchestrator"].Value);
    }

    [Fact]
    public async Task Holders_of_an_AccessControl_role_are_those_of_its_own_id()
    {
        var (pauser, other) = (Devnet.Accounts["pauser"].Address, Devnet.Accounts["agent-1"].Address);
        await CallAsync("grantRole", AgiJobs.Ethereum.Hashing.Keccak256.Hash("PAUSER_ROLE"), pauser);
        await CallAsync("grantRole", AgiJobs.Ethereum.Hashing.Keccak256.Hash("OTHER_ROLE"), other);
        var state = await ObserveAsync();
        Assert.Equal([pauser], state.Roles["Arena.pauser"].Value);
        Assert.Equal([_admin], state.Roles["Arena.admin"].Value);
    }

    [Fact]
    public async Task A_node_that_takes_short_ranges_only_is_asked_in_parts()
    {
        await SetAsync(Devnet.Accounts["agent-1"].Address, true);
        await Devnet.MineAsync();
        _node.On("eth_getLogs").When(parameters => Range(parameters) > 20).Error(-32005, "query returned more than 10000 results");
        var state = await ObserveAsync();
        Assert.Equal([Devnet.Accounts["agent-1"].Address], state.Roles["Arena.orchestrator"].Value);
        Assert.True(_node.Requests.Count(request => request.Method == "eth_getLogs" && Range(JsonNode.Parse(request.Parameters)!.AsArray()) <= 20) > 1);
    }

    [Fact]
    public async Task A_view_or_a_log_that_fails_makes_the_role_unknown_and_never_empty()
    {
        var account = Devnet.Accounts["agent-1"].Address;
        await SetAsync(account, true);
        _node.On("eth_call").When(parameters => (string?)(parameters[0]!["data"] ?? parameters[0]!["input"]) == Hex.Encode(_abi.Function("orchestrators").Encode(account))).Error(-32603, "disk on fire");
        var role = (await ObserveAsync()).Roles["Arena.orchestrator"];
        Assert.False(role.IsKnown);
        Assert.Contains("disk on fire", role.Why, StringComparison.Ordinal);
        _node.Heal();
        _node.On("eth_getLogs").Error(-32603, "index broken");
        Assert.Contains("index broken", (await ObserveAsync()).Roles["Arena.orchestrator"].Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_description_whose_event_names_no_account_is_refused()
    {
        var description = Description();
        description["modules"]![0]!["roles"]![0]!["replay"]!["events"]![0]!["account"] = "allowed";
        Assert.Equal("description-invalid", Assert.Throws<ControlException>(() => Load(description)).Code);
    }

    private static ulong Range(JsonArray parameters) =>
        Convert.ToUInt64((string)parameters[0]!["toBlock"]!, 16) - Convert.ToUInt64((string)parameters[0]!["fromBlock"]!, 16) + 1;

    private static JsonNode Description() => JsonNode.Parse("""
        {
          "version": 1, "name": "arena", "title": "Arena",
          "modules": [ { "name": "Arena", "purpose": "Plays.", "abi": "Arena", "roles": [
            { "name": "orchestrator", "power": "Starts rounds.", "risk": "amber", "grant": "setOrchestrator(address,bool)", "grantArguments": ["$", "true"], "callers": ["admin"],
              "replay": { "events": [ { "event": "OrchestratorUpdated(address,bool)", "account": "orchestrator" } ], "confirm": "orchestrators(address)" } },
            { "name": "pauser", "power": "Pauses.", "risk": "amber", "accessControl": "PAUSER_ROLE()", "grant": "grantRole(bytes32,address)", "callers": ["admin"],
              "replay": { "events": [ { "event": "RoleGranted(bytes32,address,address)", "account": "account", "id": "role" } ], "confirm": "hasRole(bytes32,address)", "confirmArguments": ["@id", "$"] } },
            { "name": "admin", "power": "Grants.", "risk": "red", "accessControl": "DEFAULT_ADMIN_ROLE()", "grant": "grantRole(bytes32,address)", "callers": ["admin"],
              "replay": { "events": [ { "event": "RoleGranted(bytes32,address,address)", "account": "account", "id": "role" } ], "confirm": "hasRole(bytes32,address)", "confirmArguments": ["@id", "$"] } }
          ] } ]
        }
        """)!;

    private Protocol Load(JsonNode description)
    {
        _folder.Write("config/protocol/arena.json", description.ToJsonString());
        _folder.Write("config/owner-control.local.json", $$"""{ "version": 1, "protocol": "arena", "modules": { "Arena": { "address": "{{_arena}}" } } }""");
        var workspace = Workspace.At(_folder.Path, _folder.File("nothing-ships"));
        return Protocol.Load(workspace, workspace.Manifest("local"));
    }

    private Task SetAsync(Address orchestrator, bool allowed) => CallAsync("setOrchestrator", orchestrator, allowed);

    private Task CallAsync(string function, params AbiValue[] arguments) => Devnet.SendMinedAsync(_admin, _arena, _abi.Function(function).Encode(arguments));

    private async Task<ProtocolState> ObserveAsync()
    {
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(_node.Url) with { Rounds = 1 }, ChainId.Local, TimeProvider.System);
        return await new ProtocolObserver(client).ObserveAsync(Load(Description()), PinnedBlock.AtConnect(client), CancellationToken.None);
    }
}
