using System.Globalization;
using System.Text;
using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Control.Authority;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Execution;
using AgiJobs.Control.Files;
using AgiJobs.Control.Simulation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Cli.Changes;

/// <summary>Takes a planned or filed change through preview, approval and execution, and prints what happened.</summary>
internal sealed class ChangeRun(Session session, FiledChange change, RouteOption? option)
{
    public const string NothingSent = "NOTHING WAS SENT - add --execute";

    private ChangeDocument Document => change.Document;

    private bool IsVerified => Journal.Read(change.JournalPath).Any(entry => (string?)entry["event"] is "verified");

    private bool IsSafe => Document.Steps[0].Route.Kind == RouteKind.Safe;

    /// <summary>Files the plan of a command and goes as far as the command line says.</summary>
    public static async Task<ExitCode> FromPlanAsync(Session session, ChangeDocument document, RouteOption option, string? safeFile, CancellationToken cancellation)
    {
        var execute = session.Execute;
        if (safeFile is not null && document.Steps[0].Route is { Kind: not RouteKind.Safe } own)
        {
            // Before anything is put on file.
            throw new ControlException("safe-route", ExitCode.BadInput, $"--safe {safeFile}: this change is sent by {own.Caller} ({own.Role}), not by a Safe.", "Name Safe owners with --signer to plan it through the Safe, or leave --safe out.");
        }

        var filed = new ChangeStore(session.Workspace, session.Environment.Time).File(document, Brief.Write(document, session.Labels));
        var run = new ChangeRun(session, filed, option);
        if (safeFile is not null)
        {
            await run.WriteSafeFileAsync(safeFile, cancellation).ConfigureAwait(false);
        }

        return execute ? await run.ExecuteAsync(option.Signers, cancellation).ConfigureAwait(false) : await run.PreviewAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Shows what would be sent and tries it; exit 3, or 1 when it would fail.</summary>
    public async Task<ExitCode> PreviewAsync(CancellationToken cancellation)
    {
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        var rehearsed = await Rehearsal.TryAsync(client, session.Protocol, Document, cancellation).ConfigureAwait(false);
        var standing = IsSafe ? await new SafeCarrier(client, change).StandingAsync(cancellation).ConfigureAwait(false) : null;
        var simulation = IsVerified ? null : await SimulateAsync(cancellation).ConfigureAwait(false);
        var exit = IsVerified ? ExitCode.Clean
            : rehearsed.Any(step => step.Succeeds is null) ? ExitCode.Unknown
            : rehearsed.Any(step => step.Succeeds == false) ? ExitCode.Failed
            : simulation!.Exit == ExitCode.Clean ? ExitCode.Findings : simulation.Exit;
        var dryRun = FileDryRun(rehearsed, standing, simulation);
        var terminal = session.Terminal;
        terminal.Line(NothingSent);
        terminal.Line($"network {Document.Network}, chain {Document.ChainId}");
        terminal.Line(Document.Title);
        terminal.Line($"  change   {change.Id}");
        terminal.Line($"  digest   {Document.Digest()}");
        terminal.Line($"  instance {Document.Instance}");
        foreach (var step in rehearsed)
        {
            terminal.Line($"  call     {step.Step.Module}.{step.Step.Function} at {session.Labels.Describe(step.Step.Target)}");
            terminal.Line($"  by       {Brief.Means(step.Step.Route, session.Labels)}");
            terminal.Line($"  tried    {(step.Succeeds == true ? "succeeds on the newest block" : $"{(step.Succeeds is null ? "UNKNOWN" : "WOULD FAIL")}: {step.Detail}")}");
        }

        if (simulation is not null)
        {
            SimulationReport.Print(terminal, simulation, session.Labels);
        }

        PrintStanding(standing);
        terminal.Line($"  undo     {Document.Rollback.Command ?? "none"} ({Document.Rollback.Note})");
        terminal.Line($"  next     {NextStep(standing)}");
        terminal.Line(NothingSent);
        terminal.Json("agijobs.change-preview/1", exit, writer =>
        {
            WriteChange(writer);
            writer.WriteBoolean("sent", false);
            writer.WriteString("dryRun", dryRun);
            if (simulation is not null)
            {
                SimulationReport.Write(writer, simulation, SimulationFile.PathOf(change));
            }

            writer.WriteStartArray("steps");
            foreach (var step in rehearsed)
            {
                writer.WriteStartObject();
                writer.WriteString("module", step.Step.Module);
                writer.WriteString("target", step.Step.Target.ToString());
                writer.WriteString("function", step.Step.Function);
                writer.WriteString("calldata", Hex.Encode(step.Step.Calldata));
                writer.WriteString("caller", step.Step.Route.Caller.ToString());
                writer.WriteString("route", step.Step.Route.Kind.ToString().ToLowerInvariant());
                writer.WriteString("role", step.Step.Route.Role);
                if (step.Succeeds is { } succeeds)
                {
                    writer.WriteBoolean("succeeds", succeeds);
                }
                else
                {
                    writer.WriteNull("succeeds");
                }

                writer.WriteString("detail", step.Detail);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            WriteStanding(writer, standing);
            writer.WriteString("next", NextStep(standing));
        });
        return exit;
    }

    /// <summary>Tries the whole change on the newest state, files what was found and prints it; sends nothing.</summary>
    public async Task<ExitCode> SimulationAsync(CancellationToken cancellation)
    {
        var result = await SimulateAsync(cancellation).ConfigureAwait(false);
        session.Terminal.Line(NothingSent);
        session.Terminal.Line($"network {Document.Network}, chain {Document.ChainId}");
        session.Terminal.Line(Document.Title);
        session.Terminal.Line($"  change   {change.Id}");
        session.Terminal.Line($"  digest   {Document.Digest()}");
        SimulationReport.Print(session.Terminal, result, session.Labels);
        session.Terminal.Line($"  filed    {SimulationFile.PathOf(change)}");
        session.Terminal.Line(NothingSent);
        session.Terminal.Json("agijobs.change-simulation/1", result.Exit, writer =>
        {
            WriteChange(writer);
            SimulationReport.Write(writer, result, SimulationFile.PathOf(change));
        });
        return result.Exit;
    }

    private async Task<SimulationResult> SimulateAsync(CancellationToken cancellation)
    {
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        var options = new SimulationOptions { NameOf = session.Labels.NameOf, Fork = session.Fork() }.With(change);
        var result = await ChangeSimulation.RunAsync(client, session.Protocol, Document, options, cancellation).ConfigureAwait(false);
        _ = SimulationFile.Write(change, result);
        return result;
    }

    /// <summary>Has the owners among the signers sign; sends nothing.</summary>
    public async Task<ExitCode> ApproveAsync(IReadOnlyList<SignerReference> signers, CancellationToken cancellation)
    {
        if (!IsSafe)
        {
            throw new ControlException("approval-not-needed", ExitCode.BadInput, $"The change {change.Id} is sent by {Document.Steps[0].Route.Caller} itself and takes no signatures of Safe owners.", $"Execute it: agijobs change execute {change.Id} --signer NAME --execute");
        }

        if (Journal.Read(change.JournalPath).Any(entry => string.Equals((string?)entry["event"], "verified", StringComparison.Ordinal)))
        {
            throw new ControlException("change-executed", ExitCode.Refused, $"The change {change.Id} was executed and verified; a signature would be for nothing.", "Plan it again for another --instance if it is to be done once more.");
        }

        var standing = await SignAsync(signers, cancellation).ConfigureAwait(false);
        session.Terminal.Line($"network {Document.Network}, chain {Document.ChainId}");
        session.Terminal.Line(Document.Title);
        session.Terminal.Line($"  change   {change.Id}");
        session.Terminal.Line($"  digest   {Document.Digest()}");
        PrintStanding(standing);
        session.Terminal.Line($"  next     {NextStep(standing)}");
        session.Terminal.Json("agijobs.change-approve/1", ExitCode.Clean, writer =>
        {
            WriteChange(writer);
            WriteStanding(writer, standing);
            writer.WriteString("next", NextStep(standing));
        });
        return ExitCode.Clean;
    }

    /// <summary>Signs with the Safe owners among the signers, then sends if the signatures suffice.</summary>
    public async Task<ExitCode> ExecuteAsync(IReadOnlyList<SignerReference> signers, CancellationToken cancellation)
    {
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        if (signers.Count == 0)
        {
            throw new ControlException("signer-needed", ExitCode.BadInput, "No signer is at hand to send this.", "Name one with --signer.");
        }

        if (IsSafe)
        {
            var state = (await new SafeCarrier(client, change).StandingAsync(cancellation).ConfigureAwait(false)).State;
            var owners = session.NamedSigners.Where(signer => state.Quorum.Contains(signer.Address)).ToList();
            if (owners.Count > 0 && Journal.Read(change.JournalPath).Count == 0)
            {
                await SignAsync(owners, cancellation).ConfigureAwait(false);
            }
        }

        var sender = IsSafe ? signers[0] : signers.FirstOrDefault(signer => signer.Address == Document.Steps[0].Route.Caller) ?? signers[0];
        using var opened = new OpenedSigner(SignerBook.Open(sender, client.ChainId));
        var started = session.Environment.Time.GetTimestamp();
        var executor = new ChangeExecutor(client, session.Protocol, session.Workspace, session.Environment.Time)
        {
            Confirmations = session.NetworkFile.Confirmations + 1,
            Patience = session.Environment.Patience,
            OnProgress = session.Terminal.Progress,
        };
        var result = await executor.ExecuteAsync(change, opened.Signer, cancellation).ConfigureAwait(false);
        var took = session.Environment.Time.GetElapsedTime(started);
        Print(result, took);
        return result.Exit;
    }

    /// <summary>Writes the file that the Safe's Transaction Builder reads, beside the change and where the command line says.</summary>
    public async Task WriteSafeFileAsync(string path, CancellationToken cancellation)
    {
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        var bytes = new SafeCarrier(client, change).ToTransactionBuilder(session.Environment.Time.GetUtcNow());
        AtomicFile.Write(Path.Combine(change.Folder, "safe-batch.json"), bytes);
        AtomicFile.Write(session.PathOf(path), bytes);
        session.Terminal.Progress($"wrote {session.PathOf(path)}");
    }

    private async Task<SafeStanding> SignAsync(IReadOnlyList<SignerReference> signers, CancellationToken cancellation)
    {
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        var carrier = new SafeCarrier(client, change);
        foreach (var reference in signers)
        {
            var standing = await carrier.StandingAsync(cancellation).ConfigureAwait(false);
            using var opened = new OpenedSigner(SignerBook.Open(reference, client.ChainId));
            var approval = await carrier.ApproveAsync(standing, reference, opened.Signer, session.Environment.Time, cancellation).ConfigureAwait(false);
            session.Terminal.Progress($"{reference.Name} signed {approval.SafeTxHash}");
        }

        return await carrier.StandingAsync(cancellation).ConfigureAwait(false);
    }

    private void Print(ExecutionResult result, TimeSpan took)
    {
        var terminal = session.Terminal;
        terminal.Line($"network {Document.Network}, chain {Document.ChainId}");
        terminal.Line(result.End switch
        {
            ExecutionEnd.NothingToDo => "Nothing was sent: the state is already the one asked for.",
            ExecutionEnd.AlreadyExecuted => "Nothing was sent: this change was executed and verified before.",
            _ => $"{Document.Title}: done and verified in {took.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s.",
        });
        terminal.Line($"  change   {change.Id}");
        foreach (var transaction in result.Transactions)
        {
            terminal.Line($"  mined    {transaction.Hash} in block {transaction.Block}, {transaction.GasUsed} gas");
        }

        foreach (var check in result.Checks)
        {
            terminal.Line($"  {(check.Holds switch { true => "holds   ", false => "NO MORE ", null => "UNKNOWN " })} {check.Expectation.Subject}");
        }

        if (result.Exit == ExitCode.Findings)
        {
            terminal.Line("  next     the state has changed since; plan it again for another --instance");
        }

        terminal.Json("agijobs.change-execute/1", result.Exit, writer =>
        {
            WriteChange(writer);
            writer.WriteString("end", result.End switch { ExecutionEnd.Verified => "verified", ExecutionEnd.NothingToDo => "nothing-to-do", _ => "already-executed" });
            writer.WriteBoolean("sent", result.End == ExecutionEnd.Verified);
            writer.WriteNumber("milliseconds", (long)took.TotalMilliseconds);
            writer.WriteStartArray("transactions");
            foreach (var transaction in result.Transactions)
            {
                writer.WriteStartObject();
                writer.WriteString("hash", transaction.Hash.ToString());
                writer.WriteNumber("block", transaction.Block.Value);
                writer.WriteNumber("gasUsed", transaction.GasUsed.Value);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteStartArray("state");
            foreach (var check in result.Checks)
            {
                writer.WriteStartObject();
                writer.WriteString("subject", check.Expectation.Subject);
                if (check.Holds is { } holds)
                {
                    writer.WriteBoolean("holds", holds);
                }
                else
                {
                    writer.WriteNull("holds");
                }

                writer.WriteString("found", check.Found);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });
    }

    private string FileDryRun(IReadOnlyList<RehearsedStep> rehearsed, SafeStanding? standing, SimulationResult? simulation)
    {
        var text = new StringBuilder();
        text.Append(Brief.Write(Document, session.Labels)).Append("\n## Dry run\n\n");
        foreach (var step in rehearsed)
        {
            text.Append(CultureInfo.InvariantCulture, $"- `{step.Step.Module}.{step.Step.Function}` from {step.Step.Route.Caller}: {(step.Succeeds == true ? "succeeds" : $"{(step.Succeeds is null ? "unknown" : "would fail")}: {step.Detail}")}\n");
        }

        if (standing is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"\nSafe transaction hash `{standing.Hash.Value}` at nonce {standing.State.Nonce}; {standing.Approvals.Count} of {standing.Needed} signatures.\n");
        }

        if (simulation is not null)
        {
            text.Append(SimulationReport.Markdown(simulation, session.Labels));
        }

        var path = session.Workspace.Locate("monitoring", "runbooks", $"{change.Id}.md");
        AtomicFile.Write(path, Encoding.UTF8.GetBytes(text.ToString()));
        return path;
    }

    private void PrintStanding(SafeStanding? standing)
    {
        if (standing is null)
        {
            return;
        }

        session.Terminal.Line($"  safe     {standing.State.Domain.Safe}, nonce {standing.State.Nonce}, {standing.State.Quorum.Threshold} of {standing.State.Quorum.Owners.Count} owners");
        session.Terminal.Line($"  safehash {standing.Hash.Value} (computed twice, and by the Safe)");
        session.Terminal.Line($"  signed   {standing.Approvals.Count} of {standing.Needed}{(standing.Approvals.Count == 0 ? "" : $": {string.Join(", ", standing.Approvals.Select(approval => session.Labels.Describe(approval.Owner)))}")}");
        foreach (var finding in standing.State.Findings)
        {
            session.Terminal.Line($"  FINDING  {finding.Message}");
        }

        foreach (var stale in standing.Stale)
        {
            session.Terminal.Line($"  STALE    {stale}");
        }
    }

    private void WriteChange(Utf8JsonWriter writer)
    {
        writer.WriteString("network", Document.Network);
        writer.WriteNumber("chainId", Document.ChainId.Value);
        writer.WriteString("change", change.Id);
        writer.WriteString("digest", Document.Digest().ToString());
        writer.WriteString("title", Document.Title);
        writer.WriteString("instance", Document.Instance);
        writer.WriteString("risk", Document.Risk.ToString().ToLowerInvariant());
    }

    private static void WriteStanding(Utf8JsonWriter writer, SafeStanding? standing)
    {
        if (standing is null)
        {
            return;
        }

        writer.WriteStartObject("safe");
        writer.WriteString("address", standing.State.Domain.Safe.ToString());
        writer.WriteString("nonce", standing.State.Nonce.ToString(CultureInfo.InvariantCulture));
        writer.WriteString("safeTxHash", standing.Hash.Value.ToString());
        writer.WriteNumber("needed", standing.Needed);
        writer.WriteStartArray("signedBy");
        foreach (var approval in standing.Approvals)
        {
            writer.WriteStringValue(approval.Owner.ToString());
        }

        writer.WriteEndArray();
        writer.WriteStartArray("findings");
        foreach (var finding in standing.State.Findings)
        {
            writer.WriteStringValue(finding.Message);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("stale");
        foreach (var stale in standing.Stale)
        {
            writer.WriteStringValue(stale);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private string NextStep(SafeStanding? standing) =>
        IsVerified ? "nothing: this change was executed and verified"
        : standing is { IsComplete: false } ? $"owners sign: agijobs change approve {change.Id} --signer NAME"
        : standing is not null ? $"agijobs change execute {change.Id} --signer NAME --execute"
        : option?.Signers is [var signer, ..] ? $"agijobs change execute {change.Id} --signer {signer.Name} --execute"
        : $"agijobs change execute {change.Id} --signer NAME --execute";
}
