using System.Globalization;
using System.Text;
using AgiJobs.Arena.Gateway;
using AgiJobs.Ethereum;
using AgiJobs.Server.Hosting;

namespace AgiJobs.Server.Tests.Agents;

public sealed class AuthenticationTests(ServerGround ground) : IClassFixture<ServerGround>, IAsyncLifetime
{
    private const string Path = "/v1/agents/me";

    private ServerHost _host = null!;
    private AgentClient _agent = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await ground.HostAsync();
        _agent = new AgentClient(_host, ground.Student, ground.Arena.Address);
    }

    public async ValueTask DisposeAsync()
    {
        _agent.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task A_signed_request_is_answered_and_an_open_one_needs_no_signature()
    {
        var open = await _agent.SendAsync("GET", "/v1/network", []);
        Assert.Equal(200, open.Status);
        Assert.Equal(31337, (int)open.Json["chainId"]!);
        Assert.Equal(ground.Arena.Address.ToString(), (string?)open.Json["arena"]);
        Assert.Equal(30_000, (int)open.Json["limits"]!["clockMilliseconds"]!);
        var abi = await _agent.SendAsync("GET", (string)open.Json["abi"]!, []);
        Assert.Contains("\"commitAnswer\"", abi.Text, StringComparison.Ordinal);

        var signed = await _agent.GetAsync(Path);
        Assert.Equal(200, signed.Status);
        Assert.Equal(ground.Student.Address.ToString(), (string?)signed.Json["address"]);
    }

    [Theory]
    [InlineData(GatewayStatement.AddressHeader)]
    [InlineData(GatewayStatement.TimestampHeader)]
    [InlineData(GatewayStatement.NonceHeader)]
    [InlineData(GatewayStatement.SignatureHeader)]
    public async Task A_missing_header_is_a_missing_signature(string header)
    {
        var headers = await _agent.SignAsync("GET", Path, []);
        headers.Remove(header);
        await RefusedAsync(401, "signature-missing", await _agent.SendAsync("GET", Path, [], headers));
    }

    [Theory]
    [InlineData(GatewayStatement.AddressHeader, "0x70997970c51812dc3a010c7d01b50e0d17dc79c8")]
    [InlineData(GatewayStatement.AddressHeader, "somebody")]
    [InlineData(GatewayStatement.TimestampHeader, "now")]
    [InlineData(GatewayStatement.TimestampHeader, "+1795246416220")]
    [InlineData(GatewayStatement.TimestampHeader, "01795246416220")]
    [InlineData(GatewayStatement.TimestampHeader, "999999999999999")]
    [InlineData(GatewayStatement.TimestampHeader, "1795246416220000000")]
    [InlineData(GatewayStatement.NonceHeader, "5f0c6d2f9a1b4c3")]
    [InlineData(GatewayStatement.NonceHeader, "5F0C6D2F9A1B4C3D")]
    [InlineData(GatewayStatement.NonceHeader, "00000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData(GatewayStatement.SignatureHeader, "0x1234")]
    [InlineData(GatewayStatement.SignatureHeader, "no hexadecimal number at all")]
    public async Task A_header_of_another_form_is_malformed(string header, string value)
    {
        var headers = await _agent.SignAsync("GET", Path, []);
        headers[header] = value;
        await RefusedAsync(400, "malformed", await _agent.SendAsync("GET", Path, [], headers));
    }

    [Fact]
    public async Task A_signature_over_anything_else_is_wrong()
    {
        var body = Encoding.UTF8.GetBytes("""{"seats":["student"],"families":[]}""");
        var other = Encoding.UTF8.GetBytes("""{"seats":["teacher"],"families":[]}""");
        await RefusedAsync(401, "signature-wrong", await _agent.SendAsync("PUT", Path, other, await _agent.SignAsync("PUT", Path, body)));
        await RefusedAsync(401, "signature-wrong", await _agent.SendAsync("PUT", Path, body, await _agent.SignAsync("GET", Path, body)));
        await RefusedAsync(401, "signature-wrong", await _agent.SendAsync("GET", "/v1/rounds?live=true", [], await _agent.SignAsync("GET", "/v1/rounds", [])));
        await RefusedAsync(401, "signature-wrong", await _agent.SendAsync("GET", Path, [], await _agent.SignAsync("GET", Path, [], chain: 1)));

        var headers = await _agent.SignAsync("GET", Path, []);
        headers[GatewayStatement.AddressHeader] = ground.Teacher.Address.ToString();
        await RefusedAsync(401, "signature-wrong", await _agent.SendAsync("GET", Path, [], headers));

        headers = await _agent.SignAsync("GET", Path, []);
        headers[GatewayStatement.NonceHeader] = AgentClient.NewNonce();
        await RefusedAsync(401, "signature-wrong", await _agent.SendAsync("GET", Path, [], headers));

        using var elsewhere = new AgentClient(_host, ground.Student, ground.Teacher.Address);
        await RefusedAsync(401, "signature-wrong", await elsewhere.GetAsync(Path));
    }

    [Fact]
    public async Task The_other_of_two_equivalent_signatures_is_wrong()
    {
        var order = Bytes32.Parse("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141").ToUnsigned();
        var headers = await _agent.SignAsync("GET", Path, []);
        var bytes = Hex.Decode(headers[GatewayStatement.SignatureHeader]);
        Bytes32.FromUnsigned(order - new Bytes32(bytes.AsSpan(32, 32)).ToUnsigned()).CopyTo(bytes.AsSpan(32));
        bytes[64] = (byte)(bytes[64] == 27 ? 28 : 27);
        headers[GatewayStatement.SignatureHeader] = Hex.Encode(bytes);
        await RefusedAsync(401, "signature-wrong", await _agent.SendAsync("GET", Path, [], headers));
    }

    [Theory]
    [InlineData(-40)]
    [InlineData(40)]
    public async Task A_timestamp_too_far_from_the_clock_is_refused_either_way(int seconds)
    {
        var at = TimeProvider.System.GetUtcNow().AddSeconds(seconds);
        await RefusedAsync(401, "timestamp-off", await _agent.SendAsync("GET", Path, [], await _agent.SignAsync("GET", Path, [], at)));
    }

    [Fact]
    public async Task A_request_is_taken_once_and_the_same_nonce_of_another_address_is_another_one()
    {
        var nonce = AgentClient.NewNonce();
        var headers = await _agent.SignAsync("GET", Path, [], nonce: nonce);
        Assert.Equal(200, (await _agent.SendAsync("GET", Path, [], headers)).Status);
        await RefusedAsync(401, "nonce-used", await _agent.SendAsync("GET", Path, [], headers));
        await RefusedAsync(401, "nonce-used", await _agent.SendAsync("GET", Path, [], await _agent.SignAsync("GET", Path, [], nonce: nonce)));
        using var other = new AgentClient(_host, ground.Teacher, ground.Arena.Address);
        Assert.Equal(200, (await other.SendAsync("GET", Path, [], await other.SignAsync("GET", Path, [], nonce: nonce))).Status);
    }

    [Fact]
    public async Task Of_the_same_request_sent_twenty_times_at_once_to_two_gateways_one_is_taken()
    {
        var state = ground.NewState();
        await using var first = await ground.HostAsync(ground.Options(state));
        await using var second = await ground.HostAsync(ground.Options(state));
        using var one = new AgentClient(first, ground.Student, ground.Arena.Address);
        using var two = new AgentClient(second, ground.Student, ground.Arena.Address);
        var headers = await one.SignAsync("GET", Path, []);
        var replies = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => (i % 2 == 0 ? one : two).SendAsync("GET", Path, [], headers)));
        Assert.Single(replies, reply => reply.Status == 200);
        Assert.Equal(19, replies.Count(reply => reply.Code == "nonce-used"));
    }

    [Fact]
    public async Task A_restart_forgets_no_nonce()
    {
        var state = ground.NewState();
        Dictionary<string, string> headers;
        await using (var before = await ground.HostAsync(ground.Options(state)))
        {
            using var agent = new AgentClient(before, ground.Student, ground.Arena.Address);
            headers = await agent.SignAsync("GET", Path, []);
            Assert.Equal(200, (await agent.SendAsync("GET", Path, [], headers)).Status);
        }

        await using var after = await ground.HostAsync(ground.Options(state));
        using var again = new AgentClient(after, ground.Student, ground.Arena.Address);
        await RefusedAsync(401, "nonce-used", await again.SendAsync("GET", Path, [], headers));
    }

    [Fact]
    public async Task Too_many_requests_of_an_address_are_told_when_to_come_again_and_hold_nobody_else_up()
    {
        await using var host = await ground.HostAsync(ground.Options() with { AgentLimit = new RateLimit(0.01, 3) });
        using var agent = new AgentClient(host, ground.Student, ground.Arena.Address);
        using var other = new AgentClient(host, ground.Teacher, ground.Arena.Address);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(200, (await agent.GetAsync(Path)).Status);
        }

        var refused = await agent.GetAsync(Path);
        await RefusedAsync(429, "rate-limited", refused);
        Assert.InRange(refused.RetryAfter!.Value.TotalSeconds, 90, 100);
        Assert.Equal(200, (await other.GetAsync(Path)).Status);

        // What is not signed by it cannot use up what is its own.
        var headers = await other.SignAsync("GET", Path, []);
        headers[GatewayStatement.AddressHeader] = ground.Student.Address.ToString();
        await RefusedAsync(401, "signature-wrong", await agent.SendAsync("GET", Path, [], headers));
    }

    [Fact]
    public async Task Too_many_requests_without_a_good_signature_are_refused_and_signed_ones_still_taken()
    {
        await using var host = await ground.HostAsync(ground.Options() with { UnsignedLimit = new RateLimit(0.01, 2) });
        using var agent = new AgentClient(host, ground.Student, ground.Arena.Address);
        Assert.Equal(200, (await agent.SendAsync("GET", "/v1/network", [])).Status);
        await RefusedAsync(401, "signature-missing", await agent.SendAsync("GET", Path, []));
        await RefusedAsync(429, "rate-limited", await agent.SendAsync("GET", "/v1/network", []));
        await RefusedAsync(429, "rate-limited", await agent.SendAsync("GET", Path, []));
        Assert.Equal(200, (await agent.GetAsync(Path)).Status);
        Assert.Equal(200, (await agent.SendAsync("GET", "/healthz", [])).Status);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_that_is_too_large_is_refused_whether_or_not_it_tells_its_length(bool chunked)
    {
        var body = new byte[ArenaGateway.MaxBody + 1];
        await RefusedAsync(413, "too-large", await _agent.SendAsync("PUT", Path, body, await _agent.SignAsync("PUT", Path, body), chunked));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"seats":["student"]}""")]
    [InlineData("""{"seats":["student"],"families":null}""")]
    [InlineData("""{"seats":["student"],"families":[],"extra":1}""")]
    [InlineData("""{"seats":["student"],"seats":["teacher"],"families":[]}""")]
    [InlineData("""{"seats":[],"families":[]}""")]
    [InlineData("""{"seats":["judge"],"families":[]}""")]
    [InlineData("""{"seats":[null],"families":[]}""")]
    [InlineData("""{"seats":["student","student"],"families":[]}""")]
    [InlineData("""{"seats":["student"],"families":["Not A Family"]}""")]
    [InlineData("""{"seats":["\ud800"],"families":[]}""")]
    public async Task A_presence_of_another_form_is_malformed_and_changes_nothing(string body)
    {
        await RefusedAsync(400, "malformed", await _agent.PutAsync(Path, body));
        Assert.Null((string?)(await _agent.GetAsync(Path)).Json["lastSeen"]);
    }

    [Fact]
    public async Task Presence_is_told_back_and_read_by_others_of_the_store()
    {
        var put = await _agent.PutAsync(Path, """{"seats":["validator","student"],"families":["sorting-networks"]}""");
        Assert.Equal(200, put.Status);
        Assert.Equal(["validator", "student"], put.Json["seats"]!.AsArray().Select(seat => (string?)seat));
        var seen = DateTimeOffset.Parse((string)put.Json["lastSeen"]!, CultureInfo.InvariantCulture);
        Assert.Equal(seen + TimeSpan.FromSeconds(60), DateTimeOffset.Parse((string)put.Json["presentUntil"]!, CultureInfo.InvariantCulture));
        var present = Assert.Single(await _host.Gateway!.Agents.PresentAsync());
        Assert.Equal(ground.Student.Address, present.Address);
        Assert.Equal(["sorting-networks"], present.Families);
        _ = await _host.Gateway.Agents.AddFaultAsync(present.Address, "no-show");
        _ = await _host.Gateway.Agents.AddFaultAsync(present.Address, "no-show");
        Assert.Equal(2, (int)(await _agent.GetAsync(Path)).Json["faults"]!["no-show"]!);
    }

    [Fact]
    public async Task What_is_no_path_and_no_method_is_refused_in_the_same_form()
    {
        await RefusedAsync(404, "route-unknown", await _agent.SendAsync("GET", "/v1/nothing", []));
        await RefusedAsync(405, "method-unknown", await _agent.SendAsync("DELETE", Path, []));
        await RefusedAsync(400, "malformed", await _agent.GetAsync("/v1/events"));
        await RefusedAsync(400, "malformed", await _agent.GetAsync("/v1/rounds/seven"));
        await RefusedAsync(400, "malformed", await _agent.GetAsync("/v1/rounds/07"));
        await RefusedAsync(400, "malformed", await _agent.GetAsync("/v1/rounds?live=maybe"));
        await RefusedAsync(404, "round-unknown", await _agent.GetAsync("/v1/rounds/0"));
        await RefusedAsync(404, "round-unknown", await _agent.GetAsync("/v1/rounds/4096"));
        await RefusedAsync(404, "not-published", await _agent.SendAsync("GET", "/v1/scoreboard", []));
    }

    private static Task RefusedAsync(int status, string code, Reply reply)
    {
        Assert.True(reply.Status == status && reply.Code == code, $"{status} {code} was expected: {reply}");
        Assert.False(string.IsNullOrEmpty((string?)reply.Json["message"]));
        Assert.False(string.IsNullOrEmpty((string?)reply.Json["mend"]));
        return Task.CompletedTask;
    }
}
