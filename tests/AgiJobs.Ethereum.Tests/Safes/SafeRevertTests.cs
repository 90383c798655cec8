using System.Text.RegularExpressions;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Testing;

namespace AgiJobs.Ethereum.Tests.Safes;

public sealed partial class SafeRevertTests
{
    [Fact]
    public void Every_code_in_the_contracts_of_1_4_1_has_a_meaning()
    {
        var sources = Directory.EnumerateFiles(Toolchain.PathOf("node_modules", "@safe-global", "safe-contracts", "contracts"), "*.sol", SearchOption.AllDirectories);
        var codes = sources.SelectMany(path => Code().Matches(File.ReadAllText(path)).Select(match => match.Groups["code"].Value)).Distinct().ToArray();
        Assert.True(codes.Length > 30);
        Assert.All(codes, code => Assert.NotNull(SafeRevert.Meaning(code)));
        Assert.Null(SafeRevert.Meaning("GS999"));
    }

    [GeneratedRegex("\"(?<code>GS[0-9]{3})\"", RegexOptions.ExplicitCapture)]
    private static partial Regex Code();
}
