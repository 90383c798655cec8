using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Ethereum.Safes.Batches;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Owner;

public sealed class EmergencyCommandTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>
{
    private TestNetwork Devnet => fixture.Devnet;

    [Fact]
    public async Task The_bundle_names_every_call_and_caller_and_the_hash_that_the_Safe_itself_computes()
    {
        await Devnet.FreshAsync();
        var outcome = await Devnet.RunAsync("owner", "emergency", "--out", "bundle", "--json");
        Assert.Equal(3, outcome.Exit);
        var everything = Assert.Single(outcome.Json["everything"]!.AsArray())!;
        Assert.Equal("0x595c6a67", (string?)everything["data"]);
        Assert.Equal(Devnet.Protocol["SystemPause"].Address.ToString(), (string?)everything["to"]);
        Assert.Equal([Devnet.Safe.ToString(), Devnet.Accounts["guardian"].Address.ToString()], everything["callers"]!.AsArray().Select(caller => (string?)caller!["account"]));
        Assert.Equal(12, outcome.Json["running"]!.AsArray().Count);
        Assert.Equal(12, outcome.Json["single"]!.AsArray().Count);

        var account = new SafeAccount(Devnet.Client, Devnet.Safe);
        var state = await account.ReadAsync(BlockReference.Latest, TestContext.Current.CancellationToken);
        var hash = state.HashOf(new SafeTransaction { To = Devnet.Protocol["SystemPause"].Address, Data = Hex.Decode("0x595c6a67"), Nonce = state.Nonce });
        await account.RequireHashOnChainAsync(hash, state.Block, TestContext.Current.CancellationToken);
        Assert.Equal(hash.Value.ToString(), (string?)outcome.Json["safe"]!["safeTxHash"]);
        Assert.Contains(hash.Value.ToString(), Read("brief.md"), StringComparison.Ordinal);

        var batch = TransactionBatch.Parse(File.ReadAllBytes(Path.Combine(Devnet.Folder, "bundle", "safe-batch.json")));
        Assert.True(batch.HasChecksum);
        Assert.Equal("0x595c6a67", Hex.Encode(Assert.Single(batch.Transactions).Calldata.Span));
        Assert.Equal(12, TransactionBatch.Parse(File.ReadAllBytes(Path.Combine(Devnet.Folder, "bundle", "safe-batch-modules.json"))).Transactions.Count);
    }

    [Fact]
    public async Task Without_a_node_the_bundle_is_made_from_the_manifest_and_says_what_is_unknown()
    {
        await Devnet.FreshAsync();
        Devnet.PointAt("http://127.0.0.1:9");
        var outcome = await Devnet.RunAsync("owner", "emergency", "--out", "bundle");
        Assert.Equal(5, outcome.Exit);
        Assert.Contains(outcome.Lines, line => line.StartsWith("  UNKNOWN  the state of the chain", StringComparison.Ordinal));
        Assert.Contains(outcome.Lines, line => line.Contains("(guardian): according to the manifest; not read from the chain", StringComparison.Ordinal));
        Assert.Contains("0x595c6a67", Read("safe-batch.json"), StringComparison.Ordinal);
        Assert.Contains("The hash that signers must see is unknown", Read("brief.md"), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(Devnet.Folder, "bundle", "safe-batch-modules.json")));
    }

    [Fact]
    public async Task A_module_that_is_paused_already_is_not_in_the_batch_of_single_levers()
    {
        await Devnet.FreshAsync();
        await Devnet.CallAsAsync(Devnet.Safe, "FeePool", "pause");
        Assert.Equal(3, (await Devnet.RunAsync("owner", "emergency", "--out", "bundle")).Exit);
        var batch = TransactionBatch.Parse(File.ReadAllBytes(Path.Combine(Devnet.Folder, "bundle", "safe-batch-modules.json")));
        Assert.Equal(11, batch.Transactions.Count);
        Assert.DoesNotContain(batch.Transactions, transaction => transaction.To == Devnet.Protocol["FeePool"].Address);
    }

    [Fact]
    public async Task When_all_is_paused_there_is_nothing_to_do_and_the_bundle_is_there_all_the_same()
    {
        await Devnet.FreshAsync();
        await Devnet.CallAsAsync(Devnet.Accounts["guardian"].Address, "SystemPause", "pauseAll");
        var outcome = await Devnet.RunAsync("owner", "emergency", "--out", "bundle", "--json");
        Assert.Equal(0, outcome.Exit);
        Assert.Empty(outcome.Json["running"]!.AsArray());
        Assert.Equal(0, (await Devnet.RunAsync("owner", "emergency")).Exit);
        Assert.Single(Directory.GetDirectories(Path.Combine(Devnet.Folder, "reports", "owner-control", "emergency")));
    }

    private string Read(string name) => File.ReadAllText(Path.Combine(Devnet.Folder, "bundle", name));
}
