using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;

namespace AgiJobs.Deployment.LocalNetwork;

/// <summary>Who is who among the development accounts of a local network. The names are those that <c>--signer</c> takes there.</summary>
public sealed class LocalAccounts
{
    private static readonly string[] NamesByIndex =
    [
        "deployer", "safe-owner-1", "safe-owner-2", "safe-owner-3", "guardian", "orchestrator", "employer", "agent-1", "agent-2", "agent-3",
        "validator-1", "validator-2", "validator-3", "treasury", "pauser", "relayer", "moderator", "platform",
        "controller", "slash-operator", "oracle-signer-1", "oracle-signer-2", "oracle-signer-3", "slasher",
    ];

    private readonly ISigner[] _signers;

    /// <summary>Derives them.</summary>
    /// <exception cref="EthereumException"><c>development-key-network</c> on any chain but 31337.</exception>
    public LocalAccounts(ChainId chainId)
    {
        var keys = new DevelopmentKeys(chainId);
        _signers = [.. NamesByIndex.Select((_, index) => keys.Signer(index))];
    }

    /// <summary>The names, by account index.</summary>
    public static IReadOnlyList<string> Names => NamesByIndex;

    /// <summary>Who answers for what on a local network: enough people for the policy that ships. Guardian and pauser may both command and operate, so that an incident has two of them; nobody is both in one.</summary>
    public static OperatorsFile People(LocalAccounts accounts)
    {
        return new OperatorsFile
        {
            Version = 1,
            People =
            [
                Person("deployer", Duty.Author),
                Person("safe-owner-1", Duty.Approver, Duty.Executor),
                Person("safe-owner-2", Duty.Approver, Duty.Executor),
                Person("safe-owner-3", Duty.Approver, Duty.Executor),
                Person("guardian", Duty.Executor, Duty.Commander, Duty.Operator),
                Person("pauser", Duty.Executor, Duty.Operator, Duty.Commander),
                Person("relayer", Duty.Executor),
                Person("slasher", Duty.Executor),
                Person("moderator", Duty.Security),
                Person("platform", Duty.Communications),
                Person("treasury", Duty.Finance),
            ],
        };

        Operator Person(string name, params Duty[] duties) => new() { Name = name, Addresses = [accounts[name].Address], Duties = duties };
    }

    /// <summary>The signer of a name.</summary>
    public ISigner this[string name] => _signers[Array.IndexOf(NamesByIndex, name)];

    /// <summary>The signers whose names start with a prefix, in order: <c>agent-</c>.</summary>
    public IReadOnlyList<ISigner> All(string prefix) => [.. NamesByIndex.Select((name, index) => (name, index)).Where(entry => entry.name.StartsWith(prefix, StringComparison.Ordinal)).Select(entry => _signers[entry.index])];
}
