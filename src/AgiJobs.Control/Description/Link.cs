using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Control.Description;

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
