namespace AgiJobs.Ethereum.Keys;

/// <summary>The method names and parameter shapes that a remote signer speaks.</summary>
public enum RemoteSignerDialect
{
    /// <summary>
    /// Clef's external API: <c>account_list</c>, <c>account_signTransaction</c>, <c>account_signTypedData</c>, <c>account_signData</c>. A
    /// person may confirm each request. Source: go-ethereum, cmd/clef/extapi_changelog.md.
    /// </summary>
    Clef,

    /// <summary>
    /// web3signer's eth1 mode: <c>eth_accounts</c>, <c>eth_signTransaction</c>, <c>eth_signTypedData</c>, <c>eth_sign</c>. It has no access
    /// lists, and its chain id is part of its own configuration. Source: Consensys web3signer, JSON-RPC API.
    /// </summary>
    Web3Signer,
}
