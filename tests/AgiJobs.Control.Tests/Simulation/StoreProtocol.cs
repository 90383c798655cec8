using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing;

namespace AgiJobs.Control.Tests.Simulation;

/// <summary>A protocol with one module that keeps values, on an anvil of its own: values that depend on each other, that do not go back, and that lie in mappings of every sort.</summary>
internal sealed class StoreProtocol : IAsyncDisposable
{
    private const string Source = """
        contract Store {
            struct Stake { uint128 amount; uint64 until; bytes32 note; }
            address public owner;
            bool public paused;
            uint256 public low;
            uint256 public high = 100;
            uint256 public sticky;
            uint256 public rising;
            uint256 public doubled;
            mapping(string => uint256) private _texts;
            mapping(bytes32 => mapping(uint256 => Stake)) private _stakes;
            mapping(bytes => mapping(address => uint256[])) private _lists;
            mapping(bytes32 => string) private _names;

            constructor() { owner = msg.sender; }
            function pause() external { paused = true; }
            function unpause() external { paused = false; }
            function setLow(uint256 value) external { require(value <= high, "low above high"); low = value; }
            function setHigh(uint256 value) external { require(value >= low, "high below low"); high = value; }
            function setSticky(uint256 value) external { sticky = value > sticky ? value : sticky; }
            function setRising(uint256 value) external { require(value >= rising, "only up"); rising = value; }
            function setDoubled() external { doubled = high * 2; }
            function fill(uint256 seed) external {
                string memory text = string.concat("fee", seed == 7 ? ".validator" : ".other.and.a.name.that.is.longer.than.one.word");
                _texts[text] = seed;
                bytes32 key = keccak256(abi.encode(seed, "a key that nobody passes along"));
                _stakes[key][seed + 100].amount = uint128(seed);
                _stakes[key][seed + 100].note = bytes32(seed);
                _lists[abi.encodePacked(key, uint8(seed))][address(uint160(uint256(key)))].push(seed);
                _names[key] = "a name that takes more than the one word that it has";
            }
        }
        """;

    private readonly Anvil _anvil;
    private readonly SyntheticProtocol _synthetic;

    private StoreProtocol(Anvil anvil, SyntheticProtocol synthetic, Address address)
    {
        _anvil = anvil;
        _synthetic = synthetic;
        Protocol = synthetic.Load();
        Address = address;
    }

    public Protocol Protocol { get; }

    public Address Address { get; }

    public Anvil Anvil => _anvil;

    public static Address Owner => AgiJobs.Testing.Anvil.Accounts[0];

    public static async Task<StoreProtocol> StartAsync()
    {
        var anvil = await Anvil.StartAsync();
        var compiled = await Solidity.CompileAsync(Source, "Store");
        var address = (await anvil.ExecuteAsync(Owner, null, compiled.CreationCode)).ContractAddress!.Value;
        var synthetic = new SyntheticProtocol().WithOwnLevers();
        synthetic.Write("config/protocol/abi/Leaf.json", new JsonObject { ["abi"] = JsonNode.Parse(compiled.AbiJson), ["storageLayout"] = JsonNode.Parse(compiled.StorageLayoutJson) }.ToJsonString());
        synthetic.Placed["Alpha"]!["address"] = address.ToString();
        return new StoreProtocol(anvil, synthetic, address);
    }

    public async Task<EthereumClient> ConnectAsync(FaultyRpc? proxy = null) => await EthereumClient.ConnectAsync(RpcOptions.For(proxy?.Url ?? _anvil.Url), ChainId.Local, TimeProvider.System);

    /// <summary>A call of the owner's.</summary>
    public ChangeStep Step(string function, params AbiValue[] arguments)
    {
        var known = Protocol["Alpha"].Abi.Function(function);
        return new ChangeStep { Module = "Alpha", Target = Address, Function = known.Signature, Arguments = [.. arguments.Select(argument => argument.ToString())], Calldata = known.Encode(arguments), Route = new Route { Kind = RouteKind.Direct, Role = "Alpha.owner", Caller = Owner } };
    }

    /// <summary>A change of the store: what its views answer now and then, and the calls that undo it.</summary>
    public ChangeDocument Change(string name, IReadOnlyList<ChangeStep> steps, IReadOnlyList<(string View, int Before, int After)> views, IReadOnlyList<ChangeStep>? back, params IReadOnlyList<string> writes) => new()
    {
        Version = 1,
        Kind = "set-params",
        Network = "local",
        ChainId = ChainId.Local,
        Protocol = "synthetic",
        Instance = name,
        Title = name,
        Risk = Risk.Amber,
        Steps = steps,
        Preconditions = [.. views.Select(view => Expect(view.View, view.Before))],
        Expected = [.. views.Select(view => Expect(view.View, view.After))],
        Effects = [new DeclaredEffect { Contract = "Alpha", Target = Address, Emits = [], Writes = writes.Count > 0 ? writes : [.. views.Select(view => view.View)] }],
        Rollback = new Rollback { Note = "By the calls.", Steps = back },
    };

    public async ValueTask DisposeAsync()
    {
        _synthetic.Dispose();
        await _anvil.DisposeAsync();
    }

    private Expectation Expect(string view, int value)
    {
        var function = Protocol["Alpha"].Abi.Function(view);
        return new Expectation { Subject = $"Alpha.{view}() = {value}", Target = Address, Call = function.Encode(), Result = function.EncodeOutput(value) };
    }
}
