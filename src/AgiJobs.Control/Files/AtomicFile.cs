using System.Globalization;
using AgiJobs.Ethereum.Files;

namespace AgiJobs.Control.Files;

/// <summary>Files that are either wholly there or not there at all, whatever happens in between, a loss of power included.</summary>
public static class AtomicFile
{
    private static int _counter;

    /// <summary>
    /// Writes beside the target, forces it to the disk and renames it into place; readers see the old or the new file, never half of one.
    /// Makes the folder when it is missing.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="content">Its whole content.</param>
    /// <param name="mode">Its rights; null for those that the system gives new files. The temporary file has them from its first byte on.</param>
    /// <exception cref="ControlException"><c>file-write</c> when the disk is full or the folder cannot be written; the target is untouched.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode? mode = null) =>
        Place(path, content, mode, overwrite: true);

    /// <summary>As <see cref="Write"/>, but a file that is there already stays, and the answer is false.</summary>
    /// <exception cref="ControlException"><c>file-write</c>.</exception>
    public static bool TryCreate(string path, ReadOnlySpan<byte> content, UnixFileMode? mode = null) =>
        !File.Exists(path) && Place(path, content, mode, overwrite: false);

    private static bool Place(string path, ReadOnlySpan<byte> content, UnixFileMode? mode, bool overwrite)
    {
        // Two writers of one process must not share a temporary file either.
        var temporary = string.Create(CultureInfo.InvariantCulture, $"{path}.{Environment.ProcessId}-{Interlocked.Increment(ref _counter)}.tmp");
        try
        {
            var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
            MakeFolder(folder);
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
            if (mode is { } rights && !OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = rights;
            }

            using (var file = new FileStream(temporary, options))
            {
                DurableWrite.To(file, content);
            }

            try
            {
                File.Move(temporary, path, overwrite);
            }
            catch (IOException) when (!overwrite && File.Exists(path))
            {
                Discard(temporary);
                return false;
            }

            DirectorySync.Flush(folder);
            return true;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            Discard(temporary);
            throw new ControlException("file-write", ExitCode.Failed, $"{path} could not be written: {problem.Message}", "Nothing was changed. Make room or correct the rights of the folder, then run the command again.", problem);
        }
    }

    // A new folder's own name has to reach the disk too.
    private static void MakeFolder(string folder)
    {
        if (Directory.Exists(folder))
        {
            return;
        }

        var parent = Path.GetDirectoryName(folder);
        if (parent is not null)
        {
            MakeFolder(parent);
        }

        Directory.CreateDirectory(folder);
        if (parent is not null)
        {
            DirectorySync.Flush(parent);
        }
    }

    private static void Discard(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // The first failure is the one to report; a left temporary file is never read.
        }
    }
}
