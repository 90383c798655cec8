using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Simulation;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing;

namespace AgiJobs.Control.Tests.Simulation;

/// <summary>Modules whose pause does more than it says, each in another way.</summary>
public sealed class HostileModuleTests : IAsyncLifetime
{
    private const string Source = """
        contract Other {
            uint256 public touched;
            mapping(address => uint256) public balances;
            function touch() external { touched += 1; }
            function look() external {}
            receive() external payable {}
        }
        contract Library {
            address private owner;
            function take() external { owner = address(0xdead); }
        }
        contract Hostile {
            address public owner;
            bool public paused;
            uint64 private _pausedAt;
            uint256 public fee;
            mapping(address => mapping(uint256 => uint256)) private _ledger;
            uint256 public mode;
            Other public other;
            Library private _library;
            string private _note;

            event Paused(address account);
            event OwnershipTransferred(address indexed from, address indexed to);

            constructor(uint256 initial) payable {
                owner = msg.sender;
                mode = initial;
                other = new Other();
                _library = new Library();
            }

            function pause() external {
                require(msg.sender == owner, "owner");
                paused = true;
                _pausedAt = uint64(block.timestamp);
                emit Paused(msg.sender);
                if (mode == 1) owner = address(0xbeef);
                if (mode == 2) fee = 99;
                if (mode == 3) emit OwnershipTransferred(owner, address(0xbeef));
                if (mode == 4) payable(address(other)).transfer(1 ether);
                if (mode == 5) other.touch();
                if (mode == 6) other.look();
                if (mode == 7) { (bool ok,) = address(_library).delegatecall(abi.encodeCall(Library.take, ())); require(ok); }
                if (mode == 8) new Other();
                if (mode == 9) selfdestruct(payable(address(0xbeef)));
                if (mode == 10) _ledger[msg.sender][7] = 5;
                if (mode == 11) paused = false;
                if (mode == 12) assembly { sstore(0x123456789, 42) }
                if (mode == 13) _note = "short";
                if (mode == 14) payable(msg.sender).transfer(2 ether);
            }

            function unpause() external { paused = false; }
        }
        """;

    private Anvil _anvil = null!;
    private CompiledContract _compiled = null!;

    private static Address Owner => Anvil.Accounts[0];

    public async ValueTask InitializeAsync()
    {
        _anvil = await Anvil.StartAsync();
        _compiled = await Solidity.CompileAsync(Source, "Hostile");
    }

    public ValueTask DisposeAsync() => _anvil.DisposeAsync();

    [Fact]
    public async Task A_module_that_does_what_it_says_is_not_held_up()
    {
        var result = await SimulateAsync(0);
        Assert.Equal([], result.Findings);
        Assert.Equal(["_pausedAt", "paused"], result.Transactions[0].Storage.Select(write => write.Variable!).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(1, "owner of Alpha is changed from")]
    [InlineData(2, "fee of Alpha is changed from 0 to 99")]
    [InlineData(3, "Alpha emits OwnershipTransferred(")]
    [InlineData(4, "Alpha sends 1.0 ether to")]
    [InlineData(5, "Alpha calls")]
    [InlineData(5, "storage slot 0x0000000000000000000000000000000000000000000000000000000000000000 of 0x")]
    [InlineData(6, "Alpha calls")]
    [InlineData(7, "Alpha runs the code of")]
    [InlineData(7, "owner of Alpha is changed from")]
    [InlineData(8, "is made")]
    [InlineData(9, "the balance of 0x000000000000000000000000000000000000bEEF changes by 5.0 ether")]
    [InlineData(9, "the code at Alpha is made to destroy itself")]
    [InlineData(10, "_ledger[0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266][7] of Alpha is changed from 0 to 5")]
    [InlineData(12, "storage slot 0x0000000000000000000000000000000000000000000000000000000123456789 of Alpha")]
    [InlineData(13, "_note of Alpha is changed from \"\" to \"short\"")]
    [InlineData(14, "Alpha sends 2.0 ether to")]
    public async Task What_a_pause_does_besides_blocks_it_and_is_named(int mode, string named)
    {
        var result = await SimulateAsync(mode);
        Assert.Equal(ExitCode.Refused, result.Exit);
        Assert.All(result.Blocks, finding => Assert.Equal("simulation-undeclared", finding.Code));
        Assert.Contains(result.Blocks, finding => finding.Message.Contains(named, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("eth_simulateV1")]
    [InlineData("debug_traceCall")]
    public async Task Events_and_coin_are_seen_by_either_means_alone(string missing)
    {
        foreach (var mode in (int[])[3, 4])
        {
            Assert.NotEmpty((await SimulateAsync(mode, missing)).Blocks);
        }
    }

    [Fact]
    public async Task A_pause_that_leaves_the_module_running_is_said_and_does_not_block()
    {
        var result = await SimulateAsync(11);
        Assert.Empty(result.Blocks);
        Assert.Equal("Alpha would still run.", Assert.Single(result.Findings, finding => finding.Code == "simulation-not-reached").Message);
        Assert.False(Assert.Single(result.Expected).Holds);
    }

    [Fact]
    public async Task Another_modules_paused_bit_that_moves_blocks()
    {
        var alpha = await DeployAsync(0);
        var beta = await DeployAsync(0);
        using var synthetic = Synthetic(alpha, beta);
        var protocol = synthetic.Load();

        // The call is made to Beta, whose bit the change says nothing about.
        var change = Change(protocol, alpha) with { Steps = [Change(protocol, alpha).Steps[0] with { Target = beta }] };
        await using var client = await _anvil.ConnectAsync();
        var result = await ChangeSimulation.RunAsync(client, protocol, change, null, CancellationToken.None);
        Assert.Contains(result.Blocks, finding => finding.Message.StartsWith("Not declared: Beta.paused() becomes 0x00", StringComparison.Ordinal));
    }

    private async Task<SimulationResult> SimulateAsync(int mode, string? missing = null)
    {
        var alpha = await DeployAsync(mode);
        using var synthetic = Synthetic(alpha, null);
        var protocol = synthetic.Load();
        await using var proxy = FaultyRpc.InFrontOf(_anvil);
        if (missing is not null)
        {
            proxy.On(missing).Error(-32601, "no such method");
        }

        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(proxy.Url), ChainId.Local, TimeProvider.System);
        return await ChangeSimulation.RunAsync(client, protocol, Change(protocol, alpha), null, CancellationToken.None);
    }

    private async Task<Address> DeployAsync(int mode) =>
        (await _anvil.ExecuteAsync(Owner, null, ContractAbi.FromJson(_compiled.AbiJson).Constructor.Encode(_compiled.CreationCode, mode), Wei.FromEther("5"))).ContractAddress!.Value;

    private SyntheticProtocol Synthetic(Address alpha, Address? beta)
    {
        var synthetic = new SyntheticProtocol().WithOwnLevers();
        synthetic.Write("config/protocol/abi/Leaf.json", new JsonObject { ["abi"] = JsonNode.Parse(_compiled.AbiJson), ["storageLayout"] = JsonNode.Parse(_compiled.StorageLayoutJson) }.ToJsonString());
        synthetic.Placed["Alpha"]!["address"] = alpha.ToString();
        if (beta is { } second)
        {
            synthetic.Placed["Beta"]!["address"] = second.ToString();
        }

        return synthetic;
    }

    private static ChangeDocument Change(Protocol protocol, Address alpha)
    {
        var module = protocol["Alpha"];
        return new ChangeDocument
        {
            Version = 1,
            Kind = "pause-system",
            Network = "local",
            ChainId = ChainId.Local,
            Protocol = "synthetic",
            Instance = "T-1",
            Title = "Pause Alpha",
            Risk = Risk.Red,
            Steps = [new ChangeStep { Module = "Alpha", Target = alpha, Function = "pause()", Arguments = [], Calldata = module.Abi.Function("pause").Encode(), Route = new Route { Kind = RouteKind.Direct, Role = "Alpha.owner", Caller = Owner } }],
            Preconditions = [],
            Expected = [new Expectation { Subject = "Alpha.paused() = true", Target = alpha, Call = module.Paused!.Encode(), Result = module.Paused.EncodeOutput(true) }],
            Effects = [new DeclaredEffect { Contract = "Alpha", Target = alpha, Emits = ["Paused(address)"], Writes = ["paused", "_pausedAt"] }],
            Rollback = new Rollback { Note = "Resume it." },
        };
    }
}
