using AgiJobs.Control;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Execution;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Cli.Changes;

/// <content>Signing: approvals under duties, Safe owners' signatures, statements, refusals, cancelling.</content>
internal sealed partial class ChangeRun
{
    /// <summary>Has the signers sign under their duties, as owners of the Safes that carry it, and statements as theirs; sends nothing.</summary>
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
        var before = await StandingAsync(cancellation).ConfigureAwait(false);
        var plan = signers.Select(signer => (Signer: signer, Duties: DutiesOf(signer, wanted, duties.Count > 0), Owns: before is not null && wanted.Contains(Duty.Approver) && Owns(before, signer), States: Statements.Any(step => step.Route.Caller == signer.Address))).ToList();

        // Everybody is looked at before anybody signs.
        if (plan.Find(entry => entry.Duties.Count == 0 && !entry.Owns && !entry.States) is { Signer: { } stranger })
        {
            throw before is not null
                ? new ControlException(
                    "safe-not-owner",
                    ExitCode.Refused,
                    $"'{stranger.Name}' ({stranger.Address}) is not an owner of the Safe {before.State.Domain.Safe}{(before.Nested.Count == 0 ? "" : " or of a Safe that owns it")}{(session.Policy is null ? "" : ", and nobody with the duty approver")}. The owners are {string.Join(", ", before.Tree.SelectMany(node => node.State.Quorum.Owners).Distinct())}.",
                    "Sign with one of the owners.")
                : Statements is [var statement, ..]
                ? new ControlException("authorization-signer", ExitCode.Refused, $"The statement of the change {change.Id} is to be signed by {statement.Route.Caller} ({statement.Route.Role}), and '{stranger.Name}' is {stranger.Address}.", "Name that account's signer with --signer.")
                : session.Policy is null
                ? new ControlException("approval-not-needed", ExitCode.BadInput, $"The change {change.Id} is sent by {Document.Steps[0].Route.Base.Caller} itself and takes no signatures: {GateDecision.NotManaged}.", $"Execute it: agijobs change execute {change.Id} --signer NAME --execute")
                : NoDuty(stranger, Duty.Approver);
        }

        foreach (var (signer, own, owns, states) in plan)
        {
            await SignAsync(client, signer, own, owns, states, cancellation).ConfigureAwait(false);
        }

        var standing = await StandingAsync(cancellation).ConfigureAwait(false);
        var decision = await Gate(client, Simulation(), standing).DecideAsync(change, null, cancellation).ConfigureAwait(false);
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
        var cancelling = new Cancellation(client, change, session.Environment.Time) { Patience = session.Environment.Patience, Confirmations = session.NetworkFile.Confirmations + 1, OnProgress = Terminal.Progress };
        if (!session.Execute)
        {
            var possible = IsSafe
                ? "Its Safe transaction is on its way. Cancelling spends the sender's nonce, so that this transaction is not mined; but the owners' signatures stay valid until the Safe's nonce is used, and anybody who has them can send them again. Only another Safe transaction at the same nonce (a rejection) undoes them."
                : "Its transaction is on its way. Cancelling sends another one with the same nonce and a higher fee; whichever is mined first counts.";
            Terminal.Line(NothingSent);
            Terminal.Line($"network {Document.Network}, chain {Document.ChainId}");
            Terminal.Line($"  change   {change.Id}");
            Terminal.Line($"  possible {possible}");
            Terminal.Line($"  next     agijobs change cancel {change.Id} --reason TEXT --signer {reference.Name} --execute");
            Terminal.Line(NothingSent);
            Terminal.Json("agijobs.change-cancel/1", ExitCode.Findings, writer =>
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
            Terminal.Progress("FINDING the owners' signatures stay valid until the Safe's nonce is used: have the owners sign and send a rejection at the same nonce");
        }

        Terminal.Progress($"cancelled by {spent}");
        PrintRefused("agijobs.change-cancel/1", reason, sent: true);
        return IsSafe ? ExitCode.Findings : ExitCode.Clean;
    }

    private static bool Owns(SafeStanding standing, SignerReference signer) => standing.Tree.Any(node => node.State.Quorum.Contains(signer.Address));

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

    // Says what is to be signed before it is signed.
    private async Task SignAsync(EthereumClient client, SignerReference reference, IReadOnlyList<Duty> duties, bool owns, bool states, CancellationToken cancellation)
    {
        Terminal.Progress($"network {Document.Network}, chain {Document.ChainId}: {reference.Name} ({reference.Address}) is asked to sign");
        foreach (var duty in duties)
        {
            Terminal.Progress($"  as {duty.Name()}: Approval(change {Document.Digest()}, chain {Document.ChainId}, duty {duty.Name()}) of 'AGI Jobs Owner Control', hash {ApprovalStatements.Approval(Document.Digest(), Document.ChainId, duty).Digest}");
        }

        // All that can be signed now, so that a wave of several transactions is signed at once.
        var carriers = new List<(SafeCarrier Carrier, SafeStanding Standing)>();
        foreach (var carrier in owns ? await SafeCarrier.QueueAsync(client, change, cancellation).ConfigureAwait(false) : [])
        {
            carriers.Add((carrier, await carrier.StandingAsync(cancellation).ConfigureAwait(false)));
        }

        foreach (var place in carriers.SelectMany(entry => entry.Standing.Tree).Where(node => node.State.Quorum.Contains(reference.Address)))
        {
            Terminal.Progress($"  as owner: the transaction of the Safe {place.State.Domain.Safe} at nonce {place.Hash.Transaction.Nonce}, hash {place.Hash.Value}");
        }

        using var opened = new OpenedSigner(SignerBook.Open(reference, client.ChainId));
        foreach (var duty in duties)
        {
            _ = await SignedRecords.ApproveAsync(session.Workspace, change, duty, opened.Signer, session.Environment.Time, cancellation).ConfigureAwait(false);
            Terminal.Progress($"{reference.Name} signed as {duty.Name()}");
        }

        foreach (var (carrier, standing) in carriers)
        {
            foreach (var approval in await carrier.ApproveAsync(standing, reference, opened.Signer, session.Environment.Time, cancellation).ConfigureAwait(false))
            {
                Terminal.Progress($"{reference.Name} signed {approval.SafeTxHash}");
            }
        }

        foreach (var step in states ? Statements.Where(step => step.Route.Caller == reference.Address) : [])
        {
            var statement = new AuthorizationCarrier(client, session.Protocol, change, step);
            var known = await statement.StandingAsync(cancellation).ConfigureAwait(false);
            if (known is { Signature: null, IsSpent: false })
            {
                Terminal.Progress($"  as {step.Route.Role}: the statement with the salt {statement.Statement.Salt}, hash {known.Document.Digest}");
                var signed = await statement.SignAsync(known, opened.Signer, session.Environment.Time, cancellation).ConfigureAwait(false);
                Terminal.Progress($"{reference.Name} signed {signed.Digest}");
            }
        }

        CopyApprovals(SignaturesOf(reference));
        await RecordAsync(
            "change.approved",
            data =>
            {
                data["by"] = reference.Address.ToString();
                data["duties"] = new System.Text.Json.Nodes.JsonArray([.. duties.Select(duty => (System.Text.Json.Nodes.JsonNode)duty.Name())]);
                data["owner"] = owns;
            },
            cancellation,
            SignaturesOf(reference)).ConfigureAwait(false);
    }

    private IReadOnlyList<string> SignaturesOf(SignerReference reference) => Consents($"*{reference.Address}.json");

    // With the copies that lie together for all changes.
    private IReadOnlyList<string> Consents(string pattern) =>
        [.. ((string[])[Path.Combine(change.Folder, "approvals"), session.Workspace.Locate("storage", "approvals", change.Id)]).Where(Directory.Exists).SelectMany(folder => Directory.EnumerateFiles(folder, pattern).Order(StringComparer.Ordinal))];

    private async Task FileRefusalAsync(SignerReference reference, Duty? asked, string reason, CancellationToken cancellation)
    {
        var duty = asked ?? Duty.Approver;
        if (session.Policy is { } policy)
        {
            var person = policy.People.Of(reference.Address);
            duty = asked ?? (person is null || person.Duties.Contains(Duty.Approver) || person.Duties.Count == 0 ? Duty.Approver : person.Duties[0]);
            _ = person?.Duties.Contains(duty) == true ? duty : throw NoDuty(reference, duty);
        }

        Terminal.Progress($"network {Document.Network}, chain {Document.ChainId}: {reference.Name} ({reference.Address}) is asked to sign the refusal of {Document.Digest()} as {duty.Name()}: {reason}");
        using var opened = new OpenedSigner(SignerBook.Open(reference, Document.ChainId));
        _ = await SignedRecords.RefuseAsync(session.Workspace, change, duty, reason, opened.Signer, session.Environment.Time, cancellation).ConfigureAwait(false);
        await RecordAsync("change.refused", data => data["by"] = reference.Address.ToString(), cancellation, SignaturesOf(reference)).ConfigureAwait(false);
    }

    private void PrintRefused(string schema, string reason, bool sent)
    {
        Terminal.Line($"network {Document.Network}, chain {Document.ChainId}");
        Terminal.Line(Document.Title);
        Terminal.Line($"  change   {change.Id}");
        Terminal.Line($"  state    refused: {reason}");
        Terminal.Line("  next     plan it again for another --instance, once the reason is dealt with");
        Terminal.Json(schema, IsSafe && sent ? ExitCode.Findings : ExitCode.Clean, writer =>
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
        Terminal.Line($"network {Document.Network}, chain {Document.ChainId}");
        Terminal.Line(Document.Title);
        Terminal.Line($"  change   {change.Id}");
        Terminal.Line($"  state    {state.Name}");
        Terminal.Line($"  digest   {Document.Digest()}");
        PrintStanding(standing);
        ApprovalReport.Print(Terminal, decision);
        Terminal.Line($"  next     {NextStep(state, decision, standing)}");
        Terminal.Json(schema, ExitCode.Clean, writer =>
        {
            WriteChange(writer);
            writer.WriteString("state", state.Name);
            WriteStanding(writer, standing);
            ApprovalReport.Write(writer, decision);
            writer.WriteString("next", NextStep(state, decision, standing));
        });
    }
}
