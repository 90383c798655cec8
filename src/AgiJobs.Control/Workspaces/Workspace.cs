using System.Text;
using AgiJobs.Control.Files;
using AgiJobs.Control.OnCall;

namespace AgiJobs.Control.Workspaces;

/// <summary>
/// The operator's folder, a git repository of their own. Paths are those that the runbooks name; no secret is ever written here.
/// </summary>
public sealed class Workspace
{
    private readonly string _shippedConfig;

    private Workspace(string root, string shippedConfig)
    {
        Root = root;
        _shippedConfig = shippedConfig;
    }

    /// <summary>The folder.</summary>
    public string Root { get; }

    /// <summary>
    /// Finds the workspace: <paramref name="chosen"/>, else the nearest folder at or above <paramref name="current"/> that holds
    /// <c>config/networks/</c>, else <paramref name="fallback"/>. The folder need not exist yet.
    /// </summary>
    /// <param name="chosen">What <c>--workspace</c> says, or null.</param>
    /// <param name="current">The current folder.</param>
    /// <param name="fallback">The local workspace beside the launcher.</param>
    /// <param name="shippedConfig">The <c>config</c> folder that came with the program.</param>
    /// <exception cref="ControlException"><c>workspace-missing</c> when the chosen folder does not exist.</exception>
    public static Workspace Find(string? chosen, string current, string fallback, string shippedConfig)
    {
        if (chosen is not null)
        {
            return Directory.Exists(chosen)
                ? new Workspace(Path.GetFullPath(chosen), shippedConfig)
                : throw new ControlException("workspace-missing", ExitCode.BadInput, $"The workspace {chosen} does not exist.", "Make one with 'agijobs init --workspace DIR', or name another with --workspace.");
        }

        for (var folder = new DirectoryInfo(current); folder is not null; folder = folder.Parent)
        {
            if (Directory.Exists(Path.Combine(folder.FullName, "config", "networks")))
            {
                return new Workspace(folder.FullName, shippedConfig);
            }
        }

        return new Workspace(Path.GetFullPath(fallback), shippedConfig);
    }

    /// <summary>A folder that is to become a workspace.</summary>
    public static Workspace At(string root, string shippedConfig) => new(Path.GetFullPath(root), shippedConfig);

    /// <summary>A path in the workspace.</summary>
    public string Locate(params ReadOnlySpan<string> parts) => Path.Combine([Root, .. parts]);

    /// <summary>The path of a network's file.</summary>
    public string NetworkPath(string network) => Locate("config", "networks", network + ".json");

    /// <summary>The path of a network's manifest.</summary>
    public string ManifestPath(string network) => Locate("config", $"owner-control.{network}.json");

    /// <summary>The path of the references to signers that serve every network.</summary>
    public string SignersPath => Locate("config", "signers.json");

    /// <summary>The path of the references to signers of one network alone.</summary>
    public string NetworkSignersPath(string network) => Locate("config", $"signers.{network}.json");

    /// <summary>The path of the people who serve every network.</summary>
    public string OperatorsPath => Locate("config", "operators.json");

    /// <summary>The path of the people of one network alone.</summary>
    public string NetworkOperatorsPath(string network) => Locate("config", $"operators.{network}.json");

    /// <summary>The path of the policy of every network that has none of its own.</summary>
    public string PolicyPath => Locate("config", "policy.json");

    /// <summary>The path of the policy of one network alone.</summary>
    public string NetworkPolicyPath(string network) => Locate("config", $"policy.{network}.json");

    /// <summary>The path of what is said about incidents for every network that has none of its own.</summary>
    public string IncidentsPath => Locate("config", "incidents.json");

    /// <summary>The path of what is said about incidents of one network alone.</summary>
    public string NetworkIncidentsPath(string network) => Locate("config", $"incidents.{network}.json");

    /// <summary>The path of the settings of services for every network that has none of its own.</summary>
    public string ServicesPath => Locate("config", "services.json");

    /// <summary>The path of the settings of services of one network alone.</summary>
    public string NetworkServicesPath(string network) => Locate("config", $"services.{network}.json");

    /// <summary>Where services keep their state for a network when it is a file.</summary>
    public string StatePath(string network) => Locate("storage", "state", network + ".db");

    /// <summary>The networks that have a file, by name, sorted.</summary>
    public IReadOnlyList<string> Networks()
    {
        var folder = Locate("config", "networks");
        return Directory.Exists(folder)
            ? [.. Directory.EnumerateFiles(folder, "*.json").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)]
            : [];
    }

    /// <summary>The network to use: the one asked for, or the only one there is.</summary>
    /// <exception cref="ControlException"><c>network-unknown</c>, <c>network-none</c> or <c>network-several</c>.</exception>
    public string ChooseNetwork(string? asked)
    {
        var networks = Networks();
        if (asked is not null)
        {
            return networks.Contains(asked, StringComparer.Ordinal)
                ? asked
                : throw new ControlException(
                    "network-unknown",
                    ExitCode.BadInput,
                    $"The network '{asked}' is unknown: {Root} has {(networks.Count == 0 ? "no networks" : string.Join(", ", networks))}.",
                    "Name one of them with --network, add config/networks/NAME.json, or start a local one with 'agijobs devnet up'.");
        }

        return networks switch
        {
            [var only] => only,
            [] => throw new ControlException("network-none", ExitCode.BadInput, $"The workspace {Root} has no network.", "Start a local one with 'agijobs devnet up', or set up another with 'agijobs init'."),
            _ => throw new ControlException("network-several", ExitCode.BadInput, $"The workspace has several networks ({string.Join(", ", networks)}), so the one to use must be said.", "Add --network NAME."),
        };
    }

    /// <summary>A network's file.</summary>
    /// <exception cref="ControlException"><c>file-missing</c>, <c>file-format</c> or <c>file-version</c>.</exception>
    public NetworkFile Network(string network)
    {
        var path = NetworkPath(network);
        var file = JsonFile.Read(path, WorkspaceJson.Default.NetworkFile);
        CheckVersion(path, file.Version);
        return file.Rpc.Count > 0
            ? file
            : throw new ControlException("file-format", ExitCode.BadInput, $"{path}, at $.rpc: the list is empty.", "Name at least one RPC URL.");
    }

    /// <summary>A network's manifest.</summary>
    /// <exception cref="ControlException"><c>file-missing</c>, <c>file-format</c> or <c>file-version</c>.</exception>
    public ManifestFile Manifest(string network)
    {
        var path = ManifestPath(network);
        var file = JsonFile.Read(path, WorkspaceJson.Default.ManifestFile);
        CheckVersion(path, file.Version);
        return file;
    }

    /// <summary>The signers' references for a network: those for every network, then its own; none when there is no file.</summary>
    /// <exception cref="ControlException"><c>file-format</c>, <c>file-version</c>, or <c>signer-twice</c> when two have one name.</exception>
    public SignersFile Signers(string network)
    {
        var signers = new List<SignerReference>();
        foreach (var path in (string[])[SignersPath, NetworkSignersPath(network)])
        {
            if (JsonFile.TryRead(path, WorkspaceJson.Default.SignersFile, out var file))
            {
                CheckVersion(path, file.Version);
                signers.AddRange(file.Signers);
            }
        }

        return signers.GroupBy(signer => signer.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice
            ? throw new ControlException("signer-twice", ExitCode.BadInput, $"Two signers are named '{twice.Key}' in {SignersPath} and {NetworkSignersPath(network)}.", "Rename one of them.")
            : new SignersFile { Version = 1, Signers = signers };
    }

    /// <summary>The people of a network: those for every network, then its own; null when there is no file of either.</summary>
    /// <exception cref="ControlException"><c>file-format</c> or <c>file-version</c>.</exception>
    public OperatorsFile? Operators(string network)
    {
        List<Operator>? people = null;
        foreach (var path in (string[])[OperatorsPath, NetworkOperatorsPath(network)])
        {
            if (JsonFile.TryRead(path, WorkspaceJson.Default.OperatorsFile, out var file))
            {
                CheckVersion(path, file.Version);
                (people ??= []).AddRange(file.People);
            }
        }

        return people is null ? null : new OperatorsFile { Version = 1, People = people };
    }

    /// <summary>The policy of a network: its own, else that of every network; null when approvals are not managed.</summary>
    /// <exception cref="ControlException"><c>file-format</c> or <c>file-version</c>.</exception>
    public PolicyFile? Policy(string network)
    {
        foreach (var path in (string[])[NetworkPolicyPath(network), PolicyPath])
        {
            if (JsonFile.TryRead(path, WorkspaceJson.Default.PolicyFile, out var file))
            {
                CheckVersion(path, file.Version);
                return file;
            }
        }

        return null;
    }

    /// <summary>How a network's incidents are run: its own file, else that of every network, else as the playbooks say.</summary>
    /// <exception cref="ControlException"><c>file-format</c>, <c>file-version</c>, or <c>incidents-value</c> for a value that cannot be.</exception>
    public IncidentsFile Incidents(string network)
    {
        foreach (var path in (string[])[NetworkIncidentsPath(network), IncidentsPath])
        {
            if (JsonFile.TryRead(path, WorkspaceJson.Default.IncidentsFile, out var file))
            {
                CheckVersion(path, file.Version);
                return file.Problem() is { } problem
                    ? throw new ControlException("incidents-value", ExitCode.BadInput, $"{path}, at {problem.Place}: {problem.Message}", problem.Mend)
                    : file;
            }
        }

        return new IncidentsFile { Version = 1 };
    }

    /// <summary>The settings of a network's services: its own file, else that of every network, else the defaults.</summary>
    /// <exception cref="ControlException"><c>file-format</c>, <c>file-version</c>, or <c>services-value</c> for a value that cannot be.</exception>
    public ServicesFile Services(string network)
    {
        foreach (var path in (string[])[NetworkServicesPath(network), ServicesPath])
        {
            if (JsonFile.TryRead(path, WorkspaceJson.Default.ServicesFile, out var file))
            {
                CheckVersion(path, file.Version);
                return file.Problems().ToList() is [var problem, ..]
                    ? throw new ControlException("services-value", ExitCode.BadInput, $"{path}, at {problem.Place}: {problem.Message}", problem.Mend)
                    : file;
            }
        }

        return new ServicesFile { Version = 1 };
    }

    /// <summary>When findings stop the protocol of a network: its own file, else that of all networks; null when there is neither.</summary>
    /// <exception cref="ControlException"><c>breakers-value</c>, <c>file-version</c>, and those of reading.</exception>
    public BreakersFile? Breakers(string network)
    {
        foreach (var path in (string[])[Locate("config", $"breakers.{network}.json"), Locate("config", "breakers.json")])
        {
            if (JsonFile.TryRead(path, WorkspaceJson.Default.BreakersFile, out var file))
            {
                CheckVersion(path, file.Version);
                return file.Problems().ToList() is [var problem, ..]
                    ? throw new ControlException("breakers-value", ExitCode.BadInput, $"{path}, at {problem.Place}: {problem.Message}.", problem.Mend)
                    : file;
            }
        }

        return null;
    }

    /// <summary>What has to hold all the time: the network's own file, else that of all networks, else the catalogue that ships.</summary>
    /// <exception cref="ControlException"><c>controls-value</c>, <c>file-version</c>, and those of reading.</exception>
    public ControlsFile Controls(string network)
    {
        foreach (var path in (string[])[Locate("config", $"controls.{network}.json"), Locate("config", "controls.json"), Path.Combine(_shippedConfig, "controls.json")])
        {
            if (JsonFile.TryRead(path, WorkspaceJson.Default.ControlsFile, out var file))
            {
                CheckVersion(path, file.Version);
                return file.Problems().ToList() is [var problem, ..]
                    ? throw new ControlException("controls-value", ExitCode.BadInput, $"{path}, at {problem.Place}: {problem.Message}.", problem.Mend)
                    : file;
            }
        }

        throw new ControlException("file-missing", ExitCode.BadInput, "There is no config/controls.json, neither in the workspace nor among what ships.", "Install the program again.");
    }

    /// <summary>Who is told of a network's alerts: its own file, else that of every network; null when there is none. Whether it can do what it promises is asked of <see cref="OnCallCheck"/>.</summary>
    /// <exception cref="ControlException"><c>file-format</c> or <c>file-version</c>.</exception>
    public OnCallFile? OnCall(string network)
    {
        foreach (var path in (string[])[Locate("config", $"oncall.{network}.json"), Locate("config", "oncall.json")])
        {
            if (JsonFile.TryRead(path, WorkspaceJson.Default.OnCallFile, out var file))
            {
                CheckVersion(path, file.Version);
                return file;
            }
        }

        return null;
    }

    /// <summary>The configuration files of a protocol: the workspace's own where it has one, else the shipped one.</summary>
    /// <exception cref="ControlException"><c>file-missing</c> when neither is there.</exception>
    public string ProtocolPath(params ReadOnlySpan<string> parts)
    {
        string[] tail = ["protocol", .. parts];
        var own = Path.Combine([Root, "config", .. tail]);
        var shipped = Path.Combine([_shippedConfig, .. tail]);
        return File.Exists(own) ? own
            : File.Exists(shipped) ? shipped
            : throw new ControlException("file-missing", ExitCode.BadInput, $"There is no {string.Join('/', tail)}, neither in {Path.Combine(Root, "config")} nor among what ships.", "Check the name in the manifest or the description.");
    }

    /// <summary>The monitoring rules that ship for a protocol; null when none do. Without the place of their schema, which a workspace may not have: <c>config schema</c> writes it there.</summary>
    /// <exception cref="ControlException"><c>file-read</c>.</exception>
    public byte[]? ShippedRules(string protocol)
    {
        var path = Path.Combine(_shippedConfig, "monitoring", protocol + ".json");
        try
        {
            return File.Exists(path) ? Encoding.UTF8.GetBytes(string.Concat(File.ReadLines(path).Where(line => !line.TrimStart().StartsWith("\"$schema\"", StringComparison.Ordinal)).Select(line => line + "\n"))) : null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new ControlException("file-read", ExitCode.Failed, $"{path} could not be read: {problem.Message}", null, problem);
        }
    }

    /// <summary>The runbooks by name, sorted, each with its path: the workspace's own, and those that ship whose names it does not have.</summary>
    public IReadOnlyDictionary<string, string> RunbookPaths()
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var folder in (string[])[Path.Combine(_shippedConfig, "runbooks"), Locate("config", "runbooks")])
        {
            foreach (var path in Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.json") : [])
            {
                found[Path.GetFileNameWithoutExtension(path)] = path;
            }
        }

        return found;
    }

    private static void CheckVersion(string path, int version)
    {
        if (version != 1)
        {
            throw new ControlException("file-version", ExitCode.BadInput, $"{path} has version {version}; this program reads version 1.", "Use the program of the version that wrote it.");
        }
    }
}
