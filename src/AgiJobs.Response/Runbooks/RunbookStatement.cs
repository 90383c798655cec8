using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Response.Runbooks;

/// <summary>What somebody signs when they decide about a run or a step of it: EIP-712, with a domain that names this program and the chain and no contract, as that of approvals.</summary>
public static class RunbookStatement
{
    private static readonly TypedSchema Type = TypedSchema.Parse("RunbookDecision(string network,uint256 chainId,string run,string step,string decision,string text,uint64 issued,string duty)");

    /// <summary>The statement of a decision about a step.</summary>
    public static TypedDocument Of(string network, ChainId chain, string run, StepDecided decided)
    {
        ArgumentNullException.ThrowIfNull(decided);
        return Of(network, chain, run, decided.Step, decided.Decision, decided.Text, decided.Issued, decided.Duty);
    }

    /// <summary>The statement that a command is run, in the words that are run.</summary>
    public static TypedDocument OfCommand(string network, ChainId chain, string run, string step, IReadOnlyList<string> words, long issued, Duty duty) => Of(network, chain, run, step, "runs", RunbookLine.Show(words), issued, duty);

    /// <summary>The statement that a run is given up.</summary>
    public static TypedDocument OfEnd(string network, ChainId chain, string run, string reason, long issued, Duty duty) => Of(network, chain, run, "", "ends the run", reason, issued, duty);

    /// <summary>The statement that it is worse, or better.</summary>
    public static TypedDocument OfSeverity(string network, ChainId chain, string run, string severity, long issued, Duty duty) => Of(network, chain, run, "", "severity", severity, issued, duty);

    /// <summary>Why a decision's signature counts not; null when it does.</summary>
    public static string? Fault(string network, ChainId chain, string run, StepDecided decided)
    {
        ArgumentNullException.ThrowIfNull(decided);
        return Fault(Of(network, chain, run, decided), decided.Signer, decided.Signature);
    }

    /// <summary>Why the signature of a statement counts not; null when it does.</summary>
    public static string? Fault(TypedDocument statement, Address signer, byte[] signature)
    {
        ArgumentNullException.ThrowIfNull(statement);
        try
        {
            return Secp256k1.Recover(statement.Digest, Signature.FromBytes(signature)) == signer ? null : $"the signature was not made by {signer}: it was altered, or is over something else";
        }
        catch (EthereumException problem)
        {
            return $"its signature cannot be read: {problem.Message}";
        }
    }

    private static TypedDocument Of(string network, ChainId chain, string run, string step, string decision, string text, long issued, Duty duty) =>
        new(new TypedDomain { Name = "AGI Jobs Owner Control", Version = "1", ChainId = chain }, Type, network, chain, run, step, decision, text, issued, duty.Name());
}
