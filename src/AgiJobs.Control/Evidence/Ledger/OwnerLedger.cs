using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Evidence.Ledger;

/// <summary>
/// The owner's ledger, <c>storage/owner-ledger.json</c>: a JSON list to which entries are only ever added. Written atomically under a lock between processes; this
/// type is its only writer.
/// </summary>
public sealed class OwnerLedger(Workspace workspace, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>The file.</summary>
    public string Path { get; } = workspace.Locate("storage", "owner-ledger.json");

    /// <summary>The entries, oldest first; none when there is no file.</summary>
    /// <exception cref="ControlException"><c>ledger-corrupt</c> (exit 6) when the file is not a ledger, <c>file-read</c>.</exception>
    public IReadOnlyList<LedgerEntry> Read() => Load();

    /// <summary>Adds an entry; when this returns it is on the disk.</summary>
    /// <exception cref="ControlException"><c>ledger-corrupt</c> (exit 6): nothing is written over a damaged file; <c>ledger-locked</c> when another process holds it for seconds; <c>file-write</c>.</exception>
    public async Task AppendAsync(LedgerEntry entry, CancellationToken cancellation)
    {
        using var held = await FileLock.TakeAsync(Path + ".lock", Patience, time, cancellation).ConfigureAwait(false)
            ?? throw new ControlException("ledger-locked", ExitCode.Failed, $"Another process holds {Path}.lock.", "Wait for it to end, then run the command again.");
        var entries = Load();
        entries.Add(entry);
        JsonFile.Write(Path, entries, LedgerJson.Default.ListLedgerEntry);
    }

    /// <summary>
    /// Adds an entry for a caller that nothing may stop, such as an emergency pause: what goes wrong comes back as a finding, which the caller shows, and is null when the entry
    /// is on the disk. The audit log has what the ledger then lacks.
    /// </summary>
    public async Task<ControlException?> TryAppendAsync(LedgerEntry entry, CancellationToken cancellation)
    {
        try
        {
            await AppendAsync(entry, cancellation).ConfigureAwait(false);
            return null;
        }
        catch (ControlException problem)
        {
            return problem;
        }
    }

    private List<LedgerEntry> Load()
    {
        try
        {
            return File.Exists(Path) ? JsonFile.Read(Path, LedgerJson.Default.ListLedgerEntry) : [];
        }
        catch (ControlException problem) when (problem.Code is "file-format")
        {
            throw new ControlException("ledger-corrupt", ExitCode.Mismatch, $"The owner's ledger is damaged, and nothing is added to it: {problem.Message}", "Restore storage/owner-ledger.json from git or a backup; 'agijobs evidence log' has what was done since.", problem);
        }
    }
}
