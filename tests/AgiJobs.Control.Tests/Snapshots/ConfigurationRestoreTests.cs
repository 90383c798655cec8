using AgiJobs.Control.Snapshots;
using AgiJobs.Testing;

namespace AgiJobs.Control.Tests.Snapshots;

public sealed class ConfigurationRestoreTests : IDisposable
{
    private readonly SnapshotGround _ground = new();

    [Fact]
    public async Task A_plan_names_each_file_with_its_lines_and_writes_nothing()
    {
        var snapshot = await _ground.TakeAsync();
        _ground.Edit();
        var edited = _ground.Configuration;
        var plan = _ground.Restore().Plan(snapshot);
        Assert.Equal(
            [("config/fees.local.json", FileChangeKind.Removed), ("config/networks/local.json", FileChangeKind.Changed), ("config/signers.json", FileChangeKind.Added)],
            plan.Select(change => (change.Path, change.Kind)));
        Assert.Equal(["@@ line 1 @@", " one", "-2", "+two", " three"], plan[1].Lines());
        Assert.Equal(edited, _ground.Configuration);
    }

    [Fact]
    public async Task A_restore_brings_everything_back_and_keeps_what_was_there()
    {
        var original = _ground.Configuration;
        var snapshot = await _ground.TakeAsync();
        _ground.Edit();
        var edited = _ground.Configuration;
        var outcome = await _ground.Restore().ExecuteAsync(snapshot.Id, CancellationToken.None);
        Assert.Equal(original, _ground.Configuration);
        Assert.Equal(3, outcome.Paths.Count);
        Assert.True(File.Exists(Path.Combine(_ground.Root, "monitoring/runbooks/2026-03-01-x.md")));

        _ = await _ground.Restore().ExecuteAsync(outcome.Before!, CancellationToken.None);
        Assert.Equal(edited, _ground.Configuration);
    }

    [Fact]
    public async Task A_restore_of_what_is_there_already_does_nothing()
    {
        var snapshot = await _ground.TakeAsync();
        var outcome = await _ground.Restore().ExecuteAsync(snapshot.Id, CancellationToken.None);
        Assert.Empty(outcome.Paths);
        Assert.Single(_ground.Store.List());
    }

    [Fact]
    public async Task A_damaged_snapshot_writes_nothing()
    {
        var snapshot = await _ground.TakeAsync();
        _ground.Edit();
        var edited = _ground.Configuration;
        File.Delete(Path.Combine(_ground.Store.FolderOf(snapshot.Id), "files/config/signers.json"));
        Assert.Equal("snapshot-damaged", (await Assert.ThrowsAsync<ControlException>(() => _ground.Restore().ExecuteAsync(snapshot.Id, CancellationToken.None))).Code);
        Assert.Equal(edited, _ground.Configuration);
        Assert.Single(_ground.Store.List());
    }

    [Fact]
    public async Task Killed_at_any_point_the_next_command_finds_the_old_state_or_the_new_one()
    {
        var original = _ground.Configuration;
        var snapshot = await _ground.TakeAsync();
        _ground.Edit();
        var edited = _ground.Configuration;
        var (undone, done) = (0, 0);
        for (var at = 0; ; at++)
        {
            // A snapshot of its own for each run.
            _ground.Time.Advance(TimeSpan.FromMinutes(1));
            try
            {
                _ = await _ground.Restore(at).ExecuteAsync(snapshot.Id, CancellationToken.None);
                break;
            }
            catch (KilledException)
            {
                _ = await _ground.Restore().FinishPendingAsync(CancellationToken.None);
                Assert.False(ConfigurationRestore.IsPending(_ground.Workspace));
                var now = _ground.Configuration;
                if (now.Count == original.Count && now.All(file => original.TryGetValue(file.Key, out var was) && string.Equals(was, file.Value, StringComparison.Ordinal)))
                {
                    done++;
                    _ground.Edit();
                }
                else
                {
                    undone++;
                    Assert.Equal(edited, now);
                }
            }
        }

        Assert.Equal(original, _ground.Configuration);
        Assert.True(undone >= 6 && done >= 5, $"{undone} kills left the old state, {done} the new one");
    }

    [Fact]
    public async Task A_death_in_the_finishing_is_finished_too()
    {
        var original = _ground.Configuration;
        var snapshot = await _ground.TakeAsync();
        _ground.Edit();
        await KillInSwapAsync(snapshot.Id);
        for (var at = 0; ConfigurationRestore.IsPending(_ground.Workspace); at++)
        {
            try
            {
                _ = await _ground.Restore(at).FinishPendingAsync(CancellationToken.None);
            }
            catch (KilledException)
            {
                // The next one goes on.
            }
        }

        Assert.Equal(original, _ground.Configuration);
    }

    [Fact]
    public async Task When_the_snapshot_is_damaged_in_between_the_state_before_comes_back()
    {
        var snapshot = await _ground.TakeAsync();
        _ground.Edit();
        var edited = _ground.Configuration;
        await KillInSwapAsync(snapshot.Id);
        File.Delete(_ground.Store.ManifestPathOf(snapshot.Id));
        Assert.True((await _ground.Restore().FinishPendingAsync(CancellationToken.None))!.TakenBack);
        Assert.Equal(edited, _ground.Configuration);
    }

    [Fact]
    public async Task An_edit_that_came_in_between_is_not_written_over()
    {
        var snapshot = await _ground.TakeAsync();
        _ground.Edit();
        await KillInSwapAsync(snapshot.Id);
        _ground.Write("config/signers.json", "by hand\n");
        var problem = await Assert.ThrowsAsync<ControlException>(() => _ground.Restore().FinishPendingAsync(CancellationToken.None));
        Assert.Equal(("restore-unfinished", ExitCode.Mismatch), (problem.Code, problem.Exit));
        Assert.Equal("by hand\n", _ground.Configuration["config/signers.json"]);
    }

    public void Dispose() => _ground.Dispose();

    // Of three files one is swapped.
    private async Task KillInSwapAsync(string id)
    {
        for (var at = 0; !ConfigurationRestore.IsPending(_ground.Workspace); at++)
        {
            _ground.Time.Advance(TimeSpan.FromMinutes(1));
            await Assert.ThrowsAsync<KilledException>(() => _ground.Restore(at).ExecuteAsync(id, CancellationToken.None));
        }

        await Assert.ThrowsAsync<KilledException>(() => _ground.Restore(1).FinishPendingAsync(CancellationToken.None));
    }
}
