using AgiJobs.Ethereum;

namespace AgiJobs.Control.Authority;

/// <summary>By what an account can make a call, or why it is not known to.</summary>
public enum PathKind
{
    /// <summary>An account with a key.</summary>
    Key,

    /// <summary>A Safe, by the signatures of its owners.</summary>
    Safe,

    /// <summary>A module of a Safe, which acts in the Safe's name without its owners; <see cref="AuthorityPath.Via"/> is how the module is moved.</summary>
    SafeModule,

    /// <summary>A contract that passes calls on; <see cref="AuthorityPath.Via"/> is how it is called.</summary>
    Forwarder,

    /// <summary>A contract whose owner commands it, such as the administrator of a proxy; <see cref="AuthorityPath.Via"/> is how the owner acts.</summary>
    Owned,

    /// <summary>A timelock; <see cref="AuthorityPath.Via"/> is how something is scheduled on it.</summary>
    Timelock,

    /// <summary>A statement that the holder signs and anybody submits; <see cref="AuthorityPath.Via"/> is the holder.</summary>
    Statement,

    /// <summary>A contract of the protocol that calls by its own code and passes nothing on.</summary>
    Module,

    /// <summary>A contract through which no path is known.</summary>
    Contract,

    /// <summary>What stands there could not be read.</summary>
    Unknown,

    /// <summary>A contract that was gone through before: nobody new stands behind it.</summary>
    Circle,
}

/// <summary>One way from an account to a function, as the chain has it, whoever's keys are at hand.</summary>
/// <param name="Kind">By what.</param>
/// <param name="Role">The role that admits: <c>Module.role</c>.</param>
/// <param name="Holder">The account that holds it.</param>
public sealed record AuthorityPath(PathKind Kind, string Role, Address Holder)
{
    /// <summary>How the holder is moved in its turn; null when it moves by itself.</summary>
    public AuthorityPath? Via { get; init; }

    /// <summary>The function by which a forwarder passes calls on.</summary>
    public string? Function { get; init; }

    /// <summary>The seconds that must pass at this holder.</summary>
    public ulong DelaySeconds { get; init; }

    /// <summary>Why it leads no further; only of the last three kinds.</summary>
    public string? Why { get; init; }

    /// <summary>The seconds that must pass on the whole way.</summary>
    public ulong TotalDelaySeconds => DelaySeconds + (Via?.TotalDelaySeconds ?? 0);

    /// <summary>The end of the way: who or what begins.</summary>
    public AuthorityPath Base => Via?.Base ?? this;
}

/// <summary>A role through which nothing was found.</summary>
/// <param name="Subject">The role.</param>
/// <param name="Why">Why.</param>
/// <param name="IsUnknown">True when it could not be read; false when it is a fact that nobody holds it.</param>
public sealed record AuthorityGap(string Subject, string Why, bool IsUnknown)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Subject}: {Why}";
}

/// <summary>Every way to a function.</summary>
/// <param name="Paths">The ways, dead ends among them.</param>
/// <param name="Gaps">Roles through which none leads.</param>
public sealed record AuthorityAnswer(IReadOnlyList<AuthorityPath> Paths, IReadOnlyList<AuthorityGap> Gaps);
