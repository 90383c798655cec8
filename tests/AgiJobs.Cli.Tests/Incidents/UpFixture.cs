using System.Diagnostics;
using AgiJobs.Control.Description;
using AgiJobs.Control.Workspaces;
using AgiJobs.Deployment.LocalNetwork;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Incidents;

/// <summary>
/// <c>agijobs up</c> as an operator starts it: the chain, the server with its default roles and the agents, each a process of its own, with the shipped rules in force and an on-call plan that tells a log. It ends with the fixture, also when the test process dies.
/// </summary>
public sealed class UpFixture : IAsyncLifetime
{
    private const string OnCall = """
        {
          "version": 1,
          "channels": [ { "name": "log", "kind": "log", "path": "reports/alerts.jsonl" } ],
          "policies": [ { "name": "all", "steps": [ { "channels": ["log"] } ] } ],
          "severities": [
            { "severity": "SEV-0", "policy": "all", "acknowledge": "5m", "renotify": "15m" },
            { "severity": "SEV-1", "policy": "all", "acknowledge": "10m", "renotify": "30m" },
            { "severity": "SEV-2", "policy": "all", "acknowledge": "4h", "renotify": "8h" },
            { "severity": "SEV-3", "policy": "all", "acknowledge": "1d", "renotify": "7d" }
          ]
        }
        """;

    private Process _guard = null!;
    private EthereumClient _client = null!;

    /// <summary>The workspace's folder.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("agijobs-up-").FullName;

    /// <summary>The protocol at the manifest's addresses.</summary>
    public Protocol Protocol
    {
        get
        {
            var workspace = Workspace.At(Folder, TestNetwork.ShippedConfig);
            return Protocol.Load(workspace, workspace.Manifest(TestNetwork.Network));
        }
    }

    /// <summary>The development accounts by name.</summary>
    public LocalAccounts Accounts { get; } = new(ChainId.Local);

    public async ValueTask InitializeAsync()
    {
        // Reads one line; the end of this process ends its input instead, and then everything is ended.
        var start = new ProcessStartInfo("/bin/sh", ["-c", "read line || \"$0\" down --workspace \"$1\" >/dev/null 2>&1", Agijobs.Program, Folder]) { UseShellExecute = false, RedirectStandardInput = true };
        start.Environment["AGIJOBS_HOME"] = Toolchain.RepositoryRoot;
        start.Environment["AGIJOBS_CONFIG_HOME"] = TestNetwork.UserFolderOf(Folder);
        _guard = Process.Start(start)!;
        Directory.CreateDirectory(Path.Combine(Folder, "config"));
        await File.WriteAllTextAsync(Path.Combine(Folder, "config", "oncall.json"), OnCall);
        var up = await RunAsync("up", "--workspace", Folder, "--json");
        Assert.True(up.Exit == 0, up.ToString());
        _client = await EthereumClient.ConnectAsync(RpcOptions.For((string)up.Json["rpc"]!), ChainId.Local, TimeProvider.System);
        // A local network is watched by the rules of its files from its first moment.
        var rules = await RunAsync("monitoring", "plan");
        Assert.True(rules.Exit == 0, rules.ToString());
        await Wait.UntilAsync("the monitor watches by the rules", async () => (await RunAsync("monitoring", "status")).Exit is 0 or 3);
    }

    public async ValueTask DisposeAsync()
    {
        _ = await RunAsync("down");
        await _client.DisposeAsync();
        await _guard.StandardInput.WriteLineAsync("done");
        _guard.StandardInput.Close();
        await _guard.WaitForExitAsync();
        _guard.Dispose();
        Directory.Delete(Folder, recursive: true);
        if (Directory.Exists(TestNetwork.UserFolderOf(Folder)))
        {
            Directory.Delete(TestNetwork.UserFolderOf(Folder), recursive: true);
        }
    }

    /// <summary>Runs a command in a process of its own.</summary>
    internal Task<Outcome> RunAsync(params string[] arguments) => Agijobs.RunRealAsync(Folder, arguments);

    /// <summary>Somebody does what they should not be able to: calls in the name of any account, mined when this returns.</summary>
    public async Task AttackAsync(Address from, string module, string function, params AbiValue[][] calls)
    {
        var target = Protocol[module];
        _ = await _client.RequestAsync("anvil_impersonateAccount", writer => writer.WriteStringValue(from.ToString()));
        _ = await _client.RequestAsync("anvil_setBalance", writer =>
        {
            writer.WriteStringValue(from.ToString());
            writer.WriteStringValue("0x56bc75e2d63100000");
        });
        var hashes = new List<Bytes32>();
        foreach (var arguments in calls)
        {
            hashes.Add(Bytes32.Parse((await _client.RequestAsync("eth_sendTransaction", writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("from", from.ToString());
                writer.WriteString("to", target.Address.ToString());
                writer.WriteString("input", Hex.Encode(target.Abi.Function(function).Encode(arguments)));
                writer.WriteString("gas", "0x4c4b40");
                writer.WriteEndObject();
            })).GetString()!));
        }

        foreach (var hash in hashes)
        {
            Assert.True((await Wait.ForAsync($"the receipt of {hash}", () => _client.ReceiptAsync(hash))).Succeeded, $"{module}.{function} reverted");
        }
    }

    /// <summary>The address that a view of a module gives.</summary>
    public async Task<Address> AddressAsync(string module, string view)
    {
        var function = Protocol[module].Abi.Function(view);
        return function.DecodeOutput(await _client.CallAsync(new CallRequest { To = Protocol[module].Address, Data = function.Encode() }, BlockReference.Latest))[0].AsAddress();
    }
}
