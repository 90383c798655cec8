using AgiJobs.Control;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Backups;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Files;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes.Deployment;

namespace AgiJobs.Deployment.LocalNetwork;

/// <summary>A running local network.</summary>
/// <param name="Name">Its name in the workspace.</param>
/// <param name="Url">Its JSON-RPC on loopback.</param>
/// <param name="ProcessId">The process of its anvil.</param>
/// <param name="Safe">The Safe that governs the protocol on it.</param>
/// <param name="Block">Its newest block.</param>
/// <param name="StartedAt">When it was started.</param>
public sealed record RunningNetwork(string Name, Uri Url, int ProcessId, Address Safe, BlockNumber Block, DateTimeOffset StartedAt);

/// <summary>How a network came up.</summary>
/// <param name="Network">What runs now.</param>
/// <param name="WasRunning">True when it ran already and nothing was done.</param>
/// <param name="FromKeptState">True when it went on from the state that was kept.</param>
/// <param name="Transactions">How many transactions the deployment took.</param>
/// <param name="Took">From the command to ready.</param>
public sealed record StartedNetwork(RunningNetwork Network, bool WasRunning, bool FromKeptState, int Transactions, TimeSpan Took);

/// <summary>
/// The local networks of a workspace: an anvil each, on loopback, with the whole protocol governed by a real 2-of-3 Safe and a life to protect. Keys
/// are the public development keys; no key of another network is ever made or read. One process at a time changes a network.
/// </summary>
public sealed class LocalNetworks(Workspace workspace, string home, TimeProvider time)
{
    /// <summary>Starts a network, or says that it runs.</summary>
    /// <param name="name">Its name; its files in the workspace are written anew.</param>
    /// <param name="port">The loopback port; 0 takes a free one.</param>
    /// <param name="cancellation">Ends what was begun.</param>
    /// <exception cref="ControlException">
    /// <c>devnet-busy</c> when another process is changing it, <c>devnet-name</c> when the name belongs to a network that is not local, and those of anvil and
    /// the deployment. A start that fails leaves nothing running.
    /// </exception>
    public async Task<StartedNetwork> UpAsync(string name, int port, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        CheckName(name);
        using var held = Hold(name);
        if (await FindAsync(name, cancellation).ConfigureAwait(false) is { } running)
        {
            return new StartedNetwork(running, true, false, 0, time.GetElapsedTime(began));
        }

        // What a killed 'up' left behind was never ready, and its state is not worth keeping.
        var folder = Folder(name);
        AnvilProcess.EndLast(folder);
        var kept = File.Exists(AnvilProcess.StatePath(folder)) && File.Exists(FilePath(name));
        var anvil = await AnvilProcess.StartAsync(AnvilProcess.Locate(home), folder, port, kept, time, cancellation).ConfigureAwait(false);
        try
        {
            await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(anvil.Url.ToString()), ChainId.Local, time, cancellation).ConfigureAwait(false);
            var (safe, systemPause, transactions) = kept
                ? await ResumeAsync(name, client, anvil.Url, cancellation).ConfigureAwait(false)
                : await DeployAsync(name, client, anvil.Url, cancellation).ConfigureAwait(false);

            await BackUpAsync(name, client, safe, cancellation).ConfigureAwait(false);

            // Deployment is mined at once; from here on blocks come every second, as on a chain with people on it.
            await client.RequestAsync("evm_setIntervalMining", writer => writer.WriteNumberValue(1), cancellation).ConfigureAwait(false);
            var file = new LocalNetworkFile { Version = 1, ProcessId = anvil.ProcessId, Port = anvil.Port, StartedAt = time.GetUtcNow(), Safe = safe, SystemPause = systemPause };
            JsonFile.Write(FilePath(name), file, LocalNetworkJson.Default.LocalNetworkFile);
            var block = await client.BlockNumberAsync(cancellation).ConfigureAwait(false);
            return new StartedNetwork(new RunningNetwork(name, anvil.Url, anvil.ProcessId, safe, block, file.StartedAt), false, kept, transactions, time.GetElapsedTime(began));
        }
        catch
        {
            await AnvilProcess.StopAsync(anvil.ProcessId, time).ConfigureAwait(false);
            if (!kept)
            {
                File.Delete(AnvilProcess.StatePath(folder));
            }

            throw;
        }
    }

    /// <summary>Ends a network.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="keep">True keeps its state, from which the next start goes on.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <returns>False when it did not run.</returns>
    /// <exception cref="ControlException"><c>devnet-busy</c> or <c>devnet-name</c>.</exception>
    public async Task<bool> DownAsync(string name, bool keep, CancellationToken cancellation)
    {
        CheckName(name);
        var folder = Folder(name);
        if (!Directory.Exists(folder))
        {
            return false;
        }

        // Also one that no longer answers is ended.
        using var held = Hold(name);
        var ran = JsonFile.TryRead(FilePath(name), LocalNetworkJson.Default.LocalNetworkFile, out var file) && AnvilProcess.Serves(file.ProcessId, folder);
        if (ran)
        {
            await AnvilProcess.StopAsync(file!.ProcessId, time).ConfigureAwait(false);
        }

        cancellation.ThrowIfCancellationRequested();
        AnvilProcess.EndLast(folder);
        if (!keep)
        {
            File.Delete(AnvilProcess.StatePath(Folder(name)));
            File.Delete(FilePath(name));
        }

        return ran;
    }

    /// <summary>Ends a network, forgets its state and starts it afresh on the same port.</summary>
    /// <exception cref="ControlException">Those of <see cref="UpAsync"/>.</exception>
    public async Task<StartedNetwork> ResetAsync(string name, CancellationToken cancellation)
    {
        var port = JsonFile.TryRead(FilePath(name), LocalNetworkJson.Default.LocalNetworkFile, out var file) ? file.Port : 0;
        await DownAsync(name, keep: false, cancellation).ConfigureAwait(false);
        return await UpAsync(name, port, cancellation).ConfigureAwait(false);
    }

    /// <summary>The networks of the workspace that run.</summary>
    public async Task<IReadOnlyList<RunningNetwork>> RunningAsync(CancellationToken cancellation)
    {
        var root = workspace.Locate("storage", "devnet");
        var running = new List<RunningNetwork>();
        foreach (var folder in Directory.Exists(root) ? Directory.GetDirectories(root).Order(StringComparer.Ordinal).ToArray() : [])
        {
            if (await FindAsync(Path.GetFileName(folder), cancellation).ConfigureAwait(false) is { } network)
            {
                running.Add(network);
            }
        }

        return running;
    }

    /// <summary>A network that runs; null when it does not.</summary>
    /// <exception cref="ControlException"><c>devnet-silent</c> (exit 5) when its process runs and does not answer, <c>devnet-state</c> when its chain has lost the protocol.</exception>
    public async Task<RunningNetwork?> FindAsync(string name, CancellationToken cancellation)
    {
        if (!JsonFile.TryRead(FilePath(name), LocalNetworkJson.Default.LocalNetworkFile, out var file) || !AnvilProcess.Serves(file.ProcessId, Folder(name)))
        {
            return null;
        }

        var url = new Uri($"http://127.0.0.1:{file.Port}");
        try
        {
            await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(url.ToString()) with { Rounds = 1, RequestTimeout = TimeSpan.FromSeconds(5) }, ChainId.Local, time, cancellation).ConfigureAwait(false);
            return (await client.CodeAsync(file.SystemPause, BlockReference.Latest, cancellation).ConfigureAwait(false)).Length > 0
                ? new RunningNetwork(name, url, file.ProcessId, file.Safe, client.HeadAtConnect.Number, file.StartedAt)
                : throw new ControlException("devnet-state", ExitCode.Mismatch, $"The local network '{name}' runs and its chain does not hold the protocol: there is no code at {file.SystemPause}.", $"Start afresh with 'agijobs devnet reset --network {name}'.");
        }
        catch (EthereumException problem)
        {
            // To take it for ended would start a second one beside it.
            throw new ControlException("devnet-silent", ExitCode.Unknown, $"The local network '{name}' runs as process {file.ProcessId} and does not answer: {problem.Message}", $"Wait and look again, or end it with 'agijobs devnet down --network {name}'.", problem);
        }
    }

    private async Task<(Address Safe, Address SystemPause, int Transactions)> DeployAsync(string name, EthereumClient client, Uri url, CancellationToken cancellation)
    {
        var accounts = new LocalAccounts(client.ChainId);
        var deployer = accounts["deployer"];
        var contracts = AgiJobsDeployer.Contracts.ToDictionary(entry => entry.Key, entry => ContractArtefact.Load(Path.Combine(ContractArtefact.Shipped, entry.Value + ".json")), StringComparer.Ordinal);
        var run = new TransactionRun(client, ContractAbi.Merge([.. contracts.Values.Select(contract => contract.Abi)]));
        var governance = new LocalSafe(client, run, Path.Combine(home, "node_modules", "@safe-global", "safe-contracts"));
        var owners = accounts.All("safe-owner-");
        var safe = await governance.CreateAsync(deployer, [.. owners.Select(owner => owner.Address)], 2, cancellation).ConfigureAwait(false);
        var offices = new InitialOffices
        {
            Guardians = [accounts["guardian"].Address],
            Orchestrators = [accounts["orchestrator"].Address, accounts["slasher"].Address],
            Pausers = [accounts["pauser"].Address],
            Moderators = [accounts["moderator"].Address],
            OracleSigners = Addresses("oracle-signer-"),
            Controllers = [accounts["controller"].Address],
            SlashOperators = [accounts["slash-operator"].Address],
            Agents = Addresses("agent-"),
            Validators = Addresses("validator-"),
            Treasury = accounts["treasury"].Address,
            EntryPoint = await DeployEntryPointAsync(run, deployer, cancellation).ConfigureAwait(false),
        };
        var deployed = await new AgiJobsDeployer(client, run, contracts).DeployAsync(deployer, safe, offices, cancellation).ConfigureAwait(false);
        var scenario = new LocalScenario(run, contracts, deployed.Modules, accounts);
        await scenario.PlayAsync(cancellation).ConfigureAwait(false);
        await governance.AcceptAsync(safe, deployed.HandedOver, scenario.Governed, [owners[0], owners[1]], deployer, cancellation).ConfigureAwait(false);
        SetStateAside(name);
        await WriteConfigurationAsync(name, client, url, safe, deployed.Modules, accounts, cancellation).ConfigureAwait(false);
        return (safe, deployed.Modules["SystemPause"], run.Count);

        IReadOnlyList<Address> Addresses(string prefix) => [.. accounts.All(prefix).Select(account => account.Address)];
    }

    // Runs, standings and leases of a chain that is gone say nothing about this one; whoever wants them finds them beside.
    private void SetStateAside(string name)
    {
        var state = workspace.StatePath(name);
        var aside = $"{state}.{time.GetUtcNow():yyyyMMdd'T'HHmmssfff}";
        foreach (var part in (string[])["", "-wal", "-shm"])
        {
            if (File.Exists(state + part))
            {
                File.Move(state + part, aside + part);
            }
        }
    }

    // The EntryPoint 0.8 of the ERC-4337 authors, as their npm package has it compiled.
    private async Task<Address> DeployEntryPointAsync(TransactionRun run, ISigner deployer, CancellationToken cancellation)
    {
        var artefact = ContractArtefact.Load(Path.Combine(home, "node_modules", "@account-abstraction", "contracts", "artifacts", "EntryPoint.json"));
        await run.SendAsync(deployer, "deploy the EntryPoint", DeterministicDeployer.Arachnid.Address, DeterministicDeployer.Encode(Bytes32.Zero, artefact.InitCode()), cancellation).ConfigureAwait(false);
        return DeterministicDeployer.Arachnid.AddressOf(Bytes32.Zero, artefact.InitCode());
    }

    private async Task<(Address Safe, Address SystemPause, int Transactions)> ResumeAsync(string name, EthereumClient client, Uri url, CancellationToken cancellation)
    {
        var file = JsonFile.Read(FilePath(name), LocalNetworkJson.Default.LocalNetworkFile);
        if ((await client.CodeAsync(file.SystemPause, BlockReference.Latest, cancellation).ConfigureAwait(false)).Length == 0)
        {
            throw new ControlException("devnet-state", ExitCode.Mismatch, $"The kept state of '{name}' does not hold its protocol: there is no code at {file.SystemPause}.", $"Start afresh with 'agijobs devnet reset --network {name}'.");
        }

        var network = workspace.Network(name) with { Rpc = [new EndpointReference { Url = Trim(url) }] };
        JsonFile.Write(workspace.NetworkPath(name), network, WorkspaceJson.Default.NetworkFile);
        return (file.Safe, file.SystemPause, 0);
    }

    private async Task WriteConfigurationAsync(string name, EthereumClient client, Uri url, Address safe, IReadOnlyDictionary<string, Address> modules, LocalAccounts accounts, CancellationToken cancellation)
    {
        WorkspaceFiles.WriteFrame(workspace);
        WorkspaceFiles.WriteRules(workspace, "agi-jobs");
        JsonFile.Write(workspace.NetworkPath(name), new NetworkFile { Version = 1, ChainId = ChainId.Local, Rpc = [new EndpointReference { Url = Trim(url) }], Safe = safe }, WorkspaceJson.Default.NetworkFile);
        JsonFile.Write(workspace.ManifestPath(name), await ManifestAsync(client, modules, cancellation).ConfigureAwait(false), WorkspaceJson.Default.ManifestFile);
        JsonFile.Write(
            workspace.NetworkSignersPath(name),
            new SignersFile { Version = 1, Signers = [.. LocalAccounts.Names.Select((signer, index) => new SignerReference { Name = signer, Kind = SignerKind.Development, Address = accounts[signer].Address, Index = index })] },
            WorkspaceJson.Default.SignersFile);
        await WriteApprovalsAsync(name, accounts, cancellation).ConfigureAwait(false);
    }

    // The people and the policy are this network's alone: the keys of these accounts are everybody's.
    private async Task WriteApprovalsAsync(string name, LocalAccounts accounts, CancellationToken cancellation)
    {
        var people = LocalAccounts.People(accounts);
        JsonFile.Write(workspace.NetworkOperatorsPath(name), people, WorkspaceJson.Default.OperatorsFile);
        JsonFile.Write(workspace.NetworkPolicyPath(name), ApprovalPolicy.Shipped, WorkspaceJson.Default.PolicyFile);

        // What was approved in advance on a chain that is gone says nothing about this one.
        var standings = new StandingStore(workspace, time);
        var policy = ApprovalPolicy.Of(ApprovalPolicy.Shipped, new OperatorBook(people), workspace.NetworkPolicyPath(name));
        var protocol = Protocol.Load(workspace, workspace.Manifest(name));
        var now = time.GetUtcNow();
        var from = new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
        var standing = new StandingDocument
        {
            Version = 1,
            Id = $"{name.ToLowerInvariant().Replace('_', '-')}-guardian-pause",
            Network = name,
            ChainId = ChainId.Local,
            Purpose = "The guardian and the pauser may stop the protocol at once.",
            Kinds = ["pause-system", "pause-modules"],
            Modules = [.. protocol.Modules.Where(module => module.Levers.Any(lever => lever.Action == LeverAction.Pause)).Select(module => new StandingModule { Name = module.Name, Address = module.Address })],
            Routes = [RouteKind.Direct],
            Executors = [accounts["guardian"].Address, accounts["pauser"].Address],
            PerDay = 20,
            Total = 1000,
            CoolDownSeconds = 0,
            ValidFrom = from,
            ValidUntil = from + TimeSpan.FromDays(365),
        };
        var armed = standing with
        {
            Id = $"{name.ToLowerInvariant().Replace('_', '-')}-armed-pause",
            Purpose = "Anybody may submit a pause that the guardian or the owners of the Safe signed.",
            Routes = [RouteKind.Authorization, RouteKind.Safe],
            Executors = [],
        };
        foreach (var document in (StandingDocument[])[standing, armed])
        {
            standings.Forget(document.Id);
            await standings.AddAsync(document, [accounts["safe-owner-1"], accounts["safe-owner-2"]], policy, cancellation).ConfigureAwait(false);
        }
    }

    // What was deployed is what is desired, so the manifest's roles are read from the chain. A role that nobody grants (those who joined by themselves) is not managed.
    private async Task<ManifestFile> ManifestAsync(EthereumClient client, IReadOnlyDictionary<string, Address> modules, CancellationToken cancellation)
    {
        var bare = new ManifestFile { Version = 1, Protocol = "agi-jobs", Modules = modules.ToDictionary(module => module.Key, module => new ManifestModule { Address = module.Value }, StringComparer.Ordinal) };
        var protocol = Protocol.Load(workspace, bare);
        var block = await PinnedBlock.AtAsync(client, BlockReference.Latest, cancellation).ConfigureAwait(false);
        var state = await new ProtocolObserver(client) { Whole = true }.ObserveAsync(protocol, block, cancellation).ConfigureAwait(false);
        return bare with
        {
            Modules = protocol.Modules.ToDictionary(
                module => module.Name,
                module => new ManifestModule
                {
                    Address = module.Address,
                    Parameters = module.Parameters.Where(parameter => !parameter.IsLive).ToDictionary(parameter => parameter.Name, parameter => new WantedValue(Wanted(parameter, state.ValueOf(parameter).Value)), StringComparer.Ordinal) is { Count: > 0 } parameters ? parameters : null,
                    Roles = module.Roles.Where(role => role.IsGranted).ToDictionary(role => role.Name, role => state.HoldersOf(role).Value, StringComparer.Ordinal) is { Count: > 0 } roles ? roles : null,
                },
                StringComparer.Ordinal),
        };
    }

    private static string? Wanted(Parameter parameter, Ethereum.Abi.AbiValue value) => parameter.Unit.Name == "address" && value.AsAddress().IsZero ? null : parameter.Unit.Format(value);

    // What is deployed is backed up at once, so that changes go on as on a network that somebody looks after.
    private async Task BackUpAsync(string name, EthereumClient client, Address safe, CancellationToken cancellation)
    {
        var protocol = Protocol.Load(workspace, workspace.Manifest(name));
        var block = await PinnedBlock.AtAsync(client, BlockReference.Latest, cancellation).ConfigureAwait(false);
        var state = await new ProtocolObserver(client) { Whole = true, Hints = [safe] }.ObserveAsync(protocol, block, cancellation).ConfigureAwait(false);
        _ = await new BackupStore(workspace, time).CreateAsync(name, ChainId.Local, StateDump.Of(name, state), null, cancellation).ConfigureAwait(false);
    }

    private static string Trim(Uri url) => url.ToString().TrimEnd('/');

    private string Folder(string name) => workspace.Locate("storage", "devnet", name);

    private string FilePath(string name) => Path.Combine(Folder(name), "network.json");

    private void CheckName(string name)
    {
        if (name.Length is 0 or > 40 || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_')))
        {
            throw new ControlException("devnet-name", ExitCode.BadInput, $"'{name}' is no name for a network.", "Use 1 to 40 letters, digits, '-' and '_'.");
        }

        // The files of a network with money on it must never be written over by a local one of the same name.
        if (File.Exists(workspace.NetworkPath(name)) && workspace.Network(name).ChainId != ChainId.Local)
        {
            throw new ControlException("devnet-name", ExitCode.Refused, $"'{name}' is a network of chain {workspace.Network(name).ChainId}, not a local one.", "Choose another name with --network.");
        }
    }

    private FileStream Hold(string name)
    {
        Directory.CreateDirectory(Folder(name));
        try
        {
            return new FileStream(Path.Combine(Folder(name), "lock"), FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
        }
        catch (IOException problem)
        {
            throw new ControlException("devnet-busy", ExitCode.Refused, $"Another command is changing the local network '{name}'.", "Wait for it to end, then look with 'agijobs devnet status'.", problem);
        }
    }
}
