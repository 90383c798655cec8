using System.Text.Json.Serialization;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum.Files;

namespace AgiJobs.Control.Snapshots;

/// <summary>What becomes of a file.</summary>
public enum FileChangeKind
{
    /// <summary>It is not there and will be.</summary>
    Added,

    /// <summary>It is there and will have another content.</summary>
    Changed,

    /// <summary>It is there and will not be.</summary>
    Removed,
}

/// <summary>One file that differs.</summary>
/// <param name="Path">The file.</param>
/// <param name="Kind">What becomes of it.</param>
/// <param name="Before">Its content now; null when it is not there.</param>
/// <param name="After">Its content then; null when it will not be there.</param>
public sealed record FileChange(string Path, FileChangeKind Kind, byte[]? Before, byte[]? After)
{
    /// <summary>The differing lines, secrets masked.</summary>
    public IReadOnlyList<string> Lines() => [.. LineDiff.Lines(Before, After).Select(SecretText.Mask)];
}

/// <summary>A restore that is done.</summary>
/// <param name="Snapshot">What was restored.</param>
/// <param name="Before">The snapshot of what was there before it; null when nothing was.</param>
/// <param name="Paths">The files that were written or removed.</param>
/// <param name="TakenBack">True when the snapshot was damaged meanwhile, so that the state before was put back instead.</param>
public sealed record RestoreOutcome(string Snapshot, string? Before, IReadOnlyList<string> Paths, bool TakenBack = false);

/// <summary>
/// Brings the configuration back to a snapshot: all of it or nothing. The journal <c>storage/snapshots/restore.json</c> stands while files are being swapped, and whoever finds it there
/// finishes what it says before reading anything else.
/// </summary>
public sealed class ConfigurationRestore(Workspace workspace, TimeProvider time)
{
    private SnapshotStore Store => new(workspace, time) { OnStep = OnStep };

    private string JournalPath => JournalPathOf(workspace);

    /// <summary>Called before each step that a death could come between; what it throws stands for one.</summary>
    internal Action<string> OnStep { get; init; } = _ => { };

    /// <summary>True when a restore was begun and not finished.</summary>
    public static bool IsPending(Workspace workspace) => File.Exists(JournalPathOf(workspace));

    /// <summary>What would change, file by file; nothing is written.</summary>
    public IReadOnlyList<FileChange> Plan(Snapshot snapshot) => Compare(Present(), snapshot.Files);

    /// <summary>The difference between two sets of files, by path.</summary>
    public static IReadOnlyList<FileChange> Compare(IReadOnlyDictionary<string, TreeFile> before, IReadOnlyDictionary<string, TreeFile> after)
    {
        var changes = new List<FileChange>();
        foreach (var path in before.Keys.Union(after.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            var (left, right) = (before.GetValueOrDefault(path), after.GetValueOrDefault(path));
            if (left?.Sha256 != right?.Sha256)
            {
                changes.Add(new FileChange(path, left is null ? FileChangeKind.Added : right is null ? FileChangeKind.Removed : FileChangeKind.Changed, left?.Content, right?.Content));
            }
        }

        return changes;
    }

    /// <summary>The configuration as it is.</summary>
    public IReadOnlyDictionary<string, TreeFile> Present() =>
        WorkspaceTree.Configuration(workspace.Root).Select(path => WorkspaceTree.Read(workspace.Root, path)).OfType<TreeFile>().ToDictionary(file => file.Path, StringComparer.Ordinal);

    /// <summary>Restores a snapshot, after one of the present state.</summary>
    /// <exception cref="ControlException"><c>snapshot-unknown</c>, <c>snapshot-damaged</c> (exit 6, nothing written), <c>snapshot-busy</c>, <c>restore-unfinished</c>, <c>file-write</c>.</exception>
    public async Task<RestoreOutcome> ExecuteAsync(string id, CancellationToken cancellation)
    {
        using var held = await Store.HoldAsync(cancellation).ConfigureAwait(false);
        if (IsPending(workspace))
        {
            _ = Finish();
        }

        var snapshot = Store.Open(id);
        if (Plan(snapshot).Count == 0)
        {
            return new RestoreOutcome(id, null, []);
        }

        // The snapshot of what is there tells what differs, so that nothing is lost that came between two reads.
        var before = Present().Count == 0 ? null : Store.Take($"before the restore of {id}");
        var paths = Compare(before?.Files ?? new Dictionary<string, TreeFile>(StringComparer.Ordinal), snapshot.Files).Select(change => change.Path).ToList();
        OnStep("journal");
        JsonFile.Write(JournalPath, new RestoreJournal { Version = 1, Snapshot = id, Before = before?.Id, Paths = paths }, RestoreJson.Default.RestoreJournal);
        return Finish();
    }

    /// <summary>Finishes a restore that a death interrupted; null when there is none.</summary>
    /// <exception cref="ControlException"><c>restore-unfinished</c> (exit 6) when neither the snapshot nor the state before it is whole, or a file was edited meanwhile; <c>snapshot-busy</c>.</exception>
    public async Task<RestoreOutcome?> FinishPendingAsync(CancellationToken cancellation)
    {
        if (!IsPending(workspace))
        {
            return null;
        }

        using var held = await Store.HoldAsync(cancellation).ConfigureAwait(false);
        return IsPending(workspace) ? Finish() : null;
    }

    private RestoreOutcome Finish()
    {
        var journal = JsonFile.Read(JournalPath, RestoreJson.Default.RestoreJournal);
        var entries = Store.List();
        var target = entries.FirstOrDefault(entry => string.Equals(entry.Id, journal.Snapshot, StringComparison.Ordinal))?.Snapshot;
        var before = entries.FirstOrDefault(entry => string.Equals(entry.Id, journal.Before, StringComparison.Ordinal))?.Snapshot;
        if ((target ?? before) is not { } wanted)
        {
            throw Unfinished($"neither the snapshot {journal.Snapshot} nor {journal.Before}, the state before it, verifies");
        }

        // An edit that came in between belongs to somebody, and is neither of the two states.
        foreach (var path in journal.Paths)
        {
            var now = WorkspaceTree.Read(workspace.Root, path)?.Sha256;
            if (target is not null && before is not null && now != target.Files.GetValueOrDefault(path)?.Sha256 && now != before.Files.GetValueOrDefault(path)?.Sha256)
            {
                throw Unfinished($"{path} was edited after the restore was interrupted");
            }
        }

        foreach (var path in journal.Paths)
        {
            OnStep($"swap {path}");
            Bring(path, wanted.Files.GetValueOrDefault(path));
        }

        OnStep("finish");
        Delete(JournalPath);
        OnStep("finished");
        return new RestoreOutcome(journal.Snapshot, journal.Before, journal.Paths, target is null);
    }

    private void Bring(string path, TreeFile? file)
    {
        var full = Path.Combine(workspace.Root, path);
        if (file is null)
        {
            Delete(full);
        }
        else if (WorkspaceTree.Read(workspace.Root, path)?.Sha256 != file.Sha256)
        {
            AtomicFile.Write(full, file.Content);
        }
    }

    private static void Delete(string path)
    {
        try
        {
            if (File.Exists(path))
            {
                File.Delete(path);
                DirectorySync.Flush(Path.GetDirectoryName(path)!);
            }
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new ControlException("file-write", ExitCode.Failed, $"{path} could not be removed: {problem.Message}", "The restore is not finished: correct the rights of the folder, and any next command goes on with it.", problem);
        }
    }

    private ControlException Unfinished(string why) => new(
        "restore-unfinished",
        ExitCode.Mismatch,
        $"A restore of the configuration was interrupted and cannot be finished: {why}. The configuration is between two states.",
        $"Put the files of config/ right by hand (git, or a backup), then delete {JournalPath}. Pauses go through meanwhile.");

    private static string JournalPathOf(Workspace workspace) => workspace.Locate("storage", "snapshots", "restore.json");
}

/// <summary>What a restore is about to swap.</summary>
internal sealed record RestoreJournal
{
    public required int Version { get; init; }

    public required string Snapshot { get; init; }

    public string? Before { get; init; }

    public required IReadOnlyList<string> Paths { get; init; }
}

/// <summary>How the journal of a restore is read and written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, AllowDuplicateProperties = false, RespectNullableAnnotations = true, WriteIndented = true)]
[JsonSerializable(typeof(RestoreJournal))]
internal sealed partial class RestoreJson : JsonSerializerContext;
