using System.Text.Json.Nodes;
using System.Xml.Linq;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Owner;

public sealed class DoctorCommandTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private TestNetwork Devnet => fixture.Devnet;

    public async ValueTask InitializeAsync() => await Devnet.FreshAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task The_matrix_takes_three_round_trips_and_names_who_pauses_and_who_resumes()
    {
        var outcome = await Devnet.RunAsync("owner", "doctor", "--json");
        Assert.True(outcome.Exit == 3, outcome.ToString());
        var json = outcome.Json;
        Assert.Equal("agijobs.owner-doctor/1", (string?)json["schema"]);
        Assert.InRange((int)json["roundTrips"]!, 1, 3);
        Assert.True((ulong)json["block"]! > 0);
        var rows = json["powers"]!.AsArray().Select(row => row!).ToList();
        Assert.Contains(rows, row => Is(row, "pause", Devnet.Accounts["guardian"].Address, "1", "direct"));
        Assert.Contains(rows, row => Is(row, "pause", Devnet.Accounts["guardian"].Address, "1", "signs a statement, anybody sends it"));
        Assert.Contains(rows, row => Is(row, "resume", Devnet.Safe, "2 of 3", "direct"));
        Assert.All(rows.Where(row => (string?)row["power"] == "pause").SelectMany(row => row["functions"]!.AsArray()), function => Assert.Matches(@"\.pause", (string?)function));
        Assert.Contains("StakeManager.setUnbondingPeriod(uint64)", Functions(rows, "changeParameters"));
        Assert.Contains("StakeManager.setFeePct(uint256)", Functions(rows, "changeFees"));
        Assert.Contains("StakeManager.transferOwnership(address)", Functions(rows, "rotate"));
        Assert.Contains("StakeManager.setTreasury(address)", Functions(rows, "moveFunds"));
        Assert.DoesNotContain(rows, row => (string?)row["power"] == "resume" && (string?)row["who"] == Devnet.Accounts["guardian"].Address.ToString());
        var rotate = rows.First(row => Is(row, "rotate", Devnet.Safe, "2 of 3", "direct"));
        Assert.Equal(3, rotate["signerSets"]!.AsArray().Count);
        Assert.All(rotate["signerSets"]!.AsArray(), set => Assert.Equal(2, set!.AsArray().Count));
        Assert.DoesNotContain(json["findings"]!.AsArray(), finding => (string?)finding!["rank"] == "unknown");
        Assert.Contains(json["findings"]!.AsArray(), finding => (string?)finding!["code"] == "single-key" && ((string?)finding["subject"])!.Contains(Devnet.Accounts["slash-operator"].Address.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Two_runs_give_the_same_bytes_in_every_form()
    {
        foreach (var format in (string[])["table", "markdown", "mermaid", "svg", "json"])
        {
            var first = await Devnet.RunAsync("owner", "doctor", "--format", format);
            var second = await Devnet.RunAsync("owner", "doctor", "--format", format);
            Assert.True(first.Exit == 3, first.ToString());
            Assert.Equal(first.Output, second.Output);
        }
    }

    [Fact]
    public async Task The_picture_is_XML_and_the_graph_names_the_Safe_and_its_powers()
    {
        var svg = XDocument.Parse((await Devnet.RunAsync("owner", "doctor", "--format", "svg")).Output);
        XNamespace name = "http://www.w3.org/2000/svg";
        Assert.Equal(name + "svg", svg.Root!.Name);
        Assert.Contains(svg.Descendants(name + "text"), text => text.Value == "guardian");
        Assert.Contains(svg.Descendants(name + "text"), text => text.Value == "move funds");
        var mermaid = (await Devnet.RunAsync("owner", "doctor", "--format", "mermaid")).Output;
        Assert.StartsWith("flowchart LR\n", mermaid, StringComparison.Ordinal);
        Assert.Contains("Safe 2 of 3", mermaid, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_report_goes_where_it_is_told_in_the_form_of_its_ending()
    {
        var outcome = await Devnet.RunAsync("owner", "doctor", "--out", "matrix.svg");
        Assert.Equal(3, outcome.Exit);
        Assert.NotNull(XDocument.Load(Path.Combine(Devnet.Folder, "matrix.svg")).Root);
        Assert.Equal(2, (await Devnet.RunAsync("owner", "doctor", "--format", "poem")).Exit);
        Assert.Equal("format-and-json", (string?)(await Devnet.RunAsync("owner", "doctor", "--format", "svg", "--json")).Json["error"]!["code"]);
    }

    [Fact]
    public async Task A_role_that_is_read_wrong_is_unknown_and_ends_with_five()
    {
        await using var node = FaultyRpc.InFrontOf(Devnet.Url);
        Devnet.PointAt(node.Url);
        var module = Devnet.Protocol["FeePool"];
        node.On("eth_call").When(Is(module.Address, module.Abi.Function("owner").Encode())).Error(-32603, "disk on fire");
        var outcome = await Devnet.RunAsync("owner", "doctor", "--json");
        Assert.Equal(5, outcome.Exit);
        Assert.Contains(outcome.Json["findings"]!.AsArray(), finding => (string?)finding!["code"] == "role-unknown" && (string?)finding["subject"] == "FeePool.owner");
        Assert.Equal(5, (await Devnet.RunAsync("ci", "owner-authority", "--write")).Exit);
        Assert.False(File.Exists(Devnet.Workspace.Locate("reports", "owner-control", "authority-matrix.md")));
    }

    [Fact]
    public async Task A_second_node_that_says_otherwise_is_a_finding_with_both_answers_and_one_that_is_silent_is_one_too()
    {
        await using var liar = FaultyRpc.InFrontOf(Devnet.Url);
        var pool = Devnet.Protocol["FeePool"];
        liar.On("eth_call").When(Is(pool.Address, pool.Abi.Function("owner").Encode())).Result(Bytes32.FromUnsigned(0xbad).ToString());
        Devnet.PointAt(Devnet.Url, liar.Url);
        var told = await Devnet.RunAsync("owner", "doctor", "--json");
        var finding = Assert.Single(told.Json["findings"]!.AsArray(), finding => (string?)finding!["code"] == "node-disagrees" && ((string?)finding["subject"])!.StartsWith("holders of FeePool.owner", StringComparison.Ordinal))!;
        Assert.Contains(Devnet.Safe.ToString(), (string?)finding["message"], StringComparison.Ordinal);
        Assert.Contains(Bytes32.FromUnsigned(0xbad).ToAddress().ToString(), (string?)finding["message"], StringComparison.Ordinal);
        Assert.InRange((int)told.Json["nodes"]![0]!["roundTrips"]!, 1, 3);

        Devnet.PointAt(Devnet.Url, "http://127.0.0.1:9");
        var silent = await Devnet.RunAsync("owner", "doctor", "--json");
        Assert.Equal(3, silent.Exit);
        Assert.Contains(silent.Json["findings"]!.AsArray(), found => (string?)found!["code"] == "node-silent");
    }

    [Fact]
    public async Task After_a_change_whoever_gains_by_it_is_named_and_the_policy_can_refuse_it()
    {
        var agent = Devnet.Accounts["agent-1"].Address;
        var planned = await Devnet.RunAsync("owner", "set-roles", "--allow-orchestrator", agent.ToString(), "--instance", "T-1");
        Assert.True(planned.Exit == 3, planned.ToString());
        var id = Assert.Single(new ChangeStore(Devnet.Workspace, TimeProvider.System).List()).Id;
        var outcome = await Devnet.RunAsync("owner", "doctor", "--after", id, "--json");
        Assert.True(outcome.Exit == 3, outcome.ToString());
        var shifts = outcome.Json["after"]!["shifts"]!.AsArray();
        Assert.Contains(shifts, shift => (string?)shift!["shift"] == "gains" && (string?)shift["power"] == "slash" && (string?)shift["who"] == agent.ToString());
        Assert.DoesNotContain(shifts, shift => (string?)shift!["shift"] == "loses");

        // What was tried on a made-up state with one signature is told with the Safe's own threshold.
        Assert.Contains(outcome.Json["powers"]!.AsArray(), row => Is(row!, "rotate", Devnet.Safe, "2 of 3", "direct"));
        var path = Devnet.Workspace.NetworkPolicyPath(TestNetwork.Network);
        JsonFile.Write(path, Devnet.Workspace.Policy(TestNetwork.Network)! with { Authority = new AuthorityPolicy { MinSigners = new Dictionary<string, int>(StringComparer.Ordinal) { ["slash"] = 2 } } }, WorkspaceJson.Default.PolicyFile);
        var refused = await Devnet.RunAsync("owner", "doctor", "--after", id, "--json");
        Assert.Equal(4, refused.Exit);
        Assert.Contains(refused.Json["after"]!["tooFew"]!.AsArray(), few => (string?)few!["who"] == agent.ToString());
    }

    [Fact]
    public async Task The_matrix_on_file_is_compared_with_the_chain()
    {
        Assert.Equal(2, (await Devnet.RunAsync("ci", "owner-authority")).Exit);
        Assert.Equal(0, (await Devnet.RunAsync("ci", "owner-authority", "--write")).Exit);
        await Devnet.MineAsync();
        Assert.Equal(0, (await Devnet.RunAsync("ci", "owner-authority")).Exit);
        await Devnet.CallAsAsync(Devnet.Safe, Devnet.Safe, SafeAbi.Safe.Function("changeThreshold").Encode(1));
        var outcome = await Devnet.RunAsync("ci", "owner-authority");
        Assert.Equal(6, outcome.Exit);
        Assert.Contains(outcome.Lines, line => line.StartsWith('+') && line.Contains("1 of 3", StringComparison.Ordinal));
        Assert.Contains(outcome.Lines, line => line.StartsWith('-') && line.Contains("2 of 3", StringComparison.Ordinal));
    }

    private static IEnumerable<string?> Functions(IEnumerable<JsonNode> rows, string power) => rows.Where(row => (string?)row["power"] == power).SelectMany(row => row["functions"]!.AsArray()).Select(function => (string?)function);

    private static bool Is(JsonNode row, string power, Address who, string signatures, string path) =>
        (string?)row["power"] == power && (string?)row["who"] == who.ToString() && (string?)row["signatures"] == signatures && (string?)row["path"] == path;

    private static Func<JsonArray, bool> Is(Address to, byte[] calldata) => parameters =>
        Address.ParseAnyCase((string)parameters[0]!["to"]!) == to && (string?)(parameters[0]!["data"] ?? parameters[0]!["input"]) == Hex.Encode(calldata);
}
