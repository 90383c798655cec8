using System.Numerics;
using System.Text.Json.Nodes;
using AgiJobs.Arena.Scoreboard;
using AgiJobs.Arena.Standings;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Storage;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Culture;

public sealed class CultureCommandsTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private static readonly DateTimeOffset Tuesday = new(2026, 11, 10, 12, 0, 0, TimeSpan.Zero);

    private TestNetwork Devnet => fixture.Devnet;

    private string Written => Devnet.Workspace.Locate("storage", "orchestrator", "culture_rewards.json");

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Without_winners_it_says_so_and_writes_no_file()
    {
        var none = await Devnet.RunAsync("culture", "rewards", "--total", "1500", "--top", "8", "--period", "2026-W46");
        Assert.True(none.Exit == 0 && none.Output.Contains("Nobody has a win that counts", StringComparison.Ordinal), none.ToString());
        Assert.False(File.Exists(Written));
    }

    [Fact]
    public async Task The_wins_of_a_week_are_shared_and_paid_out_once_by_one_change()
    {
        var (ann, bob) = (Devnet.Accounts["agent-1"].Address, Devnet.Accounts["agent-2"].Address);
        await BookAsync(Round(1, Tuesday, ann, bob), Round(2, Tuesday, ann), Round(3, Tuesday.AddDays(7), bob));
        var shared = await Devnet.RunAsync("culture", "rewards", "--total", "1500", "--top", "2", "--period", "2026-W46", "--json");
        Assert.True(shared.Exit == 0, shared.ToString());
        var allocations = JsonNode.Parse(await File.ReadAllTextAsync(Written))!["allocations"]!.AsArray();
        Assert.Equal(1500, allocations.Sum(one => (decimal)one!["amount"]!));
        Assert.Equal(new HashSet<string> { ann.ToString(), Devnet.Accounts["agent-3"].Address.ToString() }, allocations.Select(one => (string)one!["address"]!).ToHashSet(StringComparer.Ordinal));
        Assert.All(allocations, one => Assert.Equal(2, (int)one!["wins"]!));

        Devnet.Unmanage();
        await RefusedAsync("treasury-short", 4, "culture", "rewards", "--total", "15", "--top", "2", "--period", "2026-W46", "--plan", "--signer", "treasury");
        await Devnet.CallAsAsync(Devnet.Accounts["employer"].Address, "Token", "transfer", Devnet.Accounts["treasury"].Address, 100 * BigInteger.Pow(10, 18));
        var before = await BalanceAsync(ann);
        string[] pay = ["culture", "rewards", "--total", "15", "--top", "2", "--period", "2026-W46", "--plan", "--signer", "treasury"];
        var preview = await Devnet.RunAsync(pay);
        Assert.True(preview.Exit == 3 && preview.Output.Contains("NOTHING WAS SENT", StringComparison.Ordinal), preview.ToString());
        Assert.Equal(before, await BalanceAsync(ann));
        var paid = await Devnet.RunAsync([.. pay, "--execute"]);
        Assert.True(paid.Exit == 0, paid.ToString());
        var mine = BigInteger.Parse((string)JsonNode.Parse(await File.ReadAllTextAsync(Written))!["allocations"]!.AsArray().Single(one => (string)one!["address"]! == ann.ToString())!["amountWei"]!, System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(before + mine, await BalanceAsync(ann));
        var again = await Devnet.RunAsync([.. pay, "--execute", "--json"]);
        Assert.Equal((4, "paid-already"), (again.Exit, (string?)again.Json["error"]?["code"]));
    }

    [Theory]
    [InlineData("plan-missing", "--execute")]
    [InlineData("period-twice", "--since", "2026-11-01", "--period", "2026-W46")]
    [InlineData("period-format", "--since", "yesterday")]
    [InlineData("culture-top", "--top", "0")]
    [InlineData("culture-total", "--total", "many")]
    public async Task What_makes_no_sense_is_refused_with_its_code(string code, params string[] arguments)
    {
        await RefusedAsync(code, 2, ["culture", "rewards", .. arguments]);
        Assert.False(File.Exists(Written));
    }

    [Fact]
    public async Task A_time_that_is_not_over_is_shared_and_not_paid()
    {
        await BookAsync(Round(1, Tuesday, Devnet.Accounts["agent-1"].Address));
        Assert.Equal(0, (await Devnet.RunAsync("culture", "rewards", "--since", "2026-11-01")).Exit);
        var refused = await Devnet.RunAsync("culture", "rewards", "--since", "2026-11-01", "--plan", "--json");
        Assert.Equal((2, "period-open"), (refused.Exit, (string?)refused.Json["error"]?["code"]));
    }

    private async Task RefusedAsync(string code, int exit, params string[] arguments)
    {
        var outcome = await Devnet.RunAsync([.. arguments, "--json"]);
        Assert.True(outcome.Exit == exit && (string?)outcome.Json["error"]?["code"] == code, outcome.ToString());
    }

    // The teacher of a task that was solved wins too.
    private EndedRound Round(long id, DateTimeOffset at, params Address[] winners) =>
        new() { Id = id, EndedAt = at, Difficulty = 1, Teacher = Devnet.Accounts["agent-3"].Address, Students = [.. winners.Select(winner => new StudentResult(winner, Solved: true))] };

    private async Task BookAsync(params EndedRound[] rounds)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Devnet.Workspace.StatePath("local"))!);
        await using var store = await StateStore.OpenAsync(StateLocation.File(Devnet.Workspace.StatePath("local")), TimeProvider.System);
        await store.CommitAsync(new StateCommit { Documents = [.. rounds.Select(round => new ResultBook(store, "local").Write(round))] });
    }

    private async Task<BigInteger> BalanceAsync(Address account) => (await ReadAsync("Token", "balanceOf(address)", account)).AsInteger();

    private async Task<AbiValue> ReadAsync(string module, string function, params AbiValue[] arguments)
    {
        var reads = (await PinnedBlock.AtAsync(Devnet.Client, BlockReference.Latest)).NewReads();
        var read = reads.Call(Devnet.Protocol[module].Address, Devnet.Protocol[module].Abi.Function(function), arguments);
        await reads.SendAsync();
        return read.Value[0];
    }
}
