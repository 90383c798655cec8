using AgiJobs.Cli.Tests.Runbooks;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Incidents;

/// <summary>
/// The incident playbooks from the first alert to the verified archive, on <c>agijobs up</c>, by people with keys of their own, each step a process of its own: the pauser commands, the guardian works the console. What is typed is what the program's last line says.
/// </summary>
public sealed class PlaybookTests : IAsyncLifetime
{
    // Each has a network of its own: what one playbook changes for good is no other one's start.
    private readonly UpFixture _up = new();

    public ValueTask InitializeAsync() => _up.InitializeAsync();

    public ValueTask DisposeAsync() => _up.DisposeAsync();

    /// <summary>The runbooks that are walked here and not on a bare chain: they take a run of HGM at work.</summary>
    internal static readonly string[] Books = ["day-one", "economic-levers"];

    [Fact]
    public async Task Pausing_mass_slashing_from_the_alert_to_the_archive()
    {
        var validator = _up.Accounts["validator-1"].Address;
        await _up.AttackAsync(_up.Accounts["slash-operator"].Address, "ValidatorSlash", "slash", [.. Enumerable.Range(1, 5).Select(number => (AbiValue[])[validator, Wei.FromEther("1"), $"MASS-{number}"])]);
        var alert = await AlertAsync("mass-slashing");
        var id = await OpenAsync("Validators are slashed without a reason", "1", "other", alert);
        await LedAsync(id, "pause");
        await ToTheEndAsync(id, "resume");
    }

    [Fact]
    public async Task A_compromised_key_is_left_with_nothing_and_disclosed_within_the_hour()
    {
        var thief = new Address(Convert.FromHexString("00000000000000000000000000000000000bad01"));
        await _up.AttackAsync(await _up.AddressAsync("FeePool", "owner"), "FeePool", "setRewarder", [thief, true]);
        var alert = await AlertAsync("role-changed-unexpected");
        var id = await OpenAsync("Somebody made himself a rewarder", "0", "key-compromise", alert);
        var show = await _up.RunAsync("incident", "show", id);
        Assert.Contains(show.Lines, line => line.Contains("disclosure", StringComparison.Ordinal));
        await LedAsync(id, "key-compromise", walker => { }, "--input", $"lost-key={thief}");
        Assert.DoesNotContain((await _up.RunAsync("incident", "show", id)).Lines, line => line.Contains("clock", StringComparison.Ordinal) && line.Contains("disclosure", StringComparison.Ordinal));
        await ToTheEndAsync(id, "resume");
    }

    [Fact]
    public async Task A_vulnerability_that_nobody_has_used_yet_is_closed_before_it_is_told()
    {
        // Nothing fires: a researcher wrote to us, and the letter is the evidence.
        var letter = Path.Combine(_up.Folder, "letter.txt");
        await File.WriteAllTextAsync(letter, "RewardEngine pays twice for one job.", TestContext.Current.CancellationToken);
        var id = await OpenAsync("RewardEngine may pay twice", "1", "vulnerability", null);
        await EndsAsync(0, "incident", "attach", id, letter, "--signer", "moderator");
        await LedAsync(
            id,
            "critical-vulnerability",
            walker =>
            {
                walker.Inputs["contained"] = "everything is paused";
                walker.Before["resume"] = () => ResumeAsync(id, "resume");
            },
            "--input",
            "module=RewardEngine",
            "--input",
            $"artifact={Path.Combine(AgiJobs.Deployment.ContractArtefact.Shipped, "RewardEngine.json")}");
        await ToTheEndAsync(id, null);
    }

    [Fact]
    public async Task Funds_at_risk_are_given_back_while_stakes_and_jobs_stand_still()
    {
        await _up.AttackAsync(await _up.AddressAsync("FeePool", "owner"), "FeePool", "setRewardLimit", [Wei.FromEther("1000000")]);
        await _up.AttackAsync(_up.Protocol["SelfPlayArena"].Address, "FeePool", "reward", [.. Enumerable.Range(1, 26).Select(_ => (AbiValue[])[_up.Accounts["employer"].Address, Wei.FromEther("1000")])]);
        var alert = await AlertAsync("reward-drain");
        var id = await OpenAsync("Rewards drain from the FeePool", "0", "funds-at-risk", alert);
        await LedAsync(id, "funds-at-risk", walker => walker.Before["resume"] = () => ResumeAsync(id, "resume-by-module", "--input", "watch-blocks=1"), "--input", "job=1");
        await ToTheEndAsync(id, null);
    }

    [Fact]
    public async Task The_checklists_of_day_one_and_of_the_economic_levers_are_walked_beside_a_run_at_work()
    {
        await EndsAsync(0, "hgm", "run", "day-one", "--budget", "20000", "--pace", "50ms", "--detach");
        var walker = new RunbookWalker(_up.RunAsync);

        // What 'config lint' says of a workspace that 'up' made: the schemas that its files name are not there yet.
        walker.Before["lint"] = () => EndsAsync(0, "config", "schema", "--out", "config/schemas");
        foreach (var book in Books)
        {
            _ = await walker.WalkAsync(book, null);
        }
    }

    // What the person on call sees first.
    private async Task<string> AlertAsync(string rule)
    {
        string? found = null;
        await Wait.UntilAsync($"the alert {rule}", async () =>
        {
            var list = await _up.RunAsync("alert", "list", "--json");
            found = (string?)list.Json["alerts"]!.AsArray().FirstOrDefault(alert => (string?)alert!["rule"] == rule && (string?)alert["state"] == "firing")?["id"];
            return found is not null;
        });
        var acknowledged = await _up.RunAsync("alert", "ack", found!, "--reason", "I look", "--signer", "guardian");
        Assert.True(acknowledged.Exit == 0, acknowledged.ToString());
        return found!;
    }

    private async Task<string> OpenAsync(string title, string severity, string category, string? alert)
    {
        // Commander and operator are different people, whoever says so.
        string[] opening = ["incident", "open", title, "--severity", severity, "--category", category, "--signer", "guardian", .. alert is null ? (string[])[] : ["--alert", alert]];
        var refused = await _up.RunAsync([.. opening, "--commander", "pauser", "--operator", "pauser"]);
        Assert.True(refused.Exit == 4 && refused.Error.Contains("incident-dual-control", StringComparison.Ordinal), refused.ToString());
        var opened = await EndsAsync(0, opening);
        var id = opened.Lines[0].Split(' ')[^1];
        Assert.StartsWith($"NEXT name a commander: agijobs incident assign {id} commander NAME ", opened.Lines[^1], StringComparison.Ordinal);
        var commanded = await EndsAsync(0, "incident", "assign", id, "commander", "pauser", "--signer", "pauser");
        Assert.StartsWith("NEXT name an operator who is not pauser: ", commanded.Lines[^1], StringComparison.Ordinal);
        var same = await _up.RunAsync("incident", "assign", id, "operator", "pauser", "--signer", "pauser");
        Assert.True(same.Exit == 4 && same.Error.Contains("incident-dual-control", StringComparison.Ordinal), same.ToString());
        var manned = await EndsAsync(0, "incident", "assign", id, "operator", "guardian", "--signer", "pauser");
        Assert.StartsWith($"NEXT confirm: agijobs runbook run {category switch { "vulnerability" => "critical-vulnerability", "other" => "pause", _ => category }} --incident {id} --signer NAME", manned.Lines[^1], StringComparison.Ordinal);
        return id;
    }

    // The operator pauses while the commander takes command, each in a process of their own; then each does what the last line says.
    private async Task LedAsync(string id, string book, Action<RunbookWalker>? with = null, params string[] more)
    {
        var begun = await Task.WhenAll(_up.RunAsync(["runbook", "run", book, "--incident", id, "--signer", "guardian", .. more]), _up.RunAsync(["runbook", "run", book, "--incident", id, "--signer", "pauser", .. more]));
        Assert.All(begun, outcome => Assert.True(outcome.Exit == 3, outcome.ToString()));
        var run = $"{book}-{id}";
        var both = await Task.WhenAll(_up.RunAsync("runbook", "step", run, "pause", "--signer", "guardian", "--execute"), _up.RunAsync("runbook", "step", run, "command", "--signer", "pauser"));
        Assert.All(both, outcome => Assert.True(outcome.Exit == 0, outcome.ToString()));
        var walker = new RunbookWalker(_up.RunAsync) { Refuse = ["operator", "commander", "approver"] };
        with?.Invoke(walker);
        await walker.FollowAsync(book, run, null);
    }

    private async Task ResumeAsync(string id, string book, params string[] more)
    {
        await CloseAlertsAsync();
        _ = await new RunbookWalker(_up.RunAsync) { Refuse = ["operator", "commander"] }.WalkAsync(book, id, more);
    }

    // What an event fired ends by a person's word.
    private async Task CloseAlertsAsync()
    {
        var list = await _up.RunAsync("alert", "list", "--json");
        foreach (var alert in list.Json["alerts"]!.AsArray().Where(alert => (string?)alert!["severity"] is "SEV-0" or "SEV-1" or "SEV-2"))
        {
            _ = await _up.RunAsync("alert", "close", (string)alert!["id"]!, "--reason", "its cause is mended", "--signer", "moderator");
        }
    }

    private async Task ToTheEndAsync(string id, string? resume)
    {
        if (resume is not null)
        {
            await ResumeAsync(id, resume);
        }

        var page = Path.Combine(_up.Folder, "reports", "status", TestNetwork.Network, "index.html");
        Assert.Contains("is over. A review will follow.", await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains($"agijobs runbook run post-incident --incident {id}", (await _up.RunAsync("incident", "show", id)).Lines[^1], StringComparison.Ordinal);

        // Nothing is sent any more, and nobody is in a hurry: without a process for each command.
        var walker = new RunbookWalker(arguments => Agijobs.RunAsync(_up.Folder, arguments)) { Refuse = ["operator", "commander"] };
        walker.Skips["sign-off-security"] = walker.Skips["sign-off-comms"] = "nobody was given this role";
        walker.Skips["attach"] = "everything is there";
        foreach (var (name, value) in ((string, string)[])[("told", "the list stands in the timeline"), ("review-owner", "guardian"), ("follow-up", "a detector for this"), ("follow-up-owner", "moderator"), ("follow-up-due", RunbookWalkTests.NextMonth)])
        {
            walker.Inputs[name] = value;
        }

        walker.Before["written"] = () => RunbookWalkTests.WriteReviewAsync(_up.Folder, id);
        _ = await walker.WalkAsync("post-incident", id);

        // What an attacker sent has no receipt of ours: told, and no mismatch.
        var verified = await _up.RunAsync("incident", "archive", id, "--verify");
        Assert.True(verified.Exit is 0 or 3 && verified.Lines[0].Contains(": verified, ", StringComparison.Ordinal) && !verified.Output.Contains("MISMATCH", StringComparison.Ordinal), verified.ToString());
        var folder = Path.Combine(_up.Folder, "reports", "incidents", id);
        Assert.All((string[])["manifest.json", "events.jsonl", "timeline.md", "review.md", "safe-transactions.json"], file => Assert.True(File.Exists(Path.Combine(folder, file)), file));
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(folder, "traces")));
        Assert.Contains($"| {id} | ", await File.ReadAllTextAsync(Path.Combine(_up.Folder, "reports", "incident-log.md"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.EndsWith($"follow-up F1 of moderator is open until {RunbookWalkTests.NextMonth}", (await _up.RunAsync("incident", "show", id)).Lines[^1], StringComparison.Ordinal);
    }

    private async Task<Outcome> EndsAsync(int exit, params string[] arguments)
    {
        var outcome = await _up.RunAsync(arguments);
        Assert.True(outcome.Exit == exit, $"{string.Join(' ', arguments)}\n{outcome}");
        return outcome;
    }
}
