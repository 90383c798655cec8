using AgiJobs.Control;
using AgiJobs.Control.Execution;
using AgiJobs.Control.SafeService;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Safes;

namespace AgiJobs.Cli.Changes;

/// <content>The Safe transaction of a change: its file, its hashes, its confirmations, and the service that owners see it in.</content>
internal sealed partial class ChangeRun
{
    // Whatever a Safe's threshold is, one person's word is not two.
    private const int Independent = 2;

    /// <summary>Writes the Safe's file, computes the hashes, counts the confirmations, and proposes or reads back where it is told to.</summary>
    /// <param name="path">Where the Transaction Builder file goes; null for nowhere else than the change's folder.</param>
    /// <param name="propose">Post it to the Safe Transaction Service; only with --execute.</param>
    /// <param name="collect">Read confirmations back first.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Clean when the confirmations count, else findings.</returns>
    public async Task<ExitCode> PlanSafeAsync(string? path, bool propose, bool collect, CancellationToken cancellation)
    {
        var execute = session.Execute;
        if (execute && !propose)
        {
            throw new ControlException("execute-nothing", ExitCode.BadInput, "--execute sends the proposal to the Safe Transaction Service, and there is no --propose.", "Add --propose, or leave --execute out.");
        }

        var service = propose || collect ? Service() : null;
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        var carrier = (IsVerified || !IsSafe ? null : await SafeCarrier.CurrentAsync(client, change, cancellation).ConfigureAwait(false))
            ?? throw new ControlException("approval-not-needed", ExitCode.Refused, $"No Safe transaction of the change {change.Id} waits for signatures.", $"See how it stands: agijobs change show {change.Id}");
        RequireOpen();
        await WriteSafeFileAsync(path ?? Path.Combine(change.Folder, "safe-batch.json"), cancellation).ConfigureAwait(false);
        var standing = await carrier.StandingAsync(cancellation).ConfigureAwait(false);
        if (collect)
        {
            await CollectAsync(service!, carrier, standing, cancellation).ConfigureAwait(false);
        }

        if (propose && execute)
        {
            foreach (var signer in session.NamedSigners.Where(signer => standing.State.Quorum.Contains(signer.Address) && !standing.Approvals.Any(approval => approval.Owner == signer.Address)))
            {
                await SignAsync(client, signer, [], owns: true, states: false, cancellation).ConfigureAwait(false);
            }

            standing = await carrier.StandingAsync(cancellation).ConfigureAwait(false);
            await ProposeAsync(service!, standing, cancellation).ConfigureAwait(false);
        }

        standing = await carrier.StandingAsync(cancellation).ConfigureAwait(false);
        return PrintPlan(standing, service, propose, sent: propose && execute);
    }

    /// <summary>Reads the confirmations of the Safe Transaction Service back and files those that count.</summary>
    public async Task<ExitCode> CollectAsync(CancellationToken cancellation)
    {
        var service = Service();
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        RequireOpen();
        var carrier = (IsVerified || !IsSafe ? null : await SafeCarrier.CurrentAsync(client, change, cancellation).ConfigureAwait(false))
            ?? throw new ControlException("approval-not-needed", ExitCode.Refused, $"No Safe transaction of the change {change.Id} waits for signatures.", $"See how it stands: agijobs change show {change.Id}");
        await CollectAsync(service, carrier, await carrier.StandingAsync(cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
        var after = await StandingAsync(cancellation).ConfigureAwait(false);
        PrintApproved("agijobs.change-approve/1", await Gate(client, Simulation(), after).DecideAsync(change, null, cancellation).ConfigureAwait(false), after);
        return ExitCode.Clean;
    }

    private SafeTransactionService Service() => session.NetworkFile.SafeTransactionService is { } endpoint
        ? new SafeTransactionService(endpoint.Resolve(), session.NetworkFile.SafeTransactionServiceKey?.Reveal(), session.Environment.Time)
        : throw new ControlException("safe-service-none", ExitCode.BadInput, $"The network '{session.Network}' has no Safe Transaction Service.", "Name it as safeTransactionService in the network's file, or go without: 'plan safe --out FILE' writes the file for the Safe's app, and owners sign with 'agijobs change approve'.");

    private async Task CollectAsync(SafeTransactionService service, SafeCarrier carrier, SafeStanding standing, CancellationToken cancellation)
    {
        foreach (var place in standing.Tree)
        {
            if (await service.FindAsync(place.Hash, cancellation).ConfigureAwait(false) is null)
            {
                Terminal.Progress($"{service.Name} does not have {place.Hash.Value} (the Safe {place.State.Domain.Safe}, nonce {place.State.Nonce})");
                continue;
            }

            var (good, bad) = await service.ConfirmationsAsync(place.Hash, cancellation).ConfigureAwait(false);
            foreach (var finding in bad)
            {
                Terminal.Progress($"FINDING not filed: {finding}");
            }

            foreach (var confirmation in good)
            {
                if (!place.State.Quorum.Contains(confirmation.Owner))
                {
                    Terminal.Progress($"FINDING not filed: {confirmation.Owner} confirmed, and is no owner of the Safe {place.State.Domain.Safe}");
                }
                else if (!place.Approvals.Any(approval => approval.Owner == confirmation.Owner) && !place.ApprovedOnChain.Contains(confirmation.Owner))
                {
                    var approval = carrier.Import(standing, confirmation.Signature, session.Environment.Time);
                    var file = Path.Combine(change.Folder, "approvals", $"safe-{approval.Safe}-{approval.Owner}.json");
                    CopyApprovals([file]);
                    Terminal.Progress($"filed the confirmation of {session.Labels.Describe(approval.Owner)} over {approval.SafeTxHash}");
                    await RecordAsync("change.approved", data =>
                    {
                        data["by"] = approval.Owner.ToString();
                        data["owner"] = true;
                        data["imported"] = true;
                        data["from"] = service.Name;
                    }, cancellation, file).ConfigureAwait(false);
                }
            }
        }
    }

    private async Task ProposeAsync(SafeTransactionService service, SafeStanding standing, CancellationToken cancellation)
    {
        var known = await service.FindAsync(standing.Hash, cancellation).ConfigureAwait(false);
        if (known is null)
        {
            if (standing.Approvals is not [var first, ..])
            {
                throw Unsigned(standing);
            }

            await service.ProposeAsync(new SafeServiceProposal(standing.Hash, first.Owner, SafeSignatures.Decode(first.Signature)[0], $"agijobs {change.Id}"), cancellation).ConfigureAwait(false);
            Terminal.Progress($"proposed {standing.Hash.Value} to {service.Name} as {session.Labels.Describe(first.Owner)}");
            await RecordAsync("change.proposed", data =>
            {
                data["by"] = first.Owner.ToString();
                data["safeTxHash"] = standing.Hash.Value.ToString();
                data["to"] = service.Name;
            }, cancellation).ConfigureAwait(false);

            // What it took must be what was sent.
            _ = await service.FindAsync(standing.Hash, cancellation).ConfigureAwait(false) ?? throw new ControlException("safe-service-response", ExitCode.Unknown, $"{service.Name} took the proposal and does not have it.", "Run the command again.");
        }

        var (there, _) = await service.ConfirmationsAsync(standing.Hash, cancellation).ConfigureAwait(false);
        foreach (var approval in standing.Approvals.Where(approval => !there.Any(confirmation => confirmation.Owner == approval.Owner)))
        {
            await service.ConfirmAsync(standing.Hash, approval.Signature, cancellation).ConfigureAwait(false);
            Terminal.Progress($"gave {service.Name} the confirmation of {session.Labels.Describe(approval.Owner)}");
        }
    }

    private ControlException Unsigned(SafeStanding standing) => new(
        "proposal-unsigned",
        ExitCode.Refused,
        $"A proposal is made in the name of an owner who signed it, and nobody has signed {standing.Hash.Value} yet.",
        $"Name an owner with --signer, or have one sign first: agijobs change approve {change.Id} --signer NAME");

    private ExitCode PrintPlan(SafeStanding standing, SafeTransactionService? service, bool propose, bool sent)
    {
        var confirmations = standing.Approvals.Select(approval => approval.Owner).Concat(standing.ApprovedOnChain).Concat(standing.Nested.Where(child => child.IsComplete).Select(child => child.State.Domain.Safe)).ToList();

        // Two addresses of one person are one.
        var people = confirmations.Select(owner => session.Policy?.People.Of(owner)?.Name ?? owner.ToString()).Distinct(StringComparer.Ordinal).ToList();
        var counts = standing.IsComplete && people.Count >= Independent;
        var document = standing.Hash.Document;
        var exit = counts ? ExitCode.Clean : ExitCode.Findings;
        if (!sent)
        {
            Terminal.Line(NothingSent);
        }

        Terminal.Line($"network {Document.Network}, chain {Document.ChainId}");
        Terminal.Line(Document.Title);
        Terminal.Line($"  change   {change.Id}");
        foreach (var step in Document.Steps)
        {
            Terminal.Line($"  does     {step.Purpose ?? $"{step.Module}.{step.Function}"}");
        }

        Terminal.Line($"  Safe     {session.Labels.Describe(standing.State.Domain.Safe)}, nonce {standing.State.Nonce}, {standing.Needed} of {standing.State.Quorum.Owners.Count}");
        Terminal.Line("           by packed words and by typed data; the Safe's own getTransactionHash says the same");
        Terminal.Line($"  safeTxHash    {Keccak256.Hash(standing.Hash.PreImage.Span)}");
        Terminal.Line($"                {document.Digest}");
        Terminal.Line($"  domain hash   {standing.Hash.DomainHash}");
        Terminal.Line($"                {document.DomainSeparator}");
        Terminal.Line($"  message hash  {standing.Hash.MessageHash}");
        Terminal.Line($"                {document.MessageHash}");
        foreach (var owner in confirmations)
        {
            Terminal.Line($"  confirms {session.Labels.Describe(owner)}{(session.Policy?.People.Of(owner) is { } person ? $", {person.Name}" : "")}");
        }

        Terminal.Line($"  counts   {(counts ? "yes" : "NO")}: {standing.Given} of {standing.Needed} signatures of the Safe, {people.Count} of {Independent} independent confirmations");
        Terminal.Line($"  next     {(counts ? $"agijobs change execute {change.Id} --signer NAME --execute" : propose && !sent ? $"agijobs owner plan safe {change.Id} --propose --execute{(standing.Approvals.Count == 0 ? " --signer NAME" : "")}" : service is not null ? $"owners confirm in their app, then: agijobs change approve {change.Id} --collect" : $"owners sign: agijobs change approve {change.Id} --signer NAME")}");
        if (!sent)
        {
            Terminal.Line(NothingSent);
        }

        Terminal.Json("agijobs.plan-safe/1", exit, writer =>
        {
            WriteChange(writer);
            writer.WriteBoolean("sent", sent);
            writer.WriteBoolean("counts", counts);
            writer.WriteNumber("independent", people.Count);
            WriteStanding(writer, standing);
            writer.WriteStartObject("hashes");
            foreach (var (name, transaction, domain, message) in ((string, Bytes32, Bytes32, Bytes32)[])[("packed", Keccak256.Hash(standing.Hash.PreImage.Span), standing.Hash.DomainHash, standing.Hash.MessageHash), ("typedData", document.Digest, document.DomainSeparator, document.MessageHash)])
            {
                writer.WriteStartObject(name);
                writer.WriteString("safeTxHash", transaction.ToString());
                writer.WriteString("domainHash", domain.ToString());
                writer.WriteString("messageHash", message.ToString());
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
            writer.WriteString("service", service?.Name);
        });
        return exit;
    }
}
