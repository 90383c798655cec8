using AgiJobs.Control;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Response.Detectors;

/// <summary>Which changes of a workspace have a journal that was written since they were last read. For one caller at a time.</summary>
/// <param name="workspace">The workspace.</param>
internal sealed class ChangedJournals(Workspace workspace)
{
    private readonly Dictionary<string, (DateTime Written, long Length)> _read = new(StringComparer.Ordinal);

    /// <summary>Reads those that were written since; one that cannot be read is read again the next time.</summary>
    /// <param name="read">Reads the change of a folder's name.</param>
    public void Refresh(Action<string> read)
    {
        var folder = new DirectoryInfo(workspace.Locate("storage", "changes"));
        if (!folder.Exists)
        {
            return;
        }

        foreach (var change in folder.EnumerateDirectories())
        {
            var file = new FileInfo(Path.Combine(change.FullName, "journal.jsonl"));
            if (!file.Exists || (_read.TryGetValue(change.Name, out var before) && before == (file.LastWriteTimeUtc, file.Length)))
            {
                continue;
            }

            var seen = (file.LastWriteTimeUtc, file.Length);
            try
            {
                read(change.Name);
                _read[change.Name] = seen;
            }
            catch (Exception problem) when (problem is ControlException or IOException or UnauthorizedAccessException)
            {
                // Read again the next time.
            }
        }
    }
}
