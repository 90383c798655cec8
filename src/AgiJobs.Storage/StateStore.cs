using AgiJobs.Storage.Postgres;
using AgiJobs.Storage.Sqlite;

namespace AgiJobs.Storage;

/// <summary>Opens the store of a location.</summary>
public static class StateStore
{
    /// <summary>
    /// Opens a store; makes it when there is none, unless a damaged one was set aside at this place: then nothing is put in its stead (<see cref="StorageException.Damaged"/>)
    /// until a backup lies there or <see cref="CreateAsync"/> made a fresh one. Brings an older schema up to date.
    /// </summary>
    /// <param name="location">Where it is.</param>
    /// <param name="time">
    /// The clock of a file, by which its times and the ends of its leases are told: all its processes are on one machine. A PostgreSQL database has its own clock, which is the same for all
    /// machines; any other clock than <see cref="TimeProvider.System"/>, such as a test's, takes its place.
    /// </param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="StorageException">
    /// <see cref="StorageException.Damaged"/>, <see cref="StorageException.Newer"/>, <see cref="StorageException.Unreachable"/>, <see cref="StorageException.Denied"/>, <see cref="StorageException.Full"/>,
    /// <see cref="StorageException.Location"/>, <see cref="StorageException.Library"/>.
    /// </exception>
    public static async Task<IStateStore> OpenAsync(StateLocation location, TimeProvider time, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(location);
        ArgumentNullException.ThrowIfNull(time);
        return location.Path is { } path
            ? await SqliteStore.OpenAsync(path, time, cancellationToken).ConfigureAwait(false)
            : await PostgresStore.OpenAsync(location, time, isNew: false, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Makes an empty store on purpose, also where a damaged one was set aside, and opens it.</summary>
    /// <exception cref="StorageException">As <see cref="OpenAsync"/>; <see cref="StorageException.Location"/> also when a store is there already: it is left as it is.</exception>
    public static async Task<IStateStore> CreateAsync(StateLocation location, TimeProvider time, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(location);
        ArgumentNullException.ThrowIfNull(time);
        return location.Path is { } path
            ? await SqliteStore.CreateAsync(path, time, cancellationToken).ConfigureAwait(false)
            : await PostgresStore.OpenAsync(location, time, isNew: true, cancellationToken).ConfigureAwait(false);
    }
}
