using AgiJobs.Control.Description;

namespace AgiJobs.Control.Authority;

/// <summary>A function that an office can call: a lever, a setter, a grant, a link's setter, an action, one that forwards.</summary>
/// <param name="Module">The module that has it.</param>
/// <param name="Signature">The function.</param>
/// <param name="Power">What it amounts to.</param>
/// <param name="Risk">How much a wrong call can do.</param>
/// <param name="Callers">The roles that may call it.</param>
/// <param name="BySignature">True when holders do not call but sign a statement.</param>
public sealed record OfficeFunction(Module Module, string Signature, PowerKind Power, Risk Risk, IReadOnlyList<string> Callers, bool BySignature = false)
{
    /// <summary><c>Module.function(types)</c>.</summary>
    public string FullName => $"{Module.Name}.{Signature}";

    /// <summary>Every function that the description names, in its order; one that sets several values stands once for each power.</summary>
    public static IReadOnlyList<OfficeFunction> All(Protocol protocol)
    {
        ArgumentNullException.ThrowIfNull(protocol);
        return [.. protocol.Modules.SelectMany(Of)];
    }

    private static IEnumerable<OfficeFunction> Of(Module module)
    {
        IEnumerable<OfficeFunction> all =
        [
            .. module.Levers.Select(lever => new OfficeFunction(module, lever.Function.Signature, lever.Action == LeverAction.Pause ? PowerKind.Pause : PowerKind.Resume, lever.Action == LeverAction.Pause ? Risk.Amber : Risk.Red, lever.Callers, lever.Authorization is not null)),
            .. module.Forwards.Select(forward => new OfficeFunction(module, forward.Function, PowerKind.Forward, Risk.Red, forward.Callers)),
            .. module.Roles.SelectMany(role => ((string?[])[role.Grant?.Signature, role.Revoke?.Signature]).OfType<string>().Select(function => new OfficeFunction(module, function, role.Category, role.Risk, role.Callers))),
            .. module.Roles.Where(role => role.Accept is not null).Select(role => new OfficeFunction(module, role.Accept!.Signature, role.Category, role.Risk, [role.Pending!])),
            .. module.Links.Where(link => link.Setter is not null).Select(link => new OfficeFunction(module, link.Setter!.Signature, PowerKind.Rewire, Risk.Red, link.Callers)),
            .. module.Parameters.Select(parameter => new OfficeFunction(module, parameter.Setter.Signature, parameter.Category, parameter.Risk, parameter.Callers)),
            .. module.Actions.Select(action => new OfficeFunction(module, module.Abi.Function(action.Function).Signature, action.Category, action.Risk, action.Callers)),
        ];
        return all.GroupBy(function => (function.Signature, function.Power, Callers: string.Join(' ', function.Callers))).Select(group => group.First() with { Risk = group.Max(function => function.Risk) });
    }
}
