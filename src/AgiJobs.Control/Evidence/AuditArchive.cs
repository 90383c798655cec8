using AgiJobs.Control.Evidence.Log;
using AgiJobs.Control.Sealing;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Evidence;

/// <summary>An entry and where it stands.</summary>
/// <param name="Log">Its log.</param>
/// <param name="Index">Its index there.</param>
/// <param name="Bytes">Its canonical bytes.</param>
/// <param name="Entry">What it says.</param>
/// <param name="IsSigned">True when it is under a signed checkpoint.</param>
public sealed record LoggedEntry(LogFolder Log, long Index, ReadOnlyMemory<byte> Bytes, AuditEntry Entry, bool IsSigned);

/// <summary>What verifying a workspace's evidence came to.</summary>
/// <param name="Logs">Each log.</param>
/// <param name="Findings">What concerns no single log: missing logs, files that differ from what the log says of them.</param>
/// <param name="Files">How many files of the workspace have the hash that the log says.</param>
public sealed record AuditReport(IReadOnlyList<LogReport> Logs, IReadOnlyList<AuditFinding> Findings, int Files)
{
    /// <summary>0 when all holds, 6 when something does not match, 5 when something could not be read, 3 for other findings.</summary>
    public ExitCode Exit => LogReport.ExitOf([.. Logs.SelectMany(log => log.Findings), .. Findings]);
}

/// <summary>All logs of a workspace, read together. Reads only.</summary>
/// <param name="workspace">The workspace.</param>
/// <param name="seal">What opens the user's own keys.</param>
public sealed class AuditArchive(Workspace workspace, Seal seal)
{
    private const int Tries = 5;

    /// <summary>The folder of the logs.</summary>
    public string Folder => workspace.Locate("storage", "audit");

    /// <summary>The logs, by network and writer.</summary>
    /// <param name="network">Only those of this network; null for all.</param>
    public IReadOnlyList<LogFolder> Logs(string? network = null) =>
        network is null ? LogFolder.Under(Folder) : LogFolder.Of(Path.Combine(Folder, network));

    /// <summary>
    /// The entries of the logs, merged by time; within one log their order stays. What cannot be read becomes a finding.
    /// </summary>
    /// <param name="network">Only this network's; null for all.</param>
    /// <param name="findings">Gets what cannot be read.</param>
    public IReadOnlyList<LoggedEntry> Entries(string? network, List<AuditFinding> findings)
    {
        var merged = new List<(DateTimeOffset At, LoggedEntry Entry)>();
        foreach (var log in Logs(network))
        {
            // A clock that was set back must not change the order within a log.
            var at = DateTimeOffset.MinValue;
            foreach (var entry in Read(log, findings))
            {
                at = entry.Entry.At > at ? entry.Entry.At.Value : at;
                merged.Add((at, entry));
            }
        }

        return [.. merged.OrderBy(item => item.At).ThenBy(item => item.Entry.Log.Origin, StringComparer.Ordinal).ThenBy(item => item.Entry.Index).Select(item => item.Entry)];
    }

    /// <summary>Verifies every log and every file that an entry vouches for.</summary>
    /// <param name="network">Only this network's logs; null for all.</param>
    /// <param name="others">Checkpoints from elsewhere.</param>
    public AuditReport Verify(string? network, IReadOnlyList<OtherCheckpoint> others)
    {
        var findings = new List<AuditFinding>();
        var logs = Logs(network);
        var reports = logs.Select(log => LogVerification.Run(log, new LogKeys(seal, log.Network), others)).ToList();
        foreach (var other in others.Where(other => !logs.Any(log => string.Equals(log.Origin, other.Checkpoint.Origin, StringComparison.Ordinal))))
        {
            findings.Add(new AuditFinding("log-missing", ExitCode.Mismatch, $"{other.Source} is of the log {other.Checkpoint.Origin} with {other.Checkpoint}, and this workspace has no such log."));
        }

        foreach (var name in (IEnumerable<string>)(network is null ? workspace.Networks().Union(logs.Select(log => log.Network), StringComparer.Ordinal).Order(StringComparer.Ordinal) : [network]))
        {
            AddMissingLogs(name, logs, findings);
        }

        var files = CheckFiles(network, findings);
        return new AuditReport(reports, findings, files);
    }

    /// <summary>For each file that entries vouch for, the entry that counts: the newest that names it, in whatever log.</summary>
    public static IReadOnlyDictionary<string, LoggedEntry> Newest(IEnumerable<LoggedEntry> entries)
    {
        var newest = new Dictionary<string, LoggedEntry>(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            foreach (var file in entry.Entry.Files)
            {
                newest[file.Path] = entry;
            }
        }

        return newest;
    }

    private int CheckFiles(string? network, List<AuditFinding> findings)
    {
        var good = 0;
        foreach (var (path, entry) in Newest(Entries(null, network is null ? findings : [])).OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (network is not null && !string.Equals(entry.Log.Network, network, StringComparison.Ordinal))
            {
                continue;
            }

            var said = entry.Entry.Files.Last(file => string.Equals(file.Path, path, StringComparison.Ordinal)).Sha256;
            var place = $"entry {entry.Index} of {entry.Log.Origin} ({entry.Entry.Kind})";
            try
            {
                var found = AuditFile.Of(workspace, path).Sha256;
                if (found != said)
                {
                    findings.Add(new AuditFinding("file-altered", ExitCode.Mismatch, $"{path} has the SHA-256 {found.ToString()[2..]}, and {place} says {said.ToString()[2..]}: it was altered after it was recorded."));
                    continue;
                }

                good++;
            }
            catch (ControlException problem)
            {
                findings.Add(File.Exists(workspace.Locate(path.Split('/')))
                    ? new AuditFinding("file-unread", ExitCode.Unknown, problem.Message)
                    : new AuditFinding("file-gone", ExitCode.Mismatch, $"{path} is missing, and {place} vouches for it."));
            }
        }

        return good;
    }

    // A log that this user's keys signed for this workspace and that is no longer there.
    private void AddMissingLogs(string network, IReadOnlyList<LogFolder> logs, List<AuditFinding> findings)
    {
        var keys = new LogKeys(seal, network);
        foreach (var writer in keys.Remembered().Where(writer => !logs.Any(log => string.Equals(log.Network, network, StringComparison.Ordinal) && string.Equals(log.Writer, writer, StringComparison.Ordinal))))
        {
            try
            {
                if (keys.Recall(writer) is { } memory && string.Equals(memory.Workspace, workspace.Root, StringComparison.Ordinal))
                {
                    findings.Add(new AuditFinding("log-missing", ExitCode.Mismatch, $"The log {memory.Checkpoint.Origin} with {memory.Checkpoint} was signed for this workspace by this user's key, and it is gone. Restore storage/audit/{network}/{writer} from git or a backup."));
                }
            }
            catch (ControlException problem)
            {
                findings.Add(AuditFinding.Of(problem));
            }
        }
    }

    private static List<LoggedEntry> Read(LogFolder log, List<AuditFinding> findings)
    {
        // Another process may be moving what waits into the tree; then the checkpoint changes while we read.
        for (var attempt = 1; ; attempt++)
        {
            var problems = new List<AuditFinding>();
            var before = Size(log, problems);
            var entries = ReadOnce(new LogFolder(log.Path), before, problems);
            if (attempt == Tries || Size(log, []) == before)
            {
                findings.AddRange(problems);
                return entries;
            }
        }
    }

    private static long Size(LogFolder log, List<AuditFinding> problems)
    {
        try
        {
            return log.ReadNote() is { } note ? Checkpoint.Parse(note.Text).Size : 0;
        }
        catch (ControlException problem)
        {
            problems.Add(AuditFinding.Of(problem));
            return 0;
        }
    }

    private static List<LoggedEntry> ReadOnce(LogFolder log, long size, List<AuditFinding> problems)
    {
        var entries = new List<LoggedEntry>();
        try
        {
            foreach (var (index, bytes) in log.Entries(size))
            {
                Add(index, bytes, true);
            }

            var next = size;
            foreach (var (path, start) in log.IsRetired ? [] : PendingFile.List(log.Path))
            {
                var pending = PendingFile.Read(path, start);
                for (var i = (int)Math.Clamp(next - start, 0, pending.Entries.Count); i < pending.Entries.Count; i++)
                {
                    Add(start + i, pending.Entries[i], false);
                }

                next = Math.Max(next, pending.End);
            }
        }
        catch (Exception problem) when (problem is ControlException or IOException or UnauthorizedAccessException)
        {
            problems.Add(problem is ControlException refusal ? AuditFinding.Of(refusal) : new AuditFinding("file-read", ExitCode.Unknown, problem.Message));
        }

        return entries;

        void Add(long index, ReadOnlyMemory<byte> bytes, bool isSigned)
        {
            try
            {
                entries.Add(new LoggedEntry(log, index, bytes, AuditEntry.Decode(bytes), isSigned));
            }
            catch (ControlException problem)
            {
                problems.Add(AuditFinding.Of(problem) with { Message = $"{log.Origin}, entry {index}: {problem.Message}" });
            }
        }
    }
}
