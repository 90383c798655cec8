namespace AgiJobs.Control.Files;

/// <summary>
/// A lock between processes: a file that one of them holds open for itself alone. The system lets go of it when the process dies.
/// </summary>
public sealed class FileLock : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);
    private readonly FileStream _file;

    private FileLock(FileStream file) => _file = file;

    /// <summary>Takes the lock, trying again until the deadline; null when another holds it for longer.</summary>
    /// <param name="path">The lock's file, which is made when it is missing; <c>*.lock</c> is no part of the record.</param>
    /// <param name="patience">How long to try.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="ControlException"><c>file-write</c> when the folder cannot be written.</exception>
    public static async ValueTask<FileLock?> TakeAsync(string path, TimeSpan patience, TimeProvider time, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            if (TryTake(path) is { } held)
            {
                return held;
            }

            if (time.GetElapsedTime(started) >= patience)
            {
                return null;
            }

            await Task.Delay(Pause, time, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Takes the lock if nobody holds it.</summary>
    /// <exception cref="ControlException"><c>file-write</c> when the folder cannot be written.</exception>
    public static FileLock? TryTake(string path)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            return new FileLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, bufferSize: 0));
        }
        catch (IOException) when (File.Exists(path))
        {
            return null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new ControlException("file-write", ExitCode.Failed, $"{path} could not be opened: {problem.Message}", "Correct the rights of the folder, then run the command again.", problem);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
