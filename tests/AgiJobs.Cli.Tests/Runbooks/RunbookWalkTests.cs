using System.Diagnostics;
using System.Text.RegularExpressions;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Runbooks;

/// <summary>Runbooks walked to their end on a real local network, by people with different keys.</summary>
public sealed partial class RunbookWalkTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    // An orchestrator of the local network.
    private const string Lost = "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc";

    /// <summary>A day to come.</summary>
    internal static string NextMonth { get; } = $"{TimeProvider.System.GetUtcNow().AddDays(30):yyyy-MM-dd}";

    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => new(Devnet.IntervalMiningAsync(0));

    /// <summary>The runbooks that are walked here; those that need an arena at work are walked on <c>agijobs up</c>.</summary>
    public static TheoryData<string> Books => [.. Directory.EnumerateFiles(Path.Combine(TestNetwork.ShippedConfig, "runbooks"), "*.json").Select(path => Path.GetFileNameWithoutExtension(path)).Except(Incidents.PlaybookTests.Books, StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    [Fact]
    public async Task Pause_is_walked_by_two_people_in_two_processes_with_different_keys()
    {
        // The pause waits for no paperwork: the incident is opened while it is sent.
        var id = $"{TimeProvider.System.GetUtcNow():yyyy-MM-dd}-rewards-drain";
        var run = $"pause-{id}";
        var begun = await Task.WhenAll(RealAsync("runbook", "run", "pause", "--incident", id, "--signer", "guardian"), RealAsync("runbook", "run", "pause", "--incident", id, "--signer", "pauser"));
        Assert.All(begun, outcome =>
        {
            Assert.True(outcome.Exit == 3, outcome.ToString());
            Assert.Contains($"run {run}", outcome.Lines[0], StringComparison.Ordinal);
            Assert.Contains(outcome.Lines, line => line.StartsWith($"FINDING there is no incident {id}", StringComparison.Ordinal));
        });
        var both = await Task.WhenAll(
            RealAsync("runbook", "step", run, "pause", "--signer", "guardian", "--execute"),
            RealAsync("incident", "open", "Rewards drain", "--name", id, "--severity", "1", "--commander", "pauser", "--operator", "guardian", "--signer", "pauser"));
        Assert.All(both, outcome => Assert.True(outcome.Exit == 0, outcome.ToString()));
        Assert.True(await Devnet.IsPausedAsync());

        // Each is led to what they may do, and the line has their own name.
        Assert.StartsWith($"NEXT: agijobs runbook step {run} command --signer pauser    (commander pauser, ", (await RealAsync("runbook", "status", run, "--signer", "pauser")).Lines[^1], StringComparison.Ordinal);
        Assert.StartsWith($"NEXT: agijobs runbook step {run} confirm-paused --signer guardian    (operator guardian, ", (await RealAsync("runbook", "status", run, "--signer", "guardian")).Lines[^1], StringComparison.Ordinal);
        var walker = new RunbookWalker(RealAsync) { Refuse = ["operator", "commander"] };
        await walker.FollowAsync("pause", run, null);
        Assert.Contains("command", walker.Done);
        var status = (await Devnet.RunAsync("runbook", "status", run, "--json")).Json;
        Assert.True((bool)status["complete"]!);
        Assert.Empty(status["findings"]!.AsArray());
        var pause = status["steps"]!.AsArray().Single(step => (string?)step!["id"] == "pause")!;
        var hash = Assert.Single(pause["transactions"]!.AsArray());
        Assert.True(File.Exists(Devnet.Workspace.Locate("storage", "receipts", TestNetwork.Network, $"{(string)hash!}.json")));
        Assert.StartsWith("NEXT remediate: agijobs runbook run resume ", (await RealAsync("incident", "show", id)).Lines[^1], StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Books))]
    public async Task Every_runbook_is_walked_to_its_end_with_the_commands_that_its_last_line_names(string book)
    {
        var shipped = await File.ReadAllTextAsync(Path.Combine(TestNetwork.ShippedConfig, "runbooks", $"{book}.json"), TestContext.Current.CancellationToken);
        var takesIncident = shipped.Contains("\"from\": \"incident\"", StringComparison.Ordinal);

        // Without an incident nobody is its commander, and whoever has the duty may do a step.
        var walker = new RunbookWalker(arguments => Devnet.RunAsync(arguments)) { Refuse = takesIncident ? ["operator", "commander", "security", "communications", "finance", "author", "approver"] : [] };
        var more = await StageAsync(book, walker);
        var incident = takesIncident ? await OpenAsync(book) : null;

        // A resume by module watches blocks as they come.
        await Devnet.IntervalMiningAsync(1);
        if (book is "resume" or "resume-by-module")
        {
            await EndsAsync(0, "owner", "system-pause", "--action", "pause", "--signer", "guardian", "--instance", incident!, "--execute");
        }

        if (book is "post-incident")
        {
            await AftermathAsync(incident!, walker);
        }

        if (book is "critical-vulnerability" or "funds-at-risk")
        {
            // Its last step sees that everything runs again, which another runbook sees to.
            walker.Before["resume"] = async () => await new RunbookWalker(arguments => Devnet.RunAsync(arguments)).WalkAsync(book is "funds-at-risk" ? "resume-by-module" : "resume", incident, book is "funds-at-risk" ? ["--input", "watch-blocks=1"] : []);
        }

        var run = await walker.WalkAsync(book, incident, more);
        var status = await EndsAsync(0, "runbook", "status", run);
        Assert.True((bool)status.Json["complete"]!);
        Assert.Empty(status.Json["findings"]!.AsArray());
        await SeenAsync(book, incident);
    }

    // What a runbook is about, and what people have to say in it.
    private async Task<string[]> StageAsync(string book, RunbookWalker walker)
    {
        string[] Given(params string[] inputs) => [.. inputs.SelectMany(input => (string[])["--input", input])];
        switch (book)
        {
            case "critical-vulnerability":
                walker.Inputs["contained"] = "everything is paused";
                return Given("module=RewardEngine", $"artifact={Path.Combine(AgiJobs.Deployment.ContractArtefact.Shipped, "RewardEngine.json")}");
            case "funds-at-risk" or "refund-job":
                return Given("job=1");
            case "key-compromise":
                return Given($"lost-key={Lost}");
            case "parameters":
                return Given("value=FeePool.burnPct=3%");
            case "post-incident" or "pause" or "resume":
                return [];
            case "readiness":
                await EndsAsync(0, "ci", "owner-authority", "--write");
                await EndsAsync(0, "owner", "armory", "add", "--authorization", "--valid-until", "90d", "--signer", "guardian");
                return [];
            case "resume-by-module":
                return Given("watch-blocks=1");
            case "revoke-orchestrator":
                return Given($"old={Lost}", $"new={Devnet.Accounts["agent-3"].Address}");
            case "revoke-lock-manager":
                var old = Devnet.Accounts["agent-2"].Address;
                await Devnet.CallAsAsync(Devnet.Safe, "StakeManager", "setValidatorLockManager", old, true);
                return Given($"old={old}", $"new={Devnet.Accounts["agent-3"].Address}");
            case "slash":
                return Given($"validator={Devnet.Accounts["validator-1"].Address}");
            default:
                throw new InvalidOperationException($"Nobody has said how the runbook '{book}' is walked.");
        }
    }

    // An incident that is over but for its aftermath.
    private async Task AftermathAsync(string incident, RunbookWalker walker)
    {
        foreach (var (step, signer) in ((string, string)[])[("confirm", "moderator"), ("stabilize", "guardian"), ("communicate", "platform"), ("remediate", "guardian")])
        {
            await EndsAsync(0, "incident", "step", incident, step, "--note", "done", "--signer", signer);
        }

        walker.Skips["sign-off-security"] = walker.Skips["sign-off-comms"] = "nobody was given this role";
        await File.WriteAllTextAsync(Path.Combine(Devnet.Folder, "node.log"), "what the node said", TestContext.Current.CancellationToken);
        foreach (var (name, value) in ((string, string)[])[("told", "no role and no parameter changed"), ("review-owner", "guardian"), ("follow-up", "a detector for this"), ("follow-up-owner", "moderator"), ("follow-up-due", NextMonth), ("file", "node.log")])
        {
            walker.Inputs[name] = value;
        }

        walker.Before["written"] = () => WriteReviewAsync(Devnet.Folder, incident);
    }

    /// <summary>Writes what is blank in the review of an incident.</summary>
    internal static async Task WriteReviewAsync(string folder, string incident)
    {
        var path = Path.Combine(folder, "reports", "incidents", incident, "review.md");
        await File.WriteAllLinesAsync(path, (await File.ReadAllLinesAsync(path)).Select(line => line.StartsWith("[TO BE WRITTEN", StringComparison.Ordinal) ? "written by its owner" : line));
    }

    // What is so when it has been walked.
    private async Task SeenAsync(string book, string? incident)
    {
        switch (book)
        {
            case "pause" or "key-compromise":
                Assert.True(await Devnet.IsPausedAsync());
                break;
            case "resume" or "resume-by-module" or "funds-at-risk":
                Assert.True(await Devnet.IsPausedAsync(false));
                break;
            case "post-incident":
                Assert.Equal("closed", (string?)(await EndsAsync(0, "incident", "show", incident!)).Json["phase"]);
                await EndsAsync(0, "incident", "archive", incident!, "--verify");
                break;
            case "revoke-orchestrator":
                Assert.DoesNotContain(Lost, (await Devnet.RunAsync("owner", "doctor", "--json")).Json["holders"]?.ToJsonString() ?? "", StringComparison.OrdinalIgnoreCase);
                break;
        }

        if (book is "key-compromise")
        {
            Assert.DoesNotContain(Lost, (await Devnet.RunAsync("owner", "doctor", "--json")).Json["holders"]?.ToJsonString() ?? "", StringComparison.OrdinalIgnoreCase);
        }
    }

    private async Task<string> OpenAsync(string title) =>
        (string)(await EndsAsync(0, "incident", "open", $"walk {title}", "--severity", "1", "--commander", "pauser", "--operator", "guardian", "--signer", "pauser")).Json["id"]!;

    [Fact]
    public async Task A_process_that_is_killed_in_the_pause_leaves_a_run_that_goes_on()
    {
        await EndsAsync(3, "runbook", "run", "pause", "--incident", "INC-7");
        await Devnet.AutomineAsync(false);
        using (var process = Agijobs.Start(Devnet.Folder, ["runbook", "step", "pause-INC-7", "pause", "--signer", "guardian", "--execute"]))
        {
            await Wait.UntilAsync("the pause is sent", async () => await Devnet.PendingNonceAsync("guardian") > await Devnet.NonceAsync("guardian"));
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        var nonce = await Devnet.PendingNonceAsync("guardian");
        await Devnet.AutomineAsync(true);
        await Devnet.MineAsync();
        await EndsAsync(0, "runbook", "step", "pause-INC-7", "pause", "--signer", "guardian", "--execute");
        Assert.Equal(nonce, await Devnet.PendingNonceAsync("guardian"));
        Assert.True(await Devnet.IsPausedAsync());
    }

    [Fact]
    public async Task On_a_terminal_of_80_by_24_no_line_is_longer_and_the_last_one_is_the_next_action()
    {
        // Three keys for what sends: p tries it, x and y send it.
        var start = new ProcessStartInfo("/usr/bin/script") { WorkingDirectory = Devnet.Folder, UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var argument in (string[])["-qec", $"stty rows 24 cols 80; exec {Agijobs.Program} runbook run pause --incident INC-7 --signer guardian", "/dev/null"])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["AGIJOBS_HOME"] = Toolchain.RepositoryRoot;
        start.Environment["AGIJOBS_CONFIG_HOME"] = TestNetwork.UserFolderOf(Devnet.Folder);
        start.Environment["TERM"] = "xterm";
        using var process = Process.Start(start)!;
        var seen = new System.Text.StringBuilder();
        foreach (var (until, keys) in ((string, string)[])[("NEXT pause ", "p"), ("NOTHING WAS SENT", "x"), ("SEND pause? y sends", "y"), ("pause done: ", "z"), ("'z' does nothing here", "q")])
        {
            var from = seen.Length;
            var buffer = new char[4096];
            while (!seen.ToString(from, seen.Length - from).Contains(until, StringComparison.Ordinal))
            {
                var read = await process.StandardOutput.ReadAsync(buffer, TestContext.Current.CancellationToken);
                Assert.True(read > 0, $"'{until}' was not shown:\n{seen}");
                seen.Append(buffer, 0, read);
            }

            await process.StandardInput.WriteAsync(keys);
            await process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        }

        process.StandardInput.Close();
        seen.Append(await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(3, process.ExitCode);
        Assert.True(await Devnet.IsPausedAsync());
        var screens = seen.ToString().Split("\u001b[2J\u001b[H").Skip(1).Select(screen => Escape().Replace(screen, "").Replace("\r", "", StringComparison.Ordinal)).ToList();
        Assert.True(screens.Count >= 4, $"{screens.Count} screens");
        foreach (var screen in screens)
        {
            var lines = screen.Split('\n');
            var next = Array.FindIndex(lines, line => line.StartsWith("NEXT ", StringComparison.Ordinal));
            Assert.True(next is > 5 and < 24, screen);
            Assert.All(lines, line => Assert.InRange(line.Length, 0, 80));
        }
    }

    private Task<Outcome> RealAsync(params string[] arguments) => Agijobs.RunRealAsync(Devnet.Folder, arguments);

    private async Task<Outcome> EndsAsync(int exit, params string[] arguments)
    {
        var outcome = await Devnet.RunAsync([.. arguments, "--json"]);
        Assert.True(outcome.Exit == exit, $"{string.Join(' ', arguments)}\n{outcome}");
        return outcome;
    }

    [GeneratedRegex("\u001b(\\[[0-9;?]*[a-zA-Z]|[=>])", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Escape();
}
