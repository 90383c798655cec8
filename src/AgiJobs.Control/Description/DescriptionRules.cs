using System.Text.Json;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Control.Description;

/// <summary>What a description must hold to: every reference leads somewhere, every function is in the ABI and of the shape that its use needs.</summary>
internal static class DescriptionRules
{
    /// <summary>Why a key of a parameter catalogue cannot be; null when it can.</summary>
    public static string? DomainProblem(ProtocolFile file, DomainKey key)
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

    /// <summary>Whether a parameter of this full name is described.</summary>
    public static bool IsParameter(ProtocolFile file, string fullName)
    {
        var (module, name) = Split(fullName);
        return file.Modules.Any(candidate => string.Equals(candidate.Name, module, StringComparison.Ordinal) && candidate.Parameters.Any(parameter => string.Equals(parameter.Name, name, StringComparison.Ordinal)));
    }

    private static (string Module, string Name) Split(string fullName) => fullName.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot ? (fullName[..dot], fullName[(dot + 1)..]) : (fullName, "");

    /// <summary>Refuses a module whose description and ABI do not fit together.</summary>
    /// <exception cref="ControlException"><c>description-invalid</c>.</exception>
    public static void Check(ProtocolFile file, ModuleFile module, ContractAbi abi, string path)
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

    /// <summary>The refusal of a description.</summary>
    public static ControlException Invalid(string path, string why, Exception? inner = null) =>
        new("description-invalid", ExitCode.BadInput, $"{path}: {why}", "Correct the protocol description.", inner);
}
