using AgiJobs.Control.Files;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Runbooks;

/// <summary>The runbooks that ship, against the commands that there really are.</summary>
public sealed class RunbookFilesTests : IDisposable
{
    private static readonly string[] Shipped =
    [
        "critical-vulnerability", "day-one", "economic-levers", "funds-at-risk", "key-compromise", "parameters", "pause", "post-incident", "readiness", "refund-job", "resume", "resume-by-module", "revoke-lock-manager",
        "revoke-orchestrator", "slash",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-runbook-files-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Every_line_of_every_runbook_that_ships_is_a_command_of_this_program()
    {
        var outcome = await Agijobs.RunAsync(_folder, ["runbook", "check", "--json", "--workspace", _folder]);
        Assert.True(outcome.Exit == 0, outcome.ToString());
        Assert.Equal(Shipped, outcome.Json["sound"]!.AsArray().Select(name => (string)name!));
        var list = await Agijobs.RunAsync(_folder, ["runbook", "list", "--workspace", _folder]);
        Assert.Equal(0, list.Exit);
        foreach (var name in Shipped)
        {
            var shown = await Agijobs.RunAsync(_folder, ["runbook", "show", name, "--workspace", _folder]);
            Assert.True(shown.Exit == 0, shown.ToString());
            Assert.Contains("if it fails: ", shown.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_workspace_brings_its_own_and_a_damaged_one_is_told_with_its_place()
    {
        var path = Path.Combine(_folder, "config", "runbooks", "pause.json");
        var shipped = await File.ReadAllTextAsync(Path.Combine(TestNetwork.ShippedConfig, "runbooks", "pause.json"), TestContext.Current.CancellationToken);
        AtomicFile.Write(path, System.Text.Encoding.UTF8.GetBytes(shipped.Replace("owner emergency", "owner emergencies", StringComparison.Ordinal)));
        var outcome = await Agijobs.RunAsync(_folder, ["runbook", "check", "pause", "--json", "--workspace", _folder]);
        Assert.Equal((2, "runbook-format"), (outcome.Exit, (string?)outcome.Json["error"]!["code"]));
        Assert.Contains("$.steps[6].command.line", (string?)outcome.Json["error"]!["message"], StringComparison.Ordinal);
        Assert.Equal(3, (await Agijobs.RunAsync(_folder, ["runbook", "list", "--workspace", _folder])).Exit);
        var unknown = await Agijobs.RunAsync(_folder, ["runbook", "show", "paws", "--json", "--workspace", _folder]);
        Assert.Equal((2, "runbook-unknown"), (unknown.Exit, (string?)unknown.Json["error"]!["code"]));
        AtomicFile.Write(path, System.Text.Encoding.UTF8.GetBytes(shipped.Replace("\"name\": \"pause\"", "\"name\": \"stop\"", StringComparison.Ordinal)));
        Assert.Equal("runbook-name", (string?)(await Agijobs.RunAsync(_folder, ["runbook", "check", "pause", "--json", "--workspace", _folder])).Json["error"]!["code"]);
    }
}
