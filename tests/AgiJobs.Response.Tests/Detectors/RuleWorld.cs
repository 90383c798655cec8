using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Watching;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Response.Tests.Detectors;

/// <summary>The shipped protocol at made-up addresses, and blocks of a made-up chain.</summary>
internal sealed class RuleWorld : IDisposable
{
    public static readonly Address Alice = Address.Parse("0x70997970C51812dc3A010C7d01b50e0d17dc79C8");
    public static readonly Address Bob = Address.Parse("0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC");

    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-rules-").FullName;

    public RuleWorld(params string[] left)
    {
        Workspace = Workspace.At(_folder, TestNetwork.ShippedConfig);
        var described = JsonFile.Read(Workspace.ProtocolPath("agi-jobs.json"), WorkspaceJson.Default.ProtocolFile).Modules.Select(module => module.Name).ToList();
        var manifest = new ManifestFile { Version = 1, Protocol = "agi-jobs", Modules = described.Where(name => !left.Contains(name)).ToDictionary(name => name, name => new ManifestModule { Address = AddressOf(name) }, StringComparer.Ordinal) };
        Ground = new RuleGround
        {
            Network = "test",
            ChainId = new ChainId(31337),
            Protocol = Protocol.Load(Workspace, manifest),
            Safe = AddressOf("the Safe"),
            ChangeOf = hash => Changes.GetValueOrDefault(hash),
        };
    }

    public Workspace Workspace { get; }

    public RuleGround Ground { get; set; }

    public Dictionary<Bytes32, string> Changes { get; } = [];

    public static Address AddressOf(string name) => new(Keccak256.Hash(name).ToBytes().AsSpan(12));

    public static Bytes32 HashOf(string text) => Keccak256.Hash(text);

    /// <summary>Reads rules as a file would have them: a name, a severity and a title are added where there are none.</summary>
    public static IReadOnlyList<RuleSource> Sources(params string[] rules)
    {
        var array = new JsonArray([.. rules.Select((text, index) =>
        {
            var rule = JsonNode.Parse(text)!.AsObject();
            rule.TryAdd("name", $"rule-{index}");
            rule.TryAdd("severity", "SEV-1");
            rule.TryAdd("title", "something happened");
            return (JsonNode)rule;
        })]);
        var file = JsonFile.Parse(Encoding.UTF8.GetBytes(new JsonObject { ["version"] = 1, ["rules"] = array }.ToJsonString()), "test.json", WorkspaceJson.Default.MonitoringRulesFile);
        return [.. file.Rules.Select((rule, index) => new RuleSource("test.json", index, rule))];
    }

    public RuleCheck Check(params string[] rules) => new RuleCompiler(Ground).Check(Sources(rules));

    public IDetectorSet Set(params string[] rules) => Assert.Single(Check(rules).Require().Sets);

    public LogEntry Log(string module, string @event, string transaction, ulong index, params AbiValue[] values) =>
        Log(Ground.Protocol[module].Address, Ground.Protocol[module].Abi.Event(@event), transaction, index, values);

    public static LogEntry Log(Address address, AbiEvent @event, string transaction, ulong index, params AbiValue[] values)
    {
        var (topics, data) = @event.Encode(values);
        return new LogEntry(address, topics, data, null, null, HashOf(transaction), 0, index, false);
    }

    public static WatchedBlock Block(ulong number, params LogEntry[] logs) => Block(number, logs, null);

    public static WatchedBlock Block(ulong number, LogEntry[] logs, IReadOnlyList<TransactionInfo>? transactions)
    {
        var hash = HashOf(number.ToString(CultureInfo.InvariantCulture));
        return new WatchedBlock(
            new BlockHeader(new BlockNumber(number), hash, Bytes32.Zero, DateTimeOffset.FromUnixTimeSeconds(1_800_000_000 + ((long)number * 12)), new Gas(0), new Gas(0), null, []),
            [.. logs.Select(log => log with { BlockNumber = new BlockNumber(number), BlockHash = hash })],
            transactions);
    }

    /// <summary>Examines blocks one after the other, with the memory read anew before each.</summary>
    public static List<Finding> Run(IDetectorSet set, IEnumerable<WatchedBlock> blocks, Func<WatchedBlock, StateAnswers>? answers = null)
    {
        var (memory, found) = (set.Begin(), new List<Finding>());
        foreach (var block in blocks)
        {
            var done = set.Examine(set.Read(memory.Encode()), block, answers?.Invoke(block) ?? StateAnswers.None);
            found.AddRange(done.Findings);
            memory = done.Memory;
        }

        return found;
    }

    public StateAnswers Answer(IDetectorSet set, string module, string view, params AbiValue[] values)
    {
        var function = Ground.Protocol[module].Abi.Function(view);
        var read = Assert.Single(set.Needs.Reads);
        return new StateAnswers(new Dictionary<StateRead, StateAnswer> { [read] = new(Hex.Encode(function.EncodeOutput(values)), null) });
    }

    public static AbiValue Tokens(long amount) => AgiJobs.Ethereum.FixedPoint.Parse(amount.ToString(CultureInfo.InvariantCulture), 18);

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
