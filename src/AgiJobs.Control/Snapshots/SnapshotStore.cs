using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum.Files;

namespace AgiJobs.Control.Snapshots;

/// <summary>The snapshots of a workspace's configuration: <c>storage/snapshots/ID/</c> with <c>manifest.json</c> and <c>files/</c>. Nothing in them is ever written again.</summary>
public sealed class SnapshotStore(Workspace workspace, TimeProvider time)
{
    private const string ManifestName = "manifest.json";
    private const string FilesName = "files";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>The folder of a snapshot.</summary>
    public string FolderOf(string id) => Path.Combine(Root, id);

    /// <summary>The manifest's file of a snapshot.</summary>
    public string ManifestPathOf(string id) => Path.Combine(FolderOf(id), ManifestName);

    /// <summary>Called before each step that a death could come between; what it throws stands for one.</summary>
    internal Action<string> OnStep { get; init; } = _ => { };

    private string Root => workspace.Locate("storage", "snapshots");

    /// <summary>Keeps the configuration as it is. It is there whole under its name, or not at all.</summary>
    /// <param name="note">Why.</param>
    /// <param name="cancellation">Stops waiting for another process.</param>
    /// <exception cref="ControlException"><c>snapshot-empty</c>, <c>snapshot-busy</c>, <c>tree-link</c>, <c>tree-name</c>, <c>file-read</c>, <c>file-write</c>.</exception>
    public async Task<Snapshot> TakeAsync(string? note, CancellationToken cancellation)
    {
        using var held = await HoldAsync(cancellation).ConfigureAwait(false);
        return Take(note);
    }

    /// <summary>Every snapshot by name, the oldest first. One that does not verify is among them with the reason.</summary>
    public IReadOnlyList<SnapshotEntry> List() => [.. Names().Select(Entry)];

    /// <summary>A snapshot, every hash verified.</summary>
    /// <exception cref="ControlException"><c>snapshot-unknown</c> (exit 2) with the names there are; <c>snapshot-damaged</c> (exit 6).</exception>
    public Snapshot Open(string id)
    {
        if (!Names().Contains(id, StringComparer.Ordinal))
        {
            throw new ControlException("snapshot-unknown", ExitCode.BadInput, $"There is no snapshot '{id}' in {Root}{(Names() is { Count: > 0 } names ? $": it has {string.Join(", ", names)}" : "")}.", "'agijobs config snapshot --list' shows those on file.");
        }

        var entry = Entry(id);
        return entry.Snapshot ?? throw new ControlException("snapshot-damaged", ExitCode.Mismatch, $"The snapshot {id} is not what was kept: {entry.Problem}.", "Nothing was written. Use another snapshot, or bring this one back from the workspace's git history or a backup.");
    }

    /// <summary>The lock that whoever writes snapshots or restores one holds.</summary>
    internal async Task<FileLock> HoldAsync(CancellationToken cancellation) =>
        await FileLock.TakeAsync(Path.Combine(Root, "snapshots.lock"), Patience, time, cancellation).ConfigureAwait(false)
        ?? throw new ControlException("snapshot-busy", ExitCode.Refused, $"Another command is writing in {Root}.", "Wait for it to end, then run the command again.");

    /// <summary>As <see cref="TakeAsync"/>, by one who holds the lock.</summary>
    internal Snapshot Take(string? note)
    {
        var files = WorkspaceTree.Configuration(workspace.Root)
            .Select(path => WorkspaceTree.Read(workspace.Root, path) ?? throw new ControlException("file-read", ExitCode.Failed, $"{path} went away while it was read.", "Nothing was kept; run the command again."))
            .ToDictionary(file => file.Path, StringComparer.Ordinal);
        if (files.Count == 0)
        {
            throw new ControlException("snapshot-empty", ExitCode.BadInput, $"{workspace.Root} has no configuration to keep.", "Set it up with 'agijobs init' or 'agijobs devnet up'.");
        }

        var now = time.GetUtcNow();
        var manifest = new SnapshotManifest(new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero), note ?? "", [.. files.Values.OrderBy(file => file.Path, StringComparer.Ordinal).Select(InventoryFile.Of)]);
        var snapshot = new Snapshot(manifest.Id(), manifest, files);
        if (Directory.Exists(FolderOf(snapshot.Id)))
        {
            return Open(snapshot.Id);
        }

        Sweep();
        var making = FolderOf(snapshot.Id) + ".tmp";
        foreach (var file in files.Values)
        {
            OnStep($"copy {file.Path}");
            AtomicFile.Write(Path.Combine(making, FilesName, file.Path), file.Content);
        }

        OnStep("manifest");
        AtomicFile.Write(Path.Combine(making, ManifestName), manifest.Encode());
        OnStep("place");
        Place(making, FolderOf(snapshot.Id));
        OnStep("placed");
        return snapshot;
    }

    private static void Place(string from, string to)
    {
        try
        {
            Directory.Move(from, to);
            DirectorySync.Flush(Path.GetDirectoryName(to)!);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new ControlException("file-write", ExitCode.Failed, $"{to} could not be written: {problem.Message}", "Nothing was kept. Make room or correct the rights of the folder, then run the command again.", problem);
        }
    }

    // What a death left behind; whoever holds the lock makes none now.
    private void Sweep()
    {
        foreach (var left in Directory.Exists(Root) ? Directory.GetDirectories(Root, "*.tmp") : [])
        {
            Directory.Delete(left, recursive: true);
        }
    }

    private List<string> Names() => Directory.Exists(Root)
        ? [.. Directory.GetDirectories(Root).Select(folder => Path.GetFileName(folder)).Where(name => !name.EndsWith(".tmp", StringComparison.Ordinal)).Order(StringComparer.Ordinal)]
        : [];

    private SnapshotEntry Entry(string id)
    {
        try
        {
            var manifest = SnapshotManifest.Decode(File.ReadAllBytes(ManifestPathOf(id)));
            if (!string.Equals(manifest.Id(), id, StringComparison.Ordinal))
            {
                return new SnapshotEntry(id, null, $"its manifest is that of {manifest.Id()}");
            }

            var root = Path.Combine(FolderOf(id), FilesName);
            var files = new Dictionary<string, TreeFile>(StringComparer.Ordinal);
            foreach (var listed in manifest.Files)
            {
                if (WorkspaceTree.Read(root, listed.Path) is not { } file)
                {
                    return new SnapshotEntry(id, null, $"{listed.Path} is missing");
                }

                if (InventoryFile.Of(file) != listed)
                {
                    return new SnapshotEntry(id, null, $"{listed.Path} has the SHA-256 {file.Sha256.ToString()[2..]}, and the manifest says {listed.Sha256}");
                }

                files.Add(listed.Path, file);
            }

            var extra = Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(root, path).Replace('\\', '/')).FirstOrDefault(path => !files.ContainsKey(path));
            return extra is null ? new SnapshotEntry(id, new Snapshot(id, manifest, files), null) : new SnapshotEntry(id, null, $"{extra} was added to it");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or FormatException or ControlException)
        {
            return new SnapshotEntry(id, null, problem is FormatException or ControlException ? problem.Message : $"it cannot be read: {problem.Message}");
        }
    }
}
