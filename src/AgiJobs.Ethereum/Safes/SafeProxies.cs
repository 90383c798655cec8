using System.Collections.Frozen;

namespace AgiJobs.Ethereum.Safes;

/// <summary>The code hashes of the proxies that the published factories make; the code is the same for all Safes of a factory.</summary>
internal static class SafeProxies
{
    private static readonly FrozenSet<Bytes32> CodeHashes = new[]
    {
        "0xaea7d4252f6245f301e540cfbee27d3a88de543af8e49c5c62405d5499fab7e5", // 1.1.1
        "0xb89c1b3bdf2cf8827818646bce9a8f6e372885f8c55e5c07acbd307cb133b000", // 1.3.0
        "0xd7d408ebcd99b2b70be43e20253d6d92a8ea8fab29bd3be7f55b10032331fb4c", // 1.4.1, the hash of deployedBytecode in SafeProxy.json
        "0x4e381985ca68b3e5d27b4425fa581c19cf33146d3f887a3cfca96f55528ea46f", // 1.5.0
    }.Select(Bytes32.Parse).ToFrozenSet();

    public static bool IsKnown(Bytes32 codeHash) => CodeHashes.Contains(codeHash);
}
