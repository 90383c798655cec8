using System.Numerics;
using AgiJobs.Control.Changes;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Control.Approvals;

/// <summary>A call that slashes a validator of a round for a reason, as its calldata says.</summary>
/// <param name="Arena">The contract that is called.</param>
/// <param name="Round">The round.</param>
/// <param name="Validator">Who is slashed.</param>
/// <param name="Amount">By how much at most.</param>
/// <param name="Reason">For what.</param>
public sealed record MisconductReport(Address Arena, BigInteger Round, Address Validator, Wei Amount, string Reason)
{
    /// <summary>The function.</summary>
    public static AbiFunction Function { get; } = AbiFunction.Parse("function reportValidatorMisconduct(uint256 roundId, address validator, uint256 amount, string reason)");

    /// <summary>Reads a call; null when it is another one, or says the same in other bytes than the function's own.</summary>
    public static MisconductReport? Read(ChangeStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        try
        {
            if (step.Calldata.Length < 4 || !step.Calldata.AsSpan(0, 4).SequenceEqual(Function.Selector.ToBytes()))
            {
                return null;
            }

            var told = Function.DecodeInput(step.Calldata);
            return Function.Encode([.. told.Select(argument => argument)]).AsSpan().SequenceEqual(step.Calldata)
                ? new MisconductReport(step.Target, told["roundId"].AsInteger(), told["validator"].AsAddress(), new Wei(told["amount"].AsInteger()), told["reason"].AsText())
                : null;
        }
        catch (EthereumException)
        {
            return null;
        }
    }
}
