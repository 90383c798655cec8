using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using AgiJobs.Cli.Output;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Evidence.Bundles;
using AgiJobs.Control.Evidence.Log;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum;

namespace AgiJobs.Cli.Evidence;

/// <summary><c>evidence export</c> and <c>evidence verify</c>: bundles of evidence.</summary>
internal static class BundleCommands
{
    public static Command Export(CommonOptions options, CommandEnvironment environment)
    {
        var change = new Option<string?>("--change") { Description = "the change whose evidence is exported", HelpName = "ID" };
        var all = new Option<bool>("--all") { Description = "export everything on record" };
        var command = new Command("export", "write a bundle of evidence: files, log entries with proofs, and the owners' signatures over the log") { change, all };
        command.Options.Add(options.Out);
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var id = parsed.GetValue(change);
            if ((id is null) != parsed.GetValue(all))
            {
                throw new ControlException("export-what", ExitCode.BadInput, "What is to be exported must be said.", "Give either --change ID or --all.");
            }

            var path = session.PathOf(parsed.GetValue(options.Out) ?? throw new ControlException("out-needed", ExitCode.BadInput, "Where the bundle goes must be said.", "Add --out FILE."));
            var archive = new AuditArchive(session.Workspace, environment.Seal);
            var export = new BundleExport(session.Workspace, archive);
            var filed = id is null ? null : new ChangeStore(session.Workspace, environment.Time).Get(id);
            var network = filed?.Document.Network ?? parsed.GetValue(options.Network);
            foreach (var name in EvidenceNetworks.Of(session, network, archive.Logs(network)))
            {
                await CheckpointCommand.SignWaitingAsync(session, name, cancellation).ConfigureAwait(false);
            }

            var bundle = filed is null ? export.Everything(network) : export.Of(filed);
            AtomicFile.Write(path, bundle.Tar);
            Print(session, path, bundle, EvidenceNetworks.Of(session, network, archive.Logs(network)));
            return LogReport.ExitOf(bundle.Findings);
        });
        return command;
    }

    public static Command Verify(CommonOptions options, CommandEnvironment environment)
    {
        var file = new Argument<string>("file") { Description = "the bundle", HelpName = "FILE" };
        var owners = new Option<string[]>("--owner") { Description = "the address of an owner of the Safe, from a source that you trust; give each", HelpName = "ADDRESS", Required = true };
        var threshold = new Option<int?>("--threshold") { Description = "how many of the owners must have signed; default: all that are given", HelpName = "N" };
        var command = new Command("verify", "verify a bundle with nothing but the file and the owners' addresses; needs no workspace and no network") { file, owners, threshold };
        command.SetAction((parsed, _) =>
        {
            // No session: this works on a machine that has no workspace.
            var terminal = new Terminal(environment.Out, environment.Error, parsed.GetValue(options.Json), environment.Color && !parsed.GetValue(options.NoColor));
            var path = Path.GetFullPath(parsed.GetValue(file)!, environment.CurrentDirectory);
            byte[] bytes;
            try
            {
                bytes = File.ReadAllBytes(path);
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                throw new ControlException("file-read", ExitCode.BadInput, $"{path} could not be read: {problem.Message}", null, problem);
            }

            var given = parsed.GetValue(owners)!.Select(Address.Parse).ToList();
            var report = BundleVerification.Run(bytes, given, parsed.GetValue(threshold) ?? given.Count);
            Print(terminal, path, bytes, report, given.Count, parsed.GetValue(threshold) ?? given.Count);
            return Task.FromResult((int)report.Exit);
        });
        return command;
    }

    private static void Print(Session session, string path, ExportedBundle bundle, IReadOnlyList<string> networks)
    {
        var terminal = session.Terminal;
        var exit = LogReport.ExitOf(bundle.Findings);
        var hash = Convert.ToHexStringLower(SHA256.HashData(bundle.Tar));
        foreach (var network in networks)
        {
            terminal.Line(EvidenceNetworks.Name(session, network));
        }

        terminal.Line($"wrote {path}: {bundle.Files} files, {bundle.Entries} log entries with proofs");
        terminal.Line($"  sha256     {hash}");
        terminal.Line($"  signed by  {(bundle.Witnesses.Count == 0 ? "no owner" : string.Join(", ", bundle.Witnesses))}");
        foreach (var finding in bundle.Findings)
        {
            terminal.Line($"  {LogCommand.Word(finding)} {finding.Message}");
        }

        terminal.Line($"  next       agijobs evidence verify {Path.GetFileName(path)} --owner ADDRESS ...");
        terminal.Json("agijobs.evidence-export/1", exit, writer =>
        {
            writer.WriteStartArray("networks");
            foreach (var network in networks)
            {
                writer.WriteStartObject();
                writer.WriteString("network", network);
                if (EvidenceNetworks.ChainId(session, network) is { } chain)
                {
                    writer.WriteNumber("chainId", chain);
                }

                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteString("bundle", path);
            writer.WriteString("sha256", hash);
            writer.WriteNumber("files", bundle.Files);
            writer.WriteNumber("entries", bundle.Entries);
            writer.WriteStartArray("signedBy");
            foreach (var owner in bundle.Witnesses)
            {
                writer.WriteStringValue(owner.ToString());
            }

            writer.WriteEndArray();
            LogCommand.WriteFindings(writer, bundle.Findings);
        });
    }

    private static void Print(Terminal terminal, string path, byte[] bytes, BundleReport report, int owners, int threshold)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(bytes));
        terminal.Line(report.Exit == ExitCode.Clean ? $"{path}: verified" : $"{path}: DOES NOT VERIFY");
        terminal.Line($"  sha256     {hash}");
        foreach (var log in report.Logs)
        {
            var network = log.Checkpoint.Origin.Split('/')[0];
            terminal.Line($"  log        {log.Checkpoint.Origin}: network {network}, chain {log.ChainId?.ToString() ?? "not known"}; {log.Checkpoint}");
            terminal.Line($"  owners     {log.Signers.Count} of the {owners} given signed this checkpoint, {threshold} needed{(log.Safe is { } safe ? $", as owners of the Safe {safe}" : "")}{(log.Signers.Count == 0 ? "" : $": {string.Join(", ", log.Signers)}")}");
            foreach (var (index, entry) in log.Entries)
            {
                terminal.Line(string.Create(CultureInfo.InvariantCulture, $"  proven     entry {index}: {entry.At:yyyy-MM-dd HH:mm:ss} UTC {entry.Kind}{(entry.Change is { } change ? $" {change}" : "")}"));
            }
        }

        foreach (var file in report.Proven)
        {
            terminal.Line($"  proven     {Shown(file)}");
        }

        foreach (var file in report.Unproven)
        {
            terminal.Line($"  NOT PROVEN {Shown(file)}: no proven entry vouches for it");
        }

        foreach (var finding in report.Findings)
        {
            terminal.Line($"  {LogCommand.Word(finding)} {finding.Message}");
        }

        terminal.Line("  That the given addresses are the owners is yours to know; the time of an entry is what its writer's clock said.");
        terminal.Json("agijobs.evidence-verify/1", report.Exit, writer =>
        {
            writer.WriteString("bundle", path);
            writer.WriteString("sha256", hash);
            writer.WriteNumber("threshold", threshold);
            writer.WriteStartArray("logs");
            foreach (var log in report.Logs)
            {
                writer.WriteStartObject();
                writer.WriteString("log", log.Checkpoint.Origin);
                writer.WriteString("network", log.Checkpoint.Origin.Split('/')[0]);
                writer.WriteString("safe", log.Safe?.ToString());
                if (log.ChainId is { } chain)
                {
                    writer.WriteNumber("chainId", chain.Value);
                }
                else
                {
                    writer.WriteNull("chainId");
                }

                writer.WriteNumber("size", log.Checkpoint.Size);
                writer.WriteString("root", log.Checkpoint.Root.ToString());
                writer.WriteStartArray("signedBy");
                foreach (var owner in log.Signers)
                {
                    writer.WriteStringValue(owner.ToString());
                }

                writer.WriteEndArray();
                writer.WriteStartArray("entries");
                foreach (var (index, entry) in log.Entries)
                {
                    writer.WriteStartObject();
                    writer.WriteNumber("index", index);
                    writer.WriteString("at", entry.At!.Value.ToString("O", CultureInfo.InvariantCulture));
                    writer.WriteString("kind", entry.Kind);
                    writer.WriteString("change", entry.Change?.ToString());
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            WriteStrings("provenFiles", report.Proven);
            WriteStrings("unprovenFiles", report.Unproven);
            LogCommand.WriteFindings(writer, report.Findings);

            void WriteStrings(string name, IEnumerable<string> values)
            {
                writer.WriteStartArray(name);
                foreach (var value in values)
                {
                    writer.WriteStringValue(value);
                }

                writer.WriteEndArray();
            }
        });
    }

    // A name from a hostile bundle must not steer the terminal.
    private static string Shown(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
}
