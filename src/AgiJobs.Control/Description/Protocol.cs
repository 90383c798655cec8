using System.Text.Json;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Hashing;
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
            throw Invalid(path, $"the module '{twice.Key}' stands twice.");
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
            if (DomainProblem(file, key) is { } problem)
            {
                throw Invalid(path, $"domain {domain.Name}, key {key.Key}: {problem}.");
            }
        }

        foreach (var (domain, name) in file.Domains.SelectMany(domain => ((string?[])[domain.Names?.Registry, domain.Names?.Wrapper]).OfType<string>().Select(name => (domain, name))))
        {
            if (!IsParameter(file, name))
            {
                throw Invalid(path, $"domain {domain.Name}: names are looked up in '{name}', which is no parameter that is described.");
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

            Check(file, entry, abi, path);
            if (manifest.Modules.TryGetValue(entry.Name, out var placed))
            {
                modules.Add(new Module(entry, abi, placed, Pausable(file), file.Tokens, new Lazy<StorageLayout?>(() => LoadLayout(workspace.ProtocolPath("abi", entry.Abi + ".json")))));
            }
        }

        if (file.Ledgers.Select(ledger => (ledger.Name, Problem: Ledger.Problem(ledger))).FirstOrDefault(entry => entry.Problem is not null) is { Problem: { } wrong } faulty)
        {
            throw Invalid(path, $"ledger {faulty.Name}: {wrong}.");
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
            throw Invalid(path, $"domains, ledgers and figures: {problem.Message}", problem);
        }
    }

    private static string? DomainProblem(ProtocolFile file, DomainKey key)
    {
        if (((object?[])[key.Parameter, key.Role, key.Words, key.Records]).Count(given => given is not null) != 1)
        {
            return "it is exactly one of a parameter, a role, a set of words and records";
        }

        var (module, name) = Split(key.Parameter ?? key.Role ?? (key.Words?.Module ?? key.Records!.Module) + ".");
        var found = file.Modules.FirstOrDefault(candidate => string.Equals(candidate.Name, module, StringComparison.Ordinal));
        return found is null ? $"the module '{module}' is not described"
            : key.Parameter is { } parameter ? IsParameter(file, parameter) ? null : $"the parameter '{parameter}' is not described"
            : key.Role is not null ? found.Roles.Any(role => string.Equals(role.Name, name, StringComparison.Ordinal)) ? null : $"the role '{key.Role}' is not described"
            : key.Words is { } words ? WordsProblem(file, found, words)
            : found.Actions.Any(action => string.Equals(action.Function, key.Records!.Function, StringComparison.Ordinal)) ? null : $"{key.Records!.Function} is no action of {module}, so nobody is known who may call it";
    }

    private static string? WordsProblem(ProtocolFile file, ModuleFile module, WordSetFile words) =>
        words.Unit is not ("bytes32" or "namehash") ? $"a set of words is of bytes32 or namehash, not of '{words.Unit}'"
        : ((string[])[words.Add, words.Remove]).FirstOrDefault(function => !module.Actions.Any(action => string.Equals(action.Function, function, StringComparison.Ordinal))) is { } stray ? $"{stray} is no action of {module.Name}, so nobody is known who may call it"
        : words.Derived.FirstOrDefault(derived => !IsParameter(file, derived.Parameter)) is { } wrong ? $"the parameter '{wrong.Parameter}' is not described"
        : null;

    private static bool IsParameter(ProtocolFile file, string fullName)
    {
        var (module, name) = Split(fullName);
        return file.Modules.Any(candidate => string.Equals(candidate.Name, module, StringComparison.Ordinal) && candidate.Parameters.Any(parameter => string.Equals(parameter.Name, name, StringComparison.Ordinal)));
    }

    private static (string Module, string Name) Split(string fullName) => fullName.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot ? (fullName[..dot], fullName[(dot + 1)..]) : (fullName, "");

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

    private static void Check(ProtocolFile file, ModuleFile module, ContractAbi abi, string path)
    {
        try
        {
            string?[] functions =
            [
                module.Paused,
                .. module.Levers.Select(lever => lever.Function),
                .. module.Roles.SelectMany(role => (string?[])[role.Holders, role.AccessControl, role.Grant, role.Revoke, role.Accept]),
                .. module.Links.SelectMany(link => (string?[])[link.Getter, link.Setter]),
                .. module.Parameters.SelectMany(parameter => (string?[])[parameter.Getter, parameter.Setter]),
                .. module.Actions.Select(action => action.Function),
                .. module.Forwards.Select(forward => forward.Function),
                .. module.Participants,
                .. module.Effects.Keys,
            ];
            foreach (var function in functions)
            {
                _ = function is null ? null : abi.Function(function);
            }

            foreach (var signature in ((EffectFile?[])[module.Stopping, module.Resuming, .. module.Levers.Select(lever => lever.Effects), .. module.Forwards.Select(forward => forward.Effects)]).SelectMany(effects => effects?.Emits ?? []).Concat(module.Effects.Values.SelectMany(effects => effects.Emits)))
            {
                _ = abi.Event(signature);
            }
        }
        catch (EthereumException problem)
        {
            throw Invalid(path, $"module {module.Name}: {problem.Message}", problem);
        }

        if (module.Paused is { } paused && abi.Function(paused).Outputs is not [{ Type.Kind: AbiTypeKind.Boolean }])
        {
            throw Invalid(path, $"module {module.Name}: {paused} does not return one flag, so it cannot say whether the module is paused.");
        }

        if (module.Roles.GroupBy(role => role.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw Invalid(path, $"module {module.Name}: the role '{twice.Key}' stands twice.");
        }

        foreach (var role in module.Roles)
        {
            if (role.AccessControl is { } id && (abi.Function(id).Inputs.Count > 0 || abi.Function(id).Outputs is not [{ Type.Kind: AbiTypeKind.FixedBytes }]))
            {
                throw Invalid(path, $"module {module.Name}, role {role.Name}: {id} does not return the id of a role.");
            }

            if (role.Holders is { } view && role.Replay is null && !(abi.Function(view).Outputs is [{ Type: var type }] && (type.Kind == AbiTypeKind.Address || type.Element?.Kind == AbiTypeKind.Address)))
            {
                throw Invalid(path, $"module {module.Name}, role {role.Name}: {view} returns neither an address nor a list of addresses.");
            }


            if (role.Replay is { } replay)
            {
                CheckReplay(module, role, replay, abi, path);
            }
            else if (role.Holders is null == role.AccessControl is null)
            {
                throw Invalid(path, $"module {module.Name}, role {role.Name}: exactly one of holders and accessControl says who holds it.");
            }

            if (role.Holders is { } holders && abi.Function(holders).Inputs.Count != role.Arguments.Count)
            {
                throw Invalid(path, $"module {module.Name}, role {role.Name}: {holders} takes {abi.Function(holders).Inputs.Count} arguments, and {role.Arguments.Count} are given.");
            }
        }

        foreach (var lever in module.Levers)
        {
            var function = abi.Function(lever.Function);
            if (lever.Authorization is { } authorization)
            {
                CheckAuthorization(module, lever, authorization, function, abi, path);
            }
            else if (function.Inputs is not ([] or [{ Type.Kind: AbiTypeKind.Address }] or [{ Type: { Kind: AbiTypeKind.DynamicArray, Element.Kind: AbiTypeKind.Address } }]))
            {
                throw Invalid(path, $"module {module.Name}, lever {lever.Function}: a lever takes nothing, the address of the module that it acts on, or a list of them.");
            }

            if (lever.Covers is { } covers && covers.Any(name => name.StartsWith('@')) && covers.Count > 1)
            {
                throw Invalid(path, $"module {module.Name}, lever {lever.Function} covers a role and something else; a role stands alone.");
            }

            foreach (var name in lever.Covers ?? [])
            {
                _ = name.StartsWith('@') ? CoveredRole(module, lever, name[1..], abi, path)
                    : string.Equals(name, "*", StringComparison.Ordinal) || file.Modules.Any(other => string.Equals(other.Name, name, StringComparison.Ordinal))
                    ? true
                    : throw Invalid(path, $"module {module.Name}, lever {lever.Function} covers '{name}', which is not described.");
            }
        }

        foreach (var forward in module.Forwards)
        {
            if (abi.Function(forward.Function).Inputs is not [{ Type.Kind: AbiTypeKind.Address }, { Type.Kind: AbiTypeKind.Bytes }])
            {
                throw Invalid(path, $"module {module.Name}, forward {forward.Function}: it does not take a target and calldata.");
            }
        }

        foreach (var (function, callers) in module.Levers.Select(lever => (lever.Function, lever.Callers)).Concat(module.Actions.Select(action => (action.Function, action.Callers))).Concat(module.Forwards.Select(forward => (forward.Function, forward.Callers)))
            .Concat(module.Parameters.Select(parameter => (parameter.Setter, parameter.Callers))).Concat(module.Roles.Where(role => role.Grant is not null).Select(role => (role.Grant!, role.Callers))))
        {
            foreach (var caller in callers)
            {
                var dot = caller.IndexOf('.', StringComparison.Ordinal);
                var owner = dot < 0 ? module : file.Modules.FirstOrDefault(other => string.Equals(other.Name, caller[..dot], StringComparison.Ordinal));
                _ = owner?.Roles.Any(role => string.Equals(role.Name, caller[(dot + 1)..], StringComparison.Ordinal)) == true
                    ? true
                    : throw Invalid(path, $"module {module.Name}, {function} names the caller '{caller}', which is no role described.");
            }
        }

        foreach (var parameter in module.Parameters)
        {
            CheckParameter(module, parameter, abi, path);
        }

        foreach (var rule in module.Rules)
        {
            if (Rule.Fault(rule) is { } fault)
            {
                throw Invalid(path, $"module {module.Name}: {fault}.");
            }

            if (Rule.Names(rule).FirstOrDefault(name => !module.Parameters.Any(parameter => string.Equals(parameter.Name, name, StringComparison.Ordinal))) is { } stray)
            {
                throw Invalid(path, $"module {module.Name}: a rule names '{stray}', which is no parameter of this module.");
            }

            if (((string?[])[rule.In, rule.AtMostMembersOf, .. rule.NotIn ?? []]).OfType<string>().FirstOrDefault(name => !module.Roles.Any(role => string.Equals(role.Name, name, StringComparison.Ordinal))) is { } nobody)
            {
                throw Invalid(path, $"module {module.Name}: a rule names '{nobody}', which is no role of this module.");
            }
        }

        foreach (var other in module.Effects.Values.SelectMany(effects => effects.Elsewhere.Keys))
        {
            _ = file.Modules.Any(candidate => string.Equals(candidate.Name, other, StringComparison.Ordinal)) ? true : throw Invalid(path, $"module {module.Name}: effects on '{other}', which is not described.");
        }

        foreach (var role in module.Roles.Where(role => role.Accept is null != role.Pending is null || (role.Pending is { } pending && !module.Roles.Any(other => string.Equals(other.Name, pending, StringComparison.Ordinal)))))
        {
            throw Invalid(path, $"module {module.Name}, role {role.Name}: accept and pending stand together, and pending is a role of this module.");
        }

        foreach (var link in module.Links)
        {
            _ = file.Modules.Any(other => string.Equals(other.Name, link.Module, StringComparison.Ordinal))
                ? true
                : throw Invalid(path, $"module {module.Name}, link {link.Getter} points to '{link.Module}', which is not described.");
        }
    }

    private static void CheckReplay(ModuleFile module, RoleFile role, ReplayFile replay, ContractAbi abi, string path)
    {
        try
        {
            _ = new RoleEvents(replay, abi, role.AccessControl is not null);
        }
        catch (EthereumException problem)
        {
            throw Invalid(path, $"module {module.Name}, role {role.Name}: {problem.Message}", problem);
        }

        if (role.Holders is not null)
        {
            throw Invalid(path, $"module {module.Name}, role {role.Name}: replay is for roles whose holders no view lists; leave out holders or replay.");
        }
    }

    private static bool CoveredRole(ModuleFile module, LeverFile lever, string name, ContractAbi abi, string path) =>
        module.Roles.FirstOrDefault(role => string.Equals(role.Name, name, StringComparison.Ordinal)) is not { } role ? throw Invalid(path, $"module {module.Name}, lever {lever.Function} covers '@{name}', which is no role of this module.")
        : role.Holders is { } holders && abi.Function(holders).Outputs is not [{ Type.Kind: AbiTypeKind.DynamicArray }] ? throw Invalid(path, $"module {module.Name}, lever {lever.Function} covers '@{name}', whose holders {holders} are no list.")
        : true;

    private static void CheckAuthorization(ModuleFile module, LeverFile lever, AuthorizationFile authorization, AbiFunction function, ContractAbi abi, string path)
    {
        string? problem;
        try
        {
            problem = lever.Action == LeverAction.Pause ? Authorization.Problem(authorization, function, abi) : "only a pause can be authorised in advance";
        }
        catch (EthereumException wrong)
        {
            throw Invalid(path, $"module {module.Name}, lever {lever.Function}: {wrong.Message}", wrong);
        }

        if (problem is not null)
        {
            throw Invalid(path, $"module {module.Name}, lever {lever.Function}: {problem}.");
        }
    }

    private static void CheckParameter(ModuleFile module, ParameterFile parameter, ContractAbi abi, string path)
    {
        var getter = abi.Function(parameter.Getter);
        var setter = abi.Function(parameter.Setter);
        if (getter.Inputs.Count != parameter.GetterArguments.Count)
        {
            throw Invalid(path, $"module {module.Name}, parameter {parameter.Name}: {getter} takes {getter.Inputs.Count} arguments, and {parameter.GetterArguments.Count} are given.");
        }

        var given = parameter.SetterArguments.Count == 0 ? 1 : parameter.SetterArguments.Count;
        if (setter.Inputs.Count != given)
        {
            throw Invalid(path, $"module {module.Name}, parameter {parameter.Name}: {setter} takes {setter.Inputs.Count} arguments, and {given} are given.");
        }

        var texts = parameter.SetterArguments.SelectMany(Texts).ToList();
        if (texts.Count > 0 && texts.Count(text => string.Equals(text, "$", StringComparison.Ordinal)) != 1)
        {
            throw Invalid(path, $"module {module.Name}, parameter {parameter.Name}: the arguments of {setter} must name the new value, $, once.");
        }

        foreach (var other in texts.Where(text => text.StartsWith('@')))
        {
            _ = module.Parameters.Any(candidate => string.Equals(candidate.Name, other[1..], StringComparison.Ordinal))
                ? true
                : throw Invalid(path, $"module {module.Name}, parameter {parameter.Name}: '{other}' is no parameter of this module.");
        }
    }

    private static IEnumerable<string> Texts(JsonElement argument) =>
        argument.ValueKind == JsonValueKind.Array ? argument.EnumerateArray().SelectMany(Texts) : [argument.GetString() ?? ""];

    private static ControlException Invalid(string path, string why, Exception? inner = null) =>
        new("description-invalid", ExitCode.BadInput, $"{path}: {why}", "Correct the protocol description.", inner);
}

/// <summary>One contract of a protocol at its address.</summary>
public sealed class Module
{
    private readonly Lazy<StorageLayout?> _layout;

    internal Module(ModuleFile file, ContractAbi abi, ManifestModule placed, IReadOnlyList<string> pausable, IReadOnlyDictionary<string, int> tokens, Lazy<StorageLayout?> layout)
    {
        _layout = layout;
        Name = file.Name;
        Purpose = file.Purpose;
        Abi = abi;
        Address = placed.Address;
        Since = new BlockNumber(placed.Since);
        Paused = file.Paused is null ? null : abi.Function(file.Paused);
        Roles = [.. file.Roles.Select(role => new Role(this, role, abi))];
        Levers = [.. file.Levers.Select(lever => new Lever(this, lever, abi, pausable))];
        Links = [.. file.Links.Select(link => new Link(this, link, abi))];
        Parameters = [.. file.Parameters.Select(parameter => new Parameter(this, parameter, abi, tokens))];
        Rules = [.. file.Rules.Select(rule => new Rule(this, rule, Parameters))];
        Effects = file.Effects;
        Actions = file.Actions;
        Stopping = file.Stopping;
        Resuming = file.Resuming;
        Forwards = file.Forwards;
    }

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>What it does.</summary>
    public string Purpose { get; }

    /// <summary>Its interface.</summary>
    public ContractAbi Abi { get; }

    /// <summary>Its state variables, when its ABI is a compiled artefact that has them; read on first use.</summary>
    /// <exception cref="ControlException"><c>file-format</c>.</exception>
    public StorageLayout? Layout => _layout.Value;

    /// <summary>Its address.</summary>
    public Address Address { get; }

    /// <summary>The block from which on its events are read.</summary>
    public BlockNumber Since { get; }

    /// <summary>The view that says whether it is paused; null when it has no pause.</summary>
    public AbiFunction? Paused { get; }

    /// <summary>What becomes of it when it is paused; null when it is not described.</summary>
    public EffectFile? Stopping { get; }

    /// <summary>What becomes of it when it is resumed; null when it is not described.</summary>
    public EffectFile? Resuming { get; }

    /// <summary>Functions that pass on a call with its own rights.</summary>
    public IReadOnlyList<ForwardFile> Forwards { get; }

    /// <summary>Functions that pause or resume.</summary>
    public IReadOnlyList<Lever> Levers { get; }

    /// <summary>Who may do what.</summary>
    public IReadOnlyList<Role> Roles { get; }

    /// <summary>Addresses of other modules.</summary>
    public IReadOnlyList<Link> Links { get; }

    /// <summary>Values that the owners may set.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Rules over its values.</summary>
    public IReadOnlyList<Rule> Rules { get; }

    /// <summary>What calls of it do, by signature.</summary>
    public IReadOnlyDictionary<string, CallEffectFile> Effects { get; }

    /// <summary>What holders of its roles can do besides.</summary>
    public IReadOnlyList<ActionFile> Actions { get; }

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}

/// <summary>A function that pauses or resumes.</summary>
public sealed class Lever
{
    internal Lever(Module module, LeverFile file, ContractAbi abi, IReadOnlyList<string> pausable)
    {
        Module = module;
        Action = file.Action;
        Function = abi.Function(file.Function);
        Callers = file.Callers;
        IsIdempotent = file.Idempotent;
        CoveredRole = file.Covers is [['@', .. var name]] ? module.Roles.First(role => string.Equals(role.Name, name, StringComparison.Ordinal)) : null;
        Covers = CoveredRole is not null ? [] : file.Covers is null ? [module.Name] : [.. file.Covers.SelectMany(name => string.Equals(name, "*", StringComparison.Ordinal) ? pausable : [name]).Distinct(StringComparer.Ordinal)];
        Authorization = file.Authorization is null ? null : new Authorization(file.Authorization, Function, abi);
        TakesModule = Authorization is null && Function.Inputs is [{ Type.Kind: AbiTypeKind.Address }];
        TakesModules = Authorization is not null || Function.Inputs is [{ Type.Kind: AbiTypeKind.DynamicArray }];
        Effects = file.Effects;
    }

    /// <summary>The contract that has it.</summary>
    public Module Module { get; }

    /// <summary>What it does.</summary>
    public LeverAction Action { get; }

    /// <summary>The function.</summary>
    public AbiFunction Function { get; }

    /// <summary>The names of the modules that it acts on: together, or those that its argument names. Empty when the chain says which, by <see cref="CoveredRole"/>.</summary>
    public IReadOnlyList<string> Covers { get; }

    /// <summary>The role of its own module whose holders are the modules that it acts on; null when <see cref="Covers"/> says which.</summary>
    public Role? CoveredRole { get; }

    /// <summary>True when its argument says which one module it acts on.</summary>
    public bool TakesModule { get; }

    /// <summary>True when a list that it is given, as argument or in a statement, says which of the modules it acts on.</summary>
    public bool TakesModules { get; }

    /// <summary>Roles that may call it.</summary>
    public IReadOnlyList<string> Callers { get; }

    /// <summary>True when it succeeds from every mix of paused and running modules.</summary>
    public bool IsIdempotent { get; }

    /// <summary>What the call does to <see cref="Module"/> itself; null when it is not described.</summary>
    public EffectFile? Effects { get; }

    /// <summary>The form of the statement with which anybody may pull it; null when callers need the role themselves.</summary>
    public Authorization? Authorization { get; }
}

/// <summary>A set of accounts with a power.</summary>
public sealed class Role
{
    private readonly IReadOnlyList<string> _grantArguments;
    private readonly IReadOnlyList<string> _revokeArguments;

    internal Role(Module module, RoleFile file, ContractAbi abi)
    {
        Module = module;
        Name = file.Name;
        Power = file.Power;
        Risk = file.Risk;
        Holders = file.Holders is null ? null : abi.Function(file.Holders);
        AccessControl = file.AccessControl is null ? null : abi.Function(file.AccessControl);
        Grant = file.Grant is null ? null : abi.Function(file.Grant);
        Revoke = file.Revoke is null ? null : abi.Function(file.Revoke);
        Accept = file.Accept is null ? null : abi.Function(file.Accept);
        Pending = file.Pending;
        Replay = file.Replay is null ? null : new RoleEvents(file.Replay, abi, file.AccessControl is not null);
        Category = file.Category ?? PowerKind.Rotate;
        Callers = file.Callers;
        _grantArguments = file.GrantArguments;
        _revokeArguments = file.RevokeArguments;
        Arguments = Holders is null ? [] : [.. Holders.Inputs.Zip(file.Arguments, (input, text) => ArgumentText.Parse(input.Type, text))];
    }

    /// <summary>The contract that has it.</summary>
    public Module Module { get; }

    /// <summary>Its name within the module.</summary>
    public string Name { get; }

    /// <summary><c>Module.role</c>.</summary>
    public string FullName => $"{Module.Name}.{Name}";

    /// <summary>What its holders can do.</summary>
    public string Power { get; }

    /// <summary>How much a wrong holder can do.</summary>
    public Risk Risk { get; }

    /// <summary>The view that returns the holder or holders.</summary>
    public AbiFunction? Holders { get; }

    /// <summary>The id that OpenZeppelin's custom gives it, the hash of the getter's name; what the chain says may differ.</summary>
    public Bytes32 CustomaryId => AccessControl is null || string.Equals(AccessControl.Name, "DEFAULT_ADMIN_ROLE", StringComparison.Ordinal) ? Bytes32.Zero : Keccak256.Hash(AccessControl.Name);

    /// <summary>True when an office grants it; false when accounts take it by themselves.</summary>
    public bool IsGranted => Grant is not null;

    /// <summary>The function that grants or offers it; null when no office does.</summary>
    public AbiFunction? Grant { get; }

    /// <summary>The function that revokes it; null when it cannot be revoked, only given to another.</summary>
    public AbiFunction? Revoke { get; }

    /// <summary>The function by which the new holder takes over what was offered; null when the grant is enough.</summary>
    public AbiFunction? Accept { get; }

    /// <summary>The role of the module that an offer fills until it is accepted; null when the grant is enough.</summary>
    public string? Pending { get; }

    /// <summary>Roles that may grant and revoke it.</summary>
    public IReadOnlyList<string> Callers { get; }

    /// <summary>What granting it amounts to.</summary>
    public PowerKind Category { get; }

    /// <summary>True when it has one holder at a time, whom a grant replaces.</summary>
    public bool IsSingle => Holders?.Outputs is [{ Type.Kind: AbiTypeKind.Address }];

    /// <summary>The arguments of <see cref="Grant"/> for an account.</summary>
    /// <param name="account">Who gets it.</param>
    /// <param name="id">The role's id on the chain; needed for AccessControl only.</param>
    public IReadOnlyList<AbiValue> GrantArguments(Address account, Bytes32? id) => Fill(Grant!, _grantArguments, account, id);

    /// <summary>The arguments of <see cref="Revoke"/> for an account.</summary>
    public IReadOnlyList<AbiValue> RevokeArguments(Address account, Bytes32? id) => Fill(Revoke!, _revokeArguments, account, id);

    private static IReadOnlyList<AbiValue> Fill(AbiFunction function, IReadOnlyList<string> texts, Address account, Bytes32? id) =>
        texts.Count > 0 ? [.. function.Inputs.Zip(texts, (input, text) => string.Equals(text, "$", StringComparison.Ordinal) ? account : ArgumentText.Parse(input.Type, text))]
        : function.Inputs.Count == 1 ? [account]
        : [id ?? throw new ControlException("role-id", ExitCode.Unknown, $"The id of the role that {function.Signature} takes is unknown.", "Read the chain again."), account];

    /// <summary>The arguments of <see cref="Holders"/>.</summary>
    public IReadOnlyList<AbiValue> Arguments { get; }

    /// <summary>How holders are found from events; null when a view lists them.</summary>
    public RoleEvents? Replay { get; }

    /// <summary>The view that returns the role's id for AccessControl.</summary>
    public AbiFunction? AccessControl { get; }
}

/// <summary>An address of another module that a module holds.</summary>
public sealed class Link
{
    internal Link(Module module, LinkFile file, ContractAbi abi)
    {
        Module = module;
        Getter = abi.Function(file.Getter);
        Setter = file.Setter is null ? null : abi.Function(file.Setter);
        Target = file.Module;
        Callers = file.Callers;
    }

    /// <summary>The contract that holds it.</summary>
    public Module Module { get; }

    /// <summary>The view that returns it.</summary>
    public AbiFunction Getter { get; }

    /// <summary>The function that sets it; null when it is fixed.</summary>
    public AbiFunction? Setter { get; }

    /// <summary>The name of the module that it must point to.</summary>
    public string Target { get; }

    /// <summary>Roles that may set it.</summary>
    public IReadOnlyList<string> Callers { get; }

    /// <summary><c>Module.getter()</c>.</summary>
    public string FullName => $"{Module.Name}.{Getter.Signature}";
}
