using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Response.Runbooks;

/// <summary>What somebody signs when they decide a step: EIP-712, with a domain that names this program and the chain and no contract, as that of approvals.</summary>
public static class RunbookStatement
{
    private static readonly TypedSchema Type = TypedSchema.Parse("RunbookDecision(string network,uint256 chainId,string run,string step,string decision,string text,uint64 issued,string duty)");

    /// <summary>The statement.</summary>
    public static TypedDocument Of(string network, ChainId chain, string run, StepDecided decided)
    {
        ArgumentNullException.ThrowIfNull(decided);
        return new TypedDocument(new TypedDomain { Name = "AGI Jobs Owner Control", Version = "1", ChainId = chain }, Type, network, chain, run, decided.Step, decided.Decision, decided.Text, decided.Issued, decided.Duty.Name());
    }

    /// <summary>Why a decision's signature counts not; null when it does.</summary>
    public static string? Fault(string network, ChainId chain, string run, StepDecided decided)
    {
        try
        {
            return Secp256k1.Recover(Of(network, chain, run, decided).Digest, Signature.FromBytes(decided.Signature)) == decided.Signer
                ? null
                : $"the signature was not made by {decided.Signer}: it was altered, or is over something else";
        }
        catch (EthereumException problem)
        {
            return $"its signature cannot be read: {problem.Message}";
        }
    }
}
