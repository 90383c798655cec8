using System.Text.Json.Nodes;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Backups;

public sealed class BackupCommandsTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private readonly string _elsewhere = Directory.CreateTempSubdirectory("agijobs-backup-").FullName;

    private TestNetwork Devnet => fixture.Devnet;

    private string Backups => Devnet.Workspace.Locate("storage", "backups");

    public async ValueTask InitializeAsync() => await Devnet.FreshAsync();

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_elsewhere, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_local_network_has_a_backup_from_its_start()
    {
        var list = await Devnet.RunAsync("backup", "list", "--json");
        Assert.True(list.Exit == 0, list.ToString());
        Assert.True((bool)list.Json["backups"]!.AsArray().Single()!["full"]!);
    }

    [Fact]
    public async Task A_backup_holds_the_state_at_one_block_verifies_and_comes_back()
    {
        var created = await Devnet.RunAsync("backup", "create", "--json");
        Assert.True(created.Exit == 0, created.ToString());
        var (id, folder) = ((string)created.Json["backup"]!, (string)created.Json["folder"]!);
        var state = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "state.json")))!;
        var observed = await Devnet.ObserveAsync();
        Assert.Equal(observed.Block.Value, (ulong)state["block"]!);
        Assert.Equal("false", (string?)state["modules"]!["FeePool"]!["paused"]);
        Assert.Equal(2, (int)state["accounts"]![Devnet.Safe.ToString()]!["threshold"]!);
        Assert.Contains("bps", (string)state["parameters"]!["StakeManager.feePct"]! + " bps", StringComparison.Ordinal);
        Assert.Equal(0, (await Devnet.RunAsync("backup", "verify", id)).Exit);

        var target = Path.Combine(_elsewhere, "back");
        Assert.Equal(0, (await Devnet.RunAsync("backup", "restore", id, "--to", target)).Exit);
        Assert.Equal(0, (await Agijobs.RunAsync(target, ["config", "lint"])).Exit);
        Assert.Equal("backup-target", (string?)(await Devnet.RunAsync("backup", "restore", id, "--to", Devnet.Folder, "--json")).Json["error"]!["code"]);

        await File.AppendAllTextAsync(Path.Combine(folder, "state.json"), " ");
        var damaged = await Devnet.RunAsync("backup", "verify", id, "--json");
        Assert.Equal((6, "backup-damaged"), (damaged.Exit, (string?)damaged.Json["error"]!["code"]));
        Assert.Equal(6, (await Devnet.RunAsync("backup", "list")).Exit);
    }

    [Fact]
    public async Task A_chain_that_cannot_be_read_makes_no_full_backup()
    {
        Directory.Delete(Backups, recursive: true);
        Devnet.PointAt("http://127.0.0.1:9");
        var unknown = await Agijobs.RunAsync(Devnet.Folder, ["backup", "create", "--json"], Agijobs.Impatient);
        Assert.Equal((5, false), (unknown.Exit, (bool)unknown.Json["full"]!));
        var offline = await Agijobs.RunAsync(Devnet.Folder, ["backup", "create", "--offline"], Agijobs.Impatient);
        Assert.Equal(0, offline.Exit);
        Assert.Contains("unknown: it was left out", offline.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_backup_a_resume_is_held_back_and_a_pause_goes_through()
    {
        Directory.Delete(Backups, recursive: true);
        var pause = await Devnet.RunAsync("owner", "system-pause", "--action", "pause", "--signer", "guardian", "--execute");
        Assert.True(pause.Exit == 0, pause.ToString());
        Assert.Contains("backup-missing", pause.Error, StringComparison.Ordinal);

        var resume = await Devnet.RunAsync("owner", "system-pause", "--action", "unpause", "--signer", "safe-owner-1", "--signer", "safe-owner-2", "--execute", "--json");
        Assert.Equal(4, resume.Exit);
        Assert.Contains("agijobs backup create --network local", resume.Output, StringComparison.Ordinal);
        Assert.True(await Devnet.IsPausedAsync());
    }
}
