using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum.Files;

namespace AgiJobs.Control.Changes;

/// <summary>
/// The append-only record of an execution: one JSON object a line, forced to the disk before <see cref="Append"/> returns. A line that a crash cut
/// short counts as never written. One writer at a time; <see cref="Open"/> takes the lock.
/// </summary>
public sealed class Journal : IDisposable
{
    private readonly FileStream _file;
    private readonly List<JsonObject> _entries;
    private readonly TimeProvider _time;

    private readonly FileStream _lock;

    private Journal(FileStream held, FileStream file, List<JsonObject> entries, TimeProvider time)
    {
        _lock = held;
        _file = file;
        _entries = entries;
        _time = time;
    }

    /// <summary>The entries so far, oldest first. Each has <c>event</c> and <c>at</c>.</summary>
    public IReadOnlyList<JsonObject> Entries => _entries;

    /// <summary>Opens or makes the file for this process alone.</summary>
    /// <exception cref="ControlException"><c>journal-locked</c> when another process has it, <c>journal-corrupt</c> when a whole line is not JSON, <c>file-write</c>.</exception>
    public static Journal Open(string path, TimeProvider time)
    {
        FileStream? file = null;
        var held = Lock(path);
        try
        {
            var isNew = !File.Exists(path);
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
            if (isNew)
            {
                // What is written to it later must not lose its name with the power.
                DirectorySync.Flush(Path.GetDirectoryName(path)!);
            }

            return new Journal(held, file, Load(file, path), time);
        }
        catch (Exception problem)
        {
            file?.Dispose();
            held.Dispose();
            if (problem is IOException or UnauthorizedAccessException)
            {
                throw new ControlException("file-write", ExitCode.Failed, $"{path} could not be opened: {problem.Message}", "Nothing was sent.", problem);
            }

            throw;
        }
    }

    /// <summary>The entries of a file that this process does not write; none when there is no file.</summary>
    /// <exception cref="ControlException"><c>journal-corrupt</c>.</exception>
    public static IReadOnlyList<JsonObject> Read(string path)
    {
        if (!File.Exists(path))
        {
            return [];
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        return Load(file, path);
    }

    /// <summary>
    /// True when an execution came to its end, good or bad: verified, mined and reverted, mined and found otherwise than expected, cancelled, or refused before. A reorganisation begins it again.
    /// </summary>
    public static bool HasEnded(IReadOnlyList<JsonObject> entries) =>
        entries.Reverse().TakeWhile(entry => (string?)entry["event"] is not "reorganised").Any(entry => (string?)entry["event"] is "verified" or "mismatch" or "cancelled" or "refused" || HasReverted(entry));

    /// <summary>True for the entry of a transaction that was mined and reverted.</summary>
    public static bool HasReverted(JsonObject entry) =>
        (string?)entry["event"] is "mined" && entry["succeeded"] is JsonValue succeeded && succeeded.TryGetValue<bool>(out var did) && !did;

    /// <summary>Writes one entry and forces it to the disk.</summary>
    /// <exception cref="ControlException"><c>file-write</c>: the entry counts as not written.</exception>
    public void Append(string eventName, JsonObject details)
    {
        var entry = new JsonObject { ["event"] = eventName, ["at"] = _time.GetUtcNow().ToString("O") };
        foreach (var (key, value) in details)
        {
            entry[key] = value?.DeepClone();
        }

        var start = _file.Position;
        try
        {
            DurableWrite.To(_file, Encoding.UTF8.GetBytes(entry.ToJsonString() + "\n"));
        }
        catch (IOException problem)
        {
            _file.SetLength(start);
            throw new ControlException("file-write", ExitCode.Failed, $"The journal could not be written: {problem.Message}", "Make room on the disk, then run the command again; it goes on from what is recorded.", problem);
        }

        _entries.Add(entry);
    }

    /// <summary>The newest entry with this event.</summary>
    public JsonObject? Last(string eventName) => _entries.LastOrDefault(entry => string.Equals((string?)entry["event"], eventName, StringComparison.Ordinal));

    /// <inheritdoc/>
    public void Dispose()
    {
        _file.Dispose();
        _lock.Dispose();
    }

    // A file of its own, because on Unix only one that is opened for nobody else is locked against other processes.
    private static FileStream Lock(string path)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            return new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
        }
        catch (IOException problem) when (IsHeld(problem))
        {
            throw new ControlException("journal-locked", ExitCode.Refused, $"Another process is executing this change: it holds {path}.lock.", "Wait for it to end, then run the command again; it will go on from what is recorded.", problem);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new ControlException("file-write", ExitCode.Failed, $"{path}.lock could not be opened: {problem.Message}", "Nothing was sent.", problem);
        }
    }

    // EAGAIN of flock on Linux and on macOS, and the sharing violation of Windows. A left-over file that merely cannot be opened is held by nobody.
    private static bool IsHeld(IOException problem) => (problem.HResult & 0xffff) is 11 or 35 or 32;

    private static List<JsonObject> Load(FileStream file, string path)
    {
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        var entries = new List<JsonObject>();
        var start = 0;
        for (var end = Array.IndexOf(bytes, (byte)'\n'); end >= 0; end = Array.IndexOf(bytes, (byte)'\n', start))
        {
            try
            {
                entries.Add(JsonNode.Parse(bytes.AsSpan(start, end - start))!.AsObject());
            }
            catch (Exception problem) when (problem is JsonException or InvalidOperationException or NullReferenceException)
            {
                throw new ControlException("journal-corrupt", ExitCode.Mismatch, $"{path}, line {entries.Count + 1} is not a journal entry.", "Something other than this program wrote to it. Restore the file from git or a backup; nothing is sent until then.", problem);
            }

            start = end + 1;
        }

        // What stands after the last line feed was being written when the process died; nothing was done on the strength of it.
        if (file.CanWrite && start < bytes.Length)
        {
            file.SetLength(start);
        }

        file.Position = Math.Min(start, file.Length);
        return entries;
    }
}
