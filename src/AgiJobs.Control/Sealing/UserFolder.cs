using AgiJobs.Control.Files;
using AgiJobs.Ethereum.Files;

namespace AgiJobs.Control.Sealing;

/// <summary>
/// The user's configuration folder: the home of this program's own secrets, which never enter a workspace. The folder is for its owner alone (0700) and
/// so are its files (0600); looser rights are refused. Nothing is made before the first write.
/// </summary>
public sealed class UserFolder
{
    private const UnixFileMode FolderMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode FileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others = (UnixFileMode)0b111_111;

    private UserFolder(string path) => Path = path;

    /// <summary>The folder; empty when the environment names none.</summary>
    public string Path { get; }

    /// <summary>A folder that is known by its path.</summary>
    public static UserFolder At(string path) => new(System.IO.Path.GetFullPath(path));

    /// <summary>
    /// The folder that the environment names: <c>AGIJOBS_CONFIG_HOME</c>, else <c>agijobs</c> under <c>XDG_CONFIG_HOME</c>, else under <c>.config</c> of the home
    /// folder. Without any of them every use fails with <c>user-folder-none</c>, but not before.
    /// </summary>
    public static UserFolder Choose(string? configHome, string? xdgConfigHome, string? home) =>
        configHome is { Length: > 0 } ? At(configHome)
        : xdgConfigHome is { Length: > 0 } ? At(System.IO.Path.Combine(xdgConfigHome, "agijobs"))
        : home is { Length: > 0 } ? At(System.IO.Path.Combine(home, ".config", "agijobs"))
        : new UserFolder("");

    /// <summary>A path in the folder.</summary>
    /// <exception cref="ControlException"><c>user-folder-none</c>.</exception>
    public string Locate(params ReadOnlySpan<string> parts) => Path.Length > 0
        ? System.IO.Path.Combine([Path, .. parts])
        : throw new ControlException("user-folder-none", ExitCode.Failed, "There is no configuration folder: neither AGIJOBS_CONFIG_HOME nor XDG_CONFIG_HOME nor a home folder is set.", "Set AGIJOBS_CONFIG_HOME to a folder of your own.");

    /// <summary>The content of a file; null when there is none.</summary>
    /// <exception cref="ControlException"><c>user-folder-open</c> (exit 4) when others may read or write it or a folder above it; <c>file-read</c>; <c>user-folder-none</c>.</exception>
    public byte[]? Read(params ReadOnlySpan<string> parts)
    {
        var path = Locate(parts);
        try
        {
            if (!File.Exists(path))
            {
                return null;
            }

            RequireOwn(parts, withFile: true);
            return File.ReadAllBytes(path);
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new ControlException("file-read", ExitCode.Failed, $"{path} could not be read: {problem.Message}", null, problem);
        }
    }

    /// <summary>Writes a file atomically, with its folders.</summary>
    /// <exception cref="ControlException"><c>user-folder-open</c> (exit 4), <c>file-write</c>, <c>user-folder-none</c>.</exception>
    public void Write(ReadOnlySpan<byte> content, params ReadOnlySpan<string> parts)
    {
        var path = Locate(parts);
        Prepare(path, parts);
        AtomicFile.Write(path, content, FileMode);
    }

    /// <summary>Writes a file atomically unless it is there; false when it is.</summary>
    /// <exception cref="ControlException"><c>user-folder-open</c> (exit 4), <c>file-write</c>, <c>user-folder-none</c>.</exception>
    public bool TryCreate(ReadOnlySpan<byte> content, params ReadOnlySpan<string> parts)
    {
        var path = Locate(parts);
        Prepare(path, parts);
        return AtomicFile.TryCreate(path, content, FileMode);
    }

    /// <summary>Deletes a file; nothing when there is none.</summary>
    /// <exception cref="ControlException"><c>file-write</c>, <c>user-folder-none</c>.</exception>
    public void Delete(params ReadOnlySpan<string> parts)
    {
        var path = Locate(parts);
        try
        {
            if (File.Exists(path))
            {
                File.Delete(path);
                DirectorySync.Flush(System.IO.Path.GetDirectoryName(path)!);
            }
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw NotWritten(path, problem);
        }
    }

    /// <summary>The names of the files of a folder, sorted; none when the folder is not there.</summary>
    /// <exception cref="ControlException"><c>file-read</c>, <c>user-folder-none</c>.</exception>
    public IReadOnlyList<string> Names(params ReadOnlySpan<string> parts)
    {
        var path = Locate(parts);
        try
        {
            return Directory.Exists(path) ? [.. Directory.EnumerateFiles(path).Select(file => System.IO.Path.GetFileName(file)).Order(StringComparer.Ordinal)] : [];
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new ControlException("file-read", ExitCode.Failed, $"{path} could not be listed: {problem.Message}", null, problem);
        }
    }

    private void Prepare(string path, ReadOnlySpan<string> parts)
    {
        try
        {
            // The folders above ours are the system's business; ours are closed from the start.
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path) ?? Path);
            for (var i = 0; i < parts.Length; i++)
            {
                var folder = Locate(parts[..i]);
                if (!Directory.Exists(folder) && !OperatingSystem.IsWindows())
                {
                    Directory.CreateDirectory(folder, FolderMode);
                    DirectorySync.Flush(System.IO.Path.GetDirectoryName(folder)!);
                }
            }

            RequireOwn(parts, withFile: false);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw NotWritten(path, problem);
        }
    }

    private void RequireOwn(ReadOnlySpan<string> parts, bool withFile)
    {
        for (var i = 0; !OperatingSystem.IsWindows() && i < parts.Length + (withFile ? 1 : 0); i++)
        {
            RequireOwn(Locate(parts[..i]), i < parts.Length);
        }
    }

    /// <summary>Refuses a file or folder that others than its owner may read or write.</summary>
    /// <exception cref="ControlException"><c>user-folder-open</c> (exit 4).</exception>
    internal static void RequireOwn(string path, bool isFolder)
    {
        if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(path) is var mode && (mode & Others) != UnixFileMode.None)
        {
            throw new ControlException("user-folder-open", ExitCode.Refused, $"{path} is open to others than you (mode {Convert.ToString((int)mode, 8)}), and it holds secrets.", $"Close it: chmod {(isFolder ? "700" : "600")} {path}");
        }
    }

    private static ControlException NotWritten(string path, Exception problem) =>
        new("file-write", ExitCode.Failed, $"{path} could not be written: {problem.Message}", "Correct the rights of the configuration folder, or set AGIJOBS_CONFIG_HOME to another.", problem);
}
