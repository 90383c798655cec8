using AgiJobs.Control.Backups;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Testing;

namespace AgiJobs.Control.Tests.Backups;

public sealed class BackupStoreTests : IDisposable
{
    private static readonly StateDump State = new("""{"block":7}"""u8.ToArray(), new BlockNumber(7), new Bytes32(new byte[32]), 0);
    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _elsewhere = new();
    private readonly ManualTime _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    public BackupStoreTests()
    {
        _folder.Write("config/networks/local.json", "{}");
        _folder.Write("storage/changes/2026-03-01-x/change.json", "a change");
        _folder.Write("storage/audit/local/w/checkpoint", "a checkpoint");
        _folder.Write("storage/audit/local/w/x.lock", "");
        _folder.Write("storage/devnet/local/state.json", "a chain");
        _folder.Write("storage/outbox/1.json", "a message");
        _folder.Write("reports/incident-log.md", "");
    }

    private BackupStore Store => Killed(int.MaxValue);

    [Fact]
    public async Task A_backup_holds_record_and_configuration_and_neither_backups_nor_local_chains()
    {
        var first = await CreateAsync();
        _time.Advance(TimeSpan.FromHours(1));
        var entry = await CreateAsync();
        Assert.Equal(["config/networks/local.json", "reports/incident-log.md", "storage/audit/local/w/checkpoint", "storage/changes/2026-03-01-x/change.json"], entry.Manifest!.Files.Select(file => file.Path));
        Assert.Equal([first.Id, entry.Id], Store.List().Select(found => found.Id));
        Assert.Equal(entry.Id, Store.Open(null, BackupCheck.Whole).Id);
        Assert.True(entry.Manifest.IsFull);
        Assert.Equal(["SHA256SUMS", "archive.tar", "manifest.json", "state.json"], Directory.GetFiles(entry.Folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Any_byte_that_was_changed_is_found()
    {
        var entry = await CreateAsync();
        foreach (var path in Directory.GetFiles(entry.Folder))
        {
            var bytes = await File.ReadAllBytesAsync(path);
            foreach (var at in (int[])[0, bytes.Length / 2, bytes.Length - 1])
            {
                var changed = bytes.ToArray();
                changed[at] ^= 1;
                await File.WriteAllBytesAsync(path, changed);
                var problem = Assert.Throws<ControlException>(() => Store.Open(entry.Id, BackupCheck.Whole));
                Assert.Equal(("backup-damaged", ExitCode.Mismatch), (problem.Code, problem.Exit));
            }

            File.Delete(path);
            Assert.Equal("backup-damaged", Assert.Throws<ControlException>(() => Store.Open(entry.Id, BackupCheck.Whole)).Code);
            await File.WriteAllBytesAsync(path, bytes);
        }

        Assert.Null(Store.List(BackupCheck.Whole).Single().Problem);
    }

    [Fact]
    public async Task A_backup_comes_back_whole_into_an_empty_folder()
    {
        var entry = await CreateAsync();
        var target = _elsewhere.File("back");
        Assert.Equal(4, Store.Restore(entry.Id, target));
        Assert.Equal("a change", await File.ReadAllTextAsync(Path.Combine(target, "storage/changes/2026-03-01-x/change.json")));
        Assert.Equal("backup-target", Assert.Throws<ControlException>(() => Store.Restore(entry.Id, target)).Code);
        Assert.Equal("backup-target", Assert.Throws<ControlException>(() => Store.Restore(entry.Id, _folder.Path)).Code);
        Assert.Equal("backup-target", Assert.Throws<ControlException>(() => Store.Restore(entry.Id, _folder.File("storage", "new"))).Code);

        // A copy that lies elsewhere serves as well.
        var copy = _elsewhere.File(entry.Id);
        Directory.Move(entry.Folder, copy);
        Assert.Equal(4, Store.Restore(copy, _elsewhere.File("again")));
    }

    [Fact]
    public async Task A_damaged_backup_leaves_no_folder()
    {
        var entry = await CreateAsync();
        var archive = Path.Combine(entry.Folder, "archive.tar");
        var bytes = await File.ReadAllBytesAsync(archive);
        bytes[600] ^= 1;
        await File.WriteAllBytesAsync(archive, bytes);
        Assert.Equal("backup-damaged", Assert.Throws<ControlException>(() => Store.Restore(entry.Id, _elsewhere.File("back"))).Code);
        Assert.False(Directory.Exists(_elsewhere.File("back")));
    }

    [Fact]
    public async Task Killed_at_any_point_a_backup_is_there_whole_or_not_at_all()
    {
        var killed = 0;
        for (var at = 0; ; at++)
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            try
            {
                _ = await Killed(at).CreateAsync("local", ChainId.Local, State, null, CancellationToken.None);
                break;
            }
            catch (KilledException)
            {
                killed++;
                Assert.All(Store.List(BackupCheck.Whole), entry => Assert.Null(entry.Problem));
            }
        }

        Assert.Equal(9, killed);
        Assert.Equal(2, Store.List(BackupCheck.Whole).Count);
    }

    [Fact]
    public async Task Killed_at_any_point_a_restored_folder_is_there_whole_or_not_at_all()
    {
        var entry = await CreateAsync();
        var target = _elsewhere.File("back");
        for (var at = 0; ; at++)
        {
            try
            {
                _ = Killed(at).Restore(entry.Id, target);
                break;
            }
            catch (KilledException)
            {
                Assert.False(Directory.Exists(target));
            }
        }

        Assert.Equal(4, Directory.GetFiles(target, "*", SearchOption.AllDirectories).Length);
    }

    [Fact]
    public async Task Without_the_state_of_the_chain_it_says_why()
    {
        var entry = await Store.CreateAsync("local", ChainId.Local, null, "no node answered", CancellationToken.None);
        var manifest = Store.Open(entry.Id, BackupCheck.Whole).Manifest!;
        Assert.Equal((false, "no node answered"), (manifest.IsFull, manifest.StateUnknown));
    }

    [Fact]
    public void No_backup_is_not_an_unknown_one()
    {
        Assert.Contains("There is no backup in", Assert.Throws<ControlException>(() => Store.Open(null, BackupCheck.Whole)).Message, StringComparison.Ordinal);
        Assert.Equal("backup-unknown", Assert.Throws<ControlException>(() => Store.Open("20260101T000000Z-00000000", BackupCheck.Whole)).Code);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _elsewhere.Dispose();
    }

    private Task<BackupEntry> CreateAsync() => Store.CreateAsync("local", ChainId.Local, State, null, CancellationToken.None);

    private BackupStore Killed(int at)
    {
        var step = 0;
        return new BackupStore(Workspace.At(_folder.Path, _folder.Path), _time)
        {
            OnStep = _ =>
            {
                if (step++ >= at)
                {
                    throw new KilledException();
                }
            },
        };
    }
}
