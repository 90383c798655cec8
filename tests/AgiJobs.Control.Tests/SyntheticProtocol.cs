using System.Text.Json.Nodes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Control.Tests;

/// <summary>Protocols of other teams, made up: a description with three pausable modules and a hub, whose levers a test chooses.</summary>
internal sealed class SyntheticProtocol : IDisposable
{
    public static readonly string[] Pausable = ["Alpha", "Beta", "Gamma"];

    public static readonly Address Owner = Address.Parse("0x70997970C51812dc3A010C7d01b50e0d17dc79C8");

    private readonly TemporaryFolder _folder = new();

    public SyntheticProtocol()
    {
        WriteAbi("Hub", "function owner() view returns (address)", "function guardians() view returns (address[])", "function members(uint8) view returns (address[])", "function GUARD_ROLE() view returns (bytes32)", "function getRoleMembers(bytes32) view returns (address[])", "function count() view returns (uint256)", "function pauseAll()", "function unpauseAll()", "function pauseModule(address)", "function unpauseModule(address)", "function configure(uint256)", "function setOwner(address)", "function executeGovernanceCall(address,bytes) returns (bytes)", "function pauseModules(address[])", "function pauseWith((address,address[],uint256,uint256,bytes32),bytes)", "function spent(address,bytes32) view returns (bool)");
        WriteAbi("Leaf", "function owner() view returns (address)", "function paused() view returns (bool)", "function pause()", "function unpause()");
        Description = JsonNode.Parse("""
            {
              "version": 1, "name": "synthetic", "title": "Synthetic",
              "modules": [
                { "name": "Hub", "purpose": "Stops all.", "abi": "Hub", "levers": [], "roles": [ { "name": "owner", "power": "Everything.", "holders": "owner()", "risk": "red" }, { "name": "guardian", "power": "Pauses.", "holders": "guardians()", "risk": "amber" } ] }
              ]
            }
            """)!.AsObject();
        foreach (var name in Pausable)
        {
            Modules.Add(JsonNode.Parse($$"""{ "name": "{{name}}", "purpose": "Works.", "abi": "Leaf", "paused": "paused()", "levers": [], "roles": [ { "name": "owner", "power": "Everything.", "holders": "owner()", "risk": "red" } ] }"""));
        }

        Manifest = new JsonObject { ["version"] = 1, ["protocol"] = "synthetic", ["modules"] = new JsonObject() };
        foreach (var name in (string[])["Hub", .. Pausable])
        {
            Placed[name] = new JsonObject { ["address"] = AddressOf(name).ToString() };
        }
    }

    /// <summary>The workspace that it is loaded from.</summary>
    public string Folder => _folder.Path;

    public JsonObject Description { get; }

    public JsonArray Modules => Description["modules"]!.AsArray();

    public JsonObject Hub => Modules[0]!.AsObject();

    public JsonObject Manifest { get; }

    public JsonObject Placed => Manifest["modules"]!.AsObject();

    public static Address AddressOf(string module) => Bytes32.FromUnsigned(0x1000 + module[0]).ToAddress();

    /// <summary>Levers on the hub for all modules at once, idempotent or not.</summary>
    public SyntheticProtocol WithWholeLevers(bool idempotent)
    {
        AddLever("Hub", "pause", "pauseAll()", idempotent, "*");
        AddLever("Hub", "resume", "unpauseAll()", idempotent, "*");
        return this;
    }

    /// <summary>Levers on each module, which revert when it is in that state already.</summary>
    public SyntheticProtocol WithOwnLevers()
    {
        foreach (var name in Pausable)
        {
            AddLever(name, "pause", "pause()", false, null);
            AddLever(name, "resume", "unpause()", false, null);
        }

        return this;
    }

    public void AddLever(string module, string action, string function, bool idempotent, string? covers, string caller = "owner") =>
        Modules.Select(entry => entry!.AsObject()).First(entry => (string?)entry["name"] == module)["levers"]!.AsArray().Add(Lever(action, function, idempotent, covers, caller));

    public void WriteAbi(string name, params string[] entries) => _folder.Write($"config/protocol/abi/{name}.json", ContractAbi.FromHumanReadable(entries).ToJson());

    public string Write(string name, string content) => _folder.Write(name, content);

    public Protocol Load()
    {
        _folder.Write("config/protocol/synthetic.json", Description.ToJsonString());
        _folder.Write("config/owner-control.local.json", Manifest.ToJsonString());
        var workspace = Workspace.At(_folder.Path, _folder.File("nothing-ships"));
        return Protocol.Load(workspace, workspace.Manifest("local"));
    }

    /// <summary>The manifest as it was last loaded.</summary>
    public ManifestFile LoadManifest() => Workspace.At(_folder.Path, _folder.File("nothing-ships")).Manifest("local");

    /// <summary>The state in which the paused bits are as given, null for unknown, and one account owns everything.</summary>
    public static ProtocolState State(Protocol protocol, IReadOnlyList<bool?> bits, Address? owner = null, AccountState? account = null)
    {
        var holder = owner ?? Owner;
        var code = Reading.Known(Bytes32.FromUnsigned(7));
        var modules = protocol.Modules.ToDictionary(
            module => module.Name,
            module => new ModuleState(module, code, module.Paused is null ? null : bits[Array.IndexOf(Pausable, module.Name)] is { } paused ? Reading.Known(paused) : Reading.Unknown<bool>("the node is silent")),
            StringComparer.Ordinal);
        var roles = protocol.Modules.SelectMany(module => module.Roles).ToDictionary(role => role.FullName, _ => Reading.Known<IReadOnlyList<Address>>([holder]), StringComparer.Ordinal);
        var accounts = new Dictionary<Address, Reading<AccountState>> { [holder] = Reading.Known(account ?? new KeyAccount(false)) };
        return new ProtocolState(protocol, ChainId.Local, new BlockNumber(1), Bytes32.FromUnsigned(1), modules, roles, accounts, 3);
    }

    public static SignerReference Signer(string name, Address address) => new() { Name = name, Kind = SignerKind.Development, Address = address, Index = 0 };

    public void Dispose() => _folder.Dispose();

    private static JsonObject Lever(string action, string function, bool idempotent, string? covers, string caller)
    {
        var lever = new JsonObject { ["action"] = action, ["function"] = function, ["callers"] = new JsonArray(caller), ["idempotent"] = idempotent };
        if (covers is not null)
        {
            lever["covers"] = new JsonArray([.. covers.Split(',').Select(name => (JsonNode)name)]);
        }

        return lever;
    }
}
