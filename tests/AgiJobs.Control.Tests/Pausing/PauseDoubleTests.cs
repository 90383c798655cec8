using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Pausing;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing;

namespace AgiJobs.Control.Tests.Pausing;

/// <summary>Plans for the contracts' own double of a legacy SystemPause, whose levers revert from a mixed state, carried out on a chain.</summary>
public sealed partial class PauseDoubleTests(ITestOutputHelper output)
{
    // OpenZeppelin's two base contracts as far as the double uses them, since the small compiler of the tests resolves no imports.
    private const string Bases = """
        abstract contract Ownable {
            address public owner;
            constructor(address initialOwner) { owner = initialOwner; }
            modifier onlyOwner() { require(msg.sender == owner, "owner"); _; }
        }
        abstract contract Pausable {
            error EnforcedPause();
            error ExpectedPause();
            bool public paused;
            function _pause() internal { if (paused) revert EnforcedPause(); paused = true; }
            function _unpause() internal { if (!paused) revert ExpectedPause(); paused = false; }
        }
        """;

    [Fact]
    public async Task From_every_mix_of_states_each_call_succeeds_on_the_chain_and_the_end_asked_for_is_reached()
    {
        const int Count = 3;
        var source = Imports().Replace(await File.ReadAllTextAsync(Toolchain.PathOf("contracts", "test", "PauseDouble.sol")), "").Replace("contract LegacyModule", Bases + "contract LegacyModule", StringComparison.Ordinal);
        var compiled = await Solidity.CompileAsync(source, "PauseDouble");
        await using var anvil = await Anvil.StartAsync();
        await using var client = await anvil.ConnectAsync();
        var governance = Anvil.Accounts[0];
        var abi = ContractAbi.FromJson(compiled.AbiJson);
        var hub = (await anvil.ExecuteAsync(governance, null, abi.Constructor.Encode(compiled.CreationCode, governance, Count))).ContractAddress!.Value;
        var modules = abi.Function("modules").DecodeOutput(await client.CallAsync(new CallRequest { To = hub, Data = abi.Function("modules").Encode() }, BlockReference.Latest))[0].AsList().Select(item => item.AsAddress()).ToList();

        using var synthetic = new SyntheticProtocol();
        synthetic.WithWholeLevers(idempotent: false).WithOwnLevers();
        synthetic.Hub["roles"]!.AsArray().RemoveAt(1);
        synthetic.Hub["forwards"] = JsonNode.Parse("""[ { "function": "executeGovernanceCall(address,bytes)", "callers": ["owner"] } ]""");
        synthetic.Placed["Hub"]!["address"] = hub.ToString();
        foreach (var (name, address) in SyntheticProtocol.Pausable.Zip(modules))
        {
            synthetic.Placed[name]!["address"] = address.ToString();
        }

        var protocol = synthetic.Load();
        var running = await anvil.SnapshotAsync();
        var calls = 0;
        foreach (var mask in Enumerable.Range(0, 1 << Count))
        {
            foreach (var action in (LeverAction[])[LeverAction.Pause, LeverAction.Resume])
            {
                await anvil.RevertAsync(running);
                running = await anvil.SnapshotAsync();
                foreach (var address in modules.Where((_, i) => (mask & (1 << i)) != 0))
                {
                    await Execute(hub, abi.Function("executeGovernanceCall").Encode(address, AbiFunction.Parse("function pause()").Encode()));
                }

                var wanted = action == LeverAction.Pause;
                var planner = new PausePlanner(await ObserveAsync(anvil, protocol), "local", [SyntheticProtocol.Signer("governance", governance)]);
                var plan = await planner.PlanAsync(client, action, "T-1", null, CancellationToken.None);
                Assert.Equal(mask == (wanted ? (1 << Count) - 1 : 0), plan.Change is null);
                Assert.Equal(mask == (wanted ? 0 : (1 << Count) - 1), plan.Change?.Steps is [{ Function: "pauseAll()" or "unpauseAll()" }]);
                foreach (var step in plan.Change?.Steps ?? [])
                {
                    calls++;
                    var call = RouteCalls.Of(step.Route, (step.Target, step.Calldata), Bytes32.Zero)[^1];
                    Assert.Equal(governance, call.From);
                    await Execute(call.To, call.Data.ToArray());
                }

                Assert.All((await ObserveAsync(anvil, protocol)).Pausable, module => Assert.Equal(wanted, module.Paused!.Value));
            }
        }

        output.WriteLine($"legacy double on a chain: {2 << Count} combinations tried, {calls} calls made, reverts 0");

        async Task Execute(Address to, byte[] data) => Assert.True((await anvil.ExecuteAsync(governance, to, data)).Succeeded);
    }

    private static async Task<ProtocolState> ObserveAsync(Anvil anvil, Protocol protocol)
    {
        await using var client = await anvil.ConnectAsync();
        return await new ProtocolObserver(client).ObserveAsync(protocol, PinnedBlock.AtConnect(client), CancellationToken.None);
    }

    [GeneratedRegex("^import .*$", RegexOptions.Multiline)]
    private static partial Regex Imports();
}
