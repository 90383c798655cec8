using System.CommandLine;
using AgiJobs.Cli.Changes;
using AgiJobs.Control;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Evidence.Log;
using AgiJobs.Control.Evidence.Witnesses;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;

namespace AgiJobs.Cli.Evidence;

/// <summary><c>evidence checkpoint</c>: the newest checkpoint of each log of a network; with <c>--signer</c> owners of the Safe sign it.</summary>
internal static class CheckpointCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("checkpoint", "show the newest checkpoint of the audit log; with --signer an owner of the Safe signs it as its witness");
        command.Options.Add(options.Signers);
        Session.Run(command, options, environment, async (session, _, cancellation) =>
        {
            var network = session.Network;
            await SignWaitingAsync(session, network, cancellation).ConfigureAwait(false);
            var archive = new AuditArchive(session.Workspace, environment.Seal);
            var reports = archive.Logs(network).Select(log => LogVerification.Run(log, new LogKeys(environment.Seal, network), [])).ToList();
            var signed = session.NamedSigners is { Count: > 0 } signers ? await WitnessAsync(session, reports, signers, cancellation).ConfigureAwait(false) : [];
            if (signed.Count > 0)
            {
                reports = [.. archive.Logs(network).Select(log => LogVerification.Run(log, new LogKeys(environment.Seal, network), []))];
            }

            var exit = LogReport.ExitOf([.. reports.SelectMany(report => report.Findings)]);
            Print(session, reports, signed, exit);
            return exit;
        });
        return command;
    }

    /// <summary>Puts what waits in this user's logs under a checkpoint, and says what stands in the way.</summary>
    public static async Task SignWaitingAsync(Session session, string network, CancellationToken cancellation)
    {
        await using var log = AuditLog.Open(session.Workspace, network, session.Environment.Seal, session.Environment.Time);
        await log.SignAsync(cancellation).ConfigureAwait(false);
        foreach (var finding in log.Findings)
        {
            session.Terminal.Progress($"audit log: {finding.Message} [{finding.Code}]");
        }
    }

    private static async Task<IReadOnlyList<CheckpointSignature>> WitnessAsync(Session session, List<LogReport> reports, IReadOnlyList<SignerReference> signers, CancellationToken cancellation)
    {
        if (reports.FirstOrDefault(report => !report.Log.IsRetired && report.Exit is ExitCode.Mismatch or ExitCode.Unknown) is { } bad)
        {
            throw new ControlException("log-not-clean", ExitCode.Refused, $"The log {bad.Log.Origin} does not verify, and an owner's signature would vouch for it: {bad.Findings.First(finding => finding.Exit is ExitCode.Mismatch or ExitCode.Unknown).Message}", "'agijobs evidence log --verify' shows all of it.");
        }

        var logs = reports.Where(report => !report.Log.IsRetired && report.Checkpoint is { Size: > 0 }).ToList();
        if (logs.Count == 0)
        {
            throw new ControlException("checkpoint-none", ExitCode.BadInput, $"No log of the network {session.Network} has a signed checkpoint yet.", "Record something first; every command that changes something does.");
        }

        var safe = session.NetworkFile.Safe ?? throw new ControlException("safe-none", ExitCode.Refused, $"The network {session.Network} has no Safe, and only owners of its Safe can be witnesses.", "Add \"safe\" to the network's file.");
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        var state = await new SafeAccount(client, safe).ReadAsync(BlockReference.Latest, cancellation).ConfigureAwait(false);
        var made = new List<CheckpointSignature>();
        foreach (var reference in signers)
        {
            using var opened = new OpenedSigner(SignerBook.Open(reference, client.ChainId));
            foreach (var report in logs)
            {
                var signature = await CheckpointSignature.SignAsync(report.Note!, client.ChainId, safe, state.Quorum.Owners, opened.Signer, session.Environment.Time, cancellation).ConfigureAwait(false);
                signature.File(report.Log);
                made.Add(signature);
                session.Terminal.Progress($"{reference.Name} signed {report.Log.Origin} at {report.Checkpoint}");
            }
        }

        return made;
    }

    private static void Print(Session session, List<LogReport> reports, IReadOnlyList<CheckpointSignature> signed, ExitCode exit)
    {
        var terminal = session.Terminal;
        terminal.Line(EvidenceNetworks.Name(session, session.Network));
        if (reports.Count == 0)
        {
            terminal.Line("There is no log yet.");
        }

        foreach (var report in reports)
        {
            terminal.Line($"{report.Log.Origin}");
            terminal.Line($"  checkpoint {report.Checkpoint?.ToString() ?? "none"}");
            terminal.Line($"  signed by  {(Owners(report) is { Count: > 0 } owners ? string.Join(", ", owners) : "no owner")}");
            foreach (var finding in report.Findings)
            {
                terminal.Line($"  {LogCommand.Word(finding)} {finding.Message}");
            }
        }

        terminal.Json("agijobs.evidence-checkpoint/1", exit, writer =>
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
            writer.WriteStartArray("logs");
            foreach (var report in reports)
            {
                writer.WriteStartObject();
                writer.WriteString("log", report.Log.Origin);
                writer.WriteNumber("size", report.Checkpoint?.Size ?? 0);
                writer.WriteString("root", report.Checkpoint?.Root.ToString());
                writer.WriteString("note", report.Note is { } note ? System.Text.Encoding.UTF8.GetString(note.ToBytes()) : null);
                writer.WriteStartArray("signedBy");
                foreach (var owner in Owners(report))
                {
                    writer.WriteStringValue(owner);
                }

                writer.WriteEndArray();
                LogCommand.WriteFindings(writer, report.Findings);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteNumber("signedNow", signed.Count);
        });
    }

    // Those who signed the newest checkpoint, not an older one.
    private static List<string> Owners(LogReport report) =>
        [.. report.Witnesses.Where(signature => signature.Read() == report.Checkpoint).Select(signature => signature.Owner.ToString()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
}
