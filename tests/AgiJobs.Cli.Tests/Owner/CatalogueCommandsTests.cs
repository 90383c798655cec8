using System.Text.Json.Nodes;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Owner;

/// <summary>What <c>owner apply</c> does besides values and holders: names and their aliases, and the monitor's records.</summary>
public sealed class CatalogueCommandsTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    // owner(bytes32), and as a NameWrapper ownerOf(uint256), answer with the storage word of that number.
    private const string Names = "0x6004355460005260206000f3";
    private static readonly Address Ens = Address.Parse("0x0000000000000000000000000000000000001500");
    private static readonly Address Wrapper = Address.Parse("0x0000000000000000000000000000000000001600");

    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task An_alpha_alias_comes_with_its_root_and_a_revoked_name_is_told()
    {
        await ForgetAsync("IdentityRegistry");
        await NamesAsync();
        await OwnAsync(Ens, "agent.agi.eth", Devnet.Accounts["employer"].Address);
        await OwnAsync(Ens, "club.agi.eth", Wrapper);
        await WriteAsync("config/identity-registry.local.json", $$"""{"ens": "{{Ens}}", "nameWrapper": "{{Wrapper}}", "agents": {"root": "agent.agi.eth"}, "validators": {"root": "club.agi.eth", "aliases": ["beta.club.agi.eth"] } }""");
        var plan = await Devnet.RunAsync("owner", "apply", "identity", "--json");
        Assert.True(plan.Exit == 3, plan.ToString());
        Assert.Equal(3, plan.Json["steps"]!.AsArray().Count(step => (string?)step!["function"] == "setRootNodeAlias(uint8,bytes32,bool)"));
        Assert.DoesNotContain("ENS name IdentityRegistry.agentRootNode = ", plan.Error, StringComparison.Ordinal);
        Assert.Contains("ENS name IdentityRegistry.validatorRootNode = ", plan.Error, StringComparison.Ordinal);
        Assert.Contains("the NameWrapper has no owner of it", plan.Error, StringComparison.Ordinal);
        Assert.Contains("beta.club.agi.eth", plan.Error, StringComparison.Ordinal);
        await CarryAsync((string)plan.Json["change"]!);
        Assert.Equal([Unit.NameHash("alpha.agent.agi.eth")], await AliasesAsync(0));
        Assert.Equal([Unit.NameHash("beta.club.agi.eth"), Unit.NameHash("alpha.club.agi.eth")], await AliasesAsync(1));
        Assert.Equal(0, (await Devnet.RunAsync("owner", "apply", "identity")).Exit);

        // The surface holds the aliases three ways, in its three round trips: one that the files do not want, and one that somebody else removed.
        Assert.DoesNotContain((await Devnet.RunAsync("owner", "surface", "--json")).Json["items"]!.AsArray(), item => (string?)item!["kind"] == "word");
        await Devnet.CallAsAsync(Devnet.Safe, "IdentityRegistry", "setRootNodeAlias", 1, Unit.NameHash("beta.club.agi.eth"), false);
        await Devnet.CallAsAsync(Devnet.Safe, "IdentityRegistry", "setRootNodeAlias", 1, Unit.NameHash("gamma.club.agi.eth"), true);
        var surface = await Devnet.RunAsync("owner", "surface", "--why", "--json");
        var words = surface.Json["items"]!.AsArray().Where(item => (string?)item!["kind"] == "word").ToList();
        Assert.Equal(2, words.Count);
        var removed = Assert.Single(words, item => ((string?)item!["subject"])!.Contains("beta.club.agi.eth", StringComparison.Ordinal))!;
        Assert.Equal(("listed", "not listed", "listed", (string)plan.Json["change"]!), ((string?)removed["wanted"], (string?)removed["is"], (string?)removed["lastExecuted"], (string?)removed["lastChange"]));
        Assert.Equal("agijobs owner apply identity --network local", (string?)removed["mend"]);
        var foreign = Assert.Single(words, item => ((string?)item!["subject"])!.Contains(Unit.NameHash("gamma.club.agi.eth").ToString(), StringComparison.Ordinal))!;
        Assert.Equal(("not listed", "listed", "not listed"), ((string?)foreign["wanted"], (string?)foreign["is"], (string?)foreign["lastExecuted"]));
        Assert.NotNull(foreign["cause"]);
        await Devnet.CallAsAsync(Devnet.Safe, "IdentityRegistry", "setRootNodeAlias", 1, Unit.NameHash("gamma.club.agi.eth"), false);
        await Devnet.CallAsAsync(Devnet.Safe, "IdentityRegistry", "setRootNodeAlias", 1, Unit.NameHash("beta.club.agi.eth"), true);

        // What is listed no more is removed, the alpha name never by omission.
        await WriteAsync("config/identity-registry.local.json", """{"validators": {"root": "club.agi.eth", "aliases": [] } }""");
        var pruned = await Devnet.RunAsync("owner", "apply", "identity", "--json");
        Assert.Single(pruned.Json["steps"]!.AsArray());
        await CarryAsync((string)pruned.Json["change"]!);
        Assert.Equal([Unit.NameHash("alpha.club.agi.eth")], await AliasesAsync(1));
    }

    [Fact]
    public async Task The_files_are_held_against_the_chain_in_one_view()
    {
        var clean = await Devnet.RunAsync("config", "diff", "--json");
        Assert.True(clean.Exit == 0, clean.ToString());
        Assert.Equal("chain", (string?)clean.Json["against"]);
        await ForgetAsync("HamiltonianMonitor");
        await WriteAsync("config/hamiltonian-monitor.json", """{"window": 8, "history": [{"observedAt": 30, "dissipation": 5, "utility": 7}]}""");
        var differs = await Devnet.RunAsync("config", "diff", "--network", "local", "--json");
        Assert.Equal(3, differs.Exit);
        Assert.Contains("config/hamiltonian-monitor.json", differs.Json["files"]!.AsArray().Select(file => (string?)file));
        Assert.Equal(["HamiltonianMonitor.history observedAt 30", "HamiltonianMonitor.window"], differs.Json["items"]!.AsArray().Select(item => (string?)item!["subject"]));
        Assert.Single(differs.Json["lists"]!.AsArray());
        Assert.Contains("record HamiltonianMonitor.history observedAt 30", (await Devnet.RunAsync("config", "diff")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_an_ENS_registry_a_name_is_told_not_to_count()
    {
        await ForgetAsync("IdentityRegistry");
        await WriteAsync("config/identity-registry.local.json", """{"ens": null, "agents": {"root": "agent.agi.eth"} }""");
        var plan = await Devnet.RunAsync("owner", "apply", "identity", "--json");
        Assert.Equal(3, plan.Exit);
        Assert.Contains("IdentityRegistry.ens is not set", plan.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Observations_are_recorded_once_and_what_the_chain_has_otherwise_or_cannot_have_is_refused()
    {
        await ForgetAsync("HamiltonianMonitor");
        await WriteAsync("config/hamiltonian-monitor.json", """{"window": 8, "history": [{"observedAt": 30, "dissipation": 5, "utility": 7}, {"observedAt": 20, "dissipation": 1, "utility": 2}, {"observedAt": 20, "dissipation": 1, "utility": 2}]}""");
        var plan = await Devnet.RunAsync("owner", "apply", "hamiltonian-monitor", "--json");
        Assert.True(plan.Exit == 3, plan.ToString());
        Assert.Contains("observedAt 20 stands twice", plan.Error, StringComparison.Ordinal);
        await CarryAsync((string)plan.Json["change"]!);
        Assert.Equal(0, (await Devnet.RunAsync("owner", "apply", "hamiltonian-monitor")).Exit);
        await WriteAsync("config/hamiltonian-monitor.json", """{"history": [{"observedAt": 25, "dissipation": 5, "utility": 7}]}""");
        var late = await Devnet.RunAsync("owner", "apply", "hamiltonian-monitor");
        Assert.Equal(0, late.Exit);
        Assert.Contains("observedAt 25 is dropped", late.Error, StringComparison.Ordinal);
        await AssertRefusedAsync("""{"history": [{"observedAt": 30, "dissipation": 5, "utility": 8}]}""", "record-conflict");
        await AssertRefusedAsync("""{"history": [{"observedAt": 99999999999, "dissipation": 5, "utility": 8}]}""", "record-future");
        await AssertRefusedAsync("""{"window": -8}""", "value-bounds");
    }

    private async Task AssertRefusedAsync(string json, string code)
    {
        await WriteAsync("config/hamiltonian-monitor.json", json);
        var refused = await Devnet.RunAsync("owner", "apply", "hamiltonian-monitor", "--json");
        Assert.Equal(2, refused.Exit);
        Assert.Contains(code, refused.ToString(), StringComparison.Ordinal);
    }

    private async Task NamesAsync()
    {
        foreach (var address in (Address[])[Ens, Wrapper])
        {
            _ = await Devnet.Client.RequestAsync("anvil_setCode", writer =>
            {
                writer.WriteStringValue(address.ToString());
                writer.WriteStringValue(Names);
            });
        }
    }

    private async Task OwnAsync(Address registry, string name, Address owner) => _ = await Devnet.Client.RequestAsync("anvil_setStorageAt", writer =>
    {
        writer.WriteStringValue(registry.ToString());
        writer.WriteStringValue(Unit.NameHash(name).ToString());
        writer.WriteStringValue(new Bytes32([.. new byte[12], .. owner.ToBytes()]).ToString());
    });

    private async Task<IReadOnlyList<Bytes32>> AliasesAsync(int kind)
    {
        var module = Devnet.Protocol["IdentityRegistry"];
        var view = module.Abi.Function("rootNodeAliases(uint8)");
        var returned = await Devnet.Client.CallAsync(new CallRequest { To = module.Address, Data = view.Encode(kind) }, BlockReference.Latest);
        return [.. ((AbiList)view.DecodeOutput(returned)[0]).Select(word => word.AsBytes32())];
    }

    private async Task CarryAsync(string change)
    {
        await Devnet.SignOffAsync(change);
        Assert.Equal(0, (await Devnet.RunAsync("change", "approve", change, "--signer", "safe-owner-1", "--signer", "safe-owner-2")).Exit);
        var done = await Devnet.RunAsync("change", "execute", change, "--signer", "relayer", "--execute");
        Assert.True(done.Exit == 0, done.ToString());
    }

    private Task WriteAsync(string name, string json) => File.WriteAllTextAsync(Devnet.Workspace.Locate(name), json);

    // Only the domain's file says what is wanted of the module.
    private async Task ForgetAsync(string module)
    {
        var path = Devnet.Workspace.ManifestPath(TestNetwork.Network);
        var root = JsonNode.Parse(await File.ReadAllTextAsync(path))!;
        root["modules"]![module]!.AsObject().Remove("parameters");
        root["modules"]![module]!.AsObject().Remove("roles");
        await File.WriteAllTextAsync(path, root.ToJsonString());
    }
}
