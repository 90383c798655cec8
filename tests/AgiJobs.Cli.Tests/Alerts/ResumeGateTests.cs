using System.Diagnostics;
using System.Text.Json.Nodes;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Alerts;

/// <summary>A resume under a running monitor: what fires holds it back, what the pause itself caused does not, and without a monitor people sign.</summary>
public sealed class ResumeGateTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private readonly List<Process> _processes = [];

    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }

    [Fact]
    public async Task A_resume_waits_until_what_fires_is_closed_or_silenced_and_is_not_held_back_by_the_pauses_own_alerts()
    {
        Assert.Equal(0, (await Devnet.RunAsync("monitoring", "apply", "--execute", "--reason", "test")).Exit);
        // A monitor begins with the newest block, which is not to be the deployment's.
        await Devnet.MineAsync();
        _processes.Add(Agijobs.Start(Devnet.Folder, ["serve", "--roles", "monitor", "--listen", "127.0.0.1:0", "--network", TestNetwork.Network]));
        await Wait.UntilAsync("the monitor is at work", async () => (await Devnet.RunAsync("monitoring", "status", "--json")).Json["monitors"]?.AsArray().Any(monitor => (string?)monitor!["monitor"] == "main" && monitor["head"] is not null) is true);

        // A pause is let through whatever fires; a stranger's doing fires.
        await StrangerAsync("setBurnPct", 3);
        await FiresAsync("parameter-updated-unexpected");
        var pause = await Devnet.RunAsync("owner", "system-pause", "--action", "pause", "--signer", "guardian", "--execute");
        Assert.True(pause.Exit == 0, pause.ToString());
        await FiresAsync("module-paused");

        var plan = await Devnet.RunAsync("owner", "system-pause", "--action", "unpause", "--json");
        Assert.True(plan.Exit == 3, plan.ToString());
        var change = (string)plan.Json["change"]!;
        Assert.Equal(0, (await Devnet.RunAsync("change", "approve", change, "--signer", "safe-owner-1", "--signer", "safe-owner-2")).Exit);
        await Devnet.SignOffAsync(change);
        var refused = await ExecuteAsync(change);
        Assert.Equal((4, "alerts-firing"), (refused.Exit, (string?)refused.Json["error"]!["code"]));
        Assert.Contains("alert list --network local", refused.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("was paused by", (string)refused.Json["error"]!["message"]!, StringComparison.Ordinal);
        Assert.True(await Devnet.IsPausedAsync());

        // Silenced it passes the point, and what fires anew closes it again.
        var silenced = await Devnet.RunAsync("alert", "silence", "--rule", "parameter-updated-unexpected", "--for", "1h", "--reason", "known", "--signer", "moderator", "--json");
        Assert.True(silenced.Exit == 0, silenced.ToString());
        var shown = await Devnet.RunAsync("change", "show", change);
        Assert.True(shown.Output.Contains("is silenced by", StringComparison.Ordinal), shown.ToString());
        await StrangerAsync("setRewarder", Devnet.Accounts["employer"].Address, true);
        await FiresAsync("role-changed-unexpected");
        Assert.Equal("alerts-firing", (string?)(await ExecuteAsync(change)).Json["error"]!["code"]);

        // The pause is watched over as well: a stranger changed a contract that it had just touched.
        await FiresAsync("change-effects");
        foreach (var alert in (List<JsonNode>)[.. await FiringAsync("role-changed-unexpected"), .. await FiringAsync("change-effects")])
        {
            var closed = await Devnet.RunAsync("alert", "close", (string)alert["id"]!, "--reason", "dealt with", "--signer", "moderator");
            Assert.True(closed.Exit == 0, closed.ToString());
        }

        var through = await ExecuteAsync(change);
        Assert.True(through.Exit == 0, through.ToString());
        Assert.True(await Devnet.IsPausedAsync(false));
    }

    [Fact]
    public async Task Without_a_monitor_the_duty_security_signs_for_it_and_reads_why()
    {
        Assert.Equal(0, (await Devnet.RunAsync("owner", "system-pause", "--action", "pause", "--signer", "guardian", "--execute")).Exit);
        var change = (string)(await Devnet.RunAsync("owner", "system-pause", "--action", "unpause", "--json")).Json["change"]!;
        var refused = await ExecuteAsync(change);
        Assert.Equal(4, refused.Exit);
        Assert.Contains("alerts back to normal (unknown: no monitor ever ran here)", refused.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, (await Devnet.RunAsync("change", "approve", change, "--signer", "safe-owner-1", "--signer", "safe-owner-2")).Exit);
        await Devnet.SignOffAsync(change);
        var through = await ExecuteAsync(change);
        Assert.True(through.Exit == 0, through.ToString());
    }

    private Task<Outcome> ExecuteAsync(string change) => Devnet.RunAsync("change", "execute", change, "--signer", "relayer", "--execute", "--json");

    private async Task StrangerAsync(string function, params object[] arguments)
    {
        var view = Devnet.Protocol["FeePool"].Abi.Function("owner");
        var owner = view.DecodeOutput(await Devnet.Client.CallAsync(new CallRequest { To = Devnet.Protocol["FeePool"].Address, Data = view.Encode() }, BlockReference.Latest))[0].AsAddress();
        await Devnet.CallAsAsync(owner, "FeePool", function, [.. arguments.Select(argument => argument switch { Address address => (AbiValue)address, bool flag => flag, _ => (AbiValue)(int)argument })]);
    }

    private async Task<List<JsonNode>> FiringAsync(string rule) => [.. (await Devnet.RunAsync("alert", "list", "--json")).Json["alerts"]!.AsArray().Where(alert => (string?)alert!["rule"] == rule).Select(alert => alert!)];

    private Task FiresAsync(string rule) => Wait.UntilAsync($"{rule} fires", async () => (await FiringAsync(rule)).Count > 0);
}
