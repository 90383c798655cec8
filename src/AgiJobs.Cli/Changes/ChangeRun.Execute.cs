using System.Text.Json.Nodes;
using AgiJobs.Control;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Evidence.Ledger;
using AgiJobs.Control.Execution;
using AgiJobs.Control.Feed;
using AgiJobs.Control.Funds;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Cli.Changes;

/// <content>Sending, going on, verifying.</content>
internal sealed partial class ChangeRun
{
    /// <summary>Signs with those of the signers who may, then sends if the gate lets it through.</summary>
    public async Task<ExitCode> ExecuteAsync(IReadOnlyList<SignerReference> signers, CancellationToken cancellation)
    {
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        if (signers.Count == 0)
        {
            throw new ControlException("signer-needed", ExitCode.BadInput, "No signer is at hand to send this.", "Name one with --signer.");
        }

        var senders = Senders(signers);
        if (!IsBegun)
        {
            await SignBeforeSendingAsync(client, senders[0], signers, cancellation).ConfigureAwait(false);
        }

        var opened = new List<OpenedSigner>();
        try
        {
            opened.AddRange(senders.Select(sender => new OpenedSigner(SignerBook.Open(sender, client.ChainId))));
            return await SendAsync(client, opened.ConvertAll(signer => signer.Signer), cancellation).ConfigureAwait(false);
        }
        finally
        {
            opened.ForEach(signer => signer.Dispose());
        }
    }

    private async Task<ExitCode> SendAsync(EthereumClient client, IReadOnlyList<ISigner> senders, CancellationToken cancellation)
    {
        var started = session.Environment.Time.GetTimestamp();
        var wasVerified = IsVerified;
        var executor = new ChangeExecutor(client, session.Protocol, session.Workspace, session.Environment.Time)
        {
            Confirmations = session.NetworkFile.Confirmations + 1,
            Patience = session.Environment.Patience,
            OnProgress = Terminal.Progress,
            Gate = Incidents.IncidentWiring.DualControl(session, Gate(client, Simulation(), null)),
            WatchAsync = (filed, since, token) => new PoolWatch(client, session.Protocol, session.Environment.Time) { Patience = session.Environment.Patience, OnProgress = Terminal.Progress }.RequireAsync(filed, since, token),
            OnEvidence = (kind, details) => RecordAsync(kind, details, cancellation),
        };
        if (!wasVerified)
        {
            Feed(feed => feed.Expect(change));
        }

        try
        {
            var result = await executor.ExecuteAsync(change, senders, cancellation).ConfigureAwait(false);
            var took = session.Environment.Time.GetElapsedTime(started);
            if (!wasVerified && result.End is ExecutionEnd.Verified or ExecutionEnd.ExecutedElsewhere)
            {
                await EnterAsync(senders, [.. result.Transactions.Select(transaction => transaction.Hash)], result.End == ExecutionEnd.Verified ? "verified" : "executed-elsewhere", null, cancellation).ConfigureAwait(false);
            }

            Print(result, took);
            return result.Exit;
        }
        catch (ControlException problem) when (problem.Code is "change-reverted" or "verification-mismatch" or "nonce-taken")
        {
            await EnterAsync(senders, Mined(), problem.Code, problem.Message, cancellation).ConfigureAwait(false);
            throw;
        }
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
        var terminal = Terminal;
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

    // What the executor tells is recorded without the signed bytes: they stand in the journal, and the chain has them.
    private Task RecordAsync(string kind, JsonObject details, CancellationToken cancellation)
    {
        // A receipt is on file after the note that it was mined, so the end vouches for all that led there.
        var files = kind is "change.verified" or "change.failed" ? ["verification.json", .. Mined().Select(hash => session.Workspace.Locate("storage", "receipts", Document.Network, hash + ".json")), .. Consents("*.json")] : Array.Empty<string>();
        return RecordAsync(
            kind,
            data =>
            {
                foreach (var (key, value) in details)
                {
                    if (key is not "raw")
                    {
                        data[key] = value?.DeepClone();
                    }
                }
            },
            cancellation,
            files);
    }

    private IReadOnlyList<Bytes32> Mined() => [.. Journal.Read(change.JournalPath).Where(entry => (string?)entry["event"] is "mined").Select(entry => Bytes32.Parse((string)entry["hash"]!)).Distinct()];

    // The feed tells others; that it cannot holds nothing up.
    private void Feed(Action<ChangeFeed> tell)
    {
        try
        {
            if (session.Feed is { } feed)
            {
                tell(feed);
            }
        }
        catch (Exception problem) when (problem is ControlException or IOException or UnauthorizedAccessException)
        {
            Terminal.Progress($"FINDING the change feed: {problem.Message}");
        }
    }

    private async Task EnterAsync(IReadOnlyList<ISigner> senders, IReadOnlyList<Bytes32> transactions, string outcome, string? note, CancellationToken cancellation)
    {
        Feed(feed => feed.Enter(change, outcome, transactions));
        var signed = SignedRecords.Read(change, session.Policy?.People).Consents.Select(consent => consent.Signer).Concat(change.SafeApprovals().Select(approval => approval.Owner)).Concat(change.Authorizations().Select(statement => statement.Signer));
        var problem = await new OwnerLedger(session.Workspace, session.Environment.Time).TryAppendAsync(
            new LedgerEntry
            {
                At = session.Environment.Time.GetUtcNow(),
                Network = Document.Network,
                ChainId = Document.ChainId,
                Change = Document.Digest(),
                Kind = Document.Kind,
                Title = Document.Title,
                Who = [.. senders.Select(sender => sender.Address).Concat(signed).Distinct().Select(address => new LedgerParty { Name = session.Signers.NameOf(address), Address = address })],
                Transactions = transactions,
                Outcome = outcome,
                Instance = Document.Instance,
                Note = note,
            },
            cancellation).ConfigureAwait(false);
        if (problem is not null)
        {
            Terminal.Progress($"FINDING not entered in the ledger: {problem.Message}");
        }
    }

    // Each direct call is sent by the account that its route names, all else by somebody with the duty executor, so that owners who sign need not send; through a timelock by whoever of them may.
    private List<SignerReference> Senders(IReadOnlyList<SignerReference> signers)
    {
        var callers = Document.Steps.Select(step => step.Route.Base).Where(route => route.Kind == RouteKind.Direct).Select(route => route.Caller).ToHashSet();
        var own = signers.Where(signer => callers.Contains(signer.Address)).ToList();
        var first = (session.Policy is { } policy ? signers.FirstOrDefault(signer => policy.People.Of(signer.Address)?.Duties.Contains(Duty.Executor) == true) : null) ?? signers[0];
        return Document.Steps.Any(step => step.Route.Kind is RouteKind.Timelock || step.Route.Via?.Kind is RouteKind.Timelock) ? [.. own, .. signers.Except(own)]
            : own.Count > 0 && Document.Steps.All(step => step.Route.Base.Kind == RouteKind.Direct) ? own
            : [first, .. own.Where(signer => signer != first)];
    }

    // Signers named on the command line sign as they send where nothing else is managed, and for a pause, which must not wait for a second command.
    private async Task SignBeforeSendingAsync(EthereumClient client, SignerReference sender, IReadOnlyList<SignerReference> signers, CancellationToken cancellation)
    {
        foreach (var step in Statements)
        {
            var carrier = new AuthorizationCarrier(client, session.Protocol, change, step);
            if (signers.FirstOrDefault(signer => signer.Address == carrier.Signer) is { } own && (await carrier.StandingAsync(cancellation).ConfigureAwait(false)).Signature is null)
            {
                await SignAsync(client, own, [], owns: false, states: true, cancellation).ConfigureAwait(false);
            }
        }

        var policy = session.Policy;
        var named = session.NamedSigners;
        if (named.Count == 0 || (policy is not null && !ChangeNature.Of(Document, session.Protocol).IsPause))
        {
            return;
        }

        var standing = await StandingAsync(cancellation).ConfigureAwait(false);
        // A decision is asked for only where somebody besides the sender could sign on it: the gate itself decides again before anything is signed.
        var decision = policy is null || named.All(signer => signer == sender) ? null : await Gate(client, Simulation(), standing).DecideAsync(change, sender.Address, cancellation).ConfigureAwait(false);
        foreach (var signer in named)
        {
            var person = policy?.People.Of(signer.Address);
            IReadOnlyList<Duty> duties = decision is { IsApproved: false } && person is not null && signer != sender && person != policy!.People.Of(sender.Address)
                ? [.. decision.Tally!.Missing.SelectMany(entry => entry.Requirement.Duties).Where(duty => duty is Duty.Approver or Duty.Commander && person.Duties.Contains(duty)).Take(1)]
                : [];
            var owns = standing is { IsComplete: false } && Owns(standing, signer);
            if (duties.Count > 0 || owns)
            {
                await SignAsync(client, signer, duties, owns, states: false, cancellation).ConfigureAwait(false);
            }
        }
    }
}
