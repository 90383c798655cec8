using System.Text;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Owner;

public sealed class ArmoryCommandTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>
{
    private TestNetwork Devnet => fixture.Devnet;

    private string[] Sealed => Directory.Exists(Path.Combine(TestNetwork.UserFolderOf(Devnet.Folder), "armory")) ? Directory.GetFiles(Path.Combine(TestNetwork.UserFolderOf(Devnet.Folder), "armory"), "*.sealed", SearchOption.AllDirectories) : [];

    [Fact]
    public async Task A_statement_is_armed_sealed_and_ready_until_its_end()
    {
        await FreshAsync();
        var outcome = await ArmAsync();
        Assert.Equal(0, outcome.Exit);
        var item = Assert.Single(outcome.Json["items"]!.AsArray())!;
        Assert.Equal("ready", (string?)item["state"]);
        Assert.Contains("ready until", (string?)outcome.Json["coverage"], StringComparison.Ordinal);
        var bytes = Encoding.Latin1.GetString(await File.ReadAllBytesAsync(Assert.Single(Sealed), TestContext.Current.CancellationToken));
        Assert.DoesNotContain("signature", bytes, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Devnet.Accounts["guardian"].Address.ToString()[2..], bytes, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Directory.EnumerateFiles(Devnet.Folder, "*", SearchOption.AllDirectories), path => File.ReadAllText(path).Contains((string)item["change"]!, StringComparison.Ordinal) && path.Contains("approvals", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_empty_armory_is_said_to_be_no_cover()
    {
        await FreshAsync();
        var outcome = await Devnet.RunAsync("owner", "armory", "check");
        Assert.Equal(3, outcome.Exit);
        Assert.Contains("  coverage NOT ARMED: the armory is empty", outcome.Lines);
    }

    [Fact]
    public async Task A_ladder_is_signed_by_one_owner_after_the_other_and_covers_the_next_nonces()
    {
        await FreshAsync();
        var first = await Devnet.RunAsync("owner", "armory", "add", "--safe-nonces", "3", "--signer", "safe-owner-1", "--json");
        Assert.Equal(3, first.Exit);
        Assert.All(first.Json["items"]!.AsArray(), item => Assert.Equal("incomplete", (string?)item!["state"]));
        var second = await Devnet.RunAsync("owner", "armory", "add", "--safe-nonces", "3", "--signer", "safe-owner-3", "--json");
        Assert.Equal(0, second.Exit);
        Assert.Equal(["ready", "waiting", "waiting"], States(second));
        Assert.Equal(3, (int?)second.Json["ladder"]);

        // Another transaction of the Safe takes the nonce of the first rung.
        await SafeCallsAsync(Devnet.Protocol["FeePool"].Address, Hex.Decode("0x8456cb59"));
        var after = await CheckAsync();
        Assert.Equal(["invalid", "ready", "waiting"], States(after));
        Assert.StartsWith("nonce: 1 was used", Why(after, 0), StringComparison.Ordinal);
        Assert.Equal(2, (int?)after.Json["ladder"]);
        Assert.Equal(3, after.Exit);
    }

    [Theory]
    [InlineData("owner", "owner: ")]
    [InlineData("threshold", "threshold: it was 2 and is 3")]
    [InlineData("guard", "guard: it was none and is 0x")]
    public async Task A_rung_says_at_once_what_change_of_the_Safe_invalidated_it(string change, string why)
    {
        await FreshAsync();
        Assert.Equal(0, (await Devnet.RunAsync("owner", "armory", "add", "--safe-nonces", "1", "--signer", "safe-owner-1", "--signer", "safe-owner-2")).Exit);
        var owners = new[] { "safe-owner-1", "safe-owner-2", "safe-owner-3" }.Select(name => Devnet.Accounts[name].Address).ToList();
        var call = change switch
        {
            "owner" => AbiFunction.Parse("function swapOwner(address,address,address)").Encode(new Address([.. new byte[19], 1]), owners[0], Devnet.Accounts["employer"].Address),
            "threshold" => AbiFunction.Parse("function changeThreshold(uint256)").Encode(3),
            _ => null,
        };
        if (call is not null)
        {
            // A Safe changes itself by a call of its own, which also uses a nonce unless a module makes it; here its account is borrowed.
            await AsAsync(Devnet.Safe, Devnet.Safe, call);
        }
        else
        {
            _ = await Devnet.Client.RequestAsync("anvil_setStorageAt", writer =>
            {
                writer.WriteStringValue(Devnet.Safe.ToString());
                writer.WriteStringValue("0x4a204f620c8c5ccdca3fd54d003badd85ba500436a431f0cbda4f558c93c34c8");
                writer.WriteStringValue(Bytes32.FromUnsigned(0x1234).ToString());
            });
            await Devnet.MineAsync();
        }

        var outcome = await CheckAsync();
        Assert.Equal(["invalid"], States(outcome));
        Assert.StartsWith(why, Why(outcome, 0), StringComparison.Ordinal);
        Assert.Equal(3, outcome.Exit);
    }

    [Theory]
    [InlineData("dismissed", "invalid", "signer: ")]
    [InlineData("revoked", "invalid", "nonce: it was used or revoked")]
    [InlineData("paused", "idle", "already paused")]
    [InlineData("expired", "invalid", "expired: ")]
    [InlineData("code", "invalid", "code: ")]
    public async Task A_statement_says_at_once_what_invalidated_it(string change, string state, string why)
    {
        await FreshAsync();
        var armed = await ArmAsync();
        switch (change)
        {
            case "dismissed":
                await Devnet.CallAsAsync(Devnet.Safe, "SystemPause", "setGuardian", Devnet.Accounts["guardian"].Address, false);
                break;
            case "revoked":
                await Devnet.CallAsAsync(Devnet.Accounts["guardian"].Address, "SystemPause", "revokeAuthorization", Salt());
                break;
            case "paused":
                await Devnet.CallAsAsync(Devnet.Accounts["guardian"].Address, "SystemPause", "pauseAll");
                break;
            case "expired":
                _ = await Devnet.Client.RequestAsync("evm_increaseTime", writer => writer.WriteNumberValue(91 * 86_400));
                await Devnet.MineAsync();
                break;
            default:
                var code = await Devnet.Client.CodeAsync(Devnet.Protocol["SystemPause"].Address, Ethereum.Rpc.BlockReference.Latest);
                _ = await Devnet.Client.RequestAsync("anvil_setCode", writer =>
                {
                    writer.WriteStringValue(Devnet.Protocol["SystemPause"].Address.ToString());
                    writer.WriteStringValue(Hex.Encode([.. code, 0]));
                });
                await Devnet.MineAsync();
                break;
        }

        var outcome = await CheckAsync();
        Assert.Equal([state], States(outcome));
        Assert.StartsWith(why, Why(outcome, 0), StringComparison.Ordinal);
        Assert.False((bool)outcome.Json["armed"]!);

        Bytes32 Salt()
        {
            var digest = Bytes32.Parse((string)armed.Json["items"]![0]!["change"]!);
            using var seal = new Control.Sealing.Seal(Control.Sealing.UserFolder.At(TestNetwork.UserFolderOf(Devnet.Folder)));
            return new Control.Armory.ArmoryStore(seal, TestNetwork.Network, ChainId.Local).Survey().Single(entry => entry.Item!.Change.Digest() == digest).Item!.Change.Steps[0].Route.Statement!.Salt;
        }
    }

    [Fact]
    public async Task A_sender_without_gas_is_no_cover()
    {
        await FreshAsync();
        Assert.Equal(0, (await ArmAsync()).Exit);
        _ = await Devnet.Client.RequestAsync("anvil_setBalance", writer =>
        {
            writer.WriteStringValue(Devnet.Accounts["relayer"].Address.ToString());
            writer.WriteStringValue("0x1");
        });
        await Devnet.MineAsync();
        var poor = await Devnet.RunAsync("owner", "armory", "check", "--signer", "relayer", "--json");
        Assert.Equal("NOT ARMED: no sender can pay the gas", (string?)poor.Json["coverage"]);
        Assert.Equal(3, poor.Exit);
        Assert.Equal(0, (await Devnet.RunAsync("owner", "armory", "check", "--signer", "employer", "--json")).Exit);
    }

    [Fact]
    public async Task A_damaged_file_is_named_and_hides_no_other()
    {
        await FreshAsync();
        Assert.Equal(0, (await ArmAsync()).Exit);
        Assert.Equal(0, (await ArmAsync()).Exit);
        Assert.Equal(2, Sealed.Length);
        var bytes = await File.ReadAllBytesAsync(Sealed[0], TestContext.Current.CancellationToken);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(Sealed[0], bytes, TestContext.Current.CancellationToken);
        var outcome = await CheckAsync();
        Assert.Equal(6, outcome.Exit);
        Assert.True((bool)outcome.Json["armed"]!);
        Assert.Equal(["ready", "damaged"], States(outcome));
    }

    [Fact]
    public async Task A_stranger_fires_the_statement_and_everything_is_paused_by_one_transaction()
    {
        await FreshAsync();
        Assert.Equal(0, (await ArmAsync()).Exit);
        var preview = await Devnet.RunAsync("owner", "armory", "fire", "--signer", "relayer");
        Assert.Equal(3, preview.Exit);
        Assert.Equal("NOTHING WAS SENT - add --execute", preview.Lines[0]);
        Assert.Equal(0UL, await Devnet.NonceAsync("relayer"));

        var fired = await Devnet.RunAsync("owner", "armory", "fire", "--signer", "relayer", "--execute", "--json");
        Assert.True(fired.Exit == 0, fired.ToString());
        Assert.True(await Devnet.IsPausedAsync());
        Assert.Equal(1UL, await Devnet.NonceAsync("relayer"));
        Assert.Equal(0UL, await Devnet.NonceAsync("guardian"));
        Assert.Empty(Sealed);
    }

    [Fact]
    public async Task A_statement_is_fired_after_six_round_trips_one_of_them_its_only_simulation()
    {
        await FreshAsync();
        Assert.Equal(0, (await ArmAsync()).Exit);
        await using var node = FaultyRpc.InFrontOf(Devnet.Url);
        Devnet.PointAt(node.Url);
        var before = 0;
        node.On("eth_sendRawTransaction").When(_ =>
        {
            before = node.Exchanges - 1;
            return false;
        }).Error(-32603, "never");
        var fired = await Devnet.RunAsync("owner", "armory", "fire", "--signer", "relayer", "--execute");
        Assert.True(fired.Exit == 0, fired.ToString());

        // Connect, is it still as planned, is the statement good, what would it do, does anybody else do it, what does it cost.
        Assert.Equal(6, before);
        Assert.Single(node.Requests, request => request.Method == "eth_simulateV1");
    }

    [Fact]
    public async Task A_rung_is_fired_when_there_is_no_statement()
    {
        await FreshAsync();
        Assert.Equal(0, (await Devnet.RunAsync("owner", "armory", "add", "--safe-nonces", "2", "--signer", "safe-owner-1", "--signer", "safe-owner-2")).Exit);
        var fired = await Devnet.RunAsync("owner", "armory", "fire", "--signer", "relayer", "--execute", "--json");
        Assert.True(fired.Exit == 0, fired.ToString());
        Assert.True(await Devnet.IsPausedAsync());
        Assert.Single(Sealed);
    }

    [Fact]
    public async Task When_the_best_cannot_be_fired_the_next_one_is()
    {
        await FreshAsync();
        Assert.Equal(0, (await ArmAsync()).Exit);
        Assert.Equal(0, (await Devnet.RunAsync("owner", "armory", "add", "--safe-nonces", "1", "--signer", "safe-owner-1", "--signer", "safe-owner-2")).Exit);
        await Devnet.CallAsAsync(Devnet.Safe, "SystemPause", "setGuardian", Devnet.Accounts["guardian"].Address, false);
        var fired = await Devnet.RunAsync("owner", "armory", "fire", "--signer", "relayer", "--execute");
        Assert.True(fired.Exit == 0, fired.ToString());
        Assert.Contains("NOT FIRED authorization-", fired.Error, StringComparison.Ordinal);
        Assert.True(await Devnet.IsPausedAsync());
        Assert.Equal(1UL, await Devnet.NonceAsync("relayer"));
    }

    [Fact]
    public async Task Wrong_input_is_refused_with_the_mend()
    {
        await FreshAsync();
        (string[] Arguments, string Code, int Exit)[] cases =
        [
            (["add", "--signer", "guardian"], "armory-kind", 2),
            (["add", "--authorization", "--valid-until", "90d"], "signer-needed", 2),
            (["add", "--authorization", "--signer", "guardian"], "armory-window", 2),
            (["add", "--authorization", "--signer", "guardian", "--valid-until", "2020-01-01"], "armory-window", 2),
            (["add", "--authorization", "--signer", "guardian", "--valid-until", "soon"], "time-format", 2),
            (["add", "--authorization", "--signer", "agent-1", "--valid-until", "90d"], "no-route", 4),
            (["add", "--safe-nonces", "0", "--signer", "safe-owner-1"], "armory-rungs", 2),
            (["add", "--safe-nonces", "2", "--signer", "safe-owner-1", "--valid-until", "90d"], "armory-kind", 2),
            (["add", "--safe-nonces", "2", "--signer", "guardian"], "no-route", 4),
            (["fire", "--signer", "relayer", "--execute"], "armory-empty", 4),
            (["fire", "rung-9", "--signer", "relayer", "--execute"], "armory-unknown", 2),
            (["remove", "rung-9"], "armory-unknown", 2),
        ];
        foreach (var (arguments, code, exit) in cases)
        {
            var outcome = await Devnet.RunAsync(["owner", "armory", .. arguments, "--json"]);
            Assert.True(exit == outcome.Exit && (string?)outcome.Json["error"]?["code"] == code, $"{string.Join(' ', arguments)}: {outcome}");
            Assert.NotEmpty((string?)outcome.Json["error"]!["mend"] ?? "");
        }

        Assert.Empty(Sealed);
    }

    private Task FreshAsync() => Devnet.FreshAsync();

    private Task<Outcome> ArmAsync() => Devnet.RunAsync("owner", "armory", "add", "--authorization", "--signer", "guardian", "--valid-until", "90d", "--json");

    private Task<Outcome> CheckAsync() => Devnet.RunAsync("owner", "armory", "check", "--json");

    private static List<string?> States(Outcome outcome) => [.. outcome.Json["items"]!.AsArray().Select(item => (string?)item!["state"])];

    private static string Why(Outcome outcome, int index) => (string)outcome.Json["items"]![index]!["why"]!;

    // Executes as the Safe would, at its next nonce, by writing the nonce as a module could not.
    private async Task SafeCallsAsync(Address to, byte[] data)
    {
        await AsAsync(Devnet.Safe, to, data);
        var nonce = (await Devnet.Client.StorageAsync(Devnet.Safe, Bytes32.FromUnsigned(5), Ethereum.Rpc.BlockReference.Latest)).ToUnsigned() + 1;
        _ = await Devnet.Client.RequestAsync("anvil_setStorageAt", writer =>
        {
            writer.WriteStringValue(Devnet.Safe.ToString());
            writer.WriteStringValue(Bytes32.FromUnsigned(5).ToString());
            writer.WriteStringValue(Bytes32.FromUnsigned(nonce).ToString());
        });
        await Devnet.MineAsync();
    }

    private async Task AsAsync(Address from, Address to, byte[] data)
    {
        _ = await Devnet.Client.RequestAsync("anvil_impersonateAccount", writer => writer.WriteStringValue(from.ToString()));
        _ = await Devnet.Client.RequestAsync("anvil_setBalance", writer =>
        {
            writer.WriteStringValue(from.ToString());
            writer.WriteStringValue("0x56bc75e2d63100000");
        });
        await Devnet.SendMinedAsync(from, to, data);
    }
}
