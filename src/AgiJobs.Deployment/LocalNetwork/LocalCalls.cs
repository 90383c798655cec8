using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Deployment.LocalNetwork;

/// <summary>A call that a participant of a fresh local network can make.</summary>
/// <param name="What">What it does, in words.</param>
/// <param name="From">Who calls.</param>
/// <param name="To">What is called.</param>
/// <param name="Calldata">The call.</param>
public sealed record LocalCall(string What, Address From, Address To, byte[] Calldata);

/// <summary>
/// One call for each way in which value moves or work starts on a local network as it is after its start. Each succeeds while the protocol runs, so that a refusal says
/// something about the pause.
/// </summary>
public static class LocalCalls
{
    /// <summary>The calls.</summary>
    public static IReadOnlyList<LocalCall> All(Protocol protocol)
    {
        var accounts = new LocalAccounts(ChainId.Local);
        return
        [
            Call("agent deposits stake", "agent-1", "StakeManager", "depositStake", 0, Wei.FromEther("1")),
            Call("agent asks to withdraw stake", "agent-3", "StakeManager", "requestWithdraw", 0, Wei.FromEther("400")),
            Call("employer posts a job", "employer", "JobRegistry", "createJob", Wei.FromEther("5"), 86_400, Keccak256.Hash("probe"), "ipfs://probe"),
            Call("employer accepts a result and the agent is paid", "employer", "JobRegistry", "acceptResult", 2),
            Call("agent takes a job", "agent-1", "JobRegistry", "applyForJob", 3),
            Call("fees are paid into the pool", "deployer", "FeePool", "contribute", 1),
            Call("orchestrator starts a round", "orchestrator", "SelfPlayArena", "startRound", 10, accounts["agent-3"].Address, AbiValue.List(accounts["agent-1"].Address), AbiValue.List([.. accounts.All("validator-").Select(validator => (AbiValue)validator.Address)])),
            Call("teacher publishes a task", "agent-3", "SelfPlayArena", "publishTask", 1, Keccak256.Hash("task"), "ipfs://task"),
            Call("validator joins the pool of committees", "validator-1", "ValidationModule", "joinPool"),
            Call("a committee is asked for", "relayer", "ValidationModule", "startValidation", 2),
            Call("platform registers for jobs", "platform", "JobRouter", "registerPlatform", "ipfs://platform"),
            Call("controller moves the thermostat", "controller", "Thermostat", "tick", 0, 0, 0),
            Call("operator slashes a validator under a ticket", "slash-operator", "ValidatorSlash", "slash", accounts["validator-1"].Address, Wei.FromEther("1"), "PROBE-1"),
        ];

        LocalCall Call(string what, string from, string module, string function, params AbiValue[] arguments) =>
            new(what, accounts[from].Address, protocol[module].Address, protocol[module].Abi.Function(function).Encode(arguments));
    }
}
