using System.Security.Cryptography;
using AgiJobs.Control.Evidence;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Snapshots;

/// <summary>A file of a workspace with its content.</summary>
/// <param name="Path">Relative to the workspace, with <c>/</c> between its parts.</param>
/// <param name="Content">Its bytes.</param>
public sealed record TreeFile(string Path, byte[] Content)
{
    /// <summary>The SHA-256 of the content.</summary>
    public Bytes32 Sha256 { get; } = new(SHA256.HashData(Content));
}

/// <summary>Which files of a workspace are its configuration and which its record. Locks and temporary files are neither.</summary>
public static class WorkspaceTree
{
    private static readonly string[] ConfigurationFolders = ["config", "deploy", "monitoring"];
    private static readonly string[] RecordFolders = ["config", "deploy", "monitoring", "reports", "simulation", "storage"];

    // Dry runs lie under monitoring/ because the runbooks name that path; they are evidence, and no restore may take them back.
    private static readonly string[] NotConfiguration = ["monitoring/runbooks"];

    // Backups do not hold backups; a local network's chain, messages that wait to be sent and the database of running services belong to the machine.
    private static readonly string[] NotRecord = ["storage/backups", "storage/devnet", "storage/outbox", "storage/state"];

    /// <summary>The paths of the configuration: <c>config/</c>, <c>deploy/</c> and <c>monitoring/</c> without its dry runs, sorted.</summary>
    /// <exception cref="ControlException"><c>tree-link</c>, <c>tree-name</c>, <c>file-read</c>.</exception>
    public static IReadOnlyList<string> Configuration(string root) => Files(root, ConfigurationFolders, NotConfiguration);

    /// <summary>The paths of everything that is to be kept: configuration, reports, simulations and storage, sorted.</summary>
    /// <exception cref="ControlException"><c>tree-link</c>, <c>tree-name</c>, <c>file-read</c>.</exception>
    public static IReadOnlyList<string> Record(string root) => Files(root, RecordFolders, NotRecord);

    /// <summary>A file's content; null when it is not there, or no more.</summary>
    /// <exception cref="ControlException"><c>file-read</c>.</exception>
    public static TreeFile? Read(string root, string path)
    {
        try
        {
            return new TreeFile(path, File.ReadAllBytes(Path.Combine(root, path)));
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw Unread(Path.Combine(root, path), problem);
        }
    }

    private static List<string> Files(string root, IReadOnlyList<string> folders, IReadOnlyList<string> without)
    {
        var found = new List<string>();
        foreach (var folder in folders)
        {
            Walk(folder);
        }

        found.Sort(StringComparer.Ordinal);
        return found;

        void Walk(string folder)
        {
            var directory = new DirectoryInfo(Path.Combine(root, folder));
            if (without.Contains(folder, StringComparer.Ordinal) || !directory.Exists)
            {
                return;
            }

            RefuseLink(directory);
            foreach (var entry in Entries(directory))
            {
                var path = $"{folder}/{entry.Name}";
                if (entry is DirectoryInfo)
                {
                    if (!entry.Name.EndsWith(".tmp", StringComparison.Ordinal))
                    {
                        Walk(path);
                    }
                }
                else if (!entry.Name.EndsWith(".tmp", StringComparison.Ordinal) && !entry.Name.EndsWith(".lock", StringComparison.Ordinal))
                {
                    RefuseLink(entry);
                    found.Add(AuditFile.IsRelative(path) ? path : throw new ControlException("tree-name", ExitCode.BadInput, $"{entry.FullName} has a name that no record can hold: a backslash or a control character is in it.", "Rename it; nothing was written."));
                }
            }
        }
    }

    private static FileSystemInfo[] Entries(DirectoryInfo folder)
    {
        try
        {
            return [.. folder.EnumerateFileSystemInfos()];
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw Unread(folder.FullName, problem);
        }
    }

    // What a link leads to lies elsewhere and would be neither kept nor brought back.
    private static void RefuseLink(FileSystemInfo entry)
    {
        if (entry.LinkTarget is { } target)
        {
            throw new ControlException("tree-link", ExitCode.BadInput, $"{entry.FullName} is a link to {target}, and what it leads to would not be kept.", "Put the file itself in its place; nothing was written.");
        }
    }

    private static ControlException Unread(string path, Exception problem) => new("file-read", ExitCode.Failed, $"{path} could not be read: {problem.Message}", null, problem);
}
