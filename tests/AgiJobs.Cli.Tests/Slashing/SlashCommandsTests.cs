using System.Numerics;
using System.Text.Json.Nodes;
using AgiJobs.Arena.Agents;
using AgiJobs.Arena.Alerts;
using AgiJobs.Arena.Moderation;
using AgiJobs.Arena.Orchestration;
using AgiJobs.Arena.Rounds;
using AgiJobs.Arena.Scoreboard;
using AgiJobs.Arena.Slashing;
using AgiJobs.Arena.Standings;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Storage;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Slashing;

public sealed class SlashCommandsTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private static readonly string[] Execute = ["arena", "slashes", "--execute", "--signer", "orchestrator"];

    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_finding_is_held_until_a_standing_approval_covers_it_and_then_slashed_once_and_paid_back_after_an_appeal()
    {
        var slash = await FindAsync("auto-slash:contradiction");
        var looked = await Devnet.RunAsync("arena", "slashes");
        Assert.True(looked.Exit == 0 && looked.Lines[0] == "NOTHING WAS SENT - add --execute" && looked.Lines[^1] == looked.Lines[0], looked.ToString());
        var before = await StakeAsync(slash.Validator);

        var held = await Devnet.RunAsync([.. Execute, "--json"]);
        Assert.True(held.Exit == 3, held.ToString());
        Assert.Equal(("held", "approvals-missing"), ((string)held.Json["slashes"]![0]!["state"]!, (string)held.Json["slashes"]![0]!["code"]!));
        Assert.Equal(before, await StakeAsync(slash.Validator));

        await ApproveAsync("0.0001 AGIALPHA");
        var over = await Devnet.RunAsync([.. Execute, "--json"]);
        Assert.True(over.Exit == 3 && ((string)over.Json["slashes"]![0]!["history"]!.AsArray()[^1]!["detail"]!).Contains("its limit for round", StringComparison.Ordinal), over.ToString());
        Assert.Equal(before, await StakeAsync(slash.Validator));

        Assert.Equal(0, (await Devnet.RunAsync("approval", "standing", "revoke", "arena-slash-0", "--reason", "Too small.", "--signer", "safe-owner-1")).Exit);
        await ApproveAsync("100 AGIALPHA");
        var done = await Devnet.RunAsync([.. Execute, "--json"]);
        Assert.True(done.Exit == 0, done.ToString());
        var verified = done.Json["slashes"]![0]!;
        Assert.Equal("verified", (string)verified["state"]!);
        Assert.Contains("validator slashed: auto-slash:contradiction", done.Error.Split('\n').Select(line => line.TrimEnd('\r')));
        var amount = BigInteger.Parse((string)verified["amount"]!, System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(before - amount, await StakeAsync(slash.Validator));
        Assert.True(await IsPunishedAsync(slash));
        var ledger = JsonNode.Parse(await File.ReadAllTextAsync(Devnet.Workspace.Locate("storage", "owner-ledger.json")))!.ToJsonString();
        Assert.Contains((string)verified["changeDigest"]!, ledger, StringComparison.Ordinal);
        Assert.Contains((string)verified["transaction"]!, ledger, StringComparison.Ordinal);
        Assert.True(File.Exists(Devnet.Workspace.Locate("storage", "changes", (string)verified["change"]!, "finding.json")));

        Assert.Equal(0, (await Devnet.RunAsync(Execute)).Exit);
        Assert.Equal(before - amount, await StakeAsync(slash.Validator));

        string[] which = ["--round", $"{slash.Round}", "--validator", slash.Validator.ToString(), "--reason-code", slash.Reason];
        await RefusedAsync("appeal-missing", 4, ["arena", "reverse", .. which]);
        await RefusedAsync("slash-unknown", 2, ["arena", "appeal", .. which[..5], "moderation:other", "--text", "x", "--signer", "validator-1"]);
        await RefusedAsync("appeal-text", 2, ["arena", "appeal", .. which, "--text", " ", "--signer", "safe-owner-1"]);
        var appeal = await Devnet.RunAsync(["arena", "appeal", .. which, "--text", "The answer was right.", "--signer", "safe-owner-1"]);
        Assert.True(appeal.Exit == 0, appeal.ToString());
        await RefusedAsync("appeal-exists", 4, ["arena", "appeal", .. which, "--text", "Once more.", "--signer", "safe-owner-1"]);

        Devnet.Unmanage();
        var tokens = await BalanceAsync(slash.Validator);
        var preview = await Devnet.RunAsync(["arena", "reverse", .. which, "--signer", "treasury"]);
        Assert.True(preview.Exit == 3 && preview.Output.Contains("NOTHING WAS SENT", StringComparison.Ordinal), preview.ToString());
        var reversed = await Devnet.RunAsync(["arena", "reverse", .. which, "--signer", "treasury", "--execute"]);
        Assert.True(reversed.Exit == 0, reversed.ToString());
        Assert.Equal(tokens + amount, await BalanceAsync(slash.Validator));
        await RefusedAsync("paid-already", 4, ["arena", "reverse", .. which, "--signer", "treasury", "--execute"]);
        await using (var store = await StoreAsync())
        {
            await store.CommitAsync(new StateCommit { Documents = [new ResultBook(store, "local").Write(new SlashRecord("0x01/0", DateTimeOffset.UnixEpoch, slash.Validator, slash.Reason, null, slash.Round))] });
        }

        var end = await Devnet.RunAsync([.. Execute, "--json"]);
        Assert.True((string)end.Json["slashes"]![0]!["state"]! == "reversed", end.ToString());
        await using (var store = await StoreAsync())
        {
            Assert.Equal(0, (await new ResultBook(store, "local").ScoreboardAsync(CancellationToken.None)).Entries()[slash.Validator].Slashes);
        }

        Assert.Contains("The answer was right.", (await Devnet.RunAsync("arena", "slashes")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_validator_whose_note_moderation_blocks_is_slashed_under_the_standing_approval_and_one_that_a_person_let_through_is_not()
    {
        const string offending = "Ransomware and a botnet for sale; phishing on demand.";
        const string harmless = "This botnet of a task was solved by nobody.";
        var arena = new ArenaContract(Devnet.Client, Devnet.Protocol);
        var (guilty, excused) = (Devnet.Accounts["validator-1"], Devnet.Accounts["validator-2"]);
        var before = (Guilty: await StakeAsync(guilty.Address), Excused: await StakeAsync(excused.Address));
        using (var process = Agijobs.Start(Devnet.Folder, ["serve", "--roles", "gateway", "--listen", "127.0.0.1:0", "--network", TestNetwork.Network]))
        {
            var said = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException(await process.StandardError.ReadToEndAsync());
            var url = new Uri(said[said.IndexOf("http", StringComparison.Ordinal)..]);
            try
            {
                await CountingAsync(arena);
                Assert.Equal("moderation:banned-phrase", await NoteAsync(guilty, offending));
                Assert.Equal("moderation:banned-phrase", await NoteAsync(excused, harmless));
                string[] allow = ["arena", "override", "--content", ModerationPipeline.Fingerprint(harmless).ToString(), "--outcome", "allow", "--days", "1"];
                await RefusedAsync("override-author", 4, [.. allow, "--reason", "Mine.", "--signer", "validator-2"]);
                await RefusedAsync("override-terms", 2, [.. allow[..^1], "400", "--reason", "For ever.", "--signer", "moderator"]);
                var allowed = await Devnet.RunAsync([.. allow, "--reason", "A manner of speaking.", "--signer", "moderator", "--json"]);
                Assert.True(allowed.Exit == 0, allowed.ToString());
                Assert.Null(await NoteAsync(excused, harmless));
            }
            finally
            {
                process.Kill();
                await process.WaitForExitAsync();
            }

            async Task<string?> NoteAsync(ISigner author, string note)
            {
                using var gateway = new GatewayClient(url, author, ChainId.Local, arena.Address, TimeProvider.System);
                try
                {
                    _ = await gateway.PutNoteAsync(1, note, CancellationToken.None);
                    return null;
                }
                catch (GatewayException problem)
                {
                    return problem.Code;
                }
            }
        }

        foreach (var judge in Devnet.Accounts.All("validator-"))
        {
            await Devnet.SendMinedAsync(judge.Address, arena.Address, arena.RevealVote(1, 1, Salt));
        }

        await Devnet.SendMinedAsync(guilty.Address, arena.Address, arena.Finalise(1));
        await using (var store = await StoreAsync())
        {
            var round = (await arena.ChronicleAsync(1, arena.Since, (await Devnet.Client.BlockAsync(BlockReference.Latest))!.Number))!;
            var run = new RunRecord { Id = "run-000001", Plan = new RunPlanned("run-000001", 1, default, round.Difficulty, round.Teacher, [], []), PlannedAt = DateTimeOffset.UnixEpoch, RoundId = 1 };
            await store.CommitAsync(await new RunAftermath(store, new SlashDocket(store, "local", TimeProvider.System), new AlertSettings("local", 31337), TimeProvider.System).AfterAsync(run, round, new RunEnded("finalised", round.EndedIn!.Value.Value), CancellationToken.None));
        }

        await ApproveAsync("100 AGIALPHA");
        var done = await Devnet.RunAsync([.. Execute, "--json"]);
        Assert.True(done.Exit == 0, done.ToString());
        var slash = Assert.Single(done.Json["slashes"]!.AsArray())!;
        Assert.Equal(("verified", "moderation:banned-phrase", guilty.Address.ToString()), ((string)slash["state"]!, (string)slash["reason"]!, (string)slash["validator"]!));
        Assert.Contains(ModerationPipeline.Fingerprint(offending).ToString(), slash["evidence"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("validator slashed: moderation:banned-phrase", done.Error.Split('\n').Select(line => line.TrimEnd('\r')));
        Assert.Equal(before.Guilty - BigInteger.Parse((string)slash["amount"]!, System.Globalization.CultureInfo.InvariantCulture), await StakeAsync(guilty.Address));
        Assert.Equal(before.Excused, await StakeAsync(excused.Address));
    }

    [Fact]
    public async Task Where_approvals_are_not_managed_nothing_is_slashed_by_itself_and_by_hand_it_still_is()
    {
        var slash = await FindAsync("moderation:insult");
        Devnet.Unmanage();
        var held = await Devnet.RunAsync([.. Execute, "--json"]);
        Assert.Equal((3, "approvals-not-managed"), (held.Exit, (string)held.Json["slashes"]![0]!["code"]!));
        Assert.False(await IsPunishedAsync(slash));
        var byHand = await Devnet.RunAsync("owner", "slash", "--address", slash.Validator.ToString(), "--memo", slash.Reason, "--round", $"{slash.Round}", "--amount", "1 AGIALPHA", "--signer", "orchestrator", "--signer", "safe-owner-1", "--signer", "safe-owner-2");
        Assert.True(byHand.Exit == 3, byHand.ToString());
    }

    [Fact]
    public async Task What_can_never_be_done_is_refused_for_good()
    {
        await using (var store = await StoreAsync())
        {
            await store.CommitAsync(new StateCommit { Documents = await new SlashDocket(store, "local", TimeProvider.System).WritesAsync([new SlashFinding(1, Devnet.Accounts["agent-1"].Address, "moderation:insult", [])], CancellationToken.None) });
        }

        var refused = await Devnet.RunAsync([.. Execute, "--json"]);
        Assert.Equal((0, "refused", "not-seated"), (refused.Exit, (string)refused.Json["slashes"]![0]!["state"]!, (string)refused.Json["slashes"]![0]!["code"]!));
    }

    [Fact]
    public async Task Without_a_slasher_nothing_is_sent_by_another_key()
    {
        var slash = await FindAsync("moderation:insult");
        var file = Devnet.Workspace.Locate("config", "signers.local.json");
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file)).Replace("\"slasher\"", "\"another\"", StringComparison.Ordinal));
        await RefusedAsync("slasher-missing", 4, "arena", "slashes", "--execute");
        Assert.False(await IsPunishedAsync(slash));
    }

    [Fact]
    public async Task A_slasher_that_is_the_orchestrators_own_account_sends_nothing()
    {
        var slash = await FindAsync("moderation:insult");
        var file = Devnet.Workspace.Locate("config", "signers.local.json");
        var signers = JsonNode.Parse(await File.ReadAllTextAsync(file))!;
        var entries = signers["signers"]!.AsArray();
        var shared = entries.Single(entry => (string)entry!["name"]! == "orchestrator")!.DeepClone();
        shared["name"] = "slasher";
        entries[entries.IndexOf(entries.Single(entry => (string)entry!["name"]! == "slasher"))] = shared;
        await File.WriteAllTextAsync(file, signers.ToJsonString());
        using var process = Agijobs.Start(Devnet.Folder, ["serve", "--roles", "arena", "--listen", "127.0.0.1:0", "--network", TestNetwork.Network]);
        try
        {
            await Wait.UntilAsync("the finding is held", async () => (await Devnet.RunAsync("arena", "slashes", "--json")).Output.Contains("slasher-shared", StringComparison.Ordinal));
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }

        Assert.False(await IsPunishedAsync(slash));
    }

    [Fact]
    public async Task A_standing_approval_of_slashes_needs_its_three_limits_and_stays_below_the_policys()
    {
        var above = await Devnet.RunAsync("approval", "standing", "add", "x", "--purpose", "p", "--kind", "slash", "--executor", "orchestrator", "--max-per-round", "101 AGIALPHA", "--max-per-day", "101 AGIALPHA", "--max-per-validator", "100 AGIALPHA", "--signer", "safe-owner-1", "--signer", "safe-owner-3", "--json");
        Assert.True((above.Exit, (string?)above.Json["error"]?["code"]) == (4, "standing-limits") && above.Output.Contains("100.0 AGIALPHA for a round", StringComparison.Ordinal), above.ToString());

        string[] two = ["--signer", "safe-owner-1", "--signer", "safe-owner-3"];
        await RefusedAsync("standing-limits", 2, ["approval", "standing", "add", "x", "--purpose", "p", "--kind", "slash", "--executor", "orchestrator", .. two]);
        await RefusedAsync("standing-scope", 2, ["approval", "standing", "add", "x", "--purpose", "p", "--max-per-day", "1 AGIALPHA", "--executor", "orchestrator", .. two]);
    }

    private static readonly Bytes32 Salt = Bytes32.FromUnsigned(7);

    // One answer was revealed, and the validators of the seeded round have voted.
    private async Task CountingAsync(ArenaContract arena)
    {
        var (teacher, student, stranger, digest) = (Devnet.Accounts["agent-3"].Address, Devnet.Accounts["agent-1"].Address, Devnet.Accounts["employer"].Address, Bytes32.FromUnsigned(9));
        await SendAsync(teacher, arena.Publish(1, Bytes32.FromUnsigned(5), ""));
        await SendAsync(Devnet.Accounts["orchestrator"].Address, arena.Close(1));
        await SendAsync(student, arena.CommitAnswer(1, RoundCommitment.OfAnswer(ChainId.Local, arena.Address, 1, student, digest, Salt)));
        _ = await Devnet.Client.RequestAsync("evm_increaseTime", writer => writer.WriteNumberValue(7200));
        await Devnet.MineAsync();
        await SendAsync(stranger, arena.Advance(1));
        await SendAsync(student, arena.RevealAnswer(1, digest, Salt, ""));
        await SendAsync(stranger, arena.Advance(1));
        foreach (var judge in Devnet.Accounts.All("validator-"))
        {
            await SendAsync(judge.Address, arena.CommitVote(1, RoundCommitment.OfVote(ChainId.Local, arena.Address, 1, judge.Address, 1, Salt)));
        }

        await SendAsync(stranger, arena.Advance(1));

        Task SendAsync(Address from, byte[] call) => Devnet.SendMinedAsync(from, arena.Address, call);
    }

    private int _approvals;

    private async Task ApproveAsync(string limit)
    {
        var added = await Devnet.RunAsync(
            "approval", "standing", "add", $"arena-slash-{_approvals++}", "--purpose", "Proven misconduct.", "--kind", "slash", "--executor", "orchestrator", "--max-per-round", limit, "--max-per-day", limit, "--max-per-validator", limit,
            "--signer", "safe-owner-1", "--signer", "safe-owner-3", "--json");
        Assert.True(added.Exit == 0, added.ToString());
        Assert.Equal("SelfPlayArena", (string)Assert.Single(added.Json["document"]!["modules"]!.AsArray())!["name"]!);
    }

    // The seeded network has a round with validators in it.
    private async Task<SlashFinding> FindAsync(string reason)
    {
        var arena = new ArenaContract(Devnet.Client, Devnet.Protocol);
        var total = (await arena.ReadAsync([])).TotalRounds;
        var rounds = (await arena.ReadAsync([.. Enumerable.Range(1, (int)total).Select(id => (long)id)])).Rounds.Values;
        var round = rounds.Last(one => one.Validators.Count > 0);
        var finding = new SlashFinding(round.Id, round.Validators[0], reason, [new SlashEvidence("vote", Bytes32.FromUnsigned(1), "made up by a test")]);
        await using var store = await StoreAsync();
        await store.CommitAsync(new StateCommit { Documents = await new SlashDocket(store, "local", TimeProvider.System).WritesAsync([finding], CancellationToken.None) });
        return finding;
    }

    private Task<IStateStore> StoreAsync()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Devnet.Workspace.StatePath("local"))!);
        return StateStore.OpenAsync(StateLocation.File(Devnet.Workspace.StatePath("local")), TimeProvider.System);
    }

    private async Task<BigInteger> StakeAsync(Address validator) => (await ReadAsync("StakeManager", "stakeOf(address,uint8)", validator, 1)).AsInteger();

    private async Task<BigInteger> BalanceAsync(Address account) => (await ReadAsync("Token", "balanceOf(address)", account)).AsInteger();

    private async Task<bool> IsPunishedAsync(SlashFinding slash) => (await ReadAsync("SelfPlayArena", "isPunished(uint256,address,string)", slash.Round, slash.Validator, slash.Reason)).AsBoolean();

    private async Task RefusedAsync(string code, int exit, params string[] arguments)
    {
        var outcome = await Devnet.RunAsync([.. arguments, "--json"]);
        Assert.True(outcome.Exit == exit && (string?)outcome.Json["error"]?["code"] == code, outcome.ToString());
    }

    private async Task<AbiValue> ReadAsync(string module, string function, params AbiValue[] arguments)
    {
        var reads = (await PinnedBlock.AtAsync(Devnet.Client, BlockReference.Latest)).NewReads();
        var read = reads.Call(Devnet.Protocol[module].Address, Devnet.Protocol[module].Abi.Function(function), arguments);
        await reads.SendAsync();
        return read.Value[0];
    }
}
