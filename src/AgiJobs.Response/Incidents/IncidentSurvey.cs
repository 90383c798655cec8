using AgiJobs.Control;

namespace AgiJobs.Response.Incidents;

/// <summary>The incidents of a network.</summary>
/// <param name="Incidents">Those that can be read, in the order of their names.</param>
/// <param name="Damaged">Those that are not what people signed.</param>
public sealed record IncidentSurvey(IReadOnlyList<IncidentState> Incidents, IReadOnlyList<DamagedIncident> Damaged);

/// <summary>An incident that cannot be read.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Problem">Why.</param>
public sealed record DamagedIncident(string Id, ControlException Problem);
