using AgiJobs.Cli.Arena;
using AgiJobs.Cli.Changes;
using AgiJobs.Cli.Incidents;
using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Runbooks;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Runbooks;

/// <summary>What a command works on runs with: the desk, and the person who works at it.</summary>
internal sealed record RunbookSeat(Session Session, RunbookDesk Desk, CommandGround Ground, RunbookActor? Actor)
{
    /// <summary>Opens the state of the network's services for an action; refusals of the store in the words of a command.</summary>
    public static async Task<ExitCode> WithAsync(Session session, Func<RunbookSeat, Task<ExitCode>> action, CancellationToken cancellation)
    {
        var actor = Of(session);
        var ground = new CommandGround(session);
        await using var store = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false);
        try
        {
            return await action(new RunbookSeat(session, new RunbookDesk(store, session.Network, session.NetworkFile.ChainId, ground, session.Environment.Time) { Incidents = (id, token) => IncidentWiring.SightAsync(session, store, id, token) }, ground, actor)).ConfigureAwait(false);
        }
        catch (StorageException problem)
        {
            throw ServiceState.Told(problem);
        }
    }

    /// <summary>The person; a step that takes one is refused without.</summary>
    public RunbookActor Person => Actor ?? throw new ControlException("signer-needed", ExitCode.BadInput, "Who decides must be said.", "Give --signer NAME.");

    /// <summary>What is shown of a run now.</summary>
    public async Task<RunbookScreen> ScreenAsync(RunbookRun run, CancellationToken cancellation)
    {
        IncidentSight? incident = null;
        string? fault = null;
        try
        {
            incident = await Desk.SightAsync(run, cancellation).ConfigureAwait(false);
            fault = run.Begun.Incident is { } named && incident is null ? $"there is no incident {named}: nobody has opened it, so that nothing is recorded in it. agijobs incident open \"TITLE\" --name {named} --severity {run.Severity.Name()} --signer NAME" : null;
        }
        catch (ControlException problem)
        {
            fault = $"the incident {run.Begun.Incident} cannot be read: {problem.Message}";
        }

        return new RunbookScreen(run, await Desk.UnderWayAsync(run, cancellation).ConfigureAwait(false), Session.Environment.Time.GetUtcNow())
        {
            MayDo = Actor is { } actor ? step => run.MayDo(step, actor, incident) : null,
            Value = name => run.Value(name, Actor?.Signer, Ground.AddressOf),
            Signer = Actor?.Signer,
            Incident = incident,
            IncidentFault = fault,
        };
    }

    private static RunbookActor? Of(Session session)
    {
        if (session.NamedSigners is not [var named, ..])
        {
            return null;
        }

        if (session.NamedSigners.Count > 1)
        {
            throw new ControlException("signer-one", ExitCode.BadInput, "A step is one person's.", "Give --signer once.");
        }

        var people = session.Workspace.Operators(session.Network) is { } file ? new OperatorBook(file) : null;
        var person = people?.Of(named.Address);
        return new RunbookActor(
            person?.Name ?? named.Name,
            people is null ? null : person?.Duties ?? [],
            named.Name,
            named.Address,
            async (document, cancellation) =>
            {
                using var opened = new OpenedSigner(SignerBook.Open(named, session.NetworkFile.ChainId));
                return (await opened.Signer.SignTypedDataAsync(document, cancellation).ConfigureAwait(false)).ToBytes();
            });
    }
}
