using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Storage;

namespace AgiJobs.Control.Description;

/// <summary>
/// A protocol as one network has it: the description with its ABIs resolved and cross-references checked, and the addresses of the manifest.
/// Immutable.
/// </summary>
public sealed class Protocol
{
    private readonly Dictionary<string, Module> _byName;

    private Protocol(ProtocolFile file, IReadOnlyList<Module> modules, IReadOnlyList<Address> declared)
    {
        Declared = declared;
        Name = file.Name;
        Title = file.Title;
        WhenPaused = file.WhenPaused;
        WhenResumed = file.WhenResumed;
        Modules = modules;
        Described = [.. file.Modules.Select(module => module.Name)];
        Domains = file.Domains;
        Tokens = file.Tokens;
        _byName = modules.ToDictionary(module => module.Name, StringComparer.Ordinal);
        Abi = ContractAbi.Merge([.. modules.Select(module => module.Abi)]);
        Ledgers = [.. file.Ledgers.Where(ledger => ledger.Columns.Select(column => column.Module).OfType<string>().Prepend(ledger.Module).All(_byName.ContainsKey)).Select(ledger => new Ledger(ledger, name => _byName[name], file.Tokens))];
        Figures = [.. file.Figures.Where(figure => figure.Arguments.Where(argument => argument.StartsWith('@')).Select(argument => argument[1..]).Prepend(figure.Module).All(_byName.ContainsKey)).Select(figure => new Figure(figure, name => _byName[name], file.Tokens))];
    }

    /// <summary>The description's name.</summary>
    public string Name { get; }

    /// <summary>The name for people.</summary>
    public string Title { get; }

    /// <summary>What a pause means for users, their money and their deadlines; null when it is not described.</summary>
    public string? WhenPaused { get; }

    /// <summary>What a resume means for them; null when it is not described.</summary>
    public string? WhenResumed { get; }

    /// <summary>The modules that the manifest gives an address, in the description's order.</summary>
    public IReadOnlyList<Module> Modules { get; }

    /// <summary>The names of all modules that are described, also of those that the manifest gives no address.</summary>
    public IReadOnlyList<string> Described { get; }

    /// <summary>The decimals of its tokens by symbol.</summary>
    public IReadOnlyDictionary<string, int> Tokens { get; }

    /// <summary>The files of the parameter catalogue.</summary>
    public IReadOnlyList<DomainFile> Domains { get; }

    /// <summary>Live money item by item, of modules that are placed.</summary>
    public IReadOnlyList<Ledger> Ledgers { get; }

    /// <summary>Numbers that say what is going on, of modules that are placed.</summary>
    public IReadOnlyList<Figure> Figures { get; }

    /// <summary>Every address that the manifest names as the holder of a role, in a stable order: whom it is worth to ask about.</summary>
    public IReadOnlyList<Address> Declared { get; }

    /// <summary>All functions, events and errors of the protocol together, for decoding what came from any of its contracts.</summary>
    public ContractAbi Abi { get; }

    /// <summary>The module of a name.</summary>
    /// <exception cref="ControlException"><c>module-unknown</c>, with the names there are.</exception>
    public Module this[string name] =>
        _byName.TryGetValue(name, out var module)
            ? module
            : throw new ControlException("module-unknown", ExitCode.BadInput, $"The module '{name}' is unknown: {Title} has {string.Join(", ", _byName.Keys)}.", "Write one of these names as it stands here.");

    /// <summary>The module at an address; null when none is there.</summary>
    public Module? At(Address address) => Modules.FirstOrDefault(module => module.Address == address);

    /// <summary>The parameter of a full name, <c>Module.parameter</c>.</summary>
    /// <exception cref="ControlException"><c>module-unknown</c>, <c>parameter-unknown</c>, with the names there are.</exception>
    public Parameter Parameter(string fullName)
    {
        var dot = fullName.IndexOf('.', StringComparison.Ordinal);
        var module = this[dot < 0 ? fullName : fullName[..dot]];
        return module.Parameters.FirstOrDefault(parameter => string.Equals(parameter.Name, fullName[(dot + 1)..], StringComparison.Ordinal))
            ?? throw new ControlException("parameter-unknown", ExitCode.BadInput, $"{module.Name} has no parameter '{(dot < 0 ? "" : fullName[(dot + 1)..])}'. It has {(module.Parameters.Count == 0 ? "none" : string.Join(", ", module.Parameters.Select(parameter => parameter.Name)))}.", "Write Module.parameter as it stands here.");
    }

    /// <summary>The role of a full name, <c>Module.role</c>.</summary>
    /// <exception cref="ControlException"><c>module-unknown</c>, <c>role-unknown</c>, with the names there are.</exception>
    public Role Role(string fullName)
    {
        var dot = fullName.IndexOf('.', StringComparison.Ordinal);
        var module = this[dot < 0 ? fullName : fullName[..dot]];
        return module.Roles.FirstOrDefault(role => string.Equals(role.Name, fullName[(dot + 1)..], StringComparison.Ordinal))
            ?? throw new ControlException("role-unknown", ExitCode.BadInput, $"{module.Name} has no role '{(dot < 0 ? "" : fullName[(dot + 1)..])}'. It has {(module.Roles.Count == 0 ? "none" : string.Join(", ", module.Roles.Select(role => role.Name)))}.", "Write Module.role as it stands here.");
    }

    /// <summary>The role that a lever's caller names: <c>role</c> of the lever's module, or <c>Module.role</c>; null when its module is not managed here.</summary>
    public Role? Role(Module module, string caller)
    {
        var dot = caller.IndexOf('.', StringComparison.Ordinal);
        var owner = dot < 0 ? module : _byName.GetValueOrDefault(caller[..dot]);
        return owner?.Roles.First(role => string.Equals(role.Name, caller[(dot + 1)..], StringComparison.Ordinal));
    }

    /// <summary>Reads the description that the manifest names and binds it to the manifest's addresses.</summary>
    /// <exception cref="ControlException">
    /// <c>file-missing</c>, <c>file-format</c>, <c>description-invalid</c> when a reference leads nowhere, <c>manifest-module</c> when the manifest names
    /// a module that the description does not have, or one address twice.
    /// </exception>
    public static Protocol Load(Workspace workspace, ManifestFile manifest)
    {
        var path = workspace.ProtocolPath(manifest.Protocol + ".json");
        var file = JsonFile.Read(path, WorkspaceJson.Default.ProtocolFile);
        if (file.Version != 1)
        {
            throw new ControlException("file-version", ExitCode.BadInput, $"{path} has version {file.Version}; this program reads version 1.", "Use a program of the file's version.");
        }

        var described = file.Modules.Select(module => module.Name).ToList();
        if (described.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw DescriptionRules.Invalid(path, $"the module '{twice.Key}' stands twice.");
        }

        foreach (var (name, placed) in manifest.Modules)
        {
            if (file.Modules.FirstOrDefault(module => string.Equals(module.Name, name, StringComparison.Ordinal)) is { } known)
            {
                var roles = known.Roles.Select(role => role.Name).ToList();
                var parameters = known.Parameters.Select(parameter => parameter.Name).ToList();
                if (placed.Parameters?.Keys.FirstOrDefault(parameter => !parameters.Contains(parameter, StringComparer.Ordinal)) is { } unknown)
                {
                    throw new ControlException("manifest-parameter", ExitCode.BadInput, $"The manifest names the parameter '{unknown}' of {name}, which {path} does not describe. Described are {(parameters.Count == 0 ? "none" : string.Join(", ", parameters))}.", "Correct the name in the manifest.");
                }

                if (placed.Roles?.Keys.FirstOrDefault(role => !roles.Contains(role, StringComparer.Ordinal)) is { } stray)
                {
                    throw new ControlException("manifest-role", ExitCode.BadInput, $"The manifest names the role '{stray}' of {name}, which {path} does not describe. Described are {(roles.Count == 0 ? "none" : string.Join(", ", roles))}.", "Correct the name in the manifest.");
                }
            }
            else
            {
                throw new ControlException("manifest-module", ExitCode.BadInput, $"The manifest names the module '{name}', which {path} does not describe. Described are {string.Join(", ", described)}.", "Correct the name in the manifest.");
            }
        }

        if (manifest.Modules.GroupBy(entry => entry.Value.Address).FirstOrDefault(group => group.Count() > 1) is { } shared)
        {
            throw new ControlException("manifest-module", ExitCode.BadInput, $"The manifest gives {string.Join(" and ", shared.Select(entry => entry.Key))} the same address {shared.Key}.", "Correct the addresses in the manifest.");
        }

        foreach (var (domain, key) in file.Domains.SelectMany(domain => domain.Keys.Select(key => (domain, key))))
        {
            if (DescriptionRules.DomainProblem(file, key) is { } problem)
            {
                throw DescriptionRules.Invalid(path, $"domain {domain.Name}, key {key.Key}: {problem}.");
            }
        }

        foreach (var (domain, name) in file.Domains.SelectMany(domain => ((string?[])[domain.Names?.Registry, domain.Names?.Wrapper]).OfType<string>().Select(name => (domain, name))))
        {
            if (!DescriptionRules.IsParameter(file, name))
            {
                throw DescriptionRules.Invalid(path, $"domain {domain.Name}: names are looked up in '{name}', which is no parameter that is described.");
            }
        }

        var abis = new Dictionary<string, ContractAbi>(StringComparer.Ordinal);
        var modules = new List<Module>();
        foreach (var entry in file.Modules)
        {
            if (!abis.TryGetValue(entry.Abi, out var abi))
            {
                abi = LoadAbi(workspace.ProtocolPath("abi", entry.Abi + ".json"));
                abis.Add(entry.Abi, abi);
            }

            DescriptionRules.Check(file, entry, abi, path);
            if (manifest.Modules.TryGetValue(entry.Name, out var placed))
            {
                modules.Add(new Module(entry, abi, placed, Pausable(file), file.Tokens, new Lazy<StorageLayout?>(() => LoadLayout(workspace.ProtocolPath("abi", entry.Abi + ".json")))));
            }
        }

        if (file.Ledgers.Select(ledger => (ledger.Name, Problem: Ledger.Problem(ledger))).FirstOrDefault(entry => entry.Problem is not null) is { Problem: { } wrong } faulty)
        {
            throw DescriptionRules.Invalid(path, $"ledger {faulty.Name}: {wrong}.");
        }

        try
        {
            foreach (var key in file.Domains.SelectMany(domain => domain.Keys).Where(key => key.Words is not null || key.Records is not null))
            {
                // Whatever they name has to be there.
                var abi = abis[file.Modules.First(module => string.Equals(module.Name, key.Words?.Module ?? key.Records!.Module, StringComparison.Ordinal)).Abi];
                _ = ((string?[])[key.Words?.View, key.Words?.Add, key.Words?.Remove, key.Records?.Function, key.Records?.Last, key.Records?.History]).OfType<string>().Select(abi.Function).ToList();
            }

            return Bound(file, modules, manifest);
        }
        catch (EthereumException problem)
        {
            throw DescriptionRules.Invalid(path, $"domains, ledgers and figures: {problem.Message}", problem);
        }
    }

    private static Protocol Bound(ProtocolFile file, List<Module> modules, ManifestFile manifest) =>
        new(file, modules, [.. manifest.Modules.Values.SelectMany(module => module.Roles?.Values.SelectMany(members => members) ?? []).Where(member => !member.IsZero).Distinct().Order()]);

    private static string[] Pausable(ProtocolFile file) => [.. file.Modules.Where(module => module.Paused is not null).Select(module => module.Name)];

    private static StorageLayout? LoadLayout(string path)
    {
        try
        {
            return StorageLayout.FromJson(File.ReadAllText(path));
        }
        catch (EthereumException problem)
        {
            throw new ControlException("file-format", ExitCode.BadInput, $"{path}: {problem.Message}", "Put the contract's JSON ABI or compiled artefact there.", problem);
        }
    }

    private static ContractAbi LoadAbi(string path)
    {
        try
        {
            return ContractAbi.FromJson(File.ReadAllText(path));
        }
        catch (EthereumException problem)
        {
            throw new ControlException("file-format", ExitCode.BadInput, $"{path}: {problem.Message}", "Put the contract's JSON ABI or compiled artefact there.", problem);
        }
    }
}
