using AgiJobs.Cli.Arena;
using AgiJobs.Cli.Changes;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Incidents;
using AgiJobs.Response.Runbooks;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Incidents;

/// <summary>What the commands of incidents work at: the store, the people, the records that are written from them.</summary>
internal sealed class IncidentDesk(Session session, IStateStore store)
{
    public IStateStore State => store;

    public IncidentStore Incidents { get; } = new(store, session.Network, session.NetworkFile.ChainId);

    public IncidentAlerts Alerts { get; } = new(store, session.Network);

    public IncidentSigning Signing => field ??= IncidentSigning.Of(session.Workspace, session.Network);

    public IncidentsFile Settings => field ??= session.Workspace.Incidents(session.Network);

    public DateTimeOffset Now => session.Environment.Time.GetUtcNow();

    public string Heading => $"network {session.Network}, chain {session.NetworkFile.ChainId}";

    /// <summary>Opens the store for an action; its refusals in the words of a command.</summary>
    public static async Task<ExitCode> WithAsync(Session session, Func<IncidentDesk, Task<ExitCode>> action, CancellationToken cancellation)
    {
        await using var state = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false);
        try
        {
            return await action(new IncidentDesk(session, state)).ConfigureAwait(false);
        }
        catch (StorageException problem)
        {
            throw ServiceState.Told(problem);
        }
    }

    /// <summary>The acts of keys that are nobody's on file.</summary>
    public IReadOnlyList<RecordedAct> StrangersIn(IncidentState state) => state.Strangers(IncidentWiring.People(session));

    public IncidentAct Act(string id, string kind) => new()
    {
        Version = 1,
        Network = session.Network,
        ChainId = session.NetworkFile.ChainId,
        Incident = id,
        Kind = kind,
        At = Now.ToUnixTimeMilliseconds(),
    };

    /// <summary>Has the one signer sign an act and records it.</summary>
    /// <exception cref="ControlException"><c>signer-needed</c>, and those of signing and of the rules: nothing was recorded.</exception>
    public async Task<IncidentState> DoAsync(IncidentAct act, IncidentState? state, Duty? duty, CancellationToken cancellation)
    {
        var named = session.NamedSigners is [var only] ? only
            : throw new ControlException("signer-needed", ExitCode.BadInput, session.NamedSigners.Count == 0 ? "Who acts must be said." : "One person acts at a time.", "Give --signer NAME once.");

        // What the rules forbid is not worth a signature.
        if (Signing.People.Of(named.Address) is { } person)
        {
            var needs = IncidentSigning.Needs(act, state);
            var under = duty ?? person.Duties.Cast<Duty?>().FirstOrDefault(own => needs.Contains(own!.Value)) ?? person.Duties.Cast<Duty?>().FirstOrDefault();
            if (under is { } tried && (needs.Count == 0 || needs.Contains(tried)))
            {
                IncidentState.Fold([.. state?.Acts ?? [], new RecordedAct((state?.Version ?? 0) + 1, Now, new SignedIncidentAct { Version = 1, Act = act with { By = person.Name }, Duty = tried, Signer = named.Address, Signature = [] })]);
            }
        }

        using var opened = new OpenedSigner(SignerBook.Open(named, session.NetworkFile.ChainId));
        var signed = await Signing.SignAsync(act, state, opened.Signer, duty, cancellation).ConfigureAwait(false);
        var after = await Incidents.AppendAsync(signed, Signing, cancellation).ConfigureAwait(false);
        await session.RecordAsync($"incident.{act.Kind}", null, data =>
        {
            data["incident"] = act.Incident;
            data["act"] = signed.Act.Id();
            data["says"] = act.Says() is { Length: > 500 } much ? much[..500] : act.Says();
            data["by"] = named.Address.ToString();
            data["duty"] = signed.Duty.Name();
        }, cancellation).ConfigureAwait(false);
        return after;
    }

    /// <summary>Writes what people read from the streams. That it cannot is a finding: the record itself is in the store.</summary>
    public async Task WriteRecordsAsync(IncidentState state, CancellationToken cancellation)
    {
        try
        {
            IncidentLog.Write(session.Workspace, session.Network, session.NetworkFile.ChainId.ToString(), await Incidents.ListAsync(cancellation).ConfigureAwait(false));
            new IncidentArchive(session.Workspace, state.Id).Write(state, await TimelineAsync(state, cancellation).ConfigureAwait(false));
        }
        catch (Exception problem) when (problem is ControlException or IOException or UnauthorizedAccessException)
        {
            session.Terminal.Progress($"FINDING the records of {state.Id} could not be written: {problem.Message} They are written with the next command.");
        }
    }

    /// <summary>Writes the status page.</summary>
    public async Task<string> WriteStatusAsync(CancellationToken cancellation)
    {
        StatusPage.Write(session.Workspace, session.Network, session.NetworkFile.ChainId.ToString(), Settings.StatusTitle!, await Incidents.ListAsync(cancellation).ConfigureAwait(false), Now);
        return StatusPage.FolderOf(session.Workspace, session.Network);
    }

    /// <summary>The timeline, from all that is at hand.</summary>
    public async Task<Timeline> TimelineAsync(IncidentState state, CancellationToken cancellation)
    {
        var unknown = new List<string>();
        var findings = new List<AuditFinding>();
        var audit = new AuditArchive(session.Workspace, session.Environment.Seal).Entries(session.Network, findings);
        unknown.AddRange(findings.Select(finding => finding.Message));
        var survey = new ChangeStore(session.Workspace, session.Environment.Time).Survey();
        unknown.AddRange(survey.Where(entry => entry.Problem is not null).Select(entry => $"the change {entry.Id}: {entry.Problem!.Message}"));
        var (alerts, missing) = await Alerts.EntriesAsync(state, cancellation).ConfigureAwait(false);
        unknown.AddRange(missing);
        IReadOnlyList<RunbookMoment> runbooks = [];
        try
        {
            runbooks = [.. RunbookTimeline.Moments(session.Network, await store.ReadAllAsync(RunbookRun.StreamsOf(session.Network), cancellationToken: cancellation).ConfigureAwait(false))];
        }
        catch (StorageException problem) when (problem.Code == StorageException.Damaged)
        {
            unknown.Add($"the runs of runbooks: {problem.Message}");
        }

        return Timeline.Of(state, new TimelineSources { Runbooks = runbooks, Changes = [.. survey.Select(entry => entry.Change).OfType<FiledChange>()], Audit = audit, Alerts = alerts, Unknown = unknown });
    }

    /// <summary>The digest that the audit log vouches for, of a file of the workspace; null when it does not.</summary>
    public Bytes32? VouchedFor(string path)
    {
        var relative = Path.GetRelativePath(session.Workspace.Root, path).Replace('\\', '/');
        return new AuditArchive(session.Workspace, session.Environment.Seal).Entries(session.Network, [])
            .LastOrDefault(entry => entry.Entry.Files.Any(file => file.Path == relative))?.Entry.Files.First(file => file.Path == relative).Sha256;
    }

    /// <summary>A node's trace of a transaction.</summary>
    public async Task<TransactionTrace> TraceAsync(Bytes32 hash, CancellationToken cancellation)
    {
        try
        {
            var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
            var answer = await client.RequestAsync(
                "debug_traceTransaction",
                writer =>
                {
                    writer.WriteStringValue(hash.ToString());
                    writer.WriteStartObject();
                    writer.WriteString("tracer", "callTracer");
                    writer.WriteStartObject("tracerConfig");
                    writer.WriteBoolean("withLog", true);
                    writer.WriteEndObject();
                    writer.WriteEndObject();
                },
                cancellation).ConfigureAwait(false);
            return answer.ValueKind == System.Text.Json.JsonValueKind.Object ? new TransactionTrace(answer.GetRawText(), null) : new TransactionTrace(null, "the node has none");
        }
        catch (Exception problem) when (problem is EthereumException or ControlException)
        {
            return new TransactionTrace(null, problem.Message);
        }
    }

    /// <summary>What a triage looks at, of a transaction.</summary>
    public async Task<TriageTransaction> TransactionAsync(Bytes32 hash, CancellationToken cancellation)
    {
        try
        {
            var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
            var info = await client.TransactionAsync(hash, cancellation).ConfigureAwait(false);
            var receipt = await client.SendAsync(EthRequests.Receipt(hash), cancellation).ConfigureAwait(false);
            return new TriageTransaction(hash, info, receipt is null ? null : [.. receipt.Logs.Select(log => (log.Address, log.Topics.Count > 0 ? log.Topics[0] : default(Bytes32?)))], info is null ? "the node does not know it" : receipt is null ? "it is not mined" : null);
        }
        catch (Exception problem) when (problem is EthereumException or ControlException)
        {
            return new TriageTransaction(hash, null, null, problem.Message);
        }
    }
}
