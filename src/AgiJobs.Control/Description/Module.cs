using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Storage;

namespace AgiJobs.Control.Description;

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
