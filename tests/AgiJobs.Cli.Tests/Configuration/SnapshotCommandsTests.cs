using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Configuration;

public sealed class SnapshotCommandsTests : IDisposable
{
    private readonly ConfigurationGround _ground = new();

    [Fact]
    public async Task A_snapshot_is_kept_listed_previewed_and_restored_and_each_is_in_the_log()
    {
        var taken = await _ground.RunAsync("config", "snapshot", "--note", "as delivered", "--json");
        Assert.True(taken.Exit == 0, taken.ToString());
        var id = (string)taken.Json["snapshot"]!;
        Assert.Equal("as delivered", (string?)(await _ground.RunAsync("config", "snapshot", "--list", "--json")).Json["snapshots"]![0]!["note"]);

        var before = TestNetwork.TreeOf(Path.Combine(_ground.Folder, "config"));
        await File.AppendAllTextAsync(_ground.PathOf("config/networks/main.json"), "\n");
        var edited = TestNetwork.TreeOf(Path.Combine(_ground.Folder, "config"));
        var preview = await _ground.RunAsync("config", "restore", "--snapshot", id);
        Assert.Equal(3, preview.Exit);
        Assert.Equal(("NOTHING WAS SENT - add --execute", "NOTHING WAS SENT - add --execute"), (preview.Lines[0], preview.Lines[^1]));
        Assert.Contains("agijobs owner update-all", preview.Output, StringComparison.Ordinal);
        Assert.Contains("network main, chain 1", preview.Output, StringComparison.Ordinal);
        Assert.Equal(edited, TestNetwork.TreeOf(Path.Combine(_ground.Folder, "config")));

        var restored = await _ground.RunAsync("config", "restore", "--snapshot", id, "--execute", "--json");
        Assert.True(restored.Exit == 0, restored.ToString());
        Assert.Equal(before, TestNetwork.TreeOf(Path.Combine(_ground.Folder, "config")));
        Assert.Equal(0, (await _ground.RunAsync("config", "restore", "--snapshot", id)).Exit);
        Assert.Equal(0, (await _ground.RunAsync("config", "restore", "--snapshot", (string)restored.Json["before"]!, "--execute")).Exit);
        Assert.Equal(edited, TestNetwork.TreeOf(Path.Combine(_ground.Folder, "config")));

        var log = await _ground.RunAsync("evidence", "log", "--network", "main", "--json");
        Assert.Equal(1, Count(log.Output, "config.snapshot"));
        Assert.Equal(2, Count(log.Output, "config.restored"));
    }

    [Fact]
    public async Task A_tampered_snapshot_ends_with_6_and_writes_nothing()
    {
        var id = (string)(await _ground.RunAsync("config", "snapshot", "--json")).Json["snapshot"]!;
        await File.AppendAllTextAsync(_ground.PathOf($"storage/snapshots/{id}/files/config/networks/main.json"), " ");
        await File.AppendAllTextAsync(_ground.PathOf("config/networks/main.json"), "\n");
        var before = TestNetwork.TreeOf(_ground.Folder);
        var refused = await _ground.RunAsync("config", "restore", "--snapshot", id, "--execute", "--json");
        Assert.Equal((6, "snapshot-damaged"), (refused.Exit, (string?)refused.Json["error"]!["code"]));
        Assert.Equal(before, TestNetwork.TreeOf(_ground.Folder));
        Assert.Equal(6, (await _ground.RunAsync("config", "snapshot", "--list")).Exit);
    }

    [Fact]
    public async Task An_unknown_snapshot_and_both_flags_are_bad_input()
    {
        Assert.Equal("snapshot-unknown", (string?)(await _ground.RunAsync("config", "restore", "--snapshot", "20260101T000000Z-00000000", "--json")).Json["error"]!["code"]);
        var id = (string)(await _ground.RunAsync("config", "snapshot", "--json")).Json["snapshot"]!;
        Assert.Equal("dry-run-and-execute", (string?)(await _ground.RunAsync("config", "restore", "--snapshot", id, "--dry-run", "--execute", "--json")).Json["error"]!["code"]);
    }

    [Fact]
    public async Task A_restore_that_cannot_be_finished_holds_up_everything_but_what_may_be_a_pause()
    {
        await File.WriteAllTextAsync(Path.Combine(Directory.CreateDirectory(_ground.PathOf("storage/snapshots")).FullName, "restore.json"), """{"version": 1, "snapshot": "gone", "before": "gone-too", "paths": ["config/networks/main.json"]}""");
        var refused = await _ground.RunAsync("config", "snapshot", "--json");
        Assert.Equal((6, "restore-unfinished"), (refused.Exit, (string?)refused.Json["error"]!["code"]));
        var pause = await _ground.RunAsync("owner", "system-pause", "--action", "pause", "--json");
        Assert.Contains("restore-unfinished", pause.Error, StringComparison.Ordinal);
        Assert.NotEqual("restore-unfinished", (string?)pause.Json["error"]?["code"]);
    }

    public void Dispose() => _ground.Dispose();

    private static int Count(string text, string part) => text.Split($"\"{part}\"").Length - 1;
}
