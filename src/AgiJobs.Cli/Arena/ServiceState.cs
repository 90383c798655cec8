using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Arena;

/// <summary>Where the services of a network keep their state.</summary>
internal static class ServiceState
{
    /// <summary>Opens it as the settings of the network's services say.</summary>
    /// <exception cref="ControlException">Those of the settings, and <c>state-...</c> with the store's own words.</exception>
    public static async Task<IStateStore> OpenAsync(Session session, CancellationToken cancellation)
    {
        var services = session.Workspace.Services(session.Network);
        var location = services.Storage.Kind == StorageKind.Postgres
            ? StateLocation.Postgres(services.Storage.Connection!.Reveal())
            : StateLocation.File(session.Workspace.StatePath(session.Network));
        try
        {
            return await StateStore.OpenAsync(location, session.Environment.Time, cancellation).ConfigureAwait(false);
        }
        catch (StorageException problem)
        {
            throw Told(problem);
        }
    }

    /// <summary>A failure of the store in the words of a command.</summary>
    public static ControlException Told(StorageException problem) =>
        new(problem.Code, problem.Code == StorageException.Unreachable ? ExitCode.Unknown : ExitCode.Failed, problem.Message, problem.Mend, problem);
}
