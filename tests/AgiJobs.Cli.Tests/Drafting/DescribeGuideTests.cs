using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AgiJobs.Control.Description;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Testing;

namespace AgiJobs.Cli.Tests.Drafting;

/// <summary>The example of docs/describe.md, as it stands there.</summary>
public sealed partial class DescribeGuideTests
{
    [Fact]
    public async Task The_guides_example_is_a_description_that_loads()
    {
        var text = await File.ReadAllTextAsync(Toolchain.PathOf("docs", "describe.md"));
        var example = Example().Match(text).Groups["text"].Value;
        var folder = Directory.CreateTempSubdirectory("agijobs-guide-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(folder, "config", "protocol", "abi"));
            await File.WriteAllTextAsync(Path.Combine(folder, "config", "protocol", "treasury.json"), example);
            await File.WriteAllTextAsync(Path.Combine(folder, "config", "protocol", "abi", "Treasury.json"), Abi().ToJson());
            var manifest = new ManifestFile { Version = 1, Protocol = "treasury", Modules = new Dictionary<string, ManifestModule>(StringComparer.Ordinal) { ["Treasury"] = new() { Address = AgiJobs.Ethereum.Address.Parse("0x70997970C51812dc3A010C7d01b50e0d17dc79C8") } } };
            var protocol = Protocol.Load(Workspace.At(folder, folder), manifest);
            Assert.Equal(["feeBps", "minDeposit", "maxDeposit"], protocol["Treasury"].Parameters.Select(parameter => parameter.Name));
            Assert.Equal("0 bps to 500 bps", protocol.Parameter("Treasury.feeBps").Bounds);

            // A word that leads nowhere is refused, so that the example cannot drift from what is read.
            var broken = JsonNode.Parse(example)!;
            broken["modules"]![0]!["levers"]![0]!["callers"] = new JsonArray("nobody");
            await File.WriteAllTextAsync(Path.Combine(folder, "config", "protocol", "treasury.json"), broken.ToJsonString());
            Assert.Equal("description-invalid", Assert.Throws<AgiJobs.Control.ControlException>(() => Protocol.Load(Workspace.At(folder, folder), manifest)).Code);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static ContractAbi Abi() => ContractAbi.FromHumanReadable(
        "function paused() view returns (bool)", "function pause()", "function unpause()", "event Paused(address account)", "event Unpaused(address account)",
        "function owner() view returns (address)", "function pendingOwner() view returns (address)", "function transferOwnership(address newOwner)", "function acceptOwnership()",
        "function guardians(address guardian) view returns (bool)", "function setGuardian(address guardian, bool allowed)", "event GuardianUpdated(address indexed guardian, bool allowed)",
        "function feeBps() view returns (uint256)", "function setFeeBps(uint256 value)", "event FeeUpdated(uint256 previous, uint256 current)",
        "function minDeposit() view returns (uint256)", "function maxDeposit() view returns (uint256)", "function setDepositRange(uint256 least, uint256 most)",
        "function sweep(address to, uint256 amount)", "function deposit(uint256 amount)", "function withdraw(uint256 amount)");

    [GeneratedRegex("```json\n(?<text>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Example();
}
