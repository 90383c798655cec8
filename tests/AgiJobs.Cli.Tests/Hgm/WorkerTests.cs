using System.Diagnostics;
using System.Globalization;
using AgiJobs.Steering.Runs;
using AgiJobs.Storage;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

[assembly: AssemblyFixture(typeof(RabbitMqServer))]

namespace AgiJobs.Cli.Tests.Hgm;

/// <summary>Runs whose work real worker processes do, over a real broker.</summary>
public sealed class WorkerTests(DevnetFixture fixture, RabbitMqServer server) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private static readonly string[] Small = ["--seed", "5", "--tasks", "15", "--budget", "100", "--concurrency", "6"];

    private readonly List<Process> _workers = [];

    private TestNetwork Devnet => fixture.Devnet;

    public async ValueTask InitializeAsync()
    {
        await Devnet.FreshAsync();
        await server.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in _workers)
        {
            await KillAsync(worker);
        }

        File.Delete(Devnet.Workspace.ServicesPath);
    }

    [Fact]
    public async Task Workers_that_are_killed_at_random_lose_and_repeat_nothing_that_counts()
    {
        Assert.Equal(0, (await Devnet.RunAsync(["hgm", "run", "alone", .. Small])).Exit);
        await UseBrokerAsync();
        for (var worker = 0; worker < 3; worker++)
        {
            _workers.Add(Start());
        }

        var running = Devnet.RunAsync(["hgm", "run", "shared", .. Small, "--pace", "40ms", "--json"]);
        var random = new Random(20261122);
        var kills = 0;
        for (var events = 0; kills < 15 && !running.IsCompleted; kills++)
        {
            var before = events;
            await Wait.UntilAsync("the run goes on", async () => running.IsCompleted || (events = (await TextsAsync("shared")).Count) > before + 8);
            var victim = random.Next(_workers.Count);
            await KillAsync(_workers[victim]);
            _workers[victim] = Start();
        }

        var ended = await running;
        Assert.True(ended.Exit == 0, ended.ToString());
        Assert.True((bool)ended.Json["finished"]! && kills >= 10, $"{kills} kills");
        Assert.Equal(await TextsAsync("alone"), await TextsAsync("shared"));
    }

    [Fact]
    public async Task A_driver_that_is_killed_goes_on_to_the_same_bytes_and_a_worker_ends_when_it_is_told_to()
    {
        Assert.Equal(0, (await Devnet.RunAsync(["hgm", "run", "alone", .. Small])).Exit);
        await UseBrokerAsync();
        _workers.Add(Start());
        using (var driver = Agijobs.Start(Devnet.Folder, ["hgm", "run", "shared", .. Small, "--pace", "40ms"]))
        {
            await Wait.UntilAsync("the run goes on", async () => driver.HasExited || (await TextsAsync("shared")).Count > 40);
            await KillAsync(driver);
        }

        // Until its lease runs out nobody else may drive it.
        await Wait.UntilAsync("the run ends", async () => (await Devnet.RunAsync("hgm", "run", "shared", "--json")).Exit == 0);
        Assert.Equal(await TextsAsync("alone"), await TextsAsync("shared"));
        using (var signal = Process.Start("kill", ["-TERM", _workers[0].Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await signal.WaitForExitAsync();
        }

        var told = await _workers[0].StandardOutput.ReadToEndAsync();
        await _workers[0].WaitForExitAsync();
        Assert.Equal(0, _workers[0].ExitCode);
        Assert.Contains("results were sent", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_broker_that_is_named_and_there_neither_worker_nor_run_begins()
    {
        var none = await Devnet.RunAsync("hgm", "worker", "--json");
        Assert.Equal((2, "broker-none"), (none.Exit, (string?)none.Json["error"]?["code"]));
        await UseBrokerAsync("amqp://127.0.0.1:1/");
        var worker = await Devnet.RunAsync("hgm", "worker", "--json");
        Assert.Equal((5, "broker-unreachable"), (worker.Exit, (string?)worker.Json["error"]?["code"]));
        var run = await Devnet.RunAsync(["hgm", "run", "nobody", .. Small, "--json"]);
        Assert.Equal((5, "broker-unreachable"), (run.Exit, (string?)run.Json["error"]?["code"]));
        await UseBrokerAsync("amqp://user:secret@broker.example/");
        var clear = await Devnet.RunAsync("hgm", "worker", "--json");
        Assert.Equal((2, "broker-url"), (clear.Exit, (string?)clear.Json["error"]?["code"]));
        Assert.DoesNotContain("secret@", clear.Output + clear.Error, StringComparison.Ordinal);
        var range = await Devnet.RunAsync("hgm", "worker", "--parallel", "0", "--json");
        Assert.Equal((2, "parallel-range"), (range.Exit, (string?)range.Json["error"]?["code"]));
    }

    [Fact]
    public async Task A_run_in_a_world_of_the_workspace_is_named_by_it_and_not_gone_on_with_in_another()
    {
        const string world = """{"version": 1, "worlds": [{"name": "letters", "root": "root.txt", "tasks": "tasks.jsonl", "expander": {"process": {"command": ["/usr/bin/perl", "-e", "EXPAND"]}, "mostCost": "0.1"}, "evaluator": {"process": {"command": ["/usr/bin/perl", "-e", "EVALUATE"]}, "mostCost": "0.1"}}]}""";
        const string expand = """$_ = <STDIN>; my ($op) = /\"operation\":(\d+)/; my ($a) = /\"artifact\":\"(\w*)\"/; print qq({\"version\":1,\"operation\":$op,\"artifact\":\"$a$op\",\"cost\":\"0.02\"}\n);""";
        const string evaluate = """$_ = <STDIN>; my ($op) = /\"operation\":(\d+)/; my ($t) = /\"task\":(\d+)/; my ($a) = /\"artifact\":\"(\w*)\"/; my $p = length($a) > $t ? \"true\" : \"false\"; print qq({\"version\":1,\"operation\":$op,\"task\":$t,\"passed\":$p,\"cost\":\"0.01\"}\n);""";
        var path = Devnet.Workspace.Locate("config", "hgm-worlds.json");
        await File.WriteAllTextAsync(Path.Combine(Devnet.Folder, "root.txt"), "a");
        await File.WriteAllTextAsync(Path.Combine(Devnet.Folder, "tasks.jsonl"), "1\n2\n3\n");
        await File.WriteAllTextAsync(path, world.Replace("EXPAND", expand.Replace("\\d", "\\\\d", StringComparison.Ordinal).Replace("\\w", "\\\\w", StringComparison.Ordinal).Replace("\\n", "\\\\n", StringComparison.Ordinal), StringComparison.Ordinal)
            .Replace("EVALUATE", evaluate.Replace("\\d", "\\\\d", StringComparison.Ordinal).Replace("\\w", "\\\\w", StringComparison.Ordinal).Replace("\\n", "\\\\n", StringComparison.Ordinal), StringComparison.Ordinal));
        try
        {
            var run = await Devnet.RunAsync("hgm", "run", "words", "--world", "letters", "--budget", "12", "--concurrency", "3", "--json");
            Assert.True(run.Exit == 0, run.ToString());
            Assert.Equal(("letters", 3, true), ((string?)run.Json["world"], (int)run.Json["tasks"]!, (bool)run.Json["finished"]!));
            Assert.NotEqual("a", (string?)run.Json["best"]!["program"]);
            await File.WriteAllTextAsync(Path.Combine(Devnet.Folder, "root.txt"), "b");
            var other = await Devnet.RunAsync("hgm", "run", "words", "--json");
            Assert.Equal((2, "other-world"), (other.Exit, (string?)other.Json["error"]?["code"]));
            var student = await Devnet.RunAsync("agent", "--signer", "agent-1", "--gateway", "http://127.0.0.1:1", "--state", "student.json", "--solver", "run:words", "--json");
            Assert.Equal((2, "solver-program"), (student.Exit, (string?)student.Json["error"]?["code"]));
        }
        finally
        {
            File.Delete(path);
        }

        var unknown = await Devnet.RunAsync("hgm", "run", "elsewhere", "--world", "letters", "--json");
        Assert.Equal((2, "world-unknown"), (unknown.Exit, (string?)unknown.Json["error"]?["code"]));
    }

    private static async Task KillAsync(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill();
        }

        await process.WaitForExitAsync();
    }

    private Process Start()
    {
        var worker = Agijobs.Start(Devnet.Folder, ["hgm", "worker", "--parallel", "2"]);
        worker.ErrorDataReceived += (_, _) => { };
        worker.BeginErrorReadLine();
        return worker;
    }

    private async Task UseBrokerAsync(string? url = null)
    {
        var file = Path.Combine(Devnet.Folder, "broker.url");
        await File.WriteAllTextAsync(file, url ?? server.Url());
        await File.WriteAllTextAsync(Devnet.Workspace.ServicesPath, $$$"""{"version": 1, "leaseSeconds": 2, "drainSeconds": 2, "hgm": {"broker": {"file": "{{{file}}}" } } }""");
    }

    private async Task<IReadOnlyList<string>> TextsAsync(string run)
    {
        await using var store = await StateStore.OpenAsync(StateLocation.File(Devnet.Workspace.StatePath(TestNetwork.Network)), TimeProvider.System);
        return await new DurableRunStore(store, TestNetwork.Network).TextsAsync(run, default);
    }
}
