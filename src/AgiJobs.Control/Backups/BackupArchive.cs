using System.Formats.Tar;
using System.Security.Cryptography;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Snapshots;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Backups;

/// <summary>The files of a backup as one tar, written and read a file at a time.</summary>
internal static class BackupArchive
{
    /// <summary>Writes the files of a folder and returns what went in. A file that went away meanwhile is left out, as if it had gone before.</summary>
    public static IReadOnlyList<InventoryFile> Write(string path, string root, IReadOnlyList<string> files, Action<string> onStep)
    {
        var written = new List<InventoryFile>();
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16);
        using (var tar = new TarWriter(file, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var name in files)
            {
                onStep($"archive {name}");
                if (WorkspaceTree.Read(root, name) is { } content)
                {
                    tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content.Content, writable: false), ModificationTime = DateTimeOffset.UnixEpoch });
                    written.Add(InventoryFile.Of(content));
                }
            }
        }

        file.Flush(flushToDisk: true);
        return written;
    }

    /// <summary>Reads the archive and hands on each file that is as listed.</summary>
    /// <exception cref="FormatException">The archive is not what was listed.</exception>
    public static void Read(string path, IReadOnlyList<InventoryFile> listed, Action<TreeFile> take)
    {
        var left = listed.ToDictionary(file => file.Path, StringComparer.Ordinal);
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
            using var tar = new TarReader(file);
            while (tar.GetNextEntry() is { } entry)
            {
                if (entry.EntryType != TarEntryType.RegularFile || !AuditFile.IsRelative(entry.Name) || !left.Remove(entry.Name, out var expected))
                {
                    throw new FormatException($"the archive holds '{entry.Name}', which its manifest does not list");
                }

                using var content = new MemoryStream();
                entry.DataStream?.CopyTo(content);
                var found = new TreeFile(entry.Name, content.ToArray());
                take(InventoryFile.Of(found) == expected ? found : throw new FormatException($"{entry.Name} is not as its manifest lists it"));
            }
        }
        catch (Exception problem) when (problem is InvalidDataException or EndOfStreamException or ArgumentException or OverflowException or NotSupportedException or InvalidOperationException)
        {
            throw new FormatException($"the archive is no whole tar: {problem.Message}", problem);
        }

        if (left.Count > 0)
        {
            throw new FormatException($"the archive lacks {left.Keys.First()}");
        }
    }

    /// <summary>A file with its size and SHA-256, read in pieces.</summary>
    public static InventoryFile Measure(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
        return new InventoryFile(Path.GetFileName(path), file.Length, new Bytes32(SHA256.HashData(file)).ToString()[2..]);
    }
}
