using System.Diagnostics;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Runs;
using AgiJobs.Storage;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Hgm;

/// <summary>Runs that go on in other processes: begun and left, driven by a server, killed at random.</summary>
public sealed class LiveRunTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private static readonly string[] Small = ["--seed", "5", "--tasks", "15", "--budget", "80", "--concurrency", "4"];
    private static readonly string[] Serve = ["serve", "--roles", "hgm", "--listen", "127.0.0.1:0"];

    private static int Kills => Environment.GetEnvironmentVariable("AGIJOBS_TEST_LONG") is "1" ? 40 : 4;

    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Theory]
    [InlineData("pace-format", "--pace", "soon")]
    [InlineData("pace-format", "--pace", "2h")]
    public async Task A_pace_that_is_none_is_refused(string code, params string[] arguments)
    {
        var refused = await Devnet.RunAsync(["hgm", "run", "odd", .. arguments, "--json"]);
        Assert.Equal((2, code), (refused.Exit, (string?)refused.Json["error"]?["code"]));
    }

    [Fact]
    public async Task A_run_is_begun_and_left_and_listed_and_its_settings_stay()
    {
        var begun = await Devnet.RunAsync(["hgm", "run", "later", .. Small, "--detach", "--pace", "5ms", "--json"]);
        Assert.True(begun.Exit == 0, begun.ToString());
        Assert.Equal(("agijobs.hgm-begun/1", true, 2), ((string?)begun.Json["schema"], (bool)begun.Json["isNew"]!, (int)begun.Json["events"]!));
        Assert.False((bool)(await Devnet.RunAsync("hgm", "run", "later", "--detach", "--json")).Json["isNew"]!);
        var other = await Devnet.RunAsync("hgm", "run", "later", "--detach", "--seed", "6", "--json");
        Assert.Equal((2, "other-run"), (other.Exit, (string?)other.Json["error"]?["code"]));
        var run = Assert.Single((await Devnet.RunAsync("hgm", "list", "--json")).Json["runs"]!.AsArray())!;
        Assert.Equal(("later", "not finished", null), ((string?)run["run"], (string?)run["state"], (string?)run["drivenBy"]));
        Assert.Contains("nobody", (await Devnet.RunAsync("hgm", "list")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_the_system_is_paused_a_run_in_a_terminal_starts_nothing_and_says_why()
    {
        var paused = await Devnet.RunAsync("owner", "system-pause", "--action", "pause", "--signer", "guardian", "--execute");
        Assert.True(paused.Exit == 0, paused.ToString());
        using var process = Agijobs.Start(Devnet.Folder, ["hgm", "run", "still", .. Small]);
        try
        {
            var said = "";
            while (!said.Contains("the system is paused: no operation of a run starts until it is resumed", StringComparison.Ordinal))
            {
                said = await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken) ?? throw new InvalidOperationException($"It ended without a word: {said}");
            }

            await using var state = await StateStore.OpenAsync(StateLocation.File(Devnet.Workspace.StatePath(TestNetwork.Network)), TimeProvider.System, TestContext.Current.CancellationToken);
            Assert.DoesNotContain(await new DurableRunStore(state, TestNetwork.Network).ReadAsync("still", 0, TestContext.Current.CancellationToken), happened => happened is ExpansionStarted or EvaluationStarted);
            Assert.False(process.HasExited);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task While_one_process_drives_a_run_another_is_refused_and_told_which()
    {
        using var process = Agijobs.Start(Devnet.Folder, ["hgm", "run", "mine", .. Small, "--pace", "500ms"]);
        try
        {
            await using var state = await StateStore.OpenAsync(StateLocation.File(Devnet.Workspace.StatePath(TestNetwork.Network)), TimeProvider.System, TestContext.Current.CancellationToken);
            await Wait.UntilAsync("it is driven", async () => (await new DurableRunStore(state, TestNetwork.Network).ListAsync(default)).Count == 1);
            var refused = await Devnet.RunAsync("hgm", "run", "mine", "--json");
            Assert.Equal((4, RunSeat.DrivenElsewhere), (refused.Exit, (string?)refused.Json["error"]?["code"]));
            Assert.Contains($"process {process.Id} on ", (string?)refused.Json["error"]!["message"], StringComparison.Ordinal);
            Assert.Contains($"process {process.Id} on ", (await Devnet.RunAsync("hgm", "list")).Output, StringComparison.Ordinal);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        // The dead process's lease stands, and does not stand in the way.
        var resumed = await Devnet.RunAsync("hgm", "run", "mine", "--pace", "0ms", "--json");
        Assert.True(resumed.Exit == 0, resumed.ToString());
    }

    [Fact]
    public async Task Killed_again_and_again_in_a_terminal_and_in_a_server_a_run_comes_to_the_same_bytes()
    {
        Assert.Equal(0, (await Devnet.RunAsync(["hgm", "run", "whole", .. Small])).Exit);
        await using var state = await StateStore.OpenAsync(StateLocation.File(Devnet.Workspace.StatePath(TestNetwork.Network)), TimeProvider.System, TestContext.Current.CancellationToken);
        var runs = new DurableRunStore(state, TestNetwork.Network);
        var whole = await runs.TextsAsync("whole", TestContext.Current.CancellationToken);
        Assert.Equal(0, (await Devnet.RunAsync(["hgm", "run", "cut", .. Small, "--detach", "--pace", "5ms"])).Exit);
        var random = new Random(20261122);
        var killed = 0;
        for (var kill = 0; kill < Kills; kill++)
        {
            var before = (await runs.TextsAsync("cut", TestContext.Current.CancellationToken)).Count;
            var after = before + random.Next(1, (whole.Count - before) / 2);
            using var process = Agijobs.Start(Devnet.Folder, kill % 2 == 0 ? ["hgm", "run", "cut", "--pace", "5ms"] : Serve);
            await Wait.UntilAsync($"event {after} is there", async () => process.HasExited || (await runs.TextsAsync("cut", default)).Count >= after);
            killed += process.HasExited ? 0 : 1;
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        Assert.Equal(Kills, killed);
        using var last = Agijobs.Start(Devnet.Folder, Serve);
        try
        {
            await Wait.UntilAsync("the server has driven it to its end", async () => last.HasExited || (await runs.FindAsync("cut", default))!.IsFinished);
            Assert.False(last.HasExited, await Told(last));
        }
        finally
        {
            last.Kill();
            await last.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        Assert.Equal(whole, await runs.TextsAsync("cut", TestContext.Current.CancellationToken));
    }

    private static async Task<string> Told(Process process) => process.HasExited ? await process.StandardError.ReadToEndAsync() : "";
}
