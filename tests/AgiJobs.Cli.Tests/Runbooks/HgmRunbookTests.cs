using AgiJobs.Cli.Tests.Arena;
using AgiJobs.Control.Evidence.Ledger;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Runs;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Runbooks;

/// <summary>docs/hgm-runbook.md (emergency operations v2, Day-One checklist and economic levers), line by line on a local network with rounds and a run at work.</summary>
public sealed class HgmRunbookTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>
{
    private TestNetwork Devnet => fixture.Devnet;

    [Fact]
    public async Task Every_command_ends_as_the_page_says_and_the_run_and_the_ledger_show_what_was_done()
    {
        await using var arena = await LocalArena.StartAsync(Devnet, LocalArena.Everybody);
        foreach (var line in await WalkedPage.ReadAsync("hgm-runbook.md"))
        {
            string[] arguments = [.. line.Arguments];
            arguments = arguments is [.. var given, ">", _] ? [.. given, .. Server(given, arena)] : [.. arguments, .. Server(arguments, arena)];
            var outcome = await Devnet.RunAsync(arguments);
            Assert.True(line.Ends.Contains(outcome.Exit), $"{line.Text}\n{outcome}");
            if (line.Arguments is [.., ">", var file])
            {
                Assert.NotEmpty(outcome.Output);
                await File.WriteAllTextAsync(Path.Combine(Devnet.Folder, file), outcome.Output, TestContext.Current.CancellationToken);
            }
        }

        // The pause reaches the run as well: its driver says so, and starts nothing more.
        using var http = new HttpClient { BaseAddress = arena.Gateway };
        await Wait.UntilAsync("the driver of runs has seen the pause", async () => (await (await http.GetAsync("/readyz", TestContext.Current.CancellationToken)).Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Contains("no operation of a run starts", StringComparison.Ordinal));
        Assert.True(File.Exists(Path.Combine(Devnet.Folder, "reports", "hgm", "lineage.html")));
        Assert.InRange((await File.ReadAllLinesAsync(Path.Combine(Devnet.Folder, "reports", "hgm", "roi-baseline.log"), TestContext.Current.CancellationToken)).Count(line => line.Contains("roi=", StringComparison.Ordinal)), 6, 12);
        await using var store = await arena.StoreAsync();
        var events = await new DurableRunStore(store, TestNetwork.Network).ReadAsync("day-one", 0, TestContext.Current.CancellationToken);
        Assert.Contains(events, happened => happened is ParametersChanged { Alpha: 0.7m });
        Assert.Single(events, happened => happened is SentinelOverridden);
        Assert.Single(events, happened => happened is SentinelOverrideEnded);
        Assert.Single(events, happened => happened is BudgetToppedUp);
        var ledger = new OwnerLedger(Devnet.Workspace, TimeProvider.System).Read();
        Assert.True(ledger.Count >= 5, $"{ledger.Count} records");
        await arena.StopAsync();
    }

    // What goes through the server is told where this test's listens; 'agijobs up' notes it for everybody.
    private static string[] Server(IReadOnlyList<string> arguments, LocalArena arena) =>
        arguments is ["thermostat", "watch", ..] or ["hgm", "steer", ..] ? ["--server", arena.Gateway.ToString()] : [];
}
