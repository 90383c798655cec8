namespace AgiJobs.Ethereum.Safes;

/// <summary>
/// Which Safe a signature is for: its address, its chain and the version of its singleton. The EIP-712 domain holds the address, and
/// since 1.3.0 the chain.
/// </summary>
public readonly record struct SafeDomain
{
    /// <summary>Names a Safe.</summary>
    /// <exception cref="EthereumException"><c>safe-version</c> before 0.1.0, where no EIP-712 hash exists; <c>safe-address</c> for the zero address.</exception>
    public SafeDomain(SafeVersion version, ChainId chain, Address safe)
    {
        if (version < new SafeVersion(0, 1, 0))
        {
            throw EthereumException.BadInput("safe-version", $"Safe {version} predates EIP-712 transaction hashes; they exist from 0.1.0 on.");
        }

        if (safe.IsZero)
        {
            throw EthereumException.BadInput("safe-address", "The zero address is not a Safe; give the address of the Safe.");
        }

        Version = version;
        Chain = chain;
        Safe = safe;
    }

    /// <summary>The version of the singleton.</summary>
    public SafeVersion Version { get; }

    /// <summary>The chain the Safe lives on; part of the hash since 1.3.0 only.</summary>
    public ChainId Chain { get; }

    /// <summary>The Safe's address.</summary>
    public Address Safe { get; }

    /// <summary>The domain hash (<c>domainSeparator()</c>), computed by two independent ways that agree.</summary>
    /// <exception cref="EthereumException"><c>safe-hash-mismatch</c> (mismatch) when they do not.</exception>
    public Bytes32 Separator => AgreedSafeHash.Separator(this);

    /// <summary>The Safe, its version and chain.</summary>
    public override string ToString() => $"Safe {Safe} ({Version}, chain {Chain})";
}
