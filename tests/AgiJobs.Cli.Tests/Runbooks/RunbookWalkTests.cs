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

    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Pause_is_walked_by_two_people_in_two_processes_with_different_keys()
    {
        // Both type the same, at the same time.
        var begun = await Task.WhenAll(RealAsync("run", "pause", "--incident", "INC-7", "--signer", "guardian"), RealAsync("run", "pause", "--incident", "INC-7", "--signer", "pauser"));
        Assert.All(begun, outcome => Assert.Equal((3, "pause-INC-7"), (outcome.Exit, (string?)outcome.Json["run"])));
        var both = await Task.WhenAll(RealAsync("step", "pause-INC-7", "pause", "--signer", "guardian", "--execute"), RealAsync("approve", "pause-INC-7", "command", "--signer", "pauser"));
        Assert.All(both, outcome => Assert.True(outcome.Exit == 0, outcome.ToString()));
        Assert.True(await Devnet.IsPausedAsync());
        await RefusedAsync("dual-control", "step", "pause-INC-7", "bundle", "--signer", "pauser");
        foreach (var (exit, arguments) in ((int, string[])[])
        [
            (0, ["step", "pause-INC-7", "confirm-paused"]),
            (0, ["step", "pause-INC-7", "bundle", "--signer", "guardian"]),
            (0, ["step", "pause-INC-7", "verify-pause"]),
            (0, ["step", "pause-INC-7", "freeze"]),
            (0, ["done", "pause-INC-7", "notify", "--note", "bridge paged; status page says paused", "--signer", "platform"]),
            (0, ["skip", "pause-INC-7", "silence", "--reason", "no monitor here", "--signer", "moderator"]),
        ])
        {
            await EndsAsync(exit, arguments);
        }

        var run = (await EndsAsync(0, "status", "pause-INC-7")).Json;
        Assert.True((bool)run["complete"]!);
        Assert.Empty(run["findings"]!.AsArray());
        var pause = run["steps"]!.AsArray().Single(step => (string?)step!["id"] == "pause")!;
        var hash = Assert.Single(pause["transactions"]!.AsArray());
        Assert.True(File.Exists(Devnet.Workspace.Locate("storage", "receipts", TestNetwork.Network, $"{(string)hash!}.json")));
    }

    [Fact]
    public async Task A_compromised_key_is_left_with_nothing()
    {
        const string Run = "key-compromise-INC-8";
        await EndsAsync(3, "run", "key-compromise", "--incident", "INC-8", "--input", $"lost-key={Lost}");
        await EndsAsync(0, "step", Run, "pause", "--signer", "guardian", "--execute");
        await EndsAsync(0, "approve", Run, "command", "--signer", "pauser");
        await EndsAsync(0, "step", Run, "confirm-paused");
        await EndsAsync(0, "step", Run, "who");
        await EndsAsync(0, "step", Run, "plan", "--signer", "guardian");
        await EndsAsync(0, "step", Run, "after");
        await EndsAsync(0, "step", Run, "safe-file", "--signer", "guardian");
        await EndsAsync(0, "step", Run, "author", "--signer", "deployer");
        await EndsAsync(0, "step", Run, "owner-1", "--signer", "safe-owner-1");
        await RefusedAsync("person-twice", "step", Run, "owner-2", "--signer", "safe-owner-1");
        await RefusedAsync("step-needs", "step", Run, "send", "--signer", "relayer", "--execute");
        await EndsAsync(0, "step", Run, "owner-2", "--signer", "safe-owner-2");
        await EndsAsync(3, "step", Run, "send", "--signer", "relayer");
        await EndsAsync(0, "step", Run, "send", "--signer", "relayer", "--execute");
        foreach (string[] step in (string[][])[["step", Run, "verify"], ["step", Run, "residual"], ["approve", Run, "control-1", "--signer", "moderator"], ["approve", Run, "control-2", "--signer", "safe-owner-3"], ["step", Run, "roles", "--signer", "guardian"], ["step", Run, "matrix", "--signer", "guardian"], ["done", Run, "credentials", "--note", "all of them", "--signer", "moderator"], ["done", Run, "disclose", "--note", "status page", "--signer", "platform"], ["skip", Run, "legal", "--reason", "local", "--signer", "pauser"]])
        {
            await EndsAsync(0, step);
        }

        Assert.True((bool)(await EndsAsync(0, "status", Run)).Json["complete"]!);
        Assert.DoesNotContain(Lost, (await Devnet.RunAsync("owner", "doctor", "--json")).Json["holders"]?.ToJsonString() ?? "", StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Funds_at_risk_are_listed_and_given_back_while_everything_stands_still()
    {
        const string Run = "funds-at-risk-INC-9";
        await EndsAsync(3, "run", "funds-at-risk", "--incident", "INC-9");
        await EndsAsync(0, "step", Run, "pause", "--signer", "guardian", "--execute");
        await EndsAsync(0, "approve", Run, "command", "--signer", "pauser");
        foreach (var check in (string[])["confirm-paused", "escrows", "locks", "disputes"])
        {
            await EndsAsync(0, "step", Run, check);
        }

        await RefusedAsync("input-missing", "step", Run, "plan", "--signer", "guardian");
        await EndsAsync(0, "step", Run, "plan", "--signer", "guardian", "--input", "job=1");
        await EndsAsync(0, "step", Run, "read");
        await EndsAsync(0, "step", Run, "author", "--signer", "deployer");
        await EndsAsync(0, "step", Run, "owner-1", "--signer", "safe-owner-1");
        await EndsAsync(0, "step", Run, "owner-2", "--signer", "safe-owner-2");
        await EndsAsync(0, "step", Run, "send", "--signer", "relayer", "--execute");
        await EndsAsync(0, "step", Run, "verify");
        await EndsAsync(0, "skip", Run, "other-jobs", "--reason", "one job", "--signer", "guardian");
        await EndsAsync(0, "skip", Run, "moderators", "--reason", "none open", "--signer", "moderator");
        await EndsAsync(0, "step", Run, "sums");
        await EndsAsync(0, "done", Run, "resume", "--note", "resume-by-module-INC-9", "--signer", "pauser");
        Assert.True((bool)(await EndsAsync(0, "status", Run)).Json["complete"]!);
    }

    [Fact]
    public async Task A_process_that_is_killed_in_the_pause_leaves_a_run_that_goes_on()
    {
        await EndsAsync(3, "run", "pause", "--incident", "INC-7");
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
        await EndsAsync(0, "step", "pause-INC-7", "pause", "--signer", "guardian", "--execute");
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

    private Task<Outcome> RealAsync(params string[] arguments) => Agijobs.RunRealAsync(Devnet.Folder, ["runbook", .. arguments, "--json"]);

    private async Task<Outcome> EndsAsync(int exit, params string[] arguments)
    {
        var outcome = await Devnet.RunAsync(["runbook", .. arguments, "--json"]);
        Assert.True(outcome.Exit == exit, $"{string.Join(' ', arguments)}\n{outcome}");
        return outcome;
    }

    private async Task RefusedAsync(string code, params string[] arguments)
    {
        var outcome = await Devnet.RunAsync(["runbook", .. arguments, "--json"]);
        Assert.Equal(code, (string?)outcome.Json["error"]?["code"]);
    }

    [GeneratedRegex("\u001b(\\[[0-9;?]*[a-zA-Z]|[=>])", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Escape();
}
