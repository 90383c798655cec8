using AgiJobs.Ethereum.Safes;

namespace AgiJobs.Ethereum.Tests.Safes;

public sealed class SafeVersionTests
{
    [Theory]
    [InlineData("0.1.0", false, false)]
    [InlineData("1.0.0", false, true)]
    [InlineData("1.1.1", false, true)]
    [InlineData("1.2.0", false, true)]
    [InlineData("1.3.0", true, true)]
    [InlineData("1.3.0+L2", true, true)]
    [InlineData("1.4.1", true, true)]
    [InlineData("1.5.0", true, true)]
    public void The_version_decides_the_domain_and_the_name_of_the_sixth_field(string text, bool chainId, bool baseGas)
    {
        var version = SafeVersion.Parse(text);
        Assert.Equal(text, version.ToString());
        Assert.Equal(chainId, version.HasChainIdInDomain);
        Assert.Equal(baseGas, version.HasBaseGas);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("1.4")]
    [InlineData("1.4.1.2")]
    [InlineData("1.4.x")]
    [InlineData("01.4.1")]
    [InlineData("1.4.1+")]
    [InlineData("1.4.1 ")]
    [InlineData("-1.4.1")]
    [InlineData("1.4.99999999999")]
    [InlineData("v1.4.1")]
    public void Other_text_is_refused(string text) =>
        Assert.Equal("safe-version", Assert.Throws<EthereumException>(() => SafeVersion.Parse(text)).Code);

    [Fact]
    public void A_version_that_is_not_known_yet_is_refused_since_its_hash_could_be_another() =>
        Assert.Equal("safe-version-newer", Assert.Throws<EthereumException>(() => SafeVersion.Parse("2.0.0")).Code);

    [Fact]
    public void A_version_before_1_0_0_is_refused_for_anything_but_hashes()
    {
        var refusal = Assert.Throws<EthereumException>(() => SafeVersion.Parse("0.1.0").RequireSupported());
        Assert.Equal("safe-version-unsupported", refusal.Code);
        Assert.Equal(Fault.Refused, refusal.Fault);
        SafeVersion.Parse("1.0.0").RequireSupported();
    }

    [Fact]
    public void A_version_without_EIP_712_hashes_has_no_domain() =>
        Assert.Equal("safe-version", Assert.Throws<EthereumException>(() => new SafeDomain(SafeVersion.Parse("0.0.2"), ChainId.Local, SafeSamples.Safe)).Code);
}
