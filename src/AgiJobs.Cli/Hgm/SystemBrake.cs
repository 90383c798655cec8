using AgiJobs.Arena.Rounds;
using AgiJobs.Steering.Runs;

namespace AgiJobs.Cli.Hgm;

/// <summary>The pause of the system, for runs that a command drives: it reaches them as it reaches the arena.</summary>
internal static class SystemBrake
{
    private const string Arena = "SelfPlayArena";

    /// <summary>The brake; null where nothing is deployed, or the protocol has no arena whose pause could be asked.</summary>
    public static PauseBrake? Of(Session session) => !File.Exists(session.Workspace.ManifestPath(session.Network)) || session.Protocol.Modules.All(module => module.Name != Arena)
        ? null
        : new PauseBrake(
            async cancellation => (await new ArenaContract(await session.ClientAsync(cancellation).ConfigureAwait(false), session.Protocol).ReadAsync([], cancellation).ConfigureAwait(false)).IsPaused,
            TimeSpan.FromSeconds(1),
            session.Terminal.Progress,
            session.Environment.Time);
}
