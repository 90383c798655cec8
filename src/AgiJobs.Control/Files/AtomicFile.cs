namespace AgiJobs.Control.Files;

/// <summary>Files that are either wholly there or not there at all, whatever happens in between.</summary>
public static class AtomicFile
{
    /// <summary>
    /// Writes beside the target, forces it to the disk and renames it into place; readers see the old or the new file, never half of one.
    /// Makes the folder when it is missing.
    /// </summary>
    /// <exception cref="ControlException"><c>file-write</c> when the disk is full or the folder cannot be written; the target is untouched.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        var temporary = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            Discard(temporary);
            throw new ControlException("file-write", ExitCode.Failed, $"{path} could not be written: {problem.Message}", "Nothing was changed. Make room or correct the rights of the folder, then run the command again.", problem);
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
