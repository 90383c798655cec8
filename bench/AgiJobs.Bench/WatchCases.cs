using System.Globalization;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Watching;
using AgiJobs.Storage;

namespace AgiJobs.Bench;

/// <summary>Backfill of a generated chain, which a server in this process answers from memory, against the bare download of its logs from the same server.</summary>
internal static class WatchCases
{
    private const int Blocks = 2_000;
    private const int LogsPerBlock = 50;
    private const int Range = 100;
    private const int InFlight = 4;

    private static readonly Address Contract = Address.Parse("0x00000000000000000000000000000000000e1234");

    // Made once: what is measured is the backfill and not the making of a database.
    private static readonly Lazy<IStateStore> Store = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("agijobs-bench-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return StateStore.OpenAsync(StateLocation.File(Path.Combine(folder, "state.db")), TimeProvider.System).GetAwaiter().GetResult();
    });

    private static int _runs;

    public static IEnumerable<BenchCase> All()
    {
        var node = new Lazy<GeneratedNode>(() => GeneratedNode.StartAsync(Blocks, _ => [.. Enumerable.Range(0, LogsPerBlock).Select(log => new GeneratedLog(Contract, [HashOf(-1), HashOf(log)], Enumerable.Repeat((byte)0x11, 64).ToArray()))]).GetAwaiter().GetResult());
        yield return new BenchCase(
            string.Create(CultureInfo.InvariantCulture, $"backfill, {Blocks * LogsPerBlock:N0} logs in {Blocks:N0} blocks"),
            () => FollowAsync(node.Value).GetAwaiter().GetResult(),
            () => "")
        {
            Baseline = "bare eth_getLogs",
            Rival = () => DownloadAsync(node.Value).GetAwaiter().GetResult(),
            CountsWallTime = true,
            Target = 1 / 1.3,
        };
    }

    private static Bytes32 HashOf(int number) => Keccak256.Hash(BitConverter.GetBytes(number));

    // The whole of it: headers, parent hashes, logs, examination, cursor, coverage and checkpoints committed to a file.
    private static async Task<long> FollowAsync(GeneratedNode node)
    {
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(node.Url), ChainId.Local, TimeProvider.System);
        var set = new SumSet();
        using var monitor = new ChainMonitor(
            Store.Value,
            _ => Task.FromResult<IWatchedChain>(new NodeChain(client)),
            WatchTrack.Of([set]),
            new MonitorOptions { Network = "bench", ChainId = ChainId.Local, Name = string.Create(CultureInfo.InvariantCulture, $"run-{Interlocked.Increment(ref _runs)}"), From = 1, MaxRange = Range, InFlight = InFlight, SkewLimit = TimeSpan.FromDays(100_000) },
            TimeProvider.System);
        while (await monitor.TickAsync(CancellationToken.None) is not { State: MonitorState.Watching, Behind: 0 })
        {
        }

        return set.Logs == Blocks * LogsPerBlock ? set.Logs : throw new InvalidOperationException($"{set.Logs} logs were examined.");
    }

    private static async Task<long> DownloadAsync(GeneratedNode node)
    {
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(node.Url), ChainId.Local, TimeProvider.System);
        long logs = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, Blocks / Range), new ParallelOptions { MaxDegreeOfParallelism = InFlight }, async (part, cancellation) =>
        {
            var from = ((ulong)part * Range) + 1;
            var found = await client.LogsAsync(new LogFilter { From = BlockReference.At(new BlockNumber(from)), To = BlockReference.At(new BlockNumber(from + Range - 1)), Addresses = [Contract] }, cancellation);
            Interlocked.Add(ref logs, found.Count);
        });
        return logs == Blocks * LogsPerBlock ? logs : throw new InvalidOperationException($"{logs} logs came.");
    }

    private sealed class SumSet : IDetectorSet
    {
        public long Logs { get; private set; }

        public int Confirmations => 0;

        public Bytes32 Digest { get; } = Keccak256.Hash("bench"u8);

        public BlockNeeds Needs { get; } = new([Contract], null, false, []);

        public IDetectorMemory Begin() => new Nothing();

        public IDetectorMemory Read(string encoded) => new Nothing();

        public Examination Examine(IDetectorMemory memory, WatchedBlock block, StateAnswers answers)
        {
            Logs += block.Logs.Count;
            return new Examination(memory, []);
        }

        private sealed record Nothing : IDetectorMemory
        {
            public string Encode() => "null";
        }
    }
}
