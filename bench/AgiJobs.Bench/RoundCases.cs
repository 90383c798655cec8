using System.Diagnostics;
using System.Numerics;
using AgiJobs.Arena.Orchestration;
using AgiJobs.Arena.Rounds;
using AgiJobs.Arena.Tests.Orchestration;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Storage;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Bench;

/// <summary>
/// A whole round on a local network with five students and seven validators, from its start to the counting of the votes: the orchestrator with its reads of the chain and its store on the disk, and people who
/// answer at once. Its rival is the chain alone: the same transactions, one after the other, on the same state. The ratio is the chain's share of the time.
/// </summary>
internal static class RoundCases
{
    // The local network has a round of its own under way.
    private const long Round = 2;

    private static readonly string[] Students = ["agent-1", "agent-2", "employer", "platform", "moderator"];
    private static readonly string[] Validators = ["validator-1", "validator-2", "validator-3", "pauser", "relayer", "treasury", "guardian"];

    public static IEnumerable<BenchCase> All()
    {
        var side = new Lazy<Side>(() => Wait(Side.StartAsync()));
        yield return new BenchCase("arena, a round with 5 students and 7 validators", () => null, () => "")
        {
            Baseline = "its transactions on the chain alone",
            CountsWallTime = true,
            Timed = () => Wait(side.Value.PlayAsync()),
            TimedRival = () => Wait(side.Value.ReplayAsync()),
        };
    }

    private static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();

    private sealed class Side(TestNetwork network, EthereumClient client, string folder)
    {
        private readonly List<(Address From, Address To, byte[] Input)> _sent = [];
        private string _snapshot = "";
        private int _plays;

        public static async Task<Side> StartAsync()
        {
            var network = await TestNetwork.StartAsync();
            var folder = Directory.CreateTempSubdirectory("agijobs-bench-round-").FullName;
            var client = await EthereumClient.ConnectAsync(RpcOptions.For(network.Url), ChainId.Local, TimeProvider.System);
            AppDomain.CurrentDomain.ProcessExit += (_, _) =>
            {
                client.DisposeAsync().AsTask().GetAwaiter().GetResult();
                network.DisposeAsync().AsTask().GetAwaiter().GetResult();
                Directory.Delete(folder, recursive: true);
            };
            var stakes = network.Protocol["StakeManager"].Address;
            var purse = BigInteger.Pow(10, 18) * 5000;
            foreach (var (names, role) in ((string[], int)[])[(Students[2..], 0), (Validators[3..], 1)])
            {
                foreach (var account in names.Select(name => network.Accounts[name].Address))
                {
                    await network.CallAsAsync(network.Accounts["deployer"].Address, "Token", "transfer", account, purse);
                    await network.CallAsAsync(account, "TaxPolicy", "acknowledge");
                    await network.CallAsAsync(network.Safe, "IdentityRegistry", "setAllowed", role, account, true);
                    await network.CallAsAsync(account, "Token", "approve", stakes, purse);
                    await network.CallAsAsync(account, "StakeManager", "depositStake", role, BigInteger.Pow(10, 18) * 1000);
                }
            }

            var arena = await new ArenaContract(client, network.Protocol).ReadAsync([]);
            await network.CallAsAsync(network.Safe, "SelfPlayArena", "setCommitteeParameters", Validators.Length, arena.ValidatorStake.Value);
            return new Side(network, client, folder) { _snapshot = await network.SnapshotAsync() };
        }

        public async Task<TimeSpan> PlayAsync()
        {
            await BackAsync();
            var first = (await client.BlockNumberAsync()).Value;
            await using var store = await StateStore.OpenAsync(StateLocation.File(Path.Combine(folder, $"{_plays++}.db")), TimeProvider.System, CancellationToken.None);
            var scene = new ArenaScene(network, client) { Students = Students, Validators = Validators };
            var orchestrator = scene.NewOrchestrator(client, store, new CountedStandings());
            var log = new RunLog(store, TestNetwork.Network, TimeProvider.System);
            var watch = Stopwatch.StartNew();
            RunRecord? run = null;
            for (var look = 0; run is null; look++)
            {
                _ = await orchestrator.TickAsync(CancellationToken.None);
                await scene.PlayAsync(Round);
                run = (await log.AllAsync(CancellationToken.None)).FirstOrDefault(one => one.Ended is not null);
                if (look > 2000)
                {
                    throw new InvalidOperationException("The round does not end.");
                }
            }

            var took = watch.Elapsed;
            if (run.Ended!.Outcome != "finalised")
            {
                throw new InvalidOperationException($"The round was {run.Ended.Outcome}: {run.Ended.Code}.");
            }

            await RememberAsync(first + 1);
            return took;
        }

        public async Task<TimeSpan> ReplayAsync()
        {
            if (_sent.Count == 0)
            {
                _ = await PlayAsync();
            }

            await BackAsync();
            var watch = Stopwatch.StartNew();
            foreach (var (from, to, input) in _sent)
            {
                await network.SendMinedAsync(from, to, input);
            }

            return watch.Elapsed;
        }

        private async Task BackAsync()
        {
            await network.RevertAsync(_snapshot);
            _snapshot = await network.SnapshotAsync();
        }

        // The transactions of the round in the chain's order.
        private async Task RememberAsync(ulong from)
        {
            _sent.Clear();
            for (var number = from; number <= (await client.BlockNumberAsync()).Value; number++)
            {
                var block = await client.RequestAsync("eth_getBlockByNumber", writer =>
                {
                    writer.WriteStringValue(Hex.EncodeQuantity(number));
                    writer.WriteBooleanValue(true);
                });
                _sent.AddRange(block.GetProperty("transactions").EnumerateArray().Select(sent => (Address.ParseAnyCase(sent.GetProperty("from").GetString()!), Address.ParseAnyCase(sent.GetProperty("to").GetString()!), Hex.Decode(sent.GetProperty("input").GetString()!))));
            }
        }
    }
}
