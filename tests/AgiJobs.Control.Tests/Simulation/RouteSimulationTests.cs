using System.Numerics;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Execution;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Pausing;
using AgiJobs.Control.Simulation;
using AgiJobs.Deployment.LocalNetwork;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Ethereum.Safes.Deployment;
using AgiJobs.Ethereum.TypedData;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Control.Tests.Simulation;

/// <summary>Changes on every sort of route, tried as the chain will run them.</summary>
public sealed class RouteSimulationTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>
{
    private const string TimelockSource = """
        contract Timelock {
            mapping(bytes32 => bytes32) private _roles;
            mapping(bytes32 => uint256) private _timestamps;
            uint256 private _minDelay = 3600;
            event CallScheduled(bytes32 indexed id, uint256 indexed index, address target, uint256 value, bytes data, bytes32 predecessor, uint256 delay);
            event CallExecuted(bytes32 indexed id, uint256 indexed index, address target, uint256 value, bytes data);
            event CallSalt(bytes32 indexed id, bytes32 salt);
            error TimelockInsufficientDelay(uint256 delay, uint256 minDelay);
            error TimelockUnexpectedOperationState(bytes32 operationId, bytes32 expectedStates);
            function schedule(address target, uint256 value, bytes calldata data, bytes32 predecessor, bytes32 salt, uint256 delay) external {
                bytes32 id = keccak256(abi.encode(target, value, data, predecessor, salt));
                if (delay < _minDelay) revert TimelockInsufficientDelay(delay, _minDelay);
                _timestamps[id] = block.timestamp + delay;
                emit CallScheduled(id, 0, target, value, data, predecessor, delay);
                emit CallSalt(id, salt);
            }
            function execute(address target, uint256 value, bytes calldata payload, bytes32 predecessor, bytes32 salt) external payable {
                bytes32 id = keccak256(abi.encode(target, value, payload, predecessor, salt));
                if (_timestamps[id] <= 1 || _timestamps[id] > block.timestamp) revert TimelockUnexpectedOperationState(id, bytes32(uint256(4)));
                (bool ok, bytes memory why) = target.call{value: value}(payload);
                if (!ok) assembly { revert(add(why, 32), mload(why)) }
                emit CallExecuted(id, 0, target, value, payload);
                _timestamps[id] = 1;
            }
        }
        """;

    private static readonly Bytes32 Salt = Keccak256.Hash("statement 1");

    private TestNetwork Devnet => fixture.Devnet;

    private Address Guardian => Devnet.Accounts["guardian"].Address;

    [Fact]
    public async Task An_unsigned_authorisation_is_tried_as_if_its_signer_accepted_it_and_that_is_said()
    {
        await Devnet.FreshAsync();
        var result = await SimulateAsync(await AuthorizedAsync(Guardian), new SimulationOptions());

        Assert.Empty(result.Blocks);
        Assert.Contains("not signed yet", Assert.Single(result.Findings).Message, StringComparison.Ordinal);
        var transaction = Assert.Single(result.Transactions);
        Assert.NotEqual(Guardian, transaction.From);
        var spent = Assert.Single(transaction.Storage, write => write.Contract == "SystemPause");
        Assert.Equal(($"_spent[{Guardian}][{Salt}]", "false", "true", EffectStanding.Declared), (spent.Variable, spent.Before, spent.After, spent.Standing));
        Assert.All(result.Expected, expectation => Assert.True(expectation.Holds));
    }

    [Fact]
    public async Task A_signed_authorisation_is_tried_with_its_signature_which_is_not_filed()
    {
        await Devnet.FreshAsync();
        var change = await AuthorizedAsync(Guardian);
        var signed = await SignAsync(change, "guardian");
        var result = await SimulateAsync(change, new SimulationOptions { Authorizations = [signed] });
        Assert.Equal([], result.Findings);

        var wrong = await SimulateAsync(change, new SimulationOptions { Authorizations = [(await SignAsync(change, "employer")) with { Signer = Guardian }] });
        Assert.Contains("InvalidSignature", Assert.Single(wrong.Blocks, finding => finding.Code == "simulation-reverts").Message, StringComparison.Ordinal);

        var filed = new ChangeStore(Devnet.Workspace, TimeProvider.System).File(change, "brief");
        _ = SimulationFile.Write(filed, result);
        Assert.DoesNotContain(Convert.ToHexStringLower(signed.Signature.AsSpan(0, 32)), await File.ReadAllTextAsync(SimulationFile.PathOf(filed)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_authorisation_by_somebody_without_the_role_blocks_though_nobody_has_signed_it()
    {
        await Devnet.FreshAsync();
        var result = await SimulateAsync(await AuthorizedAsync(Devnet.Accounts["employer"].Address), new SimulationOptions());
        Assert.Contains("Unauthorized", Assert.Single(result.Blocks, finding => finding.Code == "simulation-reverts").Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_forwarder_is_called_by_the_Safe_and_its_own_event_comes_from_the_route()
    {
        await Devnet.FreshAsync();
        var result = await SimulateAsync(await ForwardedAsync(), new SimulationOptions());
        Assert.Empty(result.Blocks);
        var transaction = Assert.Single(result.Transactions);
        Assert.Equal(EffectStanding.Route, Assert.Single(transaction.Events, one => one.Name == "GovernanceCallExecuted").Standing);
        Assert.Equal(EffectStanding.Declared, Assert.Single(transaction.Events, one => one is { Name: "Paused", Contract: "FeePool" }).Standing);
    }

    [Fact]
    public async Task Signatures_that_suffice_are_used_and_the_threshold_is_left_as_it_is()
    {
        await Devnet.FreshAsync();
        await Devnet.CallAsAsync(Guardian, "SystemPause", "pauseAll");
        var change = await ResumeAsync();
        var filed = new ChangeStore(Devnet.Workspace, TimeProvider.System).File(change, "brief");
        var carrier = new SafeCarrier(Devnet.Client, filed);
        foreach (var name in (string[])["safe-owner-1", "safe-owner-2"])
        {
            _ = await carrier.ApproveAsync(await carrier.StandingAsync(CancellationToken.None), SyntheticProtocol.Signer(name, Devnet.Accounts[name].Address), Devnet.Accounts[name], TimeProvider.System, CancellationToken.None);
        }

        await using var proxy = FaultyRpc.InFrontOf(Devnet.Url);
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(proxy.Url), ChainId.Local, TimeProvider.System);
        var result = await ChangeSimulation.RunAsync(client, Devnet.Protocol, change, new SimulationOptions().With(filed), CancellationToken.None);
        Assert.Empty(result.Blocks);
        Assert.DoesNotContain("stateOverrides", proxy.Requests.First(request => request.Method == "eth_simulateV1").Parameters, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_Safe_that_is_owned_by_a_Safe_needs_its_consent_first()
    {
        await Devnet.FreshAsync();
        await Devnet.CallAsAsync(Guardian, "SystemPause", "pauseAll");
        var child = await SafeOfAsync([Devnet.Accounts["agent-1"].Address, Devnet.Accounts["agent-2"].Address], 2, 7);
        var parent = await SafeOfAsync([Devnet.Accounts["employer"].Address, child], 2, 8);
        await HandOverAsync(parent);
        var change = await ResumeAsync();
        change = change with { Steps = [change.Steps[0] with { Route = change.Steps[0].Route with { Caller = parent } }] };
        var result = await SimulateAsync(change, new SimulationOptions { NameOf = address => address == child ? "child" : address == parent ? "parent" : null });

        Assert.Empty(result.Blocks);
        Assert.Equal([child, parent], result.Transactions.Select(transaction => transaction.To));
        Assert.Contains(result.Transactions[0].Events, one => one is { Name: "ApproveHash", Contract: "parent", Standing: EffectStanding.Route });
        Assert.Contains(result.Transactions[0].Storage, write => write is { Contract: "parent", Standing: EffectStanding.Route } && write.Variable!.StartsWith($"approvedHashes[{child} (child)][", StringComparison.Ordinal));
        Assert.Equal(2, result.Safes.Count);
        Assert.All(result.Expected, expectation => Assert.True(expectation.Holds));
    }

    [Theory]
    [InlineData(3600UL, true)]
    [InlineData(60UL, false)]
    public async Task A_timelock_is_scheduled_and_executed_after_its_delay(ulong delay, bool succeeds)
    {
        await Devnet.FreshAsync();
        await Devnet.CallAsAsync(Guardian, "SystemPause", "pauseAll");
        var compiled = await Solidity.CompileAsync(TimelockSource, "Timelock");
        var timelock = await DeployAsync(compiled.CreationCode);
        await HandOverAsync(timelock);
        var change = await ResumeAsync();
        change = change with { Steps = [change.Steps[0] with { Route = new Route { Kind = RouteKind.Timelock, Role = "SystemPause.owner", Caller = timelock, DelaySeconds = delay, Via = new Route { Kind = RouteKind.Safe, Role = "proposer", Caller = Devnet.Safe } } }] };
        var result = await SimulateAsync(change, new SimulationOptions());

        Assert.Equal(2, result.Transactions.Count);
        if (succeeds)
        {
            Assert.Empty(result.Blocks);
            Assert.Equal(["CallScheduled", "CallSalt", "CallExecuted"], result.Transactions.SelectMany(transaction => transaction.Events).Where(one => one.Address == timelock).Select(one => one.Name));
            Assert.All(result.Transactions.SelectMany(transaction => transaction.Storage).Where(write => write.Address == timelock), write => Assert.StartsWith("_timestamps[", write.Variable, StringComparison.Ordinal));
            Assert.All(result.Expected, expectation => Assert.True(expectation.Holds));
        }
        else
        {
            Assert.Contains("TimelockInsufficientDelay", result.Blocks[0].Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Where_the_node_neither_simulates_nor_traces_a_fork_of_the_chain_tells_all()
    {
        await Devnet.FreshAsync();
        var change = await PauseAsync();
        var direct = await SimulateAsync(change, new SimulationOptions());
        await using var proxy = FaultyRpc.InFrontOf(Devnet.Url);
        proxy.On("eth_simulateV1").Error(-32601, "no");
        proxy.On("debug_traceCall").Error(-32601, "no");
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(proxy.Url) with { Rounds = 1 }, ChainId.Local, TimeProvider.System);
        var result = await ChangeSimulation.RunAsync(client, Devnet.Protocol, change, new SimulationOptions { Fork = new ForkedAnvil(Toolchain.RepositoryRoot, new Uri(proxy.Url), ChainId.Local, TimeProvider.System) }, CancellationToken.None);

        Assert.Equal([], result.Findings);
        Assert.Equal(["fork"], result.Means);
        Assert.Equivalent(direct.Transactions, result.Transactions, strict: true);
        Assert.DoesNotContain(proxy.Requests, request => request.Method.StartsWith("eth_send", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_fork_of_a_node_whose_address_carries_a_key_is_not_made_and_that_is_said()
    {
        await Devnet.FreshAsync();
        await using var proxy = FaultyRpc.InFrontOf(Devnet.Url);
        proxy.On("debug_traceCall").Error(-32601, "no");
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(proxy.Url) with { Rounds = 1 }, ChainId.Local, TimeProvider.System);
        var result = await ChangeSimulation.RunAsync(client, Devnet.Protocol, await PauseAsync(), new SimulationOptions { Fork = new ForkedAnvil(Toolchain.RepositoryRoot, new Uri(proxy.Url + "/v2/s3cr3t"), ChainId.Local, TimeProvider.System) }, CancellationToken.None);
        var finding = Assert.Single(result.Findings);
        Assert.Equal(FindingWeight.Unknown, finding.Weight);
        Assert.Contains("may carry a key", finding.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cr3t", finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pause_by_an_account_takes_one_round_trip_when_the_block_is_at_hand()
    {
        await Devnet.FreshAsync();
        var change = await PauseAsync();
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(Devnet.Url), ChainId.Local, TimeProvider.System);
        var before = client.RoundTrips;
        _ = await ChangeSimulation.RunAsync(client, Devnet.Protocol, change, new SimulationOptions { Block = Ethereum.Calls.PinnedBlock.AtConnect(client) }, CancellationToken.None);
        Assert.Equal(1, client.RoundTrips - before);
    }

    private async Task<ChangeDocument> PauseAsync() => new PausePlanner(await Devnet.ObserveAsync(), TestNetwork.Network, Devnet.Signers.All).Plan(LeverAction.Pause, "INC-1").Change!;

    // Resumed by whoever owns the hub; the plan is the one that the Safe would have.
    private async Task<ChangeDocument> ResumeAsync()
    {
        var state = await Devnet.ObserveAsync();
        var safe = state.Roles.ToDictionary(role => role.Key, role => role.Key == "SystemPause.owner" ? Reading.Known<IReadOnlyList<Address>>([Devnet.Safe]) : role.Value, StringComparer.Ordinal);
        var planned = new PausePlanner(state with { Roles = safe }, TestNetwork.Network, Devnet.Signers.All).Plan(LeverAction.Resume, "INC-1").Change!;
        return planned with { Steps = [.. planned.Steps.Select(step => step with { Route = new Route { Kind = RouteKind.Safe, Role = "SystemPause.owner", Caller = Devnet.Safe } })] };
    }

    private async Task<ChangeDocument> AuthorizedAsync(Address signer)
    {
        var planned = await PauseAsync();
        var hub = Devnet.Protocol["SystemPause"];
        var function = hub.Abi.Function("pauseWithAuthorization");
        var statement = new PauseStatement { Modules = [], ValidAfter = 0, ValidBefore = 4_000_000_000, Salt = Salt };
        return planned with
        {
            Steps = [new ChangeStep { Module = "SystemPause", Target = hub.Address, Function = function.Signature, Arguments = [], Calldata = function.Encode(Values(signer, statement), Array.Empty<byte>()), Route = new Route { Kind = RouteKind.Authorization, Role = "SystemPause.guardian", Caller = signer, Statement = statement } }],
            Effects = [.. planned.Effects.Select(effect => effect.Contract == "SystemPause" ? effect with { Emits = ["SystemPaused(address,uint256,uint256)", "AuthorizationUsed(address,bytes32,address)"], Writes = ["_spent"] } : effect)],
        };
    }

    private async Task<SignedAuthorization> SignAsync(ChangeDocument change, string name)
    {
        var step = change.Steps[0];
        var schema = TypedSchema.Parse("PauseAuthorization(address signer,address[] modules,uint256 validAfter,uint256 validBefore,bytes32 salt)");
        var document = new TypedDocument(new TypedDomain { Name = "SystemPause", Version = "1", ChainId = ChainId.Local, VerifyingContract = step.Target }, schema, [.. Values(step.Route.Caller, step.Route.Statement!)]);
        var signature = await Devnet.Accounts[name].SignTypedDataAsync(document, CancellationToken.None);
        return new SignedAuthorization { Version = 1, Change = change.Digest(), ChainId = ChainId.Local, Contract = step.Target, Digest = document.Digest, Signer = Devnet.Accounts[name].Address, Signature = signature.ToBytes(), SignedAt = DateTimeOffset.UnixEpoch };
    }

    private static AbiValue[] Values(Address signer, PauseStatement statement) =>
        [signer, new AbiList([.. statement.Modules.Select(module => (AbiValue)module)]), new BigInteger(statement.ValidAfter), new BigInteger(statement.ValidBefore), statement.Salt];

    private async Task<ChangeDocument> ForwardedAsync()
    {
        var planned = await PauseAsync();
        var protocol = Devnet.Protocol;
        var pool = protocol["FeePool"];
        return planned with
        {
            Steps = [new ChangeStep { Module = "FeePool", Target = pool.Address, Function = "pause()", Arguments = [], Calldata = pool.Abi.Function("pause").Encode(), Route = new Route { Kind = RouteKind.Forwarder, Role = "FeePool.owner", Caller = protocol["SystemPause"].Address, Function = "executeGovernanceCall(address,bytes)", Via = new Route { Kind = RouteKind.Safe, Role = "SystemPause.owner", Caller = Devnet.Safe } } }],
            Expected = [.. planned.Expected.Where(expectation => expectation.Target == pool.Address)],
            Effects = [.. planned.Effects.Where(effect => effect.Target == pool.Address)],
        };
    }

    private async Task<Address> SafeOfAsync(IReadOnlyList<Address> owners, int threshold, int salt)
    {
        var code = SafeAbi.ProxyFactory.Function("proxyCreationCode");
        var answer = await Devnet.Client.CallAsync(new CallRequest { To = SafeContracts.ProxyFactory.Address, Data = code.Encode() }, BlockReference.Latest);
        var safe = new SafeDeployment(new SafeQuorum(owners, threshold), salt, code.DecodeOutput(answer)[0].AsBytes());
        await Devnet.SendMinedAsync(Devnet.Accounts["employer"].Address, safe.ProxyFactory, safe.EncodeCreation());
        return safe.Address;
    }

    private async Task HandOverAsync(Address owner)
    {
        await Devnet.CallAsAsync(Devnet.Safe, "SystemPause", "transferOwnership", owner);
        await Devnet.CallAsAsync(owner, "SystemPause", "acceptOwnership");
    }

    private async Task<Address> DeployAsync(byte[] code)
    {
        var from = Devnet.Accounts["employer"].Address;
        var answer = await Devnet.Client.RequestAsync("eth_sendTransaction", writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("from", from.ToString());
            writer.WriteString("input", Hex.Encode(code));
            writer.WriteEndObject();
        });
        var hash = Bytes32.Parse(answer.GetString()!);
        return (await Wait.ForAsync($"the receipt of {hash}", () => Devnet.Client.ReceiptAsync(hash))).ContractAddress!.Value;
    }

    private async Task<SimulationResult> SimulateAsync(ChangeDocument change, SimulationOptions options)
    {
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(Devnet.Url) with { Rounds = 1 }, ChainId.Local, TimeProvider.System);
        return await ChangeSimulation.RunAsync(client, Devnet.Protocol, change, options, CancellationToken.None);
    }
}
