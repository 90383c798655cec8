using System.Text.Json.Nodes;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Hgm;

public sealed class DemoCommandTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private static readonly string[] Small = ["--seed", "5", "--budget", "40", "--pace", "0ms"];

    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_demo_is_two_kept_runs_and_a_report_of_both_and_report_writes_the_same()
    {
        var folder = Path.Combine(Devnet.Folder, "reports", "demo");
        var demo = await Devnet.RunAsync(["hgm", "demo", .. Small, "--rival", "sica", "--out", folder, "--json"]);
        Assert.True(demo.Exit == 0, demo.ToString());
        Assert.Equal(("agijobs.hgm-demo/1", folder, "hgm", "sica"), ((string?)demo.Json["schema"], (string?)demo.Json["folder"], (string?)demo.Json["summary"]!["hgm"]!["strategy"], (string?)demo.Json["summary"]!["baseline"]!["strategy"]));
        Assert.Equal(["evaluations", "money"], demo.Json["summary"]!["at_equal_budget"]!.AsArray().Select(one => (string?)one!["measure"]));
        Assert.All(demo.Json["files"]!.AsArray(), name => Assert.True(File.Exists(Path.Combine(folder, (string)name!))));

        // Both are ordinary runs: what report says of them is what the demo said.
        var report = await Devnet.RunAsync("hgm", "report", "demo-s5-b40", "--json");
        Assert.Equal(((int)demo.Json["summary"]!["hgm"]!["agents"]!, true), ((int)report.Json["agents"]!, (bool)report.Json["finished"]!));
        Assert.Equal(0, (await Devnet.RunAsync("hgm", "report", "demo-s5-b40.sica", "--json")).Exit);
        var again = Path.Combine(Devnet.Folder, "reports", "again");
        Assert.Equal(0, (await Devnet.RunAsync("hgm", "report", "demo-s5-b40", "--rival", "demo-s5-b40.sica", "--out", again, "--follow")).Exit);
        foreach (var name in (string[])["hgm_timeline.json", "baseline_timeline.json", "lineage.html", "lineage-data.js", "logs.md", "roi_comparison.svg"])
        {
            Assert.Equal(File.ReadAllText(Path.Combine(folder, name)), File.ReadAllText(Path.Combine(again, name)));
        }

        // A finished demo writes its report again.
        var told = await Devnet.RunAsync(["hgm", "demo", .. Small, "--rival", "sica", "--out", folder]);
        Assert.Contains("At equal money (", told.Output, StringComparison.Ordinal);
        Assert.Contains("hgm compare --seeds", told.Output, StringComparison.Ordinal);
        Assert.True((bool)JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "summary.json")))!["baseline"]!["finished"]!);
    }

    [Theory]
    [InlineData("pace-format", "demo", "--pace", "soon")]
    [InlineData("bad-setting", "demo", "--budget", "-1")]
    [InlineData("command-line", "demo", "--rival", "hgm")]
    [InlineData("run-unknown", "report", "never", "--out", "nowhere")]
    [InlineData("out-missing", "report", "never", "--follow")]
    public async Task What_makes_no_sense_is_refused_with_its_code(string code, params string[] arguments)
    {
        var refused = await Devnet.RunAsync(["hgm", .. arguments, "--json"]);
        Assert.Equal((2, code), (refused.Exit, (string?)refused.Json["error"]?["code"]));
    }
}
