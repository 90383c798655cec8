using System.Globalization;
using System.Security.Cryptography;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Files;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Simulation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Response.Drills;

namespace AgiJobs.Cli.Drills;

/// <summary>
/// A fork of a network's node with a copy of the workspace's configuration and one change of it, in folders of their own that are gone when the drill is over. People sign with keys that were drawn for the drill: on the fork, and there alone, they are
/// owners of the Safe beside its real ones. The live chain is only read.
/// </summary>
internal sealed class ForkGround : IChangeGround, IAsyncDisposable
{
    // What commands read of a workspace, and no other folder of it: a drill has no business with what else lies there.
    private static readonly string[] Read = ["config", "monitoring"];

    private readonly CommandEnvironment _environment;
    private readonly string _folder;
    private readonly IForkedChain _fork;
    private readonly Protocol _protocol;
    private readonly FiledChange _change;
    private readonly NodeBesides _liar;

    private ForkGround(CommandEnvironment environment, string folder, IForkedChain fork, Uri url, Protocol protocol, FiledChange change)
    {
        (_environment, _folder, _fork, _protocol, _change) = (environment, folder, fork, protocol, change);
        _liar = new NodeBesides(Workspace.At(WorkspaceOf(folder), environment.ShippedConfig), change.Document.Network, url) { IsFirst = true };
    }

    /// <summary>Who does what.</summary>
    public ChangeCast Cast { get; private set; } = null!;

    /// <summary>The ground in words.</summary>
    public string Where { get; private set; } = "";

    /// <summary>The drill's workspace, for whoever takes something out of it.</summary>
    public string Folder => WorkspaceOf(_folder);

    /// <summary>Forks the network at its newest block; a start that fails leaves nothing behind.</summary>
    /// <exception cref="ControlException"><c>drill-caller</c>, <c>drill-people</c> (exit 4), those of the fork.</exception>
    public static async Task<ForkGround> StartAsync(Session session, FiledChange change, CancellationToken cancellation)
    {
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        var header = PinnedBlock.AtConnect(client).Header;
        var callers = Callers(session, change.Document);
        var folder = Directory.CreateTempSubdirectory("agijobs-drill-").FullName;
        IForkedChain? fork = null;
        try
        {
            fork = await session.Fork().StartAsync(header, cancellation).ConfigureAwait(false);
            _ = await fork.Client.RequestAsync("evm_setAutomine", writer => writer.WriteBooleanValue(true), cancellation).ConfigureAwait(false);
            var url = new Uri(fork.Client.Endpoints[0]);
            var ground = new ForkGround(session.Environment, folder, fork, url, session.Protocol, change)
            {
                Where = $"a fork of {session.Network} (chain {session.NetworkFile.ChainId}) at block {header.Number}",
            };
            ground.Copy(session, url);
            await ground.ManAsync(session, callers, cancellation).ConfigureAwait(false);
            return ground;
        }
        catch
        {
            if (fork is not null)
            {
                await fork.DisposeAsync().ConfigureAwait(false);
            }

            Directory.Delete(folder, recursive: true);
            throw;
        }
    }

    public Task<CommandOutcome> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellation) =>
        DrillProcess.RunAsync(_environment, Environment.ProcessPath!, [.. arguments, "--json", "--network", _change.Document.Network, "--workspace", Folder], arguments, Folder, Path.Combine(_folder, "user"), cancellation);

    public Task<BlockNumber> BlockAsync(CancellationToken cancellation) => _fork.Client.BlockNumberAsync(cancellation);

    public async Task<Func<Task>> MarkAsync(CancellationToken cancellation)
    {
        var snapshot = (await _fork.Client.RequestAsync("evm_snapshot", cancellationToken: cancellation).ConfigureAwait(false)).GetString()!;
        return async () =>
        {
            var height = await BlockAsync(cancellation).ConfigureAwait(false);
            _ = await _fork.Client.RequestAsync("evm_revert", writer => writer.WriteStringValue(snapshot), cancellation).ConfigureAwait(false);

            // Other blocks, and one more of them: that is the chain which wins.
            while (await BlockAsync(cancellation).ConfigureAwait(false) is var now && now.Value <= height.Value)
            {
                _ = await _fork.Client.RequestAsync("evm_mine", cancellationToken: cancellation).ConfigureAwait(false);
            }
        };
    }

    public Task LieAsync(bool lies, CancellationToken cancellation) => _liar.SetAsync(lies);

    /// <summary>What pauses a module of the protocol by whoever may, looks, and takes it back; null when nothing of the protocol can be paused by itself.</summary>
    public async Task<Func<Func<Task>, CancellationToken, Task>?> PauserAsync(CancellationToken cancellation)
    {
        var state = await new ProtocolObserver(_fork.Client).ObserveAsync(_protocol, await PinnedBlock.AtAsync(_fork.Client, BlockReference.Latest, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
        var touched = _change.Document.Steps.Select(step => step.Target).ToHashSet();
        var found = state.Pausable.Where(module => module.Paused!.TryGet(out var isPaused) && !isPaused).OrderBy(module => touched.Contains(module.Module.Address) ? 0 : 1)
            .SelectMany(module => module.Module.Levers.Where(lever => lever.Action == LeverAction.Pause && lever.Function.Inputs.Count == 0)
                .SelectMany(lever => lever.Callers.Select(caller => _protocol.Role(lever.Module, caller)).OfType<Role>()
                    .SelectMany(role => state.HoldersOf(role).TryGet(out var holders) ? holders : [])
                    .Select(holder => (Lever: lever, Holder: (Address?)holder)))).FirstOrDefault();
        return found.Holder is not { } who ? null : async (look, token) =>
        {
            var snapshot = (await _fork.Client.RequestAsync("evm_snapshot", cancellationToken: token).ConfigureAwait(false)).GetString()!;
            await SendAsync(who, found.Lever.Module.Address, found.Lever.Function.Encode(), token).ConfigureAwait(false);
            await look().ConfigureAwait(false);
            _ = await _fork.Client.RequestAsync("evm_revert", writer => writer.WriteStringValue(snapshot), token).ConfigureAwait(false);
        };
    }

    public async ValueTask DisposeAsync()
    {
        await _liar.DisposeAsync().ConfigureAwait(false);
        await _fork.DisposeAsync().ConfigureAwait(false);
        Directory.Delete(_folder, recursive: true);
    }

    private static string WorkspaceOf(string folder) => Path.Combine(folder, "workspace");

    // Who has to send by themselves: of them the drill must have a key, since no other account can.
    private static IReadOnlyList<SignerReference> Callers(Session session, ChangeDocument document)
    {
        var signers = session.Workspace.Signers(document.Network).Signers;
        return
        [
            .. document.Steps.Where(step => step.Route.Kind is not RouteKind.Safe).Select(step => step.Route.Caller).Distinct().Select(caller => signers.FirstOrDefault(signer => signer.Address == caller && signer.Kind == SignerKind.Development)
                ?? throw new ControlException("drill-caller", ExitCode.Refused, $"This change is sent by {caller} itself, and a drill has no key of it; what a Safe carries can be rehearsed with keys of the drill.", $"Try it without sending: agijobs change simulate DIGEST. Pause and resume of the live state: agijobs owner pause-test")),
        ];
    }

    private void Copy(Session session, Uri url)
    {
        var root = session.Workspace.Root;
        foreach (var folder in Read.Where(name => Directory.Exists(Path.Combine(root, name))))
        {
            CopyAll(Path.Combine(root, folder), Path.Combine(Folder, folder));
        }

        // As it was planned: who signed the live one has signed nothing of the drill.
        foreach (var path in Directory.EnumerateFiles(_change.Folder).Where(path => Path.GetFileName(path) is not "journal.jsonl" && !path.EndsWith(".lock", StringComparison.Ordinal)))
        {
            var target = Path.Combine(Folder, "storage", "changes", _change.Id, Path.GetFileName(path));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(path, target);
        }

        var workspace = Workspace.At(Folder, _environment.ShippedConfig);
        var network = session.Network;
        JsonFile.Write(workspace.NetworkPath(network), session.NetworkFile with { Rpc = [new EndpointReference { Url = url.ToString().TrimEnd('/') }] }, WorkspaceJson.Default.NetworkFile);
    }

    // Everybody on file gets a key of the drill, by the name that they have there.
    private async Task ManAsync(Session session, IReadOnlyList<SignerReference> callers, CancellationToken cancellation)
    {
        var network = session.Network;
        var workspace = Workspace.At(Folder, _environment.ShippedConfig);
        var document = _change.Document;
        var safes = document.Steps.Where(step => step.Route.Kind is RouteKind.Safe).Select(step => step.Route.Caller).Distinct().ToList();
        var people = session.Workspace.Operators(network) is { } file ? new OperatorBook(file).People : [];
        var keys = people.ToDictionary(person => person.Name, person => NewKey(person.Name), StringComparer.Ordinal);
        var owners = people.Where(person => person.Duties.Contains(Duty.Approver)).ToList();
        var author = people.FirstOrDefault(person => person.Duties.Contains(Duty.Author));
        var needed = 0;
        foreach (var safe in safes)
        {
            var state = await new SafeAccount(_fork.Client, safe).ReadAsync(BlockReference.Latest, cancellation).ConfigureAwait(false);
            needed = Math.Max(needed, state.Quorum.Threshold);
        }

        if (people.Count == 0)
        {
            owners = [.. Enumerable.Range(1, needed).Select(number => new Operator { Name = $"drill-owner-{number}", Addresses = [], Duties = [] })];
            keys = owners.Append(new Operator { Name = "drill-sender", Addresses = [], Duties = [] }).ToDictionary(person => person.Name, person => NewKey(person.Name), StringComparer.Ordinal);
        }

        owners = [.. owners.Where(owner => owner.Name != author?.Name).Take(needed)];
        if (owners.Count < needed)
        {
            throw new ControlException("drill-people", ExitCode.Refused, $"The Safe takes {needed} signatures, and config/operators.json names {owners.Count} people with the duty approver besides the author.", "Name the Safe's owners with their duties.");
        }

        foreach (var (safe, owner) in safes.SelectMany(safe => owners.Select(owner => (safe, owner))))
        {
            var state = await new SafeAccount(_fork.Client, safe).ReadAsync(BlockReference.Latest, cancellation).ConfigureAwait(false);
            await SendAsync(safe, safe, SafeAbi.Safe.Function("addOwnerWithThreshold").Encode(keys[owner.Name].Address, state.Quorum.Threshold), cancellation).ConfigureAwait(false);
        }

        var taken = owners.Select(owner => owner.Name).Append(author?.Name).ToHashSet(StringComparer.Ordinal);
        var free = people.Where(person => !taken.Contains(person.Name)).ToList();
        var caller = callers is [var own, ..] ? own : null;
        var sender = caller is not null ? people.FirstOrDefault(person => person.Addresses.Contains(caller.Address))
            : free.Where(person => person.Duties.Contains(Duty.Executor)).OrderBy(person => person.Duties.Contains(Duty.Operator) ? 0 : 1).FirstOrDefault();
        if (people.Count > 0 && caller is null && sender is null)
        {
            throw new ControlException("drill-people", ExitCode.Refused, "config/operators.json names nobody with the duty executor who neither wrote nor approves the change.", "Name one; the policy keeps them apart.");
        }

        foreach (var key in keys.Values.Select(key => key.Address))
        {
            await FundAsync(key, cancellation).ConfigureAwait(false);
        }

        foreach (var stale in (string[])[workspace.OperatorsPath, workspace.SignersPath])
        {
            File.Delete(stale);
        }

        JsonFile.Write(workspace.NetworkSignersPath(network), new SignersFile { Version = 1, Signers = [.. keys.Values, .. callers] }, WorkspaceJson.Default.SignersFile);
        if (people.Count > 0)
        {
            JsonFile.Write(workspace.NetworkOperatorsPath(network), new OperatorsFile { Version = 1, People = [.. people.Select(person => person with { Addresses = [keys[person.Name].Address, .. person.Addresses] })] }, WorkspaceJson.Default.OperatorsFile);
        }

        var isResume = document.Kind.StartsWith("resume-", StringComparison.Ordinal);
        var commander = people.FirstOrDefault(person => person.Duties.Contains(Duty.Commander) && person.Name != sender?.Name);
        var managed = session.Workspace.Policy(network) is not null;
        Cast = new ChangeCast(
            managed && author is not null ? keys[author.Name].Name : null,
            [.. owners.Select(owner => keys[owner.Name].Name)],
            caller?.Name ?? keys[sender?.Name ?? "drill-sender"].Name,
            isResume && managed ? [.. ((Duty Duty, Operator? Person)[])[(Duty.Security, people.FirstOrDefault(person => person.Duties.Contains(Duty.Security))), (Duty.Operator, sender?.Duties.Contains(Duty.Operator) == true ? sender : null), (Duty.Commander, commander)] is var gate ? gate.Where(one => one.Person is not null).Select(one => (one.Duty, keys[one.Person!.Name].Name)) : []] : [],
            commander is not null ? keys[commander.Name].Name : null);
    }

    private SignerReference NewKey(string person)
    {
        var name = new string([.. person.Trim().Select(sign => char.IsAsciiLetterOrDigit(sign) ? char.ToLowerInvariant(sign) : '-')]);
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "keys")).FullName;
        var (file, password) = (Path.Combine(folder, name + ".json"), Path.Combine(folder, name + ".password"));
        using var random = RandomNumberGenerator.Create();
        using var signer = LocalSigner.Generate(random);
        var secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

        // The key is worth nothing outside of the fork, and gone with it.
        Keystore.Create(signer, secret, random, 4096).Save(file);
        File.WriteAllText(password, secret);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(password, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        return new SignerReference { Name = name, Kind = SignerKind.Keystore, Address = signer.Address, File = file, Password = new Secret { File = password } };
    }

    private static void CopyAll(string from, string to)
    {
        foreach (var path in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, path));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(path, target);
        }
    }

    private async Task FundAsync(Address account, CancellationToken cancellation) => _ = await _fork.Client.RequestAsync("anvil_setBalance", writer =>
    {
        writer.WriteStringValue(account.ToString());
        writer.WriteStringValue("0x8ac7230489e80000");
    }, cancellation).ConfigureAwait(false);

    // In the name of an account without its key, which a fork allows, and mined when it returns.
    private async Task SendAsync(Address from, Address to, byte[] data, CancellationToken cancellation)
    {
        _ = await _fork.Client.RequestAsync("anvil_impersonateAccount", writer => writer.WriteStringValue(from.ToString()), cancellation).ConfigureAwait(false);
        await FundAsync(from, cancellation).ConfigureAwait(false);
        var hash = Bytes32.Parse((await _fork.Client.RequestAsync("eth_sendTransaction", writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("from", from.ToString());
            writer.WriteString("to", to.ToString());
            writer.WriteString("input", Hex.Encode(data));
            writer.WriteString("gas", "0x7a1200");
            writer.WriteEndObject();
        }, cancellation).ConfigureAwait(false)).GetString()!);
        _ = await _fork.Client.RequestAsync("evm_mine", cancellationToken: cancellation).ConfigureAwait(false);
        if (await _fork.Client.ReceiptAsync(hash, cancellation).ConfigureAwait(false) is not { Succeeded: true })
        {
            throw new ControlException("drill-stage", ExitCode.Failed, string.Create(CultureInfo.InvariantCulture, $"The stage could not be set: the call from {from} to {to} reverted or was not mined."), "This is a defect of the drill.");
        }

        _ = await _fork.Client.RequestAsync("anvil_stopImpersonatingAccount", writer => writer.WriteStringValue(from.ToString()), cancellation).ConfigureAwait(false);
    }
}
