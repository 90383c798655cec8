using System.Globalization;
using System.Security.Cryptography;
using AgiJobs.Control;
using AgiJobs.Storage;

namespace AgiJobs.Response.Watching;

/// <summary>A monitor that runs no more, with what it had proven.</summary>
/// <param name="Standing">How it stood last.</param>
/// <param name="Notes">The signed notes of the blocks that it examined, in the order of their keys.</param>
public sealed record RetiredMonitor(MonitorStanding Standing, IReadOnlyList<string> Notes)
{
    private const int Page = 500;

    /// <summary>Reads one.</summary>
    /// <param name="store">The state.</param>
    /// <param name="network">The network.</param>
    /// <param name="name">The monitor's name.</param>
    /// <param name="now">The time.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="ControlException"><c>monitor-unknown</c>; <c>monitor-writes</c> while it wrote within the last minute or holds its lease.</exception>
    /// <exception cref="StorageException">The state cannot be read.</exception>
    public static async Task<RetiredMonitor> ReadAsync(IStateStore store, string network, string name, DateTimeOffset now, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(store);
        var places = new MonitorPlaces(network, name);
        if (await store.GetAsync(places.Monitors, name, cancellation).ConfigureAwait(false) is not { } document)
        {
            var known = await MonitorStanding.ReadAllAsync(store, network, cancellation).ConfigureAwait(false);
            throw new ControlException("monitor-unknown", ExitCode.BadInput, $"No monitor '{name}' ever ran for {network}.", known.Count == 0 ? "None did." : $"There are {string.Join(", ", known.Select(standing => standing.Monitor))}.");
        }

        var standing = MonitorStanding.Read(document);
        // One that wrote at a time yet to come may still do so: whether it runs cannot be told, and it is not forgotten on a guess.
        if (now - standing.At <= MonitorStanding.SilentAfter || await store.FindLeaseAsync(places.Lease, cancellation).ConfigureAwait(false) is not null)
        {
            throw Writes(network, name, standing);
        }

        return new RetiredMonitor(standing, [.. (await store.ListAsync(places.Coverage, cancellationToken: cancellation).ConfigureAwait(false)).Select(kept => kept.Read(WatchJson.Default.CoverageDocument).Note)]);
    }

    /// <summary>Forgets it: its standing first, so that a death in between leaves no monitor that seems to have watched. No other can start under its name meanwhile.</summary>
    /// <exception cref="ControlException"><c>monitor-writes</c> when it has begun to write again.</exception>
    /// <exception cref="StorageException">The state cannot be written.</exception>
    public async Task ForgetAsync(IStateStore store, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(store);
        var places = new MonitorPlaces(Standing.Network, Standing.Monitor);
        var lease = await store.TryAcquireAsync(places.Lease, $"forget {RandomNumberGenerator.GetHexString(16, lowercase: true)}", TimeSpan.FromMinutes(5), cancellation).ConfigureAwait(false) ?? throw Writes(Standing.Network, Standing.Monitor, Standing);
        try
        {
            var document = await store.GetAsync(places.Monitors, Standing.Monitor, cancellation).ConfigureAwait(false);
            if (document is not null && MonitorStanding.Read(document).At != Standing.At)
            {
                throw Writes(Standing.Network, Standing.Monitor, MonitorStanding.Read(document));
            }

            await store.CommitAsync(new StateCommit { Fence = lease, Documents = [new DocumentWrite(places.Monitors, Standing.Monitor, null)] }, cancellation).ConfigureAwait(false);
            foreach (var collection in (string[])[places.Memories, places.Told, places.Coverage])
            {
                while (await store.ListAsync(collection, limit: Page, cancellationToken: cancellation).ConfigureAwait(false) is { Count: > 0 } some)
                {
                    await store.CommitAsync(new StateCommit { Fence = lease, Documents = [.. some.Select(kept => new DocumentWrite(collection, kept.Key, null))] }, cancellation).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            await store.ReleaseAsync(lease, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static ControlException Writes(string network, string name, MonitorStanding standing) => new(
        "monitor-writes",
        ExitCode.Refused,
        string.Create(CultureInfo.InvariantCulture, $"The monitor {name} of {network} is at work: it wrote last at {standing.At.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC."),
        "Stop it, and wait a minute.");
}
