using AgiJobs.Ethereum.Safes;
using AgiJobs.Ethereum.Safes.Deployment;
using AgiJobs.Testing;

namespace AgiJobs.Ethereum.Tests.Safes;

public sealed class SafeArtifactsTests
{
    private static readonly string Package = Toolchain.PathOf("node_modules", "@safe-global", "safe-contracts");

    [Fact]
    public void The_npm_package_holds_the_published_contracts()
    {
        var artifacts = SafeArtifacts.Load(Package);
        Assert.Equal("0x1fe2df852ba3299d6534ef416eefa406e56ced995bca886ab7a553e6d0c5e1c4", artifacts.Singleton.Published.CodeHash.ToString());
        Assert.Equal("0x41675C099F32341bf84BFc5382aF534df5C7461a", artifacts.Singleton.Published.Address.ToString());
        Assert.Equal("0x4e1DCf7AD4e460CfD30791CCC4F9c8a4f820ec67", artifacts.ProxyFactory.Published.Address.ToString());
        Assert.Equal("0xfd0732Dc9E303f09fCEf3a7388Ad10A83459Ec99", artifacts.FallbackHandler.Published.Address.ToString());
        Assert.Equal("0x9641d764fc13c8B624c04430C7356C1C7C8102e2", artifacts.MultiSendCallOnly.Published.Address.ToString());
    }

    [Theory]
    [InlineData("\"bytecode\": \"0x60806040", "\"bytecode\": \"0x60806041", "safe-artifact-mismatch")]
    [InlineData("\"deployedBytecode\": \"0x60806040", "\"deployedBytecode\": \"0x60806041", "safe-artifact-mismatch")]
    [InlineData("\"bytecode\"", "\"code\"", "safe-artifact-format")]
    [InlineData("\"bytecode\": \"0x", "\"bytecode\": \"", "safe-artifact-format")]
    [InlineData("{", "[", "safe-artifact-format")]
    public void An_altered_file_is_refused(string from, string to, string code)
    {
        var folder = Directory.CreateTempSubdirectory("safe-artifacts-").FullName;
        try
        {
            foreach (var file in new[] { "Safe.sol/Safe", "proxies/SafeProxy.sol/SafeProxy", "proxies/SafeProxyFactory.sol/SafeProxyFactory", "handler/CompatibilityFallbackHandler.sol/CompatibilityFallbackHandler", "libraries/MultiSendCallOnly.sol/MultiSendCallOnly" })
            {
                var target = Path.Combine(folder, "build", "artifacts", "contracts", $"{file}.json");
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                var text = File.ReadAllText(Path.Combine(Package, "build", "artifacts", "contracts", $"{file}.json"));
                var changed = file == "Safe.sol/Safe" ? text.Replace(from, to, StringComparison.Ordinal) : text;
                Assert.True(file != "Safe.sol/Safe" || changed != text);
                File.WriteAllText(target, changed);
            }

            Assert.Equal(code, Assert.Throws<EthereumException>(() => SafeArtifacts.Load(folder)).Code);
            File.Delete(Path.Combine(folder, "build", "artifacts", "contracts", "Safe.sol", "Safe.json"));
            Assert.Equal("safe-artifact-missing", Assert.Throws<EthereumException>(() => SafeArtifacts.Load(folder)).Code);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void The_address_of_a_Safe_depends_on_owners_threshold_and_salt()
    {
        var artifacts = SafeArtifacts.Load(Package);
        Address At(int threshold, int salt, params int[] owners) =>
            new SafeDeployment(new SafeQuorum([.. owners.Select(SafeSamples.Owner)], threshold), salt, artifacts.ProxyCreationCode).Address;
        Assert.Equal(At(1, 0, 1, 2), At(1, 0, 1, 2));
        Assert.Equal(5, new[] { At(1, 0, 1, 2), At(2, 0, 1, 2), At(1, 1, 1, 2), At(1, 0, 2, 1), At(1, 0, 1, 3) }.Distinct().Count());
        Assert.Equal("word-range", Assert.Throws<EthereumException>(() => At(1, -1, 1)).Code);
    }

    [Fact]
    public void Every_published_contract_is_found_by_its_address()
    {
        Assert.All(SafeContracts.All, contract => Assert.Equal(contract, SafeContracts.Find(contract.Address)));
        Assert.Null(SafeContracts.Find(SafeSamples.Owner(1)));
    }
}
