using System.Text.Json.Nodes;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Samples;

/// <summary>Somebody else's contracts on the chain of a test network, in its workspace as a network of its own that a sample describes.</summary>
internal sealed class ForeignGround(TestNetwork devnet, string sample, string protocol)
{
    public const string Network = "foreign";

    private readonly JsonObject _modules = [];
    private readonly Dictionary<string, ContractAbi> _abis = new(StringComparer.Ordinal);

    public string Folder => devnet.Folder;

    public Address this[string module] => Address.Parse((string)_modules[module]!["address"]!);

    /// <summary>Compiles a contract of the sample.</summary>
    public async Task<CompiledContract> CompileAsync(string contract) =>
        await Solidity.CompileAsync(await File.ReadAllTextAsync(Directory.GetFiles(Toolchain.PathOf("samples", sample, "contracts"), "*.sol").Single()), contract);

    /// <summary>Deploys a contract of the sample.</summary>
    public async Task<Address> DeployAsync(string contract, params AbiValue[] arguments)
    {
        var compiled = await CompileAsync(contract);
        var creation = ContractAbi.FromJson(compiled.AbiJson).Constructor.Encode(compiled.CreationCode, arguments);
        var answer = await devnet.Client.RequestAsync("eth_sendTransaction", writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("from", devnet.Accounts["deployer"].Address.ToString());
            writer.WriteString("input", Hex.Encode(creation));
            writer.WriteString("gas", "0x7a1200");
            writer.WriteEndObject();
        });
        var hash = Bytes32.Parse(answer.GetString()!);
        return (await Wait.ForAsync("the receipt", () => devnet.Client.ReceiptAsync(hash))).ContractAddress!.Value;
    }

    /// <summary>Names a module in the manifest, with the roles that it is to have.</summary>
    public void Place(string module, Address address, params (string Role, Address Holder)[] roles)
    {
        _modules[module] = new JsonObject { ["address"] = address.ToString() };
        if (roles.Length > 0)
        {
            _modules[module]!["roles"] = new JsonObject(roles.Select(role => KeyValuePair.Create<string, JsonNode?>(role.Role, new JsonArray(role.Holder.ToString()))));
        }
    }

    /// <summary>Writes what the compiler made of a contract as the ABI of a module, with its state variables.</summary>
    public async Task ShelveAsync(string contract)
    {
        var compiled = await CompileAsync(contract);
        Write($"config/protocol/abi/{contract}.json", new JsonObject { ["abi"] = JsonNode.Parse(compiled.AbiJson), ["storageLayout"] = JsonNode.Parse(compiled.StorageLayoutJson) }.ToJsonString());
    }

    /// <summary>Writes the workspace: the sample's configuration, the network, its signers and the manifest.</summary>
    public void Settle()
    {
        var config = Toolchain.PathOf("samples", sample, "config");
        foreach (var file in Directory.EnumerateFiles(config, "*.json", SearchOption.AllDirectories))
        {
            Write(Path.Combine("config", Path.GetRelativePath(config, file)), File.ReadAllText(file));
        }

        JsonFile.Write(devnet.Workspace.NetworkPath(Network), devnet.Workspace.Network(TestNetwork.Network), WorkspaceJson.Default.NetworkFile);
        File.Copy(devnet.Workspace.NetworkSignersPath(TestNetwork.Network), devnet.Workspace.NetworkSignersPath(Network), overwrite: true);
        Write($"config/owner-control.{Network}.json", new JsonObject { ["version"] = 1, ["protocol"] = protocol, ["modules"] = _modules.DeepClone() }.ToJsonString());
        foreach (var module in AgiJobs.Control.Description.Protocol.Load(devnet.Workspace, devnet.Workspace.Manifest(Network)).Modules)
        {
            _abis[module.Name] = module.Abi;
        }
    }

    public Task<Outcome> RunAsync(params string[] arguments) => Agijobs.RunAsync(devnet.Folder, [.. arguments, "--network", Network], patience: TimeSpan.FromSeconds(2));

    /// <summary>Plans with a command, has the owners sign, and executes; a timelock's time is let pass.</summary>
    public async Task DriveAsync(string[] command, string[] owners, string sender, ulong delay = 0)
    {
        var planned = await RunAsync([.. command, "--json"]);
        Assert.True(planned.Exit == 3, planned.ToString());
        var change = (string)planned.Json["change"]!;
        foreach (var owner in owners)
        {
            var signed = await RunAsync("change", "approve", change, "--signer", owner);
            Assert.True(signed.Exit == 0, signed.ToString());
        }

        string[] execute = ["change", "execute", change, "--signer", sender, "--execute"];
        var executed = await RunAsync(execute);
        if (delay > 0)
        {
            Assert.True(executed.Exit == 3, executed.ToString());
            await devnet.PassAsync(delay);
            executed = await RunAsync(execute);
        }

        Assert.True(executed.Exit == 0, executed.ToString());
    }

    /// <summary>What a view of a module returns.</summary>
    public async Task<AbiValue> ReadAsync(string module, string view, params AbiValue[] arguments)
    {
        var function = _abis[module].Function(view);
        return function.DecodeOutput(await devnet.Client.CallAsync(new CallRequest { To = this[module], Data = function.Encode(arguments) }, BlockReference.Latest))[0];
    }

    /// <summary>Has an account call a module at once, as if it had signed.</summary>
    public Task CallAsync(Address from, string module, string function, params AbiValue[] arguments) => devnet.CallAsAsync(from, this[module], _abis[module].Function(function).Encode(arguments));

    private void Write(string path, string content)
    {
        var full = devnet.Workspace.Locate(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, content);
    }
}
