using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using AgiJobs.Arena.Agents;
using AgiJobs.Arena.Gateway;
using AgiJobs.Arena.Rounds;
using AgiJobs.Control;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.TypedData;
using AgiJobs.Testing;

namespace AgiJobs.Arena.Tests.Agents;

public sealed class GatewayClientTests
{
    private static readonly Address Arena = ScriptedChain.Named("arena");
    private static readonly ISigner Signer = new DevelopmentKeys(ChainId.Local).Signer(7);
    private static readonly DateTimeOffset GatewayTime = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task A_request_is_signed_over_method_path_body_the_gateways_time_and_a_nonce_of_its_own()
    {
        await using var server = new LocalHttp(request => Network(request) ?? new LocalReply(200, Receipt));
        using var client = Client(server.Url);
        await client.PutAnswerAsync(7, "größer", Bytes32.FromUnsigned(5), CancellationToken.None);
        await client.AnnounceAsync([Seat.Student, Seat.Validator], ["a", "b"], CancellationToken.None);
        var sent = server.Requests.Where(request => request.Method is "PUT").ToList();
        Assert.Equal(["/v1/rounds/7/answer", "/v1/agents/me"], sent.Select(request => request.Path));
        Assert.Equal("""{"seats":["student","validator"],"families":["a","b"]}""", sent[1].Text);
        Assert.All(sent, request => Assert.Equal(Signer.Address, Recovered(request)));
        Assert.Equal(2, sent.Select(request => request.Headers[GatewayStatement.NonceHeader]).Distinct().Count());
        Assert.All(sent, request => Assert.Equal(GatewayTime.ToUnixTimeMilliseconds(), long.Parse(request.Headers[GatewayStatement.TimestampHeader], CultureInfo.InvariantCulture)));
    }

    [Fact]
    public async Task Nothing_is_signed_for_a_gateway_of_another_arena()
    {
        await using var server = new LocalHttp(_ => new LocalReply(200, NetworkOf(31337, ScriptedChain.Named("other"))));
        using var client = Client(server.Url);
        var refused = await Assert.ThrowsAsync<ControlException>(() => client.GetTaskAsync(1, CancellationToken.None));
        Assert.Equal(("gateway-other-network", ExitCode.Mismatch), (refused.Code, refused.Exit));
        Assert.DoesNotContain(server.Requests, request => request.Headers.ContainsKey(GatewayStatement.SignatureHeader));
    }

    [Fact]
    public async Task Reads_are_tried_again_with_a_new_signature_and_what_hands_something_in_is_not()
    {
        var left = 2;
        await using var server = new LocalHttp(request => Network(request) ?? (left-- > 0 ? new LocalReply(503, """{"code":"draining","message":"going"}""") : new LocalReply(200, "task")));
        using var client = Client(server.Url, TimeProvider.System);
        Assert.Equal("task", Encoding.UTF8.GetString(await client.GetTaskAsync(1, CancellationToken.None)));
        Assert.Equal(3, server.Requests.Where(request => request.Headers.ContainsKey(GatewayStatement.NonceHeader)).Select(request => request.Headers[GatewayStatement.NonceHeader]).Distinct().Count());
        left = 1;
        var refused = await Assert.ThrowsAsync<GatewayException>(() => client.PutTaskAsync(1, "task", CancellationToken.None));
        Assert.Equal(("draining", 503), (refused.Code, refused.Status));
        Assert.Single(server.Requests, request => request.Method is "PUT");
    }

    [Fact]
    public async Task While_the_arena_is_paused_it_does_not_insist()
    {
        await using var server = new LocalHttp(request => Network(request) ?? new LocalReply(503, """{"code":"paused","message":"paused","mend":"wait"}"""));
        using var client = Client(server.Url);
        Assert.Equal("paused", (await Assert.ThrowsAsync<GatewayException>(() => client.GetTaskAsync(1, CancellationToken.None))).Code);
        Assert.Single(server.Requests, request => request.Path.EndsWith("/task", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nothing_is_asked_before_the_time_that_the_gateway_named()
    {
        var time = new ManualTime();
        var isBusy = true;
        await using var server = new LocalHttp(request => Network(request) ?? (isBusy ? new LocalReply(429, """{"code":"rate-limited","message":"slow down"}""", "Retry-After: 7\r\n") : new LocalReply(200, Receipt)));
        using var client = Client(server.Url, time);
        Assert.Equal("rate-limited", (await Assert.ThrowsAsync<GatewayException>(() => client.PutTaskAsync(1, "task", CancellationToken.None))).Code);
        isBusy = false;
        var next = client.PutTaskAsync(1, "task", CancellationToken.None);
        time.Advance(TimeSpan.FromSeconds(6.9));
        Assert.False(next.IsCompleted);
        Assert.Equal(1, Puts());
        time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(Bytes32.FromUnsigned(1), (await next).Hash);
        Assert.Equal(2, Puts());

        int Puts() => server.Requests.Count(request => request.Method is "PUT");
    }

    [Fact]
    public async Task A_clock_that_the_gateway_calls_wrong_is_read_again()
    {
        var isOff = true;
        await using var server = new LocalHttp(request => Network(request) ?? (isOff ? new LocalReply(401, """{"code":"timestamp-off","message":"off"}""") : new LocalReply(200, "[]")));
        using var client = Client(server.Url);
        Assert.Equal("timestamp-off", (await Assert.ThrowsAsync<GatewayException>(() => client.PutTaskAsync(1, "task", CancellationToken.None))).Code);
        isOff = false;
        Assert.Empty(await client.GetAnswersAsync(1, CancellationToken.None));
        Assert.Equal(2, server.Requests.Count(request => request.Path is "/v1/network"));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("no json")]
    [InlineData("""[{"index":0,"student":"0x12","hash":"0x00","answer":"x"}]""")]
    [InlineData("""[{"index":"0","student":"0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266","hash":"0x0000000000000000000000000000000000000000000000000000000000000001"}]""")]
    public async Task An_answer_that_is_not_of_the_protocol_is_refused(string body)
    {
        await using var server = new LocalHttp(request => Network(request) ?? new LocalReply(200, body));
        using var client = Client(server.Url);
        Assert.Equal(GatewayException.Malformed, (await Assert.ThrowsAsync<GatewayException>(() => client.GetAnswersAsync(1, CancellationToken.None))).Code);
    }

    [Theory]
    [InlineData("http://gateway.example/")]
    [InlineData("ftp://127.0.0.1/")]
    public void A_gateway_elsewhere_takes_https(string url) => Assert.Equal("gateway-url", Assert.Throws<ControlException>(() => new GatewayClient(new Uri(url), Signer, ChainId.Local, Arena, TimeProvider.System)).Code);

    [Fact]
    public async Task Events_come_again_after_the_connection_ended()
    {
        using var listener = new HttpListener();
        var url = Listen(listener);
        var handshakes = new List<Address>();
        var serving = Task.Run(async () =>
        {
            while (handshakes.Count < 2)
            {
                var context = await listener.GetContextAsync();
                if (!context.Request.IsWebSocketRequest)
                {
                    var body = Encoding.UTF8.GetBytes(NetworkOf(31337, Arena));
                    await context.Response.OutputStream.WriteAsync(body);
                    context.Response.Close();
                    continue;
                }

                var headers = context.Request.Headers.AllKeys.ToDictionary(key => key!, key => context.Request.Headers[key]!, StringComparer.OrdinalIgnoreCase);
                handshakes.Add(Recovered(new LocalRequest("GET", "/v1/events", headers, [])));
                using var socket = (await context.AcceptWebSocketAsync(null)).WebSocket;
                var text = $"{{\"type\":\"round\",\"id\":{handshakes.Count},\"phase\":\"voting\",\"endsAt\":5,\"seat\":\"validator\",\"todo\":\"commit-vote\"}}\n{{\"type\":\"resume\"}}\n";
                await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, CancellationToken.None);
                // An aborted connection may lose what was sent on it.
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
            }
        });
        using var client = Client(url, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        var told = new List<GatewayEvent>();
        await foreach (var next in client.EventsAsync(stop.Token))
        {
            told.Add(next);
            if (next.Round == 2)
            {
                break;
            }
        }

        await serving;
        Assert.Equal([Signer.Address, Signer.Address], handshakes);
        Assert.Equal(new GatewayEvent("round", 1, "voting", "commit-vote"), told[0]);
        Assert.Equal(new GatewayEvent("resume", null, null, null), told[1]);
        Assert.Equal(2, told[^1].Round);
    }

    private const string Receipt = """{"hash":"0x0000000000000000000000000000000000000000000000000000000000000001","uri":"gateway:1"}""";

    private static string NetworkOf(ulong chain, Address arena) => string.Create(CultureInfo.InvariantCulture, $$"""{"network":"local","chainId":{{chain}},"arena":"{{arena}}","time":{{GatewayTime.ToUnixTimeMilliseconds()}}}""");

    private static LocalReply? Network(LocalRequest request) => request.Path is "/v1/network" ? new LocalReply(200, NetworkOf(31337, Arena)) : null;

    private static GatewayClient Client(Uri url, TimeProvider? time = null) => new(url, Signer, ChainId.Local, Arena, time ?? new ManualTime());

    private static Address Recovered(LocalRequest request)
    {
        var statement = new GatewayStatement(
            ChainId.Local, Arena, request.Method, request.Path, GatewayStatement.Digest(request.Body),
            DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(request.Headers[GatewayStatement.TimestampHeader], CultureInfo.InvariantCulture)),
            request.Headers[GatewayStatement.NonceHeader], Address.Parse(request.Headers[GatewayStatement.AddressHeader]));
        return Secp256k1.Recover(PersonalMessage.Hash(statement.ToString()), Signature.FromBytes(Hex.Decode(request.Headers[GatewayStatement.SignatureHeader])));
    }

    private static Uri Listen(HttpListener listener)
    {
        using var free = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        free.Start();
        var url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}/");
        free.Stop();
        listener.Prefixes.Add(url);
        listener.Start();
        return new Uri(url);
    }
}
