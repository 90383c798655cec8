using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Hgm;

public sealed class RunCommandTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private static readonly string[] Small = ["--seed", "5", "--tasks", "15", "--budget", "60", "--concurrency", "4"];

    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_run_says_what_it_did_is_kept_and_is_the_same_whatever_the_workers()
    {
        var run = await Devnet.RunAsync(["hgm", "run", "night-1", .. Small, "--workers", "1", "--json"]);
        Assert.True(run.Exit == 0, run.ToString());
        Assert.Equal(("agijobs.hgm-run/1", true, 60), ((string?)run.Json["schema"], (bool)run.Json["finished"]!, (int)run.Json["evaluations"]!));
        Assert.StartsWith("agent 1\neditor ", (string?)run.Json["best"]!["program"], StringComparison.Ordinal);
        Assert.Equal(run.Output, (await Devnet.RunAsync("hgm", "report", "night-1", "--json")).Output);

        // A finished run is finished.
        Assert.Equal(run.Output, (await Devnet.RunAsync("hgm", "run", "night-1", "--json")).Output);
        var other = await Devnet.RunAsync(["hgm", "run", "night-2", .. Small, "--workers", "3", "--json"]);
        Assert.Equal(run.Output.Replace("night-1", "night-2", StringComparison.Ordinal), other.Output);
        var told = await Devnet.RunAsync("hgm", "report", "night-1");
        Assert.Contains("finished: the budget of evaluations is spent", told.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run-unknown", "report", "never")]
    [InlineData("run-name", "run", "Bad/Name")]
    [InlineData("bad-setting", "run", "none", "--tasks", "0")]
    [InlineData("alpha-above-one", "run", "wide", "--alpha", "1.8")]
    [InlineData("workers-range", "run", "idle", "--workers", "0")]
    [InlineData("command-line", "run", "odd", "--policy", "luck")]
    public async Task What_makes_no_sense_is_refused_with_its_code(string code, params string[] arguments)
    {
        var refused = await Devnet.RunAsync(["hgm", .. arguments, "--json"]);
        Assert.Equal((2, code), (refused.Exit, (string?)refused.Json["error"]?["code"]));
    }

    [Fact]
    public async Task A_run_is_not_gone_on_with_under_other_settings()
    {
        Assert.Equal(0, (await Devnet.RunAsync(["hgm", "run", "mine", .. Small])).Exit);
        var refused = await Devnet.RunAsync("hgm", "run", "mine", "--seed", "6", "--json");
        Assert.Equal((2, "other-run"), (refused.Exit, (string?)refused.Json["error"]?["code"]));
    }

    [Fact]
    public async Task The_policies_are_compared_with_a_verdict_and_any_number_of_threads_gives_the_same_bytes()
    {
        string[] compare = ["hgm", "compare", "--seeds", "2", "--tasks", "15", "--budget", "40", "--json"];
        var one = await Devnet.RunAsync([.. compare, "--threads", "1"]);
        Assert.True(one.Exit == 0, one.ToString());
        Assert.Equal(2, one.Json["tables"]!.AsArray().Count);
        Assert.Contains((string?)one.Json["tables"]![1]!["rows"]![0]![5]!["text"], (string[])["hgm is ahead", "hgm is behind", "no difference seen"]);
        Assert.Equal(one.Output, (await Devnet.RunAsync([.. compare, "--threads", "2"])).Output);
    }
}
