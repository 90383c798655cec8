using System.Text.Json.Nodes;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Drills;

/// <summary><c>drill run --change ID</c> by the real program: a filed change on a fork of its network's node.</summary>
public sealed class ChangeDrillTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_change_is_signed_executed_verified_and_taken_back_with_faults_on_the_way_and_nothing_live_is_touched()
    {
        var planned = await Devnet.RunAsync("owner", "set", "FeePool.burnPct=3%", "--json");
        var id = (string)planned.Json["change"]!;
        var block = await Devnet.Client.BlockNumberAsync();
        var folder = Devnet.Workspace.Locate("storage", "changes", id);
        var before = TestNetwork.TreeOf(folder);
        var outcome = await Agijobs.RunRealAsync(Devnet.Folder, ["drill", "run", "--change", id, "--json"]);
        Assert.True(outcome.Exit == 0, outcome.ToString());
        Assert.Equal(("agijobs.incident-drill/1", true, TestNetwork.Network), ((string?)outcome.Json["schema"], (bool)outcome.Json["held"]!, (string?)outcome.Json["network"]));
        Assert.Equal(5, outcome.Json["faults"]!.AsArray().Count);
        Assert.All(outcome.Json["faults"]!.AsArray(), fault => Assert.True((bool)fault!["noticed"]!));
        Assert.Contains(outcome.Json["claims"]!.AsArray(), claim => (string?)claim!["part"] == "Back");

        // What is live is as it was, and the change waits for its real signatures.
        Assert.Equal(block, await Devnet.Client.BlockNumberAsync());
        Assert.Equal(before, TestNetwork.TreeOf(folder));
        var log = await File.ReadAllTextAsync(Path.Combine(Devnet.Folder, "reports", "incident-tabletop.md"), TestContext.Current.CancellationToken);
        Assert.Contains($"UTC: change {id}\n\nHELD: ", log, StringComparison.Ordinal);
        var evidence = (string)outcome.Json["evidence"]!;
        Assert.StartsWith(Path.Combine(Devnet.Folder, "reports", "incidents"), evidence, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(evidence, "report.md")));
        Assert.True(new FileInfo(Path.Combine(evidence, "evidence.tar")).Length > 0);
    }

    [Fact]
    public async Task What_cannot_be_rehearsed_is_refused_with_the_reason()
    {
        await RefusedAsync(2, "drill-which");
        await RefusedAsync(2, "drill-which", "pause", "--change", "1234");
        await RefusedAsync(2, "change-unknown", "--change", "2020-01-01-none-00000000");
        var pause = (string)(await Devnet.RunAsync("owner", "system-pause", "--action", "pause", "--instance", "not-sent", "--signer", "guardian", "--json")).Json["change"]!;
        await WithoutAsync(Devnet.Workspace.NetworkSignersPath(TestNetwork.Network), "signers", (_, signer) => (string?)signer["name"] == "guardian", () => RefusedAsync(4, "drill-caller", "--change", pause));
        var paused = await Devnet.RunAsync("owner", "system-pause", "--action", "pause", "--signer", "guardian", "--execute", "--json");
        await RefusedAsync(4, "drill-change-executed", "--change", (string)paused.Json["change"]!);
        var planned = await Devnet.RunAsync("owner", "set", "FeePool.burnPct=4%", "--json");
        var change = (string)planned.Json["change"]!;
        var people = Devnet.Workspace.NetworkOperatorsPath(TestNetwork.Network);
        await WithoutAsync(people, "people", (index, person) => Has(person, "approver") && index > 1, () => RefusedAsync(4, "drill-people", "--change", change));
        await WithoutAsync(people, "people", (index, person) => Has(person, "executor") && index > 2, () => RefusedAsync(4, "drill-people", "--change", change));
        Devnet.PointAt("http://127.0.0.1:1");
        var dead = await Agijobs.RunAsync(Devnet.Folder, ["drill", "run", "--change", change, "--json"], Agijobs.Impatient);
        Assert.True(dead.Exit == 5, dead.ToString());
    }

    private static bool Has(JsonNode person, string duty) => person["duties"]!.AsArray().Any(own => (string?)own == duty);

    // Takes entries out of a file of the workspace for as long as something is tried.
    private static async Task WithoutAsync(string path, string list, Func<int, JsonNode, bool> which, Func<Task> attempt)
    {
        var text = await File.ReadAllTextAsync(path);
        var file = JsonNode.Parse(text)!;
        var entries = file[list]!.AsArray();
        foreach (var entry in entries.Where((entry, index) => which(index, entry!)).ToList())
        {
            entries.Remove(entry);
        }

        await File.WriteAllTextAsync(path, file.ToJsonString());
        await attempt();
        await File.WriteAllTextAsync(path, text);
    }

    private async Task RefusedAsync(int exit, string code, params string[] arguments)
    {
        var outcome = await Devnet.RunAsync(["drill", "run", .. arguments, "--json"]);
        Assert.True((outcome.Exit, (string?)outcome.Json["error"]?["code"]) == (exit, code), outcome.ToString());
    }
}
