using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Planning;

/// <summary>In which order moves are tried first; an order in which a step would revert is mended afterwards.</summary>
public enum MoveOrder
{
    /// <summary>Takes a right from a key that may be in wrong hands.</summary>
    Revoke,

    /// <summary>Puts code on the chain that later moves need.</summary>
    Deploy,

    /// <summary>Gives a right, or allows what later moves need.</summary>
    Allow,

    /// <summary>Lowers a value, which makes room under a sum.</summary>
    Lower,

    /// <summary>Sets values that others are bounded by, or are not comparable.</summary>
    Set,

    /// <summary>Raises a value.</summary>
    Raise,

    /// <summary>Points one module to another.</summary>
    Link,

    /// <summary>Everything else.</summary>
    Act,

    /// <summary>Takes away what earlier moves made unnecessary.</summary>
    Retire,

    /// <summary>Gives away the authority that the other moves need.</summary>
    HandOver,
}

/// <summary>One call that a wave makes, with what was observed before it, what must hold after it, and the call that undoes it. Who makes it is for <see cref="WavePlanner"/> to find out.</summary>
public sealed record Move
{
    /// <summary>The contract's name.</summary>
    public required string Contract { get; init; }

    /// <summary>The module of the description whose roles admit the caller; null when anybody may call it.</summary>
    public Module? Module { get; init; }

    /// <summary>The contract that is called.</summary>
    public required Address Target { get; init; }

    /// <summary>The function's signature.</summary>
    public required string Function { get; init; }

    /// <summary>The arguments as text.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The calldata.</summary>
    public required byte[] Calldata { get; init; }

    /// <summary>Roles that may call it, as in <see cref="LeverFile.Callers"/>; empty when anybody may.</summary>
    public required IReadOnlyList<string> Callers { get; init; }

    /// <summary>The account that alone may make it, such as a Safe that changes its own owners; null when <see cref="Callers"/> say who may.</summary>
    public Address? By { get; init; }

    /// <summary>How much it can do.</summary>
    public required Risk Risk { get; init; }

    /// <summary>What it is for, with old and new value.</summary>
    public required string Purpose { get; init; }

    /// <summary>Where it is tried first.</summary>
    public required MoveOrder Order { get; init; }

    /// <summary>What was observed.</summary>
    public IReadOnlyList<Expectation> Before { get; init; } = [];

    /// <summary>What must hold afterwards.</summary>
    public IReadOnlyList<Expectation> After { get; init; } = [];

    /// <summary>What it does to contracts.</summary>
    public IReadOnlyList<DeclaredEffect> Effects { get; init; } = [];

    /// <summary>The contract that it puts on the chain, which nothing has to take away again when the wave is undone; null when it makes none.</summary>
    public DeployedContract? Deploys { get; init; }

    /// <summary>The role that it gives or takes; null when it does neither.</summary>
    public OfficeMove? Office { get; init; }

    /// <summary>The move that undoes it; null when nothing does.</summary>
    public Move? Undo { get; init; }

    /// <summary>Why nothing undoes it; null when something does.</summary>
    public string? Lasting { get; init; }
}

/// <summary>A role that a move gives or takes.</summary>
/// <param name="Role">The role whose holders change: for an offer the one that it fills until it is accepted.</param>
/// <param name="Account">Who.</param>
/// <param name="Grants">True when it is given.</param>
public sealed record OfficeMove(Role Role, Address Account, bool Grants);
