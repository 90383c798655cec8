using System.CommandLine;
using System.Text.Json.Nodes;
using AgiJobs.Cli.Configuration;
using AgiJobs.Cli.Output;
using AgiJobs.Control;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Description;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Evidence.Log;
using AgiJobs.Control.Feed;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Simulation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Deployment.LocalNetwork;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Steering.Configuration;

namespace AgiJobs.Cli;

/// <summary>What one command works with: its workspace, and on demand a network, its chain and its protocol.</summary>
internal sealed class Session : IAsyncDisposable
{
    private readonly ParseResult _parsed;
    private readonly CommonOptions _options;
    private string? _network;
    private NetworkFile? _networkFile;
    private Protocol? _protocol;
    private EthereumClient? _client;
    private AuditLog? _audit;
    private ApprovalPolicy? _policy;
    private bool _policyRead;
    private bool _leavesFeed;

    private Session(ParseResult parsed, CommonOptions options, CommandEnvironment environment, bool createsWorkspace)
    {
        _parsed = parsed;
        _options = options;
        Environment = environment;
        Terminal = new Terminal(environment.Out, environment.Error, parsed.GetValue(options.Json), environment.Color && !parsed.GetValue(options.NoColor));
        var chosen = parsed.GetValue(options.Workspace);
        Workspace = createsWorkspace && chosen is not null ? Workspace.At(chosen, environment.ShippedConfig) : Workspace.Find(chosen, environment.CurrentDirectory, Path.Combine(environment.Home, ".agijobs", "local"), environment.ShippedConfig);
    }

    public CommandEnvironment Environment { get; }

    public Terminal Terminal { get; }

    public Workspace Workspace { get; }

    /// <summary>The network's name.</summary>
    public string Network => _network ??= Workspace.ChooseNetwork(_parsed.GetValue(_options.Network));

    /// <summary>Works on the network of a record.</summary>
    /// <exception cref="ControlException"><c>network-other</c> when --network says another, <c>network-unknown</c>.</exception>
    public void Use(string network)
    {
        var asked = _parsed.GetValue(_options.Network);
        if (asked is not null && !string.Equals(asked, network, StringComparison.Ordinal))
        {
            throw new ControlException("network-other", ExitCode.BadInput, $"This record is of the network '{network}', and --network says '{asked}'.", "Leave --network out.");
        }

        _network = Workspace.ChooseNetwork(network);
    }

    /// <summary>The network's file.</summary>
    public NetworkFile NetworkFile => _networkFile ??= Workspace.Network(Network);

    /// <summary>The protocol at the manifest's addresses.</summary>
    public Protocol Protocol => _protocol ??= Protocol.Load(Workspace, Workspace.Manifest(Network));

    /// <summary>The signers that the workspace refers to.</summary>
    public SignerBook Signers => field ??= new SignerBook(Workspace.Signers(Network));

    /// <summary>Names for addresses.</summary>
    public Labels Labels => field ??= new Labels(Protocol, NetworkFile, Signers);

    /// <summary>The network's policy and people; null when approvals are not managed there.</summary>
    public ApprovalPolicy? Policy
    {
        get
        {
            if (!_policyRead)
            {
                _policy = ApprovalPolicy.Load(Workspace, Network);
                _policyRead = true;
            }

            return _policy;
        }
    }

    /// <summary>The settings of the HGM engine, the thermostat and the sentinel for the network, each with where it comes from.</summary>
    /// <param name="flags">What the command line says: key, text and the flag's name.</param>
    /// <exception cref="ControlException">Those of <see cref="SteeringConfiguration.Load"/>.</exception>
    public SteeringConfiguration Steering(IReadOnlyList<(string Key, string Value, string Flag)>? flags = null) => SteeringConfiguration.Load(Workspace, Network, Environment.Layers, flags);

    /// <summary>The standing approvals.</summary>
    public StandingStore Standings => new(Workspace, Environment.Time);

    /// <summary>The signers named with <c>--signer</c>; all of the workspace when none is.</summary>
    public IReadOnlyList<SignerReference> SignersAtHand => NamedSigners is { Count: > 0 } named ? named : Signers.All;

    /// <summary>The signers named with <c>--signer</c>.</summary>
    public IReadOnlyList<SignerReference> NamedSigners => Signers.Named(_parsed.GetValue(_options.Signers) ?? []);

    /// <summary>True with <c>--execute</c>.</summary>
    /// <exception cref="ControlException"><c>dry-run-and-execute</c> when both are given.</exception>
    public bool Execute => !_parsed.GetValue(_options.Execute) ? false
        : !_parsed.GetValue(_options.DryRun) ? true
        : throw new ControlException("dry-run-and-execute", ExitCode.BadInput, "--dry-run and --execute contradict each other.", "Leave one of them out: without --execute nothing is sent.");

    /// <summary>Another session of the same command line, that reads everything anew: for work that outlives what this one has read.</summary>
    public Session Anew(CommandEnvironment environment) => new(_parsed, _options, environment, createsWorkspace: false) { _network = _network };

    /// <summary>A path of the command line, which is relative to the folder that the command was started in.</summary>
    public string PathOf(string path) => Path.GetFullPath(path, Environment.CurrentDirectory);

    /// <summary>
    /// Makes a command's action: opens a session, runs, and returns the exit code. Only a command that makes a workspace accepts a folder that does not exist. A restore of the
    /// configuration that was interrupted is finished first.
    /// </summary>
    public static void Run(Command command, CommonOptions options, CommandEnvironment environment, Func<Session, ParseResult, CancellationToken, Task<ExitCode>> action, bool createsWorkspace = false) =>
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var session = new Session(parsed, options, environment, createsWorkspace);
            await RestoreRecord.FinishPendingAsync(session, parsed, cancellation).ConfigureAwait(false);
            return (int)await action(session, parsed, cancellation).ConfigureAwait(false);
        });

    private RpcOptions Nodes => Environment.Rpc(new RpcOptions { Endpoints = [.. NetworkFile.Rpc.Select(endpoint => new RpcEndpoint(endpoint.Resolve()))], Relays = [.. NetworkFile.PrivateRelays.Select(relay => new RpcEndpoint(relay.Resolve()))], Rounds = 2 });

    // Addresses that are worth asking about early.
    private IReadOnlyList<Address> Hints => [.. ((Address?[])[NetworkFile.Safe, NetworkFile.BackupSafe]).OfType<Address>(), .. SignersAtHand.Select(signer => signer.Address)];

    /// <summary>Everything of the protocol, from every node of the network at one block.</summary>
    public Task<WholeObservation> ObserveEveryNodeAsync(CancellationToken cancellation) => WholeObservation.ReadAsync(Nodes, () => (Protocol, Hints), NetworkFile.ChainId, Environment.Time, cancellation);

    /// <summary>What reads everything of the protocol by one client.</summary>
    public ProtocolObserver WholeObserver(EthereumClient client) => new(client) { Whole = true, Hints = Hints, Senders = [.. Hints.Concat(Protocol.Declared)] };

    /// <summary>The network's chain, connected on first use and checked for its chain id.</summary>
    public async Task<EthereumClient> ClientAsync(CancellationToken cancellation) =>
        _client ??= await EthereumClient.ConnectAsync(
            Nodes,
            NetworkFile.ChainId,
            Environment.Time,
            cancellation).ConfigureAwait(false);

    // The node is called while the description is read; what is wrong with the description is said first.
    private async Task<(Protocol Protocol, EthereumClient Client)> OpenAsync(CancellationToken cancellation)
    {
        if (_client is not null || _protocol is not null)
        {
            return (Protocol, await ClientAsync(cancellation).ConfigureAwait(false));
        }

        var (nodes, chain) = (Nodes, NetworkFile.ChainId);
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var connecting = Task.Run(() => EthereumClient.ConnectAsync(nodes, chain, Environment.Time, giveUp.Token), giveUp.Token);
        try
        {
            _ = Protocol;
        }
        catch
        {
            await giveUp.CancelAsync().ConfigureAwait(false);
            await connecting.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);
            _client = connecting.IsCompletedSuccessfully ? await connecting.ConfigureAwait(false) : null;
            throw;
        }

        _client = await connecting.ConfigureAwait(false);
        return (Protocol, _client);
    }

    /// <summary>A connection to the network's chain of its own, which the caller closes.</summary>
    public Task<EthereumClient> ConnectAsync(CancellationToken cancellation) => EthereumClient.ConnectAsync(Nodes, NetworkFile.ChainId, Environment.Time, cancellation);

    /// <summary>A connection to one node of the network alone, which the caller closes.</summary>
    /// <param name="number">Which of the network's file, from 1.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="ControlException"><c>rpc-number</c>.</exception>
    public Task<EthereumClient> ConnectAsync(int number, CancellationToken cancellation) => EthereumClient.ConnectAsync(Nodes with { Endpoints = [NodeOf(number)], Relays = [] }, NetworkFile.ChainId, Environment.Time, cancellation);

    /// <summary>One node of the network's file.</summary>
    /// <param name="number">Which, from 1.</param>
    /// <exception cref="ControlException"><c>rpc-number</c>.</exception>
    public RpcEndpoint NodeOf(int number) => number >= 1 && number <= NetworkFile.Rpc.Count
        ? new RpcEndpoint(NetworkFile.Rpc[number - 1].Resolve())
        : throw new ControlException("rpc-number", ExitCode.BadInput, $"The network {Network} has {NetworkFile.Rpc.Count} RPC endpoints, and none is number {number}.", "Count them in the network's file, from 1.");

    /// <summary>Forks of the chain for simulations, where its nodes neither simulate nor trace; none is started before it is needed.</summary>
    public ISimulationFork Fork() => new ForkedAnvil(Environment.Home, NetworkFile.Rpc[0].Resolve(), NetworkFile.ChainId, Environment.Time);

    /// <summary>The local networks of the workspace.</summary>
    public LocalNetworks LocalNetworks() => new(Workspace, Environment.Home, Environment.Time);

    /// <summary>
    /// Where what happens on the network is recorded. What was recorded is signed when the session ends; nothing that goes wrong with the log stops a command.
    /// </summary>
    public IAuditTrail Audit => _audit ??= AuditLog.Open(Workspace, Network, Environment.Seal, Environment.Time);

    /// <summary>Records what was done; a log that cannot take it is a finding and holds nothing up.</summary>
    /// <param name="kind">What: <c>armory.added</c>.</param>
    /// <param name="change">The change that it is about, if any.</param>
    /// <param name="say">Adds what else there is to say; no secret.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <param name="files">The files that the entry vouches for.</param>
    public async Task RecordAsync(string kind, Bytes32? change, Action<JsonObject> say, CancellationToken cancellation, IReadOnlyList<AuditFile>? files = null)
    {
        var entry = new AuditEntry { Kind = kind, Network = Network, Change = change, Files = files ?? [] };
        say(entry.Data);
        if ((await Audit.RecordAsync(entry, cancellation).ConfigureAwait(false)).Problem is { } problem)
        {
            Terminal.Progress($"FINDING not recorded in the audit log: {problem.Message}");
        }
    }

    /// <summary>The protocol at the newest block.</summary>
    public async Task<ProtocolState> ObserveAsync(CancellationToken cancellation)
    {
        var (protocol, client) = await OpenAsync(cancellation).ConfigureAwait(false);
        return await new ProtocolObserver(client) { Hints = Hints }.ObserveAsync(protocol, PinnedBlock.AtConnect(client), cancellation).ConfigureAwait(false);
    }

    /// <summary>Who is told of executed changes; null when nobody is.</summary>
    public ChangeFeed? Feed => NetworkFile.ChangeFeed is { } reference ? new ChangeFeed(Workspace, Network, reference, Environment.Time) : null;

    /// <summary>Leaves the feed to the command itself when the session ends.</summary>
    public void LeaveFeed() => _leavesFeed = true;

    // What is due is told at the end of any command of the network; that it is not taken holds nothing up.
    private async Task TellAsync()
    {
        try
        {
            if (!_leavesFeed && _networkFile is not null && Feed is { } feed && feed.IsDue())
            {
                foreach (var message in (await feed.DeliverAsync(all: false, CancellationToken.None).ConfigureAwait(false)).Waiting.Where(message => message.Problem is not null))
                {
                    Terminal.Progress($"FINDING the change feed: {message.Problem}; it is tried again. See: agijobs feed list");
                }
            }
        }
        catch (Exception problem) when (problem is ControlException or IOException or UnauthorizedAccessException)
        {
            Terminal.Progress($"FINDING the change feed: {problem.Message}");
        }
    }

    /// <summary>The protocol at the newest block with every parameter, link and proxy, and the balances of the signers at hand.</summary>
    /// <param name="cancellation">Stops waiting.</param>
    /// <param name="others">Accounts that are asked about besides, also whether timelocks let them act.</param>
    /// <param name="besides">Views that are read besides.</param>
    public async Task<ProtocolState> ObserveWholeAsync(CancellationToken cancellation, IReadOnlyList<Address>? others = null, Func<Protocol, IReadOnlyList<ContractCall>>? besides = null)
    {
        var (protocol, client) = await OpenAsync(cancellation).ConfigureAwait(false);
        return await new ProtocolObserver(client)
        {
            Besides = besides?.Invoke(protocol) ?? [],
            Hints = [.. ((Address?[])[NetworkFile.Safe, NetworkFile.BackupSafe]).OfType<Address>(), .. SignersAtHand.Select(signer => signer.Address), .. others ?? []],
            Whole = true,
            Senders = [.. SignersAtHand.Select(signer => signer.Address)],
        }.ObserveAsync(protocol, PinnedBlock.AtConnect(client), cancellation).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await TellAsync().ConfigureAwait(false);
        if (_audit is not null)
        {
            await _audit.DisposeAsync().ConfigureAwait(false);
            foreach (var finding in _audit.Findings)
            {
                Terminal.Progress($"audit log: {finding.Message} [{finding.Code}]");
            }
        }

        if (_client is not null)
        {
            await _client.DisposeAsync().ConfigureAwait(false);
        }
    }
}
