using System.Text.Json.Nodes;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Runs;
using AgiJobs.Testing;

namespace AgiJobs.Steering.Tests.Worlds;

public sealed class JsonEndpointTests : IDisposable
{
    private readonly WorldGround _ground = new();

    public void Dispose() => _ground.Dispose();

    [Fact]
    public async Task A_verdict_over_HTTP_counts_and_the_request_says_what_is_asked()
    {
        await using var server = new LocalHttp(_ => new LocalReply(200, """{"version":1,"operation":4,"task":1,"passed":false,"cost":"0.25"}"""));
        _ground.Write(WorldGround.Perl("1"), WorldGround.Http(server.Url));
        Assert.Equal(new EvaluationOutcome(false, null, Amount.Parse("0.25"), Amount.Zero), await _ground.EvaluateAsync());
        var asked = JsonNode.Parse(Assert.Single(server.Requests).Text)!;
        Assert.Equal(("evaluate", "run", 4, "99", "the agent", 1, 2), ((string?)asked["kind"], (string?)asked["run"], (int)asked["operation"]!, (string?)asked["seed"], (string?)asked["artifact"], (int)asked["task"]!, (int)asked["statement"]!));
    }

    [Theory]
    [InlineData(429, "", "HTTP 429", "0")]
    [InlineData(429, "Retry-After: 3600\r\n", "HTTP 429", "0")]
    [InlineData(500, "", "HTTP 500", "0.5")]
    [InlineData(500, "Retry-After: 3600\r\n", "HTTP 500", "0.5")]
    [InlineData(503, "Retry-After: Fri, 31 Dec 2100 23:59:59 GMT\r\n", "HTTP 503", "0.5")]
    [InlineData(302, "Location: http://127.0.0.1:1/\r\n", "redirect", "0")]
    [InlineData(404, "", "HTTP 404", "0.5")]
    public async Task An_answer_that_is_none_is_no_verdict(int status, string headers, string why, string cost)
    {
        await using var server = new LocalHttp(_ => new LocalReply(status, "", headers));
        _ground.Write(WorldGround.Perl("1"), WorldGround.Http(server.Url, seconds: 6));
        var outcome = await _ground.EvaluateAsync();
        Assert.True(outcome.Passed is null && outcome.Fault!.Contains(why, StringComparison.Ordinal), outcome.ToString());
        Assert.Equal(Amount.Parse(cost), outcome.Cost);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task Who_says_when_to_come_again_is_asked_again(int status)
    {
        var count = 0;
        await using var server = new LocalHttp(_ => Interlocked.Increment(ref count) < 3 ? new LocalReply(status, "", "Retry-After: 0\r\n") : new LocalReply(200, """{"version":1,"operation":4,"task":1,"passed":true,"cost":"0"}"""));
        _ground.Write(WorldGround.Perl("1"), WorldGround.Http(server.Url));
        Assert.True((await _ground.EvaluateAsync()).Passed);
        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    public async Task Who_puts_it_off_again_and_again_is_given_up()
    {
        await using var server = new LocalHttp(_ => new LocalReply(503, "", "Retry-After: 0\r\n"));
        _ground.Write(WorldGround.Perl("1"), WorldGround.Http(server.Url));
        Assert.Contains("HTTP 503, 5 times", (await _ground.EvaluateAsync()).Fault, StringComparison.Ordinal);
        Assert.Equal(5, server.Requests.Count);
    }

    [Fact]
    public async Task Who_never_answers_drips_floods_or_is_not_there_is_no_verdict()
    {
        await using (var silent = new LocalHttp(_ => null))
        {
            _ground.Write(WorldGround.Perl("1"), WorldGround.Http(silent.Url, seconds: 1));
            Assert.Equal("it did not answer within 1 s", (await _ground.EvaluateAsync()).Fault);
        }

        await using (var dripping = new Dripping())
        {
            _ground.Write(WorldGround.Perl("1"), WorldGround.Http(dripping.Url, seconds: 1));
            Assert.Equal("it did not answer within 1 s", (await _ground.EvaluateAsync()).Fault);
        }

        await using (var flooding = new LocalHttp(_ => new LocalReply(200, new string('x', 5000))))
        {
            _ground.Write(WorldGround.Perl("1"), WorldGround.Http(flooding.Url));
            Assert.Equal("its answer has more than 4096 bytes", (await _ground.EvaluateAsync()).Fault);
        }

        _ground.Write(WorldGround.Perl("1"), WorldGround.Http(new Uri("http://127.0.0.1:1/")));
        var nobody = await _ground.EvaluateAsync();
        Assert.StartsWith("it cannot be reached", nobody.Fault, StringComparison.Ordinal);
        Assert.Equal(Amount.Zero, nobody.Cost);
    }

    // Says that much is to come, and sends a byte now and then.
    private sealed class Dripping : IAsyncDisposable
    {
        private readonly System.Net.Sockets.TcpListener _listener = new(System.Net.IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _serving;

        public Dripping()
        {
            _listener.Start();
            _serving = ServeAsync();
        }

        public Uri Url => new($"http://{_listener.LocalEndpoint}/");

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _serving;
            _listener.Dispose();
            _stop.Dispose();
        }

        private async Task ServeAsync()
        {
            try
            {
                using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                var stream = client.GetStream();
                await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n"u8.ToArray(), _stop.Token);
                while (true)
                {
                    await stream.WriteAsync(" "u8.ToArray(), _stop.Token);
                    await Task.Delay(TimeSpan.FromMilliseconds(50), _stop.Token);
                }
            }
            catch (Exception end) when (end is OperationCanceledException or IOException)
            {
                // The test is over, or the client has had enough.
            }
        }
    }
}
