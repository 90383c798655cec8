using AgiJobs.Hgm.Runs;

namespace AgiJobs.Steering.Runs;

/// <summary>An event of a run and when the store committed it. The time is no part of the run: the same run carried out again has other times.</summary>
/// <param name="Event">What happened.</param>
/// <param name="At">When it was committed.</param>
public sealed record TimedEvent(RunEvent Event, DateTimeOffset At);
