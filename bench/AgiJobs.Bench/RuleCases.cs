using System.Diagnostics;
using System.Globalization;
using System.Text;
using AgiJobs.Control.Description;
using AgiJobs.Control.Files;
using AgiJobs.Control.OnCall;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Alerts;
using AgiJobs.Response.Alerts.Escalation;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Watching;
using AgiJobs.Storage;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Bench;

/// <summary>How long a block takes from its arrival until its alert waits to be sent, and whether 1,000 rules keep up with blocks of one second.</summary>
internal static class RuleCases
{
    private const int Rules = 1000;
    private const int LogsPerBlock = 50;
    private const int Blocks = 200;
    private const string Channel = "log";
    private const string Network = "bench";

    public static IEnumerable<BenchCase> All()
    {
        var ground = new Lazy<RuleGround>(Ground);
        var shipped = new Lazy<IReadOnlyList<MonitoringRule>>(() => JsonFile.Parse(Shop().ShippedRules("agi-jobs")!, "agi-jobs.json", WorkspaceJson.Default.MonitoringRulesFile).Rules);
        var few = new Lazy<IDetectorSet>(() => Compile(ground.Value, shipped.Value));
        var many = new Lazy<IDetectorSet>(() => Compile(ground.Value, [.. Enumerable.Range(0, Rules).Select(i => shipped.Value[i % shipped.Value.Count] with { Name = string.Create(CultureInfo.InvariantCulture, $"{shipped.Value[i % shipped.Value.Count].Name}-{i}") })]));
        var node = new Lazy<GeneratedNode>(() => GeneratedNode.StartAsync(Blocks, _ => Logs(ground.Value)).GetAwaiter().GetResult());
        var block = new Lazy<WatchedBlock>(() => Block(ground.Value));
        yield return new BenchCase(string.Create(CultureInfo.InvariantCulture, $"a block of {LogsPerBlock} logs examined by {Rules:N0} rules"), () => Examine(many.Value, block.Value), () => "")
        {
            Baseline = "by the rules that ship",
            Rival = () => Examine(few.Value, block.Value),
        };
        yield return new BenchCase(string.Create(CultureInfo.InvariantCulture, $"{Rules:N0} rules, a block read, examined and committed"), () => null, () => "")
        {
            Baseline = "the second between blocks",
            Timed = () => Of(FollowAsync(node.Value, many.Value, 20, isAlarm: false).GetAwaiter().GetResult(), 0.5),
            TimedRival = () => TimeSpan.FromSeconds(1),
            Target = 1,
        };
        foreach (var (name, share) in ((string, double)[])[("p50", 0.5), ("p99", 0.99)])
        {
            yield return new BenchCase(string.Create(CultureInfo.InvariantCulture, $"block arrived to alert enqueued, {name} of {Blocks} blocks"), () => null, () => "")
            {
                Baseline = "its header and its logs read",
                Timed = () => Of(FollowAsync(node.Value, few.Value, Blocks, isAlarm: true).GetAwaiter().GetResult(), share),
                TimedRival = () => Of(ReadAsync(node.Value).GetAwaiter().GetResult(), share),
            };
        }
    }

    private static int Examine(IDetectorSet set, WatchedBlock block)
    {
        var answers = new StateAnswers(set.Needs.Reads.ToDictionary(read => read, _ => new StateAnswer("0x0000000000000000000000000000000000000000000000000de0b6b3a7640000", null)));
        return set.Examine(set.Begin(), block, answers).Findings.Count;
    }

    // One new block after the other, each read from the node, examined, and committed with what its findings lead to.
    private static async Task<List<TimeSpan>> FollowAsync(GeneratedNode node, IDetectorSet set, int blocks, bool isAlarm)
    {
        var folder = Directory.CreateTempSubdirectory("agijobs-bench-").FullName;
        try
        {
            await using var store = await StateStore.OpenAsync(StateLocation.File(Path.Combine(folder, "state.db")), TimeProvider.System);
            return await FollowAsync(node, set, blocks, isAlarm, store);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<List<TimeSpan>> FollowAsync(GeneratedNode node, IDetectorSet set, int blocks, bool isAlarm, IStateStore store)
    {
        var settings = new AlertSettings(Network, ChainId.Local) { Plan = new OnCallPlan(OnCall()) };
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(node.Url), ChainId.Local, TimeProvider.System);
        using var monitor = new ChainMonitor(
            store,
            _ => Task.FromResult<IWatchedChain>(new NodeChain(client)),
            WatchTrack.Of([isAlarm ? new AlarmSet(set) : set]),
            new MonitorOptions
            {
                Network = Network,
                ChainId = ChainId.Local,
                Name = "main",
                From = 1,
                SkewLimit = TimeSpan.FromDays(100_000),
                Take = (findings, now, cancellation) => AlertBook.TakeAsync(store, settings, findings, now, cancellation),
            },
            TimeProvider.System);
        node.Head = 0;
        _ = await monitor.TickAsync(CancellationToken.None);
        var times = new List<TimeSpan>();
        for (var number = 1; number <= blocks; number++)
        {
            node.Head = number;
            var watch = Stopwatch.StartNew();
            var tick = await monitor.TickAsync(CancellationToken.None);
            times.Add(watch.Elapsed);
            if (tick is not { State: MonitorState.Watching, Behind: 0 } || tick.Told.Count == 0)
            {
                throw new InvalidOperationException($"block {number}: {tick.State}, {tick.Behind} behind, {tick.Told.Count} findings: {tick.Why}");
            }
        }

        return isAlarm && (await store.OutboxAsync(settings.Places.Outbox(Channel))).Waiting < blocks ? throw new InvalidOperationException("not every block led to a message") : times;
    }

    private static async Task<List<TimeSpan>> ReadAsync(GeneratedNode node)
    {
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(node.Url), ChainId.Local, TimeProvider.System);
        var times = new List<TimeSpan>();
        for (var number = 1; number <= Blocks; number++)
        {
            node.Head = number;
            var watch = Stopwatch.StartNew();
            var header = await client.BlockAsync(BlockReference.Latest);
            var logs = await client.LogsAsync(new LogFilter { BlockHash = header!.Hash });
            times.Add(watch.Elapsed);
            if (logs.Count != LogsPerBlock)
            {
                throw new InvalidOperationException($"{logs.Count} logs came.");
            }
        }

        return times;
    }

    private static TimeSpan Of(List<TimeSpan> times, double share)
    {
        times.Sort();
        return times[(int)Math.Ceiling(times.Count * share) - 1];
    }

    private static Workspace Shop() => Workspace.At(Path.Combine(AppContext.BaseDirectory, "no-workspace"), TestNetwork.ShippedConfig);

    private static RuleGround Ground()
    {
        var workspace = Shop();
        var names = JsonFile.Read(workspace.ProtocolPath("agi-jobs.json"), WorkspaceJson.Default.ProtocolFile).Modules.Select(module => module.Name);
        return new RuleGround
        {
            Network = Network,
            ChainId = ChainId.Local,
            Protocol = Protocol.Load(workspace, new ManifestFile { Version = 1, Protocol = "agi-jobs", Modules = names.ToDictionary(name => name, name => new ManifestModule { Address = new Address(Keccak256.Hash(name).ToBytes().AsSpan(12)) }, StringComparer.Ordinal) }),
            Safe = new Address(Keccak256.Hash("the Safe").ToBytes().AsSpan(12)),
        };
    }

    private static IDetectorSet Compile(RuleGround ground, IReadOnlyList<MonitoringRule> rules) =>
        new RuleCompiler(ground).Compile([.. rules.Select((rule, index) => new RuleSource("bench.json", index, rule))]).Sets[0];

    // Ordinary deposits, and one pause.
    private static IReadOnlyList<GeneratedLog> Logs(RuleGround ground) =>
        [.. Enumerable.Range(0, LogsPerBlock - 1).Select(i => Log(ground, "StakeManager", "StakeDeposited", ground.Safe!.Value, 0, i, i)), Log(ground, "FeePool", "Paused", ground.Safe!.Value)];

    private static GeneratedLog Log(RuleGround ground, string module, string @event, params AbiValue[] values)
    {
        var (topics, data) = ground.Protocol[module].Abi.Event(@event).Encode(values);
        return new GeneratedLog(ground.Protocol[module].Address, topics, data);
    }

    private static WatchedBlock Block(RuleGround ground)
    {
        var hash = Keccak256.Hash("block");
        return new WatchedBlock(
            new BlockHeader(new BlockNumber(1), hash, Bytes32.Zero, DateTimeOffset.FromUnixTimeSeconds(1_800_000_000), new Gas(0), new Gas(0), null, []),
            [.. Logs(ground).Select((log, index) => new LogEntry(log.Address, log.Topics, log.Data, new BlockNumber(1), hash, Keccak256.Hash(BitConverter.GetBytes(index)), 0, (ulong)index, false))],
            null);
    }

    private static OnCallFile OnCall() => JsonFile.Parse(
        Encoding.UTF8.GetBytes("""
            {
              "version": 1,
              "channels": [ { "name": "log", "kind": "log", "path": "alerts.jsonl" } ],
              "contacts": [],
              "rotations": [],
              "policies": [ { "name": "all", "steps": [ { "channels": ["log"] } ] } ],
              "severities": [
                { "severity": "SEV-0", "policy": "all", "acknowledge": "5m", "renotify": "15m" }, { "severity": "SEV-1", "policy": "all", "acknowledge": "5m", "renotify": "15m" },
                { "severity": "SEV-2", "policy": "all", "acknowledge": "5m", "renotify": "15m" }, { "severity": "SEV-3", "policy": "all", "acknowledge": "5m", "renotify": "15m" }
              ],
              "storm": 1000000
            }
            """),
        "oncall.json",
        WorkspaceJson.Default.OnCallFile);

    // Finds something new in each block besides, that is told on its own.
    private sealed class AlarmSet(IDetectorSet inner) : IDetectorSet
    {
        public int Confirmations => inner.Confirmations;

        public Bytes32 Digest => inner.Digest;

        public BlockNeeds Needs => inner.Needs;

        public IDetectorMemory Begin() => inner.Begin();

        public IDetectorMemory Read(string encoded) => inner.Read(encoded);

        public Examination Examine(IDetectorMemory memory, WatchedBlock block, StateAnswers answers)
        {
            var done = inner.Examine(memory, block, answers);
            var name = $"alarm-{block.Header.Number}";
            return done with
            {
                Findings =
                [
                    .. done.Findings,
                    new Finding
                    {
                        Id = name,
                        Fingerprint = name,
                        Kind = FindingKind.Firing,
                        // Of one rule, they would be one page.
                        Rule = name,
                        Source = "bench",
                        Network = RuleCases.Network,
                        Severity = Severity.Sev1,
                        Title = name,
                        Subject = name,
                        Place = new ChainPlace(block.Header.Number, block.Header.Hash!.Value, block.Header.Timestamp),
                        Facts = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["group"] = name },
                    },
                ],
            };
        }
    }
}
