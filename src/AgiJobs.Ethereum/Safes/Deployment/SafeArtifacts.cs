using System.Text.Json;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Ethereum.Safes.Deployment;

/// <summary>
/// The compiled contracts of the npm package @safe-global/safe-contracts 1.4.1, each checked to be the published one: its runtime code has the
/// published hash, and by the Safe Singleton Factory it gets the published address.
/// </summary>
public sealed class SafeArtifacts
{
    private const int MaxFile = 8 * 1024 * 1024;

    private SafeArtifacts(SafeArtifact singleton, SafeArtifact proxyFactory, SafeArtifact fallbackHandler, SafeArtifact multiSendCallOnly, ReadOnlyMemory<byte> proxyCreationCode)
    {
        Singleton = singleton;
        ProxyFactory = proxyFactory;
        FallbackHandler = fallbackHandler;
        MultiSendCallOnly = multiSendCallOnly;
        ProxyCreationCode = proxyCreationCode;
    }

    /// <summary>Safe.</summary>
    public SafeArtifact Singleton { get; }

    /// <summary>SafeProxyFactory.</summary>
    public SafeArtifact ProxyFactory { get; }

    /// <summary>CompatibilityFallbackHandler.</summary>
    public SafeArtifact FallbackHandler { get; }

    /// <summary>MultiSendCallOnly.</summary>
    public SafeArtifact MultiSendCallOnly { get; }

    /// <summary>The creation code of SafeProxy, which the factory carries and addresses are computed with.</summary>
    public ReadOnlyMemory<byte> ProxyCreationCode { get; }

    /// <summary>The four contracts in an order in which they can be deployed; none needs another.</summary>
    public IReadOnlyList<SafeArtifact> All => [Singleton, ProxyFactory, FallbackHandler, MultiSendCallOnly];

    /// <summary>Reads the package's folder.</summary>
    /// <param name="package">The folder of @safe-global/safe-contracts, which holds <c>build/artifacts</c>.</param>
    /// <exception cref="EthereumException">
    /// <c>safe-artifact-missing</c> for a file that is not there or cannot be read, <c>safe-artifact-format</c> for one that is no artefact,
    /// <c>safe-artifact-mismatch</c> (mismatch) for code that is not the published one.
    /// </exception>
    public static SafeArtifacts Load(string package)
    {
        ArgumentNullException.ThrowIfNull(package);
        var contracts = Path.Combine(package, "build", "artifacts", "contracts");
        var (proxyCreation, proxyRuntime) = Read(Path.Combine(contracts, "proxies", "SafeProxy.sol", "SafeProxy.json"));
        if (!SafeProxies.IsKnown(Keccak256.Hash(proxyRuntime)))
        {
            throw Mismatch("SafeProxy", Keccak256.Hash(proxyRuntime).ToString(), "a published proxy's");
        }

        return new SafeArtifacts(
            Load(contracts, "Safe.sol", "Safe", SafeContracts.Singleton),
            Load(contracts, "proxies/SafeProxyFactory.sol", "SafeProxyFactory", SafeContracts.ProxyFactory),
            Load(contracts, "handler/CompatibilityFallbackHandler.sol", "CompatibilityFallbackHandler", SafeContracts.FallbackHandler),
            Load(contracts, "libraries/MultiSendCallOnly.sol", "MultiSendCallOnly", SafeContracts.MultiSendCallOnly),
            proxyCreation);
    }

    private static SafeArtifact Load(string contracts, string source, string name, SafeContract published)
    {
        var (creation, runtime) = Read(Path.Combine([contracts, .. source.Split('/'), $"{name}.json"]));
        var codeHash = Keccak256.Hash(runtime);
        if (codeHash != published.CodeHash)
        {
            throw Mismatch(name, codeHash.ToString(), published.CodeHash.ToString()!);
        }

        var address = DeterministicDeployer.SafeSingletonFactory.AddressOf(Bytes32.Zero, creation);
        return address == published.Address
            ? new SafeArtifact(name, published, creation)
            : throw Mismatch(name, $"the address {address}", published.Address.ToString());
    }

    private static (byte[] Creation, byte[] Runtime) Read(string path)
    {
        byte[] content;
        try
        {
            var file = new FileInfo(path);
            content = file.Length <= MaxFile
                ? File.ReadAllBytes(path)
                : throw EthereumException.BadInput("safe-artifact-format", $"{path} has {file.Length} bytes; an artefact has at most {MaxFile}.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw EthereumException.BadInput("safe-artifact-missing", $"{path} cannot be read ({e.Message}). Install @safe-global/safe-contracts 1.4.1 and name its folder.", e);
        }

        try
        {
            using var document = JsonDocument.Parse(content);
            return (Code(document.RootElement, "bytecode"), Code(document.RootElement, "deployedBytecode"));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or EthereumException)
        {
            throw EthereumException.BadInput("safe-artifact-format", $"{path} is not a compiled contract: {e.Message}", e);
        }
    }

    private static byte[] Code(JsonElement artefact, string property) => Hex.Decode(artefact.GetProperty(property).GetString()!);

    private static EthereumException Mismatch(string name, string found, string expected) => new(
        "safe-artifact-mismatch",
        Fault.Mismatch,
        $"The file of {name} has {found} where Safe 1.4.1 has {expected}: it is another version, or was altered. Install @safe-global/safe-contracts 1.4.1 again.");
}
