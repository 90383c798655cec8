using System.Globalization;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Safes;

namespace AgiJobs.Control.Changes;

/// <summary>
/// One owner's signature over a Safe transaction that a change needs, of the Safe that carries it or of one that owns that Safe: <c>approvals/safe-SAFE-OWNER.json</c>. It pins the Safe's nonce, so that the chain
/// lets at most one transaction of that nonce through. Of a change that takes several Safe transactions each has its own: <c>approvals/safe-SAFE-cN-OWNER.json</c>.
/// </summary>
public sealed record SafeApproval
{
    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The change that it approves.</summary>
    public required Bytes32 Change { get; init; }

    /// <summary>The chain.</summary>
    public required ChainId ChainId { get; init; }

    /// <summary>The Safe.</summary>
    public required Address Safe { get; init; }

    /// <summary>Which of the Safe transactions of the change it is for, counted from 0; absent for 0.</summary>
    public int? Chunk { get; init; }

    /// <summary>The Safe's nonce, as a decimal text.</summary>
    public required string Nonce { get; init; }

    /// <summary>The hash that was signed.</summary>
    public required Bytes32 SafeTxHash { get; init; }

    /// <summary>Who signed.</summary>
    public required Address Owner { get; init; }

    /// <summary>The signature in the Safe's form: r, s, v.</summary>
    public required byte[] Signature { get; init; }

    /// <summary>When it was signed, for the record.</summary>
    public required DateTimeOffset SignedAt { get; init; }

    /// <summary>The record of a signature.</summary>
    /// <param name="change">The change's digest.</param>
    /// <param name="hash">The Safe transaction that was signed.</param>
    /// <param name="owner">Who signed.</param>
    /// <param name="signature">The signature, checked to be the owner's over the hash.</param>
    /// <param name="at">When.</param>
    /// <param name="chunk">Which of the Safe transactions of the change it is for.</param>
    public static SafeApproval Of(Bytes32 change, SafeTransactionHash hash, Address owner, SafeSignature signature, DateTimeOffset at, int chunk = 0) => new()
    {
        Version = 1,
        Change = change,
        ChainId = hash.Domain.Chain,
        Safe = hash.Domain.Safe,
        Chunk = chunk == 0 ? null : chunk,
        Nonce = hash.Transaction.Nonce.ToString(CultureInfo.InvariantCulture),
        SafeTxHash = hash.Value,
        Owner = owner,
        Signature = SafeSignatures.Encode(hash.Value, [signature]),
        SignedAt = at,
    };
}
