using System.Text.Json;
using AgiJobs.Control.Changes;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Approvals;

/// <summary>What is approved in advance: the scope, the limits and the time. The SHA-256 of its canonical JSON is what is signed.</summary>
public sealed record StandingDocument
{
    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>Its name, which is that of its file.</summary>
    public required string Id { get; init; }

    /// <summary>The network's name in the workspace.</summary>
    public required string Network { get; init; }

    /// <summary>The chain.</summary>
    public required ChainId ChainId { get; init; }

    /// <summary>What it is for, in a sentence.</summary>
    public required string Purpose { get; init; }

    /// <summary>The kinds of changes that it covers. Only changes that stop and do nothing else are ever covered, and with <see cref="Slash"/> those that report misconduct and do nothing else.</summary>
    public required IReadOnlyList<string> Kinds { get; init; }

    /// <summary>The contracts that a covered change may call.</summary>
    public required IReadOnlyList<StandingModule> Modules { get; init; }

    /// <summary>The kinds of the routes that it may take.</summary>
    public required IReadOnlyList<RouteKind> Routes { get; init; }

    /// <summary>Who may send it; empty for anybody, which only what is signed in advance admits: statements and Safe transactions.</summary>
    public required IReadOnlyList<Address> Executors { get; init; }

    /// <summary>How many executions within 24 hours.</summary>
    public required int PerDay { get; init; }

    /// <summary>How many executions in all.</summary>
    public required int Total { get; init; }

    /// <summary>How many seconds lie between two executions at least.</summary>
    public required long CoolDownSeconds { get; init; }

    /// <summary>The first moment.</summary>
    public required DateTimeOffset ValidFrom { get; init; }

    /// <summary>The moment from which on it covers nothing.</summary>
    public required DateTimeOffset ValidUntil { get; init; }

    /// <summary>What it lets be slashed; absent when it covers pauses.</summary>
    public StandingSlash? Slash { get; init; }

    /// <summary>What is signed.</summary>
    public Bytes32 Digest() => CanonicalJson.Digest(JsonSerializer.SerializeToUtf8Bytes(this, ApprovalJson.Default.StandingDocument));
}

/// <summary>How far validators may be slashed without asking anybody. Amounts are whole numbers in wei of the token; what was used up is counted from the changes that were executed.</summary>
public sealed record StandingSlash
{
    /// <summary>The function, the only one that a covered change may call.</summary>
    public required string Function { get; init; }

    /// <summary>How a reason has to begin, such as <c>auto-slash:</c>; any of these.</summary>
    public required IReadOnlyList<string> Reasons { get; init; }

    /// <summary>The most for one round, all validators together.</summary>
    public required Wei PerRound { get; init; }

    /// <summary>The most within 24 hours.</summary>
    public required Wei PerDay { get; init; }

    /// <summary>The most for one validator, as long as this approval is valid.</summary>
    public required Wei PerValidator { get; init; }
}

/// <summary>A contract in a scope.</summary>
public sealed record StandingModule
{
    /// <summary>Its name, for people.</summary>
    public required string Name { get; init; }

    /// <summary>Its address, which is what counts.</summary>
    public required Address Address { get; init; }
}

/// <summary>A standing approval with its signatures: <c>storage/approvals/standing/ID.json</c>.</summary>
public sealed record StandingApproval
{
    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>What is approved.</summary>
    public required StandingDocument Document { get; init; }

    /// <summary>The signatures.</summary>
    public required IReadOnlyList<StandingSignature> Signatures { get; init; }
}

/// <summary>One signature over a standing approval. Source of what is signed: <see cref="ApprovalStatements.Standing"/>.</summary>
public sealed record StandingSignature
{
    /// <summary>Who signed.</summary>
    public required Address Signer { get; init; }

    /// <summary>65 bytes: r, s, v.</summary>
    public required byte[] Signature { get; init; }

    /// <summary>When it was signed, by the signer's own word.</summary>
    public required DateTimeOffset SignedAt { get; init; }
}

/// <summary>The signed end of a standing approval: <c>storage/approvals/standing/ID.revocation-SIGNER.json</c>. Source of what is signed: <see cref="ApprovalStatements.Revocation"/>.</summary>
public sealed record StandingRevocation
{
    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The digest of the standing approval.</summary>
    public required Bytes32 Document { get; init; }

    /// <summary>The chain.</summary>
    public required ChainId ChainId { get; init; }

    /// <summary>Why.</summary>
    public required string Reason { get; init; }

    /// <summary>Who signed.</summary>
    public required Address Signer { get; init; }

    /// <summary>65 bytes: r, s, v.</summary>
    public required byte[] Signature { get; init; }

    /// <summary>When it was signed, by the signer's own word.</summary>
    public required DateTimeOffset SignedAt { get; init; }
}

/// <summary>That a change was sent under a standing approval: <c>approvals/standing-ID.json</c> in the change's folder, written before anything is signed.</summary>
public sealed record StandingUse
{
    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The change.</summary>
    public required Bytes32 Change { get; init; }

    /// <summary>The digest of the standing approval.</summary>
    public required Bytes32 Document { get; init; }

    /// <summary>Who was to send.</summary>
    public required Address Sender { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset UsedAt { get; init; }

    /// <summary>The standing approval as it was then.</summary>
    public required StandingApproval Standing { get; init; }
}
