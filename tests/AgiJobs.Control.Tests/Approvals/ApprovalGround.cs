using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Testing;

namespace AgiJobs.Control.Tests.Approvals;

/// <summary>A workspace with people, a policy, a made-up protocol and changes of it, without a chain.</summary>
internal sealed class ApprovalGround : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SyntheticProtocol _synthetic = new SyntheticProtocol().WithWholeLevers(idempotent: true);
    private readonly DevelopmentKeys _keys = new(ChainId.Local);

    public ApprovalGround()
    {
        _synthetic.WriteAbi("Court", "function reportValidatorMisconduct(uint256 roundId, address validator, uint256 amount, string reason)", "function owner() view returns (address)", "function seize(uint256 roundId, address validator, uint256 amount, string reason)");
        _synthetic.Modules.Add(System.Text.Json.Nodes.JsonNode.Parse("""
            {
              "name": "Court", "purpose": "Judges.", "abi": "Court", "levers": [],
              "roles": [ { "name": "owner", "power": "Everything.", "holders": "owner()", "risk": "red" } ],
              "actions": [
                { "function": "reportValidatorMisconduct(uint256,address,uint256,string)", "power": "Slashes.", "category": "slash", "callers": ["owner"], "risk": "red" },
                { "function": "seize(uint256,address,uint256,string)", "power": "Slashes more.", "category": "slash", "callers": ["owner"], "risk": "red" }
              ]
            }
            """));
        _synthetic.Placed["Court"] = new System.Text.Json.Nodes.JsonObject { ["address"] = SyntheticProtocol.AddressOf("Court").ToString() };
        Protocol = _synthetic.Load();
        People =
        [
            Person("ann", [0], Duty.Author),
            Person("bob", [1, 11], Duty.Approver, Duty.Author),
            Person("cid", [2], Duty.Approver),
            Person("dee", [3], Duty.Approver, Duty.Executor),
            Person("eve", [4], Duty.Executor),
            Person("sam", [5], Duty.Security),
            Person("ola", [6], Duty.Operator),
            Person("com", [7], Duty.Commander, Duty.Security),
        ];
    }

    public ManualTime Time { get; } = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    public Protocol Protocol { get; }

    public List<Operator> People { get; }

    public PolicyFile Rules { get; set; } = ApprovalPolicy.Shipped;

    public Workspace Workspace => Workspace.At(_folder.Path, _folder.Path);

    public ApprovalPolicy Policy => ApprovalPolicy.Of(Rules, new OperatorBook(new OperatorsFile { Version = 1, People = People }), "policy.json");

    public StandingStore Standings => new(Workspace, Time);

    public ChangeStore Changes => new(Workspace, Time);

    public FixedSimulation Simulation { get; } = new();

    public FixedMultisig Multisig { get; } = new();

    public List<ISafeguard> Safeguards { get; } = [];

    public ISigner Key(int index) => _keys.Signer(index);

    public Address At(int index) => Key(index).Address;

    public Operator Person(string name, int[] keys, params Duty[] duties) => new() { Name = name, Addresses = [.. keys.Select(At)], Duties = duties };

    public ChangeDocument Pause(string instance = "INC-1", string function = "pauseAll()") => Document("pause-system", instance, function, RouteKind.Direct);

    public ChangeDocument Resume(string instance = "INC-1") => Document("resume-system", instance, "unpauseAll()", RouteKind.Safe);

    public ChangeDocument Other(string instance = "INC-1") => Document("set-parameter", instance, "configure(uint256)", RouteKind.Direct, 7);

    /// <summary>A change that slashes; several amounts make several steps.</summary>
    public ChangeDocument Slash(string instance, int round, int validator, string reason, params int[] amounts)
    {
        var document = Document("slash", instance, "pauseAll()", RouteKind.Direct);
        return document with { Steps = [.. amounts.Select(amount => document.Steps[0] with { Module = "Court", Target = SyntheticProtocol.AddressOf("Court"), Function = "reportValidatorMisconduct(uint256,address,uint256,string)", Calldata = Protocol["Court"].Abi.Function("reportValidatorMisconduct").Encode(round, At(validator), amount, reason) })] };
    }

    public StandingDocument SlashStanding() => Standing("arena-slash") with
    {
        Kinds = ["slash"],
        Modules = [new StandingModule { Name = "Court", Address = SyntheticProtocol.AddressOf("Court") }],
        PerDay = 20,
        Total = 100,
        CoolDownSeconds = 0,
        Slash = new StandingSlash { Function = "reportValidatorMisconduct(uint256,address,uint256,string)", Reasons = ["auto-slash:", "moderation:"], PerRound = new Wei(10), PerDay = new Wei(15), PerValidator = new Wei(12) },
    };

    public FiledChange File(ChangeDocument document) => Changes.File(document, "brief");

    public Task ApproveAsync(FiledChange change, Duty duty, params int[] keys) => Each(keys, key => SignedRecords.ApproveAsync(Workspace, change, duty, Key(key), Time, CancellationToken.None));

    public Task RefuseAsync(FiledChange change, Duty duty, int key, string reason) => SignedRecords.RefuseAsync(Workspace, change, duty, reason, Key(key), Time, CancellationToken.None);

    public ExecutionGate Gate(bool managed = true) => new(managed ? Policy : null, Protocol, Standings, Time)
    {
        ResumePoints = [new MultisigPoint((_, _) => Task.FromResult(Multisig.Standing), _ => null), new SignedPoint("alerts back to normal", "unknown: no monitor ever ran here", demands => [demands.Alerts]), SignedPoint.Checks, SignedPoint.Responders],
        Simulation = Simulation,
        Safeguards = Safeguards,
    };

    public Task<GateDecision> DecideAsync(FiledChange change, int? sender = 4, bool managed = true) => Gate(managed).DecideAsync(change, sender is { } key ? At(key) : null, CancellationToken.None);

    public StandingDocument Standing(string id = "guardian-pause") => new()
    {
        Version = 1,
        Id = id,
        Network = "local",
        ChainId = ChainId.Local,
        Purpose = "Stop at once.",
        Kinds = ["pause-system"],
        Modules = [new StandingModule { Name = "Hub", Address = SyntheticProtocol.AddressOf("Hub") }],
        Routes = [RouteKind.Direct],
        Executors = [At(4)],
        PerDay = 2,
        Total = 3,
        CoolDownSeconds = 60,
        ValidFrom = Time.GetUtcNow(),
        ValidUntil = Time.GetUtcNow() + TimeSpan.FromDays(30),
    };

    public Task<StandingApproval> AddAsync(StandingDocument document, params int[] keys) => Standings.AddAsync(document, [.. keys.Select(Key)], Policy, CancellationToken.None);

    /// <summary>Lets a change count as begun.</summary>
    public void Begin(FiledChange change, params string[] events)
    {
        using var journal = Journal.Open(change.JournalPath, Time);
        foreach (var name in events.Length == 0 ? ["signed"] : events)
        {
            journal.Append(name, new System.Text.Json.Nodes.JsonObject { ["unit"] = "0", ["succeeded"] = true });
        }
    }

    public void Dispose()
    {
        _synthetic.Dispose();
        _folder.Dispose();
    }

    private ChangeDocument Document(string kind, string instance, string function, RouteKind route, params Ethereum.Abi.AbiValue[] arguments)
    {
        var hub = Protocol["Hub"];
        var sample = Tests.Changes.ChangeDocumentTests.Sample;
        return sample with
        {
            Kind = kind,
            Instance = instance,
            Steps = [sample.Steps[0] with { Module = "Hub", Target = hub.Address, Function = function, Arguments = [], Calldata = hub.Abi.Function(function).Encode(arguments), Route = new Route { Kind = route, Role = "Hub.owner", Caller = At(4) } }],
        };
    }

    private static async Task Each(int[] keys, Func<int, Task> act)
    {
        foreach (var key in keys)
        {
            await act(key);
        }
    }

    internal sealed class FixedSimulation : ISimulationReading
    {
        public SimulationVerdict? Verdict { get; set; } = new(false, []);

        public ControlException? Problem { get; set; }

        public Task<SimulationVerdict?> ReadAsync(FiledChange change, CancellationToken cancellation) => Problem is null ? Task.FromResult(Verdict) : throw Problem;
    }

    internal sealed class FixedMultisig
    {
        public MultisigStanding Standing { get; set; } = new(Address.Zero, 2, 2, [], []);
    }
}
