using System.Collections.Frozen;

namespace AgiJobs.Ethereum.Safes;

/// <summary>
/// What a signature check needs to know from the chain, because the signature alone does not prove it. What is not in here counts as not
/// so.
/// </summary>
public sealed record SafeSignatureEvidence
{
    /// <summary>Nothing is known.</summary>
    public static SafeSignatureEvidence None { get; } = new();

    /// <summary>Who will send the transaction; an owner who sends it consents by that.</summary>
    public Address? Executor { get; init; }

    /// <summary>Owners whose approval of this hash was read from the Safe (<c>approvedHashes</c>).</summary>
    public IReadOnlySet<Address> ApprovedOnChain { get; init; } = FrozenSet<Address>.Empty;

    /// <summary>Contract owners that were asked on chain and accept the signature (<c>isValidSignature</c>).</summary>
    public IReadOnlySet<Address> AcceptedByContract { get; init; } = FrozenSet<Address>.Empty;
}
