using System.Text.Json.Nodes;
using AgiJobs.Cli.Tests.Samples;
using AgiJobs.Control.Description;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Drafting;

/// <summary>Drafts against the descriptions that people wrote.</summary>
public sealed class DescribeCommandTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task The_samples_contracts_get_the_levers_roles_and_links_that_were_described_by_hand()
    {
        var ground = new ForeignGround(Devnet, "openzeppelin", "openzeppelin");
        var timelock = await Devnet.NewTimelockAsync(3600, Devnet.Safe, Address.Zero);
        var vault = await ground.DeployAsync("Vault", timelock);
        var gate = await ground.DeployAsync("Gate", Devnet.Safe, vault);
        var journal = await ground.DeployAsync("Journal", Devnet.Safe);
        var board = await ground.DeployAsync("Board", Devnet.Safe, gate);
        foreach (var contract in (string[])["Vault", "Gate", "Journal", "Board"])
        {
            await ground.ShelveAsync(contract);
        }

        var abis = Devnet.Workspace.Locate("config", "protocol", "abi");
        var to = Devnet.Workspace.Locate("drafted");
        var draft = await Devnet.RunAsync("describe", $"{vault}", $"{gate}", $"{journal}", $"{board}", $"{timelock}", $"{Devnet.Safe}", "--abi", abis, "--name", "found", "--out", to, "--json");
        Assert.True(draft.Exit == 3, draft.ToString());
        Assert.Equal("agijobs.describe/1", (string?)draft.Json["schema"]);
        Assert.Equal([$"{Devnet.Safe}"], draft.Json["safes"]!.AsArray().Select(entry => (string)entry!));
        Assert.Equal([$"{timelock}"], draft.Json["timelocks"]!.AsArray().Select(entry => (string)entry!));

        var workspace = Workspace.At(to, to);
        var protocol = Protocol.Load(workspace, workspace.Manifest(TestNetwork.Network));
        var byHand = JsonNode.Parse(await File.ReadAllTextAsync(Toolchain.PathOf("samples", "openzeppelin", "config", "protocol", "openzeppelin.json")))!["modules"]!.AsArray();
        foreach (var module in byHand)
        {
            var found = protocol[(string)module!["name"]!];
            Assert.Equal(Texts(module, "levers", "function"), found.Levers.Select(lever => lever.Function.Signature).Order(StringComparer.Ordinal));
            Assert.Equal(Texts(module, "roles", "name"), found.Roles.Select(role => role.Name).Order(StringComparer.Ordinal));
            Assert.Equal(Texts(module, "links", "getter"), found.Links.Select(link => link.Getter.Signature).Order(StringComparer.Ordinal));
            Assert.Equal(Texts(module, "parameters", "name"), found.Parameters.Select(parameter => parameter.Name).Order(StringComparer.Ordinal));
        }

        // Who holds what, as the chain has it; what a person must decide is said, and no bound is guessed.
        Assert.Equal([timelock], workspace.Manifest(TestNetwork.Network).Modules["Vault"].Roles!["owner"]);
        Assert.Equal([Devnet.Safe], workspace.Manifest(TestNetwork.Network).Modules["Journal"].Roles!["admin"]);
        Assert.All(protocol["Vault"].Parameters, parameter => Assert.Equal(("count", "", true), (parameter.Unit.Name, parameter.Bounds, parameter.Note!.StartsWith("TODO", StringComparison.Ordinal))));
        var findings = draft.Json["findings"]!.AsArray().Select(finding => ((string)finding!["code"]!, (string)finding["subject"]!)).ToList();
        Assert.Contains(("unit", "Vault.feeBps"), findings);
        Assert.Contains(("unplaced", "Journal.write()"), findings);

        // Once more is the same; something else is never overwritten.
        Assert.Equal(3, (await Devnet.RunAsync("describe", $"{vault}", $"{gate}", $"{journal}", $"{board}", $"{timelock}", $"{Devnet.Safe}", "--abi", abis, "--name", "found", "--out", to)).Exit);
        var other = await Devnet.RunAsync("describe", $"{vault}", "--abi", abis, "--name", "found", "--out", to, "--json");
        Assert.Equal((2, "draft-exists"), (other.Exit, (string?)other.Json["error"]!["code"]));
    }

    [Fact]
    public async Task A_module_of_our_own_protocol_is_found_as_it_is_described()
    {
        var byHand = Devnet.Protocol["StakeManager"];
        var draft = await Devnet.RunAsync("describe", $"{byHand.Address}", $"{Devnet.Protocol["SystemPause"].Address}", $"{Devnet.Protocol["FeePool"].Address}", "--abi", Path.Combine(TestNetwork.ShippedConfig, "protocol", "abi"), "--json");
        Assert.True(draft.Exit == 3, draft.ToString());
        var found = draft.Json["description"]!["modules"]!.AsArray().Single(module => (string?)module!["name"] == "StakeManager")!;
        Assert.Equal(byHand.Levers.Select(lever => lever.Function.Signature).Order(StringComparer.Ordinal), Texts(found, "levers", "function"));
        Assert.Subset(Texts(found, "roles", "name").ToHashSet(), new HashSet<string> { "owner", "pendingOwner", "slasher", "treasurySlasher" });
        Assert.Subset(Texts(found, "links", "getter").ToHashSet(), new HashSet<string> { "systemPause()", "feePool()" });
        Assert.Contains(draft.Json["findings"]!.AsArray(), finding => (string?)finding!["code"] == "office" && (string?)finding["subject"] == "StakeManager.systemPause()");
        Assert.Equal([$"{Devnet.Safe}"], draft.Json["safes"]!.AsArray().Select(entry => (string)entry!));
        var all = Devnet.Protocol["SystemPause"];
        var pause = draft.Json["description"]!["modules"]!.AsArray().Single(module => (string?)module!["name"] == "SystemPause")!;
        Assert.Contains("guardian", Texts(pause, "roles", "name"));
        Assert.Equal(["executeGovernanceCall(address,bytes)"], Texts(pause, "forwards", "function"));
        Assert.Equal(all.Address.ToString(), (string?)draft.Json["manifest"]!["modules"]!["SystemPause"]!["address"]);
    }

    [Fact]
    public async Task What_fits_no_ABI_is_refused_or_named_and_never_guessed()
    {
        var stakeManager = Devnet.Protocol["StakeManager"].Address;
        var none = await Devnet.RunAsync("describe", $"{Devnet.Accounts["employer"].Address}", "--abi", Path.Combine(TestNetwork.ShippedConfig, "protocol", "abi"), "--json");
        Assert.Equal((2, "describe-none"), (none.Exit, (string?)none.Json["error"]!["code"]));
        var unknown = await Devnet.RunAsync("describe", $"Nobody={stakeManager}", "--abi", Path.Combine(TestNetwork.ShippedConfig, "protocol", "abi"), "--json");
        Assert.Equal((2, "abi-unknown"), (unknown.Exit, (string?)unknown.Json["error"]!["code"]));
        var key = await Devnet.RunAsync("describe", $"{stakeManager}", $"{Devnet.Accounts["employer"].Address}", "--abi", Path.Combine(TestNetwork.ShippedConfig, "protocol", "abi"), "--json");
        Assert.Contains(key.Json["findings"]!.AsArray(), finding => (string?)finding!["code"] == "no-abi");
        var empty = Directory.CreateDirectory(Path.Combine(Devnet.Folder, "nothing")).FullName;
        Assert.Equal("abi-folder", (string?)(await Devnet.RunAsync("describe", $"{stakeManager}", "--abi", empty, "--json")).Json["error"]!["code"]);
    }

    private static IEnumerable<string> Texts(JsonNode? module, string list, string key) =>
        (module![list]?.AsArray() ?? []).Select(entry => (string)entry![key]!).Order(StringComparer.Ordinal);
}
