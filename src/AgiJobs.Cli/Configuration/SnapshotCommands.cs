using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Snapshots;

namespace AgiJobs.Cli.Configuration;

/// <summary><c>config snapshot</c> and <c>config restore</c>.</summary>
internal static class SnapshotCommands
{
    private const string Nothing = "NOTHING WAS SENT - add --execute";
    private const string ChainNote = "This brings files back and changes nothing on a chain. Bring the chain in line with the manifest afterwards: agijobs owner update-all";

    /// <summary>Keeps the configuration, or lists what was kept.</summary>
    public static Command Snapshot(CommonOptions options, CommandEnvironment environment)
    {
        var note = new Option<string?>("--note") { Description = "why it is kept", HelpName = "TEXT" };
        var list = new Option<bool>("--list") { Description = "list the snapshots, each verified" };
        var command = new Command("snapshot", "keep the configuration as it is (config/, deploy/, monitoring/ without its dry runs), hash-verified, in storage/snapshots/") { note, list };
        Session.Run(command, options, environment, (session, parsed, cancellation) => !parsed.GetValue(list) ? TakeAsync(session, parsed.GetValue(note), cancellation)
            : parsed.GetValue(note) is null ? Task.FromResult(List(session))
            : throw new ControlException("command-line", ExitCode.BadInput, "--note belongs to a new snapshot, and --list makes none.", "Leave one of them out."));
        return command;
    }

    /// <summary>Brings the configuration back to a snapshot.</summary>
    public static Command Restore(CommonOptions options, CommandEnvironment environment)
    {
        var id = new Option<string>("--snapshot") { Description = "the snapshot; 'agijobs config snapshot --list' shows them", HelpName = "ID", Required = true };
        var command = new Command("restore", "bring the configuration's files back to a snapshot, all of them or none; chain parameters do not change by it") { id, options.Execute, options.DryRun };
        Session.Run(command, options, environment, (session, parsed, cancellation) => RestoreAsync(session, parsed.GetValue(id)!, cancellation));
        return command;
    }

    private static async Task<ExitCode> TakeAsync(Session session, string? note, CancellationToken cancellation)
    {
        var store = new SnapshotStore(session.Workspace, session.Environment.Time);
        var snapshot = await store.TakeAsync(note, cancellation).ConfigureAwait(false);
        await WorkspaceScope.RecordAsync(session, "config.snapshot", data =>
        {
            data["snapshot"] = snapshot.Id;
            data["identity"] = snapshot.Manifest.Identity().ToString();
        }, [AuditFile.Of(session.Workspace, store.ManifestPathOf(snapshot.Id))], cancellation).ConfigureAwait(false);
        session.Terminal.Line(WorkspaceScope.Line(session));
        session.Terminal.Line($"  snapshot  {snapshot.Id}");
        session.Terminal.Line($"  identity  {snapshot.Manifest.Identity()}");
        session.Terminal.Line($"  content   {snapshot.Manifest.Content} (the same on every machine with these files)");
        session.Terminal.Line($"  files     {snapshot.Files.Count} in {store.FolderOf(snapshot.Id)}");
        session.Terminal.Line($"  back      agijobs config restore --snapshot {snapshot.Id}");
        session.Terminal.Json("agijobs.config-snapshot/1", ExitCode.Clean, writer =>
        {
            WorkspaceScope.Write(session, writer);
            Write(writer, snapshot);
            writer.WriteString("folder", store.FolderOf(snapshot.Id));
        });
        return ExitCode.Clean;
    }

    private static ExitCode List(Session session)
    {
        var entries = new SnapshotStore(session.Workspace, session.Environment.Time).List();
        var exit = entries.Any(entry => entry.Snapshot is null) ? ExitCode.Mismatch : ExitCode.Clean;
        session.Terminal.Line(WorkspaceScope.Line(session));
        if (entries.Count == 0)
        {
            session.Terminal.Line("  no snapshot: make one with 'agijobs config snapshot'");
        }
        else
        {
            session.Terminal.Table(["snapshot", "taken (UTC)", "files", "content", "verified", "note"], entries.Select(entry => (IReadOnlyList<string>)(entry.Snapshot is { } snapshot
                ? [entry.Id, Time(snapshot), snapshot.Files.Count.ToString(CultureInfo.InvariantCulture), snapshot.Manifest.Content.ToString()[..10], "yes", snapshot.Manifest.Note]
                : [entry.Id, "", "", "", $"NO: {entry.Problem}", ""])));
        }

        session.Terminal.Json("agijobs.config-snapshots/1", exit, writer =>
        {
            WorkspaceScope.Write(session, writer);
            writer.WriteStartArray("snapshots");
            foreach (var entry in entries)
            {
                writer.WriteStartObject();
                if (entry.Snapshot is { } snapshot)
                {
                    Write(writer, snapshot);
                }
                else
                {
                    writer.WriteString("snapshot", entry.Id);
                }

                writer.WriteBoolean("verified", entry.Snapshot is not null);
                writer.WriteString("problem", entry.Problem);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });
        return exit;
    }

    private static async Task<ExitCode> RestoreAsync(Session session, string id, CancellationToken cancellation)
    {
        var execute = session.Execute;
        var restore = new ConfigurationRestore(session.Workspace, session.Environment.Time);
        var store = new SnapshotStore(session.Workspace, session.Environment.Time);
        var snapshot = store.Open(id);
        var changes = restore.Plan(snapshot);
        var scope = WorkspaceScope.Line(session);
        RestoreOutcome? outcome = null;
        if (execute)
        {
            outcome = await restore.ExecuteAsync(id, cancellation).ConfigureAwait(false);
            if (outcome.Paths.Count > 0)
            {
                await RestoreRecord.WriteAsync(session, outcome, cancellation).ConfigureAwait(false);
            }
        }

        var exit = execute || changes.Count == 0 ? ExitCode.Clean : ExitCode.Findings;
        if (!execute)
        {
            session.Terminal.Line(Nothing);
        }

        session.Terminal.Line(scope);
        session.Terminal.Line($"  snapshot  {id}, taken {Time(snapshot)} UTC, every hash verified{(snapshot.Manifest.Note.Length == 0 ? "" : $": {snapshot.Manifest.Note}")}");
        session.Terminal.Line(changes.Count == 0 ? "  nothing differs" : $"  {changes.Count} file{(changes.Count == 1 ? "" : "s")} {(execute ? "changed" : "would change")}:");
        Report(session, changes);
        if (outcome?.Before is { } before)
        {
            session.Terminal.Line($"  before    {before} keeps what was there: agijobs config restore --snapshot {before}");
        }

        session.Terminal.Line($"  {ChainNote}");
        if (!execute)
        {
            session.Terminal.Line(Nothing);
        }

        session.Terminal.Json("agijobs.config-restore/1", exit, writer =>
        {
            WorkspaceScope.Write(session, writer);
            writer.WriteString("snapshot", id);
            writer.WriteBoolean("executed", execute);
            writer.WriteString("before", outcome?.Before);
            writer.WriteString("chain", ChainNote);
            Write(writer, changes);
        });
        return exit;
    }

    /// <summary>The files that differ, with their lines, for people.</summary>
    public static void Report(Session session, IReadOnlyList<FileChange> changes)
    {
        foreach (var change in changes)
        {
            session.Terminal.Line($"  {Word(change.Kind)} {change.Path}");
            foreach (var line in change.Lines())
            {
                session.Terminal.Line($"      {line}");
            }
        }
    }

    /// <summary>The files that differ, with their lines, for programs.</summary>
    public static void Write(Utf8JsonWriter writer, IReadOnlyList<FileChange> changes)
    {
        writer.WriteStartArray("files");
        foreach (var change in changes)
        {
            writer.WriteStartObject();
            writer.WriteString("path", change.Path);
            writer.WriteString("change", Word(change.Kind));
            writer.WriteStartArray("lines");
            foreach (var line in change.Lines())
            {
                writer.WriteStringValue(line);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static string Word(FileChangeKind kind) => kind switch { FileChangeKind.Added => "added", FileChangeKind.Removed => "removed", _ => "changed" };

    private static string Time(Snapshot snapshot) => snapshot.Manifest.TakenAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static void Write(Utf8JsonWriter writer, Snapshot snapshot)
    {
        writer.WriteString("snapshot", snapshot.Id);
        writer.WriteString("takenAt", snapshot.Manifest.TakenAt);
        writer.WriteString("identity", snapshot.Manifest.Identity().ToString());
        writer.WriteString("content", snapshot.Manifest.Content.ToString());
        writer.WriteNumber("files", snapshot.Files.Count);
        writer.WriteString("note", snapshot.Manifest.Note);
    }
}
