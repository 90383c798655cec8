using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests;

/// <summary>The real program is killed at every exchange that it has with its node, before and after the node acted on it.</summary>
public sealed class KillTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>
{
    private static readonly string[] Pause = ["owner", "system-pause", "--action", "pause", "--signer", "guardian", "--execute"];

    private static int Kills => Environment.GetEnvironmentVariable("AGIJOBS_TEST_LONG") is "1" ? 200 : 20;

    private TestNetwork Devnet => fixture.Devnet;

    [Fact]
    public async Task Killed_anywhere_and_run_again_the_system_is_paused_by_exactly_one_transaction()
    {
        var killed = 0;
        var sentWhenKilled = 0;
        await Devnet.FreshAsync();
        var exchanges = await ExchangesAsync(Pause);
        for (var kill = 0; kill < Kills; kill++)
        {
            // Spread over the whole run, from connecting to the verification; the side and whether the chain mines at once change from kill to kill.
            var exchange = 1 + (kill * exchanges / Kills);
            var after = kill % 2 == 1;
            var mines = kill / 2 % 2 == 0;
            await Devnet.FreshAsync();
            var before = await Devnet.NonceAsync("guardian");
            await Devnet.AutomineAsync(mines);
            await using (var node = FaultyRpc.InFrontOf(Devnet.Url))
            {
                node.StallAtExchange = exchange;
                node.StallAfterForwarding = after;
                Devnet.PointAt(node.Url);
                using var process = Agijobs.Start(Devnet.Folder, Pause);
                await Wait.UntilAsync($"exchange {exchange} is reached", () => node.HasStalled || process.HasExited);
                killed += process.HasExited ? 0 : 1;
                process.Kill();
                await process.WaitForExitAsync();
            }

            Devnet.PointAt(Devnet.Url);
            var sent = await Devnet.PendingNonceAsync("guardian") > before;
            sentWhenKilled += sent ? 1 : 0;
            var again = Devnet.RunAsync(Pause);
            await Wait.UntilAsync("the second run ends", async () =>
            {
                if (!mines)
                {
                    await Devnet.MineAsync();
                }

                return again.IsCompleted;
            });
            var outcome = await again;
            Assert.True(outcome.Exit == 0, $"kill {kill} at exchange {exchange}, {(after ? "after" : "before")} the node acted: {outcome}");
            Assert.True(await Devnet.IsPausedAsync());
            Assert.Equal(before + 1, await Devnet.PendingNonceAsync("guardian"));
            Assert.Equal(before + 1, await Devnet.NonceAsync("guardian"));
            var change = Assert.Single((await Devnet.RunAsync("change", "list", "--json")).Json["changes"]!.AsArray());
            Assert.Equal("verified", (string?)change!["state"]);
            Assert.Single(Directory.EnumerateFiles(Path.Combine(Devnet.Folder, "storage", "receipts", "local")));
        }

        Assert.True(killed >= Kills / 2, $"only {killed} runs were killed");
        Assert.InRange(sentWhenKilled, 1, Kills - 1);
    }

    [Fact]
    public async Task Killed_anywhere_in_a_Safes_execution_and_run_again_the_Safe_executes_exactly_once()
    {
        var killed = 0;
        var exchanges = await ExchangesAsync(await ApprovedResumeAsync());
        for (var kill = 0; kill < Kills; kill++)
        {
            var exchange = 1 + (kill * exchanges / Kills);
            var after = kill % 2 == 1;
            var execute = await ApprovedResumeAsync();
            var before = await Devnet.NonceAsync("relayer");
            await using (var node = FaultyRpc.InFrontOf(Devnet.Url))
            {
                node.StallAtExchange = exchange;
                node.StallAfterForwarding = after;
                Devnet.PointAt(node.Url);
                using var process = Agijobs.Start(Devnet.Folder, execute);
                await Wait.UntilAsync($"exchange {exchange} is reached", () => node.HasStalled || process.HasExited);
                killed += process.HasExited ? 0 : 1;
                process.Kill();
                await process.WaitForExitAsync();
            }

            Devnet.PointAt(Devnet.Url);
            var outcome = await Devnet.RunAsync(execute);
            Assert.True(outcome.Exit == 0, $"kill {kill} at exchange {exchange}, {(after ? "after" : "before")} the node acted: {outcome}");
            Assert.True(await Devnet.IsPausedAsync(false));
            Assert.Equal(before + 1, await Devnet.PendingNonceAsync("relayer"));
        }

        Assert.True(killed >= Kills / 2, $"only {killed} runs were killed");
    }

    // Paused, and a resume on file that lacks nothing but its execution.
    private async Task<string[]> ApprovedResumeAsync()
    {
        await Devnet.FreshAsync();
        await Devnet.CallAsAsync(Devnet.Accounts["guardian"].Address, "SystemPause", "pauseAll");
        var id = (string)(await Devnet.RunAsync("owner", "system-pause", "--action", "unpause", "--json")).Json["change"]!;
        Assert.Equal(0, (await Devnet.RunAsync("change", "approve", id, "--signer", "safe-owner-1", "--signer", "safe-owner-2")).Exit);
        await Devnet.SignOffAsync(id);
        return ["change", "execute", id, "--signer", "relayer", "--execute"];
    }

    // How many exchanges the command has with its node when nothing goes wrong.
    private async Task<int> ExchangesAsync(string[] command)
    {
        await using var node = FaultyRpc.InFrontOf(Devnet.Url);
        Devnet.PointAt(node.Url);
        Assert.Equal(0, (await Agijobs.RunRealAsync(Devnet.Folder, command)).Exit);
        return node.Exchanges;
    }
}
