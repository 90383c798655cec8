using System.Numerics;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Execution;
using AgiJobs.Control.Funds;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Owner;

/// <summary>Modules are resumed one after the other while the pools are watched; what stops or dies in the middle is gone on with, and a drain is not.</summary>
public sealed class ResumeByModuleTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private static readonly string[] Resume = ["owner", "system-pause", "--action", "unpause", "--by-module", "--watch-blocks", "2", "--max-outflow", "1 AGIALPHA", "--instance", "INC-9"];

    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_drain_in_the_middle_stops_the_rest_and_a_pause_is_proposed()
    {
        var change = await ApprovedAsync(Resume);
        var waiting = await ExecuteAsync(change);
        Assert.True(waiting.Exit == 3, waiting.ToString());
        Assert.Contains("watch-waiting", waiting.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, await RunningAsync());

        // What goes from one pool to another has not left, and less than the limit may leave.
        var pool = Devnet.Protocol["StakeManager"].Address;
        await Devnet.CallAsAsync(pool, "Token", "transfer", Devnet.Protocol["FeePool"].Address, BigInteger.Pow(10, 18) * 5);
        await Devnet.CallAsAsync(pool, "Token", "transfer", Devnet.Accounts["employer"].Address, BigInteger.Pow(10, 18));
        Assert.Contains("watch-waiting", (await ExecuteAsync(change)).ToString(), StringComparison.Ordinal);
        Assert.Equal(2, await RunningAsync());

        await Devnet.CallAsAsync(pool, "Token", "transfer", Devnet.Accounts["employer"].Address, BigInteger.Pow(10, 18) + 1);
        var nonce = await Devnet.NonceAsync("relayer");
        var stopped = await ExecuteAsync(change);
        Assert.Equal(3, stopped.Exit);
        Assert.Contains("outflow-exceeded", stopped.ToString(), StringComparison.Ordinal);
        Assert.Contains("1.000000000000000001 AGIALPHA from StakeManager", stopped.ToString(), StringComparison.Ordinal);
        Assert.Contains("agijobs owner system-pause --action pause --network local --execute", stopped.ToString(), StringComparison.Ordinal);

        // Later and by the command that planned it, it is the same.
        await Devnet.MineAsync();
        await Devnet.MineAsync();
        Assert.Contains("outflow-exceeded", (await Agijobs.RunAsync(Devnet.Folder, [.. Resume, "--signer", "relayer", "--execute", "--json"], patience: TimeSpan.FromSeconds(1))).ToString(), StringComparison.Ordinal);
        Assert.Equal((2, nonce), (await RunningAsync(), await Devnet.NonceAsync("relayer")));
        var pause = await Devnet.RunAsync("owner", "system-pause", "--action", "pause", "--signer", "guardian", "--instance", "INC-9b", "--execute");
        Assert.True(pause.Exit == 0, pause.ToString());
        Assert.True(await Devnet.IsPausedAsync());
    }

    [Fact]
    public async Task Run_again_and_again_it_brings_every_module_back_with_one_gate_and_one_change()
    {
        string[] command = [.. Resume.Select(word => word is "2" ? "1" : word), "--signer", "relayer", "--json"];
        var change = await ApprovedAsync(command[..^3]);
        var all = Devnet.Protocol.Modules.Count(module => module.Paused is not null);
        for (var resumed = 1; resumed <= all; resumed++)
        {
            // Begun by the change's own command, and gone on with by the one that planned it.
            var step = resumed == 1 ? await ExecuteAsync(change) : await Agijobs.RunAsync(Devnet.Folder, [.. command, "--execute"], patience: TimeSpan.FromSeconds(1));
            Assert.True(step.Exit == 3, step.ToString());
            Assert.Contains("watch-waiting", step.ToString(), StringComparison.Ordinal);
            Assert.Equal(resumed, await RunningAsync());
            await Devnet.MineAsync();
        }

        Assert.True(await Devnet.IsPausedAsync(false));
        Assert.Equal(0, (await Devnet.RunAsync("change", "execute", change, "--signer", "relayer", "--execute")).Exit);
        Assert.Equal(0, (await Agijobs.RunAsync(Devnet.Folder, [.. command, "--execute"])).Exit);
        Assert.Equal(0, (await Devnet.RunAsync("change", "verify", change)).Exit);
    }

    [Fact]
    public async Task Killed_between_any_two_modules_and_run_again_each_is_resumed_exactly_once()
    {
        var id = await ApprovedAsync([.. Resume.Select(word => word is "2" ? "1" : word)]);
        var change = new ChangeStore(Devnet.Workspace, TimeProvider.System).Get(id);
        var all = Devnet.Protocol.Modules.Count(module => module.Paused is not null);
        var (before, killed, ran) = (await Devnet.NonceAsync("relayer"), 0, 0);
        for (var run = 0; ran < all || !ChangeState.IsVerified(Journal.Read(change.JournalPath)); run++)
        {
            Assert.True(run < all * 3, $"after {run} runs {ran} of {all} modules run");

            // Every other run is killed, each a little later than the one before.
            var clock = run % 2 == 0 ? new FatalClock(4 + (run * 7)) : null;
            try
            {
                await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(Devnet.Url) with { Rounds = 1 }, ChainId.Local, clock ?? TimeProvider.System);
                var executor = new ChangeExecutor(client, Devnet.Protocol, Devnet.Workspace, clock ?? TimeProvider.System)
                {
                    Patience = TimeSpan.FromSeconds(20),
                    WatchAsync = (filed, since, token) => new PoolWatch(client, Devnet.Protocol, clock ?? TimeProvider.System) { Patience = TimeSpan.Zero }.RequireAsync(filed, since, token),
                };
                _ = await executor.ExecuteAsync(change, Devnet.Accounts["relayer"], CancellationToken.None);
            }
            catch (KilledException)
            {
                killed++;
            }
            catch (ControlException waits) when (waits.Code is "watch-waiting")
            {
                Assert.False(clock?.HasStruck ?? false, "the kill was swallowed");
            }

            var now = await RunningAsync();
            Assert.InRange(now, ran, all);
            Assert.Equal(before + (ulong)now, await Devnet.PendingNonceAsync("relayer"));
            ran = now;
            await Devnet.MineAsync();
        }

        Assert.InRange(killed, 4, all * 2);
        Assert.Equal(0, (await Devnet.RunAsync("change", "verify", id)).Exit);
        Assert.Equal(all, Directory.EnumerateFiles(Path.Combine(Devnet.Folder, "storage", "receipts", "local")).Count());
    }

    [Theory]
    [InlineData("--by-module")]
    [InlineData("--watch-blocks", "3")]
    [InlineData("--by-module", "--watch-blocks", "3")]
    [InlineData("--by-module", "--watch-blocks", "0", "--max-outflow", "1 AGIALPHA")]
    [InlineData("--by-module", "--watch-blocks", "3", "--max-outflow", "1 ether")]
    public async Task How_long_and_how_much_are_said_and_never_guessed(params string[] flags) =>
        Assert.Equal(2, (await Devnet.RunAsync(["owner", "system-pause", "--action", "unpause", .. flags])).Exit);

    private async Task<string> ApprovedAsync(string[] command)
    {
        await Devnet.CallAsAsync(Devnet.Accounts["guardian"].Address, "SystemPause", "pauseAll");
        var plan = await Devnet.RunAsync([.. command, "--json"]);
        Assert.True(plan.Exit == 3, plan.ToString());
        var change = (string)plan.Json["change"]!;
        await Devnet.SignOffAsync(change);
        Assert.Equal(0, (await Devnet.RunAsync("change", "approve", change, "--signer", "safe-owner-1", "--signer", "safe-owner-2")).Exit);
        return change;
    }

    private Task<Outcome> ExecuteAsync(string change) => Agijobs.RunAsync(Devnet.Folder, ["change", "execute", change, "--signer", "relayer", "--execute", "--json"], patience: TimeSpan.FromSeconds(1));

    private async Task<int> RunningAsync() => (await Devnet.ObserveAsync()).Pausable.Count(module => !module.Paused!.Value);
}
