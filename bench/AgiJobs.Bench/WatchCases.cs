using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Watching;
using AgiJobs.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

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
        var node = new Lazy<GeneratedNode>(() => GeneratedNode.StartAsync().GetAwaiter().GetResult());
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

    // Every answer is made before anything is timed, but for what joins the parts of a range.
    private sealed class GeneratedNode
    {
        private readonly byte[][] _headers = new byte[Blocks + 1][];
        private readonly byte[][] _logs = new byte[Blocks + 1][];

        public string Url { get; private set; } = "";

        public static async Task<GeneratedNode> StartAsync()
        {
            var node = new GeneratedNode();
            for (var number = 0; number <= Blocks; number++)
            {
                node._headers[number] = Encoding.UTF8.GetBytes($$"""{"number":"0x{{number:x}}","hash":"{{HashOf(number)}}","parentHash":"{{HashOf(number - 1)}}","timestamp":"0x{{1_700_000_000 + (12 * number):x}}","gasLimit":"0x1c9c380","gasUsed":"0x0","baseFeePerGas":"0x7","logsBloom":"0x{{new string('0', 512)}}","transactions":[]}""");
                node._logs[number] = Encoding.UTF8.GetBytes(string.Join(',', Enumerable.Range(0, number == 0 ? 0 : LogsPerBlock).Select(log => $$"""{"address":"{{Hex.Encode(Contract.ToBytes())}}","topics":["{{HashOf(-1)}}","{{HashOf(log)}}"],"data":"0x{{new string('1', 128)}}","blockNumber":"0x{{number:x}}","blockHash":"{{HashOf(number)}}","transactionHash":"{{HashOf((number * 100) + log)}}","transactionIndex":"0x{{log:x}}","logIndex":"0x{{log:x}}","removed":false}""")));
            }

            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
            var app = builder.Build();
            app.Run(node.AnswerAsync);
            await app.StartAsync(CancellationToken.None);
            node.Url = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
            return node;
        }

        private static Bytes32 HashOf(int number) => Keccak256.Hash(BitConverter.GetBytes(number));

        private async Task AnswerAsync(HttpContext context)
        {
            using var request = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
            var buffer = new ArrayBufferWriter<byte>(1 << 16);
            if (request.RootElement.ValueKind == JsonValueKind.Array)
            {
                buffer.Write("["u8);
                var isFirst = true;
                foreach (var one in request.RootElement.EnumerateArray())
                {
                    buffer.Write(isFirst ? ""u8 : ","u8);
                    isFirst = false;
                    Answer(buffer, one);
                }

                buffer.Write("]"u8);
            }
            else
            {
                Answer(buffer, request.RootElement);
            }

            context.Response.ContentType = "application/json";
            context.Response.ContentLength = buffer.WrittenCount;
            await context.Response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted);
        }

        private void Answer(ArrayBufferWriter<byte> buffer, JsonElement request)
        {
            buffer.Write(Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","id":{{request.GetProperty("id").GetRawText()}},"result":"""));
            var parameters = request.GetProperty("params");
            switch (request.GetProperty("method").GetString())
            {
                case "eth_chainId":
                    buffer.Write("\"0x7a69\""u8);
                    break;
                case "eth_getCode":
                    buffer.Write("\"0x\""u8);
                    break;
                case "eth_getBlockByNumber":
                    buffer.Write(NumberOf(parameters[0]) is var number && number <= Blocks ? _headers[number] : "null"u8);
                    break;
                case "eth_getLogs":
                    buffer.Write("["u8);
                    var isFirst = true;
                    for (var block = NumberOf(parameters[0].GetProperty("fromBlock")); block <= Math.Min(Blocks, NumberOf(parameters[0].GetProperty("toBlock"))); block++)
                    {
                        if (_logs[block].Length > 0)
                        {
                            buffer.Write(isFirst ? ""u8 : ","u8);
                            isFirst = false;
                            buffer.Write(_logs[block]);
                        }
                    }

                    buffer.Write("]"u8);
                    break;
                default:
                    buffer.Write("null"u8);
                    break;
            }

            buffer.Write("}"u8);
        }

        private static int NumberOf(JsonElement text) => text.GetString() is "latest" ? Blocks : int.Parse(text.GetString().AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
