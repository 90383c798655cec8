using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Control.Approvals;

/// <summary>
/// What people sign off the chain (EIP-712). The domain names this program and the chain and no contract, so that no such signature is one over a Safe transaction or a pause statement, and
/// none counts on another chain.
/// </summary>
public static class ApprovalStatements
{
    private static readonly TypedSchema ApprovalType = TypedSchema.Parse("Approval(bytes32 change,uint256 chainId,string duty)");
    private static readonly TypedSchema RefusalType = TypedSchema.Parse("Refusal(bytes32 change,uint256 chainId,string duty,string reason)");
    private static readonly TypedSchema StandingType = TypedSchema.Parse("StandingApproval(bytes32 document,uint256 chainId)");
    private static readonly TypedSchema RevocationType = TypedSchema.Parse("StandingRevocation(bytes32 document,uint256 chainId,string reason)");

    /// <summary>Consent to a change under a duty.</summary>
    public static TypedDocument Approval(Bytes32 change, ChainId chain, Duty duty) => new(Domain(chain), ApprovalType, change, chain, duty.Name());

    /// <summary>A refusal of a change under a duty, or its cancellation before anything was sent.</summary>
    public static TypedDocument Refusal(Bytes32 change, ChainId chain, Duty duty, string reason) => new(Domain(chain), RefusalType, change, chain, duty.Name(), reason);

    /// <summary>Consent in advance to every change that a standing approval covers.</summary>
    public static TypedDocument Standing(Bytes32 document, ChainId chain) => new(Domain(chain), StandingType, document, chain);

    /// <summary>The end of a standing approval.</summary>
    public static TypedDocument Revocation(Bytes32 document, ChainId chain, string reason) => new(Domain(chain), RevocationType, document, chain, reason);

    private static TypedDomain Domain(ChainId chain) => new() { Name = "AGI Jobs Owner Control", Version = "1", ChainId = chain };
}
