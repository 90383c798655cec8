using AgiJobs.Storage;

namespace AgiJobs.Response.Findings;

/// <summary>
/// Makes of findings what is written. Asked again with the same findings when the commit met another writer's (<see cref="StorageException.DocumentConflict"/>, <see cref="StorageException.StreamConflict"/>): it then
/// reads anew. With no findings it is not asked.
/// </summary>
/// <param name="findings">In order; each was not told before by whoever found it.</param>
/// <param name="now">The time.</param>
/// <param name="cancellation">Stops it.</param>
public delegate Task<FindingWrites> TakeFindings(IReadOnlyList<Finding> findings, DateTimeOffset now, CancellationToken cancellation);
