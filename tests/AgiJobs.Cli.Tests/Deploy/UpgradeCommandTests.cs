using System.Text.Json.Nodes;
using AgiJobs.Control.Description;
using AgiJobs.Deployment.Upgrades;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Deploy;

/// <summary><c>deploy upgrade MODULE</c> on a local network with the real Safe.</summary>
public sealed class UpgradeCommandTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private const string Name = "RewardEngine";

    private TestNetwork Devnet => fixture.Devnet;

    public async ValueTask InitializeAsync()
    {
        await Devnet.FreshAsync();
        Devnet.Unmanage();
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_module_is_replaced_and_wired_in_one_transaction_and_comes_back_by_a_rollback()
    {
        var old = Devnet.Protocol;
        var planned = await PlanAsync();
        var id = (string)planned["change"]!;
        var (address, hash) = Made(planned);
        Assert.Empty(await CodeAsync(address));
        Assert.Equal(planned["digest"]!.ToString(), (await PlanAsync())["digest"]!.ToString());

        // The whole wave is one Safe transaction.
        await SignAsync(id);
        var executed = await Devnet.RunAsync("change", "execute", id, "--signer", "relayer", "--execute", "--json");
        Assert.True(executed.Exit == 0, executed.ToString());
        Assert.Single(executed.Json["transactions"]!.AsArray());
        Assert.Equal(hash, Keccak256.Hash(await CodeAsync(address)));
        Assert.DoesNotContain(old[Name].Address, await HoldersAsync(old, "FeePool.rewarder"));
        Assert.Contains(address, await HoldersAsync(old, "FeePool.rewarder"));
        Assert.DoesNotContain(old[Name].Address, await HoldersAsync(old, "SystemPause.module"));
        Assert.Contains(address, await HoldersAsync(old, "SystemPause.module"));

        // The manifest is as it was, and with the proposal in its place the surface is clean.
        var manifest = Devnet.Workspace.ManifestPath(TestNetwork.Network);
        var before = await File.ReadAllBytesAsync(manifest);
        Assert.Equal(old[Name].Address, Devnet.Protocol[Name].Address);
        Assert.Equal(3, (await Devnet.RunAsync("owner", "surface")).Exit);
        File.Copy(Beside(id, ManifestProposal.FileName), manifest, overwrite: true);
        Assert.Equal(address, Devnet.Protocol[Name].Address);
        var surface = await Devnet.RunAsync("owner", "surface");
        Assert.True(surface.Exit == 0, surface.ToString());
        Assert.Equal(0, (await Devnet.RunAsync("change", "verify", id)).Exit);

        await File.WriteAllBytesAsync(manifest, before);
        var back = await Devnet.RunAsync("change", "rollback", id, "--json");
        Assert.True(back.Exit == 3, back.ToString());
        var undoing = (string)back.Json["change"]!;
        await SignAsync(undoing);
        var undone = await Devnet.RunAsync("change", "execute", undoing, "--signer", "relayer", "--execute", "--json");
        Assert.True(undone.Exit == 0, undone.ToString());
        Assert.Contains(old[Name].Address, await HoldersAsync(old, "FeePool.rewarder"));
        Assert.DoesNotContain(address, await HoldersAsync(old, "SystemPause.module"));
        Assert.Equal(0, (await Devnet.RunAsync("owner", "surface")).Exit);

        // Once more: the code stands, and is wired in without being deployed again.
        var again = await PlanAsync("--instance", "REL-2");
        Assert.DoesNotContain(again["steps"]!.AsArray(), step => step!["deploys"] is not null);
        Assert.Contains(again["steps"]!.AsArray(), step => (string?)step!["function"] == "addModule(address)" && ((string)step["calldata"]!).EndsWith(address.ToString()[2..].ToLowerInvariant(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_block_explorers_need_lies_beside_the_change_and_is_what_was_compiled()
    {
        var planned = await PlanAsync();
        var id = (string)planned["change"]!;
        var input = JsonNode.Parse(await File.ReadAllTextAsync(Beside(id, ExplorerInput.FileName)))!;
        Assert.Equal("Solidity", (string?)input["language"]);
        Assert.Contains($"contract {Name}", (string)input["sources"]![$"contracts/src/{Name}.sol"]!["content"]!, StringComparison.Ordinal);
        var form = JsonNode.Parse(await File.ReadAllTextAsync(Beside(id, ExplorerInput.FormName)))!;
        Assert.Equal($"contracts/src/{Name}.sol:{Name}", (string?)form["contract"]);
        Assert.Equal(Made(planned).Address.ToString(), (string?)form["address"]);
        Assert.Equal(4 * 32, Hex.Decode((string)form["constructorArguments"]!).Length);
        var page = await File.ReadAllTextAsync(Beside(id, "upgrade.md"));
        Assert.Contains("workOf", page, StringComparison.Ordinal);
        Assert.Contains(Devnet.Protocol[Name].Address.ToString(), page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_module_that_holds_stakes_is_not_replaced_before_somebody_says_that_they_know()
    {
        var refused = await Devnet.RunAsync("deploy", "upgrade", "StakeManager");
        Assert.True(refused.Exit == 4, refused.ToString());
        Assert.Contains("requires-migration", refused.Error, StringComparison.Ordinal);
        Assert.Contains("AGIALPHA", refused.Error, StringComparison.Ordinal);
        Assert.Contains("stake of validators", refused.Error, StringComparison.Ordinal);
        Assert.Empty((await Devnet.RunAsync("change", "list", "--json")).Json["changes"]!.AsArray());

        // The contracts themselves keep theirs while work is under way, whoever acknowledges what.
        var known = await Devnet.RunAsync("deploy", "upgrade", "StakeManager", "--acknowledge-migration");
        Assert.True(known.Exit == 4 && known.Error.Contains("EngagementsOpen", StringComparison.Ordinal), known.ToString());

        // What stays behind is part of what is approved.
        var pool = await Devnet.RunAsync("deploy", "upgrade", "FeePool", "--acknowledge-migration", "--json");
        Assert.True(pool.Exit == 3, pool.ToString());
        Assert.Contains("has to be migrated: 1000000 AGIALPHA", (string)pool.Json["steps"]![0]!["purpose"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_code_at_the_address_is_refused_and_so_is_another_factory()
    {
        var (address, _) = Made(await PlanAsync());
        await SetCodeAsync(address, "0x6001");
        var taken = await Devnet.RunAsync("deploy", "upgrade", Name);
        Assert.True(taken.Exit == 4 && taken.Error.Contains("address-taken", StringComparison.Ordinal), taken.ToString());

        await SetCodeAsync(PredictedContract.Factory.Address, "0x6001");
        var other = await Devnet.RunAsync("deploy", "upgrade", Name);
        Assert.True(other.Exit == 4 && other.Error.Contains("factory-code", StringComparison.Ordinal), other.ToString());
        await SetCodeAsync(PredictedContract.Factory.Address, "0x");
        var none = await Devnet.RunAsync("deploy", "upgrade", Name);
        Assert.True(none.Exit == 4 && none.Error.Contains("factory-missing", StringComparison.Ordinal), none.ToString());
    }

    [Theory]
    [InlineData("module-unknown", "RewardEngine", "RewardEngin")]
    [InlineData("argument-missing", "@policyURI", "TaxPolicy", "--arg", "initialAcknowledgement=@acknowledgement")]
    [InlineData("argument-unknown", "initialFeePool", Name, "--arg", "owner=0x14dC79964da2C08b23698B3D3cc7Ca32193d9955")]
    [InlineData("argument-format", "NAME=VALUE", Name, "--arg", "nothing")]
    [InlineData("argument-format", "policyURI", "TaxPolicy", "--arg", "initialURI=@uri")]
    [InlineData("artefact-missing", "nowhere.json", Name, "--artifact", "nowhere.json")]
    public async Task What_is_wrong_on_the_command_line_is_named_with_what_would_be_right(string code, string named, params string[] arguments)
    {
        var refused = await Devnet.RunAsync(["deploy", "upgrade", .. arguments]);
        Assert.Contains(code, refused.Error, StringComparison.Ordinal);
        Assert.Contains(code.StartsWith("argument-missing", StringComparison.Ordinal) ? "policyURI" : named, refused.Error, StringComparison.Ordinal);
        Assert.Equal(code == "artefact-missing" ? 1 : 2, refused.Exit);
    }

    [Fact]
    public async Task A_contract_that_is_not_the_modules_or_that_would_belong_to_somebody_else_is_refused()
    {
        var other = await Devnet.RunAsync("deploy", "upgrade", Name, "--artifact", Path.Combine(AgiJobs.Deployment.ContractArtefact.Shipped, "TaxPolicy.json"));
        Assert.True(other.Exit == 2 && other.Error.Contains("artefact-lacks", StringComparison.Ordinal), other.ToString());
        var stranger = await Devnet.RunAsync("deploy", "upgrade", Name, "--arg", "initialOwner=0x14dC79964da2C08b23698B3D3cc7Ca32193d9955");
        Assert.True(stranger.Exit == 4 && stranger.Error.Contains("upgrade-owner", StringComparison.Ordinal), stranger.ToString());
        var reverts = await Devnet.RunAsync("deploy", "upgrade", Name, "--arg", "initialFeePool=0x14dC79964da2C08b23698B3D3cc7Ca32193d9955");
        Assert.True(reverts.Exit == 4 && reverts.Error.Contains("constructor-reverts", StringComparison.Ordinal), reverts.ToString());
    }

    [Fact]
    public async Task A_wave_with_other_code_than_was_approved_is_not_wired_in()
    {
        var planned = await PlanAsync("--deploy-apart");
        var (address, _) = Made(planned);
        var id = (string)planned["change"]!;
        await SignAsync(id);
        await SetCodeAsync(address, "0x6001");
        var refused = await Devnet.RunAsync("change", "execute", id, "--signer", "relayer", "--execute");
        Assert.True(refused.Exit == 4 && refused.Error.Contains("change-stale", StringComparison.Ordinal), refused.ToString());
        Assert.DoesNotContain(address, await HoldersAsync(Devnet.Protocol, "FeePool.rewarder"));
    }

    [Fact]
    public async Task Killed_around_the_deployment_and_run_again_it_deploys_once_and_wires_once()
    {
        string[] execute = [];
        var exchanges = 0;
        await ReadyAsync();
        await using (var node = FaultyRpc.InFrontOf(Devnet.Url))
        {
            Devnet.PointAt(node.Url);
            var whole = await Agijobs.RunRealAsync(Devnet.Folder, execute);
            Assert.True(whole.Exit == 0, whole.ToString());
            exchanges = node.Exchanges;
        }

        const int Kills = 4;
        var killed = 0;
        for (var kill = 0; kill < Kills; kill++)
        {
            await ReadyAsync();
            var before = await Devnet.NonceAsync("relayer");
            await using (var node = FaultyRpc.InFrontOf(Devnet.Url))
            {
                // From the first transaction to the second.
                node.StallAtExchange = (exchanges / 3) + (kill * exchanges / (2 * Kills));
                node.StallAfterForwarding = kill % 2 == 1;
                Devnet.PointAt(node.Url);
                using var process = Agijobs.Start(Devnet.Folder, execute);
                await Wait.UntilAsync("it is stalled", () => node.HasStalled || process.HasExited);
                killed += process.HasExited ? 0 : 1;
                process.Kill();
                await process.WaitForExitAsync();
            }

            Devnet.PointAt(Devnet.Url);
            var outcome = await Devnet.RunAsync(execute);
            Assert.True(outcome.Exit == 0, $"kill {kill}: {outcome}");
            Assert.Equal(before + 2, await Devnet.NonceAsync("relayer"));
        }

        Assert.True(killed >= Kills / 2, $"only {killed} runs were killed");

        async Task ReadyAsync()
        {
            await Devnet.FreshAsync();
            Devnet.Unmanage();
            var planned = await PlanAsync("--deploy-apart");
            var id = (string)planned["change"]!;
            await SignAsync(id);
            execute = ["change", "execute", id, "--signer", "relayer", "--execute"];
        }
    }

    private async Task<JsonObject> PlanAsync(params string[] more)
    {
        var planned = await Devnet.RunAsync(["deploy", "upgrade", Name, "--json", .. more]);
        Assert.True(planned.Exit == 3, planned.ToString());
        return planned.Json;
    }

    private async Task SignAsync(string change)
    {
        foreach (var owner in (string[])["safe-owner-1", "safe-owner-2"])
        {
            var signed = await Devnet.RunAsync("change", "approve", change, "--signer", owner);
            Assert.True(signed.Exit == 0, signed.ToString());
        }
    }

    private static (Address Address, Bytes32 CodeHash) Made(JsonObject planned)
    {
        var made = planned["steps"]!.AsArray().Single(step => step!["deploys"] is not null)!["deploys"]!;
        return (Address.Parse((string)made["address"]!), Bytes32.Parse((string)made["codeHash"]!));
    }

    private string Beside(string change, string file) => Devnet.Workspace.Locate("storage", "changes", change, file);

    private Task<byte[]> CodeAsync(Address address) => Devnet.Client.CodeAsync(address, BlockReference.Latest);

    private async Task SetCodeAsync(Address address, string code) => _ = await Devnet.Client.RequestAsync("anvil_setCode", writer =>
    {
        writer.WriteStringValue(address.ToString());
        writer.WriteStringValue(code);
    });

    private async Task<IReadOnlyList<Address>> HoldersAsync(Protocol protocol, string name)
    {
        var role = protocol.Role(name);
        var returned = await Devnet.Client.CallAsync(new CallRequest { To = role.Module.Address, Data = role.Holders!.Encode([.. role.Arguments]) }, BlockReference.Latest);
        return [.. ((AgiJobs.Ethereum.Abi.AbiList)role.Holders.DecodeOutput(returned)[0]).Select(item => item.AsAddress())];
    }
}
