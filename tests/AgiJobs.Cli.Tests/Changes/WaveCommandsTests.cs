using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Changes;

/// <summary>A wave of several Safe transactions from its signatures to its undoing, and waves that wait as one stack.</summary>
public sealed class WaveCommandsTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private TestNetwork Devnet => fixture.Devnet;

    public async ValueTask InitializeAsync()
    {
        await Devnet.FreshAsync();
        Devnet.Unmanage();
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_wave_of_two_chunks_is_signed_at_once_sent_and_rolled_back_by_the_calls_that_it_was_planned_with()
    {
        var burn = await ReadAsync("burnPct");
        var wave = await FileAsync("W-1", 1, ("setBurnPct", "burnPct", 123), ("setStakerShare", "stakerShareBps", 4567));
        var simulated = await Devnet.RunAsync("change", "simulate", wave, "--json");
        Assert.True(simulated.Exit == 3, simulated.ToString());
        Assert.Equal(2, simulated.Json["simulation"]!["transactions"]!.AsArray().Count);
        Assert.True((bool)simulated.Json["simulation"]!["rollback"]!["reverses"]!);

        var file = Path.Combine(Devnet.Folder, "wave.json");
        foreach (var owner in (string[])["safe-owner-1", "safe-owner-2"])
        {
            var signed = await Devnet.RunAsync("change", "approve", wave, "--signer", owner, "--json");
            Assert.True(signed.Exit == 0, signed.ToString());
            Assert.Equal(2, (int)signed.Json["safe"]!["transactions"]!);
        }

        Assert.Equal(4, Directory.GetFiles(Devnet.Workspace.Locate("storage", "changes", wave, "approvals"), "safe-*.json").Length);
        var executed = await Devnet.RunAsync("change", "execute", wave, "--signer", "relayer", "--execute", "--json");
        Assert.True(executed.Exit == 0, executed.ToString());
        Assert.Equal(2, executed.Json["transactions"]!.AsArray().Count);
        Assert.Equal(123, await ReadAsync("burnPct"));

        var planned = await Devnet.RunAsync("change", "rollback", wave, "--safe", file, "--json");
        Assert.True(planned.Exit == 3, planned.ToString());
        Assert.True(File.Exists(file) && File.Exists(Path.Combine(Devnet.Folder, "wave-2.json")));
        var undoing = (string)planned.Json["change"]!;
        Assert.Contains("undo-set-params", undoing, StringComparison.Ordinal);
        foreach (var owner in (string[])["safe-owner-1", "safe-owner-3"])
        {
            Assert.Equal(0, (await Devnet.RunAsync("change", "approve", undoing, "--signer", owner)).Exit);
        }

        var undone = await Devnet.RunAsync("change", "execute", undoing, "--signer", "relayer", "--execute", "--json");
        Assert.True(undone.Exit == 0, undone.ToString());
        Assert.Equal(burn, await ReadAsync("burnPct"));
        var list = (await Devnet.RunAsync("change", "list", "--json")).Json["changes"]!.AsArray();
        Assert.Equal("rolled-back", (string?)list.Single(entry => (string?)entry!["change"] == wave)!["state"]);
        Assert.Equal("verified", (string?)list.Single(entry => (string?)entry!["change"] == undoing)!["state"]);
        var again = await Devnet.RunAsync("change", "rollback", wave);
        Assert.Equal(0, again.Exit);
        Assert.Contains("Nothing is to be done", again.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Waves_that_wait_are_one_stack_and_those_that_set_the_same_are_named()
    {
        var first = await FileAsync("W-1", 0, ("setBurnPct", "burnPct", 123));
        var second = await FileAsync("W-2", 0, ("setBurnPct", "burnPct", 321));
        var third = await FileAsync("W-3", 0, ("setStakerShare", "stakerShareBps", 4567));
        var stack = await Devnet.RunAsync("change", "simulate", "--stack", first, second, third, "--json");
        Assert.True(stack.Exit == 3, stack.ToString());
        Assert.Equal("agijobs.change-stack/1", (string?)stack.Json["schema"]);
        Assert.Equal([first, second, third], stack.Json["changes"]!.AsArray().Select(entry => (string?)entry!["change"]));
        var pairs = stack.Json["pairs"]!.AsArray();
        Assert.Equal([(first, second, false), (first, third, true), (second, third, true)], pairs.Select(pair => ((string)pair!["first"]!, (string)pair["second"]!, (bool)pair["commutes"]!)));
        Assert.Contains(pairs[0]!["differs"]!.AsArray(), difference => (string?)difference!["subject"] == "FeePool.burnPct()");
        Assert.False((bool)stack.Json["changes"]![1]!["preconditions"]![0]!["holds"]!);

        // All that wait, for people.
        var all = await Devnet.RunAsync("change", "simulate", "--stack");
        Assert.Equal(3, all.Exit);
        Assert.StartsWith("NOTHING WAS SENT - add --execute", all.Output, StringComparison.Ordinal);
        Assert.Contains("do not commute", all.Output, StringComparison.Ordinal);
        Assert.Equal(2, (await Devnet.RunAsync("change", "simulate", "--stack", first, first)).Exit);
        Assert.Equal(2, (await Devnet.RunAsync("change", "simulate", first, second)).Exit);
    }

    private async Task<int> ReadAsync(string view)
    {
        var pool = Devnet.Protocol["FeePool"];
        return (int)new Bytes32(await Devnet.Client.CallAsync(new CallRequest { To = pool.Address, Data = pool.Abi.Function(view).Encode() }, BlockReference.Latest)).ToUnsigned();
    }

    // Through the Safe, each call beyond the first in a chunk of its own where chunks are asked for.
    private async Task<string> FileAsync(string instance, int chunks, params IReadOnlyList<(string Setter, string View, int Value)> settings)
    {
        var protocol = Devnet.Protocol;
        var pool = protocol["FeePool"];
        var before = new List<int>();
        foreach (var (_, view, _) in settings)
        {
            before.Add(await ReadAsync(view));
        }

        var route = new Route { Kind = RouteKind.Safe, Role = "FeePool.owner", Caller = Devnet.Safe };
        var document = new ChangeDocument
        {
            Version = 1,
            Kind = "set-params",
            Network = TestNetwork.Network,
            ChainId = ChainId.Local,
            Protocol = protocol.Name,
            Instance = instance,
            Title = $"Set {string.Join(", ", settings.Select(setting => setting.View))}",
            Risk = Risk.Amber,
            Steps = [.. settings.Select((setting, index) => Step(setting.Setter, setting.Value, index))],
            Preconditions = [.. settings.Select((setting, index) => Expect(setting.View, before[index]))],
            Expected = [.. settings.Select(setting => Expect(setting.View, setting.Value))],
            Effects = [new DeclaredEffect { Contract = "FeePool", Target = pool.Address, Emits = ["BurnPctUpdated(uint256,uint256)", "StakerShareUpdated(uint256,uint256)"], Writes = [.. settings.Select(setting => setting.View)] }],
            Rollback = new Rollback { Note = "By the calls before.", Steps = [.. settings.Select((setting, index) => Step(setting.Setter, before[index], index)).Reverse().Select((step, index) => step with { Chunk = chunks > 0 && index > 0 ? index : null })] },
        };
        return new ChangeStore(Devnet.Workspace, TimeProvider.System).File(document, "brief").Id;

        ChangeStep Step(string setter, int value, int index)
        {
            var function = pool.Abi.Function(setter);
            return new ChangeStep { Module = "FeePool", Target = pool.Address, Function = function.Signature, Arguments = [$"{value}"], Calldata = function.Encode(value), Route = route, Chunk = chunks > 0 && index > 0 ? index : null };
        }

        Expectation Expect(string view, int value)
        {
            var function = pool.Abi.Function(view);
            return new Expectation { Subject = $"FeePool.{view}() = {value}", Target = pool.Address, Call = function.Encode(), Result = function.EncodeOutput(value) };
        }
    }
}
