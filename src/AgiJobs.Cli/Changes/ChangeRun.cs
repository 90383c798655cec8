using System.Globalization;
using System.Text;
using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Control.Authority;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Execution;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Cli.Changes;

/// <summary>Takes a planned or filed change through preview, approval and execution, and prints what happened.</summary>
internal sealed class ChangeRun(Session session, FiledChange change, RouteOption? option)
{
    public const string NothingSent = "NOTHING WAS SENT - add --execute";

    private ChangeDocument Document => change.Document;

    private bool IsVerified => Journal.Read(change.JournalPath).Any(entry => (string?)entry["event"] is "verified");

    private IReadOnlyList<ChangeStep> Statements => [.. Document.Steps.Where(step => step.Route.Kind == RouteKind.Authorization)];

    /// <summary>Files the plan of a command and goes as far as the command line says.</summary>
    public static async Task<ExitCode> FromPlanAsync(Session session, ChangeDocument document, RouteOption option, string? safeFile, CancellationToken cancellation)
    {
        var execute = session.Execute;
        if (safeFile is not null && document.Steps[0].Route is { Base.Kind: not RouteKind.Safe } own)
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
        var standing = await StandingAsync(cancellation).ConfigureAwait(false);
        var exit = IsVerified ? ExitCode.Clean : rehearsed.Any(step => step.Succeeds is null) ? ExitCode.Unknown : rehearsed.Any(step => step.Succeeds == false) ? ExitCode.Failed : ExitCode.Findings;
        var dryRun = FileDryRun(rehearsed, standing);
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

        PrintStanding(standing);
        terminal.Line($"  undo     {Document.Rollback.Command ?? "none"} ({Document.Rollback.Note})");
        terminal.Line($"  next     {NextStep(standing)}");
        terminal.Line(NothingSent);
        terminal.Json("agijobs.change-preview/1", exit, writer =>
        {
            WriteChange(writer);
            writer.WriteBoolean("sent", false);
            writer.WriteString("dryRun", dryRun);
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

    /// <summary>Has the owners among the signers sign; sends nothing.</summary>
    public async Task<ExitCode> ApproveAsync(IReadOnlyList<SignerReference> signers, CancellationToken cancellation)
    {
        if (!Document.Steps.Any(step => step.Route.Base.Kind is RouteKind.Safe or RouteKind.Authorization))
        {
            throw new ControlException("approval-not-needed", ExitCode.BadInput, $"The change {change.Id} is sent by {Document.Steps[0].Route.Base.Caller} itself and takes no signatures of Safe owners.", $"Execute it: agijobs change execute {change.Id} --signer NAME --execute");
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

        if (!IsVerified)
        {
            await SignWhatIsMissingAsync(signers, cancellation).ConfigureAwait(false);
        }

        var opened = new List<OpenedSigner>();
        try
        {
            opened.AddRange(Senders(signers).Select(sender => new OpenedSigner(SignerBook.Open(sender, client.ChainId))));
            return await ExecuteAsync(client, opened.ConvertAll(signer => signer.Signer), cancellation).ConfigureAwait(false);
        }
        finally
        {
            opened.ForEach(signer => signer.Dispose());
        }
    }

    private async Task<ExitCode> ExecuteAsync(EthereumClient client, IReadOnlyList<ISigner> senders, CancellationToken cancellation)
    {
        var started = session.Environment.Time.GetTimestamp();
        var executor = new ChangeExecutor(client, session.Protocol, session.Workspace, session.Environment.Time)
        {
            Confirmations = session.NetworkFile.Confirmations + 1,
            Patience = session.Environment.Patience,
            OnProgress = session.Terminal.Progress,
        };
        var result = await executor.ExecuteAsync(change, senders, cancellation).ConfigureAwait(false);
        var took = session.Environment.Time.GetElapsedTime(started);
        Print(result, took);
        return result.Exit;
    }

    /// <summary>Writes the file that the Safe's Transaction Builder reads, beside the change and where the command line says.</summary>
    public async Task WriteSafeFileAsync(string path, CancellationToken cancellation)
    {
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        var carrier = await SafeCarrier.CurrentAsync(client, change, cancellation).ConfigureAwait(false) ?? new SafeCarrier(client, change);
        var bytes = carrier.ToTransactionBuilder(session.Environment.Time.GetUtcNow());
        AtomicFile.Write(Path.Combine(change.Folder, "safe-batch.json"), bytes);
        AtomicFile.Write(session.PathOf(path), bytes);
        session.Terminal.Progress($"wrote {session.PathOf(path)}");
    }

    // Each direct call is sent by the account that its route names, all else by the first signer; through a timelock by whoever of them may.
    private List<SignerReference> Senders(IReadOnlyList<SignerReference> signers)
    {
        var callers = Document.Steps.Select(step => step.Route.Base).Where(route => route.Kind == RouteKind.Direct).Select(route => route.Caller).ToHashSet();
        var own = signers.Where(signer => callers.Contains(signer.Address)).ToList();
        return Document.Steps.Any(step => step.Route.Kind is RouteKind.Timelock || step.Route.Via?.Kind is RouteKind.Timelock) ? [.. own, .. signers.Except(own)]
            : own.Count > 0 && Document.Steps.All(step => step.Route.Base.Kind == RouteKind.Direct) ? own
            : [signers[0], .. own.Where(signer => signer != signers[0])];
    }

    // Signs with the signers named on the command line, where they are Safe owners, and with whose statement it is.
    private async Task SignWhatIsMissingAsync(IReadOnlyList<SignerReference> signers, CancellationToken cancellation)
    {
        foreach (var step in Statements)
        {
            await SignStatementAsync(step, signers, cancellation).ConfigureAwait(false);
        }

        if (session.NamedSigners.Count > 0 && await StandingAsync(cancellation).ConfigureAwait(false) is { IsComplete: false } standing
            && session.NamedSigners.Where(signer => standing.Tree.Any(node => node.State.Quorum.Contains(signer.Address))).ToList() is { Count: > 0 } owners)
        {
            await SignAsync(owners, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<bool> SignStatementAsync(ChangeStep step, IReadOnlyList<SignerReference> signers, CancellationToken cancellation)
    {
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        var carrier = new AuthorizationCarrier(client, session.Protocol, change, step);
        if (signers.FirstOrDefault(signer => signer.Address == carrier.Signer) is not { } reference)
        {
            return false;
        }

        var standing = await carrier.StandingAsync(cancellation).ConfigureAwait(false);
        if (standing is { Signature: null, IsSpent: false })
        {
            using var opened = new OpenedSigner(SignerBook.Open(reference, client.ChainId));
            var signed = await carrier.SignAsync(standing, opened.Signer, session.Environment.Time, cancellation).ConfigureAwait(false);
            session.Terminal.Progress($"{reference.Name} signed {signed.Digest}");
        }

        return true;
    }

    private async Task<SafeStanding?> StandingAsync(CancellationToken cancellation)
    {
        if (IsVerified || !Document.Steps.Any(step => step.Route.Base.Kind == RouteKind.Safe))
        {
            return null;
        }

        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        return await SafeCarrier.CurrentAsync(client, change, cancellation).ConfigureAwait(false) is { } carrier ? await carrier.StandingAsync(cancellation).ConfigureAwait(false) : null;
    }

    private async Task<SafeStanding?> SignAsync(IReadOnlyList<SignerReference> signers, CancellationToken cancellation)
    {
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        var left = signers.ToList();
        foreach (var step in Statements)
        {
            if (await SignStatementAsync(step, signers, cancellation).ConfigureAwait(false))
            {
                left.RemoveAll(signer => signer.Address == step.Route.Caller);
            }
        }

        if (await SafeCarrier.CurrentAsync(client, change, cancellation).ConfigureAwait(false) is not { } carrier)
        {
            return left is [var stranger, ..] && Statements is [var statement, ..]
                ? throw new ControlException("authorization-signer", ExitCode.Refused, $"The statement of the change {change.Id} is to be signed by {statement.Route.Caller} ({statement.Route.Role}), and '{stranger.Name}' is {stranger.Address}.", "Name that account's signer with --signer.")
                : null;
        }

        foreach (var reference in left)
        {
            var standing = await carrier.StandingAsync(cancellation).ConfigureAwait(false);
            using var opened = new OpenedSigner(SignerBook.Open(reference, client.ChainId));
            foreach (var approval in await carrier.ApproveAsync(standing, reference, opened.Signer, session.Environment.Time, cancellation).ConfigureAwait(false))
            {
                session.Terminal.Progress($"{reference.Name} signed {approval.SafeTxHash}");
            }
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
            ExecutionEnd.ExecutedElsewhere => $"{Document.Title}: executed by another machine (change-executed-elsewhere), and verified here.",
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

        foreach (var remark in result.Remarks)
        {
            terminal.Line($"  REMARK   {remark}");
        }

        if (result.Checks.Any(check => check.Holds == false))
        {
            terminal.Line("  next     the state has changed since; plan it again for another --instance");
        }

        terminal.Json("agijobs.change-execute/1", result.Exit, writer =>
        {
            WriteChange(writer);
            writer.WriteString("end", result.End switch { ExecutionEnd.Verified => "verified", ExecutionEnd.NothingToDo => "nothing-to-do", ExecutionEnd.ExecutedElsewhere => "executed-elsewhere", _ => "already-executed" });
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
            writer.WriteStartArray("remarks");
            foreach (var remark in result.Remarks)
            {
                writer.WriteStringValue(remark);
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

    private string FileDryRun(IReadOnlyList<RehearsedStep> rehearsed, SafeStanding? standing)
    {
        var text = new StringBuilder();
        text.Append(Brief.Write(Document, session.Labels)).Append("\n## Dry run\n\n");
        foreach (var step in rehearsed)
        {
            text.Append(CultureInfo.InvariantCulture, $"- `{step.Step.Module}.{step.Step.Function}` from {step.Step.Route.Caller}: {(step.Succeeds == true ? "succeeds" : $"{(step.Succeeds is null ? "unknown" : "would fail")}: {step.Detail}")}\n");
        }

        if (standing is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"\nSafe transaction hash `{standing.Hash.Value}` at nonce {standing.State.Nonce}; {standing.Given} of {standing.Needed} signatures.\n");
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
        session.Terminal.Line($"  signed   {standing.Given} of {standing.Needed}{(standing.Approvals.Count == 0 ? "" : $": {string.Join(", ", standing.Approvals.Select(approval => session.Labels.Describe(approval.Owner)))}")}");
        foreach (var child in standing.Tree.Skip(1))
        {
            session.Terminal.Line($"  nested   {child.State.Domain.Safe}, nonce {child.State.Nonce}, {child.Given} of {child.Needed} signed {child.Hash.Value}");
        }

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
