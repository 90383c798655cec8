using System.Diagnostics;
using System.Text.Json.Nodes;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Monitoring;

/// <summary>Three monitors in processes of their own on three nodes, one of which lies, and a host whose breakers fire.</summary>
public sealed class DetectionToPauseTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private static readonly string[] Names = ["east", "north", "west"];

    private readonly List<Process> _processes = [];
    private FaultyRpc _north = null!;
    private FaultyRpc _liar = null!;

    private TestNetwork Devnet => fixture.Devnet;

    public async ValueTask InitializeAsync()
    {
        await Devnet.FreshAsync();
        _north = FaultyRpc.InFrontOf(Devnet.Url);
        _liar = FaultyRpc.InFrontOf(Devnet.Url);
        Devnet.PointAt(Devnet.Url, _north.Url, _liar.Url);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }

        await Devnet.IntervalMiningAsync(0);
        await Devnet.AutomineAsync(true);
        await _north.DisposeAsync();
        await _liar.DisposeAsync();
        Devnet.PointAt(Devnet.Url);
    }

    [Fact]
    public async Task A_drain_of_the_treasury_is_paused_in_the_next_block_and_a_node_that_lies_neither_fires_nor_blocks_it()
    {
        var thief = Devnet.Accounts["relayer"].Address;
        await FillPoolAsync(thief);
        Assert.Equal(0, (await Devnet.RunAsync("owner", "armory", "add", "--authorization", "--signer", "guardian", "--valid-until", "90d", "--json")).Exit);
        for (var i = 0; i < Names.Length; i++)
        {
            Start("monitoring", "run", "--name", Names[i], "--rpc", $"{i + 1}", "--network", TestNetwork.Network);
        }

        await WriteBreakersAsync();
        Start("serve", "--roles", "monitor", "--listen", "127.0.0.1:0", "--network", TestNetwork.Network);

        // The node of west makes a small reward a large one: its monitor stands alone, and nothing is fired.
        var (paid, large) = (Devnet.Protocol["FeePool"].Abi.Event("RewardPaid").Topic0!.Value.ToString(), Bytes32.FromUnsigned(Wei.FromEther("50000").Value).ToString());
        _liar.On("eth_getLogs").Change((_, answer) => Lie(answer, paid, large));
        await Devnet.CallAsAsync(thief, "FeePool", "reward", thief, Wei.FromEther("1"));
        await Wait.UntilAsync("the liar's monitor finds what never was", async () => Rules((await StatusAsync()).Json, "west") > 0);
        await Wait.UntilAsync("the others have examined the block", async () => Examined((await StatusAsync()).Json) >= (await Devnet.Client.BlockNumberAsync()).Value);
        var alone = await Devnet.RunAsync("monitoring", "breakers", "--json");
        Assert.True(alone.Exit == 0 && alone.Json["cases"]!.AsArray().Count == 0, alone.ToString());
        Assert.True(await Devnet.IsPausedAsync(false));

        // Now it hides everything, and blocks come as on a public chain: the pause has the time of one.
        _liar.On("eth_getLogs").Change((_, answer) => answer is JsonArray ? new JsonArray() : answer);
        await Devnet.AutomineAsync(false);
        await Devnet.IntervalMiningAsync(12);
        var draining = Devnet.CallAsAsync(thief, "FeePool", "reward", thief, Wei.FromEther("12500"));
        await draining;
        await Wait.UntilAsync("the breaker has fired", async () => await FiredAsync());
        var fired = await Devnet.RunAsync("monitoring", "breakers", "--json");
        var one = Assert.Single(fired.Json["cases"]!.AsArray())!;
        Assert.Equal(("large-reward", "fired", 1), ((string?)one["rule"], (string?)one["state"], (int)one["pauseBlocks"]!));
        Assert.True((double)one["detectSeconds"]! >= 0 && (double)one["pauseSeconds"]! > 0, fired.ToString());
        Assert.True(await Devnet.IsPausedAsync());
        var shown = await Devnet.RunAsync("monitoring", "breakers");
        Assert.True(shown.Lines.Any(line => line.Contains("12500", StringComparison.Ordinal) && line.Contains("fired", StringComparison.Ordinal)), shown.ToString());
    }

    private async Task FillPoolAsync(Address thief)
    {
        var view = Devnet.Protocol["FeePool"].Abi.Function("owner");
        var owner = view.DecodeOutput(await Devnet.Client.CallAsync(new CallRequest { To = Devnet.Protocol["FeePool"].Address, Data = view.Encode() }, BlockReference.Latest))[0].AsAddress();
        var deployer = Devnet.Accounts["deployer"].Address;
        await Devnet.CallAsAsync(owner, "FeePool", "setRewardLimit", Wei.FromEther("1000000"));
        await Devnet.CallAsAsync(owner, "FeePool", "setRewarder", thief, true);
        await Devnet.CallAsAsync(deployer, "Token", "approve", Devnet.Protocol["FeePool"].Address, Wei.FromEther("50000"));
        await Devnet.CallAsAsync(deployer, "FeePool", "contribute", Wei.FromEther("50000"));
    }

    private async Task WriteBreakersAsync()
    {
        JsonArray monitors = [];
        await Wait.UntilAsync("the monitors are at work", async () =>
        {
            var status = await StatusAsync();
            monitors = [.. Names.Select(name => status.Json["monitors"]?.AsArray().FirstOrDefault(monitor => (string?)monitor!["monitor"] == name && monitor["head"] is not null)).OfType<JsonNode>()
                .Select(monitor => new JsonObject { ["name"] = (string?)monitor["monitor"], ["key"] = (string?)monitor["key"] })];
            return monitors.Count == Names.Length;
        });
        var file = new JsonObject { ["version"] = 1, ["monitors"] = monitors, ["agree"] = 2, ["breakers"] = new JsonArray(new JsonObject { ["rule"] = "large-reward", ["action"] = "fire" }) };
        await File.WriteAllTextAsync(Devnet.Workspace.Locate("config", "breakers.json"), file.ToJsonString());
        var lint = await Devnet.RunAsync("monitoring", "breakers", "--json");
        Assert.True(lint.Exit == 0, lint.ToString());
    }

    private async Task<bool> FiredAsync()
    {
        if (_processes.Find(process => process.HasExited) is { } dead)
        {
            throw new InvalidOperationException($"{string.Join(' ', dead.StartInfo.ArgumentList)} ended: {await dead.StandardError.ReadToEndAsync()}");
        }

        return (await Devnet.RunAsync("monitoring", "breakers", "--json")).Json["cases"]!.AsArray().Any(one => (string?)one!["state"] == "fired");
    }

    private Task<Outcome> StatusAsync() => Devnet.RunAsync("monitoring", "status", "--json");

    private static int Rules(JsonObject status, string monitor) => (int?)status["monitors"]?.AsArray().FirstOrDefault(one => (string?)one!["monitor"] == monitor)?["findings"] ?? 0;

    private static ulong Examined(JsonObject status) =>
        status["monitors"]!.AsArray().Where(one => (string?)one!["monitor"] is "east" or "north").Min(one => one!["sets"]!.AsArray().Min(set => (ulong)set!["next"]!)) - 1;

    private static JsonNode? Lie(JsonNode? answer, string topic, string word)
    {
        foreach (var log in answer as JsonArray ?? [])
        {
            if ((string?)log!["topics"]?[0] == topic)
            {
                log["data"] = word;
            }
        }

        return answer;
    }

    private void Start(params string[] arguments)
    {
        var process = Agijobs.Start(Devnet.Folder, arguments);
        _processes.Add(process);
        process.OutputDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
    }
}
