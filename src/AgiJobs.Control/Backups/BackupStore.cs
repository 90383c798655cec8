using System.Text;
using AgiJobs.Control.Files;
using AgiJobs.Control.Snapshots;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Files;

namespace AgiJobs.Control.Backups;

/// <summary>
/// The backups of a workspace: <c>storage/backups/ID/</c> with <c>archive.tar</c> (configuration and record), <c>state.json</c> (the protocol at one block), <c>manifest.json</c> and
/// <c>SHA256SUMS</c>. Secrets are in none of them: they lie in the user's configuration folder. A backup is there whole under its name, or not at all.
/// </summary>
public sealed class BackupStore(Workspace workspace, TimeProvider time)
{
    private const string ArchiveName = "archive.tar";
    private const string StateName = "state.json";
    private const string ManifestName = "manifest.json";
    private const string SumsName = "SHA256SUMS";

    /// <summary>Called before each step that a death could come between; what it throws stands for one.</summary>
    internal Action<string> OnStep { get; init; } = _ => { };

    private string Root => workspace.Locate("storage", "backups");

    /// <summary>Makes a backup.</summary>
    /// <param name="network">The network whose state is in it.</param>
    /// <param name="chainId">Its chain.</param>
    /// <param name="state">The state; null when it is unknown.</param>
    /// <param name="unknown">Why it is unknown.</param>
    /// <param name="cancellation">Stops waiting for another process.</param>
    /// <exception cref="ControlException"><c>backup-busy</c>, <c>tree-link</c>, <c>tree-name</c>, <c>file-read</c>, <c>file-write</c>.</exception>
    public async Task<BackupEntry> CreateAsync(string network, ChainId chainId, StateDump? state, string? unknown, CancellationToken cancellation)
    {
        using var held = await FileLock.TakeAsync(Path.Combine(Root, "backups.lock"), TimeSpan.FromSeconds(10), time, cancellation).ConfigureAwait(false)
            ?? throw new ControlException("backup-busy", ExitCode.Refused, $"Another command is writing in {Root}.", "Wait for it to end, then run the command again.");
        foreach (var left in Directory.GetDirectories(Root, "*.tmp"))
        {
            Directory.Delete(left, recursive: true);
        }

        var now = time.GetUtcNow();
        var created = new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
        var making = Path.Combine(Root, "making.tmp");
        try
        {
            var files = BackupArchive.Write(Path.Combine(making, ArchiveName), workspace.Root, WorkspaceTree.Record(workspace.Root), OnStep);
            OnStep("state");
            if (state is not null)
            {
                AtomicFile.Write(Path.Combine(making, StateName), state.Content);
            }

            OnStep("manifest");
            var manifest = new BackupManifest(
                network,
                chainId,
                created,
                state is null ? null : new BackupState(state.Block.Value, state.BlockHash.ToString(), state.Unknown, BackupArchive.Measure(Path.Combine(making, StateName))),
                state is null ? unknown ?? "it was not read" : null,
                BackupArchive.Measure(Path.Combine(making, ArchiveName)),
                files);
            AtomicFile.Write(Path.Combine(making, ManifestName), manifest.Encode());
            AtomicFile.Write(Path.Combine(making, SumsName), Sums(manifest));
            OnStep("verify");
            BackupArchive.Read(Path.Combine(making, ArchiveName), manifest.Files, _ => { });
            var folder = Path.Combine(Root, manifest.Id());
            OnStep("place");
            if (!Directory.Exists(folder))
            {
                Directory.Move(making, folder);
                DirectorySync.Flush(Root);
            }

            OnStep("placed");
            return new BackupEntry(manifest.Id(), folder, manifest, null);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new ControlException("file-write", ExitCode.Failed, $"The backup could not be written to {Root}: {problem.Message}", "There is no new backup. Make room or correct the rights of the folder, then run the command again.", problem);
        }
    }

    /// <summary>Every backup, the oldest first. One that is damaged is among them with the reason.</summary>
    public IReadOnlyList<BackupEntry> List(BackupCheck check = BackupCheck.Manifest) => [.. Names().Select(name => Inspect(Path.Combine(Root, name), check))];

    /// <summary>One backup of the workspace, looked at as closely as asked.</summary>
    public BackupEntry Find(string id, BackupCheck check) => Inspect(Path.Combine(Root, id), check);

    /// <summary>A backup by its name, or by the path of its folder wherever that lies; without either the newest.</summary>
    /// <exception cref="ControlException"><c>backup-unknown</c> (exit 2) with the names there are; <c>backup-damaged</c> (exit 6).</exception>
    public BackupEntry Open(string? id, BackupCheck check)
    {
        var names = Names();
        var folder = id is null ? names is [.., var newest] ? Path.Combine(Root, newest) : null
            : names.Contains(id, StringComparer.Ordinal) ? Path.Combine(Root, id)
            : File.Exists(Path.Combine(id, ManifestName)) ? Path.GetFullPath(id)
            : null;
        if (folder is null)
        {
            throw new ControlException("backup-unknown", ExitCode.BadInput, id is null ? $"There is no backup in {Root}." : $"There is no backup '{id}' in {Root}{(names.Count > 0 ? $": it has {string.Join(", ", names)}" : "")}, and no folder of one at that path.", id is null ? "Make one with 'agijobs backup create'." : "'agijobs backup list' shows those on file.");
        }

        var entry = Inspect(folder, check);
        return entry.Manifest is not null ? entry : throw new ControlException("backup-damaged", ExitCode.Mismatch, $"The backup {entry.Id} is not what was written: {entry.Problem}.", "Nothing was done with it. Use another one, and make a new one with 'agijobs backup create'.");
    }

    /// <summary>Brings a backup back into a folder that is not there or empty. The folder is there whole or not at all.</summary>
    /// <returns>How many files.</returns>
    /// <exception cref="ControlException"><c>backup-target</c> (exit 4), <c>backup-unknown</c>, <c>backup-damaged</c> (exit 6), <c>file-write</c>.</exception>
    public int Restore(string? id, string to)
    {
        var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(to));
        if (File.Exists(target) || (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any()))
        {
            throw new ControlException("backup-target", ExitCode.Refused, $"{target} is there and not empty: a backup is never brought back over anything.", "Name a new folder with --to, look at what is in it, then put it in its place.");
        }

        if ((target + Path.DirectorySeparatorChar).StartsWith(Path.TrimEndingDirectorySeparator(Path.GetFullPath(workspace.Root)) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            throw new ControlException("backup-target", ExitCode.Refused, $"{target} lies in the workspace that works now.", "Name a folder outside it with --to.");
        }

        var entry = Open(id, BackupCheck.Bytes);
        var making = target + ".restoring.tmp";
        try
        {
            if (Directory.Exists(making))
            {
                Directory.Delete(making, recursive: true);
            }

            BackupArchive.Read(Path.Combine(entry.Folder, ArchiveName), entry.Manifest!.Files, file =>
            {
                OnStep($"restore {file.Path}");
                AtomicFile.Write(Path.Combine(making, file.Path), file.Content);
            });

            // What lies on the disk now is read again, not what was meant to be written.
            foreach (var listed in entry.Manifest.Files)
            {
                if (WorkspaceTree.Read(making, listed.Path) is not { } file || InventoryFile.Of(file) != listed)
                {
                    throw new FormatException($"{listed.Path} did not arrive as it is in the backup");
                }
            }

            Directory.CreateDirectory(making);
            OnStep("place");
            if (Directory.Exists(target))
            {
                Directory.Delete(target);
            }

            Directory.Move(making, target);
            DirectorySync.Flush(Path.GetDirectoryName(target)!);
            return entry.Manifest.Files.Count;
        }
        catch (FormatException problem)
        {
            throw new ControlException("backup-damaged", ExitCode.Mismatch, $"The backup {entry.Id} is not what was written: {problem.Message}.", $"{target} was not made. Use another backup.", problem);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new ControlException("file-write", ExitCode.Failed, $"{target} could not be written: {problem.Message}", "It was not made. Make room or correct the rights of the folder, then run the command again.", problem);
        }
    }

    private static byte[] Sums(BackupManifest manifest)
    {
        var identity = manifest.Encode();
        var lines = new List<string> { $"{manifest.Archive.Sha256}  {ArchiveName}", $"{new TreeFile(ManifestName, identity).Sha256.ToString()[2..]}  {ManifestName}" };
        if (manifest.State is { } state)
        {
            lines.Add($"{state.File.Sha256}  {StateName}");
        }

        return Encoding.ASCII.GetBytes(string.Join('\n', lines) + "\n");
    }

    private List<string> Names() => Directory.Exists(Root)
        ? [.. Directory.GetDirectories(Root).Select(folder => Path.GetFileName(folder)).Where(name => !name.EndsWith(".tmp", StringComparison.Ordinal)).Order(StringComparer.Ordinal)]
        : [];

    private static BackupEntry Inspect(string folder, BackupCheck check)
    {
        var id = Path.GetFileName(Path.TrimEndingDirectorySeparator(folder));
        try
        {
            var manifest = BackupManifest.Decode(File.ReadAllBytes(Path.Combine(folder, ManifestName)));
            if (!string.Equals(manifest.Id(), id, StringComparison.Ordinal))
            {
                return Damaged($"its manifest is that of {manifest.Id()}");
            }

            foreach (var listed in (InventoryFile?[])[manifest.Archive, manifest.State?.File])
            {
                if (listed is not null && Differs(Path.Combine(folder, listed.Path), listed, check) is { } why)
                {
                    return Damaged(why);
                }
            }

            if (check == BackupCheck.Whole)
            {
                BackupArchive.Read(Path.Combine(folder, ArchiveName), manifest.Files, _ => { });
                if (!File.ReadAllBytes(Path.Combine(folder, SumsName)).AsSpan().SequenceEqual(Sums(manifest)))
                {
                    return Damaged($"{SumsName} is not that of its files");
                }
            }

            return new BackupEntry(id, folder, manifest, null);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or FormatException or ControlException)
        {
            return Damaged(problem is FormatException or ControlException ? problem.Message : $"it cannot be read: {problem.Message}");
        }

        BackupEntry Damaged(string why) => new(id, folder, null, why);
    }

    private static string? Differs(string path, InventoryFile listed, BackupCheck check) =>
        listed.Path is not (ArchiveName or StateName) ? $"its manifest lists '{listed.Path}'"
        : !File.Exists(path) ? $"{listed.Path} is missing"
        : new FileInfo(path).Length != listed.Size ? $"{listed.Path} has {new FileInfo(path).Length} bytes, and the manifest says {listed.Size}"
        : check != BackupCheck.Manifest && BackupArchive.Measure(path) != listed ? $"{listed.Path} has another SHA-256 than the manifest says"
        : null;
}
