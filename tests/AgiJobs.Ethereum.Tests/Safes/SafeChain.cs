using System.Numerics;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Ethereum.Safes.Deployment;
using AgiJobs.Testing;
using static AgiJobs.Ethereum.Tests.Safes.SafeSamples;

namespace AgiJobs.Ethereum.Tests.Safes;

/// <summary>A local chain with the official Safe 1.4.1 at its canonical addresses, for the tests of one class; each makes Safes of its own.</summary>
public sealed class SafeChain : IAsyncLifetime
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private int _salt;

    public Anvil Anvil { get; private set; } = null!;

    public EthereumClient Client { get; private set; } = null!;

    public SafeArtifacts Artifacts { get; } = SafeArtifacts.Load(Toolchain.PathOf("node_modules", "@safe-global", "safe-contracts"));

    public static Address Sender => Anvil.Accounts[0];

    public async ValueTask InitializeAsync()
    {
        Anvil = await Anvil.StartAsync(cancellationToken: Stop);
        Client = await Anvil.ConnectAsync(Stop);
        await Anvil.SetBalanceAsync(DeterministicDeployer.LocalDeploymentSender, DeterministicDeployer.LocalDeploymentCost);
        var hash = await Client.SendRawAsync(DeterministicDeployer.LocalDeployment, Stop);
        await Wait.ForAsync("the factory's receipt", async () => await Client.ReceiptAsync(hash, Stop));
        foreach (var artifact in Artifacts.All)
        {
            Assert.True((await Anvil.ExecuteAsync(Sender, DeterministicDeployer.SafeSingletonFactory.Address, artifact.EncodeDeployment())).Succeeded);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await Anvil.DisposeAsync();
    }

    /// <summary>A new Safe with one ether, at its predicted address.</summary>
    public async Task<SafeAccount> NewSafeAsync(int threshold, params Address[] owners)
    {
        var plan = new SafeDeployment(new SafeQuorum(owners, threshold), Interlocked.Increment(ref _salt), Artifacts.ProxyCreationCode);
        Assert.True((await Anvil.ExecuteAsync(Sender, plan.ProxyFactory, plan.EncodeCreation())).Succeeded);
        await Anvil.SetBalanceAsync(plan.Address, Wei.FromEther("1"));
        return new SafeAccount(Client, plan.Address);
    }

    public Task<SafeAccount> TwoOfThreeAsync() => NewSafeAsync(2, Owner(1), Owner(2), Owner(3));

    /// <summary>Sends from any account.</summary>
    public async Task<TransactionReceipt> SendAsync(Address from, Address to, ReadOnlyMemory<byte> data)
    {
        await Anvil.ImpersonateAsync(from);
        await Anvil.SetBalanceAsync(from, Wei.FromEther("10"));
        return await Anvil.ExecuteAsync(from, to, data);
    }

    /// <summary>Prepares and sends, and checks that the Safe says it succeeded.</summary>
    public async Task<PreparedSafeExecution> ExecuteAsync(SafeAccount safe, SafeTransaction transaction, IReadOnlyCollection<SafeSignature> signatures, Address? executor = null)
    {
        var prepared = await safe.PrepareAsync(transaction, signatures, executor ?? Sender, BlockReference.Latest, Stop);
        var receipt = await SendAsync(prepared.Executor, safe.Address, prepared.Calldata);
        Assert.True(receipt.Succeeded);
        Assert.Equal(SafeOutcome.Succeeded, SafeExecution.OutcomeIn(receipt, prepared.Hash));
        return prepared;
    }

    public static Task<SafeState> ReadAsync(SafeAccount safe) => safe.ReadAsync(BlockReference.Latest, Stop);

    public static async Task<BigInteger> NonceAsync(SafeAccount safe) => (await ReadAsync(safe)).Nonce;
}
