using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Pausing;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Control.Tests.Pausing;

/// <summary>
/// Plans for AGI Jobs as it ships, and for the same modules under a hub of the legacy kind, from every combination of paused bits there is, held against a model of the contracts.
/// </summary>
public sealed class MixedStateTests(ITestOutputHelper output) : IDisposable
{
    private static readonly Address Safe = Bytes32.FromUnsigned(0x5afe).ToAddress();
    private static readonly Address Guardian = Bytes32.FromUnsigned(0x6a4d).ToAddress();
    private static readonly Address[] Owners = [.. Enumerable.Range(1, 3).Select(number => Bytes32.FromUnsigned(0x1000 + number).ToAddress())];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(LeverAction.Pause, true)]
    [InlineData(LeverAction.Resume, true)]
    [InlineData(LeverAction.Pause, false)]
    [InlineData(LeverAction.Resume, false)]
    public void From_every_combination_no_call_reverts_and_the_end_asked_for_is_reached(LeverAction action, bool idempotent)
    {
        var protocol = Load(idempotent);
        var pausable = protocol.Modules.Where(module => module.Paused is not null).ToList();
        Assert.Equal(12, pausable.Count);
        var wanted = action == LeverAction.Pause;
        SignerReference[] signers = [SyntheticProtocol.Signer("guardian", Guardian), SyntheticProtocol.Signer("a", Owners[0]), SyntheticProtocol.Signer("b", Owners[1])];
        var calls = 0;
        for (var mask = 0; mask < 1 << pausable.Count; mask++)
        {
            var bits = pausable.Select((_, i) => (mask & (1 << i)) != 0).ToArray();
            var plan = new PausePlanner(State(protocol, pausable, bits), "local", signers).Plan(action, "INC-1");
            if (bits.All(bit => bit == wanted))
            {
                Assert.Null(plan.Change);
                continue;
            }

            foreach (var step in plan.Change!.Steps)
            {
                calls++;
                Act(protocol, pausable, step, bits, idempotent);
            }

            Assert.All(bits, bit => Assert.Equal(wanted, bit));
        }

        output.WriteLine($"{action}, {(idempotent ? "idempotent" : "legacy")}: {1 << pausable.Count} combinations of {pausable.Count} modules tried, {calls} calls planned, reverts 0");
    }

    // What the contracts do, as their sources say: the hub's calls skip what is there already only when it is idempotent, a module's own never.
    private static void Act(Protocol protocol, List<Module> pausable, ChangeStep step, bool[] bits, bool idempotent)
    {
        var pauses = !step.Function.StartsWith("unpause", StringComparison.Ordinal);
        var hub = protocol["SystemPause"];
        var own = step.Target != hub.Address;
        var indices = own ? [pausable.FindIndex(module => module.Address == step.Target)]
            : step.Arguments.Count > 0 ? [.. step.Arguments.Select(argument => pausable.FindIndex(module => module.Address.ToString() == argument))]
            : Enumerable.Range(0, pausable.Count).ToArray();
        var caller = step.Route.Caller;
        if (own)
        {
            Assert.True(caller == Safe || caller == hub.Address, $"{caller} may not call {step.Module}.{step.Function}");
            Assert.True(step.Route.Kind != RouteKind.Forwarder || step.Route.Via!.Caller == Safe, "only governance may forward");
        }
        else
        {
            Assert.True(caller == Safe || (pauses && caller == Guardian), $"{caller} may not call {step.Function}");
        }

        foreach (var index in indices)
        {
            Assert.InRange(index, 0, pausable.Count - 1);
            Assert.True(bits[index] != pauses || (!own && idempotent), $"{step.Module}.{step.Function} reverts on {string.Join(", ", bits)}");
            bits[index] = pauses;
        }
    }

    private Protocol Load(bool idempotent)
    {
        var description = JsonNode.Parse(File.ReadAllText(Path.Combine(TestNetwork.ShippedConfig, "protocol", "agi-jobs.json")))!.AsObject();
        var modules = description["modules"]!.AsArray().Select(module => module!.AsObject()).ToList();
        if (!idempotent)
        {
            // The legacy kind owns its modules, has nothing but the two levers for all, and forwards.
            var levers = modules[0]["levers"]!.AsArray();
            foreach (var lever in levers.Where(lever => (string?)lever!["function"] is not ("pauseAll()" or "unpauseAll()")).ToList())
            {
                levers.Remove(lever);
            }

            foreach (var lever in levers)
            {
                lever!["idempotent"] = false;
            }
        }

        description["name"] = "mixed";
        _folder.Write("config/protocol/mixed.json", description.ToJsonString());
        var placed = new JsonObject();
        foreach (var (name, index) in modules.Select((module, index) => ((string)module["name"]!, index)))
        {
            placed[name] = new JsonObject { ["address"] = Bytes32.FromUnsigned(0x2000 + index).ToAddress().ToString() };
        }

        _folder.Write("config/owner-control.local.json", new JsonObject { ["version"] = 1, ["protocol"] = "mixed", ["modules"] = placed }.ToJsonString());
        var workspace = Workspace.At(_folder.Path, TestNetwork.ShippedConfig);
        return Protocol.Load(workspace, workspace.Manifest("local"));
    }

    private static ProtocolState State(Protocol protocol, List<Module> pausable, bool[] bits)
    {
        var code = Reading.Known(Bytes32.FromUnsigned(7));
        var hub = protocol["SystemPause"].Address;
        var roles = protocol.Modules.SelectMany(module => module.Roles).ToDictionary(
            role => role.FullName,
            role => Reading.Known<IReadOnlyList<Address>>(role.Name switch
            {
                "owner" => [Safe],
                "guardian" => [Guardian],
                "systemPause" => [hub],
                "module" => [.. pausable.Select(module => module.Address)],
                _ => [],
            }),
            StringComparer.Ordinal);
        var accounts = Owners.Append(Guardian).ToDictionary(address => address, _ => Reading.Known<AccountState>(new KeyAccount(false)));
        accounts[Safe] = Reading.Known<AccountState>(new SafeAccountState("1.4.1", Owners, 2, 0));
        accounts[hub] = Reading.Known<AccountState>(new ContractState());
        return new ProtocolState(
            protocol,
            ChainId.Local,
            new BlockNumber(1),
            Bytes32.FromUnsigned(1),
            protocol.Modules.ToDictionary(module => module.Name, module => new ModuleState(module, code, module.Paused is null ? null : Reading.Known(bits[pausable.IndexOf(module)])), StringComparer.Ordinal),
            roles,
            accounts,
            3);
    }
}
