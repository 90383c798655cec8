using System.Diagnostics;
using AgiJobs.Ethereum;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Monitoring;

/// <summary>A monitor's process is killed while blocks with something in them come, and started again.</summary>
public sealed class MonitorKillTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private Process? _process;

    private static int Kills => Environment.GetEnvironmentVariable("AGIJOBS_TEST_LONG") is "1" ? 100 : 6;

    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public async ValueTask DisposeAsync() => await KillAsync();

    [Fact]
    public async Task Killed_again_and_again_it_leaves_out_no_block_and_finds_nothing_twice()
    {
        var draw = new Random(8);
        var rules = await Devnet.RunAsync("monitoring", "apply", "--execute", "--reason", "the shipped rules");
        Assert.True(rules.Exit == 0, rules.ToString());

        // An empty block, so that what the deployment did is not counted.
        await Devnet.MineAsync();
        var first = (await Devnet.Client.BlockNumberAsync()).Value;
        Start("--from", $"{first}");
        await Wait.UntilAsync("the monitor is at work", async () => await ExaminedAsync() is not null);
        for (var kill = 0; kill < Kills; kill++)
        {
            // Before it saw the block, while it may be at it, or when it has just written what it made of it; dead blocks come as well.
            var moment = draw.Next(3);
            await SetRewarderAsync(kill);
            if (moment == 2)
            {
                var head = (await Devnet.Client.BlockNumberAsync()).Value;
                await Wait.UntilAsync("it has examined the block", async () => await ExaminedAsync() >= head);
            }
            else if (moment == 1)
            {
                await Devnet.MineAsync();
            }

            await KillAsync();
            await SetRewarderAsync(Kills + kill);
            Start();
        }

        var last = (await Devnet.Client.BlockNumberAsync()).Value;
        await Wait.UntilAsync("it has caught up", async () => await ExaminedAsync() >= last);
        var status = await Devnet.RunAsync("monitoring", "status");
        Assert.True(status.Exit == 0, status.ToString());
        var found = (await Devnet.RunAsync("alert", "list", "--all", "--json")).Json["alerts"]!.AsArray().Where(alert => (string?)alert!["rule"] == "role-changed-unexpected").Sum(alert => (int)alert!["findings"]!);
        Assert.Equal(2 * Kills, found);
    }

    private async Task SetRewarderAsync(int number) =>
        await Devnet.CallAsAsync(Devnet.Safe, "FeePool", "setRewarder", new Address(Convert.FromHexString($"{number + 1:x40}")), true);

    private async Task<ulong?> ExaminedAsync() =>
        (await Devnet.RunAsync("monitoring", "status", "--json")).Json["monitors"]?.AsArray().FirstOrDefault(one => (string?)one!["monitor"] == "solo")?["sets"]?.AsArray() is { Count: > 0 } sets ? sets.Min(set => (ulong)set!["next"]!) - 1 : null;

    private void Start(params string[] more)
    {
        _process = Agijobs.Start(Devnet.Folder, ["monitoring", "run", "--name", "solo", .. more]);
        _process.OutputDataReceived += static (_, _) => { };
        _process.ErrorDataReceived += static (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private async Task KillAsync()
    {
        if (_process is { } process)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
            _process = null;
        }
    }
}
