using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using AgiJobs.Cli.Configuration;
using AgiJobs.Control;
using AgiJobs.Control.Backups;
using AgiJobs.Control.Evidence;
using AgiJobs.Ethereum;

namespace AgiJobs.Cli.Backups;

/// <summary><c>backup create|verify|restore|list</c>. Backups are records of the workspace and written directly.</summary>
internal static class BackupCommands
{
    private const string NoSecrets = "No secret is in a backup: keys, the log key and the armory lie in the user's configuration folder, which you keep apart.";

    public static Command Build(CommonOptions options, CommandEnvironment environment) => new("backup", "the workspace's record and configuration with the state of the chain, verified by hashes")
    {
        Create(options, environment),
        Verify(options, environment),
        Restore(options, environment),
        List(options, environment),
    };

    private static Command Create(CommonOptions options, CommandEnvironment environment)
    {
        var offline = new Option<bool>("--offline") { Description = "leave the state of the chain out; such a backup does not count as one before a change" };
        var command = new Command("create", "keep configuration, record and the state of the chain at one block in storage/backups/") { offline };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var (network, chain) = (session.Network, session.NetworkFile.ChainId);
            StateDump? state = null;
            var why = "it was left out (--offline)";
            if (!parsed.GetValue(offline))
            {
                try
                {
                    state = StateDump.Of(network, await session.ObserveWholeAsync(cancellation).ConfigureAwait(false));
                }
                catch (EthereumException problem)
                {
                    why = problem.Message;
                }
            }

            var store = new BackupStore(session.Workspace, session.Environment.Time);
            var entry = await store.CreateAsync(network, chain, state, why, cancellation).ConfigureAwait(false);
            await session.RecordAsync("backup.created", null, data =>
            {
                data["backup"] = entry.Id;
                data["identity"] = entry.Manifest!.Identity().ToString();
                data["full"] = entry.Manifest.IsFull;
            }, cancellation, [AuditFile.Of(session.Workspace, Path.Combine(entry.Folder, "manifest.json"))]).ConfigureAwait(false);
            var exit = state is null && !parsed.GetValue(offline) ? ExitCode.Unknown : state is { Unknown: > 0 } ? ExitCode.Findings : ExitCode.Clean;
            Report(session, entry, "written and verified");
            session.Terminal.Line($"  {NoSecrets}");
            session.Terminal.Json("agijobs.backup/1", exit, writer => Write(writer, entry));
            return exit;
        });
        return command;
    }

    private static Command Verify(CommonOptions options, CommandEnvironment environment)
    {
        var id = new Argument<string?>("backup") { Description = "the backup, or the path of its folder; the newest without it", HelpName = "ID", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("verify", "compute every hash of a backup anew; exit 6 when one is not as it was written") { id };
        Session.Run(command, options, environment, (session, parsed, _) =>
        {
            var entry = new BackupStore(session.Workspace, session.Environment.Time).Open(parsed.GetValue(id), BackupCheck.Whole);
            Report(session, entry, "verified: every hash is as it was written");
            session.Terminal.Json("agijobs.backup-verify/1", ExitCode.Clean, writer => Write(writer, entry));
            return Task.FromResult(ExitCode.Clean);
        });
        return command;
    }

    private static Command Restore(CommonOptions options, CommandEnvironment environment)
    {
        var id = new Argument<string>("backup") { Description = "the backup, or the path of its folder", HelpName = "ID" };
        var to = new Option<string>("--to") { Description = "a folder that is not there yet, or empty, and not in the workspace", HelpName = "DIR", Required = true };
        var command = new Command("restore", "bring a backup back into an empty folder and verify it there; the workspace stays as it is") { id, to };
        Session.Run(command, options, environment, (session, parsed, _) =>
        {
            var store = new BackupStore(session.Workspace, session.Environment.Time);
            var entry = store.Open(parsed.GetValue(id), BackupCheck.Manifest);
            var target = session.PathOf(parsed.GetValue(to)!);
            var files = store.Restore(parsed.GetValue(id), target);
            Report(session, entry, $"{files} files brought back to {target}, each verified there");
            session.Terminal.Line($"  next      look at it with 'agijobs config lint --workspace {target}', then put it in its place");
            session.Terminal.Line($"  {NoSecrets}");
            session.Terminal.Json("agijobs.backup-restore/1", ExitCode.Clean, writer =>
            {
                Write(writer, entry);
                writer.WriteString("to", target);
            });
            return Task.FromResult(ExitCode.Clean);
        });
        return command;
    }

    private static Command List(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("list", "list the backups, each with its hashes computed anew");
        Session.Run(command, options, environment, (session, parsed, _) =>
        {
            var network = parsed.GetValue(options.Network);
            var entries = new BackupStore(session.Workspace, session.Environment.Time).List(BackupCheck.Bytes).Where(entry => network is null || entry.Manifest is null || string.Equals(entry.Manifest.Network, network, StringComparison.Ordinal)).ToList();
            var exit = entries.Exists(entry => entry.Problem is not null) ? ExitCode.Mismatch : ExitCode.Clean;
            session.Terminal.Line(WorkspaceScope.Line(session));
            if (entries.Count == 0)
            {
                session.Terminal.Line("  no backup: make one with 'agijobs backup create'");
            }
            else
            {
                session.Terminal.Table(["backup", "network", "chain", "created (UTC)", "block", "files", "verified"], entries.Select(entry => (IReadOnlyList<string>)(entry.Manifest is { } manifest
                    ? [entry.Id, manifest.Network, manifest.ChainId.ToString(), Time(manifest), manifest.State?.Block.ToString(CultureInfo.InvariantCulture) ?? $"unknown: {manifest.StateUnknown}", manifest.Files.Count.ToString(CultureInfo.InvariantCulture), "yes"]
                    : [entry.Id, "", "", "", "", "", $"NO: {entry.Problem}"])));
            }

            session.Terminal.Json("agijobs.backups/1", exit, writer =>
            {
                writer.WriteStartArray("backups");
                foreach (var entry in entries)
                {
                    writer.WriteStartObject();
                    Write(writer, entry);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return Task.FromResult(exit);
        });
        return command;
    }

    private static void Report(Session session, BackupEntry entry, string done)
    {
        var manifest = entry.Manifest!;
        session.Terminal.Line($"network {manifest.Network}, chain {manifest.ChainId}: backup {entry.Id} {done}");
        session.Terminal.Line($"  identity  {manifest.Identity()}");
        session.Terminal.Line($"  created   {Time(manifest)} UTC");
        session.Terminal.Line($"  record    {manifest.Files.Count} files, {manifest.Archive.Size} bytes");
        session.Terminal.Line(manifest.State is { } state
            ? $"  state     block {state.Block} ({state.BlockHash}){(state.Unknown == 0 ? "" : $", FINDING {state.Unknown} readings are unknown")}"
            : $"  state     unknown: {manifest.StateUnknown}. This is no full backup, and changes are not let through on it");
        session.Terminal.Line($"  folder    {entry.Folder}");
    }

    private static void Write(Utf8JsonWriter writer, BackupEntry entry)
    {
        writer.WriteString("backup", entry.Id);
        writer.WriteString("folder", entry.Folder);
        writer.WriteString("problem", entry.Problem);
        if (entry.Manifest is not { } manifest)
        {
            return;
        }

        writer.WriteString("network", manifest.Network);
        writer.WriteNumber("chainId", manifest.ChainId.Value);
        writer.WriteString("createdAt", manifest.CreatedAt);
        writer.WriteString("identity", manifest.Identity().ToString());
        writer.WriteBoolean("full", manifest.IsFull);
        writer.WriteNumber("files", manifest.Files.Count);
        writer.WriteNumber("bytes", manifest.Archive.Size);
        if (manifest.State is { } state)
        {
            writer.WriteNumber("block", state.Block);
            writer.WriteString("blockHash", state.BlockHash);
            writer.WriteNumber("unknownReadings", state.Unknown);
        }
        else
        {
            writer.WriteString("stateUnknown", manifest.StateUnknown);
        }
    }

    private static string Time(BackupManifest manifest) => manifest.CreatedAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
