namespace AgiJobs.Steering.Thermostats;

/// <summary>A live run as the thermostat sees it.</summary>
/// <param name="Run">Its name.</param>
/// <param name="Begun">When it began.</param>
/// <param name="Version">How many events it has.</param>
/// <param name="SteeredVersion">The newest event that somebody steered by.</param>
/// <param name="At">When its newest event was kept.</param>
/// <param name="Alpha">α in force.</param>
/// <param name="Prior">The prior in force.</param>
/// <param name="Roi">Its return so far; null while nothing was spent.</param>
/// <param name="CostRatio">κ; null until it can be measured.</param>
/// <param name="IsFinished">Whether it is over.</param>
public sealed record WatchedRun(string Run, DateTimeOffset Begun, long Version, long SteeredVersion, DateTimeOffset At, decimal Alpha, decimal Prior, decimal? Roi, decimal? CostRatio, bool IsFinished);

/// <summary>The thermostat's hand on one live run.</summary>
public interface IRunHand
{
    /// <summary>The run now.</summary>
    /// <exception cref="Control.ControlException">It could not be read.</exception>
    Task<WatchedRun> ReadAsync(CancellationToken cancellation);

    /// <summary>Sets both parameters, decided at a version.</summary>
    /// <returns>The run's version then; null when somebody steered since the version, and then nothing was changed.</returns>
    /// <exception cref="Control.ControlException">With <see cref="Control.ExitCode.Unknown"/> when it is not known whether it was done; otherwise refused, and nothing was changed.</exception>
    Task<long?> SetAsync(long expectedVersion, decimal alpha, decimal prior, string reason, CancellationToken cancellation);

    /// <summary>Whether an event after a version was made for a reason that holds this mark.</summary>
    /// <exception cref="Control.ControlException">It could not be read.</exception>
    Task<bool> HasMarkAsync(long after, string mark, CancellationToken cancellation);
}

/// <summary>Where samples come from.</summary>
public interface ISampleSource
{
    /// <summary>The next sample.</summary>
    /// <exception cref="Control.ControlException">There is none that could be used, or the source does not answer.</exception>
    Task<SourceReading> ReadAsync(CancellationToken cancellation);
}

/// <summary>What a source gave.</summary>
/// <param name="Sample">The sample; null when there is none to be had yet.</param>
/// <param name="Version">The run's version, where the source tells it: without a new one nothing has happened.</param>
/// <param name="Note">Why there is no sample.</param>
/// <param name="IsEnd">Whether nothing comes after this.</param>
public sealed record SourceReading(Hgm.Laws.RoiSample? Sample, long? Version = null, string? Note = null, bool IsEnd = false);
