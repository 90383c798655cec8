using System.Diagnostics;
using System.Numerics;
using System.Security.Cryptography;
using AgiJobs.Control.Description;
using AgiJobs.Control.Files;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Deployment.LocalNetwork;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Testing.Networks;

/// <summary>
/// A local network with the whole protocol, in a workspace of its own, that mines a block for each transaction and none besides. It ends when it is disposed
/// and also when the test process dies. Not for use by several threads.
/// </summary>
public sealed class TestNetwork : IAsyncDisposable
{
    private readonly string _pristine;
    private readonly Process _guard;
    private string _snapshot = "";

    private TestNetwork(string folder, Workspace workspace, LocalNetworks networks, StartedNetwork started, EthereumClient client, Process guard)
    {
        Folder = folder;
        Workspace = workspace;
        Networks = networks;
        Started = started;
        Client = client;
        _guard = guard;
        _pristine = folder + ".pristine";
    }

    /// <summary>The name of the network.</summary>
    public const string Network = "local";

    /// <summary>The configuration that ships, as the build put it beside the tests.</summary>
    public static string ShippedConfig { get; } = Path.Combine(AppContext.BaseDirectory, "config");

    /// <summary>The user's configuration folder for what runs in a workspace of a test; never that of the person who runs the tests.</summary>
    public static string UserFolderOf(string folder) => folder.TrimEnd('/') + ".user";

    /// <summary>The workspace's folder.</summary>
    public string Folder { get; }

    /// <summary>The workspace.</summary>
    public Workspace Workspace { get; }

    /// <summary>The local networks of the workspace.</summary>
    public LocalNetworks Networks { get; }

    /// <summary>How it came up.</summary>
    public StartedNetwork Started { get; }

    /// <summary>A client of its own, for looking on.</summary>
    public EthereumClient Client { get; }

    /// <summary>Its JSON-RPC.</summary>
    public string Url => Started.Network.Url.ToString().TrimEnd('/');

    /// <summary>The Safe that governs it.</summary>
    public Address Safe => Started.Network.Safe;

    /// <summary>The development accounts by name.</summary>
    public LocalAccounts Accounts { get; } = new(ChainId.Local);

    /// <summary>The protocol at the manifest's addresses.</summary>
    public Protocol Protocol => Protocol.Load(Workspace, Workspace.Manifest(Network));

    /// <summary>The references to its signers.</summary>
    public SignerBook Signers => new(Workspace.Signers(Network));

    /// <summary>Starts one.</summary>
    public static async Task<TestNetwork> StartAsync()
    {
        var folder = Directory.CreateTempSubdirectory("agijobs-devnet-").FullName;
        var workspace = Workspace.At(folder, ShippedConfig);
        var networks = new LocalNetworks(workspace, Toolchain.RepositoryRoot, TimeProvider.System);
        var started = await networks.UpAsync(Network, 0, CancellationToken.None);
        var client = await EthereumClient.ConnectAsync(RpcOptions.For(started.Network.Url.ToString()), ChainId.Local, TimeProvider.System);
        var devnet = new TestNetwork(folder, workspace, networks, started, client, Guard(started.Network.ProcessId));
        await devnet.IntervalMiningAsync(0);
        await devnet.AutomineAsync(true);
        devnet._snapshot = await devnet.SnapshotAsync();
        Copy(folder, devnet._pristine);
        return devnet;
    }

    /// <summary>Chain and workspace as they were at the start.</summary>
    public async Task FreshAsync()
    {
        await AutomineAsync(true);
        _ = await Client.RequestAsync("anvil_dropAllTransactions");
        await RevertAsync(_snapshot);
        _snapshot = await SnapshotAsync();
        foreach (var entry in Directory.EnumerateFileSystemEntries(Folder))
        {
            if (Path.GetFileName(entry) is "storage")
            {
                foreach (var inner in Directory.EnumerateFileSystemEntries(entry).Where(path => Path.GetFileName(path) is not "devnet"))
                {
                    Delete(inner);
                }
            }
            else
            {
                Delete(entry);
            }
        }

        Delete(UserFolderOf(Folder));
        Copy(_pristine, Folder);
    }

    /// <summary>Remembers the chain's state.</summary>
    public async Task<string> SnapshotAsync() => (await Client.RequestAsync("evm_snapshot")).GetString()!;

    /// <summary>Goes back to a remembered state, which is forgotten thereby.</summary>
    public Task RevertAsync(string snapshot) => Client.RequestAsync("evm_revert", writer => writer.WriteStringValue(snapshot));

    /// <summary>Mines a block for each transaction, or only when told.</summary>
    public Task AutomineAsync(bool on) => Client.RequestAsync("evm_setAutomine", writer => writer.WriteBooleanValue(on));

    /// <summary>Mines every so many seconds; 0 ends that.</summary>
    public Task IntervalMiningAsync(int seconds) => Client.RequestAsync("evm_setIntervalMining", writer => writer.WriteNumberValue(seconds));

    /// <summary>Mines one block.</summary>
    public Task MineAsync() => Client.RequestAsync("evm_mine");

    /// <summary>Has an account of the chain's own send a call, with fees as given; returns the transaction's hash.</summary>
    public async Task<Bytes32> SendAsync(Address from, Address to, ReadOnlyMemory<byte> data, ulong? nonce = null, Wei? tip = null)
    {
        var answer = await Client.RequestAsync("eth_sendTransaction", writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("from", from.ToString());
            writer.WriteString("to", to.ToString());
            writer.WriteString("input", Hex.Encode(data.Span));
            writer.WriteString("gas", "0x7a1200");
            if (nonce is { } count)
            {
                writer.WriteString("nonce", Hex.EncodeQuantity(count));
            }

            if (tip is { } high)
            {
                writer.WriteString("maxPriorityFeePerGas", Hex.EncodeQuantity(high.Value));
                writer.WriteString("maxFeePerGas", Hex.EncodeQuantity(high.Value * 2));
            }

            writer.WriteEndObject();
        });
        return Bytes32.Parse(answer.GetString()!);
    }

    /// <summary>Has an account, any, call a module's function at once.</summary>
    public async Task CallAsAsync(Address from, string module, string function, params AgiJobs.Ethereum.Abi.AbiValue[] arguments)
    {
        var target = Protocol[module];
        _ = await Client.RequestAsync("anvil_impersonateAccount", writer => writer.WriteStringValue(from.ToString()));
        _ = await Client.RequestAsync("anvil_setBalance", writer =>
        {
            writer.WriteStringValue(from.ToString());
            writer.WriteStringValue(Hex.EncodeQuantity(BigInteger.Pow(10, 20)));
        });
        await SendMinedAsync(from, target.Address, target.Abi.Function(function).Encode(arguments));
    }

    /// <summary>Sends as <see cref="SendAsync"/> does and waits until it is mined; the chain must be mining by itself.</summary>
    /// <exception cref="InvalidOperationException">It reverted.</exception>
    public async Task SendMinedAsync(Address from, Address to, ReadOnlyMemory<byte> data)
    {
        // The node answers with the hash a moment before it mines.
        var hash = await SendAsync(from, to, data);
        var receipt = await Wait.ForAsync($"the receipt of {hash}", () => Client.ReceiptAsync(hash));
        if (!receipt.Succeeded)
        {
            throw new InvalidOperationException($"The call from {from} to {to} reverted.");
        }
    }

    /// <summary>How many transactions of an account are mined.</summary>
    public Task<ulong> NonceAsync(string account) => Client.NonceAsync(Accounts[account].Address, BlockReference.Latest);

    /// <summary>How many transactions of an account are mined or wait.</summary>
    public Task<ulong> PendingNonceAsync(string account) => Client.NonceAsync(Accounts[account].Address, BlockReference.Pending);

    /// <summary>The protocol as it is now.</summary>
    public async Task<ProtocolState> ObserveAsync()
    {
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(Url), ChainId.Local, TimeProvider.System);
        return await new ProtocolObserver(client) { Hints = [Safe, .. Signers.All.Select(signer => signer.Address)] }.ObserveAsync(Protocol, PinnedBlock.AtConnect(client), CancellationToken.None);
    }

    /// <summary>True when every module is in this state.</summary>
    public async Task<bool> IsPausedAsync(bool wanted = true) => (await ObserveAsync()).Pausable.All(module => module.Paused!.Value == wanted);

    /// <summary>Lets the network's file name other nodes.</summary>
    public void PointAt(params string[] urls) =>
        JsonFile.Write(Workspace.NetworkPath(Network), Workspace.Network(Network) with { Rpc = [.. urls.Select(url => new EndpointReference { Url = url })] }, WorkspaceJson.Default.NetworkFile);

    /// <summary>Every file of the workspace but those of the running chain, with the digest of its content.</summary>
    public IReadOnlyDictionary<string, string> Tree() => TreeOf(Folder);

    /// <summary>Every file of a folder with the digest of its content, those of running chains left out.</summary>
    public static IReadOnlyDictionary<string, string> TreeOf(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(path => (Path: path, Name: Path.GetRelativePath(folder, path).Replace('\\', '/')))
            .Where(file => !file.Name.StartsWith("storage/devnet/", StringComparison.Ordinal))
            .ToDictionary(file => file.Name, file => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file.Path))), StringComparer.Ordinal);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();

        // The last test may have left the configuration damaged.
        Copy(_pristine, Folder);
        _ = await Networks.DownAsync(Network, keep: false, CancellationToken.None);
        await _guard.StandardInput.WriteLineAsync("done");
        _guard.StandardInput.Close();
        await _guard.WaitForExitAsync();
        _guard.Dispose();
        Delete(Folder);
        Delete(_pristine);
        Delete(UserFolderOf(Folder));
    }

    // Reads one line; the end of this process ends its input instead, and then it kills the chain.
    private static Process Guard(int processId)
    {
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, RedirectStandardInput = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"read line || kill -9 {processId}");
        return Process.Start(start)!;
    }

    private static void Copy(string from, string to)
    {
        foreach (var path in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(from, path);
            if (!name.StartsWith(Path.Combine("storage", "devnet"), StringComparison.Ordinal))
            {
                var target = Path.Combine(to, name);
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(path, target, overwrite: true);
            }
        }
    }

    private static void Delete(string path)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
        else
        {
            File.Delete(path);
        }
    }
}
