using System.Diagnostics;
using AgiJobs.Control;
using AgiJobs.Control.Description;
using AgiJobs.Control.Workspaces;
using AgiJobs.Deployment.LocalNetwork;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Drills;

namespace AgiJobs.Cli.Drills;

/// <summary>
/// A local network in a folder of its own, gone when the drill is over, and this program's own commands, each in a new process that sees neither the user's workspace nor the user's configuration folder.
/// </summary>
internal sealed class ThrowAwayGround : IIncidentGround, IAsyncDisposable
{
    private const string Network = "drill";

    // Of util-linux, which Debian always has; whether a user may use it is found out.
    private const string Unshare = "/usr/bin/unshare";
    private static readonly string[] NoNetwork = ["--user", "--map-root-user", "--net", "--"];

    private readonly CommandEnvironment _environment;
    private readonly string _folder;
    private bool? _canUnshare;
    private int _apart;
    private readonly LocalNetworks _networks;
    private readonly EthereumClient _client;
    private readonly Protocol _protocol;
    private readonly NodeBesides _liar;

    private ThrowAwayGround(CommandEnvironment environment, string folder, LocalNetworks networks, EthereumClient client, Protocol protocol, StartedNetwork started)
    {
        _environment = environment;
        _folder = folder;
        _networks = networks;
        _client = client;
        _protocol = protocol;
        _liar = new NodeBesides(Workspace.At(WorkspaceOf(folder), environment.ShippedConfig), Network, started.Network.Url);
        Started = started;
    }

    /// <summary>How the network came up.</summary>
    public StartedNetwork Started { get; }

    /// <summary>Starts the network; a start that fails leaves nothing behind.</summary>
    public static async Task<ThrowAwayGround> StartAsync(CommandEnvironment environment, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("agijobs-drill-").FullName;
        var workspace = Workspace.At(Directory.CreateDirectory(WorkspaceOf(folder)).FullName, environment.ShippedConfig);
        var networks = new LocalNetworks(workspace, environment.Home, environment.Time);
        try
        {
            var started = await networks.UpAsync(Network, 0, cancellation).ConfigureAwait(false);
            var client = await EthereumClient.ConnectAsync(RpcOptions.For(started.Network.Url.ToString()), ChainId.Local, environment.Time, cancellation).ConfigureAwait(false);
            return new ThrowAwayGround(environment, folder, networks, client, Protocol.Load(workspace, workspace.Manifest(Network)), started);
        }
        catch
        {
            await networks.DownAsync(Network, keep: false, CancellationToken.None).ConfigureAwait(false);
            Directory.Delete(folder, recursive: true);
            throw;
        }
    }

    public string Apartness => _canUnshare switch
    {
        null => "not tried",
        true => "the chain is ended, the folder and the configuration folder are empty, and the process has no network",
        false => "the chain is ended, and the folder and the configuration folder are empty",
    };

    private string Root => WorkspaceOf(_folder);

    public Task<CommandOutcome> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellation) =>
        DrillProcess.RunAsync(_environment, Environment.ProcessPath!, [.. arguments, "--json", "--workspace", Root], arguments, Root, Path.Combine(_folder, "user"), cancellation);

    public async Task<CommandOutcome> RunApartAsync(IReadOnlyList<string> arguments, string file, CancellationToken cancellation)
    {
        await _networks.DownAsync(Network, keep: false, cancellation).ConfigureAwait(false);
        _canUnshare ??= await CanUnshareAsync(cancellation).ConfigureAwait(false);
        var apart = Directory.CreateDirectory(Path.Combine(_folder, $"apart-{_apart++}")).FullName;
        var folder = Directory.CreateDirectory(Path.Combine(apart, "folder")).FullName;
        File.Copy(Path.Combine(Root, file), Path.Combine(folder, file));
        IReadOnlyList<string> line = [.. arguments, "--json"];
        return await DrillProcess.RunAsync(_environment, _canUnshare.Value ? Unshare : Environment.ProcessPath!, _canUnshare.Value ? [.. NoNetwork, Environment.ProcessPath!, .. line] : line, arguments, folder, Path.Combine(apart, "user"), cancellation).ConfigureAwait(false);
    }

    private static async Task<bool> CanUnshareAsync(CancellationToken cancellation)
    {
        if (!File.Exists(Unshare))
        {
            return false;
        }

        var start = new ProcessStartInfo(Unshare, [.. NoNetwork, "true"]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        return (await DrillProcess.EndAsync(start, cancellation).ConfigureAwait(false)).Exit == 0;
    }

    private static string WorkspaceOf(string folder) => Path.Combine(folder, "workspace");

    public async Task<IReadOnlyList<ProbeOutcome>> ProbeAsync(CancellationToken cancellation)
    {
        var batch = _client.NewBatch();
        var tried = LocalCalls.All(_protocol).Select(call => (
            Probe: new Probe(call.What, call.From, call.To, call.Calldata),
            Slot: batch.Add(EthRequests.Call(new CallRequest { From = call.From, To = call.To, Data = call.Calldata }, BlockReference.Latest)))).ToList();
        await batch.SendAsync(cancellation).ConfigureAwait(false);
        return [.. tried.Select(entry => entry.Slot.Error switch
        {
            null => new ProbeOutcome(entry.Probe, true, null),
            RevertException refused => new ProbeOutcome(entry.Probe, false, refused.DecodedBy(_protocol.Abi).Message),
            var problem => throw problem,
        })];
    }

    public Task<BlockNumber> BlockAsync(CancellationToken cancellation) => _client.BlockNumberAsync(cancellation);

    /// <summary>The drill's workspace, for whoever takes something out of it.</summary>
    public string Folder => Root;

    public async Task DrainRewardsAsync(CancellationToken cancellation)
    {
        // By a contract that may give rewards, as somebody would who has found a hole in it.
        var pool = _protocol["FeePool"];
        await SendAsync(_protocol["SelfPlayArena"].Address, pool.Address, pool.Abi.Function("reward").Encode(Account("employer"), Wei.FromEther("1000")), cancellation).ConfigureAwait(false);
    }

    public async Task SlashEverybodyAsync(CancellationToken cancellation)
    {
        var slasher = _protocol["ValidatorSlash"];
        foreach (var validator in (string[])["validator-1", "validator-2", "validator-3"])
        {
            await SendAsync(Account("slash-operator"), slasher.Address, slasher.Abi.Function("slash").Encode(Account(validator), Wei.FromEther("1"), $"MASS-{validator}"), cancellation).ConfigureAwait(false);
        }
    }

    public Task ReorganiseAsync(int blocks, CancellationToken cancellation) => _client.RequestAsync("anvil_reorg", writer =>
    {
        writer.WriteNumberValue(blocks);
        writer.WriteStartArray();
        writer.WriteEndArray();
    }, cancellation);

    public async Task AdvanceAsync(TimeSpan time, CancellationToken cancellation)
    {
        _ = await _client.RequestAsync("evm_increaseTime", writer => writer.WriteNumberValue((long)time.TotalSeconds), cancellation).ConfigureAwait(false);
        _ = await _client.RequestAsync("evm_mine", cancellationToken: cancellation).ConfigureAwait(false);
    }

    public Task LieAsync(bool lies, CancellationToken cancellation) => _liar.SetAsync(lies);

    private static Address Account(string name) => new LocalAccounts(ChainId.Local)[name].Address;

    // In the name of an account without its key, which a local chain allows, and mined when it returns.
    private async Task SendAsync(Address from, Address to, byte[] data, CancellationToken cancellation)
    {
        _ = await _client.RequestAsync("anvil_impersonateAccount", writer => writer.WriteStringValue(from.ToString()), cancellation).ConfigureAwait(false);
        _ = await _client.RequestAsync("anvil_setBalance", writer =>
        {
            writer.WriteStringValue(from.ToString());
            writer.WriteStringValue("0x8ac7230489e80000");
        }, cancellation).ConfigureAwait(false);
        var hash = Bytes32.Parse((await _client.RequestAsync("eth_sendTransaction", writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("from", from.ToString());
            writer.WriteString("to", to.ToString());
            writer.WriteString("input", Hex.Encode(data));
            writer.WriteString("gas", "0x7a1200");
            writer.WriteEndObject();
        }, cancellation).ConfigureAwait(false)).GetString()!);
        _ = await _client.RequestAsync("evm_mine", cancellationToken: cancellation).ConfigureAwait(false);
        if (await _client.ReceiptAsync(hash, cancellation).ConfigureAwait(false) is not { Succeeded: true })
        {
            throw new ControlException("drill-stage", ExitCode.Failed, $"What was to go wrong did not: the call from {from} to {to} reverted or was not mined.", "This is a defect of the drill.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _liar.DisposeAsync().ConfigureAwait(false);
        await _client.DisposeAsync().ConfigureAwait(false);
        await _networks.DownAsync(Network, keep: false, CancellationToken.None).ConfigureAwait(false);
        Directory.Delete(_folder, recursive: true);
    }
}
