using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;

namespace AgiJobs.Control.Evidence.Bundles;

/// <summary>
/// The files of a bundle as one tar: names in order, no time, no owner, so that the same files give the same bytes; and read back only when every byte is as it would be written.
/// </summary>
public static class BundleArchive
{
    /// <summary>The file that lists the SHA-256 of all others.</summary>
    public const string Sums = "SHA256SUMS";

    private const int MaxFiles = 1_000_000;

    /// <summary>The tar of the files, with <see cref="Sums"/> added.</summary>
    /// <exception cref="ControlException"><c>bundle-name</c> when a name does not fit into a tar.</exception>
    public static byte[] Write(IReadOnlyDictionary<string, byte[]> files)
    {
        var all = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var (name, content) in files)
        {
            all.Add(name, content);
        }

        all[Sums] = SumsOf(all);
        return Tar(all);
    }

    /// <summary>The files of a bundle, <see cref="Sums"/> included.</summary>
    /// <param name="tar">The bundle.</param>
    /// <param name="findings">Gets each way in which it is not what <see cref="Write"/> makes.</param>
    public static IReadOnlyDictionary<string, byte[]> Read(byte[] tar, List<AuditFinding> findings)
    {
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        try
        {
            using var reader = new TarReader(new MemoryStream(tar, writable: false));
            while (reader.GetNextEntry() is { } entry)
            {
                if (files.Count >= MaxFiles)
                {
                    Mismatch("bundle-form", "It holds more files than a bundle may.");
                    break;
                }

                if (entry.EntryType != TarEntryType.RegularFile)
                {
                    Mismatch("bundle-entry", $"'{Shown(entry.Name)}' is no plain file ({entry.EntryType}).");
                    continue;
                }

                if (!AuditFile.IsRelative(entry.Name))
                {
                    Mismatch("bundle-path", $"'{Shown(entry.Name)}' is a path that leads out of the bundle or has another spelling.");
                    continue;
                }

                using var content = new MemoryStream();
                entry.DataStream?.CopyTo(content);
                if (!files.TryAdd(entry.Name, content.ToArray()))
                {
                    Mismatch("bundle-twice", $"'{entry.Name}' is in it twice.");
                }
            }
        }
        catch (Exception problem) when (problem is InvalidDataException or IOException or FormatException or ArgumentException or OverflowException or NotSupportedException or InvalidOperationException)
        {
            Mismatch("bundle-format", $"It is no whole tar: {problem.Message}");
        }

        CheckSums(files, findings);
        if (findings.Count == 0 && !IsAsWritten(files, tar))
        {
            Mismatch("bundle-form", "Its bytes are not those that its files give: a header, the padding or the order was altered.");
        }

        return files;

        void Mismatch(string code, string message) => findings.Add(new AuditFinding(code, ExitCode.Mismatch, message));
    }

    private static void CheckSums(SortedDictionary<string, byte[]> files, List<AuditFinding> findings)
    {
        if (!files.TryGetValue(Sums, out var bytes))
        {
            findings.Add(new AuditFinding("bundle-sums", ExitCode.Mismatch, $"{Sums} is missing."));
            return;
        }

        var listed = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in Encoding.UTF8.GetString(bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = line.Split("  ", 2);
            if (parts.Length != 2 || !listed.TryAdd(parts[1], parts[0]))
            {
                findings.Add(new AuditFinding("bundle-sums", ExitCode.Mismatch, $"{Sums} has a line that is not 'SHA-256  NAME' or names a file twice: '{Shown(line)}'."));
            }
        }

        foreach (var (name, content) in files.Where(file => !string.Equals(file.Key, Sums, StringComparison.Ordinal)))
        {
            if (!listed.Remove(name, out var said))
            {
                findings.Add(new AuditFinding("bundle-extra", ExitCode.Mismatch, $"'{name}' is not in {Sums}: it was added."));
            }
            else if (!string.Equals(said, HashOf(content), StringComparison.Ordinal))
            {
                findings.Add(new AuditFinding("bundle-altered", ExitCode.Mismatch, $"'{name}' has the SHA-256 {HashOf(content)}, and {Sums} says {Shown(said)}."));
            }
        }

        findings.AddRange(listed.Keys.Order(StringComparer.Ordinal).Select(name => new AuditFinding("bundle-missing", ExitCode.Mismatch, $"'{Shown(name)}' is in {Sums} and missing: it was removed.")));
        if (findings.Count == 0 && !SumsOf(files).AsSpan().SequenceEqual(bytes))
        {
            findings.Add(new AuditFinding("bundle-sums", ExitCode.Mismatch, $"{Sums} is not as it was written."));
        }
    }

    private static byte[] SumsOf(SortedDictionary<string, byte[]> files) =>
        Encoding.UTF8.GetBytes(string.Concat(files.Where(file => !string.Equals(file.Key, Sums, StringComparison.Ordinal)).Select(file => $"{HashOf(file.Value)}  {file.Key}\n")));

    private static string HashOf(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private static bool IsAsWritten(SortedDictionary<string, byte[]> files, byte[] tar)
    {
        try
        {
            return Tar(files).AsSpan().SequenceEqual(tar);
        }
        catch (ControlException)
        {
            return false;
        }
    }

    private static byte[] Tar(SortedDictionary<string, byte[]> files)
    {
        using var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                try
                {
                    // Ustar, because the extended headers of the other formats name the process that wrote them.
                    writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name)
                    {
                        ModificationTime = DateTimeOffset.UnixEpoch,
                        Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead,
                        Uid = 0,
                        Gid = 0,
                        UserName = "",
                        GroupName = "",
                        DataStream = content.Length == 0 ? null : new MemoryStream(content, writable: false),
                    });
                }
                catch (ArgumentException problem)
                {
                    throw new ControlException("bundle-name", ExitCode.Failed, $"'{name}' is too long a name for a tar.", "Shorten the names in the workspace.", problem);
                }
            }
        }

        return tar.ToArray();
    }

    // A name from a hostile file must not steer the terminal.
    private static string Shown(string text) => string.Concat(text.Take(200).Select(c => char.IsControl(c) ? '?' : c));
}
