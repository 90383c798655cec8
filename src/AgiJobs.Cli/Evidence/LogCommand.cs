using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Evidence.Bundles;
using AgiJobs.Control.Evidence.Log;

namespace AgiJobs.Cli.Evidence;

/// <summary><c>evidence log</c>: the entries of the audit log; with <c>--verify</c> the proof that nobody altered them.</summary>
internal static class LogCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var change = new Option<string?>("--change") { Description = "only entries about this change", HelpName = "ID" };
        var kind = new Option<string?>("--kind") { Description = "only entries of this kind, or of the kinds that begin with it and a dot", HelpName = "KIND" };
        var since = new Option<string?>("--since") { Description = "only entries of this time or later: 2026-01-31 or 2026-01-31T18:00:00Z", HelpName = "TIME" };
        var verify = new Option<bool>("--verify") { Description = "compute every hash anew and check signatures, checkpoints and the files that entries name" };
        var against = new Option<string[]>("--against") { Description = "a checkpoint, a bundle, or another workspace or log folder that the log must agree with; with --verify", HelpName = "FILE" };
        var command = new Command("log", "list the audit log, or verify it") { change, kind, since, verify, against };
        Session.Run(command, options, environment, (session, parsed, _) =>
        {
            var archive = new AuditArchive(session.Workspace, environment.Seal);
            var network = parsed.GetValue(options.Network);
            if (parsed.GetValue(verify))
            {
                foreach (var option in new Option[] { change, kind, since })
                {
                    if (parsed.GetResult(option) is { Implicit: false })
                    {
                        throw new ControlException("verify-all", ExitCode.BadInput, $"--verify checks the whole log, and {option.Name} asks for a part.", $"Leave {option.Name} out.");
                    }
                }

                var others = (parsed.GetValue(against) ?? []).SelectMany(path => Others(session.PathOf(path), archive)).ToList();
                return Task.FromResult(Verify(session, archive, network, others));
            }

            if (parsed.GetValue(against) is { Length: > 0 })
            {
                throw new ControlException("against-verify", ExitCode.BadInput, "--against compares while verifying.", "Add --verify.");
            }

            var digest = parsed.GetValue(change) is { } id ? new ChangeStore(session.Workspace, environment.Time).Get(id).Document.Digest() : default(Ethereum.Bytes32?);
            var from = parsed.GetValue(since) is { } text ? Time(text) : DateTimeOffset.MinValue;
            var wanted = parsed.GetValue(kind);
            return Task.FromResult(List(session, archive, network, entry =>
                (digest is null || entry.Change == digest)
                && entry.At >= from
                && (wanted is null || string.Equals(entry.Kind, wanted, StringComparison.Ordinal) || entry.Kind.StartsWith(wanted + ".", StringComparison.Ordinal))));
        });
        return command;
    }

    private static ExitCode List(Session session, AuditArchive archive, string? network, Func<AuditEntry, bool> isWanted)
    {
        var findings = new List<AuditFinding>();
        var entries = archive.Entries(network, findings).Where(entry => isWanted(entry.Entry)).ToList();
        var exit = LogReport.ExitOf(findings);
        foreach (var name in EvidenceNetworks.Of(session, network, archive.Logs(network)))
        {
            session.Terminal.Line(EvidenceNetworks.Name(session, name));
        }

        if (entries.Count == 0)
        {
            session.Terminal.Line($"No such entry is in {archive.Folder}.");
        }
        else
        {
            session.Terminal.Table(
                ["time (UTC)", "network", "kind", "change", "data", "log", "index", ""],
                entries.Select(entry => (IReadOnlyList<string>)
                [
                    entry.Entry.At!.Value.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
                    entry.Entry.Network,
                    entry.Entry.Kind,
                    entry.Entry.Change?.ToString()[..10] ?? "",
                    Short(entry.Entry.Data),
                    entry.Log.Writer,
                    entry.Index.ToString(CultureInfo.InvariantCulture),
                    entry.IsSigned ? "" : "not yet signed",
                ]));
        }

        foreach (var finding in findings)
        {
            session.Terminal.Line($"{Word(finding)} {finding.Message}");
        }

        session.Terminal.Json("agijobs.evidence-log/1", exit, writer =>
        {
            WriteNetworks(session, writer, network, archive);
            writer.WriteStartArray("entries");
            foreach (var entry in entries)
            {
                writer.WriteStartObject();
                writer.WriteString("log", entry.Log.Origin);
                writer.WriteNumber("index", entry.Index);
                writer.WriteBoolean("signed", entry.IsSigned);
                writer.WritePropertyName("entry");
                writer.WriteRawValue(entry.Bytes.Span);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            WriteFindings(writer, findings);
        });
        return exit;
    }

    private static ExitCode Verify(Session session, AuditArchive archive, string? network, IReadOnlyList<OtherCheckpoint> others)
    {
        var report = archive.Verify(network, others);
        var terminal = session.Terminal;
        foreach (var name in EvidenceNetworks.Of(session, network, archive.Logs(network)))
        {
            terminal.Line(EvidenceNetworks.Name(session, name));
        }

        if (report.Logs.Count == 0)
        {
            terminal.Line($"There is no log in {archive.Folder}: nothing was recorded, or it was removed.");
        }

        foreach (var log in report.Logs)
        {
            terminal.Line($"{log.Log.Origin}: {(log.Exit switch { ExitCode.Clean => "verified", ExitCode.Findings => "verified as far as it goes", ExitCode.Unknown => "NOT KNOWN", _ => "DOES NOT MATCH" })}");
            terminal.Line($"  checkpoint {log.Checkpoint?.ToString() ?? "none"}{(log.Pending > 0 ? string.Create(CultureInfo.InvariantCulture, $"; {log.Pending} entries not yet under a signed checkpoint") : "")}");
            terminal.Line($"  rests on   {(log.Anchors.Count == 0 ? "NOTHING but the folder itself" : string.Join("; ", log.Anchors))}");
            foreach (var finding in log.Findings)
            {
                terminal.Line($"  {Word(finding)} {finding.Message}");
            }
        }

        terminal.Line($"files: {report.Files} are as the log says");
        foreach (var finding in report.Findings)
        {
            terminal.Line($"  {Word(finding)} {finding.Message}");
        }

        terminal.Json("agijobs.evidence-log-verify/1", report.Exit, writer =>
        {
            WriteNetworks(session, writer, network, archive);
            writer.WriteStartArray("logs");
            foreach (var log in report.Logs)
            {
                writer.WriteStartObject();
                writer.WriteString("log", log.Log.Origin);
                writer.WriteNumber("exit", (int)log.Exit);
                writer.WriteNumber("size", log.Checkpoint?.Size ?? 0);
                writer.WriteString("root", log.Checkpoint?.Root.ToString());
                writer.WriteNumber("pending", log.Pending);
                writer.WriteStartArray("anchors");
                foreach (var anchor in log.Anchors)
                {
                    writer.WriteStringValue(anchor);
                }

                writer.WriteEndArray();
                WriteFindings(writer, log.Findings);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteNumber("filesVerified", report.Files);
            WriteFindings(writer, report.Findings);
        });
        return report.Exit;
    }

    /// <summary>How a finding is introduced.</summary>
    public static string Word(AuditFinding finding) => finding.Exit switch { ExitCode.Mismatch => "MISMATCH", ExitCode.Unknown => "UNKNOWN ", _ => "FINDING " };

    /// <summary>Writes findings as the member <c>findings</c>.</summary>
    public static void WriteFindings(Utf8JsonWriter writer, IEnumerable<AuditFinding> findings)
    {
        writer.WriteStartArray("findings");
        foreach (var finding in findings)
        {
            writer.WriteStartObject();
            writer.WriteString("code", finding.Code);
            writer.WriteNumber("exit", (int)finding.Exit);
            writer.WriteString("message", finding.Message);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteNetworks(Session session, Utf8JsonWriter writer, string? network, AuditArchive archive)
    {
        writer.WriteStartArray("networks");
        foreach (var name in EvidenceNetworks.Of(session, network, archive.Logs(network)))
        {
            writer.WriteStartObject();
            writer.WriteString("network", name);
            if (EvidenceNetworks.ChainId(session, name) is { } chain)
            {
                writer.WriteNumber("chainId", chain);
            }
            else
            {
                writer.WriteNull("chainId");
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static List<OtherCheckpoint> Others(string path, AuditArchive archive)
    {
        if (Directory.Exists(path))
        {
            IReadOnlyList<LogFolder> folders = File.Exists(Path.Combine(path, "checkpoint")) ? [new LogFolder(path)]
                : LogFolder.Under(Path.Combine(path, "storage", "audit")) is { Count: > 0 } ofWorkspace ? ofWorkspace
                : LogFolder.Under(path);
            var mine = archive.Logs().Select(log => log.Origin).ToHashSet(StringComparer.Ordinal);
            var found = folders.Where(log => mine.Contains(log.Origin))
                .Select(log => log.ReadNote() is { } note ? new OtherCheckpoint(log.Path, note, log) : null)
                .OfType<OtherCheckpoint>()
                .ToList();
            return found.Count > 0 ? found : throw new ControlException("against-other", ExitCode.BadInput, $"{path} holds no signed log of those that this workspace has.", "Name a log's folder, or a workspace with the same log.");
        }

        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new ControlException("file-read", ExitCode.BadInput, $"{path} could not be read: {problem.Message}", null, problem);
        }

        // A tar says what it is at byte 257; a checkpoint is a short text.
        return bytes.Length > 512 && bytes.AsSpan(257).StartsWith("ustar"u8)
            ? [.. BundleVerification.CheckpointsOf(bytes, path)]
            : [new OtherCheckpoint(path, SignedNote.Parse(bytes))];
    }

    private static DateTimeOffset Time(string text) =>
        DateTimeOffset.TryParseExact(text, ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm'Z'"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : throw new ControlException("time-format", ExitCode.BadInput, $"--since '{text}' is no time.", "Write 2026-01-31 or 2026-01-31T18:00:00Z (UTC).");

    private static string Short(JsonObject data)
    {
        const int Longest = 80;
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            data.WriteTo(writer);
        }

        var text = Encoding.UTF8.GetString(buffer.ToArray());
        text = string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
        return data.Count == 0 ? "" : text.Length <= Longest ? text : text[..Longest] + "...";
    }
}
