using System.Text.Json.Nodes;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Configuration;

public sealed class ConfigCommandsTests : IDisposable
{
    private readonly ConfigurationGround _ground = new();

    [Fact]
    public async Task A_configuration_in_order_is_clean()
    {
        var lint = await _ground.RunAsync("config", "lint", "--json");
        Assert.True(lint.Exit == 0, lint.ToString());
        Assert.Empty(lint.Json["findings"]!.AsArray());
        Assert.Equal(5, (int)lint.Json["files"]!);
    }

    [Fact]
    public async Task Every_problem_of_every_file_is_named_with_its_line()
    {
        _ground.Write("config/networks/main.json", "{\n  \"version\": 1,\n  \"chainId\": 0,\n  \"rpc\": [null],\n  \"saef\": true,\n  \"confirmations\": \"two\",\n  \"confirmations\": 3\n}\n");
        _ground.Write("config/policy.json", """{"version": 1, "risks": {"green": [], "amber": []}}""");
        var lint = await LintAsync(2);
        Assert.Equal(
            [(3, "$.chainId"), (4, "$.rpc[0]"), (5, "$.saef"), (6, "$.confirmations"), (7, "$.confirmations")],
            lint.Where(finding => finding.Path is "config/networks/main.json").Select(finding => (finding.Line, finding.Message.Split(' ')[1].TrimEnd(':'))));
        Assert.Contains(lint, finding => finding is { Path: "config/policy.json", Code: "file-format" } && finding.Message.Contains("'red'", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("config/notes.json", "{}", 3, "file-unknown")]
    [InlineData("config/fees.man.json", "{}", 2, "network-unknown")]
    [InlineData("config/policy.other.json", "{}", 2, "network-unknown")]
    [InlineData("config/owner-control.other.json", """{"version": 1, "protocol": "agi-jobs", "modules": {}}""", 2, "network-unknown")]
    [InlineData("config/networks/other.json", """{"version": 1, "chainId": 5, "rpc": ["https://rpc.example.org"]}""", 2, "manifest-missing")]
    [InlineData("config/networks/main.json", """{"version": 1, "chainId": 1, "rpc": []}""", 2, "file-format")]
    [InlineData("config/networks/main.json", """{"version": 2, "chainId": 1, "rpc": ["https://rpc.example.org"]}""", 2, "file-version")]
    [InlineData("config/networks/main.json", """{"version": 1, "chainId": 1, "rpc": ["https://rpc.example.org/v2/aB3dEf6hIj9kLm2nOp5q"]}""", 2, "secret-literal")]
    [InlineData("config/networks/main.json", """{"version": 1, "chainId": 1, "rpc": ["https://ann:hunter2@rpc.example.org"]}""", 2, "secret-literal")]
    [InlineData("config/networks/main.json", """{"version": 1, "chainId": 1, "rpc": ["https://rpc.example.org/?apikey=1234"]}""", 2, "secret-literal")]
    [InlineData("config/networks/main.json", """{"version": 1, "chainId": 1, "rpc": ["rpc.example.org"]}""", 2, "rpc-url")]
    [InlineData("config/networks/main.json", """{"version": 1, "chainId": 1, "rpc": ["https://rpc.example.org", "https://RPC.example.org/"]}""", 3, "rpc-twice")]
    [InlineData("config/networks/main.json", """{"version": 1, "chainId": 1, "rpc": ["http://rpc.example.org"]}""", 3, "rpc-plain")]
    [InlineData("config/networks/main.json", """{"$schema": "../schemas/policy.schema.json", "version": 1, "chainId": 1, "rpc": ["https://rpc.example.org"]}""", 3, "schema-reference")]
    [InlineData("config/networks/main.json", "{", 2, "file-format")]
    [InlineData("config/owner-control.main.json", """{"version": 1, "protocol": "agi-jobs", "modules": {"Treasury": {"address": "0x0101010101010101010101010101010101010101"}}}""", 2, "manifest-module")]
    [InlineData("config/owner-control.main.json", """{"version": 1, "protocol": "nobodys", "modules": {}}""", 2, "file-missing")]
    [InlineData("config/protocol/own.json", """{"version": 1, "name": "own"}""", 2, "file-format")]
    [InlineData("config/signers.main.json", """{"version": 1, "signers": [{"name": "k", "kind": "keystore", "address": "0x0101010101010101010101010101010101010101", "file": "k.json"}]}""", 2, "signer-format")]
    [InlineData("config/signers.main.json", """{"version": 1, "signers": [{"name": "k", "kind": "keystore", "address": "0x0101010101010101010101010101010101010101", "file": "k.json", "password": "hunter2"}]}""", 2, "secret-literal")]
    [InlineData("config/signers.main.json", """{"version": 1, "signers": [{"name": "ann", "kind": "clef", "address": "0x0101010101010101010101010101010101010101", "url": "http://127.0.0.1:9"}]}""", 2, "signer-twice")]
    [InlineData("config/operators.main.json", """{"version": 1, "people": [{"name": "ann", "addresses": ["0x0101010101010101010101010101010101010101"], "duties": []}]}""", 2, "operator-twice")]
    [InlineData("config/policy.main.json", """{"version": 1, "risks": {"green": [{"count": 3, "duties": ["approver"]}], "amber": [{"count": 1, "duties": ["approver"]}], "red": [{"count": 1, "duties": ["approver"]}]}}""", 3, "policy-unsatisfiable")]
    [InlineData("config/policy.main.json", """{"version": 1, "risks": {"green": [], "amber": [{"count": 1, "duties": ["approver"]}], "red": [{"count": 1, "duties": ["approver"]}]}}""", 2, "policy-rule")]
    [InlineData("config/fees.main.json", """{"burnPct": 5}""", 2, "value-unit")]
    [InlineData("config/fees.main.json", """{"brunPct": "5%"}""", 2, "catalogue-key")]
    [InlineData("config/fees.other.json", "{}", 2, "network-unknown")]
    [InlineData("storage/approvals/standing/x.json", "{}", 3, "standing-damaged")]
    public async Task A_rule_that_is_broken_is_named(string path, string content, int exit, string code)
    {
        _ground.Write(path, content);
        var findings = await LintAsync(exit);
        Assert.Contains(findings, finding => string.Equals(finding.Code, code, StringComparison.Ordinal) && string.Equals(finding.Path, path, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_secret_is_named_and_never_repeated()
    {
        const string Key = "aB3dEf6hIj9kLm2nOp5q";
        _ground.Write("config/networks/main.json", $$"""{"version": 1, "chainId": 1, "rpc": ["https://rpc.example.org/v2/{{Key}}"]}""");
        var id = (string)(await _ground.RunAsync("config", "snapshot", "--json")).Json["snapshot"]!;
        _ground.Write("config/networks/main.json", """{"version": 1, "chainId": 1, "rpc": [{"env": "AGIJOBS_TEST_NO_SUCH_VARIABLE"}]}""");
        var diff = await _ground.RunAsync("config", "diff", "--snapshot", id);
        Assert.Equal(3, diff.Exit);
        Assert.Contains("(masked)", diff.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(Key, diff.Output, StringComparison.Ordinal);
        var show = await _ground.RunAsync("config", "show", "network.rpc", "--json");
        Assert.Equal("{\"env\": \"AGIJOBS_TEST_NO_SUCH_VARIABLE\"} (a reference, not fetched)", (string?)show.Json["settings"]![0]!["value"]);
    }

    [Fact]
    public async Task The_label_of_a_token_is_no_secret()
    {
        _ground.Write("config/signers.main.json", """{"version": 1, "signers": [{"name": "k", "kind": "pkcs11", "address": "0x0101010101010101010101010101010101010101", "module": "m.so", "token": "owners", "keyLabel": "k", "pin": {"env": "AGIJOBS_TEST_NO_SUCH_VARIABLE"}}]}""");
        Assert.Empty(await LintAsync(0));
    }

    [Fact]
    public async Task A_missing_policy_and_no_network_are_findings()
    {
        File.Delete(_ground.PathOf("config/policy.json"));
        Assert.Equal(["policy-missing"], (await LintAsync(3)).Select(finding => finding.Code));
    }

    [Fact]
    public async Task Lint_writes_nothing()
    {
        var before = TestNetwork.TreeOf(_ground.Folder);
        _ = await _ground.RunAsync("config", "lint");
        Assert.Equal(before, TestNetwork.TreeOf(_ground.Folder));
    }

    [Fact]
    public async Task Each_value_is_shown_with_where_it_comes_from()
    {
        _ground.Write("config/networks/main.json", "{\n  \"version\": 1,\n  \"chainId\": 1,\n  \"rpc\": [\"http://127.0.0.1:9\"]\n}\n");
        var shown = await _ground.RunAsync("config", "show", "--network", "main", "--json");
        Assert.True(shown.Exit == 0, shown.ToString());
        var settings = shown.Json["settings"]!.AsArray().ToDictionary(setting => (string)setting!["key"]!, setting => ((string)setting!["value"]!, (string)setting["source"]!, (string?)setting["where"]), StringComparer.Ordinal);
        Assert.Equal(("1", "file", "config/networks/main.json:3"), settings["network.chainId"]);
        Assert.Equal(("0", "default", null), settings["network.confirmations"]);
        Assert.Equal(("main", "flag", "--network"), settings["program.network"]);
        Assert.Equal(("clef", "file"), (settings["signers.ann.kind"].Item1, settings["signers.ann.kind"].Item2));
        Assert.Equal("24", settings["policy.backup.maxAgeHours"].Item1);
        Assert.Equal(("key-unknown", 2), ((string?)(await _ground.RunAsync("config", "show", "polcy", "--json")).Json["error"]!["code"], (await _ground.RunAsync("config", "show", "polcy")).Exit));
    }

    [Fact]
    public async Task Networks_differ_value_by_value_and_what_is_not_connected_is_unknown()
    {
        _ground.Write("config/networks/test.json", """{"version": 1, "chainId": 11155111, "rpc": ["http://127.0.0.1:9"]}""");
        _ground.Write("config/owner-control.test.json", _ground.Read("config/owner-control.main.json"));
        var diff = await _ground.RunAsync("config", "diff", "--network", "main", "--with", "test", "--json");
        Assert.Equal(3, diff.Exit);
        Assert.Equal(["network.chainId", "network.safe"], diff.Json["differences"]!.AsArray().Select(entry => (string)entry!["key"]!));
        Assert.Equal(0, (await _ground.RunAsync("config", "diff", "--network", "main", "--with", "main")).Exit);
        var unknown = await _ground.RunAsync("config", "diff", "--network", "main", "--services", "--at", "http://127.0.0.1:9", "--json");
        Assert.Equal(5, unknown.Exit);
        Assert.Contains("http://127.0.0.1:9/configz", (string?)unknown.Json["unknown"], StringComparison.Ordinal);
        Assert.Equal(2, (await _ground.RunAsync("config", "diff", "--network", "main", "--at", "http://127.0.0.1:9")).Exit);
        Assert.Equal(2, (await _ground.RunAsync("config", "diff", "--network", "main", "--services", "--at", "8420")).Exit);
    }

    [Fact]
    public async Task Schemas_are_written_for_editors_and_lint_knows_stale_ones()
    {
        Assert.Equal(0, (await _ground.RunAsync("config", "schema", "--out", "config/schemas")).Exit);
        var network = JsonNode.Parse(_ground.Read("config/networks/main.json"))!.AsObject();
        network["$schema"] = "../schemas/network.schema.json";
        _ground.Write("config/networks/main.json", network.ToJsonString());
        Assert.Empty(await LintAsync(0));
        _ground.Write("config/schemas/network.schema.json", "{}");
        Assert.Equal(["schema-stale"], (await LintAsync(3)).Select(finding => finding.Code));
    }

    [Fact]
    public async Task An_older_workspace_gets_what_it_lacks_as_proposals_and_keeps_what_it_has()
    {
        _ground.Write("config/policy.json", """{"version": 1, "risks": {"green": [{"count": 1, "duties": ["approver"]}], "amber": [{"count": 1, "duties": ["approver"]}], "red": [{"count": 2, "duties": ["approver"]}]}}""");
        var before = TestNetwork.TreeOf(_ground.Folder);
        var preview = await _ground.RunAsync("init", "--upgrade", "--json");
        Assert.Equal(3, preview.Exit);
        Assert.Equal(before, TestNetwork.TreeOf(_ground.Folder));
        var files = preview.Json["files"]!.AsArray().Select(file => (string)file!["path"]!).ToList();
        Assert.Contains("config/policy.proposed.json", files);
        Assert.Contains("config/schemas/policy.schema.json", files);
        Assert.DoesNotContain("config/signers.json", files);

        var done = await _ground.RunAsync("init", "--upgrade", "--execute", "--json");
        Assert.True(done.Exit == 0, done.ToString());
        Assert.All(before, file => Assert.Equal(file.Value, TestNetwork.TreeOf(_ground.Folder)[file.Key]));
        Assert.Equal(24, (int)JsonNode.Parse(_ground.Read("config/policy.proposed.json"))!["backup"]!["maxAgeHours"]!);
        Assert.Equal(0, (await _ground.RunAsync("config", "restore", "--snapshot", (string)done.Json["before"]!, "--execute")).Exit);
        Assert.Equal(before.Keys.Order(StringComparer.Ordinal), TestNetwork.TreeOf(_ground.Folder).Keys.Where(path => path.StartsWith("config/", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task An_upgrade_on_top_of_a_newer_or_a_damaged_file_is_refused()
    {
        _ground.Write("config/networks/main.json", """{"version": 2, "chainId": 1, "rpc": ["https://rpc.example.org"]}""");
        Assert.Equal("file-version", (string?)(await _ground.RunAsync("init", "--upgrade", "--json")).Json["error"]!["code"]);
        _ground.Write("config/networks/main.json", "{");
        Assert.Equal("file-format", (string?)(await _ground.RunAsync("init", "--upgrade", "--execute", "--json")).Json["error"]!["code"]);
        Assert.Equal("command-line", (string?)(await _ground.RunAsync("init", "--upgrade", "--chain-id", "1", "--json")).Json["error"]!["code"]);
    }

    public void Dispose() => _ground.Dispose();

    private async Task<IReadOnlyList<Found>> LintAsync(int exit)
    {
        var lint = await _ground.RunAsync("config", "lint", "--json");
        Assert.True(lint.Exit == exit, lint.ToString());
        return [.. lint.Json["findings"]!.AsArray().Select(finding => new Found((string)finding!["path"]!, (int?)finding["line"], (string)finding["code"]!, (string)finding["message"]!))];
    }

    private sealed record Found(string Path, int? Line, string Code, string Message);
}
