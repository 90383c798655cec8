using System.Globalization;
using System.Text;
using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Authority;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Execution;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Cli.Changes;

/// <summary>Takes a planned or filed change through preview, approval and execution, and prints what happened.</summary>
internal sealed class ChangeRun(Session session, FiledChange change, RouteOption? option)
{
    public const string NothingSent = "NOTHING WAS SENT - add --execute";

    private ChangeDocument Document => change.Document;

    private bool IsVerified => ChangeState.IsVerified(Journal.Read(change.JournalPath));

    private bool IsSafe => Document.Steps[0].Route.Base.Kind == RouteKind.Safe;

    private bool IsBegun => Journal.Read(change.JournalPath).Count > 0;

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
        var decision = await Gate(client, rehearsed, standing).DecideAsync(change, ExpectedSender, cancellation).ConfigureAwait(false);
        var preconditions = IsBegun ? [] : await StateCheck.ReadAsync(client, Document.Preconditions, BlockReference.Latest, cancellation).ConfigureAwait(false);
        var state = StateOf(decision).OfChain([.. preconditions.Where(check => check.Holds == false).Select(check => $"{check.Expectation.Subject} no longer holds (found {check.Found})")]);
        var exit = IsVerified ? ExitCode.Clean : rehearsed.Any(step => step.Succeeds is null) ? ExitCode.Unknown : rehearsed.Any(step => step.Succeeds == false) ? ExitCode.Failed : ExitCode.Findings;
        var dryRun = FileDryRun(rehearsed, standing);
        var terminal = session.Terminal;
        terminal.Line(NothingSent);
        terminal.Line($"network {Document.Network}, chain {Document.ChainId}");
        terminal.Line(Document.Title);
        terminal.Line($"  change   {change.Id}");
        terminal.Line($"  state    {state.Name}{(state.Why is { } why ? $": {why}" : "")}");
        terminal.Line($"  digest   {Document.Digest()}");
        terminal.Line($"  instance {Document.Instance}");
        foreach (var step in rehearsed)
        {
            terminal.Line($"  call     {step.Step.Module}.{step.Step.Function} at {session.Labels.Describe(step.Step.Target)}");
            terminal.Line($"  by       {Brief.Means(step.Step.Route, session.Labels)}");
            terminal.Line($"  tried    {(step.Succeeds == true ? "succeeds on the newest block" : $"{(step.Succeeds is null ? "UNKNOWN" : "WOULD FAIL")}: {step.Detail}")}");
        }

        PrintStanding(standing);
        ApprovalReport.Print(terminal, decision);
        terminal.Line($"  undo     {Document.Rollback.Command ?? "none"} ({Document.Rollback.Note})");
        terminal.Line($"  next     {NextStep(state, decision, standing)}");
        terminal.Line(NothingSent);
        terminal.Json("agijobs.change-preview/1", exit, writer =>
        {
            WriteChange(writer);
            writer.WriteString("state", state.Name);
            writer.WriteString("why", state.Why);
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
            ApprovalReport.Write(writer, decision);
            writer.WriteString("next", NextStep(state, decision, standing));
        });
        return exit;
    }

    /// <summary>Prints the one-page brief with how the change stands; where the chain cannot be read the page says so.</summary>
    public async Task<ExitCode> BriefAsync(CancellationToken cancellation)
    {
        BriefStanding standing;
        var exit = ExitCode.Clean;
        try
        {
            var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
            var safe = IsSafe ? await new SafeCarrier(client, change).StandingAsync(cancellation).ConfigureAwait(false) : null;
            var decision = await Gate(client, null, safe).DecideAsync(change, ExpectedSender, cancellation).ConfigureAwait(false);
            standing = ApprovalReport.ForBrief(decision, safe?.Hash.Value.ToString(), NextStep(StateOf(decision), decision, safe));
        }
        catch (EthereumException problem)
        {
            exit = ExitCode.Unknown;
            standing = new BriefStanding([], [$"unknown: the chain could not be read: {problem.Message}"], null, $"agijobs change show {change.Id}");
        }

        var brief = Brief.Write(Document, session.Labels, standing);
        session.Terminal.Line(brief);
        session.Terminal.Json("agijobs.change-brief/1", exit, writer =>
        {
            WriteChange(writer);
            writer.WriteString("markdown", brief);
        });
        return exit;
    }

    /// <summary>Has the signers sign under their duties, and as owners of the Safe that carries it; sends nothing.</summary>
    /// <param name="signers">Who signs.</param>
    /// <param name="duties">Under which duties; none stands for approver.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<ExitCode> ApproveAsync(IReadOnlyList<SignerReference> signers, IReadOnlyList<Duty> duties, CancellationToken cancellation)
    {
        if (IsVerified)
        {
            throw new ControlException("change-executed", ExitCode.Refused, $"The change {change.Id} was executed and verified; a signature would be for nothing.", "Plan it again for another --instance if it is to be done once more.");
        }

        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        RequireOpen();
        IReadOnlyList<Duty> wanted = duties.Count == 0 ? [Duty.Approver] : duties;
        var before = IsSafe ? await new SafeCarrier(client, change).StandingAsync(cancellation).ConfigureAwait(false) : null;
        var plan = signers.Select(signer => (Signer: signer, Duties: DutiesOf(signer, wanted, duties.Count > 0), Owns: before is not null && wanted.Contains(Duty.Approver) && before.State.Quorum.Contains(signer.Address))).ToList();

        // Everybody is looked at before anybody signs.
        foreach (var (signer, own, owns) in plan.Where(entry => entry.Duties.Count == 0 && !entry.Owns))
        {
            if (before is not null)
            {
                throw new ControlException(
                    "safe-not-owner",
                    ExitCode.Refused,
                    $"'{signer.Name}' ({signer.Address}) is not an owner of the Safe {before.State.Domain.Safe}{(session.Policy is null ? "" : ", and nobody with the duty approver")}. Its owners are {string.Join(", ", before.State.Quorum.Owners)}.",
                    "Sign with one of its owners.");
            }

            throw session.Policy is null
                ? new ControlException("approval-not-needed", ExitCode.BadInput, $"The change {change.Id} is sent by {Document.Steps[0].Route.Caller} itself and takes no signatures: {GateDecision.NotManaged}.", $"Execute it: agijobs change execute {change.Id} --signer NAME --execute")
                : NoDuty(signer, Duty.Approver);
        }

        foreach (var (signer, own, owns) in plan)
        {
            await SignAsync(client, signer, own, owns, cancellation).ConfigureAwait(false);
        }

        var standing = IsSafe ? await new SafeCarrier(client, change).StandingAsync(cancellation).ConfigureAwait(false) : null;
        var decision = await Gate(client, null, standing).DecideAsync(change, null, cancellation).ConfigureAwait(false);
        PrintApproved("agijobs.change-approve/1", decision, standing);
        return ExitCode.Clean;
    }

    /// <summary>Has a signer refuse the change by a signed record; sends nothing.</summary>
    /// <param name="reference">Who refuses.</param>
    /// <param name="asked">Under which duty; null takes the first that the signer has.</param>
    /// <param name="reason">Why.</param>
    /// <param name="schema">The schema of the JSON document.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<ExitCode> RefuseAsync(SignerReference reference, Duty? asked, string reason, string schema, CancellationToken cancellation)
    {
        if (IsBegun)
        {
            throw new ControlException("change-begun", ExitCode.Refused, $"The change {change.Id} has been begun to be sent, so a refusal stops nothing any more.", $"See what is still possible: agijobs change cancel {change.Id} --reason TEXT --signer NAME");
        }

        await FileRefusalAsync(reference, asked, reason, cancellation).ConfigureAwait(false);
        PrintRefused(schema, reason, sent: false);
        return ExitCode.Clean;
    }

    /// <summary>Cancels: before anything was sent by a signed refusal, in flight by whatever is still possible.</summary>
    public async Task<ExitCode> CancelAsync(SignerReference reference, string reason, CancellationToken cancellation)
    {
        if (IsVerified || Journal.HasEnded(Journal.Read(change.JournalPath)))
        {
            throw new ControlException("change-executed", ExitCode.Refused, $"The change {change.Id} has come to its end, so there is nothing to cancel.", $"To undo it: agijobs change rollback {change.Id}");
        }

        if (!IsBegun)
        {
            return await RefuseAsync(reference, null, reason, "agijobs.change-cancel/1", cancellation).ConfigureAwait(false);
        }

        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        var cancelling = new Cancellation(client, change, session.Environment.Time) { Patience = session.Environment.Patience, Confirmations = session.NetworkFile.Confirmations + 1, OnProgress = session.Terminal.Progress };
        if (!session.Execute)
        {
            var possible = IsSafe
                ? "Its Safe transaction is on its way. Cancelling spends the sender's nonce, so that this transaction is not mined; but the owners' signatures stay valid until the Safe's nonce is used, and anybody who has them can send them again. Only another Safe transaction at the same nonce (a rejection) undoes them."
                : "Its transaction is on its way. Cancelling sends another one with the same nonce and a higher fee; whichever is mined first counts.";
            session.Terminal.Line(NothingSent);
            session.Terminal.Line($"network {Document.Network}, chain {Document.ChainId}");
            session.Terminal.Line($"  change   {change.Id}");
            session.Terminal.Line($"  possible {possible}");
            session.Terminal.Line($"  next     agijobs change cancel {change.Id} --reason TEXT --signer {reference.Name} --execute");
            session.Terminal.Line(NothingSent);
            session.Terminal.Json("agijobs.change-cancel/1", ExitCode.Findings, writer =>
            {
                WriteChange(writer);
                writer.WriteBoolean("sent", false);
                writer.WriteString("possible", possible);
            });
            return ExitCode.Findings;
        }

        await FileRefusalAsync(reference, null, reason, cancellation).ConfigureAwait(false);
        using var opened = new OpenedSigner(SignerBook.Open(reference, client.ChainId));
        var spent = await cancelling.ExecuteAsync(opened.Signer, cancellation).ConfigureAwait(false);
        if (IsSafe)
        {
            session.Terminal.Progress("FINDING the owners' signatures stay valid until the Safe's nonce is used: have the owners sign and send a rejection at the same nonce");
        }

        session.Terminal.Progress($"cancelled by {spent}");
        PrintRefused("agijobs.change-cancel/1", reason, sent: true);
        return IsSafe ? ExitCode.Findings : ExitCode.Clean;
    }

    /// <summary>Signs with those of the signers who may, then sends if the gate lets it through.</summary>
    public async Task<ExitCode> ExecuteAsync(IReadOnlyList<SignerReference> signers, CancellationToken cancellation)
    {
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        if (signers.Count == 0)
        {
            throw new ControlException("signer-needed", ExitCode.BadInput, "No signer is at hand to send this.", "Name one with --signer.");
        }

        var sender = SenderOf(signers);
        if (!IsBegun)
        {
            await SignBeforeSendingAsync(client, sender, cancellation).ConfigureAwait(false);
        }

        using var opened = new OpenedSigner(SignerBook.Open(sender, client.ChainId));
        var started = session.Environment.Time.GetTimestamp();
        var executor = new ChangeExecutor(client, session.Protocol, session.Workspace, session.Environment.Time)
        {
            Confirmations = session.NetworkFile.Confirmations + 1,
            Patience = session.Environment.Patience,
            OnProgress = session.Terminal.Progress,
            Gate = Gate(client, null, null),
        };
        var result = await executor.ExecuteAsync(change, opened.Signer, cancellation).ConfigureAwait(false);
        var took = session.Environment.Time.GetElapsedTime(started);
        Print(result, took);
        return result.Exit;
    }

    /// <summary>Goes on with an execution that was interrupted.</summary>
    /// <exception cref="ControlException"><c>change-not-begun</c> (exit 4).</exception>
    public Task<ExitCode> ResumeAsync(IReadOnlyList<SignerReference> signers, CancellationToken cancellation) =>
        !IsBegun ? throw new ControlException("change-not-begun", ExitCode.Refused, $"The execution of {change.Id} was never begun, so there is nothing to go on with.", $"agijobs change execute {change.Id} --signer NAME --execute")
        : session.Execute ? ExecuteAsync(signers, cancellation)
        : PreviewAsync(cancellation);

    /// <summary>Verifies an executed change once more, at the block of its receipt and now. Writes nothing.</summary>
    public async Task<ExitCode> VerifyAsync(CancellationToken cancellation)
    {
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        var found = await Reverification.OfAsync(client, session.Workspace, change, cancellation).ConfigureAwait(false);
        var terminal = session.Terminal;
        terminal.Line($"network {Document.Network}, chain {Document.ChainId}");
        terminal.Line(Document.Title);
        terminal.Line($"  change   {change.Id}");
        foreach (var transaction in found.Transactions)
        {
            terminal.Line($"  {(transaction.Problem is null ? "receipt " : "MISMATCH")} {transaction.Hash} in block {transaction.Block?.ToString() ?? "UNKNOWN"}{(transaction.Problem is { } problem ? $": {problem}" : "")}");
        }

        foreach (var (where, checks) in ((string, IReadOnlyList<CheckedExpectation>)[])[("then", found.AtReceipt), ("now ", found.Now)])
        {
            foreach (var check in checks)
            {
                terminal.Line($"  {where}     {(check.Holds switch { true => "holds", false => where is "then" ? "MISMATCH" : "NO MORE", null => "UNKNOWN" })} {check.Expectation.Subject}{(check.Holds == true ? "" : $" (found {check.Found})")}");
            }
        }

        terminal.Json("agijobs.change-verify/1", found.Exit, writer =>
        {
            WriteChange(writer);
            writer.WriteStartArray("transactions");
            foreach (var transaction in found.Transactions)
            {
                writer.WriteStartObject();
                writer.WriteString("hash", transaction.Hash.ToString());
                writer.WriteString("block", transaction.Block?.ToString());
                writer.WriteString("problem", transaction.Problem);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            WriteChecks(writer, "atReceipt", found.AtReceipt);
            WriteChecks(writer, "now", found.Now);
        });
        return found.Exit;
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

    // Who sends by the change's own words; null when anybody may.
    private Address? ExpectedSender => Document.Steps[0].Route.Base is { Kind: RouteKind.Direct } direct ? direct.Caller : null;

    private ExecutionGate Gate(EthereumClient client, IReadOnlyList<RehearsedStep>? rehearsed, SafeStanding? standing)
    {
        var simulation = new DryRunReading(client, session.Protocol) { Rehearsed = rehearsed };
        return new ExecutionGate(session.Policy, session.Protocol, session.Standings, session.Environment.Time)
        {
            ResumePoints = [new MultisigPoint(async (filed, token) =>
            {
                var read = standing ?? await new SafeCarrier(client, filed).StandingAsync(token).ConfigureAwait(false);
                return new MultisigStanding(read.State.Domain.Safe, read.Approvals.Count, read.Needed, [.. read.State.Quorum.Owners.Where(owner => !read.Approvals.Any(approval => approval.Owner == owner))], read.Stale);
            }, session.Signers.NameOf), SignedPoint.Alerts, SignedPoint.Checks, SignedPoint.Responders],
            Simulation = simulation,
            SignerOf = session.Signers.NameOf,
            OnFinding = finding => session.Terminal.Progress($"FINDING {finding}"),
            StoreDryRunAsync = async (filed, token) =>
            {
                _ = await simulation.ReadAsync(filed, token).ConfigureAwait(false);
                _ = FileDryRun(simulation.Rehearsed ?? [], null);
            },
        };
    }

    private ChangeState StateOf(GateDecision decision) =>
        ChangeState.Of(change, () => decision.IsApproved, ChangeState.RolledBack(new ChangeStore(session.Workspace, session.Environment.Time).Survey().Select(entry => entry.Change).OfType<FiledChange>()), session.Environment.Time.GetUtcNow());

    // The account that the route names, else one whose person has the duty executor, so that owners who sign need not send.
    private SignerReference SenderOf(IReadOnlyList<SignerReference> signers) =>
        (ExpectedSender is { } expected ? signers.FirstOrDefault(signer => signer.Address == expected) : null)
        ?? (session.Policy is { } policy ? signers.FirstOrDefault(signer => policy.People.Of(signer.Address)?.Duties.Contains(Duty.Executor) == true) : null)
        ?? signers[0];

    // Owners named on the command line sign as they send where nothing else is managed, and for a pause, which must not wait for a second command.
    private async Task SignBeforeSendingAsync(EthereumClient client, SignerReference sender, CancellationToken cancellation)
    {
        var policy = session.Policy;
        var named = session.NamedSigners;
        if (named.Count == 0 || (policy is not null && !ChangeNature.Of(Document, session.Protocol).IsPause))
        {
            return;
        }

        var safe = IsSafe ? (await new SafeCarrier(client, change).StandingAsync(cancellation).ConfigureAwait(false)).State : null;
        var decision = policy is null ? null : await Gate(client, null, null).DecideAsync(change, sender.Address, cancellation).ConfigureAwait(false);
        foreach (var signer in named)
        {
            var person = policy?.People.Of(signer.Address);
            IReadOnlyList<Duty> duties = decision is { IsApproved: false } && person is not null && signer != sender && person != policy!.People.Of(sender.Address)
                ? [.. decision.Tally!.Missing.SelectMany(entry => entry.Requirement.Duties).Where(duty => duty is Duty.Approver or Duty.Commander && person.Duties.Contains(duty)).Take(1)]
                : [];
            var owns = safe?.Quorum.Contains(signer.Address) == true;
            if (duties.Count > 0 || owns)
            {
                await SignAsync(client, signer, duties, owns, cancellation).ConfigureAwait(false);
            }
        }
    }

    private List<Duty> DutiesOf(SignerReference signer, IReadOnlyList<Duty> wanted, bool explicitly)
    {
        if (session.Policy is not { } policy)
        {
            return explicitly
                ? throw new ControlException("approval-not-needed", ExitCode.BadInput, $"Nobody has duties on '{Document.Network}': {GateDecision.NotManaged}.", "Leave --duty out, or write config/policy.json and config/operators.json.")
                : [];
        }

        var person = policy.People.Of(signer.Address);
        var own = wanted.Where(duty => person?.Duties.Contains(duty) == true).ToList();
        return explicitly && own.Count < wanted.Count ? throw NoDuty(signer, wanted.First(duty => !own.Contains(duty))) : own;
    }

    private ControlException NoDuty(SignerReference signer, Duty duty)
    {
        var person = session.Policy!.People.Of(signer.Address);
        return new ControlException(
            "approval-duty",
            ExitCode.Refused,
            person is null ? $"'{signer.Name}' ({signer.Address}) is nobody's address in the operators' files." : $"{person.Name} ('{signer.Name}') does not have the duty {duty.Name()}; the duties are {(person.Duties.Count == 0 ? "none" : person.Duties.Names(", "))}.",
            $"Those with the duty {duty.Name()} are {(session.Policy.People.With(duty) is { Count: > 0 } people ? string.Join(", ", people.Select(other => other.Name)) : "nobody: add one to the operators' file")}.");
    }

    private void RequireOpen()
    {
        var records = SignedRecords.Read(change, session.Policy?.People);
        if (records.Objections is [var objection, ..])
        {
            throw new ControlException("change-refused", ExitCode.Refused, $"The change {change.Id} was refused by {objection.By}: {objection.Reason}", "Plan it again for another --instance, once the reason is dealt with.");
        }

        if (Document.Demand?.Deadline is { } deadline && session.Environment.Time.GetUtcNow() >= deadline)
        {
            throw new ControlException("deadline-over", ExitCode.Refused, $"The approvals of {change.Id} were due by {deadline:yyyy-MM-dd HH:mm:ss} UTC.", "Plan it again: the new plan is a new change.");
        }
    }

    private async Task SignAsync(EthereumClient client, SignerReference reference, IReadOnlyList<Duty> duties, bool owns, CancellationToken cancellation)
    {
        var terminal = session.Terminal;
        terminal.Progress($"network {Document.Network}, chain {Document.ChainId}: {reference.Name} ({reference.Address}) is asked to sign");
        foreach (var duty in duties)
        {
            terminal.Progress($"  as {duty.Name()}: Approval(change {Document.Digest()}, chain {Document.ChainId}, duty {duty.Name()}) of 'AGI Jobs Owner Control', hash {ApprovalStatements.Approval(Document.Digest(), Document.ChainId, duty).Digest}");
        }

        var carrier = new SafeCarrier(client, change);
        var standing = owns ? await carrier.StandingAsync(cancellation).ConfigureAwait(false) : null;
        if (standing is not null)
        {
            terminal.Progress($"  as owner: the transaction of the Safe {standing.State.Domain.Safe} at nonce {standing.State.Nonce}, hash {standing.Hash.Value}");
        }

        using var opened = new OpenedSigner(SignerBook.Open(reference, client.ChainId));
        foreach (var duty in duties)
        {
            _ = await SignedRecords.ApproveAsync(session.Workspace, change, duty, opened.Signer, session.Environment.Time, cancellation).ConfigureAwait(false);
            terminal.Progress($"{reference.Name} signed as {duty.Name()}");
        }

        if (standing is not null)
        {
            var approval = await carrier.ApproveAsync(standing, reference, opened.Signer, session.Environment.Time, cancellation).ConfigureAwait(false);
            terminal.Progress($"{reference.Name} signed {approval.SafeTxHash}");
        }
    }

    private async Task FileRefusalAsync(SignerReference reference, Duty? asked, string reason, CancellationToken cancellation)
    {
        var duty = asked ?? Duty.Approver;
        if (session.Policy is { } policy)
        {
            var person = policy.People.Of(reference.Address);
            duty = asked ?? (person is null || person.Duties.Contains(Duty.Approver) || person.Duties.Count == 0 ? Duty.Approver : person.Duties[0]);
            _ = person?.Duties.Contains(duty) == true ? duty : throw NoDuty(reference, duty);
        }

        session.Terminal.Progress($"network {Document.Network}, chain {Document.ChainId}: {reference.Name} ({reference.Address}) is asked to sign the refusal of {Document.Digest()} as {duty.Name()}: {reason}");
        using var opened = new OpenedSigner(SignerBook.Open(reference, Document.ChainId));
        _ = await SignedRecords.RefuseAsync(session.Workspace, change, duty, reason, opened.Signer, session.Environment.Time, cancellation).ConfigureAwait(false);
    }

    private void PrintRefused(string schema, string reason, bool sent)
    {
        session.Terminal.Line($"network {Document.Network}, chain {Document.ChainId}");
        session.Terminal.Line(Document.Title);
        session.Terminal.Line($"  change   {change.Id}");
        session.Terminal.Line($"  state    refused: {reason}");
        session.Terminal.Line("  next     plan it again for another --instance, once the reason is dealt with");
        session.Terminal.Json(schema, IsSafe && sent ? ExitCode.Findings : ExitCode.Clean, writer =>
        {
            WriteChange(writer);
            writer.WriteString("state", "refused");
            writer.WriteString("reason", reason);
            writer.WriteBoolean("sent", sent);
        });
    }

    private void PrintApproved(string schema, GateDecision decision, SafeStanding? standing)
    {
        var state = StateOf(decision);
        session.Terminal.Line($"network {Document.Network}, chain {Document.ChainId}");
        session.Terminal.Line(Document.Title);
        session.Terminal.Line($"  change   {change.Id}");
        session.Terminal.Line($"  state    {state.Name}");
        session.Terminal.Line($"  digest   {Document.Digest()}");
        PrintStanding(standing);
        ApprovalReport.Print(session.Terminal, decision);
        session.Terminal.Line($"  next     {NextStep(state, decision, standing)}");
        session.Terminal.Json(schema, ExitCode.Clean, writer =>
        {
            WriteChange(writer);
            writer.WriteString("state", state.Name);
            WriteStanding(writer, standing);
            ApprovalReport.Write(writer, decision);
            writer.WriteString("next", NextStep(state, decision, standing));
        });
    }

    private static void WriteChecks(Utf8JsonWriter writer, string key, IReadOnlyList<CheckedExpectation> checks)
    {
        writer.WriteStartArray(key);
        foreach (var check in checks)
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
            WriteChecks(writer, "state", result.Checks);
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
            text.Append(CultureInfo.InvariantCulture, $"\nSafe transaction hash `{standing.Hash.Value}` at nonce {standing.State.Nonce}; {standing.Approvals.Count} of {standing.Needed} signatures.\n");
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

    private string NextStep(ChangeState state, GateDecision decision, SafeStanding? standing) =>
        IsVerified ? "nothing: this change was executed and verified"
        : state.Phase is ChangePhase.Refused or ChangePhase.Stale or ChangePhase.Failed ? "plan it again for another --instance"
        : IsBegun ? $"agijobs change resume {change.Id} --signer NAME --execute"
        : decision.Refusals.FirstOrDefault(refusal => refusal.Command is not null && refusal.Code is "approvals-missing") is { } missing ? missing.Command!
        : standing is { IsComplete: false } ? $"owners sign: agijobs change approve {change.Id} --signer NAME"
        : standing is not null ? $"agijobs change execute {change.Id} --signer NAME --execute"
        : option?.Signers is [var signer, ..] ? $"agijobs change execute {change.Id} --signer {signer.Name} --execute"
        : $"agijobs change execute {change.Id} --signer NAME --execute";
}
