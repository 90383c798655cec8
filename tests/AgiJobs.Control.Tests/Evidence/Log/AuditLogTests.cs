using System.Text.Json.Nodes;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Evidence.Log;
using AgiJobs.Control.Sealing;
using AgiJobs.Control.Workspaces;
using AgiJobs.Testing;

namespace AgiJobs.Control.Tests.Evidence.Log;

public sealed class AuditLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTime _time = new();

    public void Dispose() => _folder.Dispose();

    private UserFolder User => UserFolder.At(_folder.File("user"));

    private Workspace Space => Workspace.At(_folder.File("space"), "");

    [Fact]
    public async Task Entries_are_signed_at_the_end_and_verify()
    {
        await RecordAsync(3);
        await RecordAsync(2);
        var log = Only();
        var report = Verify(log);
        Assert.Empty(report.Findings);
        Assert.Equal(5, report.Checkpoint!.Size);
        Assert.Equal(2, report.Anchors.Count);
        Assert.StartsWith("my-host-", log.Writer, StringComparison.Ordinal);
        Assert.Equal($"local/{log.Writer}", report.Checkpoint.Origin);
        Assert.Empty(PendingFile.List(log.Path));
        Assert.Equal(["0", "1", "2", "0", "1"], log.Entries(5).Select(entry => (string?)AuditEntry.Decode(entry.Entry).Data["n"]));
        var first = AuditEntry.Decode(log.Entry(0, 5));
        Assert.Equal(_time.GetUtcNow(), first.At);
    }

    [Fact]
    public async Task The_log_grows_over_tiles_and_the_narrow_ones_go_when_the_wide_one_is_there()
    {
        await RecordAsync(200);
        await RecordAsync(100);
        await RecordAsync(300);
        var report = Verify(Only());
        Assert.Empty(report.Findings);
        Assert.Equal(600, report.Checkpoint!.Size);
        Assert.Equal(
            ["tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/1", "tile/1/000.p/2", "tile/entries/000", "tile/entries/001", "tile/entries/002.p/88"],
            Directory.EnumerateFiles(Only().Locate("tile"), "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(Only().Path, path)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Concurrent_entries_of_one_process_share_their_writes_and_each_has_its_own_index()
    {
        var writes = 0;
        await using var log = Open(step => writes += step is "append" ? 1 : 0);
        var positions = await Task.WhenAll(Enumerable.Range(0, 500).Select(i => log.AppendAsync(Entry(i), CancellationToken.None).AsTask()));
        Assert.Equal(Enumerable.Range(0, 500).Select(i => (long)i), positions.Select(position => position.Index).Order());
        Assert.Single(positions.Select(position => position.Writer).Distinct(StringComparer.Ordinal));
        Assert.InRange(writes, 1, 250);
    }

    [Fact]
    public async Task Two_writers_at_once_share_one_log_and_lose_nothing()
    {
        await RecordAsync(1);
        await using (var one = Open(time: TimeProvider.System))
        await using (var two = Open(time: TimeProvider.System))
        {
            await Task.WhenAll(Write(one), Write(two));
        }

        var report = Verify(Only());
        Assert.Empty(report.Findings);
        Assert.Equal(401, report.Checkpoint!.Size);
        Assert.Equal(401, Only().Entries(401).Select(entry => Convert.ToHexString(entry.Entry.Span)).Count());

        static async Task Write(AuditLog log)
        {
            for (var i = 0; i < 200; i++)
            {
                await log.AppendAsync(Entry(i), CancellationToken.None);
                if (i % 50 == 0)
                {
                    await log.SignAsync(CancellationToken.None);
                }
            }
        }
    }

    // Each write is the last one that the process makes, before it and after it; then another process goes on.
    [Theory]
    [InlineData(0, 2)]
    [InlineData(3, 2)]
    [InlineData(254, 5)]
    [InlineData(511, 1)]
    public async Task A_death_at_any_write_loses_no_acknowledged_entry(int before, int more)
    {
        if (before > 0)
        {
            await RecordAsync(before);
        }

        var snapshot = Snapshot();
        var points = 0;
        for (var kill = 1; ; kill++)
        {
            Restore(snapshot);
            var seen = 0;
            var acknowledged = new List<LogPosition>();
            var died = false;
            var log = Open(_ =>
            {
                if (++seen >= kill)
                {
                    died = true;
                    throw new DeathException();
                }
            });
            try
            {
                for (var i = 0; i < more; i++)
                {
                    acknowledged.Add(await log.AppendAsync(Entry(1_000 + i), CancellationToken.None));
                }

                await log.SignAsync(CancellationToken.None);
            }
            catch (DeathException)
            {
                // As a killed process does, it leaves everything as it is.
            }

            await RecordAsync(1, first: 5_000);
            var reports = LogFolder.Under(Space.Locate("storage", "audit")).Select(Verify).ToList();
            Assert.All(reports, report => Assert.Empty(report.Findings));
            var kept = reports.SelectMany(report => report.Log.Entries(report.Checkpoint?.Size ?? 0)).Select(entry => (string?)AuditEntry.Decode(entry.Entry).Data["n"]).ToList();
            Assert.All(Enumerable.Range(0, acknowledged.Count), i => Assert.Single(kept, (1_000 + i).ToString(System.Globalization.CultureInfo.InvariantCulture)));
            Assert.Single(kept, "5000");
            if (!died)
            {
                break;
            }

            points++;
        }

        Assert.InRange(points, 10, 40);
    }

    [Fact]
    public async Task A_file_of_waiting_entries_that_is_cut_anywhere_keeps_all_whole_entries()
    {
        await WaitingAsync(3);
        var path = PendingFile.List(Only().Path)[0].Path;
        var whole = File.ReadAllBytes(path);
        var snapshot = Snapshot();
        for (var length = 0; length < whole.Length; length += length < 20 ? 1 : 13)
        {
            Restore(snapshot);
            File.WriteAllBytes(path, whole[..length]);
            var kept = PendingFile.Read(path, 0).Entries.Count;
            await RecordAsync(1, first: 77);
            var report = Verify(Only());
            Assert.Equal(kept + 1, report.Checkpoint!.Size);
            Assert.All(report.Findings, finding => Assert.Equal("log-torn", finding.Code));
            Assert.Equal(kept == 0 && length == 0 ? 0 : PendingFileHasTail(whole, length) ? 1 : 0, report.Findings.Count);
        }

        static bool PendingFileHasTail(byte[] whole, int length)
        {
            var at = 0;
            while (at < length)
            {
                var size = 10 + ((whole[at] << 8) | whole[at + 1]);
                if (at + size > length)
                {
                    return true;
                }

                at += size;
            }

            return false;
        }
    }

    [Fact]
    public async Task Without_the_key_entries_are_recorded_and_wait_and_the_next_command_with_it_signs_them()
    {
        await RecordAsync(1);
        var log = Open(seal: new Seal(User, new SealKeySource(new string('9', 64))));
        var record = await log.RecordAsync(Entry(1), CancellationToken.None);
        await log.DisposeAsync();
        Assert.Equal(1, record.Position!.Value.Index);
        Assert.Equal("seal-other-key", Assert.Single(log.Findings).Code);
        var report = Verify(Only());
        Assert.Equal(("log-unsigned", 1L), (Assert.Single(report.Findings).Code, report.Pending));
        Assert.Equal(ExitCode.Findings, report.Exit);
        await RecordAsync(1);
        Assert.Empty(Verify(Only()).Findings);
        Assert.Equal(3, Verify(Only()).Checkpoint!.Size);
    }

    [Fact]
    public async Task Without_any_configuration_folder_entries_are_recorded_in_one_log_that_is_signed_once_there_is_one()
    {
        for (var i = 0; i < 2; i++)
        {
            await using var log = Open(seal: new Seal(UserFolder.Choose(null, null, null)));
            Assert.Null((await log.RecordAsync(Entry(i), CancellationToken.None)).Problem);
        }

        Assert.Equal(2, Verify(Only()).Pending);
        await RecordAsync(1);
        Assert.Equal(3, Verify(Only()).Checkpoint!.Size);
        Assert.Empty(Verify(Only()).Findings);
    }

    [Fact]
    public async Task A_log_that_another_process_holds_for_too_long_does_not_stop_anybody()
    {
        await RecordAsync(1);
        using var held = Control.Files.FileLock.TryTake(Only().Locate("append.lock"));
        Assert.NotNull(held);
        await using var log = Open(patience: TimeSpan.Zero);
        var record = await log.RecordAsync(Entry(7), CancellationToken.None);
        Assert.Null(record.Problem);
        Assert.Contains(log.Findings, finding => finding.Code == "log-busy");
        Assert.Equal(2, LogFolder.Under(Space.Locate("storage", "audit")).Count);
    }

    [Fact]
    public async Task A_workspace_that_cannot_be_written_is_a_problem_in_the_answer_and_no_exception()
    {
        _folder.Write("space/storage", "a file where the folder should be");
        await using var log = Open();
        var record = await log.RecordAsync(Entry(0), CancellationToken.None);
        Assert.Equal("file-write", record.Problem!.Code);
        Assert.Null(record.Position);
        Assert.Equal("file-write", (await Assert.ThrowsAsync<ControlException>(async () => await log.AppendAsync(Entry(0), CancellationToken.None))).Code);
    }

    [Fact]
    public async Task Entries_that_are_not_allowed_are_refused()
    {
        await using var log = Open();
        foreach (var entry in new[]
        {
            Entry(0) with { Kind = "Change Planned" },
            Entry(0) with { Kind = "" },
            Entry(0) with { Files = [new AuditFile("../secret", default)] },
            Entry(0) with { Data = new JsonObject { ["long"] = new string('x', AuditEntry.MaxSize) } },
        })
        {
            Assert.Equal("audit-entry", (await log.RecordAsync(entry, CancellationToken.None)).Problem!.Code);
        }
    }

    [Fact]
    public async Task The_largest_entry_fits()
    {
        var empty = (Entry(0) with { At = _time.GetUtcNow(), Data = new JsonObject { ["long"] = "" } }).Encode().Length;
        await using (var log = Open())
        {
            Assert.Null((await log.RecordAsync(Entry(0) with { Data = new JsonObject { ["long"] = new string('x', AuditEntry.MaxSize - empty) } }, CancellationToken.None)).Problem);
        }

        Assert.Equal(AuditEntry.MaxSize, Only().Entry(0, 1).Length);
        Assert.Empty(Verify(Only()).Findings);
    }

    [Fact]
    public async Task A_copied_workspace_that_both_write_to_is_given_up_in_one_and_both_go_on()
    {
        await RecordAsync(2);
        var copy = Workspace.At(_folder.File("copy"), "");
        CopyFolder(Space.Root, copy.Root);
        await RecordAsync(1, first: 10);
        await using (var other = AuditLog.Open(copy, "local", new Seal(User), _time, Options()))
        {
            await other.AppendAsync(Entry(20), CancellationToken.None);
            await other.SignAsync(CancellationToken.None);
            Assert.Equal("log-diverged", Assert.Single(other.Findings).Code);
        }

        Assert.Empty(Verify(Only()).Findings);
        var logs = LogFolder.Under(copy.Locate("storage", "audit"));
        Assert.Equal(2, logs.Count);
        var retired = Assert.Single(logs, log => log.IsRetired);
        var successor = Assert.Single(logs, log => !log.IsRetired);
        Assert.Contains(Verify(retired).Findings, finding => finding.Code == "log-retired" && finding.Exit == ExitCode.Mismatch);
        Assert.Empty(Verify(successor).Findings);
        var carried = successor.Entries(2).Select(entry => AuditEntry.Decode(entry.Entry)).ToList();
        Assert.Equal("log.retired", carried[0].Kind);
        Assert.Equal("20", (string?)carried[1].Data["n"]);
    }

    [Fact]
    public async Task A_log_that_was_set_back_is_given_up_and_nothing_is_signed_over_it()
    {
        await RecordAsync(2);
        var old = Snapshot("space");
        await RecordAsync(3);
        Restore(old, "space");
        await RecordAsync(1);
        var logs = LogFolder.Under(Space.Locate("storage", "audit"));
        var retired = Assert.Single(logs, log => log.IsRetired);
        Assert.Contains(Verify(retired).Findings, finding => finding.Code == "log-truncated");
        Assert.Equal(2, Verify(retired).Checkpoint!.Size);
        Assert.Empty(Verify(Assert.Single(logs, log => !log.IsRetired)).Findings);
    }

    [Theory]
    [InlineData("checkpoint")]
    [InlineData("verifier-key")]
    public async Task A_log_with_an_altered_file_is_given_up_at_the_next_signature(string file)
    {
        await RecordAsync(2);
        var path = Only().Locate(file);
        var text = await File.ReadAllTextAsync(path);
        await File.WriteAllTextAsync(path, text.Replace("local/", "lokal/", StringComparison.Ordinal));
        await RecordAsync(1);
        Assert.Single(LogFolder.Under(Space.Locate("storage", "audit")), log => log.IsRetired);
        Assert.Single(LogFolder.Under(Space.Locate("storage", "audit")), log => !log.IsRetired && Verify(log).Exit == ExitCode.Clean);
    }

    private static AuditEntry Entry(int n) => new() { Kind = "change.planned", Network = "local", Data = new JsonObject { ["n"] = n.ToString(System.Globalization.CultureInfo.InvariantCulture) } };

    private static AuditLogOptions Options(Action<string>? step = null, TimeSpan? patience = null) => new() { Host = "My Host", OnStep = step, Patience = patience ?? TimeSpan.FromSeconds(5) };

    private AuditLog Open(Action<string>? step = null, Seal? seal = null, TimeProvider? time = null, TimeSpan? patience = null) =>
        AuditLog.Open(Space, "local", seal ?? new Seal(User), time ?? _time, Options(step, patience));

    private async Task RecordAsync(int count, int first = 0)
    {
        await using var log = Open();
        await Task.WhenAll(Enumerable.Range(first, count).Select(n => log.AppendAsync(Entry(n), CancellationToken.None).AsTask()));
    }

    private async Task WaitingAsync(int count)
    {
        // Never disposed: its process died before it could sign.
        var log = Open();
        for (var i = 0; i < count; i++)
        {
            await log.AppendAsync(Entry(i), CancellationToken.None);
        }
    }

    private LogFolder Only() => new(Assert.Single(LogFolder.Under(Space.Locate("storage", "audit"))).Path);

    private LogReport Verify(LogFolder log) => LogVerification.Run(new LogFolder(log.Path), new LogKeys(new Seal(User), "local"), []);

    private Dictionary<string, byte[]> Snapshot(string below = "") =>
        Directory.Exists(_folder.File(below))
            ? Directory.EnumerateFiles(_folder.File(below), "*", SearchOption.AllDirectories).ToDictionary(path => path, File.ReadAllBytes, StringComparer.Ordinal)
            : [];

    private void Restore(Dictionary<string, byte[]> snapshot, string below = "")
    {
        foreach (var path in Directory.EnumerateFiles(_folder.File(below), "*", SearchOption.AllDirectories))
        {
            if (!snapshot.TryGetValue(path, out var content))
            {
                File.Delete(path);
            }
            else
            {
                File.WriteAllBytes(path, content);
            }
        }

        foreach (var (path, content) in snapshot.Where(file => !File.Exists(file.Key)))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, content);
            if (path.StartsWith(User.Path, StringComparison.Ordinal) && !OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }
        }

        foreach (var folder in Directory.EnumerateDirectories(_folder.File(below), "*", SearchOption.AllDirectories).OrderByDescending(path => path.Length))
        {
            if (!Directory.EnumerateFileSystemEntries(folder).Any())
            {
                Directory.Delete(folder);
            }
        }
    }

    private static void CopyFolder(string from, string to)
    {
        foreach (var path in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, path));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(path, target);
        }
    }

    private sealed class DeathException : Exception;
}
