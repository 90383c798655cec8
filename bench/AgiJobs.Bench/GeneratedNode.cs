using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Hashing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AgiJobs.Bench;

/// <summary>A log of a generated chain.</summary>
internal sealed record GeneratedLog(Address Address, IReadOnlyList<Bytes32> Topics, byte[] Data);

/// <summary>A node in this process whose chain is made up. Every answer is made before anything is timed, but for what joins the parts of a range.</summary>
internal sealed class GeneratedNode
{
    private readonly byte[][] _headers;
    private readonly byte[][] _logs;
    private readonly Dictionary<string, int> _numbers = new(StringComparer.OrdinalIgnoreCase);
    private int _head;

    private GeneratedNode(int blocks) => (_headers, _logs, _head) = (new byte[blocks + 1][], new byte[blocks + 1][], blocks);

    /// <summary>The newest block that it tells of.</summary>
    public int Head { get => Volatile.Read(ref _head); set => Volatile.Write(ref _head, value); }

    public string Url { get; private set; } = "";

    public static async Task<GeneratedNode> StartAsync(int blocks, Func<int, IReadOnlyList<GeneratedLog>> logs)
    {
        var node = new GeneratedNode(blocks);
        for (var number = 0; number <= blocks; number++)
        {
            node._headers[number] = Encoding.UTF8.GetBytes($$"""{"number":"0x{{number:x}}","hash":"{{HashOf(number)}}","parentHash":"{{HashOf(number - 1)}}","timestamp":"0x{{1_700_000_000 + (12 * number):x}}","gasLimit":"0x1c9c380","gasUsed":"0x0","baseFeePerGas":"0x7","logsBloom":"0x{{new string('0', 512)}}","transactions":[]}""");
            var (at, own) = (number, number == 0 ? [] : logs(number));
            node._logs[number] = Encoding.UTF8.GetBytes(string.Join(',', own.Select((log, index) => $$"""{"address":"{{Hex.Encode(log.Address.ToBytes())}}","topics":[{{string.Join(',', log.Topics.Select(topic => $"\"{topic}\""))}}],"data":"{{Hex.Encode(log.Data)}}","blockNumber":"0x{{at:x}}","blockHash":"{{HashOf(at)}}","transactionHash":"{{HashOf((at * 1000) + index)}}","transactionIndex":"0x{{index:x}}","logIndex":"0x{{index:x}}","removed":false}""")));
            node._numbers.Add(HashOf(number).ToString(), number);
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
            case "eth_call":
                buffer.Write("\"0x0000000000000000000000000000000000000000000000000de0b6b3a7640000\""u8);
                break;
            case "eth_getCode":
                buffer.Write("\"0x\""u8);
                break;
            case "eth_getBlockByNumber":
                buffer.Write(NumberOf(parameters[0]) is var number && number <= Head ? _headers[number] : "null"u8);
                break;
            case "eth_getLogs":
                buffer.Write("["u8);
                var isFirst = true;
                var (from, to) = parameters[0].TryGetProperty("blockHash", out var hash) ? (_numbers[hash.GetString()!], _numbers[hash.GetString()!]) : (NumberOf(parameters[0].GetProperty("fromBlock")), NumberOf(parameters[0].GetProperty("toBlock")));
                for (var block = from; block <= Math.Min(Head, to); block++)
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

    private int NumberOf(JsonElement text) => text.GetString() is "latest" ? Head : int.Parse(text.GetString().AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
