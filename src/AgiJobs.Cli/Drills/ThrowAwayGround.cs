using System.Diagnostics;
using System.Text.Json.Nodes;
using AgiJobs.Control;
using AgiJobs.Control.Description;
using AgiJobs.Control.Workspaces;
using AgiJobs.Deployment.LocalNetwork;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Drills;

namespace AgiJobs.Cli.Drills;

/// <summary>A local network in a folder of its own, gone when the drill is over, and this program's own commands, each in a new process.</summary>
internal sealed class ThrowAwayGround : IDrillGround, IAsyncDisposable
{
    private const string Network = "drill";

    private readonly CommandEnvironment _environment;
    private readonly string _folder;
    private readonly LocalNetworks _networks;
    private readonly EthereumClient _client;
    private readonly Protocol _protocol;

    private ThrowAwayGround(CommandEnvironment environment, string folder, LocalNetworks networks, EthereumClient client, Protocol protocol, StartedNetwork started)
    {
        _environment = environment;
        _folder = folder;
        _networks = networks;
        _client = client;
        _protocol = protocol;
        Started = started;
    }

    /// <summary>How the network came up.</summary>
    public StartedNetwork Started { get; }

    /// <summary>Starts the network; a start that fails leaves nothing behind.</summary>
    public static async Task<ThrowAwayGround> StartAsync(CommandEnvironment environment, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("agijobs-drill-").FullName;
        var workspace = Workspace.At(folder, environment.ShippedConfig);
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

    public async Task<CommandOutcome> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        foreach (var argument in (IEnumerable<string>)[.. arguments, "--json", "--workspace", _folder])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["AGIJOBS_HOME"] = _environment.Home;
        var began = _environment.Time.GetTimestamp();
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var error = process.StandardError.ReadToEndAsync(cancellation);
        try
        {
            await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        var text = await output.ConfigureAwait(false);
        var took = _environment.Time.GetElapsedTime(began);
        try
        {
            return new CommandOutcome(process.ExitCode, JsonNode.Parse(text)!.AsObject(), took);
        }
        catch (Exception problem) when (problem is System.Text.Json.JsonException or InvalidOperationException or NullReferenceException)
        {
            throw new ControlException("drill-command", ExitCode.Failed, $"'agijobs {string.Join(' ', arguments)}' printed no JSON document: {text}{await error.ConfigureAwait(false)}", null, problem);
        }
    }

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

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync().ConfigureAwait(false);
        await _networks.DownAsync(Network, keep: false, CancellationToken.None).ConfigureAwait(false);
        Directory.Delete(_folder, recursive: true);
    }
}
