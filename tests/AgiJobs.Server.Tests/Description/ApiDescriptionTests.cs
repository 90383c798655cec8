using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AgiJobs.Arena.Gateway;
using AgiJobs.Testing;

namespace AgiJobs.Server.Tests.Description;

public sealed partial class ApiDescriptionTests(ServerGround ground) : IClassFixture<ServerGround>
{
    [Fact]
    public async Task The_document_has_every_request_of_the_protocol_with_its_signature_and_bodies()
    {
        var document = await DocumentAsync();
        var requests = RequestLine().Matches(await File.ReadAllTextAsync(Toolchain.PathOf("docs", "gateway.md"), TestContext.Current.CancellationToken))
            .Select(match => (Method: match.Groups["method"].Value.ToLowerInvariant(), Path: match.Groups["path"].Value, IsOpen: match.Groups["who"].Value.Contains("open", StringComparison.Ordinal))).ToList();
        Assert.True(requests.Count >= 11, $"docs/gateway.md has {requests.Count} requests.");
        foreach (var (method, path, isOpen) in requests)
        {
            var operation = document["paths"]?[path]?[method];
            Assert.True(operation is not null, $"{method} {path} is not in the OpenAPI document.");
            Assert.False(string.IsNullOrEmpty((string?)operation["summary"]));
            var parameters = operation["parameters"]?.AsArray().Select(parameter => (string)parameter!["name"]!).ToList() ?? [];
            Assert.Equal(isOpen ? 0 : 4, parameters.Count(name => name.StartsWith("X-Agi-", StringComparison.Ordinal)));
            Assert.Equal(path.Contains("{id}", StringComparison.Ordinal), parameters.Contains("id"));
            Assert.Equal(method == "put", operation["requestBody"] is not null);
            Assert.NotNull(operation["responses"]!["429"]);
        }

        // And no other path that is for agents.
        Assert.Equal(
            requests.Select(request => request.Path).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
            document["paths"]!.AsObject().Select(entry => entry.Key).Where(path => path.StartsWith("/v1/", StringComparison.Ordinal) && path is not ("/v1/arena" or "/v1/index/events" or "/v1/runs" or "/v1/runs/{id}")).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_document_has_every_code_of_the_protocols_table_under_its_status()
    {
        var document = await DocumentAsync();
        var said = document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject()).SelectMany(operation => operation.Value!["responses"]!.AsObject())
            .SelectMany(response => ((string?)response.Value!["description"] ?? "").Split(", ").Select(code => (Status: response.Key, Code: code))).ToHashSet();
        var text = await File.ReadAllTextAsync(Toolchain.PathOf("docs", "gateway.md"), TestContext.Current.CancellationToken);
        var rows = RefusalLine().Matches(text).SelectMany(row => Code().Matches(row.Groups["codes"].Value).Select(code => (Status: row.Groups["status"].Value, Code: code.Groups["code"].Value))).ToList();
        Assert.True(rows.Count >= 24, $"docs/gateway.md has {rows.Count} codes.");
        Assert.All(rows, row => Assert.Equal(row.Status, $"{GatewayCode.StatusOf(row.Code)}"));
        Assert.All(rows.Where(row => row.Code is not ("route-unknown" or "method-unknown" or "internal")), row => Assert.Contains(row, said));
    }

    private async Task<JsonNode> DocumentAsync()
    {
        await using var host = await ground.HostAsync();
        using var client = new AgentClient(host, ground.Student, ground.Arena.Address);
        var reply = await client.SendAsync("GET", "/openapi/v1.json", []);
        Assert.True(reply.Status == 200, reply.ToString());
        return reply.Json;
    }

    [GeneratedRegex(@"`(?<method>GET|PUT) (?<path>/v1/[^`?\s]*)[^`]*`(?=[^|]*\|(?<who>[^|]*)\|)", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex RequestLine();

    [GeneratedRegex(@"^\| (?<status>\d{3}) \|(?<codes>[^|]*)\|", RegexOptions.ExplicitCapture | RegexOptions.Multiline, 5000)]
    private static partial Regex RefusalLine();

    [GeneratedRegex("`(?<code>[a-z][a-z:A-Z-]*)`", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Code();
}
