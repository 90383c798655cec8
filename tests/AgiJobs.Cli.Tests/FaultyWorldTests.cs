using System.Diagnostics;
using System.Text.Json.Nodes;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests;

/// <summary>A pause through nodes that lie, stall, drop and reorder, and on disks that are full. Whatever happens, no second transaction is sent.</summary>
public sealed class FaultyWorldTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>
{
    private static readonly string[] Pause = ["owner", "system-pause", "--action", "pause", "--signer", "guardian", "--instance", "INC-1", "--execute"];

    private TestNetwork Devnet => fixture.Devnet;

    private static string Word(bool value) => Bytes32.FromUnsigned(value ? 1 : 0).ToString();

    public static TheoryData<string> Lies => ["balance-zero", "balance-rich", "code-none", "code-other", "receipt-none", "receipt-reverted", "paused", "reordered", "dropped-answers", "dropped-requests", "errors"];

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task One_node_that_lies_never_causes_a_second_transaction_and_the_truth_ends_it(string lie)
    {
        await Devnet.FreshAsync();
        var before = await Devnet.NonceAsync("guardian");
        await using (var node = FaultyRpc.InFrontOf(Devnet.Url))
        {
            Tell(node, lie);
            Devnet.PointAt(node.Url);
            var lied = await Agijobs.RunAsync(Devnet.Folder, Pause, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3));
            Assert.True(lied.Exit is 0 or 1 or 3 or 4 or 5 or 6, lied.ToString());
            Assert.InRange(await Devnet.PendingNonceAsync("guardian"), before, before + 1);
            if (lied.Exit == 0 && lie is not "paused")
            {
                Assert.True(await Devnet.IsPausedAsync(), lied.ToString());
            }
        }

        Devnet.PointAt(Devnet.Url);
        var again = await Devnet.RunAsync(Pause);
        Assert.True(again.Exit == 0, again.ToString());
        Assert.True(await Devnet.IsPausedAsync());
        Assert.Equal(before + 1, await Devnet.PendingNonceAsync("guardian"));
    }

    [Theory]
    [InlineData("paused")]
    [InlineData("code-other")]
    [InlineData("balance-rich")]
    public async Task With_two_nodes_a_lie_is_a_finding_and_stops_everything_but_a_pause(string lie)
    {
        await Devnet.FreshAsync();
        await using var liar = FaultyRpc.InFrontOf(Devnet.Url);
        Devnet.PointAt(Devnet.Url, liar.Url);
        Tell(liar, lie);
        var outcome = await Devnet.RunAsync(Pause);
        Assert.Equal(3, outcome.Exit);
        Assert.Contains("FINDING the nodes disagree", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("FINDING the nodes disagree", outcome.Output, StringComparison.Ordinal);
        Assert.True(await Devnet.IsPausedAsync());
        Assert.Equal(1UL, await Devnet.NonceAsync("guardian"));

        liar.Heal();
        var plan = await Devnet.RunAsync("owner", "system-pause", "--action", "unpause", "--json");
        var id = (string?)plan.Json["change"] ?? throw new InvalidOperationException(plan.ToString());
        Assert.Equal(0, (await Devnet.RunAsync("change", "approve", id, "--signer", "safe-owner-1", "--signer", "safe-owner-2")).Exit);
        await Devnet.SignOffAsync(id);
        Tell(liar, lie is "paused" ? "running" : lie);
        var refused = await Devnet.RunAsync("change", "execute", id, "--signer", "relayer", "--execute", "--json");
        Assert.True(refused.Exit == 6 && (string?)refused.Json["error"]?["code"] == "rpc-disagreement", refused.ToString());
        Assert.True(await Devnet.IsPausedAsync());
        Assert.Equal(0UL, await Devnet.NonceAsync("relayer"));
    }

    [Fact]
    public async Task The_first_node_says_all_is_paused_and_the_second_knows_better()
    {
        await Devnet.FreshAsync();
        await using var liar = FaultyRpc.InFrontOf(Devnet.Url);
        Devnet.PointAt(Devnet.Url);
        Assert.Equal(3, (await Devnet.RunAsync("owner", "system-pause", "--action", "pause", "--signer", "guardian", "--instance", "INC-1")).Exit);
        var id = (string)(await Devnet.RunAsync("change", "list", "--json")).Json["changes"]![0]!["change"]!;
        Tell(liar, "paused");
        Devnet.PointAt(liar.Url, Devnet.Url);
        var outcome = await Devnet.RunAsync("change", "execute", id, "--signer", "guardian", "--execute");
        Assert.Contains("FINDING the nodes disagree", outcome.Error, StringComparison.Ordinal);
        Assert.NotEqual(0, outcome.Exit);
        Assert.True(await Devnet.IsPausedAsync(), outcome.ToString());
        Assert.Equal(1UL, await Devnet.NonceAsync("guardian"));
    }

    [Fact]
    public async Task A_second_node_that_is_down_is_said_and_holds_no_pause_up()
    {
        await Devnet.FreshAsync();
        Devnet.PointAt(Devnet.Url, "http://127.0.0.1:9");
        var outcome = await Devnet.RunAsync(Pause);
        Assert.True(outcome.Exit == 0, outcome.ToString());
        Assert.Contains("FINDING no second node confirms", outcome.Error, StringComparison.Ordinal);
        Assert.True(await Devnet.IsPausedAsync());
    }

    [Fact]
    public async Task The_signed_bytes_go_to_every_node_and_to_the_private_relays()
    {
        await Devnet.FreshAsync();
        await using var second = FaultyRpc.InFrontOf(Devnet.Url);
        await using var relay = FaultyRpc.InFrontOf(Devnet.Url);
        JsonFile.Write(
            Devnet.Workspace.NetworkPath(TestNetwork.Network),
            Devnet.Workspace.Network(TestNetwork.Network) with { Rpc = [new EndpointReference { Url = Devnet.Url }, new EndpointReference { Url = second.Url }], PrivateRelays = [new EndpointReference { Url = relay.Url }] },
            WorkspaceJson.Default.NetworkFile);
        var outcome = await Devnet.RunAsync(Pause);
        Assert.True(outcome.Exit == 0, outcome.ToString());
        Assert.Equal(1, second.Count("eth_sendRawTransaction"));
        Assert.Equal(1, relay.Count("eth_sendRawTransaction"));
        // A relay is told what is to be mined and asked nothing else that tells of it.
        Assert.DoesNotContain(relay.Requests, request => request.Method is "eth_call" or "eth_simulateV1" or "debug_traceCall" or "eth_estimateGas");
        Assert.Equal(1UL, await Devnet.NonceAsync("guardian"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(16)]
    [InlineData(48)]
    public async Task On_a_full_disk_nothing_is_half_done_and_with_room_the_same_command_ends_it(int kibibytes)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no limit on the size of a process's files.");
        await Devnet.FreshAsync();
        // A process that may write no longer files meets what a full disk gives it: a write that fails.
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = Devnet.Folder, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["-c", $"trap '' XFSZ; ulimit -f {kibibytes * 2}; exec \"$0\" \"$@\"", Agijobs.Program, .. Pause])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["AGIJOBS_HOME"] = Toolchain.RepositoryRoot;
        start.Environment["AGIJOBS_CONFIG_HOME"] = TestNetwork.UserFolderOf(Devnet.Folder);
        // The runtime's own shared memory is no file of ours.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        using (var process = Process.Start(start)!)
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode is 0 or 1, $"exit {process.ExitCode}\n{await output}\n{await error}");
            if (process.ExitCode == 1)
            {
                Assert.Contains("[file-write, exit 1]", await error, StringComparison.Ordinal);
            }
        }

        Assert.InRange(await Devnet.PendingNonceAsync("guardian"), 0UL, 1UL);
        var again = await Devnet.RunAsync(Pause);
        Assert.True(again.Exit == 0, again.ToString());
        Assert.True(await Devnet.IsPausedAsync());
        Assert.Equal(1UL, await Devnet.NonceAsync("guardian"));
    }

    private void Tell(FaultyRpc node, string lie)
    {
        var pause = Devnet.Protocol["SystemPause"].Address.ToString();
        switch (lie)
        {
            case "balance-zero":
                _ = node.On("eth_getBalance").Result("0x0");
                break;
            case "balance-rich":
                _ = node.On("eth_getBalance").Result("0xffffffffffffffffffff");
                break;
            case "code-none":
                _ = node.On("eth_getCode").When(parameters => Is(parameters[0], pause)).Result("0x");
                break;
            case "code-other":
                _ = node.On("eth_getCode").When(parameters => Is(parameters[0], pause)).Result("0x6001");
                break;
            case "receipt-none":
                _ = node.On("eth_getTransactionReceipt").Result(null);
                break;
            case "receipt-reverted":
                _ = node.On("eth_getTransactionReceipt").Change((_, result) =>
                {
                    if (result is JsonObject receipt)
                    {
                        receipt["status"] = "0x0";
                    }

                    return result;
                });
                break;
            case "paused" or "running":
                // Every view paused() of every module, also inside of Multicall3's answers, which the lie makes fail.
                _ = node.On("eth_call").When(parameters => Data(parameters) == "0x5c975abb").Result(Word(lie == "paused"));
                break;
            case "reordered":
                node.ReverseBatches = true;
                break;
            case "dropped-answers":
                _ = node.On("eth_sendRawTransaction").DropAnswer();
                break;
            case "dropped-requests":
                _ = node.On("eth_sendRawTransaction").Drop();
                break;
            default:
                _ = node.On("eth_sendRawTransaction").Error(-32000, "internal error");
                break;
        }
    }

    private static bool Is(JsonNode? node, string address) => string.Equals((string?)node, address, StringComparison.OrdinalIgnoreCase);

    private static string? Data(JsonArray parameters) => (string?)parameters[0]?["input"] ?? (string?)parameters[0]?["data"];
}
