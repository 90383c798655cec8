using System.Numerics;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Ethereum.Safes.Deployment;

/// <summary>
/// A new Safe: who owns it, which contracts it uses, the address it will have and the call that makes it. Deterministic: the same input
/// gives the same address on every chain with the same contracts. Nothing is sent.
/// Source: SafeProxyFactory.sol 1.4.1, <c>createProxyWithNonce</c>; Safe.sol, <c>setup</c>.
/// </summary>
public sealed class SafeDeployment
{
    /// <summary>Plans a Safe without modules, payment or set-up call.</summary>
    /// <param name="quorum">Owners and threshold.</param>
    /// <param name="saltNonce">A number of choice: another one gives another address for the same owners.</param>
    /// <param name="proxyCreationCode">The creation code of the factory's proxies (<see cref="SafeArtifacts.ProxyCreationCode"/>).</param>
    /// <param name="singleton">The singleton; by default Safe 1.4.1 at its canonical address.</param>
    /// <param name="proxyFactory">The factory; by default 1.4.1 at its canonical address.</param>
    /// <param name="fallbackHandler">The fallback handler; by default 1.4.1 at its canonical address.</param>
    /// <exception cref="EthereumException"><c>word-range</c> for a salt outside 0 .. 2^256 - 1.</exception>
    public SafeDeployment(
        SafeQuorum quorum,
        BigInteger saltNonce,
        ReadOnlyMemory<byte> proxyCreationCode,
        Address? singleton = null,
        Address? proxyFactory = null,
        Address? fallbackHandler = null)
    {
        ArgumentNullException.ThrowIfNull(quorum);
        Quorum = quorum;
        SaltNonce = saltNonce;
        Singleton = singleton ?? SafeContracts.Singleton.Address;
        ProxyFactory = proxyFactory ?? SafeContracts.ProxyFactory.Address;
        FallbackHandler = fallbackHandler ?? SafeContracts.FallbackHandler.Address;
        Initializer = EncodeSetup(quorum, FallbackHandler);

        Span<byte> salt = stackalloc byte[64];
        Keccak256.Hash(Initializer.Span, salt);
        Bytes32.FromUnsigned(saltNonce).CopyTo(salt[32..]);
        byte[] initCode = [.. proxyCreationCode.Span, .. new byte[12], .. Singleton.ToBytes()];
        Address = ContractAddress.Create2(ProxyFactory, Keccak256.Hash(salt), initCode);
    }

    /// <summary>Owners and threshold.</summary>
    public SafeQuorum Quorum { get; }

    /// <summary>The number that distinguishes Safes of the same owners.</summary>
    public BigInteger SaltNonce { get; }

    /// <summary>The singleton.</summary>
    public Address Singleton { get; }

    /// <summary>The factory, to which <see cref="EncodeCreation"/> is sent.</summary>
    public Address ProxyFactory { get; }

    /// <summary>The fallback handler.</summary>
    public Address FallbackHandler { get; }

    /// <summary>The set-up call that the factory makes on the new proxy in the same transaction.</summary>
    public ReadOnlyMemory<byte> Initializer { get; }

    /// <summary>The address the Safe will have.</summary>
    public Address Address { get; }

    /// <summary>Calldata to send to <see cref="ProxyFactory"/>; anyone may, the result is the same.</summary>
    public byte[] EncodeCreation() => SafeAbi.ProxyFactory.Function("createProxyWithNonce").Encode(Singleton, Initializer, SaltNonce);

    /// <summary>Calldata of <c>setup</c> without set-up call and payment.</summary>
    public static byte[] EncodeSetup(SafeQuorum quorum, Address fallbackHandler)
    {
        ArgumentNullException.ThrowIfNull(quorum);
        return SafeAbi.Safe.Function("setup").Encode(
            Abi.AbiValue.List([.. quorum.Owners.Select(static owner => (Abi.AbiValue)owner)]), quorum.Threshold, Address.Zero, Array.Empty<byte>(), fallbackHandler,
            Address.Zero, BigInteger.Zero, Address.Zero);
    }
}
