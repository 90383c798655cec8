using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Control.Description;

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
