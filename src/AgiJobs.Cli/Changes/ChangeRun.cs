using AgiJobs.Cli.Output;
using AgiJobs.Cli.Owner;
using AgiJobs.Control;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Authority;
using AgiJobs.Control.Backups;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Execution;
using AgiJobs.Control.Files;
using AgiJobs.Control.Snapshots;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Cli.Changes;

/// <summary>Takes a planned or filed change through preview, approval and execution, and prints what happened.</summary>
internal sealed partial class ChangeRun(Session session, FiledChange change, RouteOption? option)
{
    public const string NothingSent = "NOTHING WAS SENT - add --execute";

    private ChangeDocument Document => change.Document;

    private Terminal Terminal => session.Terminal;

    // The command that undoes the change; null when nothing does.
    private string? UndoCommand => Document.Rollback.Command ?? (Document.Rollback.Steps is not null ? $"agijobs change rollback {change.Id}" : null);

    private bool IsVerified => ChangeState.IsVerified(Journal.Read(change.JournalPath));

    private bool IsSafe => Document.Steps.Any(step => step.Route.Base.Kind == RouteKind.Safe);

    private bool IsBegun => Journal.Read(change.JournalPath).Count > 0;

    private IReadOnlyList<ChangeStep> Statements => [.. Document.Steps.Where(step => step.Route.Kind == RouteKind.Authorization)];

    // Who sends by the change's own words; null when anybody may.
    private Address? ExpectedSender => Document.Steps[0].Route.Base is { Kind: RouteKind.Direct } direct ? direct.Caller : null;

    /// <summary>Files the plan of a command and goes as far as the command line says.</summary>
    public static async Task<ExitCode> FromPlanAsync(Session session, ChangeDocument document, RouteOption option, string? safeFile, CancellationToken cancellation, IReadOnlyDictionary<string, byte[]>? files = null)
    {
        var execute = session.Execute;
        if (safeFile is not null && document.Steps[0].Route is { Base.Kind: not RouteKind.Safe } own)
        {
            // Before anything is put on file.
            throw new ControlException("safe-route", ExitCode.BadInput, $"--safe {safeFile}: this change is sent by {own.Caller} ({own.Role}), not by a Safe.", "Name Safe owners with --signer to plan it through the Safe, or leave --safe out.");
        }

        var run = await FileAsync(session, document, option, cancellation).ConfigureAwait(false);
        if (files is { Count: > 0 })
        {
            await run.AnnexAsync(files, cancellation).ConfigureAwait(false);
        }

        if (safeFile is not null)
        {
            await run.WriteSafeFileAsync(safeFile, cancellation).ConfigureAwait(false);
        }

        return execute ? await run.ExecuteAsync(option.Signers, cancellation).ConfigureAwait(false) : await run.PreviewAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Puts a change on file, if it is not there, and records that.</summary>
    public static async Task<ChangeRun> FileAsync(Session session, ChangeDocument document, RouteOption? option, CancellationToken cancellation)
    {
        var store = new ChangeStore(session.Workspace, session.Environment.Time);
        var isNew = store.Find(document.Digest().ToString()) is null;
        var run = new ChangeRun(session, store.File(document, Brief.Write(document, session.Labels)), option);
        if (isNew)
        {
            await run.RecordAsync("change.planned", _ => { }, cancellation, "change.json", "brief.md").ConfigureAwait(false);
        }

        return run;
    }

    /// <summary>The change on file.</summary>
    public FiledChange Change => change;

    // Puts files beside the change that people need for it and that no approval covers.
    private async Task AnnexAsync(IReadOnlyDictionary<string, byte[]> files, CancellationToken cancellation)
    {
        foreach (var (name, content) in files.OrderBy(file => file.Key, StringComparer.Ordinal))
        {
            AtomicFile.Write(Path.Combine(change.Folder, name), content);
            Terminal.Progress($"wrote {Path.Combine(change.Folder, name)}");
        }

        await RecordAsync("change.annexed", _ => { }, cancellation, [.. files.Keys.Order(StringComparer.Ordinal)]).ConfigureAwait(false);
    }

    /// <summary>Writes the file that the Safe's Transaction Builder reads, beside the change and where the command line says.</summary>
    public async Task WriteSafeFileAsync(string path, CancellationToken cancellation)
    {
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        IReadOnlyList<SafeCarrier> queue = await SafeCarrier.QueueAsync(client, change, cancellation).ConfigureAwait(false) is { Count: > 0 } waiting ? waiting : [new SafeCarrier(client, change)];
        var written = new List<string>();
        foreach (var (carrier, index) in queue.Select((carrier, index) => (carrier, index)))
        {
            // A file holds one Safe transaction, so each further chunk has a file of its own: safe-batch-2.json.
            var bytes = carrier.ToTransactionBuilder(session.Environment.Time.GetUtcNow());
            written.Add(Numbered("safe-batch.json", index));
            AtomicFile.Write(Path.Combine(change.Folder, written[^1]), bytes);
            AtomicFile.Write(Numbered(session.PathOf(path), index), bytes);
            Terminal.Progress($"wrote {Numbered(session.PathOf(path), index)}");
        }

        await RecordAsync("change.safe-file", _ => { }, cancellation, [.. written]).ConfigureAwait(false);

        static string Numbered(string path, int index) => index == 0 ? path : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{path[..^Path.GetExtension(path).Length]}-{index + 1}{Path.GetExtension(path)}");
    }

    private ExecutionGate Gate(EthereumClient client, SimulationReading simulation, SafeStanding? standing) => new(session.Policy, session.Protocol, session.Standings, session.Environment.Time)
    {
        ResumePoints = [new MultisigPoint(async (filed, token) =>
        {
            var read = standing ?? await SafeCarrier.LackingAsync(client, filed, token).ConfigureAwait(false) ?? await new SafeCarrier(client, filed).StandingAsync(token).ConfigureAwait(false);
            return new MultisigStanding(read.State.Domain.Safe, read.Given, read.Needed, [.. read.Tree.SelectMany(node => node.State.Quorum.Owners.Where(owner => !node.Approvals.Any(approval => approval.Owner == owner))).Distinct()], read.Stale);
        }, session.Signers.NameOf), Alerts.AlertWatch.Point(session, client), SignedPoint.Checks, SignedPoint.Responders, Incidents.IncidentWiring.Point(session)],
        ChangePoints = [Authority(client)],
        Simulation = simulation,
        Safeguards = [new BackupSafeguard(session.Workspace, session.Environment.Time), new RestoreSafeguard(session.Workspace), new LeaseSafeguard(session.Protocol, new ChangeStore(session.Workspace, session.Environment.Time)), new GuardrailSafeguard(session.Protocol, new ChangeStore(session.Workspace, session.Environment.Time), session.Environment.Time), new SafeRouteSafeguard(session.Protocol)],
        SignerOf = session.Signers.NameOf,
        OnFinding = finding => Terminal.Progress($"FINDING {finding}"),
        StoreDryRunAsync = async (filed, token) =>
        {
            _ = await simulation.ReadAsync(filed, token).ConfigureAwait(false);
            _ = await FileDryRunAsync(null, simulation.Result, token).ConfigureAwait(false);
        },
    };

    private AuthorityPoint Authority(EthereumClient client) =>
        new((filed, token) => AuthorityAfter.DeriveAsync(session, client, filed, token), (before, after) => AuthorityAfter.Judge(session, before, after), session.Labels.NameOf);

    /// <summary>Whether the gate would let it through for a sender; nothing is sent.</summary>
    public async Task<GateDecision> DecideAsync(Address sender, CancellationToken cancellation) =>
        await Gate(await session.ClientAsync(cancellation).ConfigureAwait(false), Simulation(), null).DecideAsync(change, sender, cancellation).ConfigureAwait(false);

    private SimulationReading Simulation() => new(SimulateAsync, ChangeNature.Of(Document, session.Protocol).IsPause, session.Environment.Time);

    private ChangeState StateOf(GateDecision decision) =>
        ChangeState.Of(change, () => decision.IsApproved, ChangeState.RolledBack(new ChangeStore(session.Workspace, session.Environment.Time).Survey().Select(entry => entry.Change).OfType<FiledChange>()), session.Environment.Time.GetUtcNow());

    // The signatures of the Safe transaction that the change waits for; null when no Safe takes part, or no more.
    private async Task<SafeStanding?> StandingAsync(CancellationToken cancellation)
    {
        if (IsVerified || !IsSafe)
        {
            return null;
        }

        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        return await SafeCarrier.LackingAsync(client, change, cancellation).ConfigureAwait(false);
    }

    // Records what became of the change, with files of its folder or of the workspace; whatever cannot be recorded is a finding.
    private async Task RecordAsync(string kind, Action<System.Text.Json.Nodes.JsonObject> say, CancellationToken cancellation, params IReadOnlyList<string> files)
    {
        var vouched = new List<AuditFile>();
        foreach (var file in files.Select(name => Path.IsPathRooted(name) ? name : Path.Combine(change.Folder, name)).Where(File.Exists))
        {
            try
            {
                vouched.Add(AuditFile.Of(session.Workspace, file));
            }
            catch (ControlException problem)
            {
                Terminal.Progress($"FINDING not vouched for in the audit log: {problem.Message}");
            }
        }

        await session.RecordAsync(kind, Document.Digest(), say, cancellation, vouched).ConfigureAwait(false);
    }

    // Every signature is found where the runbooks look for it.
    private void CopyApprovals(IEnumerable<string> files)
    {
        foreach (var file in files)
        {
            AtomicFile.Write(session.Workspace.Locate("storage", "approvals", change.Id, Path.GetFileName(file)), File.ReadAllBytes(file));
        }
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
